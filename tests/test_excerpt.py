"""Segments of graphs that are no single XLA computation: passes see each, and the numbers stay the same."""

import numpy as np
import pytest

import declax as mx
from declax.excerpt import Excerpt
from declax.prepare import PreparedInference
from declax.segments import SegmentedProgram
from tests.test_custom import registered

pytestmark = pytest.mark.usefixtures("default_choices")

SHAPES = {"data": (2, 3, 12, 12), "softmax_label": (2,)}


class Same(mx.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], in_data[0])

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0])


def custom(x):
    return mx.sym.Custom(x, op_type=registered(Same), name="custom")


def block(x, name, channels=4):
    x = mx.sym.Convolution(x, kernel=(3, 3), pad=(1, 1), num_filter=channels, name=f"{name}_conv")
    return mx.sym.Activation(mx.sym.BatchNorm(x, fix_gamma=False, name=f"{name}_bn"), act_type="relu")


def net(between):
    """Two paths; one goes on through `between`, the other passes it by."""
    first = block(mx.sym.Variable("data"), "a")
    second = block(between(first), "b") + mx.sym.Dropout(first, p=0.0)
    flat = mx.sym.FullyConnected(
        mx.sym.Pooling(second, global_pool=True, kernel=(1, 1), pool_type="avg"), num_hidden=5, name="fc"
    )
    return mx.sym.SoftmaxOutput(flat, name="softmax")


def filled(symbol, **kwargs):
    ex = symbol.simple_bind(mx.cpu(), **SHAPES, **kwargs)
    rng = np.random.default_rng(5)
    for name, x in (*ex.arg_dict.items(), *ex.aux_dict.items()):
        x[:] = rng.integers(0, 5, x.shape) if name.endswith("label") else rng.uniform(0.2, 1, x.shape)
    return ex


def assert_same(one, other):
    for is_train in (False, True):
        for x, y in zip(one.forward(is_train=is_train), other.forward(is_train=is_train), strict=True):
            np.testing.assert_allclose(x.asnumpy(), y.asnumpy(), rtol=1e-4, atol=1e-5)
    one.backward()
    other.backward()
    for name, g in one.grad_dict.items():
        np.testing.assert_allclose(g.asnumpy(), other.grad_dict[name].asnumpy(), rtol=1e-3, atol=1e-4, err_msg=name)
    for name, x in one.aux_dict.items():
        np.testing.assert_allclose(x.asnumpy(), other.aux_dict[name].asnumpy(), rtol=1e-4, err_msg=name)


def segments(ex):
    assert isinstance(ex._program, SegmentedProgram)
    return ex._program.segments


def test_passes_work_around_a_custom_operator():
    ex = filled(net(custom))
    assert_same(ex, filled(net(mx.sym.identity)))
    kinds = [s.kind for s in segments(ex)]
    assert kinds == ["xla", "host", "xla"]
    first = segments(ex)[0]._excerpt
    args = [ex.arg_dict[n].data for n in first.lowered.arguments]
    aux = [ex.aux_dict[n].data for n in first.lowered.auxiliary_states]
    text = str(first.lowered.planned(args, aux, train=False))
    assert "BatchNorm" not in text
    assert "a_conv" in text


def test_choices_are_those_of_the_binding():
    with mx.passes.only():
        ex = filled(net(custom))
    ex.forward()
    (plan,) = segments(ex)[0]._excerpt.lowered._plans.values()
    assert [s.node.op_name for s in plan.steps] == ["Convolution", "BatchNorm", "Activation"]


def test_passes_work_on_every_device_of_a_group():
    with mx.AttrScope(ctx_group="one"):
        first = block(mx.sym.Variable("data"), "a")
    with mx.AttrScope(ctx_group="two"):
        second = mx.sym.Flatten(block(first, "b"))
    symbol = mx.sym.SoftmaxOutput(mx.sym.FullyConnected(second, num_hidden=5, name="fc"), name="softmax")
    ex = filled(symbol, group2ctx={"one": mx.cpu(1), "two": mx.cpu(2)})
    assert_same(ex, filled(symbol))
    assert all(s._excerpt is not None for s in segments(ex))


