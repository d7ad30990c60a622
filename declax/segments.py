"""Graphs that cannot be one XLA computation: parts on several devices, host operators, shapes that depend on values.

The plan of a Lowered graph is cut into segments. Compiled segments are jitted on their device, as the passes make each
of them by itself (excerpt.py); an operator that is Python outside XLA, or whose output shape depends on values, is a
segment of its own that runs as it is. The backward goes through the segments in reverse with what each forward kept.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np

from declax.backend import compiler_options
from declax.context import Context
from declax.errors import RunError
from declax.excerpt import Excerpt, excerpt
from declax.lower import Lowered
from declax.plan import Step, failure, run_items, run_step
from declax.program import Program, compiled
from declax.random import key_of
from declax.shapes import is_complete
from declax.util import np_shape

_KINDS = {"xla": "Compiled", "host": "In Python", "eager": "Uncompiled, its shapes depend on values"}


class Segment:
    """Consecutive steps that run together: slots read, slots given to later segments, and a device or None."""

    def __init__(self, program: Program, steps: list[Step], device: Any, kind: str):
        self.program, self.lowered, self.steps, self.device, self.kind = program, program.lowered, steps, device, kind
        self._options = compiler_options(None if device is None else device.platform)
        self.reads: list[int] = []
        self.writes: list[int] = []

    def connect(self, needed: set[int]) -> None:
        """Finds the slots read from outside, and those written that `needed` (heads, states, later segments) holds."""
        made: set[int] = set()
        reads: dict[int, None] = {}
        for step in self.steps:
            reads.update({i: None for i in step.inputs if i not in made})
            made.update(step.outputs)
            made.update(slot for _, slot in step.mutated)
        self.reads = list(reads)
        self.writes = [i for i in sorted(made) if i in needed]

    def run(self, values: Sequence[Any], words: Any, results: tuple, train: bool) -> list:
        """The written slots' values from the read slots' values; `results` is what `Results` operators are told."""
        slots = dict(zip(self.reads, values, strict=True))
        key = None if words is None else key_of(words)
        if self._excerpt is not None:
            with self.program.chosen():
                return self._excerpt.run(slots, train, key)
        with np_shape(self.lowered.np_shape):
            run_items(self.steps, slots, train, key, None, dict(results))
            return [slots[i] for i in self.writes]

    @cached_property
    def _excerpt(self) -> Excerpt | None:
        if self.kind != "xla":
            return None
        with np_shape(self.lowered.np_shape):
            return excerpt(self.lowered.plan, self.steps, self.reads, self.writes)

    @cached_property
    def part(self) -> Program | None:
        """The program of the excerpt, under the choices of the whole; None where there is none."""
        if self._excerpt is None:
            return None
        with self.program.chosen():
            return Program(self._excerpt.lowered, (), None if self.device is None else self.device.platform)

    @cached_property
    def infer(self) -> Callable:
        """`run` for inference, compiled where the segment can be; its parameters are prepared as whole graphs' are."""
        return self._compiled(partial(self.run, train=False), 2) if self.part is None else self._infer_part

    def _infer_part(self, values: Sequence[Any], words: Any, results: tuple) -> list:
        assert self._excerpt is not None
        assert self.part is not None
        args, aux = self._excerpt.given(dict(zip(self.reads, values, strict=True)))
        return self._excerpt.written(self.part.infer(args, aux, words), aux)

    def shown(self, known: Mapping[int, jax.ShapeDtypeStruct], train: bool) -> str:
        """What runs, for people; `known` are the slots whose shapes inference tells."""
        where = "" if self.device is None else f" on {self.device}"
        reads, writes = (", ".join(f"%{i}" for i in slots) for slots in (self.reads, self.writes))
        head = f"{_KINDS[self.kind]}{where}: {reads} -> {writes}"
        if self.part is None or self._excerpt is None:
            lines = [line for step in self.steps for line in step.lines()]
        elif known.keys() >= set(self.reads):
            lines = self.part.shown(*self._excerpt.given(known), train).split("\n")
        else:
            head += " (as declared; the passes change it when its shapes are known)"
            lines = str(self._excerpt.lowered.plan).split("\n")
        return "\n".join([head, *(f"  {line}" for line in lines)])

    @cached_property
    def train(self) -> Callable:
        """`run` for training, compiled where the segment can be."""
        return self._compiled(partial(self.run, train=True), 2)

    def _compiled(self, function: Callable, *static: int) -> Callable:
        return compiled(function, self._options, len(self.steps), *static) if self.kind == "xla" else function

    def _linear(
        self, values: Sequence[Any], words: Any, results: tuple, active: tuple[int, ...]
    ) -> tuple[list, Callable]:
        def chosen(xs: list) -> list:
            full = list(values)
            for i, x in zip(active, xs, strict=True):
                full[i] = x
            return self.run(full, words, results, True)

        return jax.vjp(chosen, [values[i] for i in active])

    @cached_property
    def kept(self) -> Callable:
        """`(values, words, results, active) -> (outputs, backward)`."""
        return self._compiled(self._linear, 2, 3)

    @cached_property
    def back(self) -> Callable:
        """`(backward, cotangents) -> gradients of the active reads`."""

        def back(kept: Callable, cotangents: list) -> list:
            return kept(cotangents)[0]

        return self._compiled(back)


