"""Layers on 8-bit numbers, as MXNet's CPU build (oneDNN) has them; without gradients.

Every tensor comes with the ends of the range that it stands for (declax/ops/quantize.py).
"""

import math
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import Array

from declax.attrs import AttrError, attr
from declax.layers.pool import Pooling
from declax.ops.quantize import (
    WIDE,
    ends,
    float_types,
    largest,
    need_byte,
    no_gradient,
    one,
    product_range,
    range_shape,
    rounded,
    wide,
)
from declax.ops.rounding import quotient
from declax.registry import Tensor, aux, deduce, gradient, lookup, op
from declax.rules import Shapes, TypeConflict, Types, assign, assign_type, concat, same_shape

Shape = tuple[int, ...]
NAMES = ("output", "min_output", "max_output")
Layout = Literal["NCDHW", "NCHW", "NCW", "NDHWC", "NHWC"]


def _inner_shape(name: str, count: int, ins: Shapes, outs: Shapes, params: dict) -> None:
    """The shape rule of a floating operator on the first `count` inputs; everything else is (1,)."""
    rule = lookup(name).shape_rule
    assert rule is not None
    first, result = ins[:count], outs[:1]
    rule(first, result, **params)
    ins[:count], outs[:1] = first, result
    for i in range(count, len(ins)):
        assign(ins, i, (1,))
    ends(outs)


# -- element by element ----------------------------------------------------------------------------------------


def _act_type(ins: Types, outs: Types) -> None:
    float_types(ins, outs)
    assign_type(outs, 0, "int8")


def _check_act(act_type) -> None:
    if act_type != "relu":
        raise AttrError(f"act_type={act_type}: _contrib_quantized_act only supports act_type=relu")


@op(outputs=NAMES, shape=range_shape, types=_act_type, check=_check_act)
def _contrib_quantized_act(
    data: Tensor,
    min_data: Tensor = deduce(one),
    max_data: Tensor = deduce(one),
    *,
    act_type: Literal["relu", "sigmoid", "softrelu", "softsign", "tanh"],
):
    """Rectified 8-bit numbers, as int8; `relu` is the only activation, as in MXNet.

    Shapes: data any -> data's shape and the ends of its range (1,), which stay.
    """
    return jnp.maximum(data, 0).astype(jnp.int8), min_data, max_data


def _norm_shape(ins: Shapes, outs: Shapes, axis) -> None:
    if ins[0] is None:
        return
    for i in range(1, 5):
        assign(ins, i, (ins[0][axis],))
    assign(outs, 0, ins[0])
    ends(outs)


def _norm_type(ins: Types, outs: Types) -> None:
    need_byte(ins, "QuantizedBatchNorm")
    float_types(ins, outs)
    assign_type(outs, 0, "int8")


def _check_norm(min_calib_range, max_calib_range) -> None:
    if min_calib_range is None or max_calib_range is None:
        raise AttrError("quantized batch normalization needs min_calib_range and max_calib_range")


