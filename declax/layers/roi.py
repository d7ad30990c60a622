"""Pooling of regions of interest to a fixed size."""

import math

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import AttrError, attr
from declax.layers.bilinear import clamped, corners, gather_sum
from declax.layers.boxes import need, ranked
from declax.ops.rounding import quotient, unfused
from declax.registry import Tensor, gradient, op
from declax.rules import Shapes, TypeConflict, Types, assign, assign_type


def roi_types(ins: Types, outs: Types) -> None:
    """data and rois must have one known type, which the outputs take."""
    if ins[0] is None:
        raise TypeConflict("Input must have specified type")
    if ins[1] is None or ins[0] != ins[1]:
        raise TypeConflict(f"data and rois must have one type, got {ins[0]} and {ins[1]}")
    for i in range(len(outs)):
        assign_type(outs, i, ins[0])


def check_inputs(ins: Shapes, columns: int = 5) -> tuple[tuple, tuple]:
    """The shapes of data and rois, which must have 4 and 2 dimensions."""
    data, rois = ins[:2]
    data = ranked(data, 4, "data should be a 4D tensor")
    rois = ranked(rois, 2, f"bbox should be a 2D tensor of shape [batch, {columns}]")
    assert data is not None
    assert rois is not None
    need(rois[1] == columns, f"bbox should be a 2D tensor of shape [batch, {columns}]", rois)
    return data, rois


def _check_size(pooled_size) -> None:
    if len(pooled_size) != 2 or 0 in pooled_size:
        raise AttrError(f"pooled_size={pooled_size} must be two numbers above 0")


def round_away(x: Array) -> Array:
    """Nearest whole number, halves away from zero."""
    return jnp.sign(x) * jnp.floor(jnp.abs(x) + 0.5)


# -- maximum over whole pixels ---------------------------------------------------------------------------------


def _pooling_shape(ins: Shapes, outs: Shapes, pooled_size) -> None:
    data, rois = check_inputs(ins)
    for i in range(len(outs)):
        assign(outs, i, (rois[0], data[1], *pooled_size))


def _pooling_types(ins: Types, outs: Types) -> None:
    roi_types(ins, outs[:1])
    assign_type(outs, 0, ins[0])
    assign_type(outs, 1, "int32")


def _bins(low: Array, high: Array, count: int, size: int) -> tuple[Array, Array]:
    """First and past-the-end pixels (N, count) of the bins of intervals (N,) of whole pixels."""
    width = quotient(jnp.maximum(high - low + 1, 1), count)
    steps = jnp.arange(count, dtype=low.dtype)
    first = jnp.floor(steps * width[:, None]) + low[:, None]
    last = jnp.ceil((steps + 1) * width[:, None]) + low[:, None]
    return jnp.clip(first, 0, size).astype(jnp.int32), jnp.clip(last, 0, size).astype(jnp.int32)


