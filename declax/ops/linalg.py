"""Products of (triangular) matrices, and diagonals and triangles of matrices: linear algebra without factorizations.

All work on the last two axes of their inputs, batch by batch. Factorizations are in factorization.py.
"""

from math import isqrt
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.registry import Tensor, op
from declax.rules import Shapes
from declax.shapes import PartialShape, ShapeConflict, merge, merge_dim, show


def transpose(x: Any) -> Any:
    """The last two axes exchanged."""
    return jnp.swapaxes(x, -1, -2)


def triangle(x: Any, lower: bool) -> Any:
    """The lower or upper triangle, diagonal included, of every matrix."""
    return jnp.tril(x) if lower else jnp.triu(x)


def square(shape: PartialShape, what: str = "A") -> int | None:
    """The size of square matrices; ShapeConflict when they are none."""
    assert shape is not None
    if len(shape) < 2:
        raise ShapeConflict(f"{what} has two or more dimensions, got {show(shape)}")
    return merge_dim(shape[-2], shape[-1])


# -- products --------------------------------------------------------------------------------------------------


def _gemm_shape(ins: Shapes, outs: Shapes, transpose_a, transpose_b, axis) -> None:
    a, b = ins[0], ins[1]
    if a is None or b is None or len(a) < 2 or len(a) != len(b):
        return
    row = axis + len(a) if axis < 0 else axis
    if not 0 <= row < len(a) - 1:
        raise ShapeConflict(f"axis {axis} is no row axis of {show(a)}")
    batch = merge(_without(a, row), _without(b, row))
    assert batch is not None
    a_rows, a_columns = (a[-1], a[row]) if transpose_a else (a[row], a[-1])
    b_rows, b_columns = (b[-1], b[row]) if transpose_b else (b[row], b[-1])
    inner = merge_dim(a_columns, b_rows)

    def matrices(rows: int | None, columns: int | None) -> PartialShape:
        return (*batch[:row], rows, *batch[row:], columns)

    ins[0] = matrices(inner, a_rows) if transpose_a else matrices(a_rows, inner)
    ins[1] = matrices(b_columns, inner) if transpose_b else matrices(inner, b_columns)
    rules.assign(outs, 0, matrices(a_rows, b_columns))
    if len(ins) > 2:
        rules.assign(ins, 2, outs[0])
        rules.assign(outs, 0, ins[2])


def _without(shape: tuple, row: int) -> tuple:
    return (*shape[:row], *shape[row + 1 : -1])


def _product(a: Any, b: Any, transpose_a: bool, transpose_b: bool, alpha: float, axis: int) -> Any:
    """alpha op(a) op(b), with rows on `axis` and columns on the last one."""
    moves = axis not in (-2, a.ndim - 2)
    if moves:
        a, b = jnp.moveaxis(a, axis, -2), jnp.moveaxis(b, axis, -2)
    y = jnp.matmul(transpose(a) if transpose_a else a, transpose(b) if transpose_b else b)
    y = y if alpha == 1.0 else alpha * y
    return jnp.moveaxis(y, -2, axis) if moves else y


@op(aliases=("linalg_gemm",), shape=_gemm_shape)
def _linalg_gemm(
    A: Tensor, B: Tensor, C: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0,
    beta: float = 1.0, axis: int = -2,
):  # fmt: skip
    """alpha op(A) op(B) + beta C.

    Shapes: A (..., M, K), B (..., K, N), C (..., M, N) -> C's shape; `axis` is where the rows are.
    """
    return _product(A, B, transpose_a, transpose_b, alpha, axis) + beta * C


@op(aliases=("linalg_gemm2",), shape=_gemm_shape)
def _linalg_gemm2(
    A: Tensor, B: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0, axis: int = -2
):
    """alpha op(A) op(B).

    Shapes: A (..., M, K), B (..., K, N) -> (..., M, N); `axis` is where the rows are.
    """
    return _product(A, B, transpose_a, transpose_b, alpha, axis)


def _triangular_shape(ins: Shapes, outs: Shapes, rightside) -> None:
    a, b = ins[0], merge(ins[1], outs[0])
    if b is None or len(b) < 2 or (a is None and outs[0] is None):
        return
    if a is not None and len(a) != len(b):
        return
    size = b[-1] if rightside else b[-2]
    batch: PartialShape = b[:-2]
    if a is not None:
        size = merge_dim(size, square(a))
        batch = merge(batch, a[:-2])
    assert batch is not None
    ins[0] = (*batch, size, size)
    ins[1] = (*batch, b[-2], size) if rightside else (*batch, size, b[-1])
    rules.assign(outs, 0, ins[1])


@op(aliases=("linalg_trmm",), shape=_triangular_shape)
def _linalg_trmm(
    A: Tensor, B: Tensor, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0
):
    """alpha op(A) B, or alpha B op(A) with `rightside`, where only a triangle of A counts.

    Shapes: A (..., M, M), B (..., M, N), with `rightside` (..., N, M) -> B's shape.
    """
    a = triangle(A, lower)
    a = jnp.swapaxes(a, -1, -2) if transpose else a
    return alpha * (jnp.matmul(B, a) if rightside else jnp.matmul(a, B))


@op(aliases=("linalg_trsm",), shape=_triangular_shape)
def _linalg_trsm(
    A: Tensor, B: Tensor, *, transpose: bool = False, rightside: bool = False, lower: bool = True, alpha: float = 1.0
):
    """The X with op(A) X = alpha B, or X op(A) = alpha B with `rightside`, where only a triangle of A counts.

    Shapes: A (..., M, M), B (..., M, N), with `rightside` (..., N, M) -> B's shape.
    """
    return lax.linalg.triangular_solve(A, alpha * B, left_side=not rightside, lower=lower, transpose_a=transpose)


