"""Surgery on graphs with their weights: what comes out computes what it should, what went in stays as it was."""

import re
from pathlib import Path

import numpy as np
import pytest

import declax as dx
from declax import edit, graph, sym
from declax.errors import EditError, OperatorError


def conv_net():
    """Two convolutions with normalization, then a classifier."""
    x = sym.Variable("data")
    for i in (1, 2):
        x = sym.Convolution(x, kernel=(3, 3), pad=(1, 1), num_filter=4 * i, name=f"conv{i}")
        x = sym.BatchNorm(x, fix_gamma=False, name=f"bn{i}")
        x = sym.Activation(x, act_type="relu", name=f"relu{i}")
    x = sym.Dropout(sym.Flatten(x, name="flat"), p=0.5, name="drop")
    return sym.SoftmaxOutput(sym.FullyConnected(x, num_hidden=10, name="fc"), name="softmax")


SHAPE = (2, 3, 5, 5)


def arrays_of(net, rng, **shapes):
    """(arguments, auxiliary states) with random numbers for everything but the inputs."""
    args, _, aux = net.infer_shape_partial(**shapes)
    inputs = {*shapes, *(n for n in net.list_arguments() if n.endswith("label"))}
    made = {
        n: rng.normal(size=s).astype("float32")
        for n, s in zip(net.list_arguments(), args, strict=True)
        if n not in inputs
    }
    states = {
        n: rng.uniform(0.5, 1.5, s).astype("float32") for n, s in zip(net.list_auxiliary_states(), aux, strict=True)
    }
    return made, states


def run(net, params, **inputs):
    """The outputs in inference, labels filled with zeros."""
    args, aux = params
    shapes, _, _ = net.infer_shape_partial(**{k: v.shape for k, v in inputs.items()})
    labels = {
        n: np.zeros(s, "float32") for n, s in zip(net.list_arguments(), shapes, strict=True) if n.endswith("label")
    }
    outputs, _ = dx.lower(net)({**args, **labels, **inputs}, aux)
    return [np.asarray(y) for y in outputs]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def loaded(rng):
    net = conv_net()
    return net, arrays_of(net, rng, data=SHAPE), rng.normal(size=SHAPE).astype("float32")


# -- parameters in every form --------------------------------------------------------------------------------------


def test_parameters_come_back_in_their_form(loaded):
    net, (args, aux), _ = loaded
    flat = {**args, **aux}
    as_file = {**{f"arg:{k}": v for k, v in args.items()}, **{f"aux:{k}": v for k, v in aux.items()}}
    for form in (
        flat,
        as_file,
        (args, aux),
        ({k: v for k, v in as_file.items() if k[:4] == "arg:"}, {f"aux:{k}": v for k, v in aux.items()}),
    ):
        _, out = edit.prefix(net, form, "p_")
        assert type(out) is type(form)
        pairs = zip(form, out, strict=True) if isinstance(form, tuple) else [(form, out)]
        for before, after in pairs:
            assert [re.sub("^(arg:|aux:)?", r"\1p_", k) for k in before] == list(after)
            assert all(a is b for a, b in zip(before.values(), after.values(), strict=True))
    assert edit.prefix(net, None, "p_")[1] is None


def test_a_checkpoint_goes_through_surgery(loaded, tmp_path: Path):
    net, (args, aux), x = loaded
    dx.model.save_checkpoint(str(tmp_path / "a"), 1, net, args, aux)
    net, *params = dx.model.load_checkpoint(str(tmp_path / "a"), 1)
    before = run(net, params, data=x)[0]
    net, params = edit.deploy(net, tuple(params))
    net, params = edit.fold_batch_norm(net, params)
    assert isinstance(params[0]["conv1_bias"], dx.NDArray)
    assert params[1] == {}
    dx.model.save_checkpoint(str(tmp_path / "b"), 0, net, *params)
    net, *params = dx.model.load_checkpoint(str(tmp_path / "b"), 0)
    np.testing.assert_allclose(run(net, params, data=x)[0], before, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (({}, {}, {}), r"parameters as a tuple are \(arguments, auxiliary states\), got 3 members"),
        (3, "parameters are a dict of arrays by name, or a pair of dicts; got int"),
        ({"arg:a": 1, "b": 2}, "some parameters are named arg:... or aux:..., such as 'arg:a'; 'b' is not"),
        ({"arg:a": 1, "aux:a": 2}, "there are two parameters named 'a', an argument and an auxiliary state"),
    ],
)
def test_parameters_in_no_form(params, words):
    with pytest.raises(EditError, match=words):
        edit.prune(sym.Variable("a"), params)


