"""The benchmarks' own parts: peers compute the same, what differs is refused, tables say what was missed."""

import sys

import numpy as np
import pytest

import declax as mx
from benchmarks import catalog, check, choices, memory, nets, scale, sequences, tables
from benchmarks.peers import declax_peer, jax_peer
from benchmarks.peers.graph import Graph
from benchmarks.remote import PEERS, PeerError, Remote, python_of


def convolutional():
    """Every kind of layer of the image nets, once."""
    x = mx.sym.Convolution(mx.sym.Variable("data"), num_filter=4, kernel=(3, 3), pad=(1, 1), num_group=2, name="conv")
    x = mx.sym.clip(mx.sym.BatchNorm(x, fix_gamma=False, name="bn"), a_min=0, a_max=6)
    x = mx.sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention="full")
    y = mx.sym.Pooling(x, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type="avg")
    x = mx.sym.Concat(x, mx.sym.Activation(y, act_type="relu"), dim=1)
    x = mx.sym.Pooling(x, kernel=(1, 1), global_pool=True, pool_type="avg")
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=3, name="fc"), name="softmax")


def words(n):
    return {"data": ((n, 3), 7), "softmax_label": ((3, n), 7)}


def sentences(n):
    return {"data": ((n, 6), 11), "token_types": ((n, 6), 2), "valid_length": ((n,), np.array([6, 4], "f4"))}


def classes(*shape):
    return lambda n: {"data": ((n, *shape), 0.0), "softmax_label": ((n,), 3)}


TINY = {
    "convolutional": catalog.Task("", convolutional, classes(2, 7, 7), 2),
    "mlp": catalog.Task("", lambda: nets.mlp(3, (4,)), classes(5), 2),
    "fused": catalog.Task("", lambda: sequences.lstm_fused(4, 2, 7), words, 2, zeros=catalog.FUSED_STATES),
    "unrolled": catalog.Task("", lambda: sequences.lstm_unrolled(3, 4, 2, 7), words, 2, zeros=catalog.CELL_STATES),
    "bert": catalog.Task("", lambda: sequences.bert(1, 8, 16, 2, 11, 6), sentences, 2),
}  # fmt: skip


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", TINY)
def test_plain_jax_computes_the_same(name, training, tmp_path):
    catalog.prepare(TINY[name], None, tmp_path)
    for module in (declax_peer, jax_peer):
        session = module.Session(Graph(tmp_path), training, {})
        session.step()
        np.savez(tmp_path / f"{module.__name__}.npz", **session.results())
    check.same(*(tmp_path / f"{m.__name__}.npz" for m in (declax_peer, jax_peer)), discrete=False)


def saved(path, **arrays):
    np.savez(path, **{k.replace("_", ":"): np.asarray(v, "f4") for k, v in arrays.items()})
    return path


def test_what_differs_is_refused(tmp_path):
    first = saved(tmp_path / "a.npz", out_0=[[1, 2]], grad_w=[3, 4])
    with pytest.raises(AssertionError, match=r"out:0 differs by 1, allowed is 0\.00447"):
        check.same(first, saved(tmp_path / "b.npz", out_0=[[1, 3]], grad_w=[3, 4]), False)
    with pytest.raises(AssertionError, match="grad:w differs by 4"):
        check.same(first, saved(tmp_path / "c.npz", out_0=[[1, 2]], grad_w=[3, 0]), False)
    with pytest.raises(AssertionError, match=r"all gradients together differ by 0\.06"):
        check.same(first, saved(tmp_path / "d.npz", out_0=[[1, 2]], grad_w=[3.3, 4]), False)
    with pytest.raises(AssertionError, match="results that only one side has: grad:w"):
        check.same(first, saved(tmp_path / "e.npz", out_0=[[1, 2]]), False)


def test_detections_are_compared_where_something_was_found(tmp_path):
    first = saved(tmp_path / "a.npz", out_0=[[1, 0.9], [-1, 5]])
    check.same(first, saved(tmp_path / "b.npz", out_0=[[1, 0.9], [-1, 7]]), True)
    with pytest.raises(AssertionError, match="out:0 differs"):
        check.same(first, saved(tmp_path / "c.npz", out_0=[[2, 0.9], [-1, 5]]), True)


def test_tables_tell_ratios_targets_and_reasons():
    peers = {
        "declax": {"seconds": 0.5},
        "onnxruntime": {"seconds": 1.0, "ratio": 0.5},
        "mxnet": {"error": "out:0 differs by 1"},
    }
    row = {"net": "resnet50", "title": "ResNet", "batch": 1, "training": False, "peers": peers}
    line = tables.steps([row]).splitlines()[-1]
    assert line == (
        "| ResNet | 1 | 500.0 ms | 1.00 s (0.50) | not measured: out:0 differs by 1 | <= 1.1 ONNX Runtime: met |"
    )
    peers["onnxruntime"]["ratio"] = 1.2
    assert tables.steps([row]).endswith("<= 1.1 ONNX Runtime: missed |")
    peers["declax"]["disturbed"] = 1
    assert "ONNX Runtime: undecided, disturbed |\n\nOther programs ran during rounds of ResNet." in tables.steps([row])


def test_a_worker_answers_and_hands_on_errors(tmp_path):
    catalog.prepare(TINY["mlp"], None, tmp_path)
    with Remote(PEERS["declax"], sys.executable, 1, tmp_path / "log") as remote:
        assert remote.load(tmp_path, True)["first"] > 0
        assert remote.ask("run", times=2, warm=1)["seconds"] > 0
        assert remote.timed(times=2, warm=1)[0] > 0
        assert remote.ask("peak")["bytes"] > 0
        with pytest.raises(PeerError, match="FileNotFoundError"):
            remote.load(tmp_path / "nowhere", True)


def test_a_python_without_the_framework_is_absent(monkeypatch):
    assert python_of(PEERS["declax"], None) == sys.executable
    monkeypatch.setenv("DECLAX_BENCH_MXNET", sys.executable)
    with_mxnet = PEERS["mxnet"].__class__("X", "x", ("no_such_framework",), "DECLAX_BENCH_MXNET", {})
    assert python_of(with_mxnet, None) is None


def test_a_choice_is_tried_with_and_without_it(tmp_path):
    nets.mlp(3, (4,)).save(str(tmp_path / "net.json"))
    task = choices.of_file(tmp_path / "net.json", {"data": (2, 5)}, ["fc1_output"])
    assert task.make().list_outputs() == ["fc1_output"]
    cells = choices.compare(task, "layout", training=False, rounds=1).strip("| ").split(" | ")
    assert cells[:2] == ["net.json", "inference"]
    assert float(cells[4]) > 0
    assert len(cells) == 10
    assert choices.shape_of("data=2,5") == ("data", (2, 5))


def test_peak_memory_of_a_process_that_trains(monkeypatch):
    monkeypatch.setitem(memory.TASKS, "tiny", TINY["mlp"])
    peak, before = memory._peak("declax", "tiny", 2)
    assert peak > before > 10**7


def test_scale_tells_every_step_for_every_size(capsys):
    scale.main(["--nodes", "20", "60", "--kinds", "dense"])
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert rows[0] == ["dense", "20 nodes", "60 nodes", "last / first"]
    assert [r[0] for r in rows[1:]] == [
        "build", "infer_shape", "infer_type", "list_arguments", "tojson", "save", "load", "lower",
        "lower, planned for shapes",
    ]  # fmt: skip
    assert all(float(cell) > 0 for r in rows[1:] for cell in r[1:])
