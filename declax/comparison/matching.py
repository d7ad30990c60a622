"""Which node of one graph is which of another, whatever they are called, also after insertions and removals.

Nodes are paired from the strongest evidence to the weakest: the same graph above and below them, above, below; then
neighbours of pairs; then what stands in the same order between pairs; then the same name.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

from declax import graph
from declax.comparison.meaning import is_automatic, label
from declax.comparison.order import common_order
from declax.graph import Entry, Node


class Side:
    """One graph: its nodes in order, who uses them, and its heads."""

    def __init__(self, heads: Sequence[Entry], numbers: dict[Hashable, int]):
        self.heads = tuple(heads)
        self.order = graph.topological(heads)
        self.calls = [n for n in self.order if n.op is not None]
        self.users: dict[Node, list[tuple[Node, int, int]]] = defaultdict(list)
        for node in self.order:
            for position, entry in enumerate(node.inputs):
                self.users[entry.node].append((node, position, entry.index))
        self.label = {n: _number(numbers, (label(n), _subgraph_labels(n))) for n in self.order}
        self.above: dict[Node, int] = {}
        for node in self.order:
            inputs = tuple((self.above[e.node], e.index) for e in node.inputs)
            self.above[node] = _number(numbers, ("above", self.label[node], inputs))
        self.below: dict[Node, int] = {}
        ends: dict[Node, list[tuple]] = defaultdict(list)
        for i, head in enumerate(self.heads):
            ends[head.node].append(("head", i, head.index))
        for node in reversed(self.order):
            users = sorted((self.below[u], p, k) for u, p, k in self.users[node])
            self.below[node] = _number(numbers, ("below", self.label[node], tuple(users), tuple(ends[node])))

    def automatic(self, node: Node) -> bool:
        """Whether nobody chose the node's name."""
        return is_automatic(node.name, node, self.users)


def _number(numbers: dict[Hashable, int], key: Hashable) -> int:
    return numbers.setdefault(key, len(numbers))


def _subgraph_labels(node: Node) -> tuple:
    """What the subgraphs of a control-flow node do."""
    found = []
    for heads in node.subgraphs:
        order = graph.topological(heads)
        place = {n: i for i, n in enumerate(order)}
        inner = tuple((label(n), tuple((place[e.node], e.index) for e in n.inputs)) for n in order)
        found.append((inner, tuple((place[e.node], e.index) for e in heads)))
    return tuple(found)


class Matching:
    """Pairs of nodes of two graphs: `to_b` and `to_a` in the two directions."""

    def __init__(self, a: Sequence[Entry], b: Sequence[Entry]):
        numbers: dict[Hashable, int] = {}
        self.a, self.b = Side(a, numbers), Side(b, numbers)
        self.to_b: dict[Node, Node] = {}
        self.to_a: dict[Node, Node] = {}
        for keys in (
            lambda s, n: (s.above[n], s.below[n], n.name),
            lambda s, n: (s.above[n], s.below[n]),
            lambda s, n: (s.above[n], n.name),
            lambda s, n: (s.above[n],),
            lambda s, n: (s.below[n], n.name),
            lambda s, n: (s.below[n],),
        ):
            self._pair_equal(keys)
        self._spread(list(self.to_b.items()))
        self._pair_in_order(lambda s, n: s.label[n])
        self._pair_named()
        self._pair_in_order(lambda s, n: ("op", n.op_name))
        self._pair_variables()

    def _pair(self, a: Node, b: Node) -> None:
        self.to_b[a], self.to_a[b] = b, a

    def _free(self, side: Side) -> Iterable[Node]:
        taken = self.to_b if side is self.a else self.to_a
        return (n for n in side.calls if n not in taken)

    def _pair_equal(self, key: Callable[[Side, Node], tuple]) -> None:
        """Pairs the operator nodes of one key in their order."""
        waiting: dict[tuple, deque[Node]] = defaultdict(deque)
        for node in self._free(self.b):
            waiting[key(self.b, node)].append(node)
        for node in list(self._free(self.a)):
            same = waiting.get(key(self.a, node))
            if same:
                self._pair(node, same.popleft())

    def _spread(self, pairs: list[tuple[Node, Node]]) -> None:
        """From pairs to their neighbours: inputs and users at the same place with the same operator."""
        while pairs:
            a, b = pairs.pop()
            for x, y in zip(a.inputs, b.inputs, strict=False):
                if self._may(x.node, y.node) and x.index == y.index:
                    self._pair(x.node, y.node)
                    pairs.append((x.node, y.node))
            by_place: dict[tuple, list[Node]] = defaultdict(list)
            for user, position, index in self.b.users[b]:
                by_place[user.op_name, position, index].append(user)
            for user, position, index in self.a.users[a]:
                others = [o for o in by_place.get((user.op_name, position, index), ()) if self._may(user, o)]
                best = self._best(user, others)
                if best is not None:
                    self._pair(user, best)
                    pairs.append((user, best))

    def _may(self, a: Node, b: Node) -> bool:
        return (
            a.op is not None and b.op is not None and a.op.name == b.op.name
            and a not in self.to_b and b not in self.to_a
        )  # fmt: skip

    def _best(self, node: Node, others: Sequence[Node]) -> Node | None:
        """The most similar one: by what it does and is called, by what it does, or the only one."""
        same = [o for o in others if self.b.label[o] == self.a.label[node]]
        named = [o for o in same if o.name == node.name]
        return (named or same or (others if len(others) == 1 else [None]))[0]

    def _pair_in_order(self, key: Callable[[Side, Node], Any]) -> None:
        """Pairs what is left where it stands in the same order between pairs."""

        def keys(side: Side) -> list[Hashable]:
            pairs = {n: i for i, n in enumerate(self.to_b if side is self.a else self.to_b.values())}
            return [("pair", pairs[n]) if n in pairs else key(side, n) for n in side.calls]

        if not any(True for _ in self._free(self.a)) or not any(True for _ in self._free(self.b)):
            return
        found = []
        for i, j in common_order(keys(self.a), keys(self.b)):
            a, b = self.a.calls[i], self.b.calls[j]
            if self._may(a, b):
                self._pair(a, b)
                found.append((a, b))
        self._spread(found)

    def _pair_named(self) -> None:
        """Pairs operator nodes under the same name, where somebody chose it."""
        names = {n.name: n for n in self._free(self.b) if not self.b.automatic(n)}
        found = []
        for a in list(self._free(self.a)):
            b = names.get(a.name)
            if b is not None and self._may(a, b):
                self._pair(a, b)
                found.append((a, b))
        self._spread(found)

    def _pair_variables(self) -> None:
        """Pairs variables by where they are used, those of one name first, then by name."""
        for named in (True, False):
            for a, b in list(self.to_b.items()):
                for x, y in zip(a.inputs, b.inputs, strict=False):
                    self._pair_variable(x.node, y.node, named)
            for x, y in zip(self.a.heads, self.b.heads, strict=False):
                self._pair_variable(x.node, y.node, named)
        names = {n.name: n for n in self.b.order if n.op is None and n not in self.to_a}
        for node in self.a.order:
            if node.op is None and node not in self.to_b and node.name in names:
                self._pair(node, names.pop(node.name))

    def _pair_variable(self, a: Node, b: Node, named: bool) -> None:
        free = a.op is None and b.op is None and a not in self.to_b and b not in self.to_a
        if free and (a.name == b.name or not named):
            self._pair(a, b)
