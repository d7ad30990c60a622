"""`to_python`: the source that it writes is run, and the graph that comes out has the same JSON, byte for byte."""

import gzip
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import declax as dx
from benchmarks.nets import inception_bn, inception_bn_28, mlp
from declax import sym
from declax.errors import DeclaxError
from declax.source import layout, statements, templates
from tests.harness import Bound, bound_cases, chunks, each

CORPUS = Path(__file__).parent.parent.parent / "shared" / "oracle" / "corpus"


def written_once(text: str) -> dict:
    """A graph's JSON without how often its variables count as written to, which files before 1.0 do not say."""
    found = json.loads(text)
    for node in found["nodes"]:
        node["inputs"] = [entry[:2] for entry in node["inputs"]]
    return found


def rebuilt(net, folder: Path, compare=str) -> str:
    """The source of a net, which is run and compared."""
    source = dx.to_python(net)
    path = folder / "net.py"
    path.write_text(source)
    again = runpy.run_path(str(path))["network"]()
    assert compare(again.tojson(remove_amp_cast=False)) == compare(net.tojson(remove_amp_cast=False))
    assert max(map(len, source.splitlines())) <= layout.WIDTH
    return source


def resnet(stages=(2, 3, 6, 2)):
    """Residual units before activation, as MXNet's examples have them."""

    def conv(x, filters, kernel, stride, name):
        pad = ((kernel - 1) // 2,) * 2
        return sym.Convolution(
            x, kernel=(kernel, kernel), stride=(stride, stride), pad=pad, num_filter=filters, no_bias=True, name=name
        )

    x = conv(sym.Variable("data"), 8, 3, 1, "conv0")
    for s, units in enumerate(stages, 1):
        for u in range(1, units + 1):
            name, shortcut = f"stage{s}_unit{u}", x
            for i in (1, 2):
                x = sym.Activation(sym.BatchNorm(x, name=f"{name}_bn{i}"), act_type="relu", name=f"{name}_relu{i}")
                if i == 1 and u == 1:
                    shortcut = conv(x, 8 * s, 1, 1 + (s > 1), f"{name}_sc")
                x = conv(x, 8 * s, 3, 1 + (s > 1 and u == i == 1), f"{name}_conv{i}")
            x = x + shortcut
    x = sym.Pooling(x, global_pool=True, kernel=(7, 7), pool_type="avg", name="pool1")
    return sym.SoftmaxOutput(sym.FullyConnected(sym.Flatten(x), num_hidden=10, name="fc1"), name="softmax")


def lstm(steps=6, layers=2):
    """A language model, unrolled."""
    stack = dx.rnn.SequentialRNNCell()
    for i in range(layers):
        stack.add(dx.rnn.LSTMCell(num_hidden=16, prefix=f"lstm_l{i}_"))
    embed = sym.Embedding(sym.Variable("data"), input_dim=30, output_dim=8, name="embed")
    outputs, _ = stack.unroll(steps, inputs=embed, merge_outputs=True)
    scores = sym.FullyConnected(sym.Reshape(outputs, shape=(-1, 16)), num_hidden=30, name="pred")
    return sym.SoftmaxOutput(scores, sym.Reshape(sym.Variable("softmax_label"), shape=(-1,)), name="softmax")


def detector():
    """Three scales with anchors, classes and boxes for training, as SSD has them."""
    x, classes, boxes, anchors = sym.Variable("data"), [], [], []
    for i in range(3):
        x = sym.Convolution(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), num_filter=16 * 2**i, name=f"conv{i}")
        x = sym.Activation(x, act_type="relu", name=f"relu{i}")
        anchors.append(sym.Flatten(sym.contrib.MultiBoxPrior(x, sizes=(0.2 + 0.3 * i, 0.3), name=f"scale{i}_anchors")))
        for kind, many in (("cls", 8), ("loc", 8)):
            weight = sym.Variable(f"scale{i}_{kind}_weight", lr_mult=2.0)
            y = sym.Convolution(x, weight, kernel=(3, 3), pad=(1, 1), num_filter=many, name=f"scale{i}_{kind}")
            (classes if kind == "cls" else boxes).append(sym.Flatten(sym.transpose(y, axes=(0, 2, 3, 1))))
    where = sym.Reshape(sym.concat(*anchors, dim=1), shape=(0, -1, 4), name="anchors")
    scores = sym.transpose(sym.Reshape(sym.concat(*classes, dim=1), shape=(0, -1, 4)), axes=(0, 2, 1))
    offsets = sym.concat(*boxes, dim=1, name="offsets")
    target = sym.contrib.MultiBoxTarget(where, sym.Variable("label"), scores, name="target")
    prob = sym.SoftmaxOutput(scores, target[2], multi_output=True, use_ignore=True, name="cls_prob")
    loss = sym.MakeLoss(sym.smooth_l1(target[1] * (offsets - target[0]), scalar=1.0), name="loc_loss")
    found = sym.contrib.MultiBoxDetection(prob, offsets, where, nms_threshold=0.5, name="detection")
    return dx.Group([prob, loss, sym.BlockGrad(found, name="det_out")])


