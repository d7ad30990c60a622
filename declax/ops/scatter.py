"""Operators that write at indices: scatter_nd, index_copy, sparse retain and the old NDArray functions of that kind."""

import jax.numpy as jnp

from declax import rules
from declax.attrs import attr
from declax.ops.indexing import as_index, bounded
from declax.registry import Tensor, gradient, op
from declax.rules import TypeConflict
from declax.shapes import PartialShape, ShapeConflict, show


def _points(indices: Tensor) -> tuple[Tensor, ...]:
    """The rows of `indices`, one an axis."""
    index = as_index(indices)
    return tuple(index[i] for i in range(index.shape[0]))


def _check_scatter(data: PartialShape, index: PartialShape, shape: tuple[int, ...]) -> None:
    """ShapeConflict unless data has one element, or slice, a point."""
    if data is None or None in data or index is None or None in index:
        return
    if len(index) < 2:
        raise ShapeConflict(f"scatter_nd requires index tensor to have at least 2 dimensions, got {show(index)}")
    if index[0] > len(shape):  # pyright: ignore[reportOptionalOperand]
        raise ShapeConflict(f"Number of indices {index[0]} exceeds output dimension {show(shape)}")
    if data != (*index[1:], *shape[index[0] :]):
        raise ShapeConflict(
            f"Invalid data, indices, and output shape combination: {show(data)}, {show(index)}, {show(shape)}"
        )


def _scatter_rule(ins: rules.Shapes, outs: rules.Shapes, shape) -> None:
    rules.assign(outs, 0, shape)
    _check_scatter(ins[0], ins[1], shape)


def _data_type(ins: rules.Types, outs: rules.Types) -> None:
    data = ins[:1]
    rules.same_type(data, outs)
    ins[0] = data[0]


@op(shape=_scatter_rule, types=_data_type)
def scatter_nd(data: Tensor, indices: Tensor, *, shape: tuple[int, ...] = attr()):
    """Zeros with data written at the points whose coordinates are the columns of `indices`.

    Shapes: data (i0, ..., s[M], ...), indices (M, i0, ...) -> shape. A point that stands twice has one of its values.
    """
    return jnp.zeros(shape, data.dtype).at[_points(indices)].set(data, mode="drop")


@gradient(scatter_nd)
def _(cotangents, outputs, data, indices):
    return cotangents[0].at[_points(indices)].get(mode="clip"), None


def _scatter_set_rule(ins: rules.Shapes, outs: rules.Shapes, shape) -> None:
    rules.assign(ins, 0, shape)
    rules.assign(outs, 0, shape)
    _check_scatter(ins[1], ins[2], shape)


def _set_types(ins: rules.Types, outs: rules.Types) -> None:
    known = rules.merge_type(ins[0], outs[0]) or ins[1]
    ins[0], outs[0] = rules.merge_type(ins[0], known), rules.merge_type(outs[0], known)
    if ins[1] is not None and known is not None:
        rules.merge_type(ins[1], known)


@op(aliases=("_npi_scatter_set_nd",), shape=_scatter_set_rule, types=_set_types)
def _scatter_set_nd(lhs: Tensor, rhs: Tensor, indices: Tensor, *, shape: tuple[int, ...] = attr()):
    """lhs with rhs written at the points whose coordinates are the columns of `indices`.

    Shapes: lhs (shape), rhs (i0, ..., s[M], ...), indices (M, i0, ...) -> shape.
    """
    return lhs.at[_points(indices)].set(rhs, mode="drop")


def _index_copy_rule(ins: rules.Shapes, outs: rules.Shapes) -> None:
    old, index, new = ins
    rules.require_ranks(ins)
    assert old is not None
    assert index is not None
    assert new is not None
    rules.assign(outs, 0, old)
    if len(index) != 1 or len(old) != len(new):
        raise ShapeConflict(f"index_copy of {show(new)} into {show(old)} at {show(index)}")
    rules.assign([new[1:]], 0, old[1:])
    rules.assign([new[:1]], 0, index)
    if new[0] is not None and old[0] is not None and new[0] > old[0]:
        raise ShapeConflict(f"index_copy of {show(new)} into {show(old)}: more rows than there are")


