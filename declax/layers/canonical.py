"""Convolution with gradients that are convolutions in the same layout.

XLA's CPU backend brings convolutions into the layout of its fast kernels in the main computation only: inside a loop
a gradient as JAX derives it, with its axes exchanged, runs up to thirty times slower. Here the axes are exchanged by
transposes, and every convolution is over (N, *space, C), (*space, I, O) -> (N, *space, O).
"""

import functools

import jax
import jax.numpy as jnp
from jax import Array, lax

from declax.shapes import Shape

_SPATIAL = "DHW"


def _convolve(x: Array, w: Array, stride: Shape, pad: list, lhs_dilation: Shape, rhs_dilation: Shape) -> Array:
    space = _SPATIAL[-len(stride) :]
    numbers = (f"N{space}C", f"{space}IO", f"N{space}C")
    return lax.conv_general_dilated(x, w, stride, pad, lhs_dilation, rhs_dilation, numbers)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def convolution(data: Array, weight: Array, stride: Shape, dilate: Shape, pad: Shape) -> Array:
    """(N, *space, C) with (*kernel, C, O) -> (N, *out, O); one number for every spatial dimension."""
    ones = (1,) * len(stride)
    return _convolve(data, weight, stride, [(p, p) for p in pad], ones, dilate)


def _gradient(stride: Shape, dilate: Shape, pad: Shape, saved: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    x, w = saved
    space = tuple(range(1, x.ndim - 1))
    ones = (1,) * len(stride)
    data_pads, weight_pads = [], []
    for size, out, k, s, d, p in zip(x.shape[1:-1], g.shape[1:-1], w.shape[:-2], stride, dilate, pad, strict=True):
        reach, spread = (k - 1) * d, (out - 1) * s + 1
        data_pads.append((reach - p, size + p - spread))
        weight_pads.append((p, reach + spread - size - p))
    turned = jnp.flip(w, tuple(range(len(stride)))).swapaxes(-1, -2)
    dx = _convolve(g, turned, ones, data_pads, stride, dilate)
    points = jnp.transpose(x, (x.ndim - 1, *space, 0))
    dw = _convolve(points, jnp.transpose(g, (*space, 0, g.ndim - 1)), dilate, weight_pads, ones, stride)
    return dx, jnp.moveaxis(dw, 0, -2)


convolution.defvjp(lambda x, w, stride, dilate, pad: (convolution(x, w, stride, dilate, pad), (x, w)), _gradient)
