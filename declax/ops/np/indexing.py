"""NumPy's operators that insert, delete and assign elements: insert, delete, boolean assignment, differences."""

from math import prod

import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.attrs import attr
from declax.ops import pointwise as p
from declax.ops.axes import canonical_axis
from declax.ops.np.common import concrete, once_known
from declax.registry import Tensor, deduce, op
from declax.rules import Shapes, TypeConflict, Types, assign, assign_type
from declax.shapes import Shape, ShapeConflict, is_complete, show

_Index = int | None


# -- insert --------------------------------------------------------------------------------------------------------


def _line(arr: Shape, axis: _Index) -> tuple[Shape, int]:
    """The shape along which something is inserted or deleted, and the axis counted from the front."""
    return ((prod(arr),), 0) if axis is None else (arr, canonical_axis(axis, len(arr)))


def _aligned(values: Shape, rank: int) -> Shape:
    """The shape of the values with as many axes as the array: ones in front, or leading ones dropped."""
    if len(values) < rank:
        return (*(1,) * (rank - len(values)), *values)
    extra = len(values) - rank
    if any(d != 1 for d in values[:extra]):
        raise ShapeConflict(f"values {show(values)} have too many dimensions: index exceed limits.")
    return values[extra:]


def _slice_indices(start: _Index, stop: _Index, step: _Index, length: int) -> range:
    """The indices of a slice of an axis."""
    if step == 0:
        raise ShapeConflict("'step' can not equal to 0.")
    return range(*slice(start, stop, step).indices(length))


def _inserted(arr: Shape, values: Shape | None, count: int, axis: _Index, first: bool) -> Shape:
    """The shape after an insertion at `count` indices; at one index as many slices go in as the values have.

    The values' slices lie along their first axis if `first`, else along the axis of insertion.
    """
    if axis is not None and not arr:
        return values or ()
    shape, at = _line(arr, axis)
    if values is not None and count == 1:
        count = _aligned(values, len(shape))[0 if first else at]
    return (*shape[:at], shape[at] + count, *shape[at + 1 :])


def _insert(arr: Tensor, block: Tensor, indices: Tensor, at: int) -> Tensor:
    """`arr` with the slices of `block` along axis `at` put before `indices`, equal indices in the order given."""
    count, length = indices.shape[0], arr.shape[at]
    indices = jnp.where(indices < 0, indices + length, indices).astype("int32")
    order = jnp.argsort(indices, stable=True)
    places = indices.at[order].add(lax.iota("int32", count))
    new = jnp.zeros(length + count, "int32").at[places].set(1)
    from_block = jnp.zeros(length + count, "int32").at[places].set(lax.iota("int32", count))
    from_arr = jnp.cumsum(1 - new, dtype="int32") - 1
    kept = jnp.take(arr, from_arr, axis=at, mode="clip") if length else None
    added = jnp.take(block, from_block, axis=at, mode="clip")
    if kept is None:
        return added
    return jnp.where(new.reshape(-1, *(1,) * (arr.ndim - at - 1)) != 0, added, kept)


def _run_insert(
    arr: Tensor, values: Tensor | None, val: float | None, indices: Tensor, axis: _Index, scalar_index: bool
) -> Tensor:
    """The body of the three insert operators, from a vector of indices (of one, for a `scalar_index`)."""
    if values is None:
        values = jnp.asarray(p.constant(val or 0.0, arr.dtype))
    if axis is not None and arr.ndim == 0:
        return values.astype(arr.dtype)
    shape, at = _line(arr.shape, axis)
    arr = arr.reshape(shape)
    block = values.astype(arr.dtype).reshape(_aligned(values.shape, arr.ndim))
    if scalar_index:
        block = jnp.moveaxis(block, 0, at)
    count = indices.shape[0]
    if count == 1:
        count = block.shape[at]
        indices = jnp.broadcast_to(indices, (count,))
    block = jnp.broadcast_to(block, (*shape[:at], count, *shape[at + 1 :]))
    return _insert(arr, block, indices, at) if count else arr


def _arr_type(ins: Types, outs: Types) -> None:
    """The output has the type of the array; other inputs are free."""
    rules.like_first_type(ins, outs)


@once_known
def _insert_scalar_rule(arr: Shape, values: Shape | None = None, *, axis) -> Shape:
    return _inserted(arr, values, 1, axis, True)


