"""Matrix factorizations, inverses and determinants, batch by batch, with MXNet's gradients.

The gradients are the closed forms that MXNet uses (Seeger et al., Auto-Differentiating Linear Algebra, 2017): they
take a symmetric input to be symmetric, and stay finite where eigenvalues meet.
"""

from typing import Any

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.ops.linalg import square, transpose, triangle
from declax.registry import Tensor, gradient, op
from declax.rules import Shapes, TypeConflict, Types, assign_type, merge_type
from declax.shapes import ShapeConflict, merge, show
from declax.util import is_np_shape


def _solve(a: Any, b: Any, *, left: bool = True, transposed: bool = False) -> Any:
    """a⁻¹ b or b a⁻¹ (a⁻ᵀ with `transposed`) for a lower triangular a."""
    return lax.linalg.triangular_solve(a, b, left_side=left, lower=True, transpose_a=transposed)


def _mirrored(x: Any) -> Any:
    """The symmetric matrix with the lower triangle of x."""
    return jnp.tril(x) + transpose(jnp.tril(x, -1))


# -- Cholesky --------------------------------------------------------------------------------------------------


@op(aliases=("linalg_potrf",), shape=rules.same_shape)
def _linalg_potrf(A: Tensor, *, lower: bool = True):
    """The Cholesky factor B of symmetric positive definite matrices: A = B Bᵀ, or Bᵀ B with `lower` off.

    Shapes: A (..., M, M) -> A's shape. Only the triangle that `lower` names is read. Where A is not positive definite
    the result is NaN (MXNet raises).
    """
    if lower:
        return lax.linalg.cholesky(A, symmetrize_input=False)
    return transpose(lax.linalg.cholesky(transpose(A), symmetrize_input=False))


@gradient(_linalg_potrf)
def _(cotangents, outputs, A, *, lower):
    b, db = outputs[0], cotangents[0]
    if not lower:
        b, db = transpose(b), transpose(db)
    inner = _mirrored(jnp.matmul(transpose(b), db))
    return 0.5 * _solve(b, _solve(b, inner, left=False), transposed=True)


@op(aliases=("linalg_potri",), shape=rules.same_shape)
def _linalg_potri(A: Tensor, *, lower: bool = True):
    """The inverse of a matrix from its Cholesky factor A: (A Aᵀ)⁻¹, or (Aᵀ A)⁻¹ with `lower` off.

    Shapes: A (..., M, M) -> A's shape. Only the triangle that `lower` names is read.
    """
    b = A if lower else transpose(A)
    inverse = _solve(b, jnp.broadcast_to(jnp.eye(A.shape[-1], dtype=A.dtype), A.shape))
    return jnp.matmul(transpose(inverse), inverse)


@gradient(_linalg_potri)
def _(cotangents, outputs, A, *, lower):
    b = A if lower else transpose(A)
    both = jnp.matmul(outputs[0], cotangents[0] + transpose(cotangents[0]))
    db = -jnp.tril(_solve(b, both, left=False, transposed=True))
    return db if lower else transpose(db)


# -- LQ and eigenvectors ---------------------------------------------------------------------------------------


def _gelqf_shape(ins: Shapes, outs: Shapes) -> None:
    a = merge(ins[0], outs[0]) if ins[0] is not None or None not in outs else ins[0]
    if a is None or len(a) < 2:
        return
    if a[-2] is not None and a[-1] is not None and a[-2] > a[-1]:
        raise ShapeConflict(f"A has no more rows than columns, got {show(a)}")
    ins[0] = a
    rules.assign(outs, 0, a)
    rules.assign(outs, 1, (*a[:-1], a[-2]))


@op(aliases=("linalg_gelqf",), outputs=2, shape=_gelqf_shape)
def _linalg_gelqf(A: Tensor):
    """The LQ factorization A = L Q of full rank matrices with no more rows than columns.

    Shapes: A (..., M, N) -> Q (..., M, N) with orthonormal rows, L (..., M, M) lower triangular.
    """
    q, r = jnp.linalg.qr(transpose(A))
    return transpose(q), transpose(r)


@gradient(_linalg_gelqf)
def _(cotangents, outputs, A):
    (dq, dl), (q, lower) = cotangents, outputs
    m = jnp.matmul(transpose(triangle(lower, True)), dl) - jnp.matmul(dq, transpose(q))
    return _solve(lower, dq + jnp.matmul(_mirrored(m), q), transposed=True)


def _syevd_shape(ins: Shapes, outs: Shapes) -> None:
    a = merge(ins[0], outs[0]) if ins[0] is not None or None not in outs else ins[0]
    if a is None or len(a) < 2:
        return
    size = square(a)
    ins[0] = (*a[:-2], size, size)
    rules.assign(outs, 0, ins[0])
    rules.assign(outs, 1, ins[0][:-1])


