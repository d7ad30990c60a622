"""`dx.inspect`: what it finds in graphs made here, in graphs that cannot be loaded, and in real old files."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

import declax as dx
from declax.errors import BindError, LoadError
from declax.inspection import Report
from declax.io.params import params_bytes, write_params

LEGACY = Path(__file__).parents[2] / "shared" / "oracle" / "corpus" / "legacy"
needs_legacy = pytest.mark.skipif(not LEGACY.is_dir(), reason="the collection of old files is not beside the checkout")


def kinds(report: Report) -> list[str]:
    return [f.kind for f in report.findings]


def finding(report: Report, kind: str):
    return next(f for f in report.findings if f.kind == kind)


def small():
    net = dx.sym.Convolution(dx.sym.Variable("data"), kernel=(3, 3), num_filter=4, name="conv")
    net = dx.sym.BatchNorm(net, name="bn")
    net = dx.sym.FullyConnected(dx.sym.Flatten(net), num_hidden=2, name="fc")
    return dx.sym.SoftmaxOutput(net, name="softmax")


def params_of(net, **shapes):
    arguments, _, states = net.infer_shape(**shapes)
    names = zip([*net.list_arguments(), *net.list_auxiliary_states()], [*arguments, *states], strict=True)
    rng = np.random.default_rng(0)
    made = {n: rng.standard_normal(s).astype("float32") for n, s in names if n not in shapes and n != "softmax_label"}
    return {n: np.abs(a) if n.endswith(("gamma", "var")) else a for n, a in made.items()}


def raw(nodes, heads, version=10901):
    variables = [i for i, n in enumerate(nodes) if n["op"] == "null"]
    return json.dumps(
        {"nodes": nodes, "arg_nodes": variables, "heads": heads, "attrs": {"mxnet_version": ["int", version]}}
    )


def var(name, **attrs):
    return {"op": "null", "name": name, "inputs": [], **({"attrs": attrs} if attrs else {})}


# -- a good model --------------------------------------------------------------------------------------------------


def test_facts_of_a_loadable_model(tmp_path):
    net = small()
    arrays = params_of(net, data=(2, 3, 5, 5))
    arrays["bn_gamma"][:] = 1
    path = str(tmp_path / "net-symbol.json")
    net.save(path)
    report = dx.inspect(path, {f"arg:{k}" if "moving" not in k else f"aux:{k}": v for k, v in arrays.items()},
                        shape={"data": (2, 3, 5, 5)})  # fmt: skip
    assert report
    assert kinds(report) == ["loss_head"]
    assert (report.format, report.version) == ("MXNet symbol JSON", "saved by MXNet 1.9.1")
    assert [(t.name, t.shape, t.role) for t in report.inputs] == [
        ("data", (2, 3, 5, 5), "input"), ("softmax_label", (2,), "label"),
    ]  # fmt: skip
    assert [(t.name, t.shape, t.dtype) for t in report.outputs] == [("softmax_output", (2, 2), "float32")]
    assert {o.name: o.count for o in report.operators} == {
        "Convolution": 1, "BatchNorm": 1, "Flatten": 1, "FullyConnected": 1, "SoftmaxOutput": 1,
    }  # fmt: skip
    known = dx.viz.summary(net, {"data": (2, 3, 5, 5)})
    totals = report.totals
    assert (totals.parameters, totals.states, totals.flops, totals.complete) == (
        known.params, known.states, known.flops, True,
    )  # fmt: skip
    assert totals.saved_bytes == sum(a.nbytes for a in arrays.values())


def test_the_dict_is_json_and_the_text_names_everything():
    report = dx.inspect(small(), shape={"data": (2, 3, 5, 5)})
    made = json.loads(json.dumps(report.to_dict()))
    assert made["ok"] is True
    assert made["outputs"] == [{"name": "softmax_output", "shape": [2, 2], "dtype": "float32", "role": "output"}]
    assert made["given_shapes"] == {"data": [2, 3, 5, 5]}
    text = str(report)
    for words in ("Convolution 1", "data (2, 3, 5, 5) float32", "softmax_label", "FLOPs forward", "1 note"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 120


def test_saved_weights_tell_the_channels_of_an_input_without_a_shape():
    net = dx.sym.Convolution(
        (dx.sym.Variable("data") - 127.5) * 0.5, kernel=(3, 3), num_filter=4, num_group=2, name="c"
    )
    report = dx.inspect(net, {"c_weight": np.ones((4, 3, 3, 3), "float32"), "c_bias": np.ones(4, "float32")})
    assert report.inputs[0].shape == (None, 6, None, None)
    assert report.outputs[0].shape == (None, 4, None, None)
    assert "(data - 127.5) * 0.5" in finding(report, "preprocessing").message


# -- parameters ----------------------------------------------------------------------------------------------------


def test_parameters_that_do_not_belong():
    net, shape = small(), {"data": (2, 3, 5, 5)}
    arrays = params_of(net, **shape)
    arrays["fc_weight"] = arrays["fc_weight"].T.copy()
    arrays["extra_weight"] = np.ones((2, 2), "float32")
    del arrays["conv_bias"]
    report = dx.inspect(net, arrays, shape=shape)
    assert not report
    assert [(p.name, p.state, p.expected, p.saved) for p in report.parameters] == [
        ("conv_bias", "missing", (4,), None),
        ("fc_weight", "shape", (2, 36), (36, 2)),
        ("extra_weight", "left over", None, (2, 2)),
    ]
    assert "fc_weight is saved as (36, 2), but the graph expects (2, 36) (it is transposed" in str(report).replace(
        "\n           ", " "
    )
    assert "conv_bias (4,)" in finding(report, "missing").message


def test_without_shapes_what_attributes_decide_is_compared():
    arrays = params_of(small(), data=(2, 3, 5, 5))
    arrays["conv_weight"] = np.ones((5, 3, 3, 3), "float32")
    report = dx.inspect(small(), arrays)
    assert [(p.name, p.state) for p in report.parameters] == [("conv_weight", "shape")]
    assert "another number of outputs" not in finding(report, "parameter_shape").message


def test_another_beginning_of_all_names_is_recognised():
    arrays = {f"net0_{k}": v for k, v in params_of(small(), data=(2, 3, 5, 5)).items()}
    report = dx.inspect(small(), arrays)
    assert "8 of them are there under another name: give the saved names no beginning 'net0_'." in (
        finding(report, "missing").message
    )


def test_names_of_a_gluon_block_are_recognised():
    report = dx.inspect(small(), {"features.0.weight": np.ones((4, 3, 3, 3), "float32")})
    assert "Gluon's save_parameters" in finding(report, "missing").message


def test_values_that_cannot_be_meant():
    arrays = params_of(small(), data=(2, 3, 5, 5))
    arrays["fc_weight"][0, 0] = np.nan
    arrays["conv_weight"][:] = 0
    arrays["bn_moving_var"][1] = -0.5
    arrays["conv_bias"] = arrays["conv_bias"].astype("float64")
    report = dx.inspect(small(), arrays)
    assert {"not_finite", "zero_weight", "negative_variance", "parameter_type", "fix_gamma"} <= set(kinds(report))
    assert finding(report, "not_finite").nodes == ("fc_weight",)
    assert finding(report, "negative_variance").nodes == ("bn_moving_var",)
    assert finding(report, "parameter_type").nodes == ("conv_bias",)


def test_a_variance_that_eps_lifts_above_zero_is_fine():
    arrays = params_of(small(), data=(2, 3, 5, 5))
    arrays["bn_moving_var"][1] = -0.0009
    assert "negative_variance" not in kinds(dx.inspect(small(), arrays))


def test_statistics_as_they_were_initialised():
    arrays = params_of(small(), data=(2, 3, 5, 5))
    arrays["bn_moving_mean"][:], arrays["bn_moving_var"][:] = 0, 1
    assert "saved before training" in finding(dx.inspect(small(), arrays), "fresh_statistics").message


def test_states_among_the_arguments_are_told():
    arrays = {f"arg:{k}": v for k, v in params_of(small(), data=(2, 3, 5, 5)).items()}
    assert finding(dx.inspect(small(), arrays), "wrong_kind").nodes == ("bn_moving_mean", "bn_moving_var")


def test_a_bilinear_weight_that_is_not_saved():
    net = dx.sym.UpSampling(dx.sym.Variable("x"), scale=2, sample_type="bilinear", num_filter=3, name="up")
    report = dx.inspect(net, {"other": np.ones(3, "float32")})
    assert "Fill up_weight with init.Bilinear()" in finding(report, "missing").message


def test_a_file_of_parameters_alone(tmp_path):
    path = str(tmp_path / "net-0001.params")
    write_params(path, {"arg:w": np.array([[1, np.inf]], "float32"), "aux:m": np.ones(3, "float32")})
    report = dx.inspect(path)
    assert (report.format, report.totals.saved_arrays, report.totals.saved_bytes) == ("arrays, params", 2, 20)
    assert [(t.name, t.shape, t.role) for t in report.inputs] == [("w", (1, 2), "arg"), ("m", (3,), "aux")]
    assert kinds(report) == ["not_finite"]
    assert "parameters   w (1, 2) float32\n  states       m (3,) float32" in str(report)


# -- traps ---------------------------------------------------------------------------------------------------------

x = dx.sym.Variable
TRAPS = {
    "pooling_convention": lambda: dx.sym.Pooling(x("x"), kernel=(2, 2), stride=(2, 2), pooling_convention="full"),
    "float64": lambda: dx.sym.Cast(x("x"), dtype="float64"),
    "old_reshape": lambda: dx.sym.Reshape(x("x"), target_shape=(0, 75)),
    "reshape_codes": lambda: dx.sym.Reshape(x("x"), shape=(-3, -2)),
    "crop": lambda: dx.sym.Crop(x("x"), h_w=(2, 2)),
    "dropout_always": lambda: dx.sym.Dropout(x("x"), mode="always"),
    "random": lambda: x("x") + dx.sym.random.normal(shape=(2, 3, 5, 5)),
    "preprocessing": lambda: dx.sym.BatchNorm(x("x"), name="bn_data"),
    "channel_last": lambda: dx.sym.Convolution(x("x"), kernel=(1, 1), num_filter=2, layout="NHWC"),
    "norm_axis": lambda: dx.sym.BatchNorm(dx.sym.Convolution(x("x"), kernel=(1, 1), num_filter=2, layout="NHWC")),
    "same_name": lambda: x("x") + x("x"),
    "amp_cast": lambda: dx.sym.amp_cast(x("x"), dtype="float16"),
    "uncalibrated": lambda: dx.sym.contrib.quantize_v2(x("x"))[0],
    "loss_head": lambda: dx.sym.SoftmaxOutput(x("x"), name="softmax"),
    "loss_value": lambda: dx.sym.MakeLoss(dx.sym.square(x("x"))),
    "frozen": lambda: dx.sym.Convolution(x("x"), x("w", lr_mult=0), kernel=(1, 1), num_filter=2, name="c"),
    "global_statistics": lambda: dx.sym.BatchNorm(dx.sym.relu(x("x")), use_global_stats=True),
    "fixed_batch": lambda: dx.sym.Reshape(x("x"), shape=(2, -1)) + dx.sym.zeros(shape=(2, 75)),
}  # fmt: skip


@pytest.mark.parametrize("kind", TRAPS)
def test_traps_are_seen(kind):
    report = dx.inspect(TRAPS[kind](), shape={"x": (2, 3, 5, 5)})
    assert kind in kinds(report)
    assert finding(report, kind).message


HARMLESS = {
    "full pooling that fits": (lambda: dx.sym.Pooling(x("x"), kernel=(5, 5), pooling_convention="full"), []),
    "dropout in training": (lambda: dx.sym.Dropout(x("x")), []),
    "reshape that keeps the batch": (lambda: dx.sym.Reshape(x("x"), shape=(0, -1)), []),
    "an output that is no loss": (lambda: dx.sym.MakeLoss(x("x"), grad_scale=0.0), []),
    "centred crop": (lambda: dx.sym.Crop(x("x"), h_w=(2, 2), center_crop=True), []),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_is_not_told(name):
    make, expected = HARMLESS[name]
    assert kinds(dx.inspect(make(), shape={"x": (2, 3, 5, 5)})) == expected


def test_a_graph_for_training_detectors():
    net = dx.sym.contrib.MultiBoxTarget(x("anchors"), x("label"), x("scores"), name="target")
    assert finding(dx.inspect(net), "training_graph").severity == "warning"


def test_groups_of_devices():
    with dx.AttrScope(ctx_group="one"):
        net = dx.sym.relu(x("x"))
    assert "one (1 node)" in finding(dx.inspect(net), "ctx_group").message


def test_ignored_gamma_says_whether_it_is_the_default():
    arrays = params_of(small(), data=(2, 3, 5, 5))
    found = finding(dx.inspect(small(), arrays), "fix_gamma")
    assert found.nodes == ("bn_gamma",)
    assert "(the default, as the attribute is not there)" in found.message


# -- graphs that cannot be loaded ----------------------------------------------------------------------------------


def unknown_graph():
    return raw(
        [
            var("data"), var("swirl_weight"), var("fc_weight"), var("fc_bias"),
            {"op": "Swirl", "name": "swirl", "attrs": {"angle": "0.5", "mode": "in"}, "inputs": [[0, 0, 0], [1, 0, 0]]},
            {"op": "FullyConnected", "name": "fc", "attrs": {"num_hidden": "3"},
             "inputs": [[4, 0, 0], [2, 0, 0], [3, 0, 0]]},
        ],
        [[5, 0, 0], [4, 1, 0]],
    )  # fmt: skip


def test_unknown_operators_do_not_hide_the_rest(tmp_path):
    path = tmp_path / "odd-symbol.json"
    path.write_text(unknown_graph())
    with pytest.raises(LoadError):
        dx.sym.load(str(path))
    report = dx.inspect(path, {"fc_weight": np.ones((4, 7), "float32"), "swirl_weight": np.ones(2, "float32")})
    (operator,) = report.unsupported
    assert (operator.name, operator.kind, operator.nodes) == ("Swirl", "unknown", ("swirl",))
    assert "declax.register_op" in operator.advice
    assert operator.stub.splitlines()[:2] == [
        "@dx.register_op('Swirl', outputs=2)",
        "def Swirl(data, weight, *, angle: float = 0.5, mode: str = 'in'):",
    ]
    assert [(p.name, p.state) for p in report.parameters] == [("fc_weight", "shape"), ("fc_bias", "missing")]
    assert [t.name for t in report.inputs] == ["data"]
    assert report.totals.complete is False
    assert "To begin with Swirl:" in str(report)


def test_the_stub_of_an_unknown_operator_makes_the_graph_loadable(tmp_path):
    path = tmp_path / "odd-symbol.json"
    path.write_text(unknown_graph())
    source = dx.inspect(path).unsupported[0].stub
    assert compile(source, "stub", "exec")

    @dx.register_op("Swirl", outputs=2)
    def Swirl(data, weight, *, angle: float = 0.5, mode: str = "in"):
        return data * weight, data * angle

    try:
        assert dx.inspect(path).unsupported == ()
        assert dx.sym.load(str(path)).list_outputs() == ["fc_output", "swirl_output1"]
    finally:
        dx.symbol.registry.unregister("Swirl")


def test_custom_operators_are_told_together(tmp_path):
    nodes = [var("x")]
    for i, kind in enumerate(("alpha", "beta")):
        nodes.append({"op": "Custom", "name": kind, "attrs": {"op_type": kind, "k": "1"}, "inputs": [[i, 0, 0]]})
    path = tmp_path / "custom-symbol.json"
    path.write_text(raw(nodes, [[2, 0, 0]]))
    report = dx.inspect(path)
    assert kinds(report) == ["custom_operator"]
    assert "2 nodes of 2 custom operators that are not registered: alpha, beta." in report.findings[0].message
    assert "class AlphaProp(dx.operator.CustomOpProp):" in str(report)
    for operator in report.unsupported:
        assert compile(operator.stub, "stub", "exec")


@pytest.mark.parametrize(
    ("node", "kind", "words"),
    [
        ({"op": "Activation", "attrs": {"act_type": "swish9"}, "inputs": [[0, 0, 0]]}, "bad_attributes",
         "act_type='swish9'"),
        ({"op": "Activation", "attrs": {"act_type": "relu"}, "inputs": [[0, 0, 0]] * 2}, "bad_inputs",
         "takes 1 inputs"),
        ({"op": "_CachedOp", "inputs": [[0, 0, 0]]}, "unsupported_operator", "before hybridize()"),
        ({"op": "_sg_mkldnn_unheard", "inputs": [[0, 0, 0]]}, "unknown_operator", "oneDNN has fused"),
        ({"op": "ChannelwiseConvolution", "inputs": [[0, 0, 0]]}, "unknown_operator", "num_group"),
    ],
)  # fmt: skip
def test_nodes_that_cannot_be_loaded(tmp_path, node, kind, words):
    path = tmp_path / "bad-symbol.json"
    path.write_text(raw([var("x"), {"name": "n", **node}], [[1, 0, 0]]))
    report = dx.inspect(path)
    assert kinds(report) == [kind]
    assert words.lower() in report.findings[0].message.lower()
    assert report.findings[0].nodes == ("n",)


def test_an_output_that_does_not_exist(tmp_path):
    path = tmp_path / "bad-symbol.json"
    path.write_text(raw([var("x"), {"op": "relu", "name": "n", "inputs": [[0, 0, 0]]}], [[1, 2, 0]]))
    assert "output 2 is used, but the operator has 1 outputs" in finding(dx.inspect(path), "bad_outputs").message


def test_old_attributes_that_do_not_parse_leave_the_upgrades_of_the_others(tmp_path):
    nodes = [
        var("x"), var("g"), var("b"),
        {"op": "BatchNorm", "name": "bn", "attrs": {}, "inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 0]]},
        {"op": "Pooling", "name": "p", "attrs": {"kernel": "(2, 2)", "weird": "1"}, "inputs": [[3, 0, 0]]},
    ]  # fmt: skip
    path = tmp_path / "old-symbol.json"
    path.write_text(raw(nodes, [[4, 0, 0]], version=800))
    report = dx.inspect(path)
    assert "bad_attributes" in kinds(report)
    assert {"missing_inputs", "initializers"} <= {u.kind for u in report.upgrades}
    assert "before 0.9" in report.version


def test_contradicting_shapes_are_told_once_and_the_rest_is_inferred():
    data = x("x")
    a = dx.sym.FullyConnected(data, weight=x("w", shape=(3, 9)), num_hidden=4, name="a")
    b = dx.sym.FullyConnected(data, num_hidden=5, name="b")
    report = dx.inspect(dx.sym.Group([a, b]), shape={"x": (2, 7)})
    assert kinds(report) == ["shapes"]
    assert report.findings[0].nodes == ("a",)
    assert [t.shape for t in report.outputs] == [None, (2, 5)]


def test_nodes_that_no_output_needs(tmp_path):
    path = tmp_path / "more-symbol.json"
    path.write_text(raw([var("x"), var("y")], [[0, 0, 0]]))
    assert finding(dx.inspect(path), "unused_nodes").nodes == ("y",)


def test_an_archive_of_sagemaker_is_read_as_it_is(tmp_path):
    """The graph, the parameters and the shapes in a model.tar.gz, also when the graph cannot be loaded."""
    net = small()
    arrays = {f"aux:{k}" if "moving" in k else f"arg:{k}": v for k, v in params_of(net, data=(1, 3, 5, 5)).items()}
    shapes = json.dumps([{"name": "data", "shape": [1, 3, 5, 5], "dtype": 0}]).encode()
    files = {"model_algo_1-0000.params": params_bytes(arrays), "model-shapes.json": shapes}
    for text, unsupported in ((net.tojson(), 0), (unknown_graph(), 1)):
        path = tmp_path / "model.tar.gz"
        with tarfile.open(path, "w:gz") as archive:
            for name, data in {**files, "model_algo_1-symbol.json": text.encode()}.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        report = dx.inspect(path)
        assert report.format == "SageMaker archive with MXNet symbol JSON"
        assert len(report.unsupported) == unsupported
        assert report.totals.saved_arrays == 8
        assert report.inputs[0].shape == ((1, 3, 5, 5))
    assert not dx.diff(path, path)


# -- what is no model ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "neither symbol JSON nor a file of arrays"),
        (b'{"nodes": [}', "line 1, column 12"),
        (b"\x12\x01\0\0\0\0\0\0\0", "byte 8"),
        (b"PK\x03\x04 torn", "not a whole .npz file"),
    ],
)
def test_files_that_are_no_model(tmp_path, content, words):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(LoadError) as e:
        dx.inspect(path)
    assert words in str(e.value)
    assert str(path) in str(e.value)


def test_parameters_beside_the_graph_are_found(tmp_path):
    net, path = small(), tmp_path / "net-symbol.json"
    net.save(str(path))
    assert (dx.inspect(path).params, kinds(dx.inspect(path))) == ("", ["loss_head"])
    made = params_of(net, data=(1, 3, 8, 8))
    for name in ("net-0002.params", "net-0010.params", "net-10.params", "other-0011.params", "net-0011.npz"):
        write_params(tmp_path / name, made)
    report = dx.inspect(path)
    assert (report.params, report.totals.saved_arrays) == (str(tmp_path / "net-0010.params"), len(made))
    assert report.to_dict()["params_found"] == "beside the graph, the latest of 2 epochs"
    assert "net-0010.params, found beside the graph, the latest of 2 epochs" in " ".join(str(report).split())
    assert dx.inspect(path, beside=False).params == ""
    given = dx.inspect(path, tmp_path / "net-0002.params")
    assert (given.params, given.params_found) == (str(tmp_path / "net-0002.params"), "")
    write_params(tmp_path / "net.params", made)
    report = dx.inspect(path)
    assert (bool(report), report.params) == (True, "")
    assert "any may belong to it: say which, with params=" in finding(report, "params_beside").message
    (tmp_path / "net-0002.params").unlink()
    (tmp_path / "net-0010.params").unlink()
    assert dx.inspect(path).params_found == "beside the graph"
    (tmp_path / "net.params").write_bytes(b"no arrays")
    report = dx.inspect(path)
    assert finding(report, "params_beside").severity == "warning"
    assert "the parameters beside the graph cannot be read: " in finding(report, "params_beside").message


def test_wrong_arguments():
    with pytest.raises(LoadError, match=r"cannot read nowhere\.json: No such file"):
        dx.inspect("nowhere.json")
    with pytest.raises(TypeError, match="expected a Symbol or the path of a file, got int"):
        dx.inspect(3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match="params: expected a path or a mapping"):
        dx.inspect(small(), [1])
    with pytest.raises(BindError, match="no such input; did you mean 'data'"):
        dx.inspect(small(), shape={"dat": (2, 3)})


# -- real files ----------------------------------------------------------------------------------------------------


def unpacked(name: str, folder: Path) -> Path:
    path = folder / f"{name}-symbol.json"
    path.write_bytes(gzip.decompress((LEGACY / f"{name}-symbol.json.gz").read_bytes()))
    return path


@needs_legacy
@pytest.mark.parametrize(
    ("name", "operators"),
    [
        ("mobilenet-mxnet__mobilenet", {"ChannelwiseConvolution": 13}),
        ("ocr_recognition__model", {"WarpCTC": 1}),
        ("mxnet-face__lightened_moon_fuse", {"MoonOutput": 1}),
        ("mxnet__save_000800.3", {"BatchNorm": 1}),
    ],
)
def test_real_files_that_cannot_be_loaded(tmp_path, name, operators):
    path = unpacked(name, tmp_path)
    with pytest.raises(LoadError):
        dx.sym.load(str(path))
    report = dx.inspect(path)
    assert {o.name: o.count for o in report.unsupported} == operators
    assert report.inputs[0].name == "data"


@needs_legacy
def test_a_real_model_whose_gamma_is_ignored(tmp_path):
    report = dx.inspect(unpacked("insightface__model", tmp_path), LEGACY / "insightface__model.params")
    assert len(finding(report, "fix_gamma").nodes) == 28
    assert report.inputs[0].shape == (None, 3, None, None)
    assert report.parameters == ()


@needs_legacy
def test_every_real_file_gets_a_report(tmp_path):
    for file in sorted(LEGACY.glob("*-symbol.json.gz")):
        report = dx.inspect(unpacked(file.name.removesuffix("-symbol.json.gz"), tmp_path))
        assert report.operator_nodes
        assert json.dumps(report.to_dict())
        assert str(report)
