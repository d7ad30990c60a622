"""Operators that cut arrays into parts and write into parts: slice, slice_axis, SliceChannel, Crop and their kin."""

from collections.abc import Sequence
from itertools import pairwise

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.attrs import attr
from declax.ops.axes import canonical_axes, canonical_axis
from declax.ops.shaping import data_type_once_other_known, type_of_first
from declax.registry import Tensor, op
from declax.shapes import PartialShape, ShapeConflict, merge, show

Bounds = tuple[int | None, ...]
"""Annotation of `begin`, `end` and `step`: one number or None an axis."""


def _range(length: int, begin: int | None, end: int | None, step: int) -> range:
    """The indices that begin:end:step selects of an axis; an end before the axis is its start, as MXNet has it."""
    if begin is None:
        begin = length - 1 if step < 0 else 0
    elif begin < 0:
        begin += length
    if end is None:
        end = -1 if step < 0 else length
    elif end < 0:
        end += length
    begin = 0 if begin < 0 < step else length - 1 if begin > length - 1 and step < 0 else begin
    end = min(max(end, -1), length)
    if not 0 <= begin < length:
        return range(0)
    return range(begin, end, step)


def slice_ranges(data: tuple[int | None, ...], begin: Bounds, end: Bounds, step: Bounds | None) -> list[range | None]:
    """The indices selected of each axis by slice's attributes; None for an axis of unknown size."""
    if len(begin) > len(data):
        raise ShapeConflict(f"Slicing axis exceeds data dimensions: begin={begin}, data {show(data)}")
    if len(begin) != len(end):
        raise ShapeConflict(f"begin={begin} and end={end} must have the same length")
    if step and len(step) != len(begin):
        raise ShapeConflict(f"step={step} and begin={begin} must have the same length")
    steps = [1 if s is None else s for s in step or ()] or [1] * len(begin)
    if 0 in steps:
        raise ShapeConflict(f"step={step} cannot be 0")
    found: list[range | None] = [
        None if d is None else _range(d, b, e, s) for d, b, e, s in zip(data, begin, end, steps, strict=False)
    ]
    return found + [None if d is None else range(d) for d in data[len(begin) :]]


def _counts(data: tuple[int | None, ...], begin: Bounds, end: Bounds, step: Bounds | None) -> PartialShape:
    return tuple(None if r is None else len(r) for r in slice_ranges(data, begin, end, step))


def cut(data: Tensor, ranges: Sequence[range]) -> Tensor:
    """The part of an array at these indices of each axis."""
    flipped = tuple(i for i, r in enumerate(ranges) if r.step < 0 and len(r))
    forward = [r[::-1] if i in flipped else r for i, r in enumerate(ranges)]
    starts = [r.start if len(r) else 0 for r in forward]
    stops = [r[-1] + 1 if len(r) else 0 for r in forward]
    part = lax.slice(data, starts, stops, [abs(r.step) for r in forward])
    return lax.rev(part, flipped) if flipped else part


def _slice_rule(ins: rules.Shapes, outs: rules.Shapes, begin, end, step) -> None:
    if ins[0] is not None:
        if not ins[0]:
            raise ShapeConflict("slice only works for ndim > 0")
        rules.assign(outs, 0, _counts(ins[0], begin, end, step))


@op("slice", aliases=("crop", "_sparse_slice", "_npi_slice", "_npx_slice"), shape=_slice_rule)
def slice_(data: Tensor, *, begin: Bounds = attr(), end: Bounds = attr(), step: Bounds | None = ()):
    """The part begin:end:step of each of the first axes.

    Shapes: data (d0, ..., dn) -> (ceil((end - begin) / step), ..., dn). None stands for "from the start", "to the end";
    negative numbers count from the end and a negative step walks backwards; out of range bounds are cut off.
    """
    return cut(data, slice_ranges(data.shape, begin, end, step))  # pyright: ignore[reportArgumentType]


def _slice_assign_rule(ins: rules.Shapes, outs: rules.Shapes, begin, end, step) -> None:
    if ins[0] is not None:
        rules.assign(ins, 1, _counts(ins[0], begin, end, step))
        rules.assign(outs, 0, ins[0])


