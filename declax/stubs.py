"""Writes what follows from the table of operators: stubs of `declax.symbol` and `declax.ndarray`, docs/operators.md.

`python -m declax.stubs --write` writes them, `--check` says which are out of date. A stub is the module's own classes
and functions without their bodies, followed by a function per operator, so that editors and type checkers see the
operators that the module makes when they are asked for.
"""

import ast
import builtins
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from declax import frontend, registry
from declax.attrs import DType, Hyper
from declax.registry import OpDef

PACKAGE = Path(__file__).parent
HEADER = "# Written by `python -m declax.stubs --write`; do not edit.\n"
SPACES = ("contrib", "linalg", "random", "image", "sparse", "_internal")
"""Namespaces that a stub shows below its module; `op` is the module itself."""


def outputs() -> dict[Path, str]:
    """File -> what should stand in it."""
    from declax import ndarray, symbol

    return {
        PACKAGE / "symbol.pyi": stub(Path(symbol.__file__), symbol.namespaces),
        PACKAGE / "ndarray.pyi": stub(Path(ndarray.__file__), ndarray.namespaces),
        PACKAGE.parent / "docs" / "operators.md": documentation(),
    }


# -- one function ------------------------------------------------------------------------------------------------


def annotation(kind: Any) -> str:
    """What a caller may pass for a hyper-parameter with this annotation.

    >>> annotation(tuple[int, ...] | None), annotation(Literal["a", "b"]), annotation(DType)
    ('Sequence[int] | int | None', "Literal['a', 'b']", 'DTypeLike')
    """
    origin, args = get_origin(kind), get_args(kind)
    if kind is DType:
        return "DTypeLike"
    if kind is NoneType:
        return "None"
    if origin is Literal:
        return "Literal[" + ", ".join(repr(a) for a in args) + "]"
    if origin in (Union, UnionType):
        return " | ".join(dict.fromkeys(part for a in args for part in annotation(a).split(" | ")))
    if origin is tuple:
        item = annotation(args[0])
        return f"Sequence[{item}] | {item}"
    return f"builtins.{kind.__name__}" if kind in (bool, int, float, str) else "Any"


def parameters(op: OpDef, tensor: str, *, method: bool = False) -> list[str]:
    """The parameters of an operator's public function, as source text."""
    annotations = op.function.__annotations__
    found = ["self"] if method else []
    inputs = list(op.all_input_names)[1 if method else 0 :]
    if op.variadic:
        found += [*inputs, f"*{op.variadic}: {tensor} | Sequence[{tensor}]"]
    else:
        found += [f"{n}: {tensor} | None = None" for n in inputs]
    for h in op.hyper.values():
        if h.name != op.num_args:
            found.append(f"{h.name}: {annotation(annotations[h.name])}{default(h, op)}")
    if not op.variadic:
        found.append("*")
    ends = {"name": "str | None", "attr": "Mapping[str, str] | None", "out": f"{tensor} | Sequence[{tensor}] | None"}
    return found + [f"{n}: {k} = None" for n, k in ends.items() if n not in op.hyper]


def default(h: Hyper, op: OpDef) -> str:
    """` = value` of a parameter; a required one behind optional tensors shows `...`."""
    if h.required:
        return "" if op.variadic else " = ..."
    return f" = {h.default!r}" if re.fullmatch(r"[\w\s.,()+\-'\[\]]*", repr(h.default)) else " = ..."


def function(op: OpDef, public: str, tensor: str, *, several: str, static: bool = False, method: bool = False) -> str:
    """The stub of one operator's function."""
    shown = op._outputs if op._visible is None else op._visible
    single = shown == 1 or (isinstance(shown, list | tuple) and len(shown) == 1)
    text = f"def {public}({', '.join(parameters(op, tensor, method=method))}) -> {tensor if single else several}:"
    doc = sentence(op).replace("\\", "\\\\").replace('"""', "'''")
    text = f'{text}\n    """{doc}"""\n    ...'
    return f"@staticmethod\n{text}" if static else text


