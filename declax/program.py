"""The compiled functions of one graph: inference, training forward, and forward with backward as one call.

A Program belongs to a Symbol and is shared by all executors bound from it, so that binding again, or reshaping,
compiles nothing that was compiled before.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from declax import graph, heap, passes, tuned
from declax.backend import compiler_options
from declax.lower import Lowered
from declax.plan import Plan
from declax.prepare import PreparedInference, parameter_slots
from declax.random import key_of

if TYPE_CHECKING:
    from declax.symbol import Symbol


class Program:
    """What executors of one graph call; `wrt` are the positions of the arguments that get gradients."""

    def __init__(self, lowered: Lowered, wrt: tuple[int, ...], platform: str | None = None):
        self.lowered, self.wrt = lowered, wrt
        self._options = compiler_options(platform)
        self._choices = passes.enabled()
        self._tuned = tuned.current()
        last = {(id(e.node), e.index): i for i, e in enumerate(lowered.heads)}
        self.repeated = frozenset(range(len(lowered.heads))) - frozenset(last.values())
        """Positions of outputs that are listed again: as in MXNet, the last one's gradient is the one that counts."""

    def compiled(self, function: Callable) -> Callable:
        """The function under `jax.jit`, with the options that were chosen when the program was made."""
        return compiled(function, self._options, len(self.lowered.plan.steps))

    @contextmanager
    def chosen(self) -> Iterator[None]:
        """What is traced inside follows the choices that were in force when the program was made."""
        with passes.only(*self._choices), tuned.using(self._tuned), passes.in_process():
            yield

    def _flat(self, args: Sequence[Any], aux: Sequence[Any], words: Any, train: bool) -> tuple[list, list]:
        key = None if words is None else key_of(words)
        with self.chosen():
            return self.lowered.flat(args, aux, train, key)

    def planned(self, args: Sequence[Any], aux: Sequence[Any], train: bool) -> Plan:
        """What runs for arrays like these, under the choices that were in force when the program was made."""
        with self.chosen():
            return self.lowered.planned(args, aux, train)

    def shown(self, args: Sequence[Any], aux: Sequence[Any], train: bool) -> str:
        """What runs for arrays like these, for people."""
        return str(self.planned(args, aux, train))

    @cached_property
    def infer(self) -> Callable:
        """`(args, aux, words) -> outputs` without training."""

        def infer(args: Any, aux: Any, words: Any) -> list:
            return self._flat(args, aux, words, False)[0]

        plain = self.compiled(infer)
        parameters = parameter_slots(self.lowered.plan) if "prepare" in self._choices else set()
        return PreparedInference(self, plain, parameters) if parameters else plain

    def forget_prepared(self) -> None:
        """To be called before training changes the parameters."""
        if isinstance(infer := self.__dict__.get("infer"), PreparedInference):
            infer.forget()

    @cached_property
    def infer_and_write(self) -> Callable:
        """`(args, aux, words) -> (outputs, new states)` without training."""

        def infer(args: Any, aux: Any, words: Any) -> tuple[list, list]:
            return self._flat(args, aux, words, False)

        return self.compiled(infer)

    @cached_property
    def forward(self) -> Callable:
        """`(args, aux, words) -> (outputs, new states)` in training mode."""

        def forward(args: Any, aux: Any, words: Any) -> tuple[list, list]:
            return self._flat(args, aux, words, True)

        return self.compiled(forward)

    def _linear(self, args: Any, aux: Any, words: Any) -> tuple[list, Callable, list]:
        def with_respect_to(chosen: list) -> tuple[list, list]:
            full = list(args)
            for i, x in zip(self.wrt, chosen, strict=True):
                full[i] = x
            return self._flat(full, aux, words, True)

        return jax.vjp(with_respect_to, [args[i] for i in self.wrt], has_aux=True)

    @cached_property
    def step(self) -> Callable:
        """`(args, aux, words, cotangents) -> (outputs, new states, gradients)`: a training step as one call."""

        def step(args: Any, aux: Any, words: Any, cotangents: Any) -> tuple[list, list, list]:
            outputs, backward, new = self._linear(args, aux, words)
            return outputs, new, backward(_cotangents(outputs, cotangents, self.repeated))[0]

        return self.compiled(step)

    @cached_property
    def forward_kept(self) -> Callable:
        """`(args, aux, words) -> (outputs, new states, backward)`, for outputs that are read before the backward."""

        def forward(args: Any, aux: Any, words: Any) -> tuple[list, list, Any]:
            outputs, backward, new = self._linear(args, aux, words)
            return outputs, new, backward

        return self.compiled(forward)

    @cached_property
    def backward(self) -> Callable:
        """`(backward, outputs, cotangents) -> gradients` for what `forward_kept` returned."""

        def backward(kept: Any, outputs: Any, cotangents: Any) -> list:
            return kept(_cotangents(outputs, cotangents, self.repeated))[0]

        return self.compiled(backward)


