"""Operators that read at indices: take, pick, gather_nd, one_hot and their kin.

An index of floating type is cut to a whole number, as MXNet has it.
"""

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from declax import rules
from declax.attrs import DType, attr
from declax.ops.axes import canonical_axis
from declax.registry import Tensor, op
from declax.rules import TypeConflict
from declax.shapes import ShapeConflict, is_complete, product, show


def as_index(x: Tensor) -> Tensor:
    """Indices as whole numbers of at least 32 bits."""
    if jnp.issubdtype(x.dtype, jnp.integer) and x.dtype.itemsize >= 4:
        return x
    return x.astype(jnp.int32)


def bounded(index: Tensor, size: int, mode: str) -> Tensor:
    """Whole-number indices in [0, size): clipped, or wrapped around."""
    index = as_index(index)
    return index % size if mode == "wrap" else jnp.clip(index, 0, size - 1)


def _indexed_type(ins: rules.Types, outs: rules.Types) -> None:
    """Data and output share a type; MXNet refuses to go on while the index's is unknown."""
    if ins[1] is None:
        raise TypeConflict("Index type must be set")
    _data_type(ins, outs)


def _data_type(ins: rules.Types, outs: rules.Types) -> None:
    """Data and output share a type; the other inputs are free."""
    data = ins[:1]
    rules.same_type(data, outs)
    ins[0] = data[0]


def _take_rule(ins: rules.Shapes, outs: rules.Shapes, axis) -> None:
    data, index = ins
    if index is None or None in index:
        return
    rules.require_ranks(ins)
    assert data is not None
    at = canonical_axis(axis, len(data))
    rules.assign(outs, 0, (*data[:at], *index, *data[at + 1 :]))


@op(aliases=("_npi_take",), shape=_take_rule, types=_indexed_type)
def take(a: Tensor, indices: Tensor, *, axis: int = 0, mode: Literal["clip", "raise", "wrap"] = "clip"):
    """The slices of one axis at indices.

    Shapes: a (..., d, ...), indices (i0, ...) -> (..., i0, ..., ...). Indices beyond the axis are clipped, or wrap
    around; `raise` clips too, because compiled code cannot raise.
    """
    at = canonical_axis(axis, a.ndim)
    return jnp.take(a, bounded(indices, a.shape[at], mode), axis=at, mode="clip")


def _batch_take_rule(ins: rules.Shapes, outs: rules.Shapes) -> None:
    rules.require_ranks(ins)
    data, index = ins
    assert data is not None
    rules.assign(outs, 0, index)
    if len(data) < 2:
        raise ShapeConflict(f"Data array must have at least 2 dimensions, got {show(data)}")
    if is_complete(data) and is_complete(index) and product(data[:-1]) != product(index or ()):
        raise ShapeConflict(f"indices {show(index)} must be as many as the rows of {show(data)}")


def _batch_take_types(ins: rules.Types, outs: rules.Types) -> None:
    _data_type(ins, outs)
    rules.assign_type(ins, 1, "int32")


@op(shape=_batch_take_rule, types=_batch_take_types)
def batch_take(a: Tensor, indices: Tensor):
    """One element of each row, indices clipped to the row.

    Shapes: a (..., D), indices (any, as many as rows) -> indices' shape. indices are int32. Differentiable, unlike
    MXNet's.
    """
    rows = a.reshape(-1, a.shape[-1])
    index = bounded(indices.reshape(-1, 1), a.shape[-1], "clip")
    return jnp.take_along_axis(rows, index, axis=1, mode="clip").reshape(indices.shape)


def _reduced(data: tuple[int | None, ...], axis: int, keepdims: bool) -> tuple[int | None, ...]:
    at = canonical_axis(axis, len(data))
    if keepdims:
        return (*data[:at], 1, *data[at + 1 :])
    return (*data[:at], *data[at + 1 :]) or (1,)


def _pick_rule(ins: rules.Shapes, outs: rules.Shapes, axis, keepdims) -> None:
    data = ins[0]
    if data is None:
        return
    if axis is None:
        raise ShapeConflict("axis=None is not supported by pick yet. Must specify an axis.")
    rules.assign(outs, 0, _reduced(data, axis, keepdims))
    rules.assign(ins, 1, _reduced(data, axis, ins[1] is not None and len(ins[1]) == len(data)))


