"""Images sampled on grids, compared patch by patch, and resized."""

import math
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import AttrError, attr
from declax.layers.bilinear import corners, pixel_rows, read, zero_outside
from declax.layers.boxes import need, ranked
from declax.registry import Tensor, deduce, op
from declax.rules import Shapes, TypeConflict, Types, assign, same_type
from declax.shapes import is_complete


def _known_type(ins: Types, outs: Types) -> None:
    """All share one type, and one input must have it."""
    if all(t is None for t in ins):
        raise TypeConflict("Not enough information to infer type")
    same_type(ins, outs)


def _sample(data: Array, x: Array, y: Array) -> Array:
    """Bilinear samples (N, C, H', W') of data (N, C, H, W) at x and y (N, H', W') from -1 to 1, zero outside."""
    n, _, height, width = data.shape
    x = (x + 1) * (width - 1) / 2
    y = (y + 1) * (height - 1) / 2
    image = (jnp.arange(n, dtype=jnp.int32) * height)[:, None, None]
    around = corners(zero_outside(y, height), zero_outside(x, width), lambda b, a: (image + b) * width + a)
    return jnp.moveaxis(read(pixel_rows(data), around), -1, 1)


def _target(target_shape: tuple[int, ...], dtype) -> np.ndarray:
    """Rows x, y, 1 of every pixel of the target, (3, H' * W')."""
    height, width = target_shape
    with np.errstate(divide="ignore", invalid="ignore"):
        x = -1 + np.arange(width) * (np.float64(2) / (width - 1))
        y = -1 + np.arange(height) * (np.float64(2) / (height - 1))
    x, y = np.broadcast_to(x[None, :], (height, width)), np.broadcast_to(y[:, None], (height, width))
    return np.stack([x, y, np.ones((height, width))]).reshape(3, -1).astype(dtype)


def _affine(loc: Array, target_shape: tuple[int, ...]) -> tuple[Array, Array]:
    """The target's pixels, (3, H' * W'), and their places in the source, (N, 2, H' * W')."""
    target = jnp.asarray(_target(target_shape, loc.dtype))
    return target, jnp.matmul(loc.reshape(-1, 2, 3), target, precision=lax.Precision.HIGHEST)


def _check_target(target_shape) -> None:
    if len(target_shape) != 2:
        raise AttrError(f"target_shape={target_shape} must be (y, x)")


# -- grids -----------------------------------------------------------------------------------------------------


def _transformer_shape(ins: Shapes, outs: Shapes, target_shape) -> None:
    data, loc = ins
    if not is_complete(data):
        return
    assert data is not None
    need(len(data) == 4, "input data should be 4D in batch-num_filter-y-x", data)
    if not is_complete(loc):
        return
    assert loc is not None
    need(len(loc) == 2, "localisation parameter should be 2D in batch-num_hidden", loc)
    need(loc[1] == 6, "incorrect localisation network shape[1], should be 6", loc)
    need(min(target_shape) > 0, f"incorrect target_shape: {target_shape}")
    pixels = math.prod(target_shape)
    assign(outs, 0, (*data[:2], *target_shape))
    assign(outs, 1, (3, pixels))
    assign(outs, 2, (data[0], 2, pixels))


@op(
    outputs=("output", "grid_dst", "grid_src"),
    visible=1,
    shape=_transformer_shape,
    types=_known_type,
    check=_check_target,
)
def SpatialTransformer(
    data: Tensor,
    loc: Tensor,
    *,
    target_shape: tuple[int, ...] = (0, 0),
    transform_type: Literal["affine"],
    sampler_type: Literal["bilinear"],
    cudnn_off: bool | None = None,
):
    """Images warped by affine maps that a network predicts (Jaderberg et al. 2015).

    Shapes: data (N, C, H, W), loc (N, 6), the rows of a 2 x 3 matrix -> (N, C, *target_shape). Coordinates go from -1
    to 1 over each image, which is zero outside. `cudnn_off` has no meaning on XLA.
    """
    target, source = _affine(loc, target_shape)
    x, y = (source[:, i].reshape(-1, *target_shape) for i in (0, 1))
    return _sample(data, x, y), target, source


