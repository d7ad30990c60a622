"""Channels-last: convolutions and what stands between them run in the layout that kernels are fastest in.

A value with two or more axes may exist in two versions, as declared (N, C, *spatial) and channels last (N, *spatial,
C). Convolutions ask for the second; an operator that treats all points alike, or that can be told its axes, follows
the version that its input has; all others get the first. A transpose stands only where versions meet.
"""

from collections.abc import Sequence

import numpy as np

from declax import graph, tuned
from declax.graph import Entry, Node
from declax.layers import channels_last
from declax.layers.formulations import FORMULATIONS, Problem, default
from declax.layers.layout import fill, is_channels_first
from declax.passes import Known, enabled, images, uses_onednn
from declax.passes.rewriting import call, plan_operator, with_inputs
from declax.passes.versions import Rule, Versions, follows, like, moved_axis, replace, to_last
from declax.registry import OpDef, Tensor, deduce
from declax.rules import Shapes, assign
from declax.shapes import Shape, is_complete

_LAST = {1: "NWC", 2: "NHWC", 3: "NDHWC"}


def apply(heads: Sequence[Entry], known: Known) -> list[Entry]:
    """The heads over a graph whose convolutions are channels-last."""
    versions = Versions(known)
    for node in graph.topological(heads):
        _visit(versions, node)
    return [versions.first(e) for e in heads]


def _visit(versions: Versions, node: Node) -> None:
    rule = _RULES.get(node.op.name) if node.op is not None else None
    if rule is None or not rule(versions, node):
        inputs = [versions.first(e) for e in node.inputs]
        new = with_inputs(node, inputs)
        versions.keep(node, [Entry(new, i) for i in range(node.num_outputs())])


# -- convolution -----------------------------------------------------------------------------------------------


def _channels_last_convolution(
    data: Tensor,
    weight: Tensor,
    bias: Tensor | None = deduce(when=lambda no_bias: not no_bias),
    added: Tensor | None = deduce(when=lambda adds: adds),
    *,
    kernel: Shape,
    stride: Shape,
    dilate: Shape,
    pad: Shape,
    num_group: int,
    num_filter: int,
    no_bias: bool,
    formulation: str,
    prepared: bool = False,
    adds: bool = False,
    relu: bool = False,
):
    """A convolution by a formulation (layers/formulations.py), over `prepared` weights or plain ones, with its bias.

    Where the formulation takes them in the same pass, `added` is added and `relu` cuts off what is below 0.
    """
    window = channels_last.Window(kernel, stride, dilate, pad, num_group)
    how = FORMULATIONS[formulation]
    if how.fused is not None:
        return how.fused(data, weight, bias, added, window, relu)
    run = how.prepared if prepared and how.prepared is not None else how.run
    y = run(data, weight, window)
    return y if bias is None else y + bias


def _convolved(ins: Shapes, outs: Shapes, kernel, stride, dilate, pad, num_filter) -> None:
    data = ins[0]
    if data is not None and is_complete(data):
        sizes = tuple(d for d in data[1:-1] if d is not None)
        assign(outs, 0, (data[0], *channels_last.Window(kernel, stride, dilate, pad).out_sizes(sizes), num_filter))


def _prepared_weight(weight: Tensor, *, formulation: str):
    """Weights as a formulation computes with them at inference."""
    prepare = FORMULATIONS[formulation].prepare
    assert prepare is not None
    return prepare(weight)


CONVOLUTION = plan_operator(_channels_last_convolution, shape=_convolved)
_PREPARED = plan_operator(_prepared_weight)


def problem(node: Node, known: Known) -> Problem | None:
    """What a node is to the formulations of convolutions; None if it is no convolution that the layout pass takes."""
    p = node.params
    if node.op is None or p is None or node.op.name != "Convolution" or not is_channels_first(p["layout"]):
        return None
    data = node.inputs[0]
    n, channels, *space = known.shape(data)
    filled = (fill(p[k], len(space), default) for k, default in (("stride", 1), ("dilate", 1), ("pad", 0)))
    window = channels_last.Window(p["kernel"], *filled, num_group=p["num_group"])
    dtype = np.dtype(known.dtype(data)).name
    return Problem((n, *space, channels), p["num_filter"], window, dtype, known.train)


def _convolution(versions: Versions, node: Node) -> bool:
    p, found = node.params, problem(node, versions.known)
    if p is None or found is None:
        return False
    how = chosen(found) if "formulate" in enabled() else "convolution"
    window = found.window
    data, weight, *bias = node.inputs
    params = {k: getattr(window, k) for k in ("kernel", "stride", "dilate", "pad", "num_group")}
    params |= {"num_filter": found.filters, "no_bias": p["no_bias"], "formulation": how}
    moved = versions.weight(weight)
    if FORMULATIONS[how].prepare is not None and not found.train:
        moved = call(_PREPARED, weight.node, [moved], {"formulation": how}, "_prepared")[0]
        params["prepared"] = True
    inputs = [versions.last(data), moved, *(versions.first(b) for b in bias)]
    return replace(versions, node, CONVOLUTION, params, inputs)


def chosen(found: Problem) -> str:
    """The formulation of a convolution: what was measured on this machine, or else the default."""
    name = tuned.current().chosen.get(str(found))
    if name is not None and FORMULATIONS[name].fits(found) and (name != "onednn" or uses_onednn()):
        return name
    return default(found, uses_onednn())


