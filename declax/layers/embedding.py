"""Embeddings: rows of a table, picked by index."""

from typing import Literal

import jax.numpy as jnp

from declax.attrs import attr
from declax.registry import Tensor, deduce, op
from declax.rules import Shapes, TypeConflict, Types, assign, dtype_of

Kind = Literal["bfloat16", "float16", "float32", "float64", "int32", "int64", "int8", "uint8"]


def _shape(ins: Shapes, outs: Shapes, output_dim: int) -> None:
    if ins[0] is not None:
        assign(outs, 0, (*ins[0], output_dim))


def _types(ins: Types, outs: Types, dtype: str) -> None:
    """Indices are free; table and output share a type, `dtype` if neither is known."""
    if ins[1] is not None and outs[0] is not None and ins[1] != outs[0]:
        raise TypeConflict(f"the weight is {ins[1].name}, the output {outs[0].name}")
    ins[1] = outs[0] = ins[1] or outs[0] or dtype_of(dtype)


def _rows(data, weight):
    index = data if jnp.issubdtype(data.dtype, jnp.integer) else data.astype(jnp.int32)
    return jnp.take(weight, index, 0, mode="clip")


@op(aliases=("_npx_embedding", "_sparse_Embedding"), shape=_shape, types=_types, needs_type=True)
def Embedding(
    data: Tensor,
    weight: Tensor = deduce(lambda data, input_dim, output_dim: (input_dim, output_dim)),
    *,
    input_dim: int = attr(ge=1),
    output_dim: int = attr(ge=1),
    dtype: Kind = "float32",
    sparse_grad: bool = False,
):
    """The row of `weight` for each index in `data`.

    Shapes: data any, weight (input_dim, output_dim) -> (*data, output_dim). Indices are truncated to integers; one out
    of range counts as the nearest that is in it. `sparse_grad` has no meaning here: the gradient is dense.
    """
    return _rows(data, weight)


@op(shape=_shape, types=_types, needs_type=True)
def _contrib_SparseEmbedding(
    data: Tensor,
    weight: Tensor = deduce(lambda data, input_dim, output_dim: (input_dim, output_dim)),
    *,
    input_dim: int = attr(ge=1),
    output_dim: int = attr(ge=1),
    dtype: Kind = "float32",
    deterministic: bool = False,
):
    """`Embedding` under its older name for a sparse table.

    Shapes: as `Embedding`. `deterministic` has no meaning here.
    """
    return _rows(data, weight)
