"""Repeated blocks of a plan: runs of steps with one structure, each fed by the one before it.

The search looks at steps and slots only. Steps that look alike are `anchors`; what an anchor needs beyond what the
anchor before it needs is a repetition. One repetition becomes a template, the others are recognised by walking the
template from their last step: operators, parameters, shapes and connections must agree. All of it takes time in
proportion to the steps that it looks at, and no step is looked at more often than a small number of times.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import jax

from declax.passes import Known
from declax.plan import Plan, Step

LEAST_REPETITIONS = 3
"""Fewer make no chain."""

_BRANCHES = 8
"""How many ways on from one step are followed."""

_TRIALS, _EXTENDED = 64, 6
"""How many classes of anchors, or cuts, are looked at for one chain, and how many cuts are followed to both ends."""


@dataclass
class Template:
    """One repetition: its steps in order, and where every input of each comes from.

    An input is `(step, output)` with the number of a step in the template, or `(-1, hole)`: a value from outside.
    """

    steps: list[int]
    inputs: list[list[tuple[int, int]]]
    holes: list[int]


@dataclass
class Chain:
    """Repetitions of one template. `steps[r]` and `holes[r]` are the plan's steps and slots of repetition r.

    `carried` says for a hole which `(step, output)` of the repetition before fills it.
    """

    template: Template
    carried: dict[int, tuple[int, int]]
    steps: list[list[int]] = field(default_factory=list)
    holes: list[list[int]] = field(default_factory=list)

    @property
    def saved(self) -> int:
        """Number of steps that need not be compiled."""
        return (len(self.steps) - 1) * len(self.template.steps)


class Repeats:
    """The search over one plan; without `own`, repetitions read the same variables."""

    def __init__(self, plan: Plan, known: Known, own: bool):
        self.plan, self.known, self.own = plan, known, own
        self.steps = plan.steps
        self.producer = [-1] * plan.size
        for i, step in enumerate(self.steps):
            for slot in step.outputs:
                self.producer[slot] = i
        self.specs: list[Any] = [None] * plan.size
        for slot, node in zip((*plan.argument_slots, *plan.state_slots), (*plan.arguments, *plan.states), strict=True):
            entries = known.shapes.entries.get(id(node))
            self.specs[slot] = None if entries is None else (entries[0], known.types.entries[id(node)][0])
        for step in self.steps:
            shapes, types = known.shapes.entries[id(step.node)], known.types.entries[id(step.node)]
            for slot, shape, dtype in zip(step.outputs, shapes, types, strict=True):
                self.specs[slot] = (shape, dtype)
        self.users: list[list[int]] = [[] for _ in range(plan.size)]
        for i, step in enumerate(self.steps):
            for slot in dict.fromkeys(step.inputs):
                self.users[slot].append(i)
        self.kinds = self._kinds()
        self.taken = [False] * len(self.steps)

    # -- what looks alike ----------------------------------------------------------------------------------------

    def _kinds(self) -> list[int]:
        """By step a number, the same for one operator, parameters, types and shapes; -1 for what is never rolled."""
        numbers: dict[tuple, int] = {}
        kinds = []
        for step in self.steps:
            if not _rollable(step) or self._slow_in_loops(step):
                kinds.append(-1)
                continue
            node = step.node
            parameters = tuple((node.params or {}).items())
            key = (id(node.op), len(step.inputs), tuple(self.specs[i] for i in step.outputs), parameters)
            try:
                kinds.append(numbers.setdefault(key, len(numbers)))
            except TypeError:  # a parameter that is a list or a dict
                kinds.append(numbers.setdefault((*key[:-1], repr(parameters)), len(numbers)))
        return kinds

    def _slow_in_loops(self, step: Step) -> bool:
        """On CPUs: convolutions as declared, and grouped ones that run as convolutions.

        XLA brings those into the layout of its fast kernels in the main computation only.
        """
        node = step.node
        if jax.default_backend() != "cpu" or "onvolution" not in node.op_name:
            return False
        if node.op_name != "_channels_last_convolution" or node.params is None:
            return True
        channels = self.specs[step.inputs[0]][0][-1]
        return node.params["num_group"] not in (1, channels)

    def _labels(self) -> list[int]:
        """Finer than kinds: two rounds of what the inputs are made by; shared variables count by identity."""
        uses = [0] * self.plan.size
        for step in self.steps:
            for i in step.inputs:
                uses[i] += 1
        labels, producer, specs = self.kinds, self.producer, self.specs
        for _ in range(2):
            numbers: dict[tuple, int] = {}
            finer = []
            for step, own in zip(self.steps, labels, strict=True):
                key: list[Any] = [own]
                for i in step.inputs:
                    p = producer[i]
                    if p >= 0:
                        key.append((labels[p], i - self.steps[p].outputs[0]))
                    else:
                        key.append(i if uses[i] > 2 else specs[i])
                finer.append(-1 if own < 0 else numbers.setdefault(tuple(key), len(numbers)))
            labels = finer
        return labels

    def _classes(self) -> list[tuple[int, int, list[int]]]:
        """(length of a repetition, steps covered, anchors) of each class of steps at equal distances, best first."""
        members: dict[int, list[int]] = defaultdict(list)
        for i, label in enumerate(self._labels()):
            if label >= 0:
                members[label].append(i)
        found = []
        for positions in members.values():
            if len(positions) < LEAST_REPETITIONS:
                continue
            start = 0
            for i in range(1, len(positions)):
                gap = positions[i] - positions[i - 1]
                if i + 1 == len(positions) or positions[i + 1] - positions[i] != gap:
                    if i - start + 1 >= LEAST_REPETITIONS:
                        found.append((gap, gap * (i - start), positions[start : i + 1]))
                    start = i
        return sorted(found, key=lambda c: (-c[1], c[2][0]))

    # -- chains --------------------------------------------------------------------------------------------------

    def chains(self) -> list[Chain]:
        """Chains that share no step."""
        found: list[Chain] = []
        groups: dict[int, list[list[int]]] = defaultdict(list)
        for gap, _, anchors in self._classes():
            groups[gap].append(anchors)
        for gap, classes in groups.items():
            waiting = classes
            while (chain := self._best(waiting, gap)) is not None:
                for steps in chain.steps:
                    for i in steps:
                        self.taken[i] = True
                found.append(chain)
                waiting = [free for c in waiting if len(free := self._free(c)) >= LEAST_REPETITIONS]
        return found

    def _free(self, anchors: Sequence[int]) -> list[int]:
        return [a for a in anchors if not self.taken[a]]

    def _best(self, classes: Sequence[list[int]], gap: int) -> Chain | None:
        """The chain with the shortest repetitions, cut where they hand least on to the next."""
        starts = []
        for anchors in classes:
            if len(starts) >= _TRIALS:
                break
            free = self._free(anchors)
            start = self._start(free, gap) if len(free) >= LEAST_REPETITIONS else None
            if start is not None:
                starts.append((len(start.template.steps), len(starts), start))
        for _, _, start in sorted(starts, key=lambda s: s[:2]):
            chain = self._extended(start)
            if chain is not None:
                return self._rotated(chain)
        return None

    def _rotated(self, chain: Chain) -> Chain:
        """The same chain with its repetitions ending in another step, if that makes more of them or less to hand on."""
        length = len(chain.template.steps)
        starts = [(self._carried_bytes(chain), -1, chain)]
        for k in range(max(0, length - _TRIALS), length - 1):
            start = self._start([steps[k] for steps in chain.steps], length)
            if start is not None and len(start.template.steps) == length:
                starts.append((self._carried_bytes(start), k, start))
        best = chain
        for cost, k, start in sorted(starts, key=lambda f: f[:2])[:_EXTENDED]:
            other = chain if k < 0 else self._extended(start)
            if other is None:
                continue
            gained = len(other.steps) - len(best.steps)
            if gained > 0 or (gained == 0 and cost < self._carried_bytes(best)):
                best = other
        return best

    def _carried_bytes(self, chain: Chain) -> int:
        sizes = 0
        for hole in chain.carried:
            shape, dtype = self.specs[chain.template.holes[hole]]
            size = dtype.itemsize
            for d in shape:
                size *= d
            sizes += size
        return sizes

    def _start(self, anchors: Sequence[int], gap: int) -> Chain | None:
        """A chain of the repetitions that end in the second and the third of three anchors in the middle."""
        at = (len(anchors) - 2) // 2
        first, second = anchors[at], anchors[at + 1]
        template = self._template(first, second, 2 * gap + 16)
        if template is None:
            return None
        one = self._walk(template, first)
        two = self._walk(template, second)
        if one is None or two is None:
            return None
        places = {s: k for k, s in enumerate(one[0])}
        if len(places) != len(one[0]) or not places.keys().isdisjoint(two[0]):
            return None
        carried = {}
        for hole, slot in enumerate(two[1]):
            p = self.producer[slot]
            if p in places:
                carried[hole] = (places[p], slot - self.steps[p].outputs[0])
        if not carried or any(self._has_own(template, holes, carried) for _, holes in (one, two)):
            return None
        return Chain(template, carried, [one[0], two[0]], [one[1], two[1]])

    def _template(self, before: int, root: int, limit: int) -> Template | None:
        """What `root` needs and `before` does not."""
        known = {before}
        frontier = [before]
        for _ in range(2 * limit):  # enough of what `before` needs to recognise where it begins
            if not frontier:
                break
            grown = []
            for i in frontier:
                for slot in self.steps[i].inputs:
                    p = self.producer[slot]
                    if p >= 0 and p not in known:
                        known.add(p)
                        grown.append(p)
            if len(known) > 2 * limit:
                break
            frontier = grown
        inside, stack, meets = {root}, [root], False
        while stack:
            i = stack.pop()
            if self.kinds[i] < 0 or self.taken[i]:
                return None
            for slot in self.steps[i].inputs:
                p = self.producer[slot]
                if p == before:
                    meets = True
                elif p >= 0 and p not in known and p not in inside:
                    if self.kinds[p] < 0 or self.taken[p]:
                        continue  # a value from outside
                    inside.add(p)
                    stack.append(p)
                    if len(inside) > limit:
                        return None
        if not meets:
            return None
        steps = sorted(inside)
        places = {s: k for k, s in enumerate(steps)}
        holes: dict[int, int] = {}
        inputs = []
        for i in steps:
            row = []
            for slot in self.steps[i].inputs:
                p = self.producer[slot]
                if p in places:
                    row.append((places[p], slot - self.steps[p].outputs[0]))
                else:
                    row.append((-1, holes.setdefault(slot, len(holes))))
            inputs.append(row)
        return Template(steps, inputs, list(holes))

    def _walk(self, template: Template, root: int) -> tuple[list[int], list[int]] | None:
        """The steps and the holes' slots of the repetition of a template that ends in `root`."""
        steps, producer, kinds = self.steps, self.producer, self.kinds
        found = [-1] * len(template.steps)
        holes = [-1] * len(template.holes)
        found[-1] = root
        for k in range(len(found) - 1, -1, -1):
            i = found[k]
            if i < 0 or kinds[i] != kinds[template.steps[k]] or self.taken[i]:
                return None
            for slot, (at, number) in zip(steps[i].inputs, template.inputs[k], strict=True):
                if at < 0:
                    if holes[number] < 0:
                        if self.specs[slot] != self.specs[template.holes[number]]:
                            return None
                        holes[number] = slot
                    elif holes[number] != slot:
                        return None
                else:
                    p = producer[slot]
                    if p < 0 or slot - steps[p].outputs[0] != number or found[at] not in (-1, p):
                        return None
                    found[at] = p
        return found, holes

    def _extended(self, start: Chain) -> Chain | None:
        """The chain with every repetition before and after that fits; None when too few do."""
        template, carried = start.template, start.carried
        steps, holes = list(start.steps), list(start.holes)
        seen = {i for part in steps for i in part}
        if self._leaves(steps[0], holes[1], carried) or len(seen) != 2 * len(template.steps):
            return None
        path = self._path(template, carried)
        while (after := self._after(template, carried, path, steps[-1][-1])) is not None:
            if not seen.isdisjoint(after[0]) or self._leaves(steps[-1], after[1], carried):
                break
            if any(self.producer[s] in seen for h, s in enumerate(after[1]) if h not in carried):
                break
            steps.append(after[0])
            holes.append(after[1])
            seen.update(after[0])
        last = len(template.steps) - 1
        entrance = next((h for h, place in carried.items() if place == (last, 0)), None)
        outside = {s for part in holes for h, s in enumerate(part) if h not in carried}
        earlier: list[tuple[list[int], list[int]]] = []
        while entrance is not None:
            first = earlier[-1][1] if earlier else holes[0]
            root = self.producer[first[entrance]]
            before = None if root < 0 else self._walk(template, root)
            if before is None or not seen.isdisjoint(before[0]) or self._leaves(before[0], first, carried):
                break
            if self._has_own(template, before[1], carried):
                break
            if not outside.isdisjoint(self._made_by(before[0])):
                break
            outside.update(s for h, s in enumerate(before[1]) if h not in carried)
            earlier.append(before)
            seen.update(before[0])
        steps[:0] = [part for part, _ in reversed(earlier)]
        holes[:0] = [part for _, part in reversed(earlier)]
        if len(steps) < LEAST_REPETITIONS:
            return None
        return Chain(template, carried, steps, holes)

    def _path(self, template: Template, carried: dict[int, tuple[int, int]]) -> list[int]:
        """Steps of a template that lead from what the last step of the repetition before gave to its last step."""
        last = len(template.steps) - 1
        reached: dict[int, int] = {}
        for k, row in enumerate(template.inputs):
            for at, number in row:
                if (at < 0 and carried.get(number, (-1, 0))[0] == last) or at in reached:
                    reached[k] = at
                    break
        path = [last]
        while reached.get(path[-1], -1) >= 0:
            path.append(reached[path[-1]])
        return path[::-1]

    def _after(
        self, template: Template, carried: dict[int, tuple[int, int]], path: Sequence[int], root: int
    ) -> tuple[list[int], list[int]] | None:
        """The repetition that follows the one that ends in `root`."""
        ends = [root]
        for k in path:
            kind = self.kinds[template.steps[k]]
            users = (u for i in ends for slot in self.steps[i].outputs for u in self.users[slot])
            ends = list(dict.fromkeys(u for u in users if self.kinds[u] == kind and not self.taken[u]))[:_BRANCHES]
        walks = (self._walk(template, end) for end in ends)
        return next((w for w in walks if w is not None and not self._has_own(template, w[1], carried)), None)

    def _has_own(self, template: Template, holes: Sequence[int], carried: dict[int, tuple[int, int]]) -> bool:
        """Whether a repetition reads variables where the template does not read the same ones, when that matters."""
        if self.own:
            return False
        pairs = ((a, b) for h, (a, b) in enumerate(zip(holes, template.holes, strict=True)) if h not in carried)
        return any(a != b and min(self.producer[a], self.producer[b]) < 0 for a, b in pairs)

    def _made_by(self, steps: Sequence[int]) -> set[int]:
        return {slot for i in steps for slot in self.steps[i].outputs}

    def _leaves(self, before: Sequence[int], holes: Sequence[int], carried: dict[int, tuple[int, int]]) -> bool:
        """Whether some carried hole is filled by another value than that of the repetition before."""
        return any(holes[h] != self.steps[before[k]].outputs[o] for h, (k, o) in carried.items())


def _rollable(step: Step) -> bool:
    op = step.node.op
    return op is not None and not (step.is_dynamic or step.is_host or op.takes_results or op.takes_subgraphs)
