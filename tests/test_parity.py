"""`dx.record` and `dx.parity`: a record says where a changed graph or changed numbers first depart."""

import json
import zlib

import numpy as np
import pytest

import declax as dx
from declax.errors import BindError, LoadError, MXNetError
from declax.recording import Record, read_record
from declax.recording.recordfile import sample_index, trace_of


def net(slope=0.25, act="leaky"):
    x = dx.sym.Convolution(dx.sym.Variable("data"), kernel=(3, 3), num_filter=4, name="conv")
    x = dx.sym.BatchNorm(x, fix_gamma=False, name="bn")
    left = dx.sym.LeakyReLU(x, act_type=act, slope=slope, name="act")
    right = dx.sym.Pooling(x, kernel=(3, 3), pad=(1, 1), pool_type="avg", name="pool")
    x = dx.sym.FullyConnected(left + right, num_hidden=3, name="fc")
    return dx.sym.SoftmaxOutput(x, name="softmax")


@pytest.fixture
def model(tmp_path):
    symbol = net()
    inputs = {"data": np.random.default_rng(0).standard_normal((2, 3, 6, 6)).astype("float32")}
    params = {**dx.init_params(symbol, data=(2, 3, 6, 6), softmax_label=(2,)), **dx.init_aux(symbol, data=(2, 3, 6, 6))}
    params = {k: np.array(v) for k, v in params.items()}
    path = tmp_path / "net-record.npz"
    dx.record(symbol, params, inputs, path)
    return symbol, params, inputs, path


def test_the_same_model_agrees(model):
    symbol, params, _, path = model
    found = dx.parity(symbol, params, path)
    assert found
    assert (found.compared, found.departures, found.changed_parameters) == (9, (), ())
    assert str(found).startswith("All 9 outputs agree with the record.")
    assert json.loads(json.dumps(found.to_dict()))["ok"] is True
    assert dx.parity(dx.sym.load_json(symbol.tojson()), {f"arg:{k}": v for k, v in params.items()}, path)


def test_a_changed_attribute_is_found_where_it_is(model):
    _, params, _, path = model
    found = dx.parity(net(slope=0.3), params, path)
    assert not found
    first = found.first
    assert (first.node, first.operator, first.output) == ("act", "LeakyReLU", "act_output")
    assert [i.is_right for i in first.inputs] == [True]
    assert [d.node for d in found.origins] == ["act"]
    assert len(found.departures) > 1
    text = str(found)
    assert "The first node whose numbers depart is 'act' (LeakyReLU)." in text
    assert "its inputs are all right:\n    output 'bn_output': equal to the record" in text
    assert "recorded -" in text
    assert "now -" in text


def test_a_changed_parameter_is_told_beside_the_node(model):
    symbol, params, _, path = model
    changed = params | {"fc_weight": params["fc_weight"] * np.float32(1.1)}
    found = dx.parity(symbol, changed, path)
    assert found.first.node == "fc"
    assert found.changed_parameters == ("fc_weight",)
    assert {i.name: i.is_right for i in found.first.inputs} == {
        found.first.inputs[0].name: True, "fc_weight": False, "fc_bias": True,
    }  # fmt: skip
    assert not found.first.is_origin
    assert "its inputs are wrong in part" in str(found)
    assert "1 parameters differ from those of the record: fc_weight." in str(found)


def test_two_faults_in_parallel_are_both_origins(model):
    _, params, _, path = model
    x = dx.sym.Convolution(dx.sym.Variable("data"), kernel=(3, 3), num_filter=4, name="conv")
    x = dx.sym.BatchNorm(x, fix_gamma=False, name="bn")
    left = dx.sym.LeakyReLU(x, slope=0.9, name="act")
    right = dx.sym.Pooling(x, kernel=(3, 3), pad=(1, 1), pool_type="max", name="pool")
    found = dx.parity(dx.sym.FullyConnected(left + right, num_hidden=3, name="fc"), params, path)
    assert [d.node for d in found.origins] == ["act", "pool"]
    assert "Others among them depart from right inputs too: 'pool' (Pooling)." in str(found)
    assert found.absent == ("softmax_output",)


def test_tolerances(model):
    symbol, params, _, path = model
    nudged = params | {"conv_weight": params["conv_weight"] * np.float32(1 + 1e-3)}
    assert dx.parity(symbol, nudged, path).first.node == "conv"
    found = dx.parity(symbol, nudged, path, tolerance=0.1)
    assert found
    assert 0 < found.worst[0] < 1
    assert dx.parity(symbol, nudged, path, tolerance={"float32": 0.1})


def test_other_shapes_and_not_finite_values_depart(model):
    _, params, _, path = model
    x = dx.sym.Convolution(dx.sym.Variable("data"), kernel=(3, 3), num_filter=4, pad=(1, 1), name="conv")
    found = dx.parity(x, params, path)
    assert found.first.reason == "the shape is (2, 4, 6, 6), recorded (2, 4, 4, 4)"
    assert json.loads(json.dumps(found.to_dict()))["departures"][0]["deviation"] == "inf"
    broken = params | {"conv_bias": params["conv_bias"] + np.float32(np.nan)}
    assert "values are not finite" in dx.parity(net(), broken, path).first.reason


