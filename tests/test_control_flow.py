"""foreach, while_loop and cond on symbols and arrays: values, gradients, inference, names and JSON, errors."""

import json

import jax
import numpy as np
import pytest

import declax as mx
from declax import control_flow

contrib = mx.sym.contrib


@pytest.fixture(autouse=True)
def fresh_names():
    """Names count from 0 in every test."""
    control_flow._numbers.clear()
    with mx.name.NameManager():
        yield


def run(net, heads=None, **arrays):
    """(outputs, gradients by name) of a bound symbol; ones as head gradients if none are given."""
    args = {k: mx.nd.array(v) for k, v in arrays.items()}
    grads = {k: mx.nd.zeros(v.shape) for k, v in args.items()}
    ex = net.bind(mx.cpu(), args, args_grad=grads)
    outputs = [o.asnumpy() for o in ex.forward(is_train=True)]
    ex.backward([mx.nd.array(h) for h in heads or [np.ones_like(o) for o in outputs]])
    plain = [o.asnumpy() for o in net.bind(mx.cpu(), args).forward()]
    for a, b in zip(outputs, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    return outputs, {k: g.asnumpy() for k, g in ex.grad_dict.items()}


# -- foreach -----------------------------------------------------------------------------------------------------


def cumulative():
    x, s, w = mx.sym.var("x"), mx.sym.var("s"), mx.sym.var("w")
    out, last = contrib.foreach(lambda a, state: (a + state * w, a * state), x, s)
    return mx.sym.Group([out, last])


def test_foreach_values_and_gradients():
    x, s, w = np.array([[1.0, 2], [3, 4], [5, 6]]), np.array([2.0, -1]), np.array([0.5, 0.25])
    (out, last), grads = run(cumulative(), x=x, s=s, w=w)

    def reference(x, s, w):
        rows = []
        for a in x:
            rows.append(a + s * w)
            s = a * s
        return np.stack(rows), s

    want = reference(x, s, w)
    np.testing.assert_allclose(out, want[0], rtol=1e-6)
    np.testing.assert_allclose(last, want[1], rtol=1e-6)
    for name, value in (("x", x), ("s", s), ("w", w)):
        for at in np.ndindex(value.shape):
            sides = []
            for step in (1e-6, -1e-6):
                moved = {"x": x.copy(), "s": s.copy(), "w": w.copy()}
                moved[name][at] += step
                sides.append(sum(part.sum() for part in reference(**moved)))
            assert grads[name][at] == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-4)


def test_foreach_over_a_vector_sees_vectors_of_one():
    out, _ = contrib.foreach(lambda a, s: (a * 2, []), mx.sym.var("x"), [])
    assert out.infer_shape(x=(3,))[1] == [(3, 1)]
    assert out.eval(x=mx.nd.array([1.0, 2, 3]))[0].asnumpy().tolist() == [[2], [4], [6]]


def test_foreach_keeps_the_form_of_nested_lists():
    x, y, s, t = (mx.sym.var(n) for n in "xyst")
    outs, states = contrib.foreach(
        lambda data, st: ([data[0] + st[0][0], data[1]], [[st[0][0], st[0][1] + 1], st[1] + data[0]]),
        [x, y], [[s, t], mx.sym.var("u")],
    )  # fmt: skip
    assert [o.name for o in outs] == ["_foreach0"] * 2
    assert [type(s) for s in states] == [list, mx.sym.Symbol]
    arrays = {n: mx.nd.array(np.full((3, 2) if n in "xy" else (2,), k)) for k, n in enumerate("xystu", 1)}
    values = [v.asnumpy() for v in mx.sym.Group([*outs, *states[0], states[1]]).eval(**arrays)]
    assert values[0].tolist() == [[4, 4]] * 3
    assert [v[0] for v in values[2:]] == [3, 7, 8]


def test_parameters_made_in_the_body_are_the_networks():
    def body(a, s):
        h = mx.sym.Activation(mx.sym.FullyConnected(a, num_hidden=3, name="fc") + s, act_type="tanh")
        return h, h

    out, _ = contrib.foreach(body, mx.sym.var("x"), mx.sym.var("s"))
    assert out.list_arguments() == ["x", "s", "fc_weight", "fc_bias"]
    shapes = out.infer_shape(x=(5, 2, 4))
    assert shapes[0] == [(5, 2, 4), (2, 3), (3, 4), (3,)]
    assert shapes[1] == [(5, 2, 3)]
    assert out.infer_type(x="float64")[1] == [np.float64]


