"""MXNet's binary list of arrays (`.params`), every generation, to and from numpy arrays.

    list      uint64 0x112, uint64 0, uint64 count, arrays, uint64 number of names, names (uint64 length, UTF-8)
    array V0  uint32 ndim, uint32 dims, context, type, values                                          (2015 to 0.11)
    array V1  0xF993fac8, int32 ndim, int64 dims, context, type, values
    array V2  0xF993fac9, int32 storage, [stored shape,] shape, context, type, [types and shapes of indices,] values,
              [indices]
    array V3  0xF993faca, as V2 under NumPy shape semantics: dense alone, `()` a scalar

All little-endian. A file is mapped into memory, so that its arrays cost their size once and are read when used;
they are read-only. Whatever the bytes are, nothing is allocated that they do not hold (`max_dense` bounds what
sparse arrays unfold to), nothing of them is executed, and what is no such list ends in one LoadError.
"""

import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from declax.attrs import DTYPES
from declax.errors import LoadError, nearest
from declax.io.files import Source, describe, mapped, replacing
from declax.rules import dtype_of
from declax.util import is_np_shape

LIST_MAGIC = 0x112
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
STORAGE_TYPES = ("default", "row_sparse", "csr")
"""Storage types by MXNet's number; a number of indices belongs to each."""

MAX_DENSE = 1 << 30
"""Bytes that a sparse array unfolds to at most, unless the caller says otherwise."""

_INDEX_ARRAYS = (0, 1, 2)
_MAX_NDIM = 64
_DTYPES = [d.newbyteorder("<") if d.kind != "V" else d for d in map(dtype_of, DTYPES)]
_PREFIX = struct.Struct("<Iii")
_HEADERS = [struct.Struct(f"<{ndim}q3i") for ndim in range(7)]
"""By number of dimensions: what stands between an array's rank and its values, dimensions, context and type."""

_TYPE_NUMBERS = {name: i for i, name in enumerate(DTYPES)}


@dataclass(frozen=True)
class Stored:
    """One array as a file holds it: `values`, and for a sparse one its indices and the shape it stands for.

    `row_sparse`: values (k, ...), indices (rows (k,),). `csr`: values (k,), indices (indptr (n+1,), columns (k,)).
    """

    shape: tuple[int, ...]
    values: np.ndarray
    storage: str = "default"
    indices: tuple[np.ndarray, ...] = ()

    def dense(self, max_dense: int = MAX_DENSE) -> np.ndarray:
        """The whole array; ValueError when a sparse one contradicts itself or unfolds to more than `max_dense`."""
        if self.storage == "default":
            return self.values
        if prod(self.shape) * self.values.dtype.itemsize > max_dense:
            raise ValueError(f"a {self.storage} array of shape {self.shape} unfolds to more than {max_dense} bytes")
        out = np.zeros(self.shape, self.values.dtype)
        if self.storage == "row_sparse":
            (rows,) = self.indices
            _check_range(rows, self.shape[0], "row")
            out[rows] = self.values[: len(rows)]
        elif len(self.indices[1]):
            indptr, columns = self.indices
            if len(indptr) != self.shape[0] + 1 or indptr[0] != 0 or indptr[-1] != len(columns):
                raise ValueError("the row pointers do not fit the shape")
            counts = np.diff(indptr.astype(np.int64))
            if (counts < 0).any():
                raise ValueError("the row pointers decrease")
            _check_range(columns, self.shape[1], "column")
            out[np.repeat(np.arange(self.shape[0]), counts), columns] = self.values
        return out

    @classmethod
    def of(cls, array: np.ndarray, storage: str = "default") -> "Stored":
        """A dense array in the storage type asked for."""
        array = np.asarray(array)
        if storage == "default":
            return cls(array.shape, array)
        if storage == "row_sparse" and array.ndim:
            rows = np.flatnonzero(array.reshape(len(array), -1).any(axis=1)).astype(np.int64)
            return cls(array.shape, array[rows], storage, (rows,))
        if storage == "csr" and array.ndim == 2:
            rows, columns = np.nonzero(array)
            indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(array)))])
            return cls(array.shape, array[rows, columns], storage, (indptr.astype(np.int64), columns.astype(np.int64)))
        raise ValueError(f"an array of {array.ndim} dimensions has no storage type {storage!r}")


