"""Images (height, width, channels): augmentation as in `mxnet.image`, borders, and files.

The gradient of flips and of changes of colour is the incoming one, unchanged, as in MXNet.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import AttrError, attr
from declax.errors import OperatorError
from declax.ops.image_resize import resize
from declax.ops.rounding import quotient, unfused
from declax.registry import Key, Tensor, gradient, op
from declax.rules import Shapes, always_type, assign
from declax.shapes import PartialShape, ShapeConflict, is_complete, show

GRAY = (0.299, 0.587, 0.114)
EIGEN = np.array(
    [
        [55.46 * -0.5675, 4.794 * 0.7192, 1.148 * 0.4009],
        [55.46 * -0.5808, 4.794 * -0.0045, 1.148 * -0.8140],
        [55.46 * -0.5836, 4.794 * -0.6948, 1.148 * 0.4203],
    ],
    np.float32,
)
"""Scaled principal components of ImageNet's colours."""


def _need(condition: bool, message: str, shape: PartialShape) -> None:
    if not condition:
        known = "" if is_complete(shape) else ", which must be known here"
        raise ShapeConflict(f"{message}, got {show(shape)}{known}")


def _image_shape(ins: Shapes, outs: Shapes) -> None:
    s = ins[0]
    _need(s is not None and len(s) == 3, "Input image must have shape (height, width, channels)", s)
    assert s is not None
    _need(s[-1] in (1, 3), "The last dimension of input image must be the channel dimension with 1 or 3 elements", s)
    assign(outs, 0, s)


def _cast(x: Array, dtype: Any) -> Array:
    """float32 numbers in an image's type: cut off, and for uint8 kept within 0 .. 255."""
    if dtype == jnp.uint8:
        x = jnp.clip(x, 0, 255)
    return x.astype(dtype)


def _through(cotangents: tuple, outputs: tuple, data: Array) -> Array:
    """MXNet's gradient of augmentations: the incoming one."""
    return cotangents[0]


# -- shape and range -------------------------------------------------------------------------------------------


def _tensor_shape(ins: Shapes, outs: Shapes) -> None:
    s = ins[0]
    if s is None or not is_complete(s):
        return
    _need(len(s) in (3, 4), "Input image must have shape (height, width, channels), or (N, height, width, channels)", s)
    assign(outs, 0, (*s[:-3], s[-1], s[-3], s[-2]))


@op(aliases=("_npx__image_to_tensor",), shape=_tensor_shape, types=always_type("float32"))
def _image_to_tensor(data: Tensor):
    """Images with channels first and values from 0 to 1.

    Shapes: data (H, W, C) or (N, H, W, C), of values up to 255 -> (C, H, W) or (N, C, H, W), float32.
    """
    return jnp.moveaxis(data, -1, -3).astype(jnp.float32) / 255


def _normal_shape(ins: Shapes, outs: Shapes, mean, std) -> None:
    s = ins[0]
    _need(s is not None and len(s) in (3, 4), "Input tensor must have shape (channels, height, width), or (N, channels, height, width)", s)  # fmt: skip  # noqa: E501
    assert s is not None
    channels = s[-3]
    _need(channels in (1, 3), "The channel dimension of input tensor must have 1 or 3 elements", s)
    for values, name in ((mean, "mean"), (std, "std")):
        if len(values) not in (1, channels):
            raise ShapeConflict(
                f"Invalid {name} for input with shape {show(s)}: 1 or {channels} elements, got {values}"
            )
    assign(outs, 0, s)


@op(aliases=("_npx__image_normalize",), shape=_normal_shape)
def _image_normalize(
    data: Tensor,
    *,
    mean: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0),
    std: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0),
):
    """Channels less their mean, over their standard deviation.

    Shapes: data (C, H, W) or (N, C, H, W) -> the same. `mean` and `std` have C numbers or one; as in MXNet the defaults
    fit no image.
    """
    m, s = (jnp.array(v, data.dtype).reshape(-1, 1, 1) for v in (mean, std))
    return (data - m) / s


