"""Graphs that MXNet's CPU backend fused, and names that mean nothing here."""

import json
from pathlib import Path

import numpy as np
import pytest

import declax as dx
from declax.io.json import load_json_with_report
from tests.fused_cases import CASES, conv, outputs


@pytest.fixture(autouse=True)
def _exact(monkeypatch):
    """The numbers here are recorded on a CPU with VNNI."""
    monkeypatch.setenv("DECLAX_INT8", "exact")


def null(name: str) -> dict:
    """A variable in symbol JSON."""
    return {"op": "null", "name": name, "inputs": []}


INSIDE = {
    "nodes": [
        *(null(n + "0") for n in ("data", "w", "b")),
        {
            "op": "Convolution",
            "name": "c",
            "attrs": {"kernel": "(3, 3)", "num_filter": "2"},
            "inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 0]],
        },
        *(null(n + "0") for n in ("gamma", "beta", "mean", "var")),
        {"op": "BatchNorm", "name": "bn", "attrs": {"fix_gamma": "False"}, "inputs": [[i, 0, 0] for i in range(3, 8)]},
        {"op": "Activation", "name": "a", "attrs": {"act_type": "relu"}, "inputs": [[8, 0, 0]]},
    ],
    "arg_nodes": [0, 1, 2, 4, 5, 6, 7],
    "heads": [[9, 0, 0]],
}
NAMES = ["data", "w", "b", "gamma", "beta", "mean", "var"]
FUSED = {
    "nodes": [
        *map(null, NAMES),
        {
            "op": "_sg_mkldnn_conv", "name": "fused", "attrs": {"with_act": "true", "with_bn": "true"},
            "inputs": [[i, 0, int(i > 4)] for i in range(7)], "subgraphs": [INSIDE],
        },
    ],
    "arg_nodes": list(range(7)),
    "heads": [[7, 0, 0]],
}  # fmt: skip


def test_a_fused_convolution_is_what_it_was_made_of():
    net = dx.sym.load_json(json.dumps(FUSED))
    assert net.list_arguments() == NAMES[:5]
    assert net.list_auxiliary_states() == ["mean", "var"]
    x = dx.sym.Variable("data")
    plain = dx.sym.Convolution(x, dx.sym.Variable("w"), dx.sym.Variable("b"), kernel=(3, 3), num_filter=2, name="c")
    states = [dx.sym.Variable(n) for n in NAMES[3:]]
    plain = dx.sym.Activation(dx.sym.BatchNorm(plain, *states, fix_gamma=False, name="bn"), act_type="relu")
    shapes, outputs, aux = net.infer_shape(data=(2, 3, 5, 6))
    assert (shapes, outputs, aux) == plain.infer_shape(data=(2, 3, 5, 6))
    rng = np.random.default_rng(0)
    args = {n: rng.normal(size=s).astype("float32") for n, s in zip(NAMES, shapes, strict=False)}
    values = {n: rng.uniform(0.5, 1, s).astype("float32") for n, s in zip(NAMES[5:], aux, strict=True)}
    results = []
    for symbol in (net, plain):
        grads = {n: dx.nd.zeros(x.shape) for n, x in args.items()}
        arrays = {n: dx.nd.array(x) for n, x in args.items()}
        ex = symbol.bind(dx.cpu(), arrays, grads, aux_states={n: dx.nd.array(x) for n, x in values.items()})
        first = ex.forward(is_train=False)[0].asnumpy()
        second = ex.forward(is_train=True)[0]
        ex.backward(dx.nd.ones(second.shape))
        results.append([first, second.asnumpy(), *(g.asnumpy() for g in grads.values()), ex.aux_dict["mean"].asnumpy()])
    for got, want in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)


def test_a_fused_node_without_its_subgraph_says_so():
    broken = json.loads(json.dumps(FUSED))
    del broken["nodes"][7]["subgraphs"]
    with pytest.raises(dx.errors.MXNetError):
        dx.sym.load_json(json.dumps(broken)).bind(dx.cpu(), {n: dx.nd.ones((1,)) for n in NAMES}).forward()


def test_unsupported_names_say_why():
    graph = {"nodes": [{"op": "_NDArray", "name": "a", "inputs": []}], "arg_nodes": [], "heads": [[0, 0, 0]]}
    with pytest.raises(dx.errors.MXNetError, match="pointer of MXNet's process; write an operator with"):
        dx.sym.load_json(json.dumps(graph))
    with pytest.raises(AttributeError, match="a Symbol is compiled as a whole here"):
        dx.sym._internal._CachedOp
    with pytest.raises(dx.errors.OperatorError, match="stored as sparse"):
        dx.registry.lookup("_contrib_dgl_subgraph")
    assert not hasattr(dx.sym.contrib, "edge_id")


