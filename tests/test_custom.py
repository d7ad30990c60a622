"""Operators that users write: `CustomOp` in Python, `register_op` on JAX."""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import declax as mx
from declax.errors import BindError, InferenceError, OperatorError, RunError
from declax.registry import Key, Tensor, Train, aux, deduce, gradient

count = itertools.count()


def registered(op: type, **members: object) -> str:
    """A fresh name under which a CustomOpProp with these members makes `op`."""
    name = f"custom{next(count)}"
    members = {"create_operator": lambda self, ctx, shapes, dtypes: op(), **members}
    mx.operator.register(name)(type("Prop", (mx.operator.CustomOpProp,), members))
    return name


class Scaled(mx.operator.CustomOp):
    """3 x with a gradient that is deliberately 5."""

    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], in_data[0].asnumpy() * 3)

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0] * 5)


class TwoOutputs(mx.operator.CustomOp):
    """Sum and product of two inputs."""

    def forward(self, is_train, req, in_data, out_data, aux):
        self.assign(out_data[0], req[0], in_data[0] + in_data[1])
        self.assign(out_data[1], req[1], in_data[0] * in_data[1])

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0] + out_grad[1] * in_data[1])
        self.assign(in_grad[1], req[1], out_grad[0] + out_grad[1] * in_data[0])


class Counting(mx.operator.CustomOp):
    """Counts its training runs in an auxiliary state."""

    def forward(self, is_train, req, in_data, out_data, aux):
        if is_train:
            aux[0][:] = aux[0] + 1
        self.assign(out_data[0], req[0], in_data[0] + aux[0])

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0])


COUNTING = {
    "list_auxiliary_states": lambda self: ["runs"],
    "infer_shape": lambda self, s: (s, [s[0]], [(1,)]),
}


# -- CustomOp ------------------------------------------------------------------------------------------------------


def test_forward_and_own_gradient():
    x = mx.sym.Variable("x")
    net = mx.sym.Custom(x + 1, op_type=registered(Scaled), name="c") * 2
    assert net.list_arguments() == ["x"]
    assert net.infer_shape(x=(2, 3))[1] == [(2, 3)]
    ex = net.simple_bind(mx.cpu(), x=(2,))
    ex.forward(is_train=True, x=np.array([1.0, 2.0]))
    ex.backward(mx.nd.ones((2,)))
    assert ex.outputs[0].asnumpy().tolist() == [12, 18]
    assert ex.grad_dict["x"].asnumpy().tolist() == [10, 10]


def test_under_somebody_elses_jit():
    f = mx.lower(mx.sym.Custom(mx.sym.Variable("x"), op_type=registered(Scaled), name="c"))
    x = jnp.asarray([1.0, 2.0])
    np.testing.assert_array_equal(jax.jit(lambda v: f({"x": v})[0][0])(x), [3, 6])
    np.testing.assert_array_equal(jax.jit(jax.grad(lambda v: f({"x": v})[0][0].sum()))(x), [5, 5])
    np.testing.assert_array_equal(jax.vmap(lambda v: f({"x": v})[0][0])(jnp.stack([x, -x])), [[3, 6], [-3, -6]])


def test_several_inputs_and_outputs():
    members = {"list_arguments": lambda self: ["left", "right"], "list_outputs": lambda self: ["sum", "product"]}
    net = mx.sym.Custom(op_type=registered(TwoOutputs, **members), name="c")
    assert net.list_arguments() == ["c_left", "c_right"]
    assert net.list_outputs() == ["c_sum", "c_product"]
    ex = net.simple_bind(mx.cpu(), c_left=(2,), c_right=(2,))
    ex.forward(is_train=True, c_left=np.array([2.0, 3.0]), c_right=np.array([5.0, 7.0]))
    assert [o.asnumpy().tolist() for o in ex.outputs] == [[7, 10], [10, 21]]
    ex.backward([mx.nd.ones((2,)), mx.nd.ones((2,)) * 2])
    assert ex.grad_dict["c_left"].asnumpy().tolist() == [11, 15]
    ex.forward(is_train=True)
    product_only = net["c_product"].bind(mx.cpu(), ex.arg_dict, ex.grad_dict)
    product_only.forward(is_train=True)
    product_only.backward(mx.nd.ones((2,)))
    assert ex.grad_dict["c_right"].asnumpy().tolist() == [2, 3]


def test_auxiliary_states_of_custom_operators():
    net = mx.sym.Custom(mx.sym.Variable("x"), op_type=registered(Counting, **COUNTING), name="c")
    assert net.list_auxiliary_states() == ["c_runs"]
    ex = net.simple_bind(mx.cpu(), x=(1,))
    for want in (1, 2):
        ex.forward(is_train=True)
        ex.backward(mx.nd.ones((1,)))
        assert ex.aux_dict["c_runs"].asscalar() == want
    ex.forward()
    assert (ex.outputs[0].asscalar(), ex.aux_dict["c_runs"].asscalar()) == (2, 2)
    f = mx.lower(net)
    _, new = jax.jit(lambda x, a: f({"x": x}, a, train=True))(jnp.ones(1), {"c_runs": jnp.ones(1)})
    assert float(new["c_runs"][0]) == 2


