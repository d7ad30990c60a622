"""Repeated blocks become loops: what stands in a plan many times in a row is traced and compiled once.

The search is in repeats.py, the loop in rolled.py. Here it is decided what pays, how values enter and leave a loop,
and in which order the plan then runs.
"""

import heapq
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from declax.graph import Node
from declax.passes import Known, enabled
from declax.passes.repeats import Chain, Repeats
from declax.passes.rolled import Joined, Parts, Rolled, Stacked
from declax.plan import Item, Plan, Step

LEAST_SAVED = 24
"""A chain is rolled when at least so many steps need not be compiled."""


def apply(plan: Plan, known: Known, again: Callable[[Node], bool]) -> Plan:
    """The plan with loops in the place of its repeated blocks; the same plan where there are none.

    `again` tells the nodes that the backward computes again. Where that is not the same in all repetitions, nothing is
    rolled: a loop would keep what each of them computed.
    """
    search = Repeats(plan, known, own="stack" in enabled())  # else variables would have to be stacked at every call
    chains = [c for c in search.chains() if c.saved >= LEAST_SAVED]
    if any(_differ(chain, plan, again) for chain in chains):
        return plan
    while chains:
        items = _Rolling(plan, search, chains, again).items()
        if items is not None:
            return plan.with_items(*items)
        chains.pop()  # two chains that feed each other: the one that saves least stays unrolled
    return plan


def _differ(chain: Chain, plan: Plan, again: Callable[[Node], bool]) -> bool:
    """Whether some step is computed again in a part of the repetitions only."""
    return any(len({again(plan.steps[i].node) for i in steps}) > 1 for steps in zip(*chain.steps, strict=True))