@op(shape=_insert_scalar_rule, types=_arr_type, needs_shape=True)
def _npi_insert_scalar(
    arr: Tensor,
    values: Tensor = deduce(when=lambda val: val is None),
    *,
    val: float | None = None,
    start: _Index = None,
    stop: _Index = None,
    step: _Index = None,
    int_ind: _Index = None,
    axis: _Index = None,
):
    """Inserts `values`, or the number `val`, before the index `int_ind` of an axis, or of the flattened array.

    Shapes: arr (..., d, ...), values that broadcast with their first axis at `axis` -> (..., d + number, ...). The
    output has the type of arr.
    """
    shape, at = _line(arr.shape, axis)
    index = int_ind or 0
    if shape and not -shape[at] <= index <= shape[at]:
        raise ValueError(f"Index {index} should be in the range of [-r, r] where r is the dim size {shape[at]}")
    return _run_insert(arr, values, val, jnp.full(1, index, "int32"), axis, True)


@once_known
def _insert_slice_rule(arr: Shape, values: Shape | None = None, *, start, stop, step, axis) -> Shape:
    shape, at = _line(arr, axis)
    return _inserted(arr, values, len(_slice_indices(start, stop, step, shape[at])) if shape else 0, axis, False)


@op(shape=_insert_slice_rule, types=_arr_type, needs_shape=True)
def _npi_insert_slice(
    arr: Tensor,
    values: Tensor = deduce(when=lambda val: val is None),
    *,
    val: float | None = None,
    start: _Index = None,
    stop: _Index = None,
    step: _Index = None,
    int_ind: _Index = None,
    axis: _Index = None,
):
    """Inserts `values`, or the number `val`, before every index of the slice start:stop:step of an axis.

    Shapes: arr (..., d, ...), values that broadcast -> (..., d + number of indices, ...); at one index all slices of
    the values go in. The output has the type of arr; the axis None is the flattened array's.
    """
    shape, at = _line(arr.shape, axis)
    found = _slice_indices(start, stop, step, shape[at]) if shape else ()
    return _run_insert(arr, values, val, jnp.asarray(np.asarray(found, np.int32)), axis, False)


def _insert_tensor_rule(ins: Shapes, outs: Shapes, axis) -> None:
    if not all(map(is_complete, ins)):
        return
    arr, obj = ins[0], ins[-1]
    assert arr is not None
    assert obj is not None
    if len(obj) > 1:
        raise ShapeConflict("index array argument obj to insert must be one dimensional or scale.")
    values = ins[1] if len(ins) == 3 else None
    assign(outs, 0, _inserted(arr, values, prod(obj), axis, not obj))  # pyright: ignore[reportArgumentType, reportCallIssue]


def _insert_tensor_types(ins: Types, outs: Types) -> None:
    if ins[-1] is None:
        raise TypeConflict("Index type must be set for insert operator")
    if ins[-1].name != "int64":
        raise TypeConflict("Index type only support int64.")
    _arr_type(ins, outs)


@op(shape=_insert_tensor_rule, types=_insert_tensor_types, needs_shape=True)
def _npi_insert_tensor(
    arr: Tensor,
    values: Tensor = deduce(when=lambda val: val is None),
    obj: Tensor = deduce(),
    *,
    val: float | None = None,
    start: _Index = None,
    stop: _Index = None,
    step: _Index = None,
    int_ind: _Index = None,
    axis: _Index = None,
):
    """Inserts `values`, or the number `val`, before the indices `obj` of an axis, or of the flattened array.

    Shapes: arr (..., d, ...), values that broadcast, obj () or (n,) of int64 -> (..., d + n, ...); at one index all
    slices of the values go in, which lie along their first axis when obj is a scalar. The output has the type of arr.
    """
    return _run_insert(arr, values, val, obj.reshape(-1), axis, obj.ndim == 0)


# -- delete --------------------------------------------------------------------------------------------------------


def _static_indices(length: int, start: _Index, stop: _Index, step: _Index, int_ind: _Index) -> list[int]:
    """The indices that attributes name, counted from the front."""
    if step is not None:
        return list(_slice_indices(start, stop, step, length))
    assert int_ind is not None
    if not -length <= int_ind < length:
        raise ShapeConflict(f"index {int_ind} is out of bounds for an axis with size {length}")
    return [int_ind % length]


def _delete_rule(ins: Shapes, outs: Shapes, start, stop, step, int_ind, axis) -> None:
    arr = ins[0]
    if arr is None or None in arr or (step is None and int_ind is None):
        return
    if axis is not None and not arr:
        assign(outs, 0, arr)
        return
    shape, at = _line(arr, axis)  # pyright: ignore[reportArgumentType]
    gone = len(_static_indices(shape[at], start, stop, step, int_ind))
    assign(outs, 0, (*shape[:at], shape[at] - gone, *shape[at + 1 :]))


