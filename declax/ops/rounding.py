"""Numbers whose last digit matters, because they are rounded to whole ones next."""

import jax.numpy as jnp
from jax import Array


def quotient(x: Array, n: float) -> Array:
    """x / n correctly rounded; XLA would multiply by 1 / n, whose last digit can differ."""
    return x / jnp.where(jnp.isfinite(x), jnp.array(n, x.dtype), 1)


def unfused(x: Array) -> Array:
    """x as it is, but never fused into a following addition, which would round once instead of twice."""
    return jnp.where(jnp.isfinite(x), x, 0)
