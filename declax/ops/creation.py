"""Operators without tensor inputs that make an array: _zeros, _ones, _full, _arange, _linspace, _eye and their kin.

A dimension of `shape` that is unknown (0, or -1 under NumPy semantics) is filled in by inference from the rest of the
graph, as in MXNet: the initial states of recurrent cells are `_zeros` of shape (0, n).
"""

from math import ceil, prod

import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.attrs import DTYPES, DType, attr
from declax.ops.axes import canonical_axis
from declax.registry import Results, Tensor, op
from declax.shapes import PartialShape, ShapeConflict, from_public, is_complete, product, show

Shape = tuple[int, ...]


def _init_rule(ins: rules.Shapes, outs: rules.Shapes, shape) -> None:
    rules.assign(outs, 0, from_public(shape))


def _filled(value: float, shape: Shape | None, dtype: str | None, results: tuple) -> Tensor:
    """A constant array in the declared shape and type, or in those that inference found."""
    found: PartialShape = from_public(shape)
    if not is_complete(found) and results:
        found = results[0][0]
    if found is None or None in found:
        raise ShapeConflict(f"the shape {show(found)} is not known")
    if dtype is None:
        dtype = results[0][1] if results and results[0][1] is not None else "float32"
    return jnp.full(found, value, rules.dtype_of(dtype) if isinstance(dtype, str) else dtype)


@op(shape=_init_rule, types=rules.dtype_attribute)
def _zeros(*, shape: Shape = (), ctx: str = "", dtype: DType = "float32", results: Results):
    """An array of zeros.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    return _filled(0, shape, dtype, results)


@op(shape=_init_rule, types=rules.dtype_attribute)
def _ones(*, shape: Shape = (), ctx: str = "", dtype: DType = "float32", results: Results):
    """An array of ones.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    return _filled(1, shape, dtype, results)


@op(aliases=("_npi_full",), shape=_init_rule, types=rules.dtype_attribute)
def _full(
    *,
    shape: Shape | None = None,
    ctx: str = "",
    dtype: DType = "float32",
    value: float = attr(),
    results: Results,
):
    """One value everywhere.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    return _filled(value, shape, dtype, results)


@op(types=lambda ins, outs: None, shape=lambda ins, outs: None)
def _set_value(*, src: float = 0.0, results: Results):
    """One number everywhere: what `x[:] = number` is in graphs, or with `out=` on arrays.

    Shapes: -> the shape and type that inference finds; on arrays (1,), which fills `out` whatever its shape.
    """
    return _filled(src, None if results else (1,), None, results)


def _type_number(ins: rules.Types, outs: rules.Types, dtype) -> None:
    if dtype >= 0:
        rules.assign_type(outs, 0, DTYPES[dtype])


@op(shape=_init_rule, types=_type_number)
def _zeros_without_dtype(*, shape: Shape | None = None, ctx: str = "", dtype: int = -1, results: Results):
    """An array of zeros of the type that inference finds; `dtype` is MXNet's type number, or -1.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    return _filled(0, shape, DTYPES[dtype] if dtype >= 0 else None, results)


def _interval(start: float, stop: float | None, infer_range: bool) -> tuple[float, float | None]:
    """Start and end of a range; a single number is the end."""
    return (0.0, start) if stop is None and not infer_range else (start, stop)


def _range_rule(ins: rules.Shapes, outs: rules.Shapes, start, stop, step, repeat, infer_range) -> None:
    if step == 0 or repeat <= 0:
        raise ShapeConflict(f"Range does not support step=0 or repeat <= 0, received step={step}, repeat={repeat}")
    first, last = _interval(start, stop, infer_range)
    if last is None:
        return
    if (last - first) * step <= 0:
        raise ShapeConflict(f"Invalid range (start, stop, step) = ({first}, {last}, {step})")
    rules.assign(outs, 0, (ceil((last - first) / step) * repeat,))