@op(aliases=("_npx_pick", "choose_element_0index"), shape=_pick_rule, types=_indexed_type)
def pick(
    data: Tensor,
    index: Tensor,
    *,
    axis: int | None = -1,
    keepdims: bool = False,
    mode: Literal["clip", "wrap"] = "clip",
):
    """One element of each line along an axis.

    Shapes: data (..., d, ...), index (..., [1,] ...) -> (..., ...), or (..., 1, ...) with `keepdims`; the index's
    shape is deduced. Indices beyond the axis are clipped, or wrap around.
    """
    assert axis is not None
    at = canonical_axis(axis, data.ndim)
    where = bounded(index.reshape(_reduced(data.shape, at, True)), data.shape[at], mode)
    out = jnp.take_along_axis(data, where, axis=at, mode="clip")
    return out.reshape(_reduced(data.shape, at, keepdims))


def _gather_rule(ins: rules.Shapes, outs: rules.Shapes) -> None:
    data, index = ins
    if data is None or index is None:
        return
    if len(index) < 2:
        raise ShapeConflict(f"gather_nd requires index tensor to have at least 2 dimensions, got {show(index)}")
    if None in index or None in data:
        return
    if index[0] > len(data):  # pyright: ignore[reportOptionalOperand]
        raise ShapeConflict(f"Number of indices {index[0]} exceeds data dimension {show(data)}")
    rules.assign(outs, 0, (*index[1:], *data[index[0] :]))


def _wrapped(indices: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, ...]:
    """The rows of `indices`, one an axis, negative ones counted from the end."""
    index = as_index(indices)
    return tuple(jnp.where(index[i] < 0, index[i] + shape[i], index[i]) for i in range(index.shape[0]))


@op(aliases=("_npi_gather_nd", "_npx_gather_nd"), shape=_gather_rule, types=_data_type)
def gather_nd(data: Tensor, indices: Tensor):
    """The elements, or slices, at the points whose coordinates are the columns of `indices`.

    Shapes: data (d0, ..., dn), indices (M, i0, ...) -> (i0, ..., d[M], ..., dn). Negative indices count from the end.
    """
    return data.at[_wrapped(indices, data.shape)].get(mode="clip")


def _one_hot_rule(ins: rules.Shapes, outs: rules.Shapes, depth) -> None:
    if depth < 0:
        raise ShapeConflict(f"Dimension size, depth, must be a non-negative integer, got {depth}")
    if ins[0] is not None and None not in ins[0]:
        rules.assign(outs, 0, (*ins[0], depth))


@op(aliases=("_npx_one_hot",), shape=_one_hot_rule, types=rules.dtype_attribute, needs_type=True)
def one_hot(
    indices: Tensor,
    *,
    depth: int = attr(),
    on_value: float = 1.0,
    off_value: float = 0.0,
    dtype: DType = "float32",
):
    """on_value at each index along a new last axis, off_value elsewhere; indices out of range give no on_value.

    Shapes: indices (any) -> (..., depth).
    """
    kind = rules.dtype_of(dtype)
    hit = as_index(indices)[..., None] == jnp.arange(depth, dtype=jnp.int32)
    return jnp.where(hit, jnp.asarray(on_value).astype(kind), jnp.asarray(off_value).astype(kind))


def _index_array_rule(ins: rules.Shapes, outs: rules.Shapes, axes) -> None:
    if ins[0] is not None:
        rules.assign(outs, 0, (*ins[0], len(ins[0]) if axes is None else len(axes)))


@op(shape=_index_array_rule, types=rules.always_type("int64"), loss=True)
def _contrib_index_array(data: Tensor, *, axes: tuple[int, ...] | None = None):
    """The index of every element along the axes asked for (all by default).

    Shapes: data (d0, ..., dn) -> (d0, ..., dn, number of axes), int64.
    """
    rank = data.ndim
    chosen = range(rank) if axes is None else [a % rank for a in axes]
    kind = jax.dtypes.canonicalize_dtype(np.int64)
    lines = [jax.lax.broadcasted_iota(kind, data.shape, a) for a in chosen]
    return jnp.stack(lines, axis=-1) if lines else jnp.zeros((*data.shape, 0), kind)


def _flat_index(shape: tuple[int, ...] | None) -> tuple[int, ...]:
    if not shape:
        raise ShapeConflict("Empty shape parameter for ravel operator.")
    return shape