@op(shape=_index_copy_rule, types=_data_type)
def _contrib_index_copy(old_tensor: Tensor, index_vector: Tensor, new_tensor: Tensor):
    """old_tensor with the rows at index_vector replaced by those of new_tensor.

    Shapes: old_tensor (N, ...), index_vector (M,), new_tensor (M, ...) -> (N, ...).
    """
    return old_tensor.at[as_index(index_vector)].set(new_tensor.astype(old_tensor.dtype), mode="drop")


@gradient(_contrib_index_copy)
def _(cotangents, outputs, old_tensor, index_vector, new_tensor):
    ct, index = cotangents[0], as_index(index_vector)
    return ct.at[index].set(0, mode="drop"), None, ct.at[index].get(mode="clip").astype(new_tensor.dtype)


def _index_copy_back_rule(ins: rules.Shapes, outs: rules.Shapes) -> None:
    old = ins[:2]
    rules.same_shape(old, outs[:1])
    ins[:2] = old
    for i in range(3):
        rules.assign(outs, i, ins[i + 1])


@op(outputs=3, shape=_index_copy_back_rule, auto_create=False)
def _contrib_backward_index_copy(ograd: Tensor, old_tensor: Tensor, index_vector: Tensor, new_tensor: Tensor):
    """The gradient of _contrib_index_copy: where rows were replaced it goes to new_tensor, elsewhere to old_tensor.

    Shapes: ograd and old_tensor (N, ...), index_vector (M,), new_tensor (M, ...) -> the gradients of the last three,
    zeros for index_vector.
    """
    index = as_index(index_vector)
    rows = ograd.at[index].get(mode="clip").astype(new_tensor.dtype)
    return ograd.at[index].set(0, mode="drop"), jnp.zeros_like(index_vector), rows


def _like_data(ins: rules.Shapes, outs: rules.Shapes) -> None:
    known = ins[:1]
    rules.same_shape(known, outs)
    ins[0] = known[0]


def _retain_types(ins: rules.Types, outs: rules.Types) -> None:
    if ins[1] is None:
        raise TypeConflict("Index type must be set for sparse_retain operator")
    _data_type(ins, outs)


@op(shape=_like_data, types=_retain_types)
def _sparse_retain(data: Tensor, indices: Tensor):
    """data with every row but those at `indices` set to zero (MXNet: of a row_sparse array).

    Shapes: data (N, ...), indices (M,) -> (N, ...).
    """
    kept = jnp.zeros((data.shape[0],), bool).at[as_index(indices)].set(True, mode="drop")
    return jnp.where(kept.reshape(-1, *(1,) * (data.ndim - 1)), data, jnp.zeros((), data.dtype))


@op(shape=lambda ins, outs: rules.assign(outs, 0, ins[1]), types=rules.same_type)
def _onehot_encode(lhs: Tensor, rhs: Tensor):
    """Rows of rhs's width that are one at lhs's indices, zero elsewhere; an old NDArray function.

    Shapes: lhs (N,), rhs (N, D) -> (N, D).
    """
    return (as_index(lhs)[:, None] == jnp.arange(rhs.shape[1], dtype=jnp.int32)).astype(rhs.dtype)


@op(shape=lambda ins, outs: rules.assign(outs, 0, ins[0]), types=rules.same_type)
def fill_element_0index(lhs: Tensor, mhs: Tensor, rhs: Tensor):
    """lhs with element rhs[i] of row i set to mhs[i]; an old NDArray function.

    Shapes: lhs (N, D), mhs (N,), rhs (N,) -> (N, D).
    """
    rows = jnp.arange(lhs.shape[0], dtype=jnp.int32)
    return lhs.at[rows, bounded(rhs, lhs.shape[1], "clip")].set(mhs)
