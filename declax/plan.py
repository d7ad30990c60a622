"""Plans: the operator calls of a graph in order, with numbered slots for their values.

A `Plan` is what `Lowered` (lower.py) runs: the graph as declared, or what the passes made of it for known shapes.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, Protocol
from zlib import crc32

import jax

from declax import graph
from declax.errors import MXNetError, RunError
from declax.graph import Entry, Node


class Item(Protocol):
    """What a plan runs, one after the other: a `Step`, or several steps that run together in some other way."""

    inputs: list[int]
    """The slots that it reads."""
    outputs: list[int]
    """The slots that it writes, apart from auxiliary states."""

    def run(
        self, slots: Any, train: bool, key: Any, tap: Callable | None = None, results: Mapping[int, tuple] | None = None
    ) -> None:
        """Reads and writes `slots`, a list or dict of values by slot number."""
        ...

    def lines(self) -> Iterable[str]:
        """What it is, for people, on one line or several."""
        ...


class Step:
    """One operator call of a plan: which slots it reads and writes.

    `mutated` pairs the new states that follow the outputs with the slots they go to.
    """

    __slots__ = ("inputs", "is_dynamic", "is_host", "mutated", "node", "number", "outputs", "scope", "subgraphs")

    def __init__(self, node: Node, inputs: list[int], outputs: list[int], mutated: list[tuple[int, int]]):
        self.node, self.inputs, self.outputs, self.mutated = node, inputs, outputs, mutated
        self.number = crc32(node.name.encode()) & 0x7FFFFFFF
        self.scope = node.name or node.op_name
        self.subgraphs = tuple(Subgraph(heads) for heads in node.subgraphs)
        self.is_dynamic = is_dynamic(node)
        self.is_host = node.op is not None and node.op.host

    def run(
        self, slots: Any, train: bool, key: Any, tap: Callable | None = None, results: Mapping[int, tuple] | None = None
    ) -> None:
        """Calls the operator on values in `slots`; `tap(node, outputs)` sees what it gave."""
        inferred = results.get(id(self.node), ()) if results else ()
        outs = run_step(self, [slots[i] for i in self.inputs], train, key, inferred)
        for i, value in zip(self.outputs, outs, strict=False):
            slots[i] = value
        for k, i in self.mutated:
            slots[i] = jax.lax.stop_gradient(outs[len(self.outputs) + k])
        if tap is not None:
            tap(self.node, outs[: len(self.outputs)])

    def moved(self, inputs: list[int], outputs: list[int], mutated: list[tuple[int, int]]) -> "Step":
        """The same call over other slots."""
        twin = copy(self)
        twin.inputs, twin.outputs, twin.mutated = inputs, outputs, mutated
        return twin

    def numbered(self, number: Any) -> "Step":
        """The same call with another number to fold into its random key, which may be a traced one."""
        twin = copy(self)
        twin.number = number
        return twin

    def lines(self) -> Iterable[str]:
        """The node, its operator and the slots on one line; of a convolution its formulation too."""
        reads, writes = (", ".join(f"%{i}" for i in slots) for slots in (self.inputs, self.outputs))
        formulation = (self.node.params or {}).get("formulation")
        how = f" as {formulation}" if formulation else ""
        yield f"{writes} = {self.node.op_name} {self.scope!r} ({reads}){how}"


class Plan:
    """The steps of a graph, in order, over numbered slots.

    `arguments` and `states` are the variables in the order in which values are given; those of another graph (the
    one that was rewritten into this one) may be passed in, and then keep their places even where no step reads them.
    `declared` are the heads of that other graph, over which inference runs.
    """

    def __init__(
        self, heads: Sequence[Entry], arguments: Sequence[Node] | None = None, states: Sequence[Node] | None = None,
        declared: Sequence[Entry] | None = None,
    ):  # fmt: skip
        self.heads = tuple(heads)
        self.declared = self.heads if declared is None else tuple(declared)
        order = graph.topological(heads)
        if arguments is None or states is None:
            aux = graph.auxiliary_ids(order)
            arguments = [n for n in order if n.op is None and id(n) not in aux]
            states = [n for n in order if n.op is None and id(n) in aux]
        self.arguments, self.states = tuple(arguments), tuple(states)
        slots = {id(n): i for i, n in enumerate((*arguments, *states))}
        count = len(slots)
        self.argument_slots = list(range(len(arguments)))
        self.state_slots = list(range(len(arguments), count))
        self.steps: list[Step] = []
        for node in order:
            if node.op is None:
                continue
            n = node.num_outputs()
            slots[id(node)] = count
            inputs = [slots[id(e.node)] + e.index for e in node.inputs]
            mutated = [(k, slots[id(node.inputs[i].node)]) for k, i in enumerate(node.mutated())]
            self.steps.append(Step(node, inputs, list(range(count, count + n)), mutated))
            count += n
        self.items: list[Item] = [*self.steps]
        """What runs: the steps, or what passes over plans made of them."""
        self.size = count
        self.output_slots = [slots[id(e.node)] + e.index for e in heads]
        self.asking = [s.node for s in self.steps if s.node.op is not None and s.node.op.takes_results]
        """Nodes of operators that ask what inference found of their outputs."""

    def run(
        self, args: Sequence[Any], aux: Sequence[Any], train: bool, key: Any, tap: Callable | None = None
    ) -> tuple[list, list]:
        """Outputs and new states; `tap(node, outputs)` sees every node's outputs."""
        slots: list[Any] = [*args, *aux, *[None] * (self.size - len(args) - len(aux))]
        run_items(self.items, slots, train, key, tap, dict(self.results(args, aux)))
        return [slots[i] for i in self.output_slots], [slots[i] for i in self.state_slots]

    def with_items(self, items: list[Item], size: int) -> "Plan":
        """The same plan with other items in the place of its steps, over `size` slots."""
        twin = copy(self)
        twin.items, twin.size = items, size
        return twin

    def __str__(self) -> str:
        variables = [f"%{i} = {n.name!r}" for i, n in enumerate((*self.arguments, *self.states))]
        outputs = ", ".join(f"%{i}" for i in self.output_slots)
        return "\n".join([*variables, *(line for item in self.items for line in item.lines()), f"-> {outputs}"])

    def results(self, args: Sequence[Any], aux: Sequence[Any]) -> tuple[tuple[int, tuple], ...]:
        """For the operators that ask for them, by node: the inferred (shape, dtype) of their outputs."""
        if not self.asking:
            return ()
        found = self.inferred(args, aux)
        return tuple((id(n), found[id(n)]) for n in self.asking)

    def inferred(self, args: Sequence[Any], aux: Sequence[Any]) -> dict[int, tuple]:
        """By node: the inferred (shape, dtype) of its outputs."""
        from declax import infer

        names, values = [n.name for n in (*self.arguments, *self.states)], (*args, *aux)
        types = infer.infer_types(self.declared, {n: x.dtype for n, x in zip(names, values, strict=True)})
        shapes = infer.infer_shapes(
            self.declared, {n: x.shape for n, x in zip(names, values, strict=True)}, types, exact=True
        )
        return {n: tuple(zip(found, types.entries[n], strict=True)) for n, found in shapes.entries.items()}


