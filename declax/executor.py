"""Executor: a graph bound to arrays, with MXNet's forward, backward and dictionaries.

`forward(is_train=True)` only notes what is to be computed. `backward()` then runs forward and backward as one
compiled call; reading an output in between runs the forward alone and keeps what the backward needs.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from declax import infer, random, shapes
from declax.context import Context, current_context
from declax.errors import BindError, nearest
from declax.infer import Inferred
from declax.lower import needs_x64
from declax.ndarray import NDArray, to_device
from declax.program import Program, program_of

if TYPE_CHECKING:
    from declax.symbol import Symbol

GRAD_REQ = ("null", "write", "add")


class _Step:
    """One `forward(is_train=True)`: the arrays as they were, and how far it has been computed."""

    __slots__ = ("args", "aux", "executor", "kept", "outputs", "resolved", "words")

    def __init__(self, executor: "Executor", args: list, aux: list, words: Any):
        self.executor, self.args, self.aux, self.words = executor, args, aux, words
        self.kept: Any = None
        self.outputs: Any = None
        self.resolved = False

    def resolve(self) -> None:
        """Computes the forward alone, keeping what the backward needs."""
        if self.resolved:
            return
        ex = self.executor
        with ex._x64():
            self.outputs, new, self.kept = ex._program.forward_kept(self.args, self.aux, self.words)
        self.finish(self.outputs, new)

    def finish(self, outputs: list, new: list) -> None:
        """Puts outputs and states into their arrays, once."""
        if self.resolved:
            return
        self.resolved = True
        ex = self.executor
        if len(ex.outputs) != len(outputs):
            ex._make_outputs(outputs)
        for array, value in zip(ex.outputs, outputs, strict=True):
            if array._lazy is not None:
                array.set_lazy_data(value)
        for array, value in zip(ex.aux_arrays, new, strict=True):
            if array._lazy is not None:
                array.set_lazy_data(value)


class Executor:
    """A symbol bound to arrays on a device. Made by `Symbol.bind` and `Symbol.simple_bind`.

    `arg_arrays`, `grad_arrays`, `aux_arrays` and `outputs` are lists of NDArray in the symbol's order (None for an
    argument without gradient); `arg_dict`, `grad_dict`, `aux_dict` and `output_dict` the same by name.

    >>> ex = (Variable("a") * Variable("b")).simple_bind(a=(2,), b=(2,))
    >>> ex.arg_dict["a"][:], ex.arg_dict["b"][:] = 3, 4
    >>> _ = ex.forward(is_train=True)
    >>> ex.backward(nd.ones((2,)))
    >>> ex.outputs[0].asnumpy().tolist(), ex.grad_dict["a"].asnumpy().tolist()
    ([12.0, 12.0], [4.0, 4.0])
    """

    def __init__(
        self,
        symbol: "Symbol",
        ctx: Context,
        args: Sequence[NDArray],
        grads: Sequence[NDArray | None],
        grad_req: Sequence[str],
        aux: Sequence[NDArray],
        types: Inferred,
        found: Inferred,
        group2ctx: Mapping[str, Context] | None = None,
    ):
        self._symbol, self._ctx, self._group2ctx = symbol, ctx, dict(group2ctx or {})
        self.arg_arrays, self.grad_arrays, self.aux_arrays = list(args), list(grads), list(aux)
        self._grad_req = list(grad_req)
        floating = [np.issubdtype(a.dtype, np.floating) or a._described().dtype.name == "bfloat16" for a in args]
        self._wrt = tuple(
            i for i, g in enumerate(grads) if g is not None and grad_req[i] != "null" and floating[i]
        )
        self._program: Program = program_of(symbol, self._wrt)
        if self._group2ctx:
            from declax.segments import placed

            self._program = placed(self._program, ctx, self._group2ctx)
        lowered = self._program.lowered
        entries = [t for values in types.entries.values() for t in values if t is not None]
        self._wide = needs_x64([*(a._described().dtype for a in (*args, *aux)), *entries])
        self._random = lowered.is_random
        self._loss = [_ignores_gradient(e) for e in symbol.heads]
        self._monitor: Callable | None = None
        self._monitor_all = False
        self._step: _Step | None = None
        self._last: tuple | None = None
        self.outputs: list[NDArray] = []
        self._prepare_outputs(found, types)

    def _prepare_outputs(self, found: Inferred, types: Inferred) -> None:
        """Output arrays before the first run: zeros of the inferred shapes, made when somebody looks."""
        if not all(shapes.is_complete(s) for s in found.outputs):
            return
        for shape, dtype in zip(found.outputs, types.outputs, strict=True):
            spec = jax.ShapeDtypeStruct(shape, np.dtype("float32")) if dtype is None else _Spec(shape, dtype)
            array = NDArray(None, self._ctx)
            array.set_lazy(_zeros_later(array, spec, self._ctx), spec)
            self.outputs.append(array)

    def _make_outputs(self, values: Sequence[Any]) -> None:
        self.outputs[:] = [NDArray(v, self._ctx) for v in values]

    def _x64(self) -> Any:
        return jax.enable_x64(True) if self._wide else nullcontext()

    # -- running -----------------------------------------------------------------------------------------------

    def forward(self, is_train: bool = False, **kwargs: Any) -> list[NDArray]:
        """Computes the outputs; keyword arguments are written into the arguments of those names first.

        Args:
            is_train: training mode: dropout drops, batch statistics are used, moving averages are updated.
            kwargs: NDArrays or numpy arrays by argument name.

        Raises:
            TypeError, ValueError: an unknown name, or an array of another shape.
            RunError: a node failed; the message names it.
        """
        if kwargs:
            self._write_arguments(kwargs)
        args = [a.data for a in self.arg_arrays]
        aux = [a.data for a in self.aux_arrays]
        words = random.next_words() if self._random else None
        self._last = (args, aux, words)
        self._step = None
        if self._monitor is not None:
            self._run_watched(args, aux, words, is_train)
        elif not is_train:
            if self._wide:
                with jax.enable_x64(True):
                    values = self._program.infer(args, aux, words)
            else:
                values = self._program.infer(args, aux, words)
            self._set_outputs(values)
        elif self._wrt:
            self._step = step = _Step(self, args, aux, words)
            for array in self.outputs:
                array.set_lazy(step.resolve, array._spec)
            for array, now in zip(self.aux_arrays, aux, strict=True):
                if array._base is None:
                    array.set_lazy(step.resolve, now)
            if not self.outputs or any(a._base is not None for a in self.aux_arrays):
                step.resolve()
        else:
            with self._x64():
                values, new = self._program.forward(args, aux, words)
            self._set_outputs(values)
            for array, value in zip(self.aux_arrays, new, strict=True):
                array.set_data(value)
        return self.outputs

    def _set_outputs(self, values: Sequence[Any]) -> None:
        if len(self.outputs) != len(values):
            self._make_outputs(values)
            return
        for array, value in zip(self.outputs, values, strict=True):
            array._array, array._lazy = value, None

    def _write_arguments(self, given: Mapping[str, Any]) -> None:
        known = self.arg_dict
        for name, value in given.items():
            if not isinstance(value, NDArray | np.ndarray | jax.Array):
                raise ValueError("only accept keyword argument of NDArrays and numpy.ndarray")
            if name not in known:
                raise TypeError(f"Unknown argument {name}{nearest(name, known)}")
            target = known[name]
            if tuple(value.shape) != target.shape:
                raise ValueError(f"Shape not match! Argument {name}, need: {target.shape}, received: {value.shape}")
            target[:] = value

    def backward(self, out_grads: Any = None, is_train: bool = True) -> None:
        """Computes the gradients of the arguments and writes or adds them to `grad_arrays`.

        Args:
            out_grads: gradients with respect to the outputs: an array, a list or a dict by output name; not needed
                for loss heads, which have their own.

        Raises:
            BindError: an output that is no loss head got no gradient, or one of another shape.
        """
        if not self._wrt:
            return
        cotangents = self._head_gradients(out_grads)
        step = self._step
        if step is None:
            args, aux, words = self._last or (
                [a.data for a in self.arg_arrays],
                [a.data for a in self.aux_arrays],
                random.next_words() if self._random else None,
            )
            step = _Step(self, args, aux, words)
            step.resolved = True
        with self._x64():
            if step.kept is not None:
                grads = self._program.backward(step.kept, step.outputs, cotangents)
            else:
                outputs, new, grads = self._program.step(step.args, step.aux, step.words, cotangents)
                step.finish(outputs, new)
            for i, g in zip(self._wrt, grads, strict=True):
                target = self.grad_arrays[i]
                assert target is not None
                target.set_data(g if self._grad_req[i] == "write" else target.data + g)

    def _head_gradients(self, out_grads: Any) -> list:
        names = self._program.lowered.outputs
        if out_grads is None:
            given: list = []
        elif isinstance(out_grads, Mapping):
            given = [out_grads.get(n) for n in names]
        elif isinstance(out_grads, NDArray | np.ndarray | jax.Array):
            given = [out_grads]
        else:
            given = list(out_grads)
        found: list[Any] = []
        for i, name in enumerate(names):
            g = given[i] if i < len(given) else None
            if g is None:
                if not self._loss[i]:
                    raise BindError(
                        f"output {name!r} is no loss head, so backward() needs its head gradient: pass out_grads, "
                        "or end the network in a loss or make_loss"
                    )
                found.append(None)
                continue
            if not isinstance(g, NDArray | np.ndarray | jax.Array):
                raise TypeError(f"out_grads must be NDArrays, got {type(g).__name__} for output {name!r}")
            shape = self.outputs[i].shape if i < len(self.outputs) else g.shape
            if tuple(g.shape) != shape:
                raise BindError(f"the head gradient of {name!r} has shape {tuple(g.shape)}, the output {shape}")
            found.append(g.data if isinstance(g, NDArray) else g)
        return found

    # -- watching ----------------------------------------------------------------------------------------------

    def set_monitor_callback(self, callback: Callable[[str, NDArray], None] | None, monitor_all: bool = False) -> None:
        """Calls `callback(name, array)` for every node's outputs (with `monitor_all` its inputs too) as they run.

        A watched executor runs node by node, uncompiled.
        """
        self._monitor, self._monitor_all = callback, monitor_all

    def _run_watched(self, args: list, aux: list, words: Any, is_train: bool) -> None:
        def tap(node: Any, outputs: Sequence[Any]) -> None:
            for i in range(min(len(outputs), node.visible_outputs())):
                self._monitor(node.output_name(i), NDArray(outputs[i], self._ctx))  # type: ignore[misc]

        lowered = self._program.lowered
        with self._x64():
            if self._monitor_all:
                for name, x in zip(lowered.arguments, args, strict=True):
                    self._monitor(name, NDArray(x, self._ctx))  # type: ignore[misc]
            key = None if words is None else random.key_of(words)
            values, new = lowered.flat(args, aux, is_train, key, tap)
        self._set_outputs(values)
        if is_train:
            for array, value in zip(self.aux_arrays, new, strict=True):
                array.set_data(value)

    # -- dictionaries ------------------------------------------------------------------------------------------

    @property
    def arg_dict(self) -> dict[str, NDArray]:
        """Arguments by name; ValueError when two have one name."""
        return _named(self._program.lowered.arguments, self.arg_arrays)

    @property
    def grad_dict(self) -> dict[str, NDArray | None]:
        """Gradients by argument name, None where none is computed."""
        return _named(self._program.lowered.arguments, self.grad_arrays)

    @property
    def aux_dict(self) -> dict[str, NDArray]:
        """Auxiliary states by name."""
        return _named(self._program.lowered.auxiliary_states, self.aux_arrays)

    @property
    def output_dict(self) -> dict[str, NDArray]:
        """Outputs by name."""
        return _named(self._program.lowered.outputs, self.outputs)

    @property
    def symbol(self) -> "Symbol":
        """The symbol that was bound."""
        return self._symbol

    def get_optimized_symbol(self) -> "Symbol":
        """The symbol itself: XLA optimises below it."""
        return self._symbol

    # -- other operations --------------------------------------------------------------------------------------

    def copy_params_from(
        self, arg_params: Mapping[str, NDArray], aux_params: Mapping[str, NDArray] | None = None,
        allow_extra_params: bool = False,
    ) -> None:  # fmt: skip
        """Copies arrays by name into arguments and auxiliary states; an unknown name is a ValueError."""
        for given, known, what in (
            (arg_params, self.arg_dict, "arguments"),
            (aux_params or {}, self.aux_dict, "auxiliary states"),
        ):
            for name, value in given.items():
                if name in known:
                    known[name][:] = value
                elif not allow_extra_params:
                    raise ValueError(f'Find name "{name}" that is not in the {what}{nearest(name, known)}')

    def reshape(self, partial_shaping: bool = False, allow_up_sizing: bool = False, **kwargs: Any) -> "Executor":
        """An executor for other input shapes that shares every array whose shape stays.

        Args:
            partial_shaping: allow arguments that were not named to change shape too.
            allow_up_sizing: allow arrays to grow (new ones are allocated).
            kwargs: shapes by argument name.
        """
        found = infer.infer_shapes(self._symbol.heads, self._symbol._by_name((), kwargs, "Executor.reshape"))
        lowered = self._program.lowered
        args, grads, aux = [], [], []
        for name, shape, array, grad in zip(
            lowered.arguments, found.arguments, self.arg_arrays, self.grad_arrays, strict=True
        ):
            moved = _resized(name, shape, array, name in kwargs, partial_shaping, allow_up_sizing, self._ctx)
            args.append(moved)
            if grad is None or moved is array:
                grads.append(grad)
            else:
                grads.append(_zeros(moved.shape, moved._described().dtype, self._ctx))
        for name, shape, array in zip(lowered.auxiliary_states, found.auxiliary, self.aux_arrays, strict=True):
            aux.append(_resized(name, shape, array, False, partial_shaping, allow_up_sizing, self._ctx))
        types = infer.infer_types(self._symbol.heads, {n: a._described().dtype for n, a in zip(lowered.arguments, args, strict=True)})
        twin = Executor(
            self._symbol, self._ctx, args, grads, self._grad_req, aux, types, found, self._group2ctx
        )
        twin._monitor, twin._monitor_all = self._monitor, self._monitor_all
        return twin

    def debug_str(self) -> str:
        """The graph as text, with the bytes that arguments, gradients and states hold."""
        lines = [self._symbol.debug_str().rstrip("\n")]
        for what, arrays in (("arguments", self.arg_arrays), ("gradients", self.grad_arrays), ("states", self.aux_arrays)):
            held = [a for a in arrays if a is not None]
            size = sum(a.size * np.dtype(a._described().dtype).itemsize for a in held)
            lines.append(f"{len(held)} {what}, {size} bytes")
        return "\n".join(lines) + "\n"


class _Spec:
    """Shape and dtype of an array to come; unlike ShapeDtypeStruct it keeps 64-bit types."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple, dtype: np.dtype):
        self.shape, self.dtype = shape, dtype


