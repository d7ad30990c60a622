"""Arithmetic, comparison and logic with broadcasting, and plain broadcasting: broadcast_add, broadcast_to ..."""

from collections.abc import Callable

import jax.numpy as jnp

from declax.ops import pointwise as p
from declax.registry import Tensor, op
from declax.rules import Shapes, Types, assign, assign_type
from declax.shapes import PartialShape, ShapeConflict, is_complete, show


def _dim(a: int | None, b: int | None) -> int | None:
    """The dimension that two dimensions broadcast to; MXNet says nothing while either is unknown."""
    if a is None or b is None:
        return None
    if a != b and a != 1 and b != 1:
        raise ShapeConflict("")
    return b if a == 1 else a


def broadcast_shape(ins: Shapes, outs: Shapes) -> None:
    """The output has the shape that both inputs broadcast to, aligned at the last axis; nothing flows back."""
    a, b = ins
    if a is None or b is None:
        return
    if a == b:
        assign(outs, 0, a)
        return
    rank = max(len(a), len(b))
    left, right = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    try:
        assign(outs, 0, tuple(map(_dim, left, right)))
    except ShapeConflict as e:
        if str(e):
            raise
        raise ShapeConflict(f"operands could not be broadcast together with shapes {show(a)} {show(b)}") from None


def _register(name: str, aliases: str, function: Callable, sentence: str, loss: bool = False) -> None:
    """One operator on two arrays that broadcast."""

    def body(lhs: Tensor, rhs: Tensor):
        return function(lhs, rhs)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = (
        f"{sentence}\n\nShapes: lhs and rhs broadcast to the output, aligned at the last axis; all have one type, "
        "inferred in every direction."
    )
    op(name, aliases=aliases.split(), loss=loss, shape=broadcast_shape)(body)


_TABLE: tuple[tuple[str, str, Callable, str], ...] = (
    (
        "broadcast_add",
        "_sparse_broadcast_add _sparse_broadcast_plus broadcast_plus",
        p.add,
        "lhs + rhs with broadcasting.",
    ),
    (
        "broadcast_sub",
        "_sparse_broadcast_minus _sparse_broadcast_sub broadcast_minus",
        p.subtract,
        "lhs - rhs with broadcasting.",
    ),
    ("broadcast_mul", "_sparse_broadcast_mul", p.multiply, "lhs * rhs with broadcasting."),
    (
        "broadcast_div",
        "_sparse_broadcast_div",
        p.divide,
        "lhs / rhs with broadcasting; whole numbers are cut towards zero.",
    ),
    ("broadcast_mod", "", p.mod, "The remainder of lhs / rhs with broadcasting; the sign of rhs, 0 where rhs is 0."),
    ("broadcast_power", "", p.power, "lhs to the power of rhs with broadcasting."),
    ("broadcast_hypot", "", p.hypot, "sqrt(lhs^2 + rhs^2) with broadcasting, without overflow."),
    ("broadcast_maximum", "_npi_maximum", p.maximum, "The larger, with broadcasting; a tie's gradient goes to lhs."),
    ("broadcast_minimum", "_npi_minimum", p.minimum, "The smaller, with broadcasting; a tie's gradient goes to lhs."),
)

_TRUTHS: tuple[tuple[str, str, Callable, str], ...] = (
    ("broadcast_equal", "", p.equal, "lhs == rhs with broadcasting,"),
    ("broadcast_not_equal", "", p.not_equal, "lhs != rhs with broadcasting,"),
    ("broadcast_greater", "", p.greater, "lhs > rhs with broadcasting,"),
    ("broadcast_greater_equal", "", p.greater_equal, "lhs >= rhs with broadcasting,"),
    ("broadcast_lesser", "", p.lesser, "lhs < rhs with broadcasting,"),
    ("broadcast_lesser_equal", "", p.lesser_equal, "lhs <= rhs with broadcasting,"),
    ("broadcast_logical_and", "", p.logical_and, "both are not 0, with broadcasting,"),
    ("broadcast_logical_or", "", p.logical_or, "one of them is not 0, with broadcasting,"),
    ("broadcast_logical_xor", "", p.logical_xor, "exactly one of them is not 0, with broadcasting,"),
)

for _row in _TABLE:
    _register(*_row)
for _name, _aliases, _function, _what in _TRUTHS:
    _sentence = f"1 where {_what} and 0 elsewhere, in the type of the inputs; no gradient."
    _register(_name, _aliases, _function, _sentence, loss=True)


