"""What oneDNN computes for a layer that MXNet fused from several and quantised: numbers of 8 bits in and out.

Weights and biases arrive as they were trained, are merged with a BatchNorm and quantised here, one scale a channel
where the output's range is calibrated. Sums are int32; they become float32, get the bias, are scaled, go through
activation and addition, and are rounded half to even. The order of every step, float32 rounding included, is MXNet's
(src/operator/subgraph/mkldnn/mkldnn_conv.cc, mkldnn_fc.cc and mkldnn_common.h), so that the whole numbers are too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.errors import OperatorError
from declax.layers.integer import convolve, is_saturating, multiply
from declax.ops.quantize import WIDE, largest, rounded
from declax.ops.rounding import quotient, unfused

Operators = Sequence[tuple[str, dict[str, Any]]]
"""A subgraph's operators in their order: names and hyper-parameters."""

_MOST = np.float32(2.0**31)


# -- what was fused --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Eltwise:
    """One activation inside a fused layer: oneDNN's algorithm and its parameter."""

    algorithm: str
    alpha: float = 0.0

    @classmethod
    def of(cls, name: str, params: dict[str, Any]) -> "Eltwise":
        """The activation that an operator means; OperatorError for one that oneDNN does not fuse."""
        if name == "clip":
            return cls("bounded", float(params["a_max"]))
        if name in ("square", "sqrt", "exp", "abs"):
            return cls(name)
        kind = params["act_type"]
        if name == "LeakyReLU" and kind in ("leaky", "elu", "gelu"):
            return cls("relu" if kind == "leaky" else kind, float(params["slope"]))
        if name == "Activation" and kind in ("relu", "sigmoid", "tanh", "softrelu"):
            return cls(kind)
        raise OperatorError(f"{name} with act_type={kind} cannot be part of a fused and quantised layer")

    def __call__(self, x: Array) -> Array:
        return _ELTWISE[self.algorithm](x, np.float32(self.alpha))


_ELTWISE: dict[str, Callable[[Array, np.float32], Array]] = {
    "relu": lambda x, alpha: jnp.where(x > 0, x, x * alpha) if alpha else jnp.maximum(x, 0),
    "bounded": lambda x, alpha: jnp.clip(x, 0, alpha),
    "elu": lambda x, alpha: jnp.where(x > 0, x, alpha * jnp.expm1(x)),
    "gelu": lambda x, alpha: jax.nn.gelu(x, approximate=False),
    "sigmoid": lambda x, alpha: jax.nn.sigmoid(x),
    "tanh": lambda x, alpha: jnp.tanh(x),
    "softrelu": lambda x, alpha: jax.nn.softplus(x),
    "square": lambda x, alpha: x * x,
    "sqrt": lambda x, alpha: jnp.sqrt(x),
    "exp": lambda x, alpha: jnp.exp(x),
    "abs": lambda x, alpha: jnp.abs(x),
}
_ACTIVATIONS = ("Activation", "LeakyReLU", "clip", "square", "sqrt", "exp", "abs")


def find(operators: Operators, name: str) -> dict[str, Any]:
    """Hyper-parameters of the operator of this name in a subgraph; OperatorError when there is none."""
    for known, params in operators:
        if known == name:
            return params
    raise OperatorError(f"the subgraph of the fused layer has no {name}")


def activations(operators: Operators) -> list[Eltwise]:
    """The activations of a subgraph in their order."""
    return [Eltwise.of(name, params) for name, params in operators if name in _ACTIVATIONS]


def conv_activations(operators: Operators, with_act: bool) -> tuple[Eltwise | None, Eltwise | None]:
    """The activations before and after the addition."""
    found = activations(operators)
    before = found.pop(0) if with_act and found else None
    return before, found[-1] if found else None


def conv_is_unsigned(operators: Operators, with_act: bool, with_sum: bool, with_postsum_act: bool) -> bool:
    """Whether the calibrated output of a fused convolution is uint8."""
    before, after = conv_activations(operators, with_act)
    last = before if with_act and not with_sum else after if with_postsum_act else None
    if last is None:
        return False
    return last.algorithm in ("sigmoid", "softrelu", "bounded") or (last.algorithm == "relu" and last.alpha == 0)


def affine_is_unsigned(operators: Operators, with_eltwise: bool) -> bool:
    """Whether the calibrated output of a fused affine map is uint8."""
    unsigned = ("relu", "sigmoid", "softrelu", "bounded", "square", "sqrt", "exp", "abs")
    return with_eltwise and any(a.algorithm in unsigned for a in activations(operators)[-1:])


# -- scales ----------------------------------------------------------------------------------------------------


