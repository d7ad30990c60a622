"""Quantised layers with weights: convolution, affine maps and LSTM; without gradients.

8-bit numbers are multiplied and added up as whole ones, into int32. Every tensor comes with the ends of the range that
it stands for (declax/ops/quantize.py).
"""

from typing import Literal

import jax.numpy as jnp
import numpy as np

from declax.attrs import AttrError, attr
from declax.layers.integer import convolve, is_saturating, multiply
from declax.layers.rnn import RNN
from declax.ops.quantize import LEVELS, ends, float_types, largest, need_byte, no_gradient, one, product_range, wide
from declax.ops.rounding import quotient
from declax.registry import Tensor, deduce, gradient, op
from declax.rules import Shapes, TypeConflict, Types, assign, assign_type
from declax.shapes import product as size_of

Shape = tuple[int, ...]
NAMES = ("output", "min_output", "max_output")
Layout = Literal["NCDHW", "NCHW", "NCW", "NDHWC", "NHWC"]


# -- convolution and affine maps -------------------------------------------------------------------------------


def _check_conv(kernel, num_group, layout) -> None:
    if len(kernel) not in (2, 3):
        raise AttrError(f"kernel={kernel}: quantized_conv only supports 2d or 3d kernel")
    if num_group != 1:
        raise AttrError("quantized_conv only supports num_group=1")
    if layout not in (None, "NCHW", "NCDHW"):
        raise AttrError(f"layout={layout}: quantized_conv supports NCHW or NCDHW")


def _conv_shape(ins: Shapes, outs: Shapes, kernel, stride, dilate, pad, num_filter, num_group, no_bias, layout) -> None:
    if ins[0] is None:
        return
    channels = ins[0][1]
    assign(ins, 1, (num_filter, channels, *kernel))
    if not no_bias:
        assign(ins, 2, (num_filter,))
    n = len(kernel)
    sizes = [
        None if d is None else (d + 2 * p - (e * (k - 1) + 1)) // s + 1
        for d, k, s, e, p in zip(
            ins[0][2:], kernel, stride or (1,) * n, dilate or (1,) * n, pad or (0,) * n, strict=True
        )
    ]
    assign(outs, 0, (ins[0][0], num_filter, *sizes))
    for i in range(2 if no_bias else 3, len(ins)):
        assign(ins, i, (1,))
    ends(outs)


def _weights_type(ins: Types, outs: Types, no_bias) -> None:
    float_types(ins[:1], outs)
    for i in range(1, len(ins)):
        assign_type(ins, i, "int8" if i < (2 if no_bias else 3) else "float32")
    assign_type(outs, 0, "int32")


def _affine_type(ins: Types, outs: Types, no_bias) -> None:
    need_byte(ins, "QuantizedFullyConnected")
    _weights_type(ins, outs, no_bias)


def _bias(no_bias: bool) -> bool:
    return not no_bias


@op(outputs=NAMES, shape=_conv_shape, types=_weights_type, check=_check_conv)
def _contrib_quantized_conv(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = deduce(when=_bias),
    min_data: Tensor = deduce(one),
    max_data: Tensor = deduce(one),
    min_weight: Tensor = deduce(one),
    max_weight: Tensor = deduce(one),
    min_bias: Tensor | None = deduce(one, when=_bias),
    max_bias: Tensor | None = deduce(one, when=_bias),
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int = attr(ge=1),
    num_group: int = attr(1, ge=1),
    workspace: int = attr(1024, ge=0),
    no_bias: bool = False,
    cudnn_tune: Literal["fastest", "limited_workspace", "off"] | None = None,
    cudnn_off: bool = False,
    layout: Layout | None = None,
):
    """Convolution of 8-bit data with int8 weights into int32.

    Shapes: data (N, C, *spatial), weight (num_filter, C, *kernel), bias (num_filter,) -> (N, num_filter, *out) and the
    ends of its range (1,). As in MXNet the bias is added as the whole number that it is, whatever its range, and the
    range is that of two int8 factors. int8 data work too. The workspace and cudnn options have no meaning on XLA.
    """
    n = len(kernel)
    stride, dilate = stride or (1,) * n, dilate or (1,) * n
    total = convolve(data, weight, stride, dilate, pad or (0,) * n, saturating=is_saturating())
    if bias is not None:
        total = total + bias.astype(jnp.int32).reshape(-1, *(1,) * n)
    low, high = product_range((min_data, max_data), (min_weight, max_weight), 127.0 * 127.0)
    return total, low, high


def _affine_shape(ins: Shapes, outs: Shapes, num_hidden, no_bias, flatten) -> None:
    data = ins[0]
    if data is None:
        return
    width = size_of(data[1:]) if flatten else data[-1]
    assign(ins, 1, (num_hidden, width))
    if not no_bias:
        assign(ins, 2, (num_hidden,))
    for i in range(2 if no_bias else 3, len(ins)):
        assign(ins, i, (1,))
    assign(outs, 0, (data[0], num_hidden) if flatten else (*data[:-1], num_hidden))
    ends(outs)


