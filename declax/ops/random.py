"""Random operators: distributions given by numbers, by tensors, or in the shape of a tensor; shuffling.

A sampler is one function `(key, shape, dtype, *parameters)`; each makes three operators. Draws are JAX's, so their
distribution is MXNet's but not their values. Nothing flows back through a sample.
"""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.errors import OperatorError
from declax.registry import Key, Results, Tensor, op
from declax.rules import Shapes, Types, assign_type, dtype_of, merge_type
from declax.shapes import PartialShape, ShapeConflict, from_public, is_complete, merge, show

Shape = tuple[int, ...]
FloatType = Literal["None", "float16", "float32", "float64"]


# -- samplers --------------------------------------------------------------------------------------------------


def _wide(dtype: Any) -> Any:
    """The type in which a sample of this type is drawn."""
    return np.dtype("float64") if dtype == np.dtype("float64") else np.dtype("float32")


def uniform(key: Any, shape: Shape, dtype: Any, low: Any, high: Any) -> Any:
    """Uniform in [low, high)."""
    return low + (high - low) * jax.random.uniform(key, shape, _wide(dtype))


def normal(key: Any, shape: Shape, dtype: Any, loc: Any, scale: Any) -> Any:
    """Normal with mean `loc` and standard deviation `scale`."""
    return loc + scale * jax.random.normal(key, shape, _wide(dtype))


def gamma(key: Any, shape: Shape, dtype: Any, alpha: Any, beta: Any) -> Any:
    """Gamma with shape `alpha` and scale `beta`."""
    return beta * jax.random.gamma(key, alpha, shape, _wide(dtype))


def exponential(key: Any, shape: Shape, dtype: Any, lam: Any) -> Any:
    """Exponential with rate `lam`."""
    return jax.random.exponential(key, shape, _wide(dtype)) / lam


def poisson(key: Any, shape: Shape, dtype: Any, lam: Any) -> Any:
    """Poisson with mean `lam`."""
    return jax.random.poisson(key, lam, shape, np.dtype("int32"))


def negative_binomial(key: Any, shape: Shape, dtype: Any, k: Any, p: Any) -> Any:
    """Failures before the k-th success of probability p: a Poisson whose mean is Gamma."""
    return _poisson_of_gamma(key, shape, dtype, jnp.asarray(k, _wide(dtype)), (1 - p) / p, 0)


def generalized_negative_binomial(key: Any, shape: Shape, dtype: Any, mu: Any, alpha: Any) -> Any:
    """Negative binomial with mean `mu` and dispersion `alpha`; a Poisson where alpha is 0."""
    alpha = jnp.asarray(alpha, _wide(dtype))
    dispersed = jnp.where(alpha == 0, jnp.ones_like(alpha), alpha)
    order = jnp.where(alpha == 0, jnp.zeros_like(alpha), 1 / dispersed)
    return _poisson_of_gamma(key, shape, dtype, order, dispersed * mu, mu)


def _poisson_of_gamma(key: Any, shape: Shape, dtype: Any, alpha: Any, beta: Any, otherwise: Any) -> Any:
    """Poisson whose mean is Gamma, or `otherwise` where the Gamma's alpha is 0."""
    usable = jnp.where(alpha > 0, alpha, jnp.ones_like(alpha))
    mean = gamma(jax.random.fold_in(key, 0), shape, dtype, usable, beta)
    mean = jnp.where(alpha > 0, mean, jnp.asarray(otherwise, mean.dtype))
    return poisson(jax.random.fold_in(key, 1), shape, dtype, mean)


# -- given by numbers ------------------------------------------------------------------------------------------


def _plain_shape(ins: Shapes, outs: Shapes, shape) -> None:
    if shape is not None:
        rules.assign(outs, 0, from_public(shape))


def _float_types(ins: Types, outs: Types, dtype) -> None:
    _decided(outs, dtype, "float32")


def _decided(outs: Types, dtype: str | None, default: str) -> None:
    if dtype not in (None, "None"):
        assign_type(outs, 0, dtype)
    elif outs[0] is None:
        assign_type(outs, 0, default)


