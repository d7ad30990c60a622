"""Automatic names: `NameManager` counts per hint, `Prefix` puts a text before every name; both are scopes."""

import threading
from types import TracebackType

from declax.util import ClassProperty


class _Stack(threading.local):
    def __init__(self):
        self.managers = [NameManager()]


class NameManager:
    """Gives names to nodes that were declared without one.

    >>> names = NameManager()
    >>> names.get(None, "conv"), names.get(None, "conv"), names.get("mine", "conv")
    ('conv0', 'conv1', 'mine')
    """

    current = ClassProperty(lambda: current())
    """The innermost manager of this thread."""

    def __init__(self):
        self._counter: dict[str, int] = {}

    def get(self, name: str | None, hint: str) -> str:
        """`name` when given, else `hint` and a number that counts this hint's uses."""
        if name:
            return name
        number = self._counter.get(hint, 0)
        self._counter[hint] = number + 1
        return f"{hint}{number}"

    def __enter__(self) -> "NameManager":
        _stack.managers.append(self)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _stack.managers.pop()


class Prefix(NameManager):
    """A NameManager that puts `prefix` before every name, given or automatic.

    >>> Prefix("layer1_").get("fc", "fullyconnected")
    'layer1_fc'
    """

    def __init__(self, prefix: str):
        super().__init__()
        self._prefix = prefix

    def get(self, name: str | None, hint: str) -> str:
        return self._prefix + super().get(name, hint)


_stack = _Stack()


def current() -> NameManager:
    """The innermost NameManager of this thread."""
    return _stack.managers[-1]
