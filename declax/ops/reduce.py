"""Reductions: sum, mean, prod, max, min, their nan-tolerant forms, norm, moments, argmax and argmin.

A full reduction has shape (1,), under NumPy shape semantics too: these operators are MXNet's old ones, and its NumPy
operators are registered apart from them.
"""

from collections.abc import Callable
from math import prod as product_of
from typing import Literal

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.ops.axes import canonical_axes, canonical_axis
from declax.registry import Tensor, gradient, op
from declax.rules import TypeConflict
from declax.shapes import ShapeConflict, show

Axes = tuple[int, ...] | None


def _reduced_axes(rank: int, axis: Axes, exclude: bool = False) -> tuple[int, ...]:
    """The axes that go, counted from the front; no axes means all of them, `exclude` or not."""
    if not axis:
        return tuple(range(rank))
    named = sorted(canonical_axes(axis, rank))
    return tuple(a for a in range(rank) if a not in named) if exclude else tuple(named)


def _result(shape: tuple[int | None, ...], axes: tuple[int, ...], keepdims: bool) -> tuple[int | None, ...]:
    """The shape after the reduction of `axes`."""
    if keepdims:
        return tuple(1 if i in axes else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in axes) or (1,)


def _partial_rule(ins: rules.Shapes, outs: rules.Shapes, axis, keepdims, exclude) -> None:
    """What is known of the input goes through."""
    if ins[0] is not None:
        rules.assign(outs, 0, _result(ins[0], _reduced_axes(len(ins[0]), axis, exclude), keepdims))


def _extremum_rule(ins: rules.Shapes, outs: rules.Shapes, axis, keepdims, exclude) -> None:
    """MXNet waits until the whole input is known, and refuses an empty one."""
    if ins[0] is None or None in ins[0]:
        return
    if 0 in ins[0]:
        raise ShapeConflict(f"Reduction input's size should > 0, got {show(ins[0])}")
    _partial_rule(ins, outs, axis, keepdims, exclude)


def _spread(x: Tensor, data: Tensor, axis: Axes, exclude: bool) -> Tensor:
    """A reduced array in a shape that broadcasts against the data again."""
    return x.reshape(_result(data.shape, _reduced_axes(data.ndim, axis, exclude), True))


def _finish(x: Tensor) -> Tensor:
    return x if x.ndim else x.reshape(1)


