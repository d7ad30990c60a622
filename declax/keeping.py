"""What to keep from the forward for the backward, and what to compute again: the choice, made on the graph alone.

A `Model` has the steps of a plan in order with the bytes of what each makes and an estimate of its time. A choice is
the set of steps whose outputs are kept; between two places where only kept values cross, the backward computes again
what is not kept. `Model.choose` finds the cheapest choice for a number of bytes: dynamic programming over the places
where the order can be cut gives the boundaries, and what memory is left keeps the outputs that are dearest by byte.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from declax import cost
from declax.passes import Known
from declax.plan import Plan

_FLOPS, _BYTES = 8e10, 1e10
"""A processor's floating point operations and bytes of memory a second; only their ratio matters."""

_PLACES = 400
"""How many places for cuts are considered at most."""

_LIMITS = 28
"""How many sizes of what lies between two cuts are tried."""

_READ_BY_NOBODY = frozenset(
    """elemwise_add elemwise_sub _plus _minus broadcast_add broadcast_sub add_n _plus_scalar _minus_scalar
    _rminus_scalar _mul_scalar _div_scalar Concat Flatten Reshape transpose expand_dims squeeze slice slice_axis
    SliceChannel split_v2 stack SwapAxis identity Cast Activation relu sigmoid tanh Dropout softmax SoftmaxOutput
    sum mean BlockGrad""".split()
)
"""Operators whose gradient does not need their inputs."""


@dataclass(frozen=True)
class Choice:
    """What is kept: by step, whether its outputs are; `seconds` of work done again and `bytes` held, estimated."""

    kept: tuple[bool, ...]
    seconds: float
    bytes: int


