"""Convolution and its transpose, in one to three dimensions."""

from typing import Literal

import jax.numpy as jnp
from jax import Array, lax

from declax.attrs import AttrError, attr
from declax.layers.layout import (
    channel_axis,
    check_dims,
    check_lengths,
    check_positive,
    fill,
    layout_of,
    spatial_axes,
    windowed_data,
)
from declax.registry import Tensor, deduce, op
from declax.rules import Shapes, assign, lead_type
from declax.shapes import PartialShape, Shape, ShapeConflict

Layout = Literal["NCDHW", "NCHW", "NCW", "NDHWC", "NHWC"]
LayoutV1 = Literal["NCDHW", "NCHW", "NDHWC", "NHWC"]
Tune = Literal["fastest", "limited_workspace", "off"]


# -- rules -----------------------------------------------------------------------------------------------------


def _check(kernel, stride, dilate, pad, num_filter, num_group, layout) -> None:
    check_dims(kernel, layout, "convolution")
    check_lengths(kernel, stride=stride, dilate=dilate, pad=pad)
    check_positive(kernel=kernel, stride=stride, dilate=dilate)
    if num_filter % num_group:
        raise AttrError(f"num_filter={num_filter} is not a multiple of num_group={num_group}")


def _check_v1(kernel, stride, dilate, pad, num_filter, num_group, layout) -> None:
    check_dims(kernel, layout, "convolution", lowest=2)
    _check(kernel, stride, dilate, pad, num_filter, num_group, layout)
    if len(kernel) == 3 and any(d != 1 for d in dilate):
        raise AttrError(f"dilate={dilate}: Dilate is not supported in 3d convolution")


def _check_transposed(kernel, stride, dilate, pad, adj, num_filter, num_group, layout) -> None:
    _check(kernel, stride, dilate, pad, num_filter, num_group, layout)
    check_lengths(kernel, adj=adj)


def _grouped(channels: int | None, num_group: int) -> int | None:
    if channels is not None and channels % num_group:
        raise ShapeConflict(f"{channels} input channels are not a multiple of num_group={num_group}")
    return None if channels is None else channels // num_group


def _filter(first: int | None, second: int | None, kernel: Shape, layout: str | None) -> PartialShape:
    """Shape of a weight: (first, second, *kernel) in the data's layout."""
    return (first, second, *kernel) if channel_axis(layout, len(kernel) + 2) == 1 else (first, *kernel, second)


def _weight(data: PartialShape, kernel, num_filter, num_group, layout) -> PartialShape:
    data = windowed_data(data, len(kernel), layout)
    return _filter(num_filter, _grouped(data[channel_axis(layout, len(data))], num_group), kernel, layout)


