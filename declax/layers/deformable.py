"""Convolution and pooling whose sampling points move with learned offsets (Dai et al. 2017; Zhu et al. 2018)."""

import math
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import AttrError, attr
from declax.layers.bilinear import Neighbours, clamped, corners, pixel_rows, read, zero_outside
from declax.layers.boxes import need, ranked
from declax.layers.roi import cells, check_inputs, roi_types, round_away
from declax.registry import Tensor, deduce, op
from declax.rules import Shapes, assign, lead_type
from declax.shapes import is_complete

Layout = Literal["NCDHW", "NCHW", "NCW"]


def _check(kernel, stride, dilate, pad, num_filter, num_group) -> None:
    if len(kernel) != 2 or any(len(v) not in (0, 2) for v in (stride, dilate, pad)):
        raise AttrError("deformable convolution is 2-dimensional")
    if 0 in (*kernel, *stride, *dilate):
        raise AttrError("kernel, stride and dilate must be above 0")
    if num_filter % num_group:
        raise AttrError(f"num_filter={num_filter} must be divisible by num_group={num_group}")


def _conv_shape(
    ins: Shapes, outs: Shapes, kernel, stride, dilate, pad, num_filter, num_group, num_deformable_group, no_bias
) -> None:
    masked = len(ins) + no_bias == 5
    data = ins[0]
    if not masked and not is_complete(data):
        return
    data = ranked(data, 4, "Input data should be 4D in batch-num_filter-y-x")
    assert data is not None
    points = math.prod(kernel)
    grids = [(ins[1], 2 * points, "offset")] + ([(ins[2], points, "mask")] if masked else [])
    for s, _, name in grids:
        s = ranked(s, 4, f"Input {name} should be 4D in batch-num_filter-y-x")
    channels = data[1]
    if channels is not None:
        need(channels % num_group == 0, "input num_filter must divide group size", data)
        need(channels % num_deformable_group == 0, "input num_filter must divide deformable group size", data)
        assign(ins, 1 + len(grids), (num_filter, channels // num_group, *kernel))
    if not no_bias:
        assign(ins, 2 + len(grids), (num_filter,))
    size = [
        None if d is None else (d + 2 * p - (e * (k - 1) + 1)) // s + 1
        for d, k, s, e, p in zip(data[2:], kernel, stride or (1, 1), dilate or (1, 1), pad or (0, 0), strict=True)
    ]
    for s, per_group, name in grids:
        assert s is not None
        need(s[1] == per_group * num_deformable_group, f"{name} filter must divide deformable group size", s)
        for a, b, side in zip(size, s[2:], ("height", "width"), strict=True):
            need(a is None or a == b, f"output {side} must equal to {name} map {side}", s)
    assign(outs, 0, (data[0], num_filter, *size))


def _columns(
    data: Array, offset: Array, groups: int, kernel: tuple, stride: tuple, dilate: tuple, pad: tuple, soft: bool
) -> Array:
    """Samples (N, groups, K, H', W', C / groups) of data at the points of the kernel, moved by offset."""
    n, channels, height, width = data.shape
    tall, wide = offset.shape[2:]
    points = math.prod(kernel)
    moved = offset.reshape(n, groups, points, 2, tall, wide)
    ky = jnp.repeat(jnp.arange(kernel[0], dtype=data.dtype) * dilate[0], kernel[1])[:, None, None]
    kx = jnp.tile(jnp.arange(kernel[1], dtype=data.dtype) * dilate[1], kernel[0])[:, None, None]
    y = moved[:, :, :, 0] + (ky + (jnp.arange(tall, dtype=data.dtype) * stride[0] - pad[0])[:, None])
    x = moved[:, :, :, 1] + (kx + jnp.arange(wide, dtype=data.dtype) * stride[1] - pad[1])
    if soft:
        near_y, near_x = zero_outside(y, height), zero_outside(x, width)
        inside = (y > -1) & (x > -1) & (y < height) & (x < width)
    else:
        near_y, near_x = clamped(y, height), clamped(x, width)
        inside = (y >= 0) & (x >= 0) & (y < height) & (x < width)
    image = (jnp.arange(n, dtype=jnp.int32) * height)[:, None, None, None, None]
    group = jnp.arange(groups, dtype=jnp.int32)[:, None, None, None]

    def row(b, a):
        return ((image + b) * width + a) * groups + group

    zero = jnp.zeros((), data.dtype)
    around = [(at, jnp.where(inside, w, zero)) for at, w in corners(near_y, near_x, row)]
    return read(pixel_rows(data).reshape(-1, channels // groups), around)


def _convolve(columns: Array, weight: Array, bias: Array | None, num_group: int) -> Array:
    """Weighted sums (N, F, H', W') of columns (N, D, K, H', W', C / D) by weight (F, C / num_group, k, k)."""
    n, _, points, tall, wide, _ = columns.shape
    filters, per_group = weight.shape[:2]
    x = jnp.transpose(columns, (0, 1, 5, 2, 3, 4)).reshape(n, num_group, per_group, points, tall * wide)
    w = weight.reshape(num_group, filters // num_group, per_group, points)
    y = jnp.einsum("gfcp,ngcpx->ngfx", w, x).reshape(n, filters, tall, wide)
    return y if bias is None else y + bias[:, None, None]


@op(shape=_conv_shape, types=lead_type, needs_type=True, check=_check)
def _contrib_DeformableConvolution(
    data: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = deduce(when=lambda no_bias: not no_bias),
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...] = (),
    dilate: tuple[int, ...] = (),
    pad: tuple[int, ...] = (),
    num_filter: int = attr(ge=1, le=100000),
    num_group: int = attr(1, ge=1),
    num_deformable_group: int = attr(1, ge=1),
    workspace: int = attr(1024, ge=0, le=8192),
    no_bias: bool = False,
    layout: Layout | None = None,
):
    """Convolution that reads each kernel point at its place plus an offset, by bilinear interpolation.

    Shapes: data (N, C, H, W), offset (N, 2 * num_deformable_group * k * k, H', W') as (y, x) pairs, weight
    (num_filter, C / num_group, k, k), bias (num_filter,) -> (N, num_filter, H', W'). Points outside the image are 0.
    `workspace` has no meaning on XLA.
    """
    columns = _columns(
        data, offset, num_deformable_group, kernel, stride or (1, 1), dilate or (1, 1), pad or (0, 0), soft=False
    )
    return _convolve(columns, weight, bias, num_group)


@op(shape=_conv_shape, types=lead_type, needs_type=True, needs_shape=True, check=_check)
def _contrib_ModulatedDeformableConvolution(
    data: Tensor,
    offset: Tensor,
    mask: Tensor,
    weight: Tensor,
    bias: Tensor | None = deduce(when=lambda no_bias: not no_bias),
    *,
    kernel: tuple[int, ...],
    stride: tuple[int, ...] = (),
    dilate: tuple[int, ...] = (),
    pad: tuple[int, ...] = (),
    num_filter: int = attr(ge=1, le=100000),
    num_group: int = attr(1, ge=1),
    num_deformable_group: int = attr(1, ge=1),
    workspace: int = attr(1024, ge=0, le=8192),
    no_bias: bool = False,
    im2col_step: int = attr(64, ge=1),
    layout: Layout | None = None,
):
    """`DeformableConvolution` whose points are also weighted by a mask, in an image that is zero outside.

    Shapes: data (N, C, H, W), offset (N, 2 * num_deformable_group * k * k, H', W'), mask (N, num_deformable_group * k
    * k, H', W'), weight and bias as in `DeformableConvolution` -> (N, num_filter, H', W'). It has a gradient
    everywhere, where MXNet has one on GPUs only. `workspace` and `im2col_step` have no meaning on XLA.
    """
    columns = _columns(
        data, offset, num_deformable_group, kernel, stride or (1, 1), dilate or (1, 1), pad or (0, 0), soft=True
    )
    n, groups, points, tall, wide, _ = columns.shape
    return _convolve(columns * mask.reshape(n, groups, points, tall, wide, 1), weight, bias, num_group)


# -- pooling ---------------------------------------------------------------------------------------------------


def _psroi_shape(ins: Shapes, outs: Shapes, output_dim, pooled_size, no_trans) -> None:
    if not no_trans:
        need(ins[2] is not None and len(ins[2]) == 4, "trans should be a 4D tensor of shape", ins[2])
    _, rois = check_inputs(ins)
    for i in range(len(outs)):
        assign(outs, i, (rois[0], output_dim, pooled_size, pooled_size))


def _inside(position: Array, size: int) -> Neighbours:
    """Neighbours of positions moved into the image; on a pixel both are that pixel, so that nothing pulls."""
    at = jnp.clip(position, 0, size - 1)
    low, high = (lax.stop_gradient(f(at)) for f in (jnp.floor, jnp.ceil))
    part = at - low
    return Neighbours(low.astype(jnp.int32), high.astype(jnp.int32), 1 - part, part)


@op(outputs=("output", "top_count"), visible=1, shape=_psroi_shape, types=roi_types)
def _contrib_DeformablePSROIPooling(
    data: Tensor,
    rois: Tensor,
    trans: Tensor | None = deduce(when=lambda no_trans: not no_trans),
    *,
    spatial_scale: float,
    output_dim: int,
    group_size: int,
    pooled_size: int,
    part_size: int = 0,
    sample_per_part: int = 1,
    trans_std: float = attr(0.0, ge=0.0, le=1.0),
    no_trans: bool = False,
):
    """`PSROIPooling` of bilinear samples whose bins move with learned offsets.

    Shapes: data (B, output_dim * group_size**2, H, W), rois (N, 5) rows (image, x1, y1, x2, y2), trans (N, 2 * classes,
    part_size, part_size) of (x, y) in parts of a region -> (N, output_dim, pooled_size, pooled_size). `part_size` 0
    means `pooled_size`, `trans_std` scales the offsets, `sample_per_part` squared samples a bin. rois have no gradient.
    """
    dtype, count = data.dtype, rois.shape[0]
    images, _, height, width = data.shape
    parts = part_size or pooled_size
    classes = 1 if trans is None else trans.shape[1] // 2
    rois = lax.stop_gradient(rois)
    box = round_away(rois[:, 1:])
    scale = jnp.array(spatial_scale, dtype)
    low = box[:, :2] * scale - 0.5
    size = jnp.maximum((box[:, 2:] + 1) * scale - 0.5 - low, jnp.array(0.1, dtype))
    bins = jnp.arange(pooled_size, dtype=dtype)
    start = bins * (size / pooled_size)[:, :, None] + low[:, :, None]
    x, y = start[:, None, 0, None, :], start[:, None, 1, :, None]
    if trans is not None:
        ratio = np.arange(pooled_size, dtype=dtype) / np.array(pooled_size, dtype) * np.array(parts, dtype)
        part = np.floor(ratio).astype(np.int32)  # with the rounding that MXNet has
        shift = trans.reshape(count, classes, 2, parts, parts)[..., part[:, None], part] * jnp.array(trans_std, dtype)
        x = x + shift[:, :, 0] * size[:, 0, None, None, None]
        y = y + shift[:, :, 1] * size[:, 1, None, None, None]
    sub = jnp.arange(sample_per_part, dtype=dtype) * (size / (pooled_size * sample_per_part))[:, :, None]
    full = (count, classes, pooled_size, pooled_size, sample_per_part, sample_per_part)
    x = jnp.broadcast_to(x[..., None, None] + sub[:, 0, None, None, None, None, :], full)
    y = jnp.broadcast_to(y[..., None, None] + sub[:, 1, None, None, None, :, None], full)
    real = (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)
    image = (rois[:, 0].astype(jnp.int32) * height)[:, None, None, None, None, None]
    cell = cells(pooled_size, group_size)
    place = (cell[:, None] * group_size + cell)[:, :, None, None] * classes
    place = place + jnp.arange(classes, dtype=jnp.int32)[:, None, None, None, None]

    def row(b, a):
        return ((image + b) * width + a) * (group_size**2 * classes) + place

    zero = jnp.zeros((), dtype)
    around = [(at, jnp.where(real, w, zero)) for at, w in corners(_inside(y, height), _inside(x, width), row)]
    table = data.reshape(images, classes, output_dim // classes, group_size**2, height, width)
    table = jnp.transpose(table, (0, 4, 5, 3, 1, 2)).reshape(-1, output_dim // classes)
    samples = read(table, around)
    number = jnp.sum(real, axis=(-2, -1), dtype=jnp.int32).astype(dtype)
    mean = jnp.sum(samples, axis=(-3, -2)) / jnp.maximum(number, 1)[..., None]
    output = jnp.moveaxis(mean, -1, 2).reshape(count, output_dim, pooled_size, pooled_size)
    return output, jnp.repeat(number, output_dim // classes, axis=1)