def _towards(data: tuple[int | None, ...], shape: tuple[int | None, ...]) -> PartialShape:
    """`shape`, with `data`'s dimensions where it has none; ShapeConflict unless data broadcasts to it."""
    if len(data) != len(shape):
        raise ShapeConflict(f"Operand of shape {show(data)} cannot be broadcasted to {show(shape)}")
    for d, s in zip(data, shape, strict=True):
        if None not in (d, s) and d not in (s, 1):
            raise ShapeConflict(f"Array cannot be broadcasted from {show(data)} to {show(shape)}")
    return tuple(d if s is None else s for d, s in zip(data, shape, strict=True))


def _to_shape(ins: Shapes, outs: Shapes, shape: tuple[int, ...]) -> None:
    if ins[0] is not None:
        assign(outs, 0, _towards(ins[0], tuple(s or None for s in shape)))


@op(shape=_to_shape)
def broadcast_to(data: Tensor, *, shape: tuple[int, ...] = ()):
    """Repeats data along its axes of size 1 until it has `shape`.

    Shapes: data (d_1, ..., d_n) -> `shape` of the same rank; 0 in `shape` keeps the dimension of data.
    """
    return jnp.broadcast_to(data, tuple(s or d for s, d in zip(shape, data.shape, strict=True)))


def _axis_shape(ins: Shapes, outs: Shapes, axis: tuple[int, ...], size: tuple[int, ...]) -> None:
    data = ins[0]
    if len(axis) != len(size):
        raise ShapeConflict(f"axis={axis} and size={size} must be of one length")
    if data is None or not is_complete(data):
        return
    out = list(data)
    for a, s in zip(axis, size, strict=True):
        if not 0 <= a < len(out):
            raise ShapeConflict(f"axis {a} must be in range [0, {len(out)})")
        if out[a] != 1:
            raise ShapeConflict(f"Broadcasting axis must have size 1: axis {a} of {show(data)}")
        out[a] = s
    assign(outs, 0, tuple(out))


@op(aliases=("broadcast_axes",), shape=_axis_shape)
def broadcast_axis(data: Tensor, *, axis: tuple[int, ...] = (), size: tuple[int, ...] = ()):
    """Repeats data along each `axis`, which must have size 1, to the `size` at the same place.

    Shapes: data (d_1, ..., d_n) -> the same with d_axis = size. Negative axes are an error, as in MXNet.
    """
    shape = list(data.shape)
    for a, s in zip(axis, size, strict=True):
        shape[a] = s
    return jnp.broadcast_to(data, shape)


def _like(lhs: PartialShape, rhs: PartialShape, lhs_axes: tuple | None, rhs_axes: tuple | None) -> PartialShape:
    """The shape to which broadcast_like takes lhs; both ranks are known."""
    assert lhs is not None
    assert rhs is not None
    if lhs_axes is None or rhs_axes is None:
        return tuple(None if r is None and d == 1 else d for r, d in zip(rhs, _towards(lhs, rhs) or (), strict=True))
    if len(lhs_axes) != len(rhs_axes):
        raise ShapeConflict(f"lhs_axes={lhs_axes} and rhs_axes={rhs_axes} must be of one length")
    if not lhs_axes:
        raise ShapeConflict("lhs_axes=() and rhs_axes=(): Empty axes tuple is not allowed")
    out = list(lhs)
    for left, right in zip(lhs_axes, rhs_axes, strict=True):
        if not -len(lhs) <= left < len(lhs):
            raise ShapeConflict(f"lhs_axes={lhs_axes} is out of range for {show(lhs)}")
        if not -len(rhs) <= right < len(rhs):
            raise ShapeConflict(f"rhs_axes={rhs_axes} is out of range for {show(rhs)}")
        if lhs[left] not in (1, None):
            raise ShapeConflict(f"Input axis {left} at dimension of {show(lhs)} cannot be broadcasted to {rhs[right]}")
        out[left] = rhs[right]
    return tuple(out)


def _like_shape(ins: Shapes, outs: Shapes, lhs_axes: tuple | None, rhs_axes: tuple | None) -> None:
    if ins[0] is not None and ins[1] is not None:
        assign(outs, 0, _like(ins[0], ins[1], lhs_axes, rhs_axes))


def _like_type(ins: Types, outs: Types) -> None:
    if all(t is not None for t in ins):
        assign_type(outs, 0, ins[0])


@op(shape=_like_shape, types=_like_type)
def broadcast_like(
    lhs: Tensor, rhs: Tensor, *, lhs_axes: tuple[int, ...] | None = None, rhs_axes: tuple[int, ...] | None = None
):
    """Repeats lhs along its axes of size 1 to the shape of rhs, or only `lhs_axes` to the sizes of `rhs_axes`.

    Shapes: lhs and rhs of one rank -> rhs's shape; with both axes given, lhs's shape with those axes of rhs. Only the
    shape of rhs matters; its type is free and its gradient 0.
    """
    return jnp.broadcast_to(lhs, _like(lhs.shape, rhs.shape, lhs_axes, rhs_axes))