RECORDED = np.load(Path(__file__).parent / "data" / "fused_quantized.npz")


@pytest.mark.parametrize("name", CASES)
def test_a_fused_and_quantised_layer_gives_mxnets_whole_numbers(name):
    found = outputs(dx, name)
    wanted = [RECORDED[f"{name}/{i}"] for i in range(len(found))]
    assert f"{name}/{len(found)}" not in RECORDED.files
    assert [(x.dtype, x.shape) for x in found] == [(x.dtype, x.shape) for x in wanted]
    np.testing.assert_allclose(found[0], wanted[0], rtol=0, atol=1e-6 if found[0].dtype == np.float32 else 0)
    for got, want in zip(found[1:], wanted[1:], strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)


def test_groups_are_quantised_channel_by_channel():
    # MXNet takes the scale of a group's number for all its channels, which is wrong (docs/differences.md)
    text, values = conv(channels=8, filters=8, group=2, bn=False, calibrated=(-3.0, 3.0))
    arrays = {n: dx.nd.array(v, dtype=v.dtype) for n, v in values.items()}
    net = dx.sym.load_json(text)
    out = net.bind(dx.cpu(), arrays, grad_req="null").forward()[0].asnumpy()
    x = values["data"] * np.float32(2.0 / 255.5)
    args = {"data": dx.nd.array(x), "weight": dx.nd.array(values["weight"])}
    plain = dx.sym.Convolution(
        *map(dx.sym.Variable, args), kernel=(3, 3), pad=(1, 1), num_filter=8, num_group=2, no_bias=True
    )  # fmt: skip
    real = plain.bind(dx.cpu(), args, grad_req="null").forward()[0].asnumpy()
    assert np.abs(out * (3.0 / 127.5) - np.clip(real, -3, 3)).max() < 0.05


def test_a_quantised_layer_has_states_types_and_no_gradient():
    text, values = CASES["bias and norm"]
    net = dx.sym.load_json(text)
    assert net.list_outputs() == ["fused_output", "fused_output_min", "fused_output_max"]
    assert net.list_auxiliary_states() == ["mean", "var"]
    arguments, results, states = net.infer_type(data="uint8")
    assert [t.__name__ for t in results] == ["uint8", "float32", "float32"]
    assert {t.__name__ for t in (*arguments[1:], *states)} == {"float32"}
    arrays = {n: dx.nd.array(v, dtype=v.dtype) for n, v in values.items()}
    aux = {n: arrays.pop(n) for n in net.list_auxiliary_states()}
    ex = net.bind(dx.cpu(), arrays, {"weight": dx.nd.ones(arrays["weight"].shape)}, {"weight": "write"} | {
        n: "null" for n in arrays if n != "weight"
    }, aux)  # fmt: skip
    ex.forward(is_train=True)
    ex.backward([dx.nd.ones(o.shape, dtype=o.dtype) for o in ex.outputs])
    assert not ex.grad_dict["weight"].asnumpy().any()
    np.testing.assert_array_equal(ex.aux_dict["mean"].asnumpy(), values["mean"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda n: n["inputs"].pop(), "expected 9 inputs, those of its subgraph and 2 ends of ranges, got 8"),
        (lambda n: n["attrs"].update(with_swirl="1"), "Cannot find argument 'with_swirl'"),
        (lambda n: n["subgraphs"][0]["nodes"][3]["attrs"].update(kernel="(9, 9)"), "kernel size exceeds input"),
    ],
    ids=["too few inputs", "unknown attribute", "wrong kernel"],
)
def test_quantised_layers_that_are_wrong(change, words):
    text, values = CASES["bias and norm"]
    made = json.loads(text)
    change(made["nodes"][-1])
    with pytest.raises(dx.errors.MXNetError, match=words):
        dx.sym.load_json(json.dumps(made)).infer_shape(data=values["data"].shape)


def test_old_spellings_of_fused_activations():
    text, _ = CASES["relu"]
    net, upgrades = load_json_with_report(text.replace("with_act", "with_relu"))
    told = [str(u) for u in upgrades if u.kind == "fused_spellings"]
    assert told == ["attribute 'with_relu' of 'fused' is now 'with_act'"]
    assert net.attr_dict()["fused"]["with_act"] == "true"
