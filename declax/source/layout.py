"""Python text: literals, f-strings and calls broken into lines as the common formatters break them."""

from collections.abc import Sequence
from typing import Any

from declax.source.templates import Atoms, Slot

WIDTH = 120


def literal(value: Any, atoms: Atoms) -> str:
    """A value as Python source; texts that hold parameters become f-strings."""
    if isinstance(value, Slot):
        return number(value)
    if isinstance(value, str):
        return _text(value, atoms)
    if isinstance(value, tuple):
        inner = ", ".join(literal(v, atoms) for v in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def number(slot: Slot) -> str:
    """`i`, `i + 1`, `2 * i - 1`."""
    name = slot.param.name
    if slot.scale < 0 < slot.offset:
        return f"{slot.offset} - {name if slot.scale == -1 else f'{-slot.scale} * {name}'}"
    text = {1: name, -1: f"-{name}"}.get(slot.scale, f"{slot.scale} * {name}")
    if not slot.offset:
        return text
    return f"{text} {'+' if slot.offset > 0 else '-'} {abs(slot.offset)}"


def _text(value: str, atoms: Atoms) -> str:
    parts = atoms.split(value)
    if len(parts) == 1 and isinstance(parts[0], Slot) and parts[0].param.kind == "text":
        return parts[0].param.name
    if not any(isinstance(p, Slot) for p in parts):
        return quoted(value)
    inner = "".join(f"{{{number(p)}}}" if isinstance(p, Slot) else _escaped(p) for p in parts)
    return f'f"{inner}"'


def _escaped(text: str) -> str:
    return quoted(text + "'")[1:-2].replace("{", "{{").replace("}", "}}")


def quoted(text: str) -> str:
    """A string literal in double quotes, in single ones where that spares escapes."""
    plain = repr(text)
    if plain[0] == '"':
        return plain
    inner = plain[1:-1].replace("\\'", "'")
    if '"' not in inner:
        return f'"{inner}"'
    return plain if "'" not in inner else '"' + inner.replace('"', '\\"') + '"'


def call(indent: int, before: str, name: str, arguments: Sequence[str], after: str = "") -> list[str]:
    """The lines of `<before><name>(<arguments>)<after>`."""
    pad = " " * indent
    one = f"{pad}{before}{name}({', '.join(arguments)}){after}"
    if len(one) <= WIDTH:
        return [one]
    inner = f"{pad}    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"{pad}{before}{name}(", inner, f"{pad}){after}"]
    lines = [f"{pad}{before}{name}("]
    for a in arguments:
        lines += nested(indent + 4, a)
    if len(arguments) == 1 and arguments[0].startswith("["):
        lines[-1] = lines[-1].removesuffix(",")  # the comma of a lone list belongs to nobody
    return [*lines, f"{pad}){after}"]


def nested(indent: int, argument: str) -> list[str]:
    """One argument on its own lines, with a comma; a call that is too long is broken once more."""
    line = f"{' ' * indent}{argument},"
    if len(line) <= WIDTH:
        return [line]
    if argument[:1] + argument[-1:] in ("[]", "{}", "()"):
        items = [f"{' ' * (indent + 4)}{item}," for item in split_arguments(argument[1:-1])]
        return [f"{' ' * indent}{argument[0]}", *items, f"{' ' * indent}{argument[-1]},"]
    if not argument.endswith(")") or "(" not in argument:
        return [line]
    opening = argument.index("(")
    parts = split_arguments(argument[opening + 1 : -1])
    return call(
        indent,
        argument[: argument.rfind("=", 0, opening) + 1],
        argument[argument.rfind("=", 0, opening) + 1 : opening],
        parts,
        ",",
    )


def split_arguments(text: str) -> list[str]:
    """Arguments apart at the commas that stand outside of brackets and quotes.

    >>> split_arguments('"a,b", (1, 2), f(x, y)')
    ['"a,b"', '(1, 2)', 'f(x, y)']
    """
    parts, depth, quote, start = [], 0, "", 0
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote and text[i - 1] != "\\" else quote
        elif c in "\"'":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and not depth:
            parts.append(text[start:i].strip())
            start = i + 1
    last = text[start:].strip()
    return [*parts, last] if last else parts
