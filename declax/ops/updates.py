"""Optimiser updates of one weight: the new weight is the output, momenta and master weights are auxiliary states.

All of them compute with the weight's element type, or with float32 when they hold a float32 copy of the weight
(`mp_*`); `clip_gradient`, `clip_weights` and bounds below 0 mean none. `lazy_update` says what MXNet does with
row-sparse gradients; arrays are dense here, and every row is updated.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from declax.layers.boxes import need
from declax.registry import Tensor, aux, op
from declax.rules import Shapes, Types, assign, assign_type, same_shape, same_type

LR = ("lr", "wd", "rescale_grad")
"""Hyper-parameters that change from step to step."""


def numbers(dtype: Any, *values: Any) -> tuple[Any, ...]:
    """Hyper-parameters, float32 as in MXNet, in the element type of the computation."""
    return tuple(jnp.asarray(np.float32(v) if isinstance(v, int | float) else v).astype(dtype) for v in values)


def clipped(x: Array, bound: float) -> Array:
    """x within -bound .. bound, as it is for a bound below 0."""
    return jnp.clip(x, -bound, bound) if bound >= 0 else x


def mixed_type(count: int) -> Callable:
    """A type rule: the first `count` inputs and the outputs share a type, the other inputs are float32."""

    def rule(ins: Types, outs: Types) -> None:
        both = ins[:count]
        same_type(both, outs)
        ins[:count] = both
        for i in range(count, len(ins)):
            assign_type(ins, i, "float32")

    return rule


SAME = {"shape": same_shape, "auto_create": False, "varying": LR}
MIXED = {**SAME, "types": mixed_type(2)}


# -- gradient descent ------------------------------------------------------------------------------------------


def sgd_step(w: Array, grad: Array, lr, wd, rescale_grad, clip_gradient: float) -> Array:
    """Weight after plain gradient descent."""
    lr, wd, scale = numbers(w.dtype, lr, wd, rescale_grad)
    g = grad.astype(w.dtype)
    step = lr * clipped(scale * g, clip_gradient) if clip_gradient >= 0 else (lr * scale) * g
    return (1 - lr * wd) * w - step


def momentum_step(w: Array, grad: Array, mom: Array, lr, wd, rescale_grad, clip_gradient: float, momentum) -> Array:
    """Momentum after a step of gradient descent."""
    lr, wd, scale, momentum = numbers(w.dtype, lr, wd, rescale_grad, momentum)
    g = grad.astype(w.dtype)
    step = lr * clipped(scale * g, clip_gradient) if clip_gradient >= 0 else lr * scale * g
    return momentum * mom - lr * wd * w - step


@op(aliases=("_sparse_sgd_update",), **SAME)
def sgd_update(
    weight: Tensor, grad: Tensor, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
    lazy_update: bool = True,
):  # fmt: skip
    """Gradient descent: w - lr * (clip(rescale_grad * grad) + wd * w).

    Shapes: weight and grad alike -> the new weight.
    """
    return sgd_step(weight, grad, lr, wd, rescale_grad, clip_gradient)


@op(aliases=("_sparse_sgd_mom_update",), **SAME)
def sgd_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor = aux(), *, lr: float, momentum: float = 0.0, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True,
):  # fmt: skip
    """Gradient descent with momentum: m = momentum * m - lr * (grad + wd * w), w + m.

    Shapes: weight, grad and mom alike -> the new weight.
    """
    mom = momentum_step(weight, grad, mom, lr, wd, rescale_grad, clip_gradient, momentum)
    return weight + mom, mom


@op(**MIXED)
def mp_sgd_update(
    weight: Tensor, grad: Tensor, weight32: Tensor = aux(), *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True,
):  # fmt: skip
    """`sgd_update` on a float32 copy of the weight.

    Shapes: all alike -> the new weight in the type of weight.
    """
    new = sgd_step(weight32, grad, lr, wd, rescale_grad, clip_gradient)
    return new.astype(weight.dtype), new


@op(**MIXED)
def mp_sgd_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor = aux(), weight32: Tensor = aux(), *, lr: float, momentum: float = 0.0,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: bool = True,
):  # fmt: skip
    """`sgd_mom_update` on a float32 copy of the weight.

    Shapes: all alike -> the new weight in the type of weight.
    """
    mom = momentum_step(weight32, grad, mom, lr, wd, rescale_grad, clip_gradient, momentum)
    new = weight32 + mom
    return new.astype(weight.dtype), mom, new


def _nesterov(w: Array, grad: Array, mom: Array, lr, momentum, wd, rescale_grad, clip_gradient: float):
    """(weight, momentum) after a step of Nesterov's method."""
    lr, wd, scale, momentum = numbers(w.dtype, lr, wd, rescale_grad, momentum)
    step = lr * (clipped(scale * grad.astype(w.dtype), clip_gradient) + wd * w)
    mom = momentum * mom
    return w - mom + (momentum + 1) * (mom - step), mom - step