class _HostRun:
    """Forward and backward of one host operator, called directly."""

    def __init__(self, segment: Segment, values: Sequence[Any]):
        step = segment.steps[0]
        self.segment, self.node = segment, step.node
        self.inputs = [values[segment.reads.index(i)] for i in step.inputs]
        self.outputs: Sequence[Any] = ()

    def forward(self) -> list:
        step = self.segment.steps[0]
        self.outputs = run_step(step, self.inputs, True, None)
        slots = dict(zip(step.outputs, self.outputs, strict=False))
        for k, slot in step.mutated:
            slots[slot] = self.outputs[len(step.outputs) + k]
        return [slots[i] for i in self.segment.writes]

    def backward(self, cotangents: list, active: tuple[int, ...]) -> list:
        segment, step = self.segment, self.segment.steps[0]
        by_slot = dict(zip(segment.writes, cotangents, strict=True))
        outs = self.outputs[: len(step.outputs)]
        heads = [
            by_slot.get(i) if i in by_slot else np.zeros(y.shape, y.dtype)
            for i, y in zip(step.outputs, outs, strict=True)
        ]
        try:
            op: Any = self.node.op
            grads = op.host_backward(self.node.params, heads, self.inputs, outs)
        except Exception as e:
            raise RunError(failure(self.node, self.inputs, e)) from e
        found: list[Any] = [0] * len(active)
        for k, position in enumerate(active):
            slot = segment.reads[position]
            parts = [g for i, g in zip(step.inputs, grads, strict=False) if i == slot and g is not None]
            found[k] = sum(parts[1:], parts[0]) if parts else np.zeros(self.inputs[0].shape, self.inputs[0].dtype)
        return found


def cut(program: Program, device_of: Callable[[Step], Any]) -> list[Segment]:
    """The program's plan as segments, in order."""
    plan = program.lowered.plan
    segments: list[Segment] = []
    for step in plan.steps:
        kind = "host" if step.is_host else "eager" if step.is_dynamic else "xla"
        device = device_of(step)
        last = segments[-1] if segments else None
        if last is not None and kind == "xla" == last.kind and device == last.device:
            last.steps.append(step)
        else:
            segments.append(Segment(program, [step], device, kind))
    needed = {*plan.output_slots, *plan.state_slots}
    for segment in reversed(segments):
        segment.connect(needed)
        needed |= set(segment.reads)
    return segments