def _scale(dtype: str, low: Any, high: Any) -> Array:
    """Whole numbers a unit for numbers of this range (MXNet gives all that is not int8 the range of uint8)."""
    real = largest(jnp.float32(low), jnp.float32(high))
    return jnp.where(real > 0, np.float32(WIDE["int8" if dtype == "int8" else "uint8"]) / real, _MOST)


def _channel_scales(weight: Array, bias: Array | None, data_scale: Array) -> Array:
    """A scale for the weights of every output channel, small enough for its bias to fit into int32."""
    axes = tuple(range(1, weight.ndim))
    scales = _scale("int8", jnp.min(weight, axes), jnp.max(weight, axes))
    if bias is None:
        return scales
    most = jnp.where(bias > 0, np.float32(2.0**30), np.float32(-(2.0**30)))
    room = most / jnp.where(bias == 0, 1, bias) / data_scale
    return jnp.where(bias == 0, scales, jnp.minimum(scales, room))


def _product_ends(weight: tuple[Array, Array], data: tuple[Array, Array], data_type: str) -> tuple[Array, Array]:
    """The range that int32 sums of products stand for."""
    units = quotient(largest(*weight), 127.0) * quotient(largest(*data), 127.0 if data_type == "int8" else 255.0)
    high = units * _MOST
    return -high.reshape(1), high.reshape(1)


def _merged(
    weight: Array, bias: Array | None, normal: Sequence[Array], eps: float, fix_gamma: bool
) -> tuple[Array, Array]:
    """Weight and bias of a convolution that does the work of its BatchNorm (gamma, beta, mean, variance) too."""
    gamma, beta, mean, var = normal
    with jax.enable_x64(True):  # MXNet computes this one number in double precision
        root = jnp.sqrt(var.astype("float64") + np.float64(eps))
        alpha = ((1.0 if fix_gamma else gamma.astype("float64")) / root).astype("float32")
    moved = mean if bias is None else bias - mean
    product = unfused(alpha * moved)
    bias = beta - product if bias is None else beta + product
    return weight * alpha.reshape(-1, *(1,) * (weight.ndim - 1)), bias


def _by_channel(x: Array, ndim: int) -> Array:
    """Numbers of the output channels, axis 1, beside an output of this many dimensions."""
    return x.reshape(1, -1, *(1,) * (ndim - 2)) if x.ndim else x


def _with_bias(total: Array, bias: Array | None, scales: Array, half: np.float32) -> Array:
    """float32 sums, of weights that were made smaller by `half`, with a bias added that is quantised to them."""
    total = total.astype(jnp.float32) / half
    if bias is None:
        return total
    return total + _by_channel(rounded(bias * scales, jnp.int32).astype(jnp.float32), total.ndim)


# -- convolution -----------------------------------------------------------------------------------------------


