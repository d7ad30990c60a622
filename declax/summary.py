"""`print_summary`: the table of a network's layers, with what each costs, and `summary`, the numbers behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from declax import cost, graph
from declax.graph import Entry, Node
from declax.util import is_np_shape


@dataclass(frozen=True)
class Row:
    """One node in a Summary.

    `params` counts the elements of its parameters, `states` of its auxiliary states, `flops` the floating point
    operations of its forward pass (a multiply-add is two); a value that depends on unknown shapes is None.
    """

    name: str
    op: str
    output_shapes: tuple[tuple[int, ...] | None, ...]
    params: int | None
    states: int | None
    param_bytes: int | None
    output_bytes: int | None
    flops: int | None
    inputs: tuple[str, ...]
    shared: tuple[str, ...] = ()
    """Parameters that an earlier node uses as well; the totals count them once."""

    @property
    def bytes(self) -> int | None:
        """Memory of its outputs, parameters and auxiliary states."""
        if self.output_bytes is None or self.param_bytes is None:
            return None
        return self.output_bytes + self.param_bytes


@dataclass(frozen=True)
class Summary:
    """What `summary` returns: the rows, and totals in which a shared parameter counts once."""

    rows: tuple[Row, ...]
    params: int
    states: int
    param_bytes: int
    output_bytes: int
    flops: int
    complete: bool
    """False when some shape is unknown, so that the totals hold only what is known."""

    @property
    def bytes(self) -> int:
        """Memory of all outputs, parameters and auxiliary states, before XLA fuses and reuses buffers."""
        return self.param_bytes + self.output_bytes

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)


def check_symbol(symbol: Any) -> None:
    """TypeError unless it is a Symbol."""
    from declax.symbol import Symbol

    if not isinstance(symbol, Symbol):
        raise TypeError(f"symbol must be a Symbol, not {type(symbol).__name__}")


def infer_entries(
    symbol: Any, what: str, known: Mapping[str, Any] | None, *, partial: bool = False
) -> dict[Entry, Any]:
    """The shape or type (`what`) of every visible output of every node, None where it is unknown.

    Unless `partial`, ValueError says which arguments were missing.
    """
    internals = symbol.get_internals()
    given = known or {}
    found = getattr(internals, f"infer_{what}_partial")(**given)[1] if partial else None
    if not partial:
        arguments, found, _ = getattr(internals, f"infer_{what}_partial")(**given)
        missing = [n for n, v in zip(internals.list_arguments(), arguments, strict=True) if not _known(what, v)]
        if missing:
            raise ValueError(f"Input {what} is incomplete: the {what} of {', '.join(missing)} cannot be inferred")
    if found is None:
        return {}
    return {Entry(e.node, e.index): v for e, v in zip(internals.heads, found, strict=True)}


def _known(what: str, value: Any) -> bool:
    return value is not None and (what == "type" or _size(value) is not None)


def summary(
    symbol: Any, shape: Mapping[str, Sequence[int]] | None = None, dtype: Mapping[str, Any] | None = None
) -> Summary:
    """Output shapes, parameters, floating point operations and bytes, per node and in total.

    A parameter is an argument that `shape` does not name and that is no label of a loss; unknown types count as
    float32. Without `shape`, what cannot be inferred is None and missing from the totals.

    >>> w = Variable("w")
    >>> net = sym.FullyConnected(Variable("x"), weight=w, num_hidden=8, no_bias=True, name="a")
    >>> net = sym.FullyConnected(net, weight=w, num_hidden=8, no_bias=True, name="b")
    >>> s = summary(net, {"x": (4, 8)})
    >>> s.params, s["b"].params, s.flops, s.bytes
    (64, 64, 1024, 640)
    """
    check_symbol(symbol)
    order = graph.topological(symbol.heads)
    shapes = infer_entries(symbol, "shape", shape, partial=shape is None)
    types = infer_entries(symbol, "type", dtype, partial=True)
    return summarise(order, shapes, types, roles(order, shape))


def summarise(
    order: Sequence[Node], shapes: Mapping[Entry, Any], types: Mapping[Entry, Any], role_of: Mapping[Node, str]
) -> Summary:
    """The Summary of nodes in topological order, from what is known of their entries and variables."""
    work = _Work(shapes, types, role_of)
    rows, counted, complete = [], set(), True
    totals = dict.fromkeys(("params", "states", "param_bytes", "output_bytes", "flops"), 0)
    for node in order:
        if node.op is None and work.roles[node] != "input":
            continue
        owned = {e.node: work.roles[e.node] for e in node.inputs if work.roles.get(e.node) in ("parameter", "state")}
        row = work.row(node, owned, counted)
        rows.append(row)
        for variable, role in owned.items():
            if variable not in counted:
                counted.add(variable)
                totals["params" if role == "parameter" else "states"] += work.size(variable) or 0
                totals["param_bytes"] += work.bytes(Entry(variable)) or 0
        totals["output_bytes"] += row.output_bytes or 0
        totals["flops"] += row.flops or 0
        by_value = node.op is not None and (node.op.dynamic or node.op.takes_subgraphs)
        complete &= by_value or (row.bytes is not None and row.flops is not None)
    return Summary(tuple(rows), **totals, complete=complete)


def roles(order: Sequence[Node], shape: Mapping | None) -> dict[Node, str]:
    """What each variable is: `input`, `parameter`, `state` or `label`, by how the nodes use it."""
    found = {n: "input" for n in order if n.op is None}
    for node in order:
        if node.op is None:
            continue
        declared = [node.op.inputs[i] for i in node.op.present(node.params or {})]
        for position, (variable, *_) in enumerate(node.inputs):
            if found.get(variable) != "input":
                continue
            known = declared[position] if position < len(declared) else None
            if known is not None and known.is_aux:
                found[variable] = "state"
            elif position > 0 and (node.op.loss or variable.name.endswith("label")):
                found[variable] = "label"
            elif shape is None:
                if known is not None and known.rule is not None:
                    found[variable] = "parameter"
            elif variable.name not in shape:
                found[variable] = "parameter"
    return found


class _Work:
    """The inferred facts of one graph, and the costs of its nodes, computed once for equal ones."""

    def __init__(self, shapes: Mapping[Entry, Any], types: Mapping[Entry, Any], roles: Mapping[Node, str]):
        self.shapes, self.types, self.roles, self._flops = shapes, types, roles, {}

    def size(self, variable: Node) -> int | None:
        """Elements of a variable."""
        return _size(self.shapes.get(Entry(variable)))

    def bytes(self, entry: Entry) -> int | None:
        """Bytes of an entry."""
        elements = _size(self.shapes.get(entry))
        return None if elements is None else elements * self.dtype(entry).itemsize

    def dtype(self, entry: Entry) -> np.dtype:
        """The type of an entry, float32 while it is unknown."""
        return np.dtype(self.types.get(entry) or "float32")

    def row(self, node: Node, owned: dict[Node, str], counted: set[Node]) -> Row:
        """The row of a node that owns these variables; `counted` are those of earlier rows."""
        outputs = [Entry(node, i) for i in range(node.visible_outputs())]
        inputs = [e.node for e in node.inputs if e.node not in owned and self.roles.get(e.node, "input") == "input"]
        return Row(
            name=node.name,
            op=node.op_name,
            output_shapes=tuple(self.shapes.get(e) for e in outputs),
            params=_total(self.size(v) for v, role in owned.items() if role == "parameter"),
            states=_total(self.size(v) for v, role in owned.items() if role == "state"),
            param_bytes=_total(self.bytes(Entry(v)) for v in owned),
            output_bytes=_total(map(self.bytes, outputs)),
            flops=self.flops(node),
            inputs=tuple(n.name for n in inputs),
            shared=tuple(v.name for v in owned if v in counted),
        )

    def flops(self, node: Node) -> int | None:
        """`cost.flops` of a node."""
        if node.op is None:
            return 0
        entries = [Entry(e.node, e.index) for e in node.inputs]
        shapes = tuple(self.shapes.get(e) for e in entries)
        outputs = (Entry(node, i) for i in range(node.visible_outputs()))
        if any(_size(s) is None for s in (*shapes, *map(self.shapes.get, outputs))):
            return None
        types = tuple(map(self.dtype, entries))
        key = (node.op, tuple(node.attrs.items()), shapes, types)
        if key not in self._flops:
            known = [s for s in shapes if s is not None]
            self._flops[key] = cost.flops(node.op, node.params or {}, known, types)
        return self._flops[key]


def _size(shape: Sequence[int] | None) -> int | None:
    """Number of elements of a public shape, None while it is unknown."""
    if shape is None or any(d < 0 for d in shape) or (not is_np_shape() and (not shape or 0 in shape)):
        return None
    return prod(shape)


def _total(values: Any) -> int | None:
    values = list(values)
    return None if None in values else sum(values)


def print_summary(
    symbol: Any,
    shape: Mapping[str, Sequence[int]] | None = None,
    line_length: int = 120,
    positions: Sequence[float] = (0.44, 0.64, 0.74, 1.0),
) -> None:
    """Prints a table of the network's layers: output shapes, parameters, and what MXNet's table lacks, cost.

    Args:
      symbol: what to print.
      shape: shapes of the inputs by name; without it the table holds only what can be inferred.
      line_length: width of the table.
      positions: where the four columns of MXNet's table end, as numbers of characters or parts of the line. Two
        more columns follow to the right when `shape` is given: floating point operations and bytes (`summary`).

    Parameter counts come from the inferred shapes, so they are also right where MXNet guesses (a fully connected
    layer on an image, parameters shared by several layers).

    >>> net = sym.FullyConnected(Variable("x"), num_hidden=8, name="fc")
    >>> print_summary(net, {"x": (4, 8)}, line_length=64)
    ________________________________________________________________________________________
    Layer (type)                Output ShapeParam #Previous Layer          FLOPs       Bytes
    ========================================================================================
    x(null)                     8           0                                  0       128 B
    ________________________________________________________________________________________
    fc(FullyConnected)          8           72     x                         544       416 B
    ========================================================================================
    Total params: 72
    Total forward FLOPs: 544
    Total bytes: 544 B (parameters 288 B, outputs 256 B)
    ________________________________________________________________________________________
    """
    found = summary(symbol, shape)
    ends = [int(line_length * p) for p in positions] if positions[-1] <= 1 else [int(p) for p in positions]
    costs = shape is not None
    width = line_length + (24 if costs else 0)

    def line(fields: Sequence[Any], right: Sequence[str] = ()) -> str:
        text = ""
        for field, end in zip(fields, ends, strict=True):
            text = (text + str(field))[:end].ljust(end)
        return (text.ljust(line_length) + "".join(f"{r:>12}" for r in right)) if costs else text

    print("_" * width)
    print(line(["Layer (type)", "Output Shape", "Param #", "Previous Layer"], ["FLOPs", "Bytes"]))
    print("=" * width)
    for i, row in enumerate(found.rows):
        out = row.output_shapes[0] or ()
        dims = "x".join(str(d) if d else "?" for d in out[1:])
        cells = [f"{row.name}({row.op})", dims, _or_unknown(row.params), (row.inputs or ("",))[0]]
        print(line(cells, [_or_unknown(row.flops), _human(row.bytes)]))
        for name in row.inputs[1:]:
            print(line(["", "", "", name]))
        print(("=" if i == len(found.rows) - 1 else "_") * width)
    print(f"Total params: {found.params}" + ("" if found.complete else " (where shapes are known)"))
    if costs:
        print(f"Total forward FLOPs: {found.flops}")
        parts = f"parameters {_human(found.param_bytes)}, outputs {_human(found.output_bytes)}"
        print(f"Total bytes: {_human(found.bytes)} ({parts})")
        shared = sorted({n for row in found.rows for n in row.shared})
        if shared:
            print(f"Counted once though shared: {', '.join(shared)}")
    print("_" * width)


def _or_unknown(value: int | None) -> str:
    return "?" if value is None else str(value)


def _human(size: int | None) -> str:
    """A number of bytes with a unit, three significant digits."""
    if size is None:
        return "?"
    value, unit = float(size), 0
    while value >= 1024 and unit < 4:
        value, unit = value / 1024, unit + 1
    return f"{size} B" if unit == 0 else f"{value:.3g} {('KiB', 'MiB', 'GiB', 'TiB')[unit - 1]}"
