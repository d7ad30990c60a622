"""Formulations of convolutions: the same numbers by each, what is measured and kept, and what is not trusted."""

import json
import math
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import declax as dx
from declax import tuned
from declax.errors import BindError, LoadError, UsageError
from declax.layers import blocks, onednn
from declax.layers.channels_last import Window, plain
from declax.layers.formulations import FORMULATIONS, Problem, candidates, default
from declax.layers.winograd import with_transformed
from tests.formulated import convolution

pytestmark = pytest.mark.usefixtures("default_choices")

sym = dx.sym


def problem(data, filters, kernel=(3, 3), stride=(1, 1), dilate=(1, 1), pad=(1, 1), groups=1, dtype="float32"):
    return Problem(data, filters, Window(kernel, stride, dilate, pad, groups), dtype, True)


PROBLEMS = {
    "even": problem((2, 8, 6, 5), 7),
    "odd": problem((3, 7, 9, 5), 4),
    "no pad": problem((1, 5, 4, 3), 2, pad=(0, 0)),
    "wide pad": problem((2, 4, 3, 2), 3, pad=(2, 0)),
    "smallest": problem((2, 3, 3, 2), 3, pad=(0, 0)),
    "several groups of images": problem((6, 30, 25, 3), 4),
    "strided": problem((2, 9, 10, 3), 4, (3, 2), (2, 3), (1, 1), (0, 1)),
    "dilated": problem((2, 9, 10, 3), 4, (2, 3), (1, 2), (2, 3), (2, 1)),
    "one dimension": problem((2, 9, 3), 4, (3,), (2,), (1,), (1,)),
    "three dimensions": problem((1, 4, 5, 6, 3), 2, (2, 3, 1), (1, 2, 1), (1, 1, 1), (1, 0, 0)),
    "points": problem((2, 5, 4, 6), 7, (1, 1), pad=(0, 0)),
    "strided points": problem((2, 5, 4, 6), 7, (1, 1), (2, 3), pad=(0, 0)),
    "points of one dimension": problem((3, 5, 2), 4, (1,), (2,), (1,), (0,)),
    "groups": problem((2, 7, 9, 24), 12, groups=6),
    "strided groups": problem((2, 7, 9, 12), 24, (3, 2), (2, 1), (1, 2), (1, 0), groups=6),
    "wide groups": problem((1, 5, 5, 96), 48, groups=3),
}

CASES = [(kind, name) for kind, p in PROBLEMS.items() for name, f in FORMULATIONS.items() if f.fits(p)]


def numbers_for(p: Problem):
    numbers = np.random.default_rng(3)
    return numbers.standard_normal(p.data, np.float32), numbers.standard_normal(p.weight, np.float32)


def assert_close(got, want):
    scale = np.abs(np.asarray(want)).max()
    np.testing.assert_allclose(got, want, rtol=0, atol=3e-6 * scale)


@pytest.mark.parametrize(("kind", "name"), [c for c in CASES if c[1] != "convolution"])
def test_each_formulation_equals_the_convolution(kind: str, name: str):
    p = PROBLEMS[kind]
    data, weight = numbers_for(p)
    want, back = jax.vjp(lambda x, w: plain(x, w, p.window), data, weight)
    got, own_back = jax.vjp(jax.jit(lambda x, w: convolution(x, w, p.window, name)), data, weight)
    assert_close(got, want)
    cotangent = np.random.default_rng(4).standard_normal(want.shape, np.float32)
    for ours, theirs in zip(own_back(cotangent), back(cotangent), strict=True):
        assert_close(ours, theirs)


def test_every_new_formulation_is_tried_above():
    assert set(FORMULATIONS) - {"onednn", "shifted"} <= {name for _, name in CASES}


@pytest.mark.parametrize("name", ["winograd", "patches", "blocks"])
def test_formulations_under_vmap_of_grad(name: str):
    p = PROBLEMS["groups" if name == "blocks" else "several groups of images"]
    data, weight = numbers_for(p)
    both = jnp.stack([weight, 2 * weight])

    def loss(how):
        return lambda w: jnp.sum(jnp.sin(convolution(data, w, p.window, how)))

    got, want = (jax.vmap(jax.grad(loss(how)))(both) for how in (name, "convolution"))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-4 * np.abs(want).max())


def test_winograd_is_as_exact_as_float32_on_many_channels():
    p = problem((2, 14, 14, 256), 64)
    data, weight = numbers_for(p)
    data = np.maximum(data, 0)  # as behind a ReLU
    with jax.enable_x64(True):
        exact = np.asarray(plain(data.astype("float64"), weight.astype("float64"), p.window))
    error = np.abs(convolution(data, weight, p.window, "winograd") - exact).max() / np.abs(exact).max()
    assert error < 2e-6