def convolution(
    operators: Operators, inputs: Sequence[Array], *, with_bn: bool, with_act: bool, with_sum: bool,
    with_postsum_act: bool, calibrated: tuple[float, float] | None,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Output and the ends of its range (1,) of a fused and quantised convolution.

    `inputs` are MXNet's: data, weight, bias if any, gamma, beta, mean and variance if `with_bn`, what is added if
    `with_sum`, and the ends of the ranges of data and of what is added. The output is uint8 or int8 if `calibrated`
    (the ends of its range), else int32.
    """
    params = find(operators, "Convolution")
    given = iter(inputs)
    data, weight = next(given), next(given)
    bias = None if params["no_bias"] else next(given)
    if with_bn:
        norm = find(operators, "BatchNorm")
        weight, bias = _merged(weight, bias, [next(given) for _ in range(4)], norm["eps"], norm["fix_gamma"])
    added = next(given) if with_sum else None
    ends = [x.reshape(()) for x in given]
    data_type = data.dtype.name
    data_scale = _scale(data_type, *ends[:2])

    scales = _channel_scales(weight, bias, data_scale)
    if calibrated is None:
        scales = _scale("int8", jnp.min(weight), jnp.max(weight))
    n = len(params["kernel"])
    # where oneDNN saturates it halves the weights beside signed data, so that they do not
    half = np.float32(0.5 if is_saturating() and data_type == "int8" else 1)
    total = convolve(
        data, rounded(weight * (scales * half).reshape(-1, *(1,) * (n + 1)), jnp.int8), params["stride"] or (1,) * n,
        params["dilate"] or (1,) * n, params["pad"] or (0,) * n, params["num_group"], saturating=is_saturating(),
    )  # fmt: skip
    y = _with_bias(total, bias, scales * data_scale, half)

    if calibrated is None:
        out_type, output_scale = "int32", data_scale * scales
        low, high = _product_ends((jnp.min(weight), jnp.max(weight)), (ends[0], ends[1]), data_type)
    else:
        unsigned = conv_is_unsigned(operators, with_act, with_sum, with_postsum_act)
        out_type = "uint8" if unsigned else "int8"
        output_scale = _scale(out_type, *calibrated)
        y = y * _by_channel(output_scale / data_scale / scales, y.ndim)
        low, high = (jnp.full((1,), v, jnp.float32) for v in calibrated)
    before, after = conv_activations(operators, with_act)
    if before is not None and before.algorithm != "bounded":
        y = before(y)
    elif before is not None and added is not None:  # without an addition the limits of the output's type do it
        y = jnp.clip(y, 0, np.float32(before.alpha) * output_scale)
    if added is not None:
        sum_scale = output_scale / _scale(added.dtype.name, *ends[2:4])
        with jax.enable_x64(True):  # oneDNN rounds once, after multiplying and adding
            y = (y.astype("float64") + added.astype("float64") * sum_scale.astype("float64")).astype("float32")
    if with_postsum_act and after is not None:
        y = after(y)
    if added is None or calibrated is None:
        return rounded(y, out_type), low, high
    # oneDNN writes over what is added, in the type of that
    return lax.bitcast_convert_type(rounded(y, added.dtype), out_type), low, high


# -- affine map ------------------------------------------------------------------------------------------------


def _int8_bias(bias: Array, ends: Sequence[Array], weight: Array, weight_scale: Array, data_scale: Array):
    """An int8 bias as int32 of the sums' scale, and the weights and their scale made smaller where it would not fit."""
    bias_scale = _scale("int8", *ends)
    wanted = data_scale * weight_scale / bias_scale
    most = np.float32(2.0**30) / largest(*ends) / bias_scale
    fits = wanted <= most
    factor = jnp.where(fits, wanted, most)
    smaller = most * bias_scale / data_scale / weight_scale
    shrunk = _half_away(weight.astype(jnp.float32) * smaller).astype(jnp.int8)
    bias = _half_away(bias.astype(jnp.float32) * factor).astype(jnp.int32)
    return bias, jnp.where(fits, weight, shrunk), jnp.where(fits, weight_scale, weight_scale * smaller)


def _half_away(x: Array) -> Array:
    """x rounded to whole numbers, halves away from zero."""
    whole = jnp.trunc(x)
    return whole + jnp.where(jnp.abs(x - whole) >= 0.5, jnp.sign(x), 0)


def affine(
    operators: Operators, inputs: Sequence[Array], *, with_eltwise: bool, channel_wise: bool, float_output: bool,
    calibrated: tuple[float, float] | None,
) -> tuple[Array, ...]:  # fmt: skip
    """Output, and unless `float_output` the ends of its range (1,), of a fused and quantised affine map.

    `inputs` are MXNet's: data, weight, bias if any, the ends of the data's range, and unless `channel_wise` (weight and
    bias are then float32, else int8) those of weight and bias. The output is float32, or uint8 or int8 if `calibrated`
    (the ends of its range), else int32.
    """
    params = find(operators, "FullyConnected")
    given = iter(inputs)
    data, weight = next(given), next(given)
    bias = None if params["no_bias"] else next(given)
    ends = [x.reshape(()) for x in given]
    data_type = data.dtype.name
    data_scale = _scale(data_type, *ends[:2])
    if channel_wise and calibrated is None and not float_output:
        raise OperatorError("weights quantised channel by channel need a calibrated range or float32 output")
    if channel_wise:
        scales = _channel_scales(weight, bias, data_scale)
        weight = rounded(weight * scales[:, None], jnp.int8)
        bias = None if bias is None else rounded(bias * (scales * data_scale), jnp.int32)
    else:
        scales = _scale("int8", *ends[2:4])
        if bias is not None:
            bias, weight, scales = _int8_bias(bias, ends[4:6], weight, scales, data_scale)
    x = data.reshape(data.shape[0], -1) if params["flatten"] else data
    y = multiply(x, weight, saturating=is_saturating()).astype(jnp.float32)
    if bias is not None:
        y = y + bias.astype(jnp.float32)

    out_type, after = "float32" if float_output else "int32", None
    if calibrated is not None and not float_output:
        out_type = "uint8" if affine_is_unsigned(operators, with_eltwise) else "int8"
    if calibrated is not None:
        output_scale = _scale(out_type, *calibrated)
        unit = np.float32(1) / data_scale if with_eltwise else output_scale / data_scale
        after = output_scale if with_eltwise else None
        y = y * (unit / scales)
    elif float_output:
        y = y * (np.float32(1) / data_scale / scales)
    if with_eltwise:
        y = activations(operators)[-1](y)
    y = y if after is None else y * after
    if float_output:
        return (y,)
    if calibrated is not None:
        low, high = (jnp.full((1,), v, jnp.float32) for v in calibrated)
    else:
        low, high = _product_ends((ends[2], ends[3]), (ends[0], ends[1]), data_type)
    return rounded(y, out_type), low, high
