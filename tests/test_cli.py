"""`python -m declax`: what the commands print, write and return."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import declax as dx
from declax.cli import main, parser
from declax.cli.common import Problem, Progress, read_shapes
from declax.io.arrays import read_arrays, write_arrays
from declax.io.params import write_params

LEGACY = Path(__file__).parents[2] / "shared" / "oracle" / "corpus" / "legacy"
needs_legacy = pytest.mark.skipif(not LEGACY.is_dir(), reason="the collection of old files is not beside the checkout")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
COMMANDS = ("inspect", "summary", "plot", "convert", "diff", "run", "record", "parity")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a net, its parameters and inputs."""
    net = dx.sym.FullyConnected(dx.sym.Variable("data"), num_hidden=3, name="fc1")
    net = dx.sym.FullyConnected(dx.sym.relu(net, name="relu1"), num_hidden=2, name="fc2")
    net = dx.sym.SoftmaxOutput(net, name="softmax")
    net.save(str(tmp_path / "net-symbol.json"))
    made = dx.init_params(net, dx.init.Uniform(1), data=(4, 5), softmax_label=(4,))
    write_params(tmp_path / "net-0001.params", {f"arg:{k}": np.asarray(v) for k, v in made.items()})
    np.savez(tmp_path / "inputs.npz", data=np.random.default_rng(0).random((4, 5), "float32"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(capsys, *argv):
    """(exit code, stdout, stderr) of a command."""
    code = main([str(a) for a in argv])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


# -- help and errors -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_has_examples(capsys, command):
    with pytest.raises(SystemExit) as e:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert e.value.code == 0
    assert f"python -m declax {command} " in text.split("examples:")[1]
    assert max(map(len, text.splitlines())) <= 130


def test_examples_in_the_help_parse():
    texts = [parser().format_help()]
    actions = parser()._subparsers._group_actions[0].choices  # pyright: ignore[reportOptionalMemberAccess]
    texts += [p.format_help() for p in actions.values()]
    lines = [line.split() for text in texts for line in text.split("examples:")[1].splitlines()]
    found = [line[3:] for line in lines if line[:3] == ["python", "-m", "declax"] and "COMMAND" not in line]
    assert len(found) >= 18
    for words in found:
        end = next((i for i, w in enumerate(words) if w in ("|", "||", "&&")), len(words))
        assert callable(parser().parse_args(words[:end]).run)


def test_the_overview_names_every_command_and_exit_code(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for words in (*COMMANDS, "exit codes:", "0  done, and nothing was found"):
        assert words in text
    with pytest.raises(SystemExit) as e:
        main([])
    assert e.value.code == 2


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["inspect", "none.json"], "cannot read none.json: No such file or directory"),
        (["inspect", "text"], "neither symbol JSON nor a file of arrays"),
        (["inspect", "net-symbol.json", "--shape", "data"], "--shape data: expected NAME=D,D,..."),
        (["inspect", "net-symbol.json", "--shape", "dat=1,2"], "no such input; did you mean 'data'?"),
        (["summary", "odd-symbol.json"], "python -m declax inspect odd-symbol.json says what the file holds"),
        (["summary", "net-symbol.json", "--shape", "softmax_label=4"], "Input shape is incomplete"),
        (["plot", "net-symbol.json", "-o", "net.jpeg"], "expected a name that ends in .svg, .pdf, .png, .dot"),
        (["plot", "net-symbol.json", "-o", "nowhere/net.svg"], "there is no folder"),
        (["convert", "net-0001.params", "net.txt"], "arrays are written to a name that ends in .params"),
        (["convert", "net-symbol.json", "net.npz"], "a symbol is written to a name that ends in .json"),
        (["convert", "text", "net.npz"], "neither symbol JSON nor a file of arrays"),
        (["convert", "complex.npz", "a.safetensors"], "safetensors has no element type complex64"),
        (["diff", "net-symbol.json", "net-0001.params"], "one is a graph, the other parameters"),
        (["run", "net-symbol.json", "inputs.npz", "-o", "out.npz", "--no-params"],
         "neither the inputs nor the parameters have 'fc1_weight'"),
        (["run", "net-symbol.json", "inputs.npz", "-o", "out.txt"], "written to a name that ends in .npz"),
        (["run", "net-symbol.json", "inputs.npz", "-p", "net-0001.params", "-o", "o.npz", "--output", "fc1"],
         "did you mean 'fc1_output'"),
        (["parity", "net-symbol.json", "inputs.npz", "-p", "net-0001.params"], "not a record of declax"),
    ],
)  # fmt: skip
def test_errors_are_one_message(folder, capsys, argv, words):
    (folder / "text").write_text("hello")
    np.savez(folder / "complex.npz", z=np.ones(2, "complex64"))
    nodes = [{"op": "null", "name": "x", "inputs": []}, {"op": "Swirl", "name": "s", "inputs": [[0, 0]]}]
    (folder / "odd-symbol.json").write_text(json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[1, 0]]}))
    before = set(folder.iterdir())
    code, out, err = call(capsys, *argv)
    assert code == 2
    assert words in err
    assert err.startswith(f"python -m declax {argv[0]}: ")
    assert "Traceback" not in out + err
    assert set(folder.iterdir()) == before


