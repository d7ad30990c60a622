"""Running what is bound: forward, backward, states, head gradients, reshaping, watching, compiled calls."""

import logging

import jax
import numpy as np
import pytest

import declax as mx
from declax.errors import BindError
from declax.program import Program
from tests.dense import HEAD, close, dense, given, want, zeros_like

# -- forward and backward ------------------------------------------------------------------------------------------


def test_forward_writes_its_keywords():
    args = given()
    ex = dense().bind(mx.cpu(), args)
    for value in (mx.nd.ones((3, 4)), np.ones((3, 4)), jax.numpy.ones((3, 4))):
        args["x"][:] = 0
        close(ex.forward(x=value)[0], want({**args, "x": mx.nd.ones((3, 4))})["out"])
        assert (args["x"].asnumpy() == 1).all()
    with pytest.raises(TypeError, match="Unknown argument fc_wight; did you mean 'fc_weight'"):
        ex.forward(fc_wight=np.ones(1))
    with pytest.raises(ValueError, match=r"Shape not match! Argument x, need: \(3, 4\), received: \(2, 4\)"):
        ex.forward(x=np.ones((2, 4)))
    with pytest.raises(ValueError, match="only accept keyword argument of NDArrays"):
        ex.forward(x=[1])


def loss_net() -> mx.Symbol:
    hidden = mx.sym.Dropout(mx.sym.BatchNorm(dense(num_hidden=6), name="bn", fix_gamma=False), p=0.5, name="drop")
    return mx.sym.SoftmaxOutput(hidden, name="out")


def prepared(**kwargs) -> mx.Executor:
    ex = loss_net().simple_bind(mx.cpu(), x=(5, 4), **kwargs)
    rng = np.random.default_rng(3)
    for n, a in ex.arg_dict.items():
        a[:] = rng.integers(0, 6, a.shape) if n == "out_label" else rng.normal(size=a.shape)
    ex.aux_dict["bn_moving_var"][:] = 1
    return ex


def test_reading_outputs_before_backward_changes_nothing():
    results = []
    for look in (False, True):
        mx.random.seed(11)
        ex = prepared()
        for _ in range(2):
            ex.forward(is_train=True)
            if look:
                ex.outputs[0].asnumpy(), ex.aux_arrays[0].asnumpy()
            ex.backward()
        results.append([a.asnumpy() for a in (*ex.outputs, *ex.grad_arrays, *ex.aux_arrays)])
    for plain, looked in zip(*results, strict=True):
        np.testing.assert_allclose(plain, looked, rtol=1e-5, atol=1e-6)


def test_dropout_gradient_uses_the_mask_of_the_forward():
    for look in (False, True):
        ex = mx.sym.Dropout(mx.sym.Variable("x"), p=0.5, name="d").simple_bind(mx.cpu(), x=(32, 32))
        ex.arg_dict["x"][:] = 1
        ex.forward(is_train=True)
        if look:
            ex.outputs[0].wait_to_read()
        ex.backward(mx.nd.ones((32, 32)))
        np.testing.assert_array_equal(ex.grad_dict["x"].asnumpy(), ex.outputs[0].asnumpy())
        first = ex.outputs[0].asnumpy()
        assert set(np.unique(first)) == {0, 2}
        assert (ex.forward(is_train=True)[0].asnumpy() != first).any()


def test_states_move_once_per_training_forward():
    ex = prepared()
    start = ex.aux_dict["bn_moving_mean"].asnumpy()
    ex.forward()
    np.testing.assert_array_equal(ex.aux_dict["bn_moving_mean"].asnumpy(), start)
    ex.forward(is_train=True)
    once = ex.aux_dict["bn_moving_mean"].asnumpy()
    assert np.abs(once - start).max() > 1e-3
    ex.backward()
    np.testing.assert_array_equal(ex.aux_dict["bn_moving_mean"].asnumpy(), once)
    ex.forward(is_train=True)
    ex.forward(is_train=True)
    ex.backward()
    batch = once / 0.1
    np.testing.assert_allclose(ex.aux_dict["bn_moving_mean"].asnumpy(), batch * (1 - 0.9**3), rtol=1e-3, atol=1e-5)


def test_backward_sees_the_arrays_of_its_forward():
    args = given()
    grads = zeros_like(args)
    ex = dense().bind(mx.cpu(), args, grads)
    ex.forward(is_train=True)
    expected = want(args)
    args["x"][:] = 100
    ex.backward(mx.nd.ones(HEAD))
    close(ex.outputs[0], expected["out"])
    close(grads["fc_weight"], expected["fc_weight"])


@pytest.mark.parametrize(
    "form", [lambda g: g, lambda g: [g], lambda g: (g,), lambda g: {"fc_output": g}, lambda g: g.asnumpy()]
)
def test_forms_of_head_gradients(form):
    args = given()
    grads = zeros_like(args)
    ex = dense().bind(mx.cpu(), args, grads)
    ex.forward(is_train=True)
    ex.backward(form(mx.nd.ones(HEAD) * 3))
    close(grads["x"], want(args, 3.0)["x"])


