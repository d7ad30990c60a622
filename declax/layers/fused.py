"""Nodes that MXNet's CPU backend fused from others, run as what they were made of, and copies between devices."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jax import lax

from declax.attrs import AttrError, attr
from declax.errors import OperatorError
from declax.layers import fused_quantized
from declax.layers.attention import (
    _contrib_interleaved_matmul_selfatt_qk,
    _contrib_interleaved_matmul_selfatt_valatt,
)
from declax.ops.quantize import ends, float_types, need_byte
from declax.registry import Key, Subgraphs, Tensor, Train, lookup, op
from declax.rules import Shapes, Types, assign, assign_type, same_shape
from declax.shapes import ShapeConflict


@op(shape=same_shape)
def _CrossDeviceCopy(data: Tensor):
    """The same array on another device; where arrays lie is JAX's business here.

    Shapes: data any -> the same.
    """
    return data


def _inside(ins: list, outs: list, subgraphs: tuple, extra: int = 0) -> Sequence[tuple[str, dict[str, Any]]]:
    """Inference through the one subgraph on all inputs but the last `extra`; gives its operators."""
    if len(subgraphs) != 1:
        return ()
    inside = subgraphs[0]
    wanted = inside.variables + extra
    if len(ins) != wanted:
        raise ShapeConflict(
            f"expected {wanted} inputs, those of its subgraph and {extra} ends of ranges, got {len(ins)}"
        )
    base, first = ins[: inside.variables], outs[:1]
    inside(base, first)
    ins[: inside.variables], outs[:1] = base, first
    return inside.operators


def _run(name: str, data: tuple, train: Train, key: Key, subgraphs: Subgraphs) -> tuple:
    outputs, states = _only(name, subgraphs)(data, train, key)
    return (*outputs, *states)


def _only(name: str, subgraphs: Subgraphs) -> Any:
    if len(subgraphs) != 1:
        raise OperatorError(f"{name} is made by MXNet's CPU backend around a subgraph, which is missing here")
    return subgraphs[0]


def _calibrated(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


def _output_type(calibrated: bool, unsigned: bool) -> str:
    return ("uint8" if unsigned else "int8") if calibrated else "int32"


# -- convolution -----------------------------------------------------------------------------------------------


def _conv_outputs(quantized) -> tuple[str, ...]:
    return ("output", "output_min", "output_max") if quantized else ("output",)


def _conv_shape(ins: Shapes, outs: Shapes, quantized, with_sum, subgraphs) -> None:
    extra = (4 if with_sum else 2) if quantized else 0
    _inside(ins, outs, subgraphs, extra)
    _ends_shape(ins, outs, extra)


def _ends_shape(ins: Shapes, outs: Shapes, extra: int) -> None:
    for i in range(len(ins) - extra, len(ins)):
        assign(ins, i, (1,))
    ends(outs)


def _conv_type(
    ins: Types, outs: Types, quantized, with_act, with_sum, with_postsum_act, min_calib_range, max_calib_range,
    subgraphs,
) -> None:  # fmt: skip
    if not quantized:
        _inside(ins, outs, subgraphs)
        return
    extra = 4 if with_sum else 2
    bytes_at = (0, len(ins) - extra - 1) if with_sum else (0,)
    floats = [np.dtype("float32") if i in bytes_at else t for i, t in enumerate(ins)]
    operators = _inside(floats, [None], subgraphs, extra)
    ins[:] = [ins[i] if i in bytes_at else t for i, t in enumerate(floats)]
    for i in range(len(ins) - extra, len(ins)):
        assign_type(ins, i, "float32")
    float_types([], outs)
    unsigned = fused_quantized.conv_is_unsigned(operators, with_act, with_sum, with_postsum_act)
    assign_type(outs, 0, _output_type(_calibrated(min_calib_range, max_calib_range) is not None, unsigned))


@op(shape=_conv_shape, types=_conv_type, outputs=_conv_outputs, fused=True)
def _sg_mkldnn_conv(
    *data: Tensor,
    with_bn: bool = False,
    with_act: bool = False,
    with_sum: bool = False,
    with_postsum_act: bool = False,
    quantized: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    train: Train,
    key: Key,
    subgraphs: Subgraphs,
):
    """A convolution fused with what follows it, from a graph that MXNet optimised for CPUs.

    Shapes: those of its subgraph. `quantized`: on 8-bit data, with weights that are quantised as it runs; the ranges
    of data and of what is added are further inputs (1,), the range of the output is two further outputs (1,). Such a
    node has no gradient.
    """
    if not quantized:
        return _run("_sg_mkldnn_conv", data, train, key, subgraphs)
    inside = _only("_sg_mkldnn_conv", subgraphs)
    outputs = fused_quantized.convolution(
        inside.operators, [lax.stop_gradient(x) for x in data], with_bn=with_bn, with_act=with_act, with_sum=with_sum,
        with_postsum_act=with_postsum_act, calibrated=_calibrated(min_calib_range, max_calib_range),
    )  # fmt: skip
    return (*outputs, *(x for x, state in zip(data, inside.is_state, strict=False) if state))


# -- affine map ------------------------------------------------------------------------------------------------


def _affine_outputs(quantized, enable_float_output) -> tuple[str, ...]:
    return ("output", "min_output", "max_output") if quantized and not enable_float_output else ("output",)


def _affine_extra(ins: Shapes | Types, quantized, channel_wise_quantize, subgraphs) -> int:
    """How many inputs are ends of ranges."""
    if not quantized or not subgraphs:
        return 0
    return 2 if channel_wise_quantize else 2 * subgraphs[0].variables


def _affine_shape(ins: Shapes, outs: Shapes, quantized, channel_wise_quantize, subgraphs) -> None:
    extra = _affine_extra(ins, quantized, channel_wise_quantize, subgraphs)
    _inside(ins, outs, subgraphs, extra)
    _ends_shape(ins, outs, extra)


def _affine_type(
    ins: Types, outs: Types, quantized, with_eltwise, enable_float_output, channel_wise_quantize, min_calib_range,
    max_calib_range, subgraphs,
) -> None:  # fmt: skip
    if not quantized:
        _inside(ins, outs, subgraphs)
        return
    need_byte(ins, "a quantised _sg_mkldnn_fully_connected")
    extra = _affine_extra(ins, quantized, channel_wise_quantize, subgraphs)
    operators = subgraphs[0].operators if subgraphs else ()
    for i in range(1, len(ins)):
        assign_type(ins, i, "float32" if channel_wise_quantize or i >= len(ins) - extra else "int8")
    float_types([], outs)
    unsigned = fused_quantized.affine_is_unsigned(operators, with_eltwise)
    known = _output_type(_calibrated(min_calib_range, max_calib_range) is not None, unsigned)
    assign_type(outs, 0, "float32" if enable_float_output else known)


@op(shape=_affine_shape, types=_affine_type, outputs=_affine_outputs, fused=True)
def _sg_mkldnn_fully_connected(
    *data: Tensor,
    quantized: bool = False,
    enable_float_output: bool = False,
    with_eltwise: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    channel_wise_quantize: bool | None = None,
    train: Train,
    key: Key,
    subgraphs: Subgraphs,
):
    """An affine map fused with what follows it, from a graph that MXNet optimised for CPUs.

    Shapes: those of its subgraph. `quantized`: on 8-bit data; the ranges of data, weight and bias (of the data alone if
    `channel_wise_quantize`: weights are then quantised as it runs) are further inputs (1,), the range of the output is
    two further outputs (1,) unless `enable_float_output`. Such a node has no gradient.
    """
    if not quantized:
        return _run("_sg_mkldnn_fully_connected", data, train, key, subgraphs)
    inside = _only("_sg_mkldnn_fully_connected", subgraphs)
    return fused_quantized.affine(
        inside.operators, [lax.stop_gradient(x) for x in data], with_eltwise=with_eltwise,
        channel_wise=bool(channel_wise_quantize), float_output=enable_float_output,
        calibrated=_calibrated(min_calib_range, max_calib_range),
    )  # fmt: skip


# -- attention -------------------------------------------------------------------------------------------------


def _check(quantized) -> None:
    if quantized:
        raise AttrError("quantized=True: fused attention on 8-bit numbers is not supported")


def _scores_shape(ins: Shapes, outs: Shapes, heads) -> None:
    rule = lookup("_contrib_interleaved_matmul_selfatt_qk").shape_rule
    assert rule is not None
    rule(ins, outs, heads=heads)


def _values_shape(ins: Shapes, outs: Shapes, heads) -> None:
    rule = lookup("_contrib_interleaved_matmul_selfatt_valatt").shape_rule
    assert rule is not None
    rule(ins, outs, heads=heads)


@op(shape=_scores_shape, needs_shape=True, check=_check)
def _sg_mkldnn_selfatt_qk(
    queries_keys_values: Tensor,
    *,
    heads: int = attr(ge=1),
    quantized: bool = False,
    enable_float_output: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """`interleaved_matmul_selfatt_qk` from a graph that MXNet optimised for CPUs.

    Shapes: (L, N, heads * 3 * D) -> (N * heads, L, L).
    """
    return _contrib_interleaved_matmul_selfatt_qk(queries_keys_values, heads=heads)


@op(shape=_values_shape, needs_shape=True, check=_check)
def _sg_mkldnn_selfatt_valatt(
    queries_keys_values: Tensor,
    attention: Tensor,
    *,
    heads: int = attr(ge=1),
    quantized: bool = False,
    enable_float_output: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
):
    """`interleaved_matmul_selfatt_valatt` from a graph that MXNet optimised for CPUs.

    Shapes: (L, N, heads * 3 * D), attention (N * heads, L, L) -> (L, N, heads * D).
    """
    return _contrib_interleaved_matmul_selfatt_valatt(queries_keys_values, attention, heads=heads)