def test_transformed_weights_have_a_gradient_of_their_own():
    p = PROBLEMS["odd"]
    data, weight = numbers_for(p)
    how = FORMULATIONS["winograd"]
    assert how.prepare is not None

    def loss(w):
        return jnp.sum(with_transformed(data, how.prepare(w), p.window.pad) ** 2)

    assert_close(jax.grad(loss)(weight), jax.grad(lambda w: jnp.sum(plain(data, w, p.window) ** 2))(weight))


@pytest.mark.parametrize(
    ("p", "refused"),
    [
        (problem((2, 8, 8, 4), 4, stride=(2, 1)), {"winograd"}),
        (problem((2, 8, 8, 4), 4, dilate=(1, 2)), {"winograd"}),
        (problem((2, 8, 8, 4), 4, pad=(3, 1)), {"winograd"}),
        (problem((2, 8, 8, 4), 4, dtype="float16"), {"winograd"}),
        (problem((2, 8, 8, 4), 4, kernel=(3, 1)), {"winograd"}),
        (problem((2, 8, 8, 4), 4, groups=2), {"winograd", "patches", "shifted", "product"}),
        (problem((2, 8, 8, 4), 4, groups=4), {"winograd", "patches", "blocks", "product"}),
        (problem((2, 8, 8, 4), 4), {"product", "shifted", "blocks"}),
    ],
)
def test_formulations_say_what_they_cannot_do(p: Problem, refused: set[str]):
    assert not any(FORMULATIONS[name].fits(p) for name in refused)
    assert FORMULATIONS[default(p)].fits(p)
    assert not refused & set(candidates(p))


def test_blocks_divide_the_groups():
    assert [blocks.merged(32, channels) for channels in (64, 128, 256, 512, 1024)] == [8, 4, 2, 1, 1]
    assert blocks.merged(6, 24) == 3
    assert blocks.merged(2, 8) == 2


# -- plans ---------------------------------------------------------------------------------------------------------


def net():
    x = sym.Convolution(sym.Variable("data"), num_filter=6, kernel=(3, 3), pad=(1, 1), no_bias=True, name="first")
    x = sym.Activation(x, act_type="tanh", name="bent")
    return sym.Convolution(x, num_filter=4, kernel=(1, 1), name="second")


SHAPES = {"data": (2, 3, 7, 8)}


def tables(name: str) -> tuned.Table:
    p = problem((2, 7, 8, 3), 6)
    both = (p, Problem(p.data, p.filters, p.window, p.dtype, False))
    return tuned.Table({str(x): name for x in both})


def line_of(ex: dx.Executor, name: str) -> list[str]:
    return [line for line in ex.debug_str().splitlines() if f"_channels_last_convolution {name!r}" in line]


def bound(table: tuned.Table | None = None) -> dx.Executor:
    with tuned.using(table):
        ex = net().simple_bind(dx.cpu(), **SHAPES)
    numbers = np.random.default_rng(5)
    for array in (*ex.arg_arrays, *ex.aux_arrays):
        array[:] = numbers.uniform(-0.5, 0.5, array.shape)
    return ex


def test_the_plan_tells_the_formulation_and_executors_keep_it():
    ex = bound(tables("winograd"))
    assert [line.rpartition(" as ")[2] for line in line_of(ex, "first")] == ["winograd", "winograd"]
    assert [line.rpartition(" as ")[2] for line in line_of(ex, "second")] == ["product", "product"]
    assert "winograd" not in bound().debug_str()


def test_no_formulation_but_the_plain_one_when_they_are_switched_off():
    with dx.passes.switched(formulate=False):
        ex = bound(tables("winograd"))
    assert {line.rpartition(" as ")[2] for n in ("first", "second") for line in line_of(ex, n)} == {"convolution"}


def test_a_choice_that_does_not_fit_is_not_taken():
    p = problem((2, 7, 8, 3), 6)
    ex = bound(tuned.Table({str(p): "product"}))
    assert {line.rpartition(" as ")[2] for line in line_of(ex, "first")} == {"convolution"}


@pytest.mark.parametrize("name", ["winograd", "patches"])
def test_a_net_gives_the_same_numbers_with_other_formulations(name: str):
    found = []
    for table in (None, tables(name)):
        ex = bound(table)
        inferred = [ex.forward()[0].asnumpy(), ex.forward()[0].asnumpy()]
        ex.forward(is_train=True)
        ex.backward(dx.nd.ones(ex.outputs[0].shape))
        found.append([*inferred, *(g.asnumpy() for g in ex.grad_arrays)])
    for want, got in zip(*found, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * max(1.0, np.abs(want).max()))