# -- inspect -------------------------------------------------------------------------------------------------------


def test_inspect(folder, capsys):
    code, out, _ = call(capsys, "inspect", "net-symbol.json", "-p", "net-0001.params", "-s", "data=4,5")
    assert code == 0
    assert "softmax_output (4, 2) float32" in out
    code, out, _ = call(capsys, "inspect", "net-symbol.json", "--json")
    assert (code, json.loads(out)["outputs"][0]["name"]) == (0, "softmax_output")
    assert call(capsys, "inspect", "net-symbol.json", "--fail-on", "note")[0] == 1
    assert call(capsys, "inspect", "net-symbol.json", "--fail-on", "never")[0] == 0
    assert call(capsys, "inspect", "net-0001.params")[0] == 0


def test_parameters_beside_the_graph(folder, capsys):
    code, out, _ = call(capsys, "inspect", "net-symbol.json")
    assert (code, "4 arrays, 104 B from net-0001.params, found beside the graph" in out) == (0, True)
    assert "saved  " not in call(capsys, "inspect", "net-symbol.json", "--no-params")[1]
    code, _, err = call(capsys, "run", "net-symbol.json", "inputs.npz", "-o", "out.npz")
    assert (code, err) == (0, "parameters: net-0001.params (beside the graph; --no-params leaves them out)\n")
    assert call(capsys, "record", "net-symbol.json", "inputs.npz", "-o", "rec.npz")[0] == 0
    assert call(capsys, "parity", "net-symbol.json", "rec.npz")[0] == 0
    Path("net.params").write_bytes(Path("net-0001.params").read_bytes())
    code, out, err = call(capsys, "parity", "net-symbol.json", "rec.npz")
    assert (code, "net-0001.params and net.params lie beside the graph: choose with --params" in err) == (2, True)
    code, _, err = call(capsys, "parity", "net-symbol.json", "rec.npz", "-p", "net.params")
    assert (code, err) == (0, "")
    with pytest.raises(SystemExit):
        call(capsys, "inspect", "net-symbol.json", "-p", "net.params", "--no-params")


# -- summary and plot ----------------------------------------------------------------------------------------------


def test_summary(folder, capsys):
    code, out, _ = call(capsys, "summary", "net-symbol.json", "-s", "data=4,5")
    assert (code, "Total params: 26" in out) == (0, True)
    code, out, _ = call(capsys, "summary", "net-symbol.json", "-s", "data=4,5", "--json")
    found = json.loads(out)
    assert (found["params"], found["rows"][1]["name"], found["complete"]) == (26, "fc1", True)


def test_plot(folder, capsys):
    assert call(capsys, "plot", "net-symbol.json", "-o", "net.dot", "-s", "data=4,5")[:2] == (0, "net.dot\n")
    assert "fc1 -> data" in Path("net.dot").read_text()
    assert "fc1_weight" not in Path("net.dot").read_text()
    assert call(capsys, "plot", "net-symbol.json", "-o", "net.dot", "--weights")[0] == 0
    assert "fc1_weight" in Path("net.dot").read_text()