@op(outputs=NAMES, shape=_affine_shape, types=_affine_type)
def _contrib_quantized_fully_connected(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = deduce(when=_bias),
    min_data: Tensor = deduce(one),
    max_data: Tensor = deduce(one),
    min_weight: Tensor = deduce(one),
    max_weight: Tensor = deduce(one),
    min_bias: Tensor | None = deduce(one, when=_bias),
    max_bias: Tensor | None = deduce(one, when=_bias),
    *,
    num_hidden: int = attr(ge=1),
    no_bias: bool = False,
    flatten: bool = True,
):
    """Affine map of 8-bit data with int8 weights into int32.

    Shapes: data (N, ...), weight (num_hidden, D), bias (num_hidden,) -> (N, num_hidden), or (..., num_hidden) without
    `flatten`, and the ends of its range (1,). The int8 bias is rescaled to the sums.
    """
    x = data.reshape(data.shape[0], -1) if flatten else data
    total = multiply(x, weight, saturating=is_saturating())
    if bias is not None:
        assert min_bias is not None
        assert max_bias is not None
        scale = wide(data) / largest(min_data, max_data) * (wide(weight) / largest(min_weight, max_weight))
        scale = quotient(scale * largest(min_bias, max_bias), 127.5)
        total = total + jnp.trunc(bias.astype(jnp.float32) * scale).astype(jnp.int32)
    low, high = product_range((min_data, max_data), (min_weight, max_weight), 127.0 * LEVELS[data.dtype.name])
    return total, low, high


# -- recurrent -------------------------------------------------------------------------------------------------


def _check_rnn(mode) -> None:
    if mode != "lstm":
        raise AttrError("Quantized recurrent neural network only supports LSTM operator")


def _rnn_outputs(state_outputs: bool) -> tuple[str, ...]:
    return ("output", "state_output", "statecell_ouput") if state_outputs else ("output",)


def _rnn_shape(ins: Shapes, outs: Shapes, state_size, num_layers, bidirectional, state_outputs) -> None:
    data = ins[0]
    if data is None:
        return
    directions = 1 + bidirectional
    state = (num_layers * directions, data[1], state_size)
    if data[2] is not None:
        first, later = data[2] + state_size + 2, state_size * directions + state_size + 2
        assign(ins, 1, (4 * state_size * directions * (first + later * (num_layers - 1)),))
    assign(ins, 2, state)
    assign(ins, 3, state)
    assign(ins, 4, (1,))
    assign(ins, 5, (1,))
    assign(outs, 0, (*data[:2], directions * state_size))
    for i in range(1, len(outs)):
        assign(outs, i, state)


def _rnn_type(ins: Types, outs: Types) -> None:
    if ins[0] is None or ins[0] != np.uint8:
        raise TypeConflict(f"Quantized RNN operator only supports uint8 input, got {ins[0]}")
    float_types(ins, outs)
    assign_type(outs, 0, "float32")


@op(outputs=_rnn_outputs, shape=_rnn_shape, types=_rnn_type, check=_check_rnn)
def _contrib_quantized_rnn(
    data: Tensor,
    parameters: Tensor,
    state: Tensor,
    state_cell: Tensor,
    min_data: Tensor = deduce(one),
    max_data: Tensor = deduce(one),
    *,
    state_size: int = attr(ge=0),
    num_layers: int = attr(ge=0),
    bidirectional: bool = False,
    mode: Literal["gru", "lstm", "rnn_relu", "rnn_tanh"],
    p: float = attr(0.0, ge=0, le=1),
    state_outputs: bool = False,
    projection_size: int | None = None,
    lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None,
    lstm_state_clip_nan: bool = False,
    use_sequence_length: bool = False,
):
    """LSTM layers over a sequence of uint8 numbers made by `quantize_asym`.

    Shapes: data (T, N, I) uint8, parameters and states as in `RNN`, min_data and max_data (1,), which are scale and
    shift -> as in `RNN`. Sums are float32 here; MXNet rounds weights and states to 8 bits besides.
    """
    x = (data.astype(jnp.float32) - max_data) / min_data
    return RNN(
        x, parameters, state, state_cell, None, state_size=state_size, num_layers=num_layers,
        bidirectional=bidirectional, mode=mode, p=0.0, state_outputs=state_outputs, projection_size=projection_size,
        lstm_state_clip_min=lstm_state_clip_min, lstm_state_clip_max=lstm_state_clip_max,
        lstm_state_clip_nan=lstm_state_clip_nan, use_sequence_length=False, train=False, key=None,
    )  # fmt: skip


for _operator in (_contrib_quantized_conv, _contrib_quantized_fully_connected, _contrib_quantized_rnn):
    gradient(_operator)(no_gradient)
