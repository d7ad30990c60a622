"""Convolution as one product: the points that each output looks at are laid side by side."""

import jax.numpy as jnp
from jax import Array

from declax.derivative import own_gradient
from declax.layers import canonical
from declax.layers.channels_last import Window, shifted, shifts, zero_padded


@own_gradient(static=(2,))
def convolution(data: Array, weight: Array, window: Window) -> Array:
    """The convolution of (N, *spatial, C) with (*kernel, C, O)."""
    outs = window.out_sizes(data.shape[1:-1])
    filled = zero_padded(data, window.pad)
    points = jnp.concatenate([shifted(filled, at, outs, window.stride) for _, at in shifts(window)], -1)
    filters = weight.shape[-1]
    return (points.reshape(-1, points.shape[-1]) @ weight.reshape(-1, filters)).reshape(*points.shape[:-1], filters)


def _gradient(window: Window, saved: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    return canonical.gradient(window.stride, window.dilate, window.pad, saved, g)


convolution.defvjp(lambda x, w, window: (convolution(x, w, window), (x, w)), _gradient)
