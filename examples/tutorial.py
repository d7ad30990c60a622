"""MXNet's Symbol tutorial, cell by cell, with declax in MXNet's place; every cell checks what it prints.

python examples/tutorial.py
"""

import tempfile
from pathlib import Path

import numpy as np

import declax as mx

FOLDER = Path(tempfile.mkdtemp(prefix="declax-tutorial-"))


def show(title, *values):
    """Prints a cell's output."""
    print(f"--- {title}")
    for value in values:
        print(value)


def draw(symbol, title, **arguments):
    """Writes a picture, or its source where Graphviz is missing, and returns the drawing."""
    drawing = mx.viz.plot_network(symbol, title=title, save_format="svg", **arguments)
    try:
        print("picture:", drawing.render(directory=str(FOLDER)))
    except mx.errors.RenderError as e:
        print(e)
    return drawing


# -- Basic symbols -------------------------------------------------------------------------------------------------

a = mx.sym.Variable("a")
b = mx.sym.Variable("b")
c = a + b
show("an expression names itself", (a, b, c))
assert repr((a, b, c)) == "(<Symbol a>, <Symbol b>, <Symbol _plus0>)"

d = a * b
e = mx.sym.dot(a, b)
f = mx.sym.Reshape(d + e, shape=(1, 4))
g = mx.sym.broadcast_to(f, shape=(2, 4))
assert "dot0" in draw(g, "expression").source
x = np.array([[1, 2], [3, 4]], "float32")
(result,) = g.eval(ctx=mx.cpu(), a=mx.nd.array(x), b=mx.nd.array(x))
np.testing.assert_allclose(result.asnumpy(), np.broadcast_to((x * x + x @ x).reshape(1, 4), (2, 4)))

# -- Basic neural networks -----------------------------------------------------------------------------------------

net = mx.sym.Variable("data")
net = mx.sym.FullyConnected(data=net, name="fc1", num_hidden=128)
net = mx.sym.Activation(data=net, name="relu1", act_type="relu")
net = mx.sym.FullyConnected(data=net, name="fc2", num_hidden=10)
net = mx.sym.SoftmaxOutput(data=net, name="out")
draw(net, "mlp", shape={"data": (100, 200)})
mx.viz.print_summary(net, shape={"data": (100, 200)})
show("parameters are made when they are not given", net.list_arguments())
assert net.list_arguments() == ["data", "fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias", "out_label"]

net = mx.symbol.Variable("data")
w = mx.symbol.Variable("myweight")
net = mx.symbol.FullyConnected(data=net, weight=w, name="fc1", num_hidden=128)
show("or given", net.list_arguments())
assert net.list_arguments() == ["data", "myweight", "fc1_bias"]

# -- More complicated composition ----------------------------------------------------------------------------------

lhs = mx.symbol.Variable("data1")
rhs = mx.symbol.Variable("data2")
net = mx.symbol.FullyConnected(data=lhs + rhs, name="fc1", num_hidden=128)
show("a sum goes into a layer", net.list_arguments())
assert net.list_arguments() == ["data1", "data2", "fc1_weight", "fc1_bias"]

data = mx.symbol.Variable("data")
net1 = mx.symbol.FullyConnected(data=data, name="fc1", num_hidden=10)
net2 = mx.symbol.Variable("data2")
net2 = mx.symbol.FullyConnected(data=net2, name="fc2", num_hidden=10)
composed = net2(data2=net1, name="composed")
show("a symbol is a function of its arguments", net1.list_arguments(), composed.list_arguments())
assert composed.list_arguments() == ["data", "fc1_weight", "fc1_bias", "fc2_weight", "fc2_bias"]

net = mx.sym.Variable("data")
for i in range(2):
    with mx.name.Prefix(f"layer{i + 1}_"):
        net = mx.sym.FullyConnected(data=net, name="fc", num_hidden=100)
show("a common prefix", net.list_arguments())
assert net.list_arguments()[1:] == ["layer1_fc_weight", "layer1_fc_bias", "layer2_fc_weight", "layer2_fc_bias"]

# -- Modular construction for deep networks ------------------------------------------------------------------------


