"""`diff`: what differs between two models, their graphs and their parameters."""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from declax.comparison.graphs import Change, changes
from declax.comparison.matching import Matching
from declax.comparison.values import ArrayChange, array_changes
from declax.errors import LoadError
from declax.inspection.facts import Saved
from declax.inspection.report import counted
from declax.inspection.source import open_source, saved_of
from declax.io.lenient import read_lenient
from declax.symbol import Symbol


@dataclass(frozen=True)
class Difference:
    """What differs between two models: true when anything does. `graph` is None where no graphs were compared.

    `nodes` and `arrays` are the numbers of pairs that were compared.
    """

    a: str
    b: str
    graph: tuple[Change, ...] | None = None
    params: tuple[ArrayChange, ...] | None = None
    nodes: int = 0
    arrays: int = 0

    def __bool__(self) -> bool:
        return bool(self.graph or self.params)

    def to_dict(self) -> dict[str, Any]:
        """The differences in plain dicts, lists, strings and numbers, as JSON takes them."""
        return {
            "a": self.a,
            "b": self.b,
            "differ": bool(self),
            "nodes": self.nodes,
            "arrays": self.arrays,
            "graph": None if self.graph is None else [_plain(c) for c in self.graph],
            "params": None if self.params is None else [_plain(c) for c in self.params],
        }

    def __str__(self) -> str:
        lines = [f"a: {self.a}", f"b: {self.b}"]
        if self.graph is not None:
            lines += ["", *_graph_text(self.graph, self.nodes)]
        if self.params is not None:
            lines += ["", *_params_text(self.params, self.arrays)]
        return "\n".join(lines)


def diff(
    a: Any, b: Any, *, rtol: float = 0.0, atol: float = 0.0, progress: Callable[[str], None] | None = None
) -> Difference:
    """What differs between two graphs, two sets of parameters, or two models of both.

    Nodes are paired by what they do and how they are wired, not by name: an inserted node is one difference, and
    automatic names (`convolution0`) may differ. Attributes are compared by meaning, the default in the place of one
    that is not written; those that change no result (`workspace`, `cudnn_tune` ...) are left out.

    Args:
        a, b: each a Symbol, a mapping of arrays by name, a path of a symbol or parameter file, or a tuple
            (symbol, params) or (symbol, arguments, auxiliary states) of these. Graphs need not be loadable.
        rtol, atol: values that differ by no more than `atol + rtol * |larger value|` count as equal.
        progress: is called with the name of each array before it is compared.

    Raises:
        LoadError: a file is neither.

    >>> x = sym.FullyConnected(Variable("x"), num_hidden=3, name="fc")
    >>> y = sym.FullyConnected(sym.relu(Variable("x"), name="r"), num_hidden=4, name="fc")
    >>> found = diff(x, y)
    >>> [str(c) for c in found.graph]
    ["~ FullyConnected 'fc': num_hidden 3 -> 4", "+ relu 'r', after 'x' and before 'fc'"]
    >>> bool(diff(x, x))
    False
    """
    one, two = _Model(a), _Model(b)
    graph = params = None
    nodes = arrays = 0
    called: dict[str, str] = {}
    if one.symbol is not None and two.symbol is not None:
        matching = Matching(one.symbol.heads, two.symbol.heads)
        graph, nodes = tuple(changes(matching)), len(matching.to_b)
        called = {x.name: y.name for x, y in matching.to_b.items() if x.op is None}
    if one.saved is not None and two.saved is not None:
        first, second = one.saved.arrays, two.saved.arrays
        called = {x: y for x, y in called.items() if x in first and y in second}
        params = tuple(array_changes(first, second, called, rtol, atol, progress))
        arrays = sum(called.get(n, n) in second for n in first)
    if graph is None and params is None:
        raise LoadError(f"{one.name} and {two.name} cannot be compared: one is a graph, the other parameters")
    return Difference(one.name, two.name, graph, params, nodes, arrays)


class _Model:
    """What `diff` was given: a symbol, arrays, or both."""

    def __init__(self, given: Any):
        self.symbol: Symbol | None = None
        self.saved: Saved | None = None
        self.name = ""
        for part in given if isinstance(given, tuple) else (given,):
            self._add(part)

    def _add(self, part: Any) -> None:
        if isinstance(part, Mapping):
            known = self.saved.arrays if self.saved else {}
            added = saved_of(part)
            self.saved = Saved({**known, **added.arrays}, added.kinds)
            self.name = self.name or "params"
            return
        if not isinstance(part, str | os.PathLike | Symbol):
            kind = type(part).__name__
            raise TypeError(f"expected a Symbol, a path, a mapping of arrays or a tuple of these, got {kind}")
        opened = open_source(part)
        self.name = f"{self.name} with {opened.name}" if self.name else opened.name
        if opened.text is not None:
            self.symbol = read_lenient(opened.text, opened.name).symbol
        elif opened.symbol is not None:
            self.symbol = opened.symbol
        if opened.saved is not None:
            self.saved = opened.saved


def _plain(change: Any) -> dict[str, Any]:
    return {k: [list(d) for d in v] if k == "details" else v for k, v in asdict(change).items()}


_MOST = 40
_WORDS = {
    "attributes": "with other attributes", "marks": "with other marks", "inputs": "wired otherwise",
    "outputs": "other outputs",
}  # fmt: skip


def _graph_text(found: tuple[Change, ...], nodes: int) -> list[str]:
    if not found:
        return [f"The graphs are equal ({counted(nodes, 'node')})."]
    counts = Counter(c.kind for c in found)
    lines = [f"The graphs differ: {', '.join(f'{n} {_WORDS.get(kind, kind)}' for kind, n in counts.items())}."]
    rest = [c for c in found if c.kind != "renamed"]
    names = [c for c in found if c.kind == "renamed"]
    for some, most in ((rest, _MOST), (names, _MOST // 4)):
        lines += [f"  {c}" for c in some[:most]]
        if len(some) > most:
            lines.append(f"  and {len(some) - most} more")
    return lines


def _params_text(found: tuple[ArrayChange, ...], arrays: int) -> list[str]:
    if not found:
        return [f"The parameters are equal ({counted(arrays, 'array')})."]
    counts = Counter(c.state for c in found)
    lines = [f"The parameters differ: {', '.join(f'{n} {state}' for state, n in counts.items())}."]
    ordered = sorted(found, key=lambda c: (c.state == "values", -c.relative))
    lines += [f"  {c}" for c in ordered[:_MOST]]
    if len(ordered) > _MOST:
        lines.append(f"  and {len(ordered) - _MOST} more")
    return lines
