"""Shape and type inference: both directions, partial knowledge, NumPy semantics, and the words of its errors."""

import inspect
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import declax as mx
from declax.errors import ComposeError, InferenceError

f16, f32, f64, i32 = np.float16, np.float32, np.float64, np.int32


def dense(x: mx.Symbol | None = None, **kwargs) -> mx.Symbol:
    kwargs = {"num_hidden": 3, "name": "fc", **kwargs}
    return mx.sym.FullyConnected(mx.sym.Variable("x") if x is None else x, **kwargs)


def pair() -> tuple[mx.Symbol, mx.Symbol]:
    return mx.sym.Variable("a"), mx.sym.Variable("b")


# -- shapes --------------------------------------------------------------------------------------------------------


def test_forms_of_the_question():
    net = dense()
    want = ([(5, 2), (3, 2), (3,)], [(5, 3)], [])
    assert net.infer_shape(x=(5, 2)) == net.infer_shape((5, 2)) == net.infer_shape((5, 2), None, (3,)) == want
    assert net.infer_shape(x=(np.int64(5), np.int32(2))) == want
    assert all(type(d) is int for s in net.infer_shape(x=(np.int64(5), 2))[0] for d in s)
    with pytest.raises(ValueError, match="either by positional or kwargs way"):
        net.infer_shape((5, 2), fc_bias=(3,))
    with pytest.raises(TypeError, match=r"need to be shapes \(tuple\), but 'x' is <class 'list'>"):
        net.infer_shape(x=[5, 2])
    with pytest.raises(TypeError, match="float"):
        net.infer_shape(x=(5.0, 2))
    with pytest.raises(ComposeError, match="name fc_wight not found; did you mean 'fc_weight'"):
        net.infer_shape(fc_wight=(3, 2))
    with pytest.raises(ComposeError, match="4 values for 3 arguments"):
        net.infer_shape((5, 2), (3, 2), (3,), (1,))


def test_too_little_is_known():
    net = dense(dense(name="fc1"), name="fc2")
    with pytest.warns(UserWarning, match="Cannot decide shape for the following arguments: x, fc1_weight"):
        assert net.infer_shape() == (None, None, None)
    assert net.infer_shape_partial(x=(0, 7))[0] == [(0, 7), (3, 7), (3,), (3, 3), (3,)]


def test_shapes_flow_backward():
    a, b = pair()
    assert (a + b).infer_shape(b=(2, 3)) == ([(2, 3), (2, 3)], [(2, 3)], [])
    assert (a + b).infer_shape(a=(2, 0), b=(0, 3)) == ([(2, 3), (2, 3)], [(2, 3)], [])
    deep = mx.sym.relu(mx.sym.relu(mx.sym.relu(a))) + b
    assert deep.infer_shape(b=(4, 5))[0] == [(4, 5), (4, 5)]


def test_knowledge_travels_until_nothing_changes():
    """A chain whose only known shape is at the far end, entered from a side branch in the middle."""
    variables = [mx.sym.Variable(f"v{i}") for i in range(12)]
    net = variables[0]
    for v in variables[1:]:
        net = mx.sym.relu(net) + mx.sym.relu(v)
    for known in ("v0", "v5", "v11"):
        assert set(net.infer_shape(**{known: (2, 3)})[0]) == {(2, 3)}


def test_declared_shapes_and_types():
    v = mx.sym.Variable("a", shape=(2, 0), dtype="float16")
    net = v + mx.sym.Variable("b")
    assert net.infer_shape_partial()[0] == [(2, 0), (2, 0)]
    assert net.infer_shape(b=(2, 7))[1] == [(2, 7)]
    assert net.infer_type()[0] == [f16, f16]
    with pytest.raises(InferenceError, match=r"'a'.*the given and the declared __shape__ differ.*3 is not 2"):
        net.infer_shape(a=(3, 0))
    with pytest.raises(InferenceError, match="__shape__='two' cannot be read"):
        mx.sym.Variable("q", attr={"__shape__": "two"}).infer_shape()


def test_shared_and_automatic_variables():
    w = mx.sym.Variable("w")
    net = dense(dense(weight=w, name="one"), weight=w, name="two")
    assert net.infer_shape(x=(4, 3))[0] == [(4, 3), (3, 3), (3,), (3,)]
    with pytest.raises(InferenceError, match=r"node 'one'|node 'two'"):
        net.infer_shape(x=(4, 5))


def test_auxiliary_states_have_shapes_and_types():
    net = mx.sym.BatchNorm(mx.sym.Variable("x"), name="bn")
    assert net.infer_shape(x=(2, 3, 4, 4))[2] == [(3,), (3,)]
    assert net.infer_type(x="float16") == ([f16, f32, f32], [f16], [f32, f32])


