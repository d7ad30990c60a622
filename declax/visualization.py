"""Seeing a graph: `plot_network`, a Graphviz drawing, and the picture of a Symbol in a notebook; `viz` for short.

`print_summary` and `summary` stand in summary.py and are public here, under MXNet's name.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from declax import graph
from declax.errors import RenderError
from declax.graph import Entry, Node
from declax.summary import Row, Summary, check_symbol, infer_entries, print_summary, summary

__all__ = ["Row", "Summary", "mimebundle", "plot_network", "print_summary", "summary", "svg"]

_COLOURS = {
    "Convolution": "#fb8072", "FullyConnected": "#fb8072", "Activation": "#ffffb3", "LeakyReLU": "#ffffb3",
    "BatchNorm": "#bebada", "Pooling": "#80b1d3", "Concat": "#fdb462", "Flatten": "#fdb462", "Reshape": "#fdb462",
    "Softmax": "#b3de69",
}  # fmt: skip
_VARIABLE, _OTHER = "#8dd3c7", "#fccde5"

_WEIGHT_LIKE = (
    "_weight", "_bias", "_beta", "_gamma", "_moving_var", "_moving_mean", "_running_var", "_running_mean",
)  # fmt: skip

_NOTEBOOK_LIMIT = 2000
"""Nodes beyond which a notebook shows a Symbol as text: Graphviz's layout would take minutes."""


def plot_network(
    symbol: Any,
    title: str = "plot",
    save_format: str = "pdf",
    shape: Mapping[str, Sequence[int]] | None = None,
    dtype: Mapping[str, Any] | None = None,
    node_attrs: Mapping[str, str] = {},
    hide_weights: bool = True,
) -> Any:
    """The graph as a `graphviz.Digraph`, which draws itself in a notebook and has `render` and `view`.

    Args:
      symbol: what to draw.
      title: name of the drawing, and of the file that `render()` writes.
      save_format: format that `render()` writes: pdf, svg, png ...
      shape: shapes of the inputs by name; the edges then show shapes without their first (batch) dimension.
      dtype: types of the inputs by name; the edges then show types.
      node_attrs: Graphviz attributes of every node, over the defaults.
      hide_weights: leaves out variables that are named like parameters (`*_weight`, `*_bias`, `*_gamma` ...).

    Labels, colours and edges are MXNet's; an edge shows the shape of the very output that it carries. Rendering
    without Graphviz's `dot` raises RenderError with the install hint, after the source has been written.

    >>> net = sym.FullyConnected(Variable("data"), num_hidden=10, name="fc1")
    >>> print(plot_network(net, shape={"data": (100, 200)}).source)
    digraph plot {
        data [label=data fillcolor="#8dd3c7" fixedsize=false height=0.8034 shape=oval style=filled width=1.3]
        fc1 [label="FullyConnected
    10" fillcolor="#fb8072" fixedsize=false height=0.8034 shape=box style=filled width=1.3]
        fc1 -> data [label=200 arrowtail=open dir=back]
    }
    <BLANKLINE>
    """
    check_symbol(symbol)
    order = graph.topological(symbol.heads)
    shapes = infer_entries(symbol, "shape", shape) if shape is not None else None
    types = infer_entries(symbol, "type", dtype) if dtype is not None else None
    base = {"shape": "box", "fixedsize": "false", "width": "1.3", "height": "0.8034", "style": "filled", **node_attrs}
    ids = _identifiers(order)
    dot = _digraph_class()(name=title, format=save_format)
    hidden = set()
    for node in order:
        if node.op is not None:
            dot.node(ids[node], _label(node), **base, fillcolor=_COLOURS.get(node.op_name, _OTHER))
        elif not node.name.endswith(_WEIGHT_LIKE):
            dot.node(ids[node], _label(node), **{**base, "shape": "oval"}, fillcolor=_VARIABLE)
        elif hide_weights:
            hidden.add(node)
    for node in order:
        for source, index, _ in node.inputs[:1] if node.op_name == "_contrib_BilinearResize2D" else node.inputs:
            if source not in hidden:
                label = "x".join(map(str, shapes[Entry(source, index)][1:])) if shapes is not None else ""
                if types is not None:
                    label += f"({np.dtype(types[Entry(source, index)]).name})"
                dot.edge(ids[node], ids[source], label, dir="back", arrowtail="open")
    return dot


