"""Calls that repeat in a row become a loop: the same calls, each round on what the round before gave."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from declax.source.blocks import readers_of, shape_of
from declax.source.statements import Body, Call, Key, Ref
from declax.source.templates import Atoms, Column, Param, Slot, explain, linear, same

_PERIODS = (1, 2, 3, 4, 5, 6)
_FEWEST = 3


@dataclass(eq=False)
class Loop:
    """`rounds` rounds of the calls of `body`, which are those of the first round with fields over `index`.

    Attributes:
        index: what counts the rounds, from `first`.
        carried: (what goes in at first, the call and output of a round that goes on to the next one).
        carries: by (call, input number): which of the carried values is read there.
        listed: (call, output) of values that are read from every round, kept in a list.
        indexed: by (call, input number): (call, number, step) of the outputs that the rounds read one after the other.
        table: parameters whose values do not follow from the index, with the values.
    """

    index: Param
    first: int
    rounds: list[list[Call]]
    body: list[Call]
    carried: list[tuple[Ref, tuple[int, int]]]
    carries: dict[tuple[int, int], int]
    listed: list[tuple[int, int]]
    indexed: dict[tuple[int, int], tuple[Call, int, int]]
    table: list[Column] = field(default_factory=list)


def with_loops(body: Body, atoms: Atoms) -> list[Call | Loop]:
    """The calls of a body, with those that repeat in a row as loops."""
    readers = readers_of(body)
    shapes = [shape_of(c) for c in body.calls]
    items: list[Call | Loop] = []
    at = 0
    while at < len(body.calls):
        found = [f for p in _PERIODS if (f := _loop_at(body, at, p, shapes, readers, atoms)) is not None]
        best = max(found, key=lambda f: len(f.rounds) * len(f.body) - len(f.body), default=None)
        if best is None:
            items.append(body.calls[at])
            at += 1
        else:
            items.append(best)
            at += len(best.rounds) * len(best.body)
    return items


def _loop_at(
    body: Body,
    start: int,
    period: int,
    shapes: Sequence[tuple],
    readers: dict[tuple[int, int], list[int]],
    atoms: Atoms,
) -> Loop | None:
    """The longest loop of this period that begins here, None when there is none worth it."""
    calls = body.calls
    most = 1
    while shapes[start + most * period : start + (most + 1) * period] == shapes[start : start + period]:
        most += 1
    if any(c.is_raw for c in calls[start : start + period]):
        return None
    while most >= _FEWEST and most * period - period > 2:
        rounds = [calls[start + t * period : start + (t + 1) * period] for t in range(most)]
        wiring = _wiring(rounds)
        if wiring is None:
            most = min(most - 1, _fitting_rounds(rounds))
            continue
        made = _checked(start, rounds, wiring, readers, atoms)
        if made is not None:
            return made
        most -= 1
    return None


def _fitting_rounds(rounds: list[list[Call]]) -> int:
    n = 2
    while n < len(rounds) and _wiring(rounds[: n + 1]) is not None:
        n += 1
    return n


def _wiring(rounds: list[list[Call]]) -> list[tuple[tuple[int, int], tuple[str, Any]]] | None:
    """For every input of the body where it comes from; None when the rounds differ in it."""
    found = []
    for j, call in enumerate(rounds[0]):
        for n in range(len(call.inputs)):
            refs = [r[j].inputs[n][1] for r in rounds]
            kind = _source(refs, rounds)
            if kind is None:
                return None
            found.append(((j, n), kind))
    return found


def _source(refs: list[Ref], rounds: list[list[Call]]) -> tuple[str, Any] | None:
    places = [_inside(ref, r) for ref, r in zip(refs, rounds, strict=True)]
    if places[0] is not None:
        return ("local", places[0]) if all(p == places[0] for p in places) else None
    before = [_inside(ref, r) for ref, r in zip(refs[1:], rounds[:-1], strict=True)]
    if before[0] is not None:
        return ("carried", (refs[0], before[0])) if all(p == before[0] for p in before) else None
    source, index = refs[0]
    if all(ref[0] is source and ref[1] == index for ref in refs):
        return "same", refs[0]
    step = refs[1][1] - index
    is_list = isinstance(source, Call) and isinstance(source.target, str) and source.outputs > 1
    if step and is_list and all(ref[0] is source and ref[1] == index + i * step for i, ref in enumerate(refs)):
        return "indexed", (source, index, step)
    return None


def _inside(ref: Ref, calls: Sequence[Call]) -> tuple[int, int] | None:
    return next(((j, ref[1]) for j, c in enumerate(calls) if c is ref[0]), None)


def _checked(
    start: int, rounds: list[list[Call]], wiring: list, readers: dict[tuple[int, int], list[int]], atoms: Atoms
) -> Loop | None:
    """The loop, when what is read behind it can be had and its values follow from the index or from a small table."""
    period, end = len(rounds[0]), start + len(rounds) * len(rounds[0])
    listed = []
    for j in range(period):
        for k in range(rounds[0][j].outputs):
            late = [any(r >= end for r in readers.get((id(calls[j]), k), ())) for calls in rounds]
            if all(late):
                listed.append((j, k))
            elif any(late[:-1]):
                return None
    carried: dict[tuple[tuple[int, int], int, int], int] = {}
    pairs: list[tuple[Ref, tuple[int, int]]] = []
    carries: dict[tuple[int, int], int] = {}
    indexed: dict[tuple[int, int], tuple[Call, int, int]] = {}
    for at, (kind, what) in wiring:
        if kind == "carried":
            first, place = what
            key = (place, id(first[0]), first[1])
            if key not in carried:
                carried[key] = len(pairs)
                pairs.append((first, place))
            carries[at] = carried[key]
        elif kind == "indexed":
            indexed[at] = what
    if len({place for _, place in pairs}) != len(pairs):
        return None
    fields = _fields(rounds, atoms)
    if fields is None:
        return None
    values, table, index, first_number = fields
    body = [
        Call(c.target, list(c.inputs), {k: values[j, k] for k in c.fields}, c.outputs) for j, c in enumerate(rounds[0])
    ]
    return Loop(index, first_number, rounds, body, pairs, carries, listed, indexed, table)


def _fields(
    rounds: list[list[Call]], atoms: Atoms
) -> tuple[dict[tuple[int, Key], Any], list[Column], Param, int] | None:
    """The values of every field over the index; None when they need a table of more than two columns."""
    columns = {(j, k): [r[j].fields[k] for r in rounds] for j, c in enumerate(rounds[0]) for k in c.fields}
    open_ = {at: c for at, c in columns.items() if not all(same(v, c[0]) for v in c)}
    values = {at: c[0] for at, c in columns.items() if at not in open_}
    first = _first_number(open_, len(rounds), atoms)
    index = Param("i", "int")
    counter = Column(index, list(range(first, first + len(rounds))))
    table: list[Column] = []
    for at, column in open_.items():
        found = None
        if all(isinstance(v, str) for v in column):
            found = explain(column, [counter], atoms, in_loop=True)
        elif all(type(v) is int for v in column):
            found = linear(counter, column, scaled=True)
        if found is None:
            known = next((c for c in table if all(same(a, b) for a, b in zip(c.values, column, strict=True))), None)
            if known is None:
                known = Column(Param("", "text" if isinstance(column[0], str) else "value"), column)
                table.append(known)
            slot = Slot(known.param)
            found = atoms.char(slot) if known.param.kind == "text" else slot
        values[at] = found
    return (values, table, index, first) if len(table) <= 1 else None


def _first_number(columns: dict[tuple[int, Key], list[Any]], rounds: int, atoms: Atoms) -> int:
    """Where the index should begin so that names read as they are written: at the first text's number."""
    counter = Column(Param("", "int"), list(range(rounds)))
    for column in columns.values():
        if all(isinstance(v, str) for v in column):
            found = explain(column, [counter], atoms, in_loop=True)
            slots = [s for s in atoms.split(found or "") if isinstance(s, Slot) and s.param is counter.param]
            if slots and slots[0].scale == 1:
                return slots[0].offset
    return 0
