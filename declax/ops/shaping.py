"""Operators that give an array another shape and keep every element: Reshape, transpose, expand_dims and their kin."""

from collections.abc import Sequence
from math import prod

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.attrs import attr
from declax.ops.axes import canonical_axes, canonical_axis
from declax.registry import Tensor, op
from declax.shapes import PartialShape, ShapeConflict, is_complete, product, show, size


def _special_codes(codes: Sequence[int], dims: Sequence[int | None]) -> list[int | None]:
    """The target dimensions that Reshape's codes 0, -1, -2, -3 and -4 stand for; None where not known."""
    out: list[int | None] = []
    infer, source, i = None, 0, 0

    def take() -> int | None:
        nonlocal source
        if source >= len(dims):
            raise ShapeConflict(f"shape={tuple(codes)} asks for more dimensions than {show(tuple(dims))} has")
        source += 1
        return dims[source - 1]

    while i < len(codes):
        code = codes[i]
        if code == 0:
            out.append(take())
        elif code == -1:
            if infer is not None:
                raise ShapeConflict(f"shape={tuple(codes)}: One and only one dim can be inferred")
            infer = len(out)
            out.append(1)
            source += 1
        elif code == -2:
            out += dims[source:]
            source = len(dims)
        elif code == -3:
            out.append(product((take(), take())))
        elif code == -4:
            if i + 2 >= len(codes):
                raise ShapeConflict(f"shape={tuple(codes)}: -4 needs two dimensions after it")
            out += _split_dim(take(), codes[i + 1], codes[i + 2])
            i += 2
        else:
            out.append(code)
            source += 1
        i += 1
    if infer is not None:
        whole, rest = product(dims), product(out)
        out[infer] = whole // rest if whole is not None and rest else None
    return out


def _split_dim(whole: int | None, left: int, right: int) -> tuple[int | None, int | None]:
    """The two factors that code -4 splits a dimension into."""
    if left == -1 and right == -1:
        raise ShapeConflict("Split dims cannot both be -1.")
    a: int | None = left if left != -1 else None if whole is None else whole // right
    b: int | None = right if right != -1 else None if whole is None else whole // left
    if whole is not None and a is not None and b is not None and a * b != whole:
        raise ShapeConflict(f"Split dims {left}, {right} do not divide original dim {whole}")
    return a, b


def _target(
    data: tuple[int | None, ...],
    shape: tuple[int, ...],
    reverse: bool,
    target_shape: tuple[int, ...],
    keep_highest: bool,
) -> PartialShape:
    """The output shape of Reshape; None when the attributes say nothing."""
    if shape:
        step = -1 if reverse else 1
        return tuple(_special_codes(shape[::step], data[::step])[::step])
    if not target_shape:
        return None
    out: list[int | None] = list(target_shape)
    start = 0
    if keep_highest:
        out[0], start = data[0], 1
    zeros = [i for i in range(start, len(out)) if out[i] == 0]
    if len(zeros) == 1:
        whole, rest = product(data), product([d for i, d in enumerate(out) if i != zeros[0]])
        out[zeros[0]] = whole // rest if whole is not None and rest else None
    elif zeros:
        out = [None if i in zeros else d for i, d in enumerate(out)]
    return tuple(out)


