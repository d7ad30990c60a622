"""Calls that repeat in a row become a loop: the same calls, each round on what the round before gave."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from declax.source.statements import Body, Call, Key, Port, Ref
from declax.source.templates import Atoms, Column, Param, Slot, explain, linear, same
from declax.source.windows import readers_of, shape_of

_FEWEST = 3  # rounds of a loop

Place: TypeAlias = tuple[int, int]  # (call of the loop's body, output)


@dataclass(frozen=True)
class Feed:
    """How a port of a loop's body gets its value in every round.

    Attributes:
        kind: "same" is one value; "carried" at first a value from outside, then the body's head `head` of the round
            before; "indexed" the outputs of one call, `step` apart.
        at: number of the loop's input, for "indexed" of the first of them.
    """

    kind: Literal["same", "carried", "indexed"]
    at: int
    head: int = 0
    step: int = 0


@dataclass(eq=False, kw_only=True)
class Loop(Call):
    """`rounds` rounds of the calls of `body`, whose fields hold `index`, which counts from `first`.

    The outputs are, for each head in `listed`, its values in all rounds, then every head's value in the last round.

    Attributes:
        ports, feeds: what the body reads, and where it comes from.
        listed: numbers of the heads that are kept in a list.
        table: parameters whose values do not follow from the index, with the values.
    """

    index: Param
    first: int
    rounds: int
    body: Body
    ports: list[Port]
    feeds: list[Feed]
    listed: list[int]
    table: list[Column] = field(default_factory=list)

    def last(self, head: int) -> int:
        """Number of the output that is a head's value in the last round."""
        return len(self.listed) * self.rounds + head


def roll(body: Body, atoms: Atoms, periods: Iterable[int], fewest: int = _FEWEST, least: int = 3) -> list[Loop]:
    """Puts loops into a body where calls repeat in a row; returns them.

    Args:
        periods: numbers of calls in a round.
        fewest: rounds of a loop.
        least: calls that a loop has to spare.
    """
    calls, readers = body.calls, readers_of(body)
    numbers: dict[tuple, int] = {}
    shapes = [numbers.setdefault(shape_of(c), len(numbers)) for c in calls]
    periods = tuple(periods)
    items: list[Call] = []
    loops: list[Loop] = []
    at = 0
    while at < len(calls):
        best: tuple[int, Loop] | None = None
        for period in periods:
            most = _repeats(shapes, at, period)
            spared = (most - 1) * period
            if most >= fewest and spared >= least and (best is None or spared > best[0]):
                made = _loop_at(body, at, period, most, readers, atoms)
                spared = 0 if made is None else (made.rounds - 1) * period
                if made is not None and made.rounds >= fewest and spared >= max(least, best[0] + 1 if best else 0):
                    best = spared, made
        if best is None:
            items.append(calls[at])
            at += 1
            continue
        spared, loop = best
        end = at + spared + len(loop.body.calls)
        _redirect(body, loop, calls[at:end], end)
        items.append(loop)
        loops.append(loop)
        at = end
    body.calls[:] = items
    return loops


def _repeats(shapes: Sequence[int], start: int, period: int) -> int:
    """How many rounds of this period begin here by what the calls do."""
    end = start + period
    while end < len(shapes) and shapes[end] == shapes[end - period]:
        end += 1
    return (end - start) // period


def _loop_at(
    body: Body, start: int, period: int, most: int, readers: dict[tuple[int, int], list[int]], atoms: Atoms
) -> Loop | None:
    """The longest loop of this period that begins here, None when there is none worth it."""
    if any(c.is_raw for c in body.calls[start : start + period]):
        return None
    window = body.calls[start : start + most * period]
    wiring, most = _wiring(window, period, most)
    if most < _FEWEST:
        return None
    rounds = [window[t * period : (t + 1) * period] for t in range(most)]
    fields = _fields(rounds, atoms)
    if fields is None:
        low = 2  # rounds whose fields follow from the index; fewer do when more do
        while low + 1 < most:
            middle = (low + most) // 2
            found = _fields(rounds[:middle], atoms)
            if found is None:
                most = middle
            else:
                low, fields = middle, found
        rounds = rounds[:low]
    if fields is None or len(rounds) < _FEWEST:
        return None
    return _made(start, rounds, wiring, fields, readers)


# -- where the values come from ------------------------------------------------------------------------------------

Source: TypeAlias = tuple[str, Any]
"""What an input is: ("local", place), ("carried", place), ("same", None) or ("indexed", step)."""


def _wiring(window: Sequence[Call], period: int, most: int) -> tuple[dict[Place, Source], int]:
    """For every input (call, number) of the body where it comes from, and how many rounds agree on it."""
    position = {id(c): i for i, c in enumerate(window)}
    found: dict[Place, Source] = {}
    for j, call in enumerate(window[:period]):
        for n in range(len(call.inputs)):
            refs = [window[t * period + j].inputs[n][1] for t in range(most)]
            source, holds = _source(refs, position, period)
            found[j, n] = source
            most = next((t for t in range(1, most) if not holds(t)), most)
            if most < _FEWEST:
                return found, 0
    return found, most


