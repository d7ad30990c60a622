"""Channels-last rules for operators of images that have no attribute for their axes: plans hold a form that has."""

from collections.abc import Sequence
from typing import Any, Literal

import jax.numpy as jnp
from jax import Array

from declax.graph import Entry, Node
from declax.layers import channels_last, conv, dropout, norm, spatial, upsampling
from declax.layers.layout import fill, is_channels_first
from declax.ops import slicing
from declax.passes.rewriting import plan_operator
from declax.passes.versions import Rule, Versions, follows, like, moved_axis, replace, to_first, to_last
from declax.registry import Key, OpDef, Tensor, Train, deduce, lookup
from declax.shapes import Shape


def _instead(
    versions: Versions, node: Node, op: OpDef, params: dict[str, Any], others: Sequence[Entry] = ()
) -> bool:  # fmt: skip
    """`op` on the data, channels last, and the other inputs as declared stands for the node."""
    return replace(versions, node, op, params, [versions.last(node.inputs[0]), *map(versions.first, others)])


def _sizes(versions: Versions, node: Node) -> Shape:
    """The spatial sizes of the node's output."""
    return versions.known.shape(Entry(node, 0))[2:]


def _chosen(params: dict[str, Any], *names: str) -> dict[str, Any]:
    return {n: params[n] for n in names}


# -- transposed convolution ------------------------------------------------------------------------------------


def _channels_last_deconvolution(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = deduce(when=lambda no_bias: not no_bias),
    *,
    kernel: Shape,
    stride: Shape,
    dilate: Shape,
    pad: Shape,
    num_group: int,
    no_bias: bool,
    sizes: Shape,
):
    """`declax.layers.channels_last.deconvolution` with its bias."""
    window = channels_last.Window(kernel, stride, dilate, pad, num_group)
    y = channels_last.deconvolution(data, weight, window, sizes)
    return y if bias is None else y + bias


_DECONVOLUTION = plan_operator(_channels_last_deconvolution)


def _spread(versions: Versions, node: Node, window: dict[str, Any], bias: Sequence[Entry]) -> bool:
    data, weight = node.inputs[:2]
    channels, groups = versions.known.shape(data)[1], window["num_group"]
    if groups > 1 and not (groups == channels and versions.known.shape(weight)[1] == 1):
        return False
    params = window | {"sizes": _sizes(versions, node), "no_bias": not bias}
    inputs = [versions.last(data), versions.weight(weight), *map(versions.first, bias)]
    return replace(versions, node, _DECONVOLUTION, params, inputs)


def _deconvolution(versions: Versions, node: Node) -> bool:
    p = node.params
    assert p is not None
    if not is_channels_first(p["layout"]):
        return False
    n = len(p["kernel"])
    window = _chosen(p, "kernel", "num_group") | {"stride": fill(p["stride"], n, 1), "dilate": fill(p["dilate"], n, 1)}
    numbers = _chosen(p, "kernel", "stride", "dilate", "pad", "adj", "target_shape")
    sizes = versions.known.shape(node.inputs[0])[2:]
    window["pad"] = tuple(conv.deconvolution_pad(size, i, **numbers)[0] for i, size in enumerate(sizes))
    return _spread(versions, node, window, node.inputs[2:])


# -- larger and smaller images ---------------------------------------------------------------------------------


def _channels_last_enlarge(data: Tensor, *, times: int):
    return upsampling.enlarge(data, times, 1)


def _channels_last_resize(data: Tensor, *, sizes: Shape, align_corners: bool):
    return spatial.resize(data, sizes, align_corners, 1)


def _channels_last_averages(data: Tensor, *, sizes: Shape):
    return spatial.average_parts(data, sizes, "NHWC")


_ENLARGE, _RESIZE = plan_operator(_channels_last_enlarge), plan_operator(_channels_last_resize)
_AVERAGES = plan_operator(_channels_last_averages)


