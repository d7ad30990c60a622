"""Gradients that are written for XLA against those that JAX derives, backward, forward and twice."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import declax as dx
from declax.layers.formulations import FORMULATIONS

pytestmark = pytest.mark.usefixtures("default_choices")

sym = dx.sym


def net() -> dx.Symbol:
    """Every kind of layer whose gradient is written down."""
    x = sym.Convolution(
        sym.Variable("data"), num_filter=8, kernel=(3, 3), stride=(2, 1), pad=(1, 1), no_bias=True, name="conv"
    )
    x = sym.Activation(sym.BatchNorm(x, fix_gamma=False, name="norm"), act_type="tanh")
    x = sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max")
    x = sym.Convolution(x, num_filter=6, kernel=(1, 1), name="points")
    x = sym.Convolution(x, num_filter=6, num_group=6, kernel=(3, 3), pad=(1, 1), name="channels")
    x = sym.Convolution(x, num_filter=6, num_group=3, kernel=(3, 3), pad=(1, 1), name="groups")
    x = sym.Deconvolution(x, num_filter=4, kernel=(4, 4), stride=(2, 2), name="up")
    x = sym.Deconvolution(x, num_filter=4, num_group=4, kernel=(2, 2), stride=(2, 2), name="up_channels")
    x = sym.Pooling(x, kernel=(2, 2), stride=(1, 1), pool_type="avg")
    return sym.FullyConnected(sym.Pooling(x, global_pool=True, pool_type="max"), num_hidden=3, name="dense")


def loss_and_values():
    """A loss over the arguments, and arguments for it."""
    f = dx.lower(net())
    shapes, _, aux_shapes = net().infer_shape(data=(2, 3, 12, 9))
    numbers = np.random.default_rng(0)
    args = {n: jnp.asarray(numbers.normal(size=s), "float32") for n, s in zip(f.arguments, shapes, strict=True)}
    aux = {n: jnp.ones(s) for n, s in zip(f.auxiliary_states, aux_shapes, strict=True)}
    return lambda values: jnp.sum(jnp.sin(f(values, aux, train=True)[0][0])), args


def assert_alike(got: dict, want: dict, share: float = 1e-4):
    for name, w in want.items():
        scale = max(float(np.abs(w).max()), 1e-2)
        np.testing.assert_allclose(got[name], w, rtol=0, atol=share * scale, err_msg=name)


def test_forward_and_second_derivatives_without_the_written_ones():
    loss, args = loss_and_values()
    along = {n: jnp.cos(3 * x) for n, x in args.items()}
    slope = jax.jit(jax.grad(loss))(args)

    def twice(values):
        gradient = jax.grad(loss)(values)
        return sum(jnp.vdot(along[n], g) for n, g in gradient.items())

    curved = jax.jit(jax.grad(twice))(args)
    with dx.passes.switched(gradients=False):
        assert_alike(jax.jit(lambda v: jax.grad(loss)(v))(args), slope)
        _, forward = jax.jit(lambda v: jax.jvp(loss, (v,), (along,)))(args)
        assert_alike(jax.jit(lambda v: jax.jvp(jax.grad(loss), (v,), (along,))[1])(args), curved, 1e-3)
    backward = sum(float(jnp.vdot(along[n], g)) for n, g in slope.items())
    assert float(forward) == pytest.approx(backward, rel=1e-4)


def test_with_them_there_is_no_derivative_forward():
    loss, args = loss_and_values()
    with pytest.raises((TypeError, dx.errors.RunError), match=r"forward-mode autodiff \(jvp\)"):
        jax.jvp(loss, (args,), (args,))


def test_other_outputs_of_batch_normalization_give_no_gradient():
    """As in MXNet, whichever gradient counts."""
    found = []
    for on in (True, False):
        with dx.passes.switched(gradients=on):
            y, mean, _ = sym.BatchNorm(sym.Variable("x"), output_mean_var=True, name="norm")
            ex = sym.Group([y, mean]).simple_bind(dx.cpu(), x=(4, 3))
            ex.arg_dict["x"][:] = np.arange(12).reshape(4, 3) ** 2
            ex.forward(is_train=True)
            ex.backward([dx.nd.array(np.arange(12).reshape(4, 3) % 5), dx.nd.ones((3,))])
            found.append(ex.grad_dict["x"].asnumpy())
    np.testing.assert_allclose(*found, rtol=0, atol=1e-5 * np.abs(found[0]).max())
    assert np.abs(found[0].sum(0)).max() < 1e-4  # the mean's own gradient would add 1 to each column


@pytest.mark.parametrize("window", [{"kernel": (2, 2)}, {"global_pool": True}], ids=["windows", "everything"])
def test_the_first_of_equal_maxima_gets_the_gradient(window: dict):
    pooled = sym.Pooling(sym.Variable("x"), pool_type="max", **window)
    found = []
    for on in (True, False):
        with dx.passes.switched(gradients=on):
            ex = pooled.simple_bind(dx.cpu(), x=(1, 1, 4, 4))
            ex.arg_dict["x"][:] = np.asarray([[1, 1, 0, 2], [1, 1, 2, 2], [0, 2, 1, 1], [2, 0, 1, 1]])
            ex.forward(is_train=True)
            ex.backward(dx.nd.ones(ex.outputs[0].shape))
            found.append(ex.grad_dict["x"].asnumpy()[0, 0])
    np.testing.assert_array_equal(*found)
    if "kernel" not in window:
        np.testing.assert_array_equal(np.argwhere(found[0]), [[0, 3]])


@pytest.mark.parametrize("name", ["convolution", "patches", "winograd"])
def test_formulations_without_written_gradients(name: str):
    from declax.layers.channels_last import Window

    window = Window((3, 3), (1, 1), (1, 1), (1, 1), 1)
    numbers = np.random.default_rng(1)
    values = tuple(jnp.asarray(numbers.normal(size=s), "float32") for s in ((2, 6, 5, 3), (3, 3, 3, 4)))

    def loss(data, weight):
        return jnp.sum(jnp.sin(FORMULATIONS[name].run(data, weight, window)))

    with dx.passes.switched(gradients=False):
        _, forward = jax.jvp(loss, values, values)
    backward = sum(jnp.vdot(v, g) for v, g in zip(values, jax.grad(loss, (0, 1))(*values), strict=True))
    assert float(forward) == pytest.approx(float(backward), rel=1e-4)