def sentence(op: OpDef) -> str:
    """The first paragraph of an operator's docstring, on one line."""
    return " ".join((inspect.getdoc(op.function) or "").split("\n\n")[0].split())


# -- one module --------------------------------------------------------------------------------------------------


def stub(source: Path, spaces: frontend.Namespaces) -> str:
    """The stub of a frontend's module: what its source declares, then its operators by namespace."""
    tensor = spaces.tensor.__name__
    several = tensor if tensor == "Symbol" else f"list[{tensor}]"
    tree = ast.parse(source.read_text())
    declared = {name for node in tree.body for name in _names(node)}
    body = [ast.unparse(n) for n in _outlines(tree, tensor, spaces)]
    taken = {*declared, "builtins"}
    parts = [
        HEADER.rstrip(),
        "import builtins",
        "from collections.abc import Mapping, Sequence",
        "from typing import Any, Literal, TypeAlias",
        "import numpy as np",
        *body,
        "DTypeLike: TypeAlias = builtins.str | builtins.type | np.dtype",
        _operators(spaces, "", taken, tensor, several),
    ]
    for space in SPACES:
        members = _operators(spaces, space, set(), tensor, several, static=True)
        parts.append(f"class {space}:\n{textwrap.indent(members or 'pass', '    ')}")
    return "\n".join(parts) + "\n"


def _operators(
    spaces: frontend.Namespaces, space: str, taken: set[str], tensor: str, several: str, *, static: bool = False
) -> str:
    """Stubs of the operators in one namespace, aliases as assignments, and of its Python functions."""
    parts, first = [], {}
    for public, registered in sorted(spaces.table[space].items()):
        if public in taken or not public.isidentifier():
            continue
        op = registry.lookup(registered)
        if op in first:
            parts.append(f"{public} = {first[op]}")
        else:
            first[op] = public
            parts.append(function(op, public, tensor, several=several, static=static))
    for public in frontend._python_names(space):
        if public not in taken and public not in spaces.table[space]:
            parts.append(_python_stub(frontend._python_function(spaces, space, public), public, static))
    return "\n".join(parts)


def _python_stub(made: Callable | None, public: str, static: bool) -> str:
    """The stub of a function written in Python; its annotations stay with its source."""
    assert made is not None
    shown = []
    for p in inspect.signature(made).parameters.values():
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        plain = p.default is p.empty
        value = (
            "" if plain else f" = {p.default!r}" if isinstance(p.default, int | float | str | NoneType) else " = ..."
        )
        shown.append(f"{stars}{p.name}: Any{value}")
    doc = " ".join((made.__doc__ or "").strip().split("\n\n")[0].split())
    text = f'def {public}({", ".join(shown)}) -> Any:\n    """{doc}"""\n    ...'
    return f"@staticmethod\n{text}" if static else text


