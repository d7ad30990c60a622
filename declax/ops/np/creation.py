"""NumPy's operators that make arrays from nothing: zeros, ones, arange, eye, indices, logspace, windows ..."""

from collections.abc import Callable
from importlib import import_module
from math import ceil

import jax
import jax.numpy as jnp
import numpy as np

from declax import rules
from declax.attrs import AttrError, DType, attr
from declax.ops import pointwise as p
from declax.registry import Results, Tensor, lookup, op
from declax.rules import Shapes, Types, assign, assign_type, dtype_of
from declax.shapes import Shape, ShapeConflict

import_module("declax.ops.creation")  # registers _zeros and _ones, whose rule and bodies are taken

_zeros, _ones = lookup("_zeros"), lookup("_ones")
_constant_rule: Callable = _zeros.shape_rule.function  # pyright: ignore[reportOptionalMemberAccess]


def _exactly(x: np.ndarray, dtype: str) -> Tensor:
    """A numpy array as a JAX one of the named type, 64-bit ones included; values are cut to whole types."""
    kind = dtype_of(dtype)
    with jax.enable_x64(True):
        return jnp.asarray(x.astype(np.int64).astype(kind) if kind.kind in "iu" else x.astype(kind))


@op(shape=_constant_rule, types=rules.dtype_attribute)
def _npi_zeros(*, shape: Shape = (), ctx: str = "", dtype: DType = "float32", results: Results):
    """Zeros.

    Shapes: -> shape; -1 there is filled in by inference. `ctx` is accepted; the device is bind's.
    """
    return _zeros.function(shape=shape, ctx=ctx, dtype=dtype, results=results)


@op(shape=_constant_rule, types=rules.dtype_attribute)
def _npi_ones(*, shape: Shape = (), ctx: str = "", dtype: DType = "float32", results: Results):
    """Ones.

    Shapes: -> shape; -1 there is filled in by inference. `ctx` is accepted; the device is bind's.
    """
    return _ones.function(shape=shape, ctx=ctx, dtype=dtype, results=results)


@op(shape=_constant_rule, types=rules.dtype_attribute)
def _npi_identity(*, shape: Shape = (), ctx: str = "", dtype: DType = "float32"):
    """The identity matrix.

    Shapes: -> shape, which is (n, n). `ctx` is accepted; the device is bind's.
    """
    if len(shape) != 2:
        raise ShapeConflict(f"identity has the shape of a matrix, not {shape}")
    return jnp.eye(*shape, dtype=dtype_of(dtype))


def _full_like_types(ins: Types, outs: Types, dtype) -> None:
    if dtype is None:
        rules.same_type(ins, outs)
    else:
        assign_type(outs, 0, dtype)


@op(shape=rules.same_shape, types=_full_like_types)
def _npi_full_like(a: Tensor, *, fill_value: float = attr(), ctx: str = "", dtype: DType | None = None):
    """One value everywhere, in the shape and, unless `dtype` is given, the type of a; no gradient.

    Shapes: a of any shape -> the same, inferred in both directions. `ctx` is accepted; the device is bind's.
    """
    kind = jnp.dtype(a.dtype) if dtype is None else dtype_of(dtype)
    return jnp.full(a.shape, p.constant(fill_value, kind))


def _range_rule(ins: Shapes, outs: Shapes, start, stop, step) -> None:
    assign(outs, 0, (max(ceil((stop - start) / step), 0),))


def _check_range(stop: float | None, step: float, repeat: int) -> None:
    if step == 0:
        raise AttrError("_npi_arange does not support step=0")
    if repeat != 1:
        raise AttrError(f"_npi_arange only supports repeat=1, received {repeat}")
    if stop is None:
        raise AttrError("_npi_arange requires stop to have a value")


