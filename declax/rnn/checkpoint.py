"""Checkpoints whose weights are unpacked gate by gate, so that fused and stepped cells can share them."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from declax.io.checkpoint import load_checkpoint, save_checkpoint
from declax.rnn.cell import BaseRNNCell

if TYPE_CHECKING:
    from declax.symbol import Symbol

Cells = BaseRNNCell | Sequence[BaseRNNCell]


def _listed(cells: Cells) -> Sequence[BaseRNNCell]:
    return [cells] if isinstance(cells, BaseRNNCell) else cells


def save_rnn_checkpoint(
    cells: Cells, prefix: str, epoch: int, symbol: "Symbol | None", arg_params: Mapping[str, Any],
    aux_params: Mapping[str, Any],
) -> None:  # fmt: skip
    """`save_checkpoint` with the cells' weights unpacked."""
    for cell in _listed(cells):
        arg_params = cell.unpack_weights(arg_params)
    save_checkpoint(prefix, epoch, symbol, arg_params, aux_params)


def load_rnn_checkpoint(cells: Cells, prefix: str, epoch: int) -> tuple["Symbol", dict[str, Any], dict[str, Any]]:
    """`load_checkpoint` with the cells' weights packed."""
    net, args, aux = load_checkpoint(prefix, epoch)
    for cell in _listed(cells):
        args = cell.pack_weights(args)
    return net, args, aux


def do_rnn_checkpoint(cells: Cells, prefix: str, period: int = 1) -> Callable[..., None]:
    """A callback for the end of an epoch that saves every `period` epochs."""
    period = max(1, int(period))

    def callback(iter_no: int, sym: Any = None, arg: Any = None, aux: Any = None) -> None:
        if (iter_no + 1) % period == 0:
            save_rnn_checkpoint(cells, prefix, iter_no + 1, sym, arg, aux)

    return callback


def rnn_unroll(
    cell: BaseRNNCell, length: int, inputs: Any = None, begin_state: Any = None, input_prefix: str = "",
    layout: str = "NTC",
) -> tuple[Any, list]:  # fmt: skip
    """The old name of `cell.unroll`; `input_prefix` has no meaning, as inputs are not made any more."""
    warnings.warn("rnn_unroll is deprecated. Please call cell.unroll directly.", stacklevel=2)
    return cell.unroll(length, inputs, begin_state, layout)
