"""Typed hyper-parameters: parsed from MXNet's attribute strings, printed as MXNet prints them; never `eval`.

An operator's keyword-only parameters carry annotations from this vocabulary:
`bool`, `int`, `float`, `str`, `DType`, `tuple[int, ...]` (`Shape`), `tuple[int | None, ...]`, `tuple[float, ...]`,
`Literal[...]`, each also as `X | None`. `hyper_parameter` turns one of them into a `Hyper`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, NewType, TypeAlias, Union, get_args, get_origin

import numpy as np

if TYPE_CHECKING:
    DType: TypeAlias = str
else:
    DType = NewType("DType", str)
"""The name of an element type, `float32` say; checked against `DTYPES`."""

DTYPES = (
    "float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool",
    "int16", "uint16", "uint32", "uint64", "bfloat16",
)  # fmt: skip
"""Element types in the order of MXNet's type numbers 0 to 12."""

HIDDEN_KEYS = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")
"""Attributes of a node itself, not of its operator: kept as `__key__`, and may be written without the underscores."""

MISSING: Any = type("_Missing", (), {"__repr__": lambda self: "required"})()


@dataclass(frozen=True)
class Bound:
    """What `attr()` returns: a default and limits, to stand as the default of a keyword-only parameter."""

    default: Any
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None


def attr(
    default: Any = MISSING,
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> Any:
    """A hyper-parameter with limits; required when no default is given."""
    return Bound(default, ge, gt, le, lt)


class AttrError(ValueError):
    """A value that a hyper-parameter does not accept; the caller adds operator and node."""


@dataclass(frozen=True)
class Hyper:
    """One hyper-parameter: its name, how to read it, its default and limits."""

    name: str
    read: Callable[[str], Any]
    kind: str
    default: Any = MISSING
    bound: Bound | None = None

    @property
    def required(self) -> bool:
        return self.default is MISSING

    def parse(self, text: str) -> Any:
        """The typed value of an attribute string; AttrError says what is accepted."""
        try:
            value = self.read(text)
        except (ValueError, OverflowError):
            raise AttrError(f"{self.name}={text!r} is not valid: expected {self.kind}") from None
        b = self.bound
        if b is not None and value is not None:
            low = (b.ge is not None and value < b.ge) or (b.gt is not None and value <= b.gt)
            high = (b.le is not None and value > b.le) or (b.lt is not None and value >= b.lt)
            if low or high:
                raise AttrError(f"{self.name}={text} is out of range: expected {self.describe_bound()}")
        return value

    def describe_bound(self) -> str:
        """The limits as people write them, `>= 1` say."""
        b = self.bound
        signs = ((">=", b.ge), (">", b.gt), ("<=", b.le), ("<", b.lt)) if b else ()
        return " and ".join(f"{sign} {limit:g}" for sign, limit in signs if limit is not None)

    def describe(self) -> str:
        """Type, limits and default in one line, for error messages and docs."""
        limits = f" {self.describe_bound()}" if self.bound and self.describe_bound() else ""
        return f"{self.name} : {self.kind}{limits}, " + (
            "required" if self.required else f"optional, default={self.default!r}"
        )


def to_text(value: Any) -> str:
    """A Python value as MXNet's frontend writes it into the attribute dictionary: `str(value)`.

    >>> to_text((3, 3)), to_text(True), to_text(np.float32)
    ('(3, 3)', 'True', 'float32')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, type) and issubclass(value, np.generic):
        return np.dtype(value).name
    if isinstance(value, np.dtype):
        return value.name
    if isinstance(value, np.generic):
        return str(value.item()) if value.dtype.kind in "biu" else str(value)
    if isinstance(value, tuple | list):
        inner = ", ".join(repr(v) if isinstance(v, str) else to_text(v) for v in value)
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return str(value)


_TRUE, _FALSE = {"true", "1"}, {"false", "0"}


def _read_bool(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(text)


def _read_dimension(text: str) -> int:
    """An integer of 64 bits, as the items of tuples are; Python 2 wrote some with an L."""
    word = text.strip()
    value = int(word[:-1] if word.endswith("L") else word)
    if not -(2**63) <= value < 2**63 or "_" in word or not word.isascii():
        raise ValueError(text)
    return value


def _read_optional_dimension(text: str) -> int | None:
    return None if text.strip() == "None" else _read_dimension(text)


def _read_int(text: str) -> int:
    value = _read_dimension(text)
    if not -(2**31) <= value < 2**31 or text.rstrip().endswith("L"):
        raise ValueError(text)
    return value


def _read_float(text: str) -> float:
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def _read_none(text: str) -> None:
    if text.strip() not in ("None", ""):
        raise ValueError(text)


_OUTER_COMMA = re.compile(r",(?![^(\[]*[)\]])")  # a comma outside of the tuples in a tuple
_TUPLE = re.compile(r"^\s*[\(\[](.*)[\)\]]\s*$", re.DOTALL)


def _read_tuple(item: Callable[[str], Any], text: str) -> tuple:
    match = _TUPLE.match(text)
    if not match:
        if text == "None":
            return ()
        return (item(text),)
    inner = match.group(1).strip()
    if not inner:
        return ()
    inner = inner[:-1] if inner.endswith(",") else inner
    nested = "(" in inner or "[" in inner
    return tuple(item(p) for p in (_OUTER_COMMA.split(inner) if nested else inner.split(",")))


def _read_dtype(text: str) -> str:
    if text in DTYPES:
        return text
    if text.isdigit() and int(text) < len(DTYPES):
        return DTYPES[int(text)]
    raise ValueError(text)


@cache
def _reader(annotation: Any) -> tuple[Callable[[str], Any], str]:
    """(reader, words that describe it) for an annotation of the vocabulary."""
    simple: dict[Any, tuple[Callable[[str], Any], str]] = {
        bool: (_read_bool, "boolean"),
        int: (_read_int, "int"),
        float: (_read_float, "float"),
        str: (str, "string"),
        DType: (_read_dtype, "one of " + ", ".join(DTYPES)),
        NoneType: (_read_none, "None"),
    }
    if annotation in simple:
        return simple[annotation]
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:

        def read_literal(text: str) -> Any:
            for choice in args:
                if text == str(choice):
                    return choice
            raise ValueError(text)

        return read_literal, "one of " + ", ".join(repr(a) for a in args)
    if origin in (Union, UnionType):
        inner = [_reader(a) for a in args if a is not NoneType]
        optional = NoneType in args

        def read_union(text: str) -> Any:
            if optional and text.strip() == "None":
                return None
            for read, _ in inner[:-1]:
                try:
                    return read(text)
                except ValueError:
                    continue
            return inner[-1][0](text)

        return read_union, " or ".join([k for _, k in inner] + (["None"] if optional else []))
    if origin is tuple and len(args) == 2 and args[1] is Ellipsis:
        item, kind = _reader(args[0])
        item = {int: _read_dimension, int | None: _read_optional_dimension}.get(args[0], item)
        return lambda text: _read_tuple(item, text), f"tuple of {kind}"
    raise TypeError(f"{annotation!r} is not in the vocabulary of hyper-parameter annotations (declax/attrs.py)")


def hyper_parameter(name: str, annotation: Any, default: Any) -> Hyper:
    """The `Hyper` of a keyword-only parameter `name: annotation = default`; TypeError outside the vocabulary."""
    read, kind = _reader(annotation)
    bound = default if isinstance(default, Bound) else None
    return Hyper(name, read, kind, bound.default if bound else default, bound)
