"""Random operators whose parameters are tensors: `_sample_*`, classes and orders.

The samplers are those of random.py. Nothing flows back through a sample; log probabilities have gradients.
"""

from collections.abc import Callable
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from declax import rules
from declax.ops.random import (
    FloatType,
    Shape,
    decide_type,
    exponential,
    gamma,
    generalized_negative_binomial,
    negative_binomial,
    normal,
    poisson,
    require,
    uniform,
    wide_type,
)
from declax.registry import Key, Results, Tensor, op
from declax.rules import Shapes, Types, assign_type, dtype_of, merge_type
from declax.shapes import PartialShape, ShapeConflict, from_public, merge, show

# -- distributions ---------------------------------------------------------------------------------------------


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
        decide_type(outs, dtype, "float32")


def _each(sampler: Callable, key: Any, shape: Shape, dtype: str | None, *parameters: Any) -> Any:
    """Samples of `shape` for every entry of the parameters."""
    kind = dtype_of(dtype) if dtype not in (None, "None") else np.dtype("float32")
    extra = tuple(shape or ())
    whole = (*parameters[0].shape, *extra)
    wide = [lax.stop_gradient(p).astype(wide_type(kind)).reshape(p.shape + (1,) * len(extra)) for p in parameters]
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
    batch, count = shape if shape is not None else results[0][0]
    require(count <= range_max, "Number of samples cannot exceed the number of possible classes")
    real = jnp.zeros((), jnp.float32).dtype
    edges = jnp.log(jnp.clip(jnp.arange(range_max + 1, dtype=real) + 0.5, 1, range_max))
    weights = jnp.diff(edges) / max(np.log(range_max), 1e-30) if range_max > 1 else jnp.ones(1, real)
    noise = jax.random.gumbel(jax.random.fold_in(key, 0), (batch, range_max), real)
    _, classes = lax.top_k(jnp.log(weights) + noise, count)
    taken = jnp.cumsum(weights[classes], axis=1, dtype=real)[:, :-1]
    u = jax.random.uniform(jax.random.fold_in(key, 1), taken.shape, real, minval=np.finfo(real).tiny)
    repeats = jnp.floor(jnp.log(u) / jnp.log(jnp.clip(taken, np.finfo(real).tiny, 1 - np.finfo(real).eps)))
    tries = count + jnp.sum(repeats, axis=1)
    whole = jax.dtypes.canonicalize_dtype("int64")
    return classes.astype(whole), tries.astype(whole)
