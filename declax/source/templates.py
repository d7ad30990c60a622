"""What values of several places have in common: constants, parameters, and texts made of parameters.

A text that holds a parameter is a `str` in which one private character stands for it (an atom), so that texts which
already hold parameters can be compared and taken apart like any other.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Any, TypeAlias

_FIRST_ATOM = 0xF0000  # a plane of characters for private use
_LONGEST = 200  # texts beyond this are values, and are not taken apart
_COMPARED = 10  # texts for which they are compared
_PROPOSALS = 12  # parameters that are compared, those that most texts propose
_FARTHEST = 100_000  # between two numbers of which one is said to be the other plus a constant
_SAMPLE = 3  # places that are looked at first


@dataclass(eq=False)
class Param:
    """A parameter of a made function, or the index of a loop."""

    name: str
    kind: str  # "text", "int" or "value"
    default: Any = ...


@dataclass(frozen=True)
class Slot:
    """A value that is a parameter: `scale * param + offset`, for numbers."""

    param: Param
    scale: int = 1
    offset: int = 0


class Atoms:
    """The private characters of one program, and what they stand for."""

    def __init__(self):
        self.slots: dict[str, Slot] = {}
        self._chars: dict[Slot, str] = {}

    def char(self, slot: Slot) -> str:
        if slot not in self._chars:
            made = self._chars[slot] = chr(_FIRST_ATOM + len(self._chars))
            self.slots[made] = slot
        return self._chars[slot]

    def is_constant(self, value: Any) -> bool:
        """Whether a value holds no parameter."""
        if isinstance(value, str):
            return not any(c in self.slots for c in value)
        if isinstance(value, tuple):
            return all(map(self.is_constant, value))
        return not isinstance(value, Slot)

    def split(self, text: str) -> list[str | Slot]:
        """A text as its literal pieces and parameters."""
        parts: list[str | Slot] = []
        for c in text:
            if c in self.slots:
                parts.append(self.slots[c])
            elif parts and isinstance(parts[-1], str):
                parts[-1] += c
            else:
                parts.append(c)
        return parts


@dataclass
class Column:
    """The values of one parameter at every place."""

    param: Param
    values: list[Any]

    def __post_init__(self):
        self.texts = [str(v) for v in self.values] if self.param.kind in ("text", "int") else []
        self.is_shown = any(self.texts)


def explain(texts: Sequence[str], columns: Sequence[Column], atoms: Atoms, *, in_loop: bool = False) -> str | None:
    """One text with atoms for the columns' parameters that gives each of the texts at its place; None if there is none.

    Args:
        texts: one for each place.
        in_loop: whether the places are the rounds of a loop, where the parameters around it are at hand, and a number
            may be a multiple of a column's number; between functions it may differ from it by a constant only.
    """
    if max(map(len, texts)) > _LONGEST:
        return None
    if len(texts) > _SAMPLE:  # a few places refute most guesses, and their answer mostly holds for all
        picked = (0, len(texts) // 2, len(texts) - 1)
        few = [Column(c.param, [c.values[i] for i in picked]) for c in columns]
        found = _search([texts[i] for i in picked], few, atoms, in_loop)
        if found is None or all(_filled(found, columns, i, atoms) == t for i, t in enumerate(texts)):
            return found
    return _search(texts, columns, atoms, in_loop)


def _filled(template: str, columns: Sequence[Column], place: int, atoms: Atoms) -> str:
    """The text that a template gives at one place."""
    parts = []
    for part in atoms.split(template):
        column = next((c for c in columns if isinstance(part, Slot) and c.param is part.param), None)
        if isinstance(part, str):
            parts.append(part)
        elif column is None:  # a parameter around the loop
            parts.append(atoms.char(part))
        elif column.param.kind == "int":
            parts.append(str(part.scale * column.values[place] + part.offset))
        else:
            parts.append(column.texts[place])
    return "".join(parts)


def _search(texts: Sequence[str], columns: Sequence[Column], atoms: Atoms, in_loop: bool) -> str | None:
    dead: set[tuple[int, ...]] = set()

    def go(at: tuple[int, ...]) -> str | None:
        if all(i == len(t) for i, t in zip(at, texts, strict=True)):
            return ""
        if at in dead:
            return None
        for step, piece in _steps(texts, at, columns, atoms, in_loop):
            rest = go(tuple(i + n for i, n in zip(at, step, strict=True)))
            if rest is not None:
                return piece + rest
        dead.add(at)
        return None

    return go((0,) * len(texts))


def _steps(texts: Sequence[str], at: tuple[int, ...], columns: Sequence[Column], atoms: Atoms, in_loop: bool):
    """(characters consumed at each place, what they become), the best first."""
    text, start = texts[0], at[0]
    for column in columns:
        values = column.texts
        if not column.is_shown or not text.startswith(values[0], start):
            continue
        if all(t.startswith(v, i) for v, t, i in zip(values, texts, at, strict=True)):
            yield [len(v) for v in values], atoms.char(Slot(column.param))
    is_number = text[start : start + 1].isdecimal()
    runs = [_number_at(t, i) for t, i in zip(texts, at, strict=True)] if is_number else ()
    if runs and all(runs):
        numbers = [int(r) for r in runs]
        for column in columns:
            if column.param.kind == "int":
                slot = linear(column, numbers, scaled=in_loop)
                if slot is not None:
                    yield [len(r) for r in runs], atoms.char(slot)
    n = _same_ahead(texts, at)
    if not in_loop:
        n = next((k for k, c in enumerate(text[start : start + n]) if c in atoms.slots), n)
    if n:
        # on to the next place where a parameter could begin
        begins = tuple(c.texts[0] for c in columns if c.texts)
        stop = 1
        while stop < n and not text[start + stop].isdigit() and not text.startswith(begins, start + stop):
            stop += 1
        yield [stop] * len(texts), text[start : start + stop]


def _same_ahead(texts: Sequence[str], at: tuple[int, ...]) -> int:
    """How many characters from here are the same in all texts."""
    return _common([t[i:] for t, i in zip(texts, at, strict=True)])


def linear(column: Column, numbers: Sequence[int], *, scaled: bool) -> Slot | None:
    """The column's parameter times a scale plus an offset, where that gives the numbers."""
    base, scale = column.values, 1
    if not all(isinstance(v, int) for v in base):
        return None
    if scaled and len(base) > 1 and base[1] != base[0]:
        scale, rest = divmod(numbers[1] - numbers[0], base[1] - base[0])
        if rest or not scale:
            return None
    offset = numbers[0] - scale * base[0]
    if abs(offset) > _FARTHEST:
        return None
    fits = all(n == scale * v + offset for n, v in zip(numbers, base, strict=True))
    return Slot(column.param, scale, offset) if fits else None