def run_items(
    items: Iterable[Item], slots: Any, train: bool, key: Any, tap: Callable | None = None,
    results: Mapping[int, tuple] | None = None,
) -> None:  # fmt: skip
    """Runs items in order over `slots`, a list or dict of values by slot number."""
    for item in items:
        item.run(slots, train, key, tap, results)


def run_step(step: Step, inputs: Sequence[Any], train: bool, key: Any, results: tuple = ()) -> tuple:
    """One node's outputs, then its new auxiliary states; RunError names the node."""
    node = step.node
    op, params = node.op, node.params
    assert op is not None
    assert params is not None
    if op.takes_key or step.subgraphs:
        if key is not None:
            key = jax.random.fold_in(key, step.number)
        elif not step.subgraphs and op.is_random(params, train):
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


class Subgraph:
    """One subgraph of a control-flow node, called by position: `(inputs, train, key) -> (outputs, new states)`.

    The inputs are the subgraph's variables in their order, auxiliary states included.
    """

    def __init__(self, heads: Sequence[Entry]):
        order = graph.topological(heads)
        aux = graph.auxiliary_ids(order)
        self.plan = Plan(heads)
        self.is_state = [id(n) in aux for n in order if n.op is None]
        self.names = [n.name for n in order if n.op is None]
        self.operators = graph.operators(heads)

    def __call__(self, inputs: Sequence[Any], train: bool = False, key: Any = None) -> tuple[list, list]:
        args = [x for x, state in zip(inputs, self.is_state, strict=True) if not state]
        aux = [x for x, state in zip(inputs, self.is_state, strict=True) if state]
        return self.plan.run(args, aux, train, key)


def is_dynamic(node: Node) -> bool:
    """Whether the shape of some output depends on values, inside subgraphs too."""
    if node.op is not None and node.op.dynamic:
        return True
    return any(is_dynamic(n) for heads in node.subgraphs for n in graph.topological(heads))


def is_random(node: Node) -> bool:
    """Whether the node draws random numbers, inside subgraphs too."""
    if node.subgraphs:
        return any(is_random(n) for heads in node.subgraphs for n in graph.topological(heads))
    return node.op is not None and node.op.is_random(node.params or {})
