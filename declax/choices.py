"""The choices that can be switched: their names, and which are in force on this thread. `dx.passes` offers them."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from declax.errors import nearest

_CHOICES = {
    "fold": "at inference, BatchNorm goes into the weights of the convolution or product before it",
    "exchange": "average pooling and 1x1 convolutions change places where that is less work",
    "layout": "convolutions and what stands between them run channels-last, with transposes only at the borders",
    "formulate": "convolutions run as products, shifted sums or blocks where that is faster, or as autotune found",
    "onednn": "convolutions run in oneDNN, with what is added and a ReLU in the same pass, where jaxlib carries it",
    "library": "compiled with XLA's faster kernels for products and convolutions, where the backend has them",
    "roll": "steps that repeat over shared weights, each fed by the one before, are compiled once and run as a loop",
    "stack": "blocks with weights of their own are rolled too, over stacked weights (off unless asked for)",
    "schedule": "compiled in the order that needs the least memory, where the backend can be told",
    "recompute": "what `force_mirroring` marks is computed again in the backward, not kept for it",
    "gradients": "convolutions, pooling and BatchNorm have gradients written for XLA, not those that JAX derives",
    "keep": "memory that a run frees stays with the process for the next one, from the first CPU that is used",
    "prepare": "what depends on parameters alone is computed when they change, not at every inference",
}
"""Every choice and what it does."""

_ON_REQUEST = frozenset({"stack"})
"""Choices that are off unless named: XLA compiles equal kernels once by itself, and stacks of weights take memory."""


def available() -> dict[str, str]:
    """Every choice by name, with what it does."""
    return dict(_CHOICES)


def from_environment(text: str) -> frozenset[str]:
    """The choices that a text like that of `DECLAX_PASSES` names."""
    words = [w.strip() for w in text.split(",") if w.strip()]
    starts_empty = bool(words) and (words[0] == "none" or not words[0].startswith("-"))
    chosen = set() if starts_empty else set(_CHOICES) - _ON_REQUEST
    for word in words:
        if word in ("none", "all"):
            chosen = set(_CHOICES) if word == "all" else set()
        elif word.startswith("-"):
            chosen.discard(_checked(word[1:]))
        else:
            chosen.add(_checked(word))
    return frozenset(chosen)


def _checked(name: str) -> str:
    if name not in _CHOICES:
        raise ValueError(f"there is no pass {name!r}{nearest(name, _CHOICES)}; there are {', '.join(_CHOICES)}")
    return name


class _Local(threading.local):
    enabled: frozenset[str] | None = None
    in_process: bool = False


_local = _Local()
_default = [from_environment(os.environ.get("DECLAX_PASSES", ""))]


def enabled() -> frozenset[str]:
    """The names of the choices in force on this thread."""
    return _default[0] if _local.enabled is None else _local.enabled


@contextmanager
def in_process() -> Iterator[None]:
    """What is traced inside is compiled for this process alone, never exported: kernels of this machine may be used."""
    before, _local.in_process = _local.in_process, True
    try:
        yield
    finally:
        _local.in_process = before


def is_in_process() -> bool:
    """Whether what is traced now is compiled for this process alone."""
    return _local.in_process


@contextmanager
def switched(**choices: bool) -> Iterator[None]:
    """Switches choices on or off, by name, for what is bound or traced inside; on this thread only.

    >>> with dx.passes.switched(layout=False):
    ...     "layout" in dx.passes.enabled()
    False
    """
    chosen = set(enabled())
    for name, on in choices.items():
        (chosen.add if on else chosen.discard)(_checked(name))
    with only(*chosen):
        yield


@contextmanager
def only(*names: str) -> Iterator[None]:
    """Switches everything off but the named choices; `only()` runs the graph as it was declared."""
    before = _local.enabled
    _local.enabled = frozenset(_checked(n) for n in names)
    try:
        yield
    finally:
        _local.enabled = before
