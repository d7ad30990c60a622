"""Named arrays in files of several formats: MXNet's `.params`, NumPy's `.npz`, safetensors.

A file is read by what its first bytes say and written by what its name ends in.
"""

import os
import zlib
from collections.abc import Mapping
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import numpy as np

from declax.errors import LoadError
from declax.io.params import read_params, write_params
from declax.io.replace import replace_file
from declax.io.safetensors import read_safetensors, write_safetensors


def format_of(path: str | os.PathLike) -> str | None:
    """`json`, `params`, `npz` or `safetensors` by a file's first bytes, None for any other; LoadError if unreadable."""
    try:
        with open(path, "rb") as file:
            start = file.read(64)
    except OSError as e:
        raise LoadError(f"cannot read {os.fspath(path)}: {e.strerror or e}") from None
    if start[:8] == b"\x12\x01\0\0\0\0\0\0":
        return "params"
    if start[:4] == b"PK\x03\x04":
        return "npz"
    if start[8:9] == b"{" and len(start) > 8 and int.from_bytes(start[:8], "little") < 1 << 32:
        return "safetensors"
    return "json" if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else None


def read_arrays(path: str | os.PathLike) -> Mapping[str, np.ndarray]:
    """Arrays by name from a file of any of these formats; a list without names gets its numbers as names.

    Raises:
        LoadError: the file cannot be read or is no such file.
    """
    kind, where = format_of(path), os.fspath(path)
    if kind == "params":
        found = read_params(path)
        return found if isinstance(found, dict) else {str(i): a for i, a in enumerate(found)}
    if kind == "npz":
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except (BadZipFile, ValueError, OSError, EOFError, zlib.error) as e:
            raise LoadError(f"{where}: not a whole .npz file: {e}") from None
    if kind == "safetensors":
        return read_safetensors(path)
    raise LoadError(f"{where}: expected a file of arrays (.params, .npz, .safetensors), but its first bytes differ")


WRITABLE = (".params", ".nd", ".npz", ".safetensors")
"""Endings of files that `write_arrays` writes."""


def write_arrays(path: str | os.PathLike, arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name in the format that the path ends in, under a temporary name that is then renamed.

    Raises:
        ValueError: the ending is none of `WRITABLE`.
        TypeError: the format has no such element type.
    """
    ending = os.path.splitext(os.fspath(path))[1].lower()
    if ending in (".params", ".nd"):
        write_params(path, dict(arrays))
    elif ending == ".safetensors":
        write_safetensors(path, arrays)
    elif ending == ".npz":
        plain = {k: np.asarray(v) for k, v in arrays.items()}
        for name, array in plain.items():
            if array.dtype.kind == "V" or array.dtype.name == "bfloat16":
                raise TypeError(f"array {name!r}: .npz has no element type {array.dtype}; convert it to float32 first")
        replace_file(path, lambda file: write_npz(file, plain))
    else:
        raise ValueError(
            f"{os.fspath(path)}: expected a name that ends in {', '.join(WRITABLE)}, got {ending or 'none'!r}"
        )


def write_npz(file: IO[bytes], arrays: Mapping[str, np.ndarray], *, compress: bool = False) -> None:
    """Writes arrays of any names as `numpy.load` reads them, one after the other."""
    with ZipFile(file, "w", ZIP_DEFLATED if compress else ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
