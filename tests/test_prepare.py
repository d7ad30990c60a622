"""What inference computes from parameters alone, once."""

import gc
import weakref

import numpy as np
import pytest

import declax as dx
from declax.prepare import Split, parameter_slots

pytestmark = pytest.mark.usefixtures("default_choices")


def small_net():
    """Two convolutions with BatchNorm, so that there are weights to fold and to turn."""
    x = dx.sym.Variable("data")
    for i, filters in enumerate((4, 6)):
        x = dx.sym.Convolution(x, num_filter=filters, kernel=(3, 3), pad=(1, 1), name=f"conv{i}")
        x = dx.sym.BatchNorm(x, fix_gamma=False, name=f"bn{i}")
        x = dx.sym.Activation(x, act_type="relu", name=f"relu{i}")
    return dx.sym.FullyConnected(dx.sym.Flatten(x), num_hidden=3, name="fc")


def bound(net, batch=2, **kwargs):
    ex = net.simple_bind(dx.cpu(), data=(batch, 3, 8, 8), **kwargs)
    numbers = np.random.default_rng(0)
    for array in (*ex.arg_arrays, *ex.aux_arrays):
        array[:] = numbers.uniform(0.5, 1.5, array.shape)
    return ex


def outputs(ex):
    return ex.forward()[0].asnumpy()


def test_same_numbers_as_without():
    with dx.passes.only():
        plain = outputs(bound(small_net()))
    np.testing.assert_allclose(outputs(bound(small_net())), plain, rtol=1e-5)


@pytest.mark.parametrize("name", ["conv0_weight", "bn1_gamma", "fc_bias"])
def test_a_changed_argument_is_seen(name: str):
    ex = bound(small_net())
    before = outputs(ex)
    ex.arg_dict[name][:] = ex.arg_dict[name] * 2
    after = outputs(ex)
    assert np.abs(after - before).max() > 1e-3
    with dx.passes.switched(prepare=False):
        again = small_net().bind(dx.cpu(), ex.arg_dict, aux_states=ex.aux_dict)
        np.testing.assert_allclose(after, outputs(again), rtol=1e-5)


def test_a_changed_state_is_seen():
    ex = bound(small_net())
    before = outputs(ex)
    ex.aux_dict["bn0_moving_mean"][:] = 0.0
    assert np.abs(outputs(ex) - before).max() > 1e-3


def test_prepared_once():
    ex = bound(small_net())
    outputs(ex)
    inference = ex._program.infer
    (first,) = inference._kept.values()
    ex.forward(data=np.ones((2, 3, 8, 8), "float32"))
    (second,) = inference._kept.values()
    assert second is first


def test_other_batch_sizes_share_what_is_prepared():
    net = small_net()
    ex = bound(net)
    outputs(ex)
    larger = ex.reshape(data=(5, 3, 8, 8), allow_up_sizing=True)
    assert outputs(larger).shape == (5, 3)
    assert len(ex._program.infer._kept) == 1


def test_training_lets_go_of_the_prepared_weights():
    ex = bound(small_net())
    outputs(ex)
    (kept,) = ex._program.infer._kept.values()
    watched = weakref.ref(kept[1][0])
    del kept
    ex.forward(is_train=True)
    gc.collect()
    assert watched() is None


def test_what_is_split_off_reads_parameters_only():
    with dx.passes.switched(prepare=False):
        ex = bound(small_net())
    lowered = ex._program.lowered
    plan = lowered.planned([a.data for a in ex.arg_arrays], [a.data for a in ex.aux_arrays], train=False)
    split = Split(plan, parameter_slots(lowered.plan), False)
    names = [n.name for n in (*plan.arguments, *plan.states)]
    assert {names[i] for i in split.sources} == set(names) - {"data", "fc_weight", "fc_bias"}
    assert len(split.early) + len(split.late) == len(plan.items)


def test_a_graph_without_such_work_is_called_directly():
    ex = (dx.sym.Variable("a") + dx.sym.Variable("b")).simple_bind(dx.cpu(), a=(2,), b=(2,))
    ex.forward()
    assert not hasattr(ex._program.infer, "_kept") or not ex._program.infer._kept


def parameters(net) -> set[str]:
    plan = dx.lower(net).plan
    nodes = (*plan.arguments, *plan.states)
    return {nodes[i].name for i in parameter_slots(plan)}


def test_weights_that_are_joined_are_parameters():
    weight = dx.sym.Concat(dx.sym.Variable("query"), dx.sym.Variable("key") * 2, dim=0)
    net = dx.sym.FullyConnected(dx.sym.Variable("data"), weight, num_hidden=8, name="fc")
    assert parameters(net) >= {"query", "key"}
    assert "data" not in parameters(net)


def test_data_that_weights_are_computed_from_are_no_parameters():
    data = dx.sym.Variable("data")
    made = dx.sym.FullyConnected(data, num_hidden=8, name="maker")
    net = dx.sym.FullyConnected(data, dx.sym.Reshape(made, shape=(4, 2)), num_hidden=4, name="fc")
    assert "maker_weight" in parameters(net)
    assert "data" not in parameters(net)
