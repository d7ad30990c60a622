"""Nodes, entries and traversal: the graph under a Symbol, in pure Python.

A `Node` is an operator call or (with `op` None) a variable. An `Entry` is one output of a node. Traversals keep
their own stack, so depth is bounded by memory alone, and visit each edge once.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from os import sep
from os.path import abspath, dirname
from typing import Any, NamedTuple

from declax.errors import ComposeError, OperatorError, nearest
from declax.registry import OpDef

_HERE = dirname(abspath(__file__)) + sep


_changes = [0]


def changes() -> int:
    """How often a node was changed after it was made; what was compiled before the last change may be stale."""
    return _changes[0]


def note_change() -> None:
    """To be called whenever a node that somebody may hold is changed."""
    _changes[0] += 1


class Entry(NamedTuple):
    """Output number `index` of `node`; `version` counts the writes to an auxiliary variable so far."""

    node: "Node"
    index: int = 0
    version: int = 0


class Node:
    """An operator call (`op` set, `params` its typed attributes) or a variable (`op` None).

    `attrs` holds the attribute strings as written to JSON; `site` the user's file and line.
    """

    __slots__ = ("attrs", "inputs", "name", "op", "params", "site", "subgraphs", "version")

    def __init__(
        self, op: OpDef | None, name: str, attrs: dict[str, str], params: dict[str, Any] | None = None,
        inputs: Sequence[Entry] = (), subgraphs: tuple = (), site: tuple[str, int] | None = None,
    ):  # fmt: skip
        self.op, self.name, self.attrs, self.params = op, name, attrs, params
        self.inputs: list[Entry] = list(inputs)
        self.subgraphs, self.site, self.version = subgraphs, site, 0

    @property
    def op_name(self) -> str:
        """The operator's name, `null` for a variable."""
        return self.op.name if self.op is not None else "null"

    def num_outputs(self) -> int:
        """Number of outputs, hidden ones included."""
        return 1 if self.op is None else self.op.num_outputs(self.params or {})

    def visible_outputs(self) -> int:
        """Number of outputs that `get_internals` and a Symbol of this node show."""
        return 1 if self.op is None else self.op.visible_outputs(self.params or {})

    def mutated(self) -> tuple[int, ...]:
        """Positions of the inputs that the operator writes to."""
        if self.op is None:
            return ()
        if self.op.fused:
            return _states_inside(self.subgraphs[0]) if self.subgraphs else ()
        return self.op.mutated(self.params or {})

    def output_name(self, index: int) -> str:
        """The name of one output as `list_outputs` gives it."""
        if self.op is None:
            return self.name
        suffix = self.op.output_names(self.params or {})[index]
        return f"{self.name}_{suffix}" if self.name else suffix

    def input_names(self) -> tuple[str, ...]:
        """The operator's names for this node's inputs."""
        return () if self.op is None else self.op.input_names(self.params or {}, len(self.inputs))

    def describe(self) -> str:
        """Node, operator, attributes and where the user declared it, for error messages."""
        if self.op is None:
            text = f"variable {self.name!r}"
        else:
            shown = ", ".join(f"{k}={v}" for k, v in self.attrs.items())
            text = f"node {self.name!r}, operator {self.op.name}({shown})"
        return text + (f", declared at {self.site[0]}:{self.site[1]}" if self.site else "")

    def __repr__(self) -> str:
        return f"<Node {self.op_name} {self.name!r}>"


def user_site() -> tuple[str, int] | None:
    """File and line of the innermost frame outside declax."""
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_HERE):
            return file, frame.f_lineno
        frame = frame.f_back
    return None


