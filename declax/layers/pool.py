"""Pooling: max, average, sum and Lp over windows or over all of space."""

import functools
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import AttrError
from declax.derivative import own_gradient
from declax.layers.layout import check_dims, check_lengths, check_positive, fill, is_channels_first, spatial_axes
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


@dataclass(frozen=True)
class _Windows:
    """The windows of one pooling: along which axes, of which extent, how many."""

    axes: Shape
    sizes: Shape
    kernel: Shape
    stride: Shape
    pad: Shape
    outs: Shape

    def spread(self, rank: int, values: Iterable[Any], rest: Any) -> tuple:
        """Values of the windowed axes among those of all axes."""
        found = dict(zip(self.axes, values, strict=True))
        return tuple(found.get(a, rest) for a in range(rank))

    def reduce(self, x: Array, initial: Any, computation: Callable) -> Array:
        """`lax.reduce_window` over these windows, the last ones reaching beyond the padded data if need be."""
        beyond = (
            (p, max(p, (out - 1) * s + k - size - p))
            for size, k, s, p, out in zip(self.sizes, self.kernel, self.stride, self.pad, self.outs, strict=True)
        )
        window, strides = self.spread(x.ndim, self.kernel, 1), self.spread(x.ndim, self.stride, 1)
        return lax.reduce_window(
            x, np.asarray(initial, x.dtype), computation, window, strides, self.spread(x.ndim, beyond, (0, 0))
        )

    def counts(self, with_pad: bool) -> np.ndarray:
        """Elements in each window, clipped to the padded data, or to the data itself."""
        count = np.ones((), np.int64)
        for size, out, k, s, p in zip(self.sizes, self.outs, self.kernel, self.stride, self.pad, strict=True):
            start = np.arange(out) * s - p
            end = np.minimum(start + k, size + p)
            extent = end - start if with_pad else np.minimum(end, size) - np.maximum(start, 0)
            count = count[..., None] * np.maximum(extent, 1)
        return count

    def elements(self, x: Array, low: Any) -> Callable[[Shape], Array]:
        """A function that gives the elements of all windows at one offset, `low` where there are none."""
        reach = [(out - 1) * s + 1 for out, s in zip(self.outs, self.stride, strict=True)]
        # negative at the end where the last elements are in no window
        ends = [
            (p, r + k - 1 - size - p, 0) for p, r, k, size in zip(self.pad, reach, self.kernel, self.sizes, strict=True)
        ]
        padded = lax.pad(x, np.asarray(low, x.dtype), self.spread(x.ndim, ends, (0, 0, 0)))

        def at(offset: Shape) -> Array:
            ends = dict(zip(self.axes, (o + r for o, r in zip(offset, reach, strict=True)), strict=True))
            limit = [ends.get(a, d) for a, d in enumerate(x.shape)]
            return lax.slice(padded, self.spread(x.ndim, offset, 0), limit, self.spread(x.ndim, self.stride, 1))

        return at

    def offsets(self) -> list[Shape]:
        """Every element of the kernel, in order."""
        return list(itertools.product(*map(range, self.kernel)))

    def scatter(self, g: Array, chosen: Array | None = None) -> Array:
        """The transpose of cutting out windows: every element gets `g` from all windows that it is in.

        With `chosen`, only from those that chose it; it holds the number of the chosen offset for each window. An
        element at `s * a + b` (its phase b) is in the windows a, a - 1, ... at the offsets b, b + s, ...; so each term
        is a shifted copy, spread over the phases. On CPUs that is several times faster than XLA's own transposes.
        """
        counts = [-(-(size + p) // s) for size, p, s in zip(self.sizes, self.pad, self.stride, strict=True)]
        most = [(k - 1) // s for k, s in zip(self.kernel, self.stride, strict=True)]
        ends = [(m, max(0, a - o), 0) for m, a, o in zip(most, counts, self.outs, strict=True)]
        number = {offset: i for i, offset in enumerate(self.offsets())}
        shape = [dict(zip(self.axes, counts, strict=True)).get(a, d) for a, d in enumerate(g.shape)]

        def spread_out(x: Array, back: Shape) -> Array:
            padded = lax.pad(x, jnp.zeros((), x.dtype), self.spread(x.ndim, ends, (0, 0, 0)))
            start = self.spread(x.ndim, (m - b for m, b in zip(most, back, strict=True)), 0)
            part = lax.slice(padded, start, [a + d for a, d in zip(start, shape, strict=True)])
            return jnp.expand_dims(part, self._phase_axes())

        total: Any = None
        for back in itertools.product(*(range(m + 1) for m in most)):
            # the number of the offset at which each phase is in that window, none of them where it is not
            at_phase = np.full(self.stride, -1, np.int8)
            for phase in itertools.product(*map(range, self.stride)):
                offset = tuple(b + s * n for b, s, n in zip(phase, self.stride, back, strict=True))
                at_phase[phase] = number.get(offset, -1)
            at_phase = self._over_phases(at_phase, g.ndim)
            hit = at_phase >= 0 if chosen is None else spread_out(chosen, back) == at_phase
            term = jnp.where(hit, spread_out(g, back), jnp.zeros((), g.dtype))
            total = term if total is None else total + term
        full = [d * s for d, s in zip(shape, self.spread(g.ndim, self.stride, 1), strict=True)]
        begin = self.spread(g.ndim, self.pad, 0)
        sizes = dict(zip(self.axes, self.sizes, strict=True))
        end = [b + sizes.get(a, d) for a, (b, d) in enumerate(zip(begin, g.shape, strict=True))]
        return lax.slice(total.reshape(full), begin, end)

    def _phase_axes(self) -> Shape:
        """Where the axes of the phases go, one behind each windowed axis."""
        return tuple(a + i + 1 for i, a in enumerate(self.axes))

    def _over_phases(self, values: np.ndarray, rank: int) -> np.ndarray:
        """An array over the phases, ready to broadcast against data with axes for them."""
        axes = set(self._phase_axes())
        return np.expand_dims(values, tuple(a for a in range(rank + len(axes)) if a not in axes))


@own_gradient(static=(1,), otherwise=lambda x, windows: windows.reduce(x, 0, lax.add))
def _sum_pool(x: Array, windows: _Windows) -> Array:
    at = windows.elements(x, 0)
    return functools.reduce(jnp.add, map(at, windows.offsets()))


_sum_pool.defvjp(lambda x, windows: (_sum_pool(x, windows), None), lambda windows, _, g: (windows.scatter(g),))


def _lowest(dtype) -> Any:
    return -jnp.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min


@own_gradient(static=(1,), otherwise=lambda x, windows: windows.reduce(x, _lowest(x.dtype), lax.max))
def _max_pool(x: Array, windows: _Windows) -> Array:
    at = windows.elements(x, _lowest(x.dtype))
    return functools.reduce(jnp.maximum, map(at, windows.offsets()))


def _max_pool_forward(x: Array, windows: _Windows) -> tuple[Array, Array]:
    """The maxima and, for the gradient, the number of the first offset at which each was found.

    Elements are compared with each other, never with the result: XLA may round one expression in two ways.
    """
    at, offsets = windows.elements(x, _lowest(x.dtype)), windows.offsets()
    best, chosen = at(offsets[0]), jnp.zeros((), jnp.int8)
    for i, offset in enumerate(offsets[1:], 1):
        value = at(offset)
        chosen = jnp.where(value > best, np.int8(i), chosen)
        best = jnp.maximum(value, best)
    return best, jnp.broadcast_to(chosen, best.shape)


_max_pool.defvjp(_max_pool_forward, lambda windows, chosen, g: (windows.scatter(g, chosen),))

_MANY = 100
"""Windows of more elements than this leave their gradient to XLA, lest the program grow too long."""


def _pool(data, windows: _Windows, pool_type, p_value, with_pad) -> Array:
    few = np.prod(windows.kernel) <= _MANY
    if pool_type == "max":
        return _max_pool(data, windows) if few else windows.reduce(data, _lowest(data.dtype), lax.max)
    x = data.astype(jnp.float32) if data.dtype == jnp.float16 else data
    x = x**p_value if pool_type == "lp" else x
    y: Any = _sum_pool(x, windows) if few else windows.reduce(x, 0, lax.add)
    if pool_type == "lp":
        y = _root(y, p_value)
    elif pool_type == "avg":
        count = windows.counts(with_pad)
        if (count == count.flat[0]).all():
            y = y / np.asarray(count.flat[0], x.dtype)
        else:
            y = y / count.reshape(windows.spread(data.ndim, windows.outs, 1)).astype(x.dtype)
    return y.astype(data.dtype)


def _in_rows(x: Array, axes: Shape) -> Array:
    """These axes as one, at the end."""
    moved = jnp.moveaxis(x, axes, range(-len(axes), 0))
    return moved.reshape(*moved.shape[: -len(axes)], -1)


def _first_of_all(x: Array, axes: Shape) -> Array:
    """The first of equal maxima, which gets the whole gradient, where `jnp.max` would share it out."""
    flat = _in_rows(x, axes)
    found = jnp.take_along_axis(flat, jnp.argmax(flat, -1, keepdims=True), -1)
    return jnp.expand_dims(found[..., 0], axes)


@own_gradient(static=(1,), otherwise=_first_of_all)
def _max_of_all(x: Array, axes: Shape) -> Array:
    return jnp.max(x, axes, keepdims=True)


def _max_of_all_gradient(axes: Shape, x: Array, g: Array) -> tuple[Array]:
    first = jnp.argmax(_in_rows(x, axes), -1).astype(jnp.int32)
    shape = tuple(d if a in axes else 1 for a, d in enumerate(x.shape))
    order = np.arange(np.prod(shape), dtype=np.int32).reshape(shape)
    return (jnp.where(order == jnp.expand_dims(first, axes), g, 0),)


_max_of_all.defvjp(lambda x, axes: (_max_of_all(x, axes), x), _max_of_all_gradient)


def _pool_all(data, pool_type, p_value, layout) -> Array:
    axes = spatial_axes(layout, data.ndim)
    if pool_type == "max":
        return _max_of_all(data, axes)
    x = data.astype(jnp.float32) if data.dtype == jnp.float16 else data
    if pool_type == "lp":
        return _root(jnp.sum(x**p_value, axes, keepdims=True), p_value).astype(data.dtype)
    y = jnp.sum(x, axes, keepdims=True, dtype=x.dtype)
    if pool_type == "avg":
        y = y / np.asarray(np.prod([data.shape[a] for a in axes]), x.dtype)
    return y.astype(data.dtype)


def _workspaces(kernel, pool_type, layout) -> int:
    """The indices that MXNet's oneDNN kernel of max pooling keeps."""
    return int(pool_type == "max" and 1 <= len(kernel) <= 3 and is_channels_first(layout))


@op(aliases=("_npx_pooling",), shape=_shape, types=like_first_type, check=_check, workspaces=_workspaces)
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
    n, axes = len(kernel), spatial_axes(layout, data.ndim)
    if kernel == tuple(data.shape[a] for a in axes) and not any(pad):
        return _pool_all(data, pool_type, p_value, layout)
    sizes, stride, pad = tuple(data.shape[a] for a in axes), fill(stride, n, 1), fill(pad, n, 0)
    outs = tuple(_pooled(*w, pooling_convention) for w in zip(sizes, kernel, stride, pad, strict=True))
    windows = _Windows(axes, sizes, kernel, stride, pad, outs)
    return _pool(data, windows, pool_type, p_value, count_include_pad is not False)


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
