"""Upsampling of images by a whole factor."""

import math
from typing import Literal

import jax.numpy as jnp
from jax import Array

from declax.attrs import attr
from declax.layers.conv import Deconvolution
from declax.registry import Tensor, op
from declax.rules import Shapes, assign, lead_type
from declax.shapes import ShapeConflict, show


def bilinear_kernel(scale: int) -> int:
    """Side of the bilinear filter."""
    return 2 * scale - scale % 2


def bilinear_pad(scale: int) -> int:
    """What the transposed convolution with that filter takes off on every side."""
    return math.ceil((scale - 1) / 2)


def _shape(ins: Shapes, outs: Shapes, scale, sample_type, multi_input_mode) -> None:
    first = ins[0]
    if first is None:
        return
    if any(s is not None and len(s) != 4 for s in ins[: 1 if sample_type == "bilinear" else None]):
        raise ShapeConflict(f"upsampling needs data of (batch, channel, y, x), got {[show(s) for s in ins]}")
    large = [None if d is None else d * scale for d in first[2:]]
    channels: int | None = first[1]
    if sample_type == "bilinear":
        if None not in first:
            assign(ins, 1, (first[1], 1, bilinear_kernel(scale), bilinear_kernel(scale)))
    else:
        for s in ins[1:]:
            if s is None:
                return
            if any(a is not None and b is not None and a % b for a, b in zip(large, s[2:], strict=True)):
                raise ShapeConflict(f"the size of {show(s)} does not divide the output's {large}")
            if multi_input_mode == "concat":
                channels = None if channels is None or s[1] is None else channels + s[1]
            elif channels != s[1]:
                raise ShapeConflict("Number of channels must be the same when multi_input_mode==sum")
    assign(outs, 0, (first[0], channels, *large))


def enlarge(data: Array, times: int, first: int = 2) -> Array:
    """Every pixel `times` times in both directions, which are the axis `first` and the next."""
    h, w = data.shape[first : first + 2]
    before, behind = data.shape[:first], data.shape[first + 2 :]
    x = data.reshape(*before, h, 1, w, 1, *behind)
    return jnp.broadcast_to(x, (*before, h, times, w, times, *behind)).reshape(*before, h * times, w * times, *behind)


@op(
    num_args="num_args",
    arguments=lambda sample_type: ("data", "weight") if sample_type == "bilinear" else None,
    initializers={"weight": '["bilinear", {}]'},
    shape=_shape,
    types=lead_type,
    needs_shape=True,
    needs_type=True,
)
def UpSampling(
    *data: Tensor,
    scale: int = attr(ge=1),
    num_filter: int = 0,
    sample_type: Literal["bilinear", "nearest"],
    multi_input_mode: Literal["concat", "sum"] = "concat",
    num_args: int = attr(ge=1),
    workspace: int = attr(512, ge=0),
):
    """Images enlarged by a whole factor, by repetition or by a (learnable) bilinear filter.

    Shapes: data (N, C, H, W) -> (N, C, H*scale, W*scale). `nearest` takes several inputs, enlarges all to the first
    one's result and joins their channels, or adds them up. `bilinear` takes data and weight (C, 1, K, K), where
    K = 2*scale - scale % 2. `workspace` has no meaning on XLA.
    """
    if sample_type == "bilinear":
        image, weight = data
        k, pad = bilinear_kernel(scale), bilinear_pad(scale)
        return Deconvolution(
            image, weight, None, kernel=(k, k), stride=(scale, scale), pad=(pad, pad),
            num_filter=num_filter, num_group=num_filter,
        )  # fmt: skip
    height = data[0].shape[2] * scale
    large = [enlarge(x, height // x.shape[2]) for x in data]
    if len(large) == 1:
        return large[0]
    return jnp.concatenate(large, 1) if multi_input_mode == "concat" else sum(large[1:], large[0])
