"""Between floating and 8-bit numbers, as MXNet's CPU build (oneDNN) has it: scaled, rounded half to even, saturated.

A quantised tensor comes with the least and the largest number that its range stands for, shape (1,) each; the larger
magnitude of the two is worth 127 (int8), 255 (uint8) or 2**31 (int32), or half a step more where MXNet has it so.
"""

from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.registry import Tensor, deduce, gradient, op
from declax.rules import Shapes, TypeConflict, Types, assign, assign_type
from declax.shapes import merge

LEVELS = {"int8": 127.0, "uint8": 255.0, "int32": 2.0**31}
"""What the largest magnitude of a range is worth to `quantize`, `requantize` and the ranges of products."""

WIDE = {"int8": 127.5, "uint8": 255.5, "int32": 2147483647.0}
"""What it is worth to everything else."""

OutType = Literal["auto", "int8", "uint8"]


def one() -> tuple[int]:
    """Shape of a range's end."""
    return (1,)


def largest(low: Array | float, high: Array | float) -> Array:
    """The larger magnitude of a range."""
    return jnp.maximum(jnp.abs(low), jnp.abs(high))


def rounded(x: Array, dtype: Any) -> Array:
    """x rounded half to even, within the limits of an integer type."""
    info = jnp.iinfo(dtype)
    if info.bits < 32:
        return jnp.clip(jnp.rint(x), info.min, info.max).astype(dtype)
    whole = jnp.rint(x)  # 2**31 itself is no int32
    return jnp.where(whole >= 2.0**31, info.max, jnp.clip(whole, -(2.0**31), 2147483520.0).astype(dtype))


def wide(x: Array) -> np.float32:
    """What the largest magnitude of x's range is worth."""
    return np.float32(WIDE[x.dtype.name])


def no_gradient(cotangents: tuple, outputs: tuple, *inputs: Array) -> tuple[None, ...]:
    """The gradient of operators that have none."""
    return (None,) * len(inputs)


def range_shape(ins: Shapes, outs: Shapes) -> None:
    """A shape rule: the first input and the first output alike, the other outputs (1,)."""
    known = merge(ins[0], outs[0])
    ins[0] = outs[0] = known
    ends(outs)


def float_types(ins: Types, outs: Types) -> None:
    """Everything but the first input and the first output is float32."""
    for types in (ins, outs):
        for i in range(1, len(types)):
            assign_type(types, i, "float32")


def need_byte(ins: Types, what: str, index: int = 0) -> None:
    """TypeConflict unless an input is int8 or uint8."""
    dtype = ins[index]
    if dtype is None or dtype.name not in ("int8", "uint8"):
        raise TypeConflict(f"{what} only supports int8 and uint8 input, got {dtype and dtype.name}")


def ends(outs: Shapes) -> None:
    """The outputs after the first are the ends of its range, (1,) each."""
    for i in range(1, len(outs)):
        assign(outs, i, (1,))


def product_range(a: tuple[Array, Array], b: tuple[Array, Array], unit: float) -> tuple[Array, Array]:
    """The range of int32 sums of products, `unit` being what the ranges' largest magnitudes are worth together."""
    high = largest(*a) * largest(*b) * np.float32(LEVELS["int32"] / unit)
    return -high, high


def chosen(out_type: str, min_calib_range: float | None, max_calib_range: float | None) -> str:
    """The output type that `auto` means."""
    if out_type != "auto":
        return out_type
    calibrated = min_calib_range is not None and max_calib_range is not None
    return "uint8" if calibrated and min_calib_range >= 0 else "int8"  # pyright: ignore[reportOptionalOperand]


def _quantize(x: Array, low: Array, high: Array, dtype: str, worth: dict[str, float]) -> tuple[Array, Array, Array]:
    """(numbers, least, largest) of float32 numbers in a range (1,)."""
    real = largest(low, high)
    numbers = rounded(x * (np.float32(worth[dtype]) / real), dtype)
    return (numbers, low, high) if dtype == "uint8" else (numbers, -real, real)


def _quantize_type(ins: Types, outs: Types, out_type) -> None:
    float_types(ins, outs)
    assign_type(ins, 0, "float32")
    assign_type(outs, 0, out_type)


@op(outputs=3, shape=range_shape, types=_quantize_type)
def _contrib_quantize(
    data: Tensor, min_range: Tensor = deduce(one), max_range: Tensor = deduce(one), *,
    out_type: Literal["int8", "uint8"] = "uint8",
):  # fmt: skip
    """8-bit numbers for float32 ones, by a range that is given.

    Shapes: data any, ends of the range (1,) -> data's shape and the ends (1,). int8 ranges are symmetric.
    """
    return _quantize(data, min_range, max_range, out_type, LEVELS)