NETS = {
    "inception": inception_bn,
    "inception 28": inception_bn_28,
    "mlp": mlp,
    "resnet": resnet,
    "lstm": lstm,
    "ssd": detector,
}


@pytest.mark.parametrize("name", NETS)
def test_nets(name: str, tmp_path: Path):
    rebuilt(NETS[name](), tmp_path)


def test_inception_reads_like_its_declaration(tmp_path: Path):
    source = rebuilt(inception_bn(), tmp_path)
    assert "def conv_bn_relu(data, name, num_filter, kernel=(1, 1), pad=(0, 0), stride=(1, 1)):\n" in source
    assert 'x = conv_bn_relu(x, f"{name}_double_3x3_0", kernel=(3, 3), num_filter=num_filter_double_3x3_0' in source
    assert source.count("def ") == 4
    assert len(source.splitlines()) < 200


def test_residual_units_become_a_loop(tmp_path: Path):
    source = rebuilt(resnet(), tmp_path)
    assert re.search(r'for i in range\(2, 7\):\n        x = stage_unit\(x, f"stage3_unit{i}", .*=i \+ 4\)\n', source)
    assert len(source.splitlines()) < 80


def test_time_steps_become_a_loop(tmp_path: Path):
    lines = {steps: len(rebuilt(lstm(steps), tmp_path).splitlines()) for steps in (6, 12)}
    assert lines[12] - lines[6] < 6  # twice the steps are not twice the source
    assert "for i in range(" in rebuilt(lstm(12), tmp_path)


def test_long_runs_become_loops_over_lists(tmp_path: Path):
    """Both directions of a recurrent net: what one loop gives in a row, another reads backwards."""
    steps, n = sym.SliceChannel(sym.Variable("data"), num_outputs=20, axis=1, squeeze_axis=True, name="steps"), 20
    weights = {d: [sym.Variable(f"{d}_{w}") for w in ("i2h", "h2h")] for d in ("left", "right")}
    states = {}
    for d, order in (("left", range(n)), ("right", range(n)[::-1])):
        inner = [
            sym.FullyConnected(steps[t], weights[d][0], num_hidden=4, no_bias=True, name=f"{d}_t{t}_i2h") for t in order
        ]
        h, states[d] = sym.Variable(f"{d}_begin"), []
        for t in range(n):
            h = sym.FullyConnected(h, weights[d][1], num_hidden=4, no_bias=True, name=f"{d}_t{t}_h2h")
            h = sym.Activation(inner[t] + h, act_type="tanh", name=f"{d}_t{t}_out")
            states[d].append(h)
    both = [sym.concat(states["left"][t], states["right"][n - 1 - t], name=f"both{t}") for t in range(n)]
    source = rebuilt(dx.Group(both), tmp_path)
    assert len(source.splitlines()) < 110  # 140 calls
    assert "right_ts.append(right_t)\n" in source
    assert "right_ts[19 - i]" in source


def test_a_loop_whose_names_have_no_order_has_a_table(tmp_path: Path):
    x = sym.Variable("x")
    for name in (
        "ruby",
        "opal",
        "jade",
        "amber",
        "a_stone_with_a_long_name",
        "another_stone_with_a_long_name",
        "beryl",
        "onyx",
    ):
        x = sym.FullyConnected(x, num_hidden=4, name=name)
    source = rebuilt(x, tmp_path)
    assert 'for name in (\n        "ruby", "opal", ' in source


