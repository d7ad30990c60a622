"""Batch normalization merged into the layer before it: the same numbers wherever it is legal, the reason where not."""

import re

import jax.numpy as jnp
import numpy as np
import pytest

import declax as dx
from declax import edit, folding, graph, sym
from declax.errors import EditError
from tests.test_edit import arrays_of, run

CONV = {"kernel": (3, 2), "num_filter": 8}
LAYERS = {
    "2d": (sym.Convolution, (2, 4, 6, 5), CONV),
    "no bias": (sym.Convolution, (2, 4, 6, 5), {**CONV, "no_bias": True}),
    "groups": (sym.Convolution, (2, 4, 6, 5), {**CONV, "num_group": 2, "stride": (2, 1), "dilate": (1, 2)}),
    "depthwise": (sym.Convolution, (2, 8, 6, 5), {**CONV, "num_group": 8, "no_bias": True}),
    "1d": (sym.Convolution, (2, 4, 6), {"kernel": (3,), "num_filter": 8}),
    "3d": (sym.Convolution, (2, 4, 3, 4, 5), {"kernel": (2, 3, 2), "num_filter": 8}),
    "last": (sym.Convolution, (2, 6, 5, 4), {**CONV, "layout": "NHWC"}),
    "last, groups": (sym.Convolution, (2, 6, 5, 4), {**CONV, "layout": "NHWC", "num_group": 2, "no_bias": True}),
    "v1": (sym.Convolution_v1, (2, 4, 6, 5), CONV),
    "transposed": (sym.Deconvolution, (2, 4, 3, 3), {**CONV, "stride": (2, 2)}),
    "transposed, bias": (sym.Deconvolution, (2, 4, 3, 3), {**CONV, "no_bias": False}),
    "transposed, groups": (sym.Deconvolution, (2, 4, 3, 3), {**CONV, "num_group": 2}),
    "transposed, last": (sym.Deconvolution, (2, 3, 3, 4), {**CONV, "layout": "NHWC"}),
    "transposed, last, groups": (sym.Deconvolution, (2, 3, 3, 4), {**CONV, "layout": "NHWC", "num_group": 4}),
    "dense": (sym.FullyConnected, (3, 2, 5), {"num_hidden": 8}),
    "dense, no bias": (sym.FullyConnected, (3, 10), {"num_hidden": 8, "no_bias": True}),
    "dense, last": (sym.FullyConnected, (3, 2, 5), {"num_hidden": 8, "flatten": False}),
}


def axis_of(name):
    return -1 if "last" in name else 1


