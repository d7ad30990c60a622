"""Batch normalization merged into the layer before it, with arrays; declax/folding.py says where that is legal."""

from typing import Any

import numpy as np

from declax import folding, graph
from declax.edit.common import Arrays, Params, Pattern, finish, select
from declax.errors import EditError, nearest
from declax.folding import Fold
from declax.graph import Entry, Node, Use
from declax.symbol import Symbol


def fold_batch_norm(symbol: Symbol, params: Params, *patterns: Pattern, train: bool = False) -> tuple[Symbol, Any]:
    r"""The graph with batch normalizations merged into the convolutions or fully connected layers before them.

    With :math:`s = \gamma / \sqrt{\sigma^2 + \epsilon}` the layer's weight becomes :math:`s W` and its bias
    :math:`s (b - \mu) + \beta`, computed in double precision. The layer takes over the name of the normalization, whose
    numbers it now gives; its parameters keep theirs, and a layer without bias gets one.

    Args:
        symbol, params: see `declax.edit`; the arrays of the layers and normalizations are needed.
        patterns: names of normalizations, all of which must be legal to merge; when none is given, all that are legal
            are merged and the others stay.
        train: whether the result shall also be right in training: merge those with `use_global_stats` only.

    Raises:
        EditError: a named normalization cannot be merged (the message says why), or an array is missing.

    >>> net = sym.Convolution(Variable("x"), kernel=(1, 1), num_filter=1, no_bias=True, name="conv")
    >>> net = sym.BatchNorm(net, eps=0.0, fix_gamma=False, name="bn")
    >>> one = np.ones(1)
    >>> arrays = {"conv_weight": np.ones((1, 1, 1, 1)), "bn_gamma": 6 * one, "bn_beta": one,
    ...           "bn_moving_mean": one, "bn_moving_var": 4 * one}
    >>> new, arrays = edit.fold_batch_norm(net, arrays)
    >>> new.list_inputs(), arrays["conv_weight"].item(), arrays["conv_bias"].item()
    (['x', 'conv_weight', 'conv_bias'], 3.0, -2.0)
    """
    arrays = Arrays(params)
    wanted = None if not patterns else {n.name for n in _norms(symbol, patterns)}
    heads, values = list(symbol.heads), dict(arrays.values)
    while True:  # a normalization behind a normalization becomes one behind a layer
        uses = graph.uses(heads)
        found = [f for f in folding.folds(heads, train=train) if wanted is None or f.norm.name in wanted]
        if wanted is None:
            found = [f for f in found if _obstacle(f, uses) is None]
        if not found:
            break
        heads = _fold_all(heads, found, uses, values)
    if wanted:
        _refuse_rest(heads, wanted, train)
    gone = set(symbol.list_inputs()) - set(Symbol(heads).list_inputs())
    return finish(symbol, heads, arrays, {k: v for k, v in values.items() if k not in gone})


def _norms(symbol: Symbol, patterns: tuple[Pattern, ...]) -> list[Node]:
    """The normalizations with these names; EditError when a pattern names none."""
    norms = [n for n in graph.topological(symbol.heads) if n.op_name in folding.NORMS]
    names = set(select([n.name for n in norms], patterns, "batch normalization"))
    return [n for n in norms if n.name in names]


def _refuse_rest(heads: list[Entry], wanted: set[str], train: bool) -> None:
    uses = graph.uses(heads)
    for node in graph.topological(heads):
        if node.op_name in folding.NORMS and node.name in wanted:
            why = folding.refusal(node, uses, train=train)
            raise EditError(f"{node.describe()} cannot be merged into the layer before it: it {why}")


def _fold_all(heads: list[Entry], found: list[Fold], uses: dict[int, list[Use]], values: dict[str, Any]) -> list[Entry]:
    """The graph with these folds done; `values` gets the new arrays."""
    taken = {n.name for n in graph.topological(heads)}
    norms: dict[int, Fold] = {}
    for fold in found:
        why = _obstacle(fold, uses)
        if why:
            raise EditError(f"{fold.norm.describe()} cannot be merged into {fold.layer.name!r}: {why}")
        norms[id(fold.norm)] = fold

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if id(node) not in norms:
            return None
        merged = _merged(inputs[0].node, node, values, taken)
        return [Entry(merged)] * node.num_outputs()

    return graph.rewrite(heads, change)


