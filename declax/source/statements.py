"""A graph as a list of calls: what has to be written so that the public functions make the same nodes again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, TypeAlias

from declax import graph
from declax.attrs import DTYPES, HIDDEN_KEYS, to_text
from declax.errors import DeclaxError
from declax.frontend import dtype_text, public_name
from declax.graph import Node
from declax.registry import OpDef
from declax.symbol import Symbol

Key: TypeAlias = tuple[str, ...]
Ref: TypeAlias = tuple["Call | Port", int]


@dataclass(eq=False)
class Port:
    """An input of a function; `role` is what its first reader calls it."""

    role: str


@dataclass(eq=False)
class Call:
    """One statement: a call of an operator function, of `Variable`, or of a function that blocks.py made.

    `fields` are the values by ("name",), ("attr", hyper-parameter), ("hidden", attribute), ("var", role) for the name
    of a parameter's variable that is declared in place, ("var", role, attribute) for what else it has, and ("arg",
    number) for the arguments of a made function.
    """

    target: Any
    inputs: list[tuple[str | None, Ref]]
    fields: dict[Key, Any]
    outputs: int
    bodies: tuple["Body", ...] = ()
    roles: tuple[str, ...] = ()  # what the operator calls the inputs
    lines: float = 0.0  # about how many lines it takes, once that was found
    shape: tuple = ()  # what it does up to values, once that was found

    @property
    def is_raw(self) -> bool:
        """Whether no public function makes the node, so that it is made by its operator's name."""
        return isinstance(self.target, str) and not self.target.startswith("sym.")


@dataclass(eq=False)
class Body:
    """Calls in order and what they give."""

    calls: list[Call]
    heads: list[Ref]
    variables: list[Call] = field(default_factory=list)


def body_of(symbol_or_heads: Any) -> Body:
    """The calls that make a graph.

    Raises:
        DeclaxError: a node cannot be made by the public functions; the message names it.
    """
    heads = symbol_or_heads.heads if isinstance(symbol_or_heads, Symbol) else symbol_or_heads
    order = graph.topological(heads)
    return _Reader(order, graph.uses(heads)).body(heads)


class _Reader:
    def __init__(self, order: list[Node], uses: Mapping[int, list[graph.Use]]):
        self.order, self.uses = order, uses
        self.calls: dict[int, Call] = {}
        self.variables: list[Call] = []

    def body(self, heads: Any) -> Body:
        made = [self.call(n) for n in self.order if n.op is not None]
        return Body(made, [self.ref(e.node, e.index) for e in heads], self.variables)

    def ref(self, node: Node, index: int) -> Ref:
        if id(node) not in self.calls:
            self.variable(node)
        if index >= node.visible_outputs():
            raise DeclaxError(f"{node.describe()} has its hidden output {index} read, which no function gives")
        return self.calls[id(node)], index

    def variable(self, node: Node) -> None:
        fields: dict[Key, Any] = {("name",): node.name}
        fields |= {("attr", k): v for k, v in _variable_values(node.attrs)}
        made = self.calls[id(node)] = Call("sym.Variable", [], fields, 1)
        self.variables.append(made)

    def call(self, node: Node) -> Call:
        op = node.op
        assert op is not None
        _refuse_old_keys(node)
        if not node.name:
            raise DeclaxError(f"{node.describe()} has no name, and a call would give it one")
        fields: dict[Key, Any] = {}
        inputs: list[tuple[str | None, Ref]] = []
        roles: list[str] = []
        raw = bool(node.subgraphs) or not op.auto_create or public_path(op).startswith("np")
        positional = True
        for i, (role, entry) in enumerate(zip(node.input_names(), node.inputs, strict=True)):
            if not raw and _takes_names(node) and self._is_made_by_call(node, i, role):
                positional = False
            elif not raw and self._is_parameter(node, i, role):
                fields["var", role] = entry.node.name
                fields |= {("var", role, k): v for k, v in _variable_values(entry.node.attrs)}
                positional = False
            else:
                positional = positional and (raw or bool(op.variadic) or op.all_input_names[i] == role)
                inputs.append((None if positional else role, self.ref(entry.node, entry.index)))
                roles.append(role)
        fields |= {("attr", k): v for k, v in node.attrs.items()} if raw else dict(_hyper_values(node))
        fields["name",] = node.name
        bodies = tuple(body_of(heads) for heads in node.subgraphs)
        target = op.name if raw else "sym." + public_path(op)
        made = self.calls[id(node)] = Call(target, inputs, fields, node.visible_outputs(), bodies, tuple(roles))
        return made

    def _is_own(self, node: Node, position: int) -> bool:
        """Whether an input is a variable that nobody else reads."""
        source = node.inputs[position].node
        return source.op is None and len(self.uses[id(source)]) == 1

    def _is_parameter(self, node: Node, position: int, role: str) -> bool:
        """Whether an input is a parameter of this node alone, which the call declares in place."""
        assert node.op is not None
        declared = {i.name: i for i in node.op.inputs}.get(role)
        is_parameter = declared is not None and bool(declared.rule or declared.when or declared.is_aux)
        return is_parameter and self._is_own(node, position)

    def _is_made_by_call(self, node: Node, position: int, role: str) -> bool:
        """Whether an input is the very variable that the call makes when it is left out."""
        assert node.op is not None
        source = node.inputs[position].node
        if not self._is_own(node, position) or source.name != f"{node.name}_{role}":
            return False
        init = node.op.initializer(node.params or {}, position)
        made = dict(node.attrs)
        if init is not None:
            made.setdefault("__init__", init)
        return source.attrs == made


