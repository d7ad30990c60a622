"""Graphs that cannot be loaded, read as far as they make sense: what is wrong with a node is told, not raised.

A node whose operator is unknown, whose attributes do not parse or whose inputs and outputs do not fit becomes a
stand-in under its own name: it has the outputs that others use, and nothing is inferred about them. Everything
around it stays what it is, so names, shapes and parameters can still be looked at. Text that is no symbol JSON at all
stays a LoadError.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from declax.attrs import HIDDEN_KEYS
from declax.errors import LoadError, OperatorError
from declax.graph import Entry, Node, topological
from declax.io import legacy
from declax.io.rawgraph import RawGraph, RawNode, parse_json
from declax.registry import OpDef, find, lookup, unsupported_names

if TYPE_CHECKING:
    from declax.symbol import Symbol


@dataclass(frozen=True)
class Problem:
    """Why one node cannot be loaded.

    `kind`: `unknown` (no such operator), `unsupported` (MXNet has it, declax on purpose not), `custom` (a custom
    operator that is not registered), `attributes`, `inputs` or `outputs` (they do not fit the operator).
    """

    kind: str
    node: str
    op: str
    why: str
    attrs: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: int = 1


@dataclass(frozen=True)
class LenientGraph:
    """A graph with stand-ins, what was upgraded in it, what keeps it from loading, and what no output needs."""

    symbol: "Symbol"
    version: int
    upgrades: list[legacy.Upgrade]
    problems: list[Problem]
    unused: tuple[str, ...]

    @property
    def stand_ins(self) -> set[Node]:
        """The nodes of the graph that stand for those that cannot be loaded."""
        return {n for n in topological(self.symbol.heads) if n.op is not None and n.op.function is _unknown}


def read_lenient(text: str | bytes, where: str = "symbol JSON") -> LenientGraph:
    """A symbol's JSON text with stand-ins for what cannot be loaded; LoadError when the text is no graph at all.

    >>> text = '{"nodes": [{"op": "null", "name": "x", "inputs": []}, '
    >>> text += '{"op": "Swirl", "name": "s", "inputs": [[0, 0]]}], "arg_nodes": [0], "heads": [[1, 0]]}'
    >>> found = read_lenient(text)
    >>> found.symbol.list_outputs(), [(p.kind, p.node) for p in found.problems]
    (['s_output'], [('unknown', 's')])
    """
    from declax.symbol import Symbol

    raw = parse_json(text, where)
    try:
        upgrades = _upgrade(raw, _is_unknown)
    except LoadError:  # attributes that do not parse; the graph may be half upgraded
        raw = parse_json(text, where)
        upgrades = _upgrade(raw, lambda node: _is_unknown(node) or not _parses(node))
    problems: list[Problem] = []
    heads = _heads(raw, problems)
    needed = set(raw.order())
    unused = tuple(n.name for i, n in enumerate(raw.nodes) if i not in needed)
    return LenientGraph(Symbol(heads), raw.version, upgrades, problems, unused)


def _is_unknown(node: RawNode) -> bool:
    return find(node.op) is None


def _parses(node: RawNode) -> bool:
    """Whether a known operator takes the attributes of a node that is not upgraded yet."""
    own = {k: v for k, v in node.attrs.items() if not any(h in k for h in HIDDEN_KEYS)}
    try:
        lookup(node.op).parse(own, node.name)
    except OperatorError:
        return False
    return True


def _upgrade(raw: RawGraph, skip: Any) -> list[legacy.Upgrade]:
    """`legacy.upgrade` that takes the operators to skip for variables meanwhile."""
    hidden = [(n, n.op) for n in raw.nodes if not n.is_variable and skip(n)]
    for node, _ in hidden:
        node.op = "null"
    try:
        return legacy.upgrade(raw)
    finally:
        for node, op in hidden:
            node.op = op


def _heads(raw: RawGraph, problems: list[Problem]) -> list[Entry]:
    order = raw.order()
    used = [1] * len(raw.nodes)
    for entries in (raw.heads, *(raw.nodes[i].inputs for i in order)):
        for source, output, _ in entries:
            used[source] = max(used[source], output + 1)
    nodes: list[Node] = [None] * len(raw.nodes)  # pyright: ignore[reportAssignmentType]
    for index in order:
        source = raw.nodes[index]
        subgraphs = tuple(_heads(s, problems) for s in source.subgraphs)
        if source.is_variable and used[index] == 1:
            nodes[index] = Node(None, source.name, source.attrs)
            continue
        op, params = _definition(raw, source, used[index], problems)
        node = nodes[index] = Node(op, source.name, source.attrs, params, (), subgraphs)
        node.inputs = [Entry(nodes[i], k, v) for i, k, v in source.inputs]
        for i in node.mutated() if op.has_aux else ():
            if i < len(node.inputs) and node.inputs[i].node.op is None:
                node.inputs[i].node.version = max(node.inputs[i].node.version, node.inputs[i].version)
    return [Entry(nodes[i], k, v) for i, k, v in raw.heads]


def _definition(raw: RawGraph, node: RawNode, used: int, problems: list[Problem]) -> tuple[OpDef, dict[str, Any]]:
    """The operator and its hyper-parameters, or a stand-in when they do not fit, which `problems` then tells."""
    try:
        op = lookup(node.op)
        params = op.parse(node.attrs, node.name)
        kind, why = _misfit(op, params, len(node.inputs), used)
        if not kind:
            return op, params
    except OperatorError as e:
        why = str(e)
        kind = "attributes"
        if find(node.op) is None:
            kind = "unsupported" if node.op in unsupported_names() else "unknown"
        elif node.op == "Custom" and "Cannot find custom operator" in why:
            kind = "custom"
    names = tuple(raw.nodes[i].name for i, _, _ in node.inputs)
    problems.append(Problem(kind, node.name, node.op, why, dict(node.attrs), names, used))
    stand_in = OpDef(_unknown, node.op, (), outputs=used, shape=_nothing, types=_nothing, dynamic=True)
    return stand_in, {}


def _misfit(op: OpDef, params: dict[str, Any], inputs: int, used: int) -> tuple[str, str]:
    """(kind, sentence) when the numbers of inputs or outputs do not fit, else two empty texts."""
    want = op.input_count(params)
    if want is not None and want >= 0 and inputs != want:
        names = "" if op.variadic else f" {list(op.input_names(params))}"
        return "inputs", f"the operator takes {want} inputs{names}, but {inputs} are given"
    if used > op.num_outputs(params):
        return "outputs", f"output {used - 1} is used, but the operator has {op.num_outputs(params)} outputs"
    return "", ""


def _unknown(*data: Any) -> Any:
    """An operator that declax does not know."""
    raise OperatorError("an unknown operator cannot run")


def _nothing(ins: list, outs: list) -> None:
    """What is inferred about a stand-in."""
