"""NumPy's operators that put arrays together or take them apart: concatenate, stack, hstack, hsplit and their kin."""

from collections.abc import Callable
from importlib import import_module
from math import prod

from jax import lax

from declax.attrs import attr
from declax.ops.axes import canonical_axis
from declax.ops.slicing import _split_v2
from declax.registry import Tensor, definition_of, lookup, op
from declax.rules import Shapes, assign
from declax.shapes import Shape, ShapeConflict, is_complete

import_module("declax.ops.joining")  # registers Concat and stack, whose rules and bodies are taken

_concat_rule: Callable = lookup("Concat").shape_rule.function  # pyright: ignore[reportOptionalMemberAccess]
_stack, _stack_rule = lookup("stack").function, lookup("stack").shape_rule.function  # pyright: ignore[reportOptionalMemberAccess]
_split_rule: Callable = definition_of(_split_v2).shape_rule.function  # pyright: ignore[reportOptionalMemberAccess]


def _numbered(prefix: str) -> Callable:
    """Names of a variable number of inputs: `data0`, `data1` ..."""
    return lambda num_args: tuple(f"{prefix}{i}" for i in range(num_args))


def _concatenate_rule(ins: Shapes, outs: Shapes, axis) -> None:
    if axis is not None:
        _concat_rule(ins, outs, axis)
    elif all(map(is_complete, ins)):
        assign(outs, 0, (sum(prod(s) for s in ins),))  # pyright: ignore[reportArgumentType, reportCallIssue]


@op(num_args="num_args", arguments=_numbered("data"), outputs=("out",), shape=_concatenate_rule, auto_create=False)
def _npi_concatenate(*data: Tensor, num_args: int = attr(ge=1), axis: int | None = 0):
    """Joins arrays along an axis, or flattened when it is None.

    Shapes: data (..., d_i, ...) -> (..., sum of d_i, ...), or (number of elements,).
    """
    if axis is None:
        return lax.concatenate([x.reshape(-1) for x in data], 0)
    return lax.concatenate(data, canonical_axis(axis, data[0].ndim))


@op(num_args="num_args", shape=_stack_rule, auto_create=False)
def _npi_stack(*data: Tensor, axis: int = 0, num_args: int = attr(ge=1)):
    """Joins arrays of one shape along a new axis.

    Shapes: n times data (d0, ..., dm) -> (d0, ..., n, ..., dm).
    """
    return _stack(*data, axis=axis, num_args=num_args)


# -- stacking in given dimensions: arrays of too few get axes of size 1 ------------------------------------------------


def _as_row(s: tuple) -> tuple:
    return (*(1,) * (2 - len(s)), *s)


def _as_column(s: tuple) -> tuple:
    return (*s, *(1,) * (2 - len(s)))


def _as_line(s: tuple) -> tuple:
    return s or (1,)


def _as_depth(s: tuple) -> tuple:
    return (1, s[0], 1) if len(s) == 1 else (*s, *(1,) * (3 - len(s)))


def _horizontal_axis(shapes: list[tuple]) -> int:
    return 1 if len(shapes[0]) > 1 else 0


def _stacking(promote: Callable, axis_of: Callable) -> tuple[Callable, Callable]:
    """(shape rule, function of the arrays) of a concatenation of arrays in promoted shapes.

    An input of unknown rank leaves the size along the axis open; sizes are solved for arrays that need no promotion.
    """

    def rule(ins: Shapes, outs: Shapes) -> None:
        if ins[0] is None:
            return
        shapes = [s if s is None else promote(s) for s in ins]
        axis = axis_of(shapes)
        if None in shapes:
            for s in shapes:
                assign(outs, 0, s and (*s[:axis], None, *s[axis + 1 :]))
            return
        _concat_rule(shapes, outs, axis)
        for i, s in enumerate(ins):
            if len(shapes[i]) == len(s):  # pyright: ignore[reportArgumentType]
                ins[i] = shapes[i]

    def join(data: tuple) -> Tensor:
        arrays = [x.reshape(promote(x.shape)) for x in data]
        return lax.concatenate(arrays, axis_of([x.shape for x in arrays]))

    return rule, join


_v_rule, _v_join = _stacking(_as_row, lambda shapes: 0)
_column_rule, _column_join = _stacking(_as_column, lambda shapes: 1)
_h_rule, _h_join = _stacking(_as_line, _horizontal_axis)
_d_rule, _d_join = _stacking(_as_depth, lambda shapes: 2)


@op(num_args="num_args", shape=_v_rule, auto_create=False)
def _npi_vstack(*data: Tensor, num_args: int = attr(ge=1)):
    """Joins arrays along the first axis, vectors as rows.

    Shapes: data (d_i, ...) or (n,) or () -> (sum of d_i, ...), at least two dimensions.
    """
    return _v_join(data)


