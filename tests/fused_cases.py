"""Layers that oneDNN fused and quantised, one graph each, and their inputs; MXNet's outputs are in tests/data.

Run with an MXNet 1.9.1 on a CPU with VNNI, `python tests/fused_cases.py tests/data/fused_quantized.npz` records them.
"""

import json
import sys

import numpy as np

ACTIVATIONS = {
    "relu": ("Activation", {"act_type": "relu"}),
    "leaky": ("LeakyReLU", {"act_type": "leaky", "slope": "0.25"}),
    "gelu": ("LeakyReLU", {"act_type": "gelu"}),
    "relu6": ("clip", {"a_min": "0", "a_max": "6"}),
    "abs": ("abs", {}),
}


class _Graph:
    """Nodes of a graph in the making."""

    def __init__(self):
        self.nodes: list[dict] = []

    def add(self, op: str, name: str, inputs=(), attrs=None, **more) -> int:
        entries = [[i, 0, 0] for i in inputs]
        self.nodes.append({"op": op, "name": name, "attrs": attrs or {}, "inputs": entries, **more})
        return len(self.nodes) - 1

    def whole(self, heads: list[list[int]]) -> dict:
        variables = [i for i, n in enumerate(self.nodes) if n["op"] == "null"]
        return {"nodes": self.nodes, "arg_nodes": variables, "heads": heads}


