"""What all surgery shares: parameters in every form, names by pattern, outputs by name, and the check of the result."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from declax import graph
from declax import name as naming
from declax.errors import EditError, nearest
from declax.graph import Entry, Node
from declax.symbol import Symbol

Pattern: TypeAlias = str | re.Pattern
Params: TypeAlias = Mapping[str, Any] | tuple[Mapping[str, Any], Mapping[str, Any]] | None

_KINDS = ("arg:", "aux:")


class Arrays:
    """Parameters of a graph by bare name, and the form in which they were given.

    >>> Arrays({"arg:w": 1, "aux:m": 2}).values
    {'w': 1, 'm': 2}
    """

    def __init__(self, given: Params):
        self.given = given
        self.is_pair = isinstance(given, tuple | list)
        dicts = list(given) if isinstance(given, tuple | list) else [{} if given is None else given]
        if self.is_pair and len(dicts) != 2:
            raise EditError(f"parameters as a tuple are (arguments, auxiliary states), got {len(dicts)} members")
        for d in dicts:
            if not isinstance(d, Mapping):
                raise EditError(f"parameters are a dict of arrays by name, or a pair of dicts; got {type(d).__name__}")
        self.values: dict[str, Any] = {}
        self.states: set[str] = set()
        """Bare names that were given as auxiliary states."""
        prefixed = [k for d in dicts for k in d if k.startswith(_KINDS)]
        self.is_prefixed = bool(prefixed)
        for number, d in enumerate(dicts):
            for key, array in d.items():
                if self.is_prefixed and not key.startswith(_KINDS):
                    raise EditError(
                        f"some parameters are named arg:... or aux:..., such as {prefixed[0]!r}; {key!r} is not"
                    )
                bare = key[4:] if self.is_prefixed else key
                if bare in self.values:
                    raise EditError(f"there are two parameters named {bare!r}, an argument and an auxiliary state")
                self.values[bare] = array
                if number or key.startswith("aux:"):
                    self.states.add(bare)

    def in_form(self, symbol: Symbol, values: Mapping[str, Any]) -> Any:
        """Values by bare name, in the form that was given; the graph says which of them are auxiliary states."""
        if self.given is None:
            return None
        arguments = set(symbol.list_arguments())
        states = (set(symbol.list_auxiliary_states()) | self.states) - arguments
        if not self.is_pair:
            return {self._key(k, k in states): v for k, v in values.items()}
        parts: tuple[dict[str, Any], dict[str, Any]] = {}, {}
        for k, v in values.items():
            parts[k in states][self._key(k, k in states)] = v
        return parts

    def _key(self, name: str, is_state: bool) -> str:
        return _KINDS[is_state] + name if self.is_prefixed else name


def finish(
    old: Symbol, heads: Sequence[Entry], arrays: Arrays, values: Mapping[str, Any] | None = None
) -> tuple[Symbol, Any]:
    """The new symbol and its parameters, without those that belong to variables which the edit removed.

    Args:
        old: the symbol before.
        heads: the edited graph.
        arrays: the parameters before.
        values: the parameters after, where the edit changed or named them; they are not dropped.

    Raises:
        EditError: the edit brought in a node with the name of another one.
    """
    new = Symbol(heads)
    _check_names(old, new)
    if values is None:
        before = {id(n): n.name for n in graph.topological(old.heads) if n.op is None}
        kept = {n.name for n in graph.topological(new.heads) if id(n) in before}
        removed = set(before.values()) - kept
        values = {k: v for k, v in arrays.values.items() if k not in removed}
    return new, arrays.in_form(new, values)


def _check_names(old: Symbol, new: Symbol) -> None:
    before = {id(n) for n in graph.topological(old.heads)}
    already = _doubles(old)
    by_name: dict[tuple[bool, str], Node] = {}
    for node in graph.topological(new.heads):
        key = (node.op is None, node.name)
        other = by_name.setdefault(key, node)
        if other is not node and key not in already:
            fresh = node if id(node) not in before else other
            kind = "variable" if node.op is None else "node"
            raise EditError(
                f"the graph would have two {kind}s named {node.name!r}; one is {fresh.describe()}. Give it another name"
                + (", or join the two with edit.share" if node.op is None else "")
            )


def _doubles(symbol: Symbol) -> set[tuple[bool, str]]:
    """Names that several nodes of a graph have."""
    seen: set[tuple[bool, str]] = set()
    return {k for k in ((n.op is None, n.name) for n in graph.topological(symbol.heads)) if k in seen or seen.add(k)}


# -- names -----------------------------------------------------------------------------------------------------


def matches(name: str, patterns: Iterable[Pattern]) -> bool:
    """Whether a whole name matches any of the patterns."""
    return any(fnmatchcase(name, p) if isinstance(p, str) else bool(p.fullmatch(name)) for p in patterns)


def select(names: Iterable[str], patterns: Sequence[Pattern], what: str) -> list[str]:
    """The names that match any pattern, in their order; EditError when one of the patterns matches none."""
    known = list(names)
    for p in patterns:
        if not any(matches(n, (p,)) for n in known):
            text = p if isinstance(p, str) else p.pattern
            raise EditError(f"no {what} matches {text!r}{nearest(text, known)}")
    return [n for n in known if matches(n, patterns)]


def select_nodes(symbol: Symbol, patterns: Sequence[Pattern], op: str | None) -> list[Node]:
    """Operator nodes by name, by operator, or by both."""
    from declax import registry

    if not patterns and op is None:
        raise EditError("say which nodes are meant: by name ('conv*'), by operator (op='Dropout'), or by both")
    nodes = [n for n in graph.topological(symbol.heads) if n.op is not None]
    if op is not None:
        wanted = registry.lookup(op)
        nodes = [n for n in nodes if n.op is wanted]
        if not nodes:
            raise EditError(f"no node of the graph is a {wanted.name}")
    if not patterns:
        return nodes
    found = set(select([n.name for n in nodes], patterns, "node" if op is None else f"{op} node"))
    return [n for n in nodes if n.name in found]


def find_output(symbol: Symbol, name: str) -> Entry:
    """An output inside a graph by its name (`relu1_output`, a variable's `data`), or a node's first one (`relu1`)."""
    nodes = graph.topological(symbol.heads)
    by_output = [Entry(n, i, n.version) for n in nodes for i in range(n.visible_outputs()) if n.output_name(i) == name]
    found = by_output or [Entry(n, 0) for n in nodes if n.op is not None and n.name == name]
    if not found:
        known = [n.name for n in nodes] + [n.output_name(i) for n in nodes for i in range(n.visible_outputs())]
        raise EditError(f"the graph has no output or node named {name!r}{nearest(name, known)}")
    if len(found) > 1:
        raise EditError(f"{len(found)} outputs of the graph are named {name!r}; rename the nodes first")
    return found[0]


def input_names(symbol: Symbol, arrays: Arrays) -> set[str]:
    """The variables that are inputs and no parameters: those without an array.

    Where no arrays are at hand: those at whose places operators create no parameters of their own.
    """
    nodes = graph.topological(symbol.heads)
    names = {n.name for n in nodes if n.op is None}
    if arrays.values:
        return names - set(arrays.values)
    return names - {v for n in nodes for v in parameters_of(n).values()}


def parameters_of(node: Node) -> dict[str, str]:
    """Role -> variable, for the parameters and auxiliary states that a node's operator creates when left out."""
    if node.op is None:
        return {}
    own = {i.name for i in node.op.inputs if i.rule or i.when or i.is_aux}
    roles = node.input_names()
    return {r: e.node.name for r, e in zip(roles, node.inputs, strict=False) if r in own and e.node.op is None}


class _Unused(naming.NameManager):
    """Automatic names that the graph does not have yet; otherwise those of the manager outside."""

    def __init__(self, taken: set[str]):
        super().__init__()
        self._taken, self._outer = taken, naming.current()

    def get(self, name: str | None, hint: str) -> str:
        found = self._outer.get(name, hint)
        while not name and found in self._taken:
            found = self._outer.get(name, hint)
        return found


def made_by(symbol: Symbol, make: Callable[..., Any], entries: Sequence[Entry]) -> Symbol:
    """What the caller's function makes of outputs of a graph; automatic names avoid those that are there."""
    taken = {n.name for n in graph.topological(symbol.heads)}
    with _Unused(taken):
        made = make(*(Symbol([e]) for e in entries))
    if not isinstance(made, Symbol):
        raise EditError(f"the function that makes the new part must return a Symbol, got {type(made).__name__}")
    return made