@op("sum", aliases=("sum_axis", "_sparse_sum"), shape=_partial_rule)
def sum_(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """Sum over `axis`, over all axes when none is named, or over all others with `exclude`.

    Shapes: data (any) -> the axes that stay; (1,) when none does. `keepdims` leaves the others with size 1.
    """
    axes = _reduced_axes(data.ndim, axis, exclude)
    return _finish(jnp.sum(data, axes, dtype=data.dtype, keepdims=keepdims))


@op(aliases=("_sparse_mean",), shape=_partial_rule)
def mean(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """Mean over `axis`, over all axes when none is named, or over all others with `exclude`.

    Shapes: data (any) -> the axes that stay; (1,) when none does. The mean of whole numbers is cut to one.
    """
    axes = _reduced_axes(data.ndim, axis, exclude)
    total = _finish(jnp.sum(data, axes, dtype=data.dtype, keepdims=keepdims))
    count = product_of(data.shape[a] for a in axes)
    if jnp.issubdtype(data.dtype, jnp.integer):
        return jnp.sign(total) * (abs(total) // count)
    return total / count


@op(shape=_partial_rule)
def prod(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """Product over `axis`, over all axes when none is named, or over all others with `exclude`.

    Shapes: data (any) -> the axes that stay; (1,) when none does. The gradient is out / data, as in MXNet: nan at zero.
    """
    axes = _reduced_axes(data.ndim, axis, exclude)
    return _finish(jnp.prod(data, axes, dtype=data.dtype, keepdims=keepdims))


@gradient(prod)
def _(cotangents, outputs, data, *, axis, exclude):
    return _spread(cotangents[0], data, axis, exclude) * (_spread(outputs[0], data, axis, exclude) / data)


@op(shape=_partial_rule)
def nansum(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """Sum that takes nan for zero.

    Shapes: data (any) -> the axes that stay; (1,) when none does.
    """
    return sum_(_without_nan(data, 0), axis=axis, keepdims=keepdims, exclude=exclude)


@op(shape=_partial_rule)
def nanprod(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """Product that takes nan for one.

    Shapes: data (any) -> the axes that stay; (1,) when none does. The gradient is out / data, as in MXNet: nan at zero.
    """
    return prod(_without_nan(data, 1), axis=axis, keepdims=keepdims, exclude=exclude)


def _without_nan(data: Tensor, instead: int) -> Tensor:
    if not jnp.issubdtype(data.dtype, jnp.inexact):
        return data
    return jnp.where(jnp.isnan(data), jnp.asarray(instead, data.dtype), data)


@gradient(nanprod)
def _(cotangents, outputs, data, *, axis, exclude):
    slope = _spread(outputs[0], data, axis, exclude) / data
    return _spread(cotangents[0], data, axis, exclude) * jnp.where(jnp.isnan(data), jnp.zeros((), data.dtype), slope)


@op("max", aliases=("max_axis",), shape=_extremum_rule)
def max_(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """Largest element over `axis`, over all axes when none is named, or over all others with `exclude`.

    Shapes: data (any) -> the axes that stay; (1,) when none does. The gradient goes in full to each of equal elements.
    """
    return _finish(jnp.max(data, _reduced_axes(data.ndim, axis, exclude), keepdims=keepdims))


@op("min", aliases=("min_axis",), shape=_extremum_rule)
def min_(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """Smallest element over `axis`, over all axes when none is named, or over all others with `exclude`.

    Shapes: data (any) -> the axes that stay; (1,) when none does. The gradient goes in full to each of equal elements.
    """
    return _finish(jnp.min(data, _reduced_axes(data.ndim, axis, exclude), keepdims=keepdims))


def _to_all_equal(reduce: Callable) -> Callable:
    def backward(cotangents: tuple, outputs: tuple, data: Tensor, *, axis: Axes, exclude: bool) -> Tensor:
        # both sides of the comparison from one buffer: XLA may compute an element twice and round it in two ways
        x = lax.optimization_barrier(data)
        hit = x == reduce(x, _reduced_axes(x.ndim, axis, exclude), keepdims=True)
        return jnp.where(hit, _spread(cotangents[0], data, axis, exclude), jnp.zeros((), data.dtype))

    return backward


gradient(max_)(_to_all_equal(jnp.max))
gradient(min_)(_to_all_equal(jnp.min))


def _norm_rule(ins: rules.Shapes, outs: rules.Shapes, axis, keepdims) -> None:
    if ins[0] is not None and None not in ins[0]:
        _partial_rule(ins, outs, axis, keepdims, False)


def _norm_types(ins: rules.Types, outs: rules.Types, out_dtype) -> None:
    if out_dtype is None:
        rules.same_type(ins, outs)
        return
    if ins[0] is None:
        raise TypeConflict("input data type should be specified when out_dtype is not null")
    rules.assign_type(outs, 0, out_dtype)


OutType = Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None
"""Annotation of norm's `out_dtype`."""


@op(aliases=("_sparse_norm",), shape=_norm_rule, types=_norm_types)
def norm(data: Tensor, *, ord: int = 2, axis: Axes = None, out_dtype: OutType = None, keepdims: bool = False):
    """Sum of absolute values (ord 1) or root of the sum of squares (ord 2) over `axis`, over all axes by default.

    Shapes: data (any) -> the axes that stay; (1,) when none does. Computed in `out_dtype`, the data's by default.
    """
    if ord not in (1, 2):
        raise ValueError("norm only supports ord=1 and ord=2")
    axes = _reduced_axes(data.ndim, axis)
    kind = data.dtype if out_dtype is None else rules.dtype_of(out_dtype)
    whole = not jnp.issubdtype(kind, jnp.inexact)
    x = data.astype(jnp.float32 if whole else kind)
    total = jnp.sum(abs(x) if ord == 1 else x * x, axes, dtype=x.dtype, keepdims=keepdims)
    return _finish(total if ord == 1 else jnp.sqrt(total)).astype(kind)


@gradient(norm)
def _(cotangents, outputs, data, *, ord, axis):
    ct = _spread(cotangents[0], data, axis, False)
    slope = jnp.sign(data) if ord == 1 else data.astype(ct.dtype) / _spread(outputs[0], data, axis, False)
    return (ct * slope.astype(ct.dtype)).astype(data.dtype)


def _moments_rule(ins: rules.Shapes, outs: rules.Shapes, axes, keepdims) -> None:
    if not axes:
        raise ShapeConflict(
            "Empty axes is not supported, if you would like to do global moments, please pass all axes to axes argument"
        )
    if ins[0] is not None:
        shape = _result(ins[0], _reduced_axes(len(ins[0]), axes), keepdims)
        rules.assign(outs, 0, shape)
        rules.assign(outs, 1, shape)


@op(outputs=2, shape=_moments_rule, needs_shape=True)
def moments(data: Tensor, *, axes: Axes = None, keepdims: bool = False):
    """Mean and variance (divided by the count) over `axes`, which must be named.

    Shapes: data (any) -> twice the axes that stay; (1,) when none does.
    """
    gone = _reduced_axes(data.ndim, axes)
    average = jnp.mean(data, gone, dtype=data.dtype, keepdims=True)
    spread = data - average
    variance = jnp.mean(spread * spread, gone, dtype=data.dtype, keepdims=True)
    shape = _result(data.shape, gone, keepdims)
    return average.reshape(shape), variance.reshape(shape)


def _line(rank: int, axis: int | None) -> tuple[int, ...]:
    """The axes that argmax searches; a vector is always searched whole."""
    return tuple(range(rank)) if axis is None or rank == 1 else (canonical_axis(axis, rank),)


def _search_rule(ins: rules.Shapes, outs: rules.Shapes, axis, keepdims) -> None:
    if ins[0] is not None and None not in ins[0]:
        rules.assign(outs, 0, _result(ins[0], _line(len(ins[0]), axis), keepdims))


def _search(find, data: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    axes = _line(data.ndim, axis)
    x, at = (data.reshape(-1), 0) if len(axes) == data.ndim else (data, axes[0])
    return find(x, at).astype(data.dtype).reshape(_result(data.shape, axes, keepdims))


@op(shape=_search_rule, loss=True)
def argmax(data: Tensor, *, axis: int | None = None, keepdims: bool = False):
    """Position of the first largest element along an axis, or in the flattened array.

    Shapes: data (..., d, ...) -> (..., ...), of the data's type (float32 for float32); (1,) without an axis.
    """
    return _search(jnp.argmax, data, axis, keepdims)


@op(shape=_search_rule, loss=True)
def argmin(data: Tensor, *, axis: int | None = None, keepdims: bool = False):
    """Position of the first smallest element along an axis, or in the flattened array.

    Shapes: data (..., d, ...) -> (..., ...), of the data's type (float32 for float32); (1,) without an axis.
    """
    return _search(jnp.argmin, data, axis, keepdims)


@op(shape=lambda ins, outs: _search_rule(ins, outs, 1, False), loss=True)
def argmax_channel(data: Tensor):
    """Position of the first largest element along axis 1.

    Shapes: data (N, C, ...) -> (N, ...), of the data's type; (C,) -> (1,).
    """
    return _search(jnp.argmax, data, 1, False)


@op(shape=_partial_rule)
def _square_sum(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """Sum of squares over `axis`, over all axes when none is named, or over all others with `exclude`.

    Shapes: data (any) -> the axes that stay; (1,) when none does.
    """
    return sum_(data * data, axis=axis, keepdims=keepdims, exclude=exclude)


@op(shape=_partial_rule)
def _broadcast_backward(data: Tensor, *, axis: Axes = None, keepdims: bool = False, exclude: bool = False):
    """The gradient of a broadcast: the sum over the axes that it stretched.

    Shapes: data (any) -> the axes that stay; (1,) when none does.
    """
    return sum_(data, axis=axis, keepdims=keepdims, exclude=exclude)
