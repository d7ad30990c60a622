"""Random operators whose parameters are numbers: `_random_*`, and `_random_*_like` in the shape of a tensor.

A sampler is one function `(key, shape, dtype, *parameters)`; each makes three operators, the third, whose parameters
are tensors, in multisample.py. Draws are JAX's, so their distribution is MXNet's but not their values.
"""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from declax import rules
from declax.errors import OperatorError
from declax.registry import Key, Results, Tensor, op
from declax.rules import Shapes, Types, assign_type, dtype_of
from declax.shapes import PartialShape, from_public, is_complete, merge, show

Shape = tuple[int, ...]
FloatType = Literal["None", "float16", "float32", "float64"]


# -- samplers --------------------------------------------------------------------------------------------------


def wide_type(dtype: Any) -> Any:
    """The type in which a sample of this type is drawn."""
    return np.dtype("float64") if dtype == np.dtype("float64") else np.dtype("float32")


def uniform(key: Any, shape: Shape, dtype: Any, low: Any, high: Any) -> Any:
    """Uniform in [low, high)."""
    return low + (high - low) * jax.random.uniform(key, shape, wide_type(dtype))


def normal(key: Any, shape: Shape, dtype: Any, loc: Any, scale: Any) -> Any:
    """Normal with mean `loc` and standard deviation `scale`."""
    return loc + scale * jax.random.normal(key, shape, wide_type(dtype))


def gamma(key: Any, shape: Shape, dtype: Any, alpha: Any, beta: Any) -> Any:
    """Gamma with shape `alpha` and scale `beta`."""
    return beta * jax.random.gamma(key, alpha, shape, wide_type(dtype))


def exponential(key: Any, shape: Shape, dtype: Any, lam: Any) -> Any:
    """Exponential with rate `lam`."""
    return jax.random.exponential(key, shape, wide_type(dtype)) / lam


def poisson(key: Any, shape: Shape, dtype: Any, lam: Any) -> Any:
    """Poisson with mean `lam`."""
    return jax.random.poisson(key, lam, shape, np.dtype("int32"))


def negative_binomial(key: Any, shape: Shape, dtype: Any, k: Any, p: Any) -> Any:
    """Failures before the k-th success of probability p: a Poisson whose mean is Gamma."""
    return _poisson_of_gamma(key, shape, dtype, jnp.asarray(k, wide_type(dtype)), (1 - p) / p, 0)


def generalized_negative_binomial(key: Any, shape: Shape, dtype: Any, mu: Any, alpha: Any) -> Any:
    """Negative binomial with mean `mu` and dispersion `alpha`; a Poisson where alpha is 0."""
    alpha = jnp.asarray(alpha, wide_type(dtype))
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
    decide_type(outs, dtype, "float32")


def decide_type(outs: Types, dtype: str | None, default: str) -> None:
    """The output's type is the declared one, or the one the graph asks for, or the default."""
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


def require(holds: bool, what: str) -> None:
    """OperatorError says `what` when it does not hold."""
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
    require(high >= low, f"low must be less or equal to high in uniform distribution, got low={low}, high={high}")
    return _drawn(uniform, key, shape, dtype, results, low, high)


@op(aliases=("random_normal", "normal"), **_options)
def _random_normal(
    *, loc: float = 0.0, scale: float = 1.0, shape: Shape | None = None, ctx: str = "",
    dtype: FloatType | None = None, key: Key, results: Results,
):  # fmt: skip
    """Normal samples with mean `loc` and standard deviation `scale`.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    require(scale > 0, f"scale parameter in gaussian has to be positive, got {scale}")
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
    require(lam > 0, f"lambda parameter in exponential distribution has to be positive, got {lam}")
    return _drawn(exponential, key, shape, dtype, results, lam)


@op(aliases=("random_poisson",), **_options)
def _random_poisson(
    *, lam: float = 1.0, shape: Shape | None = None, ctx: str = "", dtype: FloatType | None = None, key: Key,
    results: Results,
):  # fmt: skip
    """Poisson samples with mean `lam`.

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    require(lam >= 0, f"lambda parameter in poisson distribution has to be non-negative, got {lam}")
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
    decide_type(outs, dtype, "int32")


@op(aliases=("random_randint", "_npi_random_randint"), shape=_plain_shape, types=_whole_types)
def _random_randint(
    *, low: int, high: int, shape: Shape | None = None, ctx: str = "",
    dtype: Literal["None", "int32", "int64"] | None = None, key: Key, results: Results,
):  # fmt: skip
    """Whole numbers in [low, high).

    Shapes: -> shape, with what is unknown there filled in by inference. `ctx` is accepted; the device is bind's.
    """
    require(high > low, f"low must be less than high, got low={low}, high={high}")

    def whole(key: Any, shape: Shape, kind: Any) -> Any:
        return jax.random.randint(key, shape, low, high, kind if kind.kind == "i" else np.dtype("int32"))

    default = "int32" if dtype in (None, "None") and not (results and results[0][1] is not None) else dtype
    return _drawn(whole, key, shape, default, results)


def _check_gamma(alpha: float, beta: float) -> None:
    require(alpha > 0, f"alpha parameter in gamma distribution has to be positive, got {alpha}")
    require(beta > 0, f"beta parameter in gamma distribution has to be positive, got {beta}")


def _check_negative_binomial(k: float, p: float) -> None:
    require(k >= 0, f"k parameter in negative binomial distribution has to be non-negative, got {k}")
    require(p >= 0, f"p parameter in negative binomial distribution has to be non-negative, got {p}")


def _check_generalized(mu: float, alpha: float) -> None:
    kind = "generalized negative binomial distribution"
    require(mu >= 0, f"mu parameter in {kind} has to be non-negative, got {mu}")
    require(alpha >= 0, f"alpha parameter in {kind} has to be non-negative, got {alpha}")


# -- in the shape of a tensor ----------------------------------------------------------------------------------


def _like(sampler: Callable, key: Any, data: Any, *parameters: float) -> Any:
    return sampler(key, data.shape, data.dtype, *parameters).astype(data.dtype)


@op(shape=rules.same_shape)
def _random_uniform_like(data: Tensor, *, low: float = 0.0, high: float = 1.0, key: Key):
    """Uniform samples in [low, high), in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    require(high >= low, f"low must be less or equal to high in uniform distribution, got low={low}, high={high}")
    return _like(uniform, key, data, low, high)


@op(shape=rules.same_shape)
def _random_normal_like(data: Tensor, *, loc: float = 0.0, scale: float = 1.0, key: Key):
    """Normal samples in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    require(scale > 0, f"scale parameter in gaussian has to be positive, got {scale}")
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
    require(lam > 0, f"lambda parameter in exponential distribution has to be positive, got {lam}")
    return _like(exponential, key, data, lam)


@op(shape=rules.same_shape)
def _random_poisson_like(data: Tensor, *, lam: float = 1.0, key: Key):
    """Poisson samples in the shape and type of the data.

    Shapes: data any -> data's shape.
    """
    require(lam >= 0, f"lambda parameter in poisson distribution has to be non-negative, got {lam}")
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