class Model:
    """Sizes and times of the steps of a plan whose shapes are known; `data` names arguments that are no parameters."""

    def __init__(self, plan: Plan, known: Known, data: Collection[str]):
        self.plan = plan
        steps = plan.steps
        n = len(steps)
        producer = {slot: i for i, s in enumerate(steps) for slot in s.outputs}
        self.last = list(range(n))
        """By step, the last step that reads an output of it; n where the outputs are the graph's."""
        needed = [False] * n
        depends = [False] * n
        inputs = {slot for slot, a in zip(plan.argument_slots, plan.arguments, strict=True) if a.name in data}
        for i, step in enumerate(steps):
            depends[i] = any(slot in inputs or (slot in producer and depends[producer[slot]]) for slot in step.inputs)
            reads = step.node.op_name not in _READ_BY_NOBODY
            for slot in step.inputs:
                if slot in producer:
                    self.last[producer[slot]] = i
                    needed[producer[slot]] |= reads
            needed[i] |= step.node.op_name in ("Activation", "relu", "sigmoid", "tanh", "softmax", "Dropout")
        heads = set(plan.output_slots)
        for i, step in enumerate(steps):
            if not heads.isdisjoint(step.outputs):
                self.last[i] = n
        shapes, types = known.shapes.entries, known.types.entries
        sizes = [_size(zip(shapes[id(s.node)], types[id(s.node)], strict=True)) for s in steps]
        self.sizes = [size if d else 0 for size, d in zip(sizes, depends, strict=True)]
        """By step, the bytes of its outputs; 0 where they depend on parameters alone."""
        self.stored = [size if needed[i] else 0 for i, size in enumerate(self.sizes)]
        """By step, the bytes that the backward needs of it."""
        self.seconds = _times(plan, known, sizes)
        self.marked_places = {i for i, s in enumerate(steps) if "__mirror_stage__" in s.node.attrs}

    def places(self) -> list[int]:
        """The steps after which cuts are considered: those with `mirror_stage` if any, else where least crosses."""
        n = len(self.sizes)
        ending: dict[int, int] = defaultdict(int)
        crossing, costs = 0, []
        for i in range(n):
            crossing -= ending.pop(i, 0)
            if self.last[i] > i:
                crossing += self.sizes[i]
                ending[self.last[i]] += self.sizes[i]
            costs.append(crossing)
        found = sorted(self.marked_places) or [
            i for i in range(n) if (i == 0 or costs[i] <= costs[i - 1]) and (i + 1 == n or costs[i] <= costs[i + 1])
        ]
        if len(found) > _PLACES:
            width = -(-len(found) // _PLACES)
            found = [min(found[k : k + width], key=costs.__getitem__) for k in range(0, len(found), width)]
        return [i for i in found if i < n - 1]

    def everything(self) -> Choice:
        """Everything kept."""
        return Choice((True,) * len(self.sizes), 0.0, sum(self.stored))

    def held(self, kept: Sequence[bool], whole: bool = False) -> tuple[int, list[bool]]:
        """Bytes held at most, and by step whether it is computed again.

        What lies behind the last place where only kept values cross is never computed again.
        """
        n = len(kept)
        again = [not k for k in kept]
        held, inside, most, crossing, start = 0, 0, 0, 0, 0
        ending: dict[int, int] = defaultdict(int)
        for i in range(n):
            crossing -= ending.pop(i, 0)
            if kept[i]:
                held += max(self.stored[i], self.sizes[i] if self.last[i] > i else 0)
            else:
                inside += self.stored[i]
                if self.last[i] > i and self.sizes[i]:
                    crossing += 1
                    ending[self.last[i]] += 1
            if crossing == 0:
                most = max(most, inside)
                inside, start = (0, i + 1) if i + 1 < n else (inside, start)
        for i in range(start, n):
            again[i] = False
        return held + max(most, inside), again

    def choice(self, kept: Sequence[bool]) -> Choice:
        """The choice that keeps these steps' outputs, with its estimates."""
        held, again = self.held(kept)
        return Choice(tuple(not a for a in again), sum(s for s, a in zip(self.seconds, again, strict=True) if a), held)

    def alike(self, kept: Sequence[bool]) -> Choice:
        """The choice that keeps these steps' outputs, alike in all repetitions of loops."""
        pairs = [(s, size) for s, size, k in zip(self.seconds, self.stored, kept, strict=True) if not k]
        return Choice(tuple(kept), sum(s for s, _ in pairs), sum(self.stored) - sum(size for _, size in pairs))

    def smallest(self) -> Choice:
        """The choice that holds least."""
        return min(self._cut, key=lambda c: (c.bytes, c.seconds))

    def choose(self, most: float) -> Choice | None:
        """The choice with the least time that holds at most `most` bytes; None where there is none."""
        if sum(self.stored) <= most:
            return self.everything()
        fitting = [self._filled(c, most) for c in self._cut if c.bytes <= most]
        return min(fitting, key=lambda c: (round(c.seconds, 4), c.bytes)) if fitting else None

    @property
    def _cut(self) -> list[Choice]:
        """Choices that keep what crosses a few cuts and nothing else, from many cuts to few."""
        if not hasattr(self, "_cuts"):
            total = max(sum(self.stored), 1)
            ratio = (1 / 400) ** (1 / (_LIMITS - 1))
            found = {self._best(places, total * ratio**k) for places in (self.places(),) for k in range(_LIMITS)}
            self._cuts = [self.choice(kept) for kept in found if kept is not None]
        return self._cuts

    def _best(self, places: Sequence[int], limit: float) -> tuple[bool, ...] | None:
        """What to keep so that at most `limit` bytes lie between two cuts and as few as can be are kept."""
        n = len(self.sizes)
        ends = [*places, n - 1]
        best = [0.0, *[float("inf")] * len(ends)]
        before = [0] * (len(ends) + 1)
        for j in range(len(ends)):
            if best[j] == float("inf"):
                continue
            first = 0 if j == 0 else ends[j - 1] + 1
            alive = inside = 0
            ending: dict[int, int] = defaultdict(int)
            i = first
            for k in range(j, len(ends)):
                while i <= ends[k]:
                    alive -= ending.pop(i, 0)
                    if self.last[i] > i:
                        alive += self.sizes[i]
                        ending[self.last[i]] += self.sizes[i]
                    inside += self.stored[i]
                    i += 1
                if inside > limit and k > j:
                    break
                if best[j] + alive < best[k + 1]:
                    best[k + 1], before[k + 1] = best[j] + alive, j
        kept = [False] * n
        k = len(ends)
        while k > 0:
            j = before[k]
            for i in range(0 if j == 0 else ends[j - 1] + 1, ends[k - 1] + 1):
                kept[i] = self.last[i] > ends[k - 1]
            k = j
        return tuple(kept)

    def _filled(self, choice: Choice, most: float) -> Choice:
        """The choice with more outputs kept, alike for alike steps, as long as it holds at most `most` bytes."""
        groups: dict[Any, list[int]] = defaultdict(list)
        for i, kept in enumerate(choice.kept):
            if not kept and self.sizes[i]:
                node = self.plan.steps[i].node
                groups[node.op_name, self.sizes[i], self.seconds[i]].append(i)
        found = choice
        for (_, size, seconds), members in sorted(groups.items(), key=lambda g: -g[0][2] / g[0][1]):
            if found.bytes + size > most or not seconds:
                continue
            part = members
            while part:
                kept = list(found.kept)
                for i in part:
                    kept[i] = True
                more = self.choice(kept)
                if more.bytes <= most:
                    found = more
                    break
                part = part[(len(part) + 1) // 2 :]  # those nearest to the outputs are needed first
        return found


def _size(outputs: Iterable[tuple[tuple[int, ...], Any]]) -> int:
    return sum(prod(shape) * dtype.itemsize for shape, dtype in outputs)


def _times(plan: Plan, known: Known, sizes: Sequence[int]) -> list[float]:
    """Estimated seconds of each step's forward: its operations, or the bytes that it reads and writes."""
    counted: dict[Any, int] = {}
    found = []
    for step, size in zip(plan.steps, sizes, strict=True):
        node = step.node
        assert node.op is not None
        shapes, types = [known.shape(e) for e in node.inputs], [known.dtype(e) for e in node.inputs]
        key = (node.op_name, repr(node.params), tuple(shapes), tuple(types))
        if key not in counted:
            counted[key] = cost.flops(node.op, node.params or {}, shapes, types) or 0
        found.append(max(counted[key] / _FLOPS, (size + _size(zip(shapes, types, strict=True))) / _BYTES))
    return found
