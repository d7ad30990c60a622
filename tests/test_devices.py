"""Contexts and devices: names, scopes, errors, and graphs spread over several devices (eight host devices here)."""

import pickle
import threading

import jax
import numpy as np
import pytest

import declax as mx
from declax.errors import BindError, ContextError


def device(array: mx.nd.NDArray) -> object:
    (found,) = array.data.devices()
    return found


def test_the_tests_have_eight_devices():
    assert len(jax.local_devices(backend="cpu")) == 8


# -- contexts ------------------------------------------------------------------------------------------------------


def test_contexts_are_values():
    assert mx.cpu() == mx.cpu(0) == mx.Context("cpu") == mx.Context(mx.cpu(0))
    assert mx.cpu(1) != mx.cpu(0) != mx.gpu(0)
    assert mx.cpu() != "cpu(0)"
    assert len({mx.cpu(), mx.cpu(0), mx.gpu()}) == 2
    assert [str(c) for c in (mx.cpu(2), mx.gpu(), mx.tpu(1), mx.cpu_pinned())] == [
        "cpu(2)",
        "gpu(0)",
        "tpu(1)",
        "cpu_pinned(0)",
    ]
    assert [c.device_typeid for c in (mx.cpu(), mx.gpu(), mx.cpu_pinned())] == [1, 2, 3]
    assert (mx.gpu(3).device_type, mx.gpu(3).device_id) == ("gpu", 3)
    assert pickle.loads(pickle.dumps(mx.gpu(1))) == mx.gpu(1)
    with pytest.raises(ContextError, match="unknown device type 'cuda'; known: cpu, gpu"):
        mx.Context("cuda")


def test_scopes_nest_and_belong_to_their_thread():
    seen = []
    with mx.cpu(2):
        with mx.cpu(3):
            assert mx.current_context() == mx.cpu(3)
        assert mx.nd.zeros((1,)).context == mx.cpu(2)
        thread = threading.Thread(target=lambda: seen.append(mx.current_context()))
        thread.start()
        thread.join()
    assert mx.current_context() == mx.cpu(0)
    assert seen == [mx.cpu(0)]


def test_arrays_live_where_they_are_put():
    devices = jax.local_devices(backend="cpu")
    x = mx.nd.ones((2,), mx.cpu(5))
    assert device(x) == devices[5]
    assert (device(x + 1), (x + 1).context) == (devices[5], mx.cpu(5))
    x[:] = mx.nd.zeros((2,))
    assert device(x) == devices[5]
    moved = x.as_in_context(mx.cpu(1))
    assert (device(moved), moved.context) == (devices[1], mx.cpu(1))
    assert device(mx.nd.random.uniform(shape=(2,), ctx=mx.cpu(4))) == devices[4]
    assert device(mx.nd.ones((1,), mx.cpu(9))) == devices[1]


def test_devices_that_are_not_there():
    if mx.num_gpus():
        with pytest.raises(ContextError, match=r"gpu\(99\) does not exist: this process sees \d+ gpu"):
            mx.nd.zeros((1,), mx.gpu(99))
        return
    net = mx.sym.Variable("x") * 2
    words = r"gpu\(0\) does not exist: JAX finds no GPU in this process. Use declax.cpu\(\), or install JAX with GPU"
    for call in (
        lambda: mx.nd.zeros((1,), mx.gpu()),
        lambda: mx.nd.ones((1,)).as_in_context(mx.gpu()),
        lambda: net.simple_bind(mx.gpu(), x=(1,)),
        lambda: net.bind(mx.gpu(), {"x": mx.nd.ones((1,))}),
    ):
        with pytest.raises(ContextError, match=words):
            call()
    with pytest.raises(ContextError, match=r"tpu\(0\) does not exist.*jax\[tpu\]"):
        mx.nd.zeros((1,), mx.tpu())
    with mx.gpu():
        assert mx.current_context() == mx.gpu(0)


def test_arrays_of_another_device_are_refused():
    net = mx.sym.Variable("x") * 2
    with pytest.raises(
        BindError, match=r"an array on cpu\(1\) cannot be bound on cpu\(0\): use as_in_context\(cpu\(0\)\)"
    ):
        net.bind(mx.cpu(), {"x": mx.nd.ones((1,), mx.cpu(1))})
    ex = net.simple_bind(mx.cpu(3), x=(2,))
    assert device(ex.arg_dict["x"]) == jax.local_devices(backend="cpu")[3]
    ex.forward(is_train=True, x=np.ones(2))
    ex.backward(mx.nd.ones((2,), mx.cpu(3)))
    assert device(ex.outputs[0]) == device(ex.grad_dict["x"]) == jax.local_devices(backend="cpu")[3]


# -- group2ctx -----------------------------------------------------------------------------------------------------


def grouped() -> mx.Symbol:
    with mx.AttrScope(ctx_group="first"):
        x = mx.sym.FullyConnected(mx.sym.Variable("x"), num_hidden=4, name="fc1")
        x = mx.sym.BatchNorm(mx.sym.Activation(x, act_type="tanh"), name="bn", fix_gamma=False)
    with mx.AttrScope(ctx_group="second"):
        y = mx.sym.FullyConnected(x, num_hidden=3, name="fc2")
    return mx.sym.SoftmaxOutput(y + mx.sym.slice_axis(x, axis=1, begin=0, end=3), name="out")


def trained(**kwargs) -> mx.Executor:
    ex = grouped().simple_bind(mx.cpu(), x=(5, 2), **kwargs)
    rng = np.random.default_rng(0)
    for n, a in ex.arg_dict.items():
        a[:] = rng.integers(0, 3, a.shape) if n == "out_label" else rng.normal(size=a.shape)
    ex.forward(is_train=True)
    ex.backward()
    return ex


def test_groups_run_on_their_devices_and_give_the_same():
    plain = trained()
    spread = trained(group2ctx={"first": mx.cpu(1), "second": mx.cpu(2)})
    for part in ("outputs", "grad_arrays", "aux_arrays"):
        for a, b in zip(getattr(plain, part), getattr(spread, part), strict=True):
            np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-5, atol=1e-6)
    devices = jax.local_devices(backend="cpu")
    assert {s.device for s in spread._program.segments} == {devices[0], devices[1], devices[2]}
    assert [s.device for s in spread._program.segments if "fc2" in {t.node.name for t in s.steps}] == [devices[2]]
    assert device(spread.outputs[0]) == devices[0]


def test_a_group_without_a_device_stays_on_the_default_one():
    ex = trained(group2ctx={"other": mx.cpu(1)})
    assert device(ex.outputs[0]) == jax.local_devices(backend="cpu")[0]
    assert not hasattr(ex._program, "segments")


def test_groups_in_inference_and_lists_of_devices():
    plain, spread = trained(), trained(group2ctx={"first": [mx.cpu(1)], "second": mx.cpu(2)})
    np.testing.assert_allclose(plain.forward()[0].asnumpy(), spread.forward()[0].asnumpy(), rtol=1e-5)
    with pytest.raises(BindError, match="cannot be bound"):
        grouped().bind(mx.cpu(), dict(plain.arg_dict) | {"x": mx.nd.ones((5, 2), mx.cpu(1))}, aux_states=plain.aux_dict)
    bound = grouped().bind(
        mx.cpu(), {n: a.copyto(mx.cpu(1)) for n, a in plain.arg_dict.items()}, aux_states=plain.aux_dict,
        group2ctx={"first": mx.cpu(1), "second": mx.cpu(2)},
    )  # fmt: skip
    np.testing.assert_allclose(bound.forward()[0].asnumpy(), plain.forward()[0].asnumpy(), rtol=1e-5)
