"""Recurrent cells on images, whose maps are convolutions (Shi et al. 2015, https://arxiv.org/abs/1506.04214)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from declax import symbol
from declax.errors import UsageError
from declax.rnn.cell import BaseRNNCell, RNNParams
from declax.rnn.simple import gru_step, lstm_step
from declax.symbol import Symbol

Pair = tuple[int, int]


def _leaky(inputs: Symbol, **kwargs: Any) -> Symbol:
    return symbol.LeakyReLU(inputs, act_type="leaky", slope=0.2, **kwargs)


class BaseConvRNNCell(BaseRNNCell):
    """Base of the convolutional cells.

    Args:
        input_shape: shape of one step's input, the batch axis included.
        num_hidden: channels of the output.
        h2h_kernel, h2h_dilate: of the convolution of the state; the kernel is odd, the image keeps its size.
        i2h_kernel, i2h_stride, i2h_pad, i2h_dilate: of the convolution of the input.
        i2h_weight_initializer ...: initializers of the parameters, or their names.
        activation: a name, or a function of a symbol.
        conv_layout: `NCHW` or `NHWC`.
    """

    def __init__(
        self, input_shape: tuple[int, ...], num_hidden: int, h2h_kernel: Pair, h2h_dilate: Pair, i2h_kernel: Pair,
        i2h_stride: Pair, i2h_pad: Pair, i2h_dilate: Pair, i2h_weight_initializer: Any, h2h_weight_initializer: Any,
        i2h_bias_initializer: Any, h2h_bias_initializer: Any, activation: Any, prefix: str = "",
        params: RNNParams | None = None, conv_layout: str = "NCHW",
    ):  # fmt: skip
        super().__init__(prefix, params)
        if h2h_kernel[0] % 2 == 0 or h2h_kernel[1] % 2 == 0:
            raise UsageError(f"Only support odd number, get h2h_kernel= {h2h_kernel}")
        self._num_hidden, self._input_shape, self._conv_layout = num_hidden, input_shape, conv_layout
        self._activation = activation
        i2h: dict[str, Any] = {"kernel": i2h_kernel, "stride": i2h_stride, "pad": i2h_pad, "dilate": i2h_dilate}
        pad = tuple(d * (k - 1) // 2 for d, k in zip(h2h_dilate, h2h_kernel, strict=True))
        h2h: dict[str, Any] = {"kernel": h2h_kernel, "dilate": h2h_dilate, "pad": pad, "stride": (1, 1)}
        i2h["layout"] = h2h["layout"] = conv_layout
        probe = symbol.Convolution(symbol.Variable("data"), num_filter=num_hidden, **i2h)
        self._state_shape = (0, *probe.infer_shape(data=input_shape)[1][0][1:])
        self._iW = self.params.get("i2h_weight", init=i2h_weight_initializer)
        self._hW = self.params.get("h2h_weight", init=h2h_weight_initializer)
        self._iB = self.params.get("i2h_bias", init=i2h_bias_initializer)
        self._hB = self.params.get("h2h_bias", init=h2h_bias_initializer)
        self._i2h = partial(symbol.Convolution, weight=self._iW, bias=self._iB, **i2h)
        self._h2h = partial(symbol.Convolution, weight=self._hW, bias=self._hB, **h2h)

    @property
    def _num_gates(self) -> int:
        return len(self._gate_names)

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return [{"shape": self._state_shape, "__layout__": self._conv_layout}] * self._num_states

    _num_states = 1

    def _conv_forward(self, inputs: Symbol, states: Sequence[Symbol], name: str) -> tuple[Symbol, Symbol]:
        filters = self._num_hidden * self._num_gates
        i2h = self._i2h(inputs, num_filter=filters, name=f"{name}i2h")
        return i2h, self._h2h(states[0], num_filter=filters, name=f"{name}h2h")


class ConvRNNCell(BaseConvRNNCell):
    """The plain recurrent cell with convolutions."""

    def __init__(
        self, input_shape: tuple[int, ...], num_hidden: int, h2h_kernel: Pair = (3, 3), h2h_dilate: Pair = (1, 1),
        i2h_kernel: Pair = (3, 3), i2h_stride: Pair = (1, 1), i2h_pad: Pair = (1, 1), i2h_dilate: Pair = (1, 1),
        i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros", activation: Any = _leaky, prefix: str = "ConvRNN_",
        params: RNNParams | None = None, conv_layout: str = "NCHW",
    ):  # fmt: skip
        super().__init__(
            input_shape, num_hidden, h2h_kernel, h2h_dilate, i2h_kernel, i2h_stride, i2h_pad, i2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, activation,
            prefix, params, conv_layout,
        )  # fmt: skip

    @property
    def _gate_names(self) -> Sequence[str]:
        return ("",)

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        name = self._step_name()
        i2h, h2h = self._conv_forward(inputs, states, name)
        output = self._get_activation(i2h + h2h, self._activation, name=f"{name}out")
        return output, [output]


class ConvLSTMCell(BaseConvRNNCell):
    """The LSTM with convolutions. States: output, memory."""

    def __init__(
        self, input_shape: tuple[int, ...], num_hidden: int, h2h_kernel: Pair = (3, 3), h2h_dilate: Pair = (1, 1),
        i2h_kernel: Pair = (3, 3), i2h_stride: Pair = (1, 1), i2h_pad: Pair = (1, 1), i2h_dilate: Pair = (1, 1),
        i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros", activation: Any = _leaky, prefix: str = "ConvLSTM_",
        params: RNNParams | None = None, conv_layout: str = "NCHW",
    ):  # fmt: skip
        super().__init__(
            input_shape, num_hidden, h2h_kernel, h2h_dilate, i2h_kernel, i2h_stride, i2h_pad, i2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, activation,
            prefix, params, conv_layout,
        )  # fmt: skip

    _num_states = 2

    @property
    def _gate_names(self) -> Sequence[str]:
        return ["_i", "_f", "_c", "_o"]

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        name = self._step_name()
        i2h, h2h = self._conv_forward(inputs, states, name)
        channels = self._conv_layout.find("C")
        return lstm_step(self, i2h + h2h, states[1], self._activation, name, axis=channels)


class ConvGRUCell(BaseConvRNNCell):
    """The GRU with convolutions."""

    def __init__(
        self, input_shape: tuple[int, ...], num_hidden: int, h2h_kernel: Pair = (3, 3), h2h_dilate: Pair = (1, 1),
        i2h_kernel: Pair = (3, 3), i2h_stride: Pair = (1, 1), i2h_pad: Pair = (1, 1), i2h_dilate: Pair = (1, 1),
        i2h_weight_initializer: Any = None, h2h_weight_initializer: Any = None, i2h_bias_initializer: Any = "zeros",
        h2h_bias_initializer: Any = "zeros", activation: Any = _leaky, prefix: str = "ConvGRU_",
        params: RNNParams | None = None, conv_layout: str = "NCHW",
    ):  # fmt: skip
        super().__init__(
            input_shape, num_hidden, h2h_kernel, h2h_dilate, i2h_kernel, i2h_stride, i2h_pad, i2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer, activation,
            prefix, params, conv_layout,
        )  # fmt: skip

    @property
    def _gate_names(self) -> Sequence[str]:
        return ["_r", "_z", "_o"]

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        name = self._step_name()
        i2h, h2h = self._conv_forward(inputs, states, name)
        channels = self._conv_layout.find("C")
        # MXNet splits axis 1 whatever the layout; where that is the channels, its JSON has no `axis`.
        split: dict[str, Any] = {} if channels == 1 else {"axis": channels}
        return gru_step(self, i2h, h2h, states[0], self._activation, name, **split)