def excerpt_of(symbol) -> Excerpt | None:
    """Of a graph that could be one XLA computation, so that it is one segment."""
    (segment,) = SegmentedProgram(mx.lower(symbol), ()).segments
    return segment._excerpt


def test_an_excerpt_of_everything_is_the_graph():
    symbol = net(mx.sym.identity)
    ex = filled(symbol)
    values = [x.data for x in (*ex.arg_arrays, *ex.aux_arrays)]
    found = excerpt_of(symbol).run(dict(enumerate(values)), False, None)
    np.testing.assert_allclose(found[-1], ex.forward()[0].asnumpy(), rtol=1e-4, atol=1e-6)
    assert len(found) == 1 + len(ex.aux_arrays)


@pytest.mark.parametrize("what", ["a state written twice", "written in inference", "asks inference"])
def test_what_only_the_whole_graph_knows(what):
    data, mean, var = (mx.sym.Variable(n) for n in ("data", "mean", "var"))
    states = {"moving_mean": mean, "moving_var": var}
    if what == "a state written twice":
        symbol = mx.sym.BatchNorm(mx.sym.BatchNorm(data, name="a", **states), name="b", **states)
    elif what == "written in inference":
        symbol = mx.sym.multi_sgd_mom_update(data, mx.sym.Variable("grad"), mean, lrs=(0.1,), wds=(0,), num_weights=1)
    else:
        symbol = mx.sym.zeros(shape=(0, 4)) + data
    assert excerpt_of(symbol) is None


def test_debug_str_shows_what_runs_in_each_part():
    inference, training = filled(net(custom)).debug_str().split("Plan of inference:")[1].split("Plan of training:")
    for text in (inference, training):
        assert [line.split(":")[0] for line in text.strip().split("\n") if line[0] != " "] == [
            "Compiled", "In Python", "Compiled",
        ]  # fmt: skip
    assert "= BatchNorm" not in inference
    assert training.count("= BatchNorm") == 2


def test_debug_str_says_where_shapes_are_unknown_before_the_run():
    kept = mx.sym.contrib.boolean_mask(block(mx.sym.Variable("data"), "a"), mx.sym.Variable("index"))
    ex = (mx.sym.relu(kept) * 2).simple_bind(mx.cpu(), data=(2, 3, 12, 12), index=(2,))
    inference = ex.debug_str().split("Plan of inference:")[1].split("Plan of training:")[0]
    first, middle, last = (line for line in inference.strip().split("\n") if line[0] != " ")
    assert "as declared" not in first
    assert middle.startswith("Uncompiled")
    assert last.endswith("(as declared; the passes change it when its shapes are known)")


def test_parameters_of_parts_are_prepared_until_they_change():
    ex = filled(net(custom))
    before = ex.forward()[0].asnumpy()
    first = segments(ex)[0].part.infer
    assert isinstance(first, PreparedInference)
    ((_, (prepared, *_)),) = first._kept.values()
    np.testing.assert_array_equal(ex.forward()[0].asnumpy(), before)
    assert next(iter(first._kept.values()))[1][0] is prepared
    ex.arg_dict["a_conv_weight"][:] = 0.1
    assert not np.array_equal(ex.forward()[0].asnumpy(), before)
    assert next(iter(first._kept.values()))[1][0] is not prepared
    ex.forward(is_train=True)
    assert not first._kept


def test_values_from_outside_are_named_for_people():
    ex = filled(net(custom))
    last = segments(ex)[-1]._excerpt
    outside = [n for n in last.lowered.arguments if "%" in n]
    assert len(outside) == 2
    assert any(n.startswith("custom_output (%") for n in outside)
