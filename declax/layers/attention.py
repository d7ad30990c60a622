"""Attention scores and sums from interleaved projections, heads side by side, as Transformer models use them."""

import math

import jax.numpy as jnp
import numpy as np
from jax import Array

from declax.attrs import attr
from declax.registry import Tensor, op
from declax.rules import Shapes, assign
from declax.shapes import PartialShape, ShapeConflict, show


def _three(shape: PartialShape, name: str, layout: str) -> tuple[int | None, int | None, int | None]:
    if shape is None or len(shape) != 3:
        raise ShapeConflict(f"Input {name} should be 3D in {layout}, currently is {show(shape)}")
    return shape


def _times(a: int | None, b: int) -> int | None:
    return None if a is None else a * b


def _over(a: int | None, b: int) -> int | None:
    return None if a is None else a // b


def _agree(what: str, *pairs: tuple[int | None, int | None]) -> None:
    if any(None not in pair and pair[0] != pair[1] for pair in pairs):
        raise ShapeConflict(f"{what} do not fit: {list(pairs)}")


def _self_scores_shape(ins: Shapes, outs: Shapes, heads: int) -> None:
    length, batch, _ = _three(ins[0], "queries_keys_values", "seq_length-batch-3*proj_dim")
    assign(outs, 0, (_times(batch, heads), length, length))


def _self_values_shape(ins: Shapes, outs: Shapes, heads: int) -> None:
    length, batch, width = _three(ins[0], "queries_keys_values", "seq_length-batch-3*proj_dim")
    if ins[1] is None:
        return
    rows, left, right = _three(ins[1], "attention", "batch-seq_length-seq_length")
    _agree("projections and attention", (length, left), (length, right), (_times(batch, heads), rows))
    assign(outs, 0, (length, batch, _over(width, 3)))


def _cross_scores_shape(ins: Shapes, outs: Shapes, heads: int) -> None:
    queries, batch, width = _three(ins[0], "queries", "seq_length-batch-proj_dim")
    if ins[1] is None:
        return
    keys, batch2, width2 = _three(ins[1], "keys_values", "seq_length-batch-2*proj_dim")
    _agree("queries and keys_values", (batch, batch2), (_times(width, 2), width2))
    assign(outs, 0, (_times(batch, heads), queries, keys))


def _cross_values_shape(ins: Shapes, outs: Shapes, heads: int) -> None:
    keys, batch, width = _three(ins[0], "keys_values", "seq_length-batch-2*proj_dim")
    if ins[1] is None:
        return
    rows, queries, right = _three(ins[1], "attention", "batch-seq_length-seq_length")
    _agree("keys_values and attention", (keys, right), (_times(batch, heads), rows))
    assign(outs, 0, (queries, batch, _over(width, 2)))


def _split(x: Array, heads: int, parts: int) -> Array:
    """(L, N, heads * parts * D) as (L, N, heads, parts, D)."""
    length, batch, width = x.shape
    return x.reshape(length, batch, heads, parts, width // heads // parts)


def _scores(queries: Array, keys: Array) -> Array:
    """(L, N, H, D) of both -> (N * H, queries, keys), divided by the root of D."""
    scale = np.asarray(1 / math.sqrt(queries.shape[-1]), queries.dtype)
    y = jnp.einsum("qnhd,knhd->nhqk", queries * scale, keys)
    return y.reshape(-1, *y.shape[2:])


def _weighted(values: Array, attention: Array) -> Array:
    """values (L, N, H, D), attention (N * H, queries, L) -> (queries, N, H * D)."""
    _, n, h, d = values.shape
    y = jnp.einsum("nhqk,knhd->qnhd", attention.reshape(n, h, *attention.shape[1:]), values)
    return y.reshape(y.shape[0], n, h * d)


@op(shape=_self_scores_shape, needs_shape=True)
def _contrib_interleaved_matmul_selfatt_qk(queries_keys_values: Tensor, *, heads: int = attr(ge=1)):
    """Attention scores of a sequence with itself, from one projection that holds query, key and value by head.

    Shapes: (L, N, heads * 3 * D) -> (N * heads, L, L).
    """
    x = _split(queries_keys_values, heads, 3)
    return _scores(x[:, :, :, 0], x[:, :, :, 1])


@op(shape=_self_values_shape, needs_shape=True)
def _contrib_interleaved_matmul_selfatt_valatt(
    queries_keys_values: Tensor, attention: Tensor, *, heads: int = attr(ge=1)
):
    """Sums of the values weighted by attention, for a sequence with itself.

    Shapes: (L, N, heads * 3 * D), attention (N * heads, L, L) -> (L, N, heads * D).
    """
    return _weighted(_split(queries_keys_values, heads, 3)[:, :, :, 2], attention)


@op(shape=_cross_scores_shape, needs_shape=True)
def _contrib_interleaved_matmul_encdec_qk(queries: Tensor, keys_values: Tensor, *, heads: int = attr(ge=1)):
    """Attention scores between two sequences.

    Shapes: queries (Q, N, heads * D), keys_values (K, N, heads * 2 * D) -> (N * heads, Q, K).
    """
    return _scores(_split(queries, heads, 1)[:, :, :, 0], _split(keys_values, heads, 2)[:, :, :, 0])


@op(shape=_cross_values_shape, needs_shape=True)
def _contrib_interleaved_matmul_encdec_valatt(keys_values: Tensor, attention: Tensor, *, heads: int = attr(ge=1)):
    """Sums of the values of one sequence weighted by the attention of another.

    Shapes: keys_values (K, N, heads * 2 * D), attention (N * heads, Q, K) -> (Q, N, heads * D).
    """
    return _weighted(_split(keys_values, heads, 2)[:, :, :, 1], attention)
