"""Operators that put arrays together or make more of one: Concat, stack, tile, repeat, Pad."""

from typing import Literal

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.attrs import attr
from declax.ops.axes import canonical_axis
from declax.registry import Tensor, op
from declax.shapes import PartialShape, ShapeConflict, merge, merge_dim, product, show


def _concat_rule(ins: rules.Shapes, outs: rules.Shapes, dim: int) -> None:
    """Inputs agree but for one axis, where they add up; an unknown size on that axis is not solved for.

    MXNet takes an input of unknown rank for empty on that axis, and infer_shape_partial shows it; so does this.
    """
    known = next((s for s in (*ins, outs[0]) if s is not None), None)
    if known is None:
        return
    if not known:
        raise ShapeConflict("zero-dimensional arrays cannot be concatenated")
    axis = canonical_axis(dim, len(known))
    rest: PartialShape = None
    for s in (*ins, outs[0]):
        rest = merge(rest, s and (*s[:axis], None, *s[axis + 1 :]))
    assert rest is not None
    sizes = [s[axis] for s in ins if s is not None]
    for i, s in enumerate(ins):
        ins[i] = (*rest[:axis], None if s is None else s[axis], *rest[axis + 1 :])
    total = None if None in sizes or not sizes else sum(d for d in sizes if d is not None)
    rules.assign(outs, 0, (*rest[:axis], total, *rest[axis + 1 :]))


@op(aliases=("concat", "_sparse_concat"), num_args="num_args", shape=_concat_rule)
def Concat(*data: Tensor, num_args: int = attr(ge=1), dim: int = 1):
    """Joins arrays along one axis.

    Shapes: data (..., d_i, ...) -> (..., sum of d_i, ...); the other sizes are solved in both directions.
    """
    return lax.concatenate(data, canonical_axis(dim, data[0].ndim))