def _better(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """The larger of two (value, place) pairs, element by element; equal values take the first place."""
    wins = (b[0] > a[0]) | ((b[0] == a[0]) & (b[1] < a[1]))
    return jnp.where(wins, b[0], a[0]), jnp.where(wins, b[1], a[1])


@op(
    aliases=("_npx_roi_pooling",),
    outputs=("output", "maxidx"),
    visible=1,
    shape=_pooling_shape,
    types=_pooling_types,
    check=_check_size,
)
def ROIPooling(
    data: Tensor, rois: Tensor, *, pooled_size: tuple[int, ...], spatial_scale: float = attr(ge=0.0, le=1.0)
):
    """Maximum of every bin of every region of interest, on whole pixels (Fast R-CNN, Girshick 2015).

    Shapes: data (B, C, H, W), rois (N, 5) rows (image, x1, y1, x2, y2) -> (N, C, *pooled_size). Empty bins, and
    regions of images that do not exist, are 0. Only data has a gradient.
    """
    images, channels, height, width = data.shape
    lowest = jnp.finfo(data.dtype).min
    box = round_away(rois[:, 1:] * jnp.array(spatial_scale, rois.dtype))
    y1, y2 = _bins(box[:, 1], box[:, 3], pooled_size[0], height)
    x1, x2 = _bins(box[:, 0], box[:, 2], pooled_size[1], width)
    image = rois[:, 0].astype(jnp.int32)
    empty = (y2 <= y1)[:, :, None] | (x2 <= x1)[:, None, :] | ((image < 0) | (image >= images))[:, None, None]
    # maxima of 1, 2, 4 ... neighbouring pixels of a row: any run of a row is covered by two of them
    value = jnp.moveaxis(lax.stop_gradient(data), 1, -1)
    place = jnp.moveaxis(jnp.arange(data.size, dtype=jnp.int32).reshape(data.shape), 1, -1)
    tables = [(value, place)]
    for level in range(max(width - 1, 0).bit_length()):
        now = tables[-1]
        a, b = (jnp.concatenate([t[:, :, 1 << level :], t[:, :, -(1 << level) :]], 2) for t in now)
        tables.append(_better(now, (a, b)))
    levels = len(tables)
    values = jnp.stack([t[0] for t in tables], 2).reshape(-1, channels)
    places = jnp.stack([t[1] for t in tables], 2).reshape(-1, channels)
    run = jnp.maximum(x2 - x1, 1)
    level = 31 - lax.clz(run)
    starts = (x1, x2 - (jnp.int32(1) << level))

    def step(k, best):
        y = y1 + k
        row = (jnp.clip(image, 0, images - 1)[:, None] * height + jnp.clip(y, 0, height - 1)) * levels
        inside = ((y < y2)[:, :, None] & ~empty)[..., None]
        for start in starts:
            at = (row[:, :, None] + level[:, None, :]) * width + jnp.clip(start, 0, width - 1)[:, None, :]
            best = _better(best, (jnp.where(inside, values[at], lowest), jnp.where(inside, places[at], data.size)))
        return best

    shape = (rois.shape[0], *pooled_size, channels)
    start = jnp.full(shape, lowest, data.dtype), jnp.full(shape, data.size, jnp.int32)
    best, at = lax.fori_loop(jnp.int32(0), jnp.max(y2 - y1, initial=0), step, start)
    blank = empty[..., None]
    best, at = jnp.where(blank, 0, best), jnp.where(blank | (at == data.size), -1, at)
    return jnp.moveaxis(best, -1, 1), jnp.moveaxis(at, -1, 1)


@gradient(ROIPooling)
def _(cotangents, outputs, data, rois):
    places = outputs[1].ravel()
    at = jnp.where(places < 0, data.size, places)
    return jnp.zeros((data.size,), data.dtype).at[at].add(cotangents[0].ravel(), mode="drop").reshape(data.shape), None


# -- averages of interpolated points ---------------------------------------------------------------------------


def _align_shape(ins: Shapes, outs: Shapes, pooled_size, position_sensitive) -> None:
    data, rois = check_inputs(ins)
    channels, bins = data[1], math.prod(pooled_size)
    if position_sensitive and channels is not None:
        need(channels % bins == 0, f"Input channels should be divided by the pooled size {bins}", data)
        channels //= bins
    assign(outs, 0, (rois[0], channels, *pooled_size))


def _grid(size: Array, bins: int, ratio: int) -> Array:
    """Samples per bin, (N,) int32."""
    if ratio > 0:
        return jnp.full(size.shape, ratio, jnp.int32)
    return jnp.maximum(jnp.ceil(quotient(size, bins)), 0).astype(jnp.int32)


def _offsets(start: Array, size: Array, bins: int, k: Array, grid: Array) -> Array:
    """Position of the k-th sample of every bin, (N, bins)."""
    step = size / bins
    ph = jnp.arange(bins, dtype=size.dtype)
    part = (k.astype(size.dtype) + jnp.array(0.5, size.dtype)) * step / grid.astype(size.dtype)
    return start[:, None] + ph * step[:, None] + part[:, None]


def _align(
    data: Array, image: Array, start: tuple[Array, Array], size: tuple[Array, Array], ratio: int,
    pooled: tuple[int, ...], by_place: bool, turn: tuple[Array, ...] = (),
) -> Array:  # fmt: skip
    """Averages of bilinear samples in every bin; `turn` is (cosine, sine, centre y, centre x) of rotated regions."""
    images, channels, height, width = data.shape
    tall, wide = pooled
    grids = _grid(size[0], tall, ratio), _grid(size[1], wide, ratio)
    most = jnp.max(grids[1], initial=0)
    bins = tall * wide if by_place else 1
    cell = np.arange(bins, dtype=np.int32).reshape(tall, wide) if by_place else 0

    def parts(k, points):
        image, start, size, grids, most, turn = points
        ky, kx = k // most, k % most
        y = _offsets(start[0], size[0], tall, ky, grids[0])[:, :, None]
        x = _offsets(start[1], size[1], wide, kx, grids[1])[:, None, :]
        if turn:
            cos, sin, cy, cx = (t[:, None, None] for t in turn)
            y, x = y * cos - x * sin + cy, x * cos + y * sin + cx
        real = (y >= -1) & (y <= height) & (x >= -1) & (x <= width)
        real &= ((ky < grids[0]) & (kx < grids[1]) & (image >= 0))[:, None, None]
        share = jnp.where(real, 1 / jnp.maximum(grids[0] * grids[1], 1).astype(y.dtype)[:, None, None], 0)
        first = (jnp.maximum(image, 0) * height)[:, None, None]

        def row(b, a):
            return ((first + b) * width + a) * bins + cell

        return [(at, w * share) for at, w in corners(clamped(y, height), clamped(x, width), row)]

    table = jnp.moveaxis(data.reshape(images, channels // bins, bins, height, width), (1, 2), (4, 3))
    points = tuple(
        lax.stop_gradient(p) if not isinstance(p, tuple) else tuple(lax.stop_gradient(q) for q in p)
        for p in (image, start, size, grids, most, turn)
    )
    count = jnp.max(grids[0], initial=0) * most
    total = gather_sum(parts, table.reshape(-1, channels // bins), points, count)
    return jnp.moveaxis(total, -1, 1)  # pyright: ignore[reportArgumentType]


@op(shape=_align_shape, types=roi_types, check=_check_size)
def _contrib_ROIAlign(
    data: Tensor,
    rois: Tensor,
    *,
    pooled_size: tuple[int, ...],
    spatial_scale: float,
    sample_ratio: int = -1,
    position_sensitive: bool = False,
    aligned: bool = False,
):
    """Average of bilinear samples in every bin of every region of interest (Mask R-CNN, He et al. 2017).

    Shapes: data (B, C, H, W), rois (N, 5) rows (image, x1, y1, x2, y2) -> (N, C, *pooled_size); with
    `position_sensitive` every bin reads its own channels and C shrinks by the number of bins. `sample_ratio` squared
    samples a bin, or as many as it has pixels when it is not positive. `aligned` shifts regions by half a pixel.
    Regions of image -1 are 0. Only data has a gradient.
    """
    box = unfused(rois[:, 1:] * jnp.array(spatial_scale, rois.dtype)) - (0.5 if aligned else 0.0)
    size = box[:, 2:] - box[:, :2]
    if not aligned:
        size = jnp.maximum(size, 1)
    image, start, size = rois[:, 0].astype(jnp.int32), (box[:, 1], box[:, 0]), (size[:, 1], size[:, 0])
    return _align(data, image, start, size, sample_ratio, pooled_size, position_sensitive)


def _rotated_shape(ins: Shapes, outs: Shapes, pooled_size) -> None:
    data, rois = check_inputs(ins, 6)
    assign(outs, 0, (rois[0], data[1], *pooled_size))


@op(shape=_rotated_shape, types=roi_types, check=_check_size)
def _contrib_RROIAlign(
    data: Tensor, rois: Tensor, *, pooled_size: tuple[int, ...], spatial_scale: float, sampling_ratio: int = -1
):
    """`ROIAlign` for rotated regions of interest.

    Shapes: data (B, C, H, W), rois (N, 6) rows (image, centre x, centre y, width, height, angle in degrees)
    -> (N, C, *pooled_size). Data has a gradient here, where MXNet has none.
    """
    scaled = rois[:, 1:5] * jnp.array(spatial_scale, rois.dtype)
    size = jnp.maximum(scaled[:, 2:], 1)
    angle = rois[:, 5] * jnp.array(math.pi / 180, rois.dtype)
    turn = jnp.cos(angle), jnp.sin(angle), scaled[:, 1], scaled[:, 0]
    return _align(
        data, rois[:, 0].astype(jnp.int32), (-size[:, 1] / 2, -size[:, 0] / 2), (size[:, 1], size[:, 0]),
        sampling_ratio, pooled_size, False, turn,
    )  # fmt: skip


# -- position-sensitive averages -------------------------------------------------------------------------------


def _psroi_shape(ins: Shapes, outs: Shapes, output_dim, pooled_size) -> None:
    _, rois = check_inputs(ins)
    assign(outs, 0, (rois[0], output_dim, pooled_size, pooled_size))


def cells(pooled: int, groups: int) -> np.ndarray:
    """Which of `groups` channel groups every bin along an axis reads, (pooled,)."""
    return np.minimum(np.arange(pooled, dtype=np.int32) * groups // pooled, groups - 1)


@op(shape=_psroi_shape, types=roi_types)
def _contrib_PSROIPooling(
    data: Tensor, rois: Tensor, *, spatial_scale: float, output_dim: int, pooled_size: int, group_size: int = 0
):
    """Average of every bin of every region, each bin from channels of its own (R-FCN, Dai et al. 2016).

    Shapes: data (B, output_dim * group_size**2, H, W), rois (N, 5) rows (image, x1, y1, x2, y2)
    -> (N, output_dim, pooled_size, pooled_size). `group_size` 0 means `pooled_size`. Only data has a gradient.
    """
    groups = group_size or pooled_size
    images, _, height, width = data.shape
    dtype = data.dtype
    box = round_away(rois[:, 1:])
    low = unfused(box[:, :2] * jnp.array(spatial_scale, dtype))
    high = unfused((box[:, 2:] + 1) * jnp.array(spatial_scale, dtype))
    size = jnp.maximum(high - low, jnp.array(0.1, dtype))
    bins = jnp.arange(pooled_size, dtype=dtype)
    step = quotient(size, pooled_size)[:, :, None]

    def edges(axis: int, limit: int) -> tuple[Array, Array]:
        first = jnp.floor(unfused(bins * step[:, axis]) + low[:, axis, None])
        last = jnp.ceil(unfused((bins + 1) * step[:, axis]) + low[:, axis, None])
        return jnp.clip(first, 0, limit).astype(jnp.int32), jnp.clip(last, 0, limit).astype(jnp.int32)

    (x1, x2), (y1, y2) = edges(0, width), edges(1, height)
    most = jnp.max(x2 - x1, initial=0)
    cell = cells(pooled_size, groups)[:, None] * groups + cells(pooled_size, groups)

    def parts(k, points):
        image, x1, x2, y1, y2, most = points
        y, x = y1 + k // most, x1 + k % most
        inside = (y < y2)[:, :, None] & (x < x2)[:, None, :]
        area = jnp.maximum((y2 - y1)[:, :, None] * (x2 - x1)[:, None, :], 1).astype(dtype)
        row = (image[:, None] * height + jnp.minimum(y, height - 1))[:, :, None] * width
        at = (row + jnp.minimum(x, width - 1)[:, None, :]) * groups**2 + cell
        return [(at, jnp.where(inside, 1 / area, 0))]

    table = jnp.moveaxis(data.reshape(images, output_dim, groups**2, height, width), (1, 2), (4, 3))
    points = (rois[:, 0].astype(jnp.int32), x1, x2, y1, y2, most)
    total = gather_sum(parts, table.reshape(-1, output_dim), points, jnp.max(y2 - y1, initial=0) * most)
    return jnp.moveaxis(total, -1, 1)  # pyright: ignore[reportArgumentType]
