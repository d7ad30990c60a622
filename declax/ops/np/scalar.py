"""NumPy's functions of an array and a number: _npi_add_scalar, _npi_rtrue_divide_scalar, _npi_equal_scalar ..."""

from collections.abc import Callable
from contextlib import nullcontext

import jax

from declax import rules
from declax.ops import pointwise as p
from declax.ops.np.common import cast, is_floating, once_typed, quotient_type, whole_only
from declax.ops.np.elementwise import COMPARISONS, WHOLE, arctan2, copysign, ldexp
from declax.ops.scalar import scalar_type
from declax.registry import Tensor, op
from declax.rules import Types, assign_type

_SHAPES = "Shapes: data of any shape -> the same, inferred in both directions."


def _widened(data: Tensor, is_int: bool) -> Tensor:
    """Whole numbers beside a number that is not whole become float64, booleans int64 or float64."""
    if data.dtype == "bool":
        return cast(data, "int64" if is_int else "float64")
    return data if is_int or is_floating(data.dtype) else cast(data, "float64")


def _register(name: str, function: Callable, sentence: str, types: Callable, note: str, widen: bool = True) -> None:
    """One operator on an array and a number."""

    def body(data: Tensor, *, scalar: float = 1.0, is_int: bool = True):
        x = _widened(data, is_int) if widen else data
        with jax.enable_x64(True) if x.dtype != data.dtype else nullcontext():
            return function(x, p.constant(scalar, x.dtype))

    body.__name__ = body.__qualname__ = name
    body.__doc__ = f"{sentence}\n\n{_SHAPES} {note}"
    op(name, shape=rules.same_shape, types=types)(body)


_WIDE = (
    "The number takes the type of data (2.7 becomes 2 beside whole numbers) unless `is_int` is False, which makes "
    "whole numbers float64."
)

for _name, _function, _sentence in (
    ("add", p.add, "data + scalar."),
    ("subtract", p.subtract, "data - scalar."),
    ("rsubtract", p.reflected(p.subtract), "scalar - data."),
    ("multiply", p.multiply, "data * scalar."),
    ("mod", p.mod, "The remainder of data / scalar with the sign of scalar, 0 if that is 0."),
    ("rmod", p.reflected(p.mod), "The remainder of scalar / data with the sign of data."),
    ("power", p.power, "data to the power of scalar."),
    ("rpower", p.reflected(p.power), "scalar to the power of data."),
    ("copysign", copysign, "data with the sign of scalar."),
    ("rcopysign", p.reflected(copysign), "scalar with the sign of data; no gradient."),
    ("arctan2", arctan2, "The angle of the point (scalar, data)."),
    ("rarctan2", p.reflected(arctan2), "The angle of the point (data, scalar)."),
    ("ldexp", ldexp, "data * 2^scalar."),
    ("rldexp", p.reflected(ldexp), "scalar * 2^data."),
):
    _register(f"_npi_{_name}_scalar", _function, _sentence, scalar_type, _WIDE)

for _name, _function, _sign in COMPARISONS:
    _register(
        f"_npi_{_name}_scalar",
        _function,
        f"True where data {_sign} scalar.",
        once_typed("bool"),
        f"{_WIDE} The output is boolean and has no gradient.",
    )

for _name, _function, _sentence in WHOLE:
    _register(
        f"_npi_{_name}_scalar",
        _function,
        f"{_sentence[:-1]}, of data and the number.",
        whole_only,
        "The number is cut to the type of data, which is one of whole numbers or booleans; no gradient.",
        widen=False,
    )


def _quotient(ins: Types, outs: Types) -> None:
    if ins[0] is not None:
        assign_type(outs, 0, quotient_type(ins[0]))


def _true_divide(data: Tensor, scalar: float, reflected: bool) -> Tensor:
    x = cast(data, quotient_type(data.dtype))
    number = p.constant(scalar, x.dtype)
    return number / x if reflected else x / number


@op(shape=rules.same_shape, types=_quotient)
def _npi_true_divide_scalar(data: Tensor, *, scalar: float = 1.0, is_int: bool = True):
    """data / scalar, not cut; whole numbers and booleans become float32.

    Shapes: data of any shape -> the same, inferred in both directions. `is_int` changes nothing.
    """
    return _true_divide(data, scalar, False)


@op(shape=rules.same_shape, types=_quotient)
def _npi_rtrue_divide_scalar(data: Tensor, *, scalar: float = 1.0, is_int: bool = True):
    """scalar / data, not cut; whole numbers and booleans become float32.

    Shapes: data of any shape -> the same, inferred in both directions. `is_int` changes nothing.
    """
    return _true_divide(data, scalar, True)
