"""Partial shapes: `None` is a shape of unknown rank, a `None` in a tuple an unknown dimension.

MXNet's own spelling of "unknown" (0 and `()`, or -1 and None under NumPy semantics) exists at the public
border only: `from_public` and `to_public` translate.
"""

from collections.abc import Sequence
from math import prod
from operator import index
from typing import TypeAlias

from declax.util import is_np_shape

Shape: TypeAlias = tuple[int, ...]
PartialShape: TypeAlias = tuple[int | None, ...] | None


class ShapeConflict(ValueError):
    """Two shapes that cannot be the same; infer.py adds the node to the message."""


def merge(a: PartialShape, b: PartialShape) -> PartialShape:
    """What is known of a shape from two partial views of it.

    >>> merge((2, None), (None, 3))
    (2, 3)
    """
    if a is None or a == b:
        return b
    if b is None:
        return a
    if len(a) != len(b):
        raise ShapeConflict(f"{show(a)} has {len(a)} dimensions, {show(b)} has {len(b)}")
    out = []
    for x, y in zip(a, b, strict=True):
        if x is not None and y is not None and x != y:
            raise ShapeConflict(f"{show(a)} and {show(b)} differ: {x} is not {y}")
        out.append(y if x is None else x)
    return tuple(out)


def merge_dim(a: int | None, b: int | None) -> int | None:
    """`merge` for one dimension."""
    if a is not None and b is not None and a != b:
        raise ShapeConflict(f"dimension {a} is not {b}")
    return b if a is None else a


def is_complete(shape: PartialShape) -> bool:
    """Whether the rank and every dimension are known."""
    return shape is not None and None not in shape


def size(shape: PartialShape) -> int | None:
    """Number of elements, None while any dimension is unknown."""
    return None if shape is None else product(shape)


def product(dims: Sequence[int | None]) -> int | None:
    """Product of dimensions, None while any is unknown."""
    known = [d for d in dims if d is not None]
    return prod(known) if len(known) == len(dims) else None


def show(shape: PartialShape) -> str:
    """A shape as people read it: `(2, ?, 3)`, or `?` when the rank is unknown."""
    if shape is None:
        return "?"
    inner = ", ".join("?" if d is None else str(d) for d in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def from_public(shape: Sequence[int] | None) -> PartialShape:
    """A user's shape. Legacy semantics: 0 and () are unknown; NumPy semantics: -1 and None are."""
    if shape is None:
        return None
    if is_np_shape():
        return tuple(None if d is None or d < 0 else index(d) for d in shape)
    if len(shape) == 0:
        return None
    return tuple(None if d is None or d <= 0 else index(d) for d in shape)


def to_public(shape: PartialShape) -> tuple[int, ...] | None:
    """The inverse of `from_public`."""
    if is_np_shape():
        return None if shape is None else tuple(-1 if d is None else d for d in shape)
    return () if shape is None else tuple(0 if d is None else d for d in shape)