def _names(node: ast.stmt) -> Iterable[str]:
    """Names that a statement at the top of a module defines for its users."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (t.id for t in node.targets if isinstance(t, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


def _outlines(tree: ast.Module, tensor: str, spaces: frontend.Namespaces) -> Iterable[ast.stmt]:
    """The statements of a module that a stub keeps, without bodies."""
    builtin = _Builtins()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from node.body
        elif isinstance(node, ast.FunctionDef):
            if not node.name.startswith("__"):
                yield builtin.visit(_outline(node))
        elif isinstance(node, ast.ClassDef):
            members = [m for n in node.body if (m := _member(n)) is not None]
            if node.name == tensor:
                members += _fluent(node, spaces)
            node.body = members or [ast.Expr(ast.Constant(...))]
            yield builtin.visit(node)
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            yield node
        elif any(True for _ in _names(node)):
            for name in _names(node):
                yield ast.parse(f"{name}: Any").body[0]


def _outline(node: ast.FunctionDef) -> ast.FunctionDef:
    doc = ast.get_docstring(node)
    text = [ast.Expr(ast.Constant(" ".join(doc.split("\n\n")[0].split())))] if doc else []
    node.body = [*text, ast.Expr(ast.Constant(...))]
    return node


def _member(node: ast.stmt) -> ast.stmt | None:
    """A class member in a stub; None for what is private or has no place there."""
    if isinstance(node, ast.FunctionDef):
        private = node.name.startswith("_") and not node.name.startswith("__") and node.name != "_set_attr"
        return None if private else _outline(node)
    if isinstance(node, ast.Assign):
        names = [t.id for t in node.targets if isinstance(t, ast.Name)]
        if len(node.targets) == 1 and isinstance(node.value, ast.Name) and not node.value.id.startswith("_"):
            return node
        found = [n for n in names if n not in ("__slots__",)]
        return ast.parse(f"{found[0]}: Any").body[0] if found else None
    return node if isinstance(node, ast.AnnAssign) else None


def _fluent(node: ast.ClassDef, spaces: frontend.Namespaces) -> list[ast.stmt]:
    """Methods that `install_fluent` adds to the tensor class."""
    have = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
    tensor = spaces.tensor.__name__
    several = tensor if tensor == "Symbol" else f"list[{tensor}]"
    found = []
    for name in frontend.FLUENT:
        registered = spaces.table[""].get(name)
        if name not in have and registered is not None:
            text = function(registry.lookup(registered), name, tensor, several=several, method=True)
            found += ast.parse(text).body
    return found


class _Builtins(ast.NodeTransformer):
    """Writes `slice` as `builtins.slice` in annotations: operators have names of Python's own types."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if hasattr(builtins, node.id) and isinstance(getattr(builtins, node.id), type):
            return ast.Attribute(ast.Name("builtins", ast.Load()), node.id, node.ctx)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return node


# -- the docs page -----------------------------------------------------------------------------------------------


def documentation() -> str:
    """docs/operators.md: every operator with its names, parameters and docstring."""
    frontend.registry_is_full()
    ops = sorted((o for o in registry.operators() if o.function.__module__.startswith("declax.")), key=_order)
    lines = ["<!-- Written by `python -m declax.stubs --write`; do not edit. -->", "", "# Operators", ""]
    lines += [f"{len(ops)} operators, each callable on symbols (`sym`) and on arrays (`nd`).", ""]
    for op in ops:
        lines += [f"## {op.name}", ""]
        if op.aliases:
            lines += ["Also " + ", ".join(f"`{a}`" for a in op.aliases) + ".", ""]
        lines += [inspect.getdoc(op.function) or "", ""]
        inputs = [i.name + (" (auxiliary)" if i.is_aux else "") for i in op.inputs]
        inputs += [f"*{op.variadic}"] if op.variadic else []
        if inputs:
            lines += ["Inputs: " + ", ".join(f"`{i}`" for i in inputs), ""]
        if op.hyper:
            lines += [*(f"- `{h.describe()}`" for h in op.hyper.values()), ""]
    return "\n".join(lines)


def _order(op: OpDef) -> tuple[bool, str]:
    return op.name.startswith("_"), op.name.lower()


# -- the command -------------------------------------------------------------------------------------------------


def formatted(text: str) -> str:
    """Text of a stub with blank runs removed: equal source gives equal bytes."""
    return re.sub(r"\n{3,}", "\n\n", text)


def main(arguments: list[str]) -> int:
    """`--write` or `--check`; returns the exit status."""
    if arguments not in (["--write"], ["--check"]):
        print("usage: python -m declax.stubs --write | --check")
        return 2
    stale = [p for p, text in outputs().items() if not p.exists() or p.read_text(encoding="utf-8") != formatted(text)]
    if arguments == ["--write"]:
        for path, text in outputs().items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(formatted(text), encoding="utf-8")
        print("written:", ", ".join(p.name for p in stale) or "nothing had changed")
        return 0
    for path in stale:
        print(f"{path} is out of date: run python -m declax.stubs --write")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