def _grid_shape(ins: Shapes, outs: Shapes, transform_type, target_shape) -> None:
    s = ins[0]
    if transform_type == "affine":
        s = ranked(s, 2, "if transform_type is affine, data should be 2D in batch-num_hidden")
        assert s is not None
        need(s[1] == 6, "incorrect data shape[1], should be 6", s)
        need(min(target_shape) > 0, f"incorrect target_shape: {target_shape}")
        assign(outs, 0, (s[0], 2, *target_shape))
        assign(outs, 1, (3, math.prod(target_shape)))
    else:
        s = ranked(s, 4, "if transform_type is warp, data should be 4D in batch-num_hidden-y-x")
        assert s is not None
        need(s[1] == 2, "incorrect data shape[1], should be 2", s)
        assign(outs, 0, s)
        assign(outs, 1, (2, *s[2:]))


@op(outputs=("output", "grid_dst"), visible=1, shape=_grid_shape, types=_known_type, check=_check_target)
def GridGenerator(data: Tensor, *, transform_type: Literal["affine", "warp"], target_shape: tuple[int, ...] = (0, 0)):
    """Sampling grids for `BilinearSampler`, from affine maps or from optical flow.

    Shapes: affine: data (N, 6) -> (N, 2, *target_shape); warp: data (N, 2, H, W), a shift (x, y) in pixels -> the same.
    The result holds x, then y, from -1 to 1 over the image.
    """
    if transform_type == "affine":
        target, source = _affine(data, target_shape)
        return source.reshape(-1, 2, *target_shape), target
    height, width = data.shape[2:]
    x = jnp.broadcast_to(jnp.arange(width, dtype=data.dtype), (height, width))
    y = jnp.broadcast_to(jnp.arange(height, dtype=data.dtype)[:, None], (height, width))
    half = np.array([(width - 1) / 2, (height - 1) / 2]).astype(data.dtype).reshape(1, 2, 1, 1)
    target = jnp.stack([x, y])
    return (data + target) / half - 1, target


def _sampler_shape(ins: Shapes, outs: Shapes) -> None:
    data, grid = ins
    if not is_complete(data):
        return
    assert data is not None
    need(len(data) == 4, "input data should be 4D in batch-num_filter-y-x", data)
    if not is_complete(grid):
        return
    assert grid is not None
    need(len(grid) == 4, "Sampler grid should be 4D in batch-2-y-x", grid)
    need(grid[0] == data[0], "data and grid must have one batch size", grid)
    need(grid[1] == 2, "incorrect grid shape[1], should be 2", grid)
    assign(outs, 0, (*data[:2], *grid[2:]))
    assign(outs, 1, (grid[0], *grid[2:], 2))


@op(outputs=("output", "tmp"), visible=1, shape=_sampler_shape, types=_known_type)
def BilinearSampler(data: Tensor, grid: Tensor, *, cudnn_off: bool | None = None):
    """Images read at the points of a grid by bilinear interpolation.

    Shapes: data (N, C, H, W), grid (N, 2, H', W') of x, then y, from -1 to 1 -> (N, C, H', W'). Images are zero
    outside. `cudnn_off` has no meaning on XLA.
    """
    n, _, height, width = grid.shape
    return _sample(data, grid[:, 0], grid[:, 1]), jnp.zeros((n, height, width, 2), data.dtype)


# -- correlation -----------------------------------------------------------------------------------------------


