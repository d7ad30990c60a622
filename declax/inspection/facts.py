"""What the checks of `inspect` look at: nodes, shapes, types, roles and saved arrays, inferred without ever failing."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from declax import graph, infer, shapes, summary
from declax.graph import Entry, Node
from declax.shapes import PartialShape
from declax.symbol import Symbol


@dataclass
class Facts:
    """One graph, and what is known about it.

    `shapes` and `types` are by entry, `roles` by variable (`input`, `label`, `parameter`, `state`), `expected` the
    shapes of variables that follow from the graph and the given shapes alone, `conflicts` the words of nodes that
    contradict their inputs, `saved` the arrays by name without `arg:` and `aux:` (None where no file was given).
    """

    order: list[Node]
    heads: tuple[Entry, ...]
    given: dict[str, tuple[int, ...]]
    saved: "Saved | None"
    roles: dict[Node, str] = field(default_factory=dict)
    expected: dict[str, PartialShape] = field(default_factory=dict)
    shapes: dict[Entry, PartialShape] = field(default_factory=dict)
    types: dict[Entry, np.dtype | None] = field(default_factory=dict)
    conflicts: dict[Node, str] = field(default_factory=dict)
    users: dict[Node, list[tuple[Node, int]]] = field(default_factory=dict)
    stand_ins: set[Node] = field(default_factory=set)

    def variables(self, *roles: str) -> list[Node]:
        """The variables of these roles, in the graph's order."""
        return [n for n in self.order if n.op is None and self.roles[n] in roles]

    def calls(self, *names: str) -> Iterator[Node]:
        """The nodes of these operators, but for those that cannot be loaded."""
        return (n for n in self.order if n.op is not None and n.op.name in names and n not in self.stand_ins)

    def shape(self, entry: Entry) -> PartialShape:
        """What is known of an entry's shape."""
        return self.shapes.get(Entry(entry.node, entry.index))

    def input_of(self, node: Node, name: str) -> Node | None:
        """The variable that is an input of a node under the operator's name for it."""
        names = node.input_names()
        found = node.inputs[names.index(name)].node if name in names[: len(node.inputs)] else None
        return found if found is not None and found.op is None else None

    def array(self, variable: Node | None) -> np.ndarray | None:
        """The saved array of a variable."""
        return None if variable is None or self.saved is None else self.saved.arrays.get(variable.name)


@dataclass(frozen=True)
class Saved:
    """Saved arrays by bare name, `kinds` which of them said `arg` or `aux`; `source` is the file's name."""

    arrays: Mapping[str, np.ndarray]
    kinds: Mapping[str, str]
    source: str = "params"
    storage: Mapping[str, str] = field(default_factory=dict)


def gather(symbol: Symbol, given: Mapping[str, Any], saved: Saved | None, stand_ins: Collection[Node] = ()) -> Facts:
    """Facts about a symbol of which some nodes may be stand-ins; `given` are shapes of inputs by name."""
    order = graph.topological(symbol.heads)
    facts = Facts(order, symbol.heads, {k: tuple(v) for k, v in given.items()}, saved, stand_ins=set(stand_ins))
    for node in order:
        for position, entry in enumerate(node.inputs):
            facts.users.setdefault(entry.node, []).append((node, position))
    facts.roles = summary.roles(order, None)
    for n in facts.variables("input"):
        if (saved is not None and n.name in saved.arrays) or (n.name not in facts.given and _made_for(facts, n)):
            facts.roles[n] = "parameter"
    start: dict[str, PartialShape] = dict(facts.given)
    types = _types(symbol)
    hints = {} if saved is None else _hints(facts, infer.infer_what_fits(symbol.heads, start, types)[0])
    alone, _ = infer.infer_what_fits(symbol.heads, start, types, hints=hints)
    facts.expected = {n.name: alone.of(Entry(n)) for n in order if n.op is None}
    if saved is not None:
        for n in facts.variables("parameter", "state"):
            if n.name in saved.arrays and fits(facts.expected[n.name], saved.arrays[n.name].shape):
                start[n.name] = saved.arrays[n.name].shape
    found, conflicts = infer.infer_what_fits(symbol.heads, start, types, hints=hints)
    facts.conflicts = conflicts
    for node in order:
        for i in range(node.num_outputs()):
            facts.shapes[Entry(node, i)] = found.of(Entry(node, i))
            facts.types[Entry(node, i)] = types.of(Entry(node, i))
    return facts