def _quantize_v2_type(ins: Types, outs: Types, out_type, min_calib_range, max_calib_range) -> None:
    if ins[0] is None or ins[0].name not in ("float32", "uint8", "int8"):
        raise TypeConflict(f"quantize_v2 takes float32, uint8 or int8, got {ins[0]}")
    float_types(ins, outs)
    assign_type(outs, 0, chosen(out_type, min_calib_range, max_calib_range))


@op(outputs=3, shape=range_shape, types=_quantize_v2_type)
def _contrib_quantize_v2(
    data: Tensor, *, out_type: OutType = "int8", min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):  # fmt: skip
    """8-bit numbers for float32 ones, by a calibrated range or by that of the data.

    Shapes: data any -> data's shape and the ends of the range (1,). `auto` is uint8 for a range that starts at 0 or
    above. 8-bit data pass through.
    """
    dtype = chosen(out_type, min_calib_range, max_calib_range)
    calibrated = min_calib_range is not None and max_calib_range is not None
    limits = [jnp.full((1,), v, jnp.float32) for v in (min_calib_range, max_calib_range) if v is not None]
    if data.dtype != jnp.float32:
        low, high = (0.0, 255.5) if data.dtype == jnp.uint8 else (-127.5, 127.5)
        low, high = limits if calibrated else (jnp.full((1,), low, jnp.float32), jnp.full((1,), high, jnp.float32))
        return data.astype(dtype), low, high
    low, high = limits if calibrated else (jnp.min(data).reshape(1), jnp.max(data).reshape(1))
    return _quantize(data, low, high, dtype, WIDE)


def _asym_type(ins: Types, outs: Types) -> None:
    if ins[0] is None or ins[0].name not in ("float32", "uint8", "int8"):
        raise TypeConflict(f"quantize_asym takes float32, uint8 or int8, got {ins[0]}")
    float_types(ins, outs)
    assign_type(outs, 0, "uint8")


@op(outputs=("output", "scale", "shift"), shape=range_shape, types=_asym_type)
def _contrib_quantize_asym(data: Tensor, *, min_calib_range: float | None = None, max_calib_range: float | None = None):
    """uint8 numbers x * scale + shift that use the whole range of the data.

    Shapes: data any -> data's shape, scale (1,) and shift (1,).
    """
    if data.dtype != jnp.float32:
        shift = 0.0 if data.dtype == jnp.uint8 else 128.0
        moved = (data.astype(jnp.int32) + int(shift)).astype(jnp.uint8)
        return moved, jnp.ones((1,), jnp.float32), jnp.full((1,), shift, jnp.float32)
    if min_calib_range is not None and max_calib_range is not None:
        low, high = (jnp.full((1,), v, jnp.float32) for v in (min_calib_range, max_calib_range))
    else:
        low, high = jnp.min(data).reshape(1), jnp.max(data).reshape(1)
    scale = 255 / (high - low)
    shift = 255 - high * scale
    return rounded(data * scale + shift, jnp.uint8), scale, shift


def _dequantize_type(ins: Types, outs: Types) -> None:
    need_byte(ins, "dequantize")
    float_types(ins, outs)
    assign_type(outs, 0, "float32")


@op(shape=range_shape, types=_dequantize_type)
def _contrib_dequantize(
    data: Tensor, min_range: Tensor = deduce(one), max_range: Tensor = deduce(one), *,
    out_type: Literal["float32"] = "float32",
):  # fmt: skip
    """float32 numbers for 8-bit ones.

    Shapes: data any, ends of its range (1,) -> data's shape.
    """
    return data.astype(jnp.float32) * (largest(min_range, max_range) / wide(data))


def _requantize_type(ins: Types, outs: Types, out_type, min_calib_range, max_calib_range) -> None:
    float_types(ins, outs)
    assign_type(ins, 0, "int32")
    assign_type(outs, 0, chosen(out_type, min_calib_range, max_calib_range))