def _steps(count: int, start: float, step: float, repeat: int, dtype: np.dtype) -> Tensor:
    """start + (i // repeat) * step computed in the output's type, as MXNet does."""
    kind = dtype if dtype.itemsize > 2 else np.dtype("int32") if dtype.kind in "iu" else np.dtype("float32")
    if kind.kind in "iu":
        start, step = int(start), int(step)
    i = lax.iota(np.int32, count)
    i = (i // repeat if repeat > 1 else i).astype(kind)
    return (i * np.asarray(step, kind) + np.asarray(start, kind)).astype(dtype)


@op(shape=_range_rule, types=rules.dtype_attribute)
def _arange(
    *,
    start: float = attr(),
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: str = "",
    dtype: DType = "float32",
    results: Results,
):
    """Evenly spaced values from start to stop, each `repeat` times; a single number is the stop.

    Shapes: -> (ceil((stop - start) / step) repeat,). With `infer_range` and no stop inference finds the length. `ctx`
    is accepted; the device is bind's.
    """
    first, last = _interval(start, stop, infer_range)
    if last is not None:
        count = ceil((last - first) / step) * repeat
    elif results and is_complete(results[0][0]):
        count = product(results[0][0])
    else:
        raise ShapeConflict("the length of a range without stop is not known")
    return _steps(count, first, step, repeat, rules.dtype_of(dtype))  # pyright: ignore[reportArgumentType]


def _linspace_rule(ins: rules.Shapes, outs: rules.Shapes, num) -> None:
    if num < 0:
        raise ShapeConflict(f"Number of sequence should be non-negative, received {num}")
    rules.assign(outs, 0, (num,))


@op(aliases=("_npi_linspace",), shape=_linspace_rule, types=rules.dtype_attribute)
def _linspace(
    *,
    start: float = attr(),
    stop: float = attr(),
    num: int = attr(),
    endpoint: bool = True,
    ctx: str = "",
    dtype: DType = "float32",
):
    """`num` evenly spaced values from start to stop, stop included unless `endpoint` is off.

    Shapes: -> (num,). `ctx` is accepted; the device is bind's.
    """
    gaps = num - 1 if endpoint else num
    step = (stop - start) / gaps if gaps > 0 else 0.0
    return jnp.asarray((start + step * np.arange(num)).astype(rules.dtype_of(dtype)))


def _eye_rule(ins: rules.Shapes, outs: rules.Shapes, N, M) -> None:
    rules.assign(outs, 0, (N, M if M > 0 else N))


@op(shape=_eye_rule, types=rules.dtype_attribute)
def _eye(
    *,
    N: int = attr(),
    M: int = 0,
    k: int = 0,
    ctx: str = "",
    dtype: DType = "float32",
):
    """Ones on the k-th diagonal of an N by M matrix (M = 0: square), zeros elsewhere.

    Shapes: -> (N, M or N). `ctx` is accepted; the device is bind's.
    """
    return jnp.eye(N, M if M > 0 else N, k, dtype=rules.dtype_of(dtype))


def _arange_like_rule(ins: rules.Shapes, outs: rules.Shapes, axis) -> None:
    data = ins[0]
    if axis is None:
        rules.assign(outs, 0, data)
    else:
        rules.require_ranks(ins)
        assert data is not None
        rules.assign(outs, 0, (data[canonical_axis(axis, len(data))],))


@op(aliases=("_npx_arange_like",), shape=_arange_like_rule)
def _contrib_arange_like(
    data: Tensor, *, start: float = 0.0, step: float = 1.0, repeat: int = 1, ctx: str = "", axis: int | None = None
):
    """Evenly spaced values, as many as data has elements, or as long as one of its axes; each value `repeat` times.

    Shapes: data (any) -> data's shape, or (size of axis,). `ctx` is accepted; the device is bind's.
    """
    shape = data.shape if axis is None else (data.shape[axis],)
    return _steps(prod(shape), start, step, repeat, np.dtype(data.dtype)).reshape(shape)
