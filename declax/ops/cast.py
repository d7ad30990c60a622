"""Types, values passed on with another gradient, choice, questions: Cast, BlockGrad, where, shape_array ..."""

from functools import reduce
from typing import Literal

import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.ops import pointwise as p
from declax.registry import Tensor, gradient, op
from declax.rules import Shapes, Types, assign, assign_type, dtype_of, merge_type
from declax.shapes import ShapeConflict, is_complete, merge, show

_ElementType = Literal["bfloat16", "bool", "float16", "float32", "float64", "int32", "int64", "int8", "uint8"]
_Number = Literal["bfloat16", "float16", "float32", "float64", "int32", "int64", "int8", "uint8"]


# -- types -----------------------------------------------------------------------------------------------------


def _cast(data: Tensor, dtype: str) -> Tensor:
    """data as another type; floating values are cut towards zero, and small whole types wrap around."""
    target = dtype_of(dtype)
    return p.cut(data, target) if p.is_float(data) and target.kind in "iu" else data.astype(target)


@op(aliases=("_npi_cast", "_npx_cast", "cast"), shape=rules.same_shape, types=rules.dtype_attribute)
def Cast(data: Tensor, *, dtype: _ElementType):
    """data as type `dtype`; its gradient is cast back.

    Shapes: data of any shape -> the same, inferred in both directions. Values that the type cannot hold wrap around for
    8 bits (300 is 44 as uint8, -1 is 255) and saturate for 32 and 64, where MXNet depends on the processor.
    """
    return _cast(data, dtype)


def _is_amp(dtype: np.dtype) -> bool:
    """Whether automatic mixed precision touches this type."""
    return dtype.name in ("float32", "float16", "bfloat16")


def _amp_cast_type(ins: Types, outs: Types, dtype: str) -> None:
    if ins[0] is not None:
        assign_type(outs, 0, dtype if _is_amp(ins[0]) else ins[0])


@op(shape=rules.same_shape, types=_amp_cast_type)
def amp_cast(data: Tensor, *, dtype: _Number):
    """data as type `dtype` if it is float32, float16 or bfloat16, otherwise unchanged (automatic mixed precision).

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return _cast(data, dtype) if _is_amp(data.dtype) else data


def _common(types: list[str], cast_narrow: bool) -> str:
    """The type that amp_multicast casts to: float32 if any has it, else the first's; or the narrow one."""
    if not cast_narrow:
        return "float32" if "float32" in types else types[0]
    return next((t for t in reversed(types) if t in ("float16", "bfloat16")), "float32")


def _multicast_shape(ins: Shapes, outs: Shapes) -> None:
    for i, s in enumerate(ins):
        ins[i] = outs[i] = merge(s, outs[i])


def _multicast_type(ins: Types, outs: Types, cast_narrow: bool) -> None:
    known = [t.name for t in ins if t is not None]
    certain = len(known) == len(ins) or (not cast_narrow and "float32" in known)
    for i, t in enumerate(ins):
        if t is not None and (certain or not _is_amp(t)):
            assign_type(outs, i, _common(known, cast_narrow) if _is_amp(t) else t)


@op(
    outputs=lambda num_outputs: num_outputs,
    arguments=lambda num_outputs: tuple(f"data_{i}" for i in range(num_outputs)),
    shape=_multicast_shape,
    types=_multicast_type,
)
def amp_multicast(*data: Tensor, num_outputs: int, cast_narrow: bool = False):
    """Casts all arrays to their widest floating type, or to the narrowest with `cast_narrow` (mixed precision).

    Shapes: each array -> an output of the same shape, inferred in both directions. Only float32, float16 and bfloat16
    are cast; the widest is float32 if any array has it, otherwise the type of the first.
    """
    target = _common([x.dtype.name for x in data], cast_narrow)
    return tuple(x.astype(dtype_of(target)) if _is_amp(x.dtype) else x for x in data)


@op(aliases=("_sparse_cast_storage",), shape=rules.same_shape)
def cast_storage(data: Tensor, *, stype: Literal["csr", "default", "row_sparse"]):
    """data itself: every array is dense here, whatever storage type is asked for.

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return data


# -- values as they are, gradients changed -----------------------------------------------------------------------


@op(aliases=("identity",), shape=rules.same_shape)
def _copy(data: Tensor):
    """data itself.

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return data


