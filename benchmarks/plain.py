"""The nets of nets.py written by hand in plain JAX: what a user would write instead. Parameters have the same names."""

import jax
import jax.numpy as jnp
from jax import lax

from benchmarks.nets import BLOCKS, EPS, SMALL

NCHW = ("NCHW", "OIHW", "NCHW")


class Net:
    """Layers over dicts of parameters and states; collects the new moving averages while it runs."""

    def __init__(self, params, states, train):
        self.params, self.states, self.train, self.new = params, states, train, dict(states)

    def conv(self, x, name, stride=(1, 1), pad=(0, 0)):
        """Convolution, batch normalisation, ReLU."""
        p = self.params
        y = lax.conv_general_dilated(
            x, p[f"conv_{name}_weight"], stride, [(pad[0], pad[0]), (pad[1], pad[1])], dimension_numbers=NCHW
        )
        y = y + p[f"conv_{name}_bias"].reshape(1, -1, 1, 1)
        mean_name, var_name = f"bn_{name}_moving_mean", f"bn_{name}_moving_var"
        if self.train:
            mean, var = jnp.mean(y, (0, 2, 3)), jnp.var(y, (0, 2, 3))
            self.new[mean_name] = 0.9 * self.states[mean_name] + 0.1 * lax.stop_gradient(mean)
            self.new[var_name] = 0.9 * self.states[var_name] + 0.1 * lax.stop_gradient(var)
        else:
            mean, var = self.states[mean_name], self.states[var_name]
        scale = p[f"bn_{name}_gamma"] * lax.rsqrt(var + EPS)
        y = (y - mean.reshape(1, -1, 1, 1)) * scale.reshape(1, -1, 1, 1) + p[f"bn_{name}_beta"].reshape(1, -1, 1, 1)
        return jax.nn.relu(y)

    def dense(self, x, name):
        """Fully connected."""
        return x @ self.params[f"{name}_weight"].T + self.params[f"{name}_bias"]

    def a(self, x, name, pool):
        """Four branches that keep the size."""
        a = self.conv(x, f"{name}_1x1")
        b = self.conv(self.conv(x, f"{name}_3x3_reduce"), f"{name}_3x3", pad=(1, 1))
        c = self.conv(self.conv(x, f"{name}_double_3x3_reduce"), f"{name}_double_3x3_0", pad=(1, 1))
        c = self.conv(c, f"{name}_double_3x3_1", pad=(1, 1))
        p = (max_pool if pool == "max" else avg_pool)(x, 3, 1, 1)
        return jnp.concatenate([a, b, c, self.conv(p, f"{name}_proj")], 1)

    def b(self, x, name):
        """Three branches that halve the size."""
        b = self.conv(self.conv(x, f"{name}_3x3_reduce"), f"{name}_3x3", (2, 2), (1, 1))
        c = self.conv(self.conv(x, f"{name}_double_3x3_reduce"), f"{name}_double_3x3_0", pad=(1, 1))
        c = self.conv(c, f"{name}_double_3x3_1", (2, 2), (1, 1))
        return jnp.concatenate([b, c, max_pool(x, 3, 2, 1, full=False)], 1)


def _window(size, stride, pad):
    return (1, 1, size, size), (1, 1, stride, stride), ((0, 0), (0, 0), (pad, pad), (pad, pad))


def max_pool(x, size, stride, pad=0, full=False):
    """Max pooling."""
    return lax.reduce_window(x, -jnp.inf, lax.max, *_window(size, stride, pad))


def avg_pool(x, size, stride, pad=0):
    """Average pooling that counts the padding."""
    return lax.reduce_window(x, 0.0, lax.add, *_window(size, stride, pad)) / (size * size)


def inception_bn(params, states, x, train):
    """(logits, new states) of Inception-BN for 224x224."""
    net = Net(params, states, train)
    x = max_pool(net.conv(x, "1", (2, 2), (3, 3)), 3, 2)
    x = max_pool(net.conv(net.conv(x, "2_red"), "2", pad=(1, 1)), 3, 2)
    for name, numbers in BLOCKS.items():
        x = net.a(x, name, numbers[5]) if len(numbers) == 7 else net.b(x, name)
    x = jnp.mean(x, (2, 3))
    return net.dense(x, "fc1"), net.new


def inception_bn_28(params, states, x, train):
    """(logits, new states) of Inception-BN for 28x28."""
    net = Net(params, states, train)
    x = net.conv(x, "1", pad=(1, 1))
    for name, *filters in SMALL:
        if len(filters) == 2:
            parts = [net.conv(x, f"{name}_1x1"), net.conv(x, f"{name}_3x3", pad=(1, 1))]
        else:
            parts = [net.conv(x, f"{name}_conv", (2, 2), (1, 1)), max_pool(x, 3, 2, 1)]
        x = jnp.concatenate(parts, 1)
    return net.dense(jnp.mean(x, (2, 3)), "fc1"), net.new


def mlp(params, states, x, train):
    """(logits, new states) of the perceptron."""
    net = Net(params, states, train)
    x = jax.nn.relu(net.dense(x, "fc1"))
    x = jax.nn.relu(net.dense(x, "fc2"))
    return net.dense(x, "fc3"), states


def training_step(net):
    """`(params, states, x, labels) -> (gradients, new states, probabilities)`, jitted."""

    def loss(params, states, x, labels):
        logits, new = net(params, states, x, True)
        log_p = jax.nn.log_softmax(logits)
        picked = jnp.take_along_axis(log_p, labels.astype("int32")[:, None], 1)
        return -jnp.sum(picked), (new, jnp.exp(log_p))

    def step(params, states, x, labels):
        grads, (new, p) = jax.grad(loss, has_aux=True)(params, states, x, labels)
        return grads, new, p

    return jax.jit(step)


def inference(net):
    """`(params, states, x) -> probabilities`, jitted."""
    return jax.jit(lambda params, states, x: jax.nn.softmax(net(params, states, x, False)[0]))
