"""Which batch normalizations can become part of the layer before them, read from the graph alone.

A layer and the normalization of its output are two affine maps in a row wherever the statistics are constants: in
inference, or with `use_global_stats`. What the merged weights are is for others (declax/edit/fold.py computes them
from arrays); here is when it may be done. Knows no JAX.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from declax import graph
from declax.graph import Entry, Node, Use

NORMS = frozenset(("BatchNorm", "BatchNorm_v1", "_contrib_SyncBatchNorm"))
LAYERS = frozenset(("Convolution", "Convolution_v1", "Deconvolution", "FullyConnected"))


class Fold(NamedTuple):
    """A layer and the normalization that can be merged into it."""

    layer: Node
    norm: Node


def refusal(norm: Node, uses: Mapping[int, Sequence[Use]], *, train: bool = False) -> str | None:
    """Why a normalization cannot be merged into the layer before it, in words that follow its name; None if it can.

    Args:
        norm: a node of one of `NORMS`.
        uses: `graph.uses` of the whole graph.
        train: whether the merged graph shall also be right in training; only `use_global_stats` makes it so.

    >>> from declax import graph
    >>> net = sym.BatchNorm(sym.Flatten(Variable("x"), name="flat"), name="bn")
    >>> refusal(net.heads[0].node, graph.uses(net.heads))
    "normalizes 'flat' (Flatten), which is no convolution, deconvolution or fully connected layer"
    """
    layer, params = norm.inputs[0].node, norm.params or {}
    if layer.op_name not in LAYERS:
        kind = "a variable" if layer.op is None else layer.op_name
        return f"normalizes {layer.name!r} ({kind}), which is no convolution, deconvolution or fully connected layer"
    if train and not params["use_global_stats"]:
        return "uses the statistics of the batch in training; set use_global_stats=True on it first"
    for use in uses[id(layer)]:
        if use.reader is not norm or use.position:
            who = "an output of the graph" if use.reader is None else repr(use.reader.name)
            return f"is not the only reader of {layer.name!r}: so is {who}"
    if any(use.index for use in uses[id(norm)]):
        return "has its mean or variance read as outputs"
    return _wrong_axis(layer, params)


def folds(heads: Sequence[Entry], *, train: bool = False) -> list[Fold]:
    """Every (layer, normalization) of a graph that can be merged, in the order of the graph."""
    uses = graph.uses(heads)
    norms = [n for n in graph.topological(heads) if n.op_name in NORMS]
    return [Fold(n.inputs[0].node, n) for n in norms if refusal(n, uses, train=train) is None]


def channels_last(layer: Node) -> bool:
    """Whether a layer of `LAYERS` has its outputs' channels at the last axis and not at axis 1."""
    params: Mapping[str, Any] = layer.params or {}
    if layer.op_name == "FullyConnected":
        return not params["flatten"]
    return params["layout"] is not None and params["layout"][1] != "C"


def _wrong_axis(layer: Node, norm: Mapping[str, Any]) -> str | None:
    """Why the normalization's axis is not the layer's output channels; None when it is."""
    axis, params = norm.get("axis", 1), layer.params or {}
    if layer.op_name == "FullyConnected":
        rank = 2 if params["flatten"] else None
    else:
        rank = len(params["kernel"]) + 2
    if rank is not None:
        wanted = rank - 1 if channels_last(layer) else 1
        if axis % rank == wanted:
            return None
        return f"normalizes axis {axis}, but the channels of {layer.name!r} are at axis {wanted}"
    if axis == -1:
        return None
    return f"normalizes axis {axis}, but the channels of {layer.name!r} (flatten=False) are at axis -1"