def _drawn(
    sampler: Callable, key: Any, shape: Shape | None, dtype: str | None, results: tuple, *parameters: float
) -> Any:
    """A sample in the declared shape and type, or in those that inference found."""
    declared: PartialShape = None if shape is None else from_public(shape)
    found = merge(declared, results[0][0]) if results else declared
    if not is_complete(found):
        raise OperatorError(f"the shape of a sample must be known, got {show(found)}: give shape=")
    assert found is not None
    kind = dtype_of(dtype) if dtype not in (None, "None") else None
    if kind is None:
        kind = results[0][1] if results and results[0][1] is not None else np.dtype("float32")
    return sampler(key, found, kind, *parameters).astype(kind)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise OperatorError(what)


_options: dict[str, Any] = {"shape": _plain_shape, "types": _float_types}


@op(aliases=("random_uniform", "uniform"), **_options)
def _random_uniform(
    *, low: float = 0.0, high: float = 1.0, shape: Shape | None = None, ctx: str = "",
    dtype: FloatType | None = None, key: Key, results: Results,
):  # fmt: skip
    """Uniform samples in [low, high).

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    _require(high >= low, f"low must be less or equal to high in uniform distribution, got low={low}, high={high}")
    return _drawn(uniform, key, shape, dtype, results, low, high)


@op(aliases=("random_normal", "normal"), **_options)
def _random_normal(
    *, loc: float = 0.0, scale: float = 1.0, shape: Shape | None = None, ctx: str = "",
    dtype: FloatType | None = None, key: Key, results: Results,
):  # fmt: skip
    """Normal samples with mean `loc` and standard deviation `scale`.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    _require(scale > 0, f"scale parameter in gaussian has to be positive, got {scale}")
    return _drawn(normal, key, shape, dtype, results, loc, scale)


@op(aliases=("random_gamma",), **_options)
def _random_gamma(
    *, alpha: float = 1.0, beta: float = 1.0, shape: Shape | None = None, ctx: str = "",
    dtype: FloatType | None = None, key: Key, results: Results,
):  # fmt: skip
    """Gamma samples with shape `alpha` and scale `beta`.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    _check_gamma(alpha, beta)
    return _drawn(gamma, key, shape, dtype, results, alpha, beta)


@op(aliases=("random_exponential",), **_options)
def _random_exponential(
    *, lam: float = 1.0, shape: Shape | None = None, ctx: str = "", dtype: FloatType | None = None, key: Key,
    results: Results,
):  # fmt: skip
    """Exponential samples with rate `lam`.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    _require(lam > 0, f"lambda parameter in exponential distribution has to be positive, got {lam}")
    return _drawn(exponential, key, shape, dtype, results, lam)


@op(aliases=("random_poisson",), **_options)
def _random_poisson(
    *, lam: float = 1.0, shape: Shape | None = None, ctx: str = "", dtype: FloatType | None = None, key: Key,
    results: Results,
):  # fmt: skip
    """Poisson samples with mean `lam`.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    _require(lam >= 0, f"lambda parameter in poisson distribution has to be non-negative, got {lam}")
    return _drawn(poisson, key, shape, dtype, results, lam)


@op(aliases=("random_negative_binomial",), **_options)
def _random_negative_binomial(
    *, k: int = 1, p: float = 1.0, shape: Shape | None = None, ctx: str = "", dtype: FloatType | None = None,
    key: Key, results: Results,
):  # fmt: skip
    """Negative binomial samples: failures before the k-th success of probability p.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    _check_negative_binomial(k, p)
    return _drawn(negative_binomial, key, shape, dtype, results, k, p)


