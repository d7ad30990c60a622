"""Binding: from a symbol and arrays, or shapes, to an Executor."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from declax import infer, shapes
from declax.array import NDArray
from declax.context import Context, current_context
from declax.errors import BindError, nearest
from declax.executor import Executor, zeros
from declax.infer import Inferred

if TYPE_CHECKING:
    from declax.symbol import Symbol

GRAD_REQ = ("null", "write", "add")


def requests(names: Sequence[str], grad_req: Any) -> list[str]:
    """`grad_req` (one for all, a list, or a dict by name) as a list in the order of the arguments."""
    if isinstance(grad_req, str):
        found = [grad_req] * len(names)
    elif isinstance(grad_req, Mapping):
        found = [grad_req.get(n, "null") for n in names]
    elif isinstance(grad_req, Sequence):
        found = list(grad_req)
        if len(found) != len(names):
            raise BindError(f"grad_req has {len(found)} entries for {len(names)} arguments {list(names)}")
    else:
        raise TypeError("grad_req must be a string, a list or a dict")
    for r in found:
        if r not in GRAD_REQ:
            raise ValueError(f"grad_req must be in {GRAD_REQ}, got {r!r}")
    return found


def _listed(given: Any, names: Sequence[str], what: str, partial: bool) -> list[Any]:
    """Arrays from a list or a dict, in the order of the names."""
    if given is None:
        given = []
    if isinstance(given, Mapping):
        arrays = [given.get(n) for n in names]
        for n, a in zip(names, arrays, strict=True):
            if a is None and not partial:
                raise ValueError(f"key `{n}` is missing in `{what}`{nearest(n, given)}")
    elif isinstance(given, Sequence):
        arrays = list(given)
        if len(arrays) != len(names):
            raise ValueError(
                f"Length of {what} does not match the number of arguments: {len(arrays)}, needed {list(names)}"
            )
    else:
        raise TypeError("Only accept list of NDArrays or dict of str to NDArray")
    for a in arrays:
        if not isinstance(a, NDArray) and not (partial and a is None):
            raise TypeError("Only accept list of NDArrays or dict of str to NDArray")
    return arrays


def _contexts(ctx: Any) -> Context:
    if not isinstance(ctx, Context):
        raise TypeError("Context type error: pass declax.cpu() or another Context")
    return ctx


def bind(
    symbol: "Symbol", ctx: Context, args: Any, args_grad: Any, grad_req: Any, aux_states: Any,
    group2ctx: Mapping[str, Any] | None, shared_exec: Executor | None,
) -> Executor:  # fmt: skip
    """An Executor over the given arrays, which stay shared with the caller.

    Args:
        symbol, ctx: the graph and the device it runs on.
        args, args_grad, aux_states: NDArrays as a list in order or a dict by name; gradients may be partial.
        grad_req: "write", "add" or "null" for all arguments, a list, or a dict by name.
        group2ctx: device by `ctx_group` attribute.
        shared_exec: accepted; XLA shares memory between executors by itself.

    Raises:
        ValueError, TypeError: an array is missing or no array.
        InferenceError: shapes or types contradict the graph; the message names the node.
    """
    ctx = _contexts(ctx)
    names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
    arrays = _listed(args, names, "args", False)
    aux = _listed(aux_states, states, "aux_states", False)
    grads = [None] * len(names) if args_grad is None else _listed(args_grad, names, "args_grad", True)
    req = requests(names, grad_req)
    if not any(g is not None for g in grads):
        req = ["null"] * len(names)
    for array in (*arrays, *aux):
        if array.context.jax_device() != ctx.jax_device() and not group2ctx:
            raise BindError(f"an array on {array.context} cannot be bound on {ctx}: use as_in_context({ctx})")
    found, types = _checked(symbol, names, states, arrays, aux)
    for n, a, g in zip(names, arrays, grads, strict=True):
        if g is not None and g.shape != a.shape:
            raise BindError(f"the gradient array of {n!r} has shape {g.shape}, the argument {a.shape}")
    return Executor(symbol, ctx, arrays, grads, req, aux, types, found, group2ctx)


def _checked(
    symbol: "Symbol", names: list[str], states: list[str], arrays: list[NDArray], aux: list[NDArray]
) -> tuple[Inferred, Inferred]:
    """Inference from the arrays' shapes and types; raises where they contradict the graph."""
    pairs = [*zip(names, arrays, strict=True), *zip(states, aux, strict=True)]
    types = infer.infer_types(symbol.heads, {n: a._described().dtype for n, a in pairs})
    return infer.infer_shapes(symbol.heads, {n: a.shape for n, a in pairs}, types, exact=True), types


