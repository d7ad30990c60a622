"""Operators on tensors; importing this package registers them."""

from declax.ops import (
    broadcast,
    cast,
    control_flow,
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
    "control_flow",
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
