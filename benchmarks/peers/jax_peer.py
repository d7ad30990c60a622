"""Plain JAX: the graph written with jax.numpy and jax.lax node by node, NCHW, as a user would without declax."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.peers.detection import anchors, settings
from benchmarks.peers.graph import Graph, Node, Steps, lstm_parts, pads_of_pool


def version() -> str:
    """Version of what computes."""
    return f"jax {jax.__version__}"


class Session:
    """One jitted function and its arguments."""

    def __init__(self, graph: Graph, training: bool, options: dict):
        self._training = training
        whole = graph.whole_numbers
        args = {n: jnp.asarray(v.astype("i4") if n in whole else v) for n, v in graph.args.items()}
        self._parameters = {n: args[n] for n in graph.trained}
        self._inputs = {n: v for n, v in args.items() if n not in self._parameters}
        self._states = {n: jnp.asarray(v) for n, v in graph.aux.items()}
        self._heads = [jnp.asarray(h) for h in graph.head_gradients]
        self._function = jax.jit(_training_step(graph) if training else _inference(graph))

    def step(self) -> None:
        """Inference, or forward and backward, finished when it returns."""
        heads = (self._heads,) if self._training else ()
        self._last = jax.block_until_ready(self._function(self._parameters, self._inputs, self._states, *heads))

    def results(self) -> dict[str, np.ndarray]:
        """Outputs, and gradients when training."""
        outputs, grads = self._last[:2] if self._training else (self._last, {})
        found = {f"out:{i}": np.asarray(o) for i, o in enumerate(outputs)}
        return found | {f"grad:{n}": np.asarray(g) for n, g in grads.items()}


def _inference(graph: Graph):
    steps = Steps(graph, {**OPERATORS, "BatchNorm": _fixed_norm})
    return lambda parameters, inputs, states: steps({**parameters, **inputs, **states})


def _training_step(graph: Graph):
    """`(parameters, inputs, states, head gradients) -> (outputs, gradients, new states)`."""

    def step(parameters, inputs, states, heads):
        def outputs(parameters):
            new: dict = {}
            steps = Steps(graph, {**OPERATORS, "BatchNorm": lambda node: _batch_norm(node, new)})
            return steps({**parameters, **inputs, **states}), new

        values, pull, new = jax.vjp(outputs, parameters, has_aux=True)
        return values, pull(heads or [jnp.ones_like(v) for v in values])[0], new

    return step


# -- layers ----------------------------------------------------------------------------------------------------


def _convolution(node: Node):
    kernel = node.wholes("kernel")
    strides, pads, dilate = (node.wholes(k, (d,) * len(kernel)) for k, d in (("stride", 1), ("pad", 0), ("dilate", 1)))
    groups = node.whole("num_group", 1)

    def call(x, weight, bias=None):
        y = lax.conv_general_dilated(
            x, weight, strides, [(p, p) for p in pads], rhs_dilation=dilate, feature_group_count=groups
        )
        return y if bias is None else y + bias[:, None, None]

    return call


def _dense(node: Node):
    flatten = node.flag("flatten", True)

    def call(x, weight, bias=None):
        y = (x.reshape(x.shape[0], -1) if flatten else x) @ weight.T
        return y if bias is None else y + bias

    return call


def _channels(v):
    return v[:, None, None]


def _gamma(node, gamma):
    return jnp.ones_like(gamma) if node.flag("fix_gamma", True) else gamma


def _fixed_norm(node: Node):
    eps = node.number("eps", 1e-3)

    def call(x, gamma, beta, mean, var):
        gamma = _gamma(node, gamma)
        return (x - _channels(mean)) * _channels(gamma * lax.rsqrt(var + eps)) + _channels(beta)

    return call


def _batch_norm(node: Node, new: dict):
    eps, momentum = node.number("eps", 1e-3), node.number("momentum", 0.9)
    names = [source.name for source, _ in node.inputs[3:]]

    def call(x, gamma, beta, old_mean, old_var):
        mean, var = jnp.mean(x, (0, 2, 3)), jnp.var(x, (0, 2, 3))
        for name, old, now in zip(names, (old_mean, old_var), (mean, var), strict=True):
            new[name] = lax.stop_gradient(momentum * old + (1 - momentum) * now)
        gamma = _gamma(node, gamma)
        return (x - _channels(mean)) * _channels(gamma * lax.rsqrt(var + eps)) + _channels(beta)

    return call


def _pooling(node: Node):
    kind = node.text("pool_type", "max")
    if node.flag("global_pool"):
        return lambda x: (jnp.max if kind == "max" else jnp.mean)(x, (2, 3), keepdims=True)
    kernel = node.wholes("kernel")
    strides = node.wholes("stride", (1,) * len(kernel))

    def call(x):
        window = (1, 1, *kernel), (1, 1, *strides), [(0, 0), (0, 0), *pads_of_pool(node, x.shape[2:])]
        if kind == "max":
            return lax.reduce_window(x, -jnp.inf, lax.max, *window)
        return lax.reduce_window(x, 0.0, lax.add, *window) / math.prod(kernel)

    return call


ACTIVATIONS = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "softrelu": jax.nn.softplus}


def _leaky(node: Node):
    if node.text("act_type", "leaky") != "gelu":
        raise NotImplementedError(f"{node.name}: LeakyReLU of kind {node.text('act_type')}")
    return lambda x: jax.nn.gelu(x, approximate=False)


def _layer_norm(node: Node):
    eps = node.number("eps", 1e-5)

    def call(x, gamma, beta):
        mean = jnp.mean(x, -1, keepdims=True)
        var = jnp.var(x, -1, keepdims=True)
        return (x - mean) * lax.rsqrt(var + eps) * gamma + beta

    return call


@jax.custom_vjp
def _softmax_loss(x, label):
    return jax.nn.softmax(x)


def _softmax_forward(x, label):
    p = jax.nn.softmax(x)
    return p, (p, label)


def _softmax_backward(kept, _):
    p, label = kept
    return p - jax.nn.one_hot(label, p.shape[-1]), None


_softmax_loss.defvjp(_softmax_forward, _softmax_backward)


def _lstm(node: Node):
    layers, hidden = node.whole("num_layers"), node.whole("state_size")
    if node.text("mode") != "lstm" or node.flag("bidirectional"):
        raise NotImplementedError(f"{node.name}: only a one-directional LSTM is written here")

    def cell(carry, projected, weight, bias):
        h, c = carry
        i, f, g, o = jnp.split(projected + h @ weight.T + bias, 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    def call(x, flat, h, c):
        for layer, (wi, wh, bi, bh) in enumerate(lstm_parts(flat, layers, hidden, x.shape[-1])):
            _, x = lax.scan(lambda s, p, wh=wh, bh=bh: cell(s, p, wh, bh), (h[layer], c[layer]), x @ wi.T + bi)
        return x

    return call


# -- attention -------------------------------------------------------------------------------------------------


def _heads_of(x, heads, which):
    """(T, N, heads * 3 * d) -> (N * heads, T, d): queries, keys or values."""
    steps, batch, _ = x.shape
    part = x.reshape(steps, batch, heads, 3, -1)[:, :, :, which]
    return part.transpose(1, 2, 0, 3).reshape(batch * heads, steps, -1)


def _scores(node: Node):
    heads = node.whole("heads")

    def call(x):
        q, k = _heads_of(x, heads, 0), _heads_of(x, heads, 1)
        return jnp.einsum("btd,bsd->bts", q / math.sqrt(q.shape[-1]), k)

    return call


def _context(node: Node):
    heads = node.whole("heads")

    def call(x, shares):
        y = jnp.einsum("bts,bsd->btd", shares, _heads_of(x, heads, 2))
        steps, batch = x.shape[:2]
        return y.reshape(batch, heads, steps, -1).transpose(2, 0, 1, 3).reshape(steps, batch, -1)

    return call


def _softmax(node: Node):
    axis = node.whole("axis", -1)

    def call(x, length=None):
        if length is None:
            return jax.nn.softmax(x, axis)
        inside = jnp.arange(x.shape[-1]) < length[..., None]
        return jnp.where(inside, jax.nn.softmax(jnp.where(inside, x, -jnp.inf), -1), 0)

    return call


# -- shapes ----------------------------------------------------------------------------------------------------


def _sequence_mask(node: Node):
    def call(x, length):
        inside = jnp.arange(x.shape[0])[:, None] < length
        return jnp.where(inside.reshape(*inside.shape, *(1,) * (x.ndim - 2)), x, 0)

    return call


def _slice_channel(node: Node):
    count, axis, squeeze = node.whole("num_outputs"), node.whole("axis", 1), node.flag("squeeze_axis")

    def call(x):
        parts = jnp.split(x, count, axis)
        return tuple(p.squeeze(axis) for p in parts) if squeeze else tuple(parts)

    return call


def _slice(node: Node):
    parts = tuple(slice(a, b) for a, b in zip(node.wholes("begin"), node.wholes("end"), strict=True))
    return lambda x: x[parts]


def _l2_normalize(node: Node):
    eps = node.number("eps", 1e-10)
    return lambda x: x * lax.rsqrt(jnp.sum(x * x, 1, keepdims=True) + eps)


# -- detection -------------------------------------------------------------------------------------------------


def _detections(node: Node):
    count, least, overlap, variances = settings(node)
    rest = node.shapes[0][1] - count

    def image(scores, places, boxes):
        best, which = lax.top_k(jnp.max(scores[1:], 0), count)
        kinds = jnp.argmax(scores[1:], 0)[which]
        low, high = jnp.split(boxes[which], 2, 1)
        shift, growth = jnp.split(places.reshape(-1, 4)[which] * jnp.asarray(variances), 2, 1)
        centre, extent = (low + high) / 2 + shift * (high - low), jnp.exp(growth) * (high - low) / 2
        low, high = jnp.clip(centre - extent, 0, 1), jnp.clip(centre + extent, 0, 1)
        common = jnp.maximum(jnp.minimum(high[:, None], high) - jnp.maximum(low[:, None], low), 0).prod(-1)
        area = (high - low).prod(-1)
        rivals = (common > overlap * (area[:, None] + area - common)) & (kinds[:, None] == kinds)
        rivals = jnp.triu(rivals, 1)
        kept = lax.fori_loop(0, count, lambda i, kept: kept & ~(rivals[i] & kept[i]), best > least)
        rows = jnp.concatenate([jnp.where(kept, kinds, -1)[:, None], best[:, None], low, high], 1)
        return jnp.pad(rows, ((0, rest), (0, 0)), constant_values=-1)

    return lambda scores, places, boxes: jax.vmap(image, (0, 0, None))(scores, places, boxes[0])


OPERATORS = {
    "_contrib_MultiBoxPrior": lambda n: lambda x: jnp.asarray(anchors(n)),
    "_contrib_MultiBoxDetection": _detections,
    "Convolution": _convolution,
    "FullyConnected": _dense,
    "Pooling": _pooling,
    "Activation": lambda n: ACTIVATIONS[n.text("act_type")],
    "LeakyReLU": _leaky,
    "LayerNorm": _layer_norm,
    "SoftmaxOutput": lambda n: _softmax_loss,
    "RNN": _lstm,
    "Embedding": lambda n: lambda ids, weight: jnp.take(weight, ids.astype("int32"), 0, mode="clip"),
    "_contrib_interleaved_matmul_selfatt_qk": _scores,
    "_contrib_interleaved_matmul_selfatt_valatt": _context,
    "softmax": _softmax,
    "SequenceMask": _sequence_mask,
    "SliceChannel": _slice_channel,
    "slice": _slice,
    "Reshape": lambda n: lambda x: x.reshape(n.shapes[0]),
    "Flatten": lambda n: lambda x: x.reshape(n.shapes[0]),
    "transpose": lambda n: lambda x: x.transpose(n.wholes("axes")),
    "expand_dims": lambda n: lambda x: jnp.expand_dims(x, n.whole("axis")),
    "broadcast_axis": lambda n: lambda x: jnp.broadcast_to(x, n.shapes[0]),
    "Concat": lambda n: lambda *xs: jnp.concatenate(xs, n.whole("dim", 1)),
    "stack": lambda n: lambda *xs: jnp.stack(xs, n.whole("axis")),
    "clip": lambda n: lambda x: jnp.clip(x, n.number("a_min"), n.number("a_max")),
    "Cast": lambda n: lambda x: x.astype(n.text("dtype")),
    "zeros_like": lambda n: jnp.zeros_like,
    "_contrib_arange_like": lambda n: lambda x: jnp.arange(x.shape[n.whole("axis")], dtype=x.dtype),
    "elemwise_add": lambda n: jnp.add,
    "broadcast_add": lambda n: jnp.add,
    "elemwise_mul": lambda n: jnp.multiply,
    "broadcast_mul": lambda n: jnp.multiply,
    "L2Normalization": _l2_normalize,
}
"""Functions of each operator that the measured nets use."""