# -- structure -----------------------------------------------------------------------------------------------------


def unchanged(function):
    """Runs `function(net, params, x)` and checks that the old graph and arrays are as before."""

    def check(loaded):
        net, params, x = loaded
        text, names = net.tojson(), [set(p) for p in params]
        nodes = [(id(n), n.name, dict(n.attrs), n.version) for n in graph.topological(net.heads)]
        function(net, params, x)
        assert net.tojson() == text
        assert [set(p) for p in params] == names
        assert nodes == [(id(n), n.name, dict(n.attrs), n.version) for n in graph.topological(net.heads)]

    check.__name__ = function.__name__
    return check


@unchanged
def test_features(net, params, x):
    part, kept = edit.features(net, params, "relu1_output", "bn2")
    assert part.list_outputs() == ["relu1_output", "bn2_output"]
    assert set(kept[0]) == {
        f"{n}{i}_{p}"
        for i in (1, 2)
        for n, p in (("conv", "weight"), ("conv", "bias"), ("bn", "gamma"), ("bn", "beta"))
    }
    whole = net.get_internals()
    expected = run(dx.Group([whole["relu1_output"], whole["bn2_output"]]), kept, data=x)
    for y, z in zip(run(part, kept, data=x), expected, strict=True):
        np.testing.assert_array_equal(y, z)


@unchanged
def test_replace_head(net, params, x):
    def head(features):
        return sym.SoftmaxOutput(sym.FullyConnected(features, num_hidden=3, name="fc"), name="softmax")

    new, kept = edit.replace_head(net, params, "flat_output", head)
    assert not [n for n in kept[0] if n.startswith("fc")]
    fresh = dx.init_params(new, data=SHAPE, softmax_label=SHAPE[:1])
    assert fresh["fc_weight"].shape == (3, 200)
    assert run(new, ({**fresh, **kept[0]}, kept[1]), data=x)[0].shape == (2, 3)


@unchanged
def test_replace_head_on_several_outputs(net, params, x):
    new, kept = edit.replace_head(net, params, ["relu1", "relu2"], lambda a, b: sym.concat(a, b, dim=1))
    assert run(new, kept, data=x)[0].shape == (2, 12, 5, 5)
    assert new.name == "concat0"


@unchanged
def test_insert_behind_an_output(net, params, x):
    new, kept = edit.insert(net, params, "relu1_output", lambda y: y * 0)
    assert set(kept[0]) == set(params[0])
    conv2 = run(*edit.features(new, kept, "conv2_output"), data=x)[0]
    np.testing.assert_allclose(conv2, np.broadcast_to(kept[0]["conv2_bias"].reshape(1, -1, 1, 1), (2, 8, 5, 5)))


@unchanged
def test_insert_behind_the_data(net, params, x):
    new, kept = edit.insert(net, params, "data", lambda y: (y - 1) / 2)
    np.testing.assert_allclose(run(new, kept, data=2 * x + 1)[0], run(net, params, data=x)[0], rtol=1e-4, atol=1e-6)


@unchanged
def test_insert_behind_the_last_output(net, params, x):
    new, kept = edit.insert(net, params, "softmax_output", lambda y: sym.log(y, name="log"))
    assert new.list_outputs() == ["log_output"]
    np.testing.assert_allclose(np.exp(run(new, kept, data=x)[0]), run(net, params, data=x)[0], rtol=1e-5)


def test_insert_for_some_readers():
    x = sym.Variable("x")
    a, b = sym.relu(x, name="a"), sym.relu(x, name="b")
    new, _ = edit.insert(dx.Group([a, b, x]), None, "x", sym.negative, readers=["a"])
    (ya, yb, yx), _ = dx.lower(new)({"x": np.ones(2, "float32")})
    assert (ya.tolist(), yb.tolist(), yx.tolist()) == ([0, 0], [1, 1], [1, 1])


def test_automatic_names_of_new_nodes_are_unused():
    net = sym.relu(sym.Variable("x"))
    assert net.name == "relu0"
    with dx.name.NameManager():
        new, _ = edit.insert(net, None, "relu0", sym.relu)
    assert new.name == "relu1"
    with dx.name.Prefix("new_"):
        assert edit.insert(net, None, "relu0", sym.relu)[0].name == "new_relu0"


