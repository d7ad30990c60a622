"""NumPy's operators on diagonals and triangles: diag, diagflat, diagonal, trace, tril, diag_indices_from."""

from math import prod

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.ops.axes import canonical_axis
from declax.ops.np.common import cast, once_known
from declax.registry import Tensor, op
from declax.rules import Shapes, assign
from declax.shapes import Shape, ShapeConflict, is_complete, show


def _length(rows: int, columns: int, k: int) -> int:
    """The length of the k-th diagonal."""
    return max(min(rows + min(k, 0), columns - max(k, 0)), 0)


@once_known
def _diag_rule(data: Shape, *, k) -> Shape:
    if len(data) not in (1, 2):
        raise ShapeConflict(f"Input must be 1- or 2-d, got {show(data)}")
    if len(data) == 1:
        return (data[0] + abs(k),) * 2
    rows, columns = data
    return (_length(rows, columns, k),)


@op(shape=_diag_rule)
def _np_diag(data: Tensor, *, k: int = 0):
    """The k-th diagonal of a matrix, or a matrix with data on its k-th diagonal.

    Shapes: data (n,) -> (n + |k|, n + |k|); (m, n) -> (length of the diagonal,).
    """
    return jnp.diag(data, k)


@once_known
def _diagflat_rule(data: Shape, *, k) -> Shape:
    if not data:
        raise ShapeConflict("Diagonal does not exist.")
    return (prod(data) + abs(k),) * 2


@op(shape=_diagflat_rule)
def _np_diagflat(data: Tensor, *, k: int = 0):
    """A matrix with the elements of data, flattened, on its k-th diagonal.

    Shapes: data (any but a scalar) with n elements -> (n + |k|, n + |k|).
    """
    return jnp.diag(data.reshape(-1), k)


def _two_axes(rank: int, axis1: int, axis2: int) -> tuple[int, int]:
    a, b = canonical_axis(axis1, rank), canonical_axis(axis2, rank)
    if a == b:
        raise ShapeConflict(f"axis1 and axis2 cannot refer to the same axis {a}")
    return a, b


def _diagonal_rule(ins: Shapes, outs: Shapes, offset, axis1, axis2) -> None:
    data = ins[0]
    assert data is not None
    if len(data) < 2:
        raise ShapeConflict("Input array should be at least 2d")
    if is_complete(data):
        a, b = _two_axes(len(data), axis1, axis2)
        rest = (d for i, d in enumerate(data) if i not in (a, b))
        assign(outs, 0, (*rest, _length(data[a], data[b], offset)))  # pyright: ignore[reportArgumentType]


@op(shape=_diagonal_rule, needs_shape=True)
def _np_diagonal(data: Tensor, *, offset: int = 0, axis1: int = 0, axis2: int = 1):
    """The diagonals of the matrices in axis1 and axis2, `offset` places to the right of the main one.

    Shapes: data (..., d_1, ..., d_2, ...) -> (..., length of the diagonal).
    """
    return jnp.diagonal(data, offset, axis1, axis2)


def _trace_rule(ins: Shapes, outs: Shapes, axis1, axis2) -> None:
    data = ins[0]
    if data is not None and len(data) >= 2:
        gone = _two_axes(len(data), axis1, axis2)
        assign(outs, 0, tuple(d for i, d in enumerate(data) if i not in gone))


@op(shape=_trace_rule)
def _np_trace(data: Tensor, *, offset: int = 0, axis1: int = 0, axis2: int = 1):
    """The sums of the diagonals of the matrices in axis1 and axis2, `offset` places to the right of the main one.

    Shapes: data (..., d_1, ..., d_2, ...) of at least two dimensions -> the others.
    """
    return jnp.trace(data, offset, axis1, axis2, dtype=data.dtype)


def _tril_rule(ins: Shapes, outs: Shapes) -> None:
    data = ins[0]
    if data is None:
        return
    if not data:
        raise ShapeConflict("tril takes an array of at least one dimension")
    assign(outs, 0, data * 2 if len(data) == 1 else data)


@op(shape=_tril_rule)
def _npi_tril(data: Tensor, *, k: int = 0):
    """The lower triangles of matrices: zeros above the k-th diagonal.

    Shapes: data (..., m, n) -> the same; a vector (n,) stands for n equal rows -> (n, n).
    """
    return jnp.tril(jnp.broadcast_to(data, data.shape * 2) if data.ndim == 1 else data, k)


@once_known
def _diag_indices_rule(data: Shape) -> Shape:
    if len(data) < 2:
        raise ShapeConflict("ValueError: Input array should be at least 2d")
    if len(set(data)) > 1:
        raise ShapeConflict("ValueError: All dimensions of input must be of equal length")
    return (len(data), data[0])


@op(shape=_diag_indices_rule, types=rules.always_type("int64"))
def _npi_diag_indices_from(data: Tensor):
    """The indices of the main diagonal, one row for each axis.

    Shapes: data (n, ..., n) of r >= 2 dimensions -> (r, n), int64.
    """
    line = lax.iota("int32", data.shape[0])
    return cast(jnp.broadcast_to(line, (data.ndim, *line.shape)), "int64")
