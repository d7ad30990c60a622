"""The imperative random state: `seed` sets it, executors and `nd` operators take keys from it.

Pure functions (`declax.lower`) never read it; they are given their key. The samplers of `nd.random` are found here
too, as in MXNet (`random.uniform` is `nd.random.uniform`).
"""

import threading
from typing import Any

import numpy as np

_lock = threading.Lock()
_state: list[int] = [0, 0]


def seed(seed_state: int, ctx: Any = "all") -> None:
    """Sets the state of every random operator called from here on; `ctx` is accepted, all devices share the state."""
    with _lock:
        _state[0], _state[1] = int(seed_state) & 0xFFFFFFFF, 0


def next_words() -> np.ndarray:
    """Two numbers that make a fresh key: different at each call, the same sequence after the same `seed`."""
    with _lock:
        _state[1] += 1
        return np.array(_state, np.uint32)


def key_of(words: Any) -> Any:
    """The `jax.random.key` of what `next_words` gave; works under `jit`, where it costs no dispatch."""
    import jax

    return jax.random.fold_in(jax.random.key(words[0]), words[1])


def next_key() -> Any:
    """A fresh `jax.random.key`."""
    return key_of(next_words())


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    from declax.array import namespaces

    return getattr(namespaces.sub["random"], name)
