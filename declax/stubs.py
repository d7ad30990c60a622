"""Writes what follows from the table of operators: `_sym.pyi`, `_nd.pyi` and docs/operators.md.

`python -m declax.stubs --write` writes them, `--check` says which are out of date. The two stubs are `declax.sym` and
`declax.nd` as editors and type checkers see them (`declax/__init__.py` points there): the module's own functions,
then one with its true signature per operator, which the module itself makes only when it is asked for.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from declax import frontend, registry
from declax.attrs import DType, Hyper
from declax.registry import OpDef

PACKAGE = Path(__file__).parent
SPACES = ("contrib", "linalg", "random", "image", "sparse", "_internal")
"""Namespaces that a stub shows as classes of static functions."""

HEADER = """# Written by `python -m declax.stubs --write`; do not edit.
# pyright: basic, reportSelfClsParameterName=false
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

Attrs: TypeAlias = Mapping[str, str] | None
DTypeLike: TypeAlias = str | type | np.dtype
Flag: TypeAlias = bool | int
Floats: TypeAlias = Sequence[float] | float
Ints: TypeAlias = Sequence[int] | int
Name: TypeAlias = str | None
"""


def outputs() -> dict[Path, str]:
    """File -> what should stand in it."""
    from declax import ndarray, symbol

    return {
        PACKAGE / "_sym.pyi": stub(symbol, symbol.namespaces),
        PACKAGE / "_nd.pyi": stub(ndarray, ndarray.namespaces),
        PACKAGE.parent / "docs" / "operators.md": documentation(),
    }


# -- one function ------------------------------------------------------------------------------------------------


def annotation(kind: Any) -> str:
    """What a caller may pass for a hyper-parameter with this annotation.

    >>> annotation(tuple[int, ...] | None), annotation(Literal["a", "b"]), annotation(DType)
    ('Ints | None', "Literal['a', 'b'] | str", 'DTypeLike')
    """
    origin, args = get_origin(kind), get_args(kind)
    if kind is DType:
        return "DTypeLike"
    if kind is NoneType:
        return "None"
    if origin is Literal:
        return "Literal[" + ", ".join(repr(a) for a in args) + "] | str"
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(part for a in args for part in annotation(a).split(" | ")))
    if kind is bool:
        return "Flag"
    if origin is tuple:
        item = annotation(args[0])
        return {"int": "Ints", "float": "Floats"}.get(item, f"Sequence[{item}] | {item}")
    return kind.__name__ if kind in (int, float, str) else "Any"


def parameters(op: OpDef, tensor: str, *, method: bool = False) -> list[str]:
    """The parameters of an operator's public function, as source text."""
    annotations = op.function.__annotations__
    inputs = list(op.all_input_names)[1 if method else 0 :]
    found = ["self"] if method else []
    if op.variadic:
        found += [*inputs, f"*{op.variadic}: {tensor} | Sequence[{tensor}]"]
    else:
        found += [f"{n}: {tensor} | None = None" for n in inputs]
    for h in op.hyper.values():
        if h.name != op.num_args:
            found.append(f"{h.name}: {annotation(annotations[h.name])}{default(h, op)}")
    if not op.variadic:
        found.append("*")
    ends = {"name": "Name", "attr": "Attrs", "out": "Any"}
    return found + [f"{n}: {k} = None" for n, k in ends.items() if n not in op.hyper]


def default(h: Hyper, op: OpDef) -> str:
    """` = value` of a parameter; a required one behind optional tensors shows `...`."""
    if h.required:
        return "" if op.variadic else " = ..."
    return f" = {h.default!r}" if re.fullmatch(r"[\w\s.,()+\-'\[\]]*", repr(h.default)) else " = ..."


def function(op: OpDef, public: str, tensor: str, *, method: bool = False) -> str:
    """The stub of one operator's function; several outputs are one Symbol, or a list of arrays."""
    shown = op._outputs if op._visible is None else op._visible
    single = shown == 1 or (isinstance(shown, list | tuple) and len(shown) == 1)
    result = tensor if single or tensor == "Symbol" else "Any"
    doc = first_sentence(op.function).replace("\\", "\\\\").replace('"""', "'''")
    return f'def {public}({", ".join(parameters(op, tensor, method=method))}) -> {result}:\n    """{doc}"""'


def is_own(op: OpDef) -> bool:
    """Whether an operator is declax's, not one that a user registered."""
    return op.function.__module__.startswith(("declax.layers.", "declax.ops.", "declax.operator"))


def first_sentence(made: Callable) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(made) or "").split("\n\n")[0].split())


def python_function(made: Callable, public: str) -> str:
    """The stub of a function that is written in Python around operators; its annotations stay with its source."""
    shown = []
    for p in inspect.signature(made).parameters.values():
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        plain = isinstance(p.default, int | float | str | NoneType)
        value = "" if p.default is p.empty else f" = {p.default!r}" if plain else " = ..."
        shown.append(f"{stars}{p.name}: Any{value}")
    return f'def {public}({", ".join(shown)}) -> Any:\n    """{first_sentence(made)}"""'


# -- one module --------------------------------------------------------------------------------------------------


