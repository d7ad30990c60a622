"""Optimiser updates of several weights in one call, and the sums and rates that go with them.

Inputs come weight by weight: weight, gradient, then its states; the states are auxiliary and written in place.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array

from declax.attrs import AttrError
from declax.ops.updates import adamw_step, clipped, lamb_direction, momentum_step, numbers, sgd_step, trust
from declax.registry import Tensor, op
from declax.rules import Shapes, Types, assign, assign_type, same_shape, same_type


class Groups:
    """How the inputs of an update come: per weight the inputs called `names`, the `states` among them, then `extra`.

    `count` is the hyper-parameter that holds the number of weights, `lists` are those with a number per weight. In an
    `mp` update the states of a weight are float32.
    """

    def __init__(self, names: str, states: str = "", *, extra: str = "", mp: bool = False,
                 count: str = "num_weights", lists: Sequence[str] = ()):  # fmt: skip
        self.names, self.extra, self.mp, self.lists = names.split(), extra.split(), mp, lists
        self.state_places = [self.names.index(n) for n in states.split()]
        self.count = count

    @property
    def stride(self) -> int:
        return len(self.names)

    def options(self, varying: Sequence[str]) -> dict[str, Any]:
        """Options of `@op`."""
        return {
            "arguments": self._asking(self.arguments),
            "states": self._asking(self.states) if self.state_places else None,
            "outputs": self._asking(lambda n: n),
            "shape": self._asking(self.shape),
            "types": self._asking(self.types),
            "check": self.check,
            "varying": tuple(varying),
        }

    def _asking(self, function: Callable) -> Callable:
        """`function` of the number of weights as a Callable that asks for the hyper-parameter."""

        def ask(*first, **asked):
            return function(*first, asked[self.count])

        ask.asks = (self.count,)
        return ask

    @property
    def check(self) -> Callable:
        """Every list has a number per weight."""

        def check(**asked):
            for name in self.lists:
                if len(asked[name]) != asked[self.count]:
                    raise AttrError(f"{name} has {len(asked[name])} numbers for {self.count}={asked[self.count]}")

        check.asks = (self.count, *self.lists)
        return check

    def arguments(self, n: int) -> tuple[str, ...]:
        """Names of the inputs."""
        return (*(f"{name}_{i}" for i in range(n) for name in self.names), *self.extra)

    def states(self, n: int) -> tuple[int, ...]:
        """Positions of the auxiliary states."""
        return tuple(i * self.stride + k for i in range(n) for k in self.state_places)

    def shape(self, ins: Shapes, outs: Shapes, n: int) -> None:
        """A weight's inputs and its output have one shape."""
        for i in range(n):
            part, out = ins[i * self.stride : (i + 1) * self.stride], outs[i : i + 1]
            same_shape(part, out)
            ins[i * self.stride : (i + 1) * self.stride], outs[i] = part, out[0]

    def types(self, ins: Types, outs: Types, n: int) -> None:
        """Inputs and output of a weight have one type; the states of an `mp` update and rates are float32."""
        for i in range(n):
            own = [i * self.stride + k for k in range(self.stride) if not (self.mp and k in self.state_places)]
            part, out = [ins[k] for k in own], outs[i : i + 1]
            same_type(part, out)
            outs[i] = out[0]
            for k in range(self.stride):
                place = i * self.stride + k
                ins[place] = part[own.index(place)] if place in own else ins[place]
                if place not in own:
                    assign_type(ins, place, "float32")
        for place in range(n * self.stride, len(ins)):
            assign_type(ins, place, "float32")

    def parts(self, data: Sequence[Array], n: int) -> list[Sequence[Array]]:
        """The inputs of each weight."""
        return [data[i * self.stride : (i + 1) * self.stride] for i in range(n)]


def _results(found: Sequence[tuple]) -> tuple:
    """Outputs, then states, from a tuple (output, states...) per weight."""
    return (*(f[0] for f in found), *(x for f in found for x in f[1:]))


