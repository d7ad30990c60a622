"""NumPy's element-wise functions of one and of two arrays: _npi_sin, _npi_isnan, _npi_add, _npi_equal ..."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.ops import pointwise as p
from declax.ops.broadcast import broadcast_shape
from declax.ops.np.common import (
    bool_of_equals,
    cast,
    floating_only,
    is_floating,
    mixed_type,
    once_typed,
    promoted,
    quotient_type,
    true_divide_type,
    whole_only,
)
from declax.registry import Tensor, gradient, lookup, op
from declax.rules import Shapes, TypeConflict, Types

import_module("declax.ops.unary")  # registers the legacy operators whose bodies stand behind NumPy's names
import_module("declax.ops.cast")

_ONE = "Shapes: {0} of any shape -> the same, inferred in both directions."
_TWO = "Shapes: {0} and {1} broadcast to the output, aligned at the last axis."

# -- one array: the legacy operator of the same name under NumPy's --------------------------------------------------

_LEGACY = (
    "negative reciprocal sign rint ceil floor trunc fix square sqrt cbrt exp expm1 log log10 log2 log1p "
    "sin cos tan arcsin arccos arctan degrees radians sinh cosh tanh arcsinh arccosh arctanh"
).split()


def _register_legacy(name: str, legacy: str, argument: str, aliases: tuple[str, ...] = ()) -> None:
    """A NumPy operator with the body of a legacy one."""
    function = lookup(legacy).function

    def of_x(x: Tensor):
        return function(x)

    def of_a(a: Tensor):
        return function(a)

    def of_data(data: Tensor):
        return function(data)

    body = {"x": of_x, "a": of_a, "data": of_data}[argument]
    sentence = (function.__doc__ or "").split("\n\n")[0]
    body.__name__ = body.__qualname__ = name
    body.__doc__ = f"{sentence}\n\n{_ONE.format(argument)} NumPy's name for `{legacy}`; one type."
    op(name, aliases=aliases, shape=rules.same_shape)(body)


for _name in _LEGACY:
    _register_legacy(f"_npi_{_name}", _name, "x")
_register_legacy("_npi_absolute", "abs", "x", ("_npi_abs",))
_register_legacy("_np_copy", "_copy", "a")
_register_legacy("_npx_relu", "relu", "data")
_register_legacy("_npx_sigmoid", "sigmoid", "data")


def _infinite(x: Tensor, sign: int) -> Tensor:
    """Where x is infinite; `sign` 1 or -1 for one side only."""
    if not is_floating(x.dtype):
        return jnp.zeros(x.shape, jnp.bool_)
    return jnp.isinf(x) if sign == 0 else x == sign * jnp.inf


def _finite(x: Tensor) -> Tensor:
    return jnp.isfinite(x) if is_floating(x.dtype) else jnp.ones(x.shape, jnp.bool_)


def _register_truth(name: str, function: Callable, sentence: str) -> None:
    """An operator on one array whose output is boolean."""

    def body(x: Tensor):
        return function(x)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = f"{sentence}\n\n{_ONE.format('x')} The output is boolean and has no gradient."
    op(name, shape=rules.same_shape, types=once_typed("bool"))(body)


for _row in (
    ("_npi_logical_not", lambda x: x == 0, "True where x is 0."),
    ("_npi_isnan", lambda x: x != x, "True where x is nan."),
    ("_npi_isinf", lambda x: _infinite(x, 0), "True where x is infinite."),
    ("_npi_isposinf", lambda x: _infinite(x, 1), "True where x is positive infinity."),
    ("_npi_isneginf", lambda x: _infinite(x, -1), "True where x is negative infinity."),
    ("_npi_isfinite", _finite, "True where x is neither infinite nor nan."),
):
    _register_truth(*_row)


@op(shape=rules.same_shape)
def _npi_bitwise_not(x: Tensor):
    """Every bit turned over; booleans are negated.

    Shapes: x of any shape -> the same, inferred in both directions; one type, of whole numbers or booleans.
    """
    return jnp.bitwise_not(x)


def _around_type(ins: Types, outs: Types) -> None:
    rules.same_type(ins, outs)
    if ins[0] is not None and ins[0].name == "float16":
        raise TypeConflict("Do not support `float16` as input.")


@op(shape=rules.same_shape, types=_around_type)
def _npi_around(x: Tensor, *, decimals: int = 0):
    """Rounded to `decimals` places behind the point (before it, if negative), halves to the even side; no gradient.

    Shapes: x of any shape -> the same, inferred in both directions; one type, not float16. As in MXNet whole numbers
    are cut, not rounded, to a multiple of a power of ten.
    """
    x = lax.stop_gradient(x)
    if not is_floating(x.dtype):
        if decimals >= 0 or x.dtype == jnp.bool_:
            return x
        step = 10**-decimals
        if step > jnp.iinfo(x.dtype).max:
            return jnp.zeros_like(x)
        step = jnp.asarray(step, x.dtype)
        return lax.div(x, jnp.broadcast_to(step, x.shape)) * step
    scaled = x
    for _ in range(abs(decimals)):
        scaled = scaled * 10 if decimals > 0 else scaled / 10
    y = lax.round(scaled, lax.RoundingMethod.TO_NEAREST_EVEN)
    for _ in range(abs(decimals)):
        y = y / 10 if decimals > 0 else y * 10
    return y


@op(shape=rules.same_shape)
def _npi_nan_to_num(
    data: Tensor, *, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
):
    """Finite numbers in the place of nan and infinity; without `posinf`, `neginf` the type's largest and smallest.

    Shapes: data of any shape -> the same, inferred in both directions; one type. The gradient is 0 at replaced
    elements. `copy` is accepted and has no meaning here.
    """
    if not is_floating(data.dtype):
        return data
    limits = jnp.finfo(data.dtype)
    high = limits.max if posinf is None else jnp.asarray(posinf, data.dtype)
    low = limits.min if neginf is None else jnp.asarray(neginf, data.dtype)
    y = jnp.where(jnp.isnan(data), jnp.asarray(nan, data.dtype), data)
    y = jnp.where(y == jnp.inf, jnp.asarray(high, data.dtype), y)
    return jnp.where(y == -jnp.inf, jnp.asarray(low, data.dtype), y)


@gradient(_npi_nan_to_num)
def _(cotangents, outputs, data):
    if not is_floating(data.dtype):
        return None
    return jnp.where(jnp.isfinite(data), cotangents[0], jnp.zeros((), data.dtype))


# -- two arrays ----------------------------------------------------------------------------------------------------


def _register_mixed(name: str, function: Callable, sentence: str) -> None:
    """Arithmetic on two arrays whose types may differ."""

    def body(lhs: Tensor, rhs: Tensor):
        kind = promoted(lhs.dtype, rhs.dtype)
        return function(cast(lhs, kind), cast(rhs, kind))

    body.__name__ = body.__qualname__ = name
    body.__doc__ = (
        f"{sentence}\n\n{_TWO.format('lhs', 'rhs')} Two types give the more precise one, a floating one before whole "
        "numbers of any width; uint8 with int8 gives int32."
    )
    op(name, shape=broadcast_shape, types=mixed_type)(body)


for _row in (
    ("_npi_add", p.add, "lhs + rhs; booleans: one of them is true."),
    ("_npi_subtract", p.subtract, "lhs - rhs."),
    ("_npi_multiply", p.multiply, "lhs * rhs; booleans: both are true."),
    ("_npi_mod", p.mod, "The remainder of lhs / rhs with the sign of rhs, 0 where rhs is 0."),
    ("_npi_power", p.power, "lhs to the power of rhs; whole numbers are cut towards zero."),
):
    _register_mixed(*_row)


@op(shape=broadcast_shape, types=true_divide_type)
def _npi_true_divide(lhs: Tensor, rhs: Tensor):
    """lhs / rhs, not cut.

    Shapes: lhs and rhs broadcast to the output, aligned at the last axis. The output has the more precise floating type
    of the two, float32 when both are whole. MXNet has no kernel for two different floating or two different whole
    types; here they are promoted.
    """
    kind = quotient_type(lhs.dtype, rhs.dtype)
    return cast(lhs, kind) / cast(rhs, kind)


def _register_comparison(name: str, function: Callable, sign: str) -> None:
    """A comparison of two arrays of one type."""

    def body(lhs: Tensor, rhs: Tensor):
        return function(lhs, rhs)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = (
        f"True where lhs {sign} rhs.\n\n{_TWO.format('lhs', 'rhs')} They have one type; the output is boolean and has "
        "no gradient."
    )
    op(name, shape=broadcast_shape, types=bool_of_equals)(body)


COMPARISONS: tuple[tuple[str, Callable, str], ...] = (
    ("equal", lambda a, b: a == b, "=="),
    ("not_equal", lambda a, b: a != b, "!="),
    ("greater", lambda a, b: a > b, ">"),
    ("less", lambda a, b: a < b, "<"),
    ("greater_equal", lambda a, b: a >= b, ">="),
    ("less_equal", lambda a, b: a <= b, "<="),
)
"""Name, function and sign of each comparison, for two arrays here and for an array and a number in scalar.py."""

for _name, _function, _sign in COMPARISONS:
    _register_comparison(f"_npi_{_name}", _function, _sign)


def copysign(a: Tensor, b: Tensor) -> Tensor:
    """a with the sign of b, by comparison as in MXNet: zeros count as positive; slope 1 or -1 for a, 0 for b."""
    return jnp.where((a >= 0) == (b >= 0), a, -a)


def ldexp(a: Tensor, b: Tensor) -> Tensor:
    """a * 2^b."""
    return p.in_floats(lambda x, y: x * jnp.exp2(y), *jnp.broadcast_arrays(a, b))


def arctan2(a: Tensor, b: Tensor) -> Tensor:
    """The angle of the point (b, a)."""
    return p.in_floats(lax.atan2, *jnp.broadcast_arrays(a, b))


@op(shape=broadcast_shape)
def _npi_copysign(lhs: Tensor, rhs: Tensor):
    """lhs with the sign of rhs; slope 1 or -1 for lhs, 0 for rhs.

    Shapes: lhs and rhs broadcast to the output, aligned at the last axis; one type.
    """
    return copysign(lhs, rhs)


@op(shape=broadcast_shape)
def _npi_ldexp(lhs: Tensor, rhs: Tensor):
    """lhs * 2^rhs.

    Shapes: lhs and rhs broadcast to the output, aligned at the last axis; one type.
    """
    return ldexp(lhs, rhs)


@op(shape=broadcast_shape, types=floating_only)
def _npi_arctan2(x1: Tensor, x2: Tensor):
    """The angle of the point (x2, x1), between -pi and pi.

    Shapes: x1 and x2 broadcast to the output, aligned at the last axis; one floating type.
    """
    return arctan2(x1, x2)


@op(shape=broadcast_shape, types=floating_only)
def _npi_hypot(x1: Tensor, x2: Tensor):
    """sqrt(x1^2 + x2^2), without overflow.

    Shapes: x1 and x2 broadcast to the output, aligned at the last axis; one floating type.
    """
    return p.hypot(x1, x2)


def _register_whole(name: str, function: Callable, sentence: str) -> None:
    """An operator on two arrays of whole numbers."""

    def body(lhs: Tensor, rhs: Tensor):
        return function(lhs, rhs)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = f"{sentence}\n\n{_TWO.format('lhs', 'rhs')} One type, of whole numbers or booleans; no gradient."
    op(name, shape=broadcast_shape, types=whole_only)(body)


WHOLE: tuple[tuple[str, Callable, str], ...] = (
    ("lcm", jnp.lcm, "The least common multiple, 0 where either is 0."),
    ("bitwise_and", jnp.bitwise_and, "The bits that both have."),
    ("bitwise_or", jnp.bitwise_or, "The bits that either has."),
    ("bitwise_xor", jnp.bitwise_xor, "The bits that exactly one of them has."),
)
"""Name, function and sentence of each function of whole numbers, used with a number in scalar.py too."""

for _name, _function, _sentence in WHOLE:
    _register_whole(f"_npi_{_name}", _function, _sentence)


# -- where ---------------------------------------------------------------------------------------------------------


def _where_shape(ins: Shapes, outs: Shapes) -> None:
    if None not in ins:
        known = ins[0]
        for s in ins[1:]:
            known = rules.broadcast_shapes(known, s)
        rules.assign(outs, 0, known)


def _values_type(ins: Types, outs: Types) -> None:
    """The output has the type of the values; the condition's is free, and nothing flows back, as in MXNet."""
    for t in ins[1:]:
        rules.assign_type(outs, 0, t)


