"""Repeated blocks as loops: found where they are, left alone where they are not, and the same numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import declax as mx
from declax.graph import topological
from declax.passes.recompute import Together
from declax.passes.rolled import Joined, Rolled
from declax.passes.stacking import stack, unstack
from declax.plan import Step

STEPS, WIDTH, BATCH = 6, 4, 3


def lstm(*, layers=1, dropout=0.0, bidirectional=False):
    """A net over time, unrolled through cells."""
    net = mx.sym.Variable("data")
    for i in range(layers):
        cell = mx.rnn.LSTMCell(WIDTH, prefix=f"l{i}_")
        if bidirectional:
            cell = mx.rnn.BidirectionalCell(cell, mx.rnn.LSTMCell(WIDTH, prefix=f"r{i}_"), output_prefix=f"b{i}_")
        net, _ = cell.unroll(STEPS, net, layout="NTC", merge_outputs=True)
        if dropout:
            net = mx.sym.Dropout(net, p=dropout, name=f"drop{i}")
    return mx.sym.FullyConnected(net, num_hidden=2, name="fc"), {"data": (BATCH, STEPS, WIDTH)}


def steps_with_dropout():
    """Weights shared by all steps, dropout and batch statistics inside."""
    x = mx.sym.Variable("data")
    names = ("w", "b", "gamma", "beta", "mean", "var")
    w, b, gamma, beta, mean, var = (mx.sym.Variable(n) for n in names)
    for i in range(8):
        y = mx.sym.FullyConnected(x, w, b, num_hidden=WIDTH, name=f"fc{i}")
        y = mx.sym.BatchNorm(y, gamma, beta, mean, var, fix_gamma=False, name=f"bn{i}")
        y = mx.sym.Dropout(mx.sym.Activation(y, act_type="tanh", name=f"act{i}"), p=0.4, name=f"drop{i}")
        x = mx.sym.broadcast_add(x, y, name=f"add{i}")
    return x, {"data": (BATCH, WIDTH)}


def residual():
    """Residual units with weights and states of their own; what the third gave is an output too."""
    x = mx.sym.Variable("data")
    outputs = []
    for i in range(8):
        y = mx.sym.Convolution(x, kernel=(3, 3), pad=(1, 1), num_filter=WIDTH, no_bias=True, name=f"conv{i}")
        y = mx.sym.BatchNorm(y, fix_gamma=False, name=f"bn{i}")
        x = mx.sym.Activation(x + y, act_type="relu", name=f"relu{i}")
        outputs.append(x)
    return mx.sym.Group([outputs[2], mx.sym.Pooling(x, global_pool=True, pool_type="avg", name="pool")]), {
        "data": (2, WIDTH, 5, 5)
    }


NETS = {
    "lstm": (lstm, "roll"),
    "two layers": (lambda: lstm(layers=2, dropout=0.5), "roll"),
    "bidirectional": (lambda: lstm(bidirectional=True), "roll"),
    "dropout and states": (steps_with_dropout, "roll"),
    "own weights": (residual, "roll stack layout"),
}


def arrays(net, shapes):
    """Arguments and states by name."""
    rng = np.random.default_rng(0)
    args, _, aux = net.infer_shape(**shapes)
    given = {n: jnp.asarray(rng.normal(0, 0.5, s), "float32") for n, s in zip(net.list_arguments(), args, strict=True)}
    return given, {
        n: jnp.full(s, float(n.endswith("var")), "float32")
        for n, s in zip(net.list_auxiliary_states(), aux, strict=True)
    }


def plan(lowered, args, aux, train=True):
    """The plan that runs for these arrays."""
    values = [args[n] for n in lowered.arguments], [aux[n] for n in lowered.auxiliary_states]
    return lowered.planned(*values, train)


def results(net, args, aux, choices, train=True):
    """Outputs, new states and gradients, compiled."""
    lowered = mx.lower(net)

    def loss(given):
        outputs, new = lowered(given, aux, train=train, key=jax.random.key(7))
        return sum(jnp.sum(jnp.sin(y)) for y in outputs), (outputs, new)

    with mx.passes.only(*choices):
        (_, kept), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(args)
    return kept, grads


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("train", [True, False])
def test_rolled_and_unrolled_give_the_same_numbers(name, train):
    make, choices = NETS[name]
    net, shapes = make()
    args, aux = arrays(net, shapes)
    with mx.passes.only(*choices.split()):
        loops = [i for i in plan(mx.lower(net), args, aux, train).items if isinstance(i, Rolled)]
    assert loops
    others = [c for c in choices.split() if c not in ("roll", "stack")]
    rolled, unrolled = results(net, args, aux, choices.split(), train), results(net, args, aux, others, train)
    for x, y in zip(jax.tree.leaves(rolled), jax.tree.leaves(unrolled), strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-4, atol=2e-5)


def test_an_unrolled_lstm_is_one_loop_without_the_slices_and_the_joining_of_its_steps():
    net, shapes = lstm()
    args, aux = arrays(net, shapes)
    with mx.passes.only("roll"):
        found = plan(mx.lower(net), args, aux)
    (loop,) = [i for i in found.items if isinstance(i, Rolled)]
    assert loop.repetitions == STEPS
    # the one that is left cuts the gates inside the loop
    assert sum("SliceChannel" in line for line in str(found).splitlines()) == 1
    assert [type(i) for i in found.items if not isinstance(i, Step)] == [Rolled, Joined]
    assert "expand_dims" not in str(found)
    assert f"{STEPS} times:" in str(found)


@pytest.mark.parametrize("layers", [2, 3])
def test_layers_of_one_size_are_a_loop_each(layers):
    net, shapes = lstm(layers=layers)
    args, aux = arrays(net, shapes)
    with mx.passes.only("roll"):
        found = plan(mx.lower(net), args, aux)
    loops = [i for i in found.items if isinstance(i, Rolled)]
    assert [loop.repetitions for loop in loops] == [STEPS] * layers
    assert [s.node.name for s in found.items if isinstance(s, Step) and s.node.op_name == "FullyConnected"] == ["fc"]
    for i, loop in enumerate(loops):  # each takes its own weights, and the layer's input is multiplied before the loop
        assert [loop.body[k].node.name for k in loop.ahead] == [f"l{i}_t0_i2h"]
        assert [loop.body[k].node.name for k in loop.inside] == [f"l{i}_t0_h2h"]
    assert str(found).count("ahead of the loop") == layers


def test_loops_draw_for_every_key():
    net, shapes = steps_with_dropout()
    args, aux = arrays(net, shapes)
    lowered = mx.lower(net)
    keys = jax.random.split(jax.random.key(3), 2)

    def grads(key):
        return jax.grad(lambda given: jnp.sum(lowered(given, aux, train=True, key=key)[0][0]))(args)

    with mx.passes.only("roll"):
        together = jax.vmap(grads)(keys)
        for i, key in enumerate(keys):
            alone = grads(key)
            for name, g in alone.items():
                np.testing.assert_allclose(together[name][i], g, rtol=1e-4, atol=1e-5, err_msg=name)


def marked(symbol, wanted):
    """A copy in which the wanted nodes are to be computed again in the backward."""
    twin = symbol.__copy__()
    for node in topological(twin.heads):
        if node.op is not None and wanted(node.name):
            node.attrs["__force_mirroring__"] = "True"
    return twin


@pytest.mark.parametrize("again", ["h2h", "_o", ""])
def test_what_every_repetition_computes_again_stays_in_the_loop(again):
    net, shapes = lstm(layers=2, dropout=0.5)
    twin = marked(net, lambda name: "_t" in name and again in name)
    args, aux = arrays(net, shapes)
    with mx.passes.only("roll", "recompute"):
        loops = inside_out(plan(mx.lower(twin), args, aux))
    assert [loop.repetitions for loop in loops] == [STEPS] * 2
    assert all(0 < len(loop.again) <= len(loop.body) for loop in loops)
    assert all(line.endswith("again in the backward") for line in loops[0].lines() if "t0_h2h" in line and not again)
    kept, found = (results(n, args, aux, ["roll", "recompute"]) for n in (net, twin))
    for x, y in zip(jax.tree.leaves(kept), jax.tree.leaves(found), strict=True):
        np.testing.assert_allclose(x, y, rtol=2e-4, atol=2e-5)


def test_what_some_repetitions_compute_again_is_not_rolled():
    net, shapes = lstm()
    args, aux = arrays(net, shapes)
    with mx.passes.only("roll", "recompute"):
        found = plan(mx.lower(marked(net, lambda name: "_t1_" in name)), args, aux)
    assert not inside_out(found)
    assert "compute in the backward" in str(found)


def inside_out(found):
    """The loops of a plan whose items are wrapped by recompute.py."""
    items = [i.item if isinstance(i, Together) else i for i in found.items]
    return [i for i in items if isinstance(i, Rolled)]


def test_own_weights_are_rolled_only_when_asked_for():
    net, shapes = residual()
    args, aux = arrays(net, shapes)
    assert not any(isinstance(i, Rolled) for i in plan(mx.lower(net), args, aux).items)


def test_what_does_not_repeat_stays_as_it_is():
    x = mx.sym.Variable("data")
    for i in range(30):
        x = mx.sym.FullyConnected(x, num_hidden=3 + i, name=f"fc{i}")
    args, aux = arrays(x, {"data": (2, 3)})
    lowered = mx.lower(x)
    with mx.passes.only("roll", "stack"):
        assert plan(lowered, args, aux) is lowered.plan


def test_stacks_and_their_gradients():
    groups = [[jnp.full((2,), float(i)) for i in range(6)], [jnp.full((1, 3), float(-i)) for i in range(6)]]
    first, second = jax.jit(stack)(groups)
    assert first.shape == (6, 2)
    assert second.shape == (6, 1, 3)
    parts = jax.jit(unstack)([first, second])
    jax.tree.map(np.testing.assert_array_equal, parts, groups)

    def weighted(groups):
        a, b = unstack([x * 2 for x in stack(groups)])
        return sum(jnp.sum(x) * i for i, x in enumerate(a)) - jnp.sum(b[5])

    grads = jax.jit(jax.grad(weighted))(groups)
    assert [float(g[0]) for g in grads[0]] == [0, 2, 4, 6, 8, 10]
    assert [float(g[0, 0]) for g in grads[1]] == [0, 0, 0, 0, 0, -2]
    batched = jax.vmap(lambda x: stack([[x, x + 1, x + 2]])[0])(jnp.arange(4.0))
    np.testing.assert_array_equal(batched, jnp.arange(4.0)[:, None] + jnp.arange(3.0))
    np.testing.assert_array_equal(jax.vmap(lambda x: jnp.stack(unstack([x])[0]))(batched), batched)
