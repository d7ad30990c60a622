"""What `inspect` returns: facts about a model file, findings, and their text for people and dict for machines."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

SEVERITIES = ("error", "warning", "note")
"""error: it cannot be loaded or run as it is; warning: the numbers may not be those meant; note: good to know."""


@dataclass(frozen=True)
class Finding:
    """One thing to know: `kind` is a word for scripts, `message` says what it is and what to do, `nodes` where."""

    severity: str
    kind: str
    message: str
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operator:
    """An operator of the graph: how often, and where it cannot be loaded, why not and what to do instead.

    `kind` is empty for a supported one, else as declax.io.lenient.Problem has it; `stub` is Python to begin with.
    """

    name: str
    count: int
    kind: str = ""
    why: str = ""
    advice: str = ""
    stub: str = ""
    nodes: tuple[str, ...] = ()

    @property
    def supported(self) -> bool:
        """Whether every node of it can be loaded."""
        return not self.kind


@dataclass(frozen=True)
class Tensor:
    """A variable or output: its shape as far as it is known (None for an unknown rank or dimension) and type."""

    name: str
    shape: tuple[int | None, ...] | None
    dtype: str | None
    role: str

    def __str__(self) -> str:
        return f"{self.name} {show_shape(self.shape)}" + (f" {self.dtype}" if self.dtype else "")


@dataclass(frozen=True)
class Parameter:
    """A parameter or auxiliary state for which the saved arrays and the graph disagree.

    `state`: `missing`, `left over`, or `shape` (saved in another shape than the graph infers).
    """

    name: str
    state: str
    expected: tuple[int | None, ...] | None = None
    saved: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Totals:
    """Sums over the graph; a shared parameter counts once, what is unknown counts as nothing (`complete` is False)."""

    parameters: int = 0
    states: int = 0
    parameter_bytes: int = 0
    output_bytes: int = 0
    flops: int = 0
    saved_arrays: int = 0
    saved_bytes: int = 0
    complete: bool = False


@dataclass(frozen=True)
class Report:
    """What is known about a model before it runs. `print` it, or take `to_dict()` for a machine.

    It is true when nothing worse than notes was found.
    """

    source: str
    format: str
    version: str = ""
    nodes: int = 0
    operator_nodes: int = 0
    upgrades: tuple[Any, ...] = ()
    operators: tuple[Operator, ...] = ()
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    totals: Totals = field(default_factory=Totals)
    findings: tuple[Finding, ...] = ()
    given_shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    params: str = ""
    params_found: str = ""
    """How the parameters were found, where nobody named them; else empty."""

    def __bool__(self) -> bool:
        return not (self.errors or self.warnings)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What keeps the model from being loaded or run as it is."""
        return self._of("error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What may give other numbers than those meant."""
        return self._of("warning")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What is good to know."""
        return self._of("note")

    @property
    def unsupported(self) -> tuple[Operator, ...]:
        """The operators that cannot be loaded."""
        return tuple(o for o in self.operators if not o.supported)

    def _of(self, severity: str) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == severity)

    def to_dict(self) -> dict[str, Any]:
        """The report in plain dicts, lists, strings and numbers, as JSON takes them."""
        return {
            "source": self.source,
            "format": self.format,
            "version": self.version,
            "params": self.params,
            "params_found": self.params_found,
            "ok": bool(self),
            "nodes": self.nodes,
            "operator_nodes": self.operator_nodes,
            "upgrades": [{"kind": u.kind, "node": u.node, "change": u.change} for u in self.upgrades],
            "operators": [_plain(o) for o in self.operators],
            "inputs": [_plain(t) for t in self.inputs],
            "outputs": [_plain(t) for t in self.outputs],
            "parameters": [_plain(p) for p in self.parameters],
            "totals": _plain(self.totals),
            "given_shapes": {n: list(s) for n, s in self.given_shapes},
            "findings": [_plain(f) for f in self.findings],
        }

    def __str__(self) -> str:
        return "\n".join(_text(self))


def show_shape(shape: Iterable[int | None] | None) -> str:
    """A partial shape as people read it.

    >>> show_shape((None, 3)), show_shape(None)
    ('(?, 3)', '?')
    """
    if shape is None:
        return "?"
    inner = ["?" if d is None else str(d) for d in shape]
    return f"({inner[0]},)" if len(inner) == 1 else f"({', '.join(inner)})"


def listed(names: Iterable[str], most: int = 4) -> str:
    """The first names of several, and how many more there are.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    known = list(dict.fromkeys(names))
    more = len(known) - most
    return ", ".join(known) if more <= 0 else f"{', '.join(known[:most])} and {more} more"


def counted(number: int, word: str, words: str = "") -> str:
    """A number with its word: `1 node`, `3 nodes`."""
    return f"{number} {word if number == 1 else words or word + 's'}"


def size_text(number: float, unit: str = "B") -> str:
    """A large number with a decimal prefix, three significant digits.

    >>> size_text(25_557_032, ""), size_text(102_000_000), size_text(512)
    ('25.6 M', '102 MB', '512 B')
    """
    for prefix in ("", "k", "M", "G", "T"):
        if abs(number) < 999.5 or prefix == "T":
            break
        number /= 1000
    digits = f"{number:.3g}" if number % 1 else f"{number:.0f}"
    return f"{digits} {prefix}{unit}".rstrip()


def _plain(value: Any) -> Any:
    """Dataclasses as dicts, tuples as lists."""
    made = asdict(value)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in made.items()}


