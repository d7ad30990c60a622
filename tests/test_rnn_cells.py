"""Recurrent cells: the graphs that MXNet 1.9.1 makes, node by node, packed weights, and checkpoints of them."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

import declax as mx
from tests import rnn_cases

R = mx.rnn
RECORDED = json.loads(gzip.decompress((Path(__file__).parent / "data" / "rnn_cells.json.gz").read_bytes()))
CASES = dict(rnn_cases.cases(mx))
CORRECTED = {"ConvGRUCell/NHWC"}
"""MXNet splits the wrong axis there."""

pytestmark = pytest.mark.filterwarnings("ignore:NTC layout detected")


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_graphs_are_mxnets(name):
    got, want = json.loads(json.dumps(rnn_cases.described(mx, CASES[name]))), RECORDED[name]
    if name in CORRECTED:
        for node in got[0]:
            if node[0] == "SliceChannel":
                assert node[2].pop("axis") == "3"
    assert got == want


def test_every_recorded_case_is_checked():
    """Those without a record are errors in MXNet."""
    wrong = {"bidirectional/steps", "fused_gru/steps", "fused_lstm/steps", "fused_relu/steps"}
    wrong |= {"stack/states", "stack_of_sequences/steps", "unfused/steps"}
    assert set(CASES) - set(RECORDED) - {n for n in CASES if n.endswith("/states")} == wrong - {"stack/states"}


@pytest.mark.parametrize("name", ["bidirectional", "fused_lstm", "unfused", "stack_of_sequences"])
def test_what_cannot_be_stepped(name):
    with pytest.raises((NotImplementedError, AssertionError), match=r"cannot be stepped\. Please use unroll"):
        CASES[f"{name}/steps"]()


def test_states():
    assert R.LSTMCell(4).state_info == [{"shape": (0, 4), "__layout__": "NC"}] * 2
    assert R.FusedRNNCell(4, 2, "gru", bidirectional=True).state_shape == [(4, 0, 4)]
    assert R.ConvLSTMCell((2, 3, 8, 9), 5, i2h_stride=(2, 1)).state_shape == [(0, 5, 4, 9)] * 2
    begin = R.ZoneoutCell(R.LSTMCell(4, prefix="l_"), 0.1).begin_state(func=mx.sym.Variable)
    assert [s.name for s in begin] == ["l_begin_state_0", "l_begin_state_1"]


@pytest.mark.parametrize("kind", [mx.nd.array, np.asarray])
def test_unpack_and_pack(kind):
    weights = {
        "l_i2h_weight": np.arange(24.0).reshape(8, 3), "l_i2h_bias": np.arange(8.0),
        "l_h2h_weight": np.arange(16.0).reshape(8, 2), "l_h2h_bias": np.arange(8.0), "other": np.ones(1),
    }  # fmt: skip
    cell = R.LSTMCell(2, prefix="l_")
    given = {k: kind(v.astype("float32")) for k, v in weights.items()}
    apart = cell.unpack_weights(given)
    assert np.asarray(apart["l_i2h_f_weight"]).tolist() == [[6, 7, 8], [9, 10, 11]]
    assert np.asarray(apart["l_h2h_o_bias"]).tolist() == [6, 7]
    again = cell.pack_weights(apart)
    assert set(again) == set(weights)
    assert all((np.asarray(again[k]) == weights[k]).all() for k in weights)
    assert type(again["l_i2h_weight"]) is type(given["l_i2h_weight"])


def test_fused_weights_lie_as_in_mxnet():
    cell = R.FusedRNNCell(2, 2, "lstm", bidirectional=True, prefix="f_")
    vector = np.arange(240.0)
    apart = cell.unpack_weights({"f_parameters": vector, "o": np.ones(1)})
    first = {k: (v.shape, v.flat[0]) for k, v in apart.items()}
    for name, shape, start in [
        ("f_l0_i2h_f_weight", (2, 3), 6), ("f_l0_h2h_i_weight", (2, 2), 24), ("f_r0_i2h_i_weight", (2, 3), 40),
        ("f_l1_i2h_i_weight", (2, 4), 80), ("f_r1_h2h_o_weight", (2, 2), 172), ("f_l0_i2h_i_bias", (2,), 176),
        ("f_l0_h2h_i_bias", (2,), 184), ("f_r1_h2h_o_bias", (2,), 238),
    ]:  # fmt: skip
        assert first[name] == (shape, start)
    assert (cell.pack_weights(apart)["f_parameters"] == vector).all()
    with pytest.raises(ValueError, match="Invalid parameters size for FusedRNNCell: 241 elements, not 240"):
        cell.unpack_weights({"f_parameters": np.zeros(241)})


@pytest.mark.parametrize("mode", ["rnn_relu", "rnn_tanh", "lstm", "gru"])
def test_fused_and_unfused_give_the_same_numbers(mode):
    fused = R.FusedRNNCell(4, 2, mode, bidirectional=True, prefix="f_")
    x = mx.sym.Variable("x")
    one, _ = fused.unroll(3, x, layout="TNC", merge_outputs=True)
    stack = fused.unfuse()
    two, _ = stack.unroll(3, x, layout="TNC", merge_outputs=True)
    rng = np.random.default_rng(0)
    shapes = dict(zip(one.list_arguments(), one.infer_shape(x=(3, 2, 5))[0], strict=True))
    args = {k: rng.uniform(-0.5, 0.5, s).astype("float32") for k, s in shapes.items()}
    apart = stack.pack_weights(fused.unpack_weights({k: v for k, v in args.items() if k != "x"}))

    def run(net, values):
        values = {k: mx.nd.array(values[k]) for k in net.list_arguments()}
        return net.bind(mx.cpu(), values).forward()[0].asnumpy()

    assert np.allclose(run(one, args), run(two, {**apart, "x": args["x"]}), atol=1e-5)


def test_unrolled_gradients_flow():
    outputs, _ = R.LSTMCell(4, prefix="l_").unroll(3, mx.sym.Variable("x"), merge_outputs=True)
    executor = outputs.simple_bind(mx.cpu(), x=(2, 3, 5))
    for array in executor.arg_arrays:
        array[:] = 0.1
    executor.forward(is_train=True)
    executor.backward([mx.nd.ones((2, 3, 4))])
    assert all(np.abs(g.asnumpy()).max() > 0 for n, g in executor.grad_dict.items() if "begin_state" not in n)


def test_shared_parameters():
    params = R.RNNParams("p_")
    a, b = R.RNNCell(4, prefix="a_", params=params), R.RNNCell(4, prefix="b_", params=params)
    x, state = mx.sym.Variable("x"), mx.sym.Variable("s")
    net = mx.sym.Group([a(x, [state])[0], b(x, [state])[0]])
    assert net.list_arguments() == ["x", "p_i2h_weight", "p_i2h_bias", "s", "p_h2h_weight", "p_h2h_bias"]
    with pytest.raises(AssertionError, match="Either specify params for SequentialRNNCell or child cells, not both"):
        R.SequentialRNNCell(params=params).add(a)


def test_errors():
    x = mx.sym.Variable("x")
    for call, words in [
        (lambda: R.LSTMCell(4).unroll(2, None), "unroll(inputs=None) has been deprecated"),
        (lambda: R.LSTMCell(4).unroll(2, [x]), "1 inputs for 2 steps"),
        (lambda: R.LSTMCell(4).unroll(2, mx.sym.Group([x, x])), "unroll doesn't allow grouped symbol as input"),
        (lambda: R.ZoneoutCell(R.FusedRNNCell(4)), "FusedRNNCell doesn't support zoneout"),
        (lambda: R.ZoneoutCell(R.FusedRNNCell(4, bidirectional=True).unfuse()), "doesn't support zoneout"),
        (lambda: R.DropoutCell("a"), "dropout probability must be a number"),
        (lambda: R.FusedRNNCell(4, mode="what"), "mode is one of rnn_relu, rnn_tanh, lstm, gru, not 'what'"),
        (lambda: R.FusedRNNCell(4).unroll(2, x, layout="NCT"), "Unsupported layout NCT"),
        (lambda: R.ConvRNNCell((1, 3, 8, 8), 4, h2h_kernel=(2, 3)), "Only support odd number"),
    ]:
        with pytest.raises(ValueError) as e:
            call()
        assert words in str(e.value)
    base = R.RNNCell(4)
    R.ResidualCell(base)
    with pytest.raises(AssertionError, match="After applying modifier cells"):
        base.begin_state()


def test_checkpoints(tmp_path):
    prefix = str(tmp_path / "net")
    net = mx.sym.BatchNorm(mx.sym.FullyConnected(mx.sym.var("x"), num_hidden=3, name="fc"), name="bn")
    args = {k: mx.nd.array(v) for k, v in mx.init_params(net, x=(2, 5)).items()}
    aux = {k: mx.nd.array(v) for k, v in mx.init_aux(net, x=(2, 5)).items()}
    mx.model.save_checkpoint(prefix, 7, net, args, aux)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net-0007.params", "net-symbol.json"]
    again, args2, aux2 = mx.model.load_checkpoint(prefix, 7)
    assert again.tojson() == net.tojson()
    assert {k: v.asnumpy().tolist() for k, v in args2.items()} == {k: v.asnumpy().tolist() for k, v in args.items()}
    assert {k: v.asnumpy().tolist() for k, v in aux2.items()} == {k: v.asnumpy().tolist() for k, v in aux.items()}
    assert mx.model.load_params(prefix, 7)[1].keys() == aux.keys()


def test_checkpoints_that_are_none(tmp_path, caplog):
    prefix = str(tmp_path / "net")
    with pytest.raises(mx.MXNetError, match="No such file"):
        mx.model.load_params(prefix, 1)
    mx.nd.save(f"{prefix}-0001.params", [mx.nd.ones(1)])
    with pytest.raises(mx.MXNetError, match="got a list without names"):
        mx.model.load_params(prefix, 1)
    mx.nd.save(f"{prefix}-0001.params", {"fc_weight": mx.nd.ones(1)})
    with pytest.raises(mx.MXNetError, match="expected arrays named arg:<name> or aux:<name>, got 'fc_weight'"):
        mx.model.load_params(prefix, 1)
    mx.nd.save(f"{prefix}-0001.params", {})
    assert mx.model.load_params(prefix, 1) == ({}, {})
    assert "is empty" in caplog.text


def test_checkpoints_of_cells(tmp_path):
    prefix = str(tmp_path / "net")
    cell = R.GRUCell(2, prefix="g_")
    net, _ = cell.unroll(2, mx.sym.var("x"), merge_outputs=True)
    args = {k: mx.nd.array(v) for k, v in mx.init_params(net, x=(1, 2, 3)).items()}
    R.do_rnn_checkpoint(cell, prefix, period=2)(0, net, args, {})
    assert list(tmp_path.iterdir()) == []
    R.do_rnn_checkpoint([cell], prefix, period=2)(1, net, args, {})
    assert "g_i2h_r_weight" in mx.model.load_params(prefix, 2)[0]
    again = R.load_rnn_checkpoint(cell, prefix, 2)[1]
    assert {k: v.asnumpy().tolist() for k, v in again.items()} == {k: v.asnumpy().tolist() for k, v in args.items()}


def test_sentences():
    coded, vocab = R.encode_sentences([["a", "b"], ["b", "c", "a"]], start_label=1, invalid_label=0)
    assert (coded, vocab) == ([[1, 2], [2, 3, 1]], {"\n": 0, "a": 1, "b": 2, "c": 3})
    assert R.encode_sentences([["a", "zz"]], vocab={"a": 5, "?": 6}, unknown_token="?")[0] == [[5, 6]]
    with pytest.raises(ValueError, match="Unknown token zz"):
        R.encode_sentences([["zz"]], vocab={"a": 5})


@pytest.mark.parametrize("layout", ["NT", "TN"])
def test_batches_of_sentences(layout):
    rng = np.random.default_rng(0)
    sentences = [list(range(1, n + 1)) for n in rng.choice([2, 3, 5], 40)] + [list(range(9))]
    with pytest.warns(UserWarning, match="discarded 1 sentences longer than the largest bucket"):
        batches = R.BucketSentenceIter(sentences, 4, invalid_label=0, buckets=[3, 5], layout=layout, seed=1)
    assert batches.default_bucket_key == 5
    for _ in range(2):
        seen = list(batches)
        assert {b.bucket_key for b in seen} == {3, 5}
        for batch in seen:
            data, label = batch.data[0].asnumpy(), batch.label[0].asnumpy()
            assert (
                batch.provide_data[0].shape
                == data.shape
                == ((4, batch.bucket_key) if layout == "NT" else (batch.bucket_key, 4))
            )
            data, label = (data, label) if layout == "NT" else (data.T, label.T)
            assert (label[:, :-1] == data[:, 1:]).all()
            assert (label[:, -1] == 0).all()
        batches.reset()
    with pytest.raises(ValueError, match="Invalid layout XY"):
        R.BucketSentenceIter(sentences, 4, layout="XY")
