"""Matrix products and diagonals: dot, batch_dot, khatri_rao, diag."""

from typing import Literal

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.attrs import attr
from declax.ops.axes import canonical_axis
from declax.registry import Tensor, op
from declax.shapes import PartialShape, ShapeConflict, merge, merge_dim, product, show

Storage = Literal["csr", "default", "row_sparse"] | None
"""Annotation of `forward_stype`; storage is always dense here."""


def _contracted(lhs_rank: int, rhs_rank: int, transpose_a: bool, transpose_b: bool) -> tuple[int, int]:
    """The axes that dot sums over: lhs's last and rhs's first, or the other end when transposed."""
    return (0 if transpose_a else lhs_rank - 1), (rhs_rank - 1 if transpose_b else 0)


def _dot_rule(ins: rules.Shapes, outs: rules.Shapes, transpose_a, transpose_b) -> None:
    lhs, rhs = ins
    if lhs is None or rhs is None:
        return
    if not lhs or not rhs:
        raise ShapeConflict("scalar tensor is not supported by this operator.")
    if len(lhs) == len(rhs) == 1 and (transpose_a or transpose_b):
        raise ShapeConflict("Cannot transpose vectors")
    a, b = _contracted(len(lhs), len(rhs), transpose_a, transpose_b)
    if None not in (lhs[a], rhs[b]) and lhs[a] != rhs[b]:
        raise ShapeConflict(f"dot shape error: {show(lhs)} X {show(rhs)}")
    left = lhs[1:] if transpose_a else lhs[:-1]
    right = rhs[:-1] if transpose_b else rhs[1:]
    rules.assign(outs, 0, (*left, *right) or (1,))


@op(aliases=("_sparse_dot",), shape=_dot_rule)
def dot(
    lhs: Tensor, rhs: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, forward_stype: Storage = None
):
    """Sums over lhs's last axis and rhs's first.

    Shapes: lhs (..., K), rhs (K, ...) -> (..., ...); two vectors give (1,). With `transpose_a` lhs is (K, ...), with
    `transpose_b` rhs is (..., K): the axis moves, the others keep their order. `forward_stype` is accepted and has no
    meaning here.
    """
    a, b = _contracted(lhs.ndim, rhs.ndim, transpose_a, transpose_b)
    out = lax.dot_general(lhs, rhs, (((a,), (b,)), ((), ())))
    return out if out.ndim else out.reshape(1)


def _batch_dot_rule(ins: rules.Shapes, outs: rules.Shapes, transpose_a, transpose_b) -> None:
    lhs, rhs = ins
    if lhs is None or rhs is None:
        return
    if len(lhs) != len(rhs) or len(lhs) < 3:
        raise ShapeConflict(f"batch_dot currently only support N-D*N-D array (N >= 3), got {show(lhs)} and {show(rhs)}")
    if lhs[-1] is None or rhs[-2] is None:
        return
    try:
        batch = merge(lhs[:-2], rhs[:-2])
        m, k = (lhs[-1], lhs[-2]) if transpose_a else (lhs[-2], lhs[-1])
        n, k2 = (rhs[-2], rhs[-1]) if transpose_b else (rhs[-1], rhs[-2])
        merge_dim(k, k2)
    except ShapeConflict as e:
        raise ShapeConflict(
            f"batch_dot shape error: {show(lhs)} X {show(rhs)} trans_a={transpose_a} trans_b={transpose_b}: {e}"
        ) from None
    assert batch is not None
    rules.assign(outs, 0, (*batch, m, n))


@op(aliases=("_npx_batch_dot",), shape=_batch_dot_rule)
def batch_dot(
    lhs: Tensor, rhs: Tensor, *, transpose_a: bool = False, transpose_b: bool = False, forward_stype: Storage = None
):
    """Matrix products of the last two axes, one for each index of the leading ones, which must agree.

    Shapes: lhs (..., M, K), rhs (..., K, N) -> (..., M, N); (..., K, M) with `transpose_a`, (..., N, K) with
    `transpose_b`. `forward_stype` is accepted and has no meaning here.
    """
    r = lhs.ndim
    batch = tuple(range(r - 2))
    a, b = (r - 2 if transpose_a else r - 1), (r - 1 if transpose_b else r - 2)
    return lax.dot_general(lhs, rhs, (((a,), (b,)), (batch, batch)))


def _khatri_rao_rule(ins: rules.Shapes, outs: rules.Shapes) -> None:
    rules.require_ranks(ins)
    columns = None
    for s in ins:
        assert s is not None
        if len(s) != 2:
            raise ShapeConflict(f"khatri_rao takes matrices, got {show(s)}")
        columns = merge_dim(columns, s[1])
    rules.assign(outs, 0, (product([s[0] for s in ins if s is not None]), columns))


@op(num_args="num_args", shape=_khatri_rao_rule)
def khatri_rao(*data: Tensor, num_args: int = attr(ge=1)):
    """The column-wise Kronecker product of matrices.

    Shapes: data (M_i, N) -> (product of M_i, N). Differentiable, unlike MXNet's.
    """
    out = data[0]
    for x in data[1:]:
        out = (out[:, None, :] * x[None, :, :]).reshape(-1, out.shape[1])
    return out


def _diagonal_shape(data: tuple[int | None, ...], k: int, axis1: int, axis2: int) -> PartialShape:
    if len(data) == 1:
        n = None if data[0] is None else data[0] + abs(k)
        return (n, n)
    a, b = canonical_axis(axis1, len(data)), canonical_axis(axis2, len(data))
    if a == b:
        raise ShapeConflict(f"axis1 and axis2 cannot refer to the same axis {a}")
    h, w = data[a], data[b]
    n = None
    if h is not None and w is not None:
        n = min(h + min(k, 0), w - max(k, 0))
        if n < 0:
            raise ShapeConflict(f"Diagonal does not exist: k={k}, data {show(data)}")
    return (*(d for i, d in enumerate(data) if i not in (a, b)), n)


def _diag_rule(ins: rules.Shapes, outs: rules.Shapes, k, axis1, axis2) -> None:
    if ins[0] is not None:
        rules.assign(outs, 0, _diagonal_shape(ins[0], k, axis1, axis2))


@op(shape=_diag_rule)
def diag(data: Tensor, *, k: int = 0, axis1: int = 0, axis2: int = 1):
    """The k-th diagonal over two axes, or the matrix that has a vector there.

    Shapes: data (N,) -> (N + abs(k), N + abs(k)); data (..., H, ..., W, ...) -> (the other axes, L).
    """
    if data.ndim == 1:
        return jnp.diag(data, k)
    return jnp.diagonal(data, k, axis1, axis2)
