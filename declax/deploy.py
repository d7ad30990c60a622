"""Training graphs made ready to predict: loss heads replaced, labels and what only training needs gone."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from declax import graph
from declax.errors import ComposeError
from declax.graph import Entry, Node
from declax.registry import lookup

if TYPE_CHECKING:
    from declax.symbol import Symbol


def for_deployment(symbol: "Symbol", heads: Literal["replace", "strip"] = "replace") -> "Symbol":
    """The outputs of a training graph that can be computed without labels, and nothing else.

    `SoftmaxOutput` becomes a softmax and `LogisticRegressionOutput` a sigmoid of the same name, other regression and
    loss heads become their data; with `heads="strip"` outputs of the first two kinds become their data, the logits, as
    well. Outputs that need a label even so, such as the losses that MultiBoxTarget feeds, are left out. Parameters keep
    their names.

    >>> from declax import sym
    >>> fc = sym.FullyConnected(sym.Variable("data"), num_hidden=3, name="fc")
    >>> net = for_deployment(sym.SoftmaxOutput(fc, name="softmax"))
    >>> net.list_arguments(), net.list_outputs()
    (['data', 'fc_weight', 'fc_bias'], ['softmax_output'])

    Raises:
        ComposeError: every output needs a label.
    """
    from declax.symbol import Symbol

    if heads not in ("replace", "strip"):
        raise ValueError(f"heads={heads!r}: expected 'replace' or 'strip'")
    labels = _labels(symbol.heads)
    made: set[int] = set()

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        make = _HEADS.get(node.op_name)
        if make is None or (node.op_name in _NEEDS_LABEL and _needs(inputs[:1], labels)):
            return None
        entry = make(node, inputs)
        if entry is not inputs[0]:
            made.add(id(entry.node))
        return [entry]

    kept = [e for e in graph.rewrite(symbol.heads, change) if not _needs([e], labels)]
    if heads == "strip":
        kept = [e.node.inputs[0] if id(e.node) in made else e for e in kept]
    if not kept:
        names = ", ".join(n.name for n in graph.topological(symbol.heads) if id(n) in labels)
        raise ComposeError(
            f"every output needs a label ({names}); take an inner one, as in net.get_internals()['fc_output']"
        )
    return Symbol(list(dict.fromkeys(kept)))


_NEEDS_LABEL = {
    "SoftmaxOutput", "LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput", "SVMOutput",
}  # fmt: skip


def _softmax(node: Node, inputs: list[Entry]) -> Entry:
    axis = "1" if (node.params or {})["multi_output"] else "-1"
    return _call("softmax", node, inputs[0], {"axis": axis})


def _sigmoid(node: Node, inputs: list[Entry]) -> Entry:
    return _call("sigmoid", node, inputs[0], {})


def _data(node: Node, inputs: list[Entry]) -> Entry:
    return inputs[0]


_HEADS: dict[str, Callable[[Node, list[Entry]], Entry]] = {
    "SoftmaxOutput": _softmax, "LogisticRegressionOutput": _sigmoid, "LinearRegressionOutput": _data,
    "MAERegressionOutput": _data, "SVMOutput": _data, "MakeLoss": _data, "make_loss": _data, "BlockGrad": _data,
    "IdentityAttachKLSparseReg": _data,
}  # fmt: skip

_LABELLED = {**dict.fromkeys(_NEEDS_LABEL, 1), "_contrib_MultiBoxTarget": 1, "CTCLoss": 1, "softmax_cross_entropy": 1}
"""Operators by the position of their label."""


def _call(name: str, node: Node, data: Entry, attrs: dict[str, str]) -> Entry:
    op = lookup(name)
    kept = {k: v for k, v in node.attrs.items() if k.startswith("__")}
    return Entry(Node(op, node.name, {**kept, **attrs}, op.parse(attrs), (data,), (), node.site))


def _labels(heads: Sequence[Entry]) -> set[int]:
    """`id`s of the variables that come in where operators take labels, through other operators too."""
    found: set[int] = set()
    for node in graph.topological(heads):
        position = _LABELLED.get(node.op_name)
        if position is None or position >= len(node.inputs):
            continue
        above = graph.topological([node.inputs[position]])
        data = {id(n) for n in graph.topological([node.inputs[0]])}
        found |= {id(n) for n in above if n.op is None and id(n) not in data}
    return found


def _needs(entries: Sequence[Entry], labels: set[int]) -> bool:
    return any(id(n) in labels for n in graph.topological(entries))
