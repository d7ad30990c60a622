"""Symbol JSON as plain nodes: the text checked against MXNet's schema, before any operator is looked up.

Every file that MXNet 1.9.1 reads is read, in all its generations (`param`, `attr` or `attrs`; two or three numbers
an input; nodes that name later nodes). Anything else ends in one LoadError that says where. Nothing here recurses,
so the number of nodes is bounded by memory alone, and reading is linear in the length of the text.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from declax.errors import LoadError, nearest

OLDEST_VERSION = 800
"""The version that MXNet assumes of a file without one: before 0.9 none was written."""

_LIMIT = 2**32
_MOST_NESTED = 64
_NODE_KEYS = {"op", "name", "inputs", "attrs", "attr", "param", "control_deps", "subgraphs", "backward_source_id"}
_OLD_NODE_KEYS = {"attr", "param", "backward_source_id"}
_GRAPH_KEYS = {"nodes", "arg_nodes", "heads", "node_row_ptr", "attrs"}


@dataclass(slots=True)
class RawNode:
    """One node as written: `op` is `null` for a variable; an input is (node, output, version)."""

    op: str
    name: str
    attrs: dict[str, str] = field(default_factory=dict)
    inputs: list[tuple[int, int, int]] = field(default_factory=list)
    control_deps: list[int] = field(default_factory=list)
    subgraphs: list["RawGraph"] = field(default_factory=list)

    @property
    def is_variable(self) -> bool:
        return self.op == "null"


@dataclass(slots=True)
class RawGraph:
    """A graph as written: nodes in the file's order, heads as (node, output, version), MXNet's version number.

    `forms` counts spellings that only older versions wrote (legacy.written_form names them).
    """

    nodes: list[RawNode]
    heads: list[tuple[int, int, int]]
    version: int = OLDEST_VERSION
    where: str = "symbol JSON"
    forms: Counter[str] = field(default_factory=Counter)

    def order(self) -> list[int]:
        """Indices of the nodes that the heads need, inputs before users; LoadError names a node on a cycle."""
        found: list[int] = []
        state = bytearray(len(self.nodes))  # 0 unseen, 1 begun, 2 done
        stack = [h[0] for h in reversed(self.heads)]
        while stack:
            index = stack.pop()
            if index < 0:  # all that node ~index needs is done
                state[~index] = 2
                found.append(~index)
            elif state[index] == 1:
                raise LoadError(f"{self.place(index)}: the node depends on its own output")
            elif not state[index]:
                state[index] = 1
                stack.append(~index)
                node = self.nodes[index]
                stack += node.control_deps[::-1]
                stack += [i[0] for i in reversed(node.inputs)]
        return found

    def place(self, index: int) -> str:
        """Words that say where a node stands, for error messages."""
        node = self.nodes[index]
        what = "variable" if node.is_variable else f"operator {node.op}"
        return f"{self.where}, nodes[{index}] ({what}, name {node.name!r})"


def parse_json(text: str | bytes, where: str = "symbol JSON") -> RawGraph:
    """The graph in a symbol file's text, its subgraphs included; LoadError for anything else, which `where` begins."""
    root, pending = _graph(_decode(text, where), (where,))
    while pending:
        owner, value, way = pending.pop()
        if way.count("subgraphs") > _MOST_NESTED:
            raise LoadError(f"{where}: subgraphs are nested more than {_MOST_NESTED} deep")
        graph, more = _graph(value, way)
        owner.subgraphs.append(graph)
        pending += more
    return root


Where = tuple
"""The way to a value, words and indices, outermost first: joined only when an error needs it."""


def _fail(where: Where, problem: str) -> LoadError:
    text = "".join(f"[{w}]" if isinstance(w, int) else f", {w}" for w in where)
    return LoadError(f"{text.removeprefix(', ')}: {problem}")


class _Repeated(dict):
    """A JSON object that gives a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Repeated(made)


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _decode(text: str | bytes, where: str) -> Any:
    if isinstance(text, bytes | bytearray | memoryview):
        try:
            text = bytes(text).decode("utf-8")
        except UnicodeDecodeError as e:
            raise LoadError(f"{where}: byte {e.start} is not UTF-8 text") from None
    if not isinstance(text, str):
        raise LoadError(f"{where}: expected text, got {type(text).__name__}")
    if not text.strip():
        raise LoadError(f"{where}: the text is empty")
    try:
        return json.loads(text, strict=False, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as e:
        raise LoadError(f"{where}: line {e.lineno}, column {e.colno}: {e.msg}") from None
    except RecursionError:
        raise LoadError(f"{where}: brackets are nested too deeply") from None
    except ValueError as e:  # NaN, or a number with more digits than Python converts
        raise LoadError(f"{where}: {e}") from None


def _graph(value: Any, where: Where) -> tuple[RawGraph, list[tuple[RawNode, Any, Where]]]:
    """A graph, and its nodes' subgraphs still to be read as (node, JSON value, where), last one first."""
    members = _members(value, where, _GRAPH_KEYS, ("nodes", "arg_nodes", "heads"))
    listed = _list(members["nodes"], (*where, "nodes"))
    pending: list[tuple[RawNode, Any, Where]] = []
    nodes = [_node(n, (*where, "nodes", i), len(listed), pending) for i, n in enumerate(listed)]
    heads = _entries(members["heads"], (*where, "heads"), len(nodes))
    for i in _indices(members["arg_nodes"], (*where, "arg_nodes"), len(nodes)):
        if nodes[i].op != "null":
            raise _fail((*where, "arg_nodes"), f"node {i} ({nodes[i].name!r}) is no variable but {nodes[i].op}")
    _indices(members.get("node_row_ptr", []), (*where, "node_row_ptr"), _LIMIT)
    version, words = _version(members.get("attrs", {}), (*where, "attrs")), str(_fail(where, ""))[:-2]
    return RawGraph(nodes, heads, version, words, _forms(listed, members["heads"])), pending[::-1]


