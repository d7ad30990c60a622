"""`fit_memory`: training within a number of bytes, by computing again what there is no room to keep."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from declax import graph, infer, passes
from declax.binding import requests
from declax.errors import BindError
from declax.keeping import Choice, Model
from declax.lower import Lowered
from declax.passes.recompute import Together
from declax.passes.rewriting import MARK
from declax.passes.rolled import Joined, Rolled
from declax.plan import Step
from declax.program import Program, program_of

if TYPE_CHECKING:
    from declax.symbol import Symbol

_COMPILATIONS = 5
"""How often the training step is compiled at most."""

_CLOSE = 0.9
"""A choice that uses this part of the budget is not refined."""

_PRODUCTS = frozenset({"FullyConnected", "Convolution", "Deconvolution", "dot", "batch_dot", "RNN"})
"""What takes most of the time in what is computed again."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}


@dataclass(frozen=True)
class Footprint:
    """What a compiled training step needs, in bytes, as XLA plans it."""

    arguments: int
    outputs: int
    temporaries: int

    @property
    def peak(self) -> int:
        """All of it."""
        return self.arguments + self.outputs + self.temporaries


@dataclass(frozen=True)
class MemoryReport:
    """What `fit_memory` chose. `str` says it in words.

    `symbol` is a copy of the graph with the choice in its attributes (`force_mirroring`); `recomputed` and `kept` are
    names of nodes; `extra` is the estimated part of the forward that is computed a second time, from 0 to 1.
    """

    symbol: "Symbol"
    budget: int
    before: Footprint
    after: Footprint
    recomputed: tuple[str, ...]
    kept: tuple[str, ...]
    extra: float
    compilations: int

    @property
    def peak(self) -> int:
        """Bytes that the chosen training step needs."""
        return self.after.peak

    def __str__(self) -> str:
        needs = (
            f"budget {show_bytes(self.budget)}: a training step needs {show_bytes(self.peak)} "
            f"({show_bytes(self.after.temporaries)} of temporaries)"
        )
        if not self.recomputed:
            return f"{needs}; nothing has to be computed again"
        again = (
            f"{len(self.recomputed)} of {len(self.recomputed) + len(self.kept)} nodes are computed again, "
            f"about {self.extra:.0%} of the forward's work; found in {self.compilations} compilations"
        )
        before = f"without recomputation {show_bytes(self.before.peak)} ({show_bytes(self.before.temporaries)})"
        return "\n  ".join([needs, before, again, f"kept: {_shortened(self.kept)}"])


def fit_memory(
    symbol: "Symbol", budget: int | float | str, *, grad_req: Any = None, type_dict: dict[str, Any] | None = None,
    **shapes: tuple[int, ...],
) -> MemoryReport:  # fmt: skip
    """Chooses what a training step computes again, so that it needs at most `budget` bytes, at the least extra time.

    Needed are arguments, gradients, states, outputs and temporaries, as XLA's memory analysis of the compiled step
    gives them. The choice is written into the attributes of a copy of the graph: `report.symbol` trains with it when
    it is bound or lowered, and keeps it in its JSON. Marks that the graph has already are replaced; if some of its
    nodes have the attribute `mirror_stage`, the graph is cut behind these only. The step is compiled a few times.

    Args:
        budget: bytes, or text such as "800MB", "2GB" (powers of 1000) or "2GiB" (powers of 1024).
        grad_req: as in `simple_bind`; by default every argument whose shape is not given here gets a gradient.
        type_dict: types by argument name, float32 for what it does not decide.
        shapes: shapes of the data, by argument name.

    Raises:
        ValueError: a budget that is no positive number of bytes.
        BindError: too few shapes, a graph that cannot be compiled as one program, or a budget that cannot be reached;
            the message says the least that can.

    >>> x = Variable("data")
    >>> for i in range(8):
    ...     x = sym.tanh(sym.FullyConnected(x, num_hidden=64, name=f"fc{i}"))
    >>> net = sym.make_loss(sym.sum(x))
    >>> fit_memory(net, "1GB", data=(4, 64)).recomputed
    ()
    """
    wanted = as_bytes(budget)
    trial = _Trial(symbol, grad_req, type_dict, shapes)
    before = trial.measure(symbol)
    if before.peak <= wanted:
        return MemoryReport(symbol.__copy__(), wanted, before, before, (), trial.names, 0.0, trial.compilations)
    model = Model(trial.lowered.plan, trial.known, shapes)
    fixed = before.arguments + before.outputs
    factor = before.temporaries / max(model.everything().bytes, 1)
    best: tuple[Choice, Symbol, Footprint] | None = None
    tried: dict[tuple[bool, ...], int] = {}
    for choice in trial.choices_for_loops(model):
        marked = _marked(symbol, choice)
        tried[choice.kept] = (found := trial.measure(marked)).peak
        if found.peak <= wanted:
            best = choice, marked, found
            break
    while best is None and trial.compilations < _COMPILATIONS:
        choice = model.choose((wanted - fixed) / factor) or model.smallest()
        if choice.kept in tried:
            choice = model.smallest()
            if best is not None or choice.kept in tried:
                break
        marked = _marked(symbol, choice)
        found = trial.measure(marked)
        tried[choice.kept] = found.peak
        if found.peak <= wanted and (best is None or choice.seconds < best[0].seconds):
            best = choice, marked, found
        if _CLOSE * wanted <= found.peak <= wanted:
            break
        factor = max(found.temporaries, 1) / max(choice.bytes, 1) * (1.0 if found.peak <= wanted else 1.02)
    if best is None:
        raise BindError(
            f"a training step of this graph cannot be brought under {show_bytes(wanted)}: the least found is "
            f"{show_bytes(min(tried.values()))}, of which {show_bytes(fixed)} are arguments, gradients, states and "
            "outputs; give a larger budget or smaller shapes"
        )
    choice, marked, found = best
    names = trial.names
    again = tuple(n for n, k in zip(names, choice.kept, strict=True) if not k)
    kept = tuple(n for n, k in zip(names, choice.kept, strict=True) if k)
    extra = choice.seconds / max(sum(model.seconds), 1e-12)
    return MemoryReport(marked, wanted, before, found, again, kept, extra, trial.compilations)