def test_numpy_shape_semantics():
    x = mx.sym.Variable("x")
    with mx.np_shape(True):
        assert (x + 1).infer_shape(x=())[1] == [()]
        assert (x + 1).infer_shape(x=(0, 3))[1] == [(0, 3)]
        assert (x + 1).infer_shape_partial(x=(-1, 3))[1] == [(-1, 3)]
        assert (x + 1).infer_shape_partial()[1] == [None]
    assert (x + 1).infer_shape_partial(x=(0, 3))[1] == [(0, 3)]
    assert (x + 1).infer_shape_partial()[1] == [()]


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_partial_answers_are_never_wrong(data):
    """Hiding dimensions of the inputs never gives a dimension that the full answer has not."""
    batch, width, hidden = (data.draw(st.integers(1, 6)) for _ in range(3))
    x = mx.sym.Variable("x")
    layer = data.draw(st.sampled_from(["dense", "stack", "reshape", "transpose", "sum"]))
    net = {
        "dense": lambda: dense(x, num_hidden=hidden),
        "stack": lambda: mx.sym.stack(x, mx.sym.Variable("y"), axis=1),
        "reshape": lambda: mx.sym.reshape(x, shape=(0, -1, 1)),
        "transpose": lambda: mx.sym.transpose(x) + mx.sym.Variable("y"),
        "sum": lambda: mx.sym.sum(x, axis=1),
    }[layer]()
    full = {"x": (batch, width)}
    if "y" in net.list_arguments():
        full["y"] = (width, batch) if layer == "transpose" else (batch, width)
    whole = net.infer_shape(**full)
    hidden_dims = {
        n: tuple(d if data.draw(st.booleans()) else 0 for d in s) for n, s in full.items() if data.draw(st.booleans())
    }
    partial = net.infer_shape_partial(**hidden_dims)
    for known, true in zip([*partial[0], *partial[1]], [*whole[0], *whole[1]], strict=True):
        assert known == () or (len(known) == len(true) and all(k in (0, t) for k, t in zip(known, true, strict=True)))


# -- types ---------------------------------------------------------------------------------------------------------


def test_types_flow_both_ways():
    a, b = pair()
    assert (a + b).infer_type(b="int32") == ([i32, i32], [i32], [])
    assert dense().infer_type(fc_weight=np.float64)[0] == [f64, f64, f64]
    assert a.astype("int32").infer_type(a="float16") == ([f16], [i32], [])
    assert mx.sym.argmax(a).infer_type(a="float64")[1] in ([f64], [f32])
    with pytest.warns(UserWarning, match="Cannot decide type for the following arguments: a, b"):
        assert (a + b).infer_type() == (None, None, None)
    assert (a + b).infer_type_partial() == ([None, None], [None], [])
    assert mx.sym.cast(a, dtype="int32").infer_type_partial()[1] == [i32]


@pytest.mark.parametrize("form", ["float16", np.float16, np.dtype("float16")])
def test_types_in_any_form(form):
    assert (mx.sym.Variable("a") + 1).infer_type(a=form)[1] == [f16]


def test_types_are_given_by_name():
    with pytest.raises(ComposeError, match=r"types are given by argument name"):
        dense().infer_type("float32")
    with pytest.raises(ComposeError, match="name z not found"):
        dense().infer_type(z="float32")
    with pytest.raises(TypeError):
        dense().infer_type(x="flaot32")


# -- errors --------------------------------------------------------------------------------------------------------


def test_an_error_says_which_node_and_where():
    x = mx.sym.Variable("x")
    line = inspect.currentframe().f_lineno + 1
    net = dense(mx.sym.Flatten(x, name="flat"), name="fc1")
    with pytest.raises(InferenceError) as e:
        net.infer_shape(x=(2, 3, 4), fc1_weight=(3, 7))
    text = str(e.value)
    for words in (
        "Error in operator fc1",
        "input 'weight': expected (3, 12), got (3, 7)",
        "node 'fc1', operator FullyConnected(num_hidden=3)",
        "data: (2, 12) from node 'flat', operator Flatten()",
        "weight: (3, 7) from variable 'fc1_weight'",
        f"{Path(__file__)}:{line}",
    ):
        assert words in text, text


def test_a_type_error_says_the_same():
    a, b = pair()
    with pytest.raises(InferenceError) as e:
        mx.sym.elemwise_add(a, b, name="sum").infer_type(a="float16", b="float32")
    text = str(e.value)
    assert "Error in operator sum: expected float16, got float32" in text
    assert "lhs: float16 from variable 'a'" in text
    assert "rhs: float32 from variable 'b'" in text


