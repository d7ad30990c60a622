"""Activations: rectifiers and other curves element by element, and softmax in its forms."""

import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.registry import Key, Tensor, Train, deduce, gradient, op
from declax.rules import Shapes, Types, assign, assign_type, like_first_type, same_shape
from declax.shapes import PartialShape, ShapeConflict, show

SELU_ALPHA, SELU_LAMBDA = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

# -- element-wise ----------------------------------------------------------------------------------------------


@op(aliases=("_npx_activation",), shape=same_shape)
def Activation(data: Tensor, *, act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"]):
    """An element-wise activation; `softrelu` is log(1 + exp(x)), `softsign` x / (1 + |x|).

    Shapes: data any -> data's shape. The rectifier's gradient at 0 is 0.
    """
    if act_type == "relu":
        return jax.nn.relu(data)
    if act_type == "sigmoid":
        return jax.nn.sigmoid(data)
    if act_type == "tanh":
        return jnp.tanh(data)
    if act_type == "softrelu":
        return jax.nn.softplus(data)
    return data / (1 + jnp.abs(data))


def _leaky_shape(ins: Shapes, outs: Shapes) -> None:
    data = ins[0]
    if data is None:
        return
    if len(ins) > 1 and ins[1] is None:
        if len(data) < 2:
            raise ShapeConflict(f"prelu needs channels at axis 1, got {show(data)}")
        assign(ins, 1, (data[1],))
    for i in range(len(outs)):
        assign(outs, i, data)


def _slopes(gamma: Array, data: Array) -> Array:
    """Gamma as it broadcasts: like the data, or its axes aligned with the data's first two, the later one first."""
    if gamma.shape == data.shape:
        return gamma
    shape, left = [1] * data.ndim, list(gamma.shape)
    for a in (1, 0):
        if a < data.ndim and left and left[-1] in (1, data.shape[a]):
            shape[a] = left.pop()
    if left:
        raise ValueError(f"Cannot broadcast gamma to data. gamma: {gamma.shape}, data: {data.shape}")
    return gamma.reshape(shape)


def _expm1(x: Array) -> Array:
    """exp(x) - 1 where x is negative; safe to differentiate where it is not."""
    return jnp.expm1(jnp.where(x > 0, 0, x))


@jax.custom_vjp
def _selu(x: Array) -> Array:
    return SELU_LAMBDA * jnp.where(x > 0, x, SELU_ALPHA * _expm1(x))


def _selu_gradient(y: Array, g: Array) -> tuple[Array]:
    """MXNet's own: it adds alpha to the scaled output, where the derivative has lambda * alpha."""
    return (g * (SELU_LAMBDA * jnp.where(y > 0, 1, SELU_ALPHA + y)).astype(g.dtype),)


_selu.defvjp(lambda x: (_selu(x),) * 2, _selu_gradient)


@op(
    aliases=("_npx_leaky_relu",),
    outputs=lambda act_type: ("output", "mask") if act_type == "rrelu" else ("output",),
    shape=_leaky_shape,
    random=lambda act_type, train: train and act_type == "rrelu",
)
def LeakyReLU(
    data: Tensor,
    gamma: Tensor | None = deduce(when=lambda act_type: act_type == "prelu", init='["Constant", {"value": 0.25}]'),
    *,
    act_type: Literal["elu", "gelu", "leaky", "prelu", "rrelu", "selu"] = "leaky",
    slope: float = 0.25,
    lower_bound: float = 0.125,
    upper_bound: float = 0.333999991,
    train: Train,
    key: Key,
):
    """A rectifier with a slope for negative values: fixed, learnt (`prelu`) or random (`rrelu`), or a smooth cousin.

    Shapes: data any, gamma (C,), (1,) or data's -> data's shape. The gradient of `selu` is MXNet's, not quite the
    derivative: where x is negative, lambda * (alpha + output). `rrelu` draws slopes from [lower_bound, upper_bound)
    in training, takes their mean otherwise, and has the slopes as second output.
    """
    if act_type == "elu":
        return jnp.where(data > 0, data, slope * _expm1(data))
    if act_type == "selu":
        return _selu(data)
    if act_type == "gelu":
        return 0.5 * data * (1 + lax.erf(data * np.asarray(math.sqrt(0.5), data.dtype)))
    if act_type == "prelu":
        assert gamma is not None
        return jnp.where(data > 0, data, data * _slopes(gamma, data))
    if act_type == "leaky":
        return jnp.where(data > 0, data, data * np.asarray(slope, data.dtype))
    if train:
        mask = jax.random.uniform(key, data.shape, jnp.float32, lower_bound, upper_bound).astype(data.dtype)
    else:
        mask = jnp.full(data.shape, (lower_bound + upper_bound) / 2, data.dtype)
    return jnp.where(data > 0, data, data * mask), mask


# -- softmax ---------------------------------------------------------------------------------------------------

FloatType = Literal["float16", "float32", "float64"]


def _softmax_types(ins: Types, outs: Types, dtype) -> None:
    if dtype is None:
        data = ins[:1]
        like_first_type(data, outs)
        ins[0] = data[0]
    else:
        assign_type(outs, 0, dtype)
        ins[0] = ins[0] or outs[0]


def _softmax_shape(ins: Shapes, outs: Shapes, axis: int) -> None:
    data = ins[:1]
    same_shape(data, outs)
    ins[0] = data[0]
    if data[0] is not None and not -len(data[0]) <= axis < len(data[0]):
        raise ShapeConflict(f"axis={axis} is out of range for data {show(data[0])}")


def _length(data: PartialShape, axis: int) -> PartialShape:
    assert data is not None
    a = axis % len(data)
    return (1,) if len(data) == 1 else (*data[:a], *data[a + 1 :])


def _softmax(function, data, length, axis, temperature, dtype, sign=1) -> Array:
    out = jnp.dtype(dtype) if dtype else data.dtype
    if data.size == 0:
        return data.astype(out)
    axis %= data.ndim
    x = data.astype(jnp.promote_types(jnp.promote_types(data.dtype, out), jnp.float32))
    if sign < 0:
        x = -x
    if temperature is not None and temperature != 1:
        x = x / np.asarray(temperature, x.dtype)
    if length is None:
        return function(x, axis).astype(out)
    inside = lax.broadcasted_iota(jnp.int32, x.shape, axis) < jnp.expand_dims(
        length.reshape(x.shape[:axis] + x.shape[axis + 1 :]), axis
    )
    y = function(jnp.where(inside, x, -jnp.inf), axis)
    return jnp.where(inside, y, 0).astype(out)


@op(aliases=("_npx_softmax",), shape=_softmax_shape, types=_softmax_types)
def softmax(
    data: Tensor,
    length: Tensor | None = deduce(_length, when=lambda use_length: bool(use_length)),
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: FloatType | None = None,
    use_length: bool | None = False,
):
    """Softmax along an axis, of the first `length` elements when `use_length`, the rest being 0.

    Shapes: data any, length data's without the axis -> data's shape. Computed in at least float32.
    """
    return _softmax(jax.nn.softmax, data, length, axis, temperature, dtype)


@op(shape=_softmax_shape, types=_softmax_types)
def softmin(
    data: Tensor,
    length: Tensor | None = deduce(_length, when=lambda use_length: bool(use_length)),
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: FloatType | None = None,
    use_length: bool | None = False,
):
    """Softmax of the negated data.

    Shapes: as `softmax`.
    """
    return _softmax(jax.nn.softmax, data, length, axis, temperature, dtype, sign=-1)


@op(aliases=("_npx_log_softmax",), shape=_softmax_shape, types=_softmax_types)
def log_softmax(
    data: Tensor,
    length: Tensor | None = deduce(_length, when=lambda use_length: bool(use_length)),
    *,
    axis: int = -1,
    temperature: float | None = None,
    dtype: FloatType | None = None,
    use_length: bool | None = False,
):
    """Logarithm of the softmax.

    Shapes: as `softmax`.
    """
    return _softmax(jax.nn.log_softmax, data, length, axis, temperature, dtype)


@op(shape=same_shape)
def SoftmaxActivation(data: Tensor, *, mode: Literal["channel", "instance"] = "instance"):
    """Softmax along the last axis (`instance`) or along the channels (`channel`, axis 1).

    Shapes: data (N, ...) -> data's shape. The gradient sums along axis 1 in both modes, as in MXNet.
    """
    return jax.nn.softmax(data, 1 if mode == "channel" else -1)


@gradient(SoftmaxActivation)
def _(cotangents, outputs, data):
    y, g = outputs[0], cotangents[0]
    return y * (g - jnp.sum(g * y, 1, keepdims=True))
