"""Element-wise functions with MXNet's numbers and derivatives, for elementwise, broadcast, scalar, unary and others.

Each works on any element type. The derivative that JAX finds for a body is MXNet's gradient: ties of `maximum` go
to the left, `relu` and `abs` have slope 0 at 0, comparisons and roundings have slope 0 everywhere.
"""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

Array = Any
Slope = Callable[[Array, Array, Array], Array]


def constant(scalar: float, dtype: Any) -> np.ndarray:
    """A Python number as an element of `dtype`, converted as C converts a double."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        whole = 0 if math.isnan(scalar) else int(min(max(scalar, -(2.0**63)), 2.0**63 - 1024))
        return np.asarray(whole, np.int64).astype(dtype)
    return np.asarray(scalar, dtype)


def cut(x: Array, dtype: Any) -> Array:
    """Floating values as whole numbers of `dtype`, cut towards zero; small types wrap around, as C's casts do."""
    if dtype == jnp.bool_:
        return x != 0
    wide = "int64" if jnp.dtype(dtype).itemsize == 8 else "int32"
    return x.astype(wide).astype(dtype)


def in_floats(function: Callable[..., Array], *xs: Array) -> Array:
    """`function(*xs)` in MXNet's working precision: float32 for halves, double for whole numbers, then cut to whole."""
    dtype = xs[0].dtype
    if dtype in (jnp.float32, jnp.float64):
        return function(*xs)
    if jnp.issubdtype(dtype, jnp.floating):
        return function(*(x.astype("float32") for x in xs)).astype(dtype)
    with jax.enable_x64(True):
        y = function(*(jnp.asarray(x, "float64") for x in xs))
        whole = jnp.round(y)  # gamma(5) is 24, not 23.999999999999996
        return cut(jnp.where(jnp.abs(y - whole) <= 4e-15 * jnp.abs(y), whole, y), dtype)


def is_float(x: Array) -> bool:
    """Whether the elements are floating-point numbers."""
    return jnp.issubdtype(x.dtype, jnp.floating)


# -- two arrays ------------------------------------------------------------------------------------------------


def add(a: Array, b: Array) -> Array:
    return jnp.add(a, b)


def subtract(a: Array, b: Array) -> Array:
    return jnp.subtract(a, b)


def multiply(a: Array, b: Array) -> Array:
    return jnp.multiply(a, b)


def divide(a: Array, b: Array) -> Array:
    """a / b; whole numbers are cut towards zero."""
    return lax.div(*jnp.broadcast_arrays(a, b))


def _with_slopes(left: Slope, right: Slope) -> Callable[[Callable[[Array, Array], Array]], Any]:
    """A function of a and b with the derivatives `left(y, a, b)` and `right(y, a, b)`; a constant's is not computed."""

    def decorate(function: Callable[[Array, Array], Array]) -> Any:
        wrapped = jax.custom_jvp(function)

        def jvp(primals: tuple, tangents: tuple) -> tuple:
            y = wrapped(*primals)
            pairs = zip((left, right), tangents, strict=True)
            terms = [
                t * slope(y, *primals) for slope, t in pairs if not isinstance(t, jax.custom_derivatives.SymbolicZero)
            ]
            return y, sum(terms[1:], terms[0]) if terms else jnp.zeros_like(y)

        wrapped.defjvp(jvp, symbolic_zeros=True)
        return wrapped

    return decorate


@_with_slopes(lambda y, a, b: jnp.ones_like(y), lambda y, a, b: -jnp.floor(a / b))
def _mod(a: Array, b: Array) -> Array:
    zero = b == 0
    r = lax.rem(a, jnp.where(zero, jnp.ones_like(b), b))
    if not jnp.issubdtype(a.dtype, jnp.unsignedinteger):
        r = jnp.where((r != 0) & ((r < 0) != (b < 0)), r + b, r)
    return jnp.where(zero, jnp.zeros_like(r), r)


def mod(a: Array, b: Array) -> Array:
    """The remainder with the sign of b; 0 where b is 0, where the slope by a is 1 all the same."""
    return _mod(*jnp.broadcast_arrays(a, b))


@_with_slopes(lambda y, a, b: lax.pow(a, b - 1) * b, lambda y, a, b: y * jnp.log(a))
def _power(a: Array, b: Array) -> Array:
    return lax.pow(a, b)


def power(a: Array, b: Array) -> Array:
    """a to the power of b; where a is 0 the slope by b is infinite or NaN, and by a for the exponent 0, as in MXNet."""
    return in_floats(_power, *jnp.broadcast_arrays(a, b))


@_with_slopes(lambda y, a, b: a / y, lambda y, a, b: b / y)
def _hypot(a: Array, b: Array) -> Array:
    high, low = jnp.maximum(jnp.abs(a), jnp.abs(b)), jnp.minimum(jnp.abs(a), jnp.abs(b))
    ratio = low / jnp.where(high == 0, jnp.ones_like(high), high)
    return jnp.where(jnp.isinf(high), high, high * jnp.sqrt(1 + ratio * ratio))


def hypot(a: Array, b: Array) -> Array:
    """sqrt(a * a + b * b) without overflow."""
    return in_floats(_hypot, *jnp.broadcast_arrays(a, b))


def maximum(a: Array, b: Array) -> Array:
    """The larger; NaN where either is; the gradient of a tie goes to a."""
    if not is_float(a):
        return jnp.maximum(a, b)
    return jnp.where((a >= b) | (a != a), a, b)