@op(aliases=("random_generalized_negative_binomial",), **_options)
def _random_generalized_negative_binomial(
    *, mu: float = 1.0, alpha: float = 1.0, shape: Shape | None = None, ctx: str = "",
    dtype: FloatType | None = None, key: Key, results: Results,
):  # fmt: skip
    """Negative binomial samples with mean `mu` and dispersion `alpha`.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    _check_generalized(mu, alpha)
    return _drawn(generalized_negative_binomial, key, shape, dtype, results, mu, alpha)


def _whole_types(ins: Types, outs: Types, dtype) -> None:
    _decided(outs, dtype, "int32")


@op(aliases=("random_randint", "_npi_random_randint"), shape=_plain_shape, types=_whole_types)
def _random_randint(
    *, low: int, high: int, shape: Shape | None = None, ctx: str = "",
    dtype: Literal["None", "int32", "int64"] | None = None, key: Key, results: Results,
):  # fmt: skip
    """Whole numbers in [low, high).

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    _require(high > low, f"low must be less than high, got low={low}, high={high}")

    def whole(key: Any, shape: Shape, kind: Any) -> Any:
        return jax.random.randint(key, shape, low, high, kind if kind.kind == "i" else np.dtype("int32"))

    default = "int32" if dtype in (None, "None") and not (results and results[0][1] is not None) else dtype
    return _drawn(whole, key, shape, default, results)


def _check_gamma(alpha: float, beta: float) -> None:
    _require(alpha > 0, f"alpha parameter in gamma distribution has to be positive, got {alpha}")
    _require(beta > 0, f"beta parameter in gamma distribution has to be positive, got {beta}")


def _check_negative_binomial(k: float, p: float) -> None:
    _require(k >= 0, f"k parameter in negative binomial distribution has to be non-negative, got {k}")
    _require(p >= 0, f"p parameter in negative binomial distribution has to be non-negative, got {p}")


def _check_generalized(mu: float, alpha: float) -> None:
    kind = "generalized negative binomial distribution"
    _require(mu >= 0, f"mu parameter in {kind} has to be non-negative, got {mu}")
    _require(alpha >= 0, f"alpha parameter in {kind} has to be non-negative, got {alpha}")


# -- in the shape of a tensor ----------------------------------------------------------------------------------


def _like(sampler: Callable, key: Any, data: Any, *parameters: float) -> Any:
    return sampler(key, data.shape, data.dtype, *parameters).astype(data.dtype)


@op(shape=rules.same_shape)
def _random_uniform_like(data: Tensor, *, low: float = 0.0, high: float = 1.0, key: Key):
    """Uniform samples in [low, high), in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    _require(high >= low, f"low must be less or equal to high in uniform distribution, got low={low}, high={high}")
    return _like(uniform, key, data, low, high)


@op(shape=rules.same_shape)
def _random_normal_like(data: Tensor, *, loc: float = 0.0, scale: float = 1.0, key: Key):
    """Normal samples in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    _require(scale > 0, f"scale parameter in gaussian has to be positive, got {scale}")
    return _like(normal, key, data, loc, scale)


@op(shape=rules.same_shape)
def _random_gamma_like(data: Tensor, *, alpha: float = 1.0, beta: float = 1.0, key: Key):
    """Gamma samples in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    _check_gamma(alpha, beta)
    return _like(gamma, key, data, alpha, beta)


@op(shape=rules.same_shape)
def _random_exponential_like(data: Tensor, *, lam: float = 1.0, key: Key):
    """Exponential samples in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    _require(lam > 0, f"lambda parameter in exponential distribution has to be positive, got {lam}")
    return _like(exponential, key, data, lam)


@op(shape=rules.same_shape)
def _random_poisson_like(data: Tensor, *, lam: float = 1.0, key: Key):
    """Poisson samples in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    _require(lam >= 0, f"lambda parameter in poisson distribution has to be non-negative, got {lam}")
    return _like(poisson, key, data, lam)


@op(shape=rules.same_shape)
def _random_negative_binomial_like(data: Tensor, *, k: int = 1, p: float = 1.0, key: Key):
    """Negative binomial samples in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    _check_negative_binomial(k, p)
    return _like(negative_binomial, key, data, k, p)


