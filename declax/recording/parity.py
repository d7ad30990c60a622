"""`parity`: runs a graph node by node on recorded inputs and says where its numbers first depart from the record."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from declax import graph
from declax.comparison.matching import Matching
from declax.errors import BindError
from declax.graph import Node
from declax.io.lenient import read_lenient
from declax.recording.recordfile import Record, Trace, read_record, sample_index, trace_of
from declax.recording.running import Progress, feed, run_nodes, variables
from declax.symbol import Symbol
from declax.util import np_shape

TOLERANCES = {"float64": 1e-9, "float32": 1e-4, "float16": 1e-2, "bfloat16": 5e-2}
"""How far an array of a type may be from the record, relative to its largest value; other types must be equal."""


@dataclass(frozen=True)
class InputState:
    """An input of a node that departs: was it still right? `deviation` is None where the record does not have it.

    `from_wrong` says of such a one that it was computed from values that are wrong.
    """

    name: str
    role: str
    deviation: float | None
    tolerance: float
    from_wrong: bool = False

    @property
    def is_right(self) -> bool | None:
        """Whether it agrees with the record, None when nobody knows."""
        if self.deviation is None:
            return False if self.from_wrong else None
        return self.deviation <= self.tolerance

    def __str__(self) -> str:
        if self.deviation is None:
            return f"{self.role} {self.name!r}: not recorded" + (", made from wrong values" if self.from_wrong else "")
        if self.deviation == 0:
            return f"{self.role} {self.name!r}: equal to the record"
        verdict = "right" if self.is_right else "wrong"
        return f"{self.role} {self.name!r}: {verdict}, off by {self.deviation:.2g} (tolerance {self.tolerance:.0e})"


@dataclass(frozen=True)
class Departure:
    """An output that departs from the record.

    `deviation` is the largest difference of samples and statistics relative to the largest recorded value; `reason`
    says where, or what differs that is no number (a shape). `recorded` and `found` are the samples that differ most.
    """

    node: str
    operator: str
    output: str
    deviation: float
    tolerance: float
    reason: str
    inputs: tuple[InputState, ...]
    recorded: float | None = None
    found: float | None = None

    @property
    def is_origin(self) -> bool:
        """Whether nothing that goes into the node is known to be wrong."""
        return all(i.is_right is not False for i in self.inputs)


@dataclass(frozen=True)
class Parity:
    """What `parity` returns: true when every recorded output agrees.

    `departures` are in the order in which the nodes run; `not_recorded` are outputs of the graph that the record does
    not have, `absent` those of the record that the graph does not have; `worst` the largest (deviation / tolerance)
    among outputs that agree, and its name.
    """

    compared: int
    departures: tuple[Departure, ...]
    changed_parameters: tuple[str, ...]
    not_recorded: tuple[str, ...]
    absent: tuple[str, ...]
    worst: tuple[float, str]

    def __bool__(self) -> bool:
        return not self.departures and self.compared > 0

    @property
    def first(self) -> Departure | None:
        """The first departure."""
        return self.departures[0] if self.departures else None

    @property
    def origins(self) -> tuple[Departure, ...]:
        """Departures of nodes whose inputs are right: where the differences come from."""
        return tuple(d for d in self.departures if d.is_origin)

    def to_dict(self) -> dict[str, Any]:
        """The result in plain dicts, lists, strings and numbers, as JSON takes them (infinity as text)."""
        return {
            "ok": bool(self),
            "compared": self.compared,
            "departures": [_plain(d) for d in self.departures],
            "changed_parameters": list(self.changed_parameters),
            "not_recorded": list(self.not_recorded),
            "absent": list(self.absent),
            "worst": {"share_of_tolerance": self.worst[0], "output": self.worst[1]},
        }

    def __str__(self) -> str:
        return "\n".join(_text(self))


def parity(
    symbol: Symbol, params: Any, recorded: "str | os.PathLike | Record", *,
    tolerance: float | Mapping[str, float] | None = None, progress: Progress | None = None,
) -> Parity:  # fmt: skip
    """Runs a graph node by node on the inputs of a record and compares every node's outputs with it.

    Args:
        symbol: the graph, as it was recorded or changed since. Its nodes are paired with those of the recorded graph
            as `diff` does it, so that names may differ.
        params: parameters and auxiliary states: a mapping by name, with or without `arg:` and `aux:`, or a path.
        recorded: what `record` wrote.
        tolerance: what is allowed relative to an array's largest value, for all types or by type
            (`{"float32": 1e-5}`); `TOLERANCES` has the defaults.
        progress: is called with (nodes done, nodes in all).

    Raises:
        LoadError: the file is no record.
        BindError: the graph needs an array that neither the record nor `params` has.
    """
    known = recorded if isinstance(recorded, Record) else read_record(recorded)
    one = isinstance(tolerance, int | float)
    allowed = dict.fromkeys(TOLERANCES, tolerance) if one else {**TOLERANCES, **(tolerance or {})}
    names = {n.name for n in graph.topological(symbol.heads) if n.op is None}
    inputs = {k: v for k, v in known.inputs.items() if k in names}
    if known.inputs and not inputs:
        raise BindError(
            f"the graph has none of the recorded inputs {sorted(known.inputs)}; its variables are {sorted(names)[:10]}"
        )
    values = feed(symbol, params, inputs)
    roles = variables(symbol, inputs)
    check = _Check(known, allowed, _recorded_names(symbol, known))
    with np_shape(known.np_shape):
        for name, array in values.items():
            check.variable(name, roles[name], array)
        for node, outs in run_nodes(symbol, values, train=known.train, seed=known.seed, progress=progress):
            check.node(node, outs)
    return check.result(symbol)


def _recorded_names(symbol: Symbol, known: Record) -> dict[str, str]:
    """By name in the graph the name in the record, of what pairing the two graphs finds under another one."""
    if not known.graph:
        return {}
    matching = Matching(symbol.heads, read_lenient(known.graph, "the graph of the record").symbol.heads)
    found = {}
    for a, b in matching.to_b.items():
        for i in range(min(a.num_outputs(), b.num_outputs())):
            found[a.output_name(i)] = b.output_name(i)
    return found


class _Check:
    """The comparison as it goes on: what is known of every entry by name."""

    def __init__(self, known: Record, allowed: Mapping[str, Any], names: Mapping[str, str]):
        self.known, self.allowed, self.names = known, allowed, names
        self.states: dict[str, InputState] = {}
        self.departures: list[Departure] = []
        self.compared = 0
        self.not_recorded: list[str] = []
        self.worst = (0.0, "")

    def _trace(self, name: str) -> Trace | None:
        return self.known.traces.get(self.names.get(name, name))

    def variable(self, name: str, role: str, array: np.ndarray) -> None:
        trace = self._trace(name)
        deviation = None if trace is None else self._deviation(trace, array)[0]
        self.states[name] = InputState(name, role, deviation, self._tolerance(array.dtype.name, trace))

    def node(self, node: Node, outs: Sequence[Any]) -> None:
        for i, value in enumerate(outs):
            name, array = node.output_name(i), np.asarray(value)
            trace = self._trace(name)
            tolerance = self._tolerance(array.dtype.name, trace)
            inputs = tuple(self.states[n] for e in node.inputs if (n := e.node.output_name(e.index)) in self.states)
            if trace is None:
                self.not_recorded.append(name)
                wrong = any(state.is_right is False for state in inputs)
                self.states[name] = InputState(name, "output", None, tolerance, wrong)
                continue
            self.compared += 1
            deviation, reason, recorded, found = self._deviation(trace, array)
            self.states[name] = InputState(name, "output", deviation, tolerance)
            if deviation > tolerance:
                self.departures.append(
                    Departure(node.name, node.op_name, name, deviation, tolerance, reason, inputs, recorded, found)
                )
            elif tolerance and deviation / tolerance > self.worst[0]:
                self.worst = (deviation / tolerance, name)

    def _tolerance(self, dtype: str, trace: Trace | None) -> float:
        other = dtype if trace is None else trace.dtype
        return max(float(self.allowed.get(dtype, 0.0)), float(self.allowed.get(other, 0.0)))

    def _deviation(self, trace: Trace, array: np.ndarray) -> tuple[float, str, float | None, float | None]:
        """(deviation, reason, recorded sample, found sample) of an array from its trace."""
        if tuple(array.shape) != trace.shape:
            return np.inf, f"the shape is {tuple(array.shape)}, recorded {trace.shape}", None, None
        now, samples = trace_of(trace.name, trace.node, trace.role, array, trace.count)
        if (now.checksum == trace.checksum and now.dtype == trace.dtype) or not array.size:
            return 0.0, "", None, None
        if now.not_finite != trace.not_finite:
            return np.inf, f"{now.not_finite} values are not finite, recorded {trace.not_finite}", None, None
        recorded = self.known.samples[trace.name]
        with np.errstate(invalid="ignore"):
            apart = np.abs(samples - recorded)
        apart = np.where((samples == recorded) | (np.isnan(samples) & np.isnan(recorded)), 0.0, apart)
        apart = np.where(np.isnan(apart), np.inf, apart)
        scale = trace.largest or now.largest or 1.0
        worst = int(apart.argmax())
        by_sample = float(apart[worst])
        statistics = {f: abs(getattr(now, f) - getattr(trace, f)) for f in ("least", "greatest", "mean", "std")}
        field = max(statistics, key=lambda f: statistics[f])
        if by_sample >= statistics[field]:
            place = np.unravel_index(int(sample_index(array.size, trace.count)[worst]), array.shape)
            if not by_sample and array.dtype.kind in "iub" and now.dtype == trace.dtype:
                return np.inf, "the checksum differs, by values that are not among the samples", None, None
            where = f"at {tuple(int(p) for p in place)}"
            return by_sample / scale, where, float(recorded[worst]), float(samples[worst])
        word = {"least": "the least value", "greatest": "the greatest value", "mean": "the mean",
                "std": "the standard deviation"}[field]  # fmt: skip
        return statistics[field] / scale, word, getattr(trace, field), getattr(now, field)

    def result(self, symbol: Symbol) -> Parity:
        outputs = {n for n, t in self.known.traces.items() if t.role == "output"}
        met = {self.names.get(n, n) for n in self.states}
        absent = tuple(n for n in outputs if n not in met)
        changed = tuple(s.name for s in self.states.values() if s.role in ("parameter", "state") and s.deviation)
        return Parity(
            self.compared, tuple(self.departures), changed, tuple(self.not_recorded), tuple(sorted(absent)), self.worst
        )


def _plain(departure: Departure) -> dict[str, Any]:
    made = asdict(departure) | {"is_origin": departure.is_origin}
    made["inputs"] = [asdict(i) | {"is_right": i.is_right} for i in departure.inputs]
    for part in (made, *made["inputs"]):
        if part["deviation"] == np.inf:
            part["deviation"] = "inf"
    return made


def _text(found: Parity) -> list[str]:
    first = found.first
    if first is None and not found.compared:
        return ["No output of the graph is in the record.", *_rest(found)]
    if first is None:
        share, name = found.worst
        worst = f" The nearest to its tolerance is {name!r} ({share:.0%} of it)." if name else ""
        return [f"All {found.compared} outputs agree with the record.{worst}", *_rest(found)]
    lines = [f"The first node whose numbers depart is {first.node!r} ({first.operator})."]
    by = "" if first.deviation == np.inf else f"off by {first.deviation:.2g} of its largest value"
    values = "" if first.recorded is None else f": recorded {first.recorded:.7g}, now {first.found:.7g}"
    parts = [p for p in (by, first.reason + values) if p]
    lines.append(f"  {first.output!r} {', '.join(parts)} (tolerance {first.tolerance:.0e})")
    if first.inputs:
        right = [i.is_right for i in first.inputs]
        verdict = "are all right" if all(right) else "are wrong in part" if False in right else "are not all recorded"
        lines.append(f"  its inputs {verdict}:")
        lines += [f"    {i}" for i in first.inputs]
    origins = [d for d in found.origins if d is not first]
    later = len(found.departures) - 1
    if later:
        lines.append(f"{later} more outputs of {found.compared} depart.")
    if origins:
        shown = ", ".join(f"{d.node!r} ({d.operator})" for d in origins[:5])
        more = f" and {len(origins) - 5} more" if len(origins) > 5 else ""
        lines.append(f"Others among them depart from right inputs too: {shown}{more}.")
    return [*lines, *_rest(found)]


def _rest(found: Parity) -> list[str]:
    lines = []
    for names, words in (
        (found.changed_parameters, "parameters differ from those of the record"),
        (found.not_recorded, "outputs of the graph are not in the record"),
        (found.absent, "outputs of the record are not in the graph"),
    ):
        if names:
            more = f" and {len(names) - 4} more" if len(names) > 4 else ""
            lines.append(f"{len(names)} {words}: {', '.join(names[:4])}{more}.")
    return lines
