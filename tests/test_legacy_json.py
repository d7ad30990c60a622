"""Reading symbol JSON: MXNet's upgrades of old files (recorded from 1.9.1), and texts that are no symbol."""

import contextlib
import gzip
import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import declax as mx
from declax.errors import LoadError, MXNetError
from declax.io.json import load_json_with_report
from declax.io.rawgraph import parse_json


def variable(name, **extra):
    return {"op": "null", "name": name, "inputs": [], **extra}


def graph(op="relu", name="r", inputs=((0, 0, 0),), more=(), version=None, **extra):
    """A graph of the variable x, further nodes, and one operator (node 1), which is its head."""
    nodes = [variable("x"), {"op": op, "name": name, "inputs": [list(i) for i in inputs], **extra}, *more]
    made = {"nodes": nodes, "arg_nodes": [0], "heads": [[1, 0]]}
    return made | ({"attrs": {"mxnet_version": ["int", version]}} if version else {})


def load(made):
    return mx.sym.load_json(json.dumps(made))


def nodes(made):
    """(op, name, attributes, names of the inputs) of every node, in the order that is written."""
    found = json.loads(load(made).tojson())["nodes"]
    return [
        (n["op"], n["name"], n.get("attrs", {}), [found[i[0]]["name"] for i in n["inputs"]])
        for n in found
    ]  # fmt: skip


# -- upgrades, as MXNet 1.9.1 makes them -------------------------------------------------------------------------


def test_param_attr_and_attrs_are_merged():
    both = graph(attr={"__a__": "3"}, param={"__a__": "5", "__c__": "1"})
    assert nodes(both)[1][2] == {"__a__": "3", "__c__": "1"}
    later = graph(attr={"__b__": "3"}, attrs={"__a__": "3"})
    assert nodes(later)[1][2] == {"__a__": "3"}


def test_hidden_keys_of_a_node():
    made = graph(attr={"lr_mult": "7"})
    made["nodes"][0]["attr"] = {"lr_mult": "2", "foo": "3", "wd_mult_q": "7", "__shape__": "(2,3)"}
    (x, r) = nodes(made)
    assert x[2] == {"__lr_mult__": "2", "__shape__": "(2,3)", "foo": "3", "wd_mult_q": "7"}
    assert r[2] == {"__lr_mult__": "7"}


def test_hidden_keys_of_an_input_go_to_its_variable():
    inputs, more = ((0, 0), (2, 0), (3, 0)), (variable("w"), variable("b"))
    made = graph("FullyConnected", inputs=inputs, more=more, param={"num_hidden": "3"}, attr={"weight_lr_mult": "2"})
    assert {n[1]: n[2] for n in nodes(made)} == {
        "x": {}, "w": {"__lr_mult__": "2"}, "b": {}, "r": {"num_hidden": "3"},
    }  # fmt: skip
    made["nodes"][2] = {"op": "relu", "name": "w", "inputs": [[0, 0]]}
    with pytest.raises(MXNetError, match="Cannot find argument 'weight_lr_mult'"):
        load(made)
    made["nodes"][1]["attr"] = {"__weight_lr_mult__": "2"}
    assert nodes(made)[-1][2] == {"__weight_lr_mult__": "2", "num_hidden": "3"}


def test_missing_inputs_before_0_9():
    made = graph(
        "BatchNorm", param={"eps": "0.01"}, attr={"ctx_group": "dev", "data_lr_mult": "2", "__data_wd_mult__": "4"}
    )
    own = {"__ctx_group__": "dev", "__data_wd_mult__": "4", "eps": "0.01"}
    assert nodes(made) == [
        ("null", "x", {"__lr_mult__": "2"}, []),
        ("null", "r_gamma", own, []),
        ("null", "r_beta", own, []),
        ("null", "r_moving_mean", {**own, "__init__": '["zero", {}]'}, []),
        ("null", "r_moving_var", {**own, "__init__": '["one", {}]'}, []),
        ("BatchNorm", "r", own, ["x", "r_gamma", "r_beta", "r_moving_mean", "r_moving_var"]),
    ]
    net = load(made)
    assert net.list_auxiliary_states() == ["r_moving_mean", "r_moving_var"]
    assert net.infer_shape(x=(2, 3, 4, 4))[2] == [(3,), (3,)]


def test_missing_inputs_of_a_node_without_a_name_and_of_a_variadic_one():
    assert [n[1] for n in nodes(graph("BatchNorm", name=""))] == [
        "x", "gamma", "beta", "moving_mean", "moving_var", "",
    ]  # fmt: skip
    assert [n[1] for n in nodes(graph("Concat", param={"num_args": "3"}))] == ["x", "r_arg1", "r_arg2", "r"]


