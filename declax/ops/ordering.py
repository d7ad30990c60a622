"""Operators that order elements: topk, sort, argsort, and counting into bins.

Equal elements keep their order (MXNet leaves it open).
"""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.ops.axes import canonical_axis
from declax.ops.ties import in_heap_order, is_by_heap
from declax.registry import Tensor, deduce, op
from declax.shapes import ShapeConflict, show

IndexType = Literal["float16", "float32", "float64", "int32", "int64", "uint8"]
"""Annotation of the type in which positions are given."""


def _lines(data: Tensor, axis: int | None) -> Tensor:
    """The data with the axis to order at the end; flattened when there is none."""
    return data.reshape(-1) if axis is None else jnp.moveaxis(data, axis, -1)


def _ranked(x: Tensor, k: int, ascending: bool, ties: bool = False) -> Tensor:
    """Positions of the k first elements along the last axis; with `ties`, of equal ones those that MXNet takes."""
    x = lax.stop_gradient(x)
    if ascending:
        x = -x if jnp.issubdtype(x.dtype, jnp.inexact) else ~x
    where = lax.top_k(x, k)[1]
    return in_heap_order(x, where) if ties and is_by_heap(k, x.shape[-1]) else where


def _topk_rule(ins: rules.Shapes, outs: rules.Shapes, axis, k, ret_typ) -> None:
    data = ins[0]
    if data is None:
        return
    at = None if axis is None else canonical_axis(axis, len(data))
    if None in data:
        return
    count = int(np.prod(data)) if at is None else data[at]  # pyright: ignore[reportArgumentType, reportCallIssue]
    if k > count:
        raise ShapeConflict(f"k must be smaller than {count}, get k = {k}")
    taken = k if k > 0 else count
    if ret_typ == "mask":
        shape = data
    else:
        shape = (taken,) if at is None else (*data[:at], taken, *data[at + 1 :])
    for i in range(len(outs)):
        rules.assign(outs, i, shape)


def _topk_types(ins: rules.Types, outs: rules.Types, ret_typ, dtype) -> None:
    if len(outs) == 2:
        rules.assign_type(outs, 1, "int32" if ret_typ == "value" else dtype)
    if ret_typ == "indices":
        rules.assign_type(outs, 0, dtype)
        return
    first = outs[:1]
    rules.same_type(ins, first)
    outs[0] = first[0]


@op(
    aliases=("_npx_topk",),
    outputs=lambda ret_typ: 2 if ret_typ in ("value", "both") else 1,
    visible=lambda ret_typ: 2 if ret_typ == "both" else 1,
    shape=_topk_rule,
    types=_topk_types,
    needs_shape=True,
)
def topk(
    data: Tensor,
    *,
    axis: int | None = -1,
    k: int = 1,
    ret_typ: Literal["both", "indices", "mask", "value"] = "indices",
    is_ascend: bool = False,
    dtype: IndexType = "float32",
):
    """The k largest (or with `is_ascend` smallest) elements along an axis, or of the flattened array, in order.

    Shapes: data (..., d, ...) -> (..., k, ...), or data's shape for a mask of ones and zeros. k < 1 takes all. Of equal
    elements the first come first, or, where 8 k <= d, those that MXNet's heap finds first.
    Positions are of type `dtype`.
    """
    x = _lines(data, axis)
    where = _ranked(x, k if k > 0 else x.shape[-1], is_ascend, ties=ret_typ != "value")
    if ret_typ == "mask":
        mask = jnp.zeros_like(x)
        mask = jnp.put_along_axis(mask, where, jnp.ones((), x.dtype), axis=-1, inplace=False)
        return mask.reshape(data.shape) if axis is None else jnp.moveaxis(mask, -1, axis)

    def back(y: Tensor) -> Tensor:
        return y if axis is None else jnp.moveaxis(y, -1, axis)

    if ret_typ == "indices":
        return back(where).astype(rules.dtype_of(dtype))
    values = back(jnp.take_along_axis(x, where, axis=-1, mode="clip"))
    return values, back(where).astype(jnp.int32 if ret_typ == "value" else rules.dtype_of(dtype))


def _sort_rule(ins: rules.Shapes, outs: rules.Shapes, axis) -> None:
    _topk_rule(ins, outs, axis, 0, "value")


