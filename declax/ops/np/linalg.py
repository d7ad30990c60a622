"""NumPy's linear algebra: norm, svd, cholesky, eig, eigh, pinv, solve, tensorinv, tensorsolve."""

from collections.abc import Callable
from math import prod
from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.ops.axes import canonical_axes
from declax.ops.np.common import Axes, is_floating, once_known, reduced, solver_type
from declax.registry import Tensor, op
from declax.rules import Shapes, TypeConflict, Types, assign, assign_type
from declax.shapes import PartialShape, Shape, ShapeConflict, is_complete, merge, show

_Triangle = Literal["L", "U"]


def _worked_out(function: Callable, *xs: Tensor) -> Tensor | tuple:
    """`function` of the arrays in float32 when all of them are, in float64 otherwise."""
    if all(x.dtype == jnp.float32 for x in xs):
        return function(*xs)
    with jax.enable_x64(True):
        return function(*(lax.convert_element_type(x, "float64") for x in xs))


def _square(shape: PartialShape) -> None:
    if shape is not None and len(shape) < 2:
        raise ShapeConflict("Array must be at least two-dimensional")
    if shape is not None and None not in shape[-2:] and shape[-2] != shape[-1]:
        raise ShapeConflict(f"Input A's last two dimension must be equal, got {show(shape)}")


# -- eigenvalues ---------------------------------------------------------------------------------------------------


def _eigenvalues_rule(ins: Shapes, outs: Shapes) -> None:
    """A (..., n, n), eigenvalues (..., n) and eigenvectors (..., n, n), in every direction."""
    if not is_complete(ins[0]):
        if len(outs) > 1 and is_complete(outs[1]):
            assign(ins, 0, outs[1])
        elif is_complete(outs[0]) and outs[0]:
            assign(ins, 0, (*outs[0], outs[0][-1]))
    if is_complete(ins[0]):
        _square(ins[0])
        assign(outs, 0, ins[0][:-1])  # pyright: ignore[reportOptionalSubscript]
        if len(outs) > 1:
            assign(outs, 1, ins[0])


def _real(values: Tensor) -> Tensor:
    """The real numbers among complex ones; nan where there is an imaginary part."""
    return jnp.where(abs(values.imag) > 1e-15, jnp.nan, values.real).astype(values.real.dtype)


def _upward(vectors: Tensor) -> Tensor:
    """Columns turned over so that their element of largest absolute value, the first of such, is positive."""
    at = jnp.argmax(abs(vectors), axis=-2, keepdims=True)
    largest = jnp.take_along_axis(vectors, at, axis=-2)
    return jnp.where(largest < 0, -vectors, vectors)


@op(outputs=2, shape=_eigenvalues_rule, types=solver_type, needs_shape=True)
def _npi_eig(A: Tensor):
    """Eigenvalues and right eigenvectors, as columns, of matrices whose eigenvalues are real; no gradient.

    Shapes: A (..., n, n) -> (..., n) and (..., n, n), float32 for float32, else float64. Complex eigenvalues, for which
    MXNet raises, give nan. XLA has this decomposition on CPU only.
    """

    def run(x: Tensor) -> tuple:
        values, vectors = jnp.linalg.eig(lax.stop_gradient(x))
        found = _real(values)
        return found, jnp.where(jnp.isnan(found)[..., None, :], jnp.nan, vectors.real).astype(found.dtype)

    return _worked_out(run, A)


@op(shape=_eigenvalues_rule, types=solver_type)
def _npi_eigvals(A: Tensor):
    """Eigenvalues of matrices that have real ones; no gradient.

    Shapes: A (..., n, n) -> (..., n), float32 for float32, else float64. Complex eigenvalues, for which MXNet raises,
    give nan. XLA has this decomposition on CPU only.
    """
    return _worked_out(lambda x: _real(jnp.linalg.eigvals(lax.stop_gradient(x))), A)


def _eigh(x: Tensor, UPLO: str) -> tuple:
    vectors, values = lax.linalg.eigh(lax.stop_gradient(x), lower=UPLO == "L", symmetrize_input=False)
    return values, vectors


@op(outputs=2, shape=_eigenvalues_rule, types=solver_type, needs_shape=True)
def _npi_eigh(A: Tensor, *, UPLO: _Triangle = "L"):
    """Eigenvalues in ascending order and eigenvectors, as columns, of symmetric matrices; no gradient.

    Shapes: A (..., n, n), of which only the lower or upper triangle counts -> (..., n) and (..., n, n), float32 for
    float32, else float64. In every eigenvector the element of largest absolute value is positive.
    """

    def run(x: Tensor) -> tuple:
        values, vectors = _eigh(x, UPLO)
        return values, _upward(vectors) if x.size else vectors

    return _worked_out(run, A)