@unchanged
def test_remove(net, params, x):
    new, kept = edit.remove(net, params, "bn?", "drop")
    assert set(kept[0]) == {k for k in params[0] if not k.startswith("bn")}
    assert kept[1] == {}
    assert new.get_internals().list_outputs()[3:5] == ["conv1_output", "relu1_output"]
    assert run(new, kept, data=x)[0].shape == (2, 10)


def test_remove_a_node_that_joins():
    net = sym.relu(
        sym.elemwise_add(sym.sin(sym.Variable("x"), name="s"), sym.cos(sym.Variable("y"), name="c"), name="plus")
    )
    with pytest.raises(EditError, match=r"node 'plus', operator elemwise_add.* joins 's', 'c'; say with keep= which"):
        edit.remove(net, None, "plus")
    assert edit.remove(net, None, "plus", keep=1)[0].list_arguments() == ["y"]
    with pytest.raises(EditError, match="has 2 inputs, so keep=2 is none of them"):
        edit.remove(net, None, "plus", keep=2)


def test_remove_what_has_no_input_or_more_outputs():
    with pytest.raises(EditError, match="cannot be removed: it has no input that could take its place"):
        edit.remove(sym.zeros((2,), name="z") + 1, None, "z")
    parts = sym.split(sym.Variable("x"), num_outputs=2, name="s")
    with pytest.raises(EditError, match="cannot be removed: more than its first output is read"):
        edit.remove(parts[0] + parts[1], None, "s")


@unchanged
def test_set_attributes(net, params, x):
    new, kept = edit.set_attributes(net, params, "bn*", use_global_stats=True, momentum=0.5)
    attributes = new.attr_dict()
    assert attributes["bn1"]["use_global_stats"] == "True"
    assert attributes["bn2"]["momentum"] == "0.5"
    assert "use_global_stats" not in edit.set_attributes(new, None, "bn1", use_global_stats=None)[0].attr_dict()["bn1"]
    assert set(kept[0]) == set(params[0])
    with pytest.raises(OperatorError, match=r"node 'bn1'.*Cannot find argument 'moment'; did you mean 'momentum'"):
        edit.set_attributes(net, params, "bn1", moment=1)
    with pytest.raises(EditError, match="would need 2 inputs, and has 3: replace the node instead"):
        edit.set_attributes(net, params, "fc", no_bias=True)


@unchanged
def test_prune(net, params, x):
    args, aux = edit.prune(net, ({**params[0], "old_weight": x}, {**params[1], "old_mean": x}))[1]
    assert (set(args), set(aux)) == (set(params[0]), set(params[1]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda n: edit.features(n, None), "name at least one output"),
        (lambda n: edit.features(n, None, "relu3"), "no output or node named 'relu3'; did you mean 'relu"),
        (lambda n: edit.replace_head(n, None, "flat", lambda x: 3), "must return a Symbol, got int"),
        (
            lambda n: edit.replace_head(n, None, "flat", lambda x: sym.relu(x, name="bn1")),
            "the graph would have two nodes named 'bn1'; one is node 'bn1', operator relu.*Give it another name",
        ),
        (
            lambda n: edit.insert(n, None, "flat", lambda x: x + sym.Variable("bn1_gamma")),
            "two variables named 'bn1_gamma'.*or join the two with edit.share",
        ),
        (lambda n: edit.insert(n, None, "flat", lambda x: dx.Group([x, x])), "must have one output, got 2"),
        (
            lambda n: edit.insert(n, None, "flat", sym.relu, readers=["dorp"]),
            "no reader of 'flat' matches 'dorp'; did you mean 'drop'",
        ),
        (lambda n: edit.remove(n, None), "say which nodes are meant"),
        (lambda n: edit.remove(n, None, "dorp"), "no node matches 'dorp'; did you mean 'drop'"),
        (lambda n: edit.remove(n, None, op="Pooling"), "no node of the graph is a Pooling"),
        (lambda n: edit.remove(n, None, "bn1", op="Dropout"), "no Dropout node matches 'bn1'"),
        (lambda n: edit.remove(n, None, re.compile("x.*")), "no node matches 'x"),
    ],
)  # fmt: skip
def test_structure_errors(call, words):
    with pytest.raises(EditError, match=re.compile(words, re.DOTALL)):
        call(conv_net())


