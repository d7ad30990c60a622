"""NumPy's operators whose output shape depends on values, and some that ask about arrays: unique, nonzero, polyval."""

import jax
import jax.numpy as jnp
import numpy as np

from declax import rules
from declax.ops.axes import canonical_axis
from declax.ops.np.common import concrete, is_floating, nothing_known, scalar_shape
from declax.registry import Tensor, op
from declax.rules import Shapes, Types, assign, assign_type
from declax.shapes import ShapeConflict, show


def _exactly(x: np.ndarray) -> Tensor:
    """A numpy array as a JAX one of its own type, 64-bit ones included."""
    with jax.enable_x64(True):
        return jnp.asarray(x)


@op(aliases=("_npi_nonzero",), shape=nothing_known, types=rules.always_type("int64"), dynamic=True)
def _npx_nonzero(x: Tensor):
    """The indices of the elements that are not 0, in order.

    Shapes: x of r dimensions -> (number of them, r), int64, (0 or 1, 1) for a scalar; it depends on values, so such a
    graph is not jitted.
    """
    found = np.argwhere(np.atleast_1d(concrete("_npx_nonzero", x)))
    return _exactly(found.astype(np.int64))


def _unique_outputs(return_index: bool, return_inverse: bool, return_counts: bool) -> int:
    return 1 + return_index + return_inverse + return_counts


def _unique_types(ins: Types, outs: Types) -> None:
    first = outs[:1]
    rules.like_first_type(ins, first)
    outs[0] = first[0]
    for i in range(1, len(outs)):
        assign_type(outs, i, "int64")


@op(outputs=_unique_outputs, shape=nothing_known, types=_unique_types, dynamic=True)
def _npi_unique(
    data: Tensor,
    *,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
):
    """The different elements in ascending order, or the different slices of an axis; no gradient.

    Shapes: data (any) -> (n,), or data's with n for the axis; then, as asked for, (n,) the first index of each, the
    number of each element's equal (n_data,), and (n,) how often each occurs, all int64. It depends on values, so such a
    graph is not jitted.
    """
    x = concrete("_npi_unique", data)
    if axis is not None:
        axis = canonical_axis(axis, max(x.ndim, 1))
    asked = (return_index, return_inverse, return_counts)
    if x.size == 0:
        return (_exactly(np.zeros(0, x.dtype)), *(_exactly(np.zeros(0, np.int64)) for a in asked if a))
    kind = x.dtype
    if kind.kind == "V":  # bfloat16, which numpy cannot sort along an axis
        x = x.astype(np.float32)
    values, *rest = np.unique(np.atleast_1d(x), True, True, True, axis=axis)
    found = [v for v, a in zip(rest, asked, strict=True) if a]
    return (_exactly(values.astype(kind)), *(_exactly(v.reshape(-1).astype(np.int64)) for v in found))


@op(shape=scalar_shape, types=rules.always_type("bool"))
def _npi_share_memory(a: Tensor, b: Tensor):
    """Whether two arrays are one array: here, whether they are the same value of the graph.

    Shapes: a, b (any) -> (), boolean. JAX arrays never overlap, as MXNet's views of one array do.
    """
    return jnp.asarray(a is b)


# -- polynomials ---------------------------------------------------------------------------------------------------


def _polyval_rule(ins: Shapes, outs: Shapes) -> None:
    p = ins[0]
    assert p is not None
    if len(p) != 1:
        raise ShapeConflict(f"ValueError: p has to be an 1-D array, got {show(p)}.")
    assign(outs, 0, ins[1])
    assign(ins, 1, outs[0])


@op(shape=_polyval_rule, needs_shape=True)
def _npi_polyval(p: Tensor, x: Tensor):
    """The polynomial with the coefficients p, the highest power first, at x.

    Shapes: p (n,), x (any) -> x's, inferred in both directions; one type.
    """
    return jnp.polyval(p, x)


def _polyval_back_rule(ins: Shapes, outs: Shapes) -> None:
    for i in (0, 1):
        assign(outs, i, ins[i + 1])


@op(outputs=2, shape=_polyval_back_rule)
def _npi_backward_polyval(ograd: Tensor, p: Tensor, x: Tensor):
    """The gradients of _npi_polyval for p and x from the gradient of its output.

    Shapes: ograd of x's shape, p (n,), x (any) -> (n,) and x's.
    """
    return jax.vjp(jnp.polyval, p, x)[1](ograd)


@op(shape=rules.same_shape)
def _npi_backward_nan_to_num(ograd: Tensor, data: Tensor):
    """The gradient of _npi_nan_to_num: that of its output, 0 where data is infinite or nan.

    Shapes: ograd and data of one shape -> the same.
    """
    return jnp.where(jnp.isfinite(data), ograd, jnp.zeros((), ograd.dtype)) if is_floating(data.dtype) else ograd
