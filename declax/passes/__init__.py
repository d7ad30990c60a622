"""Passes: what a known graph becomes before it runs. Names, JSON and the way nets are written show nothing of it.

A pass is a function `(heads, known) -> heads` over a graph whose shapes and types are known; it shares the nodes that
it leaves alone and never changes one. `available()` says what there is; every choice can be switched off by name:

    with dx.passes.switched(layout=False):
        ex = net.simple_bind(dx.cpu(), data=(16, 3, 224, 224))

The environment variable `DECLAX_PASSES` does so for a whole process: `-layout,-fold` takes these away, `none` all.
Executors keep the choice that was in force when they were bound, `jax.jit` the one in force when it traced.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from declax import graph, tuned
from declax.choices import available, enabled, in_process, is_in_process, only, switched
from declax.errors import InferenceError
from declax.graph import Entry, Node
from declax.layers import onednn

if TYPE_CHECKING:
    from declax.infer import Inferred
    from declax.plan import Plan

__all__ = [
    "Known", "available", "before", "enabled", "in_process", "only", "optimised", "state", "switched", "uses_onednn",
]  # fmt: skip


def state() -> tuple:
    """What decides about plans: the choices in force, what was measured on this machine, whether
    MXNET_BACKWARD_DO_MIRROR asks for mirroring, and whether oneDNN may be used.
    """
    mirrored = os.environ.get("MXNET_BACKWARD_DO_MIRROR", "0") not in ("", "0")
    return enabled(), tuned.current(), mirrored, uses_onednn()


def uses_onednn() -> bool:
    """Whether plans made now may hold convolutions by oneDNN."""
    return is_in_process() and "onednn" in enabled() and onednn.is_available()


@dataclass(frozen=True)
class Known:
    """What a pass may ask: shapes and types of the entries of the graph, and how it will run."""

    shapes: "Inferred"
    types: "Inferred"
    train: bool

    def shape(self, entry: Entry) -> tuple[int, ...]:
        """The shape of one entry."""
        return self.shapes.of(entry)

    def dtype(self, entry: Entry) -> Any:
        """The type of one entry."""
        return self.types.of(entry)


def optimised(plan: "Plan", args: Sequence[Any], aux: Sequence[Any], train: bool) -> "Plan":
    """The plan that the enabled passes make of a plan for arrays like these; the same plan where none applies."""
    chosen, _, mirrored, _ = state()
    if not train or "recompute" not in chosen:
        return _rewritten(plan, args, aux, train, "roll" in chosen)
    from declax.passes import recompute

    again = partial(recompute.is_marked, everywhere=mirrored)
    return recompute.apply(_rewritten(plan, args, aux, train, "roll" in chosen, again), mirrored)


def _rewritten(
    plan: "Plan", args: Sequence[Any], aux: Sequence[Any], train: bool, rolled: bool,
    again: Callable[[Node], bool] = lambda node: False,
) -> "Plan":  # fmt: skip
    """The plan that the enabled passes over graphs make, and with `rolled` loops of what repeats.

    `again` tells the nodes that the backward computes again.
    """
    from declax.plan import Plan

    variables = {n.name: x for n, x in zip((*plan.arguments, *plan.states), (*args, *aux), strict=True)}
    if len(variables) != len(args) + len(aux):
        return plan
    heads = _passed(plan.heads, variables, train, _PIPELINE)
    if heads is None:
        return plan
    found = plan
    if tuple(heads) != plan.heads:
        found = Plan(heads, plan.arguments, plan.states, plan.heads)
        if not {id(n) for n in found.asking} <= {id(n) for n in plan.asking}:
            return plan  # inference over the declared graph would not know these nodes
    if rolled and len(found.steps) >= _LEAST_ROLLED:
        from declax.passes import roll

        known = _known(heads, variables, train)
        found = found if known is None else roll.apply(found, known, again)
    return found


def _passed(
    heads: Sequence[Entry], variables: Mapping[str, Any], train: bool, pipeline: Sequence[tuple]
) -> Sequence[Entry] | None:
    """The heads that the enabled ones of these passes over graphs make; None where inference does not reach."""
    operators = {n.op_name for n in graph.topological(heads)}
    known = None
    chosen = enabled() if not train and uses_onednn() else enabled() - {"onednn"}
    for name, module, triggers in pipeline:
        if name in chosen and not triggers.isdisjoint(operators):
            known = known or _known(heads, variables, train)
            if known is None:
                return None
            new = import_module(module).apply(heads, known)
            if tuple(new) != tuple(heads):
                heads, known = new, None
    return heads


def before(
    name: str, heads: Sequence[Entry], variables: Mapping[str, Any], train: bool
) -> tuple[Sequence[Entry], Known] | None:
    """The graph that the pass `name` gets, and what is known of it; None where inference does not reach.

    `variables` are arrays or `jax.ShapeDtypeStruct`s by name.
    """
    found = _passed(heads, variables, train, _PIPELINE[: [p[0] for p in _PIPELINE].index(name)])
    known = None if found is None else _known(found, variables, train)
    return None if found is None or known is None else (found, known)


_LEAST_ROLLED = 24
"""Plans with fewer steps are not searched for repetitions."""

_PIPELINE = (
    ("fold", "declax.passes.fold", frozenset({"BatchNorm"})),
    ("exchange", "declax.passes.exchange", frozenset({"Pooling"})),
    ("layout", "declax.passes.layout", frozenset({"Convolution"})),
    ("onednn", "declax.passes.epilogue", frozenset({"Convolution"})),
)
"""The passes over graphs in the order in which they run: name, module, operators without which it has nothing to do."""


def _known(heads: Sequence[Entry], variables: Mapping[str, Any], train: bool) -> Known | None:
    """Shapes and types everywhere, or None where inference does not reach."""
    from declax import infer

    names = {n.name for n in graph.topological(heads) if n.op is None}
    given = {k: x for k, x in variables.items() if k in names}
    try:
        types = infer.infer_types(heads, {k: np.dtype(x.dtype) for k, x in given.items()})
        shapes = infer.infer_shapes(heads, {k: tuple(x.shape) for k, x in given.items()}, types, exact=True)
    except InferenceError:
        return None
    known = all(s is not None and None not in s for values in shapes.entries.values() for s in values)
    return Known(shapes, types, train) if known and shapes.complete and types.complete else None
