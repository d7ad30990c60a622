"""im2col and col2im: sliding blocks of an image as the columns of a matrix, and back."""

from math import prod

import jax
import jax.numpy as jnp
import numpy as np

from declax import rules
from declax.attrs import attr
from declax.ops.shaping import type_of_first
from declax.registry import Tensor, op
from declax.shapes import ShapeConflict, show

Sizes = tuple[int, ...]


def _per_axis(kernel: Sizes, stride: Sizes, dilate: Sizes, pad: Sizes) -> list[tuple[int, int, int, int]]:
    """(kernel, stride, dilation, padding) of each spatial axis, defaults filled in."""
    n = len(kernel)
    full = (kernel, stride or (1,) * n, dilate or (1,) * n, pad or (0,) * n)
    if not 1 <= n <= 3 or any(len(s) != n for s in full):
        raise ShapeConflict(f"kernel={kernel}, stride={stride}, dilate={dilate}, pad={pad} differ in length")
    if 0 in (*full[0], *full[1], *full[2]):
        raise ShapeConflict(f"kernel={kernel}, stride={stride} and dilate={dilate} must not be zero")
    return list(zip(*full, strict=True))


def _positions(size: Sizes, axes: list[tuple[int, int, int, int]]) -> Sizes:
    """How many places the kernel has along each spatial axis."""
    found = []
    for d, (k, s, dil, p) in zip(size, axes, strict=True):
        reach = 1 + (k - 1) * dil
        if reach > d + 2 * p:
            raise ShapeConflict(f"kernel size exceed input: {reach} > {d + 2 * p}")
        found.append((d + 2 * p - reach) // s + 1)
    return tuple(found)


def _columns(data: Tensor, axes: list[tuple[int, int, int, int]]) -> Tensor:
    """Blocks of an image as columns: one gather a spatial axis."""
    n = len(axes)
    places = _positions(data.shape[2:], axes)
    x = jnp.pad(data, [(0, 0), (0, 0), *((p, p) for _, _, _, p in axes)])
    for i, ((k, s, dil, _), count) in enumerate(zip(axes, places, strict=True)):
        index = np.arange(k, dtype=np.int32)[:, None] * dil + np.arange(count, dtype=np.int32) * s
        x = jnp.take(x, index, axis=2 + 2 * i, mode="clip")
    x = x.transpose(0, 1, *range(2, 2 + 2 * n, 2), *range(3, 3 + 2 * n, 2))
    return x.reshape(data.shape[0], data.shape[1] * prod(k for k, *_ in axes), prod(places))


def _im2col_rule(ins: rules.Shapes, outs: rules.Shapes, kernel, stride, dilate, pad) -> None:
    axes = _per_axis(kernel, stride, dilate, pad)
    data = ins[0]
    if data is None or None in data:
        return
    if len(data) != 2 + len(axes):
        raise ShapeConflict(f"kernel={kernel} does not fit data {show(data)}")
    n, c, *size = data
    rules.assign(outs, 0, (n, c * prod(kernel), prod(_positions(tuple(size), axes))))  # pyright: ignore[reportArgumentType, reportOptionalOperand]


@op(shape=_im2col_rule, types=type_of_first)
def im2col(data: Tensor, *, kernel: Sizes = attr(), stride: Sizes = (), dilate: Sizes = (), pad: Sizes = ()):
    """Every block of the image that a convolution with these attributes would see, as a column.

    Shapes: data (N, C, [[D,] H,] W) -> (N, C prod(kernel), blocks). One to three spatial axes.
    """
    return _columns(data, _per_axis(kernel, stride, dilate, pad))


def _col2im_rule(ins: rules.Shapes, outs: rules.Shapes, output_size, kernel, stride, dilate, pad) -> None:
    axes = _per_axis(kernel, stride, dilate, pad)
    if len(output_size) != len(axes):
        raise ShapeConflict(f"output_size={output_size} does not fit kernel={kernel}")
    data = ins[0]
    if data is None or None in data:
        return
    if len(data) != 3:
        raise ShapeConflict(f"data must have 3 dimensions, got {show(data)}")
    n, rows, blocks = data
    assert rows is not None
    if rows % prod(kernel) or blocks != prod(_positions(output_size, axes)):
        raise ShapeConflict(f"columns {show(data)} do not come from an image of size {output_size} by kernel={kernel}")
    rules.assign(outs, 0, (n, rows // prod(kernel), *output_size))


@op(shape=_col2im_rule, types=type_of_first)
def col2im(
    data: Tensor,
    *,
    output_size: Sizes = attr(),
    kernel: Sizes = attr(),
    stride: Sizes = (),
    dilate: Sizes = (),
    pad: Sizes = (),
):
    """The image whose blocks are the columns; where blocks overlap, they add up. The transpose of im2col.

    Shapes: data (N, C prod(kernel), blocks) -> (N, C, *output_size).
    """
    axes = _per_axis(kernel, stride, dilate, pad)
    image = jax.ShapeDtypeStruct((data.shape[0], data.shape[1] // prod(kernel), *output_size), data.dtype)
    return jax.linear_transpose(lambda x: _columns(x, axes), image)(data)[0]
