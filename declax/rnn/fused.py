"""FusedRNNCell: all layers, directions and steps as one `RNN` operator with one parameter vector."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from declax import initializer, symbol
from declax.errors import UsageError
from declax.rnn.cell import Arrays, BaseRNNCell, RNNParams, concatenate, normalize_sequence
from declax.rnn.combine import BidirectionalCell, SequentialRNNCell
from declax.rnn.modify import DropoutCell
from declax.rnn.simple import GRUCell, LSTMCell, RNNCell
from declax.symbol import Symbol

_GATES = {"rnn_relu": [""], "rnn_tanh": [""], "lstm": ["_i", "_f", "_c", "_o"], "gru": ["_r", "_z", "_o"]}


class FusedRNNCell(BaseRNNCell):
    """Several layers in one operator, which runs as one compiled loop over time.

    Args:
        num_hidden: units of each layer and direction.
        num_layers: number of layers.
        mode: `rnn_relu`, `rnn_tanh`, `lstm` or `gru`.
        bidirectional: whether every layer also reads backward; outputs are then twice as wide.
        dropout: rate between layers.
        get_next_state: whether `unroll` returns the last states.
        forget_bias: what the LSTM's forget gate starts from.
    """

    def __init__(
        self, num_hidden: int, num_layers: int = 1, mode: str = "lstm", bidirectional: bool = False,
        dropout: float = 0.0, get_next_state: bool = False, forget_bias: float = 1.0, prefix: str | None = None,
        params: RNNParams | None = None,
    ):  # fmt: skip
        super().__init__(f"{mode}_" if prefix is None else prefix, params)
        if mode not in _GATES:
            raise UsageError(f"mode is one of {', '.join(_GATES)}, not {mode!r}")
        self._num_hidden, self._num_layers, self._mode = num_hidden, num_layers, mode
        self._bidirectional, self._dropout, self._get_next_state = bidirectional, dropout, get_next_state
        self._directions = ["l", "r"] if bidirectional else ["l"]
        init = initializer.FusedRNN(None, num_hidden, num_layers, mode, bidirectional, forget_bias)
        self._parameter = self.params.get("parameters", init=init)

    @property
    def state_info(self) -> list[dict[str, Any]]:
        shape = (len(self._directions) * self._num_layers, 0, self._num_hidden)
        return [{"shape": shape, "__layout__": "LNC"} for _ in range(2 if self._mode == "lstm" else 1)]

    @property
    def _gate_names(self) -> Sequence[str]:
        return _GATES[self._mode]

    @property
    def _num_gates(self) -> int:
        return len(self._gate_names)

    def _parts(self, num_input: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Names and shapes of the weights in the order in which the vector holds them."""
        h = self._num_hidden
        places = [(i, d) for i in range(self._num_layers) for d in self._directions]
        for layer, direction in places:
            width = num_input if layer == 0 else h * len(self._directions)
            for group, columns in (("i2h", width), ("h2h", h)):
                for gate in self._gate_names:
                    yield f"{self._prefix}{direction}{layer}_{group}{gate}_weight", (h, columns)
        for layer, direction in places:
            for group in ("i2h", "h2h"):
                for gate in self._gate_names:
                    yield f"{self._prefix}{direction}{layer}_{group}{gate}_bias", (h,)

    def unpack_weights(self, args: Mapping[str, Any]) -> Arrays:
        args = dict(args)
        vector = args.pop(f"{self._parameter.name}")
        h, b, m = self._num_hidden, len(self._directions), self._num_gates
        num_input = vector.size // b // h // m - (self._num_layers - 1) * (h + b * h + 2) - h - 2
        at = 0
        for name, shape in self._parts(num_input):
            size = shape[0] * (shape[1] if len(shape) == 2 else 1)
            args[name] = vector[at : at + size].reshape(shape).copy()
            at += size
        if at != vector.size:
            raise UsageError(f"Invalid parameters size for FusedRNNCell: {vector.size} elements, not {at}")
        return args

    def pack_weights(self, args: Mapping[str, Any]) -> Arrays:
        args = dict(args)
        num_input = args[f"{self._prefix}l0_i2h{self._gate_names[0]}_weight"].shape[1]
        parts = [args.pop(name).reshape((-1,)) for name, _ in self._parts(num_input)]
        args[f"{self._parameter.name}"] = concatenate(parts)
        return args

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        raise NotImplementedError("FusedRNNCell cannot be stepped. Please use unroll")

    def unroll(
        self, length: int, inputs: Any, begin_state: Sequence[Symbol] | None = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list]:  # fmt: skip
        self.reset()
        sequence, axis = normalize_sequence(length, inputs, layout, True)
        if axis == 1:
            warnings.warn("NTC layout detected. Consider using TNC for FusedRNNCell for faster speed", stacklevel=2)
            sequence = symbol.swapaxes(sequence, dim1=0, dim2=1)
        elif axis != 0:
            raise UsageError(f"Unsupported layout {layout}")
        begin = self.begin_state() if begin_state is None else begin_state
        rnn = symbol.RNN(
            data=sequence, parameters=self._parameter, state_size=self._num_hidden, num_layers=self._num_layers,
            bidirectional=self._bidirectional, p=self._dropout, state_outputs=self._get_next_state, mode=self._mode,
            name=f"{self._prefix}rnn", **dict(zip(("state", "state_cell"), begin, strict=False)),
        )  # fmt: skip
        outputs, states = rnn, []
        if self._get_next_state:
            outputs, *states = rnn
            for state in states:
                state._set_attr(__layout__="LNC")
        if axis == 1:
            outputs = symbol.swapaxes(outputs, dim1=0, dim2=1)
        merged, _ = normalize_sequence(length, outputs, layout, merge_outputs)
        return merged, states

    def unfuse(self) -> SequentialRNNCell:
        """The same network as a stack of cells that can be stepped; `unpack_weights` fits its parameters."""
        stack = SequentialRNNCell()
        h = self._num_hidden
        for i in range(self._num_layers):
            forward, backward = (
                RNNCell(h, activation=self._mode[4:], prefix=f"{self._prefix}{d}{i}_")
                if self._mode.startswith("rnn_")
                else (LSTMCell if self._mode == "lstm" else GRUCell)(h, prefix=f"{self._prefix}{d}{i}_")
                for d in "lr"
            )
            if self._bidirectional:
                stack.add(BidirectionalCell(forward, backward, output_prefix=f"{self._prefix}bi_l{i}_"))
            else:
                stack.add(forward)
            if self._dropout > 0 and i != self._num_layers - 1:
                stack.add(DropoutCell(self._dropout, prefix=f"{self._prefix}_dropout{i}_"))
        return stack
