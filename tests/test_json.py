"""Symbol JSON: byte for byte MXNet 1.9.1's, read back unchanged, and damaged text refused by name."""

import gzip
import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import declax as mx
from declax.errors import LoadError

RECORDED = json.loads(gzip.decompress((Path(__file__).parent / "data" / "symbol_json.json.gz").read_bytes()))


def built(code: str) -> mx.Symbol:
    scope = {"mx": mx, "np": np}
    exec(code, scope)
    return scope["s"]


def net() -> mx.Symbol:
    x = mx.sym.Variable("x", shape=(0, 4))
    return mx.sym.SoftmaxOutput(
        mx.sym.BatchNorm(mx.sym.FullyConnected(x, num_hidden=3, name="fc"), name="bn"), name="out"
    )


# -- what MXNet wrote ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", RECORDED, ids=[str(i) for i in range(len(RECORDED))])
def test_text_is_mxnets_byte_for_byte(case):
    s = built(case["code"])
    assert s.tojson() == case["json"], case["code"]
    assert s.debug_str() == case["debug"], case["code"]
    assert s.list_outputs() == case["outputs"], case["code"]


@pytest.mark.parametrize("case", RECORDED, ids=[str(i) for i in range(len(RECORDED))])
def test_loading_and_saving_is_the_identity(case, tmp_path):
    path = str(tmp_path / "net-symbol.json")
    loaded = mx.sym.load_json(case["json"])
    assert loaded.tojson(remove_amp_cast=False) == case["json"]
    assert loaded.list_outputs() == case["outputs"]
    loaded.save(path, remove_amp_cast=False)
    assert Path(path).read_bytes() == case["json"].encode()
    again = mx.sym.load(path)
    assert again.debug_str() == case["debug"]
    assert again.list_auxiliary_states() == loaded.list_auxiliary_states()


def test_numpy_shape_semantics_are_stamped():
    with mx.np_shape(True):
        stamped = json.loads(net().tojson())["attrs"]
    assert stamped == {"is_np_shape": ["int", 1], "mxnet_version": ["int", 10901]}


def test_casts_of_mixed_precision_are_left_out_unless_asked_for():
    x = mx.sym.Variable("x")
    s = mx.sym.relu(mx.sym.amp_cast(x, dtype="float16", name="c"), name="r")
    assert [n["name"] for n in json.loads(s.tojson())["nodes"]] == ["x", "r"]
    assert [n["name"] for n in json.loads(s.tojson(remove_amp_cast=False))["nodes"]] == ["x", "c", "r"]
    assert s.get_internals().list_outputs() == ["x", "c_output", "r_output"]


@settings(deadline=None, max_examples=60)
@given(
    st.text(min_size=1, max_size=8).filter(lambda t: not any(0xD800 <= ord(c) < 0xE000 for c in t)), st.text(max_size=8)
)
def test_any_text_in_names_and_attributes_comes_back(name, value):
    value = value.encode("utf-8", "ignore").decode()
    s = mx.sym.relu(mx.sym.Variable(name, attr={"__k__": value}), name=name + "_r")
    again = mx.sym.load_json(s.tojson())
    assert again.list_arguments() == [name]
    assert again.attr_dict().get(name) == {"__k__": value}
    assert again.list_outputs() == [name + "_r_output"]


# -- saving --------------------------------------------------------------------------------------------------------


def test_a_failed_save_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "net.json"
    net().save(str(path))
    before = path.read_bytes()

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OSError, match="disk full"):
        mx.sym.Variable("other").save(str(path))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.json"]


def test_save_and_load_take_names_only(tmp_path):
    with pytest.raises(TypeError, match="fname need to be string"):
        net().save(tmp_path / "net.json")
    with pytest.raises(TypeError, match="fname need to be string"):
        mx.sym.load(tmp_path / "net.json")
    with pytest.raises(TypeError, match="required to be string"):
        mx.sym.load_json(b"{}")


# -- damaged text --------------------------------------------------------------------------------------------------

TEXT = net().tojson()


