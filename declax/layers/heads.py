"""Heads that end a network: they output predictions, and their gradient is that of a loss."""

import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import attr
from declax.registry import Tensor, Train, aux, gradient, op
from declax.rules import Shapes, assign, lead_type
from declax.shapes import ShapeConflict, product, show, size

# -- SoftmaxOutput ---------------------------------------------------------------------------------------------


def _softmax_output_shape(ins: Shapes, outs: Shapes, multi_output: bool) -> None:
    data, label = ins
    if data is None:
        return
    if label is None or label != data:
        if not multi_output:
            assign(ins, 1, data[:-1])
        elif label is None:
            if None not in data:
                ins[1] = (data[0], product(data[2:]))
        elif None not in data and None not in label:
            fitting = ((data[0], product(data[2:])), (data[0], *data[2:]), (data[0], 1, *data[2:]))
            if label not in fitting:
                raise ShapeConflict(f"Expecting a label of {show(fitting[0])} or {show(fitting[1])}, got {show(label)}")
    assign(outs, 0, data)


def _one_hot(label: Array, classes: int, axis: int, dtype) -> Array:
    """Label indices, truncated towards zero, as ones and zeros along a new axis."""
    index = jnp.expand_dims(label.astype(jnp.int32), axis)
    shape = (*index.shape[:axis], classes, *index.shape[axis + 1 :])
    return (lax.broadcasted_iota(jnp.int32, shape, axis) == index).astype(dtype)


def _softmax_axes(shape, multi_output: bool, preserve_shape: bool) -> tuple[int, ...]:
    """The shape in which axis 1 is the softmax's."""
    if multi_output:
        return (*shape[:2], math.prod(shape[2:]))
    if preserve_shape:
        return (math.prod(shape[:-1]), shape[-1])
    return (shape[0], math.prod(shape[1:]))


@op(aliases=("Softmax",), shape=_softmax_output_shape, types=lead_type, loss=lambda out_grad: not out_grad)
def SoftmaxOutput(
    data: Tensor,
    label: Tensor,
    *,
    grad_scale: float = 1.0,
    ignore_label: float = -1.0,
    multi_output: bool = False,
    use_ignore: bool = False,
    preserve_shape: bool = False,
    normalization: Literal["batch", "null", "valid"] = "null",
    out_grad: bool = False,
    smooth_alpha: float = attr(0.0, ge=0, le=1),
    train: Train,
):
    """Softmax whose gradient is that of the cross entropy with `label`.

    Shapes: data (N, ...) -> data's shape. The softmax runs over all but the first axis, over the last one with
    `preserve_shape`, over axis 1 with `multi_output`; as in MXNet, outside of training it also runs over the last one
    for data of one or four dimensions in float32, unless `multi_output`. The label holds class indices, (N,), data's
    shape without the last axis, or (N, positions) with `multi_output`; a label of data's own shape holds probabilities.
    The gradient ignores the one that comes in, unless `out_grad`; `normalization` divides it by the batch or by the
    number of labels that are not `ignore_label`.
    """
    if not train and not multi_output and data.ndim in (1, 4) and data.dtype in (jnp.float32, jnp.bfloat16):
        return jax.nn.softmax(data, -1)
    x = data.reshape(_softmax_axes(data.shape, multi_output, preserve_shape))
    return jax.nn.softmax(x, 1).reshape(data.shape)