class _Rolling:
    """The items of one plan with some chains rolled."""

    def __init__(self, plan: Plan, search: Repeats, chains: Sequence[Chain], again: Callable[[Node], bool]):
        self.plan, self.steps, self.search, self.again, self.size = plan, plan.steps, search, again, plan.size
        self.touching: dict[int, list[int]] = defaultdict(list)  # steps that read or change a slot
        for i, step in enumerate(self.steps):
            for slot in dict.fromkeys(step.inputs):
                self.touching[slot].append(i)
        self.chains = [c for c in chains if self._states(c) is not None]
        self.chain_of = {i: n for n, c in enumerate(self.chains) for part in c.steps for i in part}
        self.place_of = {
            slot: (n, r, k, o)
            for n, c in enumerate(self.chains)
            for r, part in enumerate(c.steps)
            for k, i in enumerate(part)
            for o, slot in enumerate(self.steps[i].outputs)
        }
        self.heads = set(plan.output_slots)
        self.stacks: dict[tuple[int, int, int], int] = {}
        self.sources = [self._sources(c) for c in self.chains]
        self.widened: set[int] = set()  # expand_dims that only a join asks for
        self.joined = self._joins()

    def items(self) -> tuple[list[Item], int] | None:
        """The items in order and the number of their slots; None when chains wait for each other."""
        loops = [self._loop(n, c) for n, c in enumerate(self.chains)]
        units: list[Item] = []
        ranks: list[int] = []
        for i, step in enumerate(self.steps):
            if i not in self.chain_of:
                units.append(self.joined.get(i, step))
                ranks.append(i)
        for chain, loop in zip(self.chains, loops, strict=True):
            units.append(loop)
            ranks.append(chain.steps[0][0])
        ordered = _ordered(units, ranks, self.plan)
        return None if ordered is None else (_needed(ordered, self.plan), self.size)

    # -- states ----------------------------------------------------------------------------------------------------

    def _states(self, chain: Chain) -> dict[int, bool] | None:
        """Holes that the body writes to, each with whether all repetitions share it; None when it cannot be rolled."""
        found: dict[int, bool] = {}
        inside = {i for part in chain.steps for i in part}
        for k, i in enumerate(chain.template.steps):
            step = self.steps[i]
            for _, slot in step.mutated:
                at, hole = chain.template.inputs[k][step.inputs.index(slot)]
                slots = [holes[hole] for holes in chain.holes]
                distinct = len(set(slots))
                if at >= 0 or hole in chain.carried or distinct not in (1, len(slots)):
                    return None
                readers = {i for s in set(slots) for i in self.touching[s]}
                if not readers <= inside or (distinct > 1 and len(readers) != len(slots)):
                    return None
                found[hole] = distinct == 1
        return found

    # -- values that go in -----------------------------------------------------------------------------------------

    def _sources(self, chain: Chain) -> dict[int, Stacked | Parts]:
        """Where the values of the holes that differ by repetition come from."""
        found = {}
        for hole in range(len(chain.template.holes)):
            slots = [holes[hole] for holes in chain.holes]
            if hole not in chain.carried and len(set(slots)) > 1:
                found[hole] = self._parts(slots) or self._from_loop(slots) or Stacked(slots)
        return found

    def _parts(self, slots: Sequence[int]) -> Parts | None:
        """The slots as outputs of one SliceChannel at equal distances."""
        p = self.search.producer[slots[0]]
        stride = slots[1] - slots[0]
        if p < 0 or p in self.chain_of or any(b - a != stride for a, b in itertools.pairwise(slots)):
            return None
        step = self.steps[p]
        params = step.node.params or {}
        if step.node.op_name != "SliceChannel" or slots[-1] not in step.outputs:
            return None
        shape = self.search.specs[step.inputs[0]][0]
        axis, count = params["axis"] % len(shape), params["num_outputs"]
        squeeze = bool(params["squeeze_axis"])
        return Parts([step.inputs[0]], axis, count, squeeze, slots[0] - step.outputs[0], stride, len(slots))

    def _from_loop(self, slots: Sequence[int]) -> Parts | None:
        """The slots as what one output of another loop was in successive repetitions."""
        places = [self.place_of.get(s) for s in slots]
        run = _run(places)
        if run is None:
            return None
        (n, k, o), start, stride = run
        count = len(self.chains[n].steps)
        return Parts([self._stack(n, k, o)], 0, count, True, start, stride, len(slots))

    def _stack(self, n: int, k: int, o: int) -> int:
        if (n, k, o) not in self.stacks:
            self.stacks[n, k, o] = self.size
            self.size += 1
        return self.stacks[n, k, o]

    # -- values that go out ----------------------------------------------------------------------------------------

    def _joins(self) -> dict[int, Joined]:
        """The steps that join what the repetitions of a loop gave, as items that take it stacked."""
        found = {}
        for i, step in enumerate(self.steps):
            if i in self.chain_of or step.node.op_name not in ("Concat", "stack"):
                continue
            params, new = step.node.params or {}, step.node.op_name == "stack"
            axis = params["axis" if new else "dim"] % len(self.search.specs[step.outputs[0]][0])
            inputs, wideners = (step.inputs, []) if new else self._unwidened(step, axis)
            places = [self.place_of.get(s) for s in inputs]
            inside = [j for j, place in enumerate(places) if place is not None]
            if len(inside) < 3 or inside[-1] - inside[0] + 1 != len(inside):
                continue
            run = _run(places[inside[0] : inside[-1] + 1])
            if run is None or abs(run[2]) != 1 or len(inside) != len(self.chains[run[0][0]].steps):
                continue
            before, after = inputs[: inside[0]], inputs[inside[-1] + 1 :]
            self.widened.update(wideners)
            new = new or bool(wideners)
            found[i] = Joined(step, axis, new, before, self._stack(*run[0]), run[2] < 0, after)
        return found

    def _unwidened(self, step: Step, axis: int) -> tuple[list[int], list[int]]:
        """The inputs of a Concat before each got the axis that it joins along, and the steps that gave it to them."""
        inputs, wideners = [], []
        for slot in step.inputs:
            p = self.search.producer[slot]
            widener = self.steps[p] if p >= 0 and p not in self.chain_of else None
            if widener is None or widener.node.op_name != "expand_dims" or slot in self.heads:
                return step.inputs, []
            rank = len(self.search.specs[slot][0])
            if (widener.node.params or {})["axis"] % rank != axis or len(self.touching[slot]) != 1:
                return step.inputs, []
            inputs.append(widener.inputs[0])
            wideners.append(p)
        return inputs, wideners

    def _asked(self, n: int, slot: int) -> bool:
        """Whether anything outside chain n asks for one slot by itself."""
        if slot in self.heads:
            return True
        for i in self.touching[slot]:
            other = self.chain_of.get(i)
            if other == n or i in self.widened or (i in self.joined and slot not in self.joined[i].inputs):
                continue
            if other is None or self._reads_alone(other, slot):
                return True
        return False

    def _reads_alone(self, n: int, slot: int) -> bool:
        chain, sources = self.chains[n], self.sources[n]
        for hole in range(len(chain.template.holes)):
            if hole in sources:
                if slot in sources[hole].slots:
                    return True
            elif chain.holes[0][hole] == slot:
                return True
        return False

    # -- the loop --------------------------------------------------------------------------------------------------

    def _loop(self, n: int, chain: Chain) -> Rolled:
        template, count = chain.template, len(chain.template.holes)
        states = self._states(chain) or {}
        local: list[list[int]] = []
        size = count
        for i in template.steps:
            width = len(self.steps[i].outputs)
            local.append(list(range(size, size + width)))
            size += width
        body = []
        for k, i in enumerate(chain.steps[0]):
            step = self.steps[i]
            inputs = [number if at < 0 else local[at][number] for at, number in template.inputs[k]]
            mutated = [(o, inputs[step.inputs.index(slot)]) for o, slot in step.mutated]
            body.append(step.moved(inputs, local[k], mutated))
        carried = [(h, chain.holes[0][h], local[k][o]) for h, (k, o) in chain.carried.items()]
        carried += [(h, chain.holes[0][h], h) for h, shared in states.items() if shared]
        each = list(self.sources[n].items())
        same = [
            (h, chain.holes[0][h])
            for h in range(count)
            if h not in chain.carried and h not in self.sources[n] and not states.get(h, False)
        ]
        last, every = [], []
        carries = {inner: k for k, (*_, inner) in enumerate(carried)}
        for k in range(len(template.steps)):
            for o, inner in enumerate(local[k]):
                outers: list[int | None] = [self.steps[part[k]].outputs[o] for part in chain.steps]
                outers = [s if s is not None and self._asked(n, s) else None for s in outers]
                if inner in carries and outers[-1] is not None:
                    last.append((inner, outers[-1]))
                    outers[-1] = None
                stacked = self.stacks.get((n, k, o))
                if stacked is not None or any(s is not None for s in outers):
                    every.append((inner, outers, stacked))
        for hole, shared in states.items():
            if shared:
                last.append((hole, chain.holes[0][hole]))
            else:
                every.append((hole, [holes[hole] for holes in chain.holes], None))
        numbers = {
            k: [self.steps[part[k]].number for part in chain.steps]
            for k, step in enumerate(body)
            if step.node.op is not None and step.node.op.takes_key
        }
        again = {k for k, step in enumerate(body) if self.again(step.node)}
        return Rolled(body, len(chain.steps), carried, each, same, last, every, numbers, again)


