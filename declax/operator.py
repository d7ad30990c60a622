"""Custom operators in Python, as `mx.operator` has them: `CustomOp`, `CustomOpProp`, `register`, and `sym.Custom`.

An executor calls the Python code directly, between the compiled parts of the graph. Inside somebody's own `jit` (a
lowered graph) it runs through `jax.pure_callback`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.core import Tracer

from declax import registry
from declax.array import NDArray, to_device
from declax.context import context_of, cpu
from declax.errors import OperatorError, nearest
from declax.registry import OpDef
from declax.rules import assign, assign_type


class CustomOp:
    """The computation of a custom operator; subclasses write `forward` and `backward`."""

    def forward(self, is_train: bool, req: list[str], in_data: list, out_data: list, aux: list) -> None:
        """Computes outputs: `self.assign(out_data[i], req[i], value)`."""

    def backward(self, req: list[str], out_grad: list, in_data: list, out_data: list, in_grad: list, aux: list) -> None:
        """Computes gradients: `self.assign(in_grad[i], req[i], value)`."""

    def assign(self, dst: NDArray, req: str, src: Any) -> None:
        """Writes, adds, or does nothing, as `req` says."""
        if req in ("write", "inplace"):
            dst[:] = src
        elif req == "add":
            dst[:] = dst + src


class CustomOpProp:
    """The description of a custom operator: names, shapes, types, and the CustomOp that computes it.

    Attributes given to `sym.Custom` reach `__init__` as strings.
    """

    def __init__(self, need_top_grad: bool = True):
        self.need_top_grad_ = need_top_grad

    def infer_shape(self, in_shape: list) -> tuple:
        """(input shapes, output shapes, auxiliary shapes) from the input shapes; unknown ones come as []."""
        return in_shape, [in_shape[0]] * len(self.list_outputs()), []

    def infer_type(self, in_type: list) -> tuple:
        """(input types, output types, auxiliary types) from the input types."""
        return in_type, [in_type[0]] * len(self.list_outputs()), [in_type[0]] * len(self.list_auxiliary_states())

    def list_arguments(self) -> list[str]:
        """Names of the inputs."""
        return ["data"]

    def list_outputs(self) -> list[str]:
        """Names of the outputs."""
        return ["output"]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the auxiliary states."""
        return []

    def declare_backward_dependency(self, out_grad: list, in_data: list, out_data: list) -> list:
        """What the backward reads; kept for MXNet code."""
        return [*(out_grad if self.need_top_grad_ else []), *in_data, *out_data]

    def create_operator(self, ctx: Any, in_shapes: list, in_dtypes: list) -> CustomOp:
        """The CustomOp for inputs of these shapes and types."""
        return CustomOp()


_registered: dict[str, type[CustomOpProp]] = {}


def register(reg_name: str) -> Callable[[type[CustomOpProp]], type[CustomOpProp]]:
    """Class decorator: makes a CustomOpProp known as `op_type=reg_name`.

    >>> class Twice(mx.operator.CustomOp):
    ...     def forward(self, is_train, req, in_data, out_data, aux):
    ...         self.assign(out_data[0], req[0], in_data[0] * 2)
    >>> @mx.operator.register("twice")
    ... class TwiceProp(mx.operator.CustomOpProp):
    ...     def create_operator(self, ctx, in_shapes, in_dtypes):
    ...         return Twice()
    >>> sym.Custom(Variable("x"), op_type="twice").eval(x=nd.ones((2,)))[0].asnumpy().tolist()
    [2.0, 2.0]
    """

    def do_register(prop: type[CustomOpProp]) -> type[CustomOpProp]:
        if not issubclass(prop, CustomOpProp):
            raise TypeError(f"{prop.__name__} must derive from CustomOpProp")
        _registered[reg_name] = prop
        return prop

    return do_register


def get_all_registered() -> list[str]:
    """Names of the registered custom operators."""
    return sorted(_registered)


def _custom(*data: Any, op_type: str) -> Any:
    """A custom operator written in Python and registered with `declax.operator.register`.

    Inputs, outputs, auxiliary states, shapes and types are those that its CustomOpProp declares; further keyword
    arguments reach the CustomOpProp as strings.
    """
    raise AssertionError("Custom is run by CustomDef")