def _sgd(group: Groups, data, n, lrs, wds, rescale_grad, clip_gradient, momentum=None) -> tuple:
    """The steps of gradient descent, with and without momentum, with and without float32 copies."""

    def one(i: int, part: Sequence[Array]) -> tuple:
        weight, grad, *states = part
        w = states[-1] if group.mp else weight
        if momentum is None:
            new = sgd_step(w, grad, lrs[i], wds[i], rescale_grad, clip_gradient)
            return (new.astype(weight.dtype), new) if group.mp else (new,)
        mom = momentum_step(w, grad, states[0], lrs[i], wds[i], rescale_grad, clip_gradient, momentum)
        return ((w + mom).astype(weight.dtype), mom, w + mom) if group.mp else (w + mom, mom)

    return _results([one(i, p) for i, p in enumerate(group.parts(data, n))])


# -- gradient descent ------------------------------------------------------------------------------------------

RATES = ("lrs", "wds")
SGD = Groups("weight grad", lists=RATES)
SGD_MOM = Groups("weight grad mom", "mom", lists=RATES)
MP_SGD = Groups("weight grad weight32", "weight32", mp=True, lists=RATES)
MP_SGD_MOM = Groups("weight grad mom weight32", "mom weight32", mp=True, lists=RATES)
_VARYING = ("lrs", "wds", "rescale_grad")


@op(**SGD.options(_VARYING))
def multi_sgd_update(
    *data: Tensor, lrs: tuple[float, ...], wds: tuple[float, ...], rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, num_weights: int = 1,
):  # fmt: skip
    """`sgd_update` of several weights.

    Shapes: (weight, grad) per weight -> the new weights.
    """
    return _sgd(SGD, data, num_weights, lrs, wds, rescale_grad, clip_gradient)


@op(**SGD_MOM.options(_VARYING))
def multi_sgd_mom_update(
    *data: Tensor, lrs: tuple[float, ...], wds: tuple[float, ...], momentum: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, num_weights: int = 1,
):  # fmt: skip
    """`sgd_mom_update` of several weights.

    Shapes: (weight, grad, mom) per weight -> the new weights.
    """
    return _sgd(SGD_MOM, data, num_weights, lrs, wds, rescale_grad, clip_gradient, momentum)


@op(**MP_SGD.options(_VARYING))
def multi_mp_sgd_update(
    *data: Tensor, lrs: tuple[float, ...], wds: tuple[float, ...], rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, num_weights: int = 1,
):  # fmt: skip
    """`mp_sgd_update` of several weights.

    Shapes: (weight, grad, weight32) per weight -> the new weights.
    """
    return _sgd(MP_SGD, data, num_weights, lrs, wds, rescale_grad, clip_gradient)


@op(**MP_SGD_MOM.options(_VARYING))
def multi_mp_sgd_mom_update(
    *data: Tensor, lrs: tuple[float, ...], wds: tuple[float, ...], momentum: float = 0.0, rescale_grad: float = 1.0,
    clip_gradient: float = -1.0, num_weights: int = 1,
):  # fmt: skip
    """`mp_sgd_mom_update` of several weights.

    Shapes: (weight, grad, mom, weight32) per weight -> the new weights.
    """
    return _sgd(MP_SGD_MOM, data, num_weights, lrs, wds, rescale_grad, clip_gradient, momentum)


PRE_SGD = Groups("weight grad", extra="lrs wds")
PRE_SGD_MOM = Groups("weight grad mom", "mom", extra="lrs wds")
PRE_MP_SGD = Groups("weight grad weight32", "weight32", extra="lrs wds", mp=True)
PRE_MP_SGD_MOM = Groups("weight grad mom weight32", "mom weight32", extra="lrs wds", mp=True)


@op(**PRE_SGD.options(["rescale_grad"]))
def preloaded_multi_sgd_update(
    *data: Tensor, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1
):
    """`multi_sgd_update` with rates and decays as arrays.

    Shapes: (weight, grad) per weight, then lrs and wds (num_weights,) -> the new weights.
    """
    return _sgd(PRE_SGD, data, num_weights, data[-2].ravel(), data[-1].ravel(), rescale_grad, clip_gradient)


@op(**PRE_SGD_MOM.options(["rescale_grad"]))
def preloaded_multi_sgd_mom_update(
    *data: Tensor, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1
):
    """`multi_sgd_mom_update` with rates and decays as arrays.

    Shapes: (weight, grad, mom) per weight, then lrs and wds (num_weights,) -> the new weights.
    """
    lrs, wds = data[-2].ravel(), data[-1].ravel()
    return _sgd(PRE_SGD_MOM, data, num_weights, lrs, wds, rescale_grad, clip_gradient, momentum)