def _delete_types(ins: Types, outs: Types) -> None:
    if len(ins) == 1 or ins[1] is not None or ins[0] is not None:
        _arr_type(ins, outs)


@op(shape=_delete_rule, types=_delete_types, dynamic=True)
def _npi_delete(
    arr: Tensor,
    obj: Tensor = deduce(when=lambda step, int_ind: step is None and int_ind is None),
    *,
    start: _Index = None,
    stop: _Index = None,
    step: _Index = None,
    int_ind: _Index = None,
    axis: _Index = None,
):
    """Removes slices of an axis, or elements of the flattened array: a slice's, an index', or those in `obj`.

    Shapes: arr (..., d, ...) -> (..., d - number of different indices, ...). With `obj` the shape depends on values, so
    graphs with this operator are not jitted. Indices in obj that the axis does not have, and negative
    ones, are ignored.
    """
    if axis is not None and arr.ndim == 0:
        return arr
    shape, at = _line(arr.shape, axis)
    stays = np.ones(shape[at], bool)
    if obj is None:
        stays[_static_indices(shape[at], start, stop, step, int_ind)] = False
    else:
        indices = concrete("_npi_delete", obj).reshape(-1).astype(np.int64)
        stays[indices[(indices >= 0) & (indices < shape[at])]] = False
    return jnp.take(arr.reshape(shape), np.flatnonzero(stays).astype(np.int32), axis=at, mode="clip")


# -- boolean assignment --------------------------------------------------------------------------------------------


def _assign_rule(ins: Shapes, outs: Shapes, start_axis) -> None:
    data, mask = ins[0], ins[1]
    if not is_complete(data) or not is_complete(mask):
        raise ShapeConflict("the shapes of both data and mask must be known here")
    assert data is not None
    assert mask is not None
    if data[start_axis : start_axis + len(mask)] != mask:
        raise ShapeConflict(f"boolean index {show(mask)} did not match {show(data)} from axis {start_axis}")
    assign(outs, 0, data)
    if len(ins) == 3 and len(mask) == len(data) and ins[2] is not None and len(ins[2]) > 1:
        raise ShapeConflict(
            f"boolean array indexing assignment requires a 0 or 1-dimensional input, input has {len(ins[2])} dimensions"
        )


def _assign_types(ins: Types, outs: Types) -> None:
    values = [ins[0], *ins[2:]]
    rules.same_type(values, outs)
    ins[0], ins[2:] = values[0], values[1:]
    if len(ins) == 3 and ins[2] is None:
        raise TypeConflict("the type of data or value must be known")


def _spread_mask(mask: Tensor, rank: int, start_axis: int) -> Tensor:
    """The mask in a shape that broadcasts against the data."""
    return (mask != 0).reshape(*(1,) * start_axis, *mask.shape, *(1,) * (rank - start_axis - mask.ndim))


@op(shape=_assign_rule, types=_assign_types)
def _npi_boolean_mask_assign_scalar(data: Tensor, mask: Tensor, *, value: float | None = None, start_axis: int = 0):
    """data with the number `value` where mask is not 0; no gradient.

    Shapes: data (any), mask of data's dimensions from `start_axis` on -> data's. MXNet changes data itself, which only
    its imperative calls can do; here a new array is made.
    """
    if value is None:
        raise ValueError("value needs be provided")
    data = lax.stop_gradient(data)
    return jnp.where(_spread_mask(mask, data.ndim, start_axis), p.constant(value, data.dtype), data)


@op(shape=_assign_rule, types=_assign_types)
def _npi_boolean_mask_assign_tensor(data: Tensor, mask: Tensor, value: Tensor, *, start_axis: int = 0):
    """data with the slices of `value`, one after the other, where mask is not 0; no gradient.

    Shapes: data (any), mask of data's dimensions from `start_axis` on, value of data's with those replaced by one of
    the number of true elements (or 1, or none, to assign one slice everywhere) -> data's. MXNet changes data itself,
    which only its imperative calls can do; here a new array is made.
    """
    data, value = lax.stop_gradient(data), lax.stop_gradient(value)
    hit = _spread_mask(mask, data.ndim, start_axis)
    if value.size == 1:
        return jnp.where(hit, value.reshape(()), data)
    lead, trail = data.shape[:start_axis], data.shape[start_axis + mask.ndim :]
    slices = value.reshape(*lead, -1, *trail)
    order = jnp.cumsum((mask != 0).reshape(-1), dtype="int32") - 1
    if slices.shape[start_axis] == 1:
        order = jnp.zeros_like(order)
    return jnp.where(hit, jnp.take(slices, order, axis=start_axis, mode="clip").reshape(data.shape), data)


