"""Functions that stand at the head of the source where it needs them."""

from collections import Counter
from typing import Any

from declax.source.layout import literal
from declax.source.statements import Body, Call, Key
from declax.source.templates import Atoms

MAKE_NODE = '''def make_node(op, inputs, subgraphs, name, attr):
    """A node by its operator's name, for operators without a function and for those that run subgraphs."""
    definition = registry.lookup(op)
    return symbol.create(definition, op, inputs, {}, {}, name, attr, subgraphs=tuple(list(s.heads) for s in subgraphs))
'''

OLD_VARIABLE = '''def old_variable(name, old, **more):
    """A variable with attributes that files of old versions have on it, and that no call sets any more."""
    made = sym.Variable(name, **more)
    made.heads[0].node.attrs.update(old)
    return made
'''

_PARAMETER = '''def parameter(name, **more):
    """A variable with the attributes that most parameters here have."""
    return sym.Variable(name, {}, **more)
'''

_PLAIN = ("dtype", "lr_mult", "stype", "wd_mult")


def parameter_helper(common: dict[Key, Any], atoms: Atoms) -> str:
    """The function that makes a variable with common attributes."""
    return _PARAMETER.format(", ".join(f"{k[1]}={literal(v, atoms)}" for k, v in common.items()))


def common_variable(body: Body) -> dict[Key, Any]:
    """The attributes, besides shape and initializer, that most variables have, when they are worth a function."""
    found: Counter[tuple[tuple[str, Any], ...]] = Counter()
    for c in (*body.calls, *body.variables):
        given: dict[str, list[tuple[str, Any]]] = {}
        for key, value in c.fields.items():
            if key[0] == "var" and len(key) == 3:
                given.setdefault(key[1], []).append((key[2], value))
            elif c.target == "sym.Variable" and key[0] == "attr":
                given.setdefault("", []).append((key[1], value))
        found.update(tuple(sorted(p for p in pairs if p[0] in _PLAIN)) for pairs in given.values())
    common, times = found.most_common(1)[0] if found else ((), 0)
    return {("attr", k): v for k, v in common} if len(common) >= 3 and times >= 8 else {}


def is_old(key: Key) -> bool:
    """Whether a variable's field is an attribute that `Variable` refuses."""
    return key[-1].startswith("old/")


def has_old_attributes(body: Body) -> bool:
    """Whether a variable has attributes that `Variable` refuses."""
    return any(_has_old(c) for c in (*body.variables, *body.calls))


def _has_old(call: Call) -> bool:
    return any(map(is_old, call.fields)) or any(map(has_old_attributes, call.bodies))