def _run(places: Sequence[tuple | None]) -> tuple[tuple[int, int, int], int, int] | None:
    """((chain, step, output), first repetition, stride) of values that one output was in successive repetitions."""
    if len(places) < 2 or any(p is None for p in places):
        return None
    known: Any = places
    n, start, k, o = known[0]
    stride = known[1][1] - start
    if stride == 0 or any(p != (n, start + j * stride, k, o) for j, p in enumerate(known)):
        return None
    return (n, k, o), start, stride


def _writes(item: Item) -> list[int]:
    """The slots that an item writes, states included."""
    return [*item.outputs, *(slot for _, slot in item.mutated)] if isinstance(item, Step) else item.outputs


def _ordered(units: Sequence[Item], ranks: Sequence[int], plan: Plan) -> list[Item] | None:
    """Items so that each comes after what it needs, else by rank; None when that cannot be."""
    states = set(plan.state_slots)
    makers: dict[int, int] = {}
    touching: dict[int, list[int]] = defaultdict(list)
    for u, item in enumerate(units):
        writes = _writes(item)
        makers.update((slot, u) for slot in writes if slot not in states)
        for slot in {s for s in (*item.inputs, *writes) if s in states}:
            touching[slot].append(u)
    users: list[list[int]] = [[] for _ in units]
    waiting = [0] * len(units)
    pairs = {(makers[s], u) for u, item in enumerate(units) for s in item.inputs if s in makers}
    for group in touching.values():
        group.sort(key=lambda u: ranks[u])
        pairs.update(itertools.pairwise(group))
    for a, b in pairs:
        users[a].append(b)
        waiting[b] += 1
    ready = [(ranks[u], u) for u, n in enumerate(waiting) if not n]
    heapq.heapify(ready)
    found = []
    while ready:
        _, u = heapq.heappop(ready)
        found.append(units[u])
        for v in users[u]:
            waiting[v] -= 1
            if not waiting[v]:
                heapq.heappush(ready, (ranks[v], v))
    return found if len(found) == len(units) else None


def _needed(items: Sequence[Item], plan: Plan) -> list[Item]:
    """The items without those that only made what loops now take in another way."""
    needed = {*plan.output_slots, *plan.state_slots}
    kept = []
    for item in reversed(items):
        if not needed.isdisjoint(_writes(item)):
            kept.append(item)
            needed.update(item.inputs)
    return kept[::-1]
