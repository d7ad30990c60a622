"""Memory: what is computed again in the backward, `fit_memory`, and arrays that executors share."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import declax as dx
from declax import graph
from declax.errors import BindError
from declax.keeping import Model
from declax.memory import as_bytes, fit_memory, show_bytes
from declax.passes import recompute
from declax.passes.rewriting import MARK

pytestmark = pytest.mark.usefixtures("default_choices")


def chain(depth: int = 6, dropout: float = 0.0, marked: tuple[str, ...] = ()) -> dx.Symbol:
    """Convolution, BatchNorm, ReLU, over and over; nodes whose name starts with one of `marked` are marked."""
    x = dx.sym.Variable("data")
    for i in range(depth):
        x = dx.sym.Convolution(x, num_filter=4, kernel=(3, 3), pad=(1, 1), name=f"conv{i}")
        x = dx.sym.BatchNorm(x, fix_gamma=False, name=f"bn{i}")
        x = dx.sym.Activation(x, act_type="relu", name=f"relu{i}")
        if dropout:
            x = dx.sym.Dropout(x, p=dropout, name=f"drop{i}")
    net = dx.sym.make_loss(dx.sym.mean(x * x), name="loss")
    for node in graph.topological(net.heads):
        if node.op is not None and node.name.startswith(marked) and marked:
            node.attrs[MARK] = "True"
    return net


SHAPE = (4, 4, 16, 16)


def trained(
    net: dx.Symbol, steps: int = 2, read: bool = False, shape: tuple[int, ...] = SHAPE
) -> dict[str, np.ndarray]:
    """Outputs, gradients and states after some steps from fixed values."""
    ex = net.simple_bind(dx.cpu(), data=shape, grad_req="write")
    rng = np.random.default_rng(0)
    for array in ex.arg_dict.values():
        array[:] = rng.normal(0.1, 0.4, array.shape)
    for name, array in ex.aux_dict.items():
        array[:] = float(name.endswith("var"))
    dx.random.seed(7)
    for _ in range(steps):
        ex.forward(is_train=True)
        if read:
            ex.outputs[0].asnumpy()
        ex.backward()
    found = {"out": ex.outputs[0].asnumpy()} | {n: a.asnumpy() for n, a in ex.aux_dict.items()}
    return found | {f"grad of {n}": a.asnumpy() for n, a in ex.grad_dict.items() if a is not None}


def same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=2e-4, atol=2e-5, err_msg=name)


def plan_of(net: dx.Symbol, train: bool = True, shape: tuple[int, ...] = SHAPE):
    lowered = dx.lower(net)
    args, _, aux = net.infer_shape(data=shape)
    specs = [[jax.ShapeDtypeStruct(s, "float32") for s in part] for part in (args, aux)]
    return lowered.planned(*specs, train)


def temporaries(net: dx.Symbol, shape: tuple[int, ...] = SHAPE) -> int:
    return fit_memory(net, "1TB", data=shape).before.temporaries


# -- marks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("read", [False, True], ids=["fused", "read"])
@pytest.mark.parametrize("marked", [("bn", "relu"), ("conv", "bn", "relu", "drop"), ("conv0", "bn0", "relu2", "drop2")])
def test_marked_nodes_give_the_same_numbers(marked, read):
    same(trained(chain(3, 0.3, marked), read=read), trained(chain(3, 0.3), read=read))


def test_marked_nodes_are_computed_again_from_what_is_kept():
    with dx.passes.only("recompute"):
        text = str(plan_of(chain(3, marked=("bn", "relu"))))
    assert text.count("recompute in the backward") == 3
    assert "  keep " in text
    assert re.search(r"keep .*Convolution 'conv1'", text)
    assert re.search(r"^  %\d+, %\d+, %\d+ = BatchNorm 'bn1'", text, re.MULTILINE)


def test_less_is_held():
    shape = (8, 4, 32, 32)
    with dx.passes.only("schedule", "recompute", "gradients"):
        plain = temporaries(chain(12), shape)
        some = temporaries(chain(12, marked=("bn", "relu")), shape)
        cut = ("relu3", "relu7", "loss")
        names = [n.name for n in graph.topological(chain(12).heads) if n.op is not None]
        most = temporaries(
            chain(12, marked=tuple(n for n in names if n not in cut and not n.startswith("mean"))), shape
        )
    assert some < 0.8 * plain
    assert most < 0.7 * plain


def test_the_mark_may_come_from_scopes_attributes_and_old_files():
    x = dx.sym.Variable("data")
    with dx.AttrScope(force_mirroring="True"):
        scoped = dx.sym.tanh(x, name="t")
    given = dx.sym.Activation(scoped, act_type="tanh", attr={"force_mirroring": "1"}, name="a")
    text = dx.sym.make_loss(dx.sym.sum(given)).tojson()
    old = text.replace("__force_mirroring__", "force_mirroring")
    old = re.sub(r'"mxnet_version": \["int", \d+\]', '"mxnet_version": ["int", 800]', old)
    for net in (dx.sym.load_json(text), dx.sym.load_json(old)):
        marked = [n.name for n in graph.topological(net.heads) if n.op is not None and recompute.is_marked(n)]
        assert marked == ["t", "a"]


@pytest.mark.parametrize(("text", "is_marked"), [("True", True), ("1", True), ("False", False), ("0", False)])
def test_values_of_the_mark(text, is_marked):
    net = dx.sym.tanh(dx.sym.Variable("x"), attr={"force_mirroring": text})
    assert recompute.is_marked(net.heads[0].node) is is_marked


def test_mirroring_by_the_environment(monkeypatch):
    plain = trained(chain(2, 0.3))
    monkeypatch.setenv("MXNET_BACKWARD_DO_MIRROR", "1")
    with dx.passes.only("recompute"):
        text = str(plan_of(chain(2, 0.3)))
        assert re.search(r"^%\d+ = Convolution 'conv1'", text, re.MULTILINE)
        assert re.search(r"^  keep %\d+, %\d+ = Dropout 'drop1'", text, re.MULTILINE)
        assert re.search(r"^  %\d+ = Activation 'relu1'", text, re.MULTILINE)
    same(trained(chain(2, 0.3)), plain)


def test_nothing_is_computed_again_without_training_or_when_switched_off():
    net = chain(2, marked=("bn", "relu"))
    with dx.passes.only("recompute"):
        assert "recompute" not in str(plan_of(net, train=False))
    with dx.passes.only():
        assert "recompute" not in str(plan_of(net))


def test_states_are_written_once():
    plain, again = (dx.lower(chain(1, marked=m)) for m in ((), ("conv", "bn", "relu")))
    args, _, aux = chain(1).infer_shape(data=SHAPE)
    rng = np.random.default_rng(1)
    values = {n: jnp.asarray(rng.normal(size=s), "float32") for n, s in zip(plain.arguments, args, strict=True)}
    states = {n: jnp.ones(s) for n, s in zip(plain.auxiliary_states, aux, strict=True)}

    def loss(f, weight):
        (y,), new = f({**values, "conv0_weight": weight}, states, train=True)
        return y.sum(), new

    results = [
        jax.value_and_grad(lambda w, f=f: loss(f, w), has_aux=True)(values["conv0_weight"]) for f in (plain, again)
    ]
    for a, b in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


# -- fit_memory ------------------------------------------------------------------------------------------------------


def deep(depth: int = 40) -> dx.Symbol:
    """Layers whose work is small beside what they hold."""
    x = dx.sym.Variable("data")
    for i in range(depth):
        x = dx.sym.tanh(dx.sym.FullyConnected(x, num_hidden=32, name=f"fc{i}"), name=f"tanh{i}")
    return dx.sym.make_loss(dx.sym.mean(x), name="loss")


def test_half_of_the_temporaries(tmp_path):
    shape = (512, 32)
    net = deep()
    before = fit_memory(net, "1GB", data=shape)
    assert before.recomputed == ()
    assert "nothing has to be computed again" in str(before)
    budget = before.peak - before.before.temporaries // 2
    text = net.tojson()
    report = fit_memory(net, budget, data=shape)
    assert report.peak <= budget < before.peak
    assert 0 < report.extra < 1
    assert report.compilations <= 5
    assert net.tojson() == text
    assert f"{len(report.recomputed)} of {len(report.recomputed) + len(report.kept)} nodes" in str(report)
    report.symbol.save(str(tmp_path / "net.json"))
    loaded = dx.sym.load(str(tmp_path / "net.json"))
    assert fit_memory(loaded, "1GB", data=shape).peak == report.peak
    same(trained(loaded, shape=shape), trained(net, shape=shape))


def test_a_budget_out_of_reach():
    with pytest.raises(BindError, match=r"cannot be brought under 20 kB: the least found is .* give a larger budget"):
        fit_memory(deep(4), "20kB", data=(64, 32))


@pytest.mark.parametrize("budget", ["many", "", -1, 0, "2 parsecs", True, "-2GB"])
def test_budgets_that_are_none(budget):
    with pytest.raises(ValueError, match="a budget is a positive number of bytes"):
        fit_memory(deep(2), budget, data=(2, 32))


def test_too_few_shapes():
    with pytest.raises(BindError, match="cannot decide the shapes of data, fc0_weight, fc0_bias; please provide them"):
        fit_memory(deep(1), "1GB")


def test_graphs_outside_xla():
    net = dx.sym.sum(dx.sym.contrib.boolean_mask(dx.sym.Variable("data"), dx.sym.Variable("index")))
    with pytest.raises(BindError, match="needs a graph that compiles as one program"):
        fit_memory(net, "1GB", data=(4, 2), index=(4,))


def test_units():
    assert [as_bytes(x) for x in ("1kb", "1 KiB", "0.5MB", 7, 8.0)] == [1000, 1024, 500000, 7, 8]
    assert [show_bytes(x) for x in (5, 1500, 2 * 10**9)] == ["5 bytes", "1.5 kB", "2 GB"]


def model(net: dx.Symbol, **shapes) -> Model:
    plan = dx.lower(net).plan
    from declax import infer

    types = infer.decide_types(net.heads, {})
    found = infer.infer_shapes(net.heads, shapes, types)
    return Model(plan, dx.passes.Known(found, types, True), shapes)


def test_less_room_is_more_work():
    m = model(deep(40), data=(512, 32))
    everything = m.everything()
    choices = [m.choose(everything.bytes * part) for part in (1, 0.8, 0.6, 0.45)]
    assert all(
        c is not None and c.bytes <= everything.bytes * p for c, p in zip(choices, (1, 0.8, 0.6, 0.45), strict=True)
    )
    seconds = [c.seconds for c in choices if c is not None]
    assert seconds == sorted(seconds)
    assert seconds[0] == 0 < seconds[1]
    assert m.choose(m.smallest().bytes - 1) is None


def test_cuts_only_where_stages_end():
    x = dx.sym.Variable("data")
    for i in range(16):
        stage = {"mirror_stage": "True"} if i % 4 == 3 else {}
        x = dx.sym.tanh(dx.sym.FullyConnected(x, num_hidden=8, name=f"fc{i}"), attr=stage, name=f"tanh{i}")
    m = model(dx.sym.make_loss(dx.sym.mean(x)), data=(64, 8))
    assert [m.plan.steps[i].node.name for i in m.places()] == ["tanh3", "tanh7", "tanh11", "tanh15"]


# -- executors -------------------------------------------------------------------------------------------------------


def buffers(arrays) -> list[int]:
    return [a.data.unsafe_buffer_pointer() for a in arrays]


def perceptron(width: int = 8) -> dx.Symbol:
    x = dx.sym.BatchNorm(dx.sym.FullyConnected(dx.sym.Variable("data"), num_hidden=width, name="fc"), name="bn")
    return dx.sym.SoftmaxOutput(x, name="softmax")


PARAMETERS = ("fc_weight", "fc_bias", "bn_gamma", "bn_beta")


def parameters(ex: dx.Executor) -> list:
    held = [ex.arg_dict[n] for n in PARAMETERS] + [ex.grad_dict[n] for n in PARAMETERS] + [*ex.aux_dict.values()]
    return [a for a in held if a is not None]


def test_reshaped_executors_share_parameters_gradients_and_states():
    ex = perceptron().simple_bind(dx.cpu(), data=(4, 6))
    twin = ex.reshape(partial_shaping=True, data=(2, 6))
    assert buffers(parameters(twin)) == buffers(parameters(ex))
    twin.forward(is_train=True)
    twin.backward()
    assert buffers(parameters(twin)) == buffers(parameters(ex))


@pytest.mark.parametrize("names", [None, PARAMETERS], ids=["all", "named"])
def test_buckets_share_parameters(names):
    shared = perceptron().simple_bind(dx.cpu(), data=(8, 6))
    buffer: dict = {}
    buckets = [
        perceptron().simple_bind(
            dx.cpu(), data=(n, 6), shared_exec=shared, shared_arg_names=names, shared_buffer=buffer
        )
        for n in (4, 8, 2)
    ]
    for bucket in buckets:
        assert buffers(parameters(bucket)) == buffers(parameters(shared))
    buckets[0].forward(is_train=True)
    buckets[0].backward()
    shared.arg_dict["fc_weight"][:] = 3
    for bucket in buckets:
        assert buffers(parameters(bucket)) == buffers(parameters(shared))


def test_arrays_that_are_copied_or_bound_twice_are_one_buffer():
    values = dx.nd.ones((8, 6))
    assert buffers([values.copy()]) == buffers([values])
    net = dx.sym.FullyConnected(dx.sym.Variable("x"), num_hidden=8, no_bias=True, name="fc")
    first, second = (net.bind(dx.cpu(), {"x": dx.nd.ones((n, 6)), "fc_weight": values}) for n in (1, 2))
    assert buffers([first.arg_dict["fc_weight"], second.arg_dict["fc_weight"]]) == buffers([values, values])


def test_old_gradients_are_let_go_before_new_ones_are_computed():
    ex = perceptron().simple_bind(dx.cpu(), data=(4, 6), grad_req="write")
    ex.forward(is_train=True)
    ex.backward()
    old = ex.grad_dict["fc_weight"]
    held = []
    step = ex._program.step

    def watched(*args):
        held.extend(a._array is not None for a in ex.grad_arrays if a is not None)
        return step(*args)

    ex._program.__dict__["step"] = watched
    ex.forward(is_train=True)
    ex.backward()
    assert held
    assert not any(held)
    assert ex.grad_dict["fc_weight"] is old
    assert old.asnumpy().shape == (8, 6)


def test_a_backward_after_read_outputs_frees_what_it_needed_and_can_be_repeated():
    ex = perceptron().simple_bind(dx.cpu(), data=(4, 6), grad_req="write")
    rng = np.random.default_rng(0)
    for array in ex.arg_arrays:
        array[:] = rng.random(array.shape)
    ex.forward(is_train=True)
    ex.outputs[0].asnumpy()
    ex.backward()
    assert ex._step is not None
    assert ex._step.kept is None
    first = ex.grad_dict["fc_weight"].asnumpy()
    ex.backward()
    np.testing.assert_allclose(ex.grad_dict["fc_weight"].asnumpy(), first, rtol=1e-5, atol=1e-7)


def test_loops_compute_again_inside():
    """Loops of an unrolled net stay loops: they keep less, at first what is dear to compute, then nothing."""
    cell, x = dx.rnn.LSTMCell(64), dx.sym.Variable("data")
    outputs, _ = cell.unroll(40, x, layout="NTC", merge_outputs=True)
    net = dx.sym.make_loss(dx.sym.mean(outputs * outputs))
    shape = (16, 40, 64)
    whole = fit_memory(net, "1GB", data=shape).before
    last = whole
    for part in (1.0, 0.0):
        report = fit_memory(net, last.peak - 1, data=shape)
        assert report.after.temporaries < last.temporaries
        products = {n for n in report.kept if n.endswith(("h2h", "i2h"))}
        assert len(products) == part * 80
        assert report.symbol.tojson().count("__force_mirroring__") == len(report.recomputed) > 300
        last = report.after
    same(trained(report.symbol, shape=shape), trained(net, shape=shape))
