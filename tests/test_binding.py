"""Every form of `bind`, `simple_bind` and `eval`: lists, dicts, gradient requests, sharing, and what is refused."""

import numpy as np
import pytest

import declax as mx
from declax.errors import BindError, InferenceError
from tests.dense import HEAD, close, dense, given, want, zeros_like


@pytest.mark.parametrize("form", [dict, lambda d: list(d.values())])
def test_lists_and_dicts_bind_alike(form):
    args = given()
    grads = zeros_like(args)
    ex = dense().bind(mx.cpu(), form(args), args_grad=form(grads))
    ex.forward(is_train=True)
    ex.backward(mx.nd.ones(HEAD))
    expected = want(args)
    close(ex.outputs[0], expected["out"])
    for n, g in grads.items():
        close(g, expected[n])
        assert ex.grad_dict[n] is g
        assert ex.arg_dict[n] is args[n]


def test_some_gradients_only():
    args, grad = given(), mx.nd.zeros((2, 4))
    for partial in ({"fc_weight": grad}, [None, grad, None]):
        grad[:] = 0
        ex = dense().bind(mx.cpu(), args, args_grad=partial)
        ex.forward(is_train=True)
        ex.backward(mx.nd.ones(HEAD))
        close(grad, want(args)["fc_weight"])
        assert ex.grad_dict["x"] is None