def _zeros_later(array: NDArray, spec: Any, ctx: Context) -> Callable[[], None]:
    def resolve() -> None:
        array.set_lazy_data(to_device(np.zeros(spec.shape, spec.dtype), ctx))

    return resolve


def _zeros(shape: tuple, dtype: Any, ctx: Context) -> NDArray:
    return NDArray(to_device(np.zeros(shape, dtype), ctx), ctx)


def _named(names: Sequence[str], arrays: Sequence[Any]) -> dict[str, Any]:
    if len(set(names)) != len(names):
        repeated = sorted({n for n in names if names.count(n) > 1})
        raise ValueError(f"Duplicate names detected, {repeated}: use the lists, or give the variables different names")
    return dict(zip(names, arrays, strict=False))


def _ignores_gradient(entry: Any) -> bool:
    op = entry.node.op
    return op is not None and op.is_loss(entry.node.params)


def _resized(
    name: str, shape: Any, array: NDArray, named: bool, partial_shaping: bool, allow_up_sizing: bool, ctx: Context
) -> NDArray:
    if shape == array.shape:
        return array
    if not shapes.is_complete(shape):
        raise BindError(f"the new shape of {name!r} is {shapes.show(shape)}: give the shapes of more inputs")
    if not named and not partial_shaping:
        raise BindError(
            f"{name!r}, which was not named, would change from {array.shape} to {shape}, and the new executor would not "
            "share it; if that is intended, pass partial_shaping=True"
        )
    if int(np.prod(shape)) > array.size and not allow_up_sizing:
        raise BindError(
            f"{name!r} would grow from {array.shape} to {shape}; if that is intended, pass allow_up_sizing=True"
        )
    return _zeros(shape, array._described().dtype, ctx)


