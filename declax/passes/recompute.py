"""Nodes marked with `force_mirroring` are computed again in the backward instead of kept: MXNet's mirroring.

A marked node's outputs are kept from the forward to the backward for nobody; the backward computes them again from
the outputs of nodes without the mark. Consecutive items of a plan between two places where only unmarked values
cross become one `Recomputed` item. The numbers stay the same: random nodes draw from the same keys again, and
auxiliary states are written by the forward alone.

On CPUs, XLA keeps the two computations apart only with the options of `declax.backend.compiler_options`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
from jax.ad_checkpoint import checkpoint_name
from jax.custom_derivatives import SymbolicZero

from declax.graph import Node
from declax.passes.rewriting import MARK
from declax.plan import Item, Plan, Step, run_items

_COSTLY = frozenset({"Convolution", "FullyConnected", "Concat", "SoftmaxOutput", "Dropout"})
"""What MXNET_BACKWARD_DO_MIRROR=1 leaves unmarked, as in MXNet."""

_KEPT = "declax.kept"


def is_marked(node: Node, everywhere: bool = False) -> bool:
    """Whether a node is to be computed again: its `force_mirroring` is true, or `everywhere` and it is cheap."""
    marked = node.attrs.get(MARK)
    if marked is not None and marked.strip().lower() in ("true", "1"):
        return True
    return everywhere and node.op_name not in _COSTLY


def apply(plan: Plan, everywhere: bool = False) -> Plan:
    """The plan with marked steps inside `Recomputed` items; the same plan where nothing is marked."""
    if any(s.is_dynamic for s in plan.steps):
        return plan
    marked = {id(s) for s in plan.steps if is_marked(s.node, everywhere) or _moves_parameter(s, len(plan.arguments))}
    return plan.with_items(regions(plan, marked), plan.size) if marked else plan


def _moves_parameter(step: Step, arguments: int) -> bool:
    """Whether a step only permutes the axes of an argument: that is cheaper to do twice than to keep."""
    return step.node.op_name == "transpose" and step.inputs[0] < arguments


def regions(plan: Plan, marked: set[int]) -> list[Item]:
    """The items of a plan, those between two cuts as one if a step (given by `id`) among them is marked."""
    last = {i: n for n, item in enumerate(plan.items) for i in item.inputs}
    heads, variables = set(plan.output_slots), len(plan.arguments)
    found: list[Item] = []
    part: list[Item] = []
    ends: dict[int, int] = {}
    crossing = 0
    for n, item in enumerate(plan.items):
        part.append(item)
        crossing -= ends.pop(n, 0)
        if id(item) in marked:
            for i in item.outputs:
                if i not in heads and last.get(i, n) > n:
                    ends[last[i]] = ends.get(last[i], 0) + 1
                    crossing += 1
        if crossing == 0:
            if any(id(x) in marked for x in part):
                found.append(_recomputed(part, marked, plan, n, last, heads))
            else:
                found += [Together(x) if any(i < variables for i in x.inputs) else x for x in part]
            part = []
    return [*found, *part]


def _recomputed(
    items: list[Item], marked: set[int], plan: Plan, end: int, last: Mapping[int, int], heads: set[int]
) -> "Recomputed":
    made = {i for item in items for i in item.outputs}
    reads = dict.fromkeys(i for item in items for i in item.inputs if i not in made)
    writes = [i for i in sorted(made) if i in heads or last.get(i, end) > end]
    kept = frozenset(id(item) for item in items if id(item) not in marked)
    return Recomputed(items, list(reads), writes, kept, frozenset(plan.state_slots))


class Recomputed:
    """Items of a plan whose values in between are computed again when the backward needs them.

    `kept` are the items (by `id`) whose outputs are kept all the same; `states` the slots of auxiliary states.
    """

    def __init__(
        self, items: Sequence[Item], inputs: list[int], outputs: list[int], kept: frozenset[int], states: frozenset[int]
    ):
        self.items, self.inputs, self.outputs, self.kept, self.states = items, inputs, outputs, kept, states

    def run(
        self, slots: Any, train: bool, key: Any, tap: Callable | None = None, results: Mapping[int, tuple] | None = None
    ) -> None:
        """Reads and writes `slots`; under differentiation only the inputs and what `kept` made are kept."""

        def compute(given: dict[int, Any], key: Any) -> dict[int, Any]:
            local = dict(given)
            for item in self.items:
                item.run(local, train, key, tap, results)
                if id(item) in self.kept:
                    keep(item, local)
            written = (i for i in given if i in self.states and local[i] is not given[i])
            return {i: local[i] for i in (*self.outputs, *written)}

        if tap is not None:
            run_items(self.items, slots, train, key, tap, results)
            return
        given = _together({i: slots[i] for i in self.inputs})
        for i, value in recomputing(compute)(given, key).items():
            slots[i] = value

    def lines(self) -> Iterable[str]:
        """The items, indented, under one line that says what is kept."""
        yield f"recompute in the backward, from {', '.join(f'%{i}' for i in self.inputs)}:"
        for item in self.items:
            for line in item.lines():
                yield f"  {'keep ' if id(item) in self.kept and isinstance(item, Step) else ''}{line}"


def keep(item: Item, slots: Any) -> None:
    """Marks what an item wrote as kept, inside what `recomputing` made."""
    for i in item.outputs:
        slots[i] = checkpoint_name(slots[i], _KEPT)


def recomputing(function: Callable) -> Callable:
    """The function with all but its inputs and what is marked with `keep` computed again in the backward."""
    return jax.checkpoint(function, policy=jax.checkpoint_policies.save_only_these_names(_KEPT))


class Together:
    """One item of a plan whose gradients are all computed before any of them is used."""

    def __init__(self, item: Item):
        self.item, self.inputs, self.outputs = item, item.inputs, item.outputs

    def run(
        self, slots: Any, train: bool, key: Any, tap: Callable | None = None, results: Mapping[int, tuple] | None = None
    ) -> None:
        """Runs the item."""
        local = _together({i: slots[i] for i in self.inputs})
        given = dict(local)
        self.item.run(local, train, key, tap, results)
        for i, value in local.items():
            if given.get(i) is not value:
                slots[i] = value

    def lines(self) -> Iterable[str]:
        """The item's lines."""
        return self.item.lines()


def _together(values: dict[int, Any]) -> dict[int, Any]:
    """The same values; their gradients are all computed before any is used further.

    Without that, XLA may put off the gradients of parameters, and hold until then what they are computed from.
    """
    floating = [i for i, x in values.items() if jax.numpy.issubdtype(x.dtype, jax.numpy.floating)]
    return values | dict(zip(floating, _barrier(*(values[i] for i in floating)), strict=True))


@jax.custom_jvp
def _barrier(*values: Any) -> tuple:
    return values


@partial(_barrier.defjvp, symbolic_zeros=True)
def _barrier_jvp(primals: tuple, tangents: tuple) -> tuple:
    moving = [k for k, t in enumerate(tangents) if not isinstance(t, SymbolicZero)]
    found = list(tangents)
    for k, t in zip(moving, jax.lax.optimization_barrier([tangents[k] for k in moving]), strict=True):
        found[k] = t
    return primals, tuple(found)