def test_losses_need_no_head_gradient():
    class Loss(Scaled):
        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            self.assign(in_grad[0], req[0], in_data[0] * 0 + 7)

    own = {"__init__": lambda self: mx.operator.CustomOpProp.__init__(self, need_top_grad=False)}
    for members, fails in ((own, False), ({}, True)):
        ex = mx.sym.Custom(mx.sym.Variable("x"), op_type=registered(Loss, **members)).simple_bind(mx.cpu(), x=(2,))
        ex.forward(is_train=True)
        if fails:
            with pytest.raises(BindError, match="needs its head gradient"):
                ex.backward()
        else:
            ex.backward()
            assert ex.grad_dict["x"].asnumpy().tolist() == [7, 7]


def test_attributes_reach_the_prop_as_strings():
    seen = []

    class Prop(mx.operator.CustomOpProp):
        def __init__(self, factor, shape="none"):
            super().__init__()
            seen.append((factor, shape))

        def create_operator(self, ctx, shapes, dtypes):
            seen.append((shapes, dtypes, ctx))
            return Scaled()

    name = f"custom{next(count)}"
    mx.operator.register(name)(Prop)
    net = mx.sym.Custom(mx.sym.Variable("x"), op_type=name, factor=2.5, shape=(1, 2), name="c")
    assert seen[0] == ("2.5", "(1, 2)")
    again = mx.sym.load_json(net.tojson())
    again.eval(x=mx.nd.ones((2, 1)))
    assert seen[-1] == ([[2, 1]], [np.float32], mx.cpu(0))
    with pytest.raises(
        OperatorError, match=r"(?s)Prop does not take \{'factr': '1'\}.*node 'c'|node 'c'.*Prop does not take"
    ):
        mx.sym.Custom(mx.sym.Variable("x"), op_type=name, factr=1, name="c")


