"""Operators called on arrays: each (operator, attributes) is one jitted function, compiled once per input signature."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from declax import random
from declax.attrs import to_text
from declax.errors import MXNetError, OperatorError, RunError
from declax.graph import Entry, Node
from declax.lower import needs_x64
from declax.registry import OpDef
from declax.rules import same_type
from declax.util import is_np_shape


def invoke(
    op: OpDef, hint: str, args: Sequence[Any], kwargs: Mapping[str, Any], attrs: Mapping[str, Any], *,
    name: Any = None, attr: Any = None, out: Any = None,
) -> Any:  # fmt: skip
    """Runs an operator on NDArrays: its visible outputs, one NDArray or a list, or written into `out`.

    Auxiliary states (the momentum of an optimiser's update, say) are written in place. `name` and `attr` mean
    nothing to arrays and are accepted.
    """
    from declax.array import NDArray

    ctx = attrs.get("ctx") if attrs else None
    texts = tuple((k, v if type(v) is str else to_text(v)) for k, v in attrs.items() if k != "ctx" or "ctx" in op.hyper)
    params = _params(op, texts)
    inputs = _inputs(op, params, args, kwargs)
    arrays = [x.data for x in inputs]
    results = run(op, texts, params, arrays)
    n = op.num_outputs(params)
    for position, new in zip(op.mutated(params), results[n:], strict=True):
        inputs[position].set_data(new)
    context = inputs[0].context if inputs else None
    if not inputs:
        context, results = _placed(ctx, results)
    visible = results[: op.visible_outputs(params)]
    if out is not None:
        targets = out if isinstance(out, list | tuple) else [out]
        for target, value in zip(targets, visible, strict=False):
            target[:] = NDArray(value, context)
        return out
    made = [NDArray(v, context) for v in visible]
    return made[0] if len(made) == 1 else made


@lru_cache(maxsize=65536)
def _params(op: OpDef, texts: tuple) -> dict[str, Any]:
    return op.parse(dict(texts))


def _inputs(op: OpDef, params: Mapping[str, Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    if op.variadic:
        return [*args, *kwargs.values()]
    names = op.input_names(params)
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    for n in names:
        if n not in given:
            raise OperatorError(f"operator {op.name} needs the array {n!r}; its inputs are {list(names)}")
    for n in given:
        if n not in names:
            raise OperatorError(f"operator {op.name} has no input {n!r} here; its inputs are {list(names)}")
    return [given[n] for n in names]


def run(op: OpDef, texts: tuple, params: Mapping[str, Any], arrays: Sequence[Any], train: bool = False) -> list:
    """Outputs and new states of an operator on jax arrays, jitted unless its output shape depends on values."""
    dtypes = tuple(x.dtype for x in arrays)
    wide = _is_wide(op, texts, dtypes)
    words = random.next_words() if op.takes_key else None
    with jax.enable_x64(True) if wide else nullcontext():
        try:
            if op.dynamic:
                key = random.key_of(words) if op.takes_key else None
                return list(op.run(params, arrays, train=train, key=key))
            if op.varying:
                return list(_with_varying(op, texts, params, arrays))
            return list(_jitted(op, texts, train, is_np_shape())(words, *arrays))
        except MXNetError:
            raise
        except Exception as e:
            given = ", ".join(f"{x.dtype}{list(x.shape)}" for x in arrays)
            raise RunError(f"Error in operator {op.name}: {e}\n  inputs: {given}") from e


def _check(op: OpDef, texts: tuple, params: Mapping[str, Any], arrays: Sequence[Any]) -> None:
    """Raises where the operator's rules refuse the shapes or types; runs once per compiled signature."""
    from declax import infer

    if not op.num_outputs(params):
        return
    names = op.input_names(params, len(arrays))
    node = Node(op, op.name, dict(texts), dict(params), [Entry(Node(None, n, {})) for n in names])
    types = infer.infer_types([Entry(node)], {n: x.dtype for n, x in zip(names, arrays, strict=True)})
    if op.shape_rule is not None:
        infer.infer_shapes(
            [Entry(node)], {n: x.shape for n, x in zip(names, arrays, strict=True)}, types, exact=True
        )  # fmt: skip


def _with_varying(op: OpDef, texts: tuple, params: Mapping[str, Any], arrays: Sequence[Any]) -> tuple:
    """The operator with its varying hyper-parameters as arguments of the compiled function."""
    varying = {n: np.asarray(params[n], np.float32) for n in op.varying}
    key = op, tuple(t for t in texts if t[0] not in op.varying), is_np_shape()
    if key not in _varying_functions:
        fixed = {n: v for n, v in params.items() if n not in op.varying}
        _varying_functions[key] = jax.jit(lambda varying, *xs: op.run({**fixed, **varying}, xs))
    return _varying_functions[key](varying, *arrays)


_varying_functions: dict[tuple, Any] = {}


@lru_cache(maxsize=65536)
def _is_wide(op: OpDef, texts: tuple, dtypes: tuple) -> bool:
    if needs_x64(dtypes):
        return True
    params = _params(op, texts)
    ins: list[Any] = list(dtypes)
    outs: list[Any] = [None] * op.num_outputs(params)
    try:
        (op.type_rule or same_type)(ins, outs, **(params if op.type_rule else {}))
    except ValueError:
        return False
    return needs_x64(outs)


@lru_cache(maxsize=65536)
def _jitted(op: OpDef, texts: tuple, train: bool, np_shape: bool) -> Any:
    params = _params(op, texts)

    def function(words: Any, *arrays: Any) -> tuple:
        _check(op, texts, params, arrays)
        key = random.key_of(words) if op.takes_key else None
        return op.run(params, arrays, train=train, key=key)

    function.__name__ = op.name
    return jax.jit(function)


def _placed(ctx: Any, results: list) -> tuple[Any, list]:
    from declax.context import Context, current_context

    if isinstance(ctx, str):
        kind, _, number = ctx.partition("(")
        ctx = Context(kind, int(number.rstrip(")") or 0))
    ctx = ctx or current_context()
    return ctx, [jax.device_put(r, ctx.jax_device()) for r in results]
