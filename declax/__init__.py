"""declax: declare a network as a graph of named symbols, run it as one compiled JAX function.

`import declax as mx` runs MXNet's symbolic code; `declax.lower(net)` is a pure function over named arrays.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from declax import attribute, base, context, name, passes, random, util
from declax.attribute import AttrScope
from declax.base import MXNetError
from declax.context import Context, cpu, cpu_pinned, current_context, gpu, num_gpus, num_tpus, tpu
from declax.executor import Executor
from declax.explain import explain_shape
from declax.lower import Lowered, lower
from declax.memory import MemoryReport, fit_memory
from declax.ndarray import NDArray, waitall
from declax.parameters import init_aux, init_params
from declax.symbol import Group, Symbol, Variable, var
from declax.userops import register_op
from declax.util import is_np_array, is_np_shape, np_array, np_shape, set_np_shape, use_np_shape

if TYPE_CHECKING:
    # Stubs with a function per operator, which the modules make when they are asked for (declax/stubs.py).
    from declax import _nd as nd
    from declax import _nd as ndarray
    from declax import _sym as sym
    from declax import _sym as symbol
    from declax import executor, initializer, layers, model, operator, ops, rnn, visualization
else:
    from declax import ndarray, symbol

    sym, nd = symbol, ndarray

__version__ = "0.1.0"

rnd = random

# Modules that are loaded when they are asked for; several have a short second name, as in MXNet.
_LATER = {
    "executor": "declax.executor",
    "init": "declax.initializer",
    "initializer": "declax.initializer",
    "io": "declax.io",
    "layers": "declax.layers",
    "model": "declax.model",
    "operator": "declax.operator",
    "ops": "declax.ops",
    "rnn": "declax.rnn",
    "visualization": "declax.visualization",
    "viz": "declax.visualization",
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
    "Variable",
    "attribute",
    "base",
    "context",
    "cpu",
    "cpu_pinned",
    "current_context",
    "executor",
    "explain_shape",
    "fit_memory",
    "gpu",
    "init_aux",
    "init_params",
    "initializer",
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
    "passes",
    "random",
    "register_op",
    "rnd",
    "rnn",
    "set_np_shape",
    "sym",
    "symbol",
    "tpu",
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
    value = globals()[name] = import_module(path)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
