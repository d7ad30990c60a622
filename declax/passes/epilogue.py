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


def apply(heads: Sequence[Entry], known: Known) -> list[Entry]:
    """The heads over a graph in which such additions and ReLUs are parts of convolutions."""
    if known.train:
        return list(heads)  # gradients want the values in between
    uses = graph.uses(heads)

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if node.op_name in _ADDITIONS and len({(known.shape(e), known.dtype(e)) for e in node.inputs}) == 1:
            return _added(node, inputs, uses)
        if node.op_name == "Activation" and node.params is not None and node.params["act_type"] == "relu":
            return _fused(node, inputs, 0, uses, {"relu": True})
        if node.op_name == "relu":
            return _fused(node, inputs, 0, uses, {"relu": True})
        return None

    return graph.rewrite(heads, change)


def _added(node: Node, inputs: list[Entry], uses: dict[int, list[Use]]) -> list[Entry] | None:
    for i in (0, 1):
        if not _params(inputs[i]).get("adds"):
            found = _fused(node, inputs, i, uses, {"adds": True}, [inputs[1 - i]])
            if found is not None:
                return found
    return None


def _fused(
    node: Node, inputs: list[Entry], i: int, uses: dict[int, list[Use]], more: dict, others: Sequence[Entry] = ()
) -> list[Entry] | None:
    """The convolution that input i is, doing more, in the node's place; None where it is none, or has other readers."""
    conv = inputs[i].node
    p = _params(inputs[i])
    if p.get("formulation") != "onednn" or p.get("relu") or len(uses[id(node.inputs[i].node)]) > 1:
        return None
    return call(CONVOLUTION, node, [*conv.inputs, *others], {**p, **more})


def _params(entry: Entry) -> dict:
    return dict(entry.node.params or {})