def conv_factory(data, num_filter, kernel, stride=(1, 1), pad=(0, 0), name=None, suffix=""):
    """Convolution, batch normalisation and ReLU as one unit."""
    conv = mx.symbol.Convolution(
        data=data, num_filter=num_filter, kernel=kernel, stride=stride, pad=pad, name=f"conv_{name}{suffix}"
    )
    bn = mx.symbol.BatchNorm(data=conv, name=f"bn_{name}{suffix}")
    return mx.symbol.Activation(data=bn, act_type="relu", name=f"relu_{name}{suffix}")


prev = mx.symbol.Variable(name="Previos Output")
conv_comp = conv_factory(data=prev, num_filter=64, kernel=(7, 7), stride=(2, 2))
shape = {"Previos Output": (128, 3, 28, 28)}
draw(conv_comp, "conv_factory", shape=shape)
assert conv_comp.infer_shape(**shape)[1] == [(128, 64, 11, 11)]


def inception_factory_a(data, num_1x1, num_3x3red, num_3x3, num_d3x3red, num_d3x3, pool, proj, name):
    """Four branches, concatenated: 1x1, 3x3, double 3x3 and a pooling with a projection."""
    c1x1 = conv_factory(data, num_1x1, (1, 1), name=f"{name}_1x1")
    c3x3r = conv_factory(data, num_3x3red, (1, 1), name=f"{name}_3x3", suffix="_reduce")
    c3x3 = conv_factory(c3x3r, num_3x3, (3, 3), pad=(1, 1), name=f"{name}_3x3")
    cd3x3r = conv_factory(data, num_d3x3red, (1, 1), name=f"{name}_double_3x3", suffix="_reduce")
    cd3x3 = conv_factory(cd3x3r, num_d3x3, (3, 3), pad=(1, 1), name=f"{name}_double_3x3_0")
    cd3x3 = conv_factory(cd3x3, num_d3x3, (3, 3), pad=(1, 1), name=f"{name}_double_3x3_1")
    pooling = mx.symbol.Pooling(
        data=data, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type=pool, name=f"{pool}_pool_{name}_pool"
    )
    cproj = conv_factory(pooling, proj, (1, 1), name=f"{name}_proj")
    return mx.symbol.Concat(c1x1, c3x3, cd3x3, cproj, name=f"ch_concat_{name}_chconcat")


prev = mx.symbol.Variable(name="Previos Output")
in3a = inception_factory_a(prev, 64, 64, 64, 64, 96, "avg", 32, name="in3a")
draw(in3a, "inception_factory", shape=shape)
show("an inception block", in3a.list_outputs(), in3a.infer_shape(**shape)[1])
assert in3a.infer_shape(**shape)[1] == [(128, 256, 28, 28)]

# -- Grouping ------------------------------------------------------------------------------------------------------

net = mx.sym.Variable("data")
fc1 = mx.sym.FullyConnected(data=net, name="fc1", num_hidden=128)
net = mx.sym.Activation(data=fc1, name="relu1", act_type="relu")
out1 = mx.sym.SoftmaxOutput(data=net, name="softmax")
out2 = mx.sym.LinearRegressionOutput(data=net, name="regression")
group = mx.sym.Group([out1, out2])
show("several losses", group.list_outputs())
assert group.list_outputs() == ["softmax_output", "regression_output"]

# -- Shape and type inference --------------------------------------------------------------------------------------

arg_name, out_name = c.list_arguments(), c.list_outputs()
arg_shape, out_shape, _ = c.infer_shape(a=(2, 3), b=(2, 3))
arg_type, out_type, _ = c.infer_type(a="float32", b="float32")
show(
    "inference",
    {"input": dict(zip(arg_name, arg_shape, strict=True)), "output": dict(zip(out_name, out_shape, strict=True))},
    {"input": dict(zip(arg_name, arg_type, strict=True)), "output": dict(zip(out_name, out_type, strict=True))},
)
assert (out_shape, out_type) == ([(2, 3)], [np.float32])

# -- Binding and evaluation ----------------------------------------------------------------------------------------

