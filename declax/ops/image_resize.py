"""Resizing of images as OpenCV 3.4 does it, with its five interpolations and its 8-bit arithmetic.

Images are (height, width, channels), perhaps with leading dimensions. An axis is resized by taps: for every new pixel
the indices of some old ones and their weights, made when the graph is traced.
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import Array

NEAREST, LINEAR, CUBIC, AREA, LANCZOS = range(5)
ONE = 2048
"""What a weight of 1 is in OpenCV's 8-bit arithmetic."""


def _centres(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole and broken part of every new pixel's centre in old pixels."""
    at = ((np.arange(new) + 0.5) * (old / new) - 0.5).astype(np.float32)
    whole = np.floor(at)
    return whole.astype(int), (at - whole).astype(np.float32)


def _linear(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    low, part = _centres(old, new)
    return np.clip(np.stack([low, low + 1], -1), 0, old - 1), np.stack([1 - part, part], -1)


def _linear_columns(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    """`_linear` with all the weight on one pixel beyond the border, which whole-number sums tell apart."""
    places, weights = _linear(old, new)
    beyond = places[:, 0] == places[:, 1]
    return places, np.where(beyond[:, None], np.array([1, 0], np.float32), weights)


def _cubic(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    low, x = _centres(old, new)
    a = np.float32(-0.75)
    first = ((a * (x + 1) - 5 * a) * (x + 1) + 8 * a) * (x + 1) - 4 * a
    second = ((a + 2) * x - (a + 3)) * x * x + 1
    third = ((a + 2) * (1 - x) - (a + 3)) * (1 - x) * (1 - x) + 1
    weights = np.stack([first, second, third, 1 - first - second - third], -1)
    return np.clip(low[:, None] + np.arange(-1, 3), 0, old - 1), weights.astype(np.float32)


def _lanczos(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    low, x = _centres(old, new)
    s = math.sqrt(0.5)
    turns = np.array([[1, 0], [-s, -s], [0, 1], [s, -s], [-1, 0], [s, s], [0, -1], [-s, s]])
    y0 = -(x.astype(float) + 3) * math.pi / 4
    y = -(x[:, None] + 3 - np.arange(8)).astype(float) * math.pi / 4
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = (turns[:, 0] * np.sin(y0)[:, None] + turns[:, 1] * np.cos(y0)[:, None]) / (y * y)
        weights = (weights / weights.sum(-1, keepdims=True)).astype(np.float32)
    exact = np.zeros(8, np.float32)
    exact[3] = 1
    weights = np.where((x < np.finfo(np.float32).eps)[:, None], exact, weights)
    return np.clip(low[:, None] + np.arange(-3, 5), 0, old - 1), weights


def _stretched(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    """Taps of area interpolation that enlarges: linear between the edges of old pixels."""
    scale = old / new
    at = np.arange(new)
    low = np.floor(at * scale).astype(int)
    part = (at + 1) - (low + 1) / scale
    part = np.where(part <= 0, 0, part - np.floor(part)).astype(np.float32)
    part = np.where(low >= old - 1, np.float32(0), part)
    low = np.minimum(low, old - 1)
    return np.stack([low, np.minimum(low + 1, old - 1)], -1), np.stack([1 - part, part], -1)


def _areas(old: int, new: int) -> tuple[np.ndarray, np.ndarray]:
    """Taps of area interpolation that shrinks: what every new pixel covers of old ones."""
    scale = old / new
    edges = np.arange(new + 1) * scale
    first = np.floor(edges[:-1] + 1e-9).astype(int)
    most = int(np.max(np.ceil(edges[1:] - 1e-9) - first))
    places = first[:, None] + np.arange(most)
    cover = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    weights = np.clip(cover, 0, 1)
    return np.minimum(places, old - 1), (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


def _apply(x: Array, axis: int, places: np.ndarray, weights: np.ndarray) -> Array:
    """Weighted sums of taps (new, count) along an axis."""
    shape = [1] * x.ndim
    shape[axis] = len(places)
    total = None
    for k in range(places.shape[1]):  # the taps of one pixel: 2, 4, 8, or the pixels of an area
        part = jnp.take(x, jnp.asarray(places[:, k]), axis=axis, mode="clip")
        term = part * jnp.asarray(weights[:, k].reshape(shape).astype(x.dtype))
        total = term if total is None else total + term
    assert total is not None
    return total


def _fixed(weights: np.ndarray) -> np.ndarray:
    """Weights as OpenCV's 16-bit whole numbers."""
    return np.clip(np.rint(weights * np.float32(ONE)), -32768, 32767).astype(np.int32)


def _bytes(x: Array, rows: tuple, columns: tuple, interp: int) -> Array:
    """uint8 images through whole-number sums: columns first, then rows.

    Halves are rounded up, but to even in OpenCV's vectors of eight, which only cubic interpolation has.
    """
    wide = _apply(x.astype(jnp.int32), -2, columns[0], _fixed(columns[1]))
    if interp in (LINEAR, AREA):  # rows lose four bits before, and sixteen after their product
        shape = (-1, 1, 1)
        low, high = (jnp.take(wide, jnp.asarray(rows[0][:, k]), axis=-3, mode="clip") >> 4 for k in (0, 1))
        a, b = (jnp.asarray(_fixed(rows[1])[:, k].reshape(shape)) for k in (0, 1))
        total = (((low * a) >> 16) + ((high * b) >> 16) + 2) >> 2
    else:
        total = _apply(wide, -3, rows[0], _fixed(rows[1]))
        half, rest, whole = 1 << 21, total & ((1 << 22) - 1), total >> 22
        line = len(columns[0]) * x.shape[-1]
        scalar = np.arange(line).reshape(-1, x.shape[-1]) >= (line // 8 * 8 if interp == CUBIC else 0)
        total = whole + ((rest > half) | ((rest == half) & (scalar | (whole & 1 == 1))))
    return jnp.clip(total, 0, 255).astype(jnp.uint8)


def _blocks(image: Array, height: int, width: int) -> Array:
    """Means of blocks of whole pixels."""
    *lead, tall, wide, channels = image.shape
    floating = jnp.issubdtype(image.dtype, jnp.floating)
    x = image.reshape(*lead, height, tall // height, width, wide // width, channels)
    total = jnp.sum(x, (-4, -2), dtype=image.dtype if floating else jnp.int32)
    count = tall // height * (wide // width)
    if not floating and count == 4:
        return ((total + 2) >> 2).astype(image.dtype)
    mean = total.astype(image.dtype if floating else jnp.float32) * np.float32(1 / count)
    return mean if floating else jnp.rint(mean).astype(image.dtype)


def resize(image: Array, height: int, width: int, interp: int) -> Array:
    """Images (..., height, width, channels) in another size.

    `interp` is OpenCV's number: 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos.
    """
    old = image.shape[-3:-1]
    if old == (height, width):
        return image
    new = (height, width)
    if interp == NEAREST:
        y, x = (np.minimum(np.floor(np.arange(m) * (n / m)).astype(int), n - 1) for n, m in zip(old, new, strict=True))
        return jnp.take(jnp.take(image, jnp.asarray(y), axis=-3), jnp.asarray(x), axis=-2)
    if interp not in (LINEAR, CUBIC, AREA, LANCZOS):
        raise ValueError(f"interp={interp}: expected 0 (nearest), 1 (linear), 2 (cubic), 3 (area) or 4 (Lanczos)")
    if interp == LINEAR and old == (2 * height, 2 * width):
        interp = AREA  # as OpenCV has it
    if interp == AREA and old[0] % height == 0 and old[1] % width == 0:
        return _blocks(image, height, width)
    shrinks = all(n >= m for n, m in zip(old, new, strict=True))
    makers = {LINEAR: _linear, CUBIC: _cubic, LANCZOS: _lanczos, AREA: _areas if shrinks else _stretched}
    rows = makers[interp](old[0], height)
    columns = (_linear_columns if interp == LINEAR else makers[interp])(old[1], width)
    if image.dtype == jnp.uint8 and not (interp == AREA and shrinks):
        return _bytes(image, rows, columns, interp)
    floating = jnp.issubdtype(image.dtype, jnp.floating)
    y = image if floating else image.astype(jnp.float32)
    y = _apply(_apply(y, -2, *columns), -3, *rows)
    if floating:
        return y
    info = jnp.iinfo(image.dtype)
    return jnp.clip(jnp.rint(y), info.min, info.max).astype(image.dtype)