def _nesterov32(w: Array, grad: Array, mom: Array, lr, momentum, wd, rescale_grad, clip_gradient: float):
    """`_nesterov` as MXNet has it for master weights: weight decay of the momentum uses the new weight."""
    new, _ = _nesterov(w, grad, mom, lr, momentum, wd, rescale_grad, clip_gradient)
    lr, wd, scale, momentum = numbers(w.dtype, lr, wd, rescale_grad, momentum)
    return new, momentum * mom - lr * (clipped(scale * grad.astype(w.dtype), clip_gradient) + wd * new)


@op(**SAME)
def nag_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor = aux(), *, lr: float, momentum: float = 0.0, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0,
):  # fmt: skip
    """Nesterov's accelerated gradient.

    Shapes: weight, grad and mom alike -> the new weight.
    """
    return _nesterov(weight, grad, mom, lr, momentum, wd, rescale_grad, clip_gradient)


@op(**MIXED)
def mp_nag_mom_update(
    weight: Tensor, grad: Tensor, mom: Tensor = aux(), weight32: Tensor = aux(), *, lr: float, momentum: float = 0.0,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
):  # fmt: skip
    """`nag_mom_update` on a float32 copy of the weight.

    Shapes: all alike -> the new weight in the type of weight. As in MXNet the momentum decays by the new weight.
    """
    new, mom = _nesterov32(weight32, grad, mom, lr, momentum, wd, rescale_grad, clip_gradient)
    return new.astype(weight.dtype), mom, new


@op(**SAME)
def signsgd_update(
    weight: Tensor, grad: Tensor, *, lr: float, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0
):
    """Steps of one size along the sign of the gradient: (1 - lr * wd) * w - lr * sign(grad).

    Shapes: weight and grad alike -> the new weight. `rescale_grad` and `clip_gradient` mean nothing.
    """
    lr, wd = numbers(weight.dtype, lr, wd)
    return (1 - lr * wd) * weight - lr * jnp.sign(grad)


@op(**SAME)
def signum_update(
    weight: Tensor, grad: Tensor, mom: Tensor = aux(), *, lr: float, momentum: float = 0.0, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0, wd_lh: float = 0.0,
):  # fmt: skip
    """`signsgd_update` by the sign of a momentum (Bernstein et al. 2018); `wd_lh` is decoupled weight decay.

    Shapes: weight, grad and mom alike -> the new weight.
    """
    lr, wd, scale, momentum, decay = numbers(weight.dtype, lr, wd, rescale_grad, momentum, wd_lh)
    g = clipped(scale * grad, clip_gradient)
    mom = momentum * mom - (1 - momentum) * wd * weight - (1 - momentum) * g
    return (1 - lr * decay) * weight + lr * jnp.sign(mom), mom


# -- adaptive steps --------------------------------------------------------------------------------------------


@op(aliases=("_sparse_adam_update",), **SAME)
def adam_update(
    weight: Tensor, grad: Tensor, mean: Tensor = aux(), var: Tensor = aux(), *, lr: float, beta1: float = 0.9,
    beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, lazy_update: bool = True,
):  # fmt: skip
    """Adam (Kingma and Ba 2014), its bias correction left to `lr`.

    Shapes: weight, grad, mean and var alike -> the new weight. Weight decay is added before clipping.
    """
    lr, wd, scale, b1, b2, eps = numbers(weight.dtype, lr, wd, rescale_grad, beta1, beta2, epsilon)
    g = clipped(grad * scale + weight * wd, clip_gradient)
    mean, var = b1 * mean + (1 - b1) * g, b2 * var + (1 - b2) * g * g
    return weight - lr * mean / (jnp.sqrt(var) + eps), mean, var