def test_foreach_with_dropout_drops_anew_in_every_step():
    out, _ = contrib.foreach(lambda a, s: (mx.sym.Dropout(a, p=0.5) + s, s), mx.sym.var("x"), mx.sym.var("s"))
    mx.random.seed(1)
    ex = out.bind(mx.cpu(), {"x": mx.nd.ones((8, 64)), "s": mx.nd.zeros((64,))})
    y = ex.forward(is_train=True)[0].asnumpy()
    assert set(np.unique(y)) == {0.0, 2.0}
    assert len({row.tobytes() for row in y}) == 8


def test_nested_loops():
    x, s, w = mx.sym.var("x"), mx.sym.var("s"), mx.sym.var("w")

    def outer(a, state):
        inner, last = contrib.foreach(lambda b, st: (b * st[0], [st[0] + w]), a, [state[0]])
        return mx.sym.sum(inner, axis=0) + w, [last[0]]

    out, last = contrib.foreach(outer, x, [s])
    net = mx.sym.Group([out, *last])
    assert net.infer_shape(x=(4, 3, 2))[0] == [(4, 3, 2), (2,), (2,)]
    data = np.arange(24.0).reshape(4, 3, 2)
    (y, z), grads = run(net, x=data, s=np.array([1.0, 2]), w=np.array([0.5, -0.5]))
    state, step, want = np.array([1.0, 2]), np.array([0.5, -0.5]), []
    for a in data:
        total = np.zeros(2)
        for b in a:
            total += b * state
            state = state + step
        want.append(total + step)
    np.testing.assert_allclose(y, want, rtol=1e-6)
    np.testing.assert_allclose(z, state, rtol=1e-6)
    assert grads["w"].shape == (2,)
    names = [n["attrs"]["__subgraph_name__"] for n in inner_nodes(net, 2) if "attrs" in n]
    assert set(names) == {"foreach0$foreach0"}


# -- while_loop --------------------------------------------------------------------------------------------------


def growing(limit: int = 6):
    i, x, w = mx.sym.var("i"), mx.sym.var("x"), mx.sym.var("w")
    outs, last = contrib.while_loop(
        lambda i, x: mx.sym.sum(i) < 4, lambda i, x: (x * w, [i + 1, x * w + i]), [i, x], max_iterations=limit
    )
    return mx.sym.Group([outs, *last])


def test_while_loop_values_and_gradients():
    (out, i, x), grads = run(growing(), i=np.array([1.0]), x=np.array([2.0]), w=np.array([0.5]))
    state, rows = 2.0, []
    for k in (1, 2, 3):
        rows.append(state * 0.5)
        state = state * 0.5 + k
    assert out.shape == (6, 1)
    assert out[:, 0].tolist() == [*rows, 0, 0, 0]
    assert (float(i[0]), float(x[0])) == (4, state)
    # d(sum of rows + i + x) / dx = w + w² + w³ + w³
    assert grads["x"][0] == pytest.approx(0.5 + 0.25 + 0.125 + 0.125)


def test_while_loop_that_never_runs_and_one_that_is_cut_off():
    (out, i, x), grads = run(growing(), i=np.array([9.0]), x=np.array([2.0]), w=np.array([0.5]))
    assert not out.any()
    assert (float(i[0]), float(x[0])) == (9, 2)
    assert (grads["x"][0], grads["w"][0]) == (1, 0)
    (out, i, x), _ = run(growing(2), i=np.array([1.0]), x=np.array([2.0]), w=np.array([0.5]))
    assert out.shape == (2, 1)
    assert i[0] == 3


def test_steps_that_are_not_taken_give_no_nan():
    x = mx.sym.var("x")
    _, last = contrib.while_loop(lambda x: x > 0.5, lambda x: ([], [mx.sym.sqrt(x - 0.5)]), [x], max_iterations=8)
    (y,), grads = run(last[0], x=np.array([1.0]))
    assert np.isfinite(y).all()
    assert np.isfinite(grads["x"]).all()


