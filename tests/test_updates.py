"""Optimiser updates on arrays: states change in place, and a new learning rate compiles nothing."""

import jax
import numpy as np
import pytest

import declax as dx


def array(*values: float) -> dx.nd.NDArray:
    return dx.nd.array(np.array(values, "float32"))


def test_momentum_changes_in_place():
    weight, grad, mom = array(1, 2), array(0.5, -1), array(0, 0)
    new = dx.nd.sgd_mom_update(weight, grad, mom, lr=0.1, momentum=0.9)
    np.testing.assert_allclose(mom.asnumpy(), [-0.05, 0.1], rtol=1e-6)
    np.testing.assert_allclose(new.asnumpy(), [0.95, 2.1], rtol=1e-6)
    np.testing.assert_array_equal(weight.asnumpy(), [1, 2])
    dx.nd.sgd_mom_update(weight, grad, mom, lr=0.1, momentum=0.9, out=weight)
    np.testing.assert_allclose(mom.asnumpy(), [-0.095, 0.19], rtol=1e-6)
    np.testing.assert_allclose(weight.asnumpy(), [0.905, 2.19], rtol=1e-6)


def test_several_weights_at_once():
    weights, moms = [array(1, 2), array(3)], [array(0, 0), array(0)]
    grads = [array(1, 1), array(2)]
    data = [x for group in zip(weights, grads, moms, strict=True) for x in group]
    dx.nd.multi_sgd_mom_update(*data, lrs=(0.1, 0.2), wds=(0, 0), momentum=0.9, num_weights=2, out=weights)
    np.testing.assert_allclose(weights[0].asnumpy(), [0.9, 1.9], rtol=1e-6)
    np.testing.assert_allclose(moms[1].asnumpy(), [-0.4], rtol=1e-6)


def test_master_weights_keep_what_float16_loses():
    weight, grad = (array(1).astype("float16"), array(1e-4).astype("float16"))
    master = array(1)
    for _ in range(3):
        dx.nd.mp_sgd_update(weight, grad, master, lr=1.0, out=weight)
    np.testing.assert_allclose(master.asnumpy(), [1 - 3e-4], rtol=1e-6)
    assert weight.dtype == np.float16


def test_reset_arrays():
    a, b = array(1, 2), array(3)
    dx.nd.reset_arrays(a, b, num_arrays=2)
    assert a.asnumpy().tolist() == [0, 0]
    assert b.asnumpy().tolist() == [0]


@pytest.mark.filterwarnings("error")
def test_a_new_learning_rate_compiles_nothing():
    weight, grad, mean, var = array(1, 2), array(1, 1), array(0, 0), array(0, 0)
    dx.nd.adam_update(weight, grad, mean, var, lr=0.1, wd=0.1, out=weight)
    with jax.log_compiles():
        import logging

        seen: list[str] = []
        handler = logging.Handler()
        handler.emit = lambda record: seen.append(record.getMessage())
        logger = logging.getLogger("jax")
        logger.addHandler(handler)
        try:
            dx.nd.adam_update(weight, grad, mean, var, lr=0.05, wd=0.2, out=weight)
        finally:
            logger.removeHandler(handler)
    assert not [m for m in seen if "Compiling" in m]


def test_inference_mode_updates_too():
    net = dx.sym.load_json(
        '{"nodes": [{"op": "null", "name": "w", "inputs": []}, {"op": "null", "name": "g", "inputs": []}, '
        '{"op": "null", "name": "m", "inputs": []}, {"op": "sgd_mom_update", "name": "u", "attrs": {"lr": "0.1"}, '
        '"inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 0]]}], "arg_nodes": [0, 1, 2], "heads": [[3, 0, 0]]}'
    )
    assert net.list_auxiliary_states() == ["m"]
    ex = net.bind(dx.cpu(), {"w": array(1), "g": array(1)}, aux_states={"m": array(0)}, grad_req="null")
    ex.forward(is_train=False)
    np.testing.assert_allclose(ex.aux_dict["m"].asnumpy(), [-0.1], rtol=1e-6)


def arrays_for_update(seed, dtype="float32"):
    rng = np.random.default_rng(seed)
    return [dx.nd.array(rng.uniform(0.1, 1, (2, 3)), dtype=dtype) for _ in range(4)]


def test_contrib_adamw_takes_a_number_for_the_scale():
    one, other = arrays_for_update(0), arrays_for_update(0)
    dx.nd.contrib.adamw_update(*one, 0.5, lr=0.1, eta=1.0, wd=0.01, out=one[0])
    dx.nd._internal._adamw_update(*other, dx.nd.array([0.5]), lr=0.1, eta=1.0, wd=0.01, out=other[0])
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.asnumpy(), b.asnumpy())
    before = one[0].asnumpy()
    dx.nd.contrib.adamw_update(*one, float("inf"), lr=0.1, eta=1.0, out=one[0])
    np.testing.assert_array_equal(one[0].asnumpy(), before)


def test_contrib_updates_of_several_weights():
    groups = [arrays_for_update(1), arrays_for_update(2)]
    alone = [arrays_for_update(1), arrays_for_update(2)]
    columns = list(zip(*groups, strict=True))
    dx.nd.contrib.multi_adamw_update(*columns, 1.0, lrs=[0.1, 0.2], wds=[0.0, 0.1], etas=[1.0, 0.5], out=columns[0])
    for (w, *rest), lr, wd, eta in zip(alone, (0.1, 0.2), (0.0, 0.1), (1.0, 0.5), strict=True):
        dx.nd.contrib.adamw_update(w, *rest, 1.0, lr=lr, wd=wd, eta=eta, out=w)
    for got, want in zip(groups, alone, strict=True):
        np.testing.assert_allclose(got[0].asnumpy(), want[0].asnumpy(), rtol=1e-6)
    columns = list(zip(*groups, strict=True))
    before = [w.asnumpy() for w in columns[0]]
    dx.nd.contrib.multi_lamb_update(*columns, step_count=[1, 1], lrs=[0.1, 0.1], wds=[0.0, 0.0], out=columns[0])
    assert all((w.asnumpy() != b).any() for w, b in zip(columns[0], before, strict=True))


def test_contrib_updates_keep_full_precision_copies():
    weight, grad, mean, var = arrays_for_update(3)
    half, half_grad = weight.astype("float16"), grad.astype("float16")
    copy = half.astype("float32")
    dx.nd.contrib.mp_adamw_update(half, half_grad, mean, var, copy, 1.0, lr=0.1, eta=1.0, out=half)
    np.testing.assert_array_equal(half.asnumpy(), copy.asnumpy().astype("float16"))
    lists = [[half], [half_grad], [mean], [var], [copy]]
    dx.nd.contrib.multi_mp_adamw_update(*lists, 1.0, lrs=[0.1], wds=[0.0], etas=[1.0], out=[half])
    np.testing.assert_array_equal(half.asnumpy(), copy.asnumpy().astype("float16"))
    dx.nd.contrib.multi_mp_lamb_update(*lists, step_count=[3], lrs=[0.1], wds=[0.0], out=[half])
    np.testing.assert_array_equal(half.asnumpy(), copy.asnumpy().astype("float16"))