class SegmentedProgram(Program):
    """A Program (program.py) that runs segment by segment."""

    def __init__(self, lowered: Lowered, wrt: tuple[int, ...], device_of: Callable[[Step], Any] = lambda step: None):
        super().__init__(lowered, wrt)
        self.segments = cut(self, device_of)

    def shown(self, args: Sequence[Any], aux: Sequence[Any], train: bool) -> str:
        """Each segment, by what the passes make of it; the slots that go between are the whole graph's."""
        plan = self.lowered.plan
        slots = zip([*plan.argument_slots, *plan.state_slots], [*args, *aux], strict=True)
        known = {i: jax.ShapeDtypeStruct(x.shape, x.dtype) for i, x in slots}
        with np_shape(self.lowered.np_shape):
            found = plan.inferred(args, aux)
            for step in plan.steps:
                for i, (shape, dtype) in zip(step.outputs, found[id(step.node)], strict=True):
                    if is_complete(shape) and dtype is not None:
                        known[i] = jax.ShapeDtypeStruct(shape, dtype)
        return "\n".join(segment.shown(known, train) for segment in self.segments)

    def forget_prepared(self) -> None:
        """To be called before training changes the parameters."""
        for segment in self.segments:
            if segment.part is not None:
                segment.part.forget_prepared()

    def _start(self, args: Sequence[Any], aux: Sequence[Any]) -> dict[int, Any]:
        slots = dict(zip(self.lowered.plan.argument_slots, args, strict=True))
        slots.update(zip(self.lowered.plan.state_slots, aux, strict=True))
        return slots

    def _results(self, slots: dict[int, Any]) -> tuple[list, list]:
        return [slots[i] for i in self.lowered.plan.output_slots], [slots[i] for i in self.lowered.plan.state_slots]

    def _run(self, args: Sequence[Any], aux: Sequence[Any], words: Any, train: bool) -> tuple[list, list]:
        slots = self._start(args, aux)
        results = self.lowered.plan.results(args, aux)
        for segment in self.segments:
            values = _moved([slots[i] for i in segment.reads], segment.device)
            outs = (segment.train if train else segment.infer)(values, words, results)
            slots.update(zip(segment.writes, outs, strict=True))
        return self._results(slots)

    @property
    def infer(self) -> Callable:
        """`(args, aux, words) -> outputs`."""
        return lambda args, aux, words: self._run(args, aux, words, False)[0]

    @property
    def infer_and_write(self) -> Callable:
        """`(args, aux, words) -> (outputs, new states)` without training."""
        return lambda args, aux, words: self._run(args, aux, words, False)

    @property
    def forward(self) -> Callable:
        """`(args, aux, words) -> (outputs, new states)`."""
        return lambda args, aux, words: self._run(args, aux, words, True)

    @property
    def forward_kept(self) -> Callable:
        """`(args, aux, words) -> (outputs, new states, what the backward needs)`."""
        return self._forward_kept

    def _forward_kept(self, args: Sequence[Any], aux: Sequence[Any], words: Any) -> tuple[list, list, Any]:
        slots = self._start(args, aux)
        live = {self.lowered.plan.argument_slots[i] for i in self.wrt}
        tape = []
        results = self.lowered.plan.results(args, aux)
        for segment in self.segments:
            values = _moved([slots[i] for i in segment.reads], segment.device)
            active = tuple(k for k, i in enumerate(segment.reads) if i in live and _is_floating(values[k]))
            if not active:
                outs = segment.train(values, words, results)
            elif segment.kind == "host":
                run = _HostRun(segment, values)
                outs = run.forward()
                tape.append((segment, active, partial(run.backward, active=active), outs))
            else:
                outs, kept = segment.kept(values, words, results, active)
                tape.append((segment, active, partial(segment.back, kept), outs))
            slots.update(zip(segment.writes, outs, strict=True))
            if active:
                live.update(i for i, y in zip(segment.writes, outs, strict=True) if _is_floating(y))
                live.difference_update(self.lowered.plan.state_slots)
        outputs, new = self._results(slots)
        return outputs, new, (tape, [args[i] for i in self.wrt])

    @property
    def backward(self) -> Callable:
        """`(kept, outputs, cotangents) -> gradients`."""
        return self._backward

    def _backward(self, kept: Any, outputs: Sequence[Any], given: Sequence[Any]) -> list:
        tape, arguments = kept
        grads: dict[int, Any] = {}
        for i, (slot, y, g) in enumerate(zip(self.lowered.plan.output_slots, outputs, given, strict=True)):
            if _is_floating(y) and i not in self.repeated:
                _accumulate(grads, slot, jax.numpy.ones(y.shape, y.dtype) if g is None else g.astype(y.dtype))
        for segment, active, back, outs in reversed(tape):
            if not any(i in grads for i in segment.writes):
                continue
            cotangents = []
            for i, y in zip(segment.writes, outs, strict=True):
                if not _is_floating(y):
                    cotangents.append(np.zeros(y.shape, jax.dtypes.float0))
                else:
                    g = grads.pop(i, None)
                    cotangents.append(jax.numpy.zeros(y.shape, y.dtype) if g is None else g)
            if segment.device is not None:
                cotangents = [
                    c if c.dtype == jax.dtypes.float0 else jax.device_put(c, segment.device) for c in cotangents
                ]
            for k, g in zip(active, back(cotangents), strict=True):
                _accumulate(grads, segment.reads[k], g)
        found = []
        for i, x in zip(self.wrt, arguments, strict=True):
            g = grads.get(self.lowered.plan.argument_slots[i])
            g = jax.numpy.zeros(x.shape, x.dtype) if g is None else g
            found.append(jax.device_put(g, next(iter(x.devices()))))
        return found

    @property
    def step(self) -> Callable:
        """`(args, aux, words, cotangents) -> (outputs, new states, gradients)`."""

        def step(args: Any, aux: Any, words: Any, cotangents: Any) -> tuple[list, list, list]:
            outputs, new, kept = self._forward_kept(args, aux, words)
            return outputs, new, self._backward(kept, outputs, cotangents)

        return step


def _is_floating(x: Any) -> bool:
    return jax.numpy.issubdtype(x.dtype, jax.numpy.floating)


def _moved(values: list, device: Any) -> list:
    """The values on the device; what is there stays the same array, by which prepared parameters are known."""
    return values if device is None else [x if x.devices() == {device} else jax.device_put(x, device) for x in values]


def _accumulate(grads: dict[int, Any], slot: int, value: Any) -> None:
    old = grads.get(slot)
    if old is None:
        grads[slot] = value
    else:
        grads[slot] = old + jax.device_put(value, next(iter(old.devices())))


def placed(program: Program, ctx: Context, group2ctx: Mapping[str, Any]) -> Program:
    """The program with every node on the device of its `ctx_group`; the same program when there is only one."""
    devices = {g: (c[0] if isinstance(c, list | tuple) else c).jax_device() for g, c in group2ctx.items()}
    default = ctx.jax_device()

    def device_of(step: Step) -> Any:
        return devices.get(step.node.attrs.get("__ctx_group__", ""), default)

    if all(device_of(s) == default for s in program.lowered.plan.steps):
        return program
    return SegmentedProgram(program.lowered, program.wrt, device_of)