def _number_at(text: str, start: int) -> str:
    """The whole number that begins here, "" when none does or it has a zero in front."""
    if start and text[start - 1].isdigit():
        return ""
    end = start
    while end < len(text) and text[end] in "0123456789":
        end += 1
    run = text[start:end]
    return "" if run[:1] == "0" and len(run) > 1 else run


def _middles(texts: Sequence[str]) -> tuple[int, int]:
    """Lengths of what all texts begin and end with, not overlapping."""
    front = _common(texts)
    return front, _common([t[front:][::-1] for t in texts])


def _common(texts: Sequence[str]) -> int:
    """How many characters all texts begin with."""
    low, high = min(texts), max(texts)
    return next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))


_NUMBERED = re.compile(r"(.*?)(_?[^\W\d_]+)(0|[1-9][0-9]*)(\D*)", re.DOTALL)

Candidate: TypeAlias = tuple[tuple[str, tuple[Any, ...]], ...]


def _candidates(texts: Sequence[str], atoms: Atoms) -> list[Candidate]:
    """(kind, values) of the parameters by which texts may differ, the best first."""
    front, back = _middles(texts)
    first = texts[0]
    front = next((i for i, c in enumerate(first[:front]) if c in atoms.slots), front)
    back = next((i for i, c in enumerate(first[::-1][:back]) if c in atoms.slots), back)
    wide_front, wide_back = front, back
    while wide_front and first[wide_front - 1].isalnum():
        wide_front -= 1
    while wide_back and first[len(first) - wide_back].isalnum():
        wide_back -= 1
    found: list[tuple[str, tuple[Any, ...]]] = [("text", tuple(t[wide_front : len(t) - wide_back] for t in texts))]
    while front and first[front - 1] in "0123456789":
        front -= 1
    while back and first[len(first) - back] in "0123456789":
        back -= 1
    tight = tuple(t[front : len(t) - back] for t in texts)
    if all(t.isdecimal() and str(int(t)) == t for t in tight):
        found.append(("int", tuple(int(t) for t in tight)))
    found.append(("text", tight))
    single: list[Candidate] = [((kind, values),) for kind, values in found if all(str(v) for v in values)]
    return single + _stem_and_number(texts) + [(("text", tuple(texts)),)]


def _stem_and_number(texts: Sequence[str]) -> list[Candidate]:
    """`unit1_bn1`, `unit1_bn2`, `unit2_bn1` as a text, a fixed word and a number."""
    parts = [m.groups() for t in texts if (m := _NUMBERED.fullmatch(t)) is not None]
    fixed = {(word, tail) for _, word, _, tail in parts}
    if len(parts) < len(texts) or len(fixed) > 1 or len({n for _, _, n, _ in parts}) == 1:
        return []
    return [(("text", tuple(stem for stem, _, _, _ in parts)), ("int", tuple(int(n) for _, _, n, _ in parts)))]


def _could_help(candidate: Candidate, texts: Sequence[str]) -> bool:
    """Whether any of the parameters occurs in the first and last of the texts."""
    return any(
        all(str(values[i]) in texts[i] if kind == "text" else any(map(str.isdigit, texts[i])) for i in (0, -1))
        for kind, values in candidate
    )


