"""The imperative namespace `mx.nd`: creation functions, arithmetic with numbers on either side, saving and loading.

Operator functions (`nd.FullyConnected`) are made when they are asked for, from the same definitions as `sym`'s.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as onp  # `np` here is the namespace of NumPy's names

from declax.array import NDArray, all_to_device, call, namespaces, private_copy, to_device
from declax.context import Context, current_context
from declax.frontend import number_or_symbol
from declax.infer import as_dtype


def array(source_array: Any, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """An array with the values of anything numpy understands; float32 unless a type is given or the source has one.

    >>> nd.array([[1, 2]]).dtype
    <class 'numpy.float32'>
    """
    ctx = ctx or current_context()
    if isinstance(source_array, NDArray):
        dtype = source_array.data.dtype if dtype is None else dtype
        source_array = onp.asarray(source_array.data)
    elif isinstance(source_array, jax.Array):
        dtype = source_array.dtype if dtype is None else dtype
    wanted = as_dtype("float32" if dtype is None else dtype)
    try:
        values = onp.asarray(source_array).astype(wanted)
    except (TypeError, ValueError) as e:
        raise TypeError(f"source_array must be array like object: {e}") from None
    return NDArray(to_device(values, ctx), ctx)


def _shaped(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, int | onp.integer) else tuple(int(d) for d in shape)


def full(shape: Any, val: Any, ctx: Context | None = None, dtype: Any = None, out: NDArray | None = None) -> NDArray:
    """An array of a shape filled with one value."""
    ctx = ctx or current_context()
    made = NDArray(to_device(onp.full(_shaped(shape), val, as_dtype(dtype or "float32")), ctx), ctx)
    return made if out is None else made.copyto(out)


def zeros(shape: Any, ctx: Context | None = None, dtype: Any = None, stype: str | None = None, **_: Any) -> NDArray:
    """An array of zeros."""
    return full(shape, 0, ctx, dtype)


def ones(shape: Any, ctx: Context | None = None, dtype: Any = None, **_: Any) -> NDArray:
    """An array of ones."""
    return full(shape, 1, ctx, dtype)


def empty(shape: Any, ctx: Context | None = None, dtype: Any = None, stype: str | None = None) -> NDArray:
    """An array whose values do not matter yet (zeros)."""
    return full(shape, 0, ctx, dtype)


def arange(
    start: float, stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: bool | None = None,
    ctx: Context | None = None, dtype: Any = None,
) -> NDArray:  # fmt: skip
    """Evenly spaced values in [start, stop), each repeated `repeat` times."""
    if stop is None:
        start, stop = 0, start
    ctx = ctx or current_context()
    values = onp.repeat(onp.arange(start, stop, step), repeat).astype(as_dtype(dtype or "float32"))
    return NDArray(to_device(values, ctx), ctx)


def linspace(
    start: float, stop: float, num: int, endpoint: bool = True, ctx: Context | None = None, dtype: Any = None
) -> NDArray:
    """`num` evenly spaced values from start to stop."""
    return array(onp.linspace(start, stop, num, endpoint), ctx, dtype)


def eye(N: int, M: int = 0, k: int = 0, ctx: Context | None = None, dtype: Any = None) -> NDArray:
    """Ones on the k-th diagonal of an N by M matrix (M = 0: square), zeros elsewhere."""
    return array(onp.eye(N, M or None, k), ctx, dtype)


def from_numpy(ndarray: onp.ndarray, zero_copy: bool = True) -> NDArray:
    """An array with the values and the type of a numpy array; always a copy."""
    return array(ndarray, dtype=ndarray.dtype)


def from_dlpack(dlpack: Any) -> NDArray:
    """An array from any object with the DLPack protocol."""
    return NDArray(jax.numpy.from_dlpack(dlpack))


def to_dlpack_for_read(data: NDArray) -> Any:
    """A DLPack capsule of the values."""
    return data.__dlpack__()


to_dlpack_for_write = to_dlpack_for_read


def moveaxis(tensor: NDArray, source: Any, destination: Any) -> NDArray:
    """Moves axes to new positions."""
    order = tensor.ndim
    sources = [source] if isinstance(source, int) else list(source)
    targets = [destination] if isinstance(destination, int) else list(destination)
    if len(sources) != len(targets):
        raise ValueError("`source` and `destination` arguments must have the same number of elements")
    sources, targets = [s % order for s in sources], [t % order for t in targets]
    axes = [i for i in range(order) if i not in sources]
    for target, s in sorted(zip(targets, sources, strict=True)):
        axes.insert(target, s)
    return tensor.transpose(tuple(axes))


def concatenate(arrays: Sequence[NDArray], axis: int = 0, always_copy: bool = True) -> NDArray:
    """Joins arrays along an axis."""
    return namespaces.top.concat(*arrays, dim=axis)


def onehot_encode(indices: NDArray, out: NDArray) -> NDArray:
    """Writes one-hot rows of `indices` into `out`."""
    out[:] = namespaces.top.one_hot(indices, depth=out.shape[1])
    return out


def waitall() -> None:
    """Returns once everything that was started is computed; errors of asynchronous work surface here."""
    jax.effects_barrier()


def _two(op: str, scalar_op: str, reversed_op: str, numbers: Callable, doc: str) -> Callable:
    def function(lhs: Any, rhs: Any) -> Any:
        if isinstance(lhs, onp.ndarray):
            lhs = array(lhs, dtype=lhs.dtype)
        if isinstance(rhs, onp.ndarray):
            rhs = array(rhs, dtype=rhs.dtype)
        return number_or_symbol(NDArray, lhs, rhs, call, op, scalar_op, reversed_op, numbers)

    function.__doc__ = doc
    return function


add = _two("broadcast_add", "_plus_scalar", "_plus_scalar", lambda x, y: x + y, "x + y with broadcasting.")
subtract = _two("broadcast_sub", "_minus_scalar", "_rminus_scalar", lambda x, y: x - y, "x - y with broadcasting.")
multiply = _two("broadcast_mul", "_mul_scalar", "_mul_scalar", lambda x, y: x * y, "x * y with broadcasting.")
divide = _two("broadcast_div", "_div_scalar", "_rdiv_scalar", lambda x, y: x / y, "x / y with broadcasting.")
true_divide = divide
modulo = _two("broadcast_mod", "_mod_scalar", "_rmod_scalar", lambda x, y: x % y, "x % y with broadcasting.")
power = _two("broadcast_power", "_power_scalar", "_rpower_scalar", lambda x, y: x**y, "x ** y with broadcasting.")
maximum = _two("broadcast_maximum", "_maximum_scalar", "_maximum_scalar", max, "The larger of two, broadcasting.")
minimum = _two("broadcast_minimum", "_minimum_scalar", "_minimum_scalar", min, "The smaller of two, broadcasting.")
equal = _two("broadcast_equal", "_equal_scalar", "_equal_scalar", lambda x, y: x == y, "x == y as 0 and 1.")
not_equal = _two(
    "broadcast_not_equal", "_not_equal_scalar", "_not_equal_scalar", lambda x, y: x != y, "x != y as 0 and 1."
)
greater = _two("broadcast_greater", "_greater_scalar", "_lesser_scalar", lambda x, y: x > y, "x > y as 0 and 1.")
greater_equal = _two(
    "broadcast_greater_equal", "_greater_equal_scalar", "_lesser_equal_scalar", lambda x, y: x >= y, "x >= y."
)
lesser = _two("broadcast_lesser", "_lesser_scalar", "_greater_scalar", lambda x, y: x < y, "x < y as 0 and 1.")
lesser_equal = _two(
    "broadcast_lesser_equal", "_lesser_equal_scalar", "_greater_equal_scalar", lambda x, y: x <= y, "x <= y."
)
logical_and = _two(
    "broadcast_logical_and", "_logical_and_scalar", "_logical_and_scalar", lambda x, y: bool(x and y), "Both nonzero."
)
logical_or = _two(
    "broadcast_logical_or", "_logical_or_scalar", "_logical_or_scalar", lambda x, y: bool(x or y), "Either nonzero."
)
logical_xor = _two(
    "broadcast_logical_xor",
    "_logical_xor_scalar",
    "_logical_xor_scalar",
    lambda x, y: bool(x) != bool(y),
    "One nonzero.",
)


def save(fname: str, data: Any) -> None:
    """Writes an NDArray, a list of them, or a dict by name, to MXNet's binary format."""
    from declax.io import params

    if isinstance(data, NDArray):
        data = [data]
    if isinstance(data, dict):
        if any(not isinstance(k, str) for k in data):
            raise TypeError("save only accept dict str->NDArray or list of NDArray")
        values: Any = data.values()
    elif isinstance(data, list | tuple):
        values = data
    else:
        raise ValueError("data needs to either be a NDArray, dict of str, NDArray pairs or a list of NDarrays.")
    if any(not isinstance(v, NDArray) for v in values):
        raise TypeError("save only accept dict str->NDArray or list of NDArray")
    arrays = [onp.asarray(v.data) for v in values]
    params.write_params(fname, dict(zip(data, arrays, strict=True)) if isinstance(data, dict) else arrays)


