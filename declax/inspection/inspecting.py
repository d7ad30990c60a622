"""`inspect`: everything that can be known about a model's files before it runs, never failing on what is in them."""

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from declax import summary
from declax.errors import LoadError
from declax.graph import Entry
from declax.inspection import arrays as array_checks
from declax.inspection import operators, traps
from declax.inspection.facts import Facts, Saved, gather
from declax.inspection.report import SEVERITIES, Finding, Report, Tensor, Totals, counted, listed
from declax.inspection.source import Opened, open_source, saved_of
from declax.io import legacy
from declax.io.beside import params_beside
from declax.io.lenient import LenientGraph, read_lenient
from declax.io.rawgraph import OLDEST_VERSION
from declax.symbol import Symbol


def inspect(
    source: "str | os.PathLike | Symbol",
    params: Any = None,
    *,
    shape: Mapping[str, Sequence[int]] | None = None,
    beside: bool = True,
) -> Report:
    """What is known about a model before it runs: a report to print, or to read as a dict.

    The graph need not be loadable: unknown operators, attributes that do not parse and parameters that do not fit are
    what the report tells. The file itself must be one.

    Args:
        source: a Symbol, or the path of a symbol JSON file of any MXNet version or of a file of parameters.
        params: the parameters that belong to the graph: a path, or a mapping of arrays by name, with or without
            `arg:` and `aux:`.
        beside: takes, where no `params` are given, the file that lies beside the graph's and is named like it, and
            says so: `net-0010.params` (of several epochs the latest) or `net.params` beside `net-symbol.json`.
        shape: shapes of inputs by name; with them the costs are counted, and what needs shapes is checked.

    Raises:
        LoadError: a file cannot be read or is not what it says it is.

    >>> net = sym.Dropout(Variable("x"), p=0.5, mode="always", name="drop")
    >>> report = inspect(net, shape={"x": (2, 3)})
    >>> bool(report), [f.kind for f in report.findings]
    (False, ['dropout_always'])
    >>> report.outputs[0].name, report.outputs[0].shape
    ('drop_output', (2, 3))
    """
    opened = open_source(source)
    if opened.saved is not None and params is None and opened.text is None and opened.symbol is None:
        return _of_arrays(opened)
    saved, found, extra = opened.saved if params is None else saved_of(params), "", []
    if saved is None and beside and opened.text is not None:
        saved, found, extra = _beside(opened.name)
    given = {**opened.shapes, **(shape or {})}
    lenient = None if opened.text is None else read_lenient(opened.text, opened.name)
    symbol = opened.symbol if lenient is None else lenient.symbol
    if symbol is None:
        raise LoadError(f"{opened.name}: expected a symbol, as a graph to which the given params belong")
    stand_ins = lenient.stand_ins if lenient else ()
    facts = gather(symbol, _known_inputs(symbol, given, explicit=shape or {}), saved, stand_ins)
    return _of_graph(opened, lenient, facts, found, extra)


def _beside(path: str) -> tuple[Saved | None, str, list[Finding]]:
    """The arrays beside a graph's file, how they were found, and what to say of those that were not read."""
    found = params_beside(path)
    if found.rivals:
        text = (
            f"{listed(found.rivals)} lie beside the graph and any may belong to it: say which, with params= (--params)."
        )
        return None, "", [Finding("note", "params_beside", text)]
    if found.path is None:
        return None, "", []
    try:
        return saved_of(found.path), found.how, []
    except LoadError as e:
        text = f"the parameters beside the graph cannot be read: {e}"
        return None, "", [Finding("warning", "params_beside", text)]


def _known_inputs(symbol: Symbol, given: Mapping[str, Any], explicit: Mapping[str, Any]) -> dict[str, Any]:
    names = symbol.list_inputs()
    for name in explicit:
        if name not in names:
            from declax.errors import BindError, nearest

            raise BindError(f"a shape is given for {name!r}, but the graph has no such input{nearest(name, names)}")
    return {k: tuple(int(d) if d and d > 0 else None for d in v) for k, v in given.items() if k in names}


