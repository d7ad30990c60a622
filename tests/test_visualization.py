"""plot_network against MXNet 1.9.1's drawings, print_summary and summary against counts made by hand."""

import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

import declax as dx

HAS_DOT = shutil.which("dot") is not None


def net():
    """A net with one node of every kind that has its own label or colour."""
    x = dx.sym.Convolution(dx.sym.Variable("data"), kernel=(3, 3), num_filter=8, name="c1", pad=(1, 1))
    x = dx.sym.BatchNorm(x, name="bn")
    x = dx.sym.Activation(x, act_type="relu", name="r")
    x = dx.sym.LeakyReLU(x, name="lk")
    x = dx.sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", name="p")
    parts = dx.sym.SliceChannel(x, num_outputs=2, name="sp")
    x = dx.sym.Flatten(dx.sym.Concat(parts[0], parts[1], name="k"), name="fl")
    x = dx.sym.FullyConnected(x, num_hidden=10, name="h")
    w = dx.sym.var("shared_weight")
    x = dx.sym.FullyConnected(x, weight=w, num_hidden=10, name="h1", no_bias=True)
    x = dx.sym.FullyConnected(x, weight=w, num_hidden=10, name="h2", no_bias=True)
    return dx.sym.SoftmaxOutput(x, name="softmax")


SHAPE = {"data": (2, 3, 8, 8)}

# MXNet 1.9.1 draws: node -> (label, fill colour), and the shapes on the edges, head to tail.
NODES = {
    "data": ("data", "#8dd3c7"), "c1": ('"Convolution\n3x3/1, 8"', "#fb8072"), "bn": ("bn", "#bebada"),
    "r": ('"Activation\nrelu"', "#ffffb3"), "lk": ('"LeakyReLU\nLeaky"', "#ffffb3"),
    "p": ('"Pooling\nmax, 2x2/2x2"', "#80b1d3"), "sp": ("sp", "#fccde5"), "k": ("k", "#fdb462"),
    "fl": ("fl", "#fdb462"), "h": ('"FullyConnected\n10"', "#fb8072"), "h1": ('"FullyConnected\n10"', "#fb8072"),
    "h2": ('"FullyConnected\n10"', "#fb8072"), "softmax_label": ("softmax_label", "#8dd3c7"),
    "softmax": ("softmax", "#fccde5"),
}  # fmt: skip
EDGES = [
    ("c1", "data", '"3x8x8"'), ("bn", "c1", '"8x8x8"'), ("r", "bn", '"8x8x8"'), ("lk", "r", '"8x8x8"'),
    ("p", "lk", '"8x8x8"'), ("sp", "p", '"8x4x4"'), ("k", "sp", '"4x4x4"'), ("k", "sp", '"4x4x4"'),
    ("fl", "k", '"8x4x4"'), ("h", "fl", "128"), ("h1", "h", "10"), ("h2", "h1", "10"), ("softmax", "h2", "10"),
    ("softmax", "softmax_label", '""'),
]  # fmt: skip


def expected(edges, node_shape=None) -> str:
    lines = []
    for name, (label, colour) in NODES.items():
        shape = node_shape or ("oval" if label in ("data", "softmax_label") else "box")
        lines.append(
            f'\t{name} [label={label} fillcolor="{colour}" fixedsize=false height=0.8034 shape={shape} '
            "style=filled width=1.3]"
        )
    lines += [f"\t{tail} -> {head} [label={label} arrowtail=open dir=back]" for tail, head, label in edges]
    return "digraph plot {\n" + "\n".join(lines) + "\n}\n"


def test_drawing_with_shapes_is_mxnets():
    assert dx.viz.plot_network(net(), shape=SHAPE).source == expected(EDGES)


def test_drawing_without_shapes_is_mxnets():
    assert dx.viz.plot_network(net()).source == expected([(t, h, '""') for t, h, _ in EDGES])


def test_types_stand_beside_shapes_and_weights_can_be_shown():
    source = dx.viz.plot_network(net(), shape=SHAPE, dtype={"data": "float32"}, hide_weights=False).source
    assert 'c1 -> data [label="3x8x8(float32)"' in source
    assert 'c1 -> c1_weight [label="3x3x3(float32)"' in source
    assert 'bn -> bn_moving_var [label="(float32)"' in source


def test_node_attributes_replace_the_defaults():
    source = dx.viz.plot_network(net(), title="x y", node_attrs={"fixedsize": "true"}).source
    assert source.startswith('digraph "x y"')
    assert "fixedsize=true" in source
    assert "fixedsize=false" not in source


def test_names_with_any_text_stay_apart():
    a = dx.sym.relu(dx.sym.Variable("a:b"), name="Previous Output")
    assert 'label="a:b"' in dx.viz.plot_network(a).source
    assert "a:b ->" not in dx.viz.plot_network(a).source
    twice = dx.sym.relu(dx.sym.exp(dx.sym.Variable("a"), name="n"), name="n")
    with pytest.warns(RuntimeWarning, match="Repeated names: n"):
        source = dx.viz.plot_network(twice).source
    assert '"n (2)" -> n' in source