def _bytes(rng, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    return (rng.randint(0, 256, shape) if dtype == "uint8" else rng.randint(-127, 128, shape)).astype(dtype)


def _fused(op: str, inside: _Graph, last: int, attrs: dict, more: list[str], outputs: int) -> str:
    """The JSON of one fused node around a subgraph, with further inputs."""
    outer = _Graph()
    names = [n["name"] for n in inside.nodes if n["op"] == "null"] + more
    for name in names:
        outer.add("null", name)
    node = outer.add(op, "fused", range(len(names)), attrs, subgraphs=[inside.whole([[last, 0, 0]])])
    for i, name in enumerate(names):
        outer.nodes[node]["inputs"][i][2] = int(name in ("mean", "var"))
    made = outer.whole([[node, i, 0] for i in range(outputs)])
    return json.dumps(made | {"attrs": {"mxnet_version": ["int", 10500]}})


def _calibrated(attrs: dict, calibrated) -> dict:
    if calibrated is None:
        return attrs
    return attrs | {"min_calib_range": repr(calibrated[0]), "max_calib_range": repr(calibrated[1])}


def conv(
    channels=8, size=6, filters=8, kernel=3, stride=1, pad=1, dilate=1, group=1, dtype="uint8", bias=False, bn=True,
    act=None, added=None, post=None, calibrated=(0.0, 3.0), data=(0.0, 2.0), addition=(0.0, 2.0),
):  # fmt: skip
    """(JSON, inputs by name) of a fused and quantised convolution."""
    g, rng = _Graph(), np.random.RandomState(0)
    out = (size + 2 * pad - dilate * (kernel - 1) - 1) // stride + 1
    values = {
        "data": _bytes(rng, dtype, (1, channels, size, size)),
        "weight": rng.uniform(-0.2, 0.2, (filters, channels // group, kernel, kernel)),
    }
    ins = [g.add("null", "data"), g.add("null", "weight")]
    if bias:
        ins.append(g.add("null", "bias"))
        values["bias"] = rng.uniform(-0.5, 0.5, filters)
    attrs = {k: f"({v}, {v})" for k, v in (("kernel", kernel), ("stride", stride), ("pad", pad), ("dilate", dilate))}
    attrs |= {"num_filter": str(filters), "num_group": str(group), "no_bias": str(not bias)}
    last = g.add("Convolution", "c", ins, attrs)
    fused = {"quantized": "true"}
    if bn:
        ends = {"gamma": (0.8, 1.2), "beta": (-0.1, 0.1), "mean": (-0.2, 0.2), "var": (0.7, 1.3)}
        states = [g.add("null", n) for n in ends]
        values |= {n: rng.uniform(*e, filters) for n, e in ends.items()}
        last = g.add("BatchNorm", "bn", [last, *states], {"fix_gamma": "False", "eps": "1e-05"})
        g.nodes[last]["inputs"][3][2] = g.nodes[last]["inputs"][4][2] = 1
        fused["with_bn"] = "true"
    if act:
        last = g.add(ACTIVATIONS[act][0], "act", [last], ACTIVATIONS[act][1])
        fused["with_act"] = "true"
    if added:
        last = g.add("elemwise_add", "plus", [last, g.add("null", "added")])
        values["added"] = _bytes(rng, added, (1, filters, out, out))
        fused["with_sum"] = "true"
    if post:
        last = g.add(ACTIVATIONS[post][0], "post", [last], ACTIVATIONS[post][1])
        fused["with_postsum_act"] = "true"
    ranges = {"data_min": data[0], "data_max": data[1]}
    ranges |= {"sum_min": addition[0], "sum_max": addition[1]} if added else {}
    values |= {n: np.array([v]) for n, v in ranges.items()}
    return _fused("_sg_mkldnn_conv", g, last, _calibrated(fused, calibrated), list(ranges), 3), _float32(values)


def affine(
    width=20, hidden=8, dtype="uint8", bias=True, act=None, calibrated=None, data=(0.0, 2.0), channel_wise=False,
    float_output=False, flatten=True, biases=(-0.5, 0.5),
):  # fmt: skip
    """(JSON, inputs by name) of a fused and quantised affine map."""
    g, rng = _Graph(), np.random.RandomState(0)
    floats = channel_wise
    values = {
        "data": _bytes(rng, dtype, (3, width) if flatten else (3, 2, width)),
        "weight": rng.uniform(-0.3, 0.3, (hidden, width)) if floats else _bytes(rng, "int8", (hidden, width)),
    }
    ins = [g.add("null", "data"), g.add("null", "weight")]
    if bias:
        ins.append(g.add("null", "bias"))
        values["bias"] = rng.uniform(-0.5, 0.5, hidden) if floats else _bytes(rng, "int8", (hidden,))
    attrs = {"num_hidden": str(hidden), "no_bias": str(not bias), "flatten": str(flatten)}
    last = g.add("FullyConnected", "c", ins, attrs)
    fused = {"quantized": "True"}
    if act:
        last = g.add(ACTIVATIONS[act][0], "act", [last], ACTIVATIONS[act][1])
        fused["with_eltwise"] = "true"
    ranges = {"min_data": data[0], "max_data": data[1]}
    if channel_wise:
        fused["channel_wise_quantize"] = "True"
    else:
        ranges |= {"min_weight": -0.3, "max_weight": 0.25}
        ranges |= {"min_bias": biases[0], "max_bias": biases[1]} if bias else {}
    if float_output:
        fused["enable_float_output"] = "True"
    values |= {n: np.array([v]) for n, v in ranges.items()}
    made = _calibrated(fused, calibrated)
    return _fused(
        "_sg_mkldnn_fully_connected", g, last, made, list(ranges), 1 if float_output else 3
    ), _float32(values)  # fmt: skip


def _float32(values: dict) -> dict[str, np.ndarray]:
    return {n: v.astype("float32") if v.dtype == np.float64 else v for n, v in values.items()}


SIGNED = {"dtype": "int8", "data": (-2.0, 1.5)}
CASES = {
    "plain": conv(calibrated=(-2.5, 3.0)),
    "signed": conv(**SIGNED, calibrated=(-2.5, 3.0)),
    "relu": conv(act="relu"),
    "signed relu": conv(**SIGNED, act="relu"),
    "bias": conv(bias=True, bn=False, calibrated=(-3.0, 3.0)),
    "bias and norm": conv(bias=True, act="relu"),
    "no bias": conv(bn=False, calibrated=(-3.0, 2.0)),
    "bias too large": conv(bias=True, bn=False, calibrated=(-3.0, 3.0), data=(0.0, 1e-7)),
    "depthwise": conv(group=8, act="relu"),
    "depthwise signed stride": conv(**SIGNED, group=8, stride=2, calibrated=(-3.0, 3.0)),
    "pointwise": conv(channels=16, kernel=1, pad=0, act="relu"),
    "pointwise stride": conv(channels=16, kernel=1, pad=0, stride=2, act="relu"),
    "first layer": conv(**SIGNED, channels=3, kernel=7, stride=2, pad=3, size=12, act="relu"),
    "dilated": conv(dilate=2, pad=2, act="relu"),
    "odd channels": conv(channels=5, filters=7, act="relu"),
    "sum": conv(added="uint8", post="relu"),
    "sum of signed": conv(added="int8", addition=(-2.0, 2.0), post="relu"),
    "sum without relu": conv(added="uint8", calibrated=(-3.0, 3.0)),
    "sum of signed without relu": conv(added="int8", addition=(-2.0, 1.0), calibrated=(-3.0, 3.0)),
    "leaky": conv(act="leaky", calibrated=(-1.0, 3.0)),
    "gelu": conv(act="gelu", calibrated=(-1.0, 3.0)),
    "relu6": conv(act="relu6", calibrated=(0.0, 6.0)),
    "not calibrated": conv(calibrated=None),
    "not calibrated signed relu": conv(**SIGNED, calibrated=None, act="relu"),
    "not calibrated sum": conv(calibrated=None, added="int8"),
    "affine": affine(),
    "affine no bias": affine(bias=False),
    "affine signed": affine(**SIGNED),
    "affine calibrated": affine(calibrated=(-2.0, 3.0)),
    "affine relu": affine(act="relu", calibrated=(0.0, 3.0)),
    "affine relu not calibrated": affine(act="relu"),
    "affine gelu": affine(act="gelu", calibrated=(-0.2, 3.0)),
    "affine leaky": affine(act="leaky", calibrated=(-1.0, 3.0)),
    "affine relu6": affine(act="relu6", calibrated=(0.0, 6.0)),
    "affine abs": affine(act="abs", calibrated=(0.0, 3.0)),
    "affine float": affine(float_output=True, act="relu"),
    "affine by channel": affine(channel_wise=True, calibrated=(-3.0, 2.0)),
    "affine by channel signed float": affine(**SIGNED, channel_wise=True, float_output=True),
    "affine bias too large": affine(data=(0.0, 1e-6), biases=(-5.0, 5.0)),
    "affine of rows": affine(flatten=False, calibrated=(-2.0, 3.0)),
}


def outputs(mx, name: str) -> list[np.ndarray]:
    """What an implementation of MXNet's API gives for a case."""
    text, values = CASES[name]
    net = mx.sym.load_json(text)
    arrays = {n: mx.nd.array(v, dtype=v.dtype) for n, v in values.items()}
    states = {n: arrays.pop(n) for n in net.list_auxiliary_states()}
    return [x.asnumpy() for x in net.bind(mx.cpu(), arrays, aux_states=states, grad_req="null").forward()]


if __name__ == "__main__":
    import mxnet

    found = {f"{name}/{i}": x for name in CASES for i, x in enumerate(outputs(mxnet, name))}
    np.savez_compressed(sys.argv[1], **found)
