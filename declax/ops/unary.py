"""Functions of one array, element by element: relu, sigmoid, exp, sqrt, sin, erf, gamma, round, sign ..."""

from collections.abc import Callable
from functools import partial

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.ops import pointwise as p
from declax.registry import Tensor, op


def _register(name: str, aliases: str, function: Callable, sentence: str) -> None:
    """One operator on an array, of the same shape and type."""

    def body(data: Tensor):
        return function(data)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = f"{sentence}\n\nShapes: data of any shape -> the same, inferred in both directions; one type."
    op(name, aliases=aliases.split(), shape=rules.same_shape)(body)


def _real(function: Callable) -> Callable:
    """`function` worked out in floating numbers of at least 32 bits, whatever the type of the array."""
    return partial(p.in_floats, function)


_FLAT = "slope 0 everywhere."
_DEGREE = 57.29577951308232

_TABLE: tuple[tuple[str, str, Callable, str], ...] = (
    # activations
    ("relu", "_sparse_relu", p.relu, "max(data, 0); NaN stays NaN, slope 0 at 0."),
    ("sigmoid", "_sparse_sigmoid", _real(lambda x: lax.logistic(x)), "1 / (1 + exp(-data))."),
    ("softsign", "", p.softsign, "data / (1 + abs(data))."),
    ("tanh", "_sparse_tanh", _real(lambda x: jnp.tanh(x)), "Hyperbolic tangent."),
    # signs and rounding
    ("abs", "_sparse_abs", p.absolute, "Absolute value, slope 0 at 0."),
    ("negative", "_sparse_negative", p.negative, "-data."),
    ("sign", "_sparse_sign", p.sign, f"-1, 0 or 1, 0 for NaN; {_FLAT}"),
    ("round", "_sparse_round", p.round_half_away, f"The nearest whole number, halves away from zero; {_FLAT}"),
    ("rint", "_sparse_rint", p.rint, f"The nearest whole number, halves downwards (1.5 to 1, -1.5 to -2); {_FLAT}"),
    ("ceil", "_sparse_ceil", p.ceil, f"The next whole number upwards; {_FLAT}"),
    ("floor", "_sparse_floor", p.floor, f"The next whole number downwards; {_FLAT}"),
    ("trunc", "_sparse_trunc", p.trunc, f"The next whole number towards zero; {_FLAT}"),
    ("fix", "_sparse_fix", p.trunc, f"The next whole number towards zero; {_FLAT}"),
    ("logical_not", "", p.logical_not, "1 where data is 0 and 0 elsewhere, in the type of data; no gradient."),
    # powers and roots
    ("square", "_sparse_square", p.square, "data * data."),
    ("reciprocal", "", _real(lambda x: 1 / x), "1 / data."),
    ("sqrt", "_sparse_sqrt", _real(lambda x: jnp.sqrt(x)), "Square root."),
    ("rsqrt", "_sparse_rsqrt", _real(lambda x: lax.rsqrt(x)), "1 / sqrt(data)."),
    ("cbrt", "_sparse_cbrt", _real(lambda x: jnp.cbrt(x)), "Cube root, of negative numbers too."),
    ("rcbrt", "", _real(lambda x: 1 / jnp.cbrt(x)), "1 / cbrt(data)."),
    # exponentials and logarithms
    ("exp", "_sparse_exp", _real(lambda x: jnp.exp(x)), "e to the power of data."),
    ("expm1", "_sparse_expm1", _real(lambda x: jnp.expm1(x)), "exp(data) - 1, exact near 0."),
    ("log", "_sparse_log", _real(lambda x: jnp.log(x)), "Natural logarithm."),
    ("log10", "_sparse_log10", _real(lambda x: jnp.log10(x)), "Logarithm to base 10."),
    ("log2", "_sparse_log2", _real(lambda x: jnp.log2(x)), "Logarithm to base 2."),
    ("log1p", "_sparse_log1p", _real(lambda x: jnp.log1p(x)), "log(1 + data), exact near 0."),
    # trigonometry
    ("sin", "_sparse_sin", _real(lambda x: jnp.sin(x)), "Sine of radians."),
    ("cos", "_sparse_cos", _real(lambda x: jnp.cos(x)), "Cosine of radians."),
    ("tan", "_sparse_tan", _real(lambda x: jnp.tan(x)), "Tangent of radians."),
    ("arcsin", "_sparse_arcsin", _real(lambda x: jnp.arcsin(x)), "Inverse sine, in radians."),
    ("arccos", "_sparse_arccos", _real(lambda x: jnp.arccos(x)), "Inverse cosine, in radians."),
    ("arctan", "_sparse_arctan", _real(lambda x: jnp.arctan(x)), "Inverse tangent, in radians."),
    ("sinh", "_sparse_sinh", _real(lambda x: jnp.sinh(x)), "Hyperbolic sine."),
    ("cosh", "_sparse_cosh", _real(lambda x: jnp.cosh(x)), "Hyperbolic cosine."),
    ("arcsinh", "_sparse_arcsinh", _real(lambda x: jnp.arcsinh(x)), "Inverse hyperbolic sine."),
    ("arccosh", "_sparse_arccosh", _real(lambda x: jnp.arccosh(x)), "Inverse hyperbolic cosine, NaN below 1."),
    ("arctanh", "_sparse_arctanh", _real(lambda x: jnp.arctanh(x)), "Inverse hyperbolic tangent."),
    ("degrees", "_sparse_degrees", _real(lambda x: x * _DEGREE), "Radians to degrees."),
    ("radians", "_sparse_radians", _real(lambda x: x / _DEGREE), "Degrees to radians."),
    # special functions
    ("erf", "_npx_erf", _real(lambda x: lax.erf(x)), "The error function."),
    ("erfinv", "_npx_erfinv", _real(lambda x: lax.erf_inv(x)), "The inverse of the error function."),
    ("gamma", "_npx_gamma _sparse_gamma", _real(p.gamma), "The gamma function."),
    ("gammaln", "_npx_gammaln _sparse_gammaln", _real(lambda x: lax.lgamma(x)), "Logarithm of abs(gamma(data))."),
)

for _row in _TABLE:
    _register(*_row)


@op(shape=rules.same_shape)
def hard_sigmoid(data: Tensor, *, alpha: float = 0.2, beta: float = 0.5):
    """alpha * data + beta cut off at 0 and at 1, with slope 0 at both cuts.

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return p.hard_sigmoid(data, alpha, beta)


@op(aliases=("_npi_clip", "_sparse_clip"), shape=rules.same_shape)
def clip(data: Tensor, *, a_min: float, a_max: float):
    """Values below a_min become a_min, values above a_max become a_max; slope 1 at the bounds, 0 outside.

    Shapes: data of any shape -> the same, inferred in both directions. The bounds are cut to whole numbers beside
    whole numbers. MXNet keeps them in single precision, which shows in the digits of float64; here they are exact.
    """
    return p.clip(data, a_min, a_max)


@op(shape=rules.same_shape)
def _contrib_quadratic(data: Tensor, *, a: float = 0.0, b: float = 0.0, c: float = 0.0):
    """a * data^2 + b * data + c.

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return p.in_floats(lambda x: x * (a * x + b) + c, data)


@op(shape=rules.same_shape)
def _contrib_div_sqrt_dim(data: Tensor):
    """data / sqrt(d), with d the size of the last axis, as attention scores are scaled.

    Shapes: data (..., d) -> the same, inferred in both directions.
    """
    return data / p.constant(data.shape[-1] ** 0.5, data.dtype)