@op(**PRE_MP_SGD.options(["rescale_grad"]))
def preloaded_multi_mp_sgd_update(
    *data: Tensor, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1
):
    """`multi_mp_sgd_update` with rates and decays as arrays.

    Shapes: (weight, grad, weight32) per weight, then lrs and wds (num_weights,) -> the new weights.
    """
    return _sgd(PRE_MP_SGD, data, num_weights, data[-2].ravel(), data[-1].ravel(), rescale_grad, clip_gradient)


@op(**PRE_MP_SGD_MOM.options(["rescale_grad"]))
def preloaded_multi_mp_sgd_mom_update(
    *data: Tensor, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1
):
    """`multi_mp_sgd_mom_update` with rates and decays as arrays.

    Shapes: (weight, grad, mom, weight32) per weight, then lrs and wds (num_weights,) -> the new weights.
    """
    lrs, wds = data[-2].ravel(), data[-1].ravel()
    return _sgd(PRE_MP_SGD_MOM, data, num_weights, lrs, wds, rescale_grad, clip_gradient, momentum)


# -- AdamW -----------------------------------------------------------------------------------------------------

ADAMW = Groups("weight grad mean var", "mean var", extra="rescale_grad", mp=True, lists=(*RATES, "etas"))
MP_ADAMW = Groups(
    "weight grad mean var weight32", "mean var weight32", extra="rescale_grad", mp=True, lists=(*RATES, "etas")
)


def _adamw(group: Groups, data, n, lrs, wds, etas, betas, epsilon, clip_gradient) -> tuple:
    scale = data[-1]
    good = jnp.isfinite(scale.ravel()[0]) & (scale.ravel()[0] != 0)

    def one(i: int, part: Sequence[Array]) -> tuple:
        weight, grad, mean, var, *copy = part
        w = copy[0] if copy else weight
        new, mean, var = adamw_step(w, grad, mean, var, scale, lrs[i], wds[i], etas[i], betas, epsilon, clip_gradient)
        if not copy:
            return new, mean, var
        return jnp.where(good, new.astype(weight.dtype), weight), mean, var, new

    return _results([one(i, p) for i, p in enumerate(group.parts(data, n))])


@op(**ADAMW.options([*RATES, "etas"]))
def _multi_adamw_update(
    *data: Tensor, lrs: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
    wds: tuple[float, ...], etas: tuple[float, ...], clip_gradient: float = -1.0, num_weights: int = 1,
):  # fmt: skip
    """`_adamw_update` of several weights.

    Shapes: (weight, grad, mean, var) per weight, then rescale_grad (1,) -> the new weights.
    """
    return _adamw(ADAMW, data, num_weights, lrs, wds, etas, (beta1, beta2), epsilon, clip_gradient)


@op(**MP_ADAMW.options([*RATES, "etas"]))
def _multi_mp_adamw_update(
    *data: Tensor, lrs: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
    wds: tuple[float, ...], etas: tuple[float, ...], clip_gradient: float = -1.0, num_weights: int = 1,
):  # fmt: skip
    """`_mp_adamw_update` of several weights.

    Shapes: (weight, grad, mean, var, weight32) per weight, then rescale_grad (1,) -> the new weights.
    """
    return _adamw(MP_ADAMW, data, num_weights, lrs, wds, etas, (beta1, beta2), epsilon, clip_gradient)


# -- LAMB ------------------------------------------------------------------------------------------------------

_LAMB = ("learning_rates", "wds", "step_count")
LAMB = Groups("weight grad mean var", "mean var", count="num_tensors", lists=_LAMB)
MP_LAMB = Groups("weight grad mean var weight32", "mean var weight32", mp=True, count="num_tensors", lists=_LAMB)


def _lamb(
    group: Groups, data, n, rates, betas, epsilon, wds, rescale_grad, bounds, clip_gradient, bias_correction, steps
) -> tuple:
    def one(i: int, part: Sequence[Array]) -> tuple:
        weight, grad, mean, var, *copy = part
        w = copy[0] if copy else weight
        lr, scale = numbers(w.dtype, rates[i], rescale_grad)
        g = clipped(grad.astype(w.dtype) * scale, clip_gradient)
        way, mean, var = lamb_direction(w, g, mean, var, betas, epsilon, wds[i], steps[i], bias_correction)
        r1, r2 = (jnp.sqrt(jnp.sum(jnp.square(x.astype(jnp.float32)))) for x in (weight, way))
        new = w - lr * trust(r1, r2, *bounds).astype(w.dtype) * way
        return (new.astype(weight.dtype), mean, var, new) if copy else (new, mean, var)

    return _results([one(i, p) for i, p in enumerate(group.parts(data, n))])


