"""NumPy's random samplers: uniform, normal, gamma, bernoulli, choice, multinomial and their kin.

Samplers whose parameters may be numbers or arrays take an input for each parameter that is None. Those that MXNet
reparameterizes have a gradient for their parameters, and a hidden second output, MXNet's noise.
"""

from collections.abc import Callable
from math import prod
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.attrs import attr
from declax.ops.np.common import cast
from declax.registry import Key, Tensor, deduce, op
from declax.rules import Shapes, Types, assign, assign_type
from declax.shapes import PartialShape, Shape, ShapeConflict, show

_Real = Literal["float16", "float32", "float64"]
Size = tuple[int, ...] | None
"""Annotation of `size`: the shape of the sample, None for that of the parameters."""


# -- rules ---------------------------------------------------------------------------------------------------------


def _parameters(ins: Shapes) -> PartialShape:
    """The shape that the array parameters broadcast to, () when all are numbers."""
    known: PartialShape = ()
    for s in ins:
        known = rules.broadcast_shapes(known, s)
    return known


def _fits(shape: tuple[int | None, ...], size: Shape) -> bool:
    """Whether what is known of a shape broadcasts to `size` of the same length."""
    return all(d in (None, 1, s) for d, s in zip(shape, size, strict=True))


def _sample_rule(ins: Shapes, outs: Shapes, size) -> None:
    """The sample has the shape `size`, to which the parameters broadcast, or without it theirs."""
    shape = _parameters(ins)
    if size is not None:
        for s in ins:
            if s is not None and (len(s) > len(size) or not _fits(s, size[len(size) - len(s) :])):
                raise ShapeConflict(f"parameters of shape {show(s)} do not broadcast to size {show(size)}")
        shape = size
    for i in range(len(outs)):
        assign(outs, i, shape)


def _samples_rule(ins: Shapes, outs: Shapes, size) -> None:
    """`size` samples for each element of the parameters."""
    shape = _parameters(ins)
    for i in range(len(outs)):
        assign(outs, i, None if shape is None else (*(size or ()), *shape))


def _dtype_types(ins: Types, outs: Types, dtype) -> None:
    assign_type(outs, 0, dtype)
    for i in range(1, len(outs)):
        assign_type(outs, i, "float32")


_float32 = rules.always_type("float32")


# -- parameters ----------------------------------------------------------------------------------------------------


def _filled(inputs: tuple, *numbers: float | None) -> list[Tensor]:
    """Every parameter: the number, or the next input where it is None, as float32 (float64 stays)."""
    rest = iter(x for x in inputs if x is not None)
    found = []
    for number in numbers:
        x = next(rest) if number is None else jnp.asarray(number, jnp.float32)
        found.append(x if x.dtype == jnp.float64 else x.astype(jnp.float32))
    return found


def _shape_of(size: Size, each: bool, *parameters: Tensor) -> Shape:
    """The shape of the sample, `size` of it for each element of the parameters if `each`."""
    shape: Shape = np.broadcast_shapes(*(x.shape for x in parameters))
    if each:
        return (*(size or ()), *shape)
    return shape if size is None else size


def _positive(what: str, number: float | None, zero: bool) -> None:
    if number is not None and (number < 0 or (number == 0 and not zero)):
        raise ValueError(f"{what} must be {'not negative' if zero else 'positive'}, got {number}")


def _between(key: Key, shape: Shape) -> Tensor:
    """Uniform numbers in (0, 1), of which a logarithm can be taken."""
    return jax.random.uniform(key, shape, jnp.float32, minval=np.finfo(np.float32).tiny, maxval=1.0)


# -- two parameters ------------------------------------------------------------------------------------------------


def _uniform(inputs: tuple, low, high, size, dtype: str, key: Key, each: bool) -> Tensor:
    a, b = (lax.stop_gradient(x) for x in _filled(inputs, low, high))
    shape = _shape_of(size, each, a, b)
    return cast(a + jax.random.uniform(key, shape, jnp.float32) * (b - a), dtype)


@op(shape=_sample_rule, types=_dtype_types)
def _npi_uniform(
    input1: Tensor = deduce(when=lambda low, high: low is None or high is None),
    input2: Tensor = deduce(when=lambda low, high: low is None and high is None),
    *,
    low: float | None = attr(),
    high: float | None = attr(),
    size: Size = None,
    ctx: str = "cpu",
    dtype: _Real = "float32",
    key: Key,
):
    """Uniform numbers from low up to high; no gradient.

    Shapes: -> size, to which inputs in the place of low and high broadcast, or without it theirs. `ctx` is accepted.
    """
    return _uniform((input1, input2), low, high, size, dtype, key, False)


