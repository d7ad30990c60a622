"""Numbers that are parameters take part as numbers: written as large ones while what texts share is looked for."""

import re
from collections.abc import Sequence
from typing import Any

from declax.source.templates import Atoms, Param, Slot, Unified

_FIRST = 10**11
_APART = 10**6  # between the numbers that stand for two parameters
_LONG = re.compile(r"\d{6,}")
"""Longer than any number that is counted with, and than half of one that stands for a parameter."""


def unified(labels: Sequence[tuple[str, ...]], rows: Sequence[Sequence[Any]], atoms: Atoms) -> Unified:
    """`Unified`, in which a parameter plus a constant counts as the number that it is.

    Such numbers stand in the rows as large ones, too far apart for two parameters to differ by a constant. Where one
    of them would be taken apart, parameters are texts like others.
    """
    counting = _Counting(atoms)
    written = [list(row) for row in rows]
    for i in range(len(labels)):
        for row, value in zip(written, counting.written([row[i] for row in rows]), strict=True):
            row[i] = value
    found = Unified(labels, written, atoms)
    if not counting.is_used:
        return found
    if not all(counting.can_read(v) for v in found.values) or not all(
        counting.can_read(v, whole=True) for c in found.columns for v in c.values
    ):
        return Unified(labels, rows, atoms)
    found.values = [counting.read(v) for v in found.values]
    for column in found.columns:
        column.values = [counting.read(v) for v in column.values]
    return found


class _Counting:
    """Numbers that stand for `parameter + offset`, and the way back."""

    def __init__(self, atoms: Atoms):
        self._atoms = atoms
        self._params: list[Param] = []

    @property
    def is_used(self) -> bool:
        """Whether any parameter was written as a number."""
        return bool(self._params)

    def written(self, column: Sequence[Any]) -> list[Any]:
        """One field's values, in which parameters stand as numbers where they differ from place to place."""
        if all(isinstance(v, Slot | int) for v in column):
            if len(set(column)) == 1:
                return list(column)
            return [self._number(v) if _is_counter(v) else v for v in column]
        if not all(isinstance(v, str) for v in column) or all(map(self._atoms.is_constant, column)):
            return list(column)
        parts = [self._atoms.split(v) for v in column]
        slots = [[p for p in ps if isinstance(p, Slot)] for ps in parts]
        if len({len(s) for s in slots}) > 1 or any(_LONG.search(v) for v in column):
            return list(column)
        varies = [len(set(at)) > 1 for at in zip(*slots, strict=True)]
        return [self._text(ps, varies) for ps in parts]

    def _text(self, parts: Sequence[str | Slot], varies: Sequence[bool]) -> str:
        made: list[str] = []
        at = 0
        for before, part, after in zip(["", *parts], parts, [*parts[1:], ""], strict=False):
            if isinstance(part, str):
                made.append(part)
                continue
            counts = varies[at] and _is_counter(part) and not _touches(before, -1) and not _touches(after, 0)
            made.append(str(self._number(part)) if counts else self._atoms.char(part))
            at += 1
        return "".join(made)

    def can_read(self, value: Any, whole: bool = False) -> bool:
        """Whether a value holds no piece of a number; with `whole` it may hold numbers themselves."""
        if isinstance(value, str):
            return all(whole and self._is_written(int(m[0])) for m in _LONG.finditer(value))
        if isinstance(value, tuple):
            return all(self.can_read(v, whole) for v in value)
        return whole or type(value) is not int or not self._is_written(value)

    def read(self, value: Any) -> Any:
        """The value again."""
        if isinstance(value, str):
            return _LONG.sub(lambda m: self._atoms.char(self._slot(int(m[0]))), value)
        if isinstance(value, tuple):
            return tuple(map(self.read, value))
        return self._slot(value) if type(value) is int and self._is_written(value) else value

    def _number(self, slot: Slot) -> int:
        if slot.param not in self._params:
            self._params.append(slot.param)
        return _FIRST + self._params.index(slot.param) * _APART + _APART // 2 + slot.offset

    def _is_written(self, number: int) -> bool:
        return _FIRST <= number < _FIRST + len(self._params) * _APART

    def _slot(self, number: int) -> Slot:
        place, rest = divmod(number - _FIRST, _APART)
        return Slot(self._params[place], 1, rest - _APART // 2)


def _is_counter(value: Any) -> bool:
    """Whether a value is a whole number that a parameter is, or that plus a constant."""
    is_whole = isinstance(value, Slot) and value.param.kind == "int" and value.scale == 1
    return is_whole and abs(value.offset) < _APART // 8


def _touches(part: str | Slot, end: int) -> bool:
    """Whether what stands beside a number would run into it."""
    return isinstance(part, Slot) or part[end:][:1].isdigit()