@op(shape=_range_rule, types=rules.dtype_attribute, check=_check_range)
def _npi_arange(
    *,
    start: float = attr(),
    stop: float | None = None,
    step: float = 1.0,
    repeat: int = 1,
    infer_range: bool = False,
    ctx: str = "",
    dtype: DType = "float32",
):
    """Evenly spaced values from start up to, not including, stop.

    Shapes: -> (max(ceil((stop - start) / step), 0),). `infer_range` and `ctx` are accepted; the device is bind's.
    """
    assert stop is not None
    kind = dtype_of(dtype)
    exact = kind if kind.kind == "f" and kind.itemsize > 2 else np.dtype("int64" if kind.kind in "iu" else "float32")
    i = np.arange(max(ceil((stop - start) / step), 0)).astype(exact)
    return _exactly(i * p.constant(step, exact) + p.constant(start, exact), dtype)


def _eye_rule(ins: Shapes, outs: Shapes, N, M) -> None:
    assign(outs, 0, (N, N if M is None else M))


@op(shape=_eye_rule, types=rules.dtype_attribute)
def _npi_eye(
    *,
    N: int = attr(ge=0),
    M: int | None = attr(None, ge=0),
    k: int = 0,
    ctx: str = "",
    dtype: DType = "float32",
):
    """Ones on the k-th diagonal of an N by M matrix (M = None: square), zeros elsewhere.

    Shapes: -> (N, M or N). `ctx` is accepted; the device is bind's.
    """
    return jnp.eye(N, M, k, dtype=dtype_of(dtype))


def _indices_rule(ins: Shapes, outs: Shapes, dimensions) -> None:
    if all(d >= 0 for d in dimensions):
        assign(outs, 0, (len(dimensions), *dimensions))


@op(shape=_indices_rule, types=rules.dtype_attribute)
def _npi_indices(*, dimensions: Shape = attr(), dtype: DType = "int32", ctx: str = ""):
    """The index along each axis of every element of a grid.

    Shapes: -> (r, d_1, ..., d_r) for the `dimensions` (d_1, ..., d_r). `ctx` is accepted; the device is bind's.
    """
    return jnp.indices(dimensions, dtype=dtype_of(dtype))


def _logspace_rule(ins: Shapes, outs: Shapes, num) -> None:
    assign(outs, 0, (num,))


@op(shape=_logspace_rule, types=rules.dtype_attribute)
def _npi_logspace(
    *,
    start: float = attr(),
    stop: float = attr(),
    num: int = attr(ge=0),
    endpoint: bool = True,
    base: float = 10.0,
    ctx: str = "",
    dtype: DType = "float32",
):
    """base to the power of `num` evenly spaced values from start to stop, stop included unless `endpoint` is off.

    Shapes: -> (num,). `ctx` is accepted; the device is bind's.
    """
    gaps = num - 1 if endpoint else num
    step = (stop - start) / gaps if gaps > 0 else 0.0
    with np.errstate(all="ignore"):
        return _exactly(np.power(np.float64(base), start + step * np.arange(num)), dtype)


# -- windows -------------------------------------------------------------------------------------------------------


def _window_rule(ins: Shapes, outs: Shapes, M) -> None:
    assign(outs, 0, (max(M or 0, 0),))


def _register_window(name: str, weights: tuple[float, ...], formula: str) -> None:
    """A window: a sum of cosines of 0, 1, 2 ... periods over its length."""

    def body(*, M: int | None = None, ctx: str = "", dtype: DType = "float32"):
        count = max(M or 0, 0)
        if count == 1:
            return _exactly(np.ones(1), dtype)
        angle = 2 * np.pi * np.arange(count) / max(count - 1, 1)
        return _exactly(sum((w * np.cos(i * angle) for i, w in enumerate(weights)), np.zeros(count)), dtype)

    body.__name__ = body.__qualname__ = f"_npi_{name}"
    body.__doc__ = (
        f"The {name.capitalize()} window, {formula}.\n\nShapes: -> (M,), (0,) when M is not positive or None. `ctx` is "
        "accepted; the device is bind's."
    )
    op(shape=_window_rule, types=rules.dtype_attribute)(body)


_register_window("hanning", (0.5, -0.5), "0.5 - 0.5 cos(2 pi n / (M - 1))")
_register_window("hamming", (0.54, -0.46), "0.54 - 0.46 cos(2 pi n / (M - 1))")
_register_window("blackman", (0.42, -0.5, 0.08), "0.42 - 0.5 cos(2 pi n / (M - 1)) + 0.08 cos(4 pi n / (M - 1))")
