"""Part of a plan as a graph of its own, which passes can look at: what it reads from outside becomes its variables."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from declax import graph
from declax.graph import Entry, Node
from declax.lower import Lowered
from declax.plan import Plan, Step


class Excerpt:
    """Steps that run together, as a lowered graph from the slots in `reads` to those in `writes`."""

    def __init__(self, lowered: Lowered, variables: dict[int, int], heads: list[int], writes: Sequence[int]):
        def slots_of(nodes: Iterable[Node]) -> list[int]:
            return [variables[id(n)] for n in nodes]

        self.lowered, self._heads, self._writes = lowered, heads, writes
        self._arguments, self._states = slots_of(lowered.plan.arguments), slots_of(lowered.plan.states)

    def run(self, slots: Mapping[int, Any], train: bool, key: Any) -> list:
        """The written slots' values from those in `slots`, by what the passes in force make of the graph."""
        return self.written(*self.lowered.flat(*self.given(slots), train, key))

    def given(self, slots: Mapping[int, Any]) -> tuple[list, list]:
        """The graph's arguments and states from what is in `slots`."""
        return [slots[i] for i in self._arguments], [slots[i] for i in self._states]

    def written(self, outputs: Sequence[Any], states: Sequence[Any]) -> list:
        """The written slots' values from what the graph gave."""
        made = dict(zip([*self._heads, *self._states], [*outputs, *states], strict=True))
        return [made[i] for i in self._writes]


def excerpt(plan: Plan, steps: Sequence[Step], reads: Iterable[int], writes: Sequence[int]) -> Excerpt | None:
    """The excerpt of these steps; None where only the whole graph knows what they do.

    That is so where an operator asks what inference found, where several write one state, writes outside training
    too, or where nothing that is written needs one that does.
    """
    written = [slot for step in steps for _, slot in step.mutated]
    if len(set(written)) < len(written) or any(_needs_the_whole(s.node) for s in steps):
        return None
    made = {i: Entry(_variable(plan, i)) for i in reads}
    variables = {id(e.node): i for i, e in made.items()}
    for step in steps:
        inputs = [
            e._replace(node=made[i].node, index=made[i].index)
            for i, e in zip(step.inputs, step.node.inputs, strict=True)
        ]
        node = step.node if inputs == step.node.inputs else graph.twin(step.node, inputs)
        made.update((i, Entry(node, k)) for k, i in enumerate(step.outputs))
    heads = [i for i in writes if i not in written]
    lowered = Lowered([made[i] for i in heads])
    found = {id(n) for n in (*lowered.plan.arguments, *lowered.plan.states)}
    if any(id(_variable(plan, i)) not in found for i in written):
        return None
    return Excerpt(lowered, variables, heads, writes)


def _needs_the_whole(node: Node) -> bool:
    assert node.op is not None
    return node.op.takes_results or bool(node.mutated() and not node.op.takes_train)


def _variable(plan: Plan, slot: int) -> Node:
    """The graph's own variable of a slot, or one that stands for a node's output. No user can have given its name."""
    if slot < len(plan.arguments):
        return plan.arguments[slot]
    if slot < len(plan.arguments) + len(plan.states):
        return plan.states[slot - len(plan.arguments)]
    step = plan.steps[bisect_right(plan.steps, slot, key=lambda s: s.outputs[0]) - 1]
    return Node(None, f"{step.node.output_name(slot - step.outputs[0])} (%{slot})", {}, site=step.node.site)