def load(fname: str) -> Any:
    """Reads a file in MXNet's binary format: a list of arrays, or a dict when they are named."""
    from declax.io import params

    if not isinstance(fname, str):
        raise TypeError("fname required to be a string")
    return _arrays(params.read_params(fname))


def load_frombuffer(buf: bytes | bytearray | memoryview | str) -> Any:
    """`load` from bytes in memory."""
    from declax.io import params

    if not isinstance(buf, bytes | bytearray | memoryview):
        raise TypeError("buf required to be a string or bytes")
    return _arrays(params.read_params(buf))


def _arrays(found: Any) -> Any:
    """NDArrays of what a file holds, which is mapped; its pages are let go of as the arrays are copied."""
    from declax.io.files import forget

    copies, read = [], 0
    for values in found.values() if isinstance(found, dict) else found:
        if values is None:  # MXNet wrote an array without a shape
            values = onp.zeros((0,), onp.float32)
        copies.append(private_copy(values))
        read += values.nbytes
        if read > _MOST_MAPPED:
            forget(values)
            read = 0
    ctx = current_context()
    arrays = [NDArray(x, ctx) for x in all_to_device(copies, ctx)]
    return dict(zip(found, arrays, strict=True)) if isinstance(found, dict) else arrays


_MOST_MAPPED = 1 << 22
"""Bytes of a mapped file that are kept in memory while its arrays are copied."""


def __getattr__(name: str) -> Any:
    return namespaces.lookup(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(namespaces.top)})
