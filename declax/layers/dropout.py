"""Dropout."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from declax.attrs import attr
from declax.registry import Key, Tensor, Train, op
from declax.rules import Shapes, assign, like_first_type
from declax.shapes import Shape, ShapeConflict, show


def mask_shape(data, axes: Shape) -> tuple:
    """The data's shape with 1 for each of the axes that share their fate."""
    return tuple(1 if a in axes else d for a, d in enumerate(data))


def is_active(p: float, mode: str, train: bool) -> bool:
    """Whether anything is dropped, for which random numbers are drawn."""
    return p != 0 and (train or mode == "always")


def _shape(ins: Shapes, outs: Shapes, axes: Shape) -> None:
    data = ins[0]
    if data is None:
        return
    if any(not 0 <= a < len(data) for a in axes):
        raise ShapeConflict(f"axes={axes} are out of range for data {show(data)}")
    assign(outs, 0, data)
    assign(outs, 1, mask_shape(data, axes))


@op(
    aliases=("_npx_dropout",),
    outputs=("output", "mask"),
    visible=1,
    shape=_shape,
    types=like_first_type,
    needs_type=True,
    random=is_active,
)
def Dropout(
    data: Tensor,
    *,
    p: float = attr(0.5, ge=0, le=1),
    mode: Literal["always", "training"] = "training",
    axes: Shape = (),
    cudnn_off: bool | None = False,
    train: Train,
    key: Key,
):
    """Sets a fraction `p` of the elements to 0 and divides the others by 1 - p, in training or `always`.

    Shapes: data any -> data's shape; the hidden mask has 1 at `axes`, along which all elements share one fate.
    `cudnn_off` has no meaning on XLA.
    """
    shape = mask_shape(data.shape, axes)
    if not is_active(p, mode, train):
        return data, jnp.ones(shape, data.dtype)
    mask = draw_mask(key, shape, p, data.dtype)
    return data * mask, mask


def draw_mask(key: Any, shape: Shape, p: float, dtype: Any) -> Array:
    """0 for a fraction `p` of the elements, 1 / (1 - p) for the others."""
    keep = 1 - p
    kept = jax.random.bits(key, shape, jnp.uint32) < np.uint32(min(round(keep * 2**32), 2**32 - 1))
    return jnp.where(kept, np.asarray(1 / keep if keep else 0, dtype), 0)