def _sort_types(ins: rules.Types, outs: rules.Types) -> None:
    _topk_types(ins, outs, "value", "int32")


@op(aliases=("_npi_sort",), outputs=2, visible=1, shape=_sort_rule, types=_sort_types, needs_shape=True)
def sort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True):
    """The elements in order along an axis, or of the flattened array; a hidden second output has their positions.

    Shapes: data (any) -> data's shape; (size,) without an axis.
    """
    x, at = (data.reshape(-1), 0) if axis is None else (data, canonical_axis(axis, data.ndim))
    position = lax.broadcasted_iota(jnp.int32, x.shape, at)
    if is_ascend:
        values, where = lax.sort((x, position), dimension=at, is_stable=True, num_keys=1)
        return values, where
    values, where = lax.sort((lax.rev(x, (at,)), lax.rev(position, (at,))), dimension=at, is_stable=True, num_keys=1)
    return lax.rev(values, (at,)), lax.rev(where, (at,))


def _argsort_types(ins: rules.Types, outs: rules.Types, dtype) -> None:
    rules.assign_type(outs, 0, dtype)


@op(aliases=("_npi_argsort",), shape=_sort_rule, types=_argsort_types, needs_shape=True)
def argsort(data: Tensor, *, axis: int | None = -1, is_ascend: bool = True, dtype: IndexType = "float32"):
    """The positions that put the elements in order along an axis, or those of the flattened array.

    Shapes: data (any) -> data's shape; (size,) without an axis. Of type `dtype`.
    """
    return sort(lax.stop_gradient(data), axis=axis, is_ascend=is_ascend)[1].astype(rules.dtype_of(dtype))


def _histogram_rule(ins: rules.Shapes, outs: rules.Shapes, bin_cnt, range) -> None:
    if (bin_cnt is None) != (range is None):
        raise ShapeConflict("cnt and range should both or neither specified")
    if bin_cnt is not None:
        rules.assign(outs, 0, (bin_cnt,))
        rules.assign(outs, 1, (bin_cnt + 1,))
        return
    rules.require_ranks(ins[1:])
    bins = ins[1]
    assert bins is not None
    if len(bins) != 1 or (bins[0] is not None and bins[0] < 2):
        raise ShapeConflict(f"bins must be a vector of at least 2 bounds, got {show(bins)}")
    rules.assign(outs, 0, (None if bins[0] is None else bins[0] - 1,))
    rules.assign(outs, 1, bins)


def _histogram_types(ins: rules.Types, outs: rules.Types) -> None:
    rules.assign_type(outs, 0, "int64")
    rules.assign_type(outs, 1, ins[0])


@op(
    aliases=("_npi_histogram",),
    outputs=2,
    shape=_histogram_rule,
    types=_histogram_types,
)
def _histogram(
    data: Tensor,
    bins: Tensor | None = deduce(when=lambda bin_cnt: bin_cnt is None),
    *,
    bin_cnt: int | None = None,
    range: tuple[float, ...] | None = None,
):
    """Counts of values per bin, and the bins' bounds; the last bin includes its upper bound.

    Shapes: data (any), bins (n + 1,) -> (n,) int64 and (n + 1,). Without `bins` there are `bin_cnt` equal ones over
    `range`. Values outside are not counted. Not differentiable.
    """
    x = lax.stop_gradient(data).reshape(-1)
    if bins is None:
        assert bin_cnt is not None
        assert range is not None
        low, high = range
        steps = np.arange(bin_cnt + 1)
        bounds = jnp.asarray(((high * steps + (bin_cnt - steps) * low) / bin_cnt).astype(x.dtype))
    else:
        bounds = lax.stop_gradient(bins).astype(x.dtype)
    n = bounds.shape[0] - 1
    where = jnp.searchsorted(bounds, x, side="right") - 1
    where = jnp.where(x == bounds[n], n - 1, where)
    kind = jax.dtypes.canonicalize_dtype(np.int64)
    where = jnp.where((x >= bounds[0]) & (x <= bounds[n]), where, n)
    return jnp.zeros((n,), kind).at[where].add(jnp.ones((), kind), mode="drop"), bounds
