"""Convolution over channels-last data with the weights' channels last too, as one operation, a product or a sum.

Data is (N, *spatial, C), weights are (*kernel, C / num_group, O). On CPUs XLA runs a 1x1 convolution fastest as a
matrix product and a depthwise one as a sum of shifted data, each with its own gradient.
"""

import functools
import itertools
from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array, lax

from declax.derivative import own_gradient
from declax.layers import canonical
from declax.shapes import Shape

_SPATIAL = "DHW"


@dataclass(frozen=True)
class Window:
    """How a kernel moves: one number for every spatial dimension, and the number of groups."""

    kernel: Shape
    stride: Shape
    dilate: Shape
    pad: Shape
    num_group: int = 1

    def out_sizes(self, sizes: Shape) -> Shape:
        """The spatial sizes of the result for those of the data."""
        numbers = zip(sizes, self.kernel, self.stride, self.dilate, self.pad, strict=True)
        return tuple((size + 2 * p - (k - 1) * d - 1) // s + 1 for size, k, s, d, p in numbers)


def plain(data: Array, weight: Array, window: Window) -> Array:
    """XLA's own convolution of (N, *spatial, C) with (*kernel, C / num_group, O): (N, *out, O)."""
    if window.num_group == 1:
        return canonical.convolution(data, weight, window.stride, window.dilate, window.pad)
    space = _SPATIAL[-len(window.kernel) :]
    return lax.conv_general_dilated(
        data,
        weight,
        window.stride,
        [(p, p) for p in window.pad],
        rhs_dilation=window.dilate,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
        feature_group_count=window.num_group,
    )


def deconvolution(data: Array, weight: Array, window: Window, sizes: Shape) -> Array:
    """The transposed convolution of (N, *spatial, C) with (*kernel, F / num_group, C): (N, *sizes, F).

    There is one group, or as many as channels with one filter each.
    """
    if window.num_group == 1:
        return canonical.transposed(data, weight, sizes, window.stride, window.dilate, window.pad)
    return _spread_out(data, weight.reshape(*window.kernel, -1), window, sizes)


# -- a product -------------------------------------------------------------------------------------------------


@own_gradient()
def _product(x: Array, w: Array) -> Array:
    """x (M, C) with w (*ones, C, O) -> (M, O)."""
    return x @ w.reshape(w.shape[-2:])


def _product_gradient(saved: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    x, w = saved
    channels_first = (w.ndim - 1, w.ndim - 2, *range(w.ndim - 2))
    filters_first = jnp.transpose(w, channels_first)
    # the weights came as (O, C, *ones): exchanging all axes, and only then dropping those of size 1, cancels that. The
    # barrier keeps the product from being turned round, which would end in a copy. With the smaller operand's axis
    # first the weight's gradient is up to twice as fast
    dw = lax.optimization_barrier(g.T @ x).reshape(filters_first.shape)
    back = (*range(2, w.ndim), 1, 0)
    return g @ filters_first.reshape(filters_first.shape[:2]), jnp.transpose(dw, back)


_product.defvjp(lambda x, w: (_product(x, w), (x, w)), _product_gradient)


def product(data: Array, weight: Array, window: Window) -> Array:
    """A 1x1 convolution: the points that the stride visits, times the weight."""
    points = _visited(data, window)
    y = _product(points.reshape(-1, points.shape[-1]), weight)
    return y.reshape(*points.shape[:-1], weight.shape[-1])


def _visited(data: Array, window: Window) -> Array:
    """The points that the stride visits."""
    if all(s == 1 for s in window.stride):
        return data
    return lax.slice(data, (0,) * data.ndim, data.shape, (1, *window.stride, 1))


def filters_first(weight: Array) -> Array:
    """The weights (*ones, C, O) of a 1x1 convolution as (O, C), which a dense layer has."""
    return weight.reshape(weight.shape[-2:]).T


def dense(data: Array, weight: Array, window: Window) -> Array:
    """A 1x1 convolution over weights (O, C): every point through a dense layer."""
    return jnp.einsum("...c,oc->...o", _visited(data, window), weight)


# -- a sum of shifted data -------------------------------------------------------------------------------------


def shifts(window: Window) -> list[tuple[Shape, Shape]]:
    """Every element of the kernel: (its index, how far it reaches into the padded data)."""
    return [
        (index, tuple(i * d for i, d in zip(index, window.dilate, strict=True)))
        for index in itertools.product(*map(range, window.kernel))
    ]


def zero_padded(data: Array, pad: Shape) -> Array:
    """The data with zeros around its points."""
    return jnp.pad(data, [(0, 0), *((p, p) for p in pad), (0, 0)])


def shifted(padded: Array, shift: Shape, outs: Shape, stride: Shape) -> Array:
    """The padded data's elements under one element of the kernel, for every output."""
    start = (0, *shift, 0)
    ends = (
        padded.shape[0],
        *(o + (n - 1) * s + 1 for o, n, s in zip(shift, outs, stride, strict=True)),
        padded.shape[-1],
    )
    return lax.slice(padded, start, ends, (1, *stride, 1))


def depthwise(data: Array, weight: Array, window: Window) -> Array:
    """One filter, or several, for every channel."""
    several = weight.shape[-1] // data.shape[-1]
    if several > 1:
        data = jnp.repeat(data, several, -1)
    return _shifted_sum(data, weight.reshape(*window.kernel, -1), window)


def _sum_of_shifts(padded: Array, weight: Array, window: Window, outs: Shape) -> Array:
    terms = (shifted(padded, shift, outs, window.stride) * weight[index] for index, shift in shifts(window))
    return functools.reduce(jnp.add, terms)


@own_gradient(static=(2,))
def _shifted_sum(data: Array, weight: Array, window: Window) -> Array:
    return _sum_of_shifts(zero_padded(data, window.pad), weight, window, window.out_sizes(data.shape[1:-1]))


def _shifted_sum_gradient(window: Window, saved: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    data, weight = saved
    d_weight = _taps(zero_padded(data, window.pad), g, window)
    return _spread(g, weight, data.shape, window), d_weight.reshape(weight.shape)


def _taps(padded: Array, g: Array, window: Window) -> Array:
    """The gradient of every element of the kernel, in a row."""
    over, outs = tuple(range(g.ndim - 1)), g.shape[1:-1]
    return jnp.stack([jnp.sum(shifted(padded, shift, outs, window.stride) * g, over) for _, shift in shifts(window)])


def _spread(g: Array, weight: Array, shape: Shape, window: Window) -> Array:
    """The gradient of the data: each element of the output's gradient goes back to where its window looked.

    With zeros between the outputs of a strided window, that is a shifted sum with the kernel turned round.
    """
    reach = [(k - 1) * d for k, d in zip(window.kernel, window.dilate, strict=True)]
    numbers = zip(shape[1:-1], g.shape[1:-1], window.stride, window.pad, reach, strict=True)
    spaces = [(r - p, size + p - (n - 1) * s - 1, s - 1) for size, n, s, p, r in numbers]
    padded = lax.pad(g, jnp.zeros((), g.dtype), [(0, 0, 0), *spaces, (0, 0, 0)])
    turned = Window(window.kernel, (1,) * len(reach), window.dilate, (0,) * len(reach))
    return _sum_of_shifts(padded, jnp.flip(weight, tuple(range(len(reach)))), turned, shape[1:-1])


_shifted_sum.defvjp(lambda x, w, window: (_shifted_sum(x, w, window), (x, w)), _shifted_sum_gradient)


@own_gradient(static=(2, 3))
def _spread_out(data: Array, weight: Array, window: Window, sizes: Shape) -> Array:
    return _spread(data, weight, (data.shape[0], *sizes, data.shape[-1]), window)


def _spread_out_gradient(window: Window, sizes: Shape, saved: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    data, weight = saved
    padded, outs = zero_padded(g, window.pad), data.shape[1:-1]
    return _sum_of_shifts(padded, weight, window, outs), _taps(padded, data, window).reshape(weight.shape)


_spread_out.defvjp(lambda x, w, window, sizes: (_spread_out(x, w, window, sizes), (x, w)), _spread_out_gradient)
