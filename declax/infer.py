"""Shape and type inference over a whole graph, forward and backward, to a fixed point.

Each sweep visits every unfinished node once: parameters are deduced, the operator's rule runs, and where it has
none `jax.eval_shape` of its body decides once all inputs are known. Sweeps go forward, then backward, until nothing
more becomes known, as in MXNet.
"""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from declax import graph, rules, shapes
from declax.attrs import DTYPES, AttrError, hyper_parameter
from declax.errors import InferenceError
from declax.graph import Entry, Node
from declax.rules import TypeConflict, dtype_of
from declax.shapes import PartialShape, ShapeConflict
from declax.util import is_np_shape


def as_dtype(value: Any) -> np.dtype:
    """The numpy dtype of what a user gives as one: a name, a class, a dtype or MXNet's type number."""
    if isinstance(value, str) and value == "bfloat16":
        return dtype_of(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return dtype_of(DTYPES[value])
    kind: Any = value
    return np.dtype(kind)


@dataclass
class Inferred:
    """What inference found: one value per argument, output and auxiliary state, and per entry of the graph."""

    arguments: list[Any]
    outputs: list[Any]
    auxiliary: list[Any]
    complete: bool
    entries: dict[int, list[Any]] = field(repr=False, default_factory=dict)

    def of(self, entry: Entry) -> Any:
        """What is known of one entry of the graph."""
        return self.entries[id(entry.node)][entry.index]

    def public(self) -> tuple[list, list, list]:
        """Shapes as users see them."""
        return _public(self.arguments), _public(self.outputs), _public(self.auxiliary)

    def public_types(self) -> tuple[list, list, list]:
        """Types as numpy scalar classes."""
        return _public_types(self.arguments), _public_types(self.outputs), _public_types(self.auxiliary)


def _public(found: Sequence[PartialShape]) -> list:
    return [shapes.to_public(s) for s in found]


def _public_types(found: Sequence[np.dtype | None]) -> list:
    return [None if t is None else t.type for t in found]


def infer_shapes(
    heads: Sequence[Entry],
    known: Mapping[str, Any],
    types: "Inferred | None" = None,
    *,
    exact: bool = False,
    order: Sequence[Node] | None = None,
) -> Inferred:
    """Shapes of every entry from the variables' known shapes and `__shape__` attributes.

    `known` is as users write shapes (0 or -1 for unknown), or with `exact` the shapes of arrays; `order` is the graph's
    topological order, where the caller has it.
    """
    start = {name: tuple(s) if exact else shapes.from_public(s) for name, s in known.items()}
    return _Pass(heads, start, _ShapeKind(types), order).run()


def infer_types(heads: Sequence[Entry], known: Mapping[str, np.dtype]) -> Inferred:
    """Types of every entry from the variables' known types and `__dtype__` attributes."""
    return _Pass(heads, known, _TypeKind()).run()


def infer_what_fits(
    heads: Sequence[Entry], known: Mapping[str, Any], types: "Inferred | None" = None, *, what: str = "shapes",
    hints: Mapping[Entry, Any] | None = None,
) -> tuple["Inferred", dict[Node, str]]:  # fmt: skip
    """`infer_shapes` or `infer_types` (`what`) that goes on where nodes contradict their inputs.

    `known` is partial shapes with None for unknown dimensions, or types, by name; `hints` the same by entry, for
    outputs of which no rule tells anything.

    Returns:
        What was found, the outputs of such nodes unknown, and by node what it says.
    """
    work = _LenientPass(heads, known, _ShapeKind(types) if what == "shapes" else _TypeKind())
    for entry, value in (hints or {}).items():
        work.values[id(entry.node)][entry.index] = value
    return work.run(), work.conflicts


def decide_types(heads: Sequence[Entry], given: Mapping[str, Any]) -> Inferred:
    """Types with float32 for the arguments that neither `given` (as users write types) nor the graph decides."""
    order = graph.topological(heads)
    states = graph.auxiliary_ids(order)
    arguments = [n for n in order if n.op is None and id(n) not in states]
    names = {n.name for n in order if n.op is None}
    known = {k: as_dtype(v) for k, v in given.items() if k in names}
    if not known:
        known = {n.name: np.dtype("float32") for n in arguments if "__dtype__" not in n.attrs}
    types = infer_types(heads, known)
    while any(t is None for t in types.arguments):
        undecided = next(n.name for n, t in zip(arguments, types.arguments, strict=True) if t is None)
        known[undecided] = np.dtype("float32")
        types = infer_types(heads, known)
    return types


class _ShapeKind:
    """How the pass treats shapes."""

    attribute = "__shape__"

    def __init__(self, types: Inferred | None):
        self.types = types
        self.inside: dict[int, list] = {}

    def read(self, text: str) -> PartialShape:
        return shapes.from_public(_SHAPE.parse(text))

    is_known = staticmethod(shapes.is_complete)
    merge = staticmethod(shapes.merge)
    same = staticmethod(operator.eq)

    @staticmethod
    def all_known(values: Sequence[PartialShape]) -> bool:
        return None not in values and all(None not in s for s in values if s is not None)

    def step(self, node: Node, ins: list, outs: list) -> None:
        op, params = node.op, node.params
        assert op is not None
        assert params is not None
        if op.needs_shape and ins and ins[0] is None:
            raise ShapeConflict(f"the shape of its input {node.inputs[0].node.name!r} must be known here")
        if op.deduces:
            _deduce(node, ins)
        rule = op.shape_rule
        if rule is not None:
            rule(ins, outs, **params, **_subgraphs(node, self))
        elif None not in ins and all(None not in s for s in ins):
            known = eval_shape(node, tuple(ins), self._dtypes(node))
            for i, (shape, _) in enumerate(known):
                rules.assign(outs, i, shape)

    def _dtypes(self, node: Node) -> tuple:
        if self.types is None:
            return (np.dtype("float32"),) * len(node.inputs)
        return tuple(_or_float32(self.types.of(e)) for e in node.inputs)


def _or_float32(dtype: np.dtype | None) -> np.dtype:
    return np.dtype("float32") if dtype is None else dtype


class _TypeKind:
    """How the pass treats types."""

    attribute = "__dtype__"

    def __init__(self):
        self.inside: dict[int, list] = {}

    def read(self, text: str) -> np.dtype | None:
        number = int(text)
        return None if number < 0 else dtype_of(DTYPES[number])

    @staticmethod
    def is_known(value: np.dtype | None) -> bool:
        return value is not None

    merge = staticmethod(rules.merge_type)

    @staticmethod
    def same(a: Sequence[np.dtype | None], b: Sequence[np.dtype | None]) -> bool:
        # numpy takes None for float64 in a comparison of dtypes
        return all(x is y or (x is not None and y is not None and x == y) for x, y in zip(a, b, strict=True))

    @staticmethod
    def all_known(values: Sequence[np.dtype | None]) -> bool:
        return not any(t is None for t in values)

    def step(self, node: Node, ins: list, outs: list) -> None:
        op, params = node.op, node.params
        assert op is not None
        assert params is not None
        if op.needs_type and ins and ins[0] is None:
            raise TypeConflict(f"the type of its input {node.inputs[0].node.name!r} must be known here")
        rule = op.type_rule
        if rule is None:
            rules.same_type(ins, outs)
        else:
            rule(ins, outs, **params, **_subgraphs(node, self))


_NO_SUBGRAPHS: dict[str, tuple] = {"subgraphs": ()}


def _subgraphs(node: Node, kind: Any) -> dict[str, tuple]:
    """What the rule of a control-flow node asks for: by subgraph a function `(ins, outs)` that infers in place."""
    if not node.subgraphs:
        return _NO_SUBGRAPHS
    return {"subgraphs": tuple(_Inside(heads, kind) for heads in node.subgraphs)}


class _Inside:
    """A subgraph as rules see it: called with `(ins, outs)` it infers in place."""

    def __init__(self, heads: Sequence[Entry], kind: Any):
        self.heads, self.kind = heads, kind

    def __call__(self, ins: list, outs: list) -> None:
        _infer_inside(self.heads, self.kind, ins, outs)

    @property
    def variables(self) -> int:
        """How many variables the subgraph has."""
        return sum(n.op is None for n in graph.topological(self.heads))

    @property
    def operators(self) -> list[tuple[str, dict[str, Any]]]:
        """Names and hyper-parameters of the subgraph's operators."""
        return graph.operators(self.heads)


def _infer_inside(heads: Sequence[Entry], kind: Any, ins: list, outs: list) -> None:
    """Inference over a subgraph, from and to the lists of its variables and heads."""
    inside = _Pass(heads, {}, kind)
    places = [(id(n), 0) for n in inside.order if n.op is None] + [(id(e.node), e.index) for e in heads]
    for (node, index), value in zip(places, (*ins, *outs), strict=True):
        inside.values[node][index] = kind.merge(inside.values[node][index], value)
    try:
        inside.run()
    except InferenceError as e:
        raise ShapeConflict(str(e)) from None
    found = [inside.values[node][index] for node, index in places]
    ins[:], outs[:] = found[: len(ins)], found[len(ins) :]
    kind.inside.update(inside.values)


def _deduce(node: Node, ins: list) -> None:
    """Shapes of parameters from the rules that stand beside them in the operator's signature."""
    op, params = node.op, node.params
    assert op is not None
    assert params is not None
    present = op.present(params)
    by_name = None
    for position, i in enumerate(present):
        rule = op.inputs[i].rule
        if rule is None:
            continue
        if by_name is None:
            by_name = {op.inputs[k].name: ins[p] for p, k in enumerate(present)}
        if any(n in by_name and by_name[n] is None for n in rule.names):
            continue
        asked = {n: by_name[n] if n in by_name else params.get(n) for n in rule.names}
        expected = rule.function(**asked)
        try:
            ins[position] = shapes.merge(ins[position], expected)
        except ShapeConflict:
            raise ShapeConflict(
                f"input {op.inputs[i].name!r}: expected {shapes.show(expected)}, got {shapes.show(ins[position])}"
            ) from None
        by_name[op.inputs[i].name] = ins[position]


class _Pass:
    """One inference: the state of every entry and the sweeps over it."""

    def __init__(
        self, heads: Sequence[Entry], known: Mapping[str, Any], kind: Any, order: Sequence[Node] | None = None
    ):
        self.heads, self.kind = heads, kind
        self.order = graph.topological(heads) if order is None else order
        self.values: dict[int, list] = {}
        for node in self.order:
            if node.op is not None:
                self.values[id(node)] = [None] * node.num_outputs()
                continue
            self.values[id(node)] = [self._start(node, known.get(node.name))]

    def _start(self, node: Node, value: Any) -> Any:
        """What is known of a variable before anything is inferred: what was given and what it declares itself."""
        kind, text = self.kind, node.attrs.get(self.kind.attribute)
        if text is None or kind.is_known(value):
            return value
        try:
            declared = kind.read(text)
        except (ValueError, IndexError) as e:
            raise InferenceError(f"{node.describe()}: {kind.attribute}={text!r} cannot be read: {e}") from None
        if value is None or declared is None or kind.attribute == "__dtype__":
            return declared if value is None else value
        return self._declared(node, value, declared)

    def _declared(self, node: Node, value: Any, declared: Any) -> Any:
        try:
            return self.kind.merge(value, declared)
        except (ShapeConflict, TypeConflict) as e:
            raise InferenceError(
                f"{node.describe()}: the given and the declared {self.kind.attribute} differ: {e}"
            ) from None

    def run(self) -> Inferred:
        kind, values = self.kind, self.values
        pending = [n for n in self.order if n.op is not None]
        forward = True
        stalled = 0
        while pending and stalled < 2:
            left, changed = [], False
            for node in pending if forward else reversed(pending):
                moved, finished = self._visit(node)
                changed |= moved
                if not finished:
                    left.append(node)
            pending = left if forward else left[::-1]
            forward = not forward
            stalled = 0 if changed else stalled + 1
        aux = graph.auxiliary_ids(self.order)
        variables = [n for n in self.order if n.op is None]
        complete = not pending and all(kind.is_known(values[id(v)][0]) for v in variables)
        return Inferred(
            [values[id(v)][0] for v in variables if id(v) not in aux],
            [values[id(e.node)][e.index] for e in self.heads],
            [values[id(v)][0] for v in variables if id(v) in aux],
            complete,
            values | kind.inside if kind.inside else values,
        )

    def _visit(self, node: Node) -> tuple[bool, bool]:
        """Runs one node's rules; (whether anything became known, whether everything is)."""
        kind, values = self.kind, self.values
        ins = [values[id(e[0])][e[1]] for e in node.inputs]
        outs = values[id(node)].copy()
        before = ins.copy()
        try:
            kind.step(node, ins, outs)
        except (ShapeConflict, TypeConflict) as e:
            raise self._error(node, before, str(e)) from None
        except (ValueError, TypeError, IndexError, ZeroDivisionError) as e:
            raise self._error(node, before, str(e)) from e
        changed = False
        if not kind.same(ins, before):
            for e, value in zip(node.inputs, ins, strict=True):
                values[id(e[0])][e[1]] = value
            changed = True
        if not kind.same(outs, values[id(node)]):
            values[id(node)] = outs
            changed = True
        return changed, kind.all_known(ins) and kind.all_known(outs)

    def _error(self, node: Node, ins: list, problem: str) -> InferenceError:
        show = shapes.show if self.kind.attribute == "__shape__" else (lambda t: "?" if t is None else t.name)
        names = node.input_names()
        lines = [f"Error in operator {node.name}: {problem}", f"  at {node.describe()}"]
        for i, (e, value) in enumerate(zip(node.inputs, ins, strict=True)):
            role = names[i] if i < len(names) else f"input {i}"
            lines.append(f"  {role}: {show(value)} from {e.node.describe()}")
        return InferenceError("\n".join(lines))


class _LenientPass(_Pass):
    """An inference that notes the nodes which cannot be, and goes on without them."""

    def __init__(self, heads: Sequence[Entry], known: Mapping[str, Any], kind: Any):
        self.conflicts: dict[Node, str] = {}
        super().__init__(heads, known, kind)

    def _start(self, node: Node, value: Any) -> Any:
        try:
            return super()._start(node, value)
        except InferenceError as e:
            self.conflicts[node] = str(e)
            return value

    def _visit(self, node: Node) -> tuple[bool, bool]:
        op = node.op
        if op is not None and (op.needs_shape or op.needs_type) and node.inputs:
            source = node.inputs[0]
            if self.values[id(source.node)][source.index] is None:
                return False, False
        try:
            return super()._visit(node)
        except Exception as e:  # whatever a rule or a body makes of shapes that nobody has checked
            self.conflicts[node] = str(e)
            return False, True


_SHAPE = hyper_parameter("__shape__", tuple[int | None, ...], None)


_memory: dict[tuple, tuple] = {}


def eval_shape(node: Node, ins: tuple[PartialShape, ...], dtypes: tuple) -> tuple[tuple[tuple, Any], ...]:
    """(shape, dtype) of each output from `jax.eval_shape` of the operator's body, remembered per signature."""
    op, params = node.op, node.params
    assert op is not None
    assert params is not None
    key = (op, tuple(node.attrs.items()), ins, dtypes, is_np_shape())
    found = None if node.subgraphs else _memory.get(key)
    if found is not None:
        return found
    import jax

    from declax.lower import needs_x64
    from declax.plan import Subgraph

    avals = [jax.ShapeDtypeStruct(s, t) for s, t in zip(ins, dtypes, strict=True)]

    def body(key: Any, *xs: Any) -> Any:
        return op.run(params, xs, train=False, key=key, subgraphs=tuple(Subgraph(heads) for heads in node.subgraphs))

    with jax.enable_x64(needs_x64(dtypes)):
        random_key = jax.eval_shape(lambda: jax.random.key(0)) if op.takes_key else None
        try:
            result = jax.eval_shape(body, random_key, *avals)
        except AttrError as e:
            raise ShapeConflict(str(e)) from None
    found = tuple((tuple(r.shape), r.dtype) for r in result[: node.num_outputs()])
    if not node.subgraphs:
        if len(_memory) > 100_000:
            _memory.clear()
        _memory[key] = found
    return found
