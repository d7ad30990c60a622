"""Arithmetic, comparison, logic of an array and a number: _plus_scalar, _rdiv_scalar, _equal_scalar, smooth_l1 ..."""

from collections.abc import Callable

from declax import rules
from declax.ops import pointwise as p
from declax.registry import Tensor, op
from declax.rules import Types, assign_type, same_type


def scalar_type(ins: Types, outs: Types, is_int: bool) -> None:
    """The input's type, but float64 for whole numbers with a number that is not, and int64 or float64 for booleans."""
    kind = ins[0].kind if ins[0] is not None else ""
    if kind in ("i", "u") and not is_int:
        assign_type(outs, 0, "float64")
    elif kind == "b":
        assign_type(outs, 0, "int64" if is_int else "float64")
    else:
        same_type(ins, outs)


def _register(name: str, aliases: str, function: Callable, sentence: str, loss: bool = False) -> None:
    """One operator on an array and a number."""

    def body(data: Tensor, *, scalar: float = 1.0, is_int: bool = True):
        kind = data.dtype.kind
        if kind in "iu" and not is_int:
            data = data.astype("float64")
        elif kind == "b":
            data = data.astype("int64" if is_int else "float64")
        return function(data, p.constant(scalar, data.dtype))

    body.__name__ = body.__qualname__ = name
    body.__doc__ = (
        f"{sentence}\n\nShapes: data of any shape -> the same, inferred in both directions. The number takes the type "
        "of data (2.7 becomes 2 beside whole numbers) unless `is_int` is False, which makes whole numbers float64."
    )
    op(name, aliases=aliases.split(), loss=loss, shape=rules.same_shape, types=scalar_type)(body)


_TABLE: tuple[tuple[str, str, Callable, str], ...] = (
    ("_plus_scalar", "_PlusScalar", p.add, "data + scalar."),
    ("_minus_scalar", "_MinusScalar", p.subtract, "data - scalar."),
    ("_rminus_scalar", "_RMinusScalar", p.reflected(p.subtract), "scalar - data."),
    ("_mul_scalar", "_MulScalar", p.multiply, "data * scalar."),
    ("_div_scalar", "_DivScalar", p.divide, "data / scalar; whole numbers are cut towards zero."),
    ("_rdiv_scalar", "_RDivScalar", p.reflected(p.divide), "scalar / data; whole numbers are cut towards zero."),
    ("_mod_scalar", "_ModScalar", p.mod, "The remainder of data / scalar with the sign of scalar, 0 if that is 0."),
    ("_rmod_scalar", "_RModScalar", p.reflected(p.mod), "The remainder of scalar / data with the sign of data."),
    ("_power_scalar", "_PowerScalar", p.power, "data to the power of scalar."),
    ("_rpower_scalar", "_RPowerScalar", p.reflected(p.power), "scalar to the power of data."),
    ("_hypot_scalar", "_HypotScalar _npi_hypot_scalar", p.hypot, "sqrt(data^2 + scalar^2), without overflow."),
    ("_maximum_scalar", "_MaximumScalar _npi_maximum_scalar", p.maximum, "The larger of both; slope 1 at a tie."),
    ("_minimum_scalar", "_MinimumScalar _npi_minimum_scalar", p.minimum, "The smaller of both; slope 1 at a tie."),
    ("_scatter_plus_scalar", "", p.add, "data + scalar; MXNet's sparse variant, dense here."),
    ("_scatter_minus_scalar", "", p.subtract, "data - scalar; MXNet's sparse variant, dense here."),
    ("_contrib_backward_gradientmultiplier", "", p.multiply, "data * scalar, a gradient of another operator."),
)

_TRUTHS: tuple[tuple[str, str, Callable, str], ...] = (
    ("_equal_scalar", "_EqualScalar", p.equal, "data == scalar"),
    ("_not_equal_scalar", "_NotEqualScalar", p.not_equal, "data != scalar"),
    ("_greater_scalar", "_GreaterScalar", p.greater, "data > scalar"),
    ("_greater_equal_scalar", "_GreaterEqualScalar", p.greater_equal, "data >= scalar"),
    ("_lesser_scalar", "_LesserScalar", p.lesser, "data < scalar"),
    ("_lesser_equal_scalar", "_LesserEqualScalar", p.lesser_equal, "data <= scalar"),
    ("_logical_and_scalar", "_LogicalAndScalar", p.logical_and, "both are not 0"),
    ("_logical_or_scalar", "_LogicalOrScalar", p.logical_or, "one of them is not 0"),
    ("_logical_xor_scalar", "_LogicalXorScalar", p.logical_xor, "exactly one of them is not 0"),
)

for _row in _TABLE:
    _register(*_row)
for _name, _aliases, _function, _what in _TRUTHS:
    _sentence = f"1 where {_what} and 0 elsewhere, in the type of the output; no gradient."
    _register(_name, _aliases, _function, _sentence, loss=True)


@op(aliases=("_npx_smooth_l1",), shape=rules.same_shape)
def smooth_l1(data: Tensor, *, scalar: float = 1.0):
    r"""Smooth L1: :math:`(\sigma x)^2 / 2` where :math:`|x| \le \sigma^{-2}`, else :math:`|x| - \sigma^{-2} / 2`.

    Shapes: data of any shape -> the same, inferred in both directions. `scalar` is :math:`\sigma`.
    Source: Girshick, Fast R-CNN, 2015.
    """
    return p.smooth_l1(data, scalar)