def _rnn_param_concat_rule(ins: rules.Shapes, outs: rules.Shapes, dim: int) -> None:
    _concat_rule(ins, outs, dim)
    whole = outs[0]
    if whole is None:
        return
    axis = canonical_axis(dim, len(whole))
    total = whole[axis]
    sizes = [s[axis] for s in ins if s is not None]
    unknown = sizes.count(None)
    if total is None or unknown == 0:
        return
    residual = total - sum(d for d in sizes if d is not None)
    if residual < 0:
        raise ShapeConflict(f"Input size already exceeds output size. Residual: {residual}")
    if unknown > 2:
        raise ShapeConflict(f"Expecting 1 or 2 inputs that need shape inference. Got: {unknown}")
    for i, s in enumerate(ins):
        assert s is not None
        ins[i] = (*s[:axis], merge_dim(s[axis], residual // unknown if s[axis] is None else None), *s[axis + 1 :])


@op(aliases=("_npi_rnn_param_concat",), num_args="num_args", shape=_rnn_param_concat_rule)
def _rnn_param_concat(*data: Tensor, num_args: int = attr(ge=1), dim: int = 1):
    """Joins the parameters of a recurrent network; one or two unknown sizes share what the output leaves over.

    Shapes: data (..., d_i, ...) -> (..., sum of d_i, ...), solved in both directions.
    """
    return lax.concatenate(data, canonical_axis(dim, data[0].ndim))


def _stack_rule(ins: rules.Shapes, outs: rules.Shapes, axis: int) -> None:
    one: PartialShape = None
    for s in ins:
        one = merge(one, s)
    if one is not None and None not in one:
        at = canonical_axis(axis, len(one) + 1)
        rules.assign(outs, 0, (*one[:at], len(ins), *one[at:]))


@op(num_args="num_args", shape=_stack_rule)
def stack(*data: Tensor, axis: int = 0, num_args: int = attr(ge=1)):
    """Joins arrays of one shape along a new axis.

    Shapes: n times data (d0, ..., dm) -> (d0, ..., n, ..., dm).
    """
    return jnp.stack(data, axis)


def _tiled(data: tuple[int, ...], reps: tuple[int, ...]) -> tuple[int, ...]:
    rank = max(len(data), len(reps))
    return tuple(d * r for d, r in zip((1,) * (rank - len(data)) + data, (1,) * (rank - len(reps)) + reps, strict=True))


def _tile_rule(ins: rules.Shapes, outs: rules.Shapes, reps: tuple[int, ...]) -> None:
    if any(r < 0 for r in reps):
        raise ShapeConflict(f"reps={reps} cannot be negative")
    if ins[0] is not None and None not in ins[0]:
        rules.assign(outs, 0, _tiled(ins[0], reps))  # pyright: ignore[reportArgumentType]


@op(aliases=("_npi_tile",), shape=_tile_rule)
def tile(data: Tensor, *, reps: tuple[int, ...] = attr()):
    """Repeats the whole array reps[i] times along axis i, aligned at the last axis.

    Shapes: data (d0, ..., dn) -> (reps[0] d0, ..., reps[n] dn).
    """
    return jnp.tile(data, reps)


def _repeat_rule(ins: rules.Shapes, outs: rules.Shapes, repeats: int, axis: int | None) -> None:
    data = ins[0]
    if data is None:
        return
    if repeats < 0:
        raise ShapeConflict(f"repeats cannot be a negative number, got {repeats}")
    at = None if axis is None else canonical_axis(axis, len(data))
    if repeats == 0:
        rules.assign(outs, 0, (0,))
    elif at is None:
        count = product(data)
        rules.assign(outs, 0, (None if count is None else count * repeats,))
    else:
        size = data[at]
        rules.assign(outs, 0, (*data[:at], None if size is None else size * repeats, *data[at + 1 :]))


@op(aliases=("_np_repeat",), shape=_repeat_rule)
def repeat(data: Tensor, *, repeats: int = attr(), axis: int | None = None):
    """Repeats every element `repeats` times along `axis`, or of the flattened array.

    Shapes: data (..., d, ...) -> (..., repeats d, ...); (repeats size,) without an axis; (0,) for no repeats.
    """
    if repeats == 0:
        return jnp.zeros((0,), data.dtype)
    x, at = (data.reshape(-1), 0) if axis is None else (data, canonical_axis(axis, data.ndim))
    wide = jnp.broadcast_to(jnp.expand_dims(x, at + 1), (*x.shape[: at + 1], repeats, *x.shape[at + 1 :]))
    return wide.reshape(*x.shape[:at], x.shape[at] * repeats, *x.shape[at + 1 :])


def _pad_rule(ins: rules.Shapes, outs: rules.Shapes, mode: str, pad_width: tuple[int, ...]) -> None:
    data = ins[0]
    if data is None:
        return
    if len(data) not in (4, 5):
        raise ShapeConflict(f"Current implementation only supports 4-D or 5-D input, got {show(data)}")
    if any(pad_width[:4]):
        raise ShapeConflict("Current implementation expects padding on the first two axes to be zero.")
    if len(pad_width) != 2 * len(data):
        raise ShapeConflict(f"Input shape vs padding spec mismatch: pad_width={pad_width}, data {show(data)}")
    before, after = pad_width[::2], pad_width[1::2]
    if mode == "reflect":
        for d, a, b in zip(data[2:], before[2:], after[2:], strict=True):
            if d is not None and max(a, b) >= d:
                raise ShapeConflict("reflection padding only supports padding sizes smaller than the input size.")
    rules.assign(outs, 0, tuple(None if d is None else d + a + b for d, a, b in zip(data, before, after, strict=True)))


@op(aliases=("pad",), shape=_pad_rule, needs_shape=True)
def Pad(
    data: Tensor,
    *,
    mode: Literal["constant", "edge", "reflect"] = attr(),
    pad_width: tuple[int, ...] = attr(),
    constant_value: float = 0.0,
):
    """Adds pad_width[2 i] elements before and pad_width[2 i + 1] after axis i, of the plane or volume only.

    Shapes: data (N, C, [D,] H, W) -> (N, C, [D + ...,] H + ..., W + ...). `constant` fills in constant_value, `edge`
    repeats the border, `reflect` mirrors the inside.
    """
    widths = list(zip(pad_width[::2], pad_width[1::2], strict=True))
    if mode == "constant":
        value = jnp.asarray(constant_value).astype(data.dtype)
        return lax.pad(data, value, [(a, b, 0) for a, b in widths])
    return jnp.pad(data, widths, mode=mode)