@op(shape=_eigenvalues_rule, types=solver_type)
def _npi_eigvalsh(A: Tensor, *, UPLO: _Triangle = "L"):
    """Eigenvalues of symmetric matrices in ascending order; no gradient.

    Shapes: A (..., n, n), of which only the lower or upper triangle counts -> (..., n), float32 for float32, else
    float64.
    """
    return _worked_out(lambda x: _eigh(x, UPLO)[0], A)


# -- decompositions ------------------------------------------------------------------------------------------------


def _svd_rule(ins: Shapes, outs: Shapes) -> None:
    a = ins[0] if ins[0] is not None else outs[2]
    if a is None:
        return
    if len(a) < 2:
        raise ShapeConflict("Array must be at least two-dimensional")
    if None not in a[-2:] and a[-2] > a[-1]:  # pyright: ignore[reportOperatorIssue]
        raise ShapeConflict("The second to last dimension of A must be less than or equal to the last dimension")
    assign(ins, 0, a)
    assign(outs, 0, (*a[:-1], a[-2]))
    assign(outs, 1, a[:-1])
    assign(outs, 2, a)


@op(outputs=3, shape=_svd_rule)
def _npi_svd(A: Tensor):
    """The singular value decomposition UT diag(L) V of matrices that are not taller than wide.

    Shapes: A (..., m, n) with m <= n -> UT (..., m, m), L (..., m) in descending order, V (..., m, n); one type. In
    every row of V the element of largest absolute value is positive.
    """
    u, s, v = jnp.linalg.svd(A, full_matrices=False)
    if not A.size:
        return u, s, v
    at = jnp.argmax(abs(v), axis=-1, keepdims=True)
    largest = lax.stop_gradient(jnp.take_along_axis(v, at, axis=-1))
    sign = jnp.where(largest < 0, -jnp.ones_like(largest), jnp.ones_like(largest))
    return u * jnp.swapaxes(sign, -1, -2), s, v * sign


def _cholesky_rule(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is not None and len(ins[0]) < 2:
        raise ShapeConflict("Array must be at least two-dimensional")
    rules.same_shape(ins, outs)
    _square(ins[0])


@op(shape=_cholesky_rule, needs_shape=True)
def _npi_cholesky(A: Tensor, *, lower: bool = True):
    """The triangular matrix L with L L^T = A, or for `lower` False U with U^T U = A, of symmetric positive matrices.

    Shapes: A (..., n, n) -> the same, inferred in both directions; one type. The gradient is symmetric.
    """
    found = jnp.linalg.cholesky(A, symmetrize_input=True)
    return found if lower else jnp.swapaxes(found, -1, -2)


# -- inverses ------------------------------------------------------------------------------------------------------


def _pinv(a: Tensor, rcond: Tensor | float) -> Tensor:
    """The pseudo-inverse, singular values up to rcond times the largest being taken for 0; no gradient."""
    a = lax.stop_gradient(a)
    if not a.size:
        return jnp.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)
    u, s, v = jnp.linalg.svd(a, full_matrices=False)
    cutoff = jnp.asarray(rcond, a.dtype)[..., None] * s[..., :1]
    inverse = jnp.where(s > cutoff, 1 / s, jnp.zeros_like(s))
    return jnp.matmul(jnp.swapaxes(v, -1, -2), inverse[..., None] * jnp.swapaxes(u, -1, -2))


def _pinv_rule(ins: Shapes, outs: Shapes) -> None:
    for one, other in ((ins, outs), (outs, ins)):
        s = one[0]
        if is_complete(s):
            if len(s) < 2:  # pyright: ignore[reportArgumentType]
                raise ShapeConflict("Array must be at least two-dimensional")
            assign(other, 0, (*s[:-2], s[-1], s[-2]))  # pyright: ignore[reportOptionalSubscript]


def _pinv_types(ins: Types, outs: Types) -> None:
    solver_type(ins[:1], outs)
    if ins[1] is None or ins[1].name not in ("float32", "float64"):
        raise TypeConflict("rcond type should be float32 or float64.")


@op(shape=_pinv_rule, types=_pinv_types)
def _npi_pinv(A: Tensor, rcond: Tensor, *, hermitian: bool = False):
    """The pseudo-inverse of matrices; singular values up to rcond times the largest count as 0; no gradient.

    Shapes: A (..., m, n), rcond (...) or () -> (..., n, m), inferred in both directions; float32 for float32 A, else
    float64. `hermitian` is accepted and changes nothing, as in MXNet.
    """
    if A.dtype == jnp.float32:
        return _pinv(A, lax.stop_gradient(rcond).astype("float32"))
    return _worked_out(lambda a, r: _pinv(a, lax.stop_gradient(r)), A, rcond)