@op(**LAMB.options([*_LAMB, "rescale_grad"]))
def _multi_lamb_update(
    *data: Tensor, learning_rates: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6,
    wds: tuple[float, ...], rescale_grad: float = 1.0, lower_bound: float = -1.0, upper_bound: float = -1.0,
    clip_gradient: float = -1.0, bias_correction: bool = True, step_count: tuple[int, ...], num_tensors: int = 1,
):  # fmt: skip
    """Both phases of LAMB for several weights.

    Shapes: (weight, grad, mean, var) per weight -> the new weights.
    """
    return _lamb(
        LAMB, data, num_tensors, learning_rates, (beta1, beta2), epsilon, wds, rescale_grad,
        (lower_bound, upper_bound), clip_gradient, bias_correction, step_count,
    )  # fmt: skip


@op(**MP_LAMB.options([*_LAMB, "rescale_grad"]))
def _multi_mp_lamb_update(
    *data: Tensor, learning_rates: tuple[float, ...], beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-6,
    wds: tuple[float, ...], rescale_grad: float = 1.0, lower_bound: float = -1.0, upper_bound: float = -1.0,
    clip_gradient: float = -1.0, bias_correction: bool = True, step_count: tuple[int, ...], num_tensors: int = 1,
):  # fmt: skip
    """`_multi_lamb_update` on float32 copies of the weights.

    Shapes: (weight, grad, mean, var, weight32) per weight -> the new weights.
    """
    return _lamb(
        MP_LAMB, data, num_tensors, learning_rates, (beta1, beta2), epsilon, wds, rescale_grad,
        (lower_bound, upper_bound), clip_gradient, bias_correction, step_count,
    )  # fmt: skip


# -- LARS ------------------------------------------------------------------------------------------------------


@op(shape=same_shape, varying=("rescale_grad",))
def multi_lars(
    lrs: Tensor, weights_sum_sq: Tensor, grads_sum_sq: Tensor, wds: Tensor, *, eta: float, eps: float,
    rescale_grad: float = 1.0,
):  # fmt: skip
    """Learning rates of layer-wise adaptive rate scaling (You et al. 2017).

    Shapes: all (N,) -> (N,). A weight whose own or whose gradient's norm is 0 keeps its rate.
    """
    norm = jnp.sqrt(weights_sum_sq)
    eta, eps, scale = numbers(lrs.dtype, eta, eps, rescale_grad)
    valid = (norm > 0) & (grads_sum_sq > 0)
    scaled = lrs * eta * norm / jnp.where(valid, jnp.sqrt(grads_sum_sq) * scale + wds * norm + eps, 1)
    return jnp.where(valid, scaled, lrs)


def _array_names(num_arrays: int) -> tuple[str, ...]:
    return tuple(f"array_{i}" for i in range(num_arrays))


def _sum_shape(ins: Shapes, outs: Shapes, num_arrays) -> None:
    assign(outs, 0, (num_arrays,))


def _sum_type(ins: Types, outs: Types) -> None:
    same_type(ins, [])
    assign_type(outs, 0, "float32")


@op(arguments=_array_names, shape=_sum_shape, types=_sum_type, needs_type=True)
def multi_sum_sq(*data: Tensor, num_arrays: int):
    """Sums of the squares of several arrays.

    Shapes: any -> (num_arrays,), float32.
    """
    return jnp.stack([jnp.sum(jnp.square(x.astype(jnp.float32))) for x in data])


@op(
    arguments=_array_names,
    outputs=0,
    states=lambda num_arrays: tuple(range(num_arrays)),
    shape=lambda ins, outs: None,
    types=lambda ins, outs: None,
)
def reset_arrays(*data: Tensor, num_arrays: int):
    """Fills several arrays with 0, in place.

    Shapes: any; there is no output.
    """
    return tuple(jnp.zeros_like(x) for x in data)