def damaged(**changes: object) -> str:
    """The graph with `nodes`, `heads` ... replaced, or node 3 (the operator fc) updated by `fc`."""
    graph = json.loads(TEXT)
    graph["nodes"][3].update(changes.pop("fc", {}))
    return json.dumps(graph | changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "symbol JSON"),
        ("{", "symbol JSON"),
        ("[]", "symbol JSON"),
        ("{}", "nodes"),
        ("null", "symbol JSON"),
        (TEXT[: len(TEXT) // 2], "line"),
        (damaged(nodes=3), "nodes"),
        (damaged(nodes=[]), "head|nodes"),
        (damaged(heads=[[99, 0, 0]]), "99"),
        (damaged(heads=[[3, 7, 0]]), "7"),
        (damaged(heads="x"), "heads"),
        (damaged(fc={"op": "FullyConected"}), "FullyConected.*did you mean 'FullyConnected'"),
        (damaged(fc={"op": 3}), "op"),
        (damaged(fc={"name": None}), "name"),
        (damaged(fc={"inputs": [[3, 0, 0]]}), "fc|node 3"),
        (damaged(fc={"inputs": [[0, 0, 0]]}), "fc|input"),
        (damaged(fc={"inputs": [[-1, 0, 0], [1, 0, 0], [2, 0, 0]]}), "-1"),
        (damaged(fc={"inputs": [[0, 1, 0], [1, 0, 0], [2, 0, 0]]}), "fc|output"),
        (damaged(fc={"attrs": {"num_hidden": "x"}}), "num_hidden='x' is not valid"),
        (damaged(fc={"attrs": {}}), "num_hidden"),
        (damaged(fc={"attrs": [1]}), "attrs"),
        ("9" * 5000, "symbol JSON"),
        ("[" * 100_000, "symbol JSON"),
    ],
)
def test_damage_is_named(text, words):
    with pytest.raises(LoadError, match=f"(?s){words}"):
        mx.sym.load_json(text)


def test_a_graph_without_outputs_is_one():
    s = mx.sym.load_json(damaged(heads=[]))
    assert (len(s), s.list_outputs(), s.list_arguments(), s.debug_str()) == (0, [], [], "Symbol Outputs:\n")


def test_files_that_are_none(tmp_path):
    with pytest.raises(LoadError, match=r"cannot read .*missing.json: No such file"):
        mx.sym.load(str(tmp_path / "missing.json"))
    with pytest.raises(LoadError, match="cannot read"):
        mx.sym.load(str(tmp_path))
    path = tmp_path / "binary.json"
    path.write_bytes(TEXT.encode()[:9] + b"\xff\xfe")
    with pytest.raises(LoadError, match="byte 9 is not UTF-8"):
        mx.sym.load(str(path))
    path.write_text(TEXT[:50])
    with pytest.raises(LoadError, match=str(path)):
        mx.sym.load(str(path))


SCRAPS = st.sampled_from(
    [
        "",
        "null",
        "0",
        "-1",
        "1e99",
        '"',
        '"x"',
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\\u0000",
        "\0",
        "true",
        "[[0,0,0]]",
        "99999999999",
    ]
)


@settings(deadline=None, max_examples=400)
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 40), SCRAPS | st.text(max_size=4))
def test_damage_anywhere_ends_in_one_error(start, length, scrap):
    check(TEXT[:start] + scrap + TEXT[start + length :])


def check(text: str) -> None:
    """A LoadError, or a symbol that can be asked everything."""
    try:
        s = mx.sym.load_json(text)
    except LoadError as e:
        assert str(e)  # noqa: PT017 (either outcome is right)
        return
    assert mx.sym.load_json(s.tojson()).tojson() == s.tojson()
    s.list_inputs(), s.list_outputs(), s.attr_dict(), s.get_internals().list_outputs(), s.debug_str()


def mutated(value: object, rng: random.Random) -> object:
    """A JSON value with one part replaced by something else of any type."""
    odd = [None, True, -1, 0, 1, 10**30, 1.5, "", "null", "x", [], {}, [0], [[0, 0, 0]], {"a": "b"}, float("nan")]
    if rng.random() < 0.15 or not isinstance(value, list | dict) or not value:
        return rng.choice(odd)
    if isinstance(value, list):
        i = rng.randrange(len(value))
        return [*value[:i], *([mutated(value[i], rng)] if rng.random() < 0.9 else []), *value[i + 1 :]]
    key = rng.choice(list(value))
    rest = {k: v for k, v in value.items() if k != key}
    return rest if rng.random() < 0.1 else {**rest, key: mutated(value[key], rng)}


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 2**32))
def test_values_of_other_types_anywhere_end_in_one_error(seed):
    rng = random.Random(seed)
    check(json.dumps(mutated(json.loads(rng.choice(RECORDED)["json"]), rng)))
