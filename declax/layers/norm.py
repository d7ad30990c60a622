"""Normalization: by batch, layer, group, instance, L2 norm and across neighbouring channels."""

from collections.abc import Callable
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import attr
from declax.derivative import is_switched_on
from declax.registry import Tensor, Train, aux, deduce, gradient, op
from declax.rules import Shapes, Types, assign, assign_type, lead_type, like_first_type
from declax.shapes import PartialShape, ShapeConflict, product, show

MOMENTUM, EPS, EPS_DOUBLE = 0.899999976, 0.00100000005, 0.0010000000474974513
ZERO, ONE = '["zero", {}]', '["one", {}]'

# -- rules -----------------------------------------------------------------------------------------------------


def _axis(axis: int, shape: PartialShape) -> int:
    """A non-negative axis; ShapeConflict when the shape has none such."""
    assert shape is not None
    if not -len(shape) <= axis < len(shape):
        raise ShapeConflict(f"Channel axis out of range: axis={axis} of {show(shape)}")
    return axis % len(shape)


def _channels(data: PartialShape, axis: int) -> PartialShape:
    assert data is not None
    return (data[_axis(axis, data)],)


def _second(data: PartialShape) -> PartialShape:
    return _channels(data, 1)


def _batch_shape(ins: Shapes, outs: Shapes, axis: int) -> None:
    data = ins[0]
    if data is not None:
        assign(outs, 0, data)
        for i in range(1, len(outs)):
            assign(outs, i, _channels(data, axis))


def _batch_shape_v1(ins: Shapes, outs: Shapes) -> None:
    _batch_shape(ins, outs, 1)


def _batch_types(ins: Types, outs: Types) -> None:
    """Data and output share a type; all else is float32 when that is a half precision."""
    data = ins[:1]
    lead_type(data, outs[:1])
    known = data[0] or outs[0]
    if known is None:
        return
    ins[0] = outs[0] = known
    small = "float32" if known.itemsize < 4 else known.name
    for i in range(1, len(ins)):
        assign_type(ins, i, small)
    for i in range(1, len(outs)):
        assign_type(outs, i, small)


# -- batch normalization ---------------------------------------------------------------------------------------


def _shaped(vector: Array, like: Array, axis: int) -> Array:
    """A vector over the channels, ready to broadcast."""
    shape = [1] * like.ndim
    shape[axis] = vector.shape[0]
    return vector.reshape(shape)


def _others(data: Array, axis: int) -> tuple[int, ...]:
    return tuple(a for a in range(data.ndim) if a != axis)


def _inverse_std(var: Array, eps: float) -> Array:
    y = lax.rsqrt(var + np.asarray(eps, var.dtype))
    return y if eps else jnp.where(var == 0, 0, y)


def inference_scale(gamma: Array, var: Array, eps: float, fix_gamma: bool) -> Array:
    """What BatchNorm multiplies a channel by at inference, from its moving variance."""
    invstd = _inverse_std(var, eps)
    return invstd if fix_gamma else invstd * gamma


def _normalize(data, gamma, beta, moving_mean, moving_var, eps, momentum, fix_gamma, axis, from_batch):
    """(output, mean, variance, inverse std, new moving mean, new moving variance)"""
    axis %= data.ndim
    x = data.astype(moving_mean.dtype)
    if from_batch:
        over = _others(data, axis)
        mean = jnp.mean(x, over)
        var = jnp.mean(lax.square(x - _shaped(mean, x, axis)), over)
        keep, take = np.asarray(momentum, x.dtype), np.asarray(1 - momentum, x.dtype)
        moved = moving_mean * keep + mean * take, moving_var * keep + var * take
    else:
        mean, var = moving_mean, moving_var
        moved = moving_mean, moving_var
    invstd, scale = _inverse_std(var, eps), inference_scale(gamma, var, eps, fix_gamma)
    y = (x - _shaped(mean, x, axis)) * _shaped(scale, x, axis) + _shaped(beta, x, axis)
    return (y.astype(data.dtype), mean, var, invstd, *moved)