@pytest.mark.parametrize(
    ("make", "known", "words"),
    [
        (lambda a, b: a + b, {"a": (2, 3), "b": (2, 4)}, r"\(2, 3\) and \(2, 4\) differ: 3 is not 4"),
        (lambda a, b: a + b, {"a": (2, 3), "b": (2,)}, r"\(2, 3\) has 2 dimensions, \(2,\) has 1"),
        (
            lambda a, b: mx.sym.broadcast_add(a, b),
            {"a": (2, 3), "b": (2, 4)},
            r"could not be broadcast together with shapes \(2, 3\) \(2, 4\)",
        ),
        (lambda a, b: mx.sym.Concat(a, b, dim=1), {"a": (2, 3), "b": (4, 3)}, "differ: 2 is not 4"),
        (lambda a, b: mx.sym.Concat(a, b, dim=1), {"a": (2, 3), "b": (4,)}, "differ"),
        (lambda a, b: mx.sym.Concat(a, b, dim=1), {"a": (0,), "b": (4, 3)}, "dimensions"),
        (lambda a, b: mx.sym.Concat(a, b, dim=5), {"a": (2, 3), "b": (2, 3)}, "axis 5 is out of range"),
        (lambda a, b: mx.sym.dot(a, b), {"a": (2, 3), "b": (4, 5)}, "dot"),
        (lambda a, b: mx.sym.reshape(a, shape=(4, 4)) + b, {"a": (2, 3)}, r"cannot reshape \(2, 3\) into \(4, 4\)"),
        (
            lambda a, b: mx.sym.Convolution(a, b, kernel=(3, 3), num_filter=2, no_bias=True),
            {"a": (2, 3)},
            "dimensions|rank|4",
        ),
        (lambda a, b: mx.sym.SliceChannel(a, num_outputs=2)[0] + b, {"a": (2, 3)}, "divi|2"),
        (lambda a, b: mx.sym.sum(a, axis=3) + b, {"a": (2, 3)}, "axis|range"),
    ],
)
def test_contradictions(make, known, words):
    with pytest.raises(InferenceError, match=words) as e:
        make(*pair()).infer_shape(**known)
    assert str(Path(__file__)) in str(e.value)


def test_a_failing_rule_of_a_user_is_named_too():
    def rule(ins, outs):
        raise IndexError("tuple index out of range")

    mx.register_op("broken_rule", shape=rule)(lambda data: data)
    with pytest.raises(InferenceError, match=r"Error in operator b: tuple index out of range\n  at node 'b'"):
        mx.sym.broken_rule(mx.sym.Variable("x"), name="b").infer_shape_partial()


# -- explanations --------------------------------------------------------------------------------------------------


def test_explanations():
    flat = mx.sym.Flatten(mx.sym.Variable("x"), name="flat")
    net = mx.sym.Activation(dense(flat), act_type="relu", name="r")
    known = mx.explain_shape(net, "fc_weight", x=(2, 4, 5)).splitlines()
    assert known[0] == "fc_weight: (3, 20), the input 'weight' of fc = FullyConnected(num_hidden=3)"
    assert [line.strip().split(":")[0] for line in known[1:]] == ["from flat", "from x"]
    assert known[-1].strip() == "from x: (2, 4, 5), given"
    unknown = mx.explain_shape(net, "r_output")
    assert unknown.splitlines()[0].startswith("r: ")
    assert "not given: pass x=(...)" in unknown
    assert "contradict" in mx.explain_shape(dense() + mx.sym.Variable("y"), "x", x=(2, 3), y=(2, 4))
    with pytest.raises(ComposeError, match="no node or output 'fc_wieght'; did you mean 'fc_weight'"):
        mx.explain_shape(net, "fc_wieght")


def test_explanation_of_a_declared_shape():
    net = mx.sym.Variable("x", shape=(2, 3)) * 2
    assert "x: (2, 3), declared as (2, 3)" in mx.explain_shape(net, net.name)


def test_an_answer_is_not_kept_past_a_change():
    x = mx.sym.Variable("x")
    net = mx.sym.FullyConnected(x, num_hidden=3, name="fc")
    first = net.infer_shape(x=(5, 2))
    first[1][0] = "spoilt by its caller"
    assert net.infer_shape(x=(5, 2))[1] == [(5, 3)]
    net._set_attr(num_hidden="4")
    assert net.infer_shape(x=(5, 2))[1] == [(5, 4)]
    assert net.infer_shape(x=(6, 2))[1] == [(6, 4)]
    assert net.infer_shape((5, 2))[1] == [(5, 4)]
    with mx.util.np_shape(True):
        assert net.infer_shape_partial(x=(0, 2))[1] == [(0, 4)]
    assert net.infer_shape_partial(x=(0, 2))[1] == [(0, 4)]
    assert net.infer_shape_partial(x=(0, 2))[0][0] == (0, 2)
