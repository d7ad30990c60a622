"""Passes: what a known graph becomes before it runs. Names, JSON and the way nets are written show nothing of it.

A pass is a function `(heads, known) -> heads` over a graph whose shapes and types are known; it shares the nodes that
it leaves alone and never changes one. `available()` says what there is; every choice can be switched off by name:

    with dx.passes.switched(layout=False):
        ex = net.simple_bind(dx.cpu(), data=(16, 3, 224, 224))

The environment variable `DECLAX_PASSES` does so for a whole process: `-layout,-fold` takes these away, `none` all.
Executors keep the choice that was in force when they were bound, `jax.jit` the one in force when it traced.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from declax import graph, tuned
from declax.errors import InferenceError, nearest
from declax.graph import Entry, Node
from declax.layers import onednn

if TYPE_CHECKING:
    from declax.infer import Inferred
    from declax.plan import Plan

_CHOICES = {
    "fold": "at inference, BatchNorm goes into the weights of the convolution or product before it",
    "exchange": "average pooling and 1x1 convolutions change places where that is less work",
    "layout": "convolutions and what stands between them run channels-last, with transposes only at the borders",
    "formulate": "convolutions run as products, shifted sums or blocks where that is faster, or as autotune found",
    "onednn": "convolutions run in oneDNN, with what is added and a ReLU in the same pass, where jaxlib carries it",
    "library": "compiled with XLA's faster kernels for products and convolutions, where the backend has them",
    "roll": "steps that repeat over shared weights, each fed by the one before, are compiled once and run as a loop",
    "stack": "blocks with weights of their own are rolled too, over stacked weights (off unless asked for)",
    "schedule": "compiled in the order that needs the least memory, where the backend can be told",
    "recompute": "what `force_mirroring` marks is computed again in the backward, not kept for it",
    "keep": "memory that a run frees stays with the process for the next one, from the first CPU that is used",
    "prepare": "what depends on parameters alone is computed when they change, not at every inference",
}
"""Every choice and what it does."""

_ON_REQUEST = frozenset({"stack"})
"""Choices that are off unless named: XLA compiles equal kernels once by itself, and stacks of weights take memory."""


def available() -> dict[str, str]:
    """Every choice by name, with what it does."""
    return dict(_CHOICES)


def _from_environment(text: str) -> frozenset[str]:
    words = [w.strip() for w in text.split(",") if w.strip()]
    starts_empty = bool(words) and (words[0] == "none" or not words[0].startswith("-"))
    chosen = set() if starts_empty else set(_CHOICES) - _ON_REQUEST
    for word in words:
        if word in ("none", "all"):
            chosen = set(_CHOICES) if word == "all" else set()
        elif word.startswith("-"):
            chosen.discard(_checked(word[1:]))
        else:
            chosen.add(_checked(word))
    return frozenset(chosen)


def _checked(name: str) -> str:
    if name not in _CHOICES:
        raise ValueError(f"there is no pass {name!r}{nearest(name, _CHOICES)}; there are {', '.join(_CHOICES)}")
    return name


class _Local(threading.local):
    enabled: frozenset[str] | None = None
    in_process: bool = False


_local = _Local()
_default = [_from_environment(os.environ.get("DECLAX_PASSES", ""))]


def enabled() -> frozenset[str]:
    """The names of the choices in force on this thread."""
    return _default[0] if _local.enabled is None else _local.enabled


def state() -> tuple:
    """What decides about plans: the choices in force, what was measured on this machine, whether
    MXNET_BACKWARD_DO_MIRROR asks for mirroring, and whether oneDNN may be used.
    """
    mirrored = os.environ.get("MXNET_BACKWARD_DO_MIRROR", "0") not in ("", "0")
    return enabled(), tuned.current(), mirrored, uses_onednn()


@contextmanager
def in_process() -> Iterator[None]:
    """What is traced inside is compiled for this process alone, never exported: kernels of this machine may be used."""
    before, _local.in_process = _local.in_process, True
    try:
        yield
    finally:
        _local.in_process = before


def uses_onednn() -> bool:
    """Whether plans made now may hold convolutions by oneDNN."""
    return _local.in_process and "onednn" in enabled() and onednn.is_available()


@contextmanager
def switched(**choices: bool) -> Iterator[None]:
    """Switches choices on or off, by name, for what is bound or traced inside; on this thread only.

    >>> with dx.passes.switched(layout=False):
    ...     "layout" in dx.passes.enabled()
    False
    """
    before = _local.enabled
    chosen = set(enabled())
    for name, on in choices.items():
        (chosen.add if on else chosen.discard)(_checked(name))
    _local.enabled = frozenset(chosen)
    try:
        yield
    finally:
        _local.enabled = before


@contextmanager
def only(*names: str) -> Iterator[None]:
    """Switches everything off but the named choices; `only()` runs the graph as it was declared."""
    before = _local.enabled
    _local.enabled = frozenset(_checked(n) for n in names)
    try:
        yield
    finally:
        _local.enabled = before


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