@op(aliases=("_npi_copyto",), shape=rules.same_shape)
def _copyto(data: Tensor):
    """data itself, to be written to `out=`.

    Shapes: data of any shape -> the same. The type is data's, where MXNet leaves it to the array written to.
    """
    return data


@op(shape=rules.same_shape)
def _identity_with_attr_like_rhs(lhs: Tensor, rhs: Tensor):
    """lhs, with the shape and type of rhs known to be its own; rhs has no gradient.

    Shapes: lhs, rhs and the output have one shape, inferred in every direction, and one type.
    """
    return lhs


@op(aliases=("_sparse_stop_gradient", "stop_gradient"), shape=rules.same_shape, loss=True)
def BlockGrad(data: Tensor):
    """data, through which no gradient passes.

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return lax.stop_gradient(data)


@op(shape=rules.same_shape)
def _contrib_gradientmultiplier(data: Tensor, *, scalar: float = 1.0, is_int: bool = True):
    """data, whose gradient is multiplied by `scalar` (negative: gradient reversal).

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return data


@gradient(_contrib_gradientmultiplier)
def _(cotangents, outputs, data, *, scalar):
    return cotangents[0] * p.constant(scalar, data.dtype)


@op(aliases=("_sparse__contrib_round_ste",), shape=rules.same_shape)
def _contrib_round_ste(data: Tensor):
    """The nearest whole number, halves away from zero, with the gradient of the identity (straight-through).

    Shapes: data of any shape -> the same, inferred in both directions. Source: Bengio et al., arXiv:1308.3432.
    """
    return p.round_half_away(data)


@op(aliases=("_sparse__contrib_sign_ste",), shape=rules.same_shape)
def _contrib_sign_ste(data: Tensor):
    """-1, 0 or 1, with the gradient of the identity (straight-through).

    Shapes: data of any shape -> the same, inferred in both directions. Source: Bengio et al., arXiv:1308.3432.
    """
    return p.sign(data)


@gradient(_contrib_round_ste)
@gradient(_contrib_sign_ste)
def _(cotangents, outputs, data):
    return cotangents[0]


