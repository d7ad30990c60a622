"""What the NumPy operators share: rules that wait for complete shapes, promotion of types, casts to 64 bits."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from declax.errors import RunError
from declax.ops.axes import canonical_axes
from declax.registry import Tensor
from declax.rules import Shapes, TypeConflict, Types, assign, assign_type, dtype_of, merge_type, same_type
from declax.shapes import PartialShape, Shape, is_complete

Axes = tuple[int, ...] | None
"""Annotation of an `axis` that is one axis, several, or None for all."""

_PRECISION = (
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64",
    "bfloat16", "float16", "float32", "float64",
)  # fmt: skip
"""Element types, the less precise first, as MXNet ranks them for mixed operands."""


# -- shapes ----------------------------------------------------------------------------------------------------


def once_known(function: Callable[..., Shape | Sequence[Shape]]) -> Callable:
    """A shape rule from a function of input shapes, called once every input's shape is completely known.

    Like `rules.forward`, which only waits for the ranks: MXNet's NumPy operators say nothing before they know all.
    """
    code = function.__code__
    asked = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]

    def rule(ins: Shapes, outs: Shapes, **hyper) -> None:
        if all(map(is_complete, ins)):
            result = function(*ins, **hyper)
            for i, s in enumerate(result if isinstance(result, list) else [result]):
                assign(outs, i, s)  # pyright: ignore[reportArgumentType]

    rule.asks = asked
    return rule


def scalar_shape(ins: Shapes, outs: Shapes) -> None:
    """Every output is a scalar, whatever the inputs are."""
    for i in range(len(outs)):
        assign(outs, i, ())


def nothing_known(ins: Shapes, outs: Shapes) -> None:
    """The shape rule of operators whose output shape depends on values."""


def reduced(shape: Shape, axis: Axes, keepdims: bool) -> Shape:
    """The shape after a reduction over `axis`: None is all axes, () is none, a scalar has axes 0 and -1 too."""
    if not shape:
        if axis:
            canonical_axes(axis, 1)
        return ()
    gone = reduced_axes(len(shape), axis)
    if keepdims:
        return tuple(1 if i in gone else d for i, d in enumerate(shape))
    return tuple(d for i, d in enumerate(shape) if i not in gone)


def reduced_axes(rank: int, axis: Axes) -> tuple[int, ...]:
    """The axes that a reduction removes, counted from the front."""
    if rank == 0:
        return ()
    return tuple(range(rank)) if axis is None else canonical_axes(axis, rank)


def rank_of(shape: PartialShape) -> int | None:
    """The number of dimensions, None when that is unknown."""
    return None if shape is None else len(shape)


# -- types -----------------------------------------------------------------------------------------------------


def is_floating(dtype: np.dtype | None) -> bool:
    """Whether a type is a known floating one."""
    return dtype is not None and np.dtype(dtype).name in ("float16", "float32", "float64", "bfloat16")


def promoted(a: np.dtype, b: np.dtype) -> np.dtype:
    """The type of arithmetic on two types: the more precise one, a floating one before whole numbers of any width."""
    names = {np.dtype(a).name, np.dtype(b).name}
    if names == {"uint8", "int8"}:
        return dtype_of("int32")
    return dtype_of(max(names, key=_PRECISION.index))


def mixed_type(ins: Types, outs: Types) -> None:
    """Two inputs of different types give the promoted one; otherwise all have one type."""
    a, b = ins
    if a is not None and b is not None and a != b:
        assign_type(outs, 0, promoted(a, b))
    else:
        same_type(ins, outs)


def true_divide_type(ins: Types, outs: Types) -> None:
    """The more precise floating type among the inputs, float32 if there is none; waits for all inputs."""
    if all(t is not None for t in ins):  # not `None in ins`: numpy holds float64 to be equal to None
        assign_type(outs, 0, quotient_type(*ins))  # pyright: ignore[reportArgumentType]


def quotient_type(*types: np.dtype) -> np.dtype:
    """The type of the true division of values of these types."""
    floating = [t for t in types if is_floating(t)]
    if not floating:
        return dtype_of("float32")
    return floating[0] if len(floating) == 1 else promoted(*floating)


def bool_of_equals(ins: Types, outs: Types) -> None:
    """The inputs have one type, the output is boolean as soon as that type is known."""
    known = None
    for t in ins:
        known = merge_type(known, t)
    if known is not None:
        ins[:] = [known] * len(ins)
        assign_type(outs, 0, "bool")


def once_typed(name: str) -> Callable:
    """A type rule: every output is of type `name` once the first input's type is known."""

    def rule(ins: Types, outs: Types) -> None:
        if ins[0] is not None:
            for i in range(len(outs)):
                assign_type(outs, i, name)

    return rule


def floating_only(ins: Types, outs: Types) -> None:
    """All inputs and the output have one floating type, which must be known."""
    same_type(ins, outs)
    if not is_floating(ins[0]):
        raise TypeConflict("Do not support `int` as input.")


def whole_only(ins: Types, outs: Types) -> None:
    """All inputs and the output have one type of whole numbers or booleans; the first input's must be known."""
    if ins[0] is None or is_floating(ins[0]):
        raise TypeConflict("Only supports integer and boolean inputs")
    same_type(ins, outs)


def solver_type(ins: Types, outs: Types) -> None:
    """Linear algebra works in float32 when every input is float32, in float64 otherwise, never in float16."""
    for t in ins:
        if t is not None and t.name == "float16":
            raise TypeConflict("array type float16 is unsupported in linalg")
    kind = "float32" if all(t is not None and t.name == "float32" for t in ins) else "float64"
    for i in range(len(outs)):
        assign_type(outs, i, kind)


# -- values ----------------------------------------------------------------------------------------------------


def cast(x: Tensor, dtype: np.dtype | str) -> Tensor:
    """`x` in another type, which may be a 64-bit one whether or not JAX has those on."""
    kind = dtype_of(dtype) if isinstance(dtype, str) else dtype
    if kind.itemsize == 8:
        with jax.enable_x64(True):
            return lax.convert_element_type(x, kind)
    return jnp.asarray(x).astype(kind)


def unreduced(x: Tensor, shape: Shape, axis: Axes) -> Tensor:
    """A reduced array in a shape that broadcasts against the array of `shape` that it came from."""
    return x.reshape(reduced(shape, axis, True))


def no_gradient(cotangents: tuple, outputs: tuple, *inputs: Tensor) -> tuple:
    """The gradient of an operator through which MXNet sends none."""
    return (None,) * len(inputs)


def concrete(operator: str, x: Tensor) -> np.ndarray:
    """The values of `x`, for an operator whose output shape depends on them; RunError while it is traced."""
    try:
        return np.asarray(lax.stop_gradient(x))
    except jax.errors.TracerArrayConversionError:
        raise RunError(
            f"{operator}: the shape of the output depends on values, so it cannot be traced by jit, vmap or "
            "eval_shape: run the graph in an executor, or call the lowered function outside jit"
        ) from None
