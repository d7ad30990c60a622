"""Names for what the source makes: functions, their parameters, and values."""

import builtins
import keyword
import re
from collections import Counter
from itertools import count
from typing import Any

from declax.source.blocks import Function, short_name
from declax.source.statements import Body, Call, Key
from declax.source.templates import Atoms, Param, Slot

RESERVED = {
    *keyword.kwlist,
    *dir(builtins),
    "dx",
    "sym",
    "network",
    "parameter",
    "make_node",
    "registry",
    "symbol",
    "x",
    "i",
}


class Names:
    """Names that are in use in one scope."""

    def __init__(self, taken: set[str] | None = None):
        self.taken = set(RESERVED if taken is None else taken)

    def new(self, wanted: str) -> str:
        """The wanted name made an identifier, with a number where it is taken."""
        plain = identifier(wanted)
        for i in count(1):
            name = plain if i == 1 else f"{plain}_{i}" if plain[-1:].isdigit() else f"{plain}{i}"
            if name not in self.taken:
                self.taken.add(name)
                return name
        raise AssertionError("count never ends")


def identifier(text: str) -> str:
    """A text as a Python name in lower case, "value" where nothing is left of it."""
    plain = re.sub(r"\W+|_+", "_", text, flags=re.ASCII).strip("_").lower()
    return f"_{plain}" if plain[:1].isdigit() else plain or "value"


def label(call: Call, atoms: Atoms) -> str:
    """A word for a call's value: what its name has besides parameters, else what the call does."""
    word = identifier(_fixed_part(call, atoms) or short_name(call.target))
    return f"{short_name(call.target)}{word}" if word.startswith("_") else word


def _fixed_part(call: Call, atoms: Atoms) -> str:
    texts = [v for k, v in call.fields.items() if k[0] == "name" or (k[0] == "arg" and _is_name(call, k))]
    if not texts or not isinstance(texts[0], str):
        return ""
    parts = [p for p in atoms.split(texts[0]) if isinstance(p, str)]
    return "_".join(p.strip("_") for p in parts).strip("_")


def _is_name(call: Call, key: Key) -> bool:
    return isinstance(call.target, Function) and call.target.params[int(key[1])].name == "name"


def name_functions(functions: list[Function], atoms: Atoms) -> dict[int, str]:
    """Names of functions by `id`, and new names of their parameters."""
    scope = Names()
    scope.taken |= {re.sub(r"\d+$", "", p.name) for f in functions for p in f.params}
    scope.taken |= {p.role for f in functions for p in f.ports}
    found: dict[int, str] = {}
    for f in functions:
        found[id(f)] = scope.new(_function_name(f, found, atoms))
        _name_parameters(f, atoms)
    return found


def _function_name(function: Function, known: dict[int, str], atoms: Atoms) -> str:
    words = [known.get(id(c.target)) or _operator_word(c) for c in function.body.calls]
    common = _common_word(function, atoms)
    if common and common not in words:
        return common
    if len(words) <= 4 and sum(map(len, words)) <= 24:
        return "_".join(words)
    return f"{words[-1]}_block"


def _operator_word(call: Call) -> str:
    kind = call.fields.get(("attr", "act_type"))
    if call.target in ("sym.Activation", "sym.LeakyReLU") and isinstance(kind, str) and kind.isidentifier():
        return kind
    return short_name(call.target)


def _common_word(function: Function, atoms: Atoms) -> str:
    """What the names of a function's parts have in common besides numbers: `stage_unit` of `stage1_unit2`."""
    texts = []
    for number, param in enumerate(function.params):
        if param.name == "name":
            values = [c.fields["arg", str(number)] for c in function.calls]
            texts = [v for v in values if isinstance(v, str) and atoms.is_constant(v)]
            break
    words = {re.sub(r"[\d_\W]+", "_", t).strip("_").lower() for t in texts}
    word = words.pop() if len(words) == 1 else ""
    return word if len(word) > 2 and len(texts) > 1 and not keyword.iskeyword(word) else ""


def _name_parameters(function: Function, atoms: Atoms) -> None:
    scope = Names(RESERVED - {"x", "i"})
    for port in function.ports:
        port.role = scope.new(port.role)
    stems, words = [], []
    for p in function.params:
        user, key = _user(function.body, p)
        inner = user.target.params[int(key[1])].name if key[0] == "arg" and p.kind == "value" else p.name
        stems.append(inner if key[0] == "arg" else re.sub(r"\d+$", "", inner))
        words.append(_fixed_part(user, atoms))
    for p, stem, word in zip(function.params, stems, words, strict=True):
        p.name = scope.new(f"{stem}_{word}" if p.kind == "value" and stems.count(stem) > 1 and word else stem)


def _user(body: Body, param: Param) -> tuple[Call, Key]:
    """The first call that a parameter goes into, and the field."""
    for c in body.calls:
        for key, value in c.fields.items():
            slots = [value] if isinstance(value, Slot) else []
            if any(s.param is param for s in slots):
                return c, key
    return body.calls[0], ("name",)


def most_common(values: list[Any], atoms: Atoms) -> Any:
    """The value that most calls give, `...` when no constant is that common."""
    constants = Counter(repr(v) for v in values if atoms.is_constant(v))
    if constants:
        text, times = constants.most_common(1)[0]
        if times >= 2 and 3 * times >= len(values):
            return next(v for v in values if repr(v) == text)
    return ...
