"""What differs between two graphs whose nodes are paired, in the words of those who made them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from declax.comparison.matching import Matching, Side
from declax.comparison.meaning import attributes, marks
from declax.graph import Entry, Node


@dataclass(frozen=True)
class Change:
    """One difference between two graphs.

    `kind`: `added`, `removed`, `replaced` (another operator in the same place), `attributes`, `marks` (attributes
    `__x__`), `inputs` (wired otherwise), `renamed`, `outputs`. `a` and `b` are the names of the nodes, empty where
    there is none; `details` are (what, in a, in b).
    """

    kind: str
    a: str
    b: str
    operator: str = ""
    details: tuple[tuple[str, str, str], ...] = ()
    where: str = ""

    def __str__(self) -> str:
        name = self.a or self.b
        if self.kind == "added":
            return f"+ {self.operator} {self.b!r}{self.where}"
        if self.kind == "removed":
            return f"- {self.operator} {self.a!r}{self.where}"
        if self.kind == "renamed":
            return f"= {self.a!r} is called {self.b!r}"
        changes = "; ".join(f"{what} {old} -> {new}" for what, old, new in self.details)
        if self.kind == "outputs":
            return f"~ outputs: {changes}"
        called = f" (called {self.b!r})" if self.a and self.b and self.a != self.b else ""
        return f"~ {self.operator} {name!r}{called}: {changes}"


def changes(matching: Matching) -> Iterator[Change]:
    """The differences, in the order of the graphs."""
    replaced = dict(_replaced(matching))
    gone = set(replaced.values())
    for node in matching.a.calls:
        other = matching.to_b.get(node)
        if other is not None:
            yield from _of_pair(matching, node, other)
        elif node in replaced:
            new = replaced[node]
            yield Change("replaced", node.name, new.name, node.op_name, (("operator", _shown(node), _shown(new)),))
        else:
            where = _where(matching.a, node, matching.to_b)
            yield Change("removed", node.name, "", node.op_name, where=where)
    for node in matching.b.calls:
        if node not in matching.to_a and node not in gone:
            where = _where(matching.b, node, matching.to_a)
            yield Change("added", "", node.name, node.op_name, where=where)
    for node in matching.a.order:
        other = matching.to_b.get(node)
        if node.op is None and other is not None:
            yield from _named(matching, node, other)
            details = _differences(marks(node), marks(other))
            if details:
                yield Change("marks", node.name, other.name, "variable", details)
    yield from _heads(matching)


def _of_pair(matching: Matching, a: Node, b: Node) -> Iterator[Change]:
    yield from _named(matching, a, b)
    for kind, details in (
        ("attributes", _differences(attributes(a), attributes(b)) + _subgraphs(matching, a, b)),
        ("marks", _differences(marks(a), marks(b))),
        ("inputs", _inputs(matching, a, b)),
    ):
        if details:
            yield Change(kind, a.name, b.name, a.op_name, details)


def _named(matching: Matching, a: Node, b: Node) -> Iterator[Change]:
    if a.name != b.name and not (matching.a.automatic(a) and matching.b.automatic(b)):
        yield Change("renamed", a.name, b.name, a.op_name)


def _differences(a: dict, b: dict) -> tuple[tuple[str, str, str], ...]:
    keys = [*a, *(k for k in b if k not in a)]
    return tuple((k, _text(a.get(k)), _text(b.get(k))) for k in keys if a.get(k) != b.get(k))


def _text(value: object) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _subgraphs(matching: Matching, a: Node, b: Node) -> tuple[tuple[str, str, str], ...]:
    found = []
    for i, (x, y) in enumerate(zip(a.subgraphs, b.subgraphs, strict=False)):
        inner = [str(c) for c in changes(Matching(x, y)) if c.kind != "renamed"]
        if inner:
            found.append((f"subgraph {i}", "", "; ".join(inner)))
    return tuple(found)


def _inputs(matching: Matching, a: Node, b: Node) -> tuple[tuple[str, str, str], ...]:
    """Inputs that come from elsewhere; where a node was put between or taken away, that alone is told."""
    found = []
    names = a.input_names()
    if len(a.inputs) != len(b.inputs):
        found.append(("number of inputs", str(len(a.inputs)), str(len(b.inputs))))
    for i, (x, y) in enumerate(zip(a.inputs, b.inputs, strict=False)):
        told = any(
            e.node.op is not None and e.node not in pairs for e, pairs in ((x, matching.to_b), (y, matching.to_a))
        )
        if not told and (matching.to_b.get(x.node) is not y.node or x.index != y.index):
            found.append((names[i] if i < len(names) else f"input {i}", _entry(x), _entry(y)))
    return tuple(found)


def _entry(entry: Entry) -> str:
    return entry.node.output_name(entry.index)


def _heads(matching: Matching) -> Iterator[Change]:
    a, b = matching.a.heads, matching.b.heads
    same = len(a) == len(b) and all(
        (matching.to_b.get(x.node) is y.node or (x.node not in matching.to_b and y.node not in matching.to_a))
        and x.index == y.index
        for x, y in zip(a, b, strict=True)
    )
    if not same:
        old, new = (", ".join(map(_entry, heads)) for heads in (a, b))
        yield Change("outputs", "", "", details=(("", old, new),))


def _replaced(matching: Matching) -> Iterator[tuple[Node, Node]]:
    """Unpaired nodes with other operators between the same pairs."""
    free: dict[tuple, Node] = {}
    for node in matching.b.calls:
        if node not in matching.to_a:
            free.setdefault(_place(matching.b, node, {}), node)
    for node in matching.a.calls:
        if node not in matching.to_b:
            place = _place(matching.a, node, matching.to_b)
            other = free.get(place)
            if other is not None and any(place):
                del free[place]
                yield node, other


def _place(side: Side, node: Node, names: dict[Node, Node]) -> tuple:
    """The operator nodes around a node, named as in the other graph."""

    def known(n: Node) -> int:
        return id(names.get(n, n))

    above = tuple(known(e.node) for e in node.inputs if e.node.op is not None or e is node.inputs[0])
    below = tuple(sorted((known(u), p) for u, p, _ in side.users[node]))
    ends = tuple(i for i, h in enumerate(side.heads) if h.node is node)
    return above, below, ends


def _where(side: Side, node: Node, paired: dict[Node, Node]) -> str:
    """Words on the nearest neighbours that both graphs have."""
    above = [e.node.name for e in node.inputs if e.node.op is not None or e is node.inputs[0]]
    below = [u.name for u, _, _ in side.users[node]]
    parts = []
    if above:
        parts.append(f"after {_few(above)}")
    if below:
        parts.append(f"before {_few(below)}")
    elif any(h.node is node for h in side.heads):
        parts.append("an output")
    return f", {' and '.join(parts)}" if parts else ""


def _few(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(map(repr, unique[:2])) + (f" and {len(unique) - 2} more" if len(unique) > 2 else "")


def _shown(node: Node) -> str:
    inner = ", ".join(f"{k}={v}" for k, v in node.attrs.items() if not k.startswith("__"))
    return f"{node.op_name}({inner})"
