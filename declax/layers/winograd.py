"""Convolution with 3x3 kernels by Winograd's F(2x2, 3x3): 16 products where there were 36.

The data is cut into tiles of 4x4 points that overlap by two, each transformed by additions; 16 matrix products, one
for every point of a tile, with the transformed weights follow, and additions make 2x2 points of the result of each.
The transforms add a few numbers of equal size, so the error stays that of float32's rounding.
"""

import functools

import jax.numpy as jnp
from jax import Array, lax

from declax.derivative import own_gradient
from declax.layers.canonical import weight_gradient
from declax.layers.channels_last import Window
from declax.shapes import Shape

_DATA = ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1))
_WEIGHT = ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1))
_RESULT = ((1, 1, 1, 0), (0, 1, -1, -1))

_TILES = 128
"""Images are worked on in groups of about so many tiles: what is held between the products then stays in the cache."""


def _both_ways(matrix: tuple, square: list[list[Array]]) -> list[list[Array]]:
    """matrix @ square @ matrix.T, in which the elements of `square` are arrays."""
    columns = [[_combined(row, line) for row in matrix] for line in square]
    return [[_combined(row, [line[j] for line in columns]) for j in range(len(matrix))] for row in matrix]


def _combined(numbers: tuple, arrays: list[Array]) -> Array:
    terms = []
    for number, x in zip(numbers, arrays, strict=True):
        if number:
            terms.append(x if number == 1 else -x if number == -1 else x * number)
    return functools.reduce(jnp.add, terms)


def transformed(weight: Array) -> Array:
    """The weights (3, 3, I, O) as the products take them: (16, I, O)."""
    square = _both_ways(_WEIGHT, [[weight[i, j] for j in range(3)] for i in range(3)])
    return jnp.stack([x for line in square for x in line])


def with_transformed(data: Array, weight: Array, pad: Shape) -> Array:
    """The convolution of (N, H, W, C) with `transformed` weights (16, C, O); `pad` is 2 at most."""
    count, channels, filters = data.shape[0], data.shape[-1], weight.shape[-1]
    outs = tuple(size + 2 * p - 2 for size, p in zip(data.shape[1:3], pad, strict=True))
    tiles = tuple(-(-n // 2) for n in outs)
    spare = [(p, 2 * t + 2 - size - p, 0) for size, p, t in zip(data.shape[1:3], pad, tiles, strict=True)]
    padded = lax.pad(data, jnp.zeros((), data.dtype), [(0, 0, 0), *spare, (0, 0, 0)])

    def group(x: Array) -> Array:
        ends = (2 * tiles[0] - 1, 2 * tiles[1] - 1)
        points = [[x[:, i : i + ends[0] : 2, j : j + ends[1] : 2] for j in range(4)] for i in range(4)]
        points = _both_ways(_DATA, points)
        stacked = jnp.stack([x.reshape(-1, channels) for line in points for x in line])
        together = lax.dot_general(stacked, weight, (((2,), (1,)), ((0,), (0,))))
        products = [[together[4 * i + j] for j in range(4)] for i in range(4)]
        result = [[y.reshape(-1, *tiles, filters) for y in line] for line in _both_ways(_RESULT, products)]
        y = jnp.stack([jnp.stack(line, 3) for line in result], 2)
        return y.reshape(-1, 2 * tiles[0], 2 * tiles[1], filters)

    size = _group(count, tiles[0] * tiles[1])
    if size == count:
        y = group(padded)
    else:
        y = lax.map(group, padded.reshape(-1, size, *padded.shape[1:]))
        y = y.reshape(count, *y.shape[2:])
    return y[:, : outs[0], : outs[1]]


def _group(count: int, tiles: int) -> int:
    """How many images are worked on together: a divisor of their number."""
    wanted = max(1, round(_TILES / tiles))
    return next(k for k in range(min(count, wanted), 0, -1) if count % k == 0)


@own_gradient(static=(2,))
def convolution(data: Array, weight: Array, window: Window) -> Array:
    """The convolution of (N, H, W, C) with (3, 3, C, O)."""
    return with_transformed(data, transformed(weight), window.pad)


def _gradient(window: Window, saved: tuple[Array, Array], g: Array) -> tuple[Array, Array]:
    data, weight = saved
    turned = jnp.flip(weight, (0, 1)).swapaxes(-1, -2)
    d_data = with_transformed(g, transformed(turned), tuple(2 - p for p in window.pad))
    d_weight = weight_gradient(data, g, window.kernel, window.stride, window.dilate, window.pad)
    return d_data, d_weight


convolution.defvjp(lambda x, w, window: (convolution(x, w, window), (x, w)), _gradient)