_PARAMETER_ENDS = ("_weight", "_bias", "_gamma", "_beta", "_parameters")
PASSING = frozenset(
    """_copy Cast BlockGrad amp_cast _plus_scalar _minus_scalar _rminus_scalar _mul_scalar _div_scalar
    broadcast_add broadcast_sub broadcast_mul broadcast_div BatchNorm BatchNorm_v1""".split()
)
"""Operators that keep the shape of their first input and do no more than scale, shift or convert it."""


def _made_for(facts: Facts, variable: Node) -> bool:
    """Whether a variable is named like a parameter, or has attributes that only parameters are given."""
    if "__init__" in variable.attrs or {"__shape__", "__lr_mult__"} <= variable.attrs.keys():
        return True
    for user, position in facts.users.get(variable, []):
        names = user.input_names()
        if position and position < len(names) and variable.name == f"{user.name}_{names[position]}":
            return True
    return variable.name.endswith(_PARAMETER_ENDS)


def _hints(facts: Facts, found: infer.Inferred) -> dict[Entry, PartialShape]:
    """Shapes that saved weights tell of inputs, and of outputs of stand-ins, about which nothing is known otherwise."""
    hints: dict[Entry, PartialShape] = {}
    told: set[Node] = set()  # nodes that will follow from the hints so far
    for node in facts.order:
        if node in facts.stand_ins or not node.inputs:
            continue
        first = Entry(node.inputs[0].node, node.inputs[0].index)
        if first not in hints and found.of(first) is None and first.node not in told:
            shape = _data_shape(node, facts.array(facts.input_of(node, "weight")))
            if shape is not None:
                while first.node.op is not None and first.node.op.name in PASSING and first.node.inputs:
                    told.add(first.node)
                    first = Entry(first.node.inputs[0].node, first.node.inputs[0].index)
                hints[first] = shape
        if any(e.node in told or Entry(e.node, e.index) in hints for e in node.inputs):
            told.add(node)
    return hints


def _data_shape(node: Node, weight: np.ndarray | None) -> PartialShape:
    """What the saved weight of a layer tells of the layer's data."""
    params = node.params or {}
    if weight is None:
        return None
    if node.op_name == "Convolution" and str(params["layout"] or "NC").startswith("NC") and weight.ndim > 2:
        return (None, weight.shape[1] * params["num_group"], *(None,) * (weight.ndim - 2))
    if node.op_name == "FullyConnected" and weight.ndim == 2 and node.inputs[0].node.op is not None:
        return (None, weight.shape[1])
    return None


def _types(symbol: Symbol) -> Any:
    """Types with float32 for the arguments that nothing decides."""
    order = graph.topological(symbol.heads)
    states = graph.auxiliary_ids(order)
    free = [n for n in order if n.op is None and id(n) not in states and "__dtype__" not in n.attrs]
    alone, _ = infer.infer_what_fits(symbol.heads, {}, what="types")
    start = {n.name: np.dtype("float32") for n in free if alone.of(Entry(n)) is None}
    return infer.infer_what_fits(symbol.heads, start, what="types")[0]


def fits(expected: PartialShape, shape: PartialShape) -> bool:
    """Whether a shape can be the one that is expected."""
    try:
        shapes.merge(expected, shape)
    except shapes.ShapeConflict:
        return False
    return True
