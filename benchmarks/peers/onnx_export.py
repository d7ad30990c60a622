"""A task's graph as an ONNX model: parameters become initialisers, the given inputs stay inputs."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.peers.detection import anchors, settings
from benchmarks.peers.graph import Graph, Node, lstm_parts, pads_of_pool

OPSET = 20


class Exporter:
    """Collects ONNX nodes; values are names of ONNX tensors."""

    def __init__(self, graph: Graph):
        self._graph = graph
        self._nodes: list = []
        self._constants: dict[str, np.ndarray] = {}
        self._count = 0

    def constant(self, value, dtype="i8") -> str:
        """A constant's name."""
        self._count += 1
        name = f"const_{self._count}"
        self._constants[name] = np.asarray(value, dtype)
        return name

    def value_of(self, name: str) -> np.ndarray:
        """The array of an initialiser."""
        return self._constants[name]

    def add(self, op: str, *inputs: str, count: int = 1, domain: str = "", **attrs):
        """Adds a node; the name of its output, or of its `count` outputs."""
        self._count += 1
        names = [f"v{self._count}_{i}" for i in range(count)]
        self._nodes.append(helper.make_node(op, list(inputs), names, domain=domain, **attrs))
        return names[0] if count == 1 else tuple(names)

    def model(self) -> onnx.ModelProto:
        """The whole model; its outputs are `out0`, `out1` ..."""
        graph = self._graph
        inputs, done = [], {}
        for node in graph.nodes:
            if node.op != "null":
                if node.op not in OPERATORS:
                    raise NotImplementedError(f"{node.name}: no ONNX form of {node.op} is written here")
                result = OPERATORS[node.op](self, node, *[done[id(n)][k] for n, k in node.inputs])
            elif node.name in graph.fixed:
                kind = TensorProto.INT64 if node.name in graph.whole_numbers else TensorProto.FLOAT
                if node.name != "softmax_label":
                    inputs.append(helper.make_tensor_value_info(node.name, kind, graph.args[node.name].shape))
                result = node.name
            else:
                value = graph.args.get(node.name, graph.aux.get(node.name))
                self._constants[node.name] = value
                result = node.name
            done[id(node)] = result if isinstance(result, tuple) else (result,)
        outputs = []
        for i, (node, k) in enumerate(graph.heads):
            self._nodes.append(helper.make_node("Identity", [done[id(node)][k]], [f"out{i}"]))
            outputs.append(helper.make_tensor_value_info(f"out{i}", TensorProto.FLOAT, node.shapes[k]))
        stored = [numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in self._constants.items()]
        made = helper.make_graph(self._nodes, "net", inputs, outputs, stored)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
        return helper.make_model(made, opset_imports=opsets, ir_version=10)


# -- layers ----------------------------------------------------------------------------------------------------


def _convolution(e: Exporter, node: Node, x, weight, bias=None):
    kernel = node.wholes("kernel")
    strides, pads, dilate = (node.wholes(k, (d,) * len(kernel)) for k, d in (("stride", 1), ("pad", 0), ("dilate", 1)))
    inputs = [x, weight] if bias is None else [x, weight, bias]
    return e.add(
        "Conv", *inputs, kernel_shape=kernel, strides=strides, pads=pads + pads, dilations=dilate,
        group=node.whole("num_group", 1),
    )  # fmt: skip


def _dense(e: Exporter, node: Node, x, weight, bias=None):
    if node.flag("flatten", True):
        inputs = [weight] if bias is None else [weight, bias]
        return e.add("Gemm", e.add("Flatten", x, axis=1), *inputs, transB=1)
    y = e.add("MatMul", x, e.add("Transpose", weight, perm=[1, 0]))
    return y if bias is None else e.add("Add", y, bias)


def _norm(e: Exporter, node: Node, x, gamma, beta, mean, var):
    if node.flag("fix_gamma", True):
        gamma = e.constant(np.ones_like(e.value_of(gamma)), "f4")
    return e.add("BatchNormalization", x, gamma, beta, mean, var, epsilon=node.number("eps", 1e-3))