@op(shape=rules.same_shape)
def _random_generalized_negative_binomial_like(data: Tensor, *, mu: float = 1.0, alpha: float = 1.0, key: Key):
    """Negative binomial samples by mean and dispersion, in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    _check_generalized(mu, alpha)
    return _like(generalized_negative_binomial, key, data, mu, alpha)


# -- given by tensors ------------------------------------------------------------------------------------------


def _multi_shape(ins: Shapes, outs: Shapes, shape) -> None:
    extra = from_public(shape) or ()
    known: PartialShape = None
    if outs[0] is not None and len(outs[0]) > len(extra):
        known = outs[0][: len(outs[0]) - len(extra)]
    for s in ins:
        known = merge(known, s)
    if known is None:
        return
    ins[:] = [known] * len(ins)
    rules.assign(outs, 0, (*known, *extra))


def _multi_types(ins: Types, outs: Types, dtype) -> None:
    known = None
    for t in ins:
        known = merge_type(known, t)
    if known is not None:
        ins[:] = [known] * len(ins)
        _decided(outs, dtype, "float32")


def _each(sampler: Callable, key: Any, shape: Shape, dtype: str | None, *parameters: Any) -> Any:
    """Samples of `shape` for every entry of the parameters."""
    kind = dtype_of(dtype) if dtype not in (None, "None") else np.dtype("float32")
    extra = tuple(shape or ())
    whole = (*parameters[0].shape, *extra)
    wide = [
        lax.stop_gradient(p).astype(_wide(kind)).reshape(p.shape + (1,) * len(extra)) for p in parameters
    ]
    return sampler(key, whole, kind, *(jnp.broadcast_to(p, whole) for p in wide)).astype(kind)


_multi: dict[str, Any] = {"shape": _multi_shape, "types": _multi_types}


@op(aliases=("sample_uniform",), **_multi)
def _sample_uniform(low: Tensor, high: Tensor, *, shape: Shape = (), dtype: FloatType | None = None, key: Key):
    """Uniform samples in [low, high) for every pair of bounds.

    Shapes: low and high S -> S + shape.
    """
    return _each(uniform, key, shape, dtype, low, high)


@op(aliases=("sample_normal",), **_multi)
def _sample_normal(mu: Tensor, sigma: Tensor, *, shape: Shape = (), dtype: FloatType | None = None, key: Key):
    """Normal samples for every mean and standard deviation.

    Shapes: mu and sigma S -> S + shape.
    """
    return _each(normal, key, shape, dtype, mu, sigma)


@op(aliases=("sample_gamma",), **_multi)
def _sample_gamma(alpha: Tensor, beta: Tensor, *, shape: Shape = (), dtype: FloatType | None = None, key: Key):
    """Gamma samples for every shape `alpha` and scale `beta`.

    Shapes: alpha and beta S -> S + shape.
    """
    return _each(gamma, key, shape, dtype, alpha, beta)


@op(aliases=("sample_exponential",), **_multi)
def _sample_exponential(lam: Tensor, *, shape: Shape = (), dtype: FloatType | None = None, key: Key):
    """Exponential samples for every rate.

    Shapes: lam S -> S + shape.
    """
    return _each(exponential, key, shape, dtype, lam)


@op(aliases=("sample_poisson",), **_multi)
def _sample_poisson(lam: Tensor, *, shape: Shape = (), dtype: FloatType | None = None, key: Key):
    """Poisson samples for every mean.

    Shapes: lam S -> S + shape.
    """
    return _each(poisson, key, shape, dtype, lam)


@op(aliases=("sample_negative_binomial",), **_multi)
def _sample_negative_binomial(k: Tensor, p: Tensor, *, shape: Shape = (), dtype: FloatType | None = None, key: Key):
    """Negative binomial samples for every number of successes k and probability p.

    Shapes: k and p S -> S + shape.
    """
    return _each(negative_binomial, key, shape, dtype, k, p)


@op(aliases=("sample_generalized_negative_binomial",), **_multi)
def _sample_generalized_negative_binomial(
    mu: Tensor, alpha: Tensor, *, shape: Shape = (), dtype: FloatType | None = None, key: Key
):
    """Negative binomial samples for every mean `mu` and dispersion `alpha`.

    Shapes: mu and alpha S -> S + shape.
    """
    return _each(generalized_negative_binomial, key, shape, dtype, mu, alpha)


# -- classes and orders ----------------------------------------------------------------------------------------


def _multinomial_shape(ins: Shapes, outs: Shapes, shape) -> None:
    if ins[0] is None:
        return
    extra = from_public(shape) or ()
    found = (*ins[0][:-1], *extra) if len(ins[0]) > 1 else extra or (1,)
    for i in range(len(outs)):
        rules.assign(outs, i, found)


def _multinomial_types(ins: Types, outs: Types, dtype) -> None:
    if ins[0] is None:
        return
    assign_type(outs, 0, dtype)
    if len(outs) > 1:
        assign_type(outs, 1, ins[0])


@op(
    aliases=("sample_multinomial",),
    outputs=lambda get_prob: 1 + get_prob,
    shape=_multinomial_shape,
    types=_multinomial_types,
)
def _sample_multinomial(
    data: Tensor, *, shape: Shape = (), get_prob: bool = False,
    dtype: Literal["uint8", "int32", "float16", "float32", "float64"] = "int32", key: Key,
):  # fmt: skip
    """Classes drawn from rows of probabilities, and with `get_prob` the logarithms of their probabilities.

    Shapes: data (..., K), rows that sum to 1 -> (...) + shape, or (1,) for one row and no shape. The second output has
    a gradient, as REINFORCE needs it.
    """
    extra = tuple(shape or ())
    fixed = lax.stop_gradient(data)
    rows = fixed if fixed.dtype.kind == "f" else fixed.astype(jnp.float32)
    batch = data.shape[:-1]
    drawn = jax.random.categorical(key, jnp.log(rows), axis=-1, shape=(*extra, *batch)).astype(jnp.int32)
    drawn = jnp.moveaxis(drawn, tuple(range(len(extra))), tuple(range(len(batch), len(batch) + len(extra))))
    result = (*batch, *extra) or (1,)
    classes = drawn.reshape(result).astype(dtype_of(dtype))
    if not get_prob:
        return classes
    flat = drawn.reshape((*batch, -1))
    return classes, jnp.log(jnp.take_along_axis(data, flat, axis=-1)).reshape(result).astype(data.dtype)


@op(aliases=("shuffle", "_npi_shuffle"), shape=rules.same_shape)
def _shuffle(data: Tensor, *, key: Key):
    """The data in random order along the first axis.

    Shapes: data any -> data's shape.
    """
    return jax.random.permutation(key, data)


def _zipfian_shape(ins: Shapes, outs: Shapes, shape) -> None:
    declared = None if shape is None else from_public(shape)
    found = merge(declared, outs[0])
    if found is None:
        return
    if len(found) != 2:
        raise ShapeConflict(f"shape is (batch, number of samples), got {show(found)}")
    outs[0] = found
    rules.assign(outs, 1, (found[0],))


@op(outputs=2, shape=_zipfian_shape, types=rules.always_type("int64"))
def _sample_unique_zipfian(*, range_max: int, shape: Shape | None = None, key: Key, results: Results):
    """Different classes from [0, range_max) with log-uniform probabilities, and how many draws it took to find them.

    Shapes: -> (N, S) classes, no two alike in a row, and (N,) numbers of draws. The classes are the S largest of
    perturbed log probabilities (Gumbel), which has the distribution of drawing until all differ; the draws that
    repeated an earlier class are geometric given the classes.
    """
    found = from_public(shape) if shape is not None else results[0][0]
    batch, count = found  # type: ignore[misc]
    _require(count <= range_max, "Number of samples cannot exceed the number of possible classes")
    real = jnp.zeros((), jnp.float32).dtype
    edges = jnp.log(jnp.clip(jnp.arange(range_max + 1, dtype=real) + 0.5, 1, range_max))
    weights = jnp.diff(edges) / max(np.log(range_max), 1e-30) if range_max > 1 else jnp.ones(1, real)
    noise = jax.random.gumbel(jax.random.fold_in(key, 0), (batch, range_max), real)
    _, classes = lax.top_k(jnp.log(weights) + noise, count)
    taken = jnp.cumsum(weights[classes], axis=1, dtype=real)[:, :-1]
    u = jax.random.uniform(jax.random.fold_in(key, 1), taken.shape, real, minval=np.finfo(real).tiny)
    repeats = jnp.floor(jnp.log(u) / jnp.log(jnp.clip(taken, np.finfo(real).tiny, 1 - np.finfo(real).eps)))
    tries = count + jnp.sum(repeats, axis=1)
    whole = dtype_of("int64") if jax.config.jax_enable_x64 else dtype_of("int32")
    return classes.astype(whole), tries.astype(whole)