def test_while_loop_can_be_transformed():
    f = mx.lower(growing())
    arrays = {"i": np.ones((3, 1), "float32"), "x": np.ones((3, 1), "float32"), "w": np.full((3, 1), 0.5, "float32")}
    rows, _ = jax.vmap(lambda a: f(a))(arrays)
    alone, _ = f({k: v[0] for k, v in arrays.items()})
    np.testing.assert_allclose(rows[0][1], alone[0], rtol=1e-6)


# -- cond --------------------------------------------------------------------------------------------------------


def test_cond_takes_one_branch_and_its_gradient():
    a, b = mx.sym.var("a"), mx.sym.var("b")
    net = contrib.cond(mx.sym.sum(a) < mx.sym.sum(b), lambda: a * 2, lambda: mx.sym.log(a) * b)
    (y,), grads = run(net, a=np.array([1.0, 2]), b=np.array([5.0, 6]))
    assert y.tolist() == [2, 4]
    assert (grads["a"].tolist(), grads["b"].tolist()) == ([2, 2], [0, 0])
    (y,), grads = run(net, a=np.array([4.0, 8]), b=np.array([1.0, 2]))
    np.testing.assert_allclose(y, np.log([4, 8]) * [1, 2], rtol=1e-6)
    np.testing.assert_allclose(grads["a"], [1 / 4, 2 / 8])


def test_the_condition_may_have_any_type():
    a = mx.sym.var("a")
    net = contrib.cond(mx.sym.cast(a, dtype="int32"), lambda: a + 1, lambda: a - 1)
    assert net.eval(a=mx.nd.array([3.0]))[0].asnumpy().tolist() == [4]
    assert net.infer_type(a="float64")[1] == [np.float64]


def test_shapes_behind_while_and_cond_are_unknown_as_in_mxnet():
    a, b = mx.sym.var("a"), mx.sym.var("b")
    net = contrib.cond(a < b, lambda: a + 1, lambda: b * 2)
    with pytest.warns(UserWarning, match="Cannot decide shape"):
        assert net.infer_shape(a=(1,), b=(1,)) == (None, None, None)
    assert net.infer_shape_partial(a=(1,), b=(1,)) == ([(1,), (1,)], [()], [])
    assert net.simple_bind(a=(1,), b=(1,)).forward()[0].shape == (1,)


# -- arrays ------------------------------------------------------------------------------------------------------


def test_arrays_run_the_same_functions():
    x, s = mx.nd.array([[1.0], [2], [3]]), mx.nd.array([1.0])
    out, last = mx.nd.contrib.foreach(lambda a, st: (a + st, st * 2), x, s)
    assert (out.asnumpy().ravel().tolist(), last.asnumpy().tolist()) == ([2, 4, 7], [8])
    outs, (i,) = mx.nd.contrib.while_loop(lambda i: i < 3, lambda i: ([i], [i + 1]), [mx.nd.array([0.0])], 5)
    assert outs[0].asnumpy().ravel().tolist() == [0, 1, 2, 0, 0]
    assert i.asnumpy().tolist() == [3]
    assert mx.nd.contrib.cond(mx.nd.array([1.0]), lambda: 1, lambda: 2) == 1


def test_small_functions_of_contrib():
    x = mx.nd.array([1.0, np.inf, -np.inf, np.nan])
    assert mx.nd.contrib.isinf(x).asnumpy().tolist() == [0, 1, 1, 0]
    assert mx.nd.contrib.isnan(x).asnumpy().tolist() == [0, 0, 0, 1]
    assert mx.nd.contrib.isfinite(x).asnumpy().tolist() == [1, 0, 0, 0]
    samples, true, expected = mx.nd.contrib.rand_zipfian(mx.nd.array([3]), 4, 5)
    assert (samples.dtype, true.dtype, expected.shape) == (np.int64, np.float64, (4,))
    assert true.asnumpy()[0] == pytest.approx(0.12453879 * 4)


# -- names and JSON ----------------------------------------------------------------------------------------------


def inner_nodes(net, depth: int = 1) -> list[dict]:
    """The nodes of the first subgraph, so many levels down."""
    graph = json.loads(net.tojson())
    for _ in range(depth):
        graph = next(n for n in graph["nodes"] if "subgraphs" in n)["subgraphs"][0]
    return graph["nodes"]


