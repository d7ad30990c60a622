"""Lowering: a Symbol becomes one pure JAX function over named arrays.

`lower(symbol)` is that function; it goes into `jit`, `grad`, `vmap`, `eval_shape`, `jax.export` and optax like any
other. Every node runs under `jax.named_scope(<node name>)`, so HLO, profiles and tracebacks carry layer names.
Random nodes fold `crc32(<node name>)` into the key, so a graph that went through JSON draws the same numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from zlib import crc32

import jax
import numpy as np

from declax import graph
from declax.errors import BindError, InferenceError, MXNetError, RunError, nearest
from declax.graph import Entry, Node
from declax.util import is_np_shape, np_shape

if TYPE_CHECKING:
    from declax.symbol import Symbol

_WIDE = frozenset(np.dtype(t) for t in ("float64", "int64", "uint64", "complex128"))


def needs_x64(dtypes: Sequence[Any]) -> bool:
    """Whether any of these types is a 64-bit one."""
    return any(t in _WIDE for t in dtypes)


class Step:
    """One operator call of the plan: which slots it reads and writes."""

    __slots__ = ("inputs", "is_dynamic", "is_host", "mutated", "node", "number", "outputs", "scope", "subgraphs")

    def __init__(self, node: Node, inputs: list[int], outputs: list[int], mutated: list[tuple[int, int]]):
        self.node, self.inputs, self.outputs, self.mutated = node, inputs, outputs, mutated
        self.number = crc32(node.name.encode()) & 0x7FFFFFFF
        self.scope = node.name or node.op_name
        self.subgraphs = subgraph_callables(node)
        self.is_dynamic = _is_dynamic(node)
        self.is_host = node.op is not None and node.op.host


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
        order = graph.topological(heads)
        aux = graph.auxiliary_ids(order)
        slots: dict[int, int] = {}
        count = 0
        self.steps: list[Step] = []
        arguments, states = [], []
        self.argument_slots: list[int] = []
        self.state_slots: list[int] = []
        state_at: dict[int, int] = {}
        for node in order:
            slots[id(node)] = count
            if node.op is None:
                if id(node) in aux:
                    state_at[id(node)] = len(states)
                    states.append(node.name)
                    self.state_slots.append(count)
                else:
                    arguments.append(node.name)
                    self.argument_slots.append(count)
                count += 1
                continue
            n = node.num_outputs()
            inputs = [slots[id(e.node)] + e.index for e in node.inputs]
            mutated = [(k, state_at[id(node.inputs[i].node)]) for k, i in enumerate(node.mutated())]
            self.steps.append(Step(node, inputs, list(range(count, count + n)), mutated))
            count += n
        self._slots = count
        self._wide: dict[tuple, bool] = {}
        self.output_slots = [slots[id(e.node)] + e.index for e in heads]
        self.arguments: tuple[str, ...] = tuple(arguments)
        self.auxiliary_states: tuple[str, ...] = tuple(states)
        self.outputs: tuple[str, ...] = tuple(e.node.output_name(e.index) for e in heads)
        self.random_nodes: tuple[str, ...] = tuple(s.node.name for s in self.steps if _is_random(s.node))
        self.is_random = bool(self.random_nodes)
        self._asks_results = any(s.node.op is not None and s.node.op.takes_results for s in self.steps)
        self.always_writes = any(s.mutated and s.node.op is not None and not s.node.op.takes_train for s in self.steps)
        """Whether some states change outside training too: those of operators that do not ask for the mode."""
        self.is_dynamic = any(_is_dynamic(s.node) for s in self.steps)
        """Whether some output shape depends on values, so that the function cannot be jitted."""

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
        with np_shape(self.np_shape) if self.np_shape != is_np_shape() else nullcontext():
            slots: list[Any] = [None] * self._slots
            for i, x in zip(self.argument_slots, args, strict=True):
                slots[i] = x
            for i, x in zip(self.state_slots, aux, strict=True):
                slots[i] = x
            self.run_steps(self.steps, slots, train, key, tap, dict(self.results(args, aux)))
            return [slots[i] for i in self.output_slots], [slots[i] for i in self.state_slots]

    def run_steps(
        self, steps: Sequence[Step], slots: Any, train: bool, key: Any, tap: Callable | None = None,
        results: Mapping[int, tuple] | None = None,
    ) -> None:  # fmt: skip
        """Runs some of the steps over `slots`, a list or dict of values by slot number."""
        for step in steps:
            inferred = results.get(id(step.node), ()) if results else ()
            outs = run_step(step, [slots[i] for i in step.inputs], train, key, inferred)
            for i, value in zip(step.outputs, outs, strict=False):
                slots[i] = value
            for k, state in step.mutated:
                slots[self.state_slots[state]] = jax.lax.stop_gradient(outs[len(step.outputs) + k])
            if tap is not None:
                tap(step.node, outs[: len(step.outputs)])

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

    def results(self, args: Sequence[Any], aux: Sequence[Any]) -> tuple[tuple[int, tuple], ...]:
        """For the operators that ask for them, by node: the inferred (shape, dtype) of their outputs."""
        if not self._asks_results:
            return ()
        from declax import infer

        names, values = (*self.arguments, *self.auxiliary_states), (*args, *aux)
        types = infer.infer_types(self.heads, {n: x.dtype for n, x in zip(names, values, strict=True)})
        shapes = infer.infer_shapes(
            self.heads, {n: x.shape for n, x in zip(names, values, strict=True)}, types, exact=True
        )
        nodes = [s.node for s in self.steps if s.node.op is not None and s.node.op.takes_results]
        return tuple((id(n), tuple(zip(shapes.entries[id(n)], types.entries[id(n)], strict=True))) for n in nodes)

    def __repr__(self) -> str:
        return f"<Lowered {', '.join(self.arguments)} -> {', '.join(self.outputs)}>"


def lower(symbol: "Symbol") -> Lowered:
    """The pure JAX function of a symbol; see `Lowered`."""
    return Lowered(symbol.heads)


def run_step(step: Step, inputs: Sequence[Any], train: bool, key: Any, results: tuple = ()) -> tuple:
    """One node's outputs, then its new auxiliary states; RunError names the node."""
    node = step.node
    op, params = node.op, node.params
    assert op is not None
    assert params is not None
    if op.takes_key or step.subgraphs:
        if key is not None:
            key = jax.random.fold_in(key, step.number)
        elif not step.subgraphs and op.is_random(params) and (train or not op.takes_train):
            raise RunError(
                f"{node.describe()} draws random numbers and needs a key: call with key=jax.random.key(seed)"
            )
    try:
        with jax.named_scope(step.scope):
            return op.run(params, inputs, train=train, key=key, subgraphs=step.subgraphs, results=results)
    except MXNetError as e:
        if node.name in str(e):
            raise
        raise RunError(failure(node, inputs, e)) from e
    except Exception as e:
        raise RunError(failure(node, inputs, e)) from e


