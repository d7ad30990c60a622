"""Operators on tensors; importing this package registers them."""

from declax.ops import (
    broadcast,
    cast,
    elementwise,
    scalar,
    unary,
)

__all__ = [
    "broadcast",
    "cast",
    "elementwise",
    "scalar",
    "unary",
]