def stub(module: ModuleType, spaces: frontend.Namespaces) -> str:
    """The stub of a frontend: its module's own names, its operators, its sub-namespaces, its tensor's methods."""
    tensor = spaces.tensor.__name__
    own = sorted({tensor, *(n for n, v in vars(module).items() if _is_own(module, n, v))})
    parts = [
        HEADER,
        "".join(f"from {module.__name__} import {n} as {n}\n" for n in own),
        functions(spaces, "", tensor, frozenset(own)),
    ]
    for space in SPACES:
        parts.append(f"class {space}:\n{_indented(functions(spaces, space, tensor, static=True))}\n")
    parts.append("op: Any\nnamespaces: Any\n")
    parts.append(f"class Methods:\n{_indented(methods(spaces))}\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(parts))


def _is_own(module: ModuleType, name: str, value: Any) -> bool:
    """Whether a name of a module is a public function or class that was written there."""
    return not name.startswith("_") and callable(value) and getattr(value, "__module__", "") == module.__name__


def _indented(text: str) -> str:
    return textwrap.indent(text or "pass\n", "    ")


def functions(
    spaces: frontend.Namespaces, space: str, tensor: str, taken: frozenset[str] = frozenset(), *, static: bool = False
) -> str:
    """Stubs of the functions in one namespace; an operator's further names are assignments."""
    mark = "@staticmethod\n" if static else ""
    parts: list[str] = []
    first: dict[OpDef, str] = {}
    for public, registered in sorted(spaces.table[space].items()):
        op = registry.lookup(registered)
        if public in taken or not public.isidentifier() or not is_own(op):
            continue
        if op in first:
            parts.append(f"{public} = {first[op]}")
        else:
            first[op] = public
            parts.append(mark + function(op, public, tensor))
    for public in frontend._python_names(space):
        made = frontend._python_function(spaces, space, public)
        if made is not None and public not in taken and public not in spaces.table[space]:
            parts.append(mark + python_function(made, public))
    return "\n".join(parts)


def methods(spaces: frontend.Namespaces) -> str:
    """Stubs of the fluent methods that the tensor's class does not define itself."""
    name = spaces.tensor.__name__
    tree = ast.parse(Path(inspect.getfile(spaces.tensor)).read_text(encoding="utf-8"))
    own = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)
    have = {n.name for n in own.body if isinstance(n, ast.FunctionDef)}
    table = spaces.table[""]
    wanted = [m for m in frontend.FLUENT if m not in have and m in table]
    return "\n".join(function(registry.lookup(table[m]), m, name, method=True) for m in wanted)


# -- the docs page -----------------------------------------------------------------------------------------------


def documentation() -> str:
    """docs/operators.md: every operator with its names, parameters and docstring."""
    registry.load()
    ops = sorted(filter(is_own, registry.operators()), key=_order)
    lines = ["<!-- Written by `python -m declax.stubs --write`; do not edit. -->", "", "# Operators", ""]
    lines += [
        f"{len(ops)} operators, each callable on symbols (`sym`) and on arrays (`nd`). What differs from MXNet 1.9.1",
        "stands in each one's text and, by subject, in [differences.md](differences.md).",
        "",
        *_refused(),
    ]
    for op in ops:
        lines += [f"## {op.name}", ""]
        places = ", ".join(f"`{n}` ({_place(n)})" if _place(n) != n else f"`{n}`" for n in op.aliases)
        lines += [f"`{_place(op.name)}` in `{op.function.__module__}`" + (f"; also {places}." if places else "."), ""]
        lines += [inspect.getdoc(op.function) or "", ""]
        inputs = [i.name + (" (auxiliary)" if i.is_aux else "") for i in op.inputs]
        inputs += [f"*{op.variadic}"] if op.variadic else []
        if inputs:
            lines += ["Inputs: " + ", ".join(f"`{i}`" for i in inputs), ""]
        if op.hyper:
            lines += [*(f"- `{h.describe()}`" for h in op.hyper.values()), ""]
    return "\n".join(lines)


def _place(name: str) -> str:
    """How callers write a registered name below `sym` or `nd`."""
    space, public = frontend.public_name(name)
    return f"{space}.{public}" if space else public


def _refused() -> list[str]:
    """MXNet's names that have no operator here."""
    reasons: dict[str, list[str]] = {}
    for name, why in registry.unsupported_names().items():
        reasons.setdefault(why, []).append(name)
    lines = ["Names of MXNet's that mean nothing on XLA; using one is an error that says why:", ""]
    lines += [f"- {', '.join(f'`{n}`' for n in names)}: {why}." for why, names in reasons.items()]
    return [*lines, ""]


def _order(op: OpDef) -> tuple[bool, str]:
    return op.name.startswith("_"), op.name.lower()


# -- the command -------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """`--write` or `--check`; returns the exit status."""
    if arguments not in (["--write"], ["--check"]):
        print("usage: python -m declax.stubs --write | --check")
        return 2
    stale = [p for p, text in outputs().items() if not p.exists() or p.read_text(encoding="utf-8") != text]
    if arguments == ["--write"]:
        for path, text in outputs().items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print("written:", ", ".join(p.name for p in stale) or "nothing had changed")
        return 0
    for path in stale:
        print(f"{path} is out of date: run python -m declax.stubs --write")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
