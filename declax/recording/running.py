"""Running a graph node by node as it is declared, and `record`, which writes down what every node gave."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

import jax
import numpy as np

from declax import graph, infer, shapes, summary
from declax.errors import BindError, MXNetError, RunError, nearest
from declax.graph import Entry, Node
from declax.inspection.source import saved_of
from declax.lower import needs_x64
from declax.plan import Plan, Step, failure, run_step
from declax.recording.recordfile import SAMPLES, trace_of, write_record
from declax.symbol import Symbol
from declax.util import is_np_shape

Progress = Callable[[int, int], None]


def feed(symbol: Symbol, params: Any, inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """An array for every variable of a graph: the inputs, the parameters (with or without `arg:` and `aux:`), and
    zeros for labels that are not given, since they only matter to gradients.

    Raises:
        BindError: an array is missing, or an input is given that the graph does not have.
    """
    order = graph.topological(symbol.heads)
    names = [n.name for n in order if n.op is None]
    for name in inputs:
        if name not in names:
            raise BindError(f"the graph has no input {name!r}{nearest(name, names)}")
    values = {**saved_of(params or {}).arrays, **{k: np.asarray(v) for k, v in inputs.items()}}
    values = {n: values[n] for n in names if n in values}
    labels = [n for n, role in summary.roles(order, None).items() if role == "label" and n.name not in values]
    missing = [n for n in dict.fromkeys(names) if n not in values and n not in {v.name for v in labels}]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise BindError(f"neither the inputs nor the parameters have {', '.join(map(repr, missing[:5]))}{more}")
    if labels:
        found = infer.infer_shapes(symbol.heads, {n: a.shape for n, a in values.items()}, exact=True)
        types = infer.decide_types(symbol.heads, {n: a.dtype for n, a in values.items()})
        for label in labels:
            shape = found.of(Entry(label))
            if shape is None or not shapes.is_complete(shape):
                raise BindError(f"the shape of the label {label.name!r} cannot be inferred: give it among the inputs")
            values[label.name] = np.zeros(tuple(d or 0 for d in shape), types.of(Entry(label)) or np.dtype("float32"))
    return values


def run_nodes(
    symbol: Symbol, values: Mapping[str, np.ndarray], *, train: bool = False, seed: int = 0,
    progress: Progress | None = None,
) -> Iterator[tuple[Node, tuple]]:  # fmt: skip
    """Every operator node with its outputs, in the order in which they run; a value is dropped after its last use."""
    plan = Plan(symbol.heads)
    args = [values[n.name] for n in plan.arguments]
    states = [values[n.name] for n in plan.states]
    with jax.enable_x64(True) if _is_wide(symbol, values) else nullcontext():
        key = jax.random.key(seed)
        slots: dict[int, Any] = {i: jax.numpy.asarray(x) for i, x in enumerate((*args, *states))}
        last = {i: k for k, step in enumerate(plan.steps) for i in step.inputs}
        results = dict(plan.results(args, states))
        compiled: dict[tuple, Callable] = {}
        for k, step in enumerate(plan.steps):
            if progress is not None:
                progress(k, len(plan.steps))
            inputs = [slots[i] for i in step.inputs]
            outs = _run(step, inputs, train, key, results.get(id(step.node), ()), compiled)
            slots.update(zip(step.outputs, outs, strict=False))
            for i, slot in step.mutated:
                slots[slot] = outs[len(step.outputs) + i]
            yield step.node, tuple(outs[: len(step.outputs)])
            for i in (*step.inputs, *step.outputs):
                if last.get(i, -1) <= k:
                    slots.pop(i, None)
        if progress is not None:
            progress(len(plan.steps), len(plan.steps))


def _run(step: Step, inputs: list, train: bool, key: Any, results: tuple, compiled: dict[tuple, Callable]) -> tuple:
    """One node, compiled once for all nodes of the same operator and attributes."""
    node = step.node
    op, params = node.op, node.params
    assert op is not None
    assert params is not None
    if step.is_dynamic or step.is_host or node.subgraphs or op.takes_key or op.takes_results or not op.hyper:
        return run_step(step, inputs, train, key, results)
    signature = (op, tuple(node.attrs.items()))
    function = compiled.get(signature)
    if function is None:
        function = compiled[signature] = jax.jit(lambda *xs: op.run(params, xs, train=train))
    try:
        return function(*inputs)
    except Exception as e:
        if isinstance(e, MXNetError) and node.name in str(e):
            raise
        raise RunError(failure(node, inputs, e)) from e


def _is_wide(symbol: Symbol, values: Mapping[str, np.ndarray]) -> bool:
    types, _ = infer.infer_what_fits(symbol.heads, {n: a.dtype for n, a in values.items()}, what="types")
    return needs_x64([t for entries in types.entries.values() for t in entries if t is not None])


def variables(symbol: Symbol, inputs: Mapping[str, Any]) -> dict[str, str]:
    """The role of every variable by name: what is fed is an input, whatever it looks like."""
    order = graph.topological(symbol.heads)
    found = {n.name: "parameter" if r == "input" else r for n, r in summary.roles(order, None).items()}
    return {n: "input" if n in inputs else r for n, r in found.items()}


def record(
    symbol: Symbol, params: Any, inputs: Mapping[str, Any], path: str | os.PathLike, *,
    outputs: Mapping[str, Any] | None = None, train: bool = False, seed: int = 0, samples: int = SAMPLES,
    progress: Progress | None = None,
) -> None:  # fmt: skip
    """Runs a graph node by node and writes a small file about what every node gave, for `parity`.

    The file holds the inputs whole, and of every other array a checksum, statistics and some samples: it can travel
    with a model to another version, library or machine.

    Args:
        symbol: the graph; what is recorded is every output of every node.
        params: parameters and auxiliary states: a mapping by name, with or without `arg:` and `aux:`, or a path.
        inputs: the inputs by name; labels may be left out.
        path: the file, `.npz` by custom.
        outputs: arrays by output name (`fc1_output`) that were computed elsewhere, with MXNet's `get_internals()`
            say; they are recorded instead of running anything.
        train, seed: the mode of the run, and what random nodes draw from.
        samples: values kept of each array.
        progress: is called with (nodes done, nodes in all).

    Raises:
        BindError: an array is missing.

    >>> import tempfile
    >>> net = sym.relu(Variable("x") - 1, name="r")
    >>> path = tempfile.mktemp(suffix=".npz")
    >>> record(net, {}, {"x": np.arange(3.0, dtype="float32")}, path)
    >>> print(dx.parity(net, {}, path))
    All 2 outputs agree with the record.
    >>> print(str(dx.parity(sym.relu(Variable("x") - 1.5, name="r"), {}, path)).splitlines()[0])
    The first node whose numbers depart is '_minusscalar1' (_minus_scalar).
    """
    values = feed(symbol, params, inputs)
    roles = variables(symbol, inputs)
    traced = [trace_of(n, n, roles[n], a, samples) for n, a in values.items()]
    if outputs is not None:
        nodes = {n.output_name(i): n for n in graph.topological(symbol.heads) for i in range(n.num_outputs())}
        known = {k: v for k, v in outputs.items() if k in nodes and nodes[k].op is not None}
        if not known:
            raise BindError(f"none of the {len(outputs)} outputs has the name of a node's output, such as "
                            f"{symbol.list_outputs()[0]!r}")  # fmt: skip
        traced += [trace_of(k, n.name, "output", known[k], samples) for k, n in nodes.items() if k in known]
    else:
        for node, outs in run_nodes(symbol, values, train=train, seed=seed, progress=progress):
            traced += [trace_of(node.output_name(i), node.name, "output", x, samples) for i, x in enumerate(outs)]
    given = {k: np.asarray(v) for k, v in inputs.items()}
    graph_text = symbol.tojson(remove_amp_cast=False)
    write_record(path, traced, given, graph_text, train=train, seed=seed, np_shape=is_np_shape())
