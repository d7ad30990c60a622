"""What each head of a training graph computes in inference, as a node of the same name that needs no label."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from declax import graph, registry
from declax.graph import Entry, Node
from declax.infer import Inferred, infer_what_fits
from declax.shapes import from_public
from declax.symbol import Symbol

_SUMMED_WHOLE = ("float16", "float64")
"""Names of the types of which a plain SoftmaxOutput treats data of one and four dimensions as all other data."""


class Heads:
    """The heads of one graph; `shapes` are those of inputs, `arrays` the parameters at hand."""

    def __init__(self, symbol: Symbol, arrays: Mapping[str, Any], shapes: Mapping[str, Sequence[int]]):
        self._heads, self._arrays, self._given = symbol.heads, arrays, shapes

    def has(self, node: Node) -> bool:
        """Whether a node is a head of training."""
        return node.op_name in _INFERENCE

    def of(self, node: Node, data: Entry) -> Entry:
        """What takes the place of a head: the same numbers, made of `data`, the new graph's input."""
        return _INFERENCE[node.op_name](self, node, data)

    def softmax(self, node: Node, data: Entry) -> Entry:
        params = node.params or {}
        if params["multi_output"]:
            return _node("softmax", node, node.name, [data], {"axis": "1"})
        if params["preserve_shape"] or self._is_over_last_axis(node.inputs[0]):
            return _node("softmax", node, node.name, [data])
        rows = _node("Flatten", node, f"{node.name}_rows", [data])
        return _node("reshape_like", node, node.name, [_node("softmax", node, f"{node.name}_of_rows", [rows]), data])

    def _is_over_last_axis(self, data: Entry) -> bool:
        """Whether a SoftmaxOutput without attributes sums over the last axis of its data."""
        if _rank(data.node) == 2:
            return True
        shape = self._shapes.of(data)
        rank = None if shape is None else len(shape)
        if rank not in (1, 4):
            return rank == 2
        dtype = self._types.of(data)
        return dtype is None or dtype.name not in _SUMMED_WHOLE

    @cached_property
    def _shapes(self) -> Inferred:
        known = {k: tuple(v.shape) for k, v in self._arrays.items()}
        known |= {k: from_public(v) for k, v in self._given.items()}
        order = graph.topological(self._heads)
        hints = {Entry(n): (None,) * rank for n in order if (rank := _rank(n)) is not None}
        return infer_what_fits(self._heads, known, hints=hints)[0]

    @cached_property
    def _types(self) -> Inferred:
        known = {k: np.dtype(v.dtype) for k, v in self._arrays.items()}
        return infer_what_fits(self._heads, known, what="types")[0]


def _rank(node: Node) -> int | None:
    """The number of dimensions of a node's first output, where its attributes alone tell."""
    params = node.params or {}
    if node.op_name == "Flatten" or (node.op_name == "FullyConnected" and params["flatten"]):
        return 2
    if node.op_name in ("Convolution", "Deconvolution") or (node.op_name == "Pooling" and params["kernel"]):
        return len(params["kernel"]) + 2
    return None


def _node(op: str, head: Node, name: str, inputs: list[Entry], attrs: Mapping[str, str] | None = None) -> Entry:
    """A call that keeps the head's hidden attributes and the place where the user declared it."""
    definition = registry.lookup(op)
    attrs = {**{k: v for k, v in head.attrs.items() if k.startswith("__")}, **(attrs or {})}
    return Entry(Node(definition, name, attrs, definition.parse(attrs, name), inputs, (), head.site))


def _sigmoid(_: Heads, node: Node, data: Entry) -> Entry:
    return _node("sigmoid", node, node.name, [data])


def _identity(_: Heads, node: Node, data: Entry) -> Entry:
    return _node("identity", node, node.name, [data])


_INFERENCE: dict[str, Callable[[Heads, Node, Entry], Entry]] = {
    "SoftmaxOutput": Heads.softmax,
    "LogisticRegressionOutput": _sigmoid,
    "LinearRegressionOutput": _identity,
    "MAERegressionOutput": _identity,
    "SVMOutput": _identity,
    "MakeLoss": _identity,
    "make_loss": _identity,
    "BlockGrad": _identity,
    "IdentityAttachKLSparseReg": _identity,
}
