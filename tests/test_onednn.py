"""Convolutions by oneDNN: the same numbers with everything that goes into them, and only where they may be."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import declax as mx
from declax import passes
from declax.layers import channels_last, onednn
from declax.layers.channels_last import Window
from declax.layers.formulations import FORMULATIONS, Problem, default
from tests.test_passes import operators, plan_of, results

pytestmark = [
    pytest.mark.skipif(not onednn.is_available(), reason="this jaxlib's oneDNN has not been tried"),
    pytest.mark.usefixtures("default_choices"),
]

RNG = np.random.default_rng(0)


def _array(*shape: int) -> jax.Array:
    return jnp.asarray(RNG.standard_normal(shape, np.float32))


WINDOWS = {
    "3x3": (Window((3, 3), (1, 1), (1, 1), (1, 1)), (2, 9, 8, 5), 7),
    "strided": (Window((3, 5), (2, 3), (1, 1), (0, 2)), (2, 11, 12, 4), 6),
    "dilated": (Window((3, 3), (1, 1), (2, 3), (2, 1)), (1, 12, 12, 16), 16),
    "1x1": (Window((1, 1), (2, 1), (1, 1), (0, 0)), (3, 7, 6, 8), 33),
    "line": (Window((4,), (2,), (1,), (3,)), (2, 17, 3), 5),
    "volume": (Window((2, 3, 1), (1, 2, 1), (1, 1, 1), (1, 0, 0)), (2, 5, 7, 4, 3), 4),
    "grouped": (Window((3, 3), (1, 1), (1, 1), (1, 1), 4), (2, 6, 6, 8), 12),
    "depthwise": (Window((3, 3), (2, 2), (1, 1), (1, 1), 16), (2, 8, 9, 16), 16),
    "two filters a channel": (Window((3, 3), (1, 1), (1, 1), (0, 0), 6), (2, 8, 9, 6), 12),
}


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("added", [False, True])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("name", WINDOWS)
def test_equals_xlas_convolution(name: str, biased: bool, added: bool, relu: bool):
    window, shape, filters = WINDOWS[name]
    problem = Problem(shape, filters, window, "float32", False)
    data, weight = _array(*shape), _array(*problem.weight)
    bias = _array(filters) if biased else None
    more = _array(*problem.result) if added else None
    got = jax.jit(onednn.convolution, static_argnums=(4, 5))(data, weight, bias, more, window, relu)
    want = channels_last.plain(data, weight, window)
    want = want if bias is None else want + bias
    want = want if more is None else want + more
    np.testing.assert_allclose(got, jax.nn.relu(want) if relu else want, rtol=2e-5, atol=2e-5)


def _random_problems(count: int) -> list[Problem]:
    """Problems that oneDNN is said to fit, small and odd."""
    numbers = np.random.default_rng(7)
    found: list[Problem] = []
    while len(found) < count:
        dims = int(numbers.integers(1, 4))
        kernel, stride, dilate, pad, sizes = (
            tuple(int(n) for n in numbers.choice(choices, dims))
            for choices in (
                [1, 1, 2, 3, 5, 7],
                [1, 1, 2, 3, 4],
                [1, 1, 1, 2, 3],
                [0, 0, 1, 2, 3, 6],
                [1, 2, 3, 5, 9, 14],
            )
        )
        groups = int(numbers.choice([1, 1, 2, 3]))
        channels, filters = (groups * int(numbers.choice([1, 2, 3, 8, 16])) for _ in range(2))
        window = Window(kernel, stride, dilate, pad, groups)
        shape = (int(numbers.integers(1, 4)), *sizes, channels)
        problem = Problem(shape, filters, window, "float32", False)
        if FORMULATIONS["onednn"].fits(problem):
            found.append(problem)
    return found


def test_random_windows():
    problems = _random_problems(60)
    values = [(_array(*p.data), _array(*p.weight)) for p in problems]

    def all_by(run):
        return jax.jit(lambda values: [run(x, w, p.window) for (x, w), p in zip(values, problems, strict=True)])(values)

    wanted = all_by(channels_last.plain)
    for problem, got, want in zip(problems, all_by(FORMULATIONS["onednn"].run), wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=5e-5, atol=5e-5, err_msg=str(problem))


def _conv(data, name: str, **more):
    return mx.sym.Convolution(data, name=name, **({"num_filter": 8, "kernel": (3, 3), "pad": (1, 1)} | more))


def _norm_relu(data, name: str):
    return mx.sym.Activation(mx.sym.BatchNorm(data, fix_gamma=False, name=f"{name}_bn"), act_type="relu", name=name)


def _residual():
    data = _norm_relu(_conv(mx.sym.Variable("data"), "stem"), "start")
    body = _conv(_norm_relu(_conv(data, "first"), "middle"), "second")
    return mx.sym.Activation(mx.sym.BatchNorm(body, name="last_bn") + data, act_type="relu", name="sum")


def _two_branches():
    data = mx.sym.Variable("data")
    return mx.sym.relu(_conv(data, "left") + _conv(data, "right", kernel=(1, 1), pad=(0, 0)), name="sum")


def _read_twice():
    conv = _conv(mx.sym.Variable("data"), "conv")
    return mx.sym.Group([mx.sym.relu(conv, name="cut"), conv * 2, conv + conv])


def _broadcast():
    return mx.sym.broadcast_add(_conv(mx.sym.Variable("data"), "conv"), mx.sym.Variable("more", shape=(1, 8, 1, 1)))


NETS = {
    "residual": (_residual, {"Activation", "elemwise_add"}),
    "two branches": (_two_branches, {"relu", "elemwise_add"}),
    "read twice": (_read_twice, set()),
    "broadcast": (_broadcast, set()),
}
"""Nets, and the operators that their plans have no more."""


@pytest.mark.parametrize("name", NETS)
def test_a_net_gives_the_same_numbers_with_what_follows_fused(name: str):
    make, gone = NETS[name]
    net, shapes = make(), {"data": (2, 3, 32, 32)}
    with passes.switched(onednn=False):
        want = results(net, train=False, dtype="float32", **shapes)
    for key, got in results(net, train=False, dtype="float32", **shapes).items():
        np.testing.assert_allclose(got, want[key], rtol=2e-5, atol=2e-5, err_msg=key)
    with passes.in_process():
        plan = plan_of(net, **shapes)
    convolutions = [s.node for s in plan.steps if s.node.op_name == "_channels_last_convolution"]
    assert {n.params["formulation"] for n in convolutions if n.params} == {"onednn"}
    assert not gone & set(operators(plan)), plan
    assert gone <= set(operators(plan_of(net, **shapes)))


def test_only_inference_in_an_executor_uses_it():
    net = _residual()
    shapes = {"data": (2, 3, 32, 32)}
    ex = net.simple_bind(mx.cpu(), **shapes)
    args, aux = ([a.data for a in arrays] for arrays in (ex.arg_arrays, ex.aux_arrays))
    lowered = mx.lower(net)
    assert "onednn" not in str(lowered.planned(args, aux, train=False))
    with passes.in_process():
        assert "onednn" in str(lowered.planned(args, aux, train=False))
        assert "onednn" not in str(lowered.planned(args, aux, train=True))
    given = dict(zip(lowered.arguments, args, strict=True)), dict(zip(lowered.auxiliary_states, aux, strict=True))
    exported = jax.export.export(jax.jit(lambda a, x: lowered(a, x)[0]))(*given)
    assert "__onednn" not in exported.mlir_module()
    np.testing.assert_allclose(exported.call(*given)[0], ex.forward()[0].asnumpy(), atol=2e-5)


@pytest.mark.parametrize(
    ("dtype", "shape"), [("float64", (2, 3, 32, 32)), ("float16", (2, 3, 32, 32)), ("float32", (1, 3, 8, 8))]
)
def test_other_types_and_few_points_run_as_before(dtype: str, shape: tuple):
    ex = _two_branches().simple_bind(mx.cpu(), type_dict={"data": dtype}, data=shape)
    assert "onednn" not in ex.debug_str()
    assert ex.forward()[0].dtype == np.dtype(dtype)


def test_not_for_what_oneDNN_refuses():
    window = Window((3, 3), (1, 1), (1, 1), (1, 1))
    fits = FORMULATIONS["onednn"].fits
    assert fits(Problem((2, 32, 32, 3), 8, window, "float32", False))
    assert not fits(Problem((2, 32, 32, 3), 8, window, "float32", True))
    assert not fits(Problem((0, 32, 32, 3), 8, window, "float32", False))
    assert not fits(Problem((2, 32, 32, 0), 8, window, "float32", False))
    assert not fits(Problem((2**20, 32, 32, 3), 8, window, "float32", False))
    assert not fits(Problem((3, 1, 8), 2, Window((1,), (3,), (3,), (2,)), "float32", False))  # a crash
    assert not fits(Problem((2, 4, 32, 3), 8, Window((3, 3), (1, 1), (2, 1), (1, 1)), "float32", False))
    assert default(Problem((2, 32, 32, 3), 8, window, "float32", False)) == "convolution"


def test_not_beside_the_persistent_cache(tmp_path):
    before = jax.config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    try:
        assert not onednn.is_available()
        assert "onednn" not in _two_branches().simple_bind(mx.cpu(), data=(2, 3, 32, 32)).debug_str()
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_on_another_device():
    if len(jax.devices("cpu")) < 2:
        pytest.skip("one device")
    first, second = (_two_branches().simple_bind(mx.cpu(i), data=(2, 3, 32, 32)) for i in (0, 1))
    for name, x in first.arg_dict.items():
        x[:] = np.asarray(_array(*x.shape))
        second.arg_dict[name][:] = x.asnumpy()
    np.testing.assert_array_equal(first.forward()[0].asnumpy(), second.forward()[0].asnumpy())


IN_FLIGHT = """
import threading
import jax
import declax as mx

def many(channels):
    net = mx.sym.Variable("data")
    for i, (kernel, stride) in enumerate([((7, 7), (2, 2)), ((3, 3), (1, 1)), ((1, 1), (1, 1))]):
        pad = (kernel[0] // 2,) * 2
        net = mx.sym.Convolution(net, kernel=kernel, stride=stride, pad=pad, num_filter=channels, name=f"c{i}")
    ex = net.simple_bind(mx.cpu(), grad_req="null", data=(2, 3, 64, 64))
    assert "onednn" in ex.debug_str()
    for _ in range(10):
        jax.block_until_ready([ex.forward()[0].data for _ in range(30)])

threads = [threading.Thread(target=many, args=(n,)) for n in (5, 8, 16)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("done")
"""


def test_many_runs_in_flight_end():
    env = {k: v for k, v in os.environ.items() if k not in ("XLA_FLAGS", "DECLAX_PASSES")}  # one device, two pools
    done = subprocess.run([sys.executable, "-c", IN_FLIGHT], env=env, capture_output=True, text=True, timeout=300)
    assert done.stdout == "done\n", done.stderr