def _normalize_gradient(g, data, gamma, mean, invstd, fix_gamma, axis, from_batch):
    """Gradients of data, gamma and beta; only the first output's gradient counts, as in MXNet."""
    axis %= data.ndim
    over = _others(data, axis)
    g, x = g.astype(mean.dtype), data.astype(mean.dtype) - _shaped(mean, data, axis)
    total, product_sum = jnp.sum(g, over), jnp.sum(g * x, over)
    scale = invstd if fix_gamma else invstd * gamma
    if from_batch:
        count = np.asarray(data.size // data.shape[axis], mean.dtype)
        slope = product_sum * invstd * invstd / count
        g = g - _shaped(total / count, data, axis) - x * _shaped(slope, data, axis)
    d_gamma = jnp.zeros_like(gamma) if fix_gamma else product_sum * invstd
    return (g * _shaped(scale, data, axis)).astype(data.dtype), d_gamma, total


@op(
    aliases=("_npx_batch_norm",),
    outputs=("output", "mean", "var"),
    visible=lambda output_mean_var: 3 if output_mean_var else 1,
    shape=_batch_shape,
    types=_batch_types,
)
def BatchNorm(
    data: Tensor,
    gamma: Tensor = deduce(_channels),
    beta: Tensor = deduce(_channels),
    moving_mean: Tensor = aux(_channels, init=ZERO),
    moving_var: Tensor = aux(_channels, init=ONE),
    *,
    eps: float = EPS_DOUBLE,
    momentum: float = MOMENTUM,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    train: Train,
):
    r"""Batch normalization :math:`\gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta` for each channel.

    Shapes: data (..., C, ...) with C at `axis`; gamma, beta, moving_mean, moving_var (C,) -> data's shape. In training
    the batch's own mean and biased variance count and the moving ones are updated, unless `use_global_stats`.
    `fix_gamma`, on by default, takes gamma for 1 and gives it no gradient. Statistics of 16-bit data are float32.
    The output named `var` holds the inverse standard deviation, as in MXNet. `cudnn_off` and the calibration ranges
    have no meaning here.
    """
    from_batch = train and not use_global_stats
    y, mean, _, invstd, *moved = _normalize(
        data, gamma, beta, moving_mean, moving_var, eps, momentum, fix_gamma, axis, from_batch
    )
    others = (mean, invstd, *moved)
    # MXNet lets no gradient in at these; the written one sees to that by itself, and needs them for second derivatives
    return (y, *(others if is_switched_on() else map(lax.stop_gradient, others)))


@gradient(BatchNorm, is_derivative=True)
def _(cts, outputs, data, gamma, beta, moving_mean, moving_var, *, fix_gamma, use_global_stats, axis, train):
    _, mean, invstd, *_ = outputs
    return _normalize_gradient(
        cts[0], data, gamma, mean, invstd, fix_gamma, axis, train and not use_global_stats
    )  # fmt: skip


@op(
    outputs=("output", "mean", "var"),
    visible=lambda output_mean_var: 3 if output_mean_var else 1,
    shape=_batch_shape,
    types=_batch_types,
    workspaces=1,
)
def _contrib_BatchNormWithReLU(
    data: Tensor,
    gamma: Tensor = deduce(_channels),
    beta: Tensor = deduce(_channels),
    moving_mean: Tensor = aux(_channels, init=ZERO),
    moving_var: Tensor = aux(_channels, init=ONE),
    *,
    eps: float = EPS_DOUBLE,
    momentum: float = MOMENTUM,
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    axis: int = 1,
    cudnn_off: bool = False,
    min_calib_range: float | None = None,
    max_calib_range: float | None = None,
    train: Train,
):
    """`BatchNorm` followed by a rectifier.

    Shapes: as `BatchNorm`.
    """
    from_batch = train and not use_global_stats
    y, mean, _, invstd, *moved = _normalize(
        data, gamma, beta, moving_mean, moving_var, eps, momentum, fix_gamma, axis, from_batch
    )
    return (jnp.maximum(y, 0), mean, invstd, *moved)


@gradient(_contrib_BatchNormWithReLU)
def _(cts, outputs, data, gamma, beta, moving_mean, moving_var, *, fix_gamma, use_global_stats, axis, train):
    y, mean, invstd, *_ = outputs
    g = jnp.where(y > 0, cts[0], 0)
    return _normalize_gradient(g, data, gamma, mean, invstd, fix_gamma, axis, train and not use_global_stats)


@op(
    outputs=("output", "mean", "var"),
    visible=lambda output_mean_var: 3 if output_mean_var else 1,
    shape=_batch_shape_v1,
    types=_batch_types,
    needs_type=True,
)
def BatchNorm_v1(
    data: Tensor,
    gamma: Tensor = deduce(_second),
    beta: Tensor = deduce(_second),
    moving_mean: Tensor = aux(_second, init=ZERO),
    moving_var: Tensor = aux(_second, init=ONE),
    *,
    eps: float = EPS,
    momentum: float = attr(MOMENTUM, ge=0, le=1),
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    train: Train,
):
    """The older `BatchNorm`: channels at axis 1, and the output `var` holds the variance.

    Shapes: as `BatchNorm`.
    """
    from_batch = train and not use_global_stats
    y, mean, var, _, *moved = _normalize(
        data, gamma, beta, moving_mean, moving_var, eps, momentum, fix_gamma, 1, from_batch
    )
    return (y, mean, var, *moved)


@op(
    outputs=("output", "mean", "var"),
    visible=lambda output_mean_var: 3 if output_mean_var else 1,
    shape=_batch_shape_v1,
    types=_batch_types,
    needs_type=True,
)
def _contrib_SyncBatchNorm(
    data: Tensor,
    gamma: Tensor = deduce(_second),
    beta: Tensor = deduce(_second),
    moving_mean: Tensor = aux(_second, init=ZERO),
    moving_var: Tensor = aux(_second, init=ONE),
    *,
    eps: float = EPS,
    momentum: float = attr(MOMENTUM, ge=0, le=1),
    fix_gamma: bool = True,
    use_global_stats: bool = False,
    output_mean_var: bool = False,
    ndev: int = 1,
    key: str,
    train: Train,
):
    """Batch normalization over all devices; the output `var` holds the variance.

    Shapes: as `BatchNorm`, channels at axis 1. Under `jit` a batch that is sharded over devices is one array, whose
    statistics are global anyway: `ndev` and `key` have no meaning here.
    """
    from_batch = train and not use_global_stats
    y, mean, var, _, *moved = _normalize(
        data, gamma, beta, moving_mean, moving_var, eps, momentum, fix_gamma, 1, from_batch
    )
    return (y, mean, var, *moved)


def _variance_gradient(
    cts, outputs, data, gamma, beta, moving_mean, moving_var, *, eps, fix_gamma, use_global_stats, train
):  # fmt: skip
    _, mean, var, *_ = outputs
    invstd = _inverse_std(var, eps)
    return _normalize_gradient(cts[0], data, gamma, mean, invstd, fix_gamma, 1, train and not use_global_stats)


gradient(BatchNorm_v1)(_variance_gradient)
gradient(_contrib_SyncBatchNorm)(_variance_gradient)


# -- layer, group and instance normalization -------------------------------------------------------------------


def _standardize(data: Array, over: tuple[int, ...], eps: float) -> tuple[Array, Array, Array]:
    """(normalized data, mean, standard deviation), the two with kept axes; computed in at least float32."""
    x = data.astype(jnp.promote_types(data.dtype, jnp.float32))
    mean = jnp.mean(x, over, keepdims=True)
    centred = x - mean
    std = lax.sqrt(jnp.mean(lax.square(centred), over, keepdims=True) + np.asarray(eps, x.dtype))
    return centred / std, mean, std


def _moments(data: Array, shape: tuple[int, ...], *values: Array) -> list[Array]:
    """Statistics as outputs: MXNet gives them no gradient."""
    return [lax.stop_gradient(v).reshape(shape).astype(data.dtype) for v in values]


def _layer_shape(ins: Shapes, outs: Shapes, axis: int) -> None:
    data = ins[0]
    if data is not None:
        a = _axis(axis, data)
        assign(outs, 0, data)
        assign(outs, 1, (*data[:a], 1, *data[a + 1 :]))
        assign(outs, 2, (*data[:a], 1, *data[a + 1 :]))


@op(
    aliases=("_npx_layer_norm",),
    outputs=("output", "mean", "std"),
    visible=lambda output_mean_var: 3 if output_mean_var else 1,
    shape=_layer_shape,
)
def LayerNorm(
    data: Tensor,
    gamma: Tensor = deduce(_channels),
    beta: Tensor = deduce(_channels),
    *,
    axis: int = -1,
    eps: float = 9.99999975e-06,
    output_mean_var: bool = False,
):
    """Normalization along one axis, then an affine map.

    Shapes: data (..., C, ...) with C at `axis`; gamma, beta (C,) -> data's shape; mean and std keep the axis as 1.
    Source: Ba et al. 2016, https://arxiv.org/abs/1607.06450
    """
    a = axis % data.ndim
    y, mean, std = _standardize(data, (a,), eps)
    y = y * _shaped(gamma, y, a) + _shaped(beta, y, a)
    return (y.astype(data.dtype), *_moments(data, mean.shape, mean, std))


def _group_shape(ins: Shapes, outs: Shapes, num_groups: int) -> None:
    data = ins[0]
    if data is None:
        return
    if len(data) < 3:
        raise ShapeConflict(f"group normalization needs 3 or more dimensions, got {show(data)}")
    if data[1] is not None and data[1] % num_groups:
        raise ShapeConflict(f"{data[1]} channels are not divisible by num_groups={num_groups}")
    assign(outs, 0, data)
    assign(outs, 1, (data[0], num_groups))
    assign(outs, 2, (data[0], num_groups))


@op(
    outputs=("output", "mean", "std"),
    visible=lambda output_mean_var: 3 if output_mean_var else 1,
    shape=_group_shape,
)
def GroupNorm(
    data: Tensor,
    gamma: Tensor = deduce(lambda data, num_groups: (num_groups,)),
    beta: Tensor = deduce(lambda data, num_groups: (num_groups,)),
    *,
    num_groups: int = attr(1, ge=1),
    eps: float = 9.99999975e-06,
    output_mean_var: bool = False,
):
    """Normalization within groups of channels, then an affine map for each group.

    Shapes: data (N, C, ...), gamma, beta (num_groups,) -> data's shape; mean and std (N, num_groups).
    Source: Wu and He 2018, https://arxiv.org/abs/1803.08494
    """
    n, c = data.shape[:2]
    x = data.reshape(n, num_groups, product((c // num_groups, *data.shape[2:])))
    y, mean, std = _standardize(x, (2,), eps)
    y = y * gamma[:, None] + beta[:, None]
    return (y.reshape(data.shape).astype(data.dtype), *_moments(data, (n, num_groups), mean, std))


def _instance_shape(ins: Shapes, outs: Shapes) -> None:
    data = ins[0]
    if data is not None:
        assign(outs, 0, data)
        assign(outs, 1, (data[0], data[_axis(1, data)]))
        assign(outs, 2, (data[0], data[_axis(1, data)]))


def _all_float32(ins: Types, outs: Types) -> None:
    for types in (ins, outs):
        for i in range(len(types)):
            assign_type(types, i, "float32")


@op(
    outputs=("output", "mean", "var"), visible=1, shape=_instance_shape, needs_shape=True, types=_all_float32
)  # fmt: skip
def InstanceNorm(
    data: Tensor,
    gamma: Tensor = deduce(_second),
    beta: Tensor = deduce(_second),
    *,
    eps: float = EPS,
):
    """Normalization of each channel of each example, then an affine map for each channel.

    Shapes: data (N, C, ...), gamma, beta (C,) -> data's shape; the hidden mean and var (N, C).
    Source: Ulyanov et al. 2016, https://arxiv.org/abs/1607.08022
    """
    y, mean, std = instance_norm(data, gamma, beta, eps, 1)
    var = lax.square(std) - np.asarray(eps, std.dtype)
    return (y, *_moments(data, data.shape[:2], mean, var))


def instance_norm(data: Array, gamma: Array, beta: Array, eps: float, axis: int) -> tuple[Array, Array, Array]:
    """(result, mean, standard deviation) of each channel, at `axis`, of each example."""
    over = tuple(a for a in range(1, data.ndim) if a != axis)
    y, mean, std = _standardize(data, over, eps)
    return (y * _shaped(gamma, y, axis) + _shaped(beta, y, axis)).astype(data.dtype), mean, std


# -- norms -----------------------------------------------------------------------------------------------------


def _l2_shape(ins: Shapes, outs: Shapes, mode: str) -> None:
    data = ins[0]
    if data is None:
        return
    if mode != "instance" and len(data) < 3:
        raise ShapeConflict(f"At least 3 dimensions required in {mode} mode, got {show(data)}")
    assign(outs, 0, data)
    norm: dict[str, Callable] = {
        "instance": lambda: data[:1],
        "channel": lambda: (data[0], 1, *data[2:]),
        "spatial": lambda: data[:2],
    }
    assign(outs, 1, norm[mode]())


def l2_norm(data: Array, over: tuple[int, ...], eps: float) -> Array:
    """The root of the sum of squares over some axes, which stay as 1."""
    return lax.sqrt(jnp.sum(lax.square(data), over, keepdims=True) + np.asarray(eps, data.dtype))


@op(outputs=("output", "norm"), visible=1, shape=_l2_shape, types=like_first_type, needs_shape=True)
def L2Normalization(
    data: Tensor,
    *,
    eps: float = 1.00000001e-10,
    mode: Literal["channel", "instance", "spatial"] = "instance",
):
    r"""Division by the L2 norm, :math:`x / \sqrt{\sum x^2 + \epsilon}`.

    Shapes: data (N, ...) -> data's shape. The norm runs over a whole example (`instance`), over its channels
    (`channel`, axis 1) or over its positions (`spatial`, axes 2 and up).
    """
    over = {"instance": range(1, data.ndim), "channel": (1,), "spatial": range(2, data.ndim)}[mode]
    norm = l2_norm(data, tuple(over), eps)
    shape = {"instance": data.shape[:1], "channel": norm.shape, "spatial": data.shape[:2]}[mode]
    return data / norm, lax.stop_gradient(norm).reshape(shape)


def _lrn_shape(ins: Shapes, outs: Shapes) -> None:
    data = ins[0]
    if data is not None and None not in data:
        assign(outs, 0, data)
        assign(outs, 1, data)


def local_response(data: Array, alpha: float, beta: float, knorm: float, nsize: int, axis: int) -> tuple[Array, Array]:
    """(data divided by the power `beta` of its norm, the norm), which sums squares of neighbours along `axis`."""
    x = data.astype(jnp.promote_types(data.dtype, jnp.float32))
    before = nsize // 2
    window, padding = [1] * data.ndim, [(0, 0)] * data.ndim
    window[axis], padding[axis] = nsize, (before, nsize - 1 - before)
    total = lax.reduce_window(lax.square(x), np.zeros((), x.dtype), lax.add, window, (1,) * data.ndim, padding)
    norm = np.asarray(knorm, x.dtype) + total * np.asarray(alpha / nsize, x.dtype)
    return (x * norm ** np.asarray(-beta, x.dtype)).astype(data.dtype), norm.astype(data.dtype)


@op(outputs=("output", "tmp_norm"), visible=1, shape=_lrn_shape, needs_type=True)
def LRN(
    data: Tensor,
    *,
    alpha: float = 9.99999975e-05,
    beta: float = 0.75,
    knorm: float = 2.0,
    nsize: int = attr(ge=1),
):
    r"""Local response normalization, :math:`x_c (k + \frac{\alpha}{n} \sum_{c'} x_{c'}^2)^{-\beta}`.

    Shapes: data (N, C, H, W) -> data's shape; the sum runs over the `nsize` channels around c.
    Source: Krizhevsky et al. 2012.
    """
    y, norm = local_response(data, alpha, beta, knorm, nsize, 1)
    return y, lax.stop_gradient(norm)
