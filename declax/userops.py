"""`register_op`: a user's JAX function becomes an operator with everything that built-in ones have."""

from collections.abc import Callable, Iterable
from typing import Any

from declax import registry
from declax.attrs import Bound


def register_op(name: str | Callable | None = None, *, aliases: Iterable[str] = (), **options: Any) -> Any:
    """Makes a JAX function an operator: `sym.<name>`, `nd.<name>`, parameters, inference, gradients, JSON.

    Positional parameters are tensors and keyword-only ones hyper-parameters (an annotation from declax/attrs.py; the
    default's type serves when there is none). `declax.registry` has what a signature can say more: `deduce` for
    the shape of a parameter, `aux` for auxiliary states, `Train` and `Key` for injected values, `gradient` for
    another derivative. Options are those of `declax.registry.op`. Registering a name again replaces the operator.

    >>> @register_op
    ... def scaled_tanh(data, *, scale=1.0):
    ...     "scale * tanh(data)"
    ...     return scale * jnp.tanh(data)
    >>> y = sym.scaled_tanh(Variable("x"), scale=2.0)
    >>> y.infer_shape(x=(2, 3))[1]
    [(2, 3)]
    >>> float(y.eval(x=nd.zeros((1,)))[0])
    0.0
    """

    def register(function: Callable) -> Callable:
        code = function.__code__
        for n in code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]:
            if n not in function.__annotations__:
                default = (function.__kwdefaults__ or {}).get(n)
                value = default.default if isinstance(default, Bound) else default
                if value is None or not isinstance(value, bool | int | float | str | tuple):
                    raise TypeError(
                        f"hyper-parameter {n!r} of {function.__name__} needs an annotation: {n}: float = ..."
                    )
                function.__annotations__[n] = tuple[float, ...] if isinstance(value, tuple) else type(value)
        public = name if isinstance(name, str) else function.__name__
        if registry.find(public) is not None:
            if registry.lookup(public).function.__module__.startswith("declax."):
                raise TypeError(f"{public!r} is one of declax's own operators and cannot be replaced")
            registry.unregister(public)
        registry.op(public, aliases=aliases, **options)(function)
        return function

    return register(name) if callable(name) else register
