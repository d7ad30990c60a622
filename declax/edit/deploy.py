"""Training heads taken off: a loss head becomes the function that it computes in inference."""

from collections.abc import Callable, Sequence
from typing import Any

from declax import graph, registry
from declax.edit.common import Arrays, Params, Pattern, finish, matches
from declax.errors import EditError
from declax.graph import Entry, Node
from declax.symbol import Symbol


def deploy(symbol: Symbol, params: Params, *, labels: Sequence[Pattern] = ()) -> tuple[Symbol, Any]:
    """The graph for inference: it computes the same numbers as `forward(is_train=False)`, and needs no labels.

    `SoftmaxOutput` becomes a softmax, `LogisticRegressionOutput` a sigmoid, the other heads (`LinearRegressionOutput`,
    `MAERegressionOutput`, `SVMOutput`, `MakeLoss`, `BlockGrad` ...) an identity; all keep their names. Dropout between
    layers goes. Outputs that still need a label afterwards, losses say, are left out.

    Args:
        symbol, params: see `declax.edit`.
        labels: patterns of further variables that are labels; those that go into an operator's `label` are known.

    Raises:
        EditError: every output needs a label.

    >>> net = sym.SoftmaxOutput(sym.FullyConnected(Variable("data"), num_hidden=3, name="fc"), name="softmax")
    >>> net, _ = edit.deploy(net, None)
    >>> net.list_arguments(), net.list_outputs(), net.attr("op_name")
    (['data', 'fc_weight', 'fc_bias'], ['softmax_output'], 'softmax')
    """
    named = {n.name for n in graph.topological(symbol.heads) if n.op is None and matches(n.name, labels)}
    known = _label_names(symbol) | named
    last = {id(e.node) for e in symbol.heads}

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if node.op_name in _INFERENCE:
            return [_INFERENCE[node.op_name](node, inputs[0])] * node.num_outputs()
        if node.op_name == "Dropout" and (node.params or {})["mode"] == "training" and id(node) not in last:
            return [inputs[0]] * node.num_outputs()
        return None

    heads = graph.rewrite(symbol.heads, change)
    kept = [e for e in heads if not _needs(e, known)]
    if not kept:
        raise EditError(
            f"every output needs a label ({', '.join(sorted(known))}): {', '.join(symbol.list_outputs())}. "
            "Pick an output inside the graph with edit.features"
        )
    return finish(symbol, kept, Arrays(params))


def _label_names(symbol: Symbol) -> set[str]:
    """Variables that go into the `label` of some operator, also through operators on them alone (Reshape say)."""
    found: set[str] = set()
    for node in graph.topological(symbol.heads):
        for role, entry in zip(node.input_names(), node.inputs, strict=False):
            source = entry.node
            while source.op is not None and len(source.inputs) == 1:
                source = source.inputs[0].node
            if role == "label" and source.op is None:
                found.add(source.name)
    return found


def _needs(head: Entry, labels: set[str]) -> bool:
    return any(n.op is None and n.name in labels for n in graph.topological([head]))


# -- what each head computes in inference ------------------------------------------------------------------------


def _node(op: str, name: str, inputs: list[Entry], attrs: dict[str, str]) -> Entry:
    definition = registry.lookup(op)
    return Entry(Node(definition, name, attrs, definition.parse(attrs, name), inputs))


def _hidden(node: Node) -> dict[str, str]:
    return {k: v for k, v in node.attrs.items() if k.startswith("__")}


def _softmax(node: Node, data: Entry) -> Entry:
    params, hidden = node.params or {}, _hidden(node)
    if params["multi_output"]:
        return _node("softmax", node.name, [data], {**hidden, "axis": "1"})
    if params["preserve_shape"] or _is_matrix(data.node):
        return _node("softmax", node.name, [data], hidden)
    rows = _node("Flatten", f"{node.name}_rows", [data], hidden)
    return _node("reshape_like", node.name, [_node("softmax", f"{node.name}_of_rows", [rows], hidden), data], hidden)


def _is_matrix(node: Node) -> bool:
    """Whether the graph alone tells that a node's output has two dimensions."""
    return node.op_name == "Flatten" or (node.op_name == "FullyConnected" and (node.params or {})["flatten"])


def _sigmoid(node: Node, data: Entry) -> Entry:
    return _node("sigmoid", node.name, [data], _hidden(node))


def _identity(node: Node, data: Entry) -> Entry:
    return _node("identity", node.name, [data], _hidden(node))


_INFERENCE: dict[str, Callable[[Node, Entry], Entry]] = {
    "SoftmaxOutput": _softmax,
    "LogisticRegressionOutput": _sigmoid,
    "LinearRegressionOutput": _identity,
    "MAERegressionOutput": _identity,
    "SVMOutput": _identity,
    "MakeLoss": _identity,
    "make_loss": _identity,
    "BlockGrad": _identity,
    "IdentityAttachKLSparseReg": _identity,
}