@pytest.mark.parametrize("group2ctx", [None, {"other": mx.cpu(1)}])
def test_of_an_output_listed_twice_the_last_gradient_counts(group2ctx):
    x = mx.sym.Variable("x")
    y = x * 2
    with mx.AttrScope(ctx_group="other"):
        z = x * 3
    heads = mx.sym.Group([y, x, z, y, x])
    ex = heads.simple_bind(mx.cpu(), group2ctx=group2ctx, x=(1,))
    ex.forward(is_train=True)
    ex.backward([mx.nd.array([10.0**i]) for i in range(5)])
    assert ex.grad_dict["x"].asscalar() == 3 * 100 + 2 * 1000 + 10000  # asked of MXNet 1.9.1
    _, back = jax.vjp(lambda x: mx.lower(heads)({"x": x})[0], jax.numpy.ones(1))
    assert back(tuple(jax.numpy.full(1, 10.0**i) for i in range(5)))[0] == 3 * 100 + 2 * 1001 + 10010


def test_head_gradients_that_are_missing_or_wrong():
    ex = dense().bind(mx.cpu(), given(), zeros_like(given()))
    ex.forward(is_train=True)
    with pytest.raises(BindError, match=r"output 'fc_output' is no loss head, so backward\(\) needs its head gradient"):
        ex.backward()
    with pytest.raises(BindError, match=r"head gradient of 'fc_output' has shape \(2, 3\), the output \(3, 2\)"):
        ex.backward(mx.nd.ones((2, 3)))
    with pytest.raises(TypeError, match="out_grads must be NDArrays, got int for output 'fc_output'"):
        ex.backward([3])


def test_heads_of_every_kind_together():
    x = mx.sym.Variable("x")
    net = mx.sym.Group([x * 2, mx.sym.BlockGrad(x * 3), x * 2, mx.sym.MakeLoss(x * x), x * 2])
    ex = net.simple_bind(mx.cpu(), x=(2,))
    ex.forward(is_train=True, x=np.array([1.0, 2.0]))
    one = mx.nd.ones((2,))
    ex.backward([one, one, one * 10, one, one * 100])
    close(ex.grad_dict["x"], np.array([2 * 111 + 2, 2 * 111 + 4.0]))
    assert len(ex.outputs) == 5


def test_integer_inputs_and_outputs():
    net = mx.sym.Embedding(mx.sym.Variable("i"), input_dim=4, output_dim=2, name="e")
    ex = net.simple_bind(mx.cpu(), i=(3,), type_dict={"i": "int32", "e_weight": "float32"})
    assert ex.arg_dict["i"].dtype == np.int32
    ex.arg_dict["e_weight"][:] = np.arange(8).reshape(4, 2)
    ex.forward(is_train=True, i=np.array([3, 0, 3]))
    close(ex.outputs[0], np.array([[6.0, 7], [0, 1], [6, 7]]))
    ex.backward(mx.nd.ones((3, 2)))
    close(ex.grad_dict["e_weight"], np.array([[1.0, 1], [0, 0], [0, 0], [2, 2]]))
    assert not ex.grad_dict["i"].asnumpy().any()


def test_wide_types_are_kept():
    ex = (mx.sym.Variable("a") * 2).simple_bind(mx.cpu(), a=(1,), type_dict={"a": "float64"})
    ex.forward(is_train=True, a=np.array([1 + 1e-12]))
    assert float(ex.outputs[0].asscalar()) == 2 * (1 + 1e-12)
    ex.backward(mx.nd.ones((1,), dtype="float64"))
    assert ex.grad_dict["a"].dtype == np.float64
    assert not jax.config.jax_enable_x64


# -- one compiled call ---------------------------------------------------------------------------------------------


def test_a_training_step_is_one_call_compiled_once(monkeypatch, caplog):
    calls: list[str] = []
    for name in ("step", "forward", "forward_kept", "backward", "infer"):
        compiled = Program.__dict__[name].func

        def counted(self, compiled=compiled, name=name):
            f = compiled(self)

            def run(*args):
                calls.append(name)
                return f(*args)

            return run

        monkeypatch.setattr(Program, name, _once(counted))
    net = mx.sym.SoftmaxOutput(dense(), name="out")
    ex = net.simple_bind(mx.cpu(), x=(3, 4))
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        for _ in range(4):
            ex.forward(is_train=True, x=np.ones((3, 4)))
            ex.backward()
        ex.outputs[0].asnumpy()
    assert calls == ["step"] * 4
    assert sum("Finished XLA compilation of jit(step)" in r.getMessage() for r in caplog.records) == 1


def _once(make) -> property:
    """A property whose value is made once for each object, as `cached_property` does."""
    made: dict[int, object] = {}

    def get(self) -> object:
        if id(self) not in made:
            made[id(self)] = make(self)
        return made[id(self)]

    return property(get)


