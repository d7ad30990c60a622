"""`dx.diff`: pairs nodes whatever they are called, compares attributes by meaning, and arrays by value."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import declax as dx
from declax.comparison.values import compare
from declax.errors import LoadError

LEGACY = Path(__file__).parents[2] / "shared" / "oracle" / "corpus" / "legacy"
needs_legacy = pytest.mark.skipif(not LEGACY.is_dir(), reason="the collection of old files is not beside the checkout")


def chain(blocks, head=3, prefix=""):
    """Convolution, BatchNorm and Activation per block with automatic names; a block is its number of filters,
    or an operator function that stands alone."""
    manager = dx.name.Prefix(prefix) if prefix else dx.name.NameManager()
    with manager:
        net = dx.sym.Variable("data")
        for block in blocks:
            if callable(block):
                net = block(net)
                continue
            net = dx.sym.Convolution(net, kernel=(3, 3), pad=(1, 1), num_filter=block)
            net = dx.sym.Activation(dx.sym.BatchNorm(net), act_type="relu")
        return dx.sym.FullyConnected(net, num_hidden=head, name="fc")


def told(a, b):
    return [(c.kind, c.operator) for c in dx.diff(a, b).graph]


def drop(net):
    return dx.sym.Dropout(net, p=0.3)


# -- graphs --------------------------------------------------------------------------------------------------------


def test_equal_graphs():
    found = dx.diff(chain([8, 16]), chain([8, 16]))
    assert not found
    assert (found.graph, found.params) == ((), None)
    assert "The graphs are equal" in str(found)


def test_automatic_names_may_differ():
    dx.sym.Convolution(dx.sym.Variable("x"), kernel=(1, 1), num_filter=1)
    a = dx.sym.Convolution(dx.sym.Variable("x"), kernel=(1, 1), num_filter=2) + 1
    with dx.name.NameManager():
        b = dx.sym.Convolution(dx.sym.Variable("x"), kernel=(1, 1), num_filter=2) + 1
    assert a.list_arguments() != b.list_arguments()
    assert not dx.diff(a, b)


@pytest.mark.parametrize("place", range(5))
def test_an_inserted_node_is_one_difference(place):
    blocks = [8, 8, 16, 8]
    changed = [*blocks[:place], drop, *blocks[place:]]
    assert told(chain(blocks), chain(changed)) == [("added", "Dropout")]
    assert told(chain(changed), chain(blocks)) == [("removed", "Dropout")]


def test_several_changes_are_told_apart():
    a, b = chain([8, 8, 8, 8, 8]), chain([8, drop, 8, 24, 8, drop, 8], head=5)
    assert sorted(told(a, b)) == [
        ("added", "Dropout"), ("added", "Dropout"), ("attributes", "Convolution"), ("attributes", "FullyConnected"),
    ]  # fmt: skip
    change = next(c for c in dx.diff(a, b).graph if c.operator == "Convolution")
    assert change.details == (("num_filter", "8", "24"),)


@pytest.mark.parametrize("place", range(4))
def test_a_removed_block_is_three_nodes(place):
    blocks = [8, 16, 24, 32]
    found = told(chain(blocks), chain(blocks[:place] + blocks[place + 1 :]))
    assert sorted(found) == [("removed", "Activation"), ("removed", "BatchNorm"), ("removed", "Convolution")]


def test_another_operator_in_the_same_place():
    def net(tail):
        return dx.sym.FullyConnected(tail(dx.sym.relu(dx.sym.Variable("x"), name="r")), num_hidden=2, name="fc")

    a = net(lambda x: dx.sym.Activation(x, act_type="tanh", name="t"))
    b = net(lambda x: dx.sym.LeakyReLU(x, slope=0.1, name="l"))
    (change,) = dx.diff(a, b).graph
    assert (change.kind, change.a, change.b) == ("replaced", "t", "l")
    assert "Activation(act_type=tanh) -> LeakyReLU(slope=0.1)" in str(change)


def test_attributes_are_compared_by_meaning():
    def conv(**more):
        return dx.sym.Convolution(dx.sym.Variable("x"), kernel=(3, 3), num_filter=2, name="c", **more)

    same = ({}, {"stride": (1, 1)}, {"pad": (0, 0), "dilate": (1, 1)}, {"no_bias": False}, {"layout": "NCHW"},
            {"workspace": 512, "cudnn_tune": "fastest", "cudnn_off": True})  # fmt: skip
    for more in same:
        assert not dx.diff(conv(), conv(**more))
    assert told(conv(), conv(stride=(2, 2))) == [("attributes", "Convolution")]
    bn = dx.sym.BatchNorm
    assert not dx.diff(bn(dx.sym.Variable("x"), name="b"), bn(dx.sym.Variable("x"), eps=0.001, momentum=0.9, name="b"))
    pool = dx.sym.Pooling
    assert not dx.diff(
        pool(dx.sym.Variable("x"), global_pool=True, kernel=(7, 7), name="p"),
        pool(dx.sym.Variable("x"), global_pool=True, kernel=(1, 1), name="p"),
    )


def test_marks_are_told_and_defaults_are_not():
    def net(**marks):
        w = dx.sym.Variable("w", **marks)
        return dx.sym.FullyConnected(dx.sym.Variable("x"), w, num_hidden=2, no_bias=True, name="fc")

    assert not dx.diff(net(), net(lr_mult=1.0, wd_mult=1.0, dtype="float32"))
    (change,) = dx.diff(net(), net(lr_mult=0.0)).graph
    assert (change.kind, change.details) == ("marks", (("__lr_mult__", "-", "0"),))


def test_chosen_names_are_told():
    def net(name):
        return dx.sym.FullyConnected(dx.sym.relu(dx.sym.Variable("x"), name="r"), num_hidden=2, name=name)

    found = dx.diff(net("fc1"), net("head"))
    assert [(c.kind, c.a, c.b) for c in found.graph] == [
        ("renamed", "fc1", "head"), ("renamed", "fc1_weight", "head_weight"), ("renamed", "fc1_bias", "head_bias"),
    ]  # fmt: skip


def test_other_wiring():
    def net(first):
        x, y = dx.sym.Variable("x"), dx.sym.Variable("y")
        a, b = dx.sym.relu(x, name="a"), dx.sym.sigmoid(y, name="b")
        return dx.sym.elemwise_sub(*((a, b) if first else (b, a)), name="d")

    (change,) = dx.diff(net(True), net(False)).graph
    assert (change.kind, change.a) == ("inputs", "d")
    assert change.details == (("lhs", "a_output", "b_output"), ("rhs", "b_output", "a_output"))


def test_a_shared_weight_is_another_graph():
    def net(shared):
        w = dx.sym.Variable("w")
        v = w if shared else dx.sym.Variable("v")
        x = dx.sym.FullyConnected(dx.sym.Variable("x"), w, num_hidden=3, no_bias=True, name="one")
        return dx.sym.FullyConnected(x, v, num_hidden=3, no_bias=True, name="two")

    assert dx.diff(net(True), net(False))


def test_outputs():
    x = dx.sym.relu(dx.sym.Variable("x"), name="r")
    y = dx.sym.sigmoid(x, name="s")
    assert [c.kind for c in dx.diff(dx.sym.Group([x, y]), dx.sym.Group([y, x])).graph] == ["outputs"]
    assert "outputs" in [c.kind for c in dx.diff(dx.sym.Group([x, y]), y).graph]


def test_subgraphs_are_looked_into():
    def net(k):
        return dx.sym.contrib.foreach(
            lambda x, s: (x * k + s[0], [x + s[0]]), dx.sym.Variable("data"), [dx.sym.Variable("s")]
        )[0]

    assert not dx.diff(net(2), net(2))
    found = dx.diff(net(2), net(3)).graph
    assert [c.kind for c in found] == ["attributes"]
    assert "scalar 2 -> 3" in str(found[0])


def test_graphs_that_cannot_be_loaded(tmp_path):
    def graph(angle):
        path = tmp_path / f"{angle}-symbol.json"
        nodes = [
            {"op": "null", "name": "x", "inputs": []},
            {"op": "Swirl", "name": "s", "attrs": {"angle": str(angle)}, "inputs": [[0, 0, 0]]},
        ]
        path.write_text(json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[1, 0, 0]]}))
        return path

    (change,) = dx.diff(graph(1), graph(2)).graph
    assert change.details == (("angle", "1", "2"),)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([4, 8, 16]), min_size=1, max_size=6), st.data())
def test_as_many_differences_as_insertions(blocks, data):
    places = data.draw(st.sets(st.integers(0, len(blocks)), max_size=3))
    changed = [y for i in range(len(blocks) + 1) for y in ([drop] * (i in places) + blocks[i : i + 1])]
    assert told(chain(blocks), chain(changed)) == [("added", "Dropout")] * len(places)
    assert not dx.diff(chain(blocks), chain(blocks))


def test_a_long_chain_needs_no_recursion():
    def net(n):
        y = dx.sym.Variable("x")
        for _ in range(n):
            y = dx.sym.relu(y)
        return y

    assert [c.kind for c in dx.diff(net(3000), net(3001)).graph].count("added") == 1


# -- arrays --------------------------------------------------------------------------------------------------------


def test_arrays():
    a = {"arg:w": np.arange(6.0, dtype="float32"), "same": np.ones(2), "old": np.ones(3), "shape": np.ones((2, 3)),
         "type": np.ones(4, "float32"), "nan": np.array([np.nan, np.inf])}  # fmt: skip
    b = {"w": np.arange(6.0, dtype="float32") * np.float32(1.5), "same": np.ones(2), "new": np.ones(1),
         "shape": np.ones((3, 2)), "type": np.ones(4, "float64"), "nan": np.array([np.nan, np.inf])}  # fmt: skip
    found = dx.diff(a, b)
    assert found
    by_name = {c.name: c for c in found.params}
    assert {n: c.state for n, c in by_name.items()} == {
        "w": "values", "old": "only in a", "new": "only in b", "shape": "shape", "type": "type",
    }  # fmt: skip
    w = by_name["w"]
    assert (w.largest, w.count, w.size) == (2.5, 5, 6)
    assert w.relative == pytest.approx(1 / 3)
    text = str(found)
    for words in ("5 of 6 values differ, at most by 2.5", "(2, 3) -> (3, 2)", "float32 -> float64, equal values"):
        assert words in text
    assert json.loads(json.dumps(found.to_dict()))["differ"] is True


def test_tolerances():
    a, b = {"w": np.array([1.0, 100.0])}, {"w": np.array([1.0005, 100.05])}
    assert dx.diff(a, b)
    assert not dx.diff(a, b, rtol=1e-3)
    assert dx.diff(a, b, rtol=1e-4)
    assert not dx.diff(a, b, atol=0.1)


@given(st.lists(st.floats(width=32), max_size=20), st.lists(st.floats(width=32), max_size=20))
def test_comparison_of_values(x, y):
    n = min(len(x), len(y))
    a, b = np.array(x[:n], "float32"), np.array(y[:n], "float32")
    largest, relative, count = compare(a, b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    assert count == np.count_nonzero(~same)
    assert (largest > 0) == (count > 0)
    assert not np.isnan(largest)
    assert not np.isnan(relative)
    assert compare(a, a) == (0.0, 0.0, 0)


def test_large_whole_numbers_are_compared_exactly():
    assert compare(np.array([2**62]), np.array([2**62 + 1]))[2] == 1


def test_a_model_with_its_parameters_follows_renamed_variables():
    def net(name):
        return dx.sym.FullyConnected(dx.sym.Variable("x"), num_hidden=2, name=name)

    w, b = np.ones((2, 3), "float32"), np.zeros(2, "float32")
    found = dx.diff(
        (net("a"), {"a_weight": w, "a_bias": b}), (net("b"), {"arg:b_weight": w + 1, "arg:b_bias": b}, {})
    )  # fmt: skip
    (change,) = found.params
    assert (change.name, change.name_b, change.largest) == ("a_weight", "b_weight", 1.0)


def test_what_cannot_be_compared():
    with pytest.raises(LoadError, match="one is a graph, the other parameters"):
        dx.diff(dx.sym.Variable("x"), {"x": np.ones(1)})
    with pytest.raises(TypeError, match="expected a Symbol, a path, a mapping of arrays or a tuple of these, got int"):
        dx.diff(3, 4)


# -- real files ----------------------------------------------------------------------------------------------------


@needs_legacy
def test_real_graphs(tmp_path):
    def unpacked(name):
        path = tmp_path / f"{name}-symbol.json"
        path.write_bytes(gzip.decompress((LEGACY / f"{name}-symbol.json.gz").read_bytes()))
        return path

    one, two = unpacked("ArcFace-Multiplex-Recognition__det1"), unpacked("ArcFace-Multiplex-Recognition__det1.2")
    assert not dx.diff(one, two)  # two versions of the file format, one graph
    odd = unpacked("mobilenet-mxnet__mobilenet")
    assert not dx.diff(odd, odd)
    found = dx.diff(unpacked("DeepLearningForFun__resnet-50"), unpacked("DeepLearningForFun__resnet-101"))
    kinds = {c.kind for c in found.graph}
    assert "added" in kinds
    assert "removed" not in kinds
