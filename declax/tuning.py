"""`autotune`: measures on this machine in which formulation each convolution of a graph runs fastest, and keeps it."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from declax import graph, infer, passes, tuned
from declax.backend import compiler_options
from declax.errors import BindError, UsageError
from declax.layers.formulations import FORMULATIONS, Problem, candidates
from declax.passes import layout

if TYPE_CHECKING:
    from declax.symbol import Symbol

_LOG = logging.getLogger("declax.autotune")

_COPIES = 3
"""How often a formulation runs in one measured program, over different data: memory that one leaves is used by the
next, as in a net."""

_LEAST_GAIN = 0.05
"""A formulation replaces the default one where it takes at least this part less time."""

_ROUNDS = (3, 15)
"""Rounds in which all candidates run in turns: at least, and at most."""

_HOPELESS = 2.5
"""Candidates whose first run takes so many times the best one's are not measured further."""


@dataclass(frozen=True)
class Measured:
    """One convolution problem: its nodes, seconds by formulation (the default one first), and the winner."""

    problem: Problem
    nodes: tuple[str, ...]
    seconds: dict[str, float]
    chosen: str

    @property
    def default(self) -> str:
        """What runs without measurements."""
        return next(iter(self.seconds))

    @property
    def gain(self) -> float:
        """The default one's time over the winner's."""
        return self.seconds[self.default] / self.seconds[self.chosen]

    def __str__(self) -> str:
        order = sorted(self.seconds.items(), key=lambda item: item[1])
        times = ", ".join(f"{name} {1e3 * t:.3g} ms" for name, t in order)
        how = "default" if self.chosen == self.default else f"{self.gain:.2f}x the speed of {self.default}"
        return f"{len(self.nodes)} x {self.problem}: {self.chosen} ({how}; {times})"


@dataclass(frozen=True)
class TuningReport:
    """What `autotune` measured, and the file that keeps it. `str` is a table for people."""

    measured: tuple[Measured, ...]
    path: Path

    def __str__(self) -> str:
        changed = [m for m in self.measured if m.chosen != m.default]
        before, after = (
            sum(len(m.nodes) * m.seconds[name(m)] for m in self.measured)
            for name in (lambda m: m.default, lambda m: m.chosen)
        )
        head = f"{len(self.measured)} convolution problems measured, {len(changed)} run other than by default"
        total = f"all convolutions together: {1e3 * before:.3g} ms by default, {1e3 * after:.3g} ms as chosen"
        return "\n".join([head, *(f"  {m}" for m in self.measured), total, f"kept in {self.path}"])

    __repr__ = __str__


def autotune(
    symbol: "Symbol", *, train: bool = False, type_dict: dict[str, Any] | None = None, seconds: float = 0.5,
    progress: Callable[[Measured, int, int], None] | None = None, **shapes: tuple[int, ...],
) -> TuningReport:  # fmt: skip
    """Measures every formulation of every convolution of a graph on this machine, and keeps the fastest in a file.

    What is bound or traced afterwards, in this process or another one on this machine, uses them (`tuned` says where
    the file is and how to do without). Each candidate runs as a program of its own, with the options that executors
    compile with, in turns with the others; medians count. Nothing else should run on the machine meanwhile.

    Args:
        train: measures convolutions with both gradients, as training steps run them; else the forward alone, as
            inference runs it. The choices for both are kept side by side.
        type_dict: types by argument name, float32 for what it does not decide.
        seconds: time to spend on each problem, after compilation; three rounds are run at least.
        progress: called as `progress(measured, done, total)` after each problem; the logger `declax.autotune` tells
            the same.
        shapes: shapes of the data, by argument name.

    Raises:
        BindError: too few shapes.
        UsageError: the passes "layout" or "formulate" are off, so that nothing is to be chosen, or there is no file
            to keep the choices in.

    >>> net = sym.Convolution(Variable("data"), num_filter=8, kernel=(1, 1), name="conv")
    >>> with pytest.MonkeyPatch.context() as patch:
    ...     patch.setenv("DECLAX_AUTOTUNE", str(getfixture("tmp_path") / "mine.json"))
    ...     autotune(net, data=(1, 4, 5, 5), seconds=0.0).measured[0].nodes
    ('conv',)
    """
    off = {"layout", "formulate"} - passes.enabled()
    if off:
        raise UsageError(f"autotune chooses what the pass {sorted(off)[0]!r} uses, which is switched off; switch it on")
    if tuned.path_in_force() is None:
        raise UsageError("autotune has no file to keep its choices in: DECLAX_AUTOTUNE is off; unset it or name a file")
    problems = _problems(symbol, train, type_dict or {}, shapes)
    found: list[Measured] = []
    for problem, nodes in problems.items():
        times = _measured(problem, seconds)
        usual, best = next(iter(times)), min(times, key=lambda name: times[name])
        winner = best if times[best] < (1 - _LEAST_GAIN) * times[usual] else usual
        found.append(Measured(problem, tuple(nodes), times, winner))
        _LOG.info("%d of %d: %s", len(found), len(problems), found[-1])
        if progress is not None:
            progress(found[-1], len(found), len(problems))
    path = tuned.keep({str(m.problem): m.chosen for m in found})
    return TuningReport(tuple(found), path)