@op(aliases=("_sparse_make_loss",), outputs=("loss",), shape=rules.same_shape, loss=True)
def make_loss(data: Tensor):
    """data as a loss: its gradient is 1 everywhere, whatever comes from above.

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return data


@gradient(make_loss)
def _(cotangents, outputs, data):
    return jnp.ones_like(data)


def _make_loss_shape(ins: Shapes, outs: Shapes) -> None:
    assign(outs, 0, ins[0])


@op(shape=_make_loss_shape, needs_type=True, loss=True)
def MakeLoss(
    data: Tensor,
    *,
    grad_scale: float = 1.0,
    valid_thresh: float = 0.0,
    normalization: Literal["batch", "null", "valid"] = "null",
):
    """data as a loss: its gradient is `grad_scale` everywhere, whatever comes from above.

    Shapes: data of any shape -> the same; nothing flows back. `normalization` divides the gradient: "valid" by the
    number of values above `valid_thresh` (at least 1), "batch" by the product of all dimensions but the last, which is
    the batch size for two dimensions and 1 for one (as MXNet does; its documentation speaks of the batch size).
    """
    return data


@gradient(MakeLoss)
def _(cotangents, outputs, data, *, grad_scale, valid_thresh, normalization):
    scale = p.constant(grad_scale, data.dtype)
    if normalization == "batch":
        scale = p.constant(grad_scale / max(int(np.prod(data.shape[:-1])), 1), data.dtype)
    elif normalization == "valid":
        count = jnp.sum(data > p.constant(valid_thresh, data.dtype), dtype="float32")
        scale = (grad_scale / jnp.maximum(count, 1)).astype(data.dtype)
    return jnp.full_like(data, scale)


# -- choice ------------------------------------------------------------------------------------------------------


def _where_shape(ins: Shapes, outs: Shapes) -> None:
    condition = ins[0]
    if condition is None or not is_complete(condition):
        return
    known = merge(merge(ins[1], ins[2]), outs[0])
    if known is None:
        return
    if len(condition) == len(known):
        known = merge(known, condition)
    elif len(condition) != 1:
        raise ShapeConflict(f"condition {show(condition)} is neither of the shape {show(known)} nor a vector")
    elif None not in known[:1] and condition[0] != known[0]:
        raise ShapeConflict(f"condition {show(condition)} does not have the length {known[0]} of the first dimension")
    ins[1] = ins[2] = outs[0] = known


def _where_type(ins: Types, outs: Types) -> None:
    ins[1] = ins[2] = outs[0] = merge_type(merge_type(ins[1], ins[2]), outs[0])


@op(aliases=("_sparse_where",), shape=_where_shape, types=_where_type)
def where(condition: Tensor, x: Tensor, y: Tensor):
    """Elements of x where condition is not 0, of y elsewhere; condition has no gradient.

    Shapes: x, y and the output have one shape, condition the same or (x.shape[0],), when it chooses whole rows. x and y
    have one type, condition any.
    """
    chosen = condition != 0
    if condition.shape != x.shape:
        chosen = chosen.reshape(-1, *(1,) * (x.ndim - 1))
    return jnp.where(chosen, x, y)


# -- arrays like others, and questions about them ------------------------------------------------------------------


@op(aliases=("_sparse_zeros_like",), shape=rules.same_shape, loss=True)
def zeros_like(data: Tensor):
    """Zeros.

    Shapes: data of any shape -> the same, inferred in both directions; one type.
    """
    return jnp.zeros_like(data)


@op(shape=rules.same_shape, loss=True)
def ones_like(data: Tensor):
    """Ones.

    Shapes: data of any shape -> the same, inferred in both directions; one type.
    """
    return jnp.ones_like(data)


def _shape_array_shape(ins: Shapes, outs: Shapes) -> None:
    assign(outs, 0, (None if ins[0] is None else len(ins[0]),))


@op(aliases=("_npx_shape_array",), shape=_shape_array_shape, types=rules.always_type("int64"), loss=True)
def shape_array(data: Tensor):
    """The shape of data as an int64 vector; no gradient.

    Shapes: data of rank n -> (n,).
    """
    return jnp.asarray(np.asarray(data.shape, "int64"))


def _one(ins: Shapes, outs: Shapes) -> None:
    assign(outs, 0, (1,))


@op(shape=_one, types=rules.always_type("int64"), loss=True)
def size_array(data: Tensor):
    """The number of elements of data as int64; no gradient.

    Shapes: data of any shape -> (1,).
    """
    return jnp.asarray(np.asarray([data.size], "int64"))


@op(shape=_one, types=rules.always_type("float32"), loss=True)
def all_finite(data: Tensor, *, init_output: bool = True):
    """1 if every value is finite, otherwise 0, as float32.

    Shapes: data of any shape -> (1,). `init_output=False`, with which MXNet goes on from what the output holds, is
    accepted and has no meaning for an output that is always new.
    """
    return jnp.all(jnp.isfinite(data)).astype("float32").reshape(1)


@op(
    arguments=lambda num_arrays: tuple(f"array_{i}" for i in range(num_arrays)),
    shape=_one,
    types=rules.always_type("float32"),
    loss=True,
)
def multi_all_finite(*data: Tensor, num_arrays: int = 1, init_output: bool = True):
    """1 if every value of all `num_arrays` arrays is finite, otherwise 0, as float32.

    Shapes: arrays of any shapes -> (1,). `init_output` as in all_finite.
    """
    return reduce(p.multiply, [all_finite(x) for x in data])


def _scalar_shape(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is not None and ins[1] is not None:
        merge(ins[0], ins[1])
    assign(outs, 0, ())


@op(shape=_scalar_shape, types=rules.always_type("uint8"), loss=True)
def _contrib_allclose(a: Tensor, b: Tensor, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = True):
    """1 if abs(a - b) <= atol + rtol * abs(b) everywhere, otherwise 0, as uint8.

    Shapes: a and b of one shape -> (). Infinities are close to themselves only, as in NumPy; MXNet takes any finite
    number as close to an infinite b.
    """
    a, b = (x if x.dtype in (jnp.float32, jnp.float64) else x.astype("float32") for x in (a, b))
    return jnp.all(jnp.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)).astype("uint8")