@gradient(SoftmaxOutput)
def _(
    cotangents, outputs, data, label, *,
    grad_scale, ignore_label, multi_output, use_ignore, preserve_shape, normalization, out_grad, smooth_alpha,
):  # fmt: skip
    out = outputs[0]
    incoming = cotangents[0] if out_grad else None
    if label.shape == out.shape:
        g = (out - label) * np.asarray(grad_scale, out.dtype)
        return g if incoming is None else g * incoming
    p = out.reshape(_softmax_axes(out.shape, multi_output, preserve_shape))
    rows, classes = p.shape[:2]
    target = label.reshape(rows, -1) if multi_output else label.reshape(-1)[:rows]
    truth = _one_hot(target, classes, 1, p.dtype)
    if smooth_alpha and not multi_output:
        rest = smooth_alpha / (classes - 1) if classes > 1 else 0.0
        truth = truth * np.asarray(1 - smooth_alpha - rest, p.dtype) + np.asarray(rest, p.dtype)
    g = p - truth
    ignored = label.astype(jnp.int32) == int(ignore_label)
    if use_ignore:
        kept = jnp.expand_dims(target.astype(jnp.int32) != int(ignore_label), 1)
        g = jnp.where(kept, g, 0)
    scale = np.asarray(grad_scale, p.dtype)
    if multi_output and normalization != "valid":
        scale = scale / np.asarray(p.shape[2], p.dtype)
    if normalization == "batch":
        scale = scale / np.asarray(label.shape[0] if multi_output else label.size, p.dtype)
    elif normalization == "valid":
        count = label.size - jnp.sum(ignored, dtype=jnp.int32)
        scale = scale / jnp.maximum(count, 1).astype(p.dtype)
    g = (g * scale).reshape(out.shape)
    return g if incoming is None else g * incoming


# -- regression ------------------------------------------------------------------------------------------------


def _regression_shape(ins: Shapes, outs: Shapes) -> None:
    data, label = ins
    if data is None or None in data:
        return
    if label is None:
        ins[1] = data[:1] if len(data) == 2 and data[1] == 1 else data
    elif None not in label and (label[0] != data[0] or size(label) != size(data)):
        raise ShapeConflict(f"Shape inconsistent, Provided={show(label)}, inferred shape={show(data)}")
    assign(outs, 0, data)


def _per_output(g: Array, label: Array, grad_scale: float) -> Array:
    """A gradient scaled by `grad_scale` over the number of outputs of one example."""
    outputs = label.size // label.shape[0] if label.shape[0] else 1
    return g * np.asarray(grad_scale / outputs, g.dtype)


@op(aliases=("_sparse_LinearRegressionOutput",), shape=_regression_shape, loss=True)
def LinearRegressionOutput(data: Tensor, label: Tensor, *, grad_scale: float = 1.0):
    """The data itself, with the gradient of half the squared error: (data - label) * grad_scale / outputs.

    Shapes: data (N, ...), label as many elements -> data's shape. The gradient that comes in is ignored.
    """
    return data


@op(aliases=("_sparse_LogisticRegressionOutput",), shape=_regression_shape, loss=True)
def LogisticRegressionOutput(data: Tensor, label: Tensor, *, grad_scale: float = 1.0):
    """The sigmoid of the data, with the gradient of the cross entropy: (output - label) * grad_scale / outputs.

    Shapes: data (N, ...), label as many elements -> data's shape. The gradient that comes in is ignored.
    """
    return jax.nn.sigmoid(data)


def _difference(cotangents, outputs, data, label, *, grad_scale):
    return _per_output(outputs[0] - label.reshape(data.shape), label, grad_scale)


gradient(LinearRegressionOutput)(_difference)
gradient(LogisticRegressionOutput)(_difference)


@op(aliases=("_sparse_MAERegressionOutput",), shape=_regression_shape, loss=True)
def MAERegressionOutput(data: Tensor, label: Tensor, *, grad_scale: float = 1.0):
    """The data itself, with the gradient of the absolute error: its sign (-1 at 0) * grad_scale / outputs.

    Shapes: data (N, ...), label as many elements -> data's shape. The gradient that comes in is ignored.
    """
    return data


@gradient(MAERegressionOutput)
def _(cotangents, outputs, data, label, *, grad_scale):
    sign = jnp.where(data - label.reshape(data.shape) > 0, 1, -1).astype(data.dtype)
    return _per_output(sign, label, grad_scale)