def _weight_transposed(data: PartialShape, kernel, num_filter, num_group, layout) -> PartialShape:
    data = windowed_data(data, len(kernel), layout)
    channels = data[channel_axis(layout, len(data))]
    _grouped(channels, num_group)
    return _filter(channels, num_filter // num_group, kernel, layout)


def _extent(kernel: Shape, dilate: Shape) -> Shape:
    """How far a dilated kernel reaches."""
    return tuple(1 + (k - 1) * d for k, d in zip(kernel, fill(dilate, len(kernel), 1), strict=True))


def _shape(ins: Shapes, outs: Shapes, kernel, stride, dilate, pad, num_filter, layout) -> None:
    """Forward; backward the batch, and each spatial dimension whose stride is 1."""
    if ins[0] is None:
        return
    n = len(kernel)
    data = list(windowed_data(ins[0], n, layout))
    steps, pads, reach = fill(stride, n, 1), fill(pad, n, 0), _extent(kernel, dilate)
    axes = spatial_axes(layout, n + 2)
    out: list[int | None] = [data[0], *[None] * (n + 1)]
    out[channel_axis(layout, n + 2)] = num_filter
    for a, s, p, k in zip(axes, steps, pads, reach, strict=True):
        size = data[a]
        if size is not None:
            if k > size + 2 * p:
                raise ShapeConflict(f"kernel size exceeds input: it reaches over {k} of {size} + 2*{p}")
            out[a] = (size + 2 * p - k) // s + 1
    assign(outs, 0, tuple(out))
    known = outs[0]
    assert known is not None
    data[0] = known[0]
    for a, s, p, k in zip(axes, steps, pads, reach, strict=True):
        size = known[a]
        if s == 1 and size is not None:
            data[a] = size + k - 1 - 2 * p
    assign(ins, 0, tuple(data))


def deconvolution_pad(size: int, i: int, *, kernel, stride, dilate, pad, adj, target_shape) -> tuple[int, int]:
    """(pad, adj) of dimension i of a transposed convolution; `target_shape` overrides both."""
    n = len(kernel)
    if not any(target_shape):
        return fill(pad, n, 0)[i], fill(adj, n, 0)[i]
    total = fill(stride, n, 1)[i] * (size - 1) + _extent(kernel, dilate)[i] - target_shape[i]
    if total < 0:
        raise ShapeConflict(f"too big target shape: {target_shape[i]} of at most {total + target_shape[i]}")
    return (total + 1) // 2, total % 2


def _shape_transposed(
    ins: Shapes, outs: Shapes, kernel, stride, dilate, pad, adj, target_shape, num_filter, layout
) -> None:  # fmt: skip
    if ins[0] is None:
        return
    n = len(kernel)
    data = windowed_data(ins[0], n, layout)
    steps, reach = fill(stride, n, 1), _extent(kernel, dilate)
    out: list[int | None] = [data[0], *[None] * (n + 1)]
    out[channel_axis(layout, n + 2)] = num_filter
    for i, a in enumerate(spatial_axes(layout, n + 2)):
        size = data[a]
        if size is not None:
            p, extra = deconvolution_pad(
                size, i, kernel=kernel, stride=stride, dilate=dilate, pad=pad, adj=adj, target_shape=target_shape
            )
            if extra >= steps[i]:
                raise ShapeConflict(f"adj={extra} must be smaller than stride={steps[i]}")
            out[a] = steps[i] * (size - 1) + reach[i] - 2 * p + extra
    assign(outs, 0, tuple(out))


# -- operators -------------------------------------------------------------------------------------------------


def _biased(y: Array, bias: Array | None, layout: str | None) -> Array:
    if bias is None:
        return y
    return y + bias.reshape(-1, *(1,) * (y.ndim - 1 - channel_axis(layout, y.ndim)))


def _convolve(data, weight, bias, kernel, stride, dilate, pad, num_group, layout) -> Array:
    n = len(kernel)
    order = layout_of(layout, n)
    y = lax.conv_general_dilated(
        data,
        weight,
        fill(stride, n, 1),
        [(p, p) for p in fill(pad, n, 0)],
        rhs_dilation=fill(dilate, n, 1),
        dimension_numbers=(order, order.replace("N", "O").replace("C", "I"), order),
        feature_group_count=num_group,
    )
    return _biased(y, bias, layout)


@op(aliases=("_npx_convolution",), shape=_shape, types=lead_type, check=_check)
def Convolution(
    data: Tensor,
    weight: Tensor = deduce(_weight),
    bias: Tensor | None = deduce(lambda data, num_filter: (num_filter,), when=lambda no_bias: not no_bias),
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int = attr(ge=1),
    num_group: int = attr(1, ge=1),
    workspace: int = attr(1024, ge=0),
    no_bias: bool = False,
    cudnn_tune: Tune | None = None,
    cudnn_off: bool = False,
    layout: Layout | None = None,
):
    """Convolution (cross-correlation) in one, two or three dimensions.

    Shapes: data (N, C, *spatial), weight (num_filter, C / num_group, *kernel), bias (num_filter,)
    -> (N, num_filter, *out), out = floor((size + 2*pad - dilate*(kernel-1) - 1) / stride) + 1; a channel-last
    `layout` holds for data, weight and output alike. `workspace`, `cudnn_tune` and `cudnn_off` have no meaning on XLA.
    """
    return _convolve(data, weight, bias, kernel, stride, dilate, pad, num_group, layout)


@op(shape=_shape, types=lead_type, needs_type=True, check=_check_v1)
def Convolution_v1(
    data: Tensor,
    weight: Tensor = deduce(_weight),
    bias: Tensor | None = deduce(lambda data, num_filter: (num_filter,), when=lambda no_bias: not no_bias),
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    num_filter: int = attr(ge=1),
    num_group: int = attr(1, ge=1),
    workspace: int = attr(1024, ge=0),
    no_bias: bool = False,
    cudnn_tune: Tune | None = None,
    cudnn_off: bool = False,
    layout: LayoutV1 | None = None,
):
    """The older name of `Convolution`, for two and three dimensions.

    Shapes: as `Convolution`; three dimensions cannot be dilated.
    """
    return _convolve(data, weight, bias, kernel, stride, dilate, pad, num_group, layout)


def _transposed_filter(weight: Array, num_group: int, layout: str) -> Array:
    """The filter of the equivalent plain convolution: flipped, inputs and outputs swapped group by group."""
    channels_last = layout[1] != "C"
    spatial = tuple(range(1, weight.ndim - 1) if channels_last else range(2, weight.ndim))
    w = jnp.flip(weight, spatial)
    if num_group == 1:
        return w
    w = jnp.moveaxis(w, -1, 1) if channels_last else w
    w = w.reshape(num_group, w.shape[0] // num_group, *w.shape[1:]).swapaxes(1, 2)
    w = w.reshape(w.shape[0] * w.shape[1], *w.shape[2:]).swapaxes(0, 1)
    return jnp.moveaxis(w, 1, -1) if channels_last else w


@op(aliases=("_npx_deconvolution",), shape=_shape_transposed, types=lead_type, check=_check_transposed)
def Deconvolution(
    data: Tensor,
    weight: Tensor = deduce(_weight_transposed),
    bias: Tensor | None = deduce(lambda data, num_filter: (num_filter,), when=lambda no_bias: not no_bias),
    *,
    kernel: Shape,
    stride: Shape = (),
    dilate: Shape = (),
    pad: Shape = (),
    adj: Shape = (),
    target_shape: Shape = (),
    num_filter: int = attr(ge=1),
    num_group: int = attr(1, ge=1),
    workspace: int = attr(512, ge=0),
    no_bias: bool = True,
    cudnn_tune: Tune | None = None,
    cudnn_off: bool = False,
    layout: Layout | None = None,
):
    """Transposed convolution: the gradient of `Convolution` with respect to its data.

    Shapes: data (N, C, *spatial), weight (C, num_filter / num_group, *kernel), bias (num_filter,)
    -> (N, num_filter, *out), out = stride*(size-1) + dilate*(kernel-1) + 1 - 2*pad + adj. A `target_shape` replaces
    `pad` and `adj` by those that give it. `workspace`, `cudnn_tune` and `cudnn_off` have no meaning on XLA.
    """
    n = len(kernel)
    order = layout_of(layout, n)
    steps, reach, dilation = fill(stride, n, 1), _extent(kernel, dilate), fill(dilate, n, 1)
    padding = []
    for i, a in enumerate(spatial_axes(layout, n + 2)):
        p, extra = deconvolution_pad(
            data.shape[a], i, kernel=kernel, stride=stride, dilate=dilate, pad=pad, adj=adj, target_shape=target_shape
        )
        padding.append((reach[i] - 1 - p, reach[i] - 1 - p + extra))
    y = lax.conv_general_dilated(
        data,
        _transposed_filter(weight, num_group, order),
        (1,) * n,
        padding,
        lhs_dilation=steps,
        rhs_dilation=dilation,
        dimension_numbers=(order, order.replace("N", "I").replace("C", "O"), order),
        feature_group_count=num_group,
    )
    return _biased(y, bias, layout)
