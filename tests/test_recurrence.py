"""Loops with late gradients of their weights: `lax.scan`'s numbers in every mode, without sums of weights inside."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params

from declax.layers.recurrence import scan

STEPS, BATCH, WIDTH = 5, 2, 3


def body(bias, state, given, product):
    x, valid = given
    inner = jnp.tanh(x + product(0, state) + bias)
    new = jnp.where(valid, product(1, inner), state)
    return new, inner * 2


def values():
    rng = np.random.default_rng(0)
    shapes = [(4, WIDTH), (WIDTH, 4), (4,), (BATCH, WIDTH), (STEPS, BATCH, 4)]
    return [jnp.asarray(rng.normal(0, 0.7, s), "float32") for s in shapes], rng.random((STEPS, BATCH, 1)) < 0.7


def late(inner, outer, bias, first, each):
    return scan(body, [inner, outer], bias, first, (each, values()[1]), STEPS)


def plain(inner, outer, bias, first, each):
    weights = (inner, outer)
    step = lambda state, given: body(bias, state, given, lambda k, x: x @ weights[k].T)  # noqa: E731
    return jax.lax.scan(step, first, (each, values()[1]))


def loss(loop):
    def total(*args):
        last, every = loop(*args)
        return jnp.sum(jnp.sin(last)) + jnp.sum(jnp.cos(every))

    return total


MODES = {
    "values": lambda f: lambda *args: f(*args),
    "reverse": lambda f: jax.grad(f, range(5)),
    "forward": lambda f: jax.jacfwd(f, range(5)),
    "forward over reverse": lambda f: jax.hessian(f),
    "reverse over reverse": lambda f: jax.jacrev(jax.grad(f)),
    "batched": lambda f: lambda w, *rest: jax.vmap(jax.grad(f), (0, *[None] * 4))(jnp.stack([w, 2 * w]), *rest),
    "compiled": lambda f: jax.jit(jax.grad(f, range(5))),
}


@pytest.mark.parametrize("mode", MODES)
def test_numbers_are_those_of_scan(mode):
    given, _ = values()
    for x, y in zip(*(jax.tree.leaves(MODES[mode](loss(f))(*given)) for f in (late, plain)), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5)


def carried(loop):
    """Shapes that go round in the loops of the gradient."""
    found = []

    def look(jaxpr):
        for equation in jaxpr.eqns:
            if equation.primitive.name == "scan":
                count, consts = equation.params["num_carry"], equation.params["num_consts"]
                found.extend(v.aval.shape for v in equation.invars[consts : consts + count])
            for inner in jaxprs_in_params(equation.params):
                look(inner)

    look(jax.make_jaxpr(jax.grad(loss(loop), range(5)))(*values()[0]).jaxpr)
    return found


def test_no_sum_of_weights_goes_round():
    assert (4, WIDTH) in carried(plain)
    assert (4, WIDTH) not in carried(late)
    assert (WIDTH, 4) not in carried(late)
    assert (BATCH, WIDTH) in carried(late)