def topological(heads: Iterable[Entry]) -> list[Node]:
    """Every node that the heads need, inputs before users, in the order of MXNet's post-order traversal."""
    order: list[Node] = []
    seen: set[int] = set()
    for head in heads:
        node = head.node
        if id(node) in seen:
            continue
        seen.add(id(node))
        # Nodes and numbers on two stacks: an iterator for each would be one more object for the collector to visit.
        users: list[Node] = []
        places: list[int] = []
        inputs, place, count = node.inputs, 0, len(node.inputs)
        while True:
            while place < count:
                child = inputs[place][0]
                place += 1
                if id(child) not in seen:
                    seen.add(id(child))
                    if child.inputs:
                        users.append(node)
                        places.append(place)
                        node, inputs, place, count = child, child.inputs, 0, len(child.inputs)
                    else:
                        order.append(child)
            order.append(node)
            if not users:
                break
            node, place = users.pop(), places.pop()
            inputs, count = node.inputs, len(node.inputs)
    return order


def operators(heads: Sequence[Entry]) -> list[tuple[str, dict[str, Any]]]:
    """Names and hyper-parameters of the operators that the heads need, in topological order."""
    return [(n.op.name, n.params or {}) for n in topological(heads) if n.op is not None]


def _states_inside(heads: Sequence[Entry]) -> tuple[int, ...]:
    """Positions, among a subgraph's variables, of its auxiliary states."""
    order = topological(heads)
    states = auxiliary_ids(order)
    return tuple(i for i, n in enumerate(n for n in order if n.op is None) if id(n) in states)


def auxiliary_ids(order: Iterable[Node]) -> set[int]:
    """`id`s of the variables that some operator writes to."""
    found: set[int] = set()
    for node in order:
        if node.op is not None and node.op.has_aux:
            for i in node.mutated():
                if i < len(node.inputs):
                    found.add(id(node.inputs[i].node))
    return found


def copy(heads: Sequence[Entry]) -> list[Entry]:
    """The same heads over copies of all their nodes."""
    fresh: dict[int, Node] = {}
    for node in topological(heads):
        made = twin(node, [Entry(fresh[id(e.node)], e.index, e.version) for e in node.inputs])
        made.attrs = dict(node.attrs)
        fresh[id(node)] = made
    return [Entry(fresh[id(e.node)], e.index, e.version) for e in heads]


def twin(node: Node, inputs: Sequence[Entry], name: str | None = None, attrs: dict[str, str] | None = None) -> Node:
    """A copy of a node on other inputs, under another name or with other attributes where these are given.

    Raises:
        OperatorError: the operator does not accept the attributes; the message names the node.
    """
    name = node.name if name is None else name
    params = node.params if attrs is None or node.op is None else node.op.parse(attrs, name)
    made = Node(node.op, name, node.attrs if attrs is None else attrs, params, inputs, node.subgraphs, node.site)
    made.version = node.version
    return made


def entries(node: Node) -> list[Entry]:
    """Every output of a node, hidden ones included."""
    return [Entry(node, i) for i in range(node.num_outputs())]


class Use(NamedTuple):
    """One reading of a node's output `index`: by `reader` at a position among its inputs, or (None) as a head."""

    reader: Node | None
    position: int
    index: int


def uses(heads: Sequence[Entry]) -> dict[int, list[Use]]:
    """By `id` of every node of a graph: who reads its outputs."""
    found: dict[int, list[Use]] = {}
    for node in topological(heads):
        found.setdefault(id(node), [])
        for i, entry in enumerate(node.inputs):
            found[id(entry.node)].append(Use(node, i, entry.index))
    for i, entry in enumerate(heads):
        found[id(entry.node)].append(Use(None, i, entry.index))
    return found


def rewrite(heads: Sequence[Entry], change: Callable[[Node, list[Entry]], Sequence[Entry] | None]) -> list[Entry]:
    """The heads over a graph in which `change(node, its new inputs)` replaced nodes by their new outputs.

    `change` returns the entries that take the place of the node's outputs, or None to keep the node; a kept node
    whose inputs changed is copied, untouched ones are shared with the old graph. A variable in a variable's place
    takes over how often it was written to.
    """
    outputs: dict[int, Sequence[Entry] | None] = {}

    def moved(entry: Entry) -> Entry:
        replaced = outputs[id(entry.node)]
        if replaced is None:
            return entry
        new = replaced[entry.index]
        return new._replace(version=entry.version) if entry.node.op is None and new.node.op is None else new

    for node in topological(heads):
        inputs = [moved(e) for e in node.inputs]
        replaced = change(node, inputs)
        if replaced is None and inputs != node.inputs:
            replaced = entries(twin(node, inputs))
        outputs[id(node)] = replaced
    return [moved(e) for e in heads]