def _check_range(indices: np.ndarray, limit: int, what: str) -> None:
    if len(indices) and (indices.min() < 0 or indices.max() >= limit):
        raise ValueError(f"a {what} index is outside 0 to {limit - 1}")


# -- reading -----------------------------------------------------------------------------------------------------


def read_params(source: Source, *, max_dense: int = MAX_DENSE) -> Any:
    """The arrays of a file, a binary stream or bytes: a dict by name, or a list when the file has no names.

    Sparse arrays come dense (`read_stored` leaves them as they are); an array that MXNet wrote empty is None.
    """
    entries, names = read_stored(source)
    arrays = []
    for i, entry in enumerate(entries):
        try:
            arrays.append(None if entry is None else entry.dense(max_dense))
        except ValueError as e:
            name = f" ({names[i]!r})" if names else ""
            raise LoadError(f"{describe(source)}: array {i}{name}: {e}") from None
    return dict(zip(names, arrays, strict=True)) if names else arrays


def read_stored(source: Source) -> tuple[list[Stored | None], list[str]]:
    """The arrays of a file as it holds them, and their names (none for a plain list)."""
    reader = _Reader(mapped(source), describe(source))
    magic = reader.number("<Q", "the magic number 0x112 of an NDArray list")
    if magic != LIST_MAGIC:
        raise reader.fail(0, f"expected the magic number 0x112 of an NDArray list, got {magic:#x}")
    reader.number("<Q", "a reserved word")
    count = reader.number("<Q", "the number of arrays")
    reader.room(count, 4, "arrays")
    entries = [reader.array(i) for i in range(count)]
    at = reader.at
    named = reader.number("<Q", "the number of names")
    if named not in (0, count):
        raise reader.fail(at, f"expected 0 or {count} names, one for every array, got {named}")
    reader.room(named, 8, "names")
    return entries, [reader.name(i) for i in range(named)]