@pytest.mark.parametrize("fix_gamma", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_the_numbers_stay(name, fix_gamma):
    layer, shape, attrs = LAYERS[name]
    rng = np.random.default_rng(1)
    net = layer(sym.Variable("x"), name="layer", **attrs)
    net = sym.BatchNorm(net, fix_gamma=fix_gamma, axis=axis_of(name), eps=0.01, name="norm")
    net = sym.tanh(net, name="out")
    params = arrays_of(net, rng, x=shape)
    x = rng.normal(size=shape).astype("float32")
    new, folded = edit.fold_batch_norm(net, params)
    assert [n.name for n in graph.topological(new.heads) if n.op is not None] == ["norm", "out"]
    assert new.list_arguments() == ["x", "layer_weight", "layer_bias"]
    assert (set(folded[0]), folded[1]) == ({"layer_weight", "layer_bias"}, {})
    assert folded[0]["layer_weight"].dtype == folded[0]["layer_bias"].dtype == np.float32
    np.testing.assert_allclose(run(new, folded, x=x)[0], run(net, params, x=x)[0], rtol=2e-5, atol=2e-6)
    assert new.infer_shape(x=shape)[1] == net.infer_shape(x=shape)[1]


@pytest.mark.parametrize("norm", [sym.BatchNorm_v1, lambda x, **k: sym.contrib.SyncBatchNorm(x, key="k", **k)])
def test_other_normalizations(norm):
    rng = np.random.default_rng(1)
    net = norm(sym.Convolution(sym.Variable("x"), kernel=(1, 1), num_filter=3, name="c"), name="n")
    params = arrays_of(net, rng, x=(2, 3, 4, 4))
    x = rng.normal(size=(2, 3, 4, 4)).astype("float32")
    new, folded = edit.fold_batch_norm(net, params)
    assert new.attr("op_name") == "Convolution"
    np.testing.assert_allclose(run(new, folded, x=x)[0], run(net, params, x=x)[0], rtol=2e-5, atol=2e-6)


def layer_and_norm(**norm):
    x = sym.Convolution(sym.Variable("x"), kernel=(1, 1), num_filter=3, no_bias=True, name="c")
    return sym.BatchNorm(x, name="n", **norm)


def test_a_chain_of_normalizations_and_layers():
    rng = np.random.default_rng(2)
    net = sym.BatchNorm(layer_and_norm(), name="n2")
    net = sym.Convolution(sym.relu(net, name="r"), kernel=(1, 1), num_filter=2, name="c2")
    net = sym.BatchNorm(net, fix_gamma=False, name="n3")
    params = arrays_of(net, rng, x=(2, 3, 4, 4))
    x = rng.normal(size=(2, 3, 4, 4)).astype("float32")
    new, folded = edit.fold_batch_norm(net, params)
    assert [n.name for n in graph.topological(new.heads) if n.op is not None] == ["n2", "r", "n3"]
    np.testing.assert_allclose(run(new, folded, x=x)[0], run(net, params, x=x)[0], rtol=2e-5, atol=2e-6)


def test_eps_of_zero_and_a_variance_of_zero():
    net = layer_and_norm(eps=0.0)
    params = arrays_of(net, np.random.default_rng(3), x=(2, 3, 4, 4))
    params[1]["n_moving_var"][0] = 0
    x = np.ones((2, 3, 4, 4), "float32")
    np.testing.assert_allclose(
        run(*edit.fold_batch_norm(net, params), x=x)[0], run(net, params, x=x)[0], rtol=1e-5, atol=1e-6
    )


def test_internal_outputs_keep_their_numbers_under_their_names():
    net = layer_and_norm()
    params = arrays_of(net, np.random.default_rng(3), x=(2, 3, 4, 4))
    new, _ = edit.fold_batch_norm(net, params)
    assert new.list_outputs() == net.list_outputs() == ["n_output"]


@pytest.mark.parametrize("kind", ["numpy", "jax", "NDArray", "float16"])
def test_arrays_keep_their_kind(kind):
    net = layer_and_norm()
    params = arrays_of(net, np.random.default_rng(3), x=(2, 3, 4, 4))
    make = {"numpy": np.asarray, "jax": jnp.asarray, "NDArray": dx.nd.array, "float16": lambda a: a.astype("float16")}[
        kind
    ]
    given = tuple({k: make(v) for k, v in p.items()} for p in params)
    _, (args, _) = edit.fold_batch_norm(net, given)
    for array in args.values():
        assert type(array) is type(given[0]["c_weight"])
        assert array.dtype == given[0]["c_weight"].dtype


def test_training_needs_fixed_statistics():
    net = layer_and_norm()
    params = arrays_of(net, np.random.default_rng(3), x=(2, 3, 4, 4))
    same, kept = edit.fold_batch_norm(net, params, train=True)
    assert (same.tojson(), set(kept[1])) == (net.tojson(), set(params[1]))
    fixed, _ = edit.set_attributes(net, None, op="BatchNorm", use_global_stats=True)
    assert edit.fold_batch_norm(fixed, params, train=True)[0].attr("op_name") == "Convolution"


def two_readers():
    norm = layer_and_norm()
    return dx.Group([norm, sym.relu(norm.get_internals()["c_output"], name="r")])


def with_output():
    norm = layer_and_norm()
    return dx.Group([norm, norm.get_internals()["c_output"]])


def statistics():
    norm = layer_and_norm(output_mean_var=True)
    return dx.Group([norm[0], norm[1]])


def dense(norm_axis, **attrs):
    return sym.BatchNorm(
        sym.FullyConnected(sym.Variable("x"), num_hidden=3, name="d", **attrs), axis=norm_axis, name="n"
    )


ILLEGAL = {
    "after an activation": (
        lambda: sym.BatchNorm(sym.relu(sym.Variable("x"), name="r"), name="n"),
        "normalizes 'r' (relu), which is no convolution, deconvolution or fully connected layer",
    ),
    "on the data": (
        lambda: sym.BatchNorm(sym.Variable("x"), name="n"),
        "normalizes 'x' (a variable), which is no convolution, deconvolution or fully connected layer",
    ),
    "another reader": (two_readers, "is not the only reader of 'c': so is 'r'"),
    "an output": (with_output, "is not the only reader of 'c': so is an output of the graph"),
    "statistics read": (statistics, "has its mean or variance read as outputs"),
    "another axis": (lambda: layer_and_norm(axis=2), "normalizes axis 2, but the channels of 'c' are at axis 1"),
    "axis of a matrix": (lambda: dense(0), "normalizes axis 0, but the channels of 'd' are at axis 1"),
    "axis of unknown rank": (
        lambda: dense(1, flatten=False),
        "normalizes axis 1, but the channels of 'd' (flatten=False) are at axis -1",
    ),
}


@pytest.mark.parametrize("name", ILLEGAL)
def test_where_it_is_not_legal(name):
    make, words = ILLEGAL[name]
    net = make()
    norm = net.get_internals()["n_output"].heads[0].node
    assert folding.refusal(norm, graph.uses(net.heads)) == words
    assert folding.folds(net.heads) == []
    assert edit.fold_batch_norm(net, {})[0].tojson() == net.tojson()
    with pytest.raises(
        EditError, match=r"node 'n', operator BatchNorm.* cannot be merged into the layer before it: it"
    ) as e:
        edit.fold_batch_norm(net, {}, "n")
    assert words in str(e.value)


def test_training_statistics_by_name():
    with pytest.raises(
        EditError, match="uses the statistics of the batch in training; set use_global_stats=True on it"
    ):
        edit.fold_batch_norm(layer_and_norm(), {}, "n", train=True)


def test_shared_weights():
    weight = sym.Variable("w")
    left = sym.BatchNorm(sym.FullyConnected(sym.Variable("x"), weight, num_hidden=3, no_bias=True, name="a"), name="na")
    net = left + sym.FullyConnected(sym.Variable("y"), weight, num_hidden=3, no_bias=True, name="b")
    assert len(folding.folds(net.heads)) == 1
    assert edit.fold_batch_norm(net, {})[0].tojson() == net.tojson()
    with pytest.raises(
        EditError, match="cannot be merged into 'a': 'w' is shared with 'b'; give each its own with edit"
    ):
        edit.fold_batch_norm(net, {}, "na")
    net, params = edit.unshare(net, arrays_of(net, np.random.default_rng(0), x=(2, 4), y=(2, 4)), "w")
    assert edit.fold_batch_norm(net, params)[0].list_arguments() == ["x", "w", "a_bias", "y", "b_weight"]


def test_parameters_that_are_computed():
    x = sym.FullyConnected(
        sym.Variable("x"), sym.relu(sym.Variable("v"), name="rv"), num_hidden=3, no_bias=True, name="a"
    )
    with pytest.raises(
        EditError, match="cannot be merged into 'a': its weight is computed by 'rv' and is no parameter"
    ):
        edit.fold_batch_norm(sym.BatchNorm(x, name="n"), {}, "n")
    x = sym.FullyConnected(sym.Variable("x"), num_hidden=3, name="a")
    with pytest.raises(EditError, match="its gamma is computed by 'rv' and is no parameter"):
        edit.fold_batch_norm(sym.BatchNorm(x, sym.relu(sym.Variable("v"), name="rv"), name="n"), {}, "n")


def test_missing_and_wrong_arrays():
    net = layer_and_norm(fix_gamma=False)
    params = arrays_of(net, np.random.default_rng(3), x=(2, 3, 4, 4))
    with pytest.raises(EditError, match="merging needs the array 'n_gamma' of 'n'; did you mean 'n_gama'"):
        edit.fold_batch_norm(net, {**{k: v for k, v in params[0].items() if k != "n_gamma"}, **params[1], "n_gama": 1})
    with pytest.raises(EditError, match="has 3 output channels, its normalization 2"):
        edit.fold_batch_norm(net, {k: v[:2] if k[0] == "n" else v for k, v in {**params[0], **params[1]}.items()})
    with pytest.raises(EditError, match="no batch normalization matches 'm'"):
        edit.fold_batch_norm(net, params, "m")


def test_a_bias_name_that_is_taken():
    net = layer_and_norm() + sym.Variable("c_bias")
    params = arrays_of(net, np.random.default_rng(3), x=(2, 3, 4, 4))
    new, (args, _) = edit.fold_batch_norm(net, params)
    assert "c_bias_folded" in new.list_arguments()
    assert args["c_bias"] is params[0]["c_bias"]


def test_patterns_choose():
    net = sym.BatchNorm(sym.Convolution(layer_and_norm(), kernel=(1, 1), num_filter=2, name="c2"), name="m")
    params = arrays_of(net, np.random.default_rng(2), x=(2, 3, 4, 4))
    new, _ = edit.fold_batch_norm(net, params, re.compile("m"))
    assert [n.name for n in graph.topological(new.heads) if n.op is not None] == ["c", "n", "m"]