def _syrk_shape(ins: Shapes, outs: Shapes, transpose) -> None:
    a = ins[0]
    if a is not None and len(a) >= 2:
        size = a[-1] if transpose else a[-2]
        rules.assign(outs, 0, (*a[:-2], size, size))


@op(aliases=("linalg_syrk",), shape=_syrk_shape)
def _linalg_syrk(A: Tensor, *, transpose: bool = False, alpha: float = 1.0):
    """alpha A Aᵀ, or alpha Aᵀ A with `transpose`.

    Shapes: A (..., M, N) -> (..., M, M), or (..., N, N).
    """
    other = jnp.swapaxes(A, -1, -2)
    return alpha * (jnp.matmul(other, A) if transpose else jnp.matmul(A, other))


# -- diagonals and triangles -----------------------------------------------------------------------------------


def _sum_shape(ins: Shapes, outs: Shapes) -> None:
    a = ins[0]
    if a is not None and len(a) >= 2:
        rules.assign(outs, 0, a[:-2] or (1,))


@op(aliases=("linalg_sumlogdiag",), shape=_sum_shape)
def _linalg_sumlogdiag(A: Tensor):
    """The sum of the logarithms of the diagonal.

    Shapes: A (..., M, M) -> (...), or (1,) for one matrix.
    """
    y = jnp.log(jnp.diagonal(A, axis1=-2, axis2=-1)).sum(axis=-1)
    return y.reshape(A.shape[:-2] or (1,))


def _left(size: int | None, offset: int) -> int | None:
    """How long the diagonal at an offset is."""
    if size is None:
        return None
    if size <= abs(offset):
        raise ShapeConflict(f"offset {offset} is outside of matrices of size {size}")
    return size - abs(offset)


def _triangular(n: int | None) -> int | None:
    return None if n is None else n * (n + 1) // 2


def _side(count: int | None) -> int | None:
    """The size of the triangle with so many elements."""
    if count is None:
        return None
    m = (isqrt(8 * count + 1) - 1) // 2
    if _triangular(m) != count:
        raise ShapeConflict(f"{count} elements make no triangle")
    return m


def _grown(size: int | None, offset: int) -> int | None:
    return None if size is None else size + abs(offset)


def _extractdiag_shape(ins: Shapes, outs: Shapes, offset) -> None:
    if ins[0] is not None:
        rules.assign(outs, 0, (*ins[0][:-2], _left(square(ins[0]), offset)))


def _makediag_shape(ins: Shapes, outs: Shapes, offset) -> None:
    if ins[0] is not None:
        size = _grown(ins[0][-1], offset)
        rules.assign(outs, 0, (*ins[0][:-1], size, size))


def _extracttrian_shape(ins: Shapes, outs: Shapes, offset) -> None:
    if ins[0] is not None:
        rules.assign(outs, 0, (*ins[0][:-2], _triangular(_left(square(ins[0]), offset))))


def _maketrian_shape(ins: Shapes, outs: Shapes, offset) -> None:
    if ins[0] is not None:
        size = _grown(_side(ins[0][-1]), offset)
        rules.assign(outs, 0, (*ins[0][:-1], size, size))


def _places(size: int, offset: int, lower: bool) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of a triangle's elements, a lower one row by row, an upper one column by column."""
    if offset < 0 or (offset == 0 and lower):
        return np.tril_indices(size, offset)
    columns, rows = np.tril_indices(size, -offset)
    return rows, columns


@op(aliases=("linalg_extractdiag",), shape=_extractdiag_shape, needs_shape=True)
def _linalg_extractdiag(A: Tensor, *, offset: int = 0):
    """A diagonal of every matrix; positive offsets are above the main one.

    Shapes: A (..., M, M) -> (..., M - |offset|).
    """
    return jnp.diagonal(A, offset, axis1=-2, axis2=-1)


@op(aliases=("linalg_makediag",), shape=_makediag_shape, needs_shape=True)
def _linalg_makediag(A: Tensor, *, offset: int = 0):
    """Matrices with the input on one diagonal and 0 elsewhere.

    Shapes: A (..., M) -> (..., M + |offset|, M + |offset|).
    """
    size = A.shape[-1] + abs(offset)
    rows = np.arange(A.shape[-1], dtype=np.int32) + max(-offset, 0)
    columns = np.arange(A.shape[-1], dtype=np.int32) + max(offset, 0)
    return jnp.zeros((*A.shape[:-1], size, size), A.dtype).at[..., rows, columns].set(A)


@op(aliases=("linalg_extracttrian",), shape=_extracttrian_shape, needs_shape=True)
def _linalg_extracttrian(A: Tensor, *, offset: int = 0, lower: bool = True):
    """A triangle of every matrix as a vector, a lower one row by row, an upper one column by column.

    Negative offsets are below the main diagonal, positive ones above; `lower` chooses at offset 0 only.

    Shapes: A (..., M, M) -> (..., n (n + 1) / 2) with n = M - |offset|.
    """
    rows, columns = _places(A.shape[-1], offset, lower)
    return A[..., rows, columns]


@op(aliases=("linalg_maketrian",), shape=_maketrian_shape, needs_shape=True)
def _linalg_maketrian(A: Tensor, *, offset: int = 0, lower: bool = True):
    """Matrices with the input on one triangle and 0 elsewhere; the inverse of extracttrian.

    Shapes: A (..., n (n + 1) / 2) -> (..., M, M) with M = n + |offset|.
    """
    size = (_side(A.shape[-1]) or 0) + abs(offset)
    rows, columns = _places(size, offset, lower)
    return jnp.zeros((*A.shape[:-1], size, size), A.dtype).at[..., rows, columns].set(A)