# -- others ----------------------------------------------------------------------------------------------------


def _svm_shape(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is not None:
        assign(ins, 1, ins[0][:-1])
        assign(outs, 0, ins[0])


@op(shape=_svm_shape, types=lead_type, needs_type=True, loss=True)
def SVMOutput(
    data: Tensor,
    label: Tensor,
    *,
    margin: float = 1.0,
    regularization_coefficient: float = 1.0,
    use_linear: bool = False,
):
    """The data itself, with the gradient of a one-against-all hinge loss, squared unless `use_linear`.

    Shapes: data (N, ..., K), label (N, ...) class indices -> data's shape. The gradient that comes in is ignored.
    """
    return data


@gradient(SVMOutput)
def _(cotangents, outputs, data, label, *, margin, regularization_coefficient, use_linear):
    sign = 2 * _one_hot(label, data.shape[-1], label.ndim, data.dtype) - 1
    slack = np.asarray(margin, data.dtype) - sign * data
    loss = (slack > 0).astype(data.dtype) if use_linear else 2 * jnp.maximum(slack, 0)
    return -sign * loss * np.asarray(regularization_coefficient, data.dtype)


def _cross_entropy_shape(ins: Shapes, outs: Shapes) -> None:
    data, label = ins
    if data is not None and len(data) != 2:
        raise ShapeConflict(f"softmax_cross_entropy only accepts 2D data, got {show(data)}")
    if label is None or len(label) != 1:
        raise ShapeConflict(f"softmax_cross_entropy only accepts a 1D label, got {show(label)}")
    if data is not None and None not in (data[0], label[0]) and data[0] != label[0]:
        raise ShapeConflict(f"data {show(data)} and label {show(label)} differ in their first dimension")
    assign(outs, 0, (1,))


@op(shape=_cross_entropy_shape, needs_shape=True)
def softmax_cross_entropy(data: Tensor, label: Tensor):
    """Sum over the batch of the cross entropy between the softmax of `data` and the class indices `label`.

    Shapes: data (N, K), label (N,) -> (1,). Probabilities below 1e-8 count as that.
    """
    chosen = jnp.sum(jax.nn.softmax(data, 1) * _one_hot(label, data.shape[1], 1, data.dtype), 1)
    return -jnp.sum(jnp.log(jnp.maximum(chosen, np.asarray(1e-8, data.dtype))), keepdims=True)


@gradient(softmax_cross_entropy)
def _(cotangents, outputs, data, label):
    return cotangents[0] * (jax.nn.softmax(data, 1) - _one_hot(label, data.shape[1], 1, data.dtype))


def _like_data(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is not None:
        assign(outs, 0, ins[0])


@op(shape=_like_data, needs_type=True)
def IdentityAttachKLSparseReg(
    data: Tensor,
    moving_avg: Tensor = aux(lambda data: (data[1],), init='["zero", {}]'),
    *,
    sparseness_target: float = attr(0.100000001, ge=0, le=1),
    penalty: float = 0.00100000005,
    momentum: float = attr(0.899999976, ge=0, le=1),
    train: Train,
):
    """The data itself, whose gradient draws the mean activation of each unit to a target (KL divergence).

    Shapes: data (N, C), moving_avg (C,) -> data's shape. Meant for sigmoid outputs.
    Source: Hinton 2010, A Practical Guide to Training Restricted Boltzmann Machines.
    """
    if not train:
        return data, moving_avg
    keep, take = np.asarray(momentum, data.dtype), np.asarray(1 - momentum, data.dtype)
    return data, moving_avg * keep + jnp.mean(data, 0) * take


@gradient(IdentityAttachKLSparseReg)
def _(cotangents, outputs, data, moving_avg, *, sparseness_target, penalty):
    average, target = outputs[1], sparseness_target
    return cotangents[0] + penalty * ((1 - target) / (1 - average) - target / average)