def test_an_output_name_that_two_nodes_have():
    net = dx.Group([sym.relu(sym.Variable("x"), name="r"), sym.sin(sym.Variable("y"), name="r")])
    with pytest.raises(EditError, match="2 outputs of the graph are named 'r_output'; rename the nodes first"):
        edit.features(net, None, "r_output")


# -- names ---------------------------------------------------------------------------------------------------------


@unchanged
def test_rename(net, params, x):
    new, kept = edit.rename(net, params, {"bn1": "norm", "data": "image", "fc_bias": "offset"})
    assert new.list_arguments()[:5] == ["image", "conv1_weight", "conv1_bias", "norm_gamma", "norm_beta"]
    assert new.list_auxiliary_states()[:2] == ["norm_moving_mean", "norm_moving_var"]
    assert kept[1]["norm_moving_var"] is params[1]["bn1_moving_var"]
    assert kept[0]["offset"] is params[0]["fc_bias"]
    np.testing.assert_array_equal(run(new, kept, image=x)[0], run(net, params, data=x)[0])
    assert [e.version for e in new.get_internals()["norm_output"].heads[0].node.inputs] == [0, 0, 0, 1, 1]


def test_rename_by_function():
    new, params = edit.rename(conv_net(), {"fc_weight": 1}, lambda n: n.replace("fc", "classes"))
    assert "classes_weight" in new.list_arguments()
    assert params == {"classes_weight": 1}


@unchanged
def test_two_nets_side_by_side(net, params, x):
    left, left_params = edit.prefix(*edit.features(net, params, "fc"), "left_")
    right, right_params = edit.prefix(*edit.features(net, params, "fc"), "right_")
    assert left.list_arguments()[:2] == ["data", "left_conv1_weight"]
    joined = left + right  # on the same data, as one graph was the source of both
    assert joined.list_inputs().count("data") == 1
    merged = ({**left_params[0], **right_params[0]}, {**left_params[1], **right_params[1]})
    expected = run(edit.features(net, None, "fc")[0], edit.features(net, params, "fc")[1], data=x)[0]
    np.testing.assert_allclose(run(joined, merged, data=x)[0], 2 * expected, rtol=1e-5)
    assert edit.prefix(net, params, "p_", inputs=True)[0].list_arguments()[0] == "p_data"


def test_prefix_without_arrays_leaves_inputs():
    assert edit.prefix(conv_net(), None, "p_")[0].list_inputs()[:2] == ["data", "p_conv1_weight"]
    assert edit.prefix(conv_net(), None, "p_")[0].list_inputs()[-1] == "softmax_label"


def two_layers():
    x = sym.FullyConnected(sym.Variable("x"), num_hidden=3, no_bias=True, name="a")
    return sym.FullyConnected(x, num_hidden=3, no_bias=True, name="b")


def test_share_and_unshare(rng):
    net, params = two_layers(), {"a_weight": rng.normal(size=(3, 3)), "b_weight": rng.normal(size=(3, 3))}
    one, kept = edit.share(net, params, {"b_weight": "a_weight"})
    assert one.list_arguments() == ["x", "a_weight"]
    assert list(kept) == ["a_weight"]
    two, kept = edit.unshare(one, kept, "a_weight")
    assert two.list_arguments() == ["x", "a_weight", "b_weight"]
    assert kept["b_weight"] is kept["a_weight"] is params["a_weight"]
    assert net.list_arguments() == ["x", "a_weight", "b_weight"]


