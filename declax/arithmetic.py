"""Python's operators for Symbol and NDArray: one table of the registered operators behind `+`, `<`, `**` ..."""

from numbers import Number
from typing import Any, NamedTuple

import numpy as np


class Row(NamedTuple):
    """The operators behind one Python operator, with the hints that automatic names are made from."""

    symbol: str
    """On two symbols, whose shapes must agree."""
    hint: str
    array: str
    """On two arrays, which broadcast."""
    scalar: str
    """With a number on the right, or on the left for a reversed row, whose `symbol` is empty."""
    scalar_hint: str


ADD = Row("elemwise_add", "_plus", "broadcast_add", "_plus_scalar", "_plusscalar")
SUBTRACT = Row("elemwise_sub", "_minus", "broadcast_sub", "_minus_scalar", "_minusscalar")
MULTIPLY = Row("elemwise_mul", "_mul", "broadcast_mul", "_mul_scalar", "_mulscalar")
DIVIDE = Row("elemwise_div", "_div", "broadcast_div", "_div_scalar", "_divscalar")
MODULO = Row("_mod", "_mod", "broadcast_mod", "_mod_scalar", "_modscalar")
POWER = Row("_power", "_power", "broadcast_power", "_power_scalar", "_powerscalar")
EQUAL = Row("_equal", "_equal", "broadcast_equal", "_equal_scalar", "_equal_scalar")
NOT_EQUAL = Row("_not_equal", "_not_equal", "broadcast_not_equal", "_not_equal_scalar", "_not_equal_scalar")
GREATER = Row("_greater", "_greater", "broadcast_greater", "_greater_scalar", "_greater_scalar")
GREATER_EQUAL = Row(
    "_greater_equal", "_greater_equal", "broadcast_greater_equal", "_greater_equal_scalar", "_greater_equal_scalar"
)
LESSER = Row("_lesser", "_lesser", "broadcast_lesser", "_lesser_scalar", "_lesser_scalar")
LESSER_EQUAL = Row(
    "_lesser_equal", "_lesser_equal", "broadcast_lesser_equal", "_lesser_equal_scalar", "_lesser_equal_scalar"
)
R_SUBTRACT = Row("", "", "broadcast_sub", "_rminus_scalar", "_rminusscalar")
R_DIVIDE = Row("", "", "broadcast_div", "_rdiv_scalar", "_rdivscalar")
R_MODULO = Row("", "", "broadcast_mod", "_rmod_scalar", "_rmodscalar")
R_POWER = Row("", "", "broadcast_power", "_rpower_scalar", "_rpower_scalar")


class Arithmetic:
    """Python's operators in terms of `_two(row, other)`, which a tensor class writes for other tensors and numbers."""

    __slots__ = ()

    def _two(self, row: Row, other: Any) -> Any:
        raise AssertionError("written by each tensor class")

    def __add__(self, other: Any) -> Any:
        return self._two(ADD, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self._two(SUBTRACT, other)

    def __rsub__(self, other: Any) -> Any:
        return self._two(R_SUBTRACT, other)

    def __mul__(self, other: Any) -> Any:
        return self._two(MULTIPLY, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._two(DIVIDE, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._two(R_DIVIDE, other)

    __div__, __rdiv__ = __truediv__, __rtruediv__

    def __mod__(self, other: Any) -> Any:
        return self._two(MODULO, other)

    def __rmod__(self, other: Any) -> Any:
        return self._two(R_MODULO, other)

    def __pow__(self, other: Any) -> Any:
        return self._two(POWER, other)

    def __rpow__(self, other: Any) -> Any:
        return self._two(R_POWER, other)

    def __neg__(self) -> Any:
        return self._two(MULTIPLY, -1.0)

    def __eq__(self, other: object) -> Any:
        return self._two(EQUAL, other)

    def __ne__(self, other: object) -> Any:
        return self._two(NOT_EQUAL, other)

    def __gt__(self, other: Any) -> Any:
        return self._two(GREATER, other)

    def __ge__(self, other: Any) -> Any:
        return self._two(GREATER_EQUAL, other)

    def __lt__(self, other: Any) -> Any:
        return self._two(LESSER, other)

    def __le__(self, other: Any) -> Any:
        return self._two(LESSER_EQUAL, other)

    __hash__ = object.__hash__


def is_number(value: Any) -> bool:
    """Whether a value can stand as the scalar of an operator."""
    return isinstance(value, Number | np.generic) and not isinstance(value, complex)


def as_scalar(value: Any) -> Any:
    """A number as a `scalar` attribute takes it: True and False as 1 and 0."""
    return int(value) if isinstance(value, bool | np.bool_) else value
