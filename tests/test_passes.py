"""Passes: the same numbers with every choice on and off, what plans look like, how choices are switched."""

import subprocess
import sys

import jax
import numpy as np
import pytest

import declax as dx
from declax.backend import compiler_options
from declax.layers.channels_last import Window, plain
from tests.formulated import convolution

pytestmark = pytest.mark.usefixtures("default_choices")

sym = dx.sym


def results(net, *, train: bool = True, dtype: str = "float64", **shapes) -> dict[str, np.ndarray]:
    """Outputs, gradients and states of one inference and one training step on fixed numbers."""
    names = net.list_arguments()
    ex = net.simple_bind(dx.cpu(), type_dict=dict.fromkeys(names, dtype), **shapes)
    numbers = np.random.default_rng(7)
    for array in (*ex.arg_arrays, *ex.aux_arrays):
        array[:] = numbers.uniform(0.5, 1.5, array.shape)
    ex.arg_dict["data"][:] = numbers.standard_normal(ex.arg_dict["data"].shape)
    found = {f"inferred {k}": v.asnumpy() for k, v in zip(net.list_outputs(), ex.forward(), strict=True)}
    if train:
        ex.forward(is_train=True)
        ex.backward([dx.nd.array(numbers.standard_normal(o.shape), dtype=dtype) for o in ex.outputs])
        found |= {f"gradient of {k}": v.asnumpy() for k, v in ex.grad_dict.items()}
        found |= {f"state {k}": v.asnumpy() for k, v in ex.aux_dict.items()}
    return found


def assert_same_with_and_without(net, **shapes) -> None:
    with dx.passes.only():
        expected = results(net, **shapes)
    for name, value in results(net, **shapes).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


def plan_of(net, train: bool = False, **shapes):
    lowered = dx.lower(net)
    args, _, aux = net.infer_shape(**shapes)
    specs = ([jax.ShapeDtypeStruct(s, np.float32) for s in part] for part in (args, aux))
    return lowered.planned(*specs, train=train)


def operators(plan) -> list[str]:
    return [s.node.op_name for s in plan.steps]


def block(x, name, filters, kernel=(3, 3), pad=(1, 1), **kwargs):
    x = sym.Convolution(x, num_filter=filters, kernel=kernel, pad=pad, name=name, **kwargs)
    x = sym.BatchNorm(x, fix_gamma=False, name=f"{name}_bn")
    return sym.Activation(x, act_type="relu", name=f"{name}_relu")


def convnet():
    """Every kind of neighbour that the layout pass knows."""
    x = block(sym.Variable("data"), "first", 4, (3, 3), stride=(2, 2))
    x = sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pool_type="max", pooling_convention="full")
    x = block(x, "depthwise", 4, num_group=4) + block(x, "pointwise", 4, (1, 1), (0, 0))
    parts = sym.SliceChannel(x, num_outputs=2, axis=1)
    x = sym.Concat(
        parts[0], sym.LeakyReLU(parts[1]), sym.Pooling(x, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type="avg")
    )
    gate = sym.sigmoid(sym.mean(x, axis=(2, 3), keepdims=True))
    x = sym.broadcast_mul(x, gate) * 0.5
    x = sym.Pad(x, mode="constant", pad_width=(0, 0, 0, 0, 1, 1, 2, 0))
    x = block(x, "last", 6, (1, 1), (0, 0), stride=(2, 2))
    x = sym.softmax(x, axis=1)
    return sym.FullyConnected(sym.Pooling(x, global_pool=True, kernel=(1, 1), pool_type="max"), num_hidden=3, name="fc")


def test_a_net_of_everything_gives_the_same_numbers():
    assert_same_with_and_without(convnet(), data=(2, 3, 14, 16))


@pytest.mark.parametrize("dims", [1, 3])
def test_other_numbers_of_dimensions(dims: int):
    x = block(sym.Variable("data"), "a", 4, (3,) * dims, (1,) * dims)
    x = sym.Pooling(x, kernel=(2,) * dims, stride=(2,) * dims, pool_type="max")
    assert_same_with_and_without(x, data=(2, 3, *(6,) * dims))


