"""Axes counted from either end, as the rules and bodies of shape operators need them."""

from collections.abc import Sequence

from declax.shapes import ShapeConflict


def canonical_axis(axis: int, rank: int) -> int:
    """`axis` counted from the front; ShapeConflict when it is out of range."""
    if not -rank <= axis < rank:
        raise ShapeConflict(f"axis {axis} is out of range for {rank} dimensions")
    return axis % rank


def canonical_axes(axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """`axes` counted from the front, in order given; ShapeConflict when one is out of range or stands twice."""
    found = tuple(canonical_axis(a, rank) for a in axes)
    if len(set(found)) != len(found):
        raise ShapeConflict(f"axes {tuple(axes)} name one axis twice")
    return found