@op(shape=_samples_rule, types=_dtype_types)
def _npi_uniform_n(
    input1: Tensor = deduce(when=lambda low, high: low is None or high is None),
    input2: Tensor = deduce(when=lambda low, high: low is None and high is None),
    *,
    low: float | None = attr(),
    high: float | None = attr(),
    size: Size = None,
    ctx: str = "cpu",
    dtype: _Real = "float32",
    key: Key,
):
    """Uniform numbers from low up to high, `size` of them for each element of low and high; no gradient.

    Shapes: inputs in the place of low and high, which broadcast to (...) -> (*size, ...). `ctx` is accepted.
    """
    return _uniform((input1, input2), low, high, size, dtype, key, True)


def _located(inputs: tuple, loc, scale, size, dtype: str, noise: Callable, each: bool = False) -> tuple:
    """loc + noise * scale, and the noise; the gradient is that of this expression."""
    _positive("scale", scale, True)
    a, b = _filled(inputs, loc, scale)
    z = noise(_shape_of(size, each, a, b))
    return cast(a + z * b, dtype), z


@op(outputs=2, visible=1, shape=_sample_rule, types=_dtype_types)
def _npi_normal(
    input1: Tensor = deduce(when=lambda loc, scale: loc is None or scale is None),
    input2: Tensor = deduce(when=lambda loc, scale: loc is None and scale is None),
    *,
    loc: float | None = attr(),
    scale: float | None = attr(),
    size: Size = None,
    ctx: str = "cpu",
    dtype: _Real = "float32",
    key: Key,
):
    """Normal numbers with mean loc and standard deviation scale.

    Shapes: -> size, to which inputs in the place of loc and scale broadcast, or without it theirs. The gradient is that
    of loc + noise scale; the noise is a hidden second output. `ctx` is accepted.
    """
    noise = lambda shape: jax.random.normal(key, shape, jnp.float32)  # noqa: E731
    return _located((input1, input2), loc, scale, size, dtype, noise)


@op(outputs=2, visible=1, shape=_samples_rule, types=_dtype_types)
def _npi_normal_n(
    input1: Tensor = deduce(when=lambda loc, scale: loc is None or scale is None),
    input2: Tensor = deduce(when=lambda loc, scale: loc is None and scale is None),
    *,
    loc: float | None = attr(),
    scale: float | None = attr(),
    size: Size = None,
    ctx: str = "cpu",
    dtype: _Real = "float32",
    key: Key,
):
    """Normal numbers with mean loc and standard deviation scale, `size` of them for each element of both.

    Shapes: inputs in the place of loc and scale, which broadcast to (...) -> (*size, ...). The gradient is that of
    loc + noise scale; the noise is a hidden second output. `ctx` is accepted.
    """
    noise = lambda shape: jax.random.normal(key, shape, jnp.float32)  # noqa: E731
    return _located((input1, input2), loc, scale, size, dtype, noise, True)


@op(outputs=2, visible=1, shape=_sample_rule, types=_float32)
def _npi_logistic(
    input1: Tensor = deduce(when=lambda loc, scale: loc is None or scale is None),
    input2: Tensor = deduce(when=lambda loc, scale: loc is None and scale is None),
    *,
    loc: float | None = attr(),
    scale: float | None = attr(),
    size: Size = None,
    ctx: str = "cpu",
    key: Key,
):
    """Logistic numbers around loc with the given scale.

    Shapes: -> size, to which inputs in the place of loc and scale broadcast, or without it theirs; float32. The
    gradient is that of loc + noise scale; the noise is a hidden second output. `ctx` is accepted.
    """

    def noise(shape: Shape) -> Tensor:
        u = _between(key, shape)
        return jnp.log(u) - jnp.log1p(-u)

    return _located((input1, input2), loc, scale, size, "float32", noise)


@op(outputs=2, visible=1, shape=_sample_rule, types=_float32)
def _npi_gumbel(
    input1: Tensor = deduce(when=lambda loc, scale: loc is None or scale is None),
    input2: Tensor = deduce(when=lambda loc, scale: loc is None and scale is None),
    *,
    loc: float | None = attr(),
    scale: float | None = attr(),
    size: Size = None,
    ctx: str = "cpu",
    key: Key,
):
    """Gumbel numbers around loc with the given scale.

    Shapes: -> size, to which inputs in the place of loc and scale broadcast, or without it theirs; float32. The
    gradient is that of loc + noise scale; the noise is a hidden second output. `ctx` is accepted.
    """
    noise = lambda shape: -jnp.log(-jnp.log(_between(key, shape)))  # noqa: E731
    return _located((input1, input2), loc, scale, size, "float32", noise)


