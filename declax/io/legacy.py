"""Graphs saved by older MXNet versions, brought up to 1.9.1: one function an upgrade, as MXNet's own loader does it.

`upgrade` applies those that a file's version asks for; `resolve` then looks up every operator and checks its
attributes, inputs and outputs. Both end in LoadError, which names the node, its operator and what is wrong.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from declax.attrs import HIDDEN_KEYS
from declax.errors import LoadError, OperatorError
from declax.io.rawgraph import RawGraph, RawNode
from declax.registry import OpDef, find, lookup

CURRENT_VERSION = 10901
"""MXNet 1.9.1 as its files write it."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    """One thing that loading changed in an old graph, or read in an older way than 1.9.1 writes it.

    `kind` is the name of the function here that did it, `node` the node that it happened to ("" for the whole graph),
    `change` a sentence for people.
    """

    kind: str
    node: str
    change: str

    def __str__(self) -> str:
        return self.change


def upgrade(raw: RawGraph) -> list[Upgrade]:
    """Changes a graph to what MXNet 1.9.1 makes of it on loading; returns everything that it changed, in order."""
    told = newer_version(raw) + written_form(raw) + fused_spellings(raw)
    for since, change in _UPGRADES:
        if raw.version < since:
            told += change(raw)
    return told


def version_text(number: int) -> str:
    """MXNet's version number as people write it.

    >>> version_text(10901)
    '1.9.1'
    """
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def resolve(raw: RawGraph) -> list[tuple[OpDef, dict[str, Any]] | None]:
    """Operator and typed hyper-parameters of every node by index: None for variables and for unneeded nodes.

    Every operator must be known, as MXNet has it even for nodes that no head needs; of those that one needs, the
    attributes must parse and inputs and outputs must exist. Subgraphs are left to their own call.
    """
    for index, node in enumerate(raw.nodes):
        if not node.is_variable and find(node.op) is None:
            _definition(raw, index)
    found: list[tuple[OpDef, dict[str, Any]] | None] = [None] * len(raw.nodes)
    memory: dict[tuple, tuple[OpDef, dict[str, Any]]] = {}
    for index in raw.order():
        node = raw.nodes[index]
        if node.is_variable:
            continue
        key = (node.op, *node.attrs.items())
        known = memory.get(key)
        if known is None:
            known = memory[key] = _parse(raw, index, node.attrs)
        found[index] = known
        _check_inputs(raw, index, *known)
    counts: dict[int, int] = {}
    for index in (*(i for i, f in enumerate(found) if f), -1):
        for source, output, _ in raw.nodes[index].inputs if index >= 0 else raw.heads:
            pair = found[source]
            if pair is None:
                count = 1
            elif (count := counts.get(id(pair), -1)) < 0:
                count = counts[id(pair)] = pair[0].num_outputs(pair[1])
            if output >= count:
                where = raw.place(index) if index >= 0 else f"{raw.where}, heads"
                raise LoadError(f"{where}: there is no output {output} of node {source}; it has {count}")
    return found


def _definition(raw: RawGraph, index: int) -> OpDef:
    try:
        return lookup(raw.nodes[index].op)
    except OperatorError as e:
        raise LoadError(f"{raw.place(index)}: {e}") from None


def _parse(raw: RawGraph, index: int, attrs: dict[str, str]) -> tuple[OpDef, dict[str, Any]]:
    op = _definition(raw, index)
    try:
        return op, op.parse(attrs, raw.nodes[index].name)
    except OperatorError as e:
        raise LoadError(f"{raw.place(index)}: {e}") from None


def _check_inputs(raw: RawGraph, index: int, op: OpDef, params: dict[str, Any]) -> None:
    want, have = op.input_count(params), len(raw.nodes[index].inputs)
    if want is not None and want >= 0 and have != want:
        names = "" if op.variadic else f" {list(op.input_names(params))}"
        raise LoadError(f"{raw.place(index)}: the operator takes {want} inputs{names}, but {have} are given")


# -- the upgrades ------------------------------------------------------------------------------------------------


def newer_version(raw: RawGraph) -> list[Upgrade]:
    """A file of a later MXNet than 1.9.1 is read as it is, which may not be what it means."""
    if raw.version <= CURRENT_VERSION:
        return []
    change = f"the file was saved by a newer MXNet ({version_text(raw.version)}) than 1.9.1"
    return [Upgrade("newer_version", "", change)]


_FORMS = {
    "param": "hyper-parameters under 'param'",
    "attr": "attributes under 'attr'",
    "short_entry": "inputs or heads of two numbers, without a version",
    "backward_source_id": "'backward_source_id', which is dropped",
}


def written_form(raw: RawGraph) -> list[Upgrade]:
    """Spellings of the JSON itself that 1.9.1 does not write; the parser has understood them already."""
    forms: Counter[str] = Counter()
    pending = [raw]
    while pending:
        graph = pending.pop()
        forms += graph.forms
        pending += (s for n in graph.nodes for s in n.subgraphs)
    return [
        Upgrade("written_form", "", f"written in an older way: {words} ({forms[form]} times)")
        for form, words in _FORMS.items()
        if forms[form]
    ]


_FUSED_SPELLINGS = {
    "_sg_mkldnn_conv": {"with_relu": "with_act", "with_postsum_relu": "with_postsum_act"},
    "_sg_mkldnn_fully_connected": {"with_relu": "with_eltwise"},
}


def fused_spellings(raw: RawGraph) -> list[Upgrade]:
    """Before 1.6 layers fused by oneDNN called their activation `with_relu`, as it was the only one."""
    told: list[Upgrade] = []
    for index in raw.order():
        node = raw.nodes[index]
        for old, new in _FUSED_SPELLINGS.get(node.op, {}).items():
            if old in node.attrs:
                node.attrs[new] = node.attrs.pop(old)
                change = f"attribute {old!r} of {node.name!r} is now {new!r}"
                told.append(Upgrade("fused_spellings", node.name, change))
    return told


def hidden_keys(raw: RawGraph) -> list[Upgrade]:
    """`lr_mult` becomes `__lr_mult__`; `weight_lr_mult` of a node becomes `__lr_mult__` of its weight variable."""
    told: list[Upgrade] = []
    for index in raw.order():
        node = raw.nodes[index]
        hidden = [(k, _hidden_key(k)) for k in node.attrs if any(h in k for h in HIDDEN_KEYS)]
        moved = [(k, node.attrs.pop(k), h) for k, h in hidden if h]
        for key, value, hidden_key in moved:
            target = node if key == hidden_key else _named_input(raw, index, key[: -len(hidden_key) - 1], key)
            if target is None:
                node.attrs[key] = value
            else:
                target.attrs[f"__{hidden_key}__"] = value
                change = f"attribute {key!r} of {node.name!r} is now '__{hidden_key}__' of {target.name!r}"
                told.append(Upgrade("hidden_keys", node.name, change))
    return told


def _hidden_key(key: str) -> str | None:
    """The hidden key that an attribute begins or ends with."""
    return next((h for h in HIDDEN_KEYS if key.endswith(h)), None) or next(
        (h for h in HIDDEN_KEYS if key.startswith(h)), None
    )


def _named_input(raw: RawGraph, index: int, name: str, key: str) -> RawNode | None:
    """The variable that is the input `name` of a node, None when there is no such variable."""
    node = raw.nodes[index]
    if node.is_variable or not name or not key.endswith(HIDDEN_KEYS):
        return None
    names = _input_names(raw, index)
    if name not in names or names.index(name) >= len(node.inputs):
        return None
    source = raw.nodes[node.inputs[names.index(name)][0]]
    return source if source.is_variable else None


def _input_names(raw: RawGraph, index: int) -> tuple[str, ...]:
    """Input names of a node, by its attributes without the hidden ones."""
    node = raw.nodes[index]
    op, params = _parse(raw, index, {k: v for k, v in node.attrs.items() if _hidden_key(k) is None})
    return op.input_names(params, op.input_count(params))


def missing_inputs(raw: RawGraph) -> list[Upgrade]:
    """Before 0.9 auxiliary states were not written: a node with too few inputs gets Variables for the rest."""
    told: list[Upgrade] = []
    for index in raw.order():
        node = raw.nodes[index]
        if node.is_variable:
            continue
        op, params = _parse(raw, index, node.attrs)
        want = op.input_count(params)
        if want is None or want - len(node.inputs) > _MOST_ADDED:
            continue
        names = op.input_names(params, want)
        for name in names[len(node.inputs) :]:
            variable = RawNode("null", f"{node.name}_{name}" if node.name else name, dict(node.attrs))
            node.inputs.append((len(raw.nodes), 0, 0))
            raw.nodes.append(variable)
            change = f"input {name!r} of {node.name!r} was missing and is now the variable {variable.name!r}"
            told.append(Upgrade("missing_inputs", node.name, change))
    return told


_MOST_ADDED = 1 << 16
"""A file that leaves out more inputs of one node than this has a false `num_args`; `resolve` says so."""


def initializers(raw: RawGraph) -> list[Upgrade]:
    """Before 0.9.4 initializers were chosen by name: variables get the `__init__` that their operator asks for."""
    told: list[Upgrade] = []
    for index in raw.order():
        node = raw.nodes[index]
        if node.is_variable or not _definition(raw, index).has_init:
            continue
        op, params = _parse(raw, index, node.attrs)
        for position, entry in enumerate(node.inputs):
            variable, init = raw.nodes[entry[0]], op.initializer(params, position)
            if init and variable.is_variable and "__init__" not in variable.attrs:
                variable.attrs["__init__"] = init
                told.append(Upgrade("initializers", variable.name, f"{variable.name!r} is now initialized by {init}"))
    return told


def reduce_axis(raw: RawGraph) -> list[Upgrade]:
    """Before 0.9.5 `axis=-1` of argmax and argmin meant the default, all axes."""
    told: list[Upgrade] = []
    for index in raw.order():
        node = raw.nodes[index]
        if node.op in ("argmax", "argmin") and node.attrs.get("axis") == "-1":
            del node.attrs["axis"]
            change = f"axis=-1 of {node.op} {node.name!r} meant all axes and is left out"
            told.append(Upgrade("reduce_axis", node.name, change))
    return told


_UPGRADES = ((CURRENT_VERSION, hidden_keys), (900, missing_inputs), (904, initializers), (905, reduce_axis))
