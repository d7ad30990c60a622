"""Checkpoints as MXNet writes them: `<prefix>-symbol.json` and `<prefix>-<epoch>.params`.

Arrays are named `arg:<name>` and `aux:<name>` in the file. Loading gives NDArrays; saving takes NDArrays, numpy and
JAX arrays alike.
"""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from declax.errors import LoadError
from declax.io.params import write_params

if TYPE_CHECKING:
    from declax.array import NDArray
    from declax.symbol import Symbol


def params_file(prefix: str, epoch: int) -> str:
    """The file that holds a checkpoint's arrays.

    >>> params_file("net", 3)
    'net-0003.params'
    """
    return f"{prefix}-{epoch:04d}.params"


def save_checkpoint(
    prefix: str, epoch: int, symbol: "Symbol | None", arg_params: Mapping[str, Any], aux_params: Mapping[str, Any],
    remove_amp_cast: bool = True,
) -> None:  # fmt: skip
    """Writes a graph (unless None) and its arrays.

    Args:
        prefix: path and beginning of the files' names.
        epoch: number of the epoch, four digits of the name.
        symbol: the graph; `remove_amp_cast` leaves casts of mixed precision out of its file.
        arg_params, aux_params: parameters and auxiliary states by name.
    """
    if symbol is not None:
        symbol.save(f"{prefix}-symbol.json", remove_amp_cast=remove_amp_cast)
    arrays = {f"arg:{k}": np.asarray(v) for k, v in arg_params.items()}
    arrays |= {f"aux:{k}": np.asarray(v) for k, v in aux_params.items()}
    name = params_file(prefix, epoch)
    write_params(name, arrays)
    logging.info('Saved checkpoint to "%s"', name)


def load_params(prefix: str, epoch: int) -> tuple[dict[str, "NDArray"], dict[str, "NDArray"]]:
    """Parameters and auxiliary states of a checkpoint, by name.

    Raises:
        LoadError: the file cannot be read, or an array's name does not say which of the two it is.
    """
    from declax import ndarray

    name = params_file(prefix, epoch)
    found = ndarray.load(name)
    kinds: dict[str, dict[str, NDArray]] = {"arg": {}, "aux": {}}
    if not found:
        logging.warning("Params file '%s' is empty", name)
        return kinds["arg"], kinds["aux"]
    if not isinstance(found, dict):
        raise LoadError(f"{name}: expected arrays named arg:<name> or aux:<name>, got a list without names")
    for key, array in found.items():
        kind, colon, rest = key.partition(":")
        if not colon:
            raise LoadError(f"{name}: expected arrays named arg:<name> or aux:<name>, got {key!r}")
        if kind in kinds:
            kinds[kind][rest] = array
    return kinds["arg"], kinds["aux"]


def load_checkpoint(prefix: str, epoch: int) -> tuple["Symbol", dict[str, "NDArray"], dict[str, "NDArray"]]:
    """(graph, parameters, auxiliary states) of a checkpoint of any MXNet version.

    Raises:
        LoadError: a file is missing or is not what its name says; the message says where.
    """
    from declax import symbol

    net = symbol.load(f"{prefix}-symbol.json")
    return net, *load_params(prefix, epoch)