def adamw_step(w: Array, grad: Array, mean: Array, var: Array, scale, lr, wd, eta, betas, epsilon, clip_gradient):
    """(weight, mean, variance) after AdamW; all as they were when the scale of the loss is 0 or not finite."""
    eta, lr, wd, b1, b2, eps, s = numbers(w.dtype, eta, lr, wd, *betas, epsilon, scale.ravel()[0])
    g = clipped(s * grad.astype(w.dtype), clip_gradient)
    m, v = b1 * mean + (1 - b1) * g, b2 * var + (1 - b2) * g * g
    new = w - eta * (lr * m / (jnp.sqrt(v) + eps) + wd * w)
    good = jnp.isfinite(scale.ravel()[0]) & (scale.ravel()[0] != 0)
    return tuple(jnp.where(good, a, b) for a, b in ((new, w), (m, mean), (v, var)))


def _adamw_shape(ins: Shapes, outs: Shapes) -> None:
    rest = ins[:-1]
    same_shape(rest, outs)
    ins[:-1] = rest


def _adamw_type(ins: Types, outs: Types) -> None:
    rest = ins[:4]
    same_type(rest, outs)
    ins[:4] = rest
    assign_type(ins, 4, "float32")


ADAMW = {"shape": _adamw_shape, "auto_create": False, "varying": ("lr", "wd", "eta")}


@op(types=_adamw_type, **ADAMW)
def _adamw_update(
    weight: Tensor, grad: Tensor, mean: Tensor = aux(), var: Tensor = aux(), rescale_grad: Tensor = None, *, lr: float,
    beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8, wd: float = 0.0, eta: float,
    clip_gradient: float = -1.0,
):  # fmt: skip
    """Adam with decoupled weight decay (Loshchilov and Hutter 2017).

    Shapes: weight, grad, mean and var alike, rescale_grad (1,) -> the new weight. Nothing changes when `rescale_grad`
    is 0 or not finite (a loss scale that overflowed). `eta` multiplies `lr` and `wd`.
    """
    return adamw_step(weight, grad, mean, var, rescale_grad, lr, wd, eta, (beta1, beta2), epsilon, clip_gradient)


@op(types=mixed_type(2), **ADAMW)
def _mp_adamw_update(
    weight: Tensor, grad: Tensor, mean: Tensor = aux(), var: Tensor = aux(), weight32: Tensor = aux(),
    rescale_grad: Tensor = None, *, lr: float, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
    wd: float = 0.0, eta: float, clip_gradient: float = -1.0,
):  # fmt: skip
    """`_adamw_update` on a float32 copy of the weight.

    Shapes: all alike, rescale_grad (1,) -> the new weight in the type of weight.
    """
    new, mean, var = adamw_step(
        weight32, grad, mean, var, rescale_grad, lr, wd, eta, (beta1, beta2), epsilon, clip_gradient
    )
    good = jnp.isfinite(rescale_grad.ravel()[0]) & (rescale_grad.ravel()[0] != 0)
    return jnp.where(good, new.astype(weight.dtype), weight), mean, var, new


@op(shape=same_shape, auto_create=False, varying=(*LR, "t"))
def ftml_update(
    weight: Tensor, grad: Tensor, d: Tensor = aux(), v: Tensor = aux(), z: Tensor = aux(), *, lr: float,
    beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-8, t: int, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_grad: float = -1.0,
):  # fmt: skip
    """Follow the moving leader (Zheng and Kwok 2017) at step `t`.

    Shapes: weight, grad, d, v and z alike -> the new weight.
    """
    lr, wd, scale, b1, b2, eps, t = numbers(weight.dtype, lr, wd, rescale_grad, beta1, beta2, epsilon, t)
    g = clipped(scale * grad + wd * weight, clip_grad)
    v = b2 * v + (1 - b2) * g * g
    new = (1 - jnp.power(b1, t)) / lr * (jnp.sqrt(v / (1 - jnp.power(b2, t))) + eps)
    z = b1 * z + (1 - b1) * g - (new - b1 * d) * weight
    return -z / new, new, v, z


@op(aliases=("_sparse_ftrl_update",), **SAME)
def ftrl_update(
    weight: Tensor, grad: Tensor, z: Tensor = aux(), n: Tensor = aux(), *, lr: float, lamda1: float = 0.01,
    beta: float = 1.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0,
):  # fmt: skip
    """Follow the regularised leader (McMahan et al. 2013).

    Shapes: weight, grad, z and n alike -> the new weight.
    """
    lr, wd, scale, sparsity, beta = numbers(weight.dtype, lr, wd, rescale_grad, lamda1, beta)
    g = clipped(grad * scale, clip_gradient)
    z = z + g - (jnp.sqrt(n + g * g) - jnp.sqrt(n)) * weight / lr
    n = n + g * g
    new = (jnp.sign(z) * sparsity - z) / ((beta + jnp.sqrt(n)) / lr + wd)
    return jnp.where(jnp.abs(z) > sparsity, new, 0), z, n