def _first_solver_type(ins: Types, outs: Types) -> None:
    solver_type(ins[:1], outs)


@op(shape=_pinv_rule, types=_first_solver_type)
def _npi_pinv_scalar_rcond(A: Tensor, *, rcond: float = 1e-15, hermitian: bool = False):
    """The pseudo-inverse of matrices; singular values up to the number rcond times the largest count as 0; no gradient.

    Shapes: A (..., m, n) -> (..., n, m), inferred in both directions; float32 for float32, else float64. `hermitian` is
    accepted and changes nothing, as in MXNet.
    """
    return _worked_out(lambda a: _pinv(a, rcond), A)


def _solve_rule(ins: Shapes, outs: Shapes) -> None:
    a, b = ins
    _square(a)
    if a is None:
        return
    if b is None:
        raise ShapeConflict("the shape of B must be known here")
    if len(a) not in (len(b), len(b) + 1):
        raise ShapeConflict(f"A's and B's dimensions don't match: {show(a)} and {show(b)}")
    merge(a[:-1], b[: len(a) - 1])
    assign(outs, 0, b)


def _as_columns(function: Callable, a: Tensor, b: Tensor) -> Tensor:
    """`function(a, b)` with b a matrix of columns, also where b is given as vectors."""
    return function(a, b) if b.ndim == a.ndim else function(a, b[..., None])[..., 0]


@op(shape=_solve_rule, types=solver_type)
def _npi_solve(A: Tensor, B: Tensor):
    """The X with A X = B.

    Shapes: A (..., n, n), B (..., n, k) or (..., n) -> B's; float32 when both are, else float64.
    """
    return _worked_out(lambda a, b: _as_columns(jnp.linalg.solve, a, b), A, B)


@once_known
def _tensorinv_rule(a: Shape, *, ind) -> Shape:
    if ind <= 0:
        raise ShapeConflict("Invalid ind argument.")
    if not a:
        raise ShapeConflict("can not reshape array")
    if prod(a[:ind]) != prod(a[ind:]):
        raise ShapeConflict("a shape must be square, i. e., prod(a.shape[:ind]) == prod(a.shape[ind:]).")
    return (*a[ind:], *a[:ind])


@op(shape=_tensorinv_rule, types=solver_type)
def _npi_tensorinv(a: Tensor, *, ind: int = 2):
    """The inverse for tensordot over `ind` axes: a as a square matrix of its first `ind` axes and the others.

    Shapes: a (p..., q...) with as many elements in the first `ind` axes p as in q -> (q..., p...); float32 for float32,
    else float64.
    """
    n = prod(a.shape[:ind])
    return _worked_out(lambda x: jnp.linalg.inv(x.reshape(n, n)).reshape(*a.shape[ind:], *a.shape[:ind]), a)


def _solved_axes(rank: int, a_axes: Axes) -> Shape:
    """The order of a's axes with `a_axes` last."""
    last = canonical_axes(a_axes or (), rank)
    return (*(i for i in range(rank) if i not in last), *last)


def _tensorsolve_shape(a: Shape, b: Shape, a_axes: Axes) -> Shape:
    if not a or not b:
        if prod(a) != 1 or prod(b) != 1:
            raise ShapeConflict("a's and b's dimensions don't match")
        return a
    order = _solved_axes(len(a), a_axes)
    front = len(b) if len(a) > len(b) else len(b) - len(a)
    shape = tuple(a[i] for i in order)
    if prod(shape[:front]) != prod(shape[front:]) or prod(shape[front:]) != prod(b):
        raise ShapeConflict(f"a {show(a)} must be square and fit b {show(b)}")
    return shape[front:]


@once_known
def _tensorsolve_rule(a: Shape, b: Shape, *, a_axes) -> Shape:
    return _tensorsolve_shape(a, b, a_axes)


@op(shape=_tensorsolve_rule, types=solver_type)
def _npi_tensorsolve(a: Tensor, b: Tensor, *, a_axes: Axes = ()):
    """The x with tensordot(a, x, x.ndim) = b, after the axes `a_axes` of a were moved to the end.

    Shapes: a (p..., q...) with as many elements in p, the shape of b, as in q -> (q...); float32 when both are, else
    float64.
    """
    shape = _tensorsolve_shape(a.shape, b.shape, a_axes)
    n = b.size

    def run(x: Tensor, y: Tensor) -> Tensor:
        matrix = jnp.transpose(x, _solved_axes(x.ndim, a_axes)).reshape(n, n)
        return jnp.linalg.solve(matrix, y.reshape(n, 1)).reshape(shape)

    return _worked_out(run, a, b)


