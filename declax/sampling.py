"""Functions of `sym.random` and `nd.random`; each takes the frontend first.

Parameters that are numbers go to `_random_*` operators, tensors to `_sample_*`, with MXNet's names and attributes.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from declax.frontend import InputTypeError, Namespaces

PUBLIC = (
    "uniform", "normal", "randn", "poisson", "exponential", "gamma", "negative_binomial",
    "generalized_negative_binomial", "multinomial", "shuffle", "randint",
)  # fmt: skip

_NUMBERS = (int, float, np.generic)


def _draw(
    f: Namespaces, random: str, sampler: str | None, names: str, parameters: Mapping[str, Any], shape: Any,
    dtype: Any, kwargs: dict,
) -> Any:  # fmt: skip
    """Calls `random` when the parameters are numbers and `sampler`, whose inputs are `names`, when they are tensors."""
    first = next(iter(parameters.values()))
    kinds: Any = f.tensor if isinstance(first, f.tensor) else _NUMBERS
    if not isinstance(first, kinds):
        raise ValueError(
            f"Distribution parameters must be either {f.tensor.__name__} or numbers, but got {type(first)}."
        )
    for value in parameters.values():
        if not isinstance(value, kinds):
            raise InputTypeError(
                f"Distribution parameters must all have the same type, but got both {type(first)} and {type(value)}."
            )
    given = {k: v for k, v in (("shape", shape), ("dtype", dtype)) if v is not None}
    if kinds is not _NUMBERS:
        if sampler is None:
            raise InputTypeError(f"{random} takes numbers, but got {type(first)}")
        kwargs.pop("ctx", None)
        inputs = dict(zip(names.split(), parameters.values(), strict=True))
        return getattr(f.sub["_internal"], sampler)(**inputs, **given, **kwargs)
    if "shape" not in given and not _declares(f):
        out = kwargs.get("out")
        given["shape"] = 1 if out is None else out.shape
        if out is not None:
            given.setdefault("dtype", np.dtype(out.dtype).name)
    kwargs = {k: v for k, v in kwargs.items() if v is not None}
    return getattr(f.sub["_internal"], random)(**parameters, **given, **kwargs)


def _declares(f: Namespaces) -> bool:
    from declax.symbol import Symbol

    return issubclass(f.tensor, Symbol)


def uniform(f: Namespaces, low: Any = 0, high: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
    """Uniform samples in [low, high); for tensors, `shape` samples for every pair of bounds."""
    p = {"low": low, "high": high}
    return _draw(f, "_random_uniform", "_sample_uniform", "low high", p, shape, dtype, kwargs)


def normal(f: Namespaces, loc: Any = 0, scale: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
    """Normal samples; for tensors, `shape` samples for every mean and standard deviation."""
    p = {"loc": loc, "scale": scale}
    return _draw(f, "_random_normal", "_sample_normal", "mu sigma", p, shape, dtype, kwargs)


def randn(f: Namespaces, *shape: int, **kwargs: Any) -> Any:
    """Normal samples of a shape given by numbers: `randn(2, 3, loc=0, scale=1)`."""
    loc, scale, dtype = kwargs.pop("loc", 0), kwargs.pop("scale", 1), kwargs.pop("dtype", None)
    return normal(f, loc, scale, shape, dtype, **kwargs)


def poisson(f: Namespaces, lam: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
    """Poisson samples with mean `lam`; for a tensor, `shape` samples for every mean."""
    return _draw(f, "_random_poisson", "_sample_poisson", "lam", {"lam": lam}, shape, dtype, kwargs)


def exponential(f: Namespaces, scale: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
    """Exponential samples with mean `scale`; for a tensor, `shape` samples for every mean."""
    return _draw(f, "_random_exponential", "_sample_exponential", "lam", {"lam": 1.0 / scale}, shape, dtype, kwargs)


def gamma(f: Namespaces, alpha: Any = 1, beta: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
    """Gamma samples with shape `alpha` and scale `beta`; for tensors, `shape` samples for every pair."""
    p = {"alpha": alpha, "beta": beta}
    return _draw(f, "_random_gamma", "_sample_gamma", "alpha beta", p, shape, dtype, kwargs)


def negative_binomial(
    f: Namespaces, k: Any = 1, p: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any
) -> Any:
    """Negative binomial samples: failures before the k-th success of probability p."""
    given = {"k": k, "p": p}
    return _draw(f, "_random_negative_binomial", "_sample_negative_binomial", "k p", given, shape, dtype, kwargs)


def generalized_negative_binomial(
    f: Namespaces, mu: Any = 1, alpha: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any
) -> Any:
    """Negative binomial samples with mean `mu` and dispersion `alpha`."""
    random, sampler = "_random_generalized_negative_binomial", "_sample_generalized_negative_binomial"
    return _draw(f, random, sampler, "mu alpha", {"mu": mu, "alpha": alpha}, shape, dtype, kwargs)


def multinomial(
    f: Namespaces, data: Any, shape: Any = None, get_prob: bool | None = None, dtype: Any = "int32", **kwargs: Any
) -> Any:
    """Classes drawn from rows of probabilities; with `get_prob` (on by default for symbols) their log probabilities."""
    given = {} if shape is None else {"shape": shape}
    get_prob = _declares(f) if get_prob is None else get_prob
    return f.sub["_internal"]._sample_multinomial(data, **given, get_prob=get_prob, dtype=dtype, **kwargs)


def shuffle(f: Namespaces, data: Any, **kwargs: Any) -> Any:
    """The data in random order along the first axis."""
    return f.sub["_internal"]._shuffle(data, **kwargs)


def randint(f: Namespaces, low: Any, high: Any, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
    """Whole numbers in [low, high)."""
    return _draw(f, "_random_randint", None, "", {"low": low, "high": high}, shape, dtype, kwargs)
