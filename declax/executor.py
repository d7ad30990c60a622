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
from declax.array import NDArray, to_device
from declax.context import Context
from declax.errors import BindError, nearest
from declax.infer import Inferred
from declax.lower import needs_x64
from declax.program import Program, program_of

if TYPE_CHECKING:
    from declax.symbol import Symbol


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
        self._wrt = tuple(i for i, g in enumerate(grads) if g is not None and grad_req[i] != "null" and floating[i])
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
        if is_train:
            self._program.forget_prepared()
        self._last = (args, aux, words)
        self._step = None
        if self._monitor is not None:
            self._run_watched(args, aux, words, is_train)
        elif not is_train and self._program.lowered.always_writes:
            with self._x64():
                values, new = self._program.infer_and_write(args, aux, words)
            self._set_outputs(values)
            self._set_states(new)
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
            self._set_states(new)
        return self.outputs

    def _set_states(self, values: Sequence[Any]) -> None:
        for array, value in zip(self.aux_arrays, values, strict=True):
            array.set_data(value)

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
        self._release_gradients()
        with self._x64():
            if step.kept is not None:
                kept, step.kept = step.kept, None
                grads = self._program.backward(kept, step.outputs, cotangents)
            else:
                outputs, new, grads = self._program.step(step.args, step.aux, step.words, cotangents)
                step.finish(outputs, new)
            for i, g in zip(self._wrt, grads, strict=True):
                target = self.grad_arrays[i]
                assert target is not None
                if self._grad_req[i] == "add":
                    target.set_data(target.data + g)
                elif target._base is None:
                    target.set_lazy_data(g)
                else:
                    target.set_data(g)

    def _release_gradients(self) -> None:
        """Lets go of gradients that are about to be written, so that old and new ones are never held together.

        Should the backward fail, they read as zeros.
        """
        for i in self._wrt:
            target = self.grad_arrays[i]
            if target is not None and target._base is None and self._grad_req[i] == "write":
                spec = target._described()
                spec = _Spec(tuple(spec.shape), np.dtype(spec.dtype))
                target._array = None
                target.set_lazy(_zeros_later(target, spec, self._ctx), spec)

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
            if self._loss[i]:
                found.append(None)
                continue
            if g is None:
                raise BindError(
                    f"output {name!r} is no loss head, so backward() needs its head gradient: pass out_grads, "
                    "or end the network in a loss or make_loss"
                )
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
                self._monitor(node.output_name(i), NDArray(outputs[i], self._ctx))  # pyright: ignore[reportOptionalCall]

        lowered = self._program.lowered
        with self._x64():
            if self._monitor_all:
                for name, x in zip(lowered.arguments, args, strict=True):
                    self._monitor(name, NDArray(x, self._ctx))  # pyright: ignore[reportOptionalCall]
            key = None if words is None else random.key_of(words)
            values, new = lowered.flat(args, aux, is_train, key, tap)
        self._set_outputs(values)
        if is_train or lowered.always_writes:
            self._set_states(new)

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
                    if tuple(value.shape) != known[name].shape:
                        raise BindError(f"{name!r} has shape {known[name].shape}, cannot copy {tuple(value.shape)}")
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
                grads.append(zeros(moved.shape, moved._described().dtype, self._ctx))
        for name, shape, array in zip(lowered.auxiliary_states, found.auxiliary, self.aux_arrays, strict=True):
            aux.append(_resized(name, shape, array, False, partial_shaping, allow_up_sizing, self._ctx))
        types = infer.infer_types(
            self._symbol.heads, {n: a._described().dtype for n, a in zip(lowered.arguments, args, strict=True)}
        )
        twin = Executor(self._symbol, self._ctx, args, grads, self._grad_req, aux, types, found, self._group2ctx)
        twin._monitor, twin._monitor_all = self._monitor, self._monitor_all
        return twin

    def debug_str(self) -> str:
        """The graph as text, with the bytes that arguments, gradients and states hold, and the plans that run."""
        lines = [self._symbol.debug_str().rstrip("\n")]
        for what, arrays in (
            ("arguments", self.arg_arrays),
            ("gradients", self.grad_arrays),
            ("states", self.aux_arrays),
        ):
            held = [a for a in arrays if a is not None]
            size = sum(a.size * np.dtype(a._described().dtype).itemsize for a in held)
            lines.append(f"{len(held)} {what}, {size} bytes")
        args, aux = [a.data for a in self.arg_arrays], [a.data for a in self.aux_arrays]
        for what, train in (("inference", False), ("training", True)):
            lines.append(f"\nPlan of {what}:\n{self._program.shown(args, aux, train)}")
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


def zeros(shape: tuple, dtype: Any, ctx: Context) -> NDArray:
    """An NDArray of zeros on a device."""
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
            f"{name!r}, which was not named, would change from {array.shape} to {shape}, and the new executor would "
            "not share it; if that is intended, pass partial_shaping=True"
        )
    if int(np.prod(shape)) > array.size and not allow_up_sizing:
        raise BindError(
            f"{name!r} would grow from {array.shape} to {shape}; if that is intended, pass allow_up_sizing=True"
        )
    return zeros(shape, array._described().dtype, ctx)