@op(**SAME)
def rmsprop_update(
    weight: Tensor, grad: Tensor, n: Tensor = aux(), *, lr: float, gamma1: float = 0.95, epsilon: float = 1e-8,
    wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, clip_weights: float = -1.0,
):  # fmt: skip
    """RMSProp (Tieleman and Hinton 2012).

    Shapes: weight, grad and n alike -> the new weight.
    """
    lr, wd, scale, decay, eps = numbers(weight.dtype, lr, wd, rescale_grad, gamma1, epsilon)
    g = clipped(scale * grad + wd * weight, clip_gradient)
    n = (1 - decay) * (g * g) + decay * n
    return clipped(weight - lr * (g / jnp.sqrt(n + eps)), clip_weights), n


@op(**SAME)
def rmspropalex_update(
    weight: Tensor, grad: Tensor, n: Tensor = aux(), g: Tensor = aux(), delta: Tensor = aux(), *, lr: float,
    gamma1: float = 0.95, gamma2: float = 0.9, epsilon: float = 1e-8, wd: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, clip_weights: float = -1.0,
):  # fmt: skip
    """RMSProp by the centred variance, with momentum (Graves 2013).

    Shapes: weight, grad, n, g and delta alike -> the new weight.
    """
    lr, wd, scale, decay, momentum, eps = numbers(weight.dtype, lr, wd, rescale_grad, gamma1, gamma2, epsilon)
    x = clipped(scale * grad + wd * weight, clip_gradient)
    n = (1 - decay) * x * x + decay * n
    g = (1 - decay) * x + decay * g
    delta = momentum * delta - lr * x / jnp.sqrt(n - g * g + eps)
    return clipped(weight + delta, clip_weights), n, g, delta


@op(**SAME)
def _sparse_adagrad_update(
    weight: Tensor, grad: Tensor, history: Tensor = aux(), *, lr: float, epsilon: float = 1e-7, wd: float = 0.0,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0,
):  # fmt: skip
    """AdaGrad (Duchi et al. 2011); `wd` must be 0.

    Shapes: weight, grad and history alike -> the new weight. Dense gradients are taken too, where MXNet has none.
    """
    lr, scale, eps = numbers(weight.dtype, lr, rescale_grad, epsilon)
    g = clipped(grad * scale, clip_gradient)
    history = history + g * g
    return weight - g / jnp.sqrt(history + eps) * lr, history


def _group_shape(ins: Shapes, outs: Shapes) -> None:
    pair = ins[:2]
    same_shape(pair, outs)
    ins[:2] = pair


@op(shape=_group_shape, auto_create=False, varying=("lr", "rescale_grad"))
def _contrib_group_adagrad_update(
    weight: Tensor, grad: Tensor, history: Tensor = aux(), *, lr: float, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, epsilon: float = 1e-5,
):  # fmt: skip
    """AdaGrad with one learning rate for every row.

    Shapes: weight and grad (N, ...), history (N,) or (N, 1) -> the new weight.
    """
    lr, scale, eps = numbers(weight.dtype, lr, rescale_grad, epsilon)
    g = clipped(grad * scale, clip_gradient)
    rows = tuple(range(1, g.ndim))
    history = history + jnp.mean(g * g, axis=rows).reshape(history.shape)
    return weight - lr * g / jnp.sqrt(history.reshape(-1, *(1,) * len(rows)) + eps), history


# -- LAMB, in two phases (You et al. 2019) ---------------------------------------------------------------------


def lamb_direction(w: Array, g: Array, mean: Array, var: Array, betas, epsilon, wd, t, bias_correction: bool):
    """(direction, mean, variance) of a LAMB step by the rescaled gradient g."""
    b1, b2, eps, wd, t = numbers(w.dtype, *betas, epsilon, wd, t)
    mean, var = b1 * mean + (1 - b1) * g, b2 * var + (1 - b2) * g * g
    m, v = (mean / (1 - jnp.power(b1, t)), var / (1 - jnp.power(b2, t))) if bias_correction else (mean, var)
    return m / (jnp.sqrt(v) + eps) + wd * w, mean, var


