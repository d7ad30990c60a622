"""PyTorch: the graph with torch.nn.functional, images and filters channels-last; as it is or under torch.compile."""

import numpy as np
import torch
import torch.nn.functional as F

from benchmarks.peers.detection import anchors, settings
from benchmarks.peers.graph import Graph, Node, Steps, lstm_parts, pads_of_pool


def version() -> str:
    """Version of what computes."""
    return f"PyTorch {torch.__version__}"


class Session:
    """Leaves as tensors and the calls over them."""

    def __init__(self, graph: Graph, training: bool, options: dict):
        torch.set_num_threads(options["threads"])
        self._training = training
        self._values = {n: _tensor(v, n in graph.whole_numbers) for n, v in (graph.args | graph.aux).items()}
        self._trained = graph.trained if training else []
        for name in self._trained:
            self._values[name].requires_grad_(True)
        self._heads = [torch.from_numpy(h) for h in graph.head_gradients]
        norm = _batch_norm if training else _fixed_norm
        head = _loss if training else lambda n: lambda x, label: F.softmax(x, -1)
        self._steps = Steps(graph, {**OPERATORS, "BatchNorm": norm, "SoftmaxOutput": head})
        if options.get("compile"):
            self._steps = torch.compile(self._steps)

    def step(self) -> None:
        """Inference, or forward and backward."""
        if not self._training:
            with torch.inference_mode():
                self._outputs = self._steps(self._values)
            return
        outputs = self._steps(self._values)
        if self._heads:
            ends, self._outputs = outputs, outputs
        else:
            ends, self._outputs = [o.loss for o in outputs], outputs
        wanted = [self._values[n] for n in self._trained]
        self._grads = torch.autograd.grad(ends, wanted, self._heads or None)

    def results(self) -> dict[str, np.ndarray]:
        """Outputs, and gradients when training."""
        outputs = [o.log_p.exp() if isinstance(o, Loss) else o for o in self._outputs]
        found = {f"out:{i}": o.detach().contiguous().numpy() for i, o in enumerate(outputs)}
        if self._training:
            found |= {f"grad:{n}": g.contiguous().numpy() for n, g in zip(self._trained, self._grads, strict=True)}
        return found


def _tensor(value: np.ndarray, whole: bool) -> torch.Tensor:
    tensor = torch.from_numpy(value)
    if whole:
        return tensor.long()
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor


class Loss:
    """What a loss head gives in training: the summed loss and the log-probabilities."""

    def __init__(self, loss: torch.Tensor, log_p: torch.Tensor):
        self.loss, self.log_p = loss, log_p


def _loss(node: Node):
    def call(x, label):
        log_p = F.log_softmax(x, -1)
        return Loss(F.nll_loss(log_p, label, reduction="sum"), log_p)

    return call


# -- layers ----------------------------------------------------------------------------------------------------


def _convolution(node: Node):
    kernel = node.wholes("kernel")
    strides, pads, dilate = (node.wholes(k, (d,) * len(kernel)) for k, d in (("stride", 1), ("pad", 0), ("dilate", 1)))
    groups = node.whole("num_group", 1)
    return lambda x, weight, bias=None: F.conv2d(x, weight, bias, strides, pads, dilate, groups)


def _dense(node: Node):
    if node.flag("flatten", True):
        return lambda x, weight, bias=None: F.linear(x.flatten(1), weight, bias)
    return F.linear


def _norm(node: Node, training: bool):
    eps, momentum, fixed = node.number("eps", 1e-3), 1 - node.number("momentum", 0.9), node.flag("fix_gamma", True)

    def call(x, gamma, beta, mean, var):
        return F.batch_norm(x, mean, var, None if fixed else gamma, beta, training, momentum, eps)

    return call


def _batch_norm(node: Node):
    return _norm(node, True)


def _fixed_norm(node: Node):
    return _norm(node, False)