def test_executors_of_one_symbol_share_what_is_compiled(caplog):
    net = dense()
    net.simple_bind(mx.cpu(), x=(3, 4), grad_req="null").forward()
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        net.simple_bind(mx.cpu(), x=(3, 4), grad_req="null").forward()
        assert not [r for r in caplog.records if "jit(infer)" in r.getMessage()]
        net._set_attr(num_hidden="5")
        assert net.simple_bind(mx.cpu(), x=(3, 4), grad_req="null").forward()[0].shape == (3, 5)
        assert [r for r in caplog.records if "jit(infer)" in r.getMessage()]


# -- the rest ------------------------------------------------------------------------------------------------------


def test_dictionaries():
    ex = prepared()
    assert list(ex.arg_dict) == ["x", "fc_weight", "fc_bias", "bn_gamma", "bn_beta", "out_label"]
    assert list(ex.aux_dict) == ["bn_moving_mean", "bn_moving_var"]
    assert list(ex.output_dict) == ["out_output"]
    ex.forward()
    assert ex.output_dict["out_output"] is ex.outputs[0]


def test_copy_params_from():
    ex = prepared()
    ex.copy_params_from({"fc_bias": mx.nd.ones((6,)) * 4}, {"bn_moving_mean": mx.nd.ones((6,)) * 5})
    assert (ex.arg_dict["fc_bias"].asnumpy() == 4).all()
    assert (ex.aux_dict["bn_moving_mean"].asnumpy() == 5).all()
    with pytest.raises(ValueError, match="Find name \"fc_bais\" that is not in the arguments; did you mean 'fc_bias'"):
        ex.copy_params_from({"fc_bais": mx.nd.ones((6,))})
    with pytest.raises(ValueError, match="auxiliary states"):
        ex.copy_params_from({}, {"foo": mx.nd.ones((6,))})
    ex.copy_params_from({"foo": mx.nd.ones((6,))}, allow_extra_params=True)
    with pytest.raises(BindError, match=r"'fc_bias' has shape \(6,\), cannot copy \(3,\)"):
        ex.copy_params_from({"fc_bias": mx.nd.ones((3,))})


def test_reshape():
    ex = dense().bind(mx.cpu(), given(), zeros_like(given()))
    smaller = ex.reshape(x=(2, 4))
    assert smaller.arg_dict["fc_weight"] is ex.arg_dict["fc_weight"]
    assert smaller.forward(is_train=True)[0].shape == (2, 2)
    smaller.backward(mx.nd.ones((2, 2)))
    assert smaller.grad_dict["x"].shape == (2, 4)
    with pytest.raises(BindError, match=r"'x' would grow from \(3, 4\) to \(5, 4\).*allow_up_sizing=True"):
        ex.reshape(x=(5, 4))
    assert ex.reshape(allow_up_sizing=True, x=(5, 4)).forward()[0].shape == (5, 2)
    with pytest.raises(BindError, match=r"'fc_weight', which was not named, would change .*partial_shaping=True"):
        ex.reshape(x=(3, 2))
    assert ex.reshape(partial_shaping=True, x=(3, 2)).arg_dict["fc_weight"].shape == (2, 2)
    with pytest.raises(mx.MXNetError, match="name xx not found"):
        ex.reshape(xx=(3, 4))


def test_monitor():
    seen: list[tuple[str, tuple]] = []
    net = mx.sym.Activation(dense(), act_type="relu", name="r")
    ex = net.bind(mx.cpu(), given())
    plain = ex.forward()[0].asnumpy()
    ex.set_monitor_callback(lambda name, array: seen.append((name, array.shape)))
    np.testing.assert_allclose(ex.forward()[0].asnumpy(), plain, rtol=1e-5)
    assert seen == [("fc_output", HEAD), ("r_output", HEAD)]
    seen.clear()
    ex.set_monitor_callback(lambda name, array: seen.append((name, array.shape)), monitor_all=True)
    ex.forward()
    assert [n for n, _ in seen] == ["x", "fc_weight", "fc_bias", "fc_output", "r_output"]
    ex.set_monitor_callback(None)
    seen.clear()
    ex.forward()
    assert not seen


def test_a_watched_executor_trains_too():
    args, grads = given(), zeros_like(given())
    ex = dense().bind(mx.cpu(), args, grads)
    names: list[str] = []
    ex.set_monitor_callback(lambda name, array: names.append(name))
    ex.forward(is_train=True)
    ex.backward(mx.nd.ones(HEAD))
    assert names == ["fc_output"]
    close(grads["x"], want(args)["x"])


def test_debug_str():
    text = dense().bind(mx.cpu(), given(), zeros_like(given())).debug_str()
    assert "Op:FullyConnected, Name=fc" in text
    assert "3 arguments, 88 bytes" in text
    assert "3 gradients, 88 bytes" in text


def test_a_large_graph_is_compiled_once_and_before_it_runs(caplog):
    x = mx.sym.Variable("x")
    for i in range(60):
        x = mx.sym.tanh(x + i)
    ex = x.simple_bind(mx.cpu(), x=(3,))
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        for _ in range(2):
            ex.forward(is_train=True)
            ex.backward([mx.nd.ones((3,))])
    assert sum("Compiling jit(step)" in r.message for r in caplog.records) == 1
