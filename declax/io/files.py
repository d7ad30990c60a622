"""Bytes of files: mapped when they are read, written under another name and then renamed."""

import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import IO, Any, TypeAlias

import numpy as np

from declax.errors import LoadError

Source: TypeAlias = "str | os.PathLike | bytes | bytearray | memoryview | IO[bytes]"
"""What a reader takes: a path, bytes, or a binary stream."""


def describe(source: Source) -> str:
    """Words for a source in an error."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return f"<{len(source)} bytes>" if isinstance(source, bytes | bytearray | memoryview) else "<stream>"


def mapped(source: Source) -> memoryview:
    """The bytes of a source, a file's mapped into memory; LoadError when it cannot be read."""
    if isinstance(source, bytes | bytearray | memoryview):
        return memoryview(source).cast("B").toreadonly()
    if not isinstance(source, str | os.PathLike):
        return memoryview(source.read()).cast("B").toreadonly()
    try:
        with open(source, "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode) and os.fstat(file.fileno()).st_size:
                return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            return memoryview(file.read())
    except OSError as e:
        raise LoadError(f"{os.fspath(source)}: {e.strerror or e}") from None


def forget(array: np.ndarray) -> None:
    """Lets go of the memory that reading a mapped file has taken so far; `array` is one of its arrays, and stays."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    base = base.obj if isinstance(base, memoryview) else base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


@contextmanager
def replacing(target: str | os.PathLike) -> Iterator[IO[bytes]]:
    """A new binary file in the place of `target`, which holds its old content or all of the new one at any time.

    A device or a pipe is written to directly. A new file gets the permissions that the umask leaves, a replaced one
    keeps its own.
    """
    path = os.path.realpath(target)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            yield file
        return
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)[:64]}.{token_hex(6)}")
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
