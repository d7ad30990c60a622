"""What follows a convolution by oneDNN goes into it: an addition of values of the same shape, and a ReLU.

Each value is then written once, where it was written, read and written again.
"""

from collections.abc import Sequence

from declax import graph
from declax.graph import Entry, Node, Use
from declax.passes import Known
from declax.passes.layout import CONVOLUTION
from declax.passes.rewriting import call

_ADDITIONS = frozenset({"elemwise_add", "broadcast_add", "_grad_add"})
_RELUS = frozenset({("Activation", "relu"), ("relu", None)})
"""Operators, and the kind of those that have several."""


def apply(heads: Sequence[Entry], known: Known) -> list[Entry]:
    """The heads over a graph in which such additions and ReLUs are parts of convolutions."""
    uses = graph.uses(heads)

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if node.op_name in _ADDITIONS and len({(known.shape(e), known.dtype(e)) for e in node.inputs}) == 1:
            left, right = inputs
            return _fused(node, left, 0, uses, "adds", right) or _fused(node, right, 1, uses, "adds", left)
        if (node.op_name, (node.params or {}).get("act_type")) in _RELUS:
            return _fused(node, inputs[0], 0, uses, "relu")
        return None

    return graph.rewrite(heads, change)


def _fused(
    node: Node, conv: Entry, i: int, uses: dict[int, list[Use]], more: str, *others: Entry
) -> list[Entry] | None:
    """The convolution that input i became, doing `more`, in the node's place; None where that cannot be.

    It cannot where it is no convolution by oneDNN, does so already, ends in a ReLU, or is read elsewhere too.
    """
    p = conv.node.params or {}
    if p.get("formulation") != "onednn" or p.get("relu") or p.get(more) or len(uses[id(node.inputs[i].node)]) > 1:
        return None
    return call(CONVOLUTION, node, [*conv.node.inputs, *others], {**p, more: True})
