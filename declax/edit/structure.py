"""Surgery on the structure: other outputs, another head, nodes put in, taken out or set anew."""

from collections.abc import Callable, Sequence
from typing import Any

from declax import graph
from declax.attrs import to_text
from declax.edit.common import (
    Arrays,
    Params,
    Pattern,
    find_output,
    finish,
    made_by,
    select,
    select_nodes,
)
from declax.errors import EditError
from declax.graph import Entry, Node
from declax.symbol import Symbol, hidden_key


def features(symbol: Symbol, params: Params, *outputs: str) -> tuple[Symbol, Any]:
    """The part of a graph that gives some of its internal outputs, with its parameters.

    Args:
        symbol, params: see `declax.edit`.
        outputs: names as `get_internals().list_outputs()` has them, or of nodes.

    Raises:
        EditError: there is no such output; the message names the nearest.

    >>> net = sym.FullyConnected(sym.FullyConnected(Variable("x"), num_hidden=4, name="a"), num_hidden=2, name="b")
    >>> edit.features(net, {"a_weight": 1, "a_bias": 2, "b_weight": 3, "b_bias": 4}, "a_output")
    (<Symbol a>, {'a_weight': 1, 'a_bias': 2})
    """
    if not outputs:
        raise EditError("name at least one output: edit.features(net, params, 'flatten0_output')")
    return finish(symbol, [find_output(symbol, o) for o in outputs], Arrays(params))


def replace_head(
    symbol: Symbol, params: Params, at: str | Sequence[str], make: Callable[..., Symbol]
) -> tuple[Symbol, Any]:
    """The graph up to some outputs, with a new head on them.

    Args:
        symbol, params: see `declax.edit`.
        at: name of the output (or several) after which the old head is cut off.
        make: `make(x)` gets the symbol of that output (or one argument for each) and returns the new net.

    Returns:
        The new net, and the parameters without those of the old head. `declax.init_params(net, ...)` makes the ones
        that are new: `{**declax.init_params(net, data=shape), **params}`.

    Raises:
        EditError: no such output, or a node of the new head has a name that the kept part uses.

    >>> net = sym.FullyConnected(sym.relu(Variable("x"), name="act"), num_hidden=1000, name="fc")
    >>> new, _ = edit.replace_head(net, None, "act", lambda x: sym.FullyConnected(x, num_hidden=5, name="fc"))
    >>> new.infer_shape(x=(2, 8))[1]
    [(2, 5)]
    """
    names = [at] if isinstance(at, str) else list(at)
    entries = [find_output(symbol, n) for n in names]
    kept = Symbol(entries)
    return finish(symbol, made_by(kept, make, entries).heads, Arrays(params))


def insert(
    symbol: Symbol, params: Params, at: str, make: Callable[[Symbol], Symbol], *, readers: Sequence[Pattern] = ()
) -> tuple[Symbol, Any]:
    """The graph with something put behind an output: whoever read the output reads the new thing.

    Args:
        symbol, params: see `declax.edit`.
        at: name of the output or variable.
        make: `make(x)` gets the symbol of that output and returns what takes its place, one output.
        readers: patterns of the nodes that shall read the new thing; all, and the graph's outputs, when none is given.

    >>> net = sym.FullyConnected(Variable("data"), num_hidden=3, name="fc")
    >>> new, _ = edit.insert(net, None, "data", lambda x: (x - 127.5) / 128)
    >>> [n for n in new.get_internals().list_outputs() if n.endswith("output")]
    ['_minusscalar0_output', '_divscalar0_output', 'fc_output']
    """
    target = find_output(symbol, at)
    made = made_by(symbol, make, [target])
    if len(made) != 1:
        raise EditError(f"what is inserted must have one output, got {len(made)}: {made.list_outputs()}")
    uses = [u for u in graph.uses(symbol.heads)[id(target.node)] if u.index == target.index]
    chosen = {id(u.reader) for u in uses if u.reader is not None}
    if readers:
        names = select([u.reader.name for u in uses if u.reader is not None], readers, f"reader of {at!r}")
        chosen = {id(u.reader) for u in uses if u.reader is not None and u.reader.name in names}
    old, new = target[:2], made.heads[0]

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if id(node) not in chosen:
            return None
        pairs = zip(node.inputs, inputs, strict=True)
        return graph.entries(graph.twin(node, [new if before[:2] == old else e for before, e in pairs]))

    heads = graph.rewrite(symbol.heads, change)
    if not readers:
        heads = [new if before[:2] == old else e for before, e in zip(symbol.heads, heads, strict=True)]
    return finish(symbol, heads, Arrays(params))


