"""What differs between two sets of named arrays: names, shapes, types, and values with their largest difference."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

_PART = 1 << 20
"""Elements compared at a time, so that mapped files stay on disk."""


@dataclass(frozen=True)
class ArrayChange:
    """One array that differs. `state`: `only in a`, `only in b`, `shape`, `type` (equal values) or `values`.

    `largest` is the largest absolute difference, `relative` the largest one relative to the larger of the two
    values, `count` the number of elements that differ.
    """

    name: str
    state: str
    shape_a: tuple[int, ...] | None = None
    shape_b: tuple[int, ...] | None = None
    dtype_a: str = ""
    dtype_b: str = ""
    largest: float = 0.0
    relative: float = 0.0
    count: int = 0
    size: int = 0
    name_b: str = ""

    def __str__(self) -> str:
        name = repr(self.name) + (f" (called {self.name_b!r})" if self.name_b else "")
        if self.state == "only in a":
            return f"- {name} {self.dtype_a}{list(self.shape_a or ())}"
        if self.state == "only in b":
            return f"+ {name} {self.dtype_b}{list(self.shape_b or ())}"
        if self.state == "shape":
            return f"~ {name}: shape {self.shape_a} -> {self.shape_b}"
        types = f"type {self.dtype_a} -> {self.dtype_b}" if self.dtype_a != self.dtype_b else ""
        if self.state == "type":
            return f"~ {name}: {types}, equal values"
        text = f"~ {name}: {self.count} of {self.size} values differ, at most by {self.largest:.3g} "
        return text + f"(relatively {self.relative:.3g})" + (f"; {types}" if types else "")


def array_changes(
    a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray], called: Mapping[str, str], rtol: float, atol: float,
    progress: Callable[[str], None] | None = None,
) -> Iterator[ArrayChange]:  # fmt: skip
    """The differences in the order of `a`; `called` gives the name in `b` where it is another one."""
    met = set()
    for name, x in a.items():
        if progress is not None:
            progress(name)
        other = called.get(name, name)
        y = b.get(other)
        met.add(other)
        if y is None:
            yield ArrayChange(name, "only in a", tuple(x.shape), None, x.dtype.name)
            continue
        facts = {
            "shape_a": tuple(x.shape), "shape_b": tuple(y.shape), "dtype_a": x.dtype.name, "dtype_b": y.dtype.name,
            "name_b": other if other != name else "",
        }  # fmt: skip
        if x.shape != y.shape:
            yield ArrayChange(name, "shape", **facts)
            continue
        largest, relative, count = compare(x, y, rtol, atol)
        if count:
            yield ArrayChange(name, "values", **facts, largest=largest, relative=relative, count=count, size=x.size)
        elif x.dtype != y.dtype:
            yield ArrayChange(name, "type", **facts, size=x.size)
    for name, y in b.items():
        if name not in met:
            yield ArrayChange(name, "only in b", None, tuple(y.shape), "", y.dtype.name)


def compare(x: np.ndarray, y: np.ndarray, rtol: float = 0.0, atol: float = 0.0) -> tuple[float, float, int]:
    """(largest absolute difference, largest relative one, number of elements beyond `atol + rtol * |larger value|`).

    NaN equals NaN and an infinity itself; against anything else their difference is infinite.
    """
    largest = relative = 0.0
    count = 0
    x, y = x.reshape(-1), y.reshape(-1)
    for i in range(0, x.size, _PART):
        p, q = x[i : i + _PART], y[i : i + _PART]
        if p.dtype == q.dtype and p.tobytes() == q.tobytes():
            continue
        p, q = (_wide(v) for v in (p, q))
        with np.errstate(invalid="ignore", over="ignore"):
            distance = np.abs(p - q).astype(np.float64)
            scale = np.maximum(np.abs(p), np.abs(q)).astype(np.float64)
        same = (p == q) | ((p != p) & (q != q))
        distance = np.where(same, 0.0, np.where(np.isnan(distance), np.inf, distance))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(distance > 0, distance / scale, 0.0)
            beyond = ~same & ~(distance <= atol + rtol * scale)
        largest = max(largest, float(distance.max(initial=0.0)))
        relative = max(relative, float(np.where(np.isnan(ratio), np.inf, ratio).max(initial=0.0)))
        count += int(np.count_nonzero(beyond))
    return largest, relative, count


def _wide(values: np.ndarray) -> np.ndarray:
    """Values in a type in which differences are exact: double precision, or whole numbers of any size."""
    if values.dtype.kind in "iub" and values.dtype.itemsize == 8:
        return values.astype(object)
    return values.astype(np.complex128 if values.dtype.kind == "c" else np.float64)
