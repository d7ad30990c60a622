"""Pooling: max, average, sum and Lp over windows or over all of space."""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import AttrError
from declax.layers.layout import channel_axis, check_dims, check_lengths, check_positive, fill, spatial_axes
from declax.registry import Tensor, gradient, op
from declax.rules import Shapes, assign, like_first_type
from declax.shapes import Shape, ShapeConflict, show

Kind = Literal["avg", "lp", "max", "sum"]
Convention = Literal["full", "same", "valid"]
Layout = Literal["NCDHW", "NCHW", "NCW", "NDHWC", "NHWC", "NWC"]


# -- rules -----------------------------------------------------------------------------------------------------


def _check(kernel, stride, pad, pool_type, p_value, global_pool) -> None:
    if kernel or not global_pool:
        check_dims(kernel, None, "pooling")
        check_positive(kernel=kernel)
    check_positive(stride=stride)
    if not global_pool:
        check_lengths(kernel, stride=stride, pad=pad)
    if pool_type == "lp" and p_value not in (1, 2, 3):
        raise AttrError(f"p_value={p_value}: Lp pooling needs 1, 2 or 3")


def _check_v1(kernel, stride, pad, global_pool) -> None:
    _check(kernel, stride, pad, "max", None, global_pool)


def _pooled(size: int, k: int, s: int, p: int, convention: Convention) -> int:
    """Number of windows along one dimension."""
    if k > size + 2 * p:
        raise ShapeConflict(f"kernel size ({k}) exceeds input ({size} padded to {size + 2 * p})")
    if convention == "valid":
        return 1 + (size + 2 * p - k) // s
    if convention == "full":
        return 1 + -(-(size + 2 * p - k) // s)
    return -(-(size + 2 * p) // s)


def _shape(ins: Shapes, outs: Shapes, kernel, stride, pad, pooling_convention, global_pool, layout) -> None:
    data = ins[0]
    if data is None:
        return
    if not 3 <= len(data) <= 5 or (not global_pool and len(data) != len(kernel) + 2):
        raise ShapeConflict(f"pooling with kernel={kernel} of data {show(data)}: it takes (batch, channel, *space)")
    if layout is not None and len(layout) != len(data):
        raise ShapeConflict(f"layout={layout} does not fit data {show(data)}")
    if pooling_convention == "same" and (len(data) != 3 or any(pad)):
        raise ShapeConflict("pooling_convention=same is for one dimension and no pad")
    n = len(data) - 2
    out = list(data)
    windows = zip(kernel or (1,) * n, fill(stride, n, 1), fill(pad, n, 0), strict=False)
    for a, (k, s, p) in zip(spatial_axes(layout, len(data)), windows, strict=False):
        size = data[a]
        out[a] = 1 if global_pool else None if size is None else _pooled(size, k, s, p, pooling_convention)
    assign(outs, 0, tuple(out))


def _shape_v1(ins: Shapes, outs: Shapes, kernel, stride, pad, pooling_convention, global_pool) -> None:
    if ins[0] is not None and not 4 <= len(ins[0]) <= 5:
        raise ShapeConflict(f"Input data should be (batch, channel, y, x) or with depth, got {show(ins[0])}")
    _shape(ins, outs, kernel, stride, pad, pooling_convention, global_pool, None)


# -- bodies ----------------------------------------------------------------------------------------------------


def _root(total: Array, p: int) -> Array:
    """The p-th root, with gradient 0 where it is 0."""
    if p == 1:
        return total
    zero = total == 0
    safe = jnp.where(zero, 1, total)
    return jnp.where(zero, 0, jnp.sqrt(safe) if p == 2 else jnp.cbrt(safe))


def _window_sizes(sizes: Shape, outs: Shape, kernel: Shape, stride: Shape, pad: Shape, with_pad: bool) -> np.ndarray:
    """Elements in each window, clipped to the padded data, or to the data itself."""
    count = np.ones((), np.int64)
    for size, out, k, s, p in zip(sizes, outs, kernel, stride, pad, strict=True):
        start = np.arange(out) * s - p
        end = np.minimum(start + k, size + p)
        extent = end - start if with_pad else np.minimum(end, size) - np.maximum(start, 0)
        count = count[..., None] * np.maximum(extent, 1)
    return count


def _pool(data, kernel, stride, pad, pool_type, convention, p_value, with_pad, layout) -> Array:
    rank, axes = data.ndim, spatial_axes(layout, data.ndim)
    sizes = tuple(data.shape[a] for a in axes)
    outs = tuple(_pooled(*window, convention) for window in zip(sizes, kernel, stride, pad, strict=True))
    window, strides, padding = [1] * rank, [1] * rank, [(0, 0)] * rank
    for a, size, out, k, s, p in zip(axes, sizes, outs, kernel, stride, pad, strict=True):
        window[a], strides[a], padding[a] = k, s, (p, max(p, (out - 1) * s + k - size - p))

    def reduce(x, initial, computation):
        return lax.reduce_window(x, initial, computation, tuple(window), tuple(strides), padding)

    if pool_type == "max":
        lowest = -jnp.inf if jnp.issubdtype(data.dtype, jnp.floating) else jnp.iinfo(data.dtype).min
        return reduce(data, np.asarray(lowest, data.dtype), lax.max)
    x = data.astype(jnp.float32) if data.dtype == jnp.float16 else data
    if pool_type == "lp":
        return _root(reduce(x**p_value, np.zeros((), x.dtype), lax.add), p_value).astype(data.dtype)
    y = reduce(x, np.zeros((), x.dtype), lax.add)
    if pool_type == "avg":
        count = _window_sizes(sizes, outs, kernel, stride, pad, with_pad)
        if (count == count.flat[0]).all():
            y = y / np.asarray(count.flat[0], x.dtype)
        else:
            shape = [1] * rank
            for a, out in zip(axes, outs, strict=True):
                shape[a] = out
            y = y / count.reshape(shape).astype(x.dtype)
    return y.astype(data.dtype)


def _pool_all(data, pool_type, p_value, layout) -> Array:
    axes = spatial_axes(layout, data.ndim)
    if pool_type == "max":
        # not jnp.max: of equal maxima the first one gets the gradient
        flat = jnp.moveaxis(data, channel_axis(layout, data.ndim), 1).reshape(*_flat_shape(data, layout))
        y = jnp.take_along_axis(flat, jnp.argmax(lax.stop_gradient(flat), 2, keepdims=True), 2)
        shape = tuple(1 if a in axes else d for a, d in enumerate(data.shape))
        return y.reshape(shape)
    x = data.astype(jnp.float32) if data.dtype == jnp.float16 else data
    if pool_type == "lp":
        return _root(jnp.sum(x**p_value, axes, keepdims=True), p_value).astype(data.dtype)
    y = jnp.sum(x, axes, keepdims=True, dtype=x.dtype)
    if pool_type == "avg":
        y = y / np.asarray(np.prod([data.shape[a] for a in axes]), x.dtype)
    return y.astype(data.dtype)


def _flat_shape(data, layout) -> tuple[int, int, int]:
    c = data.shape[channel_axis(layout, data.ndim)]
    n = data.shape[0]
    return n, c, int(np.prod([data.shape[a] for a in spatial_axes(layout, data.ndim)]))


@op(aliases=("_npx_pooling",), shape=_shape, types=like_first_type, check=_check)
def Pooling(
    data: Tensor,
    *,
    kernel: Shape = (),
    pool_type: Kind = "max",
    global_pool: bool = False,
    cudnn_off: bool = False,
    pooling_convention: Convention = "valid",
    stride: Shape = (),
    pad: Shape = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: Layout | None = None,
):
    """Pooling over windows, or over all of space with `global_pool`.

    Shapes: data (N, C, *spatial) -> (N, C, *out), or channel-last by `layout`. `valid`: out = floor((size + 2*pad -
    kernel) / stride) + 1; `full`: the same with ceil, the last window clipped; `same` (one dimension only): ceil(size
    / stride). An average counts padding unless `count_include_pad=False`, but never what `full` adds beyond it.
    Lp pooling takes no absolute value, as in MXNet. `cudnn_off` has no meaning on XLA.
    """
    if global_pool:
        return _pool_all(data, pool_type, p_value, layout)
    n, with_pad = len(kernel), count_include_pad is not False
    stride, pad = fill(stride, n, 1), fill(pad, n, 0)
    return _pool(data, kernel, stride, pad, pool_type, pooling_convention, p_value, with_pad, layout)


# -- Pooling_v1 ------------------------------------------------------------------------------------------------


def _windows_v1(data, kernel, stride, pad, convention, global_pool) -> tuple[Array, Shape, Shape, Shape]:
    """(data padded with zeros, kernel, stride, number of windows)"""
    sizes = data.shape[2:]
    n = len(sizes)
    if global_pool:
        return data, sizes, (1,) * n, (1,) * n
    stride, pad = fill(stride, n, 1), fill(pad, n, 0)
    outs = tuple(_pooled(*window, convention) for window in zip(sizes, kernel, stride, pad, strict=True))
    return jnp.pad(data, [(0, 0), (0, 0), *((p, p) for p in pad)]), kernel, stride, outs


@op(shape=_shape_v1, types=like_first_type, needs_shape=True, needs_type=True, check=_check_v1)
def Pooling_v1(
    data: Tensor,
    *,
    kernel: Shape = (),
    pool_type: Literal["avg", "max", "sum"] = "max",
    global_pool: bool = False,
    pooling_convention: Literal["full", "valid"] = "valid",
    stride: Shape = (),
    pad: Shape = (),
):
    """The older `Pooling`, with its own rules.

    Shapes: data (N, C, *spatial) -> (N, C, *out). Padding holds zeros that a maximum sees, an average always divides
    by the full kernel, and each of several equal maxima gets the whole gradient.
    """
    x, kernel, stride, outs = _windows_v1(data, kernel, stride, pad, pooling_convention, global_pool)
    beyond = [
        max(0, (out - 1) * s + k - size) for out, s, k, size in zip(outs, stride, kernel, x.shape[2:], strict=True)
    ]
    window, strides, padding = (1, 1, *kernel), (1, 1, *stride), [(0, 0), (0, 0), *((0, b) for b in beyond)]
    if pool_type == "max":
        return lax.reduce_window(x, np.asarray(-jnp.inf, x.dtype), lax.max, window, strides, padding)
    y = lax.reduce_window(x, np.zeros((), x.dtype), lax.add, window, strides, padding)
    return y / np.asarray(np.prod(kernel), x.dtype) if pool_type == "avg" else y


@gradient(Pooling_v1)
def _(cotangents, outputs, data, *, kernel, pool_type, global_pool, pooling_convention, stride, pad):
    scale = 1.0

    def patches(x):
        """Every window's elements, (N, C, out, kernel, out, kernel ...); what lies beyond the data is NaN."""
        x, size, step, outs = _windows_v1(x, kernel, stride, pad, pooling_convention, global_pool)
        for axis in reversed(range(2, x.ndim)):
            index = np.arange(outs[axis - 2])[:, None] * step[axis - 2] + np.arange(size[axis - 2])
            x = jnp.take(x, index, axis, mode="fill", fill_value=jnp.nan)
        return x

    if pool_type == "avg":
        scale = 1.0 / float(np.prod(data.shape[2:] if global_pool else kernel))
    values, transpose = jax.vjp(patches, data)
    inner = tuple(range(3, values.ndim, 2))
    ct = jnp.expand_dims(cotangents[0], inner)
    if pool_type == "max":
        ct = jnp.where(values == jnp.expand_dims(outputs[0], inner), ct, 0)
    return transpose(jnp.broadcast_to(ct * np.asarray(scale, ct.dtype), values.shape))
