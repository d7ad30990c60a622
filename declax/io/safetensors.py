"""The safetensors format: a uint64 with the size of a JSON header, the header, and the arrays' bytes.

Arrays of a file are mapped, so they cost their size once, when they are used; they are read-only. Whatever the bytes
are, nothing is allocated that they do not hold.
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any

import ml_dtypes
import numpy as np

from declax.errors import LoadError, nearest
from declax.io.files import Source, describe, mapped, replacing

_TYPES = {
    "BOOL": np.dtype("bool"), "U8": np.dtype("uint8"), "I8": np.dtype("int8"), "U16": np.dtype("uint16"),
    "I16": np.dtype("int16"), "U32": np.dtype("uint32"), "I32": np.dtype("int32"), "U64": np.dtype("uint64"),
    "I64": np.dtype("int64"), "F16": np.dtype("float16"), "BF16": np.dtype(ml_dtypes.bfloat16),
    "F32": np.dtype("float32"), "F64": np.dtype("float64"), "F8_E4M3": np.dtype(ml_dtypes.float8_e4m3fn),
    "F8_E5M2": np.dtype(ml_dtypes.float8_e5m2),
}  # fmt: skip
_WORDS = {dtype: word for word, dtype in _TYPES.items()}
_ALIGN = 64


def read_safetensors(source: Source) -> dict[str, np.ndarray]:
    """Arrays by name; LoadError says what is wrong and where."""
    data, where = mapped(source), describe(source)
    if len(data) < 8:
        raise LoadError(f"{where}: byte 0: expected the size of the header (8 bytes), but only {len(data)} are left")
    size = int.from_bytes(data[:8], "little")
    if size > len(data) - 8:
        raise LoadError(f"{where}: byte 0: the header should have {size} bytes, but only {len(data) - 8} are left")
    try:
        header = json.loads(bytes(data[8 : 8 + size]).decode("utf-8"))
    except (ValueError, RecursionError) as e:
        raise LoadError(f"{where}: byte 8: the header is no JSON: {e}") from None
    if not isinstance(header, dict):
        raise LoadError(f"{where}: byte 8: expected an object of arrays in the header")
    return {n: _array(data, 8 + size, n, v, where) for n, v in header.items() if n != "__metadata__"}


def _array(data: memoryview, start: int, name: str, entry: Any, where: str) -> np.ndarray:
    what = f"{where}: array {name!r}"
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= entry.keys():
        raise LoadError(f"{what}: expected an object with dtype, shape and data_offsets")
    dtype = _TYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
    if dtype is None:
        raise LoadError(f"{what}: unknown dtype {str(entry['dtype'])[:40]!r}; known are {', '.join(_TYPES)}")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _whole(shape) or len(shape) > 64:
        raise LoadError(f"{what}: expected a shape, a list of at most 64 whole numbers, got {str(shape)[:60]}")
    if not _whole(offsets) or len(offsets) != 2:
        raise LoadError(f"{what}: expected two whole numbers as data_offsets, got {str(offsets)[:60]}")
    begin, end = offsets
    if not begin <= end <= len(data) - start:
        left = len(data) - start
        raise LoadError(f"{what}: byte {start}: data_offsets {offsets} are outside of the {left} bytes that are left")
    if prod(shape) * dtype.itemsize != end - begin:
        raise LoadError(f"{what}: byte {start + begin}: {end - begin} bytes do not make {dtype.name} of shape {shape}")
    if not prod(shape):
        return np.empty(shape, dtype)
    found = np.frombuffer(data, dtype, prod(shape), start + begin).reshape(shape)
    return found if found.flags.aligned else found.copy()


def _whole(value: Any) -> bool:
    return isinstance(value, list) and all(type(x) is int and 0 <= x < 2**63 for x in value)


def write_safetensors(target: Any, arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name to a path, under another name first, or to a binary stream."""
    header: dict[str, Any] = {}
    plain, at = [], 0
    for name, value in arrays.items():
        array = np.asarray(value)
        word = _WORDS.get(array.dtype.newbyteorder("="))
        if word is None:
            known = nearest(str(array.dtype), [d.name for d in _WORDS])
            raise TypeError(f"array {name!r}: safetensors has no element type {array.dtype}{known}")
        header[name] = {"dtype": word, "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        plain.append(np.ascontiguousarray(array, array.dtype.newbyteorder("=")))
        at += array.nbytes
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-(8 + len(text)) % _ALIGN)
    chunks = [len(text).to_bytes(8, "little"), text, *(a.reshape(-1).view(np.uint8).data for a in plain if a.size)]
    if hasattr(target, "write"):
        for chunk in chunks:
            target.write(chunk)
        return
    with replacing(target) as file:
        file.writelines(chunks)