def test_foreach_json_is_mxnets():
    net = cumulative()
    node = json.loads(net.tojson())["nodes"][-1]
    assert (node["op"], node["name"], node["inputs"]) == ("_foreach", "_foreach0", [[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    assert node["attrs"] == {
        "in_data_locs": "[0]", "in_state_locs": "[1]", "num_args": "4", "num_out_data": "1", "num_outputs": "2",
        "remain_locs": "[2]",
    }  # fmt: skip
    mark = {"__subgraph_name__": "foreach0"}
    assert [(n["op"], n["name"], n.get("attrs")) for n in inner_nodes(net)] == [
        ("null", "x-0", mark), ("null", "s-0", mark), ("null", "w", None), ("elemwise_mul", "_mul0", mark),
        ("elemwise_add", "_plus0", mark), ("elemwise_mul", "_mul1", mark),
    ]  # fmt: skip
    assert net.list_outputs() == ["_foreach0_output0", "_foreach0_output1"]


def test_while_loop_and_cond_json_are_mxnets():
    node = json.loads(growing().tojson())["nodes"][-1]
    assert {k: v for k, v in node["attrs"].items() if k.endswith("locs")} == {
        "cond_input_locs": "[0]", "func_input_locs": "[1, 2, 0]", "func_var_locs": "[2, 0]"
    }  # fmt: skip
    assert (node["attrs"]["num_args"], node["attrs"]["num_out_data"], len(node["subgraphs"])) == ("5", "1", 2)
    a, b = mx.sym.var("a"), mx.sym.var("b")
    net = contrib.cond(a < b, lambda: a + 1, lambda: a)
    node = json.loads(net.tojson())["nodes"][-1]
    assert (node["name"], node["inputs"]) == ("_cond0", [[2, 0, 0], [0, 0, 0]])
    heads = [(g["nodes"][-1]["op"], g["nodes"][-1]["attrs"]["__subgraph_name__"]) for g in node["subgraphs"]]
    assert heads == [("_copy", "cond_pred0"), ("_plus_scalar", "cond_then0"), ("_copy", "cond_else0")]


@pytest.mark.parametrize("make", [cumulative, growing])
def test_json_round_trip(make):
    net = make()
    again = mx.sym.load_json(net.tojson())
    assert again.tojson() == net.tojson()
    arrays = {n: mx.nd.ones((3, 2) if n == "x" and make is cumulative else (1,) if make is growing else (2,))
              for n in net.list_arguments()}  # fmt: skip
    for a, b in zip(net.eval(**arrays), again.eval(**arrays), strict=True):
        assert np.array_equal(a.asnumpy(), b.asnumpy())


# -- errors ------------------------------------------------------------------------------------------------------

X, S = mx.sym.var("x"), mx.sym.var("s")


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: contrib.foreach(lambda a, s: (a, s), X, 3), AssertionError, "foreach states must be"),
        (lambda: contrib.foreach(lambda a, s: (s + 1, s), X, S), AssertionError, "the data arrays have to be used"),
        (lambda: contrib.foreach(lambda a, s: (a, []), X, [S]), AssertionError, "loop_vars have different format"),
        (lambda: contrib.while_loop(lambda a: a < 1, lambda a: (a, a), [X]), ValueError, "max_iterations should be"),
        (lambda: contrib.while_loop(lambda a: a, lambda a: ([], S), [X], 3), ValueError, "doesn't involve into"),
        (lambda: contrib.while_loop(lambda a: 1, lambda a: ([], a), [X], 3), ValueError, "Return of cond must be"),
        (lambda: contrib.cond(X < 1, lambda: [X, X], lambda: X), ValueError, "Number of outputs differs"),
        (lambda: contrib.cond(True, lambda: X, lambda: X), AssertionError, "cond outputs must be"),
    ],
)
def test_wrong_calls(call, kind: type, words: str):
    with pytest.raises(kind, match=words):
        call()


def test_errors_inside_name_both_nodes():
    net = contrib.foreach(lambda a, s: (mx.sym.dot(a, s, name="product"), s), X, S)[0]
    with pytest.raises(mx.MXNetError, match=r"(?s)_foreach0.*product"):
        net.infer_shape(x=(3, 2), s=(5,))


def test_a_loop_variable_keeps_its_shape():
    _, last = contrib.while_loop(lambda a: mx.sym.sum(a) < 9, lambda a: ([], [mx.sym.concat(a, a, dim=0)]), [X], 3)
    with pytest.raises(mx.MXNetError, match=r"loop variable 0 comes in as float32\[1\] and leaves the body as"):
        last[0].eval(x=mx.nd.ones((1,)))
