"""The three recurrent cells on vectors: plain, LSTM and GRU."""

from collections.abc import Sequence
from typing import Any

from declax import initializer, symbol
from declax.rnn.cell import BaseRNNCell, RNNParams
from declax.symbol import Symbol


class _DenseCell(BaseRNNCell):
    """A cell whose gates are two affine maps, of its input and of its last output."""

    def __init__(self, num_hidden: int, prefix: str, params: RNNParams | None, bias_init: Any = None):
        super().__init__(prefix, params)
        self._num_hidden = num_hidden
        self._iW = self.params.get("i2h_weight")
        self._iB = self.params.get("i2h_bias", **({} if bias_init is None else {"init": bias_init}))
        self._hW = self.params.get("h2h_weight")
        self._hB = self.params.get("h2h_bias")

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return [{"shape": (0, self._num_hidden), "__layout__": "NC"}]

    def _gates(self, inputs: Symbol, state: Symbol, name: str) -> tuple[Symbol, Symbol]:
        units = self._num_hidden * len(self._gate_names)
        i2h = symbol.FullyConnected(inputs, weight=self._iW, bias=self._iB, num_hidden=units, name=f"{name}i2h")
        h2h = symbol.FullyConnected(state, weight=self._hW, bias=self._hB, num_hidden=units, name=f"{name}h2h")
        return i2h, h2h


class RNNCell(_DenseCell):
    r""":math:`h_t = f(W_i x_t + b_i + W_h h_{t-1} + b_h)`, with f an activation's name or a function of a symbol.

    >>> cell = RNNCell(4, prefix="r_")
    >>> outputs, states = cell.unroll(3, Variable("x"), merge_outputs=True)
    >>> outputs.infer_shape(x=(2, 3, 5))[1]
    [(2, 3, 4)]
    """

    def __init__(
        self, num_hidden: int, activation: Any = "tanh", prefix: str = "rnn_", params: RNNParams | None = None
    ):
        super().__init__(num_hidden, prefix, params)
        self._activation = activation

    @property
    def _gate_names(self) -> Sequence[str]:
        return ("",)

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        name = self._step_name()
        i2h, h2h = self._gates(inputs, states[0], name)
        output = self._get_activation(i2h + h2h, self._activation, name=f"{name}out")
        return output, [output]


class LSTMCell(_DenseCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997), gates in the order i, f, c, o.

    `forget_bias` is what the bias of the forget gate starts from. States: output, memory.
    """

    def __init__(
        self, num_hidden: int, prefix: str = "lstm_", params: RNNParams | None = None, forget_bias: float = 1.0
    ):
        super().__init__(num_hidden, prefix, params, initializer.LSTMBias(forget_bias=forget_bias))

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return super().state_info * 2

    @property
    def _gate_names(self) -> Sequence[str]:
        return ["_i", "_f", "_c", "_o"]

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        name = self._step_name()
        i2h, h2h = self._gates(inputs, states[0], name)
        return lstm_step(self, i2h + h2h, states[1], "tanh", name)


def lstm_step(
    cell: BaseRNNCell, gates: Symbol, memory: Symbol, activation: Any, name: str, **split: Any
) -> tuple[Symbol, list]:
    """The element-wise part of an LSTM on its stacked gates: (output, [output, memory])."""
    i, f, c, o = symbol.SliceChannel(gates, num_outputs=4, name=f"{name}slice", **split)
    in_gate = symbol.Activation(i, act_type="sigmoid", name=f"{name}i")
    forget_gate = symbol.Activation(f, act_type="sigmoid", name=f"{name}f")
    transformed = cell._get_activation(c, activation, name=f"{name}c")
    out_gate = symbol.Activation(o, act_type="sigmoid", name=f"{name}o")
    memory = symbol._internal._plus(forget_gate * memory, in_gate * transformed, name=f"{name}state")
    output = symbol._internal._mul(out_gate, cell._get_activation(memory, activation), name=f"{name}out")
    return output, [output, memory]


class GRUCell(_DenseCell):
    """Gated recurrent unit as cuDNN has it (Cho et al. 2014, reset after the matrix product), gates r, z, o."""

    def __init__(self, num_hidden: int, prefix: str = "gru_", params: RNNParams | None = None):
        super().__init__(num_hidden, prefix, params)

    @property
    def _gate_names(self) -> Sequence[str]:
        return ["_r", "_z", "_o"]

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        name = self._step_name()
        i2h, h2h = self._gates(inputs, states[0], f"{name}_")
        return gru_step(self, i2h, h2h, states[0], "tanh", name)


def gru_step(
    cell: BaseRNNCell, i2h: Symbol, h2h: Symbol, state: Symbol, activation: Any, name: str, **split: Any
) -> tuple[Symbol, list]:
    """The element-wise part of a GRU on its stacked gates: (output, [output])."""
    i2h_r, i2h_z, i2h = symbol.SliceChannel(i2h, num_outputs=3, name=f"{name}_i2h_slice", **split)
    h2h_r, h2h_z, h2h = symbol.SliceChannel(h2h, num_outputs=3, name=f"{name}_h2h_slice", **split)
    reset_gate = symbol.Activation(i2h_r + h2h_r, act_type="sigmoid", name=f"{name}_r_act")
    update_gate = symbol.Activation(i2h_z + h2h_z, act_type="sigmoid", name=f"{name}_z_act")
    candidate = cell._get_activation(i2h + reset_gate * h2h, activation, name=f"{name}_h_act")
    output = symbol._internal._plus((1.0 - update_gate) * candidate, update_gate * state, name=f"{name}out")
    return output, [output]
