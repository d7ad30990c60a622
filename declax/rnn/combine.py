"""Cells made of cells: one on top of the other, and forward beside backward."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from declax import symbol
from declax.errors import UsageError
from declax.rnn.cell import Arrays, BaseRNNCell, RNNParams, normalize_sequence, split_steps
from declax.symbol import Symbol


class _ManyCells(BaseRNNCell):
    """A cell whose states and weights are those of several cells, one after the other."""

    _cells: list[BaseRNNCell]

    def _adopt(self, cell: BaseRNNCell) -> None:
        """Shares parameters with a member."""
        if self._override_cell_params:
            if not cell._own_params:
                raise UsageError(f"Either specify params for {type(self).__name__} or child cells, not both.")
            cell.params._params.update(self.params._params)
        self.params._params.update(cell.params._params)

    _override_cell_params: bool

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return [info for cell in self._cells for info in cell.state_info]

    def begin_state(self, func: Callable[..., Symbol] | None = None, **kwargs: Any) -> list[Symbol]:
        self._check_unmodified()
        return [state for cell in self._cells for state in cell.begin_state(func=func, **kwargs)]

    def unpack_weights(self, args: Mapping[str, Any]) -> Arrays:
        for cell in self._cells:
            args = cell.unpack_weights(args)
        return dict(args)

    def pack_weights(self, args: Mapping[str, Any]) -> Arrays:
        for cell in self._cells:
            args = cell.pack_weights(args)
        return dict(args)


class SequentialRNNCell(_ManyCells):
    """Cells on top of each other: the output of one is the input of the next.

    >>> stack = SequentialRNNCell()
    >>> stack.add(mx.rnn.LSTMCell(4, prefix="a_"))
    >>> stack.add(mx.rnn.GRUCell(4, prefix="b_"))
    >>> len(stack.state_info)
    3
    """

    def __init__(self, params: RNNParams | None = None):
        super().__init__("", params)
        self._override_cell_params = params is not None
        self._cells = []

    def add(self, cell: BaseRNNCell) -> None:
        """Puts a cell on top."""
        self._cells.append(cell)
        self._adopt(cell)

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        self._counter += 1
        following: list = []
        at = 0
        for cell in self._cells:
            if isinstance(cell, BidirectionalCell):
                raise UsageError("a stack with a BidirectionalCell cannot be stepped. Please use unroll")
            n = len(cell.state_info)
            inputs, new = cell(inputs, states[at : at + n])
            at += n
            following += new
        return inputs, following

    def unroll(
        self, length: int, inputs: Any, begin_state: Sequence[Symbol] | None = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list]:  # fmt: skip
        self.reset()
        states: Any = self.begin_state() if begin_state is None else begin_state
        following: list = []
        at = 0
        for i, cell in enumerate(self._cells):
            n = len(cell.state_info)
            inputs, new = cell.unroll(
                length, inputs, states[at : at + n], layout, None if i + 1 < len(self._cells) else merge_outputs
            )
            at += n
            following.extend(new)
        return inputs, following


class BidirectionalCell(_ManyCells):
    """One cell over the sequence, another over its reverse; the outputs are joined step by step."""

    def __init__(
        self, l_cell: BaseRNNCell, r_cell: BaseRNNCell, params: RNNParams | None = None, output_prefix: str = "bi_"
    ):
        super().__init__("", params)
        self._output_prefix = output_prefix
        self._override_cell_params = params is not None
        self._cells = [l_cell, r_cell]
        for cell in self._cells:
            self._adopt(cell)

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        raise NotImplementedError("Bidirectional cannot be stepped. Please use unroll")

    def unroll(
        self, length: int, inputs: Any, begin_state: Sequence[Symbol] | None = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list]:  # fmt: skip
        self.reset()
        steps, axis = normalize_sequence(length, inputs, layout, False)
        states: Any = self.begin_state() if begin_state is None else begin_state
        left, right = self._cells
        n = len(left.state_info)
        l_out: Any
        r_out: Any
        l_out, l_states = left.unroll(length, steps, states[:n], layout, merge_outputs)
        r_out, r_states = right.unroll(length, list(reversed(steps)), states[n:], layout, merge_outputs)
        if merge_outputs is None:
            merge_outputs = isinstance(l_out, Symbol) and isinstance(r_out, Symbol)
            if not merge_outputs:
                l_out, r_out = (_split(out, axis, length) for out in (l_out, r_out))
        if merge_outputs:
            r_out = symbol.reverse(r_out, axis=axis)
            joined: Any = symbol.Concat(l_out, r_out, dim=2, name=f"{self._output_prefix}out")
        else:
            pairs = zip(l_out, reversed(r_out), strict=True)
            joined = [symbol.Concat(l, r, dim=1, name=f"{self._output_prefix}t{i}") for i, (l, r) in enumerate(pairs)]
        return joined, [l_states, r_states]


def _split(outputs: Any, axis: int, length: int) -> list[Symbol]:
    """A list of steps, if need be of one symbol."""
    if isinstance(outputs, Symbol):
        return split_steps(outputs, axis, length, symbol.SliceChannel)
    return outputs