def _crop_shape(ins: Shapes, outs: Shapes, x, y, width, height) -> None:
    s = ins[0]
    _need(s is not None and len(s) in (3, 4), "Image Crop expects inputs of 3D (h, w, c) or 4D (n, h, w, c)", s)
    assert s is not None
    _need(s[-1] in (1, 3), "Expect channel of the input image is 1 or 3", s)
    if height <= 0 or width <= 0:
        raise ShapeConflict("Input height and width must be greater than 0")
    _need(s[-2] is not None and x + width <= s[-2], "x + width should not be greater than input width", s)
    _need(s[-3] is not None and y + height <= s[-3], "y + height should not be greater than input height", s)
    assign(outs, 0, (*s[:-3], height, width, s[-1]))


@op(aliases=("_npx__image_crop",), shape=_crop_shape)
def _image_crop(data: Tensor, *, x: int, y: int, width: int, height: int):
    """A part of images, from its top left corner (x, y).

    Shapes: data (H, W, C) or (N, H, W, C) -> the same with `height` and `width`.
    """
    return data[..., y : y + height, x : x + width, :]


def _new_size(s: tuple[int, ...], size: tuple[int, ...], keep_ratio: bool) -> tuple[int, int]:
    """Height and width that `size` asks for."""
    if len(size) == 2:
        return size[1], size[0]
    (edge,) = size
    height, width = s[-3:-1]
    if not keep_ratio:
        return edge, edge
    return (height * edge // width, edge) if height > width else (edge, width * edge // height)


def _check_size(size) -> None:
    if len(size) not in (1, 2):
        raise AttrError(f"Input size dimension must be 1 or 2, but got {len(size)}")
    if min(size) <= 0:
        raise AttrError(f"Input size should be greater than 0, but got {size}")


def _resize_shape(ins: Shapes, outs: Shapes, size, keep_ratio) -> None:
    s = ins[0]
    _need(s is not None and len(s) in (3, 4), "Input image dimension should be 3 or 4", s)
    assert s is not None
    try:
        _check_size(size)
    except AttrError as e:
        raise ShapeConflict(str(e)) from None
    if len(size) == 1 and keep_ratio and None in s[-3:-1]:
        return
    assign(outs, 0, (*s[:-3], *_new_size(s, size, keep_ratio), s[-1]))  # pyright: ignore[reportArgumentType]


@op(aliases=("_npx__image_resize",), shape=_resize_shape)
def _image_resize(data: Tensor, *, size: tuple[int, ...] = (), keep_ratio: bool = False, interp: int = 1):
    """Images in another size, as OpenCV resizes them.

    Shapes: data (H, W, C) or (N, H, W, C) -> the same with a new height and width. `size` is (width, height) or one
    number for both, or with `keep_ratio` for the shorter one. `interp` is OpenCV's: 0 nearest, 1 linear, 2 cubic, 3
    area, 4 Lanczos.
    """
    return resize(data, *_new_size(data.shape, size, keep_ratio), interp)


# -- flips -----------------------------------------------------------------------------------------------------


@op(aliases=("_npx__image_flip_left_right",), shape=_image_shape)
def _image_flip_left_right(data: Tensor):
    """The mirror image.

    Shapes: data (H, W, C) -> the same.
    """
    return jnp.flip(data, 1)


@op(aliases=("_npx__image_flip_top_bottom",), shape=_image_shape)
def _image_flip_top_bottom(data: Tensor):
    """The image upside down.

    Shapes: data (H, W, C) -> the same.
    """
    return jnp.flip(data, 0)


def _maybe_flipped(key: Key, data: Array, axis: int) -> Array:
    return jnp.where(jax.random.bernoulli(key), data, jnp.flip(data, axis))


@op(aliases=("_npx__image_random_flip_left_right",), shape=_image_shape)
def _image_random_flip_left_right(data: Tensor, *, key: Key):
    """The image or its mirror image, by the toss of a coin.

    Shapes: data (H, W, C) -> the same.
    """
    return _maybe_flipped(key, data, 1)


@op(aliases=("_npx__image_random_flip_top_bottom",), shape=_image_shape)
def _image_random_flip_top_bottom(data: Tensor, *, key: Key):
    """The image, or upside down, by the toss of a coin.

    Shapes: data (H, W, C) -> the same.
    """
    return _maybe_flipped(key, data, 0)


# -- colour ----------------------------------------------------------------------------------------------------


def _brighter(data: Array, alpha: Array) -> Array:
    return _cast(data.astype(jnp.float32) * alpha, data.dtype)


def _contrasted(data: Array, alpha: Array) -> Array:
    x = data.astype(jnp.float32)
    gray = jnp.sum(x * jnp.array(GRAY, jnp.float32), -1) if data.shape[-1] > 1 else x[..., 0]
    return _cast(x * alpha + (1 - alpha) * jnp.mean(gray), data.dtype)


def _saturated(data: Array, alpha: Array) -> Array:
    if data.shape[-1] == 1:
        return data
    x = data.astype(jnp.float32)
    gray = x[..., 2:] * np.float32(GRAY[2]) * (1 - alpha)  # MXNet 1.9.1 counts the last channel alone
    return _cast(gray + x * alpha, data.dtype)


def _to_hls(x: Array) -> tuple[Array, Array, Array]:
    """Hue in degrees, lightness and saturation of colours (..., 3) up to 255."""
    r, g, b = (quotient(x[..., i], 255) for i in range(3))
    high, low = jnp.maximum(jnp.maximum(r, g), b), jnp.minimum(jnp.minimum(r, g), b)
    span, light = high - low, (high + low) * 0.5
    coloured = span > np.finfo(np.float32).eps
    under = jnp.where(light < 0.5, high + low, 2 - high - low)
    saturation = jnp.where(coloured, span / jnp.where(coloured, under, 1), 0)
    sixth = 60 / jnp.where(coloured, span, 1)
    hue = jnp.where(
        high == r, (g - b) * sixth, jnp.where(high == g, unfused((b - r) * sixth) + 120, unfused((r - g) * sixth) + 240)
    )
    hue = jnp.where(hue < 0, hue + 360, hue)
    return jnp.where(coloured, hue, 0), light, saturation


def _from_hls(hue: Array, light: Array, saturation: Array) -> Array:
    """Colours (..., 3) up to 255 from hue in degrees, lightness and saturation."""
    high = jnp.where(light <= 0.5, light * (1 + saturation), light + saturation - unfused(light * saturation))
    low = 2 * light - high
    at = hue * np.float32(1 / 60)
    at = at - 6 * jnp.floor(at / 6)
    sector = jnp.minimum(jnp.floor(at), 5)
    part = at - sector
    span = high - low
    table = jnp.stack([high, low, low + unfused(span * (1 - part)), low + unfused(span * part)], -1)
    blue_green_red = np.array([[1, 3, 0], [1, 0, 2], [3, 0, 1], [0, 2, 1], [0, 1, 3], [2, 1, 0]], np.int32)
    chosen = jnp.asarray(blue_green_red[:, ::-1])[sector.astype(jnp.int32)]
    colours = jnp.take_along_axis(table, chosen, -1)
    return 255 * jnp.where((saturation == 0)[..., None], light[..., None], colours)


def _turned(data: Array, alpha: Array) -> Array:
    if data.shape[-1] == 1:
        return data
    hue, light, saturation = _to_hls(data.astype(jnp.float32))
    return _cast(_from_hls(hue + unfused(alpha * 360), light, saturation), data.dtype)


def _factor(key: Key, low: float, high: float) -> Array:
    return jax.random.uniform(key, (), jnp.float32, low, high)


@op(aliases=("_npx__image_random_brightness",), shape=_image_shape)
def _image_random_brightness(data: Tensor, *, min_factor: float = attr(ge=0), max_factor: float = attr(ge=0), key: Key):
    """The image times a random factor.

    Shapes: data (H, W, C) -> the same.
    """
    return _brighter(data, _factor(key, min_factor, max_factor))


@op(aliases=("_npx__image_random_contrast",), shape=_image_shape)
def _image_random_contrast(data: Tensor, *, min_factor: float = attr(ge=0), max_factor: float = attr(ge=0), key: Key):
    """The image drawn towards or away from its mean gray by a random factor.

    Shapes: data (H, W, C) -> the same.
    """
    return _contrasted(data, _factor(key, min_factor, max_factor))


@op(aliases=("_npx__image_random_saturation",), shape=_image_shape)
def _image_random_saturation(data: Tensor, *, min_factor: float = attr(ge=0), max_factor: float = attr(ge=0), key: Key):
    """The image drawn towards or away from gray, pixel by pixel, by a random factor.

    Shapes: data (H, W, C) -> the same. As in MXNet 1.9.1 the gray of a pixel is 0.114 of its last channel.
    """
    return _saturated(data, _factor(key, min_factor, max_factor))


@op(aliases=("_npx__image_random_hue",), shape=_image_shape)
def _image_random_hue(data: Tensor, *, min_factor: float = attr(ge=0), max_factor: float = attr(ge=0), key: Key):
    """The image with its hues turned by a random part of the circle.

    Shapes: data (H, W, C) -> the same.
    """
    return _turned(data, _factor(key, min_factor, max_factor))


@op(aliases=("_npx__image_random_color_jitter",), shape=_image_shape)
def _image_random_color_jitter(
    data: Tensor, *, brightness: float, contrast: float, saturation: float, hue: float, key: Key
):
    """Random changes of brightness, contrast, saturation and hue, in random order.

    Shapes: data (H, W, C) -> the same. A number says how far a factor strays from 1, for the hue from 0; none is 0.
    """
    keys = jax.random.split(key, 5)
    spreads = (brightness, contrast, saturation, hue)
    alphas = [
        _factor(k, -s, s) + (i < 3) if s > 0 else None for i, (k, s) in enumerate(zip(keys, spreads, strict=False))
    ]
    functions = (_brighter, _contrasted, _saturated, _turned)
    branches = [
        (lambda x: x) if a is None else (lambda x, f=f, a=a: f(x, a)) for f, a in zip(functions, alphas, strict=True)
    ]
    order = jax.random.permutation(keys[4], 4)
    return lax.fori_loop(0, 4, lambda i, x: lax.switch(order[i], branches, x), data)


def _lit(data: Array, alpha: Array) -> Array:
    if data.shape[-1] == 1:
        return data
    shift = jnp.sum(jnp.asarray(EIGEN) * alpha, -1)
    return _cast(data.astype(jnp.float32) + shift, data.dtype)


@op(aliases=("_npx__image_adjust_lighting",), shape=_image_shape)
def _image_adjust_lighting(data: Tensor, *, alpha: tuple[float, ...]):
    """The image with a colour added, in units of ImageNet's principal components (Krizhevsky et al. 2012).

    Shapes: data (H, W, C) -> the same.
    """
    return _lit(data, jnp.array(alpha[:3], jnp.float32))


@op(aliases=("_npx__image_random_lighting",), shape=_image_shape)
def _image_random_lighting(data: Tensor, *, alpha_std: float = 0.05, key: Key):
    """`_image_adjust_lighting` by normal random numbers.

    Shapes: data (H, W, C) -> the same.
    """
    return _lit(data, jax.random.normal(key, (3,), jnp.float32) * alpha_std)


for _operator in (
    _image_flip_left_right, _image_flip_top_bottom, _image_random_flip_left_right, _image_random_flip_top_bottom,
    _image_random_brightness, _image_random_contrast, _image_random_saturation, _image_random_hue,
    _image_random_color_jitter, _image_adjust_lighting, _image_random_lighting,
):  # fmt: skip
    gradient(_operator)(_through)


# -- OpenCV's functions ----------------------------------------------------------------------------------------


def _sized_shape(ins: Shapes, outs: Shapes, w, h) -> None:
    if ins[0] is not None and len(ins[0]) == 3:
        assign(outs, 0, (h, w, ins[0][2]))


@op(aliases=("_npi_cvimresize",), shape=_sized_shape)
def _cvimresize(data: Tensor, *, w: int = attr(ge=1), h: int = attr(ge=1), interp: int = 1):
    """An image in another size, as OpenCV resizes it.

    Shapes: data (H, W, C) -> (h, w, C). `interp`: 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos.
    """
    return resize(data, h, w, interp)


_BORDERS = ("constant", "edge", "symmetric", "wrap", "reflect")


def _check_border(type) -> None:
    if type not in range(len(_BORDERS)):
        raise AttrError(f"type={type}: expected a border from 0 to {len(_BORDERS) - 1}")


def _border_shape(ins: Shapes, outs: Shapes, top, bot, left, right) -> None:
    s = ins[0]
    if s is None or len(s) != 3:
        return
    tall, wide = (None if d is None else d + more for d, more in zip(s, (top + bot, left + right), strict=False))
    assign(outs, 0, (tall, wide, s[2]))


@op(shape=_border_shape, check=_check_border)
def _cvcopyMakeBorder(
    data: Tensor, *, top: int, bot: int, left: int, right: int, type: int = 0, value: float = 0.0,
    values: tuple[float, ...] = (),
):  # fmt: skip
    """An image with a border, as OpenCV makes it.

    Shapes: data (H, W, C) -> (H + top + bot, W + left + right, C). `type`: 0 `values` by channel (or `value` in the
    first three), 1 the edge, 2 the mirror image, 3 the image again, 4 the mirror image without the edge.
    """
    pads = ((top, bot), (left, right), (0, 0))
    if type:
        return jnp.pad(data, pads, mode=_BORDERS[type])
    colour = (values or (value, value, value))[:4]
    colour = np.array((*colour, 0, 0, 0, 0)[: data.shape[2]])
    if jnp.issubdtype(data.dtype, jnp.integer):
        info = jnp.iinfo(data.dtype)
        colour = np.clip(np.rint(colour), info.min, info.max)
    inside = jnp.pad(jnp.ones(data.shape[:2], bool), pads[:2])
    return jnp.where(inside[..., None], jnp.pad(data, pads), jnp.asarray(colour.astype(data.dtype)))


def _decoded(content: bytes, flag: int, to_rgb: bool, where: str) -> Array:
    """The image in a file's content, uint8 (H, W, C)."""
    from io import BytesIO

    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise OperatorError(f"{where}: reading images needs Pillow: pip install 'declax[image]'") from None
    try:
        image = Image.open(BytesIO(content))
        if flag == 0:
            image.draft("L", image.size)
        gray = flag == 0 and image.mode in ("1", "L", "LA")
        pixels = np.asarray(image.convert("L" if gray else "RGB"))
    except (UnidentifiedImageError, OSError) as e:
        raise OperatorError(f"{where}: Decoding failed. Invalid image file: {e}") from None
    if flag == 0 and not gray:  # OpenCV's whole-number weights; of PNG it cuts the sum off
        half = 0 if image.format == "PNG" else 1 << 13
        pixels = ((pixels.astype(np.int32) @ np.array([4899, 9617, 1868]) + half) >> 14).astype(np.uint8)
    pixels = pixels.reshape(*pixels.shape[:2], -1)
    return jnp.asarray(pixels if to_rgb or flag == 0 else pixels[..., ::-1])


def _unknown(ins: Shapes, outs: Shapes) -> None:
    """The size of an image is known when it is read."""


@op(aliases=("_npi_cvimdecode",), shape=_unknown, types=always_type("uint8"), dynamic=True)
def _cvimdecode(data: Tensor, *, flag: int = attr(1, ge=0), to_rgb: bool = True):
    """The image in the bytes of a JPEG, PNG or other file, read by Pillow.

    Shapes: data (bytes,) uint8 -> (H, W, 3), or (H, W, 1) in gray with `flag=0`, uint8. Channels are red, green, blue,
    or the other way round without `to_rgb`. It runs on the host, outside `jit`.
    """
    return _decoded(np.asarray(data).astype(np.uint8).tobytes(), flag, to_rgb, "cvimdecode")


@op(aliases=("_npi_cvimread",), shape=_unknown, types=always_type("uint8"), dynamic=True)
def _cvimread(*, filename: str, flag: int = attr(1, ge=0), to_rgb: bool = True):
    """The image in a file, read by Pillow.

    Shapes: -> (H, W, 3), or (H, W, 1) in gray with `flag=0`, uint8; see `_cvimdecode`.
    """
    try:
        with open(filename, "rb") as f:
            content = f.read()
    except OSError as e:
        raise OperatorError(f"cvimread: {filename!r}: {e.strerror}") from None
    return _decoded(content, flag, to_rgb, f"cvimread: {filename!r}")
