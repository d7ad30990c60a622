"""Densities of the distributions in random.py: `_random_pdf_*`, with gradients for their parameters.

A sample's leading axes are those of the parameters; further axes are samples of the same distribution. Samples of
continuous distributions have gradients too; those of discrete ones have none, as in MXNet.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.registry import Tensor, op
from declax.rules import Shapes
from declax.shapes import PartialShape, ShapeConflict, merge, show


def _leading(ins: Shapes, vector: bool) -> PartialShape:
    """The shape of the parameters from the sample's and from each other."""
    known: PartialShape = None
    for s in ins[1:]:
        known = merge(known, s)
    sample = ins[0]
    if known is None or sample is None:
        return known
    if len(known) > len(sample):
        raise ShapeConflict(f"the parameters {show(known)} have more dimensions than the sample {show(sample)}")
    own = sample[: len(known)]
    return merge(known, (*own[:-1], sample[-1]) if vector else own)


def _scalar_shape(ins: Shapes, outs: Shapes) -> None:
    found = _leading(ins, False)
    ins[1:] = [found] * (len(ins) - 1)
    ins[0] = outs[0] = merge(ins[0], outs[0])


def _vector_shape(ins: Shapes, outs: Shapes) -> None:
    ins[1] = _leading(ins, True)
    if ins[0] is not None and ins[1] is not None:
        rules.assign(outs, 0, ins[0][:-1] or (1,))


def _aligned(sample: Any, *parameters: Any) -> list:
    """The parameters with an axis for each further axis of the sample."""
    return [p.reshape(p.shape + (1,) * (sample.ndim - p.ndim)) for p in parameters]


def _finish(log_density: Any, is_log: bool) -> Any:
    return log_density if is_log else jnp.exp(log_density)


_scalar: dict[str, Callable] = {"shape": _scalar_shape}


@op(aliases=("random_pdf_uniform",), **_scalar)
def _random_pdf_uniform(sample: Tensor, low: Tensor, high: Tensor, *, is_log: bool = False):
    """The density of a uniform distribution; samples are taken to be inside.

    Shapes: sample S + T, low and high S -> S + T. With `is_log`, the logarithm.
    """
    low, high = _aligned(sample, low, high)
    return _finish(jnp.broadcast_to(-jnp.log(high - low), sample.shape), is_log)


@op(aliases=("random_pdf_normal",), **_scalar)
def _random_pdf_normal(sample: Tensor, mu: Tensor, sigma: Tensor, *, is_log: bool = False):
    """The density of a normal distribution.

    Shapes: sample S + T, mu and sigma S -> S + T. With `is_log`, the logarithm.
    """
    mu, sigma = _aligned(sample, mu, sigma)
    return _finish(-0.5 * ((sample - mu) / sigma) ** 2 - jnp.log(float(np.sqrt(2 * np.pi)) * sigma), is_log)


@op(aliases=("random_pdf_gamma",), **_scalar)
def _random_pdf_gamma(sample: Tensor, alpha: Tensor, beta: Tensor, *, is_log: bool = False):
    """The density of a gamma distribution with shape `alpha` and rate `beta` (a rate here, a scale in sampling).

    Shapes: sample S + T, alpha and beta S -> S + T. With `is_log`, the logarithm.
    """
    a, b = _aligned(sample, alpha, beta)
    return _finish(a * jnp.log(b) + (a - 1) * jnp.log(sample) - b * sample - lax.lgamma(a), is_log)


@op(aliases=("random_pdf_exponential",), **_scalar)
def _random_pdf_exponential(sample: Tensor, lam: Tensor, *, is_log: bool = False):
    """The density of an exponential distribution with rate `lam`.

    Shapes: sample S + T, lam S -> S + T. With `is_log`, the logarithm.
    """
    (rate,) = _aligned(sample, lam)
    return _finish(jnp.log(rate) - rate * sample, is_log)


@op(aliases=("random_pdf_poisson",), **_scalar)
def _random_pdf_poisson(sample: Tensor, lam: Tensor, *, is_log: bool = False):
    """The probability of a Poisson distribution with mean `lam`.

    Shapes: sample S + T, lam S -> S + T. With `is_log`, the logarithm.
    """
    (mean,) = _aligned(sample, lam)
    x = lax.stop_gradient(sample)
    return _finish(x * jnp.log(mean) - lax.lgamma(x + 1) - mean, is_log)


def _negative_binomial(x: Any, limit: Any, p: Any) -> Any:
    x = lax.stop_gradient(x)
    ways = lax.lgamma(x + limit) - lax.lgamma(x + 1) - lax.lgamma(limit)
    return ways + limit * jnp.log(p) + x * jnp.log(1 - p)


@op(aliases=("random_pdf_negative_binomial",), **_scalar)
def _random_pdf_negative_binomial(sample: Tensor, k: Tensor, p: Tensor, *, is_log: bool = False):
    """The probability of a negative binomial distribution.

    Shapes: sample S + T, k and p S -> S + T. With `is_log`, the logarithm.
    """
    k, p = _aligned(sample, k, p)
    return _finish(_negative_binomial(sample, jnp.broadcast_to(k, sample.shape), p), is_log)


@op(aliases=("random_pdf_generalized_negative_binomial",), **_scalar)
def _random_pdf_generalized_negative_binomial(sample: Tensor, mu: Tensor, alpha: Tensor, *, is_log: bool = False):
    """The probability of a negative binomial distribution given by mean and dispersion.

    Shapes: sample S + T, mu and alpha S -> S + T. With `is_log`, the logarithm.
    """
    mu, alpha = _aligned(sample, mu, alpha)
    limit = jnp.broadcast_to(1 / alpha, sample.shape)
    return _finish(_negative_binomial(sample, limit, 1 / (mu * alpha + 1)), is_log)


@op(aliases=("random_pdf_dirichlet",), shape=_vector_shape)
def _random_pdf_dirichlet(sample: Tensor, alpha: Tensor, *, is_log: bool = False):
    """The density of a Dirichlet distribution.

    Shapes: sample S + T + (K,), alpha S + (K,) -> S + T, or (1,) for one vector. With `is_log`, the logarithm.
    """
    between = (1,) * (sample.ndim - alpha.ndim)
    a = alpha.reshape((*alpha.shape[:-1], *between, alpha.shape[-1]))
    total = lax.lgamma(a.sum(axis=-1)) - lax.lgamma(a).sum(axis=-1)
    y = ((a - 1) * jnp.log(sample)).sum(axis=-1) + total
    return _finish(y.reshape(sample.shape[:-1] or (1,)), is_log)