def test_winograd_prepares_its_weights_once_for_inference():
    with tuned.using(tables("winograd")):
        lowered = dx.lower(net())
        args, _, aux = net().infer_shape(**SHAPES)
        specs = [[jax.ShapeDtypeStruct(s, np.float32) for s in part] for part in (args, aux)]
        plans = [lowered.planned(*specs, train=train) for train in (False, True)]
    names = [[s.node.name for s in p.steps if s.node.op_name == "_prepared_weight"] for p in plans]
    assert len(names[0]) == 1
    assert not names[1]


@pytest.mark.parametrize(("size", "how"), [(7, "dense"), (8, "product")])
def test_few_points_go_through_a_dense_layer_at_inference(size: int, how: str):
    x = sym.Convolution(sym.Variable("data"), num_filter=5, kernel=(1, 1), name="conv")
    ex = x.simple_bind(dx.cpu(), data=(1, 3, size, size))
    for array in (*ex.arg_arrays, *ex.aux_arrays):
        array[:] = np.random.default_rng(0).standard_normal(array.shape)
    (inferred,) = ex.forward()
    assert [line.rpartition(" as ")[2] for line in line_of(ex, "conv")] == [how, "product"]
    (trained,) = ex.forward(is_train=True)
    np.testing.assert_allclose(inferred.asnumpy(), trained.asnumpy(), rtol=1e-5, atol=1e-5)
    ex.arg_dict["conv_weight"][:] = 0
    bias = ex.arg_dict["conv_bias"].asnumpy()[:, None, None]
    np.testing.assert_array_equal(ex.forward()[0].asnumpy()[0], np.broadcast_to(bias, (5, size, size)))


# -- the file ------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path, monkeypatch):
    where = tmp_path / "deep" / "mine.json"
    monkeypatch.setenv("DECLAX_AUTOTUNE", str(where))
    return where


def test_autotune_measures_and_keeps(path):
    told = []
    report = dx.autotune(
        net(), seconds=0.0, progress=lambda m, done, total: told.append((m.nodes, done, total)), **SHAPES
    )
    assert told == [(("first",), 1, 2), (("second",), 2, 2)]
    library = {"onednn"} if onednn.is_available() else set()
    assert [set(m.seconds) for m in report.measured] == [
        {"convolution", "winograd", "patches"} | library,
        {"dense", "product", "convolution"} | library,
    ]
    content = json.loads(path.read_text())
    assert content["chosen"] == {str(m.problem): m.chosen for m in report.measured}
    assert dict(tuned.current().chosen) == content["chosen"] == dict(tuned.read(path).chosen)
    text = repr(report)
    assert "1 x infer float32 2x7x8x3->6 kernel 3x3 stride 1x1" in text
    assert str(path) in text
    assert os.listdir(path.parent) == [path.name]


def test_training_is_measured_apart_and_added(path):
    dx.autotune(net(), seconds=0.0, **SHAPES)
    report = dx.autotune(net(), train=True, seconds=0.0, **SHAPES)
    assert all(m.problem.train for m in report.measured)
    assert len(tuned.current().chosen) == 4


def test_measured_is_the_graph_as_other_passes_leave_it(path):
    x = sym.Convolution(sym.Variable("data"), num_filter=64, kernel=(1, 1), no_bias=True, name="conv")
    x = sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="avg")
    shapes = {"data": (1, 4, 8, 8)}
    for exchange, size in ((True, 4), (False, 8)):
        with dx.passes.switched(exchange=exchange):
            (measured,) = dx.autotune(x, seconds=0.0, **shapes).measured
        assert measured.problem.data == (1, size, size, 4)


def test_what_is_switched_off_is_not_measured(path):
    with dx.passes.switched(onednn=False):
        report = dx.autotune(net(), seconds=0.0, **SHAPES)
    assert all("onednn" not in m.seconds for m in report.measured)


def test_equal_convolutions_are_measured_once(path):
    x = sym.Variable("data")
    for i in range(3):
        x = sym.Convolution(x, num_filter=4, kernel=(1, 1), name=f"c{i}")
    (measured,) = dx.autotune(x, seconds=0.0, data=(1, 4, 3, 3)).measured
    assert measured.nodes == ("c0", "c1", "c2")


