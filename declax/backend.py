"""What declax asks of XLA when it compiles: options that go with one call of `jax.jit`, never with the process.

What it asks of the C library for the whole process is in heap.py.
"""

from functools import cache
from typing import Any

import jax

from declax import passes
from declax.heap import give_back_memory, keep_memory

__all__ = ["compiler_options", "give_back_memory", "keep_memory"]

_OPTIONS = {
    ("cpu", "library"): {
        "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_REDUCE"
    },
    ("cpu", "schedule"): {"xla_cpu_scheduler_type": "CPU_SCHEDULER_TYPE_MEMORY_OPTIMIZED"},
    ("cpu", "recompute"): {"xla_disable_hlo_passes": "cse_barrier_expander"},
}
"""By platform and choice (passes.py).

Products and convolutions through YNNPACK are up to three times as fast as XLA's own on CPUs. XLA's default order there
runs what it can as early as it can, and then holds much more at once. Its CPU backend also drops the barriers between a
forward and what is computed again before it decides on an order, unless it is told to leave them.
"""


def compiler_options(platform: str | None = None) -> dict[str, Any]:
    """Options for `jax.jit(f, compiler_options=...)` of a lowered graph; executors use them by themselves.

    One of the choices "library", "schedule" and "recompute" adds nothing where it is switched off, or where this
    version of XLA does not know its options.

    >>> f = jax.jit(dx.lower(Variable("x") * 2), compiler_options=compiler_options())
    >>> f({"x": jnp.ones(3)})[0][0].tolist()
    [2.0, 2.0, 2.0]
    """
    platform = platform or jax.default_backend()
    found: dict[str, Any] = {}
    for on, choice in _OPTIONS:
        if on == platform and choice in passes.enabled() and _is_known(on, choice):
            found |= _OPTIONS[on, choice]
    return found


@cache
def _is_known(platform: str, choice: str) -> bool:
    """Whether this XLA takes the options: a program of one constant is compiled with them, once per process."""
    try:
        jax.jit(lambda: 0, compiler_options=_OPTIONS[platform, choice]).lower().compile()
    except Exception:  # the kind of error is XLA's and has changed between versions
        return False
    return True