def test_unshare_auxiliary_states():
    shared = {n: sym.Variable(n) for n in ("mean", "var")}
    x = sym.BatchNorm(sym.Variable("x"), moving_mean=shared["mean"], moving_var=shared["var"], name="a")
    x = sym.BatchNorm(x, moving_mean=shared["mean"], moving_var=shared["var"], name="b")
    new, (args, aux) = edit.unshare(x, ({}, {"mean": 1, "var": 2}), "mean", "var")
    assert aux == {"mean": 1, "var": 2, "b_moving_mean": 1, "b_moving_var": 2}
    assert new.list_auxiliary_states() == ["mean", "var", "b_moving_mean", "b_moving_var"]
    assert args == {}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda n: edit.rename(n, None, {"c": "d"}), "the graph has no node named 'c' to rename"),
        (lambda n: edit.rename(n, None, {"a": "b"}), "would have two (nodes|variables) named 'b"),
        (lambda n: edit.rename(n, None, {"a": ""}), "the new name of 'a' must be a text that is not empty, got ''"),
        (lambda n: edit.rename(n, {"a_weight": 1, "z": 2}, {"a_weight": "z"}), "two parameters would be named 'z'"),
        (lambda n: edit.share(n, None, {"c": "a_weight"}), "the graph has no variable named 'c'"),
        (lambda n: edit.share(n, None, {"a_weight": "b_weight", "b_weight": "x"}), "which is itself replaced by 'x'"),
        (
            lambda n: edit.share(
                n, {"a_weight": np.ones((3, 2)), "b_weight": np.ones((3, 3))}, {"a_weight": "b_weight"}
            ),
            r"'a_weight' and 'b_weight' cannot be shared: their arrays are \(3, 2\) and \(3, 3\)",
        ),
        (
            lambda n: edit.share(sym.BatchNorm(n, name="bn"), None, {"bn_gamma": "bn_moving_mean"}),
            "cannot be shared: one is an argument, the other an auxiliary state",
        ),
        (lambda n: edit.unshare(n, None), "name the shared variables"),
        (lambda n: edit.unshare(n, None, "a_weight"), "variable 'a_weight' is not shared: it has 1 reader"),
    ],
)  # fmt: skip
def test_name_errors(call, words):
    with pytest.raises(EditError, match=words):
        call(two_layers())


def test_unshare_to_a_name_that_is_taken():
    weight = sym.Variable("w")
    x = sym.FullyConnected(sym.Variable("b_weight"), weight, num_hidden=3, no_bias=True, name="a")
    x = sym.FullyConnected(x, weight, num_hidden=3, no_bias=True, name="b")
    with pytest.raises(EditError, match="'b' cannot have its own 'w': the name 'b_weight' is taken"):
        edit.unshare(x, None, "w")


# -- freezing ------------------------------------------------------------------------------------------------------


@unchanged
def test_freeze(net, params, x):
    new, kept = edit.freeze(net, params, "conv1_*", "bn1_*")
    expected = ["conv1_weight", "conv1_bias", "bn1_gamma", "bn1_beta"]
    assert edit.frozen(new) == expected
    assert edit.frozen(net) == []
    assert edit.frozen(sym.load_json(new.tojson())) == expected
    requests = edit.grad_req(new, kept)
    assert [n for n, r in requests.items() if r == "null"] == ["data", *expected, "softmax_label"]
    assert edit.grad_req(new, request="add")["fc_weight"] == "add"
    assert edit.grad_req(new) == requests
    mask = edit.trainable(new, kept)
    assert [n for n, t in mask.items() if not t] == expected
    assert list(mask) == list(kept[0])
    assert edit.trainable(new, {"arg:fc_weight": 1, "arg:conv1_bias": 2, "aux:bn2_moving_var": 3}) == {
        "arg:fc_weight": True, "arg:conv1_bias": False, "aux:bn2_moving_var": False,
    }  # fmt: skip
    assert new.attr_dict()["bn1"]["use_global_stats"] == "True"
    assert "use_global_stats" not in new.attr_dict()["bn2"]
    assert "use_global_stats" not in edit.freeze(net, params, "bn1_*", statistics=False)[0].attr_dict()["bn1"]
    assert "use_global_stats" not in edit.freeze(net, params, "bn1_beta")[0].attr_dict()["bn1"]


def test_frozen_parameters_get_no_gradient(loaded):
    net, params, x = loaded
    new, (args, aux) = edit.freeze(net, params, "conv*", "bn*")
    ex = new.simple_bind(dx.cpu(), grad_req=edit.grad_req(new, (args, aux)), data=SHAPE)
    ex.copy_params_from({k: dx.nd.array(v) for k, v in args.items()}, {k: dx.nd.array(v) for k, v in aux.items()})
    ex.forward(is_train=True, data=x, softmax_label=np.zeros(2))
    ex.backward()
    assert [n for n, g in ex.grad_dict.items() if g is not None] == ["fc_weight", "fc_bias"]
    for name, state in ex.aux_dict.items():
        np.testing.assert_array_equal(state.asnumpy(), aux[name])


