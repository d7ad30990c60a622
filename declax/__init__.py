"""declax: declare a network as a graph of named symbols, run it as one compiled JAX function.

`import declax as mx` runs MXNet's symbolic code; `declax.lower(net)` is a pure function over named arrays.
What computes (and with it JAX) is imported when it is asked for, so that declaring and reading files starts at once.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from declax import attribute, base, context, name, random, symbol, util
from declax.attribute import AttrScope
from declax.base import MXNetError
from declax.context import Context, cpu, cpu_pinned, current_context, gpu, num_gpus, num_tpus, tpu
from declax.explain import explain_shape
from declax.symbol import Group, Symbol, Variable, var
from declax.userops import register_op
from declax.util import is_np_array, is_np_shape, np_array, np_shape, set_np_shape, use_np_shape

if TYPE_CHECKING:
    # Stubs with a function per operator, which the modules make when they are asked for (declax/stubs.py).
    from declax import _nd as nd
    from declax import _nd as ndarray
    from declax import _sym as sym
    from declax import _sym as symbol
    from declax import (
        backend,
        cache,
        edit,
        executor,
        initializer,
        io,
        layers,
        model,
        operator,
        ops,
        passes,
        rnn,
        tuned,
        visualization,
    )
    from declax.comparison import diff
    from declax.executor import Executor
    from declax.inspection import inspect
    from declax.lower import Lowered, lower
    from declax.memory import MemoryReport, fit_memory
    from declax.ndarray import NDArray, waitall
    from declax.parameters import init_aux, init_params
    from declax.recording import parity, record
    from declax.source import to_python
    from declax.tuning import TuningReport, autotune
else:
    sym = symbol

__version__ = "0.1.0"

rnd = random

# Loaded when they are asked for: `module` or `module:name`. Several have a short second name, as in MXNet.
_LATER = {
    "Executor": "declax.executor:Executor",
    "Lowered": "declax.lower:Lowered",
    "MemoryReport": "declax.memory:MemoryReport",
    "NDArray": "declax.ndarray:NDArray",
    "TuningReport": "declax.tuning:TuningReport",
    "autotune": "declax.tuning:autotune",
    "cache": "declax.cache",
    "backend": "declax.backend",
    "diff": "declax.comparison:diff",
    "edit": "declax.edit",
    "executor": "declax.executor",
    "fit_memory": "declax.memory:fit_memory",
    "init": "declax.initializer",
    "init_aux": "declax.parameters:init_aux",
    "init_params": "declax.parameters:init_params",
    "initializer": "declax.initializer",
    "inspect": "declax.inspection:inspect",
    "io": "declax.io",
    "layers": "declax.layers",
    "lower": "declax.lower:lower",
    "model": "declax.model",
    "nd": "declax.ndarray",
    "ndarray": "declax.ndarray",
    "operator": "declax.operator",
    "ops": "declax.ops",
    "parity": "declax.recording:parity",
    "passes": "declax.passes",
    "record": "declax.recording:record",
    "rnn": "declax.rnn",
    "to_python": "declax.source:to_python",
    "tuned": "declax.tuned",
    "visualization": "declax.visualization",
    "viz": "declax.visualization",
    "waitall": "declax.ndarray:waitall",
}

__all__ = [
    "AttrScope",
    "Context",
    "Executor",
    "Group",
    "Lowered",
    "MXNetError",
    "MemoryReport",
    "NDArray",
    "Symbol",
    "TuningReport",
    "Variable",
    "attribute",
    "autotune",
    "backend",
    "base",
    "cache",
    "context",
    "cpu",
    "cpu_pinned",
    "current_context",
    "diff",
    "edit",
    "executor",
    "explain_shape",
    "fit_memory",
    "gpu",
    "init_aux",
    "init_params",
    "initializer",
    "inspect",
    "io",
    "is_np_array",
    "is_np_shape",
    "layers",
    "lower",
    "model",
    "name",
    "nd",
    "ndarray",
    "np_array",
    "np_shape",
    "num_gpus",
    "num_tpus",
    "operator",
    "ops",
    "parity",
    "passes",
    "random",
    "record",
    "register_op",
    "rnd",
    "rnn",
    "set_np_shape",
    "sym",
    "symbol",
    "to_python",
    "tpu",
    "tuned",
    "use_np_shape",
    "util",
    "var",
    "visualization",
    "waitall",
]


def __getattr__(name: str) -> Any:
    path = _LATER.get(name)
    if path is None:
        raise AttributeError(f"module 'declax' has no attribute {name!r}")
    module, _, member = path.partition(":")
    value = import_module(module)
    if member:
        value = getattr(value, member)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


class _Package(ModuleType):
    """This package, in which `lower` stays the function when the module that defines it is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "lower" and isinstance(value, ModuleType):
            value = value.lower
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