def _takes_names(node: Node) -> bool:
    """Whether a call may name its inputs and leave some out."""
    op = node.op
    assert op is not None
    return not op.variadic or (op.num_args is None and op.input_count(node.params or {}) is not None)


def _is_old(key: str) -> bool:
    """Whether no call sets an attribute: `weight_lr_mult`, as versions before 0.9 wrote it."""
    return any(key.endswith(f"_{h}") for h in HIDDEN_KEYS)


def _refuse_old_keys(node: Node) -> None:
    for key in node.attrs:
        if _is_old(key):
            raise DeclaxError(f"{node.describe()} has the attribute {key!r}, which a call cannot set")


def public_path(op: OpDef) -> str:
    """Where `sym` has an operator: `Convolution`, `contrib.MultiBoxPrior`, `_internal._plus_scalar`."""
    paths = [public_name(n) for n in (op.name, *op.aliases)]
    top = [name for space, name in paths if not space]
    return top[0] if top else ".".join(paths[0])


def value_of(text: str) -> Any:
    """The Python value that is written as this attribute text, or the text itself.

    >>> value_of("(3, 3)"), value_of("(3,3)"), value_of("True"), value_of("1e-05"), value_of("relu")
    ((3, 3), '(3,3)', True, 1e-05, 'relu')
    """
    for found in _guesses(text):
        if to_text(found) == text:
            return found
    return text


def _guesses(text: str) -> Iterator[Any]:
    if text in ("True", "False", "None"):
        yield {"True": True, "False": False, "None": None}[text]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        if isfinite(number):
            yield number
    if text[:1] == "(" and text[-1:] == ")":
        parts = [p.strip() for p in text[1:-1].split(",") if p.strip()]
        yield tuple(value_of(p) for p in parts if p[0] not in "([")


def _hyper_values(node: Node) -> Iterator[tuple[Key, Any]]:
    op = node.op
    assert op is not None
    taken = {"name", "attr", "out", *op.all_input_names}
    order = {k: i for i, k in enumerate(op.hyper)}
    for key, text in sorted(node.attrs.items(), key=lambda item: (order.get(item[0], len(order)), item[0])):
        if key == op.num_args and text == str(len(node.inputs)):
            continue
        if key in op.hyper and key not in taken and (key != "dtype" or _is_plain_dtype(text)):
            yield ("attr", key), value_of(text)
        else:
            yield ("hidden", key), text


def _is_plain_dtype(text: str) -> bool:
    try:
        return dtype_text(value_of(text)) in (text, None) and (text == "None") == (value_of(text) is None)
    except DeclaxError:
        return False


def _variable_values(attrs: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Arguments of `Variable`: its own keywords where they write the same text, `attr/<key>` for the rest."""
    for key, text in sorted(attrs.items()):
        short, value = key.strip("_"), value_of(text)
        if key == "__shape__" and isinstance(value, tuple):
            yield "shape", value
        elif key in ("__lr_mult__", "__wd_mult__") and isinstance(value, float):
            yield short, value
        elif key == "__dtype__" and text in [str(i) for i in range(len(DTYPES))]:
            yield "dtype", DTYPES[int(text)]
        elif key == "__init__":
            yield "init", text
        elif key == "__storage_type__" and text in ("0", "1", "2"):
            yield "stype", ("default", "row_sparse", "csr")[int(text)]
        elif _is_old(key):
            yield f"old/{key}", text
        else:
            yield f"attr/{short if short in HIDDEN_KEYS else key}", text
