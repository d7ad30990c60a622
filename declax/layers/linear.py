"""The fully connected layer."""

from jax import Array

from declax.attrs import attr
from declax.layers.recurrence import product_with_transpose
from declax.registry import Tensor, deduce, op
from declax.rules import Shapes, assign
from declax.shapes import PartialShape, product


def flattened(data: Array, flatten: bool) -> Array:
    """What FullyConnected multiplies: with `flatten`, (N, ...) as (N, D)."""
    return data.reshape(data.shape[0], product(data.shape[1:])) if flatten else data


def _width(data: PartialShape, flatten: bool) -> int | None:
    assert data is not None
    return product(data[1:]) if flatten else data[-1]


def _shape(ins: Shapes, outs: Shapes, num_hidden: int, flatten: bool) -> None:
    data = ins[0]
    if data is None:
        return
    if len(ins) > 2:
        # MXNet takes a bias of shape (num_hidden, 1) too
        column = ins[2] is not None and len(ins[2]) == 2
        assign(ins, 2, (num_hidden, 1) if column else (num_hidden,))
    assign(outs, 0, (data[0], num_hidden) if flatten else (*data[:-1], num_hidden))
    out = outs[0]
    assert out is not None
    if flatten or len(data) > 1:
        assign(ins, 0, (out[0], *data[1:]))


@op(aliases=("_npx_fully_connected", "_sparse_FullyConnected"), shape=_shape)
def FullyConnected(
    data: Tensor,
    weight: Tensor = deduce(lambda data, num_hidden, flatten: (num_hidden, _width(data, flatten))),
    bias: Tensor | None = deduce(when=lambda no_bias: not no_bias),
    *,
    num_hidden: int = attr(ge=1),
    no_bias: bool = False,
    flatten: bool = True,
):
    r"""Affine map :math:`Y = X W^\top + b`.

    Shapes: data (N, ...), weight (num_hidden, D), bias (num_hidden,) -> (N, num_hidden); with `flatten=False`
    data (..., D) -> (..., num_hidden).
    """
    y = product_with_transpose(flattened(data, flatten), weight)
    return y if bias is None else y + bias.reshape(-1)
