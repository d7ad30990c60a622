"""Gradients that are written down, not derived by JAX: of operators, and of functions inside their bodies."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

import jax

from declax import choices

if TYPE_CHECKING:
    from declax.registry import OpDef

P = ParamSpec("P")
R = TypeVar("R")


class OwnGradient(Generic[P, R]):
    """A function under `jax.custom_vjp`; without the choice "gradients" it is the plain function, or `otherwise`.

    The plain function has derivatives forward too (`jax.jvp`), which `jax.custom_vjp` takes away.
    """

    def __init__(self, function: Callable[P, R], static: tuple[int, ...] = (), otherwise: Callable[P, R] | None = None):
        self._own, self._plain = jax.custom_vjp(function, nondiff_argnums=static), otherwise or function
        functools.update_wrapper(self, function)

    def defvjp(self, forward: Callable, backward: Callable) -> None:
        """As of `jax.custom_vjp`."""
        self._own.defvjp(forward, backward)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return (self._own if is_switched_on() else self._plain)(*args, **kwargs)


def own_gradient(static: tuple[int, ...] = (), otherwise: Any = None) -> Callable[[Callable[P, R]], OwnGradient[P, R]]:
    """A decorator: `static` are the positions of arguments that are no arrays; see `OwnGradient`."""
    return lambda function: OwnGradient(function, static, otherwise)


def is_switched_on() -> bool:
    """Whether gradients that JAX could derive as well are those written for XLA."""
    return "gradients" in choices.enabled()


def with_gradient(op: "OpDef", params: Mapping[str, Any], extra: dict, inputs: Sequence[Any]) -> Any:
    """The operator's body on inputs, under `jax.custom_vjp` with `op.backward` as its gradient."""
    if op.is_derivative and not is_switched_on():
        return op.function(*inputs, **params, **extra)
    backward = op.backward
    assert backward is not None

    def body(*xs):
        return op.function(*xs, **params, **extra)

    def forward(*xs):
        y = body(*xs)
        return y, (xs, y)

    def back(saved, cotangents):
        xs, y = saved
        ys, cts = (y, cotangents) if isinstance(y, tuple) else ((y,), (cotangents,))
        grads = backward(cts, ys, *xs, **{**params, **extra})
        if not isinstance(grads, tuple):
            grads = (grads,)
        return (*grads, *([None] * (len(xs) - len(grads))))

    wrapped = jax.custom_vjp(body)
    wrapped.defvjp(forward, back)
    return wrapped(*inputs)