def test_initializers_before_0_9_4():
    inputs, act = ((0, 0), (2, 0)), {"param": {"act_type": "prelu"}}
    made = graph("LeakyReLU", inputs=inputs, more=(variable("g"),), **act)
    assert nodes(made)[1] == ("null", "g", {"__init__": '["Constant", {"value": 0.25}]'}, [])
    made["attrs"] = {"mxnet_version": ["int", 904]}
    assert nodes(made)[1][2] == {}
    made = graph("LeakyReLU", inputs=inputs, more=(variable("g", attr={"__init__": '["one", {}]'}),), **act)
    assert nodes(made)[1][2] == {"__init__": '["one", {}]'}


@pytest.mark.parametrize(("version", "kept"), [(None, False), (904, False), (905, True)])
def test_axis_of_argmax_before_0_9_5(version, kept):
    made = graph("argmax", attrs={"axis": "-1"}, version=version)
    assert nodes(made)[1][2] == ({"axis": "-1"} if kept else {})


def test_upgrade_says_what_it_changed():
    made = graph("BatchNorm", param={"eps": "0.01"}, attr={"ctx_group": "dev"})
    net, upgrades = load_json_with_report(json.dumps(made))
    assert net.list_auxiliary_states() == ["r_moving_mean", "r_moving_var"]
    assert [str(u) for u in upgrades] == [
        "written in an older way: hyper-parameters under 'param' (1 times)",
        "written in an older way: attributes under 'attr' (1 times)",
        "written in an older way: inputs or heads of two numbers, without a version (1 times)",
        "attribute 'ctx_group' of 'r' is now '__ctx_group__' of 'r'",
        "input 'gamma' of 'r' was missing and is now the variable 'r_gamma'",
        "input 'beta' of 'r' was missing and is now the variable 'r_beta'",
        "input 'moving_mean' of 'r' was missing and is now the variable 'r_moving_mean'",
        "input 'moving_var' of 'r' was missing and is now the variable 'r_moving_var'",
        "'r_moving_mean' is now initialized by [\"zero\", {}]",
        "'r_moving_var' is now initialized by [\"one\", {}]",
    ]
    assert [(u.kind, u.node) for u in upgrades[2:5]] == [
        ("written_form", ""), ("hidden_keys", "r"), ("missing_inputs", "r"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("version", "told"),
    [(10901, []), (20000, ["the file was saved by a newer MXNet (2.0.0) than 1.9.1"])],
)
def test_a_current_graph_is_not_upgraded(version, told):
    made = graph(version=version) | {"heads": [[1, 0, 0]]}
    assert [str(u) for u in load_json_with_report(json.dumps(made))[1]] == told


# -- what MXNet reads besides what it writes ---------------------------------------------------------------------


def test_nodes_may_name_later_nodes():
    made = graph()
    made["nodes"].reverse()
    made |= {"arg_nodes": [1], "heads": [[0, 0, 0]]}
    made["nodes"][0]["inputs"] = [[1, 0, 0]]
    assert [n[1] for n in nodes(made)] == ["x", "r"]


def test_unneeded_nodes_are_left_out():
    dead = {"op": "Activation", "name": "dead", "inputs": [[2, 0]]}
    assert [n[1] for n in nodes(graph(more=(dead,)))] == ["x", "r"]


def test_unusual_but_valid():
    assert len(load({"nodes": [], "arg_nodes": [], "heads": []})) == 0
    assert nodes(graph(backward_source_id=-1, control_deps=[0], attrs={"foo": "3"}))[1][2] == {"foo": "3"}
    extra = {"mxnet_version": ["int", 10901], "a": ["str", "x"], "b": ["list_int", [1]]}
    assert load(graph() | {"attrs": extra, "node_row_ptr": [0, 1, 77]}).list_outputs() == ["r_output"]
    assert load(graph(name="\u00e9\n\\")).list_outputs() == ["\u00e9\n\\_output"]
    assert parse_json(json.dumps(graph()).encode()).nodes[0].name == "x"


def test_many_nodes_in_a_chain():
    n = 20_000
    chain = [variable("x"), *({"op": "relu", "name": f"r{i}", "inputs": [[i, 0, 0]]} for i in range(n))]
    net = load({"nodes": chain, "arg_nodes": [0], "heads": [[n, 0, 0]]})
    assert net.list_arguments() == ["x"]


# -- what is no symbol -------------------------------------------------------------------------------------------

SHARED = {"nodes": [], "arg_nodes": [], "heads": []}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "symbol JSON: the text is empty"),
        ("[]", "symbol JSON: expected an object, got a list of 0"),
        ("{", "line 1, column 2: Expecting property name"),
        ("{}", "Missing field 'nodes'"),
        ('{"nodes": [], "nodes": []}', "a key stands twice in the object"),
        ("[" * 100_000, "brackets are nested too deeply"),
        ("1" * 5000, "Exceeds the limit"),
        ('{"nodes": NaN}', "NaN is not a JSON number"),
        ('{"nodes": [], "arg_nodes": [], "heads": []} x', "line 1, column 45: Extra data"),
    ],
    ids=range(9),
)
def test_texts_that_are_no_symbol(text, words):
    with pytest.raises(LoadError) as e:
        mx.sym.load_json(text)
    assert words in str(e.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"foo": 1}, "nodes[1]: Unknown field 'foo'"),
        ({"op": 3}, "nodes[1], op: expected a string, got 3"),
        ({"name": None}, "nodes[1], name: expected a string, got null"),
        ({"name": "\ud800"}, "nodes[1], name: half of a surrogate pair is no character"),
        ({"inputs": [[7, 0, 0]]}, "nodes[1], name 'r', inputs[0]: there is no node 7; the graph has 2"),
        ({"inputs": [[0]]}, "inputs[0]: expected [node, output] or [node, output, version], got a list of 1"),
        ({"inputs": [[0, 0, 0, 0]]}, "got a list of 4"),
        ({"inputs": [[-1, 0]]}, "inputs[0]: expected whole numbers, got -1"),
        ({"inputs": [[0.0, 0]]}, "inputs[0]: expected whole numbers, got 0.0"),
        ({"inputs": [[True, 0]]}, "inputs[0]: expected whole numbers, got true"),
        ({"inputs": [[0, 2**70]]}, "inputs[0]: expected whole numbers, got a huge number"),
        ({"inputs": {}}, "inputs: expected a list, got an object"),
        ({"inputs": [[0, 3, 0]]}, "(operator relu, name 'r'): there is no output 3 of node 0; it has 1"),
        ({"inputs": [[0, 0], [0, 0]]}, "the operator takes 1 inputs ['data'], but 2 are given"),
        ({"attrs": {"a": 3}}, "attrs, a: expected a string, got 3"),
        ({"attrs": []}, "attrs: expected an object, got a list of 0"),
        ({"control_deps": [9]}, "control_deps[0]: expected a whole number from 0 to 1, got 9"),
        ({"subgraphs": 1}, "subgraphs: expected a list, got 1"),
        ({"subgraphs": [{}]}, "nodes[1], name 'r', subgraphs[0]: Missing field 'nodes'"),
        ({"backward_source_id": "x"}, "backward_source_id: expected a whole number"),
        ({"inputs": [[1, 0, 0]]}, "nodes[1] (operator relu, name 'r'): the node depends on its own output"),
        ({"op": "null"}, "nodes[1], name 'r': a variable has no inputs, but 1 are given"),
        ({"op": "Nope"}, "nodes[1] (operator Nope, name 'r'): operator 'Nope' is not registered"),
        ({"op": "Activation"}, "Required parameter act_type"),
        ({"op": "Activation", "attrs": {"act_type": "zzz"}}, "act_type='zzz' is not valid"),
        ({"op": "Activation", "attrs": {"act_type": "relu", "foo": "3"}}, "Cannot find argument 'foo'"),
        ({"op": "Concat", "attrs": {"num_args": "999999999"}}, "takes 999999999 inputs, but 1 are given"),
    ],
    ids=range(27),
)
def test_nodes_that_are_wrong(change, words):
    made = graph()
    made["nodes"][1].update(change)
    with pytest.raises(LoadError) as e:
        load(made)
    assert words in str(e.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arg_nodes": [1]}, "symbol JSON, arg_nodes: node 1 ('r') is no variable but relu"),
        ({"arg_nodes": [9]}, "symbol JSON, arg_nodes[0]: expected a whole number from 0 to 1, got 9"),
        ({"heads": [[5, 0]]}, "symbol JSON, heads[0]: there is no node 5; the graph has 2"),
        ({"heads": [[1, 5]]}, "symbol JSON, heads: there is no output 5 of node 1; it has 1"),
        ({"node_row_ptr": ["a"]}, "node_row_ptr[0]: expected a whole number"),
        ({"attrs": {"mxnet_version": 10901}}, "attrs, mxnet_version: expected a pair"),
        ({"attrs": {"mxnet_version": ["int", "x"]}}, 'attrs, mxnet_version: expected ["int", <number>]'),
        ({"foo": 1}, "symbol JSON: Unknown field 'foo'"),
    ],
    ids=range(8),
)
def test_graphs_that_are_wrong(change, words):
    with pytest.raises(LoadError) as e:
        load(graph() | change)
    assert words in str(e.value)