def _problems(
    symbol: "Symbol", train: bool, type_dict: dict[str, Any], given: dict[str, Any]
) -> dict[Problem, list[str]]:
    """The distinct problems of a graph, with the names of the nodes that have each."""
    types = infer.decide_types(symbol.heads, type_dict)
    shapes = infer.infer_shapes(symbol.heads, symbol._by_name((), given, "autotune"), types)
    names = (*symbol.list_arguments(), *symbol.list_auxiliary_states())
    known_shapes = dict(zip(names, (*shapes.arguments, *shapes.auxiliary), strict=True))
    undecided = [n for n, s in known_shapes.items() if s is None or None in s]
    if undecided:
        raise BindError(f"autotune cannot decide the shapes of {', '.join(undecided)}; please provide them")
    dtypes = ("float32" if t is None else t for t in (*types.arguments, *types.auxiliary))
    with jax.enable_x64(True):
        variables = {n: jax.ShapeDtypeStruct(s, t) for (n, s), t in zip(known_shapes.items(), dtypes, strict=True)}
    before = passes.before("layout", symbol.heads, variables, train)
    if before is None:
        raise BindError("autotune needs shapes and types of all nodes, which inference does not find in this graph")
    heads, known = before
    found: dict[Problem, list[str]] = {}
    for node in graph.topological(heads):
        problem = layout.problem(node, known)
        if problem is not None:
            found.setdefault(problem, []).append(node.name)
    return found


def _measured(problem: Problem, seconds: float) -> dict[str, float]:
    """Median seconds of one run by candidate."""
    with jax.enable_x64(problem.dtype == "float64"):
        programs: dict[str, tuple[Callable, tuple]] = {}
        first: dict[str, float] = {}
        with passes.in_process():
            names = candidates(problem, passes.uses_onednn())
        for name in names:
            programs[name] = _program(problem, name)
            _run(*programs[name])
            first[name] = _run(*programs[name])
        times: dict[str, list[float]] = {n: [t] for n, t in first.items()}
        hopeful = [n for n, t in first.items() if t <= _HOPELESS * min(first.values())]
        end = time.perf_counter() + seconds
        for done in range(_ROUNDS[1]):
            if len(hopeful) < 2 or (done >= _ROUNDS[0] and time.perf_counter() > end):
                break
            for name in hopeful[done % len(hopeful) :] + hopeful[: done % len(hopeful)]:
                times[name].append(_run(*programs[name]))
    return {n: median(t) / _COPIES for n, t in times.items()}


def _run(program: Callable, values: tuple) -> float:
    start = time.perf_counter()
    jax.block_until_ready(program(*values))
    return time.perf_counter() - start


def _program(problem: Problem, name: str) -> tuple[Callable, tuple]:
    """A compiled program that runs one formulation `_COPIES` times, and what it is called with."""
    how, window = FORMULATIONS[name], problem.window
    numbers = np.random.default_rng(0)

    def array(shape: Sequence[int]) -> jax.Array:
        return jnp.asarray(numbers.standard_normal(shape, np.float32)).astype(problem.dtype)

    data = [array(problem.data) for _ in range(_COPIES)]
    weight = array(problem.weight)
    if problem.train:
        cotangents = [array((problem.data[0], *problem.outs, problem.filters)) for _ in range(_COPIES)]

        def step(data: list, weight: jax.Array, cotangents: list) -> list:
            found = []
            for x, g in zip(data, cotangents, strict=True):
                y, back = jax.vjp(lambda x, w: how.run(x, w, window), x, weight)
                found.append((y, *back(g)))
            return _joined(found)

        return jax.jit(step, compiler_options=compiler_options()), (data, weight, cotangents)
    run = how.run
    if how.prepare is not None and how.prepared is not None:
        weight, run = jax.jit(how.prepare)(weight), how.prepared

    def infer_only(data: list, weight: jax.Array) -> list:
        return _joined([(run(x, weight, window),) for x in data])

    return jax.jit(infer_only, compiler_options=compiler_options()), (data, weight)


def _joined(found: list[tuple]) -> list:
    """One result of several runs: each array's largest elements, so that none is left out."""
    result = found[0]
    for other in found[1:]:
        result = tuple(jnp.maximum(a, b) for a, b in zip(result, other, strict=True))
    return list(result)
