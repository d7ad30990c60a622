"""NumPy's reductions: sum, mean, prod, max, min, any, all, argmax, std, var, average, cumsum, percentile, bincount.

A full reduction has shape (), a reduction over the axes () none at all.
"""

from collections.abc import Callable
from math import prod as product_of
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.ops import pointwise as p
from declax.ops.axes import canonical_axis
from declax.ops.np.common import (
    Axes,
    cast,
    concrete,
    is_floating,
    nothing_known,
    once_known,
    reduced,
    reduced_axes,
    unreduced,
)
from declax.registry import Tensor, deduce, gradient, op
from declax.rules import Shapes, Types, assign_type
from declax.shapes import Shape, ShapeConflict, is_complete, show

_Number = Literal["float16", "float32", "float64", "int32", "int64", "int8"] | None
_NumberOrBool = Literal["bool", "float16", "float32", "float64", "int32", "int64", "int8"] | None
_WHOLE_OF_BOOL = ("int32", "int64", "float32", "float64")

_SHAPES = "Shapes: a (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1."


@once_known
def _rule(a: Shape, *, axis, keepdims) -> Shape:
    return reduced(a, axis, keepdims)


def _no_initial(initial: float | None) -> None:
    if initial is not None:
        raise ValueError("initial is not supported yet")


def _count(x: Tensor, axis: Axes) -> int:
    """How many elements go into one."""
    return product_of(x.shape[i] for i in reduced_axes(x.ndim, axis))


def _convert(x: Tensor, kind: np.dtype) -> Tensor:
    """`x` as `kind`; floating values are cut towards zero when that is a whole type."""
    if is_floating(x.dtype) and not is_floating(kind):
        with jax.enable_x64(True):
            return p.cut(x, kind)
    return cast(x, kind)


def _accumulate(function, a: Tensor, axis: Axes, keepdims: bool, kind: np.dtype) -> Tensor:
    """A sum or product, worked out in a type at least as wide as `a` and, when the type changes, in 64 bits."""
    axes = reduced_axes(a.ndim, axis)
    if a.dtype == kind and kind != jnp.bool_:
        return function(a, axis=axes, keepdims=keepdims, dtype=kind)
    with jax.enable_x64(True):
        wide = a.astype("float64" if is_floating(a.dtype) else "int64")
        return _convert(function(wide, axis=axes, keepdims=keepdims, dtype=wide.dtype), kind)


def _sum_types(ins: Types, outs: Types, dtype) -> None:
    boolean = ins[0] is not None and ins[0].name == "bool"
    if dtype is not None:
        if boolean and dtype not in _WHOLE_OF_BOOL:
            raise rules.TypeConflict(f"the result of booleans has one of the types {', '.join(_WHOLE_OF_BOOL)}")
        assign_type(outs, 0, dtype)
    elif boolean:
        assign_type(outs, 0, "int64")
    else:
        rules.same_type(ins, outs)


def _sum_type(a: Tensor, dtype: str | None) -> np.dtype:
    return rules.dtype_of(dtype or ("int64" if a.dtype == jnp.bool_ else jnp.dtype(a.dtype).name))


@op(shape=_rule, types=_sum_types)
def _np_sum(
    a: Tensor, *, axis: Axes = None, dtype: _NumberOrBool = None, keepdims: bool = False, initial: float | None = None
):
    """Sum over `axis`, over all axes when it is None.

    Shapes: a (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1. The type is
    `dtype`, or that of a, int64 for booleans. `initial` is accepted and, as in MXNet, not supported.
    """
    _no_initial(initial)
    return _accumulate(jnp.sum, a, axis, keepdims, _sum_type(a, dtype))


@op(aliases=("_np_product",), shape=_rule, types=_sum_types)
def _np_prod(
    a: Tensor, *, axis: Axes = None, dtype: _NumberOrBool = None, keepdims: bool = False, initial: float | None = None
):
    """Product over `axis`, over all axes when it is None.

    Shapes: a (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1. The type is
    `dtype`, or that of a, int64 for booleans. The gradient is right at zeros, where MXNet's is nan, and the product of
    nothing is 1, where MXNet's is 0. `initial` is accepted and, as in MXNet, not supported.
    """
    _no_initial(initial)
    return _accumulate(jnp.prod, a, axis, keepdims, _sum_type(a, dtype))