def _steps(max_displacement: int, stride2: int) -> int:
    """Displacements along one axis."""
    return 2 * (max_displacement // stride2) + 1


def _check_correlation(kernel_size, stride1, stride2) -> None:
    if kernel_size % 2 == 0:
        raise AttrError(f"kernel_size={kernel_size}: kernel size should be odd number")
    if stride1 == 0 or stride2 == 0:
        raise AttrError("stride1 and stride2 must be above 0")


def _correlation_shape(
    ins: Shapes, outs: Shapes, kernel_size, max_displacement, stride1, stride2, pad_size
) -> None:  # fmt: skip
    a, b = ins
    a = ranked(a, 4, "data should be a 4D tensor")
    b = ranked(b, 4, "data should be a 4D tensor")
    assert a is not None
    border = max_displacement + (kernel_size - 1) // 2
    padded = [None if d is None else d + 2 * pad_size for d in a[2:]]
    size = [None if d is None else -(-(d - 2 * border) // stride1) for d in padded]
    need(all(d is None or d >= 1 for d in size), "Neighborhood and kernel don't fit in blob", a)
    assign(outs, 0, (a[0], _steps(max_displacement, stride2) ** 2, *size))
    for i in (1, 2):
        assign(outs, i, (a[0], *padded, a[1]))


@op(outputs=("output", "tmp1", "tmp2"), visible=1, shape=_correlation_shape, check=_check_correlation)
def Correlation(
    data1: Tensor,
    data2: Tensor,
    *,
    kernel_size: int = attr(1, ge=0),
    max_displacement: int = attr(1, ge=0),
    stride1: int = attr(1, ge=0),
    stride2: int = attr(1, ge=0),
    pad_size: int = attr(0, ge=0),
    is_multiply: bool = True,
):
    """Patches of one image compared with displaced patches of another (FlowNet, Dosovitskiy et al. 2015).

    Shapes: data1 and data2 (N, C, H, W) -> (N, D**2, H', W') with D = 2 * (max_displacement // stride2) + 1: the mean
    product, or the mean absolute difference with `is_multiply=False`, of patches of `kernel_size` around every
    `stride1`-th pixel, displaced by steps of `stride2`, the vertical displacement first.
    """
    pads = ((0, 0), (pad_size, pad_size), (pad_size, pad_size), (0, 0))
    a, b = (jnp.pad(jnp.moveaxis(x, 1, -1), pads) for x in (data1, data2))
    _, height, width, channels = a.shape
    border = max_displacement + (kernel_size - 1) // 2
    tall, wide = (-(-(d - 2 * border) // stride1) for d in (height, width))
    steps = _steps(max_displacement, stride2)
    span = (tall - 1) * stride1 + kernel_size, (wide - 1) * stride1 + kernel_size
    # the last patches may reach beyond the image when stride1 does not divide it
    room = max(0, max_displacement * 2 + max(span) - min(height, width))
    a, b = (jnp.pad(x, ((0, 0), (0, room), (0, room), (0, 0))) for x in (a, b))
    still = a[:, max_displacement : max_displacement + span[0], max_displacement : max_displacement + span[1]]
    ones = jnp.ones((channels, 1), a.dtype)  # XLA adds up channels several times faster as a matrix product

    def one(k: Array) -> Array:
        dy, dx = (k // steps - steps // 2) * stride2, (k % steps - steps // 2) * stride2
        moved = lax.dynamic_slice_in_dim(b, max_displacement + dy, span[0], axis=1)
        moved = lax.dynamic_slice_in_dim(moved, max_displacement + dx, span[1], axis=2)
        each = still * moved if is_multiply else _distance(still, moved)
        part = jnp.matmul(each, ones, precision=lax.Precision.HIGHEST)[..., 0]
        window, strides = (1, kernel_size, kernel_size), (1, stride1, stride1)
        return lax.reduce_window(part, np.zeros((), part.dtype), lax.add, window, strides, "valid")

    maps = lax.map(one, jnp.arange(steps * steps, dtype=jnp.int32))
    return jnp.moveaxis(maps, 0, 1) / (kernel_size**2 * channels), a[:, :height, :width], b[:, :height, :width]


def _distance(a: Array, b: Array) -> Array:
    """Absolute difference whose slope at 0 is 1, as in MXNet."""
    return jnp.where(a >= b, a - b, b - a)


# -- resizing --------------------------------------------------------------------------------------------------

Mode = Literal["size", "odd_scale", "like", "to_even_down", "to_even_up", "to_odd_down", "to_odd_up"]


def _scaled(length: int, scale: float | None) -> int:
    if scale is None:
        raise AttrError("scale_height and scale_width must be given together")
    return int(np.float32(scale) * np.float32(length))


def resized(
    size: tuple[int, int], like: tuple[int, int] | None, mode: Mode, height: int, width: int,
    scale_height: float | None, scale_width: float | None,
) -> tuple[int, int]:  # fmt: skip
    """Height and width of a resized image."""
    if mode == "like":
        assert like is not None
        return like
    if mode == "size":
        if scale_height is None:
            return height, width
        return _scaled(size[0], scale_height), _scaled(size[1], scale_width)
    if mode == "odd_scale":
        h, w = (_scaled(n - n % 2, f) + n % 2 for n, f in zip(size, (scale_height, scale_width), strict=True))
        return h, w
    wrong, change = (1 if "even" in mode else 0), (1 if mode.endswith("up") else -1)
    h, w = (n + change if n % 2 == wrong else n for n in size)
    return h, w


def _resize_shape(ins: Shapes, outs: Shapes, mode, height, width, scale_height, scale_width) -> None:
    data = ins[0]
    if not is_complete(data):
        return
    assert data is not None
    need(len(data) == 4, "data must have 4 dimensions", data)
    like = ins[1] if mode == "like" else None
    if mode == "like":
        like = ranked(like, 4, "like must have 4 dimensions")
        assert like is not None
        assign(outs, 0, (*data[:2], *like[2:]))
        return
    assign(outs, 0, (*data[:2], *resized(data[2:], None, mode, height, width, scale_height, scale_width)))  # pyright: ignore[reportArgumentType]


def _line(source: int, target: int, align_corners: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both source pixels of every target pixel on an axis, and the weight of the second, rounded as MXNet does."""
    f = np.float32
    at = np.arange(target, dtype=np.int64)
    if target <= 1:
        place = np.zeros(target, f)
    elif align_corners:
        place = f(f(source - 1) / f(target - 1)) * at.astype(f)
    else:
        place = (f(f(source) / f(target)) * (at + 0.5) - 0.5).astype(f)
    place = np.maximum(place, f(0))
    low = place.astype(np.int32)
    return low, np.minimum(low + 1, source - 1), place - low.astype(f)


def resize_axis(data: Array, axis: int, target: int, align_corners: bool) -> Array:
    """Linear interpolation along one axis."""
    low, high, part = _line(data.shape[axis], target, align_corners)
    shape = [1] * data.ndim
    shape[axis] = target
    weight = jnp.asarray(part.reshape(shape), data.dtype)
    first, second = (jnp.take(data, jnp.asarray(i), axis=axis, mode="clip") for i in (low, high))
    return first * (1 - weight) + second * weight


@op(shape=_resize_shape)
def _contrib_BilinearResize2D(
    data: Tensor,
    like: Tensor | None = deduce(when=lambda mode: mode == "like"),
    *,
    height: int = attr(1, ge=1),
    width: int = attr(1, ge=1),
    scale_height: float | None = None,
    scale_width: float | None = None,
    mode: Mode = "size",
    align_corners: bool = True,
):
    """Images resized by bilinear interpolation.

    Shapes: data (N, C, H, W) -> (N, C, H', W'). `mode` says how large: `size` (`height` and `width`, or both scales
    times the size), `odd_scale` (scales, keeping odd sizes odd), `like` (the size of a second input), or
    `to_even_down`, `to_even_up`, `to_odd_down`, `to_odd_up` (by a pixel where needed).
    """
    size = data.shape[2:]
    other = None if like is None else like.shape[2:]
    tall, wide = resized(size, other, mode, height, width, scale_height, scale_width)
    if (tall, wide) == size:
        return data
    return resize(data, (tall, wide), align_corners)


def resize(data: Array, sizes: tuple[int, ...], align_corners: bool, first: int = 2) -> Array:
    """Images of other sizes (H', W') by linear interpolation along the axis `first` and the next."""
    return resize_axis(resize_axis(data, first + 1, sizes[1], align_corners), first, sizes[0], align_corners)


def _adaptive_shape(ins: Shapes, outs: Shapes, output_size) -> None:
    data = ins[0]
    if not is_complete(data):
        return
    assert data is not None
    need(len(data) == 4, "data must have 4 dimensions", data)
    assign(outs, 0, (*data[:2], *_pair(output_size)))


def _pair(output_size: tuple[int, ...]) -> tuple[int, int]:
    return output_size if len(output_size) == 2 else (output_size or (1,))[:1] * 2 if len(output_size) < 2 else (1, 1)  # pyright: ignore[reportReturnType]


def _averages(source: int, target: int) -> np.ndarray:
    """Weights (target, source) of the means over equal parts of an axis."""
    at = np.arange(target)
    first = np.floor((at * source).astype(np.float32) / np.float32(target)).astype(int)[:, None]
    last = np.ceil(((at + 1) * source).astype(np.float32) / np.float32(target)).astype(int)[:, None]
    inside = (np.arange(source) >= first) & (np.arange(source) < last)
    return inside / (last - first)


@op(shape=_adaptive_shape)
def _contrib_AdaptiveAvgPooling2D(data: Tensor, *, output_size: tuple[int, ...] = ()):
    """Means over as many equal parts of an image as the output has pixels.

    Shapes: data (N, C, H, W) -> (N, C, H', W'); `output_size` is (H', W') or one number for both, 1 by default.
    """
    return average_parts(data, _pair(output_size), "NCHW")


def average_parts(data: Array, size: tuple[int, ...], layout: str) -> Array:
    """Means over equal parts of the axes H and W of images, whose axes the letters name."""
    y, x = (jnp.asarray(_averages(data.shape[layout.index(a)], n), data.dtype) for a, n in zip("HW", size, strict=True))
    return jnp.einsum(f"hH,{layout},wW->{layout.replace('HW', 'hw')}", y, data, x, precision=lax.Precision.HIGHEST)
