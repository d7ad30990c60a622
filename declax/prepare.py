"""Inference in two parts: what depends on parameters alone is computed when they change, not at every call.

Folded weights and weights in another layout are as large as the model; at small batches computing them would take
longer than the rest. Arrays are never changed in place, so a parameter has changed when another array stands for it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from declax.plan import Plan, Step, is_random, run_items
from declax.random import key_of
from declax.util import np_shape

if TYPE_CHECKING:
    from declax.program import Program


def parameter_slots(plan: Plan) -> set[int]:
    """Slots of the arguments that an operator deduces as its own (weights, biases ...) and of all auxiliary states.

    An argument from which such an input is computed, as parts of a weight that are joined, is one if it is read for
    nothing else: data that weights are computed from are read as data too.
    """
    arguments = set(plan.argument_slots)
    leading, other = _own_inputs(plan), set()
    direct = leading & arguments
    for step in reversed(plan.steps):
        if not leading.isdisjoint(step.outputs) and _is_pure(step):
            leading.update(step.inputs)
        else:
            other.update(step.inputs)
    other.update(plan.output_slots)
    return direct | (leading & arguments) - other | set(plan.state_slots)


def _own_inputs(plan: Plan) -> set[int]:
    """Slots that some operator reads as an input that it deduces."""
    found = set()
    for step in plan.steps:
        op, params = step.node.op, step.node.params or {}
        if op is not None and not op.variadic:
            found.update(s for s, i in zip(step.inputs, op.present(params), strict=False) if op.inputs[i].rule)
    return found


class Split:
    """The plan of one inference, cut into what parameters alone decide and the rest."""

    def __init__(self, plan: Plan, parameters: set[int], np_shape: bool):
        self.plan, self.np_shape = plan, np_shape
        fixed = set(parameters)
        self.early: list[Step] = []
        self.late: list[Any] = []
        for item in plan.items:
            if isinstance(item, Step) and item.inputs and fixed.issuperset(item.inputs) and _is_pure(item):
                fixed.update(item.outputs)
                self.early.append(item)
            else:
                self.late.append(item)
        made = {i for step in self.early for i in step.outputs}
        read = {i for item in self.late for i in item.inputs} | set(plan.output_slots)
        self.sources = sorted({i for step in self.early for i in step.inputs} - made)
        self.prepared = sorted(made & read)
        self.key = (tuple(self.sources), tuple((s.scope, s.node.op_name) for s in self.early))

    def prepare(self, values: Sequence[Any]) -> list:
        """The prepared values from those of `sources`."""
        with np_shape(self.np_shape):
            slots = dict(zip(self.sources, values, strict=True))
            run_items(self.early, slots, False, None)
            return [slots[i] for i in self.prepared]

    def infer(self, prepared: Sequence[Any], args: Sequence[Any], aux: Sequence[Any], words: Any) -> list:
        """The outputs."""
        plan = self.plan
        with np_shape(self.np_shape):
            slots: list[Any] = [*args, *aux, *[None] * (plan.size - len(args) - len(aux))]
            for i, x in zip(self.prepared, prepared, strict=True):
                slots[i] = x
            key = None if words is None else key_of(words)
            run_items(self.late, slots, False, key, None, dict(plan.results(args, aux)))
            return [slots[i] for i in plan.output_slots]


def _is_pure(step: Step) -> bool:
    return not (step.mutated or step.is_host or step.is_dynamic or step.subgraphs or is_random(step.node))


class PreparedInference:
    """`(args, aux, words) -> outputs`, with the prepared values of the parameters that were seen last."""

    def __init__(self, program: "Program", plain: Callable, parameters: set[int]):
        self._program, self._plain, self._parameters = program, plain, parameters
        self._split: dict[tuple, tuple[Split, Callable, Callable] | None] = {}
        self._kept: dict[tuple, tuple[list, list]] = {}

    def __call__(self, args: Sequence[Any], aux: Sequence[Any], words: Any) -> list:
        signature = tuple([x.shape for x in args])
        try:
            found = self._split[signature]
        except KeyError:
            found = self._split[signature] = self._cut(args, aux)
        if found is None:
            return self._plain(args, aux, words)
        split, prepare, infer = found
        count = len(args)
        sources = [args[i] if i < count else aux[i - count] for i in split.sources]
        kept = self._kept.get(split.key)
        if kept is None or any(x is not y for x, y in zip(kept[0], sources, strict=True)):
            kept = self._kept[split.key] = (sources, prepare(sources))
        return infer(kept[1], args, aux, words)

    def _cut(self, args: Sequence[Any], aux: Sequence[Any]) -> tuple[Split, Callable, Callable] | None:
        split = Split(self._program.planned(args, aux, train=False), self._parameters, self._program.lowered.np_shape)
        if not split.early:
            return None
        return split, self._program.compiled(split.prepare), self._program.compiled(split.infer)

    def forget(self) -> None:
        """Lets go of the prepared values: training is about to change the parameters."""
        self._kept.clear()