def _pooling(e: Exporter, node: Node, x):
    maximum = node.text("pool_type", "max") == "max"
    if node.flag("global_pool"):
        return e.add("GlobalMaxPool" if maximum else "GlobalAveragePool", x)
    kernel = node.wholes("kernel")
    source, output = node.inputs[0]
    pads = pads_of_pool(node, source.shapes[output][2:])
    attrs = {
        "kernel_shape": kernel,
        "strides": node.wholes("stride", (1,) * len(kernel)),
        "pads": [p[0] for p in pads] + [p[1] for p in pads],
    }
    return e.add("MaxPool", x, **attrs) if maximum else e.add("AveragePool", x, count_include_pad=1, **attrs)


ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh", "softrelu": "Softplus"}


def _leaky(e: Exporter, node: Node, x):
    if node.text("act_type", "leaky") != "gelu":
        raise NotImplementedError(f"{node.name}: LeakyReLU of kind {node.text('act_type')}")
    return e.add("Gelu", x)


def _lstm(e: Exporter, node: Node, x, flat, h, c):
    layers, hidden = node.whole("num_layers"), node.whole("state_size")
    if node.text("mode") != "lstm" or node.flag("bidirectional"):
        raise NotImplementedError(f"{node.name}: only a one-directional LSTM is written here")
    width = node.inputs[0][0].shapes[node.inputs[0][1]][-1]
    for layer, (wi, wh, bi, bh) in enumerate(lstm_parts(e.value_of(flat), layers, hidden, width)):
        w, r, b, d = (_iofc(part, hidden) for part in (wi, wh, bi, bh))
        both = np.concatenate([b, d])
        index = e.constant([layer])
        first = [e.add("Gather", s, index, axis=0) for s in (h, c)]
        weights = [e.constant(v[None], "f4") for v in (w, r, both)]
        y = e.add("LSTM", x, *weights, "", *first, hidden_size=hidden)
        x = e.add("Squeeze", y, e.constant([1]))
    return x


def _iofc(part: np.ndarray, hidden: int) -> np.ndarray:
    """The four gates from MXNet's order (input, forget, cell, output) to ONNX's (input, output, forget, cell)."""
    i, f, g, o = np.split(part, 4)
    return np.concatenate([i, o, f, g])


# -- attention -------------------------------------------------------------------------------------------------


class Attention:
    """Queries, keys and lengths on their way to the runtime's own fused attention."""

    def __init__(self, q: str, k: str, length: str = ""):
        self.q, self.k, self.length = q, k, length


