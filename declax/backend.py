"""What declax asks of XLA when it compiles: options that go with one call of `jax.jit`, never with the process."""

from functools import cache
from typing import Any

import jax

from declax import passes

_LIBRARY = {
    "cpu": {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"}
}
"""By platform: products and convolutions through YNNPACK are up to three times as fast as XLA's own on CPUs."""


def compiler_options(platform: str | None = None) -> dict[str, Any]:
    """Options for `jax.jit(f, compiler_options=...)` of a lowered graph; executors use them by themselves.

    Empty where the choice "library" is switched off, or where this version of XLA does not know the options.

    >>> f = jax.jit(lower(Variable("x") * 2), compiler_options=compiler_options())
    >>> f({"x": jnp.ones(3)})[0][0].tolist()
    [2.0, 2.0, 2.0]
    """
    if "library" not in passes.enabled():
        return {}
    platform = platform or jax.default_backend()
    options = _LIBRARY.get(platform, {})
    return dict(options) if options and _is_known(platform) else {}


@cache
def _is_known(platform: str) -> bool:
    """Whether this XLA takes the options: a program of one constant is compiled with them, once per process."""
    try:
        jax.jit(lambda: 0, compiler_options=_LIBRARY[platform]).lower().compile()
    except Exception:  # the kind of error is XLA's and has changed between versions
        return False
    return True