def failure(node: Node, inputs: Sequence[Any], error: Exception) -> str:
    """What a RunError says: the node, its operator and attributes, where it was declared, and its inputs."""
    lines = [f"Error in operator {node.name}: {error}", f"  at {node.describe()}"]
    names = node.input_names()
    for i, (e, x) in enumerate(zip(node.inputs, inputs, strict=True)):
        role = names[i] if i < len(names) else f"input {i}"
        lines.append(f"  {role}: {getattr(x, 'dtype', '?')}{list(getattr(x, 'shape', ()))} from {e.node.name!r}")
    return "\n".join(lines)


def subgraph_callables(node: Node) -> tuple[Callable, ...]:
    """For each subgraph of a control-flow node, a function `(inputs, train, key) -> (outputs, new states)`.

    The inputs are the subgraph's variables in their order, auxiliary states included.
    """
    return tuple(_Subgraph(heads) for heads in node.subgraphs)


class _Subgraph:
    """A lowered subgraph, called by position."""

    def __init__(self, heads: Sequence[Entry]):
        self.lowered = Lowered(heads)
        order = graph.topological(heads)
        aux = graph.auxiliary_ids(order)
        self.is_state = [id(n) in aux for n in order if n.op is None]
        self.names = [n.name for n in order if n.op is None]

    def __call__(self, inputs: Sequence[Any], train: bool = False, key: Any = None) -> tuple[list, list]:
        args = [x for x, state in zip(inputs, self.is_state, strict=True) if not state]
        aux = [x for x, state in zip(inputs, self.is_state, strict=True) if state]
        return self.lowered.flat(args, aux, train, key)


def _is_dynamic(node: Node) -> bool:
    if node.op is not None and node.op.dynamic:
        return True
    return any(_is_dynamic(n) for heads in node.subgraphs for n in graph.topological(heads))


def _is_random(node: Node) -> bool:
    if node.subgraphs:
        return any(_is_random(n) for heads in node.subgraphs for n in graph.topological(heads))
    return node.op is not None and node.op.is_random(node.params or {})


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
