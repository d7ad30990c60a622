"""`lax.scan` over a body that multiplies by weights that stay the same: their gradients are one product after it.

Differentiated as it is, such a loop reads and writes an array of the weights' size in every repetition, to sum their
gradients. Here the rule of differentiation says that a change of the weights acts as a shift of what is multiplied by
them, so that the gradient of the weights is the product of the shifts' gradients with what was multiplied, over all
repetitions at once. Forward mode, `vmap` and higher derivatives work as ever.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

Product = Callable[[int, Array], Array]
"""`(k, x) -> multiply(x, weights[k])`."""


def product_with_transpose(x: Array, weight: Array) -> Array:
    """(..., inputs) and (outputs, inputs) -> (..., outputs); XLA multiplies its gradients faster than dot_general's."""
    return x @ weight.T


def scan(
    body: Callable[[Any, Any, Any, Product], tuple[Any, Any]],
    weights: Sequence[Array],
    shared: Any,
    first: Any,
    each: Any,
    length: int,
    multiply: Callable[[Array, Array], Array] = product_with_transpose,
    wrap: Callable[[Callable], Callable] | None = None,
) -> tuple[Any, Any]:
    """The last carry and what all repetitions gave, stacked, as from `lax.scan`.

    Args:
        body: `(shared, carry, x, product) -> (carry, y)`. It calls `product` at most once with each number, and
            closes over no value that gradients are asked of.
        weights: what is multiplied by, such as matrices (outputs, inputs).
        shared: other values that all repetitions read.
        first: the first carry.
        each: values that differ by repetition, stacked.
        length: how many repetitions there are.
        multiply: the product of a value and a weight, linear in both.
        wrap: what is made of one repetition before it is looped, such as `jax.checkpoint`.
    """

    def loop(weights: Any, shared: Any, first: Any, each: Any, shifts: Any) -> tuple:
        def repetition(carry: Any, given: tuple) -> tuple:
            x, shift = given
            multiplied = {}

            def product(k: int, data: Array) -> Array:
                multiplied[k] = data
                y = multiply(data, weights[k])
                return y + shift[k] if shift else y

            carry, y = body(shared, carry, x, product)
            return carry, (y, multiplied)

        carry, (y, multiplied) = lax.scan(wrap(repetition) if wrap else repetition, first, (each, shifts), length)
        return (carry, y), multiplied

    @jax.custom_jvp
    def run(weights: Any, shared: Any, first: Any, each: Any) -> tuple:
        return loop(weights, shared, first, each, {})[0]

    @run.defjvp
    def differentiate(at: tuple, changes: tuple) -> tuple:
        weights, *others = at
        change, *other_changes = changes
        multiply_all = jax.vmap(multiply, (0, None))
        _, multiplied = jax.eval_shape(loop, weights, *others, {})
        shapes = {k: jax.eval_shape(multiply_all, x, weights[k]) for k, x in multiplied.items()}
        shifts = {k: jnp.zeros(y.shape, y.dtype) for k, y in shapes.items()}
        found, linear, multiplied = jax.linearize(partial(loop, weights), *others, shifts, has_aux=True)
        return found, linear(*other_changes, {k: multiply_all(x, change[k]) for k, x in multiplied.items()})

    return run(tuple(weights), shared, first, each)
