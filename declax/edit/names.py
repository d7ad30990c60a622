"""Surgery on names: rename and prefix nodes with their parameters, let parameters be one or be several."""

from collections.abc import Callable, Mapping
from typing import Any

from declax import graph
from declax.edit.common import Arrays, Params, Pattern, finish, input_names, select
from declax.errors import EditError, nearest
from declax.graph import Entry, Node
from declax.symbol import Symbol


def rename(symbol: Symbol, params: Params, names: Mapping[str, str] | Callable[[str], str]) -> tuple[Symbol, Any]:
    """The graph with other names; a node's own parameters (`conv1_weight`) are renamed with it.

    Args:
        symbol, params: see `declax.edit`.
        names: new names by old name, of nodes or variables; or a function, which is asked for every name.

    Raises:
        EditError: no node has the old name, or two would have the same new one.

    >>> net = sym.FullyConnected(Variable("data"), num_hidden=3, name="fc1")
    >>> net, params = edit.rename(net, {"fc1_weight": 1, "fc1_bias": 2}, {"fc1": "classes", "data": "image"})
    >>> net.list_inputs(), params
    (['image', 'classes_weight', 'classes_bias'], {'classes_weight': 1, 'classes_bias': 2})
    """
    nodes = graph.topological(symbol.heads)
    if isinstance(names, Mapping):
        known = {n.name for n in nodes}
        for old in names:
            if old not in known:
                raise EditError(f"the graph has no node named {old!r} to rename{nearest(old, known)}")
        chosen = {**_follow(nodes, names), **names}
    else:
        chosen = {n.name: names(n.name) for n in nodes}
    for old, new in chosen.items():
        if not isinstance(new, str) or not new:
            raise EditError(f"the new name of {old!r} must be a text that is not empty, got {new!r}")
    arrays = Arrays(params)
    values: dict[str, Any] = {}
    for old, array in arrays.values.items():
        new = chosen.get(old, old)
        if new in values:
            raise EditError(f"two parameters would be named {new!r}")
        values[new] = array
    arrays.states = {chosen.get(n, n) for n in arrays.states}

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        new = chosen.get(node.name, node.name)
        return None if new == node.name else graph.entries(graph.twin(node, inputs, name=new))

    return finish(symbol, graph.rewrite(symbol.heads, change), arrays, values)


def _follow(nodes: list[Node], names: Mapping[str, str]) -> dict[str, str]:
    """New names of the variables that are named after a renamed node and are inputs of it."""
    found: dict[str, str] = {}
    for node in nodes:
        if node.op is not None and node.name in names:
            for role, entry in zip(node.input_names(), node.inputs, strict=False):
                if entry.node.op is None and entry.node.name == f"{node.name}_{role}":
                    found[entry.node.name] = f"{names[node.name]}_{role}"
    return found


def prefix(symbol: Symbol, params: Params, text: str, *, inputs: bool = False) -> tuple[Symbol, Any]:
    """The graph with a text before every name of a node or parameter, so that it can stand beside another one.

    Args:
        symbol, params: see `declax.edit`.
        text: what goes before the names.
        inputs: whether inputs (variables without an array: data, labels) get it too. Without any arrays, inputs are
            the variables at whose places operators create no parameters.
    """
    left = set() if inputs else input_names(symbol, Arrays(params))
    return rename(symbol, params, lambda name: name if name in left else text + name)


def share(symbol: Symbol, params: Params, pairs: Mapping[str, str]) -> tuple[Symbol, Any]:
    """The graph in which some parameters are replaced by others, whose arrays are then used at both places.

    Args:
        symbol, params: see `declax.edit`.
        pairs: `{variable that goes: variable that stays}`.

    Raises:
        EditError: no such variable, an argument and an auxiliary state, or arrays of different shapes.

    >>> net = sym.dot(Variable("a"), Variable("b"), name="d")
    >>> edit.share(net, None, {"b": "a"})[0].list_arguments()
    ['a']
    """
    nodes = graph.topological(symbol.heads)
    variables = {n.name: n for n in nodes if n.op is None}
    states, arrays = graph.auxiliary_ids(nodes), Arrays(params)
    for gone, stays in pairs.items():
        for name in (gone, stays):
            if name not in variables:
                raise EditError(f"the graph has no variable named {name!r}{nearest(name, variables)}")
        if stays in pairs:
            raise EditError(f"{gone!r} cannot be replaced by {stays!r}, which is itself replaced by {pairs[stays]!r}")
        if (id(variables[gone]) in states) != (id(variables[stays]) in states):
            raise EditError(
                f"{gone!r} and {stays!r} cannot be shared: one is an argument, the other an auxiliary state"
            )
        have = [arrays.values[n].shape for n in (gone, stays) if n in arrays.values]
        if len(have) == 2 and have[0] != have[1]:
            raise EditError(f"{gone!r} and {stays!r} cannot be shared: their arrays are {have[0]} and {have[1]}")

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        return [Entry(variables[pairs[node.name]])] if node.op is None and node.name in pairs else None

    return finish(symbol, graph.rewrite(symbol.heads, change), arrays)


def unshare(symbol: Symbol, params: Params, *patterns: Pattern) -> tuple[Symbol, Any]:
    """The graph in which every node has its own copy of some parameters, named after it (`fc2_weight`).

    Args:
        symbol, params: see `declax.edit`.
        patterns: names of variables that several nodes read; the first reader keeps the variable.

    Raises:
        EditError: a variable has one reader only, or a new name is taken.
    """
    if not patterns:
        raise EditError("name the shared variables: edit.unshare(net, params, 'embed_weight')")
    nodes, arrays = graph.topological(symbol.heads), Arrays(params)
    variables = {n.name: n for n in nodes if n.op is None}
    uses, values = graph.uses(symbol.heads), dict(arrays.values)
    own: dict[tuple[int, int], Node] = {}  # (reader, position) -> the new variable
    taken = {n.name for n in nodes}
    for name in select(variables, patterns, "variable"):
        readers = [u for u in uses[id(variables[name])] if u.reader is not None]
        if len(readers) < 2:
            raise EditError(f"variable {name!r} is not shared: it has {len(readers)} reader")
        for use in readers[1:]:
            assert use.reader is not None
            new = f"{use.reader.name}_{use.reader.input_names()[use.position]}"
            if new in taken:
                raise EditError(f"{use.reader.name!r} cannot have its own {name!r}: the name {new!r} is taken")
            taken.add(new)
            own[id(use.reader), use.position] = graph.twin(variables[name], (), new, dict(variables[name].attrs))
            if name in values:
                values[new] = values[name]
                arrays.states |= {new} if name in arrays.states else set()

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        places = [own.get((id(node), i)) for i in range(len(inputs))]
        if not any(places):
            return None
        mine = [e if v is None else Entry(v, 0, e.version) for v, e in zip(places, inputs, strict=True)]
        return graph.entries(graph.twin(node, mine))

    return finish(symbol, graph.rewrite(symbol.heads, change), arrays, values)