def test_freeze_errors():
    net = conv_net()
    with pytest.raises(EditError, match="say which parameters to freeze"):
        edit.freeze(net, None)
    with pytest.raises(EditError, match="no parameter matches 'data'"):
        edit.freeze(net, None, "data")
    with pytest.raises(EditError, match=r"variable 'w'.* has lr_mult='slow', which is no number"):
        edit.frozen(sym.relu(sym.Variable("w", lr_mult="slow")))


# -- deployment ----------------------------------------------------------------------------------------------------


@unchanged
def test_deploy(net, params, x):
    new, kept = edit.deploy(net, params)
    assert new.list_outputs() == net.list_outputs()
    assert "softmax_label" not in new.list_arguments()
    assert "drop" not in [n.name for n in graph.topological(new.heads)]
    np.testing.assert_allclose(run(new, kept, data=x)[0], run(net, params, data=x)[0], rtol=1e-6)


HEADS = {
    "matrix": lambda x: sym.SoftmaxOutput(sym.Flatten(x), name="head"),
    "images": lambda x: sym.SoftmaxOutput(x, name="head"),
    "channels": lambda x: sym.SoftmaxOutput(x, multi_output=True, name="head"),
    "last": lambda x: sym.SoftmaxOutput(x, preserve_shape=True, name="head"),
    "logistic": lambda x: sym.LogisticRegressionOutput(x, name="head"),
    "linear": lambda x: sym.LinearRegressionOutput(x, name="head"),
    "absolute": lambda x: sym.MAERegressionOutput(x, name="head"),
    "svm": lambda x: sym.SVMOutput(x, name="head"),
    "loss": lambda x: sym.MakeLoss(x, name="head"),
    "small loss": lambda x: sym.make_loss(x, name="head"),
    "blocked": lambda x: sym.BlockGrad(x, name="head"),
}


@pytest.mark.parametrize("name", HEADS)
def test_every_head_keeps_its_numbers(name, rng):
    net = HEADS[name](sym.Variable("x"))
    x = rng.normal(size=(2, 3, 4)).astype("float32")
    new, _ = edit.deploy(net, None)
    assert (new.list_arguments(), new.name) == (["x"], "head")
    np.testing.assert_allclose(run(new, ({}, {}), x=x)[0], run(net, ({}, {}), x=x)[0], rtol=1e-6)


def test_deploy_leaves_out_what_needs_labels():
    """A detector as it is trained: of its four outputs the class probabilities and the detections remain."""
    x = sym.Convolution(sym.Variable("data"), kernel=(3, 3), pad=(1, 1), num_filter=8, name="body")
    anchors = sym.contrib.MultiBoxPrior(x, sizes=(0.5,), name="anchors")
    classes = sym.reshape(sym.Convolution(x, kernel=(1, 1), num_filter=3, name="cls"), shape=(0, 3, -1))
    boxes = sym.Flatten(sym.Convolution(x, kernel=(1, 1), num_filter=4, name="loc"))
    target = sym.contrib.MultiBoxTarget(anchors, sym.Variable("label"), classes, name="target")
    prob = sym.SoftmaxOutput(classes, target[2], multi_output=True, name="cls_prob")
    loss = sym.MakeLoss(sym.smooth_l1(target[1] * (boxes - target[0]), scalar=1.0), name="loc_loss")
    found = sym.contrib.MultiBoxDetection(prob, boxes, anchors, name="detection")
    net = dx.Group([prob, loss, sym.MakeLoss(target[2], name="cls_label"), sym.BlockGrad(found, name="det_out")])
    new, _ = edit.deploy(net, None)
    assert new.list_outputs() == ["cls_prob_output", "det_out_output"]
    assert "label" not in new.list_arguments()
    assert new.infer_shape(data=(1, 3, 4, 4))[1] == [(1, 3, 16), (1, 16, 6)]


SOFTMAXES = [{}, {"multi_output": True}, {"preserve_shape": True}]
SIZES = (2, 3, 4, 5, 2)


