"""The file of a record: an `.npz` without pickles, readable with NumPy alone.

    header           JSON in UTF-8, compressed by zlib, as uint8: {"format", "version", "train", "seed", "np_shape",
                     "graph", "traces"}; `graph` is the symbol's JSON text, a trace an object with the fields of
                     `Trace`, variables first and then the nodes in the order in which they run
    samples          float64, the samples of all traces one after the other, `count` of each
    input:<name>     the inputs, whole

A trace stands for an array: a checksum of its bytes (little-endian, C order), statistics in double precision, and
samples at the places that `sample_index` gives, which follow from the number of elements alone.
"""

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from declax.errors import LoadError
from declax.io.npz import read_npz, write_npz

FORMAT, VERSION = "declax-record", 1
_LONGEST_HEADER = 1 << 30
SAMPLES = 32
"""Samples of each array unless the caller says otherwise."""


@dataclass(frozen=True)
class Trace:
    """What a record keeps of one array.

    `name` is a variable's or an output's (`fc1_output`), `node` its node, `role` `input`, `parameter`, `state`, `label`
    or `output`; `not_finite` counts NaN and infinities, which the statistics leave out.
    """

    name: str
    node: str
    role: str
    shape: tuple[int, ...]
    dtype: str
    checksum: int
    not_finite: int
    least: float
    greatest: float
    mean: float
    std: float
    count: int

    @property
    def largest(self) -> float:
        """The largest absolute value."""
        return max(abs(self.least), abs(self.greatest))


@dataclass(frozen=True)
class Record:
    """A record as read: traces by name, their samples, the inputs, and the graph as symbol JSON."""

    traces: Mapping[str, Trace]
    samples: Mapping[str, np.ndarray]
    inputs: Mapping[str, np.ndarray]
    graph: str = ""
    train: bool = False
    np_shape: bool = False
    seed: int = 0


def sample_index(size: int, count: int) -> np.ndarray:
    """Places of `count` samples among `size` elements: all of them, or spread with steps that meet no period.

    >>> sample_index(3, 32).tolist(), len(set(sample_index(1000, 32).tolist()))
    ([0, 1, 2], 32)
    """
    if size <= count:
        return np.arange(size)
    i = np.arange(count, dtype=np.int64)
    return i * size // count + i * 7919 % max(size // count, 1)


def trace_of(name: str, node: str, role: str, array: Any, count: int = SAMPLES) -> tuple[Trace, np.ndarray]:
    """The trace of an array and its samples."""
    array = np.asarray(array)
    little = array.dtype.newbyteorder("<") if array.dtype.kind in "iufcb" else array.dtype
    plain = np.ascontiguousarray(array, little)
    values = plain.reshape(-1).astype(np.float64)
    finite = np.isfinite(values)
    known = values if finite.all() else values[finite]
    some = known if known.size else np.zeros(1)
    samples = values[sample_index(values.size, count)]
    trace = Trace(
        name, node, role, tuple(array.shape), array.dtype.name, zlib.crc32(plain.tobytes()),
        int(values.size - known.size), float(some.min()), float(some.max()), float(some.mean()), float(some.std()),
        len(samples),
    )  # fmt: skip
    return trace, samples


def write_record(
    path: str | os.PathLike, traced: Sequence[tuple[Trace, np.ndarray]], inputs: Mapping[str, np.ndarray],
    graph: str = "", *, train: bool = False, seed: int = 0, np_shape: bool = False,
) -> None:  # fmt: skip
    """Writes a record, under a temporary name that is then renamed."""
    header = {
        "format": FORMAT, "version": VERSION, "train": train, "seed": seed, "np_shape": np_shape, "graph": graph,
        "traces": [asdict(t) for t, _ in traced],
    }  # fmt: skip
    samples = [s for _, s in traced] or [np.zeros(0)]
    arrays = {f"input:{n}": np.asarray(a) for n, a in inputs.items()}
    arrays["header"] = np.frombuffer(zlib.compress(json.dumps(header).encode()), np.uint8)
    arrays["samples"] = np.concatenate(samples).astype(np.float64)
    write_npz(path, arrays)


def read_record(path: str | os.PathLike) -> Record:
    """The record in a file; LoadError when it is none."""
    where = os.fspath(path)
    arrays = read_npz(path)
    try:
        header = json.loads(zlib.decompressobj().decompress(bytes(arrays["header"]), _LONGEST_HEADER).decode())
        if header["format"] != FORMAT or header["version"] > VERSION:
            got = f"{header['format']} of version {header['version']}"
            raise LoadError(f"{where}: expected a {FORMAT} of version {VERSION}, got {got}")
        traces = [_trace(t) for t in header["traces"]]
        ends = np.cumsum([t.count for t in traces], dtype=np.int64)
        if len(arrays["samples"]) != (ends[-1] if len(ends) else 0):
            raise LoadError(f"{where}: {len(arrays['samples'])} samples, but the header tells of {int(ends[-1])}")
        parts = np.split(arrays["samples"], ends[:-1])
        return Record(
            {t.name: t for t in traces},
            {t.name: s for t, s in zip(traces, parts, strict=False)},
            {n.removeprefix("input:"): a for n, a in arrays.items() if n.startswith("input:")},
            str(header["graph"]),
            bool(header["train"]),
            bool(header["np_shape"]),
            int(header["seed"]),
        )
    except (KeyError, TypeError, ValueError, IndexError, zlib.error) as e:
        raise LoadError(f"{where}: not a record of declax, or a damaged one ({type(e).__name__}: {e})") from None


def _trace(written: dict[str, Any]) -> Trace:
    values: dict[str, Any] = {f.name: written[f.name] for f in fields(Trace)}
    values["shape"] = tuple(values["shape"])
    return Trace(**values)
