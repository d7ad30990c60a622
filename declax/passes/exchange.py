"""Average pooling and 1x1 convolution change places where that is less work.

One adds up points of a channel, the other channels of a point: the order does not matter to the result. Pooling that
keeps the size, as in an Inception block, is cheaper over the fewer channels behind the convolution; a convolution, as
in a transition of DenseNet, is cheaper over the fewer points behind pooling that strides.
"""

import math
from collections.abc import Sequence
from typing import Any

from declax import graph
from declax.graph import Entry, Node, Use
from declax.layers.layout import fill, is_channels_first
from declax.passes import Known
from declax.passes.rewriting import call, plan_operator
from declax.registry import Tensor, lookup

_POOLED_READS = 50
"""How many products of a convolution take as long as it takes to pool one number more, about."""


def apply(heads: Sequence[Entry], known: Known) -> list[Entry]:
    """The heads over a graph in which the two stand in the cheaper order."""
    uses = graph.uses(heads)

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if node.op_name == "Convolution" and _is_only_input(node, "Pooling", uses) and _is_late(node, known):
            return _convolved_first(node, inputs)
        if node.op_name == "Pooling" and _is_only_input(node, "Convolution", uses) and _is_early(node, known):
            return _pooled_first(node, inputs)
        return None

    return graph.rewrite(heads, change)


def _is_only_input(node: Node, name: str, uses: dict[int, list[Use]]) -> bool:
    """Whether the node's data comes from an operator of this name and nothing else reads that one."""
    source = node.inputs[0].node
    return source.op_name == name and len(uses[id(source)]) == 1


def _is_late(conv: Node, known: Known) -> bool:
    """Whether a convolution should stand before the pooling in front of it."""
    pool = conv.inputs[0].node
    channels, filters = known.shape(pool.inputs[0])[1], known.shape(Entry(conv, 0))[1]
    return filters < channels and _is_pointwise(conv) and _is_linear(pool) and not _strides(pool)


def _is_early(pool: Node, known: Known) -> bool:
    """Whether pooling should stand before the convolution in front of it."""
    conv = pool.inputs[0].node
    if not (_is_pointwise(conv) and _is_linear(pool) and _strides(pool) and _keeps_bias(conv, pool)):
        return False
    before, after = known.shape(conv.inputs[0]), known.shape(Entry(pool, 0))
    channels, filters = before[1], after[1]
    fewer = math.prod(before[2:]) - math.prod(after[2:])
    return fewer * channels * filters > _POOLED_READS * math.prod(before[2:]) * max(0, channels - filters)


def _is_pointwise(conv: Node) -> bool:
    p = _params(conv)
    n = len(p["kernel"])
    plain = set(p["kernel"]) == set(fill(p["stride"], n, 1)) == {1} and not any(p["pad"])
    return plain and p["num_group"] == 1 and is_channels_first(p["layout"])


def _is_linear(pool: Node) -> bool:
    p = _params(pool)
    return p["pool_type"] in ("avg", "sum") and is_channels_first(p["layout"])


def _strides(pool: Node) -> bool:
    p = _params(pool)
    return p["global_pool"] or max(fill(p["stride"], 1, 1)) > 1


def _keeps_bias(conv: Node, pool: Node) -> bool:
    """Whether pooling leaves a constant as it is: an average that counts no padding."""
    p = _params(pool)
    without_padding = p["global_pool"] or not any(p["pad"]) or p["count_include_pad"] is False
    return _params(conv)["no_bias"] or (p["pool_type"] == "avg" and without_padding)


def _params(node: Node) -> dict[str, Any]:
    assert node.params is not None
    return dict(node.params)


def _convolved_first(conv: Node, inputs: list[Entry]) -> list[Entry]:
    pooled, weight, *bias = inputs
    pool = pooled.node
    y = call(lookup("Convolution"), conv, [pool.inputs[0], weight], {**_params(conv), "no_bias": True})
    y = call(lookup("Pooling"), pool, y, _params(pool))
    return call(_BIAS, conv, [*y, *bias], {}, "_bias") if bias else y


def _pooled_first(pool: Node, inputs: list[Entry]) -> list[Entry]:
    conv = inputs[0].node
    y = call(lookup("Pooling"), pool, conv.inputs[:1], _params(pool))
    return call(lookup("Convolution"), conv, [*y, *conv.inputs[1:]], _params(conv))


def _channel_bias(data: Tensor, bias: Tensor):
    """(N, C, ...) plus (C,)."""
    return data + bias.reshape(-1, *(1,) * (data.ndim - 2))


def _shape(ins, outs) -> None:
    outs[0] = ins[0]


_BIAS = plan_operator(_channel_bias, shape=_shape)
