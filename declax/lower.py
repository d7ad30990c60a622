"""Lowering: a Symbol becomes one pure JAX function over named arrays.

`lower(symbol)` is that function; it goes into `jit`, `grad`, `vmap`, `eval_shape`, `jax.export` and optax like any
other. Every node runs under `jax.named_scope(<node name>)`, so HLO, profiles and tracebacks carry layer names.
Random nodes fold `crc32(<node name>)` into the key, so a graph that went through JSON draws the same numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from declax import passes
from declax.errors import BindError, InferenceError, nearest
from declax.graph import Entry
from declax.plan import Plan, is_random
from declax.util import is_np_shape, np_shape

if TYPE_CHECKING:
    from declax.symbol import Symbol

_PLANS_KEPT = 64

_WIDE = frozenset(np.dtype(t) for t in ("float64", "int64", "uint64", "complex128"))


def needs_x64(dtypes: Sequence[Any]) -> bool:
    """Whether any of these types is a 64-bit one."""
    return any(t in _WIDE for t in dtypes)


class Lowered:
    """A pure function `(args, aux, *, train, key) -> (outputs, new aux)` and the names that go with it.

    `arguments`, `auxiliary_states` and `outputs` are the names in order. `args` and `aux` are dicts of arrays; the
    result is a tuple of output arrays and a dict of auxiliary states (unchanged ones included).

    >>> f = lower(sym.FullyConnected(Variable("x"), num_hidden=3, no_bias=True, name="fc"))
    >>> f.arguments
    ('x', 'fc_weight')
    >>> (y,), aux = f({"x": jnp.ones((2, 4)), "fc_weight": jnp.ones((3, 4))})
    >>> y.shape
    (2, 3)
    """

    def __init__(self, heads: Sequence[Entry]):
        self.heads = tuple(heads)
        self.np_shape = is_np_shape()
        self.plan = Plan(heads)
        """The graph as declared; `planned` gives what the passes make of it for known shapes."""
        steps = self.plan.steps
        self.arguments: tuple[str, ...] = tuple(n.name for n in self.plan.arguments)
        self.auxiliary_states: tuple[str, ...] = tuple(n.name for n in self.plan.states)
        self.outputs: tuple[str, ...] = tuple(e.node.output_name(e.index) for e in heads)
        self.random_nodes: tuple[str, ...] = tuple(s.node.name for s in steps if is_random(s.node))
        self.is_random = bool(self.random_nodes)
        self.always_writes = any(s.mutated and s.node.op is not None and not s.node.op.takes_train for s in steps)
        """Whether some states change outside training too: those of operators that do not ask for the mode."""
        self.is_dynamic = any(s.is_dynamic for s in steps)
        """Whether some output shape depends on values, so that the function cannot be jitted."""
        self._wide: dict[tuple, bool] = {}
        self._plans: dict[tuple, Plan] = {}

    def __call__(
        self,
        args: Mapping[str, Any],
        aux: Mapping[str, Any] | None = None,
        *,
        train: bool = False,
        key: Any = None,
    ) -> tuple[tuple, dict[str, Any]]:
        """Outputs and new auxiliary states.

        Args:
            args: an array for every name in `arguments`.
            aux: an array for every name in `auxiliary_states`; may be left out when there are none.
            train: whether dropout drops, batch statistics are used and moving averages are updated.
            key: a `jax.random.key`, needed by graphs with random nodes.

        Raises:
            BindError: a name is missing or unknown.
            RunError: a node failed; the message names it with its inputs' shapes.
        """
        values = [_array(x) for x in _pick(args, self.arguments, "argument")]
        states = [_array(x) for x in _pick(aux or {}, self.auxiliary_states, "auxiliary state")]
        with jax.enable_x64(True) if self._is_wide((*values, *states)) else nullcontext():
            outputs, new = self.flat(values, states, train, key)
        return tuple(outputs), dict(zip(self.auxiliary_states, new, strict=True))

    def flat(
        self, args: Sequence[Any], aux: Sequence[Any], train: bool, key: Any, tap: Callable | None = None
    ) -> tuple[list, list]:
        """`__call__` over lists in the order of the names; `tap(node, outputs)` sees every node's outputs."""
        plan = self.plan if tap is not None else self.planned(args, aux, train)
        with self._meaning():
            return plan.run(args, aux, train, key, tap)

    def _meaning(self) -> AbstractContextManager:
        """Whether 0 in a shape means none or unknown, as when the graph was lowered."""
        return np_shape(self.np_shape) if self.np_shape != is_np_shape() else nullcontext()

    def planned(self, args: Sequence[Any], aux: Sequence[Any], train: bool) -> Plan:
        """What runs for arrays (or `jax.ShapeDtypeStruct`s) like these under the choices in force; `print` shows it."""
        signature = (passes.state(), train, *((tuple(x.shape), x.dtype) for x in (*args, *aux)))
        plan = self._plans.get(signature)
        if plan is None:
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            with self._meaning():
                plan = self._plans[signature] = passes.optimised(self.plan, args, aux, train)
        return plan

    def _is_wide(self, values: Sequence[Any]) -> bool:
        """Whether any input, output or value in between has a 64-bit type."""
        dtypes = tuple(np.dtype(x.dtype) for x in values)
        if dtypes not in self._wide:
            self._wide[dtypes] = needs_x64(dtypes) or self._has_wide_entries(dtypes)
        return self._wide[dtypes]

    def _has_wide_entries(self, dtypes: tuple) -> bool:
        from declax import infer

        names = (*self.arguments, *self.auxiliary_states)
        try:
            types = infer.infer_types(self.heads, dict(zip(names, dtypes, strict=True)))
        except InferenceError:  # running decides about types that inference refuses
            return False
        return needs_x64([t for entries in types.entries.values() for t in entries if t is not None])

    def __repr__(self) -> str:
        return f"<Lowered {', '.join(self.arguments)} -> {', '.join(self.outputs)}>"


def lower(symbol: "Symbol") -> Lowered:
    """The pure JAX function of a symbol; see `Lowered`."""
    return Lowered(symbol.heads)


def _array(x: Any) -> Any:
    """An array as it is, what holds one (an NDArray) opened, anything else as JAX takes it."""
    if isinstance(x, jax.Array | np.ndarray):
        return x
    return x.__jax_array__() if hasattr(x, "__jax_array__") else jax.numpy.asarray(x)


def _pick(given: Mapping[str, Any], names: Sequence[str], what: str) -> list:
    if not isinstance(given, Mapping):
        raise BindError(f"{what}s are given as a dict by name, got {type(given).__name__}")
    for name in names:
        if name not in given:
            raise BindError(f"{what} {name!r} is missing{nearest(name, given)}; needed: {', '.join(names)}")
    if len(given) > len(set(names)):
        unknown = next(k for k in given if k not in names)
        raise BindError(f"unknown {what} {unknown!r}{nearest(unknown, names)}; known: {', '.join(names) or 'none'}")
    return [given[n] for n in names]