def simple_bind(
    symbol: "Symbol", ctx: Context | None, grad_req: Any, type_dict: Mapping[str, Any] | None,
    group2ctx: Mapping[str, Any] | None, shared_arg_names: Sequence[str] | None, shared_exec: Executor | None,
    shared_buffer: dict | None, known: Mapping[str, Any],
) -> Executor:  # fmt: skip
    """An Executor with zero-filled arrays of the inferred shapes and types.

    Args:
        ctx: the device; the current context when None.
        grad_req: as in `bind`; "null" allocates no gradient.
        type_dict: types by argument name, float32 for what it does not decide.
        group2ctx: device by `ctx_group` attribute.
        shared_arg_names, shared_exec: arguments of these names (all without names) are shared with another executor
            where the shape is the same.
        shared_buffer: arrays by name to use instead of new ones where they are large enough; new ones are added to it.
        known: shapes by argument name.

    Raises:
        BindError: too few shapes to decide all of them; the message names the undecided arguments.
    """
    ctx = current_context() if ctx is None else _contexts(ctx)
    names, states = symbol.list_arguments(), symbol.list_auxiliary_states()
    extra = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
    for k, v in extra.items():
        if not isinstance(v, tuple):
            raise TypeError(f"the shape of {k!r} must be a tuple, got {type(v).__name__}")
    inputs = {*names, *states}
    types = infer.decide_types(symbol.heads, type_dict or {})
    found = infer.infer_shapes(symbol.heads, {k: v for k, v in extra.items() if k in inputs}, types)
    undecided = [
        f"{n}: {shapes.show(s)}"
        for n, s in zip((*names, *states), (*found.arguments, *found.auxiliary), strict=True)
        if not shapes.is_complete(s)
    ]
    if undecided:
        unused = [k for k in extra if k not in inputs]
        hint = "".join(f"\n  {k!r} is no argument of this symbol{nearest(k, inputs)}" for k in unused)
        raise BindError(
            "simple_bind cannot decide the shapes of these arguments, please provide them: "
            + ", ".join(undecided[:10])
            + ("" if len(undecided) <= 10 else f" and {len(undecided) - 10} more")
            + hint
        )
    req = requests(names, grad_req)
    store = _Store(ctx, shared_exec, shared_arg_names, shared_buffer)
    kinds = [np.dtype("float32") if t is None else t for t in types.arguments]
    args = [store.argument(n, s, t) for n, s, t in zip(names, found.arguments, kinds, strict=True)]
    grads = [
        None if r == "null" else store.gradient(n, s, t)
        for n, s, t, r in zip(names, found.arguments, kinds, req, strict=True)
    ]
    aux = [
        store.state(n, s, np.dtype("float32") if t is None else t)
        for n, s, t in zip(states, found.auxiliary, types.auxiliary, strict=True)
    ]
    return Executor(symbol, ctx, args, grads, req, aux, types, found, group2ctx)


class _Store:
    """Where simple_bind takes arrays from: another executor, a shared buffer, or new ones."""

    def __init__(self, ctx: Context, shared: Executor | None, names: Sequence[str] | None, buffer: dict | None):
        self.ctx, self.buffer = ctx, buffer
        self.names = None if names is None else set(names)
        self.args = shared.arg_dict if shared is not None else {}
        self.grads = shared.grad_dict if shared is not None else {}
        self.states = shared.aux_dict if shared is not None else {}

    def argument(self, name: str, shape: tuple, dtype: np.dtype) -> NDArray:
        if self.names is None or name in self.names:
            old = self.args.get(name)
            if old is not None and old.shape == shape and old._described().dtype == dtype:
                return old
        if self.names is None or name not in self.names:
            return self._buffered(name, shape, dtype)
        return zeros(shape, dtype, self.ctx)

    def gradient(self, name: str, shape: tuple, dtype: np.dtype) -> NDArray:
        old = self.grads.get(name)
        if old is not None and old.shape == shape and (self.names is None or name in self.names):
            return old
        return zeros(shape, dtype, self.ctx)

    def state(self, name: str, shape: tuple, dtype: np.dtype) -> NDArray:
        old = self.states.get(name)
        return old if old is not None and old.shape == shape else zeros(shape, dtype, self.ctx)

    def _buffered(self, name: str, shape: tuple, dtype: np.dtype) -> NDArray:
        if self.buffer is None:
            return zeros(shape, dtype, self.ctx)
        old = self.buffer.get(name)
        if old is not None and old._described().dtype == dtype:
            if old.shape == shape:
                return old
            if old.size >= int(np.prod(shape)):
                return old.reshape((-1,))[: int(np.prod(shape))].reshape(shape)
        made = self.buffer[name] = zeros(shape, dtype, self.ctx)
        return made