# -- convert -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [(".npz",), (".safetensors",), (".npz", ".safetensors", ".params")])
def test_convert_there_and_back(folder, capsys, way):
    path = "net-0001.params"
    for i, ending in enumerate(way):
        assert call(capsys, "convert", path, f"{i}{ending}")[:2] == (0, f"{i}{ending}\n")
        path = f"{i}{ending}"
    a, b = read_arrays("net-0001.params"), read_arrays(path)
    assert set(a) == set(b)
    for name, array in a.items():
        assert (array.dtype, array.tobytes()) == (b[name].dtype, b[name].tobytes())
    assert call(capsys, "diff", "net-0001.params", path)[0] == 0


def test_convert_names_and_types(folder, capsys):
    assert call(capsys, "convert", "net-0001.params", "a.safetensors", "--bare", "--dtype", "bfloat16")[0] == 0
    found = read_arrays("a.safetensors")
    assert {n: a.dtype.name for n, a in found.items()} == dict.fromkeys(
        ("fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias"), "bfloat16"
    )
    assert call(capsys, "convert", "a.safetensors", "a.npz")[0] == 0
    assert call(capsys, "diff", "a.safetensors", "a.npz")[0] == 0
    write_arrays("two.npz", {"arg:w": np.ones(1), "aux:w": np.ones(1), "file": np.ones(2)})
    assert set(read_arrays("two.npz")) == {"arg:w", "aux:w", "file"}
    code, _, err = call(capsys, "convert", "two.npz", "one.npz", "--bare")
    assert (code, "two arrays would be called 'w'" in err) == (2, True)


def test_convert_upgrades_a_graph(folder, capsys):
    nodes = [
        {"op": "null", "param": {}, "name": "x", "inputs": []},
        {"op": "BatchNorm", "param": {"eps": "0.01"}, "name": "bn", "inputs": [[0, 0]]},
    ]
    Path("old.json").write_text(json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[1, 0]]}))
    code, out, err = call(capsys, "convert", "old.json", "new.json")
    assert (code, out) == (0, "new.json\n")
    assert "is now the variable 'bn_gamma'" in err
    made = json.loads(Path("new.json").read_text())
    assert made["attrs"]["mxnet_version"] == ["int", 10901]
    assert dx.sym.load("new.json").list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]
    assert call(capsys, "diff", "old.json", "new.json")[0] == 0


# -- diff ----------------------------------------------------------------------------------------------------------


def test_diff(folder, capsys):
    other = dx.sym.load("net-symbol.json").get_internals()["fc2_output"]
    other.save("other-symbol.json")
    code, out, _ = call(capsys, "diff", "net-symbol.json", "other-symbol.json")
    assert code == 1
    assert "- SoftmaxOutput 'softmax', after 'fc2'" in out
    arrays = {k: v + 1 for k, v in read_arrays("net-0001.params").items()}
    write_arrays("other.npz", arrays)
    code, out, _ = call(capsys, "diff", "net-0001.params", "other.npz", "--json")
    assert (code, {c["state"] for c in json.loads(out)["params"]}) == (1, {"values"})
    assert call(capsys, "diff", "net-0001.params", "other.npz", "--atol", "1.001")[0] == 0
    code, out, _ = call(
        capsys, "diff", "net-symbol.json", "net-symbol.json", "-p", "net-0001.params", "other.npz", "--json"
    )
    found = json.loads(out)
    assert (code, found["graph"], len(found["params"])) == (1, [], 4)


# -- run, record, parity -------------------------------------------------------------------------------------------