def _solve_input(data: tuple[int | None, ...], out: PartialShape) -> tuple[int | None, ...]:
    """`data` with its only unknown dimension found from the number of elements of a complete `out`."""
    count = size(out)
    if count is None:
        return data
    unknown = [i for i, d in enumerate(data) if d is None]
    if len(unknown) > 1:
        return data
    rest = prod(d for d in data if d is not None)
    if unknown and rest and count % rest == 0:
        return (*data[: unknown[0]], count // rest, *data[unknown[0] + 1 :])
    if unknown and rest == 0 and count == 0:
        return data
    if unknown or rest != count:
        raise ShapeConflict(f"cannot reshape {show(data)} into {show(out)}: the numbers of elements differ")
    return data


def _reshape_rule(ins: rules.Shapes, outs: rules.Shapes, shape, reverse, target_shape, keep_highest) -> None:
    data = ins[0]
    if data is None:
        return
    target = _target(data, shape, reverse, target_shape, keep_highest)
    rules.assign(outs, 0, target)
    ins[0] = _solve_input(data, outs[0])


@op(aliases=("reshape",), shape=_reshape_rule)
def Reshape(
    data: Tensor,
    *,
    shape: tuple[int, ...] = (),
    reverse: bool = False,
    target_shape: tuple[int, ...] = (),
    keep_highest: bool = False,
):
    """The same elements in another shape.

    Shapes: data (any) -> shape, where 0 copies the next input dimension, -1 is what is left of the elements, -2 copies
    all remaining input dimensions, -3 multiplies the next two and -4 splits the next one into the two numbers that
    follow (one of them may be -1). `reverse` matches from the right. The old form `target_shape` has at most one 0, to
    be inferred; `keep_highest` then copies the first dimension. Unlike MXNet a different number of elements is an error
    at inference. Without any of these the shape must be known from elsewhere; the data is then returned as it is.
    """
    target = _target(data.shape, shape, reverse, target_shape, keep_highest)
    return data if target is None else data.reshape(target)


def _segment(rank: int, begin: int | None, end: int | None, side: str) -> tuple[int, int]:
    """The half-open range of axes [begin, end) that reshape_like's attributes name."""
    b = 0 if begin is None else begin + rank if begin < 0 else begin
    e = rank if end is None else end + rank if end < 0 else end
    if not 0 <= b < e <= rank:
        raise ShapeConflict(f"{side}_begin={begin}, {side}_end={end} is no range of axes of {rank} dimensions")
    return b, e


def _like(
    lhs: tuple[int | None, ...],
    rhs: tuple[int | None, ...],
    lb: int | None,
    le: int | None,
    rb: int | None,
    re: int | None,
) -> tuple[int | None, ...]:
    """lhs's shape with the axes lb..le replaced by the axes rb..re of rhs."""
    if lb is None and le is None and rb is None and re is None:
        return rhs
    b, e = _segment(len(lhs), lb, le, "lhs")
    rhs_begin, rhs_end = _segment(len(rhs), rb, re, "rhs")
    return (*lhs[:b], *rhs[rhs_begin:rhs_end], *lhs[e:])


def _reshape_like_rule(ins: rules.Shapes, outs: rules.Shapes, lhs_begin, lhs_end, rhs_begin, rhs_end) -> None:
    rules.require_ranks(ins)
    lhs, rhs = ins
    assert lhs is not None
    assert rhs is not None
    target = _like(lhs, rhs, lhs_begin, lhs_end, rhs_begin, rhs_end)
    if is_complete(lhs) and is_complete(target) and size(lhs) != size(target):
        raise ShapeConflict(f"cannot reshape {show(lhs)} into {show(target)}: the numbers of elements differ")
    rules.assign(outs, 0, target)


def data_type_once_other_known(ins: rules.Types, outs: rules.Types) -> None:
    """The output has the first input's type, which MXNet says only once it knows the second's too."""
    if ins[1] is not None:
        data = ins[:1]
        rules.same_type(data, outs)
        ins[0] = data[0]


@op(aliases=("_npx_reshape_like",), shape=_reshape_like_rule, types=data_type_once_other_known)
def reshape_like(
    lhs: Tensor,
    rhs: Tensor,
    *,
    lhs_begin: int | None = None,
    lhs_end: int | None = None,
    rhs_begin: int | None = None,
    rhs_end: int | None = None,
):
    """lhs in the shape of rhs, or with its axes lhs_begin..lhs_end in the shape of rhs's axes rhs_begin..rhs_end.

    Shapes: lhs (any), rhs (any) -> rhs's shape. Nothing flows into rhs.
    """
    return lhs.reshape(_like(lhs.shape, rhs.shape, lhs_begin, lhs_end, rhs_begin, rhs_end))


def _flatten_rule(ins: rules.Shapes, outs: rules.Shapes) -> None:
    data = ins[0]
    if data is not None and None not in data:
        rules.assign(outs, 0, (data[0], product(data[1:])))


@op(aliases=("flatten", "_npx_batch_flatten"), shape=_flatten_rule)
def Flatten(data: Tensor):
    """Joins all axes but the first.

    Shapes: data (N, ...) -> (N, D).
    """
    return data.reshape(data.shape[0], prod(data.shape[1:]))


def _transpose_rule(ins: rules.Shapes, outs: rules.Shapes, axes) -> None:
    data, out = ins[0], outs[0]
    known = data if data is not None else out
    if known is None:
        return
    rank = len(known)
    if axes and len(axes) != rank:
        raise ShapeConflict(f"axes={axes} do not name the axes of {show(known)}")
    order = canonical_axes(axes, rank) if axes else tuple(range(rank))[::-1]
    if data is not None:
        rules.assign(outs, 0, tuple(data[a] for a in order))
    back: list[int | None] = [None] * rank
    for a, d in zip(order, outs[0] or (), strict=True):
        back[a] = d
    rules.assign(ins, 0, tuple(back))


@op(shape=_transpose_rule)
def transpose(data: Tensor, *, axes: tuple[int, ...] = ()):
    """Permutes the axes; without `axes` it reverses them.

    Shapes: data (d0, d1, ...) -> (d[axes[0]], d[axes[1]], ...), solved in both directions. Any rank (MXNet: at most 6),
    and axes may count from the end.
    """
    return jnp.transpose(data, axes or None)


def _expand_dims_rule(ins: rules.Shapes, outs: rules.Shapes, axis) -> None:
    data, out = ins[0], outs[0]
    if data is None and out is None:
        return
    rank = len(data) + 1 if data is not None else len(out or ())
    at = canonical_axis(axis, rank)
    if data is not None:
        rules.assign(outs, 0, (*data[:at], 1, *data[at:]))
    else:
        rules.assign(outs, 0, (*[None] * at, 1, *[None] * (rank - at - 1)))
    out = outs[0] or ()
    rules.assign(ins, 0, (*out[:at], *out[at + 1 :]))


@op(aliases=("_npi_expand_dims",), shape=_expand_dims_rule)
def expand_dims(data: Tensor, *, axis: int = attr()):
    """Inserts an axis of size 1 before `axis`, which may count from the end.

    Shapes: data (d0, ..., dn) -> (d0, ..., 1, ..., dn), solved in both directions.
    """
    return jnp.expand_dims(data, axis)


def _squeezed(data: tuple[int, ...], axis: tuple[int, ...] | None) -> tuple[int, ...]:
    gone = canonical_axes(axis, len(data)) if axis is not None else [i for i, d in enumerate(data) if d == 1]
    for i in gone:
        if data[i] != 1:
            raise ShapeConflict(f"cannot select an axis to squeeze out which has size={data[i]} not equal to one")
    return tuple(d for i, d in enumerate(data) if i not in gone) or (1,)


def _squeeze_rule(ins: rules.Shapes, outs: rules.Shapes, axis) -> None:
    data = ins[0]
    if data is not None and None not in data:
        rules.assign(outs, 0, _squeezed(data, axis))  # pyright: ignore[reportArgumentType]


@op(shape=_squeeze_rule)
def squeeze(data: Tensor, *, axis: tuple[int, ...] | None = None):
    """Drops the axes of size 1, or those in `axis`, which must have size 1.

    Shapes: data (d0, ..., dn) -> those d that stay; (1,) when none does, under NumPy shape semantics too.
    """
    return data.reshape(_squeezed(data.shape, axis))


def _swap_rule(ins: rules.Shapes, outs: rules.Shapes, dim1, dim2) -> None:
    if ins[0] is None:
        return
    shape = list(ins[0])
    a, b = canonical_axis(dim1, len(shape)), canonical_axis(dim2, len(shape))
    shape[a], shape[b] = shape[b], shape[a]
    rules.assign(outs, 0, tuple(shape))


def type_of_first(ins: rules.Types, outs: rules.Types) -> None:
    """The outputs have the first input's type; nothing is learnt from them."""
    if ins[0] is not None:
        outs[:] = [rules.merge_type(t, ins[0]) for t in outs]


@op(aliases=("swapaxes", "_npi_swapaxes"), shape=_swap_rule, types=type_of_first, needs_type=True)
def SwapAxis(data: Tensor, *, dim1: int = 0, dim2: int = 0):
    """Exchanges the axes dim1 and dim2.

    Shapes: data (..., d1, ..., d2, ...) -> (..., d2, ..., d1, ...).
    """
    return jnp.swapaxes(data, dim1, dim2)


def _reverse_rule(ins: rules.Shapes, outs: rules.Shapes, axis) -> None:
    rules.same_shape(ins, outs)
    if ins[0] is not None:
        canonical_axes(axis, len(ins[0]))


@op("reverse", aliases=("flip",), shape=_reverse_rule)
def reverse(data: Tensor, *, axis: tuple[int, ...] = attr()):
    """Turns the order of the elements along each of the axes.

    Shapes: data (any) -> data's shape.
    """
    return lax.rev(data, canonical_axes(axis, data.ndim))


def _four(data: tuple[int | None, ...], block_size: int, what: str) -> tuple[int | None, ...]:
    if block_size <= 0:
        raise ShapeConflict(f"block_size must be a positive integer value, got {block_size}")
    if len(data) != 4:
        raise ShapeConflict(f"Operation {what} requires exactly 4D tensor, got {show(data)}")
    return data


def _times(d: int | None, n: int) -> int | None:
    return None if d is None else d * n


def _over(d: int | None, n: int, what: str) -> int | None:
    if d is None:
        return None
    if d % n:
        raise ShapeConflict(f"{what} {d} should be a multiple of {n}")
    return d // n


def _depth_to_space_rule(ins: rules.Shapes, outs: rules.Shapes, block_size) -> None:
    if ins[0] is None:
        return
    (n, c, h, w), b = _four(ins[0], block_size, "Depth To Space"), block_size
    rules.assign(outs, 0, (n, _over(c, b * b, "depth"), _times(h, b), _times(w, b)))


@op(shape=_depth_to_space_rule, needs_shape=True)
def depth_to_space(data: Tensor, *, block_size: int = attr()):
    """Moves blocks of channels into the plane, each pixel becoming a block_size x block_size square.

    Shapes: data (N, b b C, H, W) -> (N, C, b H, b W).
    """
    n, c, h, w = data.shape
    b = block_size
    x = data.reshape(n, b, b, c // (b * b), h, w).transpose(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c // (b * b), h * b, w * b)


def _space_to_depth_rule(ins: rules.Shapes, outs: rules.Shapes, block_size) -> None:
    if ins[0] is None:
        return
    (n, c, h, w), b = _four(ins[0], block_size, "Space To Depth"), block_size
    rules.assign(outs, 0, (n, _times(c, b * b), _over(h, b, "height"), _over(w, b, "width")))


@op(shape=_space_to_depth_rule, needs_shape=True)
def space_to_depth(data: Tensor, *, block_size: int = attr()):
    """Moves each block_size x block_size square of the plane into channels; the inverse of depth_to_space.

    Shapes: data (N, C, b H, b W) -> (N, b b C, H, W).
    """
    n, c, h, w = data.shape
    b = block_size
    x = data.reshape(n, c, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4)
    return x.reshape(n, b * b * c, h // b, w // b)
