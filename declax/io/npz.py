"""NumPy's `.npz`: a ZIP archive of arrays, without pickled objects.

Arrays that are stored as they are, as `numpy.savez` does it, are mapped and read-only; compressed ones are unfolded,
each to at most a limit. bfloat16, which the format does not know, is stored as NumPy does it, as two plain bytes.
"""

import io
import zlib
from collections.abc import Mapping
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import ml_dtypes
import numpy as np
from numpy.lib import format as npy

from declax.errors import LoadError
from declax.io.files import Source, describe, mapped, replacing
from declax.io.params import MAX_DENSE

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_BROKEN = (BadZipFile, ValueError, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError, KeyError)


def read_npz(source: Source, *, max_dense: int = MAX_DENSE) -> dict[str, np.ndarray]:
    """Arrays by name; a compressed one unfolds to at most `max_dense` bytes. LoadError says what is wrong."""
    data, where = mapped(source), describe(source)
    found: dict[str, np.ndarray] = {}
    try:
        with ZipFile(_Bytes(data)) as archive:
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                if name in found:
                    raise LoadError(f"{where}: the name {name!r} stands twice in the archive")
                found[name] = _member(archive, info, data, f"{where}: array {name!r}", max_dense)
    except _BROKEN as e:
        raise LoadError(f"{where}: not a whole .npz file: {e or type(e).__name__}") from None
    return found


class _Bytes(io.RawIOBase):
    """A read-only stream over bytes that it does not copy."""

    def __init__(self, data: memoryview):
        self.data, self.at = data, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = 0) -> int:
        at = offset + (0, self.at, len(self.data))[whence]
        if at < 0:
            raise ValueError(f"position {at} is before the first byte")
        self.at = at
        return self.at

    def read(self, size: int = -1) -> bytes:
        end = len(self.data) if size is None or size < 0 else min(self.at + size, len(self.data))
        found = bytes(self.data[self.at : end])
        self.at += len(found)
        return found


def _member(archive: ZipFile, info: ZipInfo, data: memoryview, what: str, max_dense: int) -> np.ndarray:
    with archive.open(info) as file:
        version = npy.read_magic(file)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise LoadError(f"{what}: byte {info.header_offset}: unknown version {version} of the .npy format")
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read_header(file)
        at = file.tell()
        if dtype.hasobject:
            raise LoadError(f"{what}: an array of Python objects cannot be read")
        if dtype.kind == "V":
            dtype = _BFLOAT16 if dtype.itemsize == 2 and dtype.names is None else dtype
        size = int(np.prod([int(d) for d in shape], dtype=object)) * dtype.itemsize
        if min(shape, default=0) < 0 or size != info.file_size - at:
            raise LoadError(f"{what}: {info.file_size - at} bytes do not make {dtype} of shape {shape}")
        if info.compress_type == ZIP_STORED:
            start = _data_start(data, info, what) + at
            if start + size > len(data):
                raise LoadError(f"{what}: byte {start}: {size} bytes are expected, {len(data) - start} are left")
            flat = np.frombuffer(data, dtype, size // max(dtype.itemsize, 1), start)
        else:
            if size > max_dense:
                raise LoadError(f"{what}: the compressed array unfolds to more than {max_dense} bytes")
            flat = np.frombuffer(file.read(size), dtype)
    found = flat.reshape(shape, order="F" if fortran else "C")
    return found if found.flags.aligned else found.copy()


def _data_start(data: memoryview, info: ZipInfo, what: str) -> int:
    """Where a member's bytes begin: behind its local header, whose name and extra field have sizes of their own."""
    at = info.header_offset
    if at + 30 > len(data):
        raise LoadError(f"{what}: byte {at}: the header of the archive's member is cut off")
    name, extra = (int.from_bytes(data[at + i : at + i + 2], "little") for i in (26, 28))
    return at + 30 + name + extra


def write_npz(target: Any, arrays: Mapping[str, Any]) -> None:
    """Writes arrays by name, as they are, to a path, under another name first, or to a binary stream."""
    if hasattr(target, "write"):
        _write(target, arrays)
        return
    with replacing(target) as file:
        _write(file, arrays)


def _write(file: Any, arrays: Mapping[str, Any]) -> None:
    with ZipFile(file, "w", ZIP_STORED) as archive:
        for name, value in arrays.items():
            array = np.asarray(value)
            if array.dtype.hasobject:
                raise TypeError(f"array {name!r}: Python objects cannot be written")
            array = array.view("V2") if array.dtype == _BFLOAT16 else array
            with archive.open(ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)