class Unified:
    """Places with the same fields, as one set of values over parameters.

    Attributes:
        values: for every field a constant, a `Slot`, or a text with atoms.
        columns: the parameters with their values at every place.
    """

    def __init__(self, labels: Sequence[tuple[str, ...]], rows: Sequence[Sequence[Any]], atoms: Atoms):
        self.atoms, self.columns = atoms, []
        self.values: list[Any] = [None] * len(labels)
        self._taken: set[str] = set()
        texts: dict[int, list[str]] = {}
        for i, label in enumerate(labels):
            column = [row[i] for row in rows]
            if all(same(v, column[0]) for v in column) and atoms.is_constant(column[0]):
                self.values[i] = column[0]
            elif all(isinstance(v, str) and len(v) <= _LONGEST for v in column) and label[0] in ("name", "var", "text"):
                texts[i] = column
            else:
                self.values[i] = self._typed(label, column)
        self._texts(labels, texts)

    def _typed(self, label: tuple[str, ...], values: list[Any]) -> Any:
        many = len({repr(v) for v in values}) >= 3
        for c in self.columns:
            if (many or c.param.name == label[-1]) and all(same(a, b) for a, b in zip(c.values, values, strict=True)):
                return self._use(c)
        parts = self._by_parts(values)
        if parts is not None:
            return parts
        if label[0] == "int" and all(type(v) is int for v in values):
            counted = (
                slot for c in self.columns if c.param.kind == "int" and (slot := linear(c, values, scaled=False))
            )
            return next(counted, None) or self._use(self._new(label[-1], "int", values))
        is_text = all(isinstance(v, str) for v in values)
        return self._use(self._new(label[-1], "text" if is_text else "value", values))

    def _by_parts(self, values: list[Any]) -> tuple[Any, ...] | None:
        """Tuples of which each item is constant or a parameter that is there: `(num_filter, 0, 3, 3)`."""
        if not all(isinstance(v, tuple) and v and len(v) == len(values[0]) for v in values):
            return None
        made = []
        for items in zip(*values, strict=True):
            if all(same(v, items[0]) for v in items) and self.atoms.is_constant(items[0]):
                made.append(items[0])
                continue
            known = (c for c in self.columns if all(same(a, b) for a, b in zip(c.values, items, strict=True)))
            column = next(known, None)
            if column is None:
                return None
            made.append(self._use(column))
        return tuple(made)

    def _use(self, column: Column) -> Any:
        slot = Slot(column.param)
        return self.atoms.char(slot) if column.param.kind == "text" else slot

    def _new(self, name: str, kind: str, values: Sequence[Any]) -> Column:
        free = name if name not in self._taken else next(n for i in count(2) if (n := f"{name}{i}") not in self._taken)
        self._taken.add(free)
        made = Column(Param(free, kind), list(values))
        self.columns.append(made)
        return made

    def _texts(self, labels: Sequence[tuple[str, ...]], open_: dict[int, list[str]]) -> None:
        """Explains the texts by as few parameters as a greedy search finds."""
        while open_:
            for i in list(open_):
                found = explain(open_[i], self.columns, self.atoms)
                if found is not None:
                    self.values[i] = found
                    del open_[i]
            if not open_:
                return
            tried: dict[Candidate, int] = {}
            proposed: Counter[Candidate] = Counter()
            some = list(open_.values())[:: len(open_) // _COMPARED + 1]
            for texts in some:
                for rank, candidate in enumerate(_candidates(texts, self.atoms)):
                    # beside a name, a number in a text is a number of its own
                    beside = candidate[0][0] == "int" and "name" in self._taken
                    tried.setdefault(candidate, 1 if beside else -rank)
                    proposed[candidate] += 1
            best: tuple[tuple[float, int], Candidate] | None = None
            for candidate, _ in proposed.most_common(_PROPOSALS):
                score = self._score(candidate, some, tried[candidate], best[0] if best else (-inf, 0))
                if score is not None:
                    best = score, candidate
            for kind, values in best[1] if best else ():
                self._new(self._name(kind, next(iter(open_)), labels), kind, values)

    def _score(
        self, candidate: Candidate, texts: Sequence[list[str]], rank: int, least: tuple[float, int]
    ) -> tuple[float, int] | None:
        """(texts that a candidate explains, less its own number; rank); None when that is not above `least`.

        The texts are tried no longer than they can make it that.
        """
        columns = [*self.columns, *(Column(Param("", kind), list(values)) for kind, values in candidate)]
        score = len(texts) + 1 - len(candidate)
        for t in texts:
            if (score, rank) <= least:
                return None
            if not _could_help(candidate, t) or explain(t, columns, self.atoms) is None:
                score -= 1
        return (score, rank) if (score, rank) > least else None

    def _name(self, kind: str, first: int, labels: Sequence[tuple[str, ...]]) -> str:
        if kind == "text" and "name" not in self._taken:
            return "name"
        return f"{labels[first][1]}_{'number' if kind == 'int' else 'name'}" if len(labels[first]) > 1 else "number"


def same(a: Any, b: Any) -> bool:
    """Equal and of one type: 1, 1.0 and True are three values."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b
