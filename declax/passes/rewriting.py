"""What passes share: operators that only plans hold, and calls that take the place of a node."""

from collections.abc import Callable, Sequence
from typing import Any

from declax.graph import Entry, Node
from declax.registry import OpDef

MARK = "__force_mirroring__"
"""The attribute of nodes that are computed again in the backward; true is written `True` or `1`."""


def plan_operator(function: Callable, **options: Any) -> OpDef:
    """An operator that is in no namespace and no JSON, for graphs that passes make; defined as with `@op`."""
    return OpDef(function, function.__name__, (), **options)


def call(op: OpDef, like: Node, inputs: Sequence[Entry], params: dict[str, Any], suffix: str = "") -> list[Entry]:
    """The outputs of a new node that stands for `like`: its name (with a suffix), its place in the user's file.

    Where that is marked to be computed again in the backward (recompute.py), so is this.
    """
    attrs = {k: str(v) for k, v in params.items()} | {k: v for k, v in like.attrs.items() if k == MARK}
    node = Node(op, like.name + suffix, attrs, {**op.defaults, **params}, inputs, (), like.site)
    return [Entry(node, i) for i in range(node.num_outputs())]


def with_inputs(node: Node, inputs: Sequence[Entry]) -> Node:
    """The node itself if these are its inputs, else a copy over them."""
    if list(inputs) == node.inputs:
        return node
    return Node(node.op, node.name, node.attrs, node.params, inputs, node.subgraphs, node.site)