ex = c.bind(ctx=mx.cpu(), args={"a": mx.nd.ones([2, 3]), "b": mx.nd.ones([2, 3])})
ex.forward()
show("bind and forward", f"number of outputs = {len(ex.outputs)}\nthe first output =\n{ex.outputs[0].asnumpy()}")
assert (ex.outputs[0].asnumpy() == 2).all()

try:
    two, three = mx.nd.ones([3, 4], mx.gpu()) * 2, mx.nd.ones([3, 4], mx.gpu()) * 3
    ex_gpu = c.bind(ctx=mx.gpu(), args={"a": two, "b": three})
    ex_gpu.forward()
    show("the same on a GPU", ex_gpu.outputs[0].asnumpy())
    assert (ex_gpu.outputs[0].asnumpy() == 5).all()
except mx.errors.ContextError as error:
    show("no GPU here", error)

outputs = c.eval(ctx=mx.cpu(), a=mx.nd.ones([2, 3]), b=mx.nd.ones([2, 3]))
show("eval", outputs[0].asnumpy())
assert (outputs[0].asnumpy() == 2).all()

# -- Load and save -------------------------------------------------------------------------------------------------

show("JSON", c.tojson())
c.save(str(FOLDER / "symbol-c.json"))
c2 = mx.symbol.load(str(FOLDER / "symbol-c.json"))
assert c.tojson() == c2.tojson()

# -- A custom symbol -----------------------------------------------------------------------------------------------


class Softmax(mx.operator.CustomOp):
    """A softmax with its own gradient, in NumPy."""

    def forward(self, is_train, req, in_data, out_data, aux):
        shifted = np.exp(in_data[0].asnumpy() - in_data[0].asnumpy().max(axis=1, keepdims=True))
        self.assign(out_data[0], req[0], mx.nd.array(shifted / shifted.sum(axis=1, keepdims=True)))

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        label = in_data[1].asnumpy().ravel().astype(int)
        gradient = out_data[0].asnumpy().copy()
        gradient[np.arange(label.shape[0]), label] -= 1.0
        self.assign(in_grad[0], req[0], mx.nd.array(gradient))


@mx.operator.register("tutorial_softmax")
class SoftmaxProp(mx.operator.CustomOpProp):
    """What the graph needs to know of it."""

    def __init__(self):
        super().__init__(need_top_grad=False)

    def list_arguments(self):
        return ["data", "label"]

    def list_outputs(self):
        return ["output"]

    def infer_shape(self, in_shape):
        return [in_shape[0], (in_shape[0][0],)], [in_shape[0]], []

    def create_operator(self, ctx, shapes, dtypes):
        return Softmax()


custom = mx.sym.Custom(data=mx.sym.Variable("data"), name="softmax", op_type="tutorial_softmax")
ex = custom.simple_bind(mx.cpu(), data=(2, 3))
ex.arg_dict["data"][:] = np.array([[1, 2, 3], [3, 2, 1]])
ex.arg_dict["softmax_label"][:] = np.array([2, 0])
ex.forward(is_train=True)
ex.backward()
show("a custom symbol", ex.outputs[0].asnumpy(), ex.grad_dict["data"].asnumpy())
np.testing.assert_allclose(ex.outputs[0].asnumpy().sum(axis=1), 1, rtol=1e-6)

# -- Advanced: types and sharing -----------------------------------------------------------------------------------

a = mx.sym.Variable("data")
b = mx.sym.Cast(data=a, dtype="float16")
arg, out, _ = b.infer_type(data="float32")
show("casting", {"input": arg, "output": out})
assert (arg, out) == ([np.float32], [np.float16])
c = mx.sym.Cast(data=a, dtype="uint8")
arg, out, _ = c.infer_type(data="int32")
assert (arg, out) == ([np.int32], [np.uint8])

a, b, c = mx.sym.Variable("a"), mx.sym.Variable("b"), mx.sym.Variable("c")
d = a + b * c
data = mx.nd.ones((2, 3)) * 2
ex = d.bind(ctx=mx.cpu(), args={"a": data, "b": data, "c": data})
ex.forward()
show("one array behind three variables", ex.outputs[0].asnumpy())
assert (ex.outputs[0].asnumpy() == 6).all()
print("all cells ran")