def _upsampling(versions: Versions, node: Node) -> bool:
    p = node.params
    assert p is not None
    if not follows(versions, node):
        return False
    scale = p["scale"]
    if p["sample_type"] == "nearest":
        return len(node.inputs) == 1 and _instead(versions, node, _ENLARGE, {"times": scale})
    side, pad = upsampling.bilinear_kernel(scale), upsampling.bilinear_pad(scale)
    window = {"kernel": (side,) * 2, "stride": (scale,) * 2, "dilate": (1, 1), "pad": (pad,) * 2}
    return _spread(versions, node, window | {"num_group": p["num_filter"]}, ())


def _resize(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    if not follows(versions, node):
        return False
    sizes = _sizes(versions, node)
    if sizes == versions.known.shape(node.inputs[0])[2:]:
        versions.keep_last(node, [versions.last(node.inputs[0])])
        return True
    return _instead(versions, node, _RESIZE, {"sizes": sizes, "align_corners": node.params["align_corners"]})


def _averages(versions: Versions, node: Node) -> bool:
    return follows(versions, node) and _instead(versions, node, _AVERAGES, {"sizes": _sizes(versions, node)})


# -- parts of images -------------------------------------------------------------------------------------------


def _cut(versions: Versions, node: Node, begin: Sequence[int | None], end: Sequence[int | None], step=None) -> bool:
    """A `slice`, whose bounds are given for the axes as declared."""
    order = to_last(versions.rank(node.inputs[0]))
    params = {"begin": tuple(begin[a] for a in order), "end": tuple(end[a] for a in order)}
    params["step"] = tuple(step[a] for a in order) if step else ()
    return _instead(versions, node, lookup("slice"), params)


def _slice(versions: Versions, node: Node) -> bool:
    p = node.params
    assert p is not None
    if not follows(versions, node):
        return False
    missing = (None,) * (versions.rank(node.inputs[0]) - len(p["begin"]))
    step = (*p["step"], *missing) if p["step"] else None
    return _cut(versions, node, (*p["begin"], *missing), (*p["end"], *missing), step)


def _slice_like(versions: Versions, node: Node) -> bool:
    shape = versions.known.shape(Entry(node, 0))
    return follows(versions, node) and _cut(versions, node, (0,) * len(shape), shape)


def _crop(versions: Versions, node: Node) -> bool:
    p = node.params
    assert p is not None
    if not follows(versions, node):
        return False
    shape, h_w = versions.known.shape(node.inputs[0]), _sizes(versions, node)
    y, x = slicing.crop_start(shape, h_w, p["offset"], p["center_crop"])
    return _cut(versions, node, (0, 0, y, x), (*shape[:2], y + h_w[0], x + h_w[1]))


def _repeat(versions: Versions, node: Node) -> bool:
    p = node.params
    assert p is not None
    if not follows(versions, node) or p["axis"] is None or p["repeats"] == 0:
        return False
    return like(versions, node, {"axis": moved_axis(p["axis"], versions.rank(node.inputs[0]))})


# -- normalization ---------------------------------------------------------------------------------------------


def _channels_last_lrn(data: Tensor, *, alpha: float, beta: float, knorm: float, nsize: int):
    return norm.local_response(data, alpha, beta, knorm, nsize, data.ndim - 1)


def _channels_last_l2(data: Tensor, *, eps: float):
    size = norm.l2_norm(data, (data.ndim - 1,), eps)
    return data / size, size


def _channels_last_instance_norm(data: Tensor, gamma: Tensor, beta: Tensor, *, eps: float):
    y, mean, std = norm.instance_norm(data, gamma, beta, eps, data.ndim - 1)
    return y, mean, std


_LRN = plan_operator(_channels_last_lrn, outputs=("output", "tmp_norm"), visible=1)
_L2 = plan_operator(_channels_last_l2, outputs=("output", "norm"), visible=1)
_INSTANCE = plan_operator(_channels_last_instance_norm, outputs=("output", "mean", "var"), visible=1)


def _lrn(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    return follows(versions, node) and _instead(versions, node, _LRN, dict(node.params))


def _l2_normalization(versions: Versions, node: Node) -> bool:
    """Over the channels of every point, as detection nets have it."""
    p = node.params
    assert p is not None
    if not follows(versions, node) or p["mode"] != "channel":
        return False
    return _instead(versions, node, _L2, _chosen(p, "eps"))


def _instance_norm(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    if not follows(versions, node):
        return False
    return _instead(versions, node, _INSTANCE, dict(node.params), node.inputs[1:])


def _layer_norm(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    if not follows(versions, node):
        return False
    return like(versions, node, {"axis": moved_axis(node.params["axis"], versions.rank(node.inputs[0]))})


def _other_batch_norm(versions: Versions, node: Node) -> bool:
    """The kinds of batch normalization that always have their channels at axis 1 are `BatchNorm` at another."""
    p = node.params
    assert p is not None
    if not follows(versions, node) or p["output_mean_var"]:
        return False
    shared = _chosen(p, "eps", "momentum", "fix_gamma", "use_global_stats")
    params = lookup("BatchNorm").defaults | shared | {"axis": versions.rank(node.inputs[0]) - 1}
    return _instead(versions, node, lookup("BatchNorm"), params, node.inputs[1:])


# -- dropout, a number for each channel ------------------------------------------------------------------------


def _channels_last_dropout(
    data: Tensor,
    *,
    p: float,
    mode: Literal["always", "training"],
    axes: Shape,
    train: Train,
    key: Key,
):
    """`Dropout` that drops the same elements as over the declared layout."""
    shape = dropout.mask_shape(tuple(data.shape[a] for a in to_first(data.ndim)), axes)
    if not dropout.is_active(p, mode, train):
        return data, jnp.ones(tuple(shape[a] for a in to_last(data.ndim)), data.dtype)
    mask = jnp.transpose(dropout.draw_mask(key, shape, p, data.dtype), to_last(data.ndim))
    return data * mask, mask


def _channels_last_prelu(data: Tensor, gamma: Tensor) -> Array:
    return jnp.where(data > 0, data, data * gamma)


def _channels_last_bias(data: Tensor, bias: Tensor) -> Array:
    return data + bias


_BIAS = plan_operator(_channels_last_bias)
_DROPOUT = plan_operator(_channels_last_dropout, outputs=("output", "mask"), visible=1, random=dropout.is_active)
_PRELU = plan_operator(_channels_last_prelu)


def _dropout(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    if not follows(versions, node):
        return False
    return _instead(versions, node, _DROPOUT, _chosen(node.params, "p", "mode", "axes"))


def _bias(versions: Versions, node: Node) -> bool:
    return follows(versions, node) and _instead(versions, node, _BIAS, {}, node.inputs[1:])


def prelu(versions: Versions, node: Node) -> bool:
    """A slope for every channel, or one for all."""
    data, gamma = node.inputs
    shape = versions.known.shape(gamma)
    if not follows(versions, node) or len(shape) != 1 or shape[0] not in (1, versions.known.shape(data)[1]):
        return False
    return _instead(versions, node, _PRELU, {}, [gamma])


RULES: dict[str, Rule] = {
    "Deconvolution": _deconvolution,
    "UpSampling": _upsampling,
    "_contrib_BilinearResize2D": _resize,
    "_contrib_AdaptiveAvgPooling2D": _averages,
    "slice": _slice,
    "slice_like": _slice_like,
    "Crop": _crop,
    "repeat": _repeat,
    "LRN": _lrn,
    "L2Normalization": _l2_normalization,
    "InstanceNorm": _instance_norm,
    "LayerNorm": _layer_norm,
    "BatchNorm_v1": _other_batch_norm,
    "_contrib_SyncBatchNorm": _other_batch_norm,
    "Dropout": _dropout,
    "_channel_bias": _bias,
}
"""By operator; each says whether it took the node."""