class CustomDef(OpDef):
    """The operator `Custom`, whose facts come from a node's CustomOpProp instead of a signature."""

    def __init__(self) -> None:
        super().__init__(_custom, "Custom", ("_npi_Custom",), host=True)
        self.has_aux = True

    def parse(self, attrs: Mapping[str, str], node: str = "") -> dict[str, Any]:
        given = {k: v for k, v in attrs.items() if not (k.startswith("__") and k.endswith("__"))}
        kind = given.pop("op_type", None)
        if kind is None:
            raise OperatorError(f"{self._where(node)}: Required parameter op_type of string is not presented")
        if kind not in _registered:
            raise OperatorError(
                f"{self._where(node)}: Cannot find custom operator {kind!r}{nearest(kind, _registered)}; "
                "register its CustomOpProp with declax.operator.register before building or loading the graph"
            )
        try:
            made: Any = _registered[kind]
            prop = made(**given)
        except TypeError as e:
            raise OperatorError(f"{self._where(node)}: {_registered[kind].__name__} does not take {given}: {e}") from e
        return {"op_type": kind, "prop": prop, "made": {}}

    def present(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        return tuple(range(len(self.input_names(params))))

    def input_names(self, params: Mapping[str, Any], count: int | None = None) -> tuple[str, ...]:
        prop = params["prop"]
        return (*prop.list_arguments(), *prop.list_auxiliary_states())

    def input_count(self, params: Mapping[str, Any]) -> int | None:
        return len(self.input_names(params))

    def mutated(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        prop = params["prop"]
        n = len(prop.list_arguments())
        return tuple(range(n, n + len(prop.list_auxiliary_states())))

    def _names_or_count(self, params: Mapping[str, Any]) -> Sequence[str]:
        return params["prop"].list_outputs()

    def is_loss(self, params: Mapping[str, Any]) -> bool:
        return not params["prop"].need_top_grad_

    @property
    def shape_rule(self) -> Any:
        return _custom_shapes

    @property
    def type_rule(self) -> Any:
        return _custom_types

    def _operator(self, params: Mapping[str, Any], arrays: Sequence[Any]) -> CustomOp:
        n = len(params["prop"].list_arguments())
        key = tuple((tuple(x.shape), np.dtype(x.dtype)) for x in arrays[:n])
        if key not in params["made"]:
            shapes, dtypes = [list(s) for s, _ in key], [t.type for _, t in key]
            params["made"][key] = params["prop"].create_operator(_context(arrays), shapes, dtypes)
        return params["made"][key]

    def run(
        self, params: Mapping[str, Any], inputs: Sequence[Any], *, train: bool = False, key: Any = None,
        subgraphs: tuple = (), results: tuple = (),
    ) -> tuple:  # fmt: skip
        if not any(isinstance(x, Tracer) for x in inputs):
            return self.host_forward(params, inputs, train)
        return self._through_callback(params, inputs, train)

    def host_forward(self, params: Mapping[str, Any], arrays: Sequence[Any], train: bool) -> tuple:
        """Outputs and new states from the user's `forward`, called here and now."""
        prop = params["prop"]
        n = len(prop.list_arguments())
        ctx = _context(arrays)
        ins, states = _arrays(arrays[:n], ctx), _arrays(arrays[n:], ctx)
        outs = [_blank(s, t, ctx) for s, t in _outputs(params, arrays)]
        self._operator(params, arrays).forward(train, ["write"] * len(outs), ins, outs, states)
        return tuple(x.data for x in (*outs, *states))

    def host_backward(
        self, params: Mapping[str, Any], heads: Sequence[Any], arrays: Sequence[Any], outputs: Sequence[Any]
    ) -> list:
        """Gradients of the arguments from the user's `backward`; None for the states."""
        n = len(params["prop"].list_arguments())
        ctx = _context(arrays)
        ins, states = _arrays(arrays[:n], ctx), _arrays(arrays[n:], ctx)
        grads = [_blank(x.shape, x.dtype, ctx) for x in arrays[:n]]
        op = self._operator(params, arrays)
        op.backward(["write"] * n, _arrays(heads, ctx), ins, _arrays(outputs, ctx), grads, states)
        return [g.data for g in grads] + [None] * len(states)

    def _through_callback(self, params: Mapping[str, Any], inputs: Sequence[Any], train: bool) -> tuple:
        n = len(params["prop"].list_arguments())
        specs = [jax.ShapeDtypeStruct(s, t) for s, t in _outputs(params, inputs)]
        states = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in inputs[n:]]

        def call(function: Callable, result: Any, *arrays: Any) -> Any:
            def host(*values: Any) -> tuple:
                return tuple(np.asarray(x) for x in function(*(_held(v) for v in values)))

            return jax.pure_callback(host, result, *arrays, vmap_method="sequential")

        def body(*xs: Any) -> tuple:
            return call(lambda *v: self.host_forward(params, v, train), (*specs, *states), *xs)

        def forward(*xs: Any) -> tuple:
            ys = body(*xs)
            return ys, (xs, ys)

        def backward(saved: Any, cotangents: Any) -> tuple:
            xs, ys = saved
            k = len(specs)
            grads = call(
                lambda *v: self.host_backward(params, v[:k], v[k : k + len(xs)], v[k + len(xs) :])[:n],
                tuple(jax.ShapeDtypeStruct(x.shape, x.dtype) for x in xs[:n]),
                *cotangents[:k], *xs, *ys[:k],
            )  # fmt: skip
            return (*(_cotangent(g, x) for g, x in zip(grads, xs[:n], strict=True)), *[None] * len(states))

        wrapped = jax.custom_vjp(body)
        wrapped.defvjp(forward, backward)
        return wrapped(*inputs)


def _cotangent(gradient: Any, x: Any) -> Any:
    return gradient if jax.numpy.issubdtype(x.dtype, jax.numpy.floating) else None


def _held(value: Any) -> jax.Array:
    return to_device(np.asarray(value), cpu())


def _context(arrays: Sequence[Any]) -> Any:
    first = arrays[0] if arrays else None
    return context_of(next(iter(first.devices()))) if isinstance(first, jax.Array) else cpu()


def _arrays(values: Sequence[Any], ctx: Any) -> list[NDArray]:
    return [NDArray(v if isinstance(v, jax.Array) else to_device(np.asarray(v), ctx), ctx) for v in values]


def _blank(shape: Any, dtype: Any, ctx: Any) -> NDArray:
    return NDArray(to_device(np.zeros(shape, dtype), ctx), ctx)


def _outputs(params: Mapping[str, Any], arrays: Sequence[Any]) -> list[tuple[tuple, np.dtype]]:
    """(shape, dtype) of each output for given inputs, as the CustomOpProp says."""
    prop = params["prop"]
    n = len(prop.list_arguments())
    shapes = prop.infer_shape([list(x.shape) for x in arrays[:n]])[1]
    types = prop.infer_type([np.dtype(x.dtype).type for x in arrays[:n]])[1]
    return [(tuple(s), np.dtype(t)) for s, t in zip(shapes, types, strict=True)]


def _custom_shapes(ins: list, outs: list, prop: CustomOpProp, **_: Any) -> None:
    n = len(prop.list_arguments())
    if (n and ins[0] is None) or any(s is not None and None in s for s in ins):
        return
    unknown = any(s is None for s in ins[:n])
    try:
        result = prop.infer_shape([[] if s is None else list(s) for s in ins[:n]])
    except (IndexError, TypeError, ValueError):
        if unknown:
            return
        raise
    for i, s in enumerate(result[0]):
        if len(s) or not unknown:
            assign(ins, i, tuple(s))
    for i, s in enumerate(result[1]):
        assign(outs, i, tuple(s))
    for i, s in enumerate(result[2] if len(result) > 2 else ()):
        assign(ins, n + i, tuple(s))


def _custom_types(ins: list, outs: list, prop: CustomOpProp, **_: Any) -> None:
    n = len(prop.list_arguments())
    first = next((t for t in ins if t is not None), None)
    if first is None and ins:
        return
    result = prop.infer_type([] if first is None else [(first if t is None else t).type for t in ins[:n]])
    for i, t in enumerate(result[0]):
        assign_type(ins, i, np.dtype(t))
    for i, t in enumerate(result[1]):
        assign_type(outs, i, np.dtype(t))
    for i, t in enumerate(result[2] if len(result) > 2 else ()):
        assign_type(ins, n + i, np.dtype(t))


registry.add(CustomDef())
