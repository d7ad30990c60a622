"""Freezing: kept in the graph itself, as multipliers of 0, and read from there for every way to train.

A frozen parameter has `lr_mult` and `wd_mult` 0 on its variable: MXNet's optimizers honour that, and it survives JSON.
`frozen` lists the names (Module's `fixed_param_names`), `grad_req` is what `bind` takes, so that no gradient is
computed, and `trainable` is the mask that Optax takes.
"""

from typing import Any

from declax import graph
from declax.edit.common import Arrays, Params, Pattern, finish, input_names, parameters_of, select
from declax.errors import EditError
from declax.folding import NORMS
from declax.graph import Entry, Node
from declax.symbol import Symbol

_STILL = {"__lr_mult__": "0.0", "__wd_mult__": "0.0"}


def freeze(symbol: Symbol, params: Params, *patterns: Pattern, statistics: bool = True) -> tuple[Symbol, Any]:
    """The graph with some parameters marked as not to be trained.

    Args:
        symbol, params: see `declax.edit`.
        patterns: names of parameters ("conv1_*").
        statistics: whether batch normalizations whose gamma and beta are both frozen get `use_global_stats=True`, so
            that their moving averages stay and the frozen part computes the same numbers as before.

    Raises:
        EditError: a pattern matches no parameter.

    >>> net = sym.FullyConnected(sym.FullyConnected(Variable("x"), num_hidden=4, name="a"), num_hidden=2, name="b")
    >>> net, _ = edit.freeze(net, None, "a_*")
    >>> edit.frozen(net)
    ['a_weight', 'a_bias']
    >>> edit.grad_req(net)
    {'x': 'null', 'a_weight': 'null', 'a_bias': 'null', 'b_weight': 'write', 'b_bias': 'write'}
    """
    if not patterns:
        raise EditError("say which parameters to freeze: edit.freeze(net, params, 'conv1_*')")
    arrays = Arrays(params)
    inputs = input_names(symbol, arrays)
    still = set(select([n for n in symbol.list_arguments() if n not in inputs], patterns, "parameter"))

    def change(node: Node, new: list[Entry]) -> list[Entry] | None:
        if node.op is None:
            return [Entry(graph.twin(node, (), attrs={**node.attrs, **_STILL}))] if node.name in still else None
        if statistics and node.op_name in NORMS and {parameters_of(node).get(r) for r in ("gamma", "beta")} <= still:
            return graph.entries(graph.twin(node, new, attrs={**node.attrs, "use_global_stats": "True"}))
        return None

    return finish(symbol, graph.rewrite(symbol.heads, change), arrays, arrays.values)


def frozen(symbol: Symbol) -> list[str]:
    """Names of the arguments whose learning rate is multiplied by 0, in the order of the graph."""
    nodes = graph.topological(symbol.heads)
    states = graph.auxiliary_ids(nodes)
    return [n.name for n in nodes if n.op is None and id(n) not in states and _is_still(n)]


def _is_still(variable: Node) -> bool:
    text = variable.attrs.get("__lr_mult__")
    try:
        return text is not None and float(text) == 0.0
    except ValueError:
        raise EditError(f"{variable.describe()} has lr_mult={text!r}, which is no number") from None


def grad_req(symbol: Symbol, params: Params = None, *, request: str = "write") -> dict[str, str]:
    """What `bind` and `simple_bind` take as `grad_req`: "null" for frozen parameters and inputs, else `request`.

    Args:
        symbol: the graph.
        params: the parameters; variables without an array are inputs. Without any, the graph decides.
        request: "write" or "add".
    """
    still = set(frozen(symbol)) | input_names(symbol, Arrays(params))
    return {n: "null" if n in still else request for n in symbol.list_arguments()}


def trainable(symbol: Symbol, params: Params) -> dict[str, bool]:
    """For every array whether it is trained, under the keys of the given dict (the first of a pair).

    Auxiliary states, frozen parameters and arrays without a variable are not. The result is the mask of
    `optax.masked`, or splits a dict for `jax.grad`: `{k: v for k, v in params.items() if mask[k]}`.

    >>> net = sym.FullyConnected(Variable("x"), num_hidden=4, no_bias=True, name="a")
    >>> edit.trainable(*edit.freeze(net, {"a_weight": np.ones((4, 2))}, "a_*"))
    {'a_weight': False}
    """
    given = params[0] if isinstance(params, tuple | list) else params or {}
    trained = set(symbol.list_arguments()) - set(frozen(symbol))
    return {k: k.removeprefix("arg:") in trained for k in given}