@op(num_args="num_args", shape=_column_rule, auto_create=False)
def _npi_column_stack(*data: Tensor, num_args: int = attr(ge=1)):
    """Joins arrays along the second axis, vectors as columns.

    Shapes: data (m, d_i, ...) or (m,) or () -> (m, sum of d_i, ...).
    """
    return _column_join(data)


@op(num_args="num_args", arguments=_numbered("data"), outputs=("out",), shape=_h_rule, auto_create=False)
def _npi_hstack(*data: Tensor, num_args: int = attr(ge=1), dim: int = 1):
    """Joins arrays along the second axis, vectors along the first.

    Shapes: data (m, d_i, ...) -> (m, sum of d_i, ...); (d_i,) or () -> (sum of d_i,). `dim` is accepted and means
    nothing, as in MXNet.
    """
    return _h_join(data)


@op(num_args="num_args", arguments=_numbered("data"), outputs=("out",), shape=_d_rule, auto_create=False)
def _npi_dstack(*data: Tensor, num_args: int = attr(ge=1), dim: int = 1):
    """Joins arrays along the third axis, matrices and vectors with one of size 1 added.

    Shapes: data (m, n, d_i, ...) or (m, n) or (n,) -> (m, n, sum of d_i, ...). `dim` is accepted and means nothing, as
    in MXNet.
    """
    return _d_join(data)


# -- taking apart --------------------------------------------------------------------------------------------------


def _parts(indices: Shape, sections: int) -> int:
    return sections if sections > 0 else len(indices)


def _hsplit_rule(ins: Shapes, outs: Shapes, indices, squeeze_axis, sections) -> None:
    if ins[0] is not None:
        if not ins[0]:
            raise ShapeConflict("ValueError: hsplit only works on arrays of 1 or more dimensions")
        _split_rule(ins, outs, indices, min(len(ins[0]) - 1, 1), squeeze_axis, sections)


def _dsplit_rule(ins: Shapes, outs: Shapes, indices, squeeze_axis, sections) -> None:
    if ins[0] is not None:
        if len(ins[0]) < 3:
            raise ShapeConflict("ValueError: dsplit only works on arrays of 3 or more dimensions")
        _split_rule(ins, outs, indices, 2, squeeze_axis, sections)


@op(outputs=_parts, shape=_hsplit_rule, needs_type=True)
def _npi_hsplit(data: Tensor, *, indices: Shape = attr(), axis: int = 1, squeeze_axis: bool = False, sections: int = 0):
    """Cuts the second axis, a vector's first, where each of `indices` says a part begins, or into `sections` parts.

    Shapes: data (m, d, ...) -> one (m, d_i, ...) a part. `axis` is accepted and means nothing, as in MXNet.
    """
    at = min(data.ndim - 1, 1)
    return _split_v2(data, indices=indices, axis=at, squeeze_axis=squeeze_axis, sections=sections)


@op(outputs=_parts, shape=_dsplit_rule, needs_type=True)
def _npi_dsplit(data: Tensor, *, indices: Shape = attr(), axis: int = 1, squeeze_axis: bool = False, sections: int = 0):
    """Cuts the third axis where each of `indices` says a part begins, or into `sections` parts.

    Shapes: data (m, n, d, ...) -> one (m, n, d_i, ...) a part. `axis` is accepted and means nothing, as in MXNet.
    """
    return _split_v2(data, indices=indices, axis=2, squeeze_axis=squeeze_axis, sections=sections)


def _unsplit(ograds: tuple[Shape, ...], squeeze_axis: bool) -> tuple[int, list[Shape]]:
    """The axis that _npi_hsplit cut, and the shapes of the parts with that axis."""
    at = min(len(ograds[0]) - (not squeeze_axis), 1)
    return at, [(*s[:at], 1, *s[at:]) if squeeze_axis else s for s in ograds]


def _hsplit_back_rule(ins: Shapes, outs: Shapes, squeeze_axis) -> None:
    if all(map(is_complete, ins)):
        at, shapes = _unsplit(tuple(ins), squeeze_axis)  # pyright: ignore[reportArgumentType]
        _concat_rule(shapes, outs, at)


@op(
    arguments=lambda indices, sections: tuple(f"ograd{i}" for i in range(_parts(indices, sections))),
    shape=_hsplit_back_rule,
    auto_create=False,
)
def _npi_hsplit_backward(
    *ograds: Tensor, indices: Shape = attr(), axis: int = 1, squeeze_axis: bool = False, sections: int = 0
):
    """The gradient of _npi_hsplit: its parts' gradients joined again.

    Shapes: one (m, d_i, ...) a part -> (m, sum of d_i, ...).
    """
    at, shapes = _unsplit(tuple(g.shape for g in ograds), squeeze_axis)
    return lax.concatenate([g.reshape(s) for g, s in zip(ograds, shapes, strict=True)], at)