@op(shape=_sample_rule, types=_dtype_types)
def _npi_gamma(
    input1: Tensor = deduce(when=lambda shape, scale: shape is None or scale is None),
    input2: Tensor = deduce(when=lambda shape, scale: shape is None and scale is None),
    *,
    shape: float | None = attr(),
    scale: float | None = attr(),
    size: Size = None,
    ctx: str = "cpu",
    dtype: _Real = "float32",
    key: Key,
):
    """Gamma numbers with the given shape parameter and scale; no gradient.

    Shapes: -> size, to which inputs in the place of shape and scale broadcast, or without it theirs. `ctx` is accepted.
    """
    a, b = (lax.stop_gradient(x).astype(jnp.float32) for x in _filled((input1, input2), shape, scale))
    drawn = _shape_of(size, False, a, b)
    return cast(jax.random.gamma(key, jnp.broadcast_to(a, drawn), drawn, jnp.float32) * b, dtype)


# -- one parameter -------------------------------------------------------------------------------------------------


def _from_uniform(input1: Tensor | None, number: float | None, size: Size, key: Key, function: Callable) -> tuple:
    """function(parameter, uniform numbers) as float32, and the uniform numbers."""
    (a,) = _filled((input1,), number)
    u = _between(key, _shape_of(size, False, a))
    return cast(function(a, u), "float32"), u


@op(outputs=2, visible=1, shape=_sample_rule, types=_float32)
def _npi_exponential(
    input1: Tensor = deduce(when=lambda scale: scale is None),
    *,
    scale: float | None = 1.0,
    size: Size = None,
    ctx: str = "cpu",
    key: Key,
):
    """Exponential numbers with mean scale.

    Shapes: -> size, to which an input in the place of scale broadcasts, or without it the input's; float32. The
    gradient is that of -scale log(u); a second output is hidden. `ctx` is accepted.
    """
    _positive("scale", scale, True)
    return _from_uniform(input1, scale, size, key, lambda a, u: -jnp.log(u) * a)


@op(outputs=2, visible=1, shape=_sample_rule, types=_float32)
def _npi_pareto(
    input1: Tensor = deduce(when=lambda a: a is None),
    *,
    a: float | None = None,
    size: Size = None,
    ctx: str = "cpu",
    key: Key,
):
    """Pareto numbers of the second kind with shape parameter a.

    Shapes: -> size, to which an input in the place of a broadcasts, or without it the input's; float32. The gradient is
    that of u^(-1/a) - 1; a second output is hidden. `ctx` is accepted.
    """
    _positive("a", a, False)
    return _from_uniform(input1, a, size, key, lambda a, u: jnp.expm1(-jnp.log(u) / a))


@op(outputs=2, visible=1, shape=_sample_rule, types=_float32)
def _npi_weibull(
    input1: Tensor = deduce(when=lambda a: a is None),
    *,
    a: float | None = None,
    size: Size = None,
    ctx: str = "cpu",
    key: Key,
):
    """Weibull numbers with shape parameter a.

    Shapes: -> size, to which an input in the place of a broadcasts, or without it the input's; float32. The gradient is
    that of (-log u)^(1/a); a second output is hidden. `ctx` is accepted.
    """
    _positive("a", a, False)
    return _from_uniform(input1, a, size, key, lambda a, u: (-jnp.log(u)) ** (1 / a))


@op(outputs=2, visible=1, shape=_sample_rule, types=_float32)
def _npi_rayleigh(
    input1: Tensor = deduce(when=lambda scale: scale is None),
    *,
    scale: float | None = 1.0,
    size: Size = None,
    ctx: str = "cpu",
    key: Key,
):
    """Rayleigh numbers with the given scale.

    Shapes: -> size, to which an input in the place of scale broadcasts, or without it the input's; float32. The
    gradient is that of scale sqrt(-2 log u); a second output is hidden. `ctx` is accepted.
    """
    _positive("scale", scale, True)
    return _from_uniform(input1, scale, size, key, lambda a, u: a * jnp.sqrt(-2 * jnp.log(u)))


@op(shape=_sample_rule, types=_float32)
def _npi_powerd(
    input1: Tensor = deduce(when=lambda a: a is None), *, a: float | None = None, size: Size = None, key: Key
):
    """Numbers between 0 and 1 with the density a x^(a - 1); no gradient.

    Shapes: -> size, to which an input in the place of a broadcasts, or without it the input's; float32.
    """
    _positive("a", a, False)
    return lax.stop_gradient(_from_uniform(input1, a, size, key, lambda a, u: u ** (1 / a))[0])