def test_types_of_custom_operators():
    members = {"infer_type": lambda self, t: (t, [np.int32], [])}

    class Rounded(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            assert out_data[0].dtype == np.int32
            self.assign(out_data[0], req[0], in_data[0].asnumpy().round())

    net = mx.sym.Custom(mx.sym.Variable("x"), op_type=registered(Rounded, **members), name="c")
    assert net.infer_type(x="float64")[1] == [np.int32]
    assert net.eval(x=mx.nd.array([1.7]))[0].asnumpy().tolist() == [2]


def test_requests_write_add_and_nothing():
    op, target = mx.operator.CustomOp(), mx.nd.ones((2,))
    op.assign(target, "null", mx.nd.ones((2,)) * 9)
    assert target.asnumpy().tolist() == [1, 1]
    op.assign(target, "add", mx.nd.ones((2,)) * 9)
    assert target.asnumpy().tolist() == [10, 10]
    op.assign(target, "inplace", 3)
    assert target.asnumpy().tolist() == [3, 3]


def test_errors_of_custom_operators():
    x = mx.sym.Variable("x")
    name = registered(Scaled)
    with pytest.raises(
        OperatorError, match=r"Cannot find custom operator 'custm.*; did you mean 'custom.*'.*register its CustomOpProp"
    ):
        mx.sym.Custom(x, op_type=name.replace("o", ""))
    with pytest.raises(OperatorError, match="Required parameter op_type"):
        mx.sym.Custom(x)
    with pytest.raises(TypeError, match="int must derive from CustomOpProp"):
        mx.operator.register("wrong")(int)
    assert name in mx.operator.get_all_registered()

    def refuse(self, shapes):
        raise ValueError("only squares")

    with pytest.raises(
        InferenceError, match=r"(?s)Error in operator c: only squares.*data: \(2, 3\) from variable 'x'"
    ):
        mx.sym.Custom(x, op_type=registered(Scaled, infer_shape=refuse), name="c").infer_shape(x=(2, 3))


def test_an_error_in_the_users_code_names_the_node():
    class Broken(Scaled):
        def forward(self, is_train, req, in_data, out_data, aux):
            if not is_train:
                raise KeyError("mine")

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            raise KeyError("also mine")

    net = mx.sym.Custom(mx.sym.Variable("x"), op_type=registered(Broken), name="c")
    ex = net.simple_bind(mx.cpu(), x=(1,))
    with pytest.raises(RunError, match=r"(?s)Error in operator c: 'mine'.*at node 'c'.*data: float32\[1\] from 'x'"):
        ex.forward()
    ex.forward(is_train=True)
    with pytest.raises(RunError, match=r"(?s)Error in operator c: 'also mine'.*at node 'c'") as e:
        ex.backward(mx.nd.ones((1,)))
    assert isinstance(e.value.__cause__, KeyError)


def test_custom_operators_on_arrays():
    assert mx.nd.Custom(mx.nd.ones((2,)), op_type=registered(Scaled)).asnumpy().tolist() == [3, 3]


# -- register_op ---------------------------------------------------------------------------------------------------


def test_a_function_becomes_an_operator():
    @mx.register_op("my_affine", aliases=("my_affine_too",))
    def affine(
        data: Tensor, weight: Tensor = deduce(lambda data, units: (units, data[1])), *, units: int, scale: float = 1.0
    ):
        """Multiplies by a weight."""
        return data @ weight.T * scale

    x = mx.sym.Variable("x")
    net = mx.sym.my_affine(x, units=3, scale=2, name="a")
    assert net.list_arguments() == ["x", "a_weight"]
    assert net.infer_shape(x=(5, 4)) == ([(5, 4), (3, 4)], [(5, 3)], [])
    assert net.infer_type(x="float16")[1] == [np.float16]
    assert mx.sym.my_affine_too(x, units=1).name == "my_affine_too0"
    node = json.loads(net.tojson())["nodes"][2]
    assert (node["op"], node["attrs"]) == ("my_affine", {"units": "3", "scale": "2"})
    ex = mx.sym.load_json(net.tojson()).simple_bind(mx.cpu(), x=(1, 2))
    ex.forward(is_train=True, x=np.array([[1.0, 2.0]]), a_weight=np.array([[1.0, 0], [0, 1], [1, 1]]))
    ex.backward(mx.nd.ones((1, 3)))
    assert ex.outputs[0].asnumpy().tolist() == [[2, 4, 6]]
    assert ex.grad_dict["x"].asnumpy().tolist() == [[4, 4]]
    assert mx.nd.my_affine(mx.nd.ones((1, 2)), mx.nd.ones((1, 2)), units=1).asnumpy().tolist() == [[2]]
    with pytest.raises(OperatorError, match="Required parameter units of int is not presented"):
        mx.sym.my_affine(x)
    with pytest.raises(OperatorError, match="Cannot find argument 'scael'; did you mean 'scale'"):
        mx.sym.my_affine(x, units=1, scael=2)
    assert "Multiplies by a weight" in mx.sym.my_affine.__doc__


def test_states_keys_modes_and_gradients_of_users_operators():
    def noisy(data: Tensor, total: Tensor = aux(lambda data: (1,)), *, train: Train, key: Key, size: float = 1.0):
        """Adds noise in training and counts."""
        noise = size * jax.random.normal(key, data.shape, data.dtype) if train else 0
        return data + noise, total + train

    mx.register_op("my_noisy")(noisy)
    gradient(noisy)(lambda cotangents, outputs, data, total, *, size: cotangents[0] * 10 * size)
    net = mx.sym.my_noisy(mx.sym.Variable("x"), name="n", size=0.5)
    ex = net.simple_bind(mx.cpu(), x=(4,))
    ex.forward(is_train=True)
    ex.backward(mx.nd.ones((4,)))
    first = ex.outputs[0].asnumpy()
    assert np.abs(first).min() > 0
    assert ex.grad_dict["x"].asnumpy().tolist() == [5] * 4
    assert ex.aux_dict["n_total"].asscalar() == 1
    assert not ex.forward()[0].asnumpy().any()
    assert (ex.forward(is_train=True)[0].asnumpy() != first).any()


def test_registering_again_replaces():
    @mx.register_op
    def my_twice(data):
        """Doubles."""
        return data * 2

    old = mx.sym.my_twice(mx.sym.Variable("x"))

    @mx.register_op("my_twice")
    def my_other(data, *, extra=1.0):
        """Doubles and adds."""
        return data * 2 + extra

    one = mx.nd.ones((1,))
    assert mx.sym.my_twice(mx.sym.Variable("x"), extra=3).eval(x=one)[0].asscalar() == 5
    assert mx.nd.my_twice(one).asscalar() == 3
    assert old.eval(x=one)[0].asscalar() == 2


def test_what_cannot_be_registered():
    with pytest.raises(TypeError, match="'FullyConnected' is one of declax's own operators and cannot be replaced"):
        mx.register_op("FullyConnected")(lambda data: data)

    def unclear(data, *, size=None):
        return data

    with pytest.raises(TypeError, match="hyper-parameter 'size' of unclear needs an annotation: size: float = "):
        mx.register_op(unclear)

    def asks(data: Tensor, weight: Tensor = deduce(lambda dta: dta)):
        return data

    with pytest.raises(TypeError, match="the rule of weight asks for 'dta', which is no input or hyper-parameter"):
        mx.register_op(asks)