def test_operators_that_need_the_declared_layout_get_it():
    x = block(sym.Variable("data"), "a", 4)
    net = sym.Group([sym.Reshape(x, shape=(0, -1)), sym.LRN(x, nsize=3), x, sym.flip(x, axis=1), sym.argmax(x, axis=1)])
    assert_same_with_and_without(net[0], data=(2, 3, 5, 6))
    with dx.passes.only():
        expected = results(net, train=False, data=(2, 3, 5, 6))
    for name, value in results(net, train=False, data=(2, 3, 5, 6)).items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-9, err_msg=name)


def test_no_transpose_stands_inside_a_convolutional_net():
    plan = plan_of(convnet(), train=True, data=(2, 3, 14, 16))
    turned = [s.node.name for s in plan.steps if s.node.op_name == "transpose"]
    assert sorted(turned) == ["data_last", *(f"{n}_weight_last" for n in ("depthwise", "first", "last", "pointwise"))]


def test_a_transpose_to_channels_last_is_what_there_is():
    x = sym.transpose(block(sym.Variable("data"), "a", 4), axes=(0, 2, 3, 1), name="turned")
    assert "turned" not in [s.node.name for s in plan_of(x, data=(2, 3, 5, 6)).steps]
    assert_same_with_and_without(x, data=(2, 3, 5, 6))


def test_batch_normalization_is_folded_at_inference_only():
    net = block(sym.Variable("data"), "a", 4)
    assert "BatchNorm" not in operators(plan_of(net, data=(2, 3, 5, 6)))
    assert "BatchNorm" in operators(plan_of(net, train=True, data=(2, 3, 5, 6)))


def test_a_layer_that_others_read_keeps_its_batch_normalization():
    conv = sym.Convolution(sym.Variable("data"), num_filter=4, kernel=(1, 1), name="conv")
    net = sym.BatchNorm(conv, name="bn") + conv
    assert "BatchNorm" in operators(plan_of(net, data=(2, 3, 5, 6)))
    assert_same_with_and_without(net, data=(2, 3, 5, 6))


@pytest.mark.parametrize("fix_gamma", [False, True])
@pytest.mark.parametrize("no_bias", [False, True])
def test_folding_into_a_fully_connected_layer(fix_gamma: bool, no_bias: bool):
    x = sym.FullyConnected(sym.Variable("data"), num_hidden=4, no_bias=no_bias, name="fc")
    net = sym.BatchNorm(x, fix_gamma=fix_gamma, eps=1e-3, name="bn")
    assert "BatchNorm" not in operators(plan_of(net, data=(3, 5)))
    assert_same_with_and_without(net, data=(3, 5))


WINDOWS = {
    "product": (4, 6, Window((1, 1), (1, 1), (1, 1), (0, 0))),
    "strided product": (4, 6, Window((1, 1), (2, 3), (1, 1), (0, 0))),
    "depthwise": (4, 4, Window((3, 3), (1, 1), (1, 1), (1, 1), 4)),
    "strided depthwise": (4, 4, Window((3, 3), (2, 2), (1, 1), (1, 1), 4)),
    "two filters a channel": (4, 8, Window((3, 2), (1, 2), (1, 1), (1, 0), 4)),
    "dilated depthwise": (4, 4, Window((3, 2), (2, 3), (2, 1), (0, 2), 4)),
    "groups": (4, 6, Window((3, 3), (2, 1), (1, 1), (1, 1), 2)),
    "plain": (3, 5, Window((3, 3), (2, 2), (1, 1), (1, 1))),
}