# -- discrete ------------------------------------------------------------------------------------------------------


def _probability_given(prob: float | None, logit: float | None) -> bool:
    return prob is None and logit is None


@op(shape=_sample_rule, types=_dtype_types)
def _npi_bernoulli(
    input1: Tensor = deduce(when=_probability_given),
    *,
    prob: float | None = attr(),
    logit: float | None = attr(),
    size: Size = None,
    ctx: str = "cpu",
    dtype: Literal["bool", "float16", "float32", "float64", "int32", "uint8"] = "float32",
    is_logit: bool = attr(),
    key: Key,
):
    """1 with the given probability, or that of the given log-odds, otherwise 0; no gradient.

    Shapes: -> size, to which an input in the place of prob or logit broadcasts, or without it the input's. `ctx` is
    accepted.
    """
    number = logit if is_logit else prob
    (chance,) = _filled((input1,), number)
    chance = jax.nn.sigmoid(chance) if is_logit else chance
    shape = _shape_of(size, False, chance)
    return cast(jax.random.uniform(key, shape, jnp.float32) < lax.stop_gradient(chance), dtype)


def _choice_rule(ins: Shapes, outs: Shapes, size) -> None:
    assign(outs, 0, size or ())


@op(shape=_choice_rule, types=rules.always_type("int64"))
def _npi_choice(
    input1: Tensor = deduce(when=lambda a, weighted: a is None or weighted),
    input2: Tensor = deduce(when=lambda a, weighted: a is None and weighted),
    *,
    a: int | None = attr(),
    size: Size = attr(),
    ctx: str = "cpu",
    replace: bool = True,
    weighted: bool = False,
    key: Key,
):
    """Indices drawn from 0 ... a - 1, or from those of an array, with equal or the given probabilities; no gradient.

    Shapes: an array (n, ...) in the place of a, with `weighted` probabilities (n,) last -> size, () without one; int64.
    `ctx` is accepted.
    """
    inputs = [x for x in (input1, input2) if x is not None]
    count = a if a is not None else inputs[0].size
    weights = lax.stop_gradient(inputs[-1]).reshape(-1).astype(jnp.float32) if weighted else None
    shape = size or ()
    wanted = prod(shape)
    if not replace and wanted > count:
        raise ValueError("Cannot take a larger sample than population when 'replace=False'")
    if replace and weights is None:
        drawn = jax.random.randint(key, shape, 0, max(count, 1), jnp.int32)
    elif replace:
        drawn = jax.random.categorical(key, jnp.log(weights), shape=shape)  # pyright: ignore[reportArgumentType]
    else:
        noise = jax.random.gumbel(key, (count,), jnp.float32)
        order = jnp.argsort(-(noise if weights is None else noise + jnp.log(weights)))
        drawn = order[:wanted].reshape(shape)
    return cast(drawn, "int64")


def _multinomial_rule(ins: Shapes, outs: Shapes, pvals, size) -> None:
    if pvals is not None:
        assign(outs, 0, (*(size or ()), len(pvals)))
    elif ins[0] is not None:
        if len(ins[0]) != 1:
            raise ShapeConflict("object too deep for desired array")
        assign(outs, 0, (*(size or ()), *ins[0]))


@op(shape=_multinomial_rule, types=rules.always_type("int64"), needs_shape=True)
def _npi_multinomial(
    data: Tensor = deduce(when=lambda pvals: pvals is None),
    *,
    n: int = attr(ge=0),
    pvals: tuple[float, ...] | None = None,
    size: Size = None,
    key: Key,
):
    """How often each of k outcomes occurs in n experiments; no gradient.

    Shapes: probabilities data (k,) or `pvals` -> (*size, k), int64. The last outcome takes what the others leave.
    """
    if pvals is not None and sum(pvals) > 1.0 + 1e-6:
        raise ValueError("sum(pvals[:-1]) > 1.0")
    chances = jnp.asarray(pvals, jnp.float32) if pvals is not None else lax.stop_gradient(data).astype(jnp.float32)
    shape = (*(size or ()), chances.shape[0])
    if not prod(shape):
        return cast(jnp.zeros(shape, jnp.int32), "int64")
    chances = chances.at[-1].set(jnp.maximum(1 - jnp.sum(chances[:-1]), 0))
    return cast(jax.random.multinomial(key, n, jnp.broadcast_to(chances, shape)), "int64")