def test_outputs_computed_elsewhere(model, tmp_path):
    symbol, params, inputs, path = model
    known = read_record(path)
    internals = symbol.get_internals()
    args = {**params, **inputs, "softmax_label": np.zeros(2, "float32")}
    states = {k: args.pop(k) for k in symbol.list_auxiliary_states()}
    f = dx.lower(internals)
    outputs, _ = f({n: args[n] for n in f.arguments}, states)
    other = tmp_path / "other.npz"
    dx.record(symbol, params, inputs, other, outputs=dict(zip(f.outputs, outputs, strict=True)))
    again = read_record(other)
    assert {n for n, t in again.traces.items() if t.role == "output"} <= set(known.traces)
    found = dx.parity(symbol, params, other)
    assert found
    assert set(found.not_recorded) == {"bn_mean", "bn_var"}
    with pytest.raises(
        BindError, match="none of the 1 outputs has the name of a node's output, such as 'softmax_output'"
    ):
        dx.record(symbol, params, inputs, other, outputs={"nothing": np.ones(1)})


def test_random_nodes_draw_the_same_again(tmp_path):
    symbol = dx.sym.Dropout(dx.sym.Variable("x"), p=0.5, mode="always", name="d") * 2
    path = tmp_path / "r.npz"
    for seed in (0, 7):
        dx.record(symbol, {}, {"x": np.ones((4, 50), "float32")}, path, seed=seed)
        assert dx.parity(symbol, {}, path)


def test_whole_numbers_are_compared_by_checksum(tmp_path):
    """One of a thousand that differs is found, whether it was sampled or not."""
    symbol, path = dx.sym.Cast(dx.sym.Variable("x"), dtype="int32", name="c"), tmp_path / "r.npz"
    x = np.arange(1000, dtype="float32")
    dx.record(symbol, {}, {"x": x}, path)
    swapped = dx.sym.Cast(dx.sym.reverse(dx.sym.Variable("x"), axis=0), dtype="int32", name="c")
    assert dx.parity(swapped, {}, path).first.node == "c"
    outputs = {"c_output": np.r_[x[:1], x[2:3], x[1:2], x[3:]].astype("int32")}
    dx.record(symbol, {}, {"x": x}, path, outputs=outputs)
    found = dx.parity(symbol, {}, path)
    assert found.first.reason == "the checksum differs, by values that are not among the samples"


def test_wide_types_and_whole_numbers(tmp_path):
    x = dx.sym.Cast(dx.sym.Variable("x"), dtype="float64", name="wide")
    symbol = dx.sym.Group([x * 3, dx.sym.argmax(dx.sym.Variable("x"), axis=1, name="best")])
    path = tmp_path / "r.npz"
    dx.record(symbol, {}, {"x": np.random.default_rng(1).random((5, 7)).astype("float32")}, path)
    record = read_record(path)
    assert record.traces["wide_output"].dtype == "float64"
    assert dx.parity(symbol, {}, record)


def test_the_file_is_small_and_plain(model):
    _, _, inputs, path = model
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) == {"header", "samples", "input:data"}
        header = json.loads(zlib.decompress(bytes(file["header"])))
        assert (header["format"], header["version"]) == ("declax-record", 1)
        np.testing.assert_array_equal(file["input:data"], inputs["data"])
    assert isinstance(read_record(path), Record)


def test_samples_and_statistics():
    array = np.array([[1.0, -3.0], [np.inf, 2.0]], "float32")
    trace, samples = trace_of("a", "n", "output", array)
    assert (trace.not_finite, trace.least, trace.greatest, trace.mean, trace.largest) == (1, -3.0, 2.0, 0.0, 3.0)
    np.testing.assert_array_equal(samples, [1.0, -3.0, np.inf, 2.0])
    for size in (0, 1, 31, 32, 33, 1000, 10**9):
        places = sample_index(size, 32)
        assert len(set(places.tolist())) == min(size, 32)
        assert places.size == 0 or places.max() < size


def test_what_is_missing_is_named(model, tmp_path):
    symbol, params, inputs, path = model
    with pytest.raises(BindError, match="neither the inputs nor the parameters have 'conv_weight', 'conv_bias'"):
        dx.record(symbol, {}, inputs, path)
    with pytest.raises(BindError, match="the graph has no input 'dat'; did you mean 'data'"):
        dx.record(symbol, params, {"dat": inputs["data"]}, path)
    with pytest.raises(BindError, match="the graph has none of the recorded inputs"):
        dx.parity(dx.sym.relu(dx.sym.Variable("other")), {}, path)
    with pytest.raises(MXNetError, match="Error in operator conv"):
        dx.record(symbol, params, {"data": np.ones((2, 5, 6, 6), "float32")}, tmp_path / "bad.npz")
    assert not (tmp_path / "bad.npz").exists()


@pytest.mark.parametrize("what", ["text", "npz", "version", "samples"])
def test_files_that_are_no_record(model, tmp_path, what):
    path = tmp_path / "odd.npz"
    with np.load(model[3]) as file:
        arrays = dict(file)
    if what == "text":
        path.write_text("hello")
        words = "not a whole .npz file"
    else:
        if what == "npz":
            arrays, words = {"a": np.ones(1)}, "not a record of declax"
        elif what == "version":
            header = json.loads(zlib.decompress(bytes(arrays["header"]))) | {"version": 99}
            arrays["header"] = np.frombuffer(zlib.compress(json.dumps(header).encode()), np.uint8)
            words = "expected a declax-record of version 1, got declax-record of version 99"
        else:
            arrays["samples"], words = arrays["samples"][:-1], "samples, but the header tells of"
        np.savez(path, **arrays)
    with pytest.raises(LoadError, match=words):
        dx.parity(model[0], model[1], path)
    with pytest.raises(LoadError, match="No such file"):
        read_record(tmp_path / "none.npz")