@op(outputs=3, shape=range_shape, types=_requantize_type)
def _contrib_requantize(
    data: Tensor, min_range: Tensor = deduce(one), max_range: Tensor = deduce(one), *, out_type: OutType = "int8",
    min_calib_range: float | None = None, max_calib_range: float | None = None,
):  # fmt: skip
    """8-bit numbers for int32 ones, by a calibrated range or by that of the data.

    Shapes: data any, ends of its range (1,) -> data's shape and the ends of the new range (1,).
    """
    dtype = chosen(out_type, min_calib_range, max_calib_range)
    unit = largest(min_range, max_range) / np.float32(LEVELS["int32"])
    if min_calib_range is not None and max_calib_range is not None:
        real = jnp.full((1,), max(abs(min_calib_range), abs(max_calib_range)), jnp.float32)
    else:
        limits = jnp.abs(jnp.min(data).astype(jnp.float32)), jnp.abs(jnp.max(data).astype(jnp.float32))
        real = jnp.maximum(*limits) * unit
    scale = unit * (np.float32(LEVELS[dtype]) / real)
    numbers = rounded(data.astype(jnp.float32) * scale, dtype)
    return numbers, jnp.zeros_like(real) if dtype == "uint8" else -real, real


# -- calibration -----------------------------------------------------------------------------------------------


def _smooth(p: Array, inside: Array) -> tuple[Array, Array]:
    """A distribution whose zeros got a little of the rest, and whether there is a rest to take from."""
    zero, full = inside & (p == 0), inside & (p != 0)
    zeros, others = (jnp.sum(x, dtype=jnp.int32).astype(p.dtype) for x in (zero, full))
    eps = np.float32(0.0001)
    share = eps * zeros / jnp.maximum(others, 1)
    return p + eps * zero - share * full, (others > 0) & (share < 1)


def _entropy_shape(ins: Shapes, outs: Shapes) -> None:
    assign(outs, 0, (1,))
    assign(outs, 1, (1,))


def _entropy_type(ins: Types, outs: Types) -> None:
    if ins[0] is None or ins[0] != np.float32:
        raise TypeConflict(f"hist must be float32, got {ins[0]}")
    float_types(ins, outs)
    assign_type(outs, 0, "float32")


@op(outputs=("threshold", "divergence"), shape=_entropy_shape, types=_entropy_type)
def _contrib_calibrate_entropy(hist: Tensor, hist_edges: Tensor, *, num_quantized_bins: int = 255):
    """The threshold at which clipped and quantised data differ least, by Kullback and Leibler, from the data.

    Shapes: hist (B,) counts in bins symmetric about 0, hist_edges (B + 1,) -> threshold (1,), divergence (1,).
    """
    bins, half = hist.shape[0], num_quantized_bins // 2
    places = jnp.arange(bins, dtype=jnp.int32)
    middle = bins // 2

    def divergence(i: Array) -> Array:
        start, stop = middle - i, middle + i + 1
        inside = (places >= start) & (places < stop)
        inner = inside & (places > start)
        counts = jnp.where(inner, jnp.floor(hist), 0)
        below = jnp.sum(jnp.where(places <= start, hist, 0))
        above = jnp.sum(jnp.where(places >= stop, hist, 0))
        p = jnp.where(inner, hist, 0) + jnp.where(places == start, below, 0) + jnp.where(places == stop - 1, above, 0)
        merged = (2 * i + 1) // num_quantized_bins
        group = jnp.clip((places - start) // merged, 0, num_quantized_bins - 1)
        sums = jax.ops.segment_sum(counts, group, num_quantized_bins)
        filled = jax.ops.segment_sum((counts != 0).astype(jnp.float32), group, num_quantized_bins)
        mean = sums / jnp.maximum(filled, 1)
        q = jnp.where(inside & (p != 0) & (filled[group] > 0), mean[group], 0)
        (p, good_p), (q, good_q) = _smooth(p, inside), _smooth(q, inside)
        p, q = (jnp.where(inside, x, 0) / jnp.sum(jnp.where(inside, x, 0)) for x in (p, q))
        both = inside & (p > 0) & (q > 0)
        terms = jnp.where(both, p * jnp.log(jnp.where(both, p, 1) / jnp.where(both, q, 1)), 0)
        return jnp.where(good_p & good_q, jnp.sum(terms), jnp.inf)

    found = lax.map(divergence, jnp.arange(half, middle + 1, dtype=jnp.int32))
    best = jnp.argmin(found)
    return hist_edges[middle + half + best + 1].reshape(1), found[best].reshape(1)


for _operator in (_contrib_quantize, _contrib_quantize_v2, _contrib_quantize_asym, _contrib_dequantize,
                  _contrib_requantize, _contrib_calibrate_entropy):  # fmt: skip
    gradient(_operator)(no_gradient)