# -- binding ---------------------------------------------------------------------------------------------------


def requests(names: Sequence[str], grad_req: Any) -> list[str]:
    """`grad_req` (one for all, a list, or a dict by name) as a list in the order of the arguments."""
    if isinstance(grad_req, str):
        found = [grad_req] * len(names)
    elif isinstance(grad_req, Mapping):
        found = [grad_req.get(n, "null") for n in names]
    elif isinstance(grad_req, Sequence):
        found = list(grad_req) + ["null"] * (len(names) - len(grad_req))
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
            raise ValueError(f"Length of {what} does not match the number of arguments: {len(arrays)}, needed {list(names)}")
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
    types = _decided_types(symbol, names, type_dict or {})
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


def _decided_types(symbol: "Symbol", names: list[str], given: Mapping[str, Any]) -> Inferred:
    """Types with float32 for the arguments that neither `given` nor the graph decides."""
    known = {k: infer.as_dtype(v) for k, v in given.items() if k in set(symbol.list_inputs())}
    if not given:
        declared = {n for n, a in symbol.attr_dict().items() if "__dtype__" in a}
        known = {n: np.dtype("float32") for n in names if n not in declared}
    types = infer.infer_types(symbol.heads, known)
    while None in types.arguments:
        known[names[types.arguments.index(None)]] = np.dtype("float32")
        types = infer.infer_types(symbol.heads, known)
    return types


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
        return _zeros(shape, dtype, self.ctx)

    def gradient(self, name: str, shape: tuple, dtype: np.dtype) -> NDArray:
        old = self.grads.get(name)
        if old is not None and old.shape == shape and (self.names is None or name in self.names):
            return old
        return _zeros(shape, dtype, self.ctx)

    def state(self, name: str, shape: tuple, dtype: np.dtype) -> NDArray:
        old = self.states.get(name)
        return old if old is not None and old.shape == shape else _zeros(shape, dtype, self.ctx)

    def _buffered(self, name: str, shape: tuple, dtype: np.dtype) -> NDArray:
        if self.buffer is None:
            return _zeros(shape, dtype, self.ctx)
        old = self.buffer.get(name)
        if old is not None and old._described().dtype == dtype:
            if old.shape == shape:
                return old
            if old.size >= int(np.prod(shape)):
                return old.reshape((-1,))[: int(np.prod(shape))].reshape(shape)
        made = self.buffer[name] = _zeros(shape, dtype, self.ctx)
        return made