_LEFT = 13


def _row(label: str, text: str) -> str:
    pad = " " * (_LEFT + 2)
    return textwrap.fill(
        text, 120, initial_indent=f"  {label:<{_LEFT}}", subsequent_indent=pad, break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip


def _text(report: Report) -> Iterator[str]:
    yield report.source
    yield _row("format", report.format + (f", {report.version}" if report.version else ""))
    if report.nodes:
        variables = report.nodes - report.operator_nodes
        yield _row("graph", f"{report.operator_nodes} operator nodes, {variables} variables, "
                            f"{counted(len(report.outputs), 'output')}")  # fmt: skip
    if report.upgrades:
        yield _row("upgrades", upgrades_text(report.upgrades))
    if report.operators:
        plain = [f"{o.name} {o.count}" for o in report.operators if not o.name.startswith("Custom(")]
        customs = [o for o in report.operators if o.name.startswith("Custom(")]
        if customs:
            kinds = listed(o.name[len("Custom(") : -1] for o in customs)
            plain.append(f"Custom {sum(o.count for o in customs)} ({kinds})")
        yield _row("operators", ", ".join(plain))
    rows = (("inputs", "input"), ("labels", "label"), ("parameters", "arg"), ("states", "aux"), ("arrays", "array"))
    for label, role in rows:
        found = [str(t) for t in report.inputs if t.role == role]
        if found:
            yield _row(label, _some(found))
    if report.outputs:
        yield _row("outputs", _some([str(t) for t in report.outputs]))
    yield from _totals_text(report)
    yield from _findings_text(report)
    stubs = [o for o in report.unsupported if o.stub]
    for operator in stubs[:2]:
        yield f"\nTo begin with {operator.name}:\n\n{textwrap.indent(operator.stub, '    ')}"
    if len(stubs) > 2:
        yield f"\n(and {len(stubs) - 2} more, which stand in the dict)"


def _some(texts: list[str], most: int = 8) -> str:
    more = [f"and {len(texts) - most} more"] if len(texts) > most else []
    return "; ".join(texts[:most] + more)


def _totals_text(report: Report) -> Iterator[str]:
    t = report.totals
    if t.saved_arrays:
        whence = f" from {report.params}" if report.params not in ("", report.source) else ""
        how = f", found {report.params_found}" if report.params_found else ""
        yield _row("saved", f"{counted(t.saved_arrays, 'array')}, {size_text(t.saved_bytes)}{whence}{how}")
    if t.parameters or t.states:
        partly = "" if t.complete or report.given_shapes else ", as far as shapes are known"
        states = f" and {size_text(t.states, '')} elements of auxiliary states" if t.states else ""
        yield _row("parameters", f"{size_text(t.parameters, '')}{states} ({size_text(t.parameter_bytes)}){partly}")
    if report.given_shapes:
        given = ", ".join(f"{n}={show_shape(s)}" for n, s in report.given_shapes)
        partly = "" if t.complete else ", as far as shapes are known"
        yield _row("cost", f"{size_text(t.flops, 'FLOPs')} forward, {size_text(t.output_bytes)} of outputs for {given}"
                           f"{partly}")  # fmt: skip


def _findings_text(report: Report) -> Iterator[str]:
    counts = [counted(len(report._of(s)), s) for s in SEVERITIES if report._of(s)]
    if not counts:
        yield "\nNothing to report."
        return
    yield f"\n{', '.join(counts)}"
    for severity in SEVERITIES:
        for finding in report._of(severity):
            lead = f"  {severity:<8} {finding.kind}: "
            first, *rest = finding.message.split("\n")
            yield textwrap.fill(
                first, 120, initial_indent=lead, subsequent_indent=" " * 11, break_on_hyphens=False,
                break_long_words=False,
            )  # fmt: skip
            yield from (" " * 11 + line for line in rest)


def upgrades_text(upgrades: Iterable[Any]) -> str:
    """Upgrades of one kind as the first of them and their number."""
    kinds: dict[str, list[Any]] = {}
    for u in upgrades:
        kinds.setdefault(u.kind if u.node else u.change, []).append(u)
    return "; ".join(
        f"{us[0].change}" + (f" ({len(us) - 1} more such)" if len(us) > 1 else "") for us in kinds.values()
    )