class _Reader:
    """A position in the bytes of a list, and the ways to read on from there."""

    def __init__(self, data: memoryview, what: str):
        self.data, self.what, self.at = data, what, 0

    def fail(self, at: int, problem: str) -> LoadError:
        return LoadError(f"{self.what}: byte {at}: {problem}")

    def skip(self, size: int, expected: str) -> int:
        """The position of the next `size` bytes."""
        at, left = self.at, len(self.data) - self.at
        if size > left:
            raise self.fail(at, f"expected {expected} ({size} bytes), but only {left} bytes are left")
        self.at = at + size
        return at

    def room(self, count: int, least: int, what: str) -> None:
        """Fails unless `count` things of at least this size can follow."""
        left = len(self.data) - self.at
        if count * least > left:
            raise self.fail(self.at - 8, f"the file says {count} {what}, but only {left} bytes are left")

    def number(self, form: str, expected: str) -> int:
        return struct.unpack_from(form, self.data, self.skip(struct.calcsize(form), expected))[0]

    def name(self, index: int) -> str:
        size = self.number("<Q", f"the length of name {index}")
        at = self.skip(size, f"name {index}")
        try:
            return bytes(self.data[at : at + size]).decode("utf-8")
        except UnicodeDecodeError:
            raise self.fail(at, f"name {index} is not UTF-8 text") from None

    def dims(self, ndim: int, item: str, expected: str) -> tuple[int, ...]:
        at = self.at - 4
        if not -1 <= ndim <= _MAX_NDIM:
            raise self.fail(at, f"expected {expected} of at most {_MAX_NDIM} dimensions, got {ndim}")
        ndim = max(ndim, 0)
        form = f"<{ndim}{item}"
        return struct.unpack_from(form, self.data, self.skip(struct.calcsize(form), expected))

    def shape(self, expected: str) -> tuple[int, ...] | None:
        """A shape with 64-bit dimensions; None when even its rank is unknown."""
        ndim = self.number("<i", expected)
        at = self.at
        dims = self.dims(ndim, "q", expected)
        if min(dims, default=0) < -1:
            raise self.fail(at, f"expected {expected}, got {dims}")
        return None if ndim < 0 else dims

    def dtype(self, expected: str) -> np.dtype:
        at = self.at
        number = self.number("<i", expected)
        if not 0 <= number < len(DTYPES):
            raise self.fail(at, f"expected {expected}, a number from 0 to {len(DTYPES) - 1}, got {number}")
        return dtype_of(DTYPES[number])

    def values(self, dtype: np.dtype, shape: tuple[int, ...], expected: str) -> np.ndarray:
        at = self.at
        if min(shape, default=0) < 0 or prod(d for d in shape if d) * dtype.itemsize >= 2**63:
            raise self.fail(at, f"{expected}: no array has the shape {shape}")
        count = prod(shape)
        self.skip(count * dtype.itemsize, f"{expected} of shape {shape} and type {dtype.name}")
        if not count:
            return np.empty(shape, dtype)
        little = dtype.newbyteorder("<") if dtype.kind != "V" else dtype
        found = np.frombuffer(self.data, little, count, at).astype(dtype, copy=False).reshape(shape)
        return found if found.flags.aligned else found.copy()

    def context(self, index: int) -> None:
        """Where the array lived; it comes to the host whatever this says."""
        self.skip(8, f"the context of array {index}")

    def _common(self) -> Stored | None:
        """The array that stands here if it is dense, of generation V2 and in order; else None, and nothing is read.

        Nearly all arrays are, and a checkpoint has hundreds.
        """
        at, data = self.at, self.data
        if at + _PREFIX.size > len(data):
            return None
        magic, storage, ndim = _PREFIX.unpack_from(data, at)
        if magic != V2 or storage or not 0 < ndim < len(_HEADERS):
            return None
        at += _PREFIX.size
        if at + _HEADERS[ndim].size > len(data):
            return None
        *dims, _, _, number = _HEADERS[ndim].unpack_from(data, at)
        at += _HEADERS[ndim].size
        if min(dims) < 1 or not 0 <= number < len(_DTYPES):
            return None
        end = at + prod(dims) * _DTYPES[number].itemsize
        if end > len(data):
            return None
        self.at, shape = end, tuple(dims)
        found = np.ndarray(shape, _DTYPES[number], data, at)
        return Stored(shape, found if found.flags.aligned else found.copy())

    def array(self, index: int) -> Stored | None:
        found = self._common()
        if found is not None:
            return found
        at = self.at
        magic = self.number("<I", f"array {index}")
        if magic in (V2, V3):
            return self._current(index, magic == V3)
        if magic == V1:
            shape = self.shape(f"the shape of array {index}")
        elif magic <= _MAX_NDIM:
            shape = self.dims(magic, "I", f"the shape of array {index}")
        else:
            raise self.fail(at, f"expected array {index}: a magic number or at most {_MAX_NDIM} dims, got {magic:#x}")
        if not shape or 0 in shape:  # what these generations write of an array without values
            return None
        self.context(index)
        return Stored(shape, self.values(self.dtype(f"the type of array {index}"), shape, f"array {index}"))

    def _current(self, index: int, np_shape: bool) -> Stored | None:
        at, what = self.at, f"array {index}"
        number = self.number("<i", f"the storage type of {what}")
        if not 0 <= number < len(STORAGE_TYPES) or (np_shape and number):
            raise self.fail(at, f"expected the storage type of {what}, got {number}")
        stored = self.shape(f"the stored shape of {what}") if number else None
        at = self.at
        shape = self.shape(f"the shape of {what}")
        if shape is None or (-1 in shape if np_shape else not shape):
            return None
        self.context(index)
        dtype = self.dtype(f"the type of {what}")
        if not number:
            return Stored(shape, self.values(dtype, shape, what))
        kinds = []
        for _ in range(_INDEX_ARRAYS[number]):
            kinds.append((self.dtype(f"the index type of {what}"), self.shape(f"the index shape of {what}")))
        values = self.values(dtype, stored or (), what)
        indices = tuple(self.values(d, s or (), f"the indices of {what}") for d, s in kinds)
        self._check_sparse(at, what, number, shape, values, indices)
        return Stored(shape, values, STORAGE_TYPES[number], indices)

    def _check_sparse(
        self, at: int, what: str, number: int, shape: tuple[int, ...], values: np.ndarray, indices: tuple
    ) -> None:
        """Ranks and lengths; the indices' values are looked at when the array is unfolded."""
        fits = all(i.ndim == 1 and i.dtype.kind in "iu" for i in indices) and min(shape) >= 0
        if STORAGE_TYPES[number] == "csr":
            fits = fits and len(shape) == 2 and values.ndim == 1 and len(indices[1]) == len(values)
        else:
            fits = fits and values.ndim == len(shape) and values.shape[1:] == shape[1:]
            fits = fits and len(indices[0]) == len(values)
        if not fits:
            raise self.fail(at, f"{what}: values and indices do not fit a {STORAGE_TYPES[number]} shape {shape}")