def _mean_types(ins: Types, outs: Types, dtype) -> None:
    if dtype is not None:
        assign_type(outs, 0, dtype)
    elif is_floating(ins[0]):
        rules.same_type(ins, outs)
    else:
        assign_type(outs, 0, "float32")


def _divided(total: Tensor, count: int) -> Tensor:
    """A sum by a number of elements, in its own type; 0 elements give the sum itself."""
    if count == 0:
        return total
    return p.divide(total, jnp.asarray(count, total.dtype))


@op(shape=_rule, types=_mean_types)
def _npi_mean(
    a: Tensor, *, axis: Axes = None, dtype: _NumberOrBool = None, keepdims: bool = False, initial: float | None = None
):
    """Mean over `axis`, over all axes when it is None; that of no elements is 0, as in MXNet.

    Shapes: a (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1. The type is
    `dtype`, or that of a, float32 for whole numbers and booleans. `initial` is accepted and not supported.
    """
    _no_initial(initial)
    kind = rules.dtype_of(dtype or (jnp.dtype(a.dtype).name if is_floating(a.dtype) else "float32"))
    return _divided(_accumulate(jnp.sum, a, axis, keepdims, kind), _count(a, axis))


def _moment_types(ins: Types, outs: Types, dtype) -> None:
    if dtype is not None:
        assign_type(outs, 0, dtype)
    else:
        rules.like_first_type(ins, outs[:1])
        assign_type(outs, 0, ins[0])
    assign_type(outs, 1, ins[0])


@once_known
def _moment_rule(a: Shape, *, axis, keepdims) -> list[Shape]:
    return [reduced(a, axis, keepdims)] * 2


def _variance(a: Tensor, axis: Axes, dtype: str | None, ddof: int, keepdims: bool) -> tuple[Tensor, Tensor]:
    """Variance and mean, without gradient. The mean and the squares have the type of a, as in MXNet."""
    a = lax.stop_gradient(a)
    kind = rules.dtype_of(dtype) if dtype else jnp.dtype(a.dtype)
    count = _count(a, axis)
    average = _divided(_accumulate(jnp.sum, a, axis, True, jnp.dtype(a.dtype)), count)
    distance = a - average
    total = _accumulate(jnp.sum, distance * distance, axis, True, kind)
    shape = reduced(a.shape, axis, keepdims)
    by = jnp.asarray(count - ddof, kind)
    variance = total / by if is_floating(kind) else p.divide(total, by)
    return variance.reshape(shape), average.reshape(shape)


@op(outputs=("var", "mean"), visible=1, shape=_moment_rule, types=_moment_types)
def _npi_var(a: Tensor, *, axis: Axes = None, dtype: _Number = None, ddof: int = 0, keepdims: bool = False):
    """Variance over `axis`: the sum of squared distances from the mean divided by the count less `ddof`; no gradient.

    Shapes: a (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1. The type is
    `dtype` or that of a; the mean of whole numbers, a hidden second output, is cut to one. MXNet has no gradient here.
    """
    return _variance(a, axis, dtype, ddof, keepdims)


@op(outputs=("std", "mean"), visible=1, shape=_moment_rule, types=_moment_types)
def _npi_std(a: Tensor, *, axis: Axes = None, dtype: _Number = None, ddof: int = 0, keepdims: bool = False):
    """Standard deviation over `axis`, the square root of the variance; no gradient.

    Shapes: a (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1. The type is
    `dtype` or that of a; the mean of whole numbers, a hidden second output, is cut to one. MXNet has no gradient here.
    """
    variance, average = _variance(a, axis, dtype, ddof, keepdims)
    return p.in_floats(jnp.sqrt, variance), average


# -- largest, smallest, any, all -----------------------------------------------------------------------------------


@once_known
def _extremum_rule(a: Shape, *, axis, keepdims) -> Shape:
    if any(a[i] == 0 for i in reduced_axes(len(a), axis)):
        raise ShapeConflict("zero-size array to reduction operation maximum which has no identity")
    return reduced(a, axis, keepdims)


