"""Functions of `sym` that create tensors or wrap one operator in Python; each takes the frontend first."""

from collections.abc import Sequence
from typing import Any

from declax.frontend import Namespaces

PUBLIC = ("zeros", "ones", "full", "arange", "eye", "linspace", "histogram", "split_v2")


def zeros(f: Namespaces, shape: int | Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
    """Zeros of a shape."""
    return f.sub["_internal"]._zeros(shape=shape, dtype=dtype or "float32", **kwargs)


def ones(f: Namespaces, shape: int | Sequence[int], dtype: Any = None, **kwargs: Any) -> Any:
    """Ones of a shape."""
    return f.sub["_internal"]._ones(shape=shape, dtype=dtype or "float32", **kwargs)


def full(f: Namespaces, shape: int | Sequence[int], val: float, dtype: Any = None, **kwargs: Any) -> Any:
    """A shape filled with one value."""
    return f.sub["_internal"]._full(shape=shape, dtype=dtype or "float32", value=float(val), **kwargs)


def arange(
    f: Namespaces, start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1,
    infer_range: bool = False, name: str | None = None, dtype: Any = None,
) -> Any:  # fmt: skip
    """Evenly spaced values in [start, stop), each repeated `repeat` times."""
    return f.sub["_internal"]._arange(
        start=start, stop=stop, step=step, repeat=repeat, infer_range=infer_range, name=name, dtype=dtype or "float32"
    )


def eye(f: Namespaces, N: int, M: int = 0, k: int = 0, dtype: Any = None, **kwargs: Any) -> Any:
    """Ones on the k-th diagonal of an N by M matrix (M = 0: square), zeros elsewhere."""
    return f.sub["_internal"]._eye(N, M, k, dtype=dtype or "float32", **kwargs)


def linspace(
    f: Namespaces, start: float, stop: float, num: int, endpoint: bool = True, name: str | None = None,
    dtype: Any = None,
) -> Any:  # fmt: skip
    """`num` evenly spaced values from start to stop."""
    return f.sub["_internal"]._linspace(
        start=start, stop=stop, num=num, endpoint=endpoint, name=name, dtype=dtype or "float32"
    )


def histogram(f: Namespaces, a: Any, bins: Any = 10, range: tuple[float, float] | None = None, **kwargs: Any) -> Any:
    """Counts of values per bin and the bins' edges; `bins` is a number, with `range`, or a tensor of edges."""
    if isinstance(bins, f.tensor):
        return f.sub["_internal"]._histogram(data=a, bins=bins, **kwargs)
    if not isinstance(bins, int):
        raise ValueError("bins argument should be either an integer or an array of edges")
    if range is None:
        raise ValueError("null range is not supported in symbol mode: give range=(low, high)")
    return f.sub["_internal"]._histogram(data=a, bin_cnt=bins, range=range, **kwargs)


def split_v2(
    f: Namespaces, ary: Any, indices_or_sections: int | tuple[int, ...], axis: int = 0, squeeze_axis: bool = False
) -> Any:
    """Splits into equal sections, or at indices along an axis."""
    if isinstance(indices_or_sections, int):
        indices, sections = [], indices_or_sections
    elif isinstance(indices_or_sections, tuple):
        indices, sections = [0, *indices_or_sections], 0
    else:
        raise ValueError("indices_or_sections must either int or tuple of ints")
    return f.sub["_internal"]._split_v2(ary, indices, axis, squeeze_axis, sections)