def _ravel_rule(ins: rules.Shapes, outs: rules.Shapes, shape) -> None:
    n = len(_flat_index(shape))
    if ins[0] is not None:
        if len(ins[0]) != 2:
            raise ShapeConflict(f"Input to ravel operator must be two-dimensional, got {show(ins[0])}")
        rules.assign(ins, 0, (n, None))
        rules.assign(outs, 0, (ins[0][1],))
    if outs[0] is not None:
        rules.assign(ins, 0, (n, outs[0][0]))


def _whole(x: Tensor) -> Tensor:
    """Values as the widest whole numbers there are."""
    return x.astype(jax.dtypes.canonicalize_dtype(np.int64))


@op(aliases=("ravel_multi_index",), shape=_ravel_rule)
def _ravel_multi_index(data: Tensor, *, shape: tuple[int, ...] | None = None):
    """Coordinates, one point a column, as positions in a flattened array of this shape.

    Shapes: data (len(shape), N) -> (N,), of data's type.
    """
    strides = np.cumprod((1, *_flat_index(shape)[:0:-1]))[::-1]
    index = _whole(data)
    return (index * strides.astype(index.dtype)[:, None]).sum(0, dtype=index.dtype).astype(data.dtype)


def _unravel_rule(ins: rules.Shapes, outs: rules.Shapes, shape) -> None:
    n = len(_flat_index(shape))
    if ins[0] is not None:
        rules.assign(outs, 0, (n, ins[0][0]))
    elif outs[0] is not None:
        rules.assign(outs, 0, (n, None))
        rules.assign(ins, 0, outs[0][1:])


@op(aliases=("unravel_index",), shape=_unravel_rule)
def _unravel_index(data: Tensor, *, shape: tuple[int, ...] | None = None):
    """Positions in a flattened array of this shape as coordinates, one point a column.

    Shapes: data (N,) -> (len(shape), N), of data's type; the first coordinate is not limited.
    """
    if data.ndim != 1:
        raise ShapeConflict(f"unravel_index takes a vector, got {show(data.shape)}")
    strides = np.cumprod((1, *_flat_index(shape)[:0:-1]))[::-1]
    index = _whole(data)
    lines = [index // int(s) for s in strides]
    lines = [x if i == 0 else x % int(d) for i, (x, d) in enumerate(zip(lines, _flat_index(shape), strict=True))]
    return jnp.stack(lines).astype(data.dtype)


def _nothing(ins: rules.Shapes, outs: rules.Shapes) -> None:
    """Nothing is known before the values are."""


@op(aliases=("_npi_boolean_mask",), shape=_nothing, types=_data_type, dynamic=True)
def _contrib_boolean_mask(data: Tensor, index: Tensor, *, axis: int = 0):
    """The slices of the first axis where `index` is not zero.

    Shapes: data (N, ...), index (N,) -> (number of nonzero, ...), which depends on values: such a graph is not jitted.
    Only axis 0, as in MXNet.
    """
    if axis != 0 or index.ndim != 1 or index.shape[0] != data.shape[0]:
        raise ShapeConflict(f"boolean_mask of {show(data.shape)} by index {show(index.shape)} on axis {axis}")
    where = np.flatnonzero(np.asarray(jax.lax.stop_gradient(index) != 0))
    return jnp.take(data, where.astype(np.int32), axis=0, mode="clip")


def _getnnz_rule(ins: rules.Shapes, outs: rules.Shapes, axis) -> None:
    data = ins[0]
    if data is None:
        return
    if len(data) != 2:
        raise ShapeConflict(f"getnnz takes a matrix, got {show(data)}")
    rules.assign(outs, 0, (1,) if axis is None else (data[1 - canonical_axis(axis, 2)],))


@op(shape=_getnnz_rule, types=rules.always_type("int64"), needs_shape=True)
def _contrib_getnnz(data: Tensor, *, axis: int | None = None):
    """Number of values that are not zero, in all or along an axis (MXNet: of stored values of a csr matrix).

    Shapes: data (M, N) -> (1,), (N,) for axis 0, (M,) for axis 1; int64.
    """
    kind = jax.dtypes.canonicalize_dtype(np.int64)
    count = jnp.sum(data != 0, axis=axis, dtype=kind)
    return count.reshape(1) if axis is None else count