@pytest.mark.parametrize("show", [dx.viz.plot_network, dx.viz.print_summary])
def test_what_is_missing_is_named(show):
    with pytest.raises(TypeError, match="symbol must be a Symbol, not int"):
        show(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"Input shape is incomplete: the shape of data, c1_weight"):
            show(net(), shape={})


def test_rendering(tmp_path, monkeypatch):
    drawing = dx.viz.plot_network(net(), title="net", save_format="svg")
    if HAS_DOT:
        assert "<svg" in Path(drawing.render(directory=str(tmp_path))).read_text()
        assert "image/svg+xml" in net()._repr_mimebundle_()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(dx.errors.RenderError, match="apt-get install graphviz") as error:
        drawing.render(directory=str(tmp_path / "there"))
    written = tmp_path / "there" / "net.gv"
    assert str(written) in str(error.value)
    assert written.read_text() == drawing.source
    with pytest.raises(dx.errors.RenderError, match="dot"):
        drawing.pipe(format="svg")
    assert "graphviz" in drawing._repr_mimebundle_()["text/plain"]
    assert net()._repr_mimebundle_() == {"text/plain": "<Symbol softmax>"}


# -- the table -----------------------------------------------------------------------------------------------------


def test_table_holds_mxnets_columns(capsys):
    dx.viz.print_summary(net(), shape=SHAPE, line_length=80, positions=[20, 40, 60, 80])
    lines = capsys.readouterr().out.splitlines()
    cells = [[line[i : i + 20].strip() for i in range(0, 80, 20)] for line in lines if not set(line) <= set("_=")]
    assert cells[0] == ["Layer (type)", "Output Shape", "Param #", "Previous Layer"]
    assert cells[1:15] == [
        ["data(null)", "3x8x8", "0", ""], ["c1(Convolution)", "8x8x8", "224", "data"],
        ["bn(BatchNorm)", "8x8x8", "16", "c1"], ["r(Activation)", "8x8x8", "0", "bn"],
        ["lk(LeakyReLU)", "8x8x8", "0", "r"], ["p(Pooling)", "8x4x4", "0", "lk"],
        ["sp(SliceChannel)", "4x4x4", "0", "p"], ["k(Concat)", "8x4x4", "0", "sp"], ["", "", "", "sp"],
        ["fl(Flatten)", "128", "0", "k"], ["h(FullyConnected)", "10", "1290", "fl"],
        ["h1(FullyConnected)", "10", "100", "h"], ["h2(FullyConnected)", "10", "100", "h1"],
        ["softmax(SoftmaxOutpu", "10", "0", "h2"],
    ]  # fmt: skip
    # MXNet prints 1730: it counts the weight that h1 and h2 share twice.
    assert lines[-5].startswith("Total params: 1630")
    assert "Counted once though shared: shared_weight" in lines[-2]


def test_table_without_shapes_prints_what_is_known(capsys):
    dx.viz.print_summary(net())
    out = capsys.readouterr().out
    assert "data(null)" in out
    assert "FLOPs" not in out


def test_counts_by_hand():
    s = dx.viz.summary(net(), SHAPE)
    assert s["c1"].params == 8 * 3 * 9 + 8
    assert s["c1"].flops == 2 * (2 * 8 * 8 * 8) * 27 + 2 * 8 * 8 * 8
    assert (s["bn"].params, s["bn"].states) == (16, 16)
    assert s["h"].flops == 2 * 2 * 10 * 128 + 2 * 10
    assert s["p"].output_bytes == 4 * 2 * 8 * 4 * 4
    assert s["h"].bytes == 4 * (1290 + 20)
    assert (s["h1"].shared, s["h2"].shared) == ((), ("shared_weight",))
    assert s.params == 224 + 16 + 1290 + 100
    assert s.states == 16
    assert s.param_bytes == 4 * (s.params + s.states)
    assert s.output_bytes == sum(r.output_bytes or 0 for r in s.rows)
    assert s.flops == sum(r.flops or 0 for r in s.rows)
    assert s.complete


def test_bytes_follow_types():
    half = dx.sym.Cast(dx.sym.Variable("x"), dtype="float16", name="half")
    s = dx.viz.summary(half, {"x": (3, 4)}, {"x": np.float64})
    assert (s["x"].bytes, s["half"].bytes) == (96, 24)


def test_labels_and_fed_inputs_are_no_parameters():
    out = dx.sym.SoftmaxOutput(dx.sym.dot(dx.sym.Variable("x"), dx.sym.Variable("y")), name="s")
    assert dx.viz.summary(out, {"x": (2, 3), "y": (3, 4)}).params == 0
    assert dx.viz.summary(out, {"x": (2, 3), "y": (3, 4), "s_label": (2,)}).params == 0
