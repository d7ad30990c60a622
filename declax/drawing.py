"""Where initializers take their random numbers from: NumPy on the host, given a key, a generator or the seed.

Drawing on the host needs no compilation, so that a network of many shapes starts at once. A traced key (`jit`,
`eval_shape`) draws the very same numbers through a callback.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import numpy as np


class _Source(threading.local):
    generator: np.random.Generator | None = None


_source = _Source()


@contextmanager
def drawing_from(generator: np.random.Generator) -> Iterator[None]:
    """Initializers called inside draw from this generator instead of `declax.random`'s state."""
    before, _source.generator = _source.generator, generator
    try:
        yield
    finally:
        _source.generator = before


def generator_of(words: Sequence[int] | np.ndarray) -> np.random.Generator:
    """A generator that whole numbers determine."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([int(w) for w in words])))


def generator() -> np.random.Generator:
    """The generator that an initializer draws from now."""
    if _source.generator is not None:
        return _source.generator
    from declax.random import next_words

    return generator_of(next_words())


def uniform(limit: float, shape: tuple[int, ...]) -> np.ndarray:
    """float32 values in [-limit, limit)."""
    return np.float32(limit) * (2 * generator().random(shape, np.float32) - 1)


def normal(sigma: float, shape: tuple[int, ...]) -> np.ndarray:
    """float32 values of mean 0 and standard deviation `sigma`."""
    return np.float32(sigma) * generator().standard_normal(shape, np.float32)


def draw(fill: Callable[[np.ndarray], None], name: str, shape: Sequence[int], dtype: Any, key: Any) -> Any:
    """An array that `fill` has filled, its random numbers determined by the key and the name.

    `key` is a `jax.random.key`, whole numbers, or None for `declax.random`'s state; a traced key gives a traced array.
    """
    shape, dtype = tuple(shape), np.dtype(dtype)

    def filled(words: Any) -> np.ndarray:
        array = np.zeros(shape, dtype)
        with drawing_from(generator_of([*np.ravel(words), crc32(name.encode())])):
            fill(array)
        return array

    if key is None:
        from declax.random import next_words

        return filled(next_words())
    if isinstance(key, int | list | tuple | np.ndarray):
        return filled(key)
    import jax
    from jax.core import Tracer

    words = jax.random.key_data(key) if jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    if isinstance(words, Tracer):
        return jax.pure_callback(filled, jax.ShapeDtypeStruct(shape, dtype), words, vmap_method="sequential")
    return filled(words)