# -- differences ---------------------------------------------------------------------------------------------------


@once_known
def _diff_rule(a: Shape, *, n, axis) -> Shape:
    at = canonical_axis(axis, len(a))
    return (*a[:at], max(a[at] - n, 0), *a[at + 1 :])


@op(shape=_diff_rule)
def _npi_diff(a: Tensor, *, n: int = attr(1, ge=0), axis: int = -1):
    """Differences of neighbours along an axis, taken n times.

    Shapes: a (..., d, ...) -> (..., max(d - n, 0), ...).
    """
    return jnp.diff(a, n, axis)


def _ediff1d_rule(ins: Shapes, outs: Shapes, to_begin_scalar, to_end_scalar) -> None:
    if not is_complete(ins[0]):
        return
    if not all(map(is_complete, ins)):
        raise ShapeConflict("the shapes of what is put before and after must be known here")
    sizes = [prod(s) for s in ins]  # pyright: ignore[reportArgumentType, reportCallIssue]
    scalars = sum(x is not None for x in (to_begin_scalar, to_end_scalar))
    assign(outs, 0, (max(sizes[0] - 1, 0) + sum(sizes[1:]) + scalars,))


def _ediff1d_types(ins: Types, outs: Types) -> None:
    for t in ins:
        assign_type(outs, 0, t)
    assign_type(ins, 0, outs[0])


@op(shape=_ediff1d_rule, types=_ediff1d_types)
def _npi_ediff1d(
    input1: Tensor,
    input2: Tensor = deduce(when=lambda to_begin_arr_given, to_end_arr_given: to_begin_arr_given or to_end_arr_given),
    input3: Tensor = deduce(when=lambda to_begin_arr_given, to_end_arr_given: to_begin_arr_given and to_end_arr_given),
    *,
    to_begin_arr_given: bool = False,
    to_end_arr_given: bool = False,
    to_begin_scalar: float | None = None,
    to_end_scalar: float | None = None,
):
    """Differences of neighbours in the flattened array, between what is put before and after them.

    Shapes: input1 with n elements, input2 and input3 (any) -> (n - 1 + the elements put before and after,). What is put
    before is input2 or a number; what is put after the next input or a number.
    """
    rest = iter(x.reshape(-1) for x in (input2, input3) if x is not None)

    def part(given: bool, scalar: float | None) -> list:
        if given:
            return [next(rest)]
        return [] if scalar is None else [jnp.asarray(p.constant(scalar, input1.dtype)).reshape(1)]

    flat = input1.reshape(-1)
    before = part(to_begin_arr_given, to_begin_scalar)
    return lax.concatenate([*before, flat[1:] - flat[:-1], *part(to_end_arr_given, to_end_scalar)], 0)


def _ediff1d_outputs(to_begin_arr_given: bool, to_end_arr_given: bool) -> int:
    return 1 + to_begin_arr_given + to_end_arr_given


def _ediff1d_back_rule(ins: Shapes, outs: Shapes) -> None:
    for i in range(len(outs)):
        assign(outs, i, ins[i + 1])


@op(outputs=_ediff1d_outputs, shape=_ediff1d_back_rule)
def _npi_backward_ediff1d(
    ograd: Tensor,
    input1: Tensor,
    input2: Tensor = deduce(when=lambda to_begin_arr_given, to_end_arr_given: to_begin_arr_given or to_end_arr_given),
    input3: Tensor = deduce(when=lambda to_begin_arr_given, to_end_arr_given: to_begin_arr_given and to_end_arr_given),
    *,
    to_begin_arr_given: bool = False,
    to_end_arr_given: bool = False,
    to_begin_scalar: float | None = None,
    to_end_scalar: float | None = None,
):
    """The gradients of _npi_ediff1d from the gradient of its output and its inputs.

    Shapes: ograd (n,) and the inputs -> the shapes of the inputs.
    """
    others = [x for x in (input2, input3) if x is not None]
    found = [input1]
    start = 0
    if to_begin_arr_given:
        start = others[0].size
        found.append(ograd[:start].reshape(others[0].shape))
    elif to_begin_scalar is not None:
        start = 1
    end = start + max(input1.size - 1, 0)
    inner = ograd[start:end]
    zero = jnp.zeros(1, ograd.dtype)
    if input1.size:
        found[0] = (jnp.concatenate([zero, inner]) - jnp.concatenate([inner, zero])).reshape(input1.shape)
    if to_end_arr_given:
        last = others[-1]
        found.append(ograd[end : end + last.size].reshape(last.shape))
    return tuple(found)
