"""Graphs that MXNet's CPU backend fused, and names that mean nothing here."""

import json

import numpy as np
import pytest

import declax as dx


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