def _of_arrays(opened: Opened) -> Report:
    """The report on a file of parameters alone."""
    saved = opened.saved
    assert saved is not None
    totals = Totals(saved_arrays=len(saved.arrays), saved_bytes=_bytes(saved), complete=True)
    tensors = tuple(
        Tensor(n, tuple(a.shape), a.dtype.name, saved.kinds.get(n, "array")) for n, a in saved.arrays.items()
    )
    return Report(
        opened.name, opened.format, totals=totals, inputs=tensors, findings=_sorted(array_checks.check_arrays(saved))
    )


def _of_graph(
    opened: Opened, lenient: LenientGraph | None, facts: Facts, params_found: str, more: list[Finding]
) -> Report:
    problems = lenient.problems if lenient else []
    table = operators.table(facts.order, problems)
    mismatches = array_checks.mismatches(facts)
    findings = [
        *operators.findings(table),
        *_conflicts(facts),
        *array_checks.findings(facts, mismatches),
        *traps.find(facts),
        *_unused(lenient),
        *more,
    ]
    return Report(
        source=opened.name,
        format=opened.format,
        version="" if lenient is None else _version(lenient.version),
        nodes=len(facts.order),
        operator_nodes=sum(n.op is not None for n in facts.order),
        upgrades=tuple(lenient.upgrades) if lenient else (),
        operators=table,
        inputs=tuple(_tensor(facts, Entry(n), n.name, facts.roles[n]) for n in facts.variables("input", "label")),
        outputs=tuple(_tensor(facts, e, e.node.output_name(e.index), "output") for e in facts.heads),
        parameters=mismatches,
        totals=_totals(facts),
        findings=_sorted(findings),
        given_shapes=tuple((k, v) for k, v in facts.given.items()),
        params=facts.saved.source if facts.saved else "",
        params_found=params_found,
    )


def _version(number: int) -> str:
    if number == OLDEST_VERSION:
        return "saved by MXNet before 0.9 (the file has no version)"
    return f"saved by MXNet {legacy.version_text(number)}"


def _tensor(facts: Facts, entry: Entry, name: str, role: str) -> Tensor:
    dtype = facts.types.get(Entry(entry.node, entry.index))
    return Tensor(name, facts.shape(entry), None if dtype is None else dtype.name, role)


def _conflicts(facts: Facts) -> list[Finding]:
    found = []
    for node, words in facts.conflicts.items():
        lines = words.split("\n")
        message = lines[0].removeprefix("Error in operator ") + "".join(f"\n{line}" for line in lines[1:])
        found.append(Finding("error", "shapes", message, (node.name,)))
    return found


def _unused(lenient: LenientGraph | None) -> list[Finding]:
    if lenient is None or not lenient.unused:
        return []
    names = lenient.unused
    text = f"{counted(len(names), 'node')} of the file {'is' if len(names) == 1 else 'are'} needed by no output"
    return [Finding("note", "unused_nodes", f"{text} ({listed(names)}); loading leaves them out.", names)]


def _totals(facts: Facts) -> Totals:
    """Sums of what is known: by the shapes of saved arrays too."""
    public = {e: None if s is None else tuple(0 if d is None else d for d in s) for e, s in facts.shapes.items()}
    found = summary.summarise(facts.order, public, facts.types, facts.roles)
    unknown = any(n.op is not None and n.op.dynamic for n in facts.order)
    return Totals(
        parameters=found.params,
        states=found.states,
        parameter_bytes=found.param_bytes,
        output_bytes=found.output_bytes,
        flops=found.flops,
        saved_arrays=len(facts.saved.arrays) if facts.saved else 0,
        saved_bytes=_bytes(facts.saved) if facts.saved else 0,
        complete=found.complete and not unknown,
    )


def _bytes(saved: Saved) -> int:
    return sum(a.nbytes for a in saved.arrays.values())


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: SEVERITIES.index(f.severity)))