def _where_to(data: Tensor, begin: Bounds, end: Bounds, step: Bounds | None) -> tuple[slice, ...] | None:
    """The index for `data.at[...]` of the part that slice would return; None when it is empty."""
    ranges = slice_ranges(data.shape, begin, end, step)
    if not all(ranges):
        return None
    return tuple(slice(r.start, r.stop if r.stop >= 0 else None, r.step) for r in ranges if r is not None)


@op(aliases=("_crop_assign", "_npi_slice_assign"), shape=_slice_assign_rule)
def _slice_assign(lhs: Tensor, rhs: Tensor, *, begin: Bounds = attr(), end: Bounds = attr(), step: Bounds | None = ()):
    """lhs with the part that `slice` would return replaced by rhs.

    Shapes: lhs (any), rhs (the part's shape) -> lhs's shape.
    """
    index = _where_to(lhs, begin, end, step)
    return lhs if index is None else lhs.at[index].set(rhs)


def _same_once_known(ins: rules.Shapes, outs: rules.Shapes) -> None:
    if ins[0] is not None and None not in ins[0]:
        rules.assign(outs, 0, ins[0])


@op(aliases=("_crop_assign_scalar", "_npi_slice_assign_scalar"), shape=_same_once_known)
def _slice_assign_scalar(
    data: Tensor, *, scalar: float = 0.0, begin: Bounds = attr(), end: Bounds = attr(), step: Bounds | None = ()
):
    """data with every element of the part that `slice` would return set to `scalar`.

    Shapes: data (any) -> data's shape.
    """
    index = _where_to(data, begin, end, step)
    return data if index is None else data.at[index].set(jnp.asarray(scalar).astype(data.dtype))


def _axis_range(data: tuple[int | None, ...], axis: int, begin: int, end: int | None) -> tuple[int, range | None]:
    """The axis of slice_axis counted from the front, and the indices it takes."""
    at = canonical_axis(axis, len(data))
    length = data[at]
    if not length:
        return at, None if length is None else range(0)
    b = begin + length if begin < 0 else begin
    e = length if end is None else end + length if end < 0 else end
    if not 0 <= b < e <= length:
        raise ShapeConflict(f"Invalid begin, end, get begin={begin}, end={end} for an axis of size {length}")
    return at, range(b, e)


def _slice_axis_rule(ins: rules.Shapes, outs: rules.Shapes, axis, begin, end) -> None:
    if ins[0] is not None:
        at, taken = _axis_range(ins[0], axis, begin, end)
        rules.assign(outs, 0, (*ins[0][:at], None if taken is None else len(taken), *ins[0][at + 1 :]))


@op(shape=_slice_axis_rule)
def slice_axis(data: Tensor, *, axis: int = attr(), begin: int = attr(), end: int | None = attr()):
    """The part begin:end of one axis; unlike slice's, bounds out of range are an error.

    Shapes: data (..., d, ...) -> (..., end - begin, ...).
    """
    at, taken = _axis_range(data.shape, axis, begin, end)
    assert taken is not None
    return lax.slice_in_dim(data, taken.start, taken.stop, axis=at)


def _like_shape(data: PartialShape, like: PartialShape, axes: tuple[int, ...]) -> PartialShape:
    """The output shape of slice_like once both ranks are known."""
    if data is None or like is None:
        return None
    if not axes and len(data) != len(like):
        raise ShapeConflict(f"slice_like without axes needs equal ranks, got {show(data)} and {show(like)}")
    shape = list(data)
    for a in canonical_axes(axes, len(data)) if axes else range(len(data)):
        if a >= len(like):
            raise ShapeConflict(f"Slice axis: {a} exceeds second input {show(like)}")
        d, n = data[a], like[a]
        if d is not None and n is not None and n > d:
            raise ShapeConflict(f"Slice axis {a} with size {n} exceeds limit of input with size {d}")
        shape[a] = n
    return tuple(shape)


def _slice_like_rule(ins: rules.Shapes, outs: rules.Shapes, axes) -> None:
    rules.assign(outs, 0, _like_shape(ins[0], ins[1], axes))


