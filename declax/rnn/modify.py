"""Cells that change what another cell does: dropout, zoneout, residual connections."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Number
from typing import Any

from declax import symbol
from declax.errors import UsageError
from declax.rnn.cell import Arrays, BaseRNNCell, RNNParams, normalize_sequence
from declax.rnn.combine import BidirectionalCell, SequentialRNNCell
from declax.symbol import Symbol


class DropoutCell(BaseRNNCell):
    """Dropout on the input, without states; for between the layers of a stack."""

    def __init__(self, dropout: float, prefix: str = "dropout_", params: RNNParams | None = None):
        super().__init__(prefix, params)
        if not isinstance(dropout, Number):
            raise UsageError("dropout probability must be a number")
        self.dropout = dropout

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return []

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        if self.dropout > 0:
            inputs = symbol.Dropout(inputs, p=self.dropout)
        return inputs, list(states)

    def unroll(
        self, length: int, inputs: Any, begin_state: Sequence[Symbol] | None = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list]:  # fmt: skip
        self.reset()
        inputs, _ = normalize_sequence(length, inputs, layout, merge_outputs)
        if isinstance(inputs, Symbol):
            return self(inputs, [])
        return super().unroll(length, inputs, begin_state, layout, merge_outputs)


class ModifierCell(BaseRNNCell):
    """Base of cells that change another one, whose parameters and states they have; call them instead of it."""

    def __init__(self, base_cell: BaseRNNCell):
        super().__init__()
        base_cell._modified = True
        self.base_cell = base_cell

    @property
    def params(self) -> RNNParams:
        self._own_params = False
        return self.base_cell.params

    @property
    def state_info(self) -> list[dict[str, Any]]:
        return self.base_cell.state_info

    def begin_state(
        self, init_sym: Callable[..., Symbol] | None = None, func: Callable[..., Symbol] | None = None, **kwargs: Any
    ) -> list[Symbol]:
        """The base cell's first states; `init_sym` and `func` are two names of one argument."""
        self._check_unmodified()
        self.base_cell._modified = False
        try:
            return self.base_cell.begin_state(func=func if init_sym is None else init_sym, **kwargs)
        finally:
            self.base_cell._modified = True

    def unpack_weights(self, args: Mapping[str, Any]) -> Arrays:
        return self.base_cell.unpack_weights(args)

    def pack_weights(self, args: Mapping[str, Any]) -> Arrays:
        return self.base_cell.pack_weights(args)


def _has_backward(cell: BaseRNNCell) -> bool:
    if isinstance(cell, SequentialRNNCell):
        return any(_has_backward(c) for c in cell._cells)
    return isinstance(cell, BidirectionalCell)


class ZoneoutCell(ModifierCell):
    """Keeps random elements of the last output and states (Krueger et al. 2016, https://arxiv.org/abs/1606.01305).

    Args:
        zoneout_outputs, zoneout_states: rates in training.
    """

    def __init__(self, base_cell: BaseRNNCell, zoneout_outputs: float = 0.0, zoneout_states: float = 0.0):
        from declax.rnn.fused import FusedRNNCell

        if isinstance(base_cell, FusedRNNCell):
            raise UsageError("FusedRNNCell doesn't support zoneout. Please unfuse first.")
        if _has_backward(base_cell):
            raise UsageError(
                "BidirectionalCell doesn't support zoneout since it doesn't support step. "
                "Please add ZoneoutCell to the cells underneath instead."
            )
        super().__init__(base_cell)
        self.zoneout_outputs, self.zoneout_states = zoneout_outputs, zoneout_states
        self.prev_output: Symbol | None = None

    def reset(self) -> None:
        super().reset()
        self.prev_output = None

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        output, new = self.base_cell(inputs, states)
        before = symbol.zeros((0, 0)) if self.prev_output is None else self.prev_output
        if self.zoneout_outputs != 0.0:
            output = _zone_out(self.zoneout_outputs, output, before)
        if self.zoneout_states != 0.0:
            new = [_zone_out(self.zoneout_states, n, old) for n, old in zip(new, states, strict=True)]
        self.prev_output = output
        return output, new


def _zone_out(rate: float, new: Symbol, old: Symbol) -> Symbol:
    return symbol.where(symbol.Dropout(symbol.ones_like(new), p=rate), new, old)


class ResidualCell(ModifierCell):
    """Adds the input to the output (Wu et al. 2016, https://arxiv.org/abs/1609.08144)."""

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        output, new = self.base_cell(inputs, states)
        return _plus(output, inputs), new

    def unroll(
        self, length: int, inputs: Any, begin_state: Sequence[Symbol] | None = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list]:  # fmt: skip
        self.reset()
        self.base_cell._modified = False
        try:
            outputs, states = self.base_cell.unroll(length, inputs, begin_state, layout, merge_outputs)
        finally:
            self.base_cell._modified = True
        merged = isinstance(outputs, Symbol) if merge_outputs is None else merge_outputs
        inputs, _ = normalize_sequence(length, inputs, layout, merged)
        if merged:
            return _plus(outputs, inputs), states
        return [_plus(o, i) for o, i in zip(outputs, inputs, strict=True)], states


def _plus(output: Symbol, inputs: Symbol) -> Symbol:
    return symbol.elemwise_add(output, inputs, name=f"{output.name}_plus_residual")