def minimum(a: Array, b: Array) -> Array:
    """The smaller; NaN where either is; the gradient of a tie goes to a."""
    if not is_float(a):
        return jnp.minimum(a, b)
    return jnp.where((a <= b) | (a != a), a, b)


def _truth(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """`function`, with 1 and 0 of the operands' own type instead of booleans."""

    def compare(a: Array, b: Array) -> Array:
        return function(a, b).astype(a.dtype)

    return compare


equal = _truth(lambda a, b: a == b)
not_equal = _truth(lambda a, b: a != b)
greater = _truth(lambda a, b: a > b)
greater_equal = _truth(lambda a, b: a >= b)
lesser = _truth(lambda a, b: a < b)
lesser_equal = _truth(lambda a, b: a <= b)
logical_and = _truth(lambda a, b: (a != 0) & (b != 0))
logical_or = _truth(lambda a, b: (a != 0) | (b != 0))
logical_xor = _truth(lambda a, b: (a != 0) ^ (b != 0))


def reflected(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
    """`function` with its operands the other way round."""
    return lambda a, b: function(b, a)


# -- one array -------------------------------------------------------------------------------------------------


def _with_slope(slope: Callable[[Array, Array], Array]) -> Callable[[Callable[[Array], Array]], Any]:
    """A function of x with the derivative `slope(y, x)`."""

    def decorate(function: Callable[[Array], Array]) -> Any:
        wrapped = jax.custom_jvp(function)
        wrapped.defjvps(lambda t, y, x: t * slope(y, x))
        return wrapped

    return decorate


@_with_slope(lambda y, x: jnp.where(y > 0, jnp.ones_like(y), y))
def relu(x: Array) -> Array:
    """max(x, 0), and NaN stays NaN; slope 0 at 0, NaN at NaN."""
    return jnp.maximum(x, jnp.zeros_like(x))


@_with_slope(lambda y, x: 1 / jnp.square(1 + jnp.abs(x)))
def _softsign(x: Array) -> Array:
    return x / (1 + jnp.abs(x))


def softsign(x: Array) -> Array:
    """x / (1 + |x|); its own derivative, because that of the quotient cancels for large x."""
    return in_floats(_softsign, x)


def hard_sigmoid(x: Array, alpha: float, beta: float) -> Array:
    """alpha * x + beta between 0 and 1; slope 0 at both ends."""

    def body(x: Array) -> Array:
        y = alpha * x + beta
        return jnp.where(y >= 1, jnp.ones_like(y), jnp.where(y <= 0, jnp.zeros_like(y), y))

    return in_floats(body, x)


def smooth_l1(x: Array, sigma: float) -> Array:
    """(sigma * x)^2 / 2 where |x| <= 1 / sigma^2, |x| - 1 / (2 sigma^2) outside."""
    square = sigma * sigma
    edge = 1 / square if square else math.inf

    def body(x: Array) -> Array:
        inside = 0.5 * x * x * square
        return jnp.where(x > edge, x - 0.5 * edge, jnp.where(x < -edge, -x - 0.5 * edge, inside))

    return in_floats(body, x)


def clip(x: Array, low: float, high: float) -> Array:
    """x between low and high, `high` winning if they cross; slope 1 at the bounds, 0 outside."""
    wide = x if is_float(x) else x.astype("float32")
    least, most = constant(low, x.dtype), constant(high, x.dtype)
    return jnp.where(wide > constant(high, wide.dtype), most, jnp.where(wide < constant(low, wide.dtype), least, x))


def sign(x: Array) -> Array:
    """-1, 0 or 1; NaN gives 0."""
    return (x > 0).astype(x.dtype) - (x < 0).astype(x.dtype)


@_with_slope(lambda y, x: sign(x))
def absolute(x: Array) -> Array:
    """|x|; slope 0 at 0."""
    return jnp.abs(x)


def negative(x: Array) -> Array:
    return jnp.negative(x)


def square(x: Array) -> Array:
    return x * x


def logical_not(x: Array) -> Array:
    return (x == 0).astype(x.dtype)


def _rounding(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """`function` on floating numbers; whole numbers are round already."""
    return lambda x: function(x) if is_float(x) else x


def _rint(x: Array) -> Array:
    below, above = jnp.floor(x), jnp.ceil(x)
    return jnp.where(x - below <= above - x, below, above)


def _round(x: Array) -> Array:
    return lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO)


round_half_away = _rounding(_round)
rint = _rounding(_rint)
ceil = _rounding(jnp.ceil)
floor = _rounding(jnp.floor)
trunc = _rounding(jnp.trunc)


def _digamma(x: Array) -> Array:
    """The slope of gammaln, with infinity at its poles."""
    return jnp.where((x <= 0) & (x == jnp.floor(x)), jnp.full_like(x, jnp.inf), lax.digamma(x))


@_with_slope(lambda y, x: _digamma(x))
def gammaln(x: Array) -> Array:
    """log(|gamma(x)|)."""
    return lax.lgamma(x)


@_with_slope(lambda y, x: y * _digamma(x))
def gamma(x: Array) -> Array:
    """The gamma function; NaN at the negative whole numbers, infinite at 0."""
    size, below = jnp.exp(lax.lgamma(x)), jnp.floor(x)
    odd = below != 2 * jnp.floor(below / 2)
    signed = jnp.where((x < 0) & odd, -size, size)
    return jnp.where((x < 0) & (x == below), jnp.full_like(x, jnp.nan), signed)