def _identifiers(order: list[Node]) -> dict[Node, str]:
    """A Graphviz identifier per node: its name, made unique, and without the colon that would mean a port."""
    seen: dict[str, int] = {}
    ids = {}
    for node in order:
        times = seen[node.name] = seen.get(node.name, 0) + 1
        name = node.name.replace(":", "\N{RATIO}")
        ids[node] = name if times == 1 else f"{name} ({times})"
    repeated = [n for n, times in seen.items() if times > 1]
    if repeated:
        warnings.warn(
            "There are multiple variables with the same name in your graph. Repeated names: " + ",".join(repeated),
            RuntimeWarning,
            stacklevel=3,
        )
    return ids


def _label(node: Node) -> str:
    """What a node's box says."""
    from graphviz import escape

    attrs = node.attrs

    def times(key: str, otherwise: str) -> str:
        return "x".join(re.findall(r"\d+", attrs[key])) if key in attrs else otherwise

    match node.op_name:
        case "Convolution":
            return f"Convolution\n{times('kernel', '')}/{times('stride', '1')}, {attrs['num_filter']}"
        case "FullyConnected":
            return f"FullyConnected\n{attrs['num_hidden']}"
        case "Activation":
            return f"Activation\n{attrs['act_type']}"
        case "LeakyReLU":
            return f"LeakyReLU\n{attrs.get('act_type', 'Leaky')}"
        case "Pooling":
            return f"Pooling\n{attrs.get('pool_type', 'max')}, {times('kernel', '[]')}/{times('stride', '1')}"
        case "Custom":
            return escape(attrs["op_type"])
    return escape(node.name)


@cache
def _digraph_class() -> type:
    """`graphviz.Digraph` whose rendering says how to install `dot` (graphviz is imported when first drawn)."""
    import graphviz

    def explain(written: str | None) -> RenderError:
        kept = f" The source is written to {written!r}." if written else ""
        return RenderError(
            "Graphviz's program 'dot', which draws the picture, is not on the PATH. Install it with "
            "'apt-get install graphviz', 'brew install graphviz', 'conda install graphviz' or from "
            f"https://graphviz.org/download/.{kept}"
        )

    class Network(graphviz.Digraph):
        """A drawing of a Symbol; RenderError where Graphviz's `dot` is missing."""

        def render(self, *args: Any, **kwargs: Any) -> str:
            try:
                return super().render(*args, **kwargs)
            except graphviz.ExecutableNotFound:
                raise explain(str(self.filepath)) from None

        def pipe(self, *args: Any, **kwargs: Any) -> Any:
            try:
                return super().pipe(*args, **kwargs)
            except graphviz.ExecutableNotFound:
                raise explain(None) from None

        def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, str]:
            try:
                return super()._repr_mimebundle_(include, exclude)  # pyright: ignore[reportReturnType]
            except (graphviz.ExecutableNotFound, RenderError):
                return {"text/plain": f"{self.source}\n({explain(None)})"}

    return Network


def svg(symbol: Any) -> str | None:
    """The symbol's drawing as SVG text; None without Graphviz's `dot` or for graphs too large to lay out."""
    if len(graph.topological(symbol.heads)) > _NOTEBOOK_LIMIT:
        return None
    try:
        return plot_network(symbol).pipe(format="svg", encoding="utf-8")
    except RenderError:
        return None


def mimebundle(symbol: Any) -> dict[str, str]:
    """What a notebook shows for a Symbol: its drawing, and its text where there is none."""
    picture = svg(symbol)
    text = {"text/plain": repr(symbol)}
    return text if picture is None else {**text, "image/svg+xml": picture}
