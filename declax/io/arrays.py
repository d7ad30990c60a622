"""Named arrays in files of several formats, recognised by their first bytes: MXNet's `.params`, NumPy's `.npz`."""

import os
import zlib
from collections.abc import Mapping
from zipfile import BadZipFile

import numpy as np

from declax.errors import LoadError
from declax.io.params import read_params


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
    raise LoadError(f"{where}: expected a file of arrays (.params, .npz, .safetensors), but its first bytes differ")
