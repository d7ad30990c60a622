"""Two versions of a value, as declared and channels last: what the rules of the layout pass work with."""

from collections.abc import Callable, Sequence
from typing import Any

from declax.graph import Entry, Node
from declax.passes import Known
from declax.passes.rewriting import call
from declax.registry import OpDef, lookup
from declax.shapes import Shape


class Versions:
    """For every entry of the old graph its entries in the new one, as declared and channels last."""

    def __init__(self, known: Known):
        self.known = known
        self._first: dict[tuple[int, int], Entry] = {}
        self._last: dict[tuple[int, int], Entry] = {}

    def rank(self, entry: Entry) -> int:
        """Number of axes."""
        return len(self.known.shape(entry))

    def has_last(self, entry: Entry) -> bool:
        """Whether the entry already exists channels last."""
        return (id(entry.node), entry.index) in self._last

    def first(self, entry: Entry) -> Entry:
        """The entry as declared."""
        key = (id(entry.node), entry.index)
        found = self._first.get(key)
        if found is None:
            found = self._first[key] = transposed(self._last[key], to_first(self.rank(entry)), entry, "_first")
        return found._replace(version=entry.version)

    def last(self, entry: Entry) -> Entry:
        """The entry channels last."""
        key = (id(entry.node), entry.index)
        found = self._last.get(key)
        if found is None:
            found = self._last[key] = transposed(self._first[key], to_last(self.rank(entry)), entry, "_last")
        return found

    def weight(self, entry: Entry) -> Entry:
        """Weights (O, I, *kernel) as (*kernel, I, O)."""
        return transposed(self.first(entry), (*range(2, self.rank(entry)), 1, 0), entry, "_last")

    def keep(self, node: Node, new: Sequence[Entry]) -> None:
        """Notes a node's outputs as declared."""
        self._first.update({(id(node), i): e for i, e in enumerate(new)})

    def keep_last(self, node: Node, new: Sequence[Entry]) -> None:
        """Notes a node's outputs channels last; those that are mere vectors are the same both ways."""
        for i, e in enumerate(new):
            (self._last if self.rank(Entry(node, i)) > 2 else self._first)[id(node), i] = e


def to_last(rank: int) -> Shape:
    """The permutation that brings the channels to the end."""
    return (0, *range(2, rank), 1)


def to_first(rank: int) -> Shape:
    """The permutation that brings them back."""
    return (0, rank - 1, *range(1, rank - 1))


def transposed(entry: Entry, axes: Shape, like: Entry, suffix: str) -> Entry:
    """The entry with its axes in another order, named after `like`."""
    return call(lookup("transpose"), like.node, [entry], {"axes": axes}, suffix)[0]


def moved_axis(axis: int, rank: int) -> int:
    """Where an axis of the declared layout is channels-last."""
    return to_last(rank).index(axis % rank)


def follows(versions: Versions, node: Node) -> bool:
    """Whether the node's data exists channels last."""
    return bool(node.inputs) and versions.has_last(node.inputs[0])


def replace(versions: Versions, node: Node, op: OpDef, params: dict[str, Any], inputs: Sequence[Entry]) -> bool:
    """`op` over these inputs stands for the node, whose outputs it gives channels last; always True."""
    versions.keep_last(node, call(op, node, inputs, params))
    return True


def like(versions: Versions, node: Node, changed: dict[str, Any], channel_inputs: int = 1) -> bool:
    """The same operator with other hyper-parameters; the inputs behind the first `channel_inputs` stay as they are."""
    assert node.op is not None
    inputs = [versions.last(e) for e in node.inputs[:channel_inputs]]
    inputs += [versions.first(e) for e in node.inputs[channel_inputs:]]
    return replace(versions, node, node.op, {**(node.params or {}), **changed}, inputs)


Rule = Callable[[Versions, Node], bool]
"""Puts a node into the new graph if its layout can follow; says whether it did."""