class _Trial:
    """Compiles the training step of a graph for known shapes, and counts how often."""

    def __init__(self, symbol: "Symbol", grad_req: Any, type_dict: dict[str, Any] | None, given: dict[str, Any]):
        self.compilations = 0
        self.types = infer.decide_types(symbol.heads, type_dict or {})
        self.shapes = infer.infer_shapes(symbol.heads, symbol._by_name((), given, "fit_memory"), self.types)
        arguments = symbol.list_arguments()
        undecided = [n for n, s in zip(arguments, self.shapes.arguments, strict=True) if s is None or None in s]
        if undecided:
            raise BindError(f"fit_memory cannot decide the shapes of {', '.join(undecided)}; please provide them")
        req = (
            ["null" if n in given else "write" for n in arguments]
            if grad_req is None
            else requests(arguments, grad_req)
        )
        self.wrt = tuple(
            i
            for i, (r, t) in enumerate(zip(req, self.types.arguments, strict=True))
            if r != "null" and jax.numpy.issubdtype(t or np.float32, jax.numpy.floating)
        )
        self.lowered: Lowered = self._program(symbol).lowered
        self.known = passes.Known(self.shapes, self.types, True)
        self.names = tuple(s.node.name for s in self.lowered.plan.steps)

    def _program(self, symbol: "Symbol") -> Program:
        program = program_of(symbol, self.wrt)
        if type(program) is not Program:
            raise BindError(
                "fit_memory needs a graph that compiles as one program; this one has operators that run outside XLA "
                "or whose output shapes depend on values"
            )
        return program

    def _specs(self) -> tuple[list, list]:
        """Shapes and types of arguments and states."""
        specs = [
            jax.ShapeDtypeStruct(s, np.dtype("float32") if t is None else t)
            for s, t in zip(
                (*self.shapes.arguments, *self.shapes.auxiliary),
                (*self.types.arguments, *self.types.auxiliary),
                strict=True,
            )
        ]
        count = len(self.shapes.arguments)
        return specs[:count], specs[count:]

    def choices_for_loops(self, model: Model) -> Iterator[Choice]:
        """What every repetition of the graph's loops can compute again: first what is cheap, then all of it."""
        plan = self.lowered.planned(*self._specs(), train=True)
        items = [item.item if isinstance(item, Together) else item for item in plan.items]
        if not any(isinstance(item, Rolled) for item in items):
            return
        steps = (item.step if isinstance(item, Joined) else item for item in items)
        outside = {step.node.name for step in steps if isinstance(step, Step)}
        for dear in _PRODUCTS, frozenset():
            nodes = (s.node for s in self.lowered.plan.steps)
            yield model.alike([n.name in outside or n.op_name in dear for n in nodes])

    def measure(self, symbol: "Symbol") -> Footprint:
        """The footprint of the compiled training step."""
        self.compilations += 1
        program = self._program(symbol)
        args, aux = self._specs()
        with jax.enable_x64(program.lowered._is_wide([jax.ShapeDtypeStruct((), s.dtype) for s in (*args, *aux)])):
            words = jax.ShapeDtypeStruct((2,), np.uint32) if program.lowered.is_random else None
            heads = [
                None if e.node.op is not None and e.node.op.is_loss(e.node.params or {}) else jax.ShapeDtypeStruct(s, t)
                for e, s, t in zip(symbol.heads, self.shapes.outputs, self.types.outputs, strict=True)
            ]
            found = program.step.lower(args, aux, words, heads).compile().memory_analysis()
        return Footprint(
            found.argument_size_in_bytes,
            found.output_size_in_bytes - found.alias_size_in_bytes,
            found.temp_size_in_bytes,
        )


def _marked(symbol: "Symbol", choice: Choice) -> "Symbol":
    """A copy of the graph in which the nodes that are not kept have the attribute."""
    twin = symbol.__copy__()
    nodes = [n for n in graph.topological(twin.heads) if n.op is not None]
    for node, kept in zip(nodes, choice.kept, strict=True):
        if kept:
            node.attrs.pop(MARK, None)
        else:
            node.attrs[MARK] = "True"
    return twin


def as_bytes(value: int | float | str) -> int:
    """Bytes from a number or from text with a unit.

    >>> as_bytes("2GB"), as_bytes("1.5 KiB"), as_bytes(10)
    (2000000000, 1536, 10)
    """
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kmgt]i?)?b?\s*", str(value).lower())
    if isinstance(value, bool) or found is None or float(found[1]) <= 0:
        raise ValueError(f"a budget is a positive number of bytes, or text such as '800MB' or '2GiB', got {value!r}")
    return int(float(found[1]) * _UNITS[found[2] or ""])


def show_bytes(count: int) -> str:
    """Bytes for people, in powers of 1000.

    >>> show_bytes(1234567), show_bytes(12)
    ('1.23 MB', '12 bytes')
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


def _shortened(names: Collection[str], shown: int = 12) -> str:
    first: Sequence[str] = list(names)[:shown]
    return ", ".join(first) + (f" and {len(names) - shown} more" if len(names) > shown else "")
