"""`AttrScope`: attributes that every node declared inside the scope receives."""

import threading
from collections.abc import Mapping
from types import TracebackType

from declax.util import ClassProperty


class AttrScope:
    """Attributes for every node declared inside `with AttrScope(...)`; inner scopes add to outer ones.

    Keys of operators must be written `__key__`; the hidden keys `ctx_group`, `lr_mult`, `wd_mult`,
    `force_mirroring` and `mirror_stage` may be written without the underscores. Values are strings.

    >>> with AttrScope(ctx_group="stage1"):
    ...     current().get({"a": "1"})
    {'ctx_group': 'stage1', 'a': '1'}
    """

    current = ClassProperty(lambda: current())
    """The innermost scope of this thread."""

    def __init__(self, **attributes: str):
        for value in attributes.values():
            if not isinstance(value, str):
                raise ValueError("Attributes need to be string")
        self._own = attributes
        self._entered: list[dict[str, str]] = []

    def get(self, attributes: Mapping[str, str] | None) -> dict[str, str]:
        """The scope's attributes with `attributes` on top."""
        scope = self._entered[-1] if self._entered else self._own
        return {**scope, **attributes} if attributes else dict(scope)

    def __enter__(self) -> "AttrScope":
        self._entered.append({**current().get(None), **self._own})
        _stack.scopes.append(self)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _stack.scopes.pop()
        self._entered.pop()


class _Stack(threading.local):
    def __init__(self):
        self.scopes = [AttrScope()]


_stack = _Stack()


def current() -> AttrScope:
    """The innermost AttrScope of this thread."""
    return _stack.scopes[-1]
