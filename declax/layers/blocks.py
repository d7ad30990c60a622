"""Grouped convolution as a few plain ones: neighbouring groups become one, over weights with zeros between groups.

XLA's grouped convolution is slow on CPUs, its gradient much more so: a plain one is faster even where most of its
weights are zeros.
"""

import jax.numpy as jnp
from jax import Array

from declax.layers.channels_last import Window, plain

_WIDTH = 16
"""A block has at most so many channels: with 32 groups of 4 to 32 channels this was the fastest of 16, 32 and 64."""


def merged(groups: int, channels: int) -> int:
    """How many groups make a block: as many as divide their number and have together at most 16 channels."""
    each = channels // groups
    return next((m for m in range(min(groups, _WIDTH // each), 0, -1) if groups % m == 0), 1)


def convolution(data: Array, weight: Array, window: Window) -> Array:
    """The convolution of (N, *spatial, C) with (*kernel, C / num_group, O)."""
    together = merged(window.num_group, data.shape[-1])
    count = window.num_group // together
    dense = _dense(weight, count, together)
    inner = Window(window.kernel, window.stride, window.dilate, window.pad)
    parts = jnp.split(data, count, -1)
    return jnp.concatenate([plain(x, w, inner) for x, w in zip(parts, dense, strict=True)], -1)


def _dense(weight: Array, count: int, together: int) -> Array:
    """(*kernel, I, count * together * O) -> (count, *kernel, together * I, together * O)."""
    *kernel, channels, filters = weight.shape
    if together == 1:
        return jnp.moveaxis(weight.reshape(*kernel, channels, count, filters // count), -2, 0)
    each = filters // (count * together)
    blocks = jnp.moveaxis(weight.reshape(*kernel, channels, count, together, each), -3, 0)
    same = jnp.eye(together, dtype=bool)[:, None, :, None]
    dense = jnp.where(same, blocks[..., None, :, :, :], jnp.zeros((), weight.dtype))
    return dense.reshape(count, *kernel, together * channels, together * each)