@op(aliases=("_np_amax",), shape=_extremum_rule)
def _np_max(a: Tensor, *, axis: Axes = None, keepdims: bool = False, initial: float | None = None):
    """Largest element over `axis`, over all axes when it is None; the gradient goes in full to each of equal elements.

    Shapes: a (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1. `initial` is
    accepted and, as in MXNet, not supported.
    """
    _no_initial(initial)
    return jnp.max(a, reduced_axes(a.ndim, axis), keepdims=keepdims)


@op(aliases=("_np_amin",), shape=_extremum_rule)
def _np_min(a: Tensor, *, axis: Axes = None, keepdims: bool = False, initial: float | None = None):
    """Smallest element over `axis`, over all axes when it is None; the gradient goes in full to each of equal elements.

    Shapes: a (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1. `initial` is
    accepted and, as in MXNet, not supported.
    """
    _no_initial(initial)
    return jnp.min(a, reduced_axes(a.ndim, axis), keepdims=keepdims)


def _to_all_equal(reduce: Callable) -> Callable:
    def backward(cotangents: tuple, outputs: tuple, a: Tensor, *, axis: Axes) -> Tensor | None:
        if not is_floating(a.dtype):
            return None
        # both sides of the comparison from one buffer: XLA may compute an element twice and round it in two ways
        x = lax.optimization_barrier(a)
        hit = x == reduce(x, reduced_axes(a.ndim, axis), keepdims=True)
        return jnp.where(hit, unreduced(cotangents[0], a.shape, axis), jnp.zeros((), a.dtype))

    return backward


gradient(_np_max)(_to_all_equal(jnp.max))
gradient(_np_min)(_to_all_equal(jnp.min))


@op(aliases=("_np_sometrue",), shape=_rule, types=rules.always_type("bool"))
def _np_any(data: Tensor, *, axis: Axes = None, keepdims: bool = False):
    """Whether any element over `axis`, over all axes when it is None, is not 0; nan is not 0.

    Shapes: data (any) -> the axes that stay, () when none does, boolean; `keepdims` leaves the others with size 1.
    """
    return jnp.any(data != 0, reduced_axes(data.ndim, axis), keepdims=keepdims)


@op(shape=_rule, types=rules.always_type("bool"))
def _np_all(data: Tensor, *, axis: Axes = None, keepdims: bool = False):
    """Whether all elements over `axis`, over all axes when it is None, are not 0; nan is not 0.

    Shapes: data (any) -> the axes that stay, () when none does, boolean; `keepdims` leaves the others with size 1.
    """
    return jnp.all(data != 0, reduced_axes(data.ndim, axis), keepdims=keepdims)


@once_known
def _search_rule(data: Shape, *, axis, keepdims) -> Shape:
    return reduced(data, None if axis is None else (axis,), keepdims)