@pytest.mark.parametrize(
    ("grad_req", "kinds"),
    [
        ("write", "www"), ("add", "aaa"), ("null", "nnn"), (["write", "null", "add"], "wna"),
        ({"x": "add", "fc_bias": "write"}, "anw"),
    ],
)  # fmt: skip
def test_gradient_requests(grad_req, kinds):
    args = given()
    grads = {k: mx.nd.ones(v.shape) * 10 for k, v in args.items()}
    ex = dense().bind(mx.cpu(), args, args_grad=grads, grad_req=grad_req)
    for _ in range(2):
        ex.forward(is_train=True)
        ex.backward(mx.nd.ones(HEAD))
    for (n, g), kind in zip(grads.items(), kinds, strict=True):
        close(g, {"w": want(args)[n], "a": 10 + 2 * want(args)[n], "n": np.full(g.shape, 10.0)}[kind])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda s, a: s.bind(mx.cpu(), {"fc_wight": a.pop("fc_weight"), **a}), ValueError,
         "key `fc_weight` is missing in `args`; did you mean 'fc_wight'"),
        (lambda s, a: s.bind(mx.cpu(), list(a.values())[:2]), ValueError,
         r"Length of args does not match the number of arguments: 2, needed \['x'"),
        (lambda s, a: s.bind(mx.cpu(), 3), TypeError, "Only accept list of NDArrays or dict of str to NDArray"),
        (lambda s, a: s.bind(mx.cpu(), [1, 2, 3]), TypeError, "Only accept list of NDArrays"),
        (lambda s, a: s.bind("cpu", a), TypeError, "Context type error"),
        (lambda s, a: s.bind(mx.cpu(), a, a, "wirte"), ValueError, r"grad_req must be in .*'wirte'"),
        (lambda s, a: s.bind(mx.cpu(), a, a, ["write"]), BindError, "grad_req has 1 entries for 3 arguments"),
        (lambda s, a: s.bind(mx.cpu(), a, a, 3), TypeError, "grad_req must be a string, a list or a dict"),
        (lambda s, a: s.bind(mx.cpu(), a, {"x": mx.nd.zeros((1,))}), BindError,
         r"gradient array of 'x' has shape \(1,\), the argument \(3, 4\)"),
        (lambda s, a: s.bind(mx.cpu(), {**a, "x": mx.nd.ones((3, 5))}), InferenceError, "Error in operator fc"),
        (lambda s, a: s.bind(mx.cpu(), {**a, "x": mx.nd.ones((3, 4), dtype="float16")}), InferenceError, "float16"),
        (lambda s, a: s.simple_bind(mx.cpu()), BindError,
         r"cannot decide the shapes of these arguments, please provide them: x: \?"),
        (lambda s, a: s.simple_bind(mx.cpu(), x=(3, 0)), BindError, r"x: \(3, \?\)"),
        (lambda s, a: s.simple_bind(mx.cpu(), xx=(3, 4)), BindError, "'xx' is no argument of this symbol"),
        (lambda s, a: s.simple_bind(mx.cpu(), x=3), TypeError, "the shape of 'x' must be a tuple, got int"),
        (lambda s, a: s.eval(x=a["x"]), ValueError, "key `fc_weight` is missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_bound(call, error, words):
    with pytest.raises(error, match=words):
        call(dense(), given())


def test_simple_bind_allocates():
    ex = dense().simple_bind(mx.cpu(), x=(3, 4), grad_req={"x": "null", "fc_weight": "write", "fc_bias": "add"})
    assert {n: a.shape for n, a in ex.arg_dict.items()} == {"x": (3, 4), "fc_weight": (2, 4), "fc_bias": (2,)}
    assert ex.grad_dict["x"] is None
    assert ex.grad_dict["fc_bias"].shape == (2,)
    assert ex.outputs[0].shape == HEAD
    assert not ex.outputs[0].asnumpy().any()
    half = dense().simple_bind(mx.cpu(), x=(3, 4), type_dict={"x": "float16"})
    assert {a.dtype for a in half.arg_arrays} == {np.float16}
    assert half.outputs[0].dtype == np.float16


def test_simple_bind_shares_a_buffer_and_an_executor():
    buffer: dict = {}
    big = dense().simple_bind(mx.cpu(), x=(6, 4), shared_buffer=buffer)
    assert set(buffer) == {"x", "fc_weight", "fc_bias"}
    small = dense().simple_bind(mx.cpu(), x=(3, 4), shared_buffer=buffer)
    small.arg_dict["x"][:] = 7
    assert (big.arg_dict["x"].asnumpy()[:3] == 7).all()
    assert (big.arg_dict["x"].asnumpy()[3:] == 0).all()
    assert small.arg_dict["fc_weight"] is big.arg_dict["fc_weight"]
    other = dense().simple_bind(mx.cpu(), x=(9, 4), shared_exec=big, shared_arg_names=["fc_weight"])
    assert other.arg_dict["fc_weight"] is big.arg_dict["fc_weight"]
    assert other.arg_dict["fc_bias"] is not big.arg_dict["fc_bias"]


def test_eval():
    args = given()
    close(dense().eval(**args)[0], want(args)["out"])
    close(dense().eval(ctx=mx.cpu(), **args)[0], want(args)["out"])


def test_one_array_for_two_arguments_and_two_executors():
    shared = mx.nd.array([2.0, 3.0])
    product = mx.sym.Variable("a") * mx.sym.Variable("b")
    grads = {"a": mx.nd.zeros((2,)), "b": mx.nd.zeros((2,))}
    first = product.bind(mx.cpu(), {"a": shared, "b": shared}, grads)
    second = (mx.sym.Variable("a") + 1).bind(mx.cpu(), [shared])
    close(first.forward(is_train=True)[0], np.array([4.0, 9.0]))
    first.backward(mx.nd.ones((2,)))
    close(grads["a"], np.array([2.0, 3.0]))
    shared[:] = [5, 6]
    close(first.forward()[0], np.array([25.0, 36.0]))
    close(second.forward()[0], np.array([6.0, 7.0]))


def test_arguments_of_one_name_are_given_as_a_list():
    net = mx.sym.Variable("a") * mx.sym.Variable("a")
    ex = net.bind(mx.cpu(), [mx.nd.array([2.0]), mx.nd.array([5.0])])
    close(ex.forward()[0], np.array([10.0]))
    with pytest.raises(ValueError, match=r"Duplicate names detected, \['a'\]"):
        ex.arg_dict
