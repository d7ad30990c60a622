"""Windows of consecutive calls, and those that repeat each other.

Two windows repeat each other when they call the same functions with the same arguments, up to values and up to what
comes from outside.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from declax.source.statements import Body, Call, Ref

Value = tuple[int, int]
"""An output: `id` of its call or port, and number."""


class Index:
    """What is looked up again and again in a body that stays as it is for a while.

    Attributes:
        shapes: a number for each call that says what it does, up to values and to where its inputs come from.
        readers: by value the positions of the calls that read it, and the number of calls for the body's heads.
    """

    def __init__(self, body: Body, numbers: dict[tuple, int], lines: Callable[[Call], float]):
        self.body, self.calls = body, body.calls
        self.shapes = [numbers.setdefault(shape_of(c), len(numbers)) for c in body.calls]
        self.readers = readers_of(body)
        self._sources = _sources(body.calls)
        self._last = [max((max(self.readers.get((id(c), k), (-1,))) for k in range(c.outputs)), default=-1)
                      for c in body.calls]  # fmt: skip
        self._lines = [0.0]
        self._lines_of: dict[int, float] = {}
        for c, shape in zip(body.calls, self.shapes, strict=True):
            self._lines_of[shape] = lines(c)
            self._lines.append(self._lines[-1] + self._lines_of[shape])

    def lines(self, start: int, end: int) -> float:
        """About how many lines some calls take."""
        return self._lines[end] - self._lines[start]

    def different_lines(self, start: int, end: int) -> float:
        """About how many lines some calls take, those that do the same only once."""
        return sum(map(self._lines_of.__getitem__, set(self.shapes[start:end])))

    def places(self, at: int, start: int) -> tuple[tuple[int, int], ...]:
        """Where a call in a window from `start` has its inputs from, in a way that is the same in windows that repeat.

        That is (call of the window, output), or for a value from outside (-1 - call, input) where the window read it
        before, (-1, -1) where it did not.
        """
        return tuple(
            [
                (p - start, k) if p >= start else (start - 1 - q, m) if q >= start else (-1, -1)
                for p, k, q, m in self._sources[at]
            ]
        )

    def outputs(self, start: int, end: int) -> tuple[tuple[int, int], ...]:
        """(call of the window, output) of the values that are read behind it."""
        return tuple(
            (i - start, k)
            for i in range(start, end)
            if self._last[i] >= end
            for k in range(self.calls[i].outputs)
            if any(r >= end for r in self.readers.get((id(self.calls[i]), k), ()))
        )


class Window(NamedTuple):
    """`length` calls of a body from `start`."""

    index: Index
    start: int
    length: int

    @property
    def body(self) -> Body:
        return self.index.body

    @property
    def end(self) -> int:
        return self.start + self.length

    @property
    def calls(self) -> list[Call]:
        return self.index.calls[self.start : self.start + self.length]

    @property
    def lines(self) -> float:
        return self.index.lines(self.start, self.start + self.length)

    def different_lines(self) -> float:
        """About how many lines it takes, calls that do the same counted once."""
        return self.index.different_lines(self.start, self.end)

    def outputs(self) -> tuple[tuple[int, int], ...]:
        """(call of the window, output) of the values that are read behind it."""
        return self.index.outputs(self.start, self.start + self.length)

    def is_periodic(self) -> bool:
        """Whether it is a smaller window several times in a row."""
        shapes, n = self.index.shapes[self.start : self.end], self.length
        periods = (p for p in range(1, n // 2 + 1) if n % p == 0 and shapes == shapes[:p] * (n // p))
        return any(len({self._wiring(i, i + p) for i in range(self.start, self.end, p)}) == 1 for p in periods)

    def _wiring(self, start: int, end: int) -> tuple:
        return tuple(self.index.places(at, start) for at in range(start, end))


def _sources(calls: Sequence[Call]) -> list[list[tuple[int, int, int, int]]]:
    """For every input: (position, output) of the call that gives it, (position, input) where it was read before; -1."""
    position = {id(c): i for i, c in enumerate(calls)}
    read: dict[Value, tuple[int, int]] = {}
    found = []
    for i, call in enumerate(calls):
        row = []
        for n, (_, (source, k)) in enumerate(call.inputs):
            row.append((position.get(id(source), -1), k, *read.get((id(source), k), (-1, -1))))
            read[id(source), k] = i, n
        found.append(row)
    return found


def repeating(indices: Sequence[Index], longest: int) -> Iterator[list[Window]]:
    """Windows that repeat each other, in the order of the bodies; overlapping ones are left out."""
    alive = [(index, start, 0) for index in indices for start in range(len(index.calls))]
    for length in range(1, longest + 1):
        groups: dict[int, list[tuple[Index, int, int]]] = defaultdict(list)
        for index, start, running in alive:
            at = start + length - 1
            if at < len(index.calls) and not index.calls[at].is_raw:
                now = hash((running, index.shapes[at], index.places(at, start)))
                groups[now].append((index, start, now))
        alive = []
        for members in groups.values():
            if len(members) > 1:  # what repeats nothing repeats nothing when it is longer
                alive += members
                windows: list[Window] = []
                for index, start, _ in members:
                    if not windows or windows[-1].index is not index or start >= windows[-1].start + length:
                        windows.append(Window(index, start, length))
                if len(windows) > 1:
                    yield windows


def shape_of(call: Call) -> tuple:
    """What a call does, up to values and to where its inputs come from."""
    if not call.shape:
        target = call.target if isinstance(call.target, str) else id(call.target)
        call.shape = target, call.outputs, tuple(sorted(call.fields)), tuple(role for role, _ in call.inputs)
    return call.shape


def readers_of(body: Body) -> dict[Value, list[int]]:
    """By value: positions of the calls that read it; the number of calls for the body's heads."""
    found: dict[Value, list[int]] = defaultdict(list)
    for i, call in enumerate(body.calls):
        for _, (source, index) in call.inputs:
            found[id(source), index].append(i)
    for source, index in body.heads:
        found[id(source), index].append(len(body.calls))
    return found


def outside(calls: Sequence[Call], roles: Callable[[Call], Sequence[str]]) -> list[tuple[str, Ref]]:
    """The values that calls take from outside, with what their first readers call them."""
    inside = {id(c) for c in calls}
    found: dict[Value, tuple[str, Ref]] = {}
    for call in calls:
        for role, (_, (source, index)) in zip(roles(call), call.inputs, strict=True):
            if id(source) not in inside:
                found.setdefault((id(source), index), (role, (source, index)))
    return list(found.values())