def test_run(folder, capsys):
    code, out, _ = call(capsys, "run", "net-symbol.json", "inputs.npz", "-p", "net-0001.params", "-o", "out.npz")
    assert code == 0
    assert "softmax_output  float32[4, 2]" in out
    net = dx.sym.load("net-symbol.json")
    params = {k.removeprefix("arg:"): v for k, v in read_arrays("net-0001.params").items()}
    data = read_arrays("inputs.npz")["data"]
    (expected,), _ = dx.lower(net)({"data": data, "softmax_label": np.zeros(4, "float32"), **params})
    np.testing.assert_allclose(read_arrays("out.npz")["softmax_output"], expected, rtol=1e-6)
    np.save("data.npy", data)
    code, out, _ = call(
        capsys, "run", "net-symbol.json", "data.npy", "-p", "net-0001.params", "-o", "inner.safetensors",
        "--output", "relu1_output", "--output", "fc1_output", "--json",
    )  # fmt: skip
    assert (code, list(json.loads(out)["outputs"])) == (0, ["relu1_output", "fc1_output"])
    inner = read_arrays("inner.safetensors")
    np.testing.assert_array_equal(inner["relu1_output"], np.maximum(inner["fc1_output"], 0))


def test_record_and_parity(folder, capsys):
    graph = ("net-symbol.json", "-p", "net-0001.params")
    assert call(capsys, "record", graph[0], "inputs.npz", *graph[1:], "-o", "rec.npz")[:2] == (0, "rec.npz\n")
    code, out, _ = call(capsys, "parity", graph[0], "rec.npz", *graph[1:])
    assert (code, out.startswith("All 4 outputs agree")) == (0, True)
    arrays = dict(read_arrays("net-0001.params"))
    arrays["arg:fc2_bias"] = arrays["arg:fc2_bias"] + 1
    write_arrays("other.params", arrays)
    code, out, _ = call(capsys, "parity", graph[0], "rec.npz", "-p", "other.params")
    assert code == 1
    assert "The first node whose numbers depart is 'fc2' (FullyConnected)." in out
    code, out, _ = call(capsys, "parity", graph[0], "rec.npz", "-p", "other.params", "--json")
    assert (code, json.loads(out)["departures"][0]["node"]) == (1, "fc2")


# -- as a program --------------------------------------------------------------------------------------------------


def test_looking_at_arrays_imports_no_jax(folder):
    program = (
        "import sys; from declax.cli import main; code = main(sys.argv[1:]); "
        "assert 'jax' not in sys.modules, 'imported JAX'; sys.exit(code)"
    )
    for argv in (["inspect", "net-0001.params"], ["convert", "net-0001.params", "a.npz"],
                 ["diff", "net-0001.params", "a.npz"]):  # fmt: skip
        done = subprocess.run([sys.executable, "-c", program, *argv], capture_output=True, text=True, env=ENVIRONMENT)
        assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_stops_early_is_no_error(folder):
    done = subprocess.run(
        f"{sys.executable} -m declax inspect net-0001.params --json | head -1",
        shell=True,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_shapes_of_the_command_line():
    assert read_shapes(["a=b=2", "c=[1, 2]", "d=3x4", "e=()"]) == {"a=b": (2,), "c": (1, 2), "d": (3, 4), "e": ()}
    for text in ("a", "=1", "a=b", "a=1,-2"):
        with pytest.raises(Problem, match="expected NAME=D,D"):
            read_shapes([text])


def test_progress_is_for_terminals(capsys, monkeypatch):
    line = Progress("working")
    line._began -= 10
    line(1, 2, "a")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    line(1, 2, "a")
    assert "working 1/2 a" in capsys.readouterr().err
    Progress.clear()
    assert capsys.readouterr().err.strip() == ""


@needs_legacy
def test_a_real_detector_from_the_shell(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "ArcFace-Multiplex-Recognition__det1"
    Path("det1-symbol.json").write_bytes(gzip.decompress((LEGACY / f"{name}-symbol.json.gz").read_bytes()))
    params = LEGACY / f"{name}.params"
    np.save("image.npy", np.random.default_rng(0).standard_normal((1, 3, 40, 60)).astype("float32"))
    assert call(capsys, "inspect", "det1-symbol.json", "-p", params)[0] == 0
    assert call(capsys, "run", "det1-symbol.json", "image.npy", "-p", params, "-o", "out.npz")[0] == 0
    assert read_arrays("out.npz")["prob1_output"].shape == (1, 2, 15, 25)
    assert call(capsys, "record", "det1-symbol.json", "image.npy", "-p", params, "-o", "rec.npz")[0] == 0
    assert call(capsys, "parity", "det1-symbol.json", "rec.npz", "-p", params)[0] == 0
