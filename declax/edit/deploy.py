"""Training graphs made ready to predict: loss heads become what they compute in inference, labels go."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from declax import graph
from declax.edit.common import Arrays, Params, Pattern, finish, matches, parameters_of
from declax.edit.heads import Heads
from declax.errors import EditError
from declax.graph import Entry, Node
from declax.symbol import Symbol


def deploy(
    symbol: Symbol,
    params: Params,
    *,
    labels: Sequence[Pattern] = (),
    heads: Literal["replace", "strip"] = "replace",
    shapes: Mapping[str, Sequence[int]] | None = None,
) -> tuple[Symbol, Any]:
    """The graph for inference: it computes the same numbers as `forward(is_train=False)`, and needs no labels.

    `SoftmaxOutput` becomes a softmax, `LogisticRegressionOutput` a sigmoid, the other heads (`LinearRegressionOutput`,
    `MAERegressionOutput`, `SVMOutput`, `MakeLoss`, `BlockGrad` ...) an identity; all keep their names. Dropout between
    layers goes. Outputs that still need a label afterwards, losses say, are left out.

    Args:
        symbol, params: see `declax.edit`.
        labels: patterns of further variables that are labels; those that go into an operator's `label` are known.
        heads: with "strip", outputs that are heads become what goes into the head: logits instead of probabilities.
        shapes: shapes of inputs by name. They matter to a `SoftmaxOutput` without `multi_output` and `preserve_shape`
            alone, which sums over the last axis of four-dimensional data and over all but the first of other data; how
            many dimensions its data has is often known without (from a convolution's kernel, say), and otherwise
            taken not to be four.

    Raises:
        EditError: every output needs a label.

    >>> net = sym.SoftmaxOutput(sym.FullyConnected(Variable("data"), num_hidden=3, name="fc"), name="softmax")
    >>> new, _ = edit.deploy(net, None)
    >>> new.list_arguments(), new.list_outputs(), new.attr("op_name")
    (['data', 'fc_weight', 'fc_bias'], ['softmax_output'], 'softmax')
    >>> edit.deploy(net, None, heads="strip")[0].list_outputs()
    ['fc_output']
    """
    if heads not in ("replace", "strip"):
        raise ValueError(f"heads={heads!r}: expected 'replace' or 'strip'")
    arrays = Arrays(params)
    order = graph.topological(symbol.heads)
    named = {n.name for n in order if n.op is None and matches(n.name, labels)}
    known = _label_names(order) | named
    last = {id(e.node) for e in symbol.heads}
    inference = Heads(symbol, arrays.values, shapes or {})
    before: dict[int, Entry] = {}

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if inference.has(node):
            head = inference.of(node, inputs[0])
            before[id(head.node)] = inputs[0]
            return [head] * node.num_outputs()
        if node.op_name == "Dropout" and (node.params or {})["mode"] == "training" and id(node) not in last:
            return [inputs[0]] * node.num_outputs()
        return None

    kept = _without(graph.rewrite(symbol.heads, change), known)
    if heads == "strip":
        kept = list(dict.fromkeys(before.get(id(e.node), e) for e in kept))
    if not kept:
        raise EditError(
            f"every output needs a label ({', '.join(sorted(known))}): {', '.join(symbol.list_outputs())}. "
            "Pick an output inside the graph with edit.features"
        )
    return finish(symbol, kept, arrays)


def _label_names(order: Sequence[Node]) -> set[str]:
    """Variables that go into some operator's `label` and nowhere else into it, also through operators on them.

    An autoencoder's data, which is its label too, is none, and neither is a parameter of what makes the labels.
    """
    found: set[str] = set()
    parameters = {v for n in order for v in parameters_of(n).values()}
    for node in order:
        if "label" in (roles := node.input_names()):
            at = roles.index("label")
            above = {n.name for n in graph.topological(node.inputs[at : at + 1]) if n.op is None}
            if above:
                others = graph.topological([*node.inputs[:at], *node.inputs[at + 1 :]])
                found |= above - {n.name for n in others} - parameters
    return found


def _without(heads: Sequence[Entry], labels: set[str]) -> list[Entry]:
    """The heads that need no label."""
    needing: set[int] = set()
    for node in graph.topological(heads):
        if any(id(e.node) in needing for e in node.inputs) or (node.op is None and node.name in labels):
            needing.add(id(node))
    return [e for e in heads if id(e.node) not in needing]