def _source(refs: Sequence[Ref], position: dict[int, int], period: int) -> tuple[Source, Callable[[int], bool]]:
    """What an input is by its first two rounds, and a test whether another round agrees."""
    first, second = refs[0], refs[1]
    at = position.get(id(first[0]))
    if at is not None:
        place = at, first[1]
        return ("local", place), lambda t: _is_at(refs[t], position, t * period, place)
    at = position.get(id(second[0]))
    if at is not None:
        place = at, second[1]
        return ("carried", place), lambda t: _is_at(refs[t], position, (t - 1) * period, place)
    step = second[1] - first[1] if second[0] is first[0] else 0
    if not step:
        return ("same", None), lambda t: refs[t][0] is first[0] and refs[t][1] == first[1]
    return (
        ("indexed", step),
        lambda t: (
            refs[t][0] is first[0]
            and refs[t][1] == first[1] + t * step
            and _list_of(first) is not None
            and _list_of(refs[t]) == _list_of(first)
        ),
    )


def _is_at(ref: Ref, position: dict[int, int], start: int, place: Place) -> bool:
    return ref[1] == place[1] and position.get(id(ref[0]), -1) == start + place[0]


def _list_of(ref: Ref) -> int | None:
    """Which of a call's lists holds an output, None when none does: an operator's outputs are one list."""
    source, index = ref
    if isinstance(source, Loop):
        number = index // source.rounds
        return number if number < len(source.listed) else None
    return 0 if isinstance(source, Call) and isinstance(source.target, str) and source.outputs > 1 else None


# -- the loop ------------------------------------------------------------------------------------------------------


def _made(
    start: int, rounds: list[list[Call]], wiring: dict[Place, Source],
    fields: tuple[dict[tuple[int, Key], Any], list[Column], Param, int], readers: dict[tuple[int, int], list[int]],
) -> Loop | None:  # fmt: skip
    """The loop of these rounds; None when a value goes on to two readers that begin with different ones."""
    period, end = len(rounds[0]), start + len(rounds) * len(rounds[0])
    values, table, index, first = fields
    heads = [place for kind, place in wiring.values() if kind == "carried"]
    listed = []
    for j in range(period):
        for k in range(rounds[0][j].outputs):
            late = [any(r >= end for r in readers.get((id(calls[j]), k), ())) for calls in rounds]
            heads += [(j, k)] if any(late) else []
            listed += [(j, k)] if any(late[:-1]) else []
    heads = list(dict.fromkeys(heads))
    ports: dict[tuple, Port] = {}
    feeds: list[Feed] = []
    inputs: list[tuple[str | None, Ref]] = []
    copies: list[Call] = []
    for j, call in enumerate(rounds[0]):
        given: list[tuple[str | None, Ref]] = []
        for n, (role, (source, k)) in enumerate(call.inputs):
            kind, detail = wiring[j, n]
            if kind == "local":
                given.append((role, (copies[detail[0]], detail[1])))
                continue
            key = (kind, detail, id(source), k)
            if key not in ports:
                ports[key] = Port(call.roles[n] if n < len(call.roles) else "data")
                head = heads.index(detail) if kind == "carried" else 0
                step = detail if kind == "indexed" else 0
                feeds.append(Feed(kind, len(inputs), head, step))  # pyright: ignore[reportArgumentType]
                refs = [r[j].inputs[n][1] for r in rounds] if kind == "indexed" else [(source, k)]
                inputs += [(None, ref) for ref in refs]
            given.append((role, (ports[key], 0)))
        own = {key: values[j, key] for key in call.fields}
        copies.append(Call(call.target, given, own, call.outputs, (), call.roles))
    carried = [f.head for f in feeds if f.kind == "carried"]
    if len(set(carried)) != len(carried):
        return None
    body = Body(copies, [(copies[j], k) for j, k in heads])
    kept = [heads.index(place) for place in listed]
    return Loop(
        "loop", inputs, {}, len(kept) * len(rounds) + len(heads),
        index=index, first=first, rounds=len(rounds), body=body, ports=list(ports.values()), feeds=feeds, listed=kept,
        table=table,
    )  # fmt: skip


def _redirect(body: Body, loop: Loop, window: Sequence[Call], end: int) -> None:
    """Makes everything behind a loop read its outputs instead of the calls that it stands for."""
    period = len(loop.body.calls)
    place = {id(c): j for j, c in enumerate(loop.body.calls)}
    new: dict[tuple[int, int], Ref] = {}
    for h, (source, k) in enumerate(loop.body.heads):
        calls = window[place[id(source)] :: period]
        new[id(calls[-1]), k] = loop, loop.last(h)
        if h in loop.listed:
            begin = loop.listed.index(h) * loop.rounds
            new |= {(id(c), k): (loop, begin + t) for t, c in enumerate(calls)}
    for call in body.calls[end:]:
        call.inputs = [(r, new.get((id(s), k), (s, k))) for r, (s, k) in call.inputs]
    body.heads[:] = [new.get((id(s), k), (s, k)) for s, k in body.heads]


# -- values over the index -----------------------------------------------------------------------------------------


def _fields(
    rounds: list[list[Call]], atoms: Atoms
) -> tuple[dict[tuple[int, Key], Any], list[Column], Param, int] | None:
    """The values of every field over the index; None when they need a table of more than one column."""
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
                if table:
                    return None
                known = Column(Param("", "text" if isinstance(column[0], str) else "value"), column)
                table.append(known)
            slot = Slot(known.param)
            found = atoms.char(slot) if known.param.kind == "text" else slot
        values[at] = found
    return values, table, index, first


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