@op(shape=_slice_like_rule, types=data_type_once_other_known)
def slice_like(data: Tensor, shape_like: Tensor, *, axes: tuple[int, ...] = ()):
    """The start of data along `axes` (all by default), as long as shape_like is there.

    Shapes: data (d0, ...), shape_like (s0, ...) -> (s0, ...) on the axes named, data's size on the others. Nothing
    flows into shape_like.
    """
    shape = _like_shape(data.shape, shape_like.shape, axes)
    return lax.slice(data, (0,) * data.ndim, shape)  # pyright: ignore[reportArgumentType]


def _without(shape: tuple[int | None, ...], axis: int) -> tuple[int | None, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def _even_parts_rule(ins: rules.Shapes, outs: rules.Shapes, num_outputs, axis, squeeze_axis) -> None:
    data = ins[0]
    if data is None:
        return
    at, n = canonical_axis(axis, len(data)), num_outputs
    length = data[at]
    if length is not None and (length % n or (squeeze_axis and length != n)):
        raise ShapeConflict(f"axis {at} of {show(data)} is not {n} parts" + (" of size 1" if squeeze_axis else ""))
    if squeeze_axis:
        part = _without(data, at)
    else:
        part = (*data[:at], None if length is None else length // n, *data[at + 1 :])
    for s in outs:
        part = merge(part, s)
    assert part is not None
    outs[:] = [part] * len(outs)
    if squeeze_axis:
        rules.assign(ins, 0, (*part[:at], n, *part[at:]))
    else:
        size = part[at]
        rules.assign(ins, 0, (*part[:at], None if size is None else size * n, *part[at + 1 :]))


def _split(data: Tensor, at: int, bounds: Sequence[int], squeeze: bool) -> tuple:
    parts = [lax.slice_in_dim(data, a, b, axis=at) for a, b in pairwise(bounds)]
    return tuple(lax.squeeze(p, (at,)) for p in parts) if squeeze else tuple(parts)


@op(aliases=("split",), outputs=lambda num_outputs: [f"output{i}" for i in range(num_outputs)], shape=_even_parts_rule)
def SliceChannel(data: Tensor, *, num_outputs: int = attr(gt=0), axis: int = 1, squeeze_axis: bool = False):
    """Cuts an axis into num_outputs equal parts; with `squeeze_axis` the parts must have size 1 and lose the axis.

    Shapes: data (..., n d, ...) -> n times (..., d, ...), solved in both directions.
    """
    at = canonical_axis(axis, data.ndim)
    size = data.shape[at] // num_outputs
    return _split(data, at, range(0, size * num_outputs + 1, size) if size else [0] * (num_outputs + 1), squeeze_axis)


def _bounds(length: int | None, indices: tuple[int, ...], sections: int) -> list[int | None]:
    """Where _split_v2 cuts an axis, both ends included; longer parts come first when it does not divide evenly."""
    if sections > 0:
        if length is None:
            return [None] * (sections + 1)
        small, more = divmod(length, sections)
        return [i * small + min(i, more) for i in range(sections + 1)]
    return [0] * (len(indices) + 1) if length == 0 else [*indices, length]


def _split_v2_rule(ins: rules.Shapes, outs: rules.Shapes, indices, axis, squeeze_axis, sections) -> None:
    data = ins[0]
    if data is None:
        return
    at = canonical_axis(axis, len(data))
    bounds = _bounds(data[at], indices, sections)
    for i, (a, b) in enumerate(pairwise(bounds)):
        if a is not None and b is not None and a > b:
            raise ShapeConflict(f"start {a} is not less than end {b} for subarray {i}")
        size = None if a is None or b is None else b - a
        if squeeze_axis and size not in (None, 1):
            raise ShapeConflict(f"expected axis size of 1 but got {size}")
        rules.assign(outs, i, _without(data, at) if squeeze_axis else (*data[:at], size, *data[at + 1 :]))
    first = outs[0]
    assert first is not None
    rest = (*first[:at], None, *first[at if squeeze_axis else at + 1 :])
    rules.assign(ins, 0, rest)


@op(
    aliases=("_npi_split",),
    outputs=lambda indices, sections: sections if sections > 0 else len(indices),
    shape=_split_v2_rule,
    types=type_of_first,
    needs_type=True,
)
def _split_v2(
    data: Tensor, *, indices: tuple[int, ...] = attr(), axis: int = 1, squeeze_axis: bool = False, sections: int = 0
):
    """Cuts an axis where each of `indices` says a part begins, or into `sections` parts, the longer ones first.

    Shapes: data (..., d, ...) -> one (..., d_i, ...) a part, without that axis under `squeeze_axis`.
    """
    at = canonical_axis(axis, data.ndim)
    return _split(data, at, _bounds(data.shape[at], indices, sections), squeeze_axis)  # pyright: ignore[reportArgumentType]


def _join_rule(ins: rules.Shapes, outs: rules.Shapes, axis, squeeze_axis) -> None:
    if any(s is None for s in ins):
        return
    at = canonical_axis(axis, len(ins[0]) + squeeze_axis)  # pyright: ignore[reportArgumentType]
    parts: rules.Shapes = [(*s[:at], 1, *s[at:]) if squeeze_axis else s for s in ins]  # pyright: ignore[reportOptionalSubscript]
    rules.concat(at, parts, outs)


@op(
    arguments=lambda indices, sections: tuple(f"ograd{i}" for i in range(sections if sections > 0 else len(indices))),
    shape=_join_rule,
    auto_create=False,
)
def _split_v2_backward(
    *ograds: Tensor, indices: tuple[int, ...] = attr(), axis: int = 1, squeeze_axis: bool = False, sections: int = 0
):
    """The gradient of _split_v2: its parts' gradients joined again.

    Shapes: one (..., d_i, ...) a part, without that axis under `squeeze_axis` -> (..., sum of d_i, ...).
    """
    if squeeze_axis:
        return jnp.stack(ograds, canonical_axis(axis, ograds[0].ndim + 1))
    return jnp.concatenate(ograds, canonical_axis(axis, ograds[0].ndim))


def crop_start(shape: tuple[int, ...], h_w: tuple[int, ...], offset: tuple[int, ...], center_crop: bool) -> tuple:
    """Where a crop of images (N, C, H, W) begins."""
    return ((shape[2] - h_w[0]) // 2, (shape[3] - h_w[1]) // 2) if center_crop else offset


def _crop_rule(ins: rules.Shapes, outs: rules.Shapes, num_args, h_w) -> None:
    rules.require_ranks(ins)
    data = ins[0]
    assert data is not None
    if len(data) != 4:
        raise ShapeConflict(f"Input data should be 4D in batch-num_filter-y-x, got {show(data)}")
    like = ins[1] if num_args == 2 else (None, None, *h_w)
    assert like is not None
    if len(like) != 4:
        raise ShapeConflict(f"crop_like should be 4D, got {show(like)}")
    for name, have, want in zip(("height", "width"), data[2:], like[2:], strict=True):
        if want is not None and ((num_args == 1 and want < 1) or (have is not None and want > have)):
            raise ShapeConflict(f"the crop {name} {want} should be at least 1 and at most the data's {have}")
    rules.assign(outs, 0, (*data[:2], *like[2:]))


def _all_float32(ins: rules.Types, outs: rules.Types) -> None:
    for types in (ins, outs):
        for i in range(len(types)):
            rules.assign_type(types, i, "float32")


@op(num_args="num_args", shape=_crop_rule, types=_all_float32)
def Crop(
    *data: Tensor,
    num_args: int = attr(ge=1, le=2),
    offset: tuple[int, ...] = (0, 0),
    h_w: tuple[int, ...] = (0, 0),
    center_crop: bool = False,
):
    """The part of an image's plane at `offset` (y, x), or in its middle, as large as `h_w` or a second input's plane.

    Shapes: data (N, C, H, W)[, crop_like (M, D, h, w)] -> (N, C, h, w). float32 only; nothing flows into crop_like.
    """
    x = data[0]
    h, w = data[1].shape[2:] if num_args == 2 else h_w
    y0, x0 = crop_start(x.shape, (h, w), offset, center_crop)
    if y0 < 0 or x0 < 0 or y0 + h > x.shape[2] or x0 + w > x.shape[3]:
        raise ShapeConflict(f"Crop of size {(h, w)} at offset {(y0, x0)} exceeds the data {show(x.shape)}")
    return lax.slice(x, (0, 0, y0, x0), (*x.shape[:2], y0 + h, x0 + w))