def remove(
    symbol: Symbol, params: Params, *patterns: Pattern, op: str | None = None, keep: int | None = None
) -> tuple[Symbol, Any]:
    """The graph without some nodes, each replaced by its first input; their parameters go too.

    Args:
        symbol, params: see `declax.edit`.
        patterns: names of nodes.
        op: only nodes of this operator.
        keep: number of the input that takes the node's place; needed where several are outputs of other nodes.

    Raises:
        EditError: a node joins several others and `keep` does not say which one stays, or has further outputs in use.

    >>> net = sym.relu(sym.Dropout(Variable("x"), p=0.5, name="drop"), name="act")
    >>> edit.remove(net, None, op="Dropout")[0].get_internals().list_outputs()
    ['x', 'act_output']
    """
    chosen = {id(n) for n in select_nodes(symbol, patterns, op)}
    uses = graph.uses(symbol.heads)

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if id(node) not in chosen:
            return None
        if any(u.index for u in uses[id(node)]):
            raise EditError(f"{node.describe()} cannot be removed: more than its first output is read")
        return [inputs[_kept_input(node, keep)]] * node.num_outputs()

    return finish(symbol, graph.rewrite(symbol.heads, change), Arrays(params))


def _kept_input(node: Node, keep: int | None) -> int:
    if not node.inputs:
        raise EditError(f"{node.describe()} cannot be removed: it has no input that could take its place")
    if keep is None:
        branches = [repr(e.node.name) for i, e in enumerate(node.inputs) if i == 0 or e.node.op is not None]
        if len(branches) > 1:
            raise EditError(
                f"{node.describe()} joins {', '.join(branches)}; say with keep= which input, from 0, takes its place"
            )
        return 0
    if not 0 <= keep < len(node.inputs):
        raise EditError(f"{node.describe()} has {len(node.inputs)} inputs, so keep={keep} is none of them")
    return keep


def set_attributes(
    symbol: Symbol, params: Params, *patterns: Pattern, op: str | None = None, **attributes: Any
) -> tuple[Symbol, Any]:
    """The graph with hyper-parameters or attributes of some nodes set anew; None removes one.

    Args:
        symbol, params: see `declax.edit`.
        patterns: names of operator nodes; for names without operator, `freeze` and `Variable` set attributes.
        op: only nodes of this operator.
        attributes: hyper-parameters, hidden keys (`lr_mult` ...) or `__key__`.

    Raises:
        OperatorError: the operator does not take the attribute or value; the message names the node.
        EditError: the node would have another number of inputs.

    >>> net = sym.BatchNorm(Variable("x"), name="bn")
    >>> edit.set_attributes(net, None, op="BatchNorm", use_global_stats=True)[0].attr("use_global_stats")
    'True'
    """
    texts = {hidden_key(k): None if v is None else to_text(v) for k, v in attributes.items()}
    chosen = {id(n) for n in select_nodes(symbol, patterns, op)}

    def change(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        if id(node) not in chosen:
            return None
        merged = {**node.attrs, **texts}
        twin = graph.twin(node, inputs, attrs={k: v for k, v in merged.items() if v is not None})
        wanted = twin.op.input_count(twin.params or {}) if twin.op else None
        if wanted is not None and wanted != len(inputs):
            raise EditError(
                f"{twin.describe()} would need {wanted} inputs, and has {len(inputs)}: replace the node instead"
            )
        return graph.entries(twin)

    return finish(symbol, graph.rewrite(symbol.heads, change), Arrays(params))


def prune(symbol: Symbol, params: Params) -> tuple[Symbol, Any]:
    """The symbol and the parameters that it has a variable for; arrays that no output needs are left out.

    >>> edit.prune(sym.relu(Variable("x"), name="r"), {"x": 1, "old_fc_weight": 2})
    (<Symbol r>, {'x': 1})
    """
    arrays, needed = Arrays(params), set(symbol.list_inputs())
    return symbol, arrays.in_form(symbol, {k: v for k, v in arrays.values.items() if k in needed})