def update_versions(node: Node) -> None:
    """Sets the versions of a node's variable inputs, counting one more write for those it mutates."""
    mutated = node.mutated()
    for i, entry in enumerate(node.inputs):
        variable = entry.node
        if i in mutated:
            if variable.op is not None:
                name = node.input_names()[i]
                raise ComposeError(
                    f"{node.describe()}: its auxiliary state {name!r} must be a Variable, "
                    f"not the output of {variable.name!r}"
                )
            variable.version += 1
        if variable.op is None:
            node.inputs[i] = Entry(variable, entry.index, variable.version)


def connect(node: Node, args: Sequence[Entry], kwargs: dict[str, Entry]) -> None:
    """Gives a fresh node its inputs: by position, by name, and new Variables for the rest."""
    op, params = node.op, node.params
    assert op is not None
    assert params is not None
    count = op.input_count(params)
    if count is None:
        if kwargs:
            raise ComposeError(
                f"{node.describe()} takes a variable number of inputs by position, but got keywords {list(kwargs)}"
            )
        node.inputs = list(args)
    else:
        if len(args) > count:
            raise ComposeError(
                f"{node.describe()}: Incorrect number of arguments, requires {count} "
                f"{list(op.input_names(params, count))}, provided {len(args)}"
            )
        node.inputs = list(args)
        if len(args) != count:
            if not op.auto_create:
                raise OperatorError(f"{node.describe()}: Not enough argument to call operator {op.name}")
            _fill(node, op.input_names(params, count), len(args), kwargs)
        elif kwargs:
            _unknown_keyword(node, kwargs, ())
    if op.has_aux or any(e.node.version for e in node.inputs):
        update_versions(node)
    if op.has_init:
        _initializer_attributes(node)


def _fill(node: Node, names: Sequence[str], start: int, kwargs: dict[str, Entry]) -> None:
    used = 0
    for name in names[start:]:
        entry = kwargs.get(name)
        if entry is None:
            variable = Node(None, f"{node.name}_{name}" if node.name else name, dict(node.attrs), site=node.site)
            entry = Entry(variable)
        else:
            used += 1
        node.inputs.append(entry)
    if used != len(kwargs):
        node.inputs = []
        _unknown_keyword(node, kwargs, names[start:])


def _unknown_keyword(node: Node, kwargs: dict[str, Entry], candidates: Sequence[str]) -> None:
    unknown = next(k for k in kwargs if k not in candidates)
    raise ComposeError(
        f"{node.describe()}: Keyword argument name {unknown} not found{nearest(unknown, candidates)}\n"
        "Candidate arguments:" + "".join(f"\n\t[{i}]{n}" for i, n in enumerate(candidates))
    )


def _initializer_attributes(node: Node) -> None:
    """Marks variables with the initializer that the operator asks for, unless they have one."""
    assert node.op is not None
    for position, entry in enumerate(node.inputs):
        if entry.node.op is None:
            init = node.op.initializer(node.params or {}, position)
            if init is not None:
                entry.node.attrs.setdefault("__init__", init)


def substitute(heads: list[Entry], kwargs: dict[str, Entry]) -> list[Entry]:
    """General composition on a graph that this call may change: variables replaced by name."""
    order = topological(heads)
    names = [n.name for n in order if n.op is None]
    for key in kwargs:
        if key not in names:
            raise ComposeError(
                f"Keyword argument name {key} not found{nearest(key, names)}\nCandidate arguments:"
                + "".join(f"\n\t[{i}]{n}" for i, n in enumerate(names))
            )
    replaced = {id(n): kwargs[n.name] for n in order if n.op is None and n.name in kwargs}
    for node in order:
        if any(id(e.node) in replaced for e in node.inputs):
            node.inputs = [replaced.get(id(e.node), e) for e in node.inputs]
            update_versions(node)
    return [replaced.get(id(e.node), e) for e in heads]