def test_measured_formulations_are_in_force_at_once_and_until_they_are_cleared(path):
    tuned.keep(tables("winograd").chosen)
    symbol = net()
    assert "as winograd" in symbol.simple_bind(dx.cpu(), **SHAPES).debug_str()
    with tuned.using(None):
        assert "as winograd" not in symbol.simple_bind(dx.cpu(), **SHAPES).debug_str()
    tuned.clear()
    assert not path.exists()
    assert "as winograd" not in symbol.simple_bind(dx.cpu(), **SHAPES).debug_str()
    tuned.clear()


def test_a_later_process_uses_the_file(path):
    tuned.keep(tables("winograd").chosen)
    program = """
import declax as dx
from declax import tuned

assert not tuned._read
x = dx.sym.Convolution(dx.sym.Variable("data"), num_filter=6, kernel=(3, 3), pad=(1, 1), name="first")
print(x.simple_bind(dx.cpu(), data=(2, 3, 7, 8)).debug_str().count("as winograd\\n"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3"], done.stdout  # two convolutions, and the weights of one


def test_where_the_file_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("DECLAX_AUTOTUNE")
    found = tuned.path_in_force()
    assert found is not None
    assert found.parent == tmp_path / "declax"
    assert found.name.startswith("autotune-")
    for word in ("off", "OFF", "none", "0"):
        monkeypatch.setenv("DECLAX_AUTOTUNE", word)
        assert tuned.path_in_force() is None
    assert tuned.current() is tuned.EMPTY


def content(**changes):
    return {"declax_autotune": 1, "machine": tuned.machine(), "chosen": {}} | changes


DAMAGED = {
    "no JSON": (b"{", "it is not JSON"),
    "no text": (b"\xff\xfe", "it is not JSON"),
    "too deep": (b"[" * 100_000, "it is not JSON"),
    "a list": (b"[]", "no table of autotune in version 1"),
    "another version": (json.dumps(content(declax_autotune=99)).encode(), "no table of autotune in version 1"),
    "no choices": (json.dumps(content(chosen=[1])).encode(), "`chosen` is no object"),
    "unknown name": (json.dumps(content(chosen={"p": "magic"})).encode(), "'magic' for 'p' is no formulation"),
    "no name": (json.dumps(content(chosen={"p": ["product"]})).encode(), r"\['product'\] for 'p' is no formulation"),
    "another machine": (json.dumps(content(machine={"jax": "0"})).encode(), "measured on {'jax': '0'}, this is"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_file_that_does_not_fit_is_ignored_with_a_warning(kind: str, path):
    text, words = DAMAGED[kind]
    path.parent.mkdir()
    path.write_bytes(text)
    with pytest.raises(LoadError, match=words):
        tuned.read(path)
    with pytest.warns(UserWarning, match="measured formulations are ignored"):
        assert tuned.current() is tuned.EMPTY
    assert tuned.current() is tuned.EMPTY  # told once


def test_a_file_too_large_and_one_that_is_missing(path, monkeypatch):
    with pytest.raises(LoadError, match="No such file"):
        tuned.read(path)
    path.parent.mkdir()
    path.write_text(json.dumps(content()))
    monkeypatch.setattr(tuned, "_MOST_BYTES", 10)
    with pytest.raises(LoadError, match="larger than any table"):
        tuned.read(path)


def test_what_autotune_needs(path, monkeypatch, tmp_path):
    with pytest.raises(BindError, match=r"autotune cannot decide the shapes of data"):
        dx.autotune(net())
    with (
        dx.passes.switched(layout=False),
        pytest.raises(UsageError, match="the pass 'layout' uses, which is switched off"),
    ):
        dx.autotune(net(), **SHAPES)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DECLAX_AUTOTUNE", str(tmp_path / "file" / "below"))
    with pytest.raises(UsageError, match="cannot be written"):
        tuned.keep({})
    monkeypatch.setenv("DECLAX_AUTOTUNE", "off")
    with pytest.raises(UsageError, match="DECLAX_AUTOTUNE is off"):
        dx.autotune(net(), **SHAPES)
    with pytest.raises(UsageError, match="DECLAX_AUTOTUNE is off"):
        tuned.keep({})


def test_a_report_tells_the_gain():
    from declax.tuning import Measured

    m = Measured(problem((2, 7, 8, 3), 6), ("a", "b"), {"convolution": 0.002, "winograd": 0.001}, "winograd")
    assert math.isclose(m.gain, 2)
    assert str(m).endswith("groups 1: winograd (2.00x the speed of convolution; winograd 1 ms, convolution 2 ms)")
    assert str(m).startswith("2 x train float32 2x7x8x3->6")
