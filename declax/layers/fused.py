"""Nodes that MXNet's CPU backend fused from others, run as what they were made of, and copies between devices."""

from declax.attrs import AttrError, attr
from declax.errors import OperatorError
from declax.layers.attention import (
    _contrib_interleaved_matmul_selfatt_qk,
    _contrib_interleaved_matmul_selfatt_valatt,
)
from declax.registry import Key, Subgraphs, Tensor, Train, lookup, op
from declax.rules import Shapes, Types, same_shape


@op(shape=same_shape)
def _CrossDeviceCopy(data: Tensor):
    """The same array on another device; where arrays lie is JAX's business here.

    Shapes: data any -> the same.
    """
    return data


def _inside(ins: Shapes | Types, outs: Shapes | Types, subgraphs) -> None:
    """Inference through the one subgraph."""
    if subgraphs:
        subgraphs[0](ins, outs)


def _run(name: str, data: tuple, train: Train, key: Key, subgraphs: Subgraphs) -> tuple:
    if len(subgraphs) != 1:
        raise OperatorError(f"{name} is made by MXNet's CPU backend around a subgraph, which is missing here")
    outputs, states = subgraphs[0](data, train, key)
    return (*outputs, *states)


@op(shape=_inside, types=_inside, fused=True)
def _sg_mkldnn_conv(*data: Tensor, train: Train, key: Key, subgraphs: Subgraphs):
    """A convolution fused with what follows it, from a graph that MXNet optimised for CPUs.

    Shapes: those of its subgraph. Graphs that it quantised besides are not read.
    """
    return _run("_sg_mkldnn_conv", data, train, key, subgraphs)


@op(shape=_inside, types=_inside, fused=True)
def _sg_mkldnn_fully_connected(*data: Tensor, train: Train, key: Key, subgraphs: Subgraphs):
    """An affine map fused with what follows it, from a graph that MXNet optimised for CPUs.

    Shapes: those of its subgraph. Graphs that it quantised besides are not read.
    """
    return _run("_sg_mkldnn_fully_connected", data, train, key, subgraphs)


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