def _pooling(node: Node):
    maximum = node.text("pool_type", "max") == "max"
    if node.flag("global_pool"):
        return (lambda x: x.amax((2, 3), keepdim=True)) if maximum else (lambda x: F.adaptive_avg_pool2d(x, 1))
    kernel = node.wholes("kernel")
    strides, pads = node.wholes("stride", (1,) * len(kernel)), node.wholes("pad", (0,) * len(kernel))
    full = any(before != after for before, after in _pads(node))
    if maximum:
        return lambda x: F.max_pool2d(x, kernel, strides, pads, ceil_mode=full)
    if full:
        raise NotImplementedError(f"{node.name}: average pooling over a partial window")
    return lambda x: F.avg_pool2d(x, kernel, strides, pads)


def _pads(node: Node):
    source, output = node.inputs[0]
    return pads_of_pool(node, source.shapes[output][2:])


ACTIVATIONS = {"relu": F.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "softrelu": F.softplus}


def _leaky(node: Node):
    if node.text("act_type", "leaky") != "gelu":
        raise NotImplementedError(f"{node.name}: LeakyReLU of kind {node.text('act_type')}")
    return F.gelu


def _layer_norm(node: Node):
    eps = node.number("eps", 1e-5)
    return lambda x, gamma, beta: F.layer_norm(x, x.shape[-1:], gamma, beta, eps)


def _lstm(node: Node):
    layers, hidden = node.whole("num_layers"), node.whole("state_size")
    if node.text("mode") != "lstm" or node.flag("bidirectional"):
        raise NotImplementedError(f"{node.name}: only a one-directional LSTM is written here")

    def call(x, flat, h, c):
        weights = [w for part in lstm_parts(flat, layers, hidden, x.shape[-1]) for w in part]
        training = torch.is_grad_enabled()
        return torch._VF.lstm(x, (h, c), weights, True, layers, 0.0, training, False, False)[0]

    return call


# -- attention -------------------------------------------------------------------------------------------------


class Attention:
    """Queries, keys and mask on their way to `scaled_dot_product_attention`, which computes all of it at once."""

    def __init__(self, q, k, mask=None):
        self.q, self.k, self.mask = q, k, mask


def _heads_of(x, heads):
    """(T, N, heads * 3 * d) -> queries, keys, values (N, heads, T, d)."""
    steps, batch, _ = x.shape
    return x.view(steps, batch, heads, 3, -1).permute(3, 1, 2, 0, 4)


def _scores(node: Node):
    heads = node.whole("heads")

    def call(x):
        q, k, _ = _heads_of(x, heads)
        return Attention(q, k)

    return call


def _softmax(node: Node):
    axis = node.whole("axis", -1)

    def call(x, length=None):
        if not isinstance(x, Attention):
            return F.softmax(x, axis)
        batch, heads, steps, _ = x.q.shape
        rows = length.view(batch, heads, steps)[:, :1, :1, None]  # the same length for every head and row
        return Attention(x.q, x.k, torch.arange(steps) < rows)

    return call


def _context(node: Node):
    heads = node.whole("heads")

    def call(x, shares):
        steps, batch = x.shape[:2]
        y = F.scaled_dot_product_attention(shares.q, shares.k, _heads_of(x, heads)[2], shares.mask)
        return y.permute(2, 0, 1, 3).reshape(steps, batch, -1)

    return call


# -- shapes ----------------------------------------------------------------------------------------------------


def _sequence_mask(node: Node):
    def call(x, length):
        outside = torch.arange(x.shape[0])[:, None] >= length
        return x.masked_fill(outside.view(*outside.shape, *(1,) * (x.ndim - 2)), 0)

    return call


def _slice_channel(node: Node):
    count, axis, squeeze = node.whole("num_outputs"), node.whole("axis", 1), node.flag("squeeze_axis")
    if squeeze:
        return lambda x: x.unbind(axis)
    return lambda x: x.chunk(count, axis)


def _slice(node: Node):
    parts = tuple(slice(a, b) for a, b in zip(node.wholes("begin"), node.wholes("end"), strict=True))
    return lambda x: x[parts]


def _concat(node: Node):
    axis = node.whole("dim", 1)
    return lambda *xs: torch.cat(xs, axis)


