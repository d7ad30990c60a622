"""What must hold in optimised code: other tests compile without optimisation, which hides what fusion does."""

import os
import subprocess
import sys

SCRIPT = """
import jax, numpy as np
import declax as mx

def block(x, name, pool):
    a = mx.sym.Activation(mx.sym.BatchNorm(mx.sym.Convolution(
        x, kernel=(1, 1), num_filter=6, name=name + "_a"), name=name + "_abn", fix_gamma=False), act_type="relu")
    b = mx.sym.Activation(mx.sym.BatchNorm(mx.sym.Convolution(
        x, kernel=(3, 3), pad=(1, 1), num_filter=5, name=name + "_b"),
        name=name + "_bbn", fix_gamma=False), act_type="relu")
    p = mx.sym.Pooling(x, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type=pool)
    p = mx.sym.BatchNorm(mx.sym.Convolution(p, kernel=(1, 1), num_filter=3, name=name + "_p"), name=name + "_pbn")
    return mx.sym.Concat(a, b, mx.sym.Activation(p, act_type="relu"))

net = block(block(block(mx.sym.var("data"), "1", "avg"), "2", "max"), "3", "max")
ex = net.simple_bind(mx.cpu(), type_dict={n: "float64" for n in net.list_arguments()}, data=(2, 4, 7, 7))
rng = np.random.default_rng(0)
for n, a in ex.arg_dict.items():
    a[:] = rng.normal(size=a.shape)
head = rng.normal(size=ex.outputs[0].shape)
ex.forward(is_train=True)
ex.backward(mx.nd.array(head, dtype="float64"))
f = mx.lower(net)
with jax.enable_x64(True):
    args = {n: a.data for n, a in ex.arg_dict.items()}
    states = {n: a.data for n, a in ex.aux_dict.items()}
    wanted = jax.grad(lambda p: (f(p, states, train=True)[0][0] * head).sum())(args)
for n, g in wanted.items():
    np.testing.assert_allclose(ex.grad_dict[n].asnumpy(), g, rtol=1e-8, atol=1e-8, err_msg=n)
print("same")
"""


def test_optimised_gradients_are_those_of_the_operators_one_by_one():
    environment = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "same", done.stderr[-2000:]