def test_an_unknown_operator_counts_even_where_no_head_needs_it():
    with pytest.raises(LoadError, match=r"nodes\[2\] .*operator 'Nope' is not registered"):
        load(graph(more=({"op": "Nope", "name": "dead", "inputs": []},)))


def test_subgraphs_nested_deep():
    made = SHARED
    for _ in range(70):
        made = {"nodes": [variable("x", subgraphs=[made])], "arg_nodes": [0], "heads": [[0, 0]]}
    with pytest.raises(LoadError, match=r"subgraphs are nested more than 64 deep|nested too deeply"):
        load(made)


TEXT = json.dumps(graph("Concat", inputs=((0, 0), (2, 0)), more=(variable("y"),), param={"num_args": "2"}))


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_text_loads_or_is_a_load_error(data):
    at = data.draw(st.integers(0, len(TEXT)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(st.text('[]{}",:0123456789.-eul\\', max_size=4))
    with contextlib.suppress(LoadError):
        mx.sym.load_json(TEXT[:at] + put + TEXT[at + cut :])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 4) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["nodes", "op", "name", "inputs", "heads", "arg_nodes", "attrs", "a"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_value_anywhere_loads_or_is_a_load_error(data):
    made = graph("Concat", inputs=((0, 0), (2, 0)), more=(variable("y"),), param={"num_args": "2"}, version=10901)
    place = made
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            place[key] = data.draw(json_values)
            break
        place = inner
    with contextlib.suppress(LoadError):
        load(made)


ORACLE = Path(os.environ.get("DECLAX_ORACLE", Path(__file__).parents[2] / "shared" / "oracle")) / "corpus" / "legacy"


REAL = [
    ("written_form", "SENet.mxnet__se-resnext-imagenet-50-0", 1, "attributes under 'attr' (591 times)"),
    ("written_form", "DeepLearningForFun__resnet-18", 3, "'backward_source_id', which is dropped (134 times)"),
    (
        "hidden_keys",
        "mxnet__save_000800",
        25,
        "attribute 'wd_mult' of 'fc1_weight' is now '__wd_mult__' of 'fc1_weight'",
    ),
    ("missing_inputs", "DeepLearningForFun__resnet-18", 38, "was missing and is now the variable 'bn0_moving_var'"),
    ("initializers", "ArcFace-Multiplex-Recognition__det1.2", 3, "'prelu1_gamma' is now initialized by [\"Constant\""),
    ("newer_version", "DeepLearningForFun__test", 1, "saved by a newer MXNet (2.0.0) than 1.9.1"),
    (
        "fused_spellings",
        "gluon-cv__mobilenet1.0_int8",
        27,
        "'with_relu' of 'quantized_sg_mkldnn_conv_bn_relu_0' is now",
    ),
]
"""An upgrade, a real old file that needs it, how often, and words of one. No file at hand needs `reduce_axis`."""


@pytest.mark.skipif(not ORACLE.is_dir(), reason=f"old MXNet files are not at {ORACLE} (set DECLAX_ORACLE)")
@pytest.mark.parametrize(("kind", "file", "count", "words"), REAL)
def test_upgrades_of_real_old_files(kind, file, count, words):
    text = gzip.decompress((ORACLE / f"{file}-symbol.json.gz").read_bytes()).decode()
    told = [str(u) for u in load_json_with_report(text, file)[1] if u.kind == kind]
    assert len(told) == count
    assert any(words in t for t in told)


@pytest.mark.slow
@pytest.mark.skipif(not ORACLE.is_dir(), reason=f"old MXNet files are not at {ORACLE} (set DECLAX_ORACLE)")
def test_real_old_files_become_what_mxnet_makes_of_them():
    wanted = json.loads((Path(__file__).parent / "data" / "legacy.json").read_text())["symbols"]
    wrong = []
    for file, digest in wanted.items():
        text = gzip.decompress((ORACLE / file).read_bytes()).decode()
        try:
            found = hashlib.sha256(mx.sym.load_json(text).tojson().encode()).hexdigest()
        except LoadError as e:
            found = None if digest is None else str(e)[:200]
        if found != digest:
            wrong.append((file, found))
    assert wrong == []