# -- writing -----------------------------------------------------------------------------------------------------


def write_params(target: Any, data: Any, *, np_shape: bool | None = None) -> None:
    """Writes arrays so that MXNet 1.9.1 loads them: a dict by name, a list, or one array.

    A path is written under another name in the same folder and then renamed, so it holds the old file or the whole
    new one at any time; `target` may also be a binary stream. A `Stored` keeps its storage type. Under NumPy shape
    semantics (`np_shape`, by default as declax.util has it) the arrays are V3, which scalars need. int16, uint16,
    uint32 and uint64 have their numbers in the format, but MXNet 1.9.1 itself cannot load them.
    """
    chunks = list(_chunks(data, is_np_shape() if np_shape is None else np_shape))
    if not isinstance(target, str | os.PathLike):
        for chunk in chunks:
            target.write(chunk)
        return
    with replacing(target) as file:
        file.writelines(chunks)


def params_bytes(data: Any, *, np_shape: bool | None = None) -> bytes:
    """What `write_params` writes, as bytes."""
    return b"".join(_chunks(data, is_np_shape() if np_shape is None else np_shape))


def _chunks(data: Any, np_shape: bool) -> Sequence[Any]:
    """The bytes of a list, large arrays as views of themselves."""
    names: list[str] = []
    if isinstance(data, Mapping):
        names, data = [_name(n) for n in data], list(data.values())
    elif not isinstance(data, list | tuple):
        data = [data]
    out: list[Any] = [struct.pack("<QQQ", LIST_MAGIC, 0, len(data))]
    for i, value in enumerate(data):
        what = repr(names[i]) if names else str(i)
        try:
            _add_array(out, value, np_shape)
        except (TypeError, ValueError) as e:
            raise type(e)(f"array {what}: {e}") from None
    out.append(struct.pack("<Q", len(names)))
    for name in names:
        encoded = name.encode("utf-8")
        out += (struct.pack("<Q", len(encoded)), encoded)
    return out


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"names of arrays are strings, got {name!r}")
    return name


def _add_array(out: list, value: Any, np_shape: bool) -> None:
    stored = value if isinstance(value, Stored) else Stored.of(np.asarray(value))
    if not np_shape and not stored.shape:
        raise ValueError("a scalar of shape () can be written under NumPy shape semantics alone (np_shape=True)")
    if np_shape and stored.storage != "default":
        raise ValueError(f"a {stored.storage} array cannot be written under NumPy shape semantics")
    sparse = stored.storage != "default"
    out.append(struct.pack("<Ii", V3 if np_shape else V2, STORAGE_TYPES.index(stored.storage)))
    out += [_shape(stored.values.shape)] * sparse
    out += (_shape(stored.shape), struct.pack("<iii", 1, 0, _type_number(stored.values)))
    for index in stored.indices:
        out += (struct.pack("<i", _type_number(index)), _shape(index.shape))
    for array in (stored.values, *stored.indices):
        if array.size:
            dtype = array.dtype.newbyteorder("<") if array.dtype.kind != "V" else array.dtype
            plain = np.ascontiguousarray(array, dtype)
            out.append(plain.reshape(-1).view(np.uint8).data)


def _shape(shape: tuple[int, ...]) -> bytes:
    return struct.pack(f"<i{len(shape)}q", len(shape), *shape)


def _type_number(array: np.ndarray) -> int:
    number = _TYPE_NUMBERS.get(array.dtype.name)
    if number is None:
        known = nearest(array.dtype.name, DTYPES)
        raise TypeError(f"the format has no element type {array.dtype}{known}; it has {', '.join(DTYPES)}")
    return number
