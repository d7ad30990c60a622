"""At inference a BatchNorm is one factor and one summand a channel: they go into the layer before it."""

from collections.abc import Sequence

from jax import Array

from declax import folding, graph
from declax.graph import Entry, Node
from declax.layers.norm import inference_scale
from declax.passes import Known
from declax.passes.rewriting import call, plan_operator
from declax.registry import Tensor, lookup


def apply(heads: Sequence[Entry], known: Known) -> list[Entry]:
    """The heads over a graph in which every BatchNorm that can be folded is."""
    if known.train:
        return list(heads)
    uses = graph.uses(heads)

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if node.op_name != "BatchNorm" or node.inputs[0].node.op_name not in _LAYERS:
            return None
        return _folded(node, inputs) if folding.refusal(node, uses) is None and _same_type(node, known) else None

    return graph.rewrite(heads, change)


def _same_type(node: Node, known: Known) -> bool:
    types = {known.dtype(e) for e in (*node.inputs, *node.inputs[0].node.inputs)}
    return len(types) == 1 and types.pop().itemsize >= 4


def _folded(node: Node, inputs: list[Entry]) -> list[Entry]:
    layer = inputs[0].node
    assert node.params is not None
    assert layer.params is not None
    data, weight, *bias = layer.inputs
    _, gamma, beta, mean, var = inputs
    numbers = {"eps": node.params["eps"], "fix_gamma": node.params["fix_gamma"]}
    folded = call(_FOLD, node, [weight, gamma, beta, mean, var, *bias], {**numbers, "num_args": 5 + len(bias)}, "_fold")
    params = {**layer.params, "no_bias": False}
    out = call(lookup(layer.op_name), layer, [data, *folded], params)
    # the statistics that BatchNorm also gives have no reader here
    return [*out, out[0], out[0]]


def _fold_batch_norm(
    *inputs: Tensor,
    num_args: int,
    eps: float,
    fix_gamma: bool,
):
    """Weight and bias of a layer with a BatchNorm folded in.

    Inputs: weight (O, ...), gamma, beta, moving_mean, moving_var and, where there is one, bias (O,).
    """
    weight, gamma, beta, mean, var, *bias = inputs
    scale: Array = inference_scale(gamma, var, eps, fix_gamma)
    shift = beta - mean * scale
    return weight * scale.reshape(-1, *(1,) * (weight.ndim - 1)), shift + bias[0] * scale if bias else shift


def _shape(ins, outs) -> None:
    outs[0], outs[1] = ins[0], ins[1]


_LAYERS = ("Convolution", "FullyConnected")

_FOLD = plan_operator(_fold_batch_norm, num_args="num_args", outputs=("weight", "bias"), shape=_shape)