@op(outputs=NAMES, shape=_norm_shape, types=_norm_type)
def _contrib_quantized_batch_norm(
    data: Tensor,
    gamma: Tensor,
    beta: Tensor,
    moving_mean: Tensor = aux(),
    moving_var: Tensor = aux(),
    min_data: Tensor = deduce(one),
    max_data: Tensor = deduce(one),
    *,
    eps: float = 1e-3,
    momentum: float = 0.9,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """Batch normalization of 8-bit numbers by moving averages, into int8 of a calibrated range.

    Shapes: data (..., C, ...) with C at `axis`, the others (C,) -> data's shape and the ends of its range (1,). Gamma
    counts whatever `fix_gamma` says, as in MXNet; `momentum`, `use_global_stats` and `output_mean_var` mean nothing.
    """
    _check_norm(min_calib_range, max_calib_range)
    assert min_calib_range is not None
    assert max_calib_range is not None
    limits = tuple(jnp.full((1,), v, jnp.float32) for v in (min_calib_range, max_calib_range))
    x = data if data.dtype == jnp.int8 else rounded(data.astype(jnp.float32) * np.float32(127.5 / 255.5), jnp.int8)
    out, shape = largest(*limits), [1] * data.ndim
    shape[axis] = data.shape[axis]
    inverse = 1 / jnp.sqrt(moving_var + np.float32(eps))
    # oneDNN normalizes by its own unit variance and the same epsilon once more
    scale = gamma * inverse * largest(min_data, max_data) / out / np.float32(math.sqrt(1 + eps))
    shift = (beta - moving_mean * gamma * inverse) * wide(x) / out
    y = x.astype(jnp.float32) * scale.reshape(shape) + shift.reshape(shape)
    return rounded(y, jnp.int8), *limits, moving_mean, moving_var


def _pair_shape(ins: Shapes, outs: Shapes) -> None:
    both = ins[:2]
    same_shape(both, outs[:1])
    ins[:2] = both
    assign(outs, 0, both[0])
    for i in range(2, 6):
        assign(ins, i, (1,))
    ends(outs)


def _add_type(ins: Types, outs: Types, min_calib_range, max_calib_range) -> None:
    for i in range(2):
        if ins[i] is None or ins[i] != np.int8:
            assign_type(ins, i, "uint8")
    for i in range(2, 6):
        assign_type(ins, i, "float32")
    float_types(ins[:1], outs)
    calibrated = min_calib_range is not None and max_calib_range is not None
    same = ins[0] if ins[0] == ins[1] else np.dtype("int8")
    assign_type(outs, 0, same if calibrated else "int32")


@op(outputs=NAMES, shape=_pair_shape, types=_add_type)
def _contrib_quantized_elemwise_add(
    lhs: Tensor,
    rhs: Tensor,
    lhs_min: Tensor = deduce(one),
    lhs_max: Tensor = deduce(one),
    rhs_min: Tensor = deduce(one),
    rhs_max: Tensor = deduce(one),
    *,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """Sum of 8-bit numbers, into int32, or into 8 bits by a calibrated range.

    Shapes: lhs and rhs alike -> their shape and the ends of its range (1,).
    """
    a, b = largest(lhs_min, lhs_max), largest(rhs_min, rhs_max)
    calibrated = min_calib_range is not None and max_calib_range is not None
    if calibrated:
        low, high = (jnp.full((1,), v, jnp.float32) for v in (min_calib_range, max_calib_range))  # pyright: ignore[reportArgumentType]
        dtype = lhs.dtype if lhs.dtype == rhs.dtype else np.dtype("int8")
    else:
        low, high, dtype = -(a + b), a + b, np.dtype("int32")
    unit = np.float32(WIDE[dtype.name]) / largest(low, high)
    parts = [x.astype(jnp.float32) * (unit / (wide(x) / real)) for x, real in ((lhs, a), (rhs, b))]
    if calibrated and lhs.dtype != rhs.dtype:  # oneDNN first rounds the unsigned one
        parts = [p if x.dtype == jnp.int8 else rounded(p, jnp.int8) for x, p in zip((lhs, rhs), parts, strict=True)]
    return rounded(parts[0] + parts[1], dtype), low, high


def _mul_outputs(enable_float_output: bool) -> tuple[str, ...]:
    return NAMES[:1] if enable_float_output else NAMES


def _mul_type(ins: Types, outs: Types, min_calib_range, max_calib_range, enable_float_output) -> None:
    for i in range(2, 6):
        assign_type(ins, i, "float32")
    float_types(ins[:1], outs)
    calibrated = min_calib_range is not None and max_calib_range is not None
    assign_type(outs, 0, "float32" if enable_float_output else "int8" if calibrated else "int32")


def _mul_shape(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is not None and ins[1] is not None:
        _pair_shape(ins, outs)


@op(outputs=_mul_outputs, shape=_mul_shape, types=_mul_type)
def _contrib_quantized_elemwise_mul(
    lhs: Tensor,
    rhs: Tensor,
    lhs_min: Tensor = deduce(one),
    lhs_max: Tensor = deduce(one),
    rhs_min: Tensor = deduce(one),
    rhs_max: Tensor = deduce(one),
    *,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    enable_float_output: bool = False,
):
    """Product of int8 numbers, into int32, into int8 by a calibrated range, or into float32.

    Shapes: lhs and rhs alike -> their shape and, unless floating, the ends of its range (1,). Results are cut off, not
    rounded, as in MXNet.
    """
    both = lhs.astype(jnp.int32) * rhs.astype(jnp.int32)
    a, b = wide(lhs) / largest(lhs_min, lhs_max), wide(rhs) / largest(rhs_min, rhs_max)
    if enable_float_output:
        return both.astype(jnp.float32) * (1 / a / b)
    if min_calib_range is None or max_calib_range is None:
        return both, *product_range((lhs_min, lhs_max), (rhs_min, rhs_max), 127.0 * 127.0)
    limits = tuple(jnp.full((1,), v, jnp.float32) for v in (min_calib_range, max_calib_range))
    scale = wide(lhs) / largest(*limits) / a / b
    return jnp.clip(jnp.trunc(both.astype(jnp.float32) * scale), -128, 127).astype(jnp.int8), *limits


# -- moving numbers --------------------------------------------------------------------------------------------


def _concat_names(num_args: int) -> tuple[str, ...]:
    data = tuple(f"arg{i}" for i in range(num_args))
    return data + tuple(f"arg{i}_{end}" for i in range(num_args) for end in ("min", "max"))


def _concat_shape(ins: Shapes, outs: Shapes, num_args, dim) -> None:
    data, first = ins[:num_args], outs[:1]
    concat(dim, data, first)
    ins[:num_args], outs[:1] = data, first
    for i in range(num_args, len(ins)):
        assign(ins, i, (1,))
    ends(outs)


def _concat_type(ins: Types, outs: Types, num_args) -> None:
    signed = False
    for i in range(num_args):
        if ins[i] is not None and ins[i] == np.int8:
            signed = True
        else:
            assign_type(ins, i, "uint8")
    for i in range(num_args, len(ins)):
        assign_type(ins, i, "float32")
    float_types(ins[:1], outs)
    assign_type(outs, 0, "int8" if signed else "uint8")


@op(outputs=NAMES, arguments=_concat_names, shape=_concat_shape, types=_concat_type)
def _contrib_quantized_concat(*data: Tensor, num_args: int = attr(ge=1), dim: int = 1):
    """Joins 8-bit tensors along an axis, rescaled to a common range; int8 if any is int8.

    Shapes: `num_args` tensors alike but for `dim`, then the ends of each one's range (1,) -> their union and the ends
    of its range (1,).
    """
    tensors, edges = data[:num_args], data[num_args:]
    low = jnp.minimum(jnp.min(jnp.concatenate(edges[0::2])), 0).reshape(1)
    high = jnp.maximum(jnp.max(jnp.concatenate(edges[1::2])), 0).reshape(1)
    dtype = np.dtype("int8" if any(x.dtype == jnp.int8 for x in tensors) else "uint8")
    out = np.float32(WIDE[dtype.name]) / largest(low, high)

    def common(x: Array, lowest: Array, highest: Array) -> Array:
        scale = wide(x) / largest(lowest, highest)
        return jnp.where(scale == out, x.astype(dtype), rounded(x.astype(jnp.float32) * (out / scale), dtype))

    parts = [common(x, a, b) for x, a, b in zip(tensors, edges[0::2], edges[1::2], strict=True)]
    return jnp.concatenate(parts, dim), low, high


def _same_type(ins: Types, outs: Types) -> None:
    float_types(ins, outs)
    assign_type(outs, 0, ins[0])


def _flatten_shape(ins: Shapes, outs: Shapes) -> None:
    data = ins[0]
    if data is not None and None not in data:
        assign(outs, 0, (data[0], math.prod(d for d in data[1:] if d is not None)))
        ends(outs)


@op(outputs=NAMES, shape=_flatten_shape, types=_same_type)
def _contrib_quantized_flatten(data: Tensor, min_data: Tensor = deduce(one), max_data: Tensor = deduce(one)):
    """Quantised tensors with one row per sample.

    Shapes: data (N, ...) -> (N, D) and the ends of its range (1,), which stay.
    """
    return data.reshape(data.shape[0], -1), min_data, max_data


def _check_pool(pool_type) -> None:
    if pool_type not in ("max", "avg"):
        raise AttrError(f"pool_type={pool_type}: QuantizedPoolingOp only supports pool_type=max/avg")


def _pool_shape(
    ins: Shapes, outs: Shapes, kernel, pool_type, global_pool, cudnn_off, pooling_convention, stride, pad, p_value,
    count_include_pad, layout,
) -> None:  # fmt: skip
    if ins[0] is None or None in ins[0]:
        return
    _inner_shape("Pooling", 1, ins, outs, {
        "kernel": kernel, "pool_type": pool_type, "global_pool": global_pool, "cudnn_off": cudnn_off,
        "pooling_convention": pooling_convention, "stride": stride, "pad": pad, "p_value": p_value,
        "count_include_pad": count_include_pad, "layout": layout,
    })  # fmt: skip


@op(outputs=NAMES, shape=_pool_shape, types=_same_type, check=_check_pool)
def _contrib_quantized_pooling(
    data: Tensor,
    min_data: Tensor = deduce(one),
    max_data: Tensor = deduce(one),
    *,
    kernel: Shape = (),
    pool_type: Literal["avg", "lp", "max", "sum"] = "max",
    global_pool: bool = False,
    cudnn_off: bool = False,
    pooling_convention: Literal["full", "same", "valid"] = "valid",
    stride: Shape = (),
    pad: Shape = (),
    p_value: int | None = None,
    count_include_pad: bool | None = None,
    layout: Literal["NCDHW", "NCHW", "NCW", "NDHWC", "NHWC", "NWC"] | None = None,
):
    """`Pooling` of 8-bit numbers by maximum or average; averages are rounded half to even.

    Shapes: data (N, C, *spatial) -> (N, C, *out) and the ends of its range (1,), which stay.
    """
    whole = pool_type == "avg" and count_include_pad is not False  # divides by the kernel, whatever it hangs over
    y = Pooling(
        data.astype(jnp.float32), kernel=kernel, pool_type="sum" if whole else pool_type, global_pool=global_pool,
        cudnn_off=cudnn_off, pooling_convention=pooling_convention, stride=stride, pad=pad, p_value=p_value,
        count_include_pad=count_include_pad, layout=layout,
    )  # fmt: skip
    if whole:
        y = quotient(y, math.prod(data.shape[2:] if global_pool else kernel))
    return rounded(y, data.dtype), min_data, max_data


def _embedding_shape(ins: Shapes, outs: Shapes, input_dim, output_dim) -> None:
    if ins[0] is not None:
        assign(ins, 1, (input_dim, output_dim))
        assign(outs, 0, (*ins[0], output_dim))
        ends(outs)


def _embedding_type(ins: Types, outs: Types) -> None:
    if ins[0] is None:
        raise TypeConflict("First input must have specified type")
    assign_type(ins, 1, "int8")
    for i in (2, 3):
        assign_type(ins, i, "float32")
    float_types(ins[:1], outs)
    assign_type(outs, 0, "int8")


@op(outputs=NAMES, shape=_embedding_shape, types=_embedding_type)
def _contrib_quantized_embedding(
    data: Tensor,
    weight: Tensor,
    min_weight: Tensor = deduce(one),
    max_weight: Tensor = deduce(one),
    *,
    input_dim: int = attr(ge=1),
    output_dim: int = attr(ge=1),
    dtype: Literal["bfloat16", "float16", "float32", "float64", "int32", "int64", "int8", "uint8"] = "float32",
    sparse_grad: bool = False,
):
    """Rows of an int8 table by index; indices outside it are moved to its ends.

    Shapes: data any, weight (input_dim, output_dim) -> (*data, output_dim) and the ends of its range (1,), which stay.
    `dtype` and `sparse_grad` mean nothing.
    """
    return jnp.take(weight, data.astype(jnp.int32), axis=0, mode="clip"), min_weight, max_weight


for _operator in (
      _contrib_quantized_act, _contrib_quantized_batch_norm,
    _contrib_quantized_elemwise_add, _contrib_quantized_elemwise_mul, _contrib_quantized_concat,
    _contrib_quantized_flatten, _contrib_quantized_pooling, _contrib_quantized_embedding,
):  # fmt: skip
    gradient(_operator)(no_gradient)
