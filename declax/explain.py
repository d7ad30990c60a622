"""`explain_shape`: why a shape is what it is, or why it is still unknown, as a chain of nodes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from declax import graph, infer, shapes
from declax.errors import ComposeError, InferenceError, nearest
from declax.graph import Entry, Node

if TYPE_CHECKING:
    from declax.symbol import Symbol


def explain_shape(symbol: "Symbol", name: str, **known: tuple[int, ...]) -> str:
    """Why the shape of a node, output or variable is what it is, or what it still lacks.

    Args:
        symbol: the graph.
        name: a node's or variable's name (`fc1`, `fc1_weight`), or an output's (`fc1_output`).
        known: shapes by argument name, as for `infer_shape`.

    Returns:
        Lines, the asked-for entry first, each following one the reason for the one above it.

    >>> net = sym.FullyConnected(sym.Flatten(Variable("x"), name="flat"), num_hidden=3, name="fc")
    >>> print(explain_shape(net, "fc_weight", x=(2, 4, 5)))
    fc_weight: (3, 20), the input 'weight' of fc = FullyConnected(num_hidden=3)
      from flat: (2, 20), made by Flatten
        from x: (2, 4, 5), given
    """
    order = graph.topological(symbol.heads)
    try:
        found = infer.infer_shapes(symbol.heads, symbol._by_name((), known, "explain_shape"))
    except InferenceError as e:
        return f"the shapes contradict each other:\n{e}"
    entry = _find(order, name)
    reader = _Explainer(order, found, known)
    return "\n".join(reader.lines(entry, 0))


def _find(order: Sequence[Node], name: str) -> Entry:
    names = []
    for node in order:
        if node.name == name:
            return Entry(node)
        for i in range(node.num_outputs()):
            if node.output_name(i) == name:
                return Entry(node, i)
        names += [node.name, node.output_name(0)]
    raise ComposeError(f"the symbol has no node or output {name!r}{nearest(name, names)}")


class _Explainer:
    """Walks from an entry to the entries its shape came from."""

    def __init__(self, order: Sequence[Node], found: infer.Inferred, known: dict):
        self.found, self.known = found, known
        self.users: dict[int, tuple[Node, int]] = {}
        for node in order:
            for i, e in enumerate(node.inputs):
                self.users.setdefault(id(e.node), (node, i))
        self.told: set[int] = set()

    def lines(self, entry: Entry, depth: int) -> list[str]:
        """The line of an entry and those of its reasons."""
        told: list[str] = []
        stack = [(entry, depth, "")]
        while stack and len(told) < 200:
            e, level, lead = stack.pop()
            shape = self.found.of(e)
            known = shapes.is_complete(shape)
            text, reasons = self._reason(e)
            again = id(e.node) in self.told and e.node.op is not None
            self.told.add(id(e.node))
            seen = " (see above)" if again else ""
            told.append(f"{'  ' * level}{lead}{_label(e)}: {shapes.show(shape)}, {text}{seen}")
            if not again:
                missing = [r for r in reasons if not shapes.is_complete(self.found.of(r))]
                follow = reasons if known else missing or reasons
                stack += [(r, level + 1, "from " if known else "needs ") for r in reversed(follow)]
        return told

    def _reason(self, entry: Entry) -> tuple[str, list[Entry]]:
        node = entry.node
        if node.op is not None:
            needed = [e for e in node.inputs if not self._is_parameter(node, e)]
            return f"made by {node.op.name}" + _attributes(node, " "), needed
        if node.name in self.known:
            return "given", []
        if "__shape__" in node.attrs:
            return f"declared as {node.attrs['__shape__']}", []
        user = self.users.get(id(node))
        if user is None:
            return f"not given: pass {node.name}=(...)", []
        consumer, position = user
        role = consumer.input_names()[position]
        text = f"the input {role!r} of {consumer.name} = {consumer.op_name}" + _attributes(consumer, "")
        if shapes.is_complete(self.found.of(entry)) or self._has_rule(consumer, position):
            others = [e for e in consumer.inputs if e.node is not node and not self._is_parameter(consumer, e)]
            return text, others or [Entry(consumer)]
        return f"{text}; not given: pass {node.name}=(...)", []

    def _is_parameter(self, node: Node, entry: Entry) -> bool:
        """Whether an input follows from the others: it has a rule, or was made for this node."""
        position = next(i for i, e in enumerate(node.inputs) if e is entry)
        return position > 0 and entry.node.op is None and self._has_rule(node, position)

    def _has_rule(self, node: Node, position: int) -> bool:
        op = node.op
        if op is None:
            return False
        role = node.input_names()[position]
        if node.inputs[position].node.name == f"{node.name}_{role}":
            return True
        return not op.variadic and op.inputs[op.present(node.params or {})[position]].rule is not None


def _label(entry: Entry) -> str:
    return entry.node.name if entry.node.num_outputs() == 1 else entry.node.output_name(entry.index)


def _attributes(node: Node, lead: str) -> str:
    inner = ", ".join(f"{k}={v}" for k, v in node.attrs.items() if not k.startswith("__"))
    return f"{lead}({inner})" if inner else ""
