"""Named arrays in files of several formats: MXNet's `.params`, NumPy's `.npz`, `.safetensors`.

Reading goes by a file's first bytes, writing by the suffix of its name. Names are kept as they are, `arg:` and `aux:`
of MXNet's checkpoints included.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from declax.errors import LoadError, nearest
from declax.io.files import Source, describe, mapped
from declax.io.npz import read_npz, write_npz
from declax.io.params import MAX_DENSE, read_params, write_params
from declax.io.safetensors import read_safetensors, write_safetensors

_WRITERS = {".params": write_params, ".nd": write_params, ".npz": write_npz, ".safetensors": write_safetensors}


def format_of(source: Source) -> str | None:
    """`json`, `params`, `npz` or `safetensors` by a file's first bytes, None for any other; LoadError if unreadable."""
    if isinstance(source, str | os.PathLike):
        try:
            with open(source, "rb") as file:
                start = file.read(64)
        except OSError as e:
            raise LoadError(f"cannot read {os.fspath(source)}: {e.strerror or e}") from None
    else:
        start = bytes(mapped(source)[:64])
    if start[:8] == b"\x12\x01\0\0\0\0\0\0":
        return "params"
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "npz"
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 1 << 32:
        return "safetensors"
    return "json" if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") else None


def read_arrays(source: Source, *, max_dense: int = MAX_DENSE) -> dict[str, np.ndarray]:
    """Arrays by name from a path, bytes or a binary stream in any of these formats.

    A file's arrays are mapped where its format allows it, so that they cost their size once, and are read-only. A list
    without names gets its numbers as names; arrays that MXNet wrote empty are left out. `max_dense` bounds the bytes to
    which a sparse or a compressed array unfolds.

    Raises:
        LoadError: the file cannot be read or is no such file; the message says where.
    """
    if not isinstance(source, str | os.PathLike | bytes | bytearray | memoryview):
        source = source.read()
    kind = format_of(source)
    if kind == "params":
        found = read_params(source, max_dense=max_dense)
        named = found if isinstance(found, dict) else {str(i): a for i, a in enumerate(found)}
        return {n: a for n, a in named.items() if a is not None}
    if kind == "npz":
        return read_npz(source, max_dense=max_dense)
    if kind == "safetensors":
        return read_safetensors(source)
    where = describe(source)
    raise LoadError(f"{where}: expected a file of arrays (.params, .npz, .safetensors), but its first bytes differ")


def write_arrays(path: str | os.PathLike, arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name in the format that the suffix says: `.params`, `.nd`, `.npz` or `.safetensors`.

    The file is written under another name and then renamed.

    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_arrays(folder + "/w.npz", {"arg:fc_weight": np.ones((2, 3), "float32")})
    ...     read_arrays(folder + "/w.npz")["arg:fc_weight"].shape
    (2, 3)

    Raises:
        ValueError: the suffix is another one.
        TypeError: the format has no such element type.
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    write = _WRITERS.get(suffix)
    if write is None:
        known = ", ".join(_WRITERS)
        raise ValueError(f"{os.fspath(path)}: expected one of the suffixes {known}{nearest(suffix, _WRITERS)}")
    write(path, dict(arrays))
