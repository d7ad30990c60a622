"""Operators on tensors; importing this package registers them."""

from declax.ops import (
    broadcast,
    cast,
    creation,
    elementwise,
    indexing,
    joining,
    matrix,
    ordering,
    patches,
    reduce,
    scalar,
    scatter,
    shaping,
    slicing,
    unary,
)

__all__ = [
    "broadcast",
    "cast",
    "creation",
    "elementwise",
    "indexing",
    "joining",
    "matrix",
    "ordering",
    "patches",
    "reduce",
    "scalar",
    "scatter",
    "shaping",
    "slicing",
    "unary",
]