def _stack(node: Node):
    axis = node.whole("axis")
    return lambda *xs: torch.stack(xs, axis)


def _transpose(node: Node):
    axes = node.wholes("axes")
    return lambda x: x.permute(axes)


def _reshape(node: Node):
    shape = node.shapes[0]
    return lambda x: x.reshape(shape)


def _clip(node: Node):
    low, high = node.number("a_min"), node.number("a_max")
    return (lambda x: F.relu6(x)) if (low, high) == (0, 6) else (lambda x: torch.clamp(x, low, high))


def _l2_normalize(node: Node):
    eps = node.number("eps", 1e-10)
    return lambda x: x * torch.rsqrt((x * x).sum(1, keepdim=True) + eps)


# -- detection -------------------------------------------------------------------------------------------------


def _anchors(node: Node):
    boxes = torch.from_numpy(anchors(node))
    return lambda x: boxes


def _detections(node: Node):
    count, least, overlap, variances = settings(node)
    rest, scale = node.shapes[0][1] - count, torch.tensor(variances)

    def call(scores, places, boxes):
        best, kinds = scores[:, 1:].max(1)
        best, which = best.topk(count, 1)
        kinds = kinds.gather(1, which)
        low, high = boxes[0][which].split(2, 2)
        places = places.view(len(places), -1, 4)
        shift, growth = (places.gather(1, which[..., None].expand(-1, -1, 4)) * scale).split(2, 2)
        centre, extent = (low + high) / 2 + shift * (high - low), growth.exp() * (high - low) / 2
        low, high = (centre - extent).clamp(0, 1), (centre + extent).clamp(0, 1)
        common = torch.minimum(high[:, :, None], high[:, None]) - torch.maximum(low[:, :, None], low[:, None])
        common, area = common.clamp(min=0).prod(-1), (high - low).prod(-1)
        rivals = common > overlap * (area[:, :, None] + area[:, None] - common)
        rivals = (rivals & (kinds[:, :, None] == kinds[:, None])).triu(1)
        kept = best > least
        for i in range(count):
            kept &= ~(rivals[:, i] & kept[:, i : i + 1])
        rows = torch.cat([kinds.where(kept, torch.tensor(-1))[..., None], best[..., None], low, high], 2)
        return F.pad(rows, (0, 0, 0, rest), value=-1)

    return call


OPERATORS = {
    "_contrib_MultiBoxPrior": _anchors,
    "_contrib_MultiBoxDetection": _detections,
    "Convolution": _convolution,
    "FullyConnected": _dense,
    "Pooling": _pooling,
    "Activation": lambda n: ACTIVATIONS[n.text("act_type")],
    "LeakyReLU": _leaky,
    "LayerNorm": _layer_norm,
    "RNN": _lstm,
    "Embedding": lambda n: lambda ids, weight: F.embedding(ids, weight),
    "_contrib_interleaved_matmul_selfatt_qk": _scores,
    "_contrib_interleaved_matmul_selfatt_valatt": _context,
    "softmax": _softmax,
    "SequenceMask": _sequence_mask,
    "SliceChannel": _slice_channel,
    "slice": _slice,
    "Reshape": _reshape,
    "Flatten": lambda n: lambda x: x.flatten(1),
    "transpose": _transpose,
    "expand_dims": lambda n: lambda x, axis=n.whole("axis"): x.unsqueeze(axis),
    "broadcast_axis": lambda n: lambda x: x.expand(n.shapes[0]),
    "Concat": _concat,
    "stack": _stack,
    "clip": _clip,
    "Cast": lambda n: lambda x, kind=getattr(torch, n.text("dtype")): x.to(kind),
    "zeros_like": lambda n: torch.zeros_like,
    "_contrib_arange_like": lambda n: lambda x: torch.arange(x.shape[n.whole("axis")]),
    "elemwise_add": lambda n: torch.add,
    "broadcast_add": lambda n: torch.add,
    "elemwise_mul": lambda n: torch.mul,
    "broadcast_mul": lambda n: torch.mul,
    "L2Normalization": _l2_normalize,
}
"""Functions of each operator that the measured nets use."""