def _obstacle(fold: Fold, uses: dict[int, list[Use]]) -> str | None:
    """Why the arrays cannot be merged although the graph allows it: they are no variables, or others need them too."""
    roles = fold.layer.input_names()
    for role, entry in zip(roles[1:], fold.layer.inputs[1:], strict=True):
        if entry.node.op is not None:
            return f"its {role} is computed by {entry.node.name!r} and is no parameter"
        others = [u for u in uses[id(entry.node)] if u.reader is not fold.layer]
        if others:
            who = others[0].reader.name if others[0].reader is not None else "an output of the graph"
            return f"{entry.node.name!r} is shared with {who!r}; give each its own with edit.unshare first"
    for role, entry in zip(fold.norm.input_names()[1:], fold.norm.inputs[1:], strict=True):
        if entry.node.op is not None:
            return f"its {role} is computed by {entry.node.name!r} and is no parameter"
    return None


def _merged(layer: Node, norm: Node, values: dict[str, Any], taken: set[str]) -> Node:
    """The layer with the normalization's effect in its weight and bias, under the normalization's name."""
    scale, shift = _scale_and_shift(norm, values)
    data, weight, *rest = layer.inputs
    given = _array(values, weight.node, layer)
    values[weight.node.name] = like(given, _scaled(layer, np.asarray(given), scale))
    if rest:
        bias = rest[0]
        old = _array(values, bias.node, layer)
        new = np.asarray(old).astype(np.float64).reshape(-1) * scale + shift
        values[bias.node.name] = like(old, new.reshape(old.shape))
    else:
        bias = Entry(Node(None, _free(f"{layer.name}_bias", taken), {}))
        values[bias.node.name] = like(given, shift)
    made = graph.twin(layer, [data, weight, bias], norm.name, {**layer.attrs, "no_bias": "False"})
    made.site = layer.site
    return made


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_folded"
    taken.add(name)
    return name


def _scale_and_shift(norm: Node, values: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """The normalization as `scale * x + shift` over the channels, in double precision."""
    gamma, beta, mean, var = (e.node for e in norm.inputs[1:])
    params = norm.params or {}
    b, m, v = (np.asarray(_array(values, n, norm)).astype(np.float64) for n in (beta, mean, var))
    root = np.sqrt(v + params["eps"])
    scale = np.divide(1.0, root, out=np.zeros_like(root), where=root != 0)  # as the operator has it for eps=0
    if not params["fix_gamma"]:
        scale = scale * np.asarray(_array(values, gamma, norm)).astype(np.float64)
    return scale, b - m * scale


def _scaled(layer: Node, weight: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The weight with every output channel multiplied by its scale."""
    params = layer.params or {}
    wide = weight.astype(np.float64)
    channels = params["num_hidden"] if layer.op_name == "FullyConnected" else params["num_filter"]
    if scale.shape != (channels,):
        raise EditError(f"{layer.describe()} has {channels} output channels, its normalization {scale.size}")
    if layer.op_name != "Deconvolution":
        return wide * scale.reshape(-1, *(1,) * (weight.ndim - 1))
    # (inputs, outputs of one group, *kernel): the inputs of a group meet that group's outputs
    groups = params["num_group"]
    last = folding.channels_last(layer)
    wide = np.moveaxis(wide, -1, 1) if last else wide
    per_group = scale.reshape(groups, 1, -1, *(1,) * (weight.ndim - 2))
    scaled = (wide.reshape(groups, -1, *wide.shape[1:]) * per_group).reshape(wide.shape)
    return np.moveaxis(scaled, 1, -1) if last else scaled


def _array(values: dict[str, Any], variable: Node, reader: Node) -> Any:
    found = values.get(variable.name)
    if found is None:
        raise EditError(f"merging needs the array {variable.name!r} of {reader.name!r}{nearest(variable.name, values)}")
    return found


def like(given: Any, values: np.ndarray) -> Any:
    """Values as an array of the kind and element type of another one: numpy, JAX or NDArray."""
    cast = values.astype(np.dtype(given.dtype))
    if isinstance(given, np.ndarray):
        return cast
    import jax

    from declax.array import NDArray, to_device

    if isinstance(given, NDArray):
        return NDArray(to_device(cast, given.context), given.context)
    with jax.enable_x64(True):
        return jax.numpy.asarray(cast)