# -- norms ---------------------------------------------------------------------------------------------------------


def _norm_axes(rank: int, axis: Axes, flag: int) -> Axes:
    """The axes of a norm: none named means the last two, a vector's only one, or, flattened, all."""
    if axis is not None:
        return canonical_axes(axis, rank)
    if flag == -2:
        return None
    return (rank - 2, rank - 1) if rank >= 2 else (0,) * rank


def _norm_rule(ins: Shapes, outs: Shapes, ord, axis, flag, keepdims) -> None:
    for i, empty in enumerate(((0, 0, 0), (0, 0), (0, 0, 0)), 1):
        assign(outs, i, empty)
    data, matrix = ins[0], axis is not None and len(axis) == 2
    if data is None and matrix:
        raise ShapeConflict("the number of dimensions must be known here, of which two are a matrix's")
    if data is None or (None in data and not matrix):
        return
    axes = _norm_axes(len(data), axis, flag)
    if axes is not None and len(axes) > 2:
        raise ShapeConflict("Improper number of dimensions to norm.")
    if axes is not None and len(axes) < 2 and flag == 2:
        raise ShapeConflict("Invalid norm order for inputs.")
    assign(outs, 0, reduced(data, axes, keepdims))  # pyright: ignore[reportArgumentType]


def _norm_types(ins: Types, outs: Types) -> None:
    for i in range(len(outs)):
        assign_type(outs, i, ins[0])


def _vector_norm(x: Tensor, ord: float, axes: Axes) -> Tensor:
    """(sum of |x|^ord)^(1 / ord) over the elements that are not 0, whose slope is 0."""
    if ord == 0:
        return jnp.sum(x != 0, axes, keepdims=True).astype(x.dtype)
    if ord == 1:
        return jnp.sum(jnp.abs(x), axes, keepdims=True)
    if ord == 2:
        return jnp.sqrt(jnp.sum(x * x, axes, keepdims=True))
    there = x != 0
    powers = jnp.where(there, jnp.abs(jnp.where(there, x, 1)) ** ord, 0)
    return jnp.sum(powers, axes, keepdims=True) ** (1 / ord)


def _matrix_norm(x: Tensor, ord: float, axes: tuple[int, int], flag: int) -> Tensor:
    """Frobenius' norm (flag 1), the sum of singular values (2), the extreme one, or the extreme row or column sum."""
    if flag == 1:
        return _vector_norm(x, 2, axes)
    if abs(ord) != 2 and flag != 2:
        sums = jnp.sum(jnp.abs(x), axes[0] if abs(ord) == 1 else axes[1], keepdims=True)
        return (jnp.max if ord > 0 else jnp.min)(sums, axes, keepdims=True)
    values = jnp.linalg.svd(jnp.moveaxis(x, axes, (-2, -1)), full_matrices=False, compute_uv=False)
    found = jnp.sum(values, -1) if flag == 2 else values[..., 0 if ord > 0 else -1]
    return jnp.expand_dims(found, axes)


@op(outputs=4, visible=1, shape=_norm_rule, types=_norm_types)
def _npi_norm(data: Tensor, *, ord: float = 2.0, axis: Axes = None, keepdims: bool = False, flag: int = -1):
    """The norm of vectors along one axis, of matrices in two, or of the flattened array.

    Shapes: data (any) -> the axes that stay, () when none does; `keepdims` leaves the others with size 1. `flag` says
    what np.linalg.norm was asked for: -2 the root of the sum of all squares, 1 "fro", 2 "nuc", otherwise `ord`, which
    of a matrix takes the largest (2) or smallest (-2) singular value, or the extreme sum of columns (1, -1) or rows.
    Three hidden outputs, MXNet's workspace, are empty.
    """
    kind = data.dtype
    x = data if is_floating(kind) else data.astype("float32")
    axes = _norm_axes(x.ndim, axis, flag)
    if not x.size:
        y = jnp.zeros(reduced(x.shape, axes, True), x.dtype)
    elif axes is not None and len(axes) == 2:
        y = _matrix_norm(x, ord, axes, flag)
    else:
        y = _vector_norm(x, 2 if flag == -2 else ord, axes)
    rest = (jnp.zeros(s, kind) for s in ((0, 0, 0), (0, 0), (0, 0, 0)))
    return y.astype(kind).reshape(reduced(data.shape, axes, keepdims)), *rest
