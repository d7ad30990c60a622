"""Convolution with gradients that are convolutions in the same layout.

XLA's CPU backend brings convolutions into the layout of its fast kernels in the main computation only: inside a loop
a gradient as JAX derives it, with its axes exchanged, runs up to thirty times slower. Here the axes are exchanged by
transposes, and every convolution is over (N, *space, C), (*space, I, O) -> (N, *space, O).
"""

import itertools

import jax.numpy as jnp
from jax import Array, lax

from declax.derivative import own_gradient
from declax.shapes import Shape

_SPATIAL = "DHW"


def _ones(x: Array) -> Shape:
    return (1,) * (x.ndim - 2)


def _convolve(x: Array, w: Array, stride: Shape, pad: list, lhs_dilation: Shape, rhs_dilation: Shape) -> Array:
    space = _SPATIAL[-len(stride) :]
    numbers = (f"N{space}C", f"{space}IO", f"N{space}C")
    return lax.conv_general_dilated(x, w, stride, pad, lhs_dilation, rhs_dilation, numbers)


@own_gradient(static=(2, 3, 4))
def convolution(data: Array, weight: Array, stride: Shape, dilate: Shape, pad: Shape) -> Array:
    """(N, *space, C) with (*kernel, C, O) -> (N, *out, O); one number for every spatial dimension."""
    return _convolve(data, weight, stride, [(p, p) for p in pad], _ones(data), dilate)


def _data_gradient(g: Array, w: Array, sizes: Shape, stride: Shape, dilate: Shape, pad: Shape) -> Array:
    """Of a convolution with w (*kernel, I, O) over data of these spatial sizes: (N, *out, O) -> (N, *sizes, I)."""
    if max(stride) > 1 and max(dilate) == 1:
        return _by_phase(g, w, sizes, stride, pad)
    pads = []
    for size, out, k, s, d, p in zip(sizes, g.shape[1:-1], w.shape[:-2], stride, dilate, pad, strict=True):
        reach, spread = (k - 1) * d, (out - 1) * s + 1
        pads.append((reach - p, size + p - spread))
    turned = jnp.flip(w, tuple(range(len(stride)))).swapaxes(-1, -2)
    return _convolve(g, turned, _ones(g), pads, stride, dilate)


def _by_phase(g: Array, w: Array, sizes: Shape, stride: Shape, pad: Shape) -> Array:
    """`_data_gradient` without products with the zeros between strides.

    Positions whose remainder by the stride is equal meet the same elements of the kernel, so they are one plain
    convolution of g with those; the results are interleaved.
    """
    counts = tuple(-(-size // s) for size, s in zip(sizes, stride, strict=True))
    phases = []
    for phase in itertools.product(*map(range, stride)):
        pads, taps, is_empty = [], [], False
        for at, n, out, k, s, p in zip(phase, counts, g.shape[1:-1], w.shape[:-2], stride, pad, strict=True):
            first = (at + p) % s
            meets = range(first, k, s)
            is_empty |= not meets
            low = (meets[-1] - at - p) // s if meets else 0
            pads.append((low, n + len(meets) - 1 - out - low))
            taps.append(slice(first, None, s))
        if is_empty:
            phases.append(jnp.zeros((g.shape[0], *counts, w.shape[-2]), g.dtype))
        else:
            part = jnp.flip(w[tuple(taps)], tuple(range(len(stride)))).swapaxes(-1, -2)
            phases.append(_convolve(g, part, _ones(g), pads, _ones(g), _ones(g)))
    dims = len(stride)
    y = jnp.stack(phases).reshape(*stride, *phases[0].shape)
    order = [dims, *itertools.chain.from_iterable((dims + 1 + i, i) for i in range(dims)), 2 * dims + 1]
    whole = (s * n for s, n in zip(stride, counts, strict=True))
    y = jnp.transpose(y, order).reshape(g.shape[0], *whole, w.shape[-2])
    return lax.slice(y, (0,) * y.ndim, (g.shape[0], *sizes, w.shape[-2]))


def weight_gradient(x: Array, g: Array, kernel: Shape, stride: Shape, dilate: Shape, pad: Shape) -> Array:
    """Of a convolution of x (N, *space, I) with the gradient g (N, *out, O) of its result: (*kernel, I, O)."""
    space = tuple(range(1, x.ndim - 1))
    pads = []
    for size, out, k, s, d, p in zip(x.shape[1:-1], g.shape[1:-1], kernel, stride, dilate, pad, strict=True):
        reach, spread = (k - 1) * d, (out - 1) * s + 1
        pads.append((p, reach + spread - size - p))
    points = jnp.transpose(x, (x.ndim - 1, *space, 0))
    dw = _convolve(points, jnp.transpose(g, (*space, 0, g.ndim - 1)), dilate, pads, _ones(x), stride)
    return jnp.moveaxis(dw, 0, -2)


def gradient(stride: Shape, dilate: Shape, pad: Shape, saved: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    """Of a convolution of data and weight (`saved`): the gradients of both for the gradient g of its result."""
    x, w = saved
    dx = _data_gradient(g, w, x.shape[1:-1], stride, dilate, pad)
    return dx, weight_gradient(x, g, w.shape[:-2], stride, dilate, pad)


convolution.defvjp(lambda x, w, stride, dilate, pad: (convolution(x, w, stride, dilate, pad), (x, w)), gradient)


@own_gradient(static=(2, 3, 4, 5))
def transposed(data: Array, weight: Array, sizes: Shape, stride: Shape, dilate: Shape, pad: Shape) -> Array:
    """(N, *space, C) with (*kernel, F, C) -> (N, *sizes, F): the gradient of a convolution from F to C channels."""
    return _data_gradient(data, weight, sizes, stride, dilate, pad)


def _transposed_gradient(sizes: Shape, stride: Shape, dilate: Shape, pad: Shape, saved, g: Array) -> tuple:
    x, w = saved
    dx = _convolve(g, w, stride, [(p, p) for p in pad], _ones(g), dilate)
    return dx, weight_gradient(g, x, w.shape[:-2], stride, dilate, pad)


transposed.defvjp(lambda x, w, *window: (transposed(x, w, *window), (x, w)), _transposed_gradient)