@pytest.mark.parametrize("kind", WINDOWS)
def test_formulations_equal_the_convolution(kind: str):
    channels, filters, window = WINDOWS[kind]
    numbers = np.random.default_rng(0)
    with jax.enable_x64(True):
        data = numbers.standard_normal((2, 11, 12, channels))
        weight = numbers.standard_normal((*window.kernel, channels // window.num_group, filters))
        want, back = jax.vjp(lambda x, w: plain(x, w, window), data, weight)
        got, own_back = jax.vjp(lambda x, w: convolution(x, w, window), data, weight)
        cotangent = numbers.standard_normal(want.shape)
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)
        for a, b in zip(own_back(cotangent), back(cotangent), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


# -- switching -----------------------------------------------------------------------------------------------------


def test_choices_are_put_back_after_an_error():
    before = dx.passes.enabled()
    with dx.passes.only("fold"):
        assert dx.passes.enabled() == {"fold"}
    with pytest.raises(ZeroDivisionError), dx.passes.only("fold"):
        _ = 1 / 0
    assert dx.passes.enabled() == before


def test_an_unknown_choice_says_which_there_are():
    with pytest.raises(ValueError, match=r"there is no pass 'layot'.*layout.*fold"), dx.passes.switched(layot=False):
        pass


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [("none", set(), {"fold", "layout"}), ("-layout", {"fold"}, {"layout"}), ("fold", {"fold"}, {"layout", "prepare"})],
)
def test_the_environment_switches(text: str, inside: set, outside: set):
    program = "from declax import passes; print(*passes.enabled())"
    done = subprocess.run(
        [sys.executable, "-c", program], env={"DECLAX_PASSES": text, "PATH": ""}, capture_output=True, text=True
    )
    chosen = set(done.stdout.split())
    assert inside <= chosen, done.stderr
    assert not outside & chosen


def test_an_executor_keeps_the_choice_of_its_binding():
    net = block(sym.Variable("data"), "a", 4)
    with dx.passes.only():
        ex = net.simple_bind(dx.cpu(), data=(1, 3, 4, 4))
    assert "BatchNorm" in ex.debug_str().split("Plan of inference")[1].split("Plan of training")[0]
    other = net.simple_bind(dx.cpu(), data=(1, 3, 4, 4))
    assert "BatchNorm" not in other.debug_str().split("Plan of inference")[1].split("Plan of training")[0]


def test_options_of_the_compiler_follow_the_choice():
    assert set(compiler_options("cpu")) >= {"xla_cpu_experimental_ynn_fusion_type"}
    with dx.passes.only():
        assert compiler_options("cpu") == {}
    assert compiler_options("no such platform") == {}


FOLLOWERS = {
    "deconvolution": lambda x: sym.Deconvolution(x, num_filter=3, kernel=(3, 4), stride=(2, 2), pad=(1, 0), adj=(1, 0)),
    "deconvolution with a bias": lambda x: sym.Deconvolution(
        x, num_filter=2, kernel=(2, 2), dilate=(2, 1), no_bias=False
    ),
    "deconvolution to a shape": lambda x: sym.Deconvolution(
        x, num_filter=2, kernel=(4, 4), stride=(2, 2), target_shape=(11, 14)
    ),
    "depthwise deconvolution": lambda x: sym.Deconvolution(
        x, num_filter=4, num_group=4, kernel=(4, 3), stride=(2, 1), pad=(1, 1), no_bias=False
    ),
    "nearest": lambda x: sym.UpSampling(x, scale=2, sample_type="nearest"),
    "bilinear": lambda x: sym.UpSampling(x, sym.Variable("w"), scale=3, num_filter=4, sample_type="bilinear"),
    "resize": lambda x: sym.contrib.BilinearResize2D(x, height=9, width=4),
    "resize without corners": lambda x: sym.contrib.BilinearResize2D(
        x, scale_height=2, scale_width=0.5, align_corners=False
    ),
    "resize to the same": lambda x: sym.contrib.BilinearResize2D(x, height=5, width=6),
    "resize like": lambda x: sym.contrib.BilinearResize2D(x, sym.Pooling(x, kernel=(2, 2)), mode="like"),
    "adaptive": lambda x: sym.contrib.AdaptiveAvgPooling2D(x, output_size=(2, 4)),
    "slice": lambda x: sym.slice(x, begin=(None, 3), end=(None, 0), step=(None, -2)),
    "slice rows": lambda x: sym.slice(x, begin=(0, 0, 1), end=(None, None, -1)),
    "slice_like": lambda x: sym.slice_like(x, sym.Pooling(x, kernel=(2, 3)), axes=(2, 3)),
    "crop": lambda x: sym.Crop(x, h_w=(3, 2), offset=(1, 2)),
    "crop like": lambda x: sym.Crop(x, sym.Pooling(x, kernel=(2, 2)), center_crop=True),
    "repeat": lambda x: sym.repeat(x, repeats=2, axis=-1),
    "lrn": lambda x: sym.LRN(x, nsize=3, alpha=0.1),
    "l2": lambda x: sym.L2Normalization(x, mode="channel"),
    "instance": lambda x: sym.InstanceNorm(x, name="norm"),
    "layer": lambda x: sym.LayerNorm(x, axis=1, name="norm"),
    "layer over rows": lambda x: sym.LayerNorm(x, axis=-2, name="norm"),
    "sync": lambda x: sym.contrib.SyncBatchNorm(x, key="k", fix_gamma=False, name="norm"),
    "v1": lambda x: sym.BatchNorm_v1(x, fix_gamma=False, name="norm"),
    "with rectifier": lambda x: sym.contrib.BatchNormWithReLU(x, fix_gamma=False, name="norm"),
    "prelu": lambda x: sym.LeakyReLU(x - 0.5, act_type="prelu", name="act"),
    "dropout": lambda x: sym.Dropout(x, p=0.4),
    "dropout of channels": lambda x: sym.Dropout(x, p=0.4, axes=(2, 3)),
}
FLOAT32 = {"crop", "crop like", "instance"}
"""Operators that know no other type."""


@pytest.mark.parametrize("name", FOLLOWERS)
def test_operators_of_images_follow_the_layout(name: str):
    net = FOLLOWERS[name](block(sym.Variable("data"), "first", 4))
    shapes = {"data": (2, 3, 5, 6)}
    turned = [s.node.name for s in plan_of(net, train=True, **shapes).steps if s.node.op_name == "transpose"]
    assert all(t.endswith("_last") for t in turned[:-1]), turned
    assert turned[-1] == f"{net.name}_first"
    dtype, close = ("float32", 2e-4) if name in FLOAT32 else ("float64", 1e-9)

    def found():
        dx.random.seed(3)
        return results(net, dtype=dtype, **shapes)

    with dx.passes.only():
        expected = found()
    for key, value in found().items():
        np.testing.assert_allclose(value, expected[key], rtol=close, atol=close, err_msg=key)


def towers():
    """Pooling before a convolution to fewer channels, and one that strides behind a convolution."""
    x = block(sym.Variable("data"), "first", 8)
    x = sym.Pooling(x, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type="avg", name="pool")
    x = block(x, "proj", 3, (1, 1), (0, 0))
    x = sym.Convolution(x, num_filter=70, kernel=(1, 1), name="wide")
    return sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg", pooling_convention="full", name="down")


@pytest.mark.parametrize("train", [False, True])
def test_average_pooling_and_pointwise_convolution_change_places(train: bool):
    plan = plan_of(towers(), train, data=(2, 3, 7, 7))
    order = [s.node.name for s in plan.steps if s.node.name in ("pool", "proj", "wide", "down")]
    assert order == ["proj", "pool", "down", "wide"]
    assert_same_with_and_without(towers(), data=(2, 3, 7, 7))


@pytest.mark.parametrize(
    "net",
    [
        lambda x: sym.Pooling(x, kernel=(3, 3), pad=(1, 1), stride=(2, 2), pool_type="avg"),
        lambda x: sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max"),
        lambda x: (
            sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg")
            + sym.slice(x, begin=(0, 0, 0, 0), end=(None, None, 3, 3))
        ),
    ],
)
def test_pooling_stays_behind_a_convolution_where_that_matters(net):
    x = sym.Convolution(sym.Variable("data"), num_filter=70, kernel=(1, 1), name="wide")
    net = net(x)
    steps = [s.node.op_name for s in plan_of(net, data=(2, 3, 6, 6)).steps]
    assert steps.index("Pooling") > steps.index("_channels_last_convolution")
    assert_same_with_and_without(net, data=(2, 3, 6, 6))