_LARGE = 50
"""Graphs with as many operators take enough memory to compile that it is worth giving back."""


def compiled(function: Callable, options: dict[str, Any], operators: int, *static: int) -> Callable:
    """A function over so many operators under `jax.jit`; `static` are the positions of its static arguments."""
    jitted = jax.jit(function, static_argnums=static, compiler_options=options)
    return _Watched(jitted, operators >= _LARGE)


class _Watched:
    """A jitted function that is compiled before its first run, so that what compiling took can be free again then."""

    def __init__(self, jitted: Any, is_large: bool):
        self._jitted, self._is_large, self._is_compiled = jitted, is_large, False

    def __call__(self, *args: Any) -> Any:
        if self._is_compiled:
            heap.watch().look()
        else:
            self._is_compiled = True
            self._compile(args)
        return self._jitted(*args)

    def _compile(self, args: tuple) -> None:
        needs = self._jitted.lower(*args).compile().memory_analysis()  # the call that follows finds what this made
        need = needs.temp_size_in_bytes + needs.output_size_in_bytes if needs else 0
        if self._is_large or need > heap.SMALL:
            heap.watch().expect(need)

    def lower(self, *args: Any) -> Any:
        """As of any jitted function: what is to be compiled."""
        return self._jitted.lower(*args)


def _cotangents(outputs: list, given: Sequence[Any], repeated: Set[int]) -> list:
    """Head gradients in the outputs' types: ones where none is given, zeros for `repeated`, nothing for integers."""
    found = []
    for i, (y, g) in enumerate(zip(outputs, given, strict=True)):
        if not jax.numpy.issubdtype(y.dtype, jax.numpy.floating):
            found.append(np.zeros(y.shape, jax.dtypes.float0))
        elif i in repeated:
            found.append(jax.numpy.zeros(y.shape, y.dtype))
        elif g is None:
            found.append(jax.numpy.ones(y.shape, y.dtype))
        else:
            found.append(
                jax.numpy.broadcast_to(g, y.shape).astype(y.dtype) if g.shape != y.shape else g.astype(y.dtype)
            )
    return found


def program_of(symbol: "Symbol", wrt: tuple[int, ...]) -> Program:
    """The symbol's program for these gradients, made once while the graph does not change."""
    from declax.util import is_np_shape

    state = (graph.changes(), is_np_shape(), passes.state())
    kept = symbol._lowered
    if kept is None or kept[0] != state:
        kept = symbol._lowered = (state, Lowered(symbol.heads), {})
    programs = kept[2]
    if wrt not in programs:
        lowered = kept[1]
        if any(s.is_dynamic or s.is_host for s in lowered.plan.steps):
            from declax.segments import SegmentedProgram

            programs[wrt] = SegmentedProgram(lowered, wrt)
        else:
            programs[wrt] = Program(lowered, wrt)
    return programs[wrt]