@op(outputs=2, shape=_syevd_shape, needs_shape=True)
def _linalg_syevd(A: Tensor):
    """Eigenvectors and eigenvalues of symmetric matrices: A = Uᵀ diag(L) U.

    Shapes: A (..., M, M) -> U (..., M, M), L (..., M) ascending. Only the lower triangle is read. The entry of largest
    magnitude in every row of U is positive.
    """
    values, vectors = jnp.linalg.eigh(A, UPLO="L", symmetrize_input=False)
    u = transpose(vectors)
    largest = jnp.take_along_axis(u, jnp.argmax(jnp.abs(u), axis=-1, keepdims=True), axis=-1)
    return jnp.where(largest < 0, -u, u), values


@gradient(_linalg_syevd)
def _(cotangents, outputs, A):
    (du, dl), (u, values) = cotangents, outputs
    x = jnp.matmul(du, transpose(u))
    apart = values[..., :, None] - values[..., None, :]
    smallest = 1e-100 if values.dtype.itemsize == 8 else 1e-30
    below = (x - transpose(x)) / (2 * jnp.maximum(apart, jnp.asarray(smallest, values.dtype)))
    below = jnp.tril(below, -1)
    diagonal = jnp.eye(values.shape[-1], dtype=values.dtype) * dl[..., None, :]
    return jnp.matmul(jnp.matmul(transpose(u), below + transpose(below) + diagonal), u)


# -- inverse and determinants ----------------------------------------------------------------------------------


def _inverse_shape(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is None:
        return
    size = square(ins[0])
    ins[0] = (*ins[0][:-2], size, size)
    rules.assign(outs, 0, ins[0])


@op(aliases=("linalg_inverse", "_npi_inv"), shape=_inverse_shape)
def _linalg_inverse(A: Tensor):
    """The inverse of square matrices.

    Shapes: A (..., M, M) -> A's shape.
    """
    return jnp.linalg.inv(A)


@gradient(_linalg_inverse)
def _(cotangents, outputs, A):
    inverse = transpose(outputs[0])
    return -jnp.matmul(inverse, jnp.matmul(cotangents[0], inverse))


def _det_shape(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is None:
        return
    size = square(ins[0])
    ins[0] = a = (*ins[0][:-2], size, size)
    batch = a[:-2] if len(a) > 2 or is_np_shape() else (1,)
    for i in range(len(outs) - 2):
        rules.assign(outs, i, batch)
    rules.assign(outs, len(outs) - 2, a)
    rules.assign(outs, len(outs) - 1, a[:-1])


def _det_types(ins: Types, outs: Types) -> None:
    known = ins[0]
    for i in range(len(outs) - 1):
        known = merge_type(known, outs[i])
    if known is not None and known.name not in ("float32", "float64"):
        raise TypeConflict(f"only float32 and float64 are supported, got {known.name}")
    ins[0] = known
    outs[:-1] = [known] * (len(outs) - 1)
    assign_type(outs, len(outs) - 1, "int32")


def _sign_and_log(a: Any) -> tuple[Any, Any, Any, Any]:
    """(sign, log |det|, factors, pivots) from the LU factorization with partial pivoting, as MXNet lays them out."""
    factors, pivots, _ = lax.linalg.lu(transpose(a))
    diagonal = jnp.diagonal(factors, axis1=-2, axis2=-1)
    swaps = jnp.sum(pivots != jnp.arange(a.shape[-1], dtype=pivots.dtype), axis=-1, dtype=jnp.int32)
    sign = jnp.prod(jnp.sign(diagonal), axis=-1) * (1 - 2 * (swaps % 2)).astype(a.dtype)
    logs = jnp.log(jnp.abs(diagonal)).sum(axis=-1)
    shape = a.shape[:-2] if a.ndim > 2 or is_np_shape() else (1,)
    return sign.reshape(shape), logs.reshape(shape), transpose(factors), pivots.astype(jnp.int32) + 1


def _along_inverse(scale: Any, a: Any, regular: Any) -> Any:
    """scale a⁻ᵀ, and 0 for singular matrices, as MXNet has it."""
    shape = (*a.shape[:-2], 1, 1)
    y = scale.reshape(shape) * transpose(jnp.linalg.inv(a))
    return jnp.where(regular.reshape(shape), y, jnp.zeros_like(y))


@op(aliases=("linalg_det", "_npi_det"), outputs=3, visible=1, shape=_det_shape, types=_det_types)
def _linalg_det(A: Tensor):
    """The determinant of square matrices; singular ones give no gradient.

    Shapes: A (..., M, M) -> (...), or (1,) for one matrix (() under NumPy semantics).
    """
    sign, logs, factors, pivots = _sign_and_log(A)
    return sign * jnp.exp(logs), factors, pivots


@gradient(_linalg_det)
def _(cotangents, outputs, A):
    return _along_inverse(cotangents[0] * outputs[0], A, outputs[0] != 0)


@op(aliases=("linalg_slogdet", "_npi_slogdet"), outputs=4, visible=2, shape=_det_shape, types=_det_types)
def _linalg_slogdet(A: Tensor):
    """Sign and logarithm of the magnitude of the determinant; the sign and singular matrices give no gradient.

    Shapes: A (..., M, M) -> (...) twice, or (1,) for one matrix (() under NumPy semantics).
    """
    return _sign_and_log(A)


@gradient(_linalg_slogdet)
def _(cotangents, outputs, A):
    return _along_inverse(cotangents[1], A, outputs[1] != -jnp.inf)
