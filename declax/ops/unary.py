"""Functions of one array, element by element: relu, sigmoid, exp, sqrt, sin, erf, gamma, round, sign ..."""

from collections.abc import Callable
from functools import partial

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.ops import pointwise as p
from declax.registry import Tensor, op


def _register(name: str, aliases: str, function: Callable, sentence: str, loss: bool = False) -> None:
    """One operator on an array, of the same shape and type."""

    def body(data: Tensor):
        return function(data)

    body.__name__ = body.__qualname__ = name
    flat = " No gradient." if loss else ""
    body.__doc__ = f"{sentence}{flat}\n\nShapes: data of any shape -> the same, inferred in both directions; one type."
    op(name, aliases=aliases.split(), loss=loss, shape=rules.same_shape)(body)


def _real(function: Callable) -> Callable:
    """`function` worked out in floating numbers of at least 32 bits, whatever the type of the array."""
    return partial(p.in_floats, function)


_DEGREE = 57.29577951308232

_TABLE: tuple[tuple[str, str, Callable, str], ...] = (
    # activations
    ("relu", "_sparse_relu", p.relu, "max(data, 0); NaN stays NaN, slope 0 at 0."),
    ("sigmoid", "_sparse_sigmoid", _real(lax.logistic), "1 / (1 + exp(-data))."),
    ("softsign", "", p.softsign, "data / (1 + abs(data))."),
    ("tanh", "_sparse_tanh", _real(jnp.tanh), "Hyperbolic tangent."),
    # signs
    ("abs", "_sparse_abs", p.absolute, "Absolute value, slope 0 at 0."),
    ("negative", "_sparse_negative", p.negative, "-data."),
    ("sign", "_sparse_sign", p.sign, "-1, 0 or 1, 0 for NaN; slope 0 everywhere."),
    # powers and roots
    ("square", "_sparse_square", p.square, "data * data."),
    ("reciprocal", "", _real(lambda x: 1 / x), "1 / data."),
    ("sqrt", "_sparse_sqrt", _real(jnp.sqrt), "Square root."),
    ("rsqrt", "_sparse_rsqrt", _real(lax.rsqrt), "1 / sqrt(data)."),
    ("cbrt", "_sparse_cbrt", _real(jnp.cbrt), "Cube root, of negative numbers too."),
    ("rcbrt", "", _real(lambda x: 1 / jnp.cbrt(x)), "1 / cbrt(data)."),
    # exponentials and logarithms
    ("exp", "_sparse_exp", _real(jnp.exp), "e to the power of data."),
    ("expm1", "_sparse_expm1", _real(jnp.expm1), "exp(data) - 1, exact near 0."),
    ("log", "_sparse_log", _real(jnp.log), "Natural logarithm."),
    ("log10", "_sparse_log10", _real(jnp.log10), "Logarithm to base 10."),
    ("log2", "_sparse_log2", _real(jnp.log2), "Logarithm to base 2."),
    ("log1p", "_sparse_log1p", _real(jnp.log1p), "log(1 + data), exact near 0."),
    # trigonometry
    ("sin", "_sparse_sin", _real(jnp.sin), "Sine of radians."),
    ("cos", "_sparse_cos", _real(jnp.cos), "Cosine of radians."),
    ("tan", "_sparse_tan", _real(jnp.tan), "Tangent of radians."),
    ("arcsin", "_sparse_arcsin", _real(jnp.arcsin), "Inverse sine, in radians."),
    ("arccos", "_sparse_arccos", _real(jnp.arccos), "Inverse cosine, in radians."),
    ("arctan", "_sparse_arctan", _real(jnp.arctan), "Inverse tangent, in radians."),
    ("sinh", "_sparse_sinh", _real(jnp.sinh), "Hyperbolic sine."),
    ("cosh", "_sparse_cosh", _real(jnp.cosh), "Hyperbolic cosine."),
    ("arcsinh", "_sparse_arcsinh", _real(jnp.arcsinh), "Inverse hyperbolic sine."),
    ("arccosh", "_sparse_arccosh", _real(jnp.arccosh), "Inverse hyperbolic cosine, NaN below 1."),
    ("arctanh", "_sparse_arctanh", _real(jnp.arctanh), "Inverse hyperbolic tangent."),
    ("degrees", "_sparse_degrees", _real(lambda x: x * _DEGREE), "Radians to degrees."),
    ("radians", "_sparse_radians", _real(lambda x: x / _DEGREE), "Degrees to radians."),
    # special functions
    ("erf", "_npx_erf", _real(lax.erf), "The error function."),
    ("erfinv", "_npx_erfinv", _real(lax.erf_inv), "The inverse of the error function."),
    ("gamma", "_npx_gamma _sparse_gamma", _real(p.gamma), "The gamma function."),
    ("gammaln", "_npx_gammaln _sparse_gammaln", _real(p.gammaln), "Logarithm of abs(gamma(data))."),
)

_FLAT: tuple[tuple[str, str, Callable, str], ...] = (
    ("round", "_sparse_round", p.round_half_away, "The nearest whole number, halves away from zero."),
    ("rint", "_sparse_rint", p.rint, "The nearest whole number, halves downwards (1.5 to 1, -1.5 to -2)."),
    ("ceil", "_sparse_ceil", p.ceil, "The next whole number upwards."),
    ("floor", "_sparse_floor", p.floor, "The next whole number downwards."),
    ("trunc", "_sparse_trunc", p.trunc, "The next whole number towards zero."),
    ("fix", "_sparse_fix", p.trunc, "The next whole number towards zero."),
    ("logical_not", "", p.logical_not, "1 where data is 0 and 0 elsewhere, in the type of data."),
)
"""Without gradient."""

for _row in _TABLE:
    _register(*_row)
for _row in _FLAT:
    _register(*_row, loss=True)


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


@op(shape=rules.same_shape, auto_create=False)
def _contrib_backward_quadratic(ograd: Tensor, data: Tensor, *, a: float = 0.0, b: float = 0.0, c: float = 0.0):
    """The gradient of _contrib_quadratic: ograd * (2 * a * data + b).

    Shapes: ograd and data of one shape -> the same, inferred in both directions. `c` has no part in it.
    """
    return p.in_floats(lambda g, x: g * (2 * a * x + b), ograd, data)


@op(shape=rules.same_shape)
def _contrib_div_sqrt_dim(data: Tensor):
    """data / sqrt(d), with d the size of the last axis, as attention scores are scaled.

    Shapes: data (..., d) -> the same, inferred in both directions.
    """
    return data / p.constant(data.shape[-1] ** 0.5, data.dtype)
