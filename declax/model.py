"""`mx.model`: checkpoints, under the module name that MXNet has for them."""

from typing import Any, NamedTuple

from declax.io.checkpoint import load_checkpoint, load_params, save_checkpoint

__all__ = ["BatchEndParam", "load_checkpoint", "load_params", "save_checkpoint"]


class BatchEndParam(NamedTuple):
    """What callbacks at the end of a batch are given."""

    epoch: int
    nbatch: int
    eval_metric: Any
    locals: Any