def test_the_source_is_formatted_and_clean(tmp_path: Path):
    for i, net in enumerate((inception_bn(), resnet(), lstm(), detector())):
        (tmp_path / f"net{i}.py").write_text(dx.to_python(net))
    for command in (["format", "--check"], ["check", "--select", "E,F,I,W,B,UP,SIM,RET"]):
        call = [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "120", str(tmp_path)]
        done = subprocess.run(call, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_variables_keep_their_attributes(tmp_path: Path):
    with dx.AttrScope(ctx_group="first", __note__='say "so"'):
        x = sym.Variable("x", shape=(2, 0), dtype="float16", lr_mult=0.5, init=dx.init.Xavier(), stype="csr")
    y = sym.Variable("y", attr={"__note__": "it's {new}\n\\", "plain": "yes"}, wd_mult=2.0)
    net = sym.FullyConnected(x, y, num_hidden=3, attr={"__lr_mult__": "3"}, name="fc-1.a/b")
    source = rebuilt(dx.Group([net, y, net]), tmp_path)
    assert 'dtype="float16"' in source


def test_attributes_of_old_files_stay(tmp_path: Path):
    x, w = sym.Variable("x"), sym.Variable("fc_weight", lr_mult=2.0)
    for variable in (x, w):
        variable.heads[0].node.attrs["weight_lr_mult"] = "1.2"
    source = rebuilt(sym.FullyConnected(x, w, num_hidden=3, name="fc"), tmp_path)
    assert 'weight=old_variable("fc_weight", {"weight_lr_mult": "1.2"}, lr_mult=2.0)' in source


def test_groups_and_multiple_outputs(tmp_path: Path):
    parts = sym.split(sym.Variable("x"), num_outputs=3, name="parts")
    rebuilt(dx.Group([parts[2], parts[0], parts[1] + parts[1]]), tmp_path)
    assert "return sym.SliceChannel(" in rebuilt(parts, tmp_path)
    rebuilt(sym.Variable("alone"), tmp_path)


def test_shared_parameters_stay_shared(tmp_path: Path):
    w, x = sym.Variable("w"), sym.Variable("x")
    mean, var = sym.Variable("mean"), sym.Variable("var")
    for i in range(4):
        x = sym.FullyConnected(x, w, num_hidden=4, no_bias=True, name=f"fc{i}")
        x = sym.BatchNorm(x, moving_mean=mean, moving_var=var, name=f"bn{i}")
    assert rebuilt(x, tmp_path).count('"w"') == 1


def test_control_flow(tmp_path: Path):
    x, s, w = sym.Variable("x"), sym.Variable("s"), sym.Variable("w")
    outs, last = sym.contrib.foreach(lambda a, state: (sym.tanh(a + state * w), a * state), x, s)
    steps, rest = sym.contrib.while_loop(
        lambda i: i < 5, lambda i: (i * w, i + 1), [sym.Variable("i")], max_iterations=7
    )
    choice = sym.contrib.cond(sym.sum(w) > 0, lambda: last * 2, lambda: last - 1)
    source = rebuilt(dx.Group([outs, *list(steps), *rest, choice]), tmp_path)
    assert "make_node(" in source


def test_mixed_precision_casts_stay(tmp_path: Path):
    rebuilt(sym.relu(sym.amp_cast(sym.Variable("x"), dtype="float16", name="cast"), name="r"), tmp_path)


CASES = bound_cases()


@pytest.mark.parametrize("members", [pytest.param(part, id=name) for name, part in chunks(CASES)])
def test_every_operator(members: list[Bound], tmp_path: Path):
    each(members, lambda b: rebuilt(b.symbol, tmp_path, written_once))


def corpus_files() -> list[Path]:
    """A sample of the real graphs; those that take long are left to a run by hand."""
    found = sorted([*CORPUS.glob("legacy/*.json.gz"), *CORPUS.glob("visible/*.json.gz")])
    return [f for f in found if f.stat().st_size < 2600][::5]


@pytest.mark.skipif(not corpus_files(), reason=f"the corpus of real graphs is not at {CORPUS}")
def test_real_graphs(tmp_path: Path):
    count = 0
    for path in corpus_files():
        text = gzip.decompress(path.read_bytes()).decode()
        try:
            net = sym.load_json(text)
            source = dx.to_python(net)
        except DeclaxError:
            continue
        (tmp_path / "net.py").write_text(source)
        again = runpy.run_path(str(tmp_path / "net.py"))["network"]().tojson(remove_amp_cast=False)
        assert written_once(again) == written_once(net.tojson(remove_amp_cast=False)), path.name
        count += 1
    assert count >= len(corpus_files()) - 3


# -- what cannot be written ----------------------------------------------------------------------------------------


def test_what_no_function_makes():
    norm = sym.BatchNorm(sym.Variable("x"), name="bn").heads[0].node
    with pytest.raises(DeclaxError, match=r"node 'bn'.* has its hidden output 1 read, which no function gives"):
        dx.to_python(dx.Symbol([dx.graph.Entry(norm, 1)]))
    nameless = sym.load_json(sym.relu(sym.Variable("x"), name="r").tojson().replace('"name": "r"', '"name": ""'))
    with pytest.raises(DeclaxError, match="has no name, and a call would give it one"):
        dx.to_python(nameless)
    old = sym.FullyConnected(sym.Variable("x"), num_hidden=3, name="fc").tojson()
    old = old.replace('"num_hidden": "3"', '"num_hidden": "3", "weight_lr_mult": "2"', 1)
    net = dx.Symbol(sym.load_json(old).heads)
    net.heads[0].node.attrs["weight_lr_mult"] = "2"
    with pytest.raises(DeclaxError, match="has the attribute 'weight_lr_mult', which a call cannot set"):
        dx.to_python(net)


def test_a_function_of_counters_has_one_parameter_a_counter(tmp_path: Path):
    """Cells that count their layers on have one number for each kind of layer, also in functions of functions."""
    counts = {"conv": 0, "bn": 0}

    def unit(x, filters):
        for _ in range(2):
            x = sym.Convolution(
                x, kernel=(3, 3), pad=(1, 1), num_filter=filters, no_bias=True, workspace=512, cudnn_tune="off",
                layout="NCHW", num_group=1, name=f"conv{counts['conv']}",
            )  # fmt: skip
            counts["conv"] += 1
        counts["bn"] += 1
        return sym.BatchNorm(x, fix_gamma=False, eps=1e-5, momentum=0.9, name=f"bn{counts['bn'] - 1}")

    def cell(x, y, filters):
        return sym.concat(unit(x, filters), unit(unit(y, filters), filters), x, name=f"cell{filters}")

    x = y = sym.Variable("data")
    for filters in (8, 12, 24, 20):
        x, y = cell(x, y, filters), sym.relu(x, name=f"relu{filters}")
    source = rebuilt(x, tmp_path)
    calls = re.findall(r"(\w+_number\w*)=\d", source)
    assert source.count("def ") >= 2
    assert len(set(calls)) <= 3


# -- the parts -----------------------------------------------------------------------------------------------------


def test_texts_are_taken_apart():
    atoms = templates.Atoms()
    rows = [
        [f"{s}_bn{n}", f"{s}_relu{n}", f"{s}_conv{n}", f"plus{10 - k}"]
        for k, (s, n) in enumerate([("a", 1), ("a", 2), ("bc", 1), ("d", 7)])
    ]
    found = templates.Unified([("name", w) for w in ("bn", "relu", "conv", "add")], rows, atoms)
    assert [c.param.kind for c in found.columns][:2] == ["text", "int"]
    assert found.columns[0].values == ["a", "a", "bc", "d"]
    assert found.columns[1].values == [1, 2, 1, 7]
    assert [type(p).__name__ for p in atoms.split(found.values[0])] == ["Slot", "str", "Slot"]


def test_values_that_differ_by_a_constant():
    column = templates.Column(templates.Param("i", "int"), [2, 3, 4])
    assert templates.linear(column, [5, 6, 7], scaled=False) == templates.Slot(column.param, 1, 3)
    assert templates.linear(column, [4, 6, 8], scaled=False) is None
    assert layout.number(templates.linear(column, [3, 5, 7], scaled=True)) == "2 * i - 1"
    assert templates.explain(["x3", "x5", "x7"], [column], templates.Atoms()) is None


def test_types_are_not_mixed_up():
    assert not templates.same(1, True)
    assert not templates.same((1, 2), (1, 2.0))
    assert statements.value_of("1.") == "1."
    assert statements.value_of("inf") == "inf"
    assert statements.value_of("[1, 2]") == "[1, 2]"


@pytest.mark.parametrize("text", ['a"b', "a'b", "a\"b'c", "{x}", "\\", "\n", "ü", ""])
def test_literals(text: str, tmp_path: Path):
    path = tmp_path / "value.py"
    path.write_text(f"value = {layout.literal(text, templates.Atoms())}\n")
    assert runpy.run_path(str(path))["value"] == text
    atoms = templates.Atoms()
    slot = atoms.char(templates.Slot(templates.Param("name", "text")))
    path.write_text(f"name = 'n'\nvalue = {layout.literal(text + slot, atoms)}\n")
    assert runpy.run_path(str(path))["value"] == text + "n"
