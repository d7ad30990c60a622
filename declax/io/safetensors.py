"""The safetensors format: a JSON header about names, types and places, then the bytes of all arrays.

    uint64 length of the header, little-endian; the header, {"name": {"dtype", "shape", "data_offsets"}, ...}, its
    member `__metadata__` aside; the arrays' bytes, little-endian, in C order, at the given offsets

Read from a mapped file, so that arrays cost their size once and when they are used; nothing is allocated that the file
does not hold.
"""

import json
import mmap
import os
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np

from declax.errors import LoadError
from declax.io.replace import replace_file
from declax.rules import dtype_of

_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip
_WORDS = {name: word for word, name in _TYPES.items()}
_LONGEST_HEADER = 100_000_000
"""Bytes; the format's own limit."""


def read_safetensors(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """The arrays of a file by name, read-only views of it.

    Raises:
        LoadError: the file cannot be read or is none such; the message says where.
    """
    where = os.fspath(path)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) if size else memoryview(b"")
    except OSError as e:
        raise LoadError(f"{where}: {e.strerror or e}") from None
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, _LONGEST_HEADER):
        raise LoadError(
            f"{where}: byte 0: the header would have {length} bytes, but only {max(len(data) - 8, 0)} are left"
        )
    try:
        header = json.loads(bytes(data[8 : 8 + length]))
    except (ValueError, RecursionError) as e:
        raise LoadError(f"{where}: byte 8: the header is no JSON: {e}") from None
    if not isinstance(header, dict):
        raise LoadError(f"{where}: byte 8: expected an object, got {type(header).__name__}")
    header.pop("__metadata__", None)
    body = data[8 + length :]
    return {name: _array(where, name, fields, body) for name, fields in header.items()}


def _array(where: str, name: str, fields: Any, body: memoryview) -> np.ndarray:
    try:
        dtype = dtype_of(_TYPES[fields["dtype"]])
        shape = tuple(fields["shape"])
        start, end = fields["data_offsets"]
        if any(type(d) is not int or d < 0 for d in (*shape, start, end)):
            raise ValueError("sizes and places are whole numbers from 0 on")
    except (KeyError, TypeError, ValueError) as e:
        raise LoadError(f"{where}: array {name!r}: expected dtype, shape and data_offsets, got {fields}: {e}") from None
    if end > len(body) or end - start != prod(shape) * dtype.itemsize:
        raise LoadError(
            f"{where}: array {name!r} of shape {shape} and type {dtype.name} cannot be the bytes {start} to {end} of "
            f"{len(body)}"
        )
    little = dtype.newbyteorder("<") if dtype.kind != "V" else dtype
    found = np.frombuffer(body[start:end], little).astype(dtype, copy=False).reshape(shape)
    return found if found.flags.aligned else found.copy()


def write_safetensors(path: str | os.PathLike, arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name, under a temporary name that is then renamed.

    Raises:
        TypeError: the format has no such element type.
    """
    header: dict[str, Any] = {}
    parts = []
    at = 0
    for name, value in sorted(arrays.items(), key=lambda item: -np.asarray(item[1]).dtype.itemsize):  # keeps it aligned
        array = np.asarray(value)
        if array.dtype.name not in _WORDS:
            raise TypeError(f"array {name!r}: safetensors has no element type {array.dtype}")
        header[name] = {
            "dtype": _WORDS[array.dtype.name], "shape": list(array.shape), "data_offsets": [at, at + array.nbytes],
        }  # fmt: skip
        at += array.nbytes
        parts.append(array)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)

    def write(file: Any) -> None:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for array in parts:
            little = array.dtype.newbyteorder("<") if array.dtype.kind != "V" else array.dtype
            file.write(np.ascontiguousarray(array, little).reshape(-1).view(np.uint8).data)

    replace_file(path, write)