def _parts(e: Exporter, node: Node, x):
    """(T, N, heads * 3 * d) -> queries, keys, values (N, T, heads * d)."""
    source, output = node.inputs[0]
    steps, batch, width = source.shapes[output]
    heads = node.whole("heads")
    x = e.add("Reshape", x, e.constant([steps, batch, heads, 3, width // heads // 3]))
    parts = e.add("Split", e.add("Transpose", x, perm=[3, 1, 0, 2, 4]), axis=0, num_outputs=3, count=3)
    return [e.add("Reshape", p, e.constant([batch, steps, width // 3])) for p in parts]


def _scores(e: Exporter, node: Node, x):
    q, k, _ = _parts(e, node, x)
    return Attention(q, k)


def _softmax(e: Exporter, node: Node, x, length=None):
    if not isinstance(x, Attention):
        return e.add("Softmax", x, axis=node.whole("axis", -1))
    return Attention(x.q, x.k, length or "")


def _context(e: Exporter, node: Node, x, shares):
    source, output = node.inputs[0]
    steps, batch, _ = source.shapes[output]
    heads = node.whole("heads")
    inputs = [shares.q, shares.k, _parts(e, node, x)[2]]
    if shares.length:  # (N * heads, T), the same for every head and row of a sentence
        first = e.add("Reshape", shares.length, e.constant([batch, heads * steps]))
        lengths = e.add("Slice", first, e.constant([0]), e.constant([1]), e.constant([1]))
        inputs += ["", e.add("Reshape", lengths, e.constant([batch]))]
    y = e.add("MultiHeadAttention", *inputs, domain="com.microsoft", num_heads=heads)
    return e.add("Transpose", y, perm=[1, 0, 2])


# -- shapes ----------------------------------------------------------------------------------------------------


def _embedding(e: Exporter, node: Node, ids, weight):
    return e.add("Gather", weight, e.add("Cast", ids, to=TensorProto.INT64), axis=0)


def _sequence_mask(e: Exporter, node: Node, x, length):
    steps, *rest = node.shapes[0]
    rows = e.constant(np.arange(steps)[:, None], "f4")
    inside = e.add("Less", rows, length)
    inside = e.add("Reshape", inside, e.constant([steps, rest[0], *[1] * (len(rest) - 1)]))
    return e.add("Where", inside, x, e.constant(0, "f4"))


def _slice_channel(e: Exporter, node: Node, x):
    count, axis = node.whole("num_outputs"), node.whole("axis", 1)
    parts = e.add("Split", x, axis=axis, num_outputs=count, count=count)
    if not node.flag("squeeze_axis"):
        return parts
    axes = e.constant([axis])
    return tuple(e.add("Squeeze", p, axes) for p in parts)


def _slice(e: Exporter, node: Node, x):
    begin, end = node.wholes("begin"), node.wholes("end")
    ends = [2**31 if v is None else v for v in end]
    return e.add("Slice", x, e.constant(begin), e.constant(ends), e.constant(range(len(begin))))


def _reshape(e: Exporter, node: Node, x):
    return e.add("Reshape", x, e.constant(node.shapes[0]))


def _stack(e: Exporter, node: Node, *xs):
    axes = e.constant([node.whole("axis")])
    return e.add("Concat", *[e.add("Unsqueeze", x, axes) for x in xs], axis=node.whole("axis"))


def _clip(e: Exporter, node: Node, x):
    return e.add("Clip", x, e.constant(node.number("a_min"), "f4"), e.constant(node.number("a_max"), "f4"))


def _cast(e: Exporter, node: Node, x):
    return e.add("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(node.text("dtype"))))


def _norm_channels(e: Exporter, node: Node, x):
    total = e.add("ReduceSum", e.add("Mul", x, x), e.constant([1]), keepdims=1)
    return e.add("Div", x, e.add("Sqrt", e.add("Add", total, e.constant(node.number("eps", 1e-10), "f4"))))


def _detections(e: Exporter, node: Node, scores, places, boxes):
    """The best boxes of an image, those that overlap a better one of their class marked -1, and -1 below them."""
    count, least, overlap, variances = settings(node)
    batch, total, _ = node.shapes[0]
    zero, axis1, axis2 = e.constant([0]), e.constant([1]), e.constant([2])
    classes = e.add("Slice", scores, e.constant([1]), e.constant([2**31]), axis1)
    best, which = e.add("TopK", e.add("ReduceMax", classes, axis1, keepdims=0), e.constant([count]), axis=1, count=2)
    kinds = e.add("ArgMax", classes, axis=1, keepdims=0)
    kinds = e.add("Cast", e.add("GatherElements", kinds, which, axis=1), to=TensorProto.FLOAT)
    at = e.add("Expand", e.add("Unsqueeze", which, axis2), e.constant([batch, count, 4]))
    places = e.add("GatherElements", e.add("Reshape", places, e.constant([batch, total, 4])), at, axis=1)
    boxes = e.add("Gather", e.add("Squeeze", boxes, zero), which, axis=0)
    half = e.constant(0.5, "f4")
    low, high = e.add("Split", boxes, axis=2, num_outputs=2, count=2)
    size = e.add("Sub", high, low)
    shift, growth = e.add("Split", e.add("Mul", places, e.constant(variances, "f4")), axis=2, num_outputs=2, count=2)
    centre = e.add("Add", e.add("Mul", e.add("Add", low, high), half), e.add("Mul", shift, size))
    extent = e.add("Mul", e.add("Mul", e.add("Exp", growth), size), half)
    corners = e.add("Concat", e.add("Sub", centre, extent), e.add("Add", centre, extent), axis=2)
    corners = e.add("Clip", corners, e.constant(0, "f4"), e.constant(1, "f4"))
    # boxes of different classes are moved apart, so that one suppression serves all classes
    apart = e.add("Add", corners, e.add("Unsqueeze", e.add("Mul", kinds, e.constant(2, "f4")), axis2))
    limits = e.constant(count), e.constant(overlap, "f4"), e.constant(least, "f4")
    kept = e.add("NonMaxSuppression", apart, e.add("Unsqueeze", best, axis1), *limits)
    pairs = e.add("Gather", kept, e.constant([0, 2]), axis=1)
    ones = e.add("Expand", e.constant(1, "f4"), e.add("Slice", e.add("Shape", kept), zero, axis1))
    marked = e.add("ScatterND", e.constant(np.zeros((batch, count)), "f4"), pairs, ones)
    kinds = e.add("Where", e.add("Greater", marked, half), kinds, e.constant(-1, "f4"))
    rows = e.add("Concat", *[e.add("Unsqueeze", v, axis2) for v in (kinds, best)], corners, axis=2)
    return e.add("Pad", rows, e.constant([0, 0, 0, 0, total - count, 0]), e.constant(-1, "f4"))


OPERATORS = {
    "_contrib_MultiBoxPrior": lambda e, n, x: e.constant(anchors(n), "f4"),
    "_contrib_MultiBoxDetection": _detections,
    "Convolution": _convolution,
    "FullyConnected": _dense,
    "BatchNorm": _norm,
    "Pooling": _pooling,
    "Activation": lambda e, n, x: e.add(ACTIVATIONS[n.text("act_type")], x),
    "LeakyReLU": _leaky,
    "LayerNorm": lambda e, n, x, g, b: e.add("LayerNormalization", x, g, b, axis=-1, epsilon=n.number("eps", 1e-5)),
    "SoftmaxOutput": lambda e, n, x, label: e.add("Softmax", x, axis=-1),
    "RNN": _lstm,
    "Embedding": _embedding,
    "_contrib_interleaved_matmul_selfatt_qk": _scores,
    "_contrib_interleaved_matmul_selfatt_valatt": _context,
    "softmax": _softmax,
    "SequenceMask": _sequence_mask,
    "SliceChannel": _slice_channel,
    "slice": _slice,
    "Reshape": lambda e, n, x: x if x == "softmax_label" else _reshape(e, n, x),
    "Flatten": _reshape,
    "transpose": lambda e, n, x: e.add("Transpose", x, perm=n.wholes("axes")),
    "expand_dims": lambda e, n, x: e.add("Unsqueeze", x, e.constant([n.whole("axis")])),
    "broadcast_axis": lambda e, n, x: e.add("Expand", x, e.constant(n.shapes[0])),
    "Concat": lambda e, n, *xs: e.add("Concat", *xs, axis=n.whole("dim", 1)),
    "stack": _stack,
    "clip": _clip,
    "Cast": _cast,
    "zeros_like": lambda e, n, x: e.constant(np.zeros(n.shapes[0]), "f4"),
    "_contrib_arange_like": lambda e, n, x: e.constant(np.arange(n.shapes[0][0]), "f4"),
    "elemwise_add": lambda e, n, a, b: e.add("Add", a, b),
    "broadcast_add": lambda e, n, a, b: e.add("Add", a, b),
    "elemwise_mul": lambda e, n, a, b: e.add("Mul", a, b),
    "broadcast_mul": lambda e, n, a, b: e.add("Mul", a, b),
    "L2Normalization": _norm_channels,
}
"""ONNX forms of each operator that the measured nets use."""
