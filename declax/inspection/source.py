"""Opening what `inspect` is given: a Symbol, a symbol file, a file of arrays; recognised by content, not by name."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from declax.errors import LoadError
from declax.inspection.facts import Saved
from declax.io.arrays import format_of, read_arrays
from declax.io.json import read_text
from declax.io.sagemaker import model_files
from declax.symbol import Symbol


@dataclass(frozen=True)
class Opened:
    """What a source holds: a symbol or its text, saved arrays, shapes of inputs that the file itself tells."""

    name: str
    format: str
    text: str | None = None
    symbol: Symbol | None = None
    saved: Saved | None = None
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def open_source(source: Any) -> Opened:
    """A Symbol as it is, a file by what its first bytes say."""
    if isinstance(source, Symbol):
        return Opened(repr(source), "Symbol", symbol=source)
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"expected a Symbol or the path of a file, got {type(source).__name__}")
    path = os.fspath(source)
    if _is_archive(path):
        text, arrays, known = model_files(path)
        saved = replace(saved_of(arrays), source=path) if arrays else None
        return Opened(path, "SageMaker archive with MXNet symbol JSON", text=text, saved=saved, shapes=_shapes(known))
    kind = format_of(path)
    if kind == "json":
        return Opened(path, "MXNet symbol JSON", text=read_text(path))
    if kind is None:
        raise LoadError(
            f"{path}: this is neither symbol JSON nor a file of arrays (.params, .npz, .safetensors) by its first bytes"
        )
    return Opened(path, f"arrays, {kind}", saved=saved_of(path))


def _is_archive(path: str) -> bool:
    """Whether a file begins as a tar archive or a compressed one."""
    try:
        with open(path, "rb") as file:
            start = file.read(512)
    except OSError as e:
        raise LoadError(f"cannot read {path}: {e.strerror or e}") from None
    return start[:2] == b"\x1f\x8b" or start[257:262] == b"ustar"


def _shapes(known: Any) -> dict[str, tuple[int, ...]]:
    """Shapes by input from `model-shapes.json`: a list of objects with a name and a shape."""
    found = {}
    for entry in known if isinstance(known, list) else ():
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if isinstance(shape, list) and all(type(d) is int and d >= 0 for d in shape):
            found[str(entry.get("name"))] = tuple(shape)
    return found


def saved_of(params: Any) -> Saved:
    """Arrays by bare name from a file or a mapping."""
    if isinstance(params, str | os.PathLike):
        source = os.fspath(params)
        given: Mapping[str, Any] = read_arrays(source)
    elif isinstance(params, Mapping):
        source, given = "params", params
    else:
        raise TypeError(f"params: expected a path or a mapping of arrays by name, got {type(params).__name__}")
    arrays: dict[str, np.ndarray] = {}
    kinds: dict[str, str] = {}
    for key, value in given.items():
        kind, colon, rest = key.partition(":")
        name = rest if colon and kind in ("arg", "aux") else key
        if value is None:
            continue
        arrays[name] = value if isinstance(value, np.ndarray) else np.asarray(value)
        if name != key:
            kinds[name] = kind
    return Saved(arrays, kinds, source)