def _forms(nodes: list[dict], heads: list[list[int]]) -> Counter[str]:
    """How often each spelling that only older versions wrote stands in a checked graph."""
    found = Counter(key for node in nodes for key in _OLD_NODE_KEYS & node.keys())
    found["short_entry"] = sum(len(e) == 2 for node in nodes for e in node["inputs"]) + sum(len(e) == 2 for e in heads)
    return found


def _node(value: Any, where: Where, count: int, pending: list[tuple[RawNode, Any, Where]]) -> RawNode:
    members = _members(value, where, _NODE_KEYS, ("op", "name", "inputs"))
    op, name = _text(members["op"], (*where, "op")), _text(members["name"], (*where, "name"))
    where = (*where, f"name {name!r}")
    inputs = _entries(members["inputs"], (*where, "inputs"), count)
    if op == "null" and inputs:
        raise _fail(where, f"a variable has no inputs, but {len(inputs)} are given")
    node = RawNode(op, name, _attributes(members, where), inputs)
    if "control_deps" in members:
        node.control_deps = _indices(members["control_deps"], (*where, "control_deps"), count)
    if "subgraphs" in members:
        for i, graph in enumerate(_list(members["subgraphs"], (*where, "subgraphs"))):
            pending.append((node, graph, (*where, "subgraphs", i)))
    if type(members.get("backward_source_id", 0)) is not int:
        raise _fail((*where, "backward_source_id"), "expected a whole number")
    return node


def _attributes(members: dict, where: Where) -> dict[str, str]:
    """The later of `attrs` and `attr`, as MXNet has it, and from `param` the keys that it lacks."""
    attrs: dict[str, str] = {}
    for key, value in members.items():
        if key in ("attrs", "attr"):
            attrs = _strings(value, (*where, key))
    if "param" in members:
        for key, value in _strings(members["param"], (*where, "param")).items():
            attrs.setdefault(key, value)
    return attrs


def _version(value: Any, where: Where) -> int:
    """`mxnet_version` of a graph's attributes, each of which is a pair of a type name and a value."""
    for key, pair in _dict(value, where).items():
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise _fail((*where, key), 'expected a pair of a type name and a value, as in ["int", 10901]')
    if "mxnet_version" not in value:
        return OLDEST_VERSION
    kind, number = value["mxnet_version"]
    if kind != "int" or type(number) is not int or not 0 <= number < 2**31:
        raise _fail((*where, "mxnet_version"), 'expected ["int", <number>]')
    return number


def _dict(value: Any, where: Where) -> dict:
    if not isinstance(value, dict):
        raise _fail(where, f"expected an object, got {_kind(value)}")
    if isinstance(value, _Repeated):
        raise _fail(where, "a key stands twice in the object")
    return value


def _members(value: Any, where: Where, known: set[str], required: tuple[str, ...]) -> dict:
    for key in _dict(value, where):
        if key not in known:
            raise _fail(where, f"Unknown field {key!r}{nearest(key, known)}; possible are {sorted(known)}")
    for key in required:
        if key not in value:
            raise _fail(where, f"Missing field {key!r}")
    return value


def _list(value: Any, where: Where) -> list:
    if not isinstance(value, list):
        raise _fail(where, f"expected a list, got {_kind(value)}")
    return value


def _text(value: Any, where: Where) -> str:
    if not isinstance(value, str):
        raise _fail(where, f"expected a string, got {_kind(value)}")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _fail(where, "half of a surrogate pair is no character") from None
    return value


def _strings(value: Any, where: Where) -> dict[str, str]:
    return {_text(k, where): _text(v, (*where, k)) for k, v in _dict(value, where).items()}


def _indices(value: Any, where: Where, limit: int) -> list[int]:
    for i, x in enumerate(_list(value, where)):
        if type(x) is not int or not 0 <= x < limit:
            raise _fail((*where, i), f"expected a whole number from 0 to {limit - 1}, got {_kind(x)}")
    return value


def _entries(value: Any, where: Where, count: int) -> list[tuple[int, int, int]]:
    """References to outputs, each [node, output] or [node, output, version]."""
    found = []
    for i, entry in enumerate(_list(value, where)):
        if not isinstance(entry, list) or len(entry) not in (2, 3):
            raise _fail((*where, i), f"expected [node, output] or [node, output, version], got {_kind(entry)}")
        for x in entry:
            if type(x) is not int or not 0 <= x < _LIMIT:
                raise _fail((*where, i), f"expected whole numbers, got {_kind(x)}")
        if entry[0] >= count:
            raise _fail((*where, i), f"there is no node {entry[0]}; the graph has {count}")
        found.append((entry[0], entry[1], entry[2] if len(entry) == 3 else 0))
    return found


def _kind(value: Any) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return f"the string {value[:40]!r}"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if abs(value) < 2**64 else "a huge number"
