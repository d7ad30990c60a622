"""Shared rules of shape and type inference, both directions.

A shape rule gets the lists of input and output shapes (partial, see shapes.py) and writes what it learns into
them with `assign`; a type rule does the same with numpy dtypes or None. Further arguments are hyper-parameters,
by name. A contradiction raises ShapeConflict or TypeConflict, to which infer.py adds the node.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from declax.shapes import PartialShape, ShapeConflict, merge, merge_dim, show

Shapes = list[PartialShape]
Types = list[np.dtype | None]


class TypeConflict(ValueError):
    """Two element types that cannot be the same."""


def dtype_of(name: str) -> np.dtype:
    """The numpy dtype of an element type's name, bfloat16 included."""
    if name == "bfloat16":
        import ml_dtypes

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def assign(shapes: Shapes, index: int, shape: PartialShape) -> None:
    """Merges `shape` into `shapes[index]`."""
    shapes[index] = merge(shapes[index], shape)


# -- shapes ----------------------------------------------------------------------------------------------------


def require_ranks(ins: Shapes) -> None:
    """ShapeConflict unless every input's rank is known: for operators that MXNet does not let wait."""
    for i, s in enumerate(ins):
        if s is None:
            raise ShapeConflict(f"the shape of input {i} must be known here")


def same_shape(ins: Shapes, outs: Shapes) -> None:
    """All inputs and all outputs have one shape."""
    known: PartialShape = None
    for s in ins:
        known = merge(known, s)
    for s in outs:
        known = merge(known, s)
    if known is not None:
        ins[:] = [known] * len(ins)
        outs[:] = [known] * len(outs)


def like_first(ins: Shapes, outs: Shapes) -> None:
    """The first input and every output have one shape; other inputs are left to their own rules."""
    known = ins[0]
    for s in outs:
        known = merge(known, s)
    ins[0] = known
    outs[:] = [known] * len(outs)


def forward(function: Callable[..., PartialShape | Sequence[PartialShape]]) -> Callable:
    """A shape rule from a function of input shapes alone; called once every input's rank is known.

    The function's first parameters are the inputs by position, its keyword-only ones hyper-parameters.
    It returns the output's shape, or a list of them.
    """
    code = function.__code__
    asked = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]

    def rule(ins: Shapes, outs: Shapes, **hyper) -> None:
        if any(s is None for s in ins):
            return
        result: Any = function(*ins, **hyper)
        for i, s in enumerate(result if isinstance(result, list) else [result]):
            assign(outs, i, s)

    rule.asks = asked  # what registry.Ask passes by name
    return rule


def broadcast_dim(a: int | None, b: int | None) -> int | None:
    """The dimension that two dimensions broadcast to, None while it is not certain."""
    if a == 1:
        return b
    if b == 1 or a == b:
        return a
    if a is None or b is None:
        return b if a is None else a
    raise ShapeConflict(f"dimensions {a} and {b} do not broadcast")


def broadcast_shapes(a: PartialShape, b: PartialShape) -> PartialShape:
    """The shape that two shapes broadcast to, aligned at the last axis."""
    if a is None or b is None:
        return None
    n = max(len(a), len(b))
    a, b = (1,) * (n - len(a)) + a, (1,) * (n - len(b)) + b
    try:
        return tuple(broadcast_dim(x, y) for x, y in zip(a, b, strict=True))
    except ShapeConflict:
        raise ShapeConflict(f"{show(a)} and {show(b)} do not broadcast") from None


def broadcast(ins: Shapes, outs: Shapes) -> None:
    """The outputs have the shape that the inputs broadcast to."""
    known = ins[0]
    for s in ins[1:]:
        known = broadcast_shapes(known, s)
    if known is not None:
        outs[:] = [merge(known, s) for s in outs]


def concat(axis: int, ins: Shapes, outs: Shapes) -> None:
    """Inputs agree but for `axis`, where they add up to the output; a single unknown is solved for."""
    rank = next((len(s) for s in (*ins, outs[0]) if s is not None), None)
    if rank is None:
        return
    if not -rank <= axis < rank:
        raise ShapeConflict(f"axis {axis} is out of range for {rank} dimensions")
    for s in (*ins, outs[0]):
        if s is not None and len(s) != rank:
            raise ShapeConflict(f"{show(s)} has {len(s)} dimensions, another input has {rank}")
    axis %= rank
    rest: PartialShape = outs[0] and (*outs[0][:axis], None, *outs[0][axis + 1 :])
    for s in ins:
        rest = merge(rest, s and (*s[:axis], None, *s[axis + 1 :]))
    assert rest is not None
    dims = [s[axis] if s is not None else None for s in ins]
    total = outs[0][axis] if outs[0] is not None else None
    if None not in dims:
        total = merge_dim(total, sum(d for d in dims if d is not None))
    elif total is not None and dims.count(None) == 1:
        dims[dims.index(None)] = total - sum(d for d in dims if d is not None)
    for i, d in enumerate(dims):
        ins[i] = (*rest[:axis], d, *rest[axis + 1 :])
    assign(outs, 0, (*rest[:axis], total, *rest[axis + 1 :]))


# -- types -----------------------------------------------------------------------------------------------------


def merge_type(a: np.dtype | None, b: np.dtype | None) -> np.dtype | None:
    """One type from two views of it."""
    if a is not None and b is not None and a != b:
        raise TypeConflict(f"expected {a.name}, got {b.name}")
    return b if a is None else a


def assign_type(types: Types, index: int, dtype: np.dtype | str | None) -> None:
    """Merges `dtype` into `types[index]`."""
    types[index] = merge_type(types[index], dtype_of(dtype) if isinstance(dtype, str) else dtype)


def same_type(ins: Types, outs: Types) -> None:
    """All inputs and all outputs have one type."""
    known = None
    for t in (*ins, *outs):
        known = merge_type(known, t)
    if known is not None:
        ins[:] = [known] * len(ins)
        outs[:] = [known] * len(outs)


def like_first_type(ins: Types, outs: Types) -> None:
    """The first input and every output share a type; the other inputs are free."""
    known = ins[0]
    for t in outs:
        known = merge_type(known, t)
    ins[0] = known
    outs[:] = [known] * len(outs)


def lead_type(ins: Types, outs: Types) -> None:
    """The first input or the first output decides for all; the other inputs never do."""
    known = merge_type(ins[0], outs[0])
    if known is not None:
        ins[:] = [merge_type(known, t) for t in ins]
        outs[:] = [merge_type(known, t) for t in outs]


def float32_type(ins: Types, outs: Types) -> None:
    """Everything is float32: what MXNet's oldest operators ask for."""
    for types in (ins, outs):
        for i in range(len(types)):
            assign_type(types, i, "float32")


def always_type(name: str) -> Callable:
    """Outputs have this type whatever the inputs are."""

    def rule(ins: Types, outs: Types) -> None:
        for i in range(len(outs)):
            assign_type(outs, i, name)

    return rule


def dtype_attribute(ins: Types, outs: Types, dtype) -> None:
    """Outputs have the type of the hyper-parameter `dtype`; None leaves float32."""
    for i in range(len(outs)):
        assign_type(outs, i, dtype or "float32")


def cast_type(ins: Types, outs: Types, dtype) -> None:
    """Outputs have the type of the hyper-parameter `dtype`, or the input's when it is None."""
    if dtype is None:
        like_first_type(ins, outs)
    else:
        dtype_attribute(ins, outs, dtype)
