"""What stands in a plan for repeated blocks: a loop over one body, with values stacked at its ends."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.layers.linear import flattened
from declax.layers.recurrence import Product, scan
from declax.passes.recompute import keep, recomputing
from declax.passes.stacking import stack, unstack
from declax.plan import Step, run_step


@dataclass
class Stacked:
    """A value for each repetition, on a new first axis, from as many slots."""

    slots: Sequence[int]

    def read(self, slots: Any) -> Array:
        """The stacked values."""
        return jnp.stack([slots[i] for i in self.slots])

    def __str__(self) -> str:
        return f"%{self.slots[0]}, ..., %{self.slots[-1]}"


@dataclass
class Parts:
    """A value for each repetition: the parts `start`, `start + step` ... of an axis that is cut into `count` parts.

    Parts of size 1 lose the axis with `squeeze`.
    """

    slots: Sequence[int]
    axis: int
    count: int
    squeeze: bool
    start: int
    step: int
    repetitions: int

    def read(self, slots: Any) -> Array:
        """The parts on a new first axis."""
        x = slots[self.slots[0]]
        if not (self.squeeze and x.shape[self.axis] == self.count):
            cut = (self.count, x.shape[self.axis] // self.count)
            x = x.reshape(*x.shape[: self.axis], *cut, *x.shape[self.axis + 1 :])
        low, high = sorted((self.start, self.start + self.step * (self.repetitions - 1)))
        x = lax.slice_in_dim(x, low, high + 1, abs(self.step), self.axis)
        return jnp.moveaxis(lax.rev(x, (self.axis,)) if self.step < 0 else x, self.axis, 0)

    def __str__(self) -> str:
        return f"parts {self.start}, {self.start + self.step}, ... of %{self.slots[0]}"


class Rolled:
    """Repetitions of one body as one loop.

    `body` runs over slots of its own. `carried` has (slot in the body, slot of the first value, slot in the body of
    the next value); `each` the values that differ by repetition, `same` those that do not, by slot in the body.
    `last` pairs slots of carried values with the slots that get them after the last repetition; `every` pairs slots in
    the body with the slots, one for each repetition (None where nobody asks), or with the one slot that gets them
    stacked. `numbers` are the random numbers' node numbers, by step of the body.

    Products of weights with what is known before the loop run ahead of it, for all repetitions at once; the weights
    of the other products get their gradients after it (recurrence.py). Steps of the body in `again` are computed again
    in the backward (recompute.py).
    """

    def __init__(
        self, body: Sequence[Step], repetitions: int, carried: Sequence[tuple[int, int, int]],
        each: Sequence[tuple[int, Stacked | Parts]], same: Sequence[tuple[int, int]],
        last: Sequence[tuple[int, int]], every: Sequence[tuple[int, Sequence[int | None], int | None]],
        numbers: Mapping[int, Sequence[int]], again: Set[int],
    ):  # fmt: skip
        self.body, self.repetitions = list(body), repetitions
        self.carried, self.each, self.same = list(carried), list(each), list(same)
        self.last, self.every, self.numbers, self.again = list(last), list(every), dict(numbers), again
        self.inputs = [
            *(first for _, first, _ in carried), *(i for _, source in each for i in source.slots),
            *(outer for _, outer in same),
        ]  # fmt: skip
        varying, shared = {inner for inner, _ in each}, {inner for inner, _ in same}
        products = [k for k, step in enumerate(body) if _multiplies(step, shared)]
        self.ahead = [k for k in products if body[k].inputs[0] in varying and k not in again]
        self.inside = [k for k in products if k not in self.ahead]
        self.outputs = [outer for _, outer in last]
        for _, slots, stacked in every:
            self.outputs += [i for i in slots if i is not None]
            self.outputs += [] if stacked is None else [stacked]

    def run(
        self, slots: Any, train: bool, key: Any, tap: Callable | None = None, results: Mapping[int, tuple] | None = None
    ) -> None:
        """Runs the loop. A `tap` sees nothing of it: watched graphs run as they were declared."""
        same = {inner: slots[outer] for inner, outer in self.same}
        sources = _read([source for _, source in self.each], slots, self.repetitions)
        each = dict(zip((inner for inner, _ in self.each), sources, strict=True))
        for k in self.ahead:
            each.update(_for_all(self.body[k], each, same, train))
        later = [k for k in range(len(self.body)) if k not in self.ahead]
        read = {i for k in later for i in self.body[k].inputs} | {inner for inner, *_ in self.every}
        read |= {inner for *_, inner in self.carried}
        each = {inner: x for inner, x in each.items() if inner in read}
        numbers = {k: np.asarray(n, np.uint32) for k, n in self.numbers.items()} if key is not None else {}

        def repetition(shared: tuple, carry: list, given: tuple, product: Product) -> tuple[list, list]:
            (same, key), (each, number) = shared, given
            values = {**dict(zip((inner for inner, *_ in self.carried), carry, strict=True)), **each, **same}
            for k in later:
                if k in self.inside:
                    _multiply(self.body[k], values, partial(product, self.inside.index(k)))
                else:
                    step = self.body[k].numbered(number[k]) if k in number else self.body[k]
                    step.run(values, train, key)
                if self.again and k not in self.again:
                    keep(self.body[k], values)
            return [values[after] for *_, after in self.carried], [values[inner] for inner, *_ in self.every]

        first = [slots[outer] for _, outer, _ in self.carried]
        with jax.named_scope(self.scope):
            weights = [same[self.body[k].inputs[1]] for k in self.inside]
            wrap = recomputing if self.again else None
            given = (same, key), first, (each, numbers)
            carry, every = scan(repetition, weights, *given, self.repetitions, wrap=wrap)
        after = dict(zip((inner for *_, inner in self.carried), carry, strict=True))
        for inner, outer in self.last:
            slots[outer] = after[inner]
        for (_, _, stacked), values in zip(self.every, every, strict=True):
            if stacked is not None:
                slots[stacked] = values
        apart = [
            (outers, y)
            for (_, outers, _), y in zip(self.every, every, strict=True)
            if any(o is not None for o in outers)
        ]
        for (outers, _), values in zip(apart, unstack([y for _, y in apart]), strict=True):
            for outer, value in zip(outers, values, strict=True):
                if outer is not None:
                    slots[outer] = value

    @property
    def scope(self) -> str:
        """The name of the loop in profiles."""
        return f"{self.body[0].scope}_to_{self.body[-1].scope}_x{self.repetitions}"

    def lines(self) -> Iterable[str]:
        """The loop, what goes round in it, and its body over slots of its own, written $i."""
        yield f"{self.repetitions} times:"
        for inner, first, after in self.carried:
            yield f"  ${inner} = %{first} first, then ${after}"
        for inner, source in self.each:
            yield f"  ${inner} = each of {source}"
        for inner, outer in self.same:
            yield f"  ${inner} = %{outer}"
        for k, step in enumerate(self.body):
            how = ", ahead of the loop" if k in self.ahead else ", again in the backward" if k in self.again else ""
            yield from (f"  {line.replace('%', '$')}{how}" for line in step.lines())
        for inner, outer in self.last:
            yield f"%{outer} = ${inner} at the end"
        for inner, outers, stacked in self.every:
            asked = [
                *(f"%{i}" for i in outers if i is not None),
                *([] if stacked is None else [f"%{stacked}, stacked"]),
            ]
            yield f"{', '.join(asked)} = every ${inner}"


def _multiplies(step: Step, shared: set[int]) -> bool:
    """Whether a step multiplies what differs by repetition with weights that do not."""
    data, *weights = step.inputs or [-1]
    return step.node.op_name == "FullyConnected" and data not in shared and shared.issuperset(weights)


def _multiply(step: Step, values: dict[int, Array], product: Callable[[Array], Array]) -> None:
    """FullyConnected by a given product with its weights."""
    assert step.node.params is not None
    with jax.named_scope(step.scope):
        y = product(flattened(values[step.inputs[0]], step.node.params["flatten"]))
        values[step.outputs[0]] = y + values[step.inputs[2]].reshape(-1) if len(step.inputs) > 2 else y


def _for_all(step: Step, each: Mapping[int, Array], same: Mapping[int, Array], train: bool) -> dict[int, Array]:
    """The outputs of a step in every repetition, stacked."""
    data, *weights = step.inputs
    given = [same[i] for i in weights]
    outputs = jax.vmap(lambda x: run_step(step, [x, *given], train, None))(each[data])
    return dict(zip(step.outputs, outputs, strict=True))


def _read(sources: Sequence[Stacked | Parts], slots: Any, repetitions: int) -> list[Array]:
    """The stacked values of all sources, those of one type and many slots with one operation."""
    found: list[Any] = [None if isinstance(s, Stacked) else s.read(slots) for s in sources]
    together = [k for k, s in enumerate(sources) if isinstance(s, Stacked) and _is_floating(slots[s.slots[0]])]
    arrays = stack([[slots[i] for i in sources[k].slots] for k in together])
    for k, x in zip(together, arrays, strict=True):
        found[k] = x
    return [sources[k].read(slots) if x is None else x for k, x in enumerate(found)]


def _is_floating(x: Any) -> bool:
    return jnp.issubdtype(x.dtype, jnp.floating)


class Joined:
    """A `Concat` or `stack` over values that a loop gave stacked in one slot; single values may stand around them.

    `before`, `after`: the slots of single values; `flip` when the repetitions stand in reverse.
    """

    def __init__(
        self, step: Step, axis: int, new_axis: bool, before: Sequence[int], stacked: int, flip: bool,
        after: Sequence[int],
    ):  # fmt: skip
        self.step, self.axis, self.new_axis = step, axis, new_axis
        self.before, self.stacked, self.flip, self.after = list(before), stacked, flip, list(after)
        self.inputs, self.outputs = [*before, stacked, *after], step.outputs

    def run(
        self, slots: Any, train: bool, key: Any, tap: Callable | None = None, results: Mapping[int, tuple] | None = None
    ) -> None:
        """Joins what the loop gave with what stands around it."""
        with jax.named_scope(self.step.scope):
            x = slots[self.stacked]
            middle = jnp.moveaxis(lax.rev(x, (0,)) if self.flip else x, 0, self.axis)
            if not self.new_axis:
                shape = middle.shape
                a = self.axis
                middle = middle.reshape(*shape[:a], shape[a] * shape[a + 1], *shape[a + 2 :])
            before, after = self._singles(self.before, slots), self._singles(self.after, slots)
            slots[self.outputs[0]] = (
                lax.concatenate([*before, middle, *after], self.axis) if before or after else middle
            )

    def _singles(self, given: Sequence[int], slots: Any) -> list[Array]:
        return [lax.expand_dims(slots[i], (self.axis,)) if self.new_axis else slots[i] for i in given]

    def lines(self) -> Iterable[str]:
        """The call on one line."""
        *_, line = self.step.lines()
        yield f"{line.split(' (')[0]} (of %{self.stacked}{' in reverse' if self.flip else ''})"
