"""`sym.np` and `nd.np`: NumPy's names for the `_np_*` and `_npi_*` operators, numbers accepted where NumPy takes them.

A name stands for `_np_<name>` or `_npi_<name>`; a function of two takes a number on either side. `linalg` and `random`
below it hold what NumPy has there.
"""

from collections.abc import Callable
from typing import Any

from declax import registry
from declax.arithmetic import as_scalar, is_number

RENAMED = {
    "abs": "absolute", "amax": "max", "amin": "min", "divide": "true_divide", "product": "prod", "remainder": "mod",
    "round": "around", "round_": "around", "row_stack": "vstack", "sometrue": "any", "invert": "bitwise_not",
    "deg2rad": "radians", "fabs": "absolute", "may_share_memory": "share_memory", "rad2deg": "degrees",
    "shares_memory": "share_memory",
}  # fmt: skip
"""Second names for one operator."""

MIRRORED = {
    "less": "greater", "less_equal": "greater_equal", "greater": "less", "greater_equal": "less_equal",
}  # fmt: skip
"""Comparisons with their sides exchanged; other functions without an operator for that are symmetric."""

LINALG = "cholesky det eig eigh eigvals eigvalsh inv norm pinv slogdet solve svd tensorinv tensorsolve".split()
RANDOM = (
    "bernoulli choice exponential gamma gumbel logistic multinomial normal pareto power rayleigh uniform weibull"
).split()


def registered(name: str, inside: str = "") -> str | None:
    """The operator that a name of `np`, or of `linalg` or `random` inside it, stands for."""
    if inside:
        name = "powerd" if (inside, name) == ("random", "power") else name
        listed = name in LINALG if inside == "linalg" else name in RANDOM or name == "powerd"
        return f"_npi_{name}" if listed and registry.find(f"_npi_{name}") else None
    name = RENAMED.get(name, name)
    return next((n for n in (f"_np_{name}", f"_npi_{name}") if registry.find(n)), None)


def names(inside: str = "") -> list[str]:
    """What `dir` shows of `np`, or of `linalg` or `random` inside it."""
    if inside:
        return sorted(n for n in (LINALG if inside == "linalg" else RANDOM) if registered(n, inside))
    plain = {n.removeprefix("_np_").removeprefix("_npi_") for n in registry.names() if n.startswith(("_np_", "_npi_"))}
    shown = {n for n in plain if not n.endswith(("_scalar", "_backward", "_n")) and not n.startswith("backward")}
    return sorted(
        {*shown.difference(LINALG, set(RANDOM) - {"power"}), *(n for n in RENAMED if registered(n)), "linalg", "random"}
    )


def with_numbers(name: str, operator: Callable, make: Callable[[str], Callable]) -> Callable:
    """A function of two tensors that also takes a number on either side; `make(operator's name)` gives its function."""
    name = RENAMED.get(name, name)
    right = f"_npi_{name}_scalar"
    if registry.find(right) is None:
        return operator
    reverse = f"_npi_r{name}_scalar"
    left = reverse if registry.find(reverse) else f"_npi_{MIRRORED.get(name, name)}_scalar"

    def function(x1: Any, x2: Any, **more: Any) -> Any:
        if is_number(x2):
            return make(right)(x1, scalar=as_scalar(x2), **more)
        if is_number(x1):
            return make(left)(x2, scalar=as_scalar(x1), **more)
        return operator(x1, x2, **more)

    function.__name__ = function.__qualname__ = name
    function.__module__, function.__doc__ = operator.__module__, operator.__doc__
    return function