def _search(find, data: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    shape = reduced(data.shape, None if axis is None else (axis,), keepdims)
    flat = axis is None or data.ndim == 0
    return cast(find(data.reshape(-1) if flat else data, 0 if flat else axis), "int64").reshape(shape)


@op(shape=_search_rule, types=rules.always_type("int64"), needs_type=True)
def _npi_argmax(data: Tensor, *, axis: int | None = None, keepdims: bool = False):
    """Position of the first largest element along an axis, or in the flattened array.

    Shapes: data (..., d, ...) -> (..., ...), int64; () without an axis.
    """
    return _search(jnp.argmax, data, axis, keepdims)


@op(shape=_search_rule, types=rules.always_type("int64"), needs_type=True)
def _npi_argmin(data: Tensor, *, axis: int | None = None, keepdims: bool = False):
    """Position of the first smallest element along an axis, or in the flattened array.

    Shapes: data (..., d, ...) -> (..., ...), int64; () without an axis.
    """
    return _search(jnp.argmin, data, axis, keepdims)


# -- averages and percentiles --------------------------------------------------------------------------------------


def _weights_rule(ins: Shapes, outs: Shapes, axis, weighted) -> None:
    if not is_complete(ins[0]):
        return
    if not all(map(is_complete, ins)):
        raise ShapeConflict("the shape of the weights must be known here")
    a: Shape = ins[0]  # pyright: ignore[reportAssignmentType]
    rules.assign(outs, 0, reduced(a, axis, False))
    if not weighted:
        rules.assign(outs, 1, ())
        return
    w: Shape = ins[1]  # pyright: ignore[reportAssignmentType]
    if len(w) == len(a):
        if w != a:
            raise ShapeConflict(f"weights {show(w)} must have the shape of a, {show(a)}")
        rules.assign(outs, 1, reduced(w, axis, False))
        return
    if len(w) != 1 or axis is None or len(axis) != 1:
        raise ShapeConflict("1D weights and one axis expected when shapes of a and weights differ.")
    if a[canonical_axis(axis[0], len(a))] != w[0]:
        raise ShapeConflict("Length of weights not compatible with specified axis.")
    rules.assign(outs, 1, ())


def _average_types(ins: Types, outs: Types) -> None:
    known = rules.merge_type(ins[0], outs[0])
    if known is not None:
        ins[:] = [rules.merge_type(known, t) for t in ins]
        outs[:] = [rules.merge_type(known, t) for t in outs]


@op(outputs=2, visible=lambda returned: 2 if returned else 1, shape=_weights_rule, types=_average_types)
def _npi_average(
    a: Tensor,
    weights: Tensor = deduce(when=lambda weighted: weighted),
    *,
    axis: Axes = None,
    returned: bool = False,
    weighted: bool = True,
):
    """Weighted average over `axis`, over all axes when it is None, and with `returned` the sum of the weights.

    Shapes: a (any), weights of a's shape or (d,) for one axis of size d -> the axes that stay, twice; the second is ()
    for one axis' weights or none. All have one type. The gradient of the sum of weights is 0, as in MXNet.
    """
    if not weighted:
        total = _accumulate(jnp.sum, a, axis, False, jnp.dtype(a.dtype))
        count = _count(a, axis)
        return _divided(total, count), jnp.asarray(count, a.dtype)
    line = weights.ndim != a.ndim
    if line:
        assert axis is not None
        shape = [1] * a.ndim
        shape[canonical_axis(axis[0], a.ndim)] = weights.shape[0]
        weights = weights.reshape(shape)
    kind = jnp.dtype(a.dtype)
    over = reduced_axes(a.ndim, axis)
    total = _accumulate(jnp.sum, a * weights, over, False, kind)
    scale = _accumulate(jnp.sum, weights, None if line else over, False, kind)
    return p.divide(total, scale), lax.stop_gradient(scale)


def _percentile_rule(ins: Shapes, outs: Shapes, axis, keepdims) -> None:
    a, q = ins[0], () if len(ins) == 1 else ins[1]
    if not is_complete(a):
        return
    if q is None:
        raise ShapeConflict("the shape of q must be known here")
    if len(q) > 1:
        raise ShapeConflict(f"q must be a number or a vector, got {show(q)}")
    rules.assign(outs, 0, (*q, *reduced(a, axis, keepdims)))  # pyright: ignore[reportArgumentType]


def _percentile_types(ins: Types, outs: Types) -> None:
    assign_type(outs, 0, "float64" if ins[0] is not None and ins[0].name == "float64" else "float32")


@op(shape=_percentile_rule, types=_percentile_types)
def _npi_percentile(
    a: Tensor,
    q: Tensor = deduce(when=lambda q_scalar: q_scalar is None),
    *,
    axis: Axes = None,
    interpolation: Literal["higher", "linear", "lower", "midpoint", "nearest"] = "linear",
    keepdims: bool = False,
    q_scalar: float | None = None,
):
    """The values below which q percent of the elements over `axis` lie; no gradient.

    Shapes: a (any), q () or (n,) -> (n, ...) with the axes of a that stay; float64 for float64, else float32. Between
    two elements `interpolation` takes both in proportion, either, their mean, or the nearer (halves away from zero).
    """
    a = lax.stop_gradient(a)
    q = jnp.asarray(q_scalar, jnp.float32) if q is None else lax.stop_gradient(q)
    kind = jnp.dtype("float64" if a.dtype == "float64" else "float32")
    over = reduced_axes(a.ndim, axis)
    stay = [i for i in range(a.ndim) if i not in over]
    lines = jnp.sort(jnp.transpose(a, (*stay, *over)).reshape(*(a.shape[i] for i in stay), -1), axis=-1)
    last = lines.shape[-1] - 1
    at = (q * last / 100).astype(jnp.float32)
    if interpolation == "midpoint":
        at = (jnp.floor(at) + jnp.ceil(at)) / 2

    def take(index: Tensor) -> Tensor:
        found = jnp.take(lines, index.astype(jnp.int32), axis=-1, mode="clip")
        return jnp.moveaxis(found, -1, 0) if q.ndim else found

    if interpolation in ("linear", "midpoint"):
        below = jnp.floor(at)
        above_weight = at - below
        shape = (-1, *[1] * (lines.ndim - 1)) if q.ndim else ()
        low = take(below) * (1 - above_weight).reshape(shape)
        high = take(jnp.minimum(below + 1, last)) * above_weight.reshape(shape)
        y = low.astype(kind) + high.astype(kind)
    else:
        rounded = {"lower": jnp.floor, "higher": jnp.ceil, "nearest": p.round_half_away}[interpolation](at)
        y = take(rounded).astype(kind)
    return y.reshape(*q.shape, *reduced(a.shape, axis, keepdims))


# -- running sums and counts ---------------------------------------------------------------------------------------


def _cumsum_rule(ins: Shapes, outs: Shapes, axis) -> None:
    if axis is not None:
        rules.same_shape(ins, outs)
        return
    if not is_complete(ins[0]):
        raise ShapeConflict("without an axis the shape of its input must be known here")
    rules.assign(outs, 0, (product_of(ins[0]),))  # pyright: ignore[reportArgumentType, reportCallIssue]


def _cumsum_types(ins: Types, outs: Types, dtype) -> None:
    if dtype is not None:
        assign_type(outs, 0, dtype)
    elif ins[0] is not None and ins[0].name == "bool":
        assign_type(outs, 0, "int64")
    else:
        rules.same_type(ins, outs)


@op(aliases=("cumsum",), shape=_cumsum_rule, types=_cumsum_types)
def _np_cumsum(a: Tensor, *, axis: int | None = None, dtype: _Number = None):
    """Running sums along an axis, or over the flattened array.

    Shapes: a (any) -> the same with an axis, inferred in both directions, else (number of elements,). The type is
    `dtype`, or that of a, int64 for booleans; elements are converted before they are added.
    """
    kind = _sum_type(a, dtype)
    x = _convert(a if axis is not None else a.reshape(-1), kind)
    if kind.itemsize == 8:
        with jax.enable_x64(True):
            return jnp.cumsum(x, axis or 0, dtype=kind)
    return jnp.cumsum(x, axis or 0, dtype=kind)


def _bincount_types(ins: Types, outs: Types, has_weights) -> None:
    assign_type(outs, 0, ins[1] if has_weights else ins[0])


@op(shape=nothing_known, types=_bincount_types, dynamic=True)
def _npi_bincount(
    data: Tensor,
    weights: Tensor = deduce(when=lambda has_weights: has_weights),
    *,
    minlength: int = 0,
    has_weights: bool = False,
):
    """How often each of the numbers 0, 1, 2 ... occurs, or the sum of their weights; no gradient.

    Shapes: data (n,) and weights (n,) -> (the largest + 1, but at least `minlength`,), which depends on values: such a
    graph is not jitted. The type is that of the weights, or of data.
    """
    values = concrete("_npi_bincount", data).reshape(-1).astype(np.int64)
    if (values < 0).any():
        raise ValueError("input should be nonnegative number")
    amounts = np.ones(values.shape) if weights is None else concrete("_npi_bincount", weights).reshape(-1)
    kind = jnp.dtype(data.dtype if weights is None else weights.dtype)
    return jnp.asarray(np.bincount(values, amounts, minlength).astype(kind))