@op(shape=_where_shape, types=_values_type)
def _npi_where(condition: Tensor, x: Tensor, y: Tensor):
    """x where condition is not 0, y elsewhere.

    Shapes: condition, x and y broadcast to the output, aligned at the last axis. x and y have one type, the condition's
    is free and its gradient 0.
    """
    return jnp.where(condition != 0, x, y)


@op(shape=broadcast_shape, types=_values_type)
def _npi_where_lscalar(condition: Tensor, x: Tensor, *, scalar: float = 0.0):
    """The number `scalar` where condition is not 0, x elsewhere.

    Shapes: condition and x broadcast to the output, aligned at the last axis; the output has the type of x.
    """
    return jnp.where(condition != 0, p.constant(scalar, x.dtype), x)


@op(shape=broadcast_shape, types=_values_type)
def _npi_where_rscalar(condition: Tensor, y: Tensor, *, scalar: float = 0.0):
    """y where condition is not 0, the number `scalar` elsewhere.

    Shapes: condition and y broadcast to the output, aligned at the last axis; the output has the type of y.
    """
    return jnp.where(condition != 0, y, p.constant(scalar, y.dtype))


@op(shape=rules.same_shape, types=rules.always_type("float32"))
def _npi_where_scalar2(condition: Tensor, *, x: float = 0.0, y: float = 0.0):
    """The number x where condition is not 0, the number y elsewhere, as float32.

    Shapes: condition of any shape -> the same, inferred in both directions.
    """
    return jnp.where(condition != 0, jnp.float32(x), jnp.float32(y))


# -- checks --------------------------------------------------------------------------------------------------------


def _check_shape(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is not None and None not in ins[0]:
        rules.assign(outs, 0, ())


def _check_type(ins: Types, outs: Types) -> None:
    if ins[0] is None or ins[0].name != "bool":
        raise TypeConflict("constraint_check takes a boolean array")
    rules.assign_type(outs, 0, "bool")


@op(shape=_check_shape, types=_check_type)
def _npx_constraint_check(input: Tensor, *, msg: str = "Constraint violated."):
    """True, when all of a boolean array is; otherwise an error that says `msg`.

    Shapes: input (any), boolean -> (). Compiled code asks the host, and only when the output is used: multiply with it.
    """

    def check(holds: Any) -> Any:
        if not bool(holds.all()):
            raise ValueError(msg)
        return holds

    holds = jnp.all(input)
    try:
        return check(holds)
    except jax.errors.TracerBoolConversionError:
        return jax.pure_callback(check, jax.ShapeDtypeStruct((), jnp.bool_), holds, vmap_method="expand_dims")