# -- operators that can be told their axes ---------------------------------------------------------------------


def _pooling(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    if not follows(versions, node) or not is_channels_first(node.params["layout"]):
        return False
    return like(versions, node, {"layout": _LAST[versions.rank(node.inputs[0]) - 2]})


def _batch_norm(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    rank = versions.rank(node.inputs[0])
    if not follows(versions, node) or node.params["axis"] % rank != 1:
        return False
    return like(versions, node, {"axis": rank - 1})


def _along(name: str) -> Rule:
    """A rule for operators on any number of inputs that work along one axis, which the hyper-parameter `name` tells."""

    def rule(versions: Versions, node: Node) -> bool:
        assert node.params is not None
        if not node.inputs or not any(versions.has_last(e) for e in node.inputs):
            return False
        if node.params.get("squeeze_axis") or node.params.get("use_length"):
            return False
        rank = versions.rank(node.inputs[0])
        return like(versions, node, {name: moved_axis(node.params[name], rank)}, len(node.inputs))

    return rule


def _reduction(versions: Versions, node: Node) -> bool:
    """Over all of space: the result keeps its channels at the end, or is a plain (N, C)."""
    p = node.params
    assert p is not None
    if not follows(versions, node) or p["axis"] is None or p.get("exclude"):
        return False
    rank = versions.rank(node.inputs[0])
    axes = {a % rank for a in ((p["axis"],) if isinstance(p["axis"], int) else p["axis"])}
    if axes != set(range(2, rank)):
        return False
    return like(versions, node, {"axis": tuple(range(1, rank - 1))})


def _pad(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    if not follows(versions, node):
        return False
    width = node.params["pad_width"]
    pairs = [width[2 * a : 2 * a + 2] for a in to_last(versions.rank(node.inputs[0]))]
    return like(versions, node, {"pad_width": tuple(w for pair in pairs for w in pair)})


def _transpose(versions: Versions, node: Node) -> bool:
    """A transpose to channels-last, as detection heads have it, is what there is already."""
    assert node.params is not None
    data = node.inputs[0]
    rank = versions.rank(data)
    if not follows(versions, node) or node.params["axes"] != to_last(rank):
        return False
    versions.keep(node, [versions.last(data)])
    return True


def _flatten(versions: Versions, node: Node) -> bool:
    """Points of one pixel have one order."""
    data = node.inputs[0]
    if not follows(versions, node) or any(d != 1 for d in versions.known.shape(data)[2:]):
        return False
    assert node.op is not None
    versions.keep(node, call(node.op, node, [versions.last(data)], dict(node.params or {})))
    return True


def _fully_connected(versions: Versions, node: Node) -> bool:
    assert node.params is not None
    data = node.inputs[0]
    if not node.params["flatten"] or not follows(versions, node):
        return False
    if any(d != 1 for d in versions.known.shape(data)[2:]):
        return False
    inputs = [versions.last(data), *(versions.first(e) for e in node.inputs[1:])]
    versions.keep(node, [Entry(with_inputs(node, inputs), 0)])
    return True


# -- operators that treat all points alike ---------------------------------------------------------------------


def _pointwise(versions: Versions, node: Node) -> bool:
    """Follows if any input of more than two axes is channels last and all have one rank."""
    if not any(versions.has_last(e) for e in node.inputs):
        return False
    ranks = {versions.rank(e) for e in node.inputs}
    if len(ranks) != 1 or {versions.rank(Entry(node, 0))} != ranks:
        return False
    return like(versions, node, {}, len(node.inputs))


def _leaky_relu(versions: Versions, node: Node) -> bool:
    """All kinds but the one that draws its slopes at random."""
    assert node.params is not None
    kind = node.params["act_type"]
    return images.prelu(versions, node) if kind == "prelu" else kind != "rrelu" and _pointwise(versions, node)


_POINTWISE_FILES = ("declax.ops.unary", "declax.ops.scalar", "declax.ops.elementwise", "declax.ops.broadcast")
_NOT_POINTWISE = {"_contrib_div_sqrt_dim", "broadcast_to", "broadcast_axis", "broadcast_like"}
_POINTWISE = ("Activation", "Cast", "amp_cast", "_copy", "BlockGrad", "zeros_like", "ones_like")

_RULES: dict[str, Rule] = {
    "Convolution": _convolution,
    "Pooling": _pooling,
    "BatchNorm": _batch_norm,
    "_contrib_BatchNormWithReLU": _batch_norm,
    "Concat": _along("dim"),
    "SliceChannel": _along("axis"),
    "softmax": _along("axis"),
    "log_softmax": _along("axis"),
    "slice_axis": _along("axis"),
    "mean": _reduction,
    "sum": _reduction,
    "max": _reduction,
    "Pad": _pad,
    "transpose": _transpose,
    "Flatten": _flatten,
    "FullyConnected": _fully_connected,
    "LeakyReLU": _leaky_relu,
    **images.RULES,
}


def _pointwise_operators() -> list[OpDef]:
    from declax.registry import operators

    return [
        o
        for o in operators()
        if (o.function.__module__ in _POINTWISE_FILES and o.name not in _NOT_POINTWISE) or o.name in _POINTWISE
    ]


_RULES.update({o.name: _pointwise for o in _pointwise_operators()})