@pytest.mark.parametrize("attributes", SOFTMAXES, ids=str)
@pytest.mark.parametrize("rank", range(1, 6))
@pytest.mark.parametrize("known", ["shape", "declared", "array"])
def test_a_softmax_of_any_rank_keeps_its_numbers(attributes, rank, known, rng):
    """What SoftmaxOutput sums over depends on the rank of its data, which the graph may tell in several ways."""
    if rank == 1 and "multi_output" in attributes:
        pytest.skip("there is no axis 1")
    x = rng.normal(size=SIZES[:rank]).astype("float32")
    w = rng.normal(size=x.shape).astype("float32")
    data = sym.Variable("x", shape=x.shape if known == "declared" else None)
    net = sym.SoftmaxOutput(data * sym.Variable("w"), sym.Variable("y"), name="head", **attributes)
    params = ({"w": w} if known == "array" else {}, {})
    new, _ = edit.deploy(net, params, shapes={"x": x.shape} if known == "shape" else None)
    assert (new.list_arguments(), new.list_outputs()) == (["x", "w"], ["head_output"])
    got, want = run(new, ({"w": w}, {}), x=x)[0], run(net, ({"w": w}, {}), x=x, y=np.zeros(x.shape))[0]
    np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: sym.Convolution(x, kernel=(1, 1), num_filter=3, name="conv"),
        lambda x: sym.relu(sym.Pooling(x, kernel=(2, 2), pool_type="max")),
        lambda x: sym.Cast(sym.Convolution(x, kernel=(1, 1), num_filter=3, name="conv"), dtype="float16"),
        lambda x: sym.FullyConnected(x, num_hidden=3, name="fc"),
    ],
    ids=["convolution", "pooling", "float16", "fully connected"],
)
def test_a_softmax_behind_a_layer_keeps_its_numbers_without_shapes(make, rng):
    x = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    net = sym.SoftmaxOutput(make(sym.Variable("data")), name="head")
    shapes = dict(zip(net.list_arguments(), net.infer_shape(data=x.shape)[0], strict=True))
    arrays = {k: rng.normal(size=s).astype("float32") for k, s in shapes.items() if k not in ("data", "head_label")}
    new, _ = edit.deploy(net, None)
    np.testing.assert_allclose(
        run(new, (arrays, {}), data=x)[0], run(net, (arrays, {}), data=x)[0], rtol=1e-2
    )  # the half one rounds


def test_deploy_strips_heads_to_what_goes_into_them():
    x = sym.relu(sym.Variable("x"), name="act")
    for make in (sym.SoftmaxOutput, sym.LogisticRegressionOutput, sym.LinearRegressionOutput, sym.SVMOutput):
        assert edit.deploy(make(x, name="head"), None, heads="strip")[0].list_outputs() == ["act_output"]
    both = dx.Group(
        [sym.SoftmaxOutput(x, name="a"), sym.SoftmaxOutput(x, name="b"), sym.SoftmaxOutput(x, name="a") + 1]
    )
    assert edit.deploy(both, None, heads="strip")[0].list_outputs()[:1] == ["act_output"]
    assert len(edit.deploy(both, None, heads="strip")[0].list_outputs()) == 2
    with pytest.raises(ValueError, match="heads='cut': expected 'replace' or 'strip'"):
        edit.deploy(x, None, heads="cut")


def test_what_is_a_label_and_what_is_not():
    x, y = sym.Variable("x"), sym.Variable("y")
    code = sym.FullyConnected(x, num_hidden=3, name="fc")
    net, _ = edit.deploy(sym.LinearRegressionOutput(code, x, name="decoded"), None)
    assert net.list_arguments() == ["x", "fc_weight", "fc_bias"]  # an autoencoder's data is also its label
    loss = sym.MakeLoss(sym.pick(code, y), name="loss")
    net, _ = edit.deploy(dx.Group([sym.SoftmaxOutput(code, y, name="softmax"), loss]), None)
    assert net.list_outputs() == ["softmax_output"]
    teacher = sym.softmax(sym.FullyConnected(x, num_hidden=3, name="teacher"), name="soft")
    net, _ = edit.deploy(dx.Group([sym.SoftmaxOutput(code, teacher * y, name="softmax"), teacher]), None)
    assert net.list_outputs() == ["softmax_output", "soft_output"]


def test_deploy_errors():
    x, y = sym.Variable("x"), sym.Variable("y")
    loss = sym.MakeLoss(sym.square(x - y), name="loss")
    assert edit.deploy(loss, None)[0].list_arguments() == ["x", "y"]
    with pytest.raises(EditError, match=r"every output needs a label \(y\): loss_output. Pick an output inside"):
        edit.deploy(loss, None, labels=["y"])
    assert edit.deploy(sym.SoftmaxOutput(x, sym.Reshape(y, shape=(-1,))), None)[0].list_arguments() == ["x"]
