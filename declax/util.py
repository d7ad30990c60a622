"""NumPy shape semantics on or off, per thread, as `mx.util` has them.

Off (the default): a shape of `()` or a dimension of 0 means "unknown" and a full reduction gives shape `(1,)`.
On: `()` is a scalar, 0 an empty dimension, -1 means "unknown".
"""

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any


class _Flags(threading.local):
    np_shape = False
    np_array = False


_flags = _Flags()


def is_np_shape() -> bool:
    """Whether NumPy shape semantics are on in this thread."""
    return _flags.np_shape


def is_np_array() -> bool:
    """Whether NumPy array semantics are on in this thread."""
    return _flags.np_array


def set_np_shape(active: bool) -> bool:
    """Turns NumPy shape semantics on or off in this thread; returns what was set before."""
    before, _flags.np_shape = _flags.np_shape, bool(active)
    return before


class _Scope:
    """A flag of `_flags` set inside a `with` block or a decorated function."""

    def __init__(self, flag: str, active: bool):
        self._flag, self._active, self._before = flag, bool(active), []

    def __enter__(self) -> "_Scope":
        self._before.append(getattr(_flags, self._flag))
        setattr(_flags, self._flag, self._active)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        setattr(_flags, self._flag, self._before.pop())

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def inside(*args, **kwargs):
            with _Scope(self._flag, self._active):
                return function(*args, **kwargs)

        return inside


def np_shape(active: bool = True) -> _Scope:
    """A scope (and decorator) with NumPy shape semantics on or off.

    >>> with np_shape(True):
    ...     is_np_shape()
    True
    """
    return _Scope("np_shape", active)


def np_array(active: bool = True) -> _Scope:
    """A scope (and decorator) with NumPy array semantics on or off."""
    return _Scope("np_array", active)


def use_np_shape(function: Callable) -> Callable:
    """Decorator: the function runs with NumPy shape semantics."""
    return np_shape(True)(function)


def set_np(shape: bool = True, array: bool = True) -> None:
    """Turns NumPy semantics on in this thread."""
    if array and not shape:
        raise ValueError("NumPy array semantics need NumPy shape semantics: set_np(shape=True, array=True)")
    _flags.np_shape, _flags.np_array = bool(shape), bool(array)


def reset_np() -> None:
    """Turns NumPy semantics off in this thread."""
    set_np(shape=False, array=False)


class ClassProperty:
    """A value that is computed when a class is asked for it: `current = ClassProperty(lambda: ...)`."""

    def __init__(self, function: Callable[[], Any]):
        self.function = function

    def __get__(self, instance: Any, owner: type) -> Any:
        return self.function()