def trust(r1: Array, r2: Array, lower_bound: float, upper_bound: float) -> Array:
    """Ratio of the norms of weight and step, 1 where either is 0."""
    if lower_bound >= 0:
        r1 = jnp.maximum(r1, lower_bound)
    if upper_bound >= 0:
        r1 = jnp.minimum(r1, upper_bound)
    none = (r1 == 0) | (r2 == 0)
    return jnp.where(none, 1, r1 / jnp.where(none, 1, r2))


LAMB = {"auto_create": False, "varying": ("wd", "rescale_grad", "t")}


@op(shape=same_shape, **LAMB)
def lamb_update_phase1(
    weight: Tensor, grad: Tensor, mean: Tensor = aux(), var: Tensor = aux(), *, beta1: float = 0.9,
    beta2: float = 0.999, epsilon: float = 1e-6, t: int, bias_correction: bool = True, wd: float,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0,
):  # fmt: skip
    """Direction of a LAMB step at step `t`, before its length is known.

    Shapes: weight, grad, mean and var alike -> the direction.
    """
    (scale,) = numbers(weight.dtype, rescale_grad)
    g = clipped(grad * scale, clip_gradient)
    return lamb_direction(weight, g, mean, var, (beta1, beta2), epsilon, wd, t, bias_correction)


def _half_type(ins: Types, outs: Types) -> None:
    for i in range(len(ins)):
        assign_type(ins, i, "float16" if i < 2 else "float32")
    assign_type(outs, 0, "float32")


@op(shape=same_shape, types=_half_type, **LAMB)
def mp_lamb_update_phase1(
    weight: Tensor, grad: Tensor, mean: Tensor = aux(), var: Tensor = aux(), weight32: Tensor = None, *,
    beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6, t: int, bias_correction: bool = True, wd: float,
    rescale_grad: float = 1.0, clip_gradient: float = -1.0,
):  # fmt: skip
    """`lamb_update_phase1` of a float16 weight by its float32 copy.

    Shapes: all alike -> the direction, float32.
    """
    (scale,) = numbers(jnp.float32, rescale_grad)
    g = clipped(grad.astype(jnp.float32) * scale, clip_gradient)
    return lamb_direction(weight32, g, mean, var, (beta1, beta2), epsilon, wd, t, bias_correction)


def _phase2_shape(ins: Shapes, outs: Shapes) -> None:
    weights = [ins[0], ins[1], *ins[4:]]
    need(all(s is not None for s in ins), "shapes of weight, g, r1 and r2 must be known here")
    same_shape(weights, outs)
    for r, name in ((ins[2], "r1"), (ins[3], "r2")):
        assert r is not None
        need(len(r) > 0 and r[0] == 1, f"{name} shape incorrect", r)
    assign(outs, 0, ins[0])


PHASE2 = {"shape": _phase2_shape, "needs_shape": True, "auto_create": False, "varying": ("lr",)}


@op(**PHASE2)
def lamb_update_phase2(
    weight: Tensor, g: Tensor, r1: Tensor, r2: Tensor, *, lr: float, lower_bound: float = -1.0,
    upper_bound: float = -1.0,
):  # fmt: skip
    """The LAMB step along a direction g, given the norms of weight (r1) and direction (r2).

    Shapes: weight and g alike, r1 and r2 (1,) -> the new weight.
    """
    (lr,) = numbers(weight.dtype, lr)
    return weight - lr * trust(r1.ravel()[0], r2.ravel()[0], lower_bound, upper_bound) * g


@op(types=mixed_type(1), **PHASE2)
def mp_lamb_update_phase2(
    weight: Tensor, g: Tensor, r1: Tensor, r2: Tensor, weight32: Tensor = aux(), *, lr: float,
    lower_bound: float = -1.0, upper_bound: float = -1.0,
):  # fmt: skip
    """`lamb_update_phase2` from the float32 copy of a weight.

    Shapes: weight, g and weight32 alike, r1 and r2 (1,) -> the new weight in the type of weight. As in MXNet 1.9.1
    weight32 itself stays: the caller has to store the new weight.
    """
    (lr,) = numbers(jnp.float32, lr)
    new = weight32 - lr * trust(r1.ravel()[0], r2.ravel()[0], lower_bound, upper_bound) * g
    return new.astype(weight.dtype), weight32
