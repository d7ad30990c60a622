"""Reading images at real positions: pixels as rows of channels, and sums of weighted rows.

Images (B, C, H, W) become tables (B * H * W, C), so that one position reads contiguous channels. A position along an
axis becomes two neighbours with two weights; what happens at the border is the only difference between operators.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax


class Neighbours(NamedTuple):
    """The two pixels beside a position on one axis, with their weights."""

    low: Array
    high: Array
    low_weight: Array
    high_weight: Array


def clamped(position: Array, size: int) -> Neighbours:
    """Neighbours of positions that are moved into the image."""
    low = jnp.clip(lax.stop_gradient(jnp.floor(position)), 0, size - 1)
    part = jnp.where(low >= size - 1, 0, jnp.maximum(position, 0) - low)
    at = low.astype(jnp.int32)
    return Neighbours(at, jnp.minimum(at + 1, size - 1), 1 - part, part)


def zero_outside(position: Array, size: int) -> Neighbours:
    """Neighbours of positions in an image that is zero outside."""
    low = lax.stop_gradient(jnp.floor(position))
    part = position - low
    zero = jnp.zeros((), position.dtype)
    low_weight = jnp.where((low >= 0) & (low <= size - 1), 1 - part, zero)
    high_weight = jnp.where((low >= -1) & (low <= size - 2), part, zero)
    at = jnp.clip(low, -1, size).astype(jnp.int32)
    return Neighbours(jnp.clip(at, 0, size - 1), jnp.clip(at + 1, 0, size - 1), low_weight, high_weight)


def pixel_rows(images: Array) -> Array:
    """Images (B, C, H, W) as a table (B * H * W, C)."""
    return jnp.moveaxis(images, 1, -1).reshape(-1, images.shape[1])


def corners(y: Neighbours, x: Neighbours, row: Callable[[Array, Array], Array]) -> list[tuple[Array, Array]]:
    """The four (row of the table, weight) around a position; `row(y, x)` finds the row of a pixel."""
    return [
        (row(b, a), v * w)
        for b, v in ((y.low, y.low_weight), (y.high, y.high_weight))
        for a, w in ((x.low, x.low_weight), (x.high, x.high_weight))
    ]


def read(table: Array, parts: Sequence[tuple[Array, Array]]) -> Array:
    """Sum of weighted rows: indices and weights (...) give (..., C)."""
    return sum(jnp.take(table, at, axis=0, mode="clip") * weight[..., None] for at, weight in parts)  # pyright: ignore[reportReturnType]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def gather_sum(parts: Callable[[Array, Any], list], table: Array, points: Any, count: Array) -> Array:
    """Sum over k < count of the rows that `parts(k, points)` names, (row, weight) pairs of shape (...): (..., C).

    The count may depend on values. Only the table has a gradient.
    """
    shape = jax.eval_shape(parts, jax.ShapeDtypeStruct((), jnp.int32), points)[0][0].shape
    start = jnp.zeros((*shape, table.shape[1]), table.dtype)
    return lax.fori_loop(jnp.int32(0), count, lambda k, total: total + read(table, parts(k, points)), start)


def _gather_sum_forward(parts, table, points, count):
    return gather_sum(parts, table, points, count), (table, points, count)


def _gather_sum_backward(parts, saved, g):
    table, points, count = saved

    def add(k, total):
        for at, weight in parts(k, points):
            total = total.at[at].add(g * weight[..., None], mode="drop")
        return total

    return lax.fori_loop(jnp.int32(0), count, add, jnp.zeros_like(table)), None, None


gather_sum.defvjp(_gather_sum_forward, _gather_sum_backward)
