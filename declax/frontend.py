"""Operator functions for a frontend: `sym.X` that makes nodes, `nd.X` that computes, both from one registry.

A frontend gives its tensor class and a `create` function; `Namespaces` then answers every public name with a real
function (true signature, the operator's docstring) made when it is first asked for, in the namespace where MXNet
has it: `top`, `contrib`, `linalg`, `random`, `image`, `sparse`, `np`, `npx`, `_internal`, `op`.
"""

import inspect
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from numbers import Number
from types import ModuleType
from typing import Any

import numpy as np

from declax import numeric, registry
from declax.arithmetic import as_scalar
from declax.attrs import DTYPES, DType
from declax.errors import OperatorError, nearest
from declax.registry import OpDef

_PREFIXES = (
    ("_contrib_", "contrib"),
    ("_linalg_", "linalg"),
    ("_image_", "image"),
    ("_sparse_", "sparse"),
    ("_npi_", "np._internal"),
    ("_npx_", "npx"),
    ("_np_", "np"),
)
SUBNAMESPACES = ("contrib", "linalg", "random", "image", "sparse", "np", "npx", "np._internal", "_internal", "op")


_NUMPY = {"np": "", "np.linalg": "linalg", "np.random": "random"}


class InputTypeError(OperatorError, TypeError, AssertionError):
    """A tensor argument that is no tensor of this frontend."""


def public_name(name: str) -> tuple[str, str]:
    """(namespace, name in it) of a registered name; the namespace of unprefixed names is "".

    >>> public_name("_contrib_box_nms"), public_name("_plus_scalar"), public_name("Convolution")
    (('contrib', 'box_nms'), ('_internal', '_plus_scalar'), ('', 'Convolution'))
    """
    for prefix, space in _PREFIXES:
        if name.startswith(prefix):
            return space, name[len(prefix) :]
    if name.startswith("_random_") and name.endswith("_like"):
        return "random", name[len("_random_") :]
    return ("_internal", name) if name.startswith("_") else ("", name)


def dtype_text(value: Any) -> Any:
    """A dtype argument by name, whatever numpy takes as one (`int`, say, is int64); None stays as it is."""
    if value is None or (isinstance(value, str) and value in (*DTYPES, "None")):
        return value
    try:
        return np.dtype(value).name
    except (TypeError, ValueError, SyntaxError):
        hint = nearest(value, DTYPES) if isinstance(value, str) else ""
        raise InputTypeError(f"dtype={value!r} is no element type{hint}; known: {', '.join(DTYPES)}") from None


class Namespaces:
    """All public operator functions of one frontend."""

    def __init__(self, module: str, tensor: type, create: Callable):
        self.module, self.tensor, self.create = module, tensor, create
        self.top = Namespace(self, "")
        self.sub = {name: Namespace(self, name) for name in SUBNAMESPACES}
        self.sub["np"].__dict__["_internal"] = self.sub["np._internal"]
        for inside in ("linalg", "random"):
            self.sub["np"].__dict__[inside] = Namespace(self, f"np.{inside}")

    @cached_property
    def table(self) -> dict[str, dict[str, str]]:
        """namespace -> public name -> registered name, for every registered operator."""
        found: dict[str, dict[str, str]] = {"": {}, **{s: {} for s in SUBNAMESPACES}}
        for registered in registry.names():
            space, short = public_name(registered)
            found[space][short] = registered
        found["op"] = found[""]
        return found

    def lookup(self, name: str) -> Any:
        """A name at the top: a sub-namespace or an operator function; AttributeError otherwise."""
        if name in self.sub and "." not in name:
            return self.sub[name]
        return getattr(self.top, name)

    def function(self, space: str, name: str) -> Callable | None:
        """The function for a public name, None when no operator has it."""
        if space in _NUMPY:
            return self._numpy_function(_NUMPY[space], name)
        registered = self.table[space].get(name)
        if registered is None:
            registered = self._registered_later(space, name)
            if registered is None:
                return None
        return operator_function(registry.lookup(registered), name, self)

    def _numpy_function(self, inside: str, name: str) -> Callable | None:
        """A function of `np`, or of `linalg` or `random` inside it."""
        registered = numeric.registered(name, inside)
        if registered is None:
            return None

        def make(registered: str) -> Callable:
            return operator_function(registry.lookup(registered), public_name(registered)[1], self)

        function = operator_function(registry.lookup(registered), name, self)
        return function if inside else numeric.with_numbers(name, function, make)

    def _registered_later(self, space: str, name: str) -> str | None:
        """A user's operator registered after the table was made."""
        for registered in registry.names():
            if public_name(registered) == (space if space != "op" else "", name):
                return registered
        return None


class Namespace(ModuleType):
    """A namespace that makes operator functions when they are asked for."""

    _owner: Namespaces
    _space: str

    def __init__(self, owner: Namespaces, space: str):
        super().__init__(f"{owner.module}.{space}" if space else owner.module)
        self.__dict__.update(_owner=owner, _space=space)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self._owner.function(self._space, name)
        if value is None:
            extra = _python_function(self._owner, self._space, name)
            if extra is None:
                reasons = [w for n, w in registry.unsupported_names().items() if public_name(n) == (self._space, name)]
                why = f": it is not supported, {reasons[0]}" if reasons else ""
                raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}{why}")
            value = extra
        if inspect.unwrap(value).__module__.startswith("declax."):  # a user's operator may be registered again
            self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        if self._space in _NUMPY:
            return numeric.names(_NUMPY[self._space])
        return sorted({*self._owner.table[self._space], *_python_names(self._space)})


# Functions that are Python around operators: namespace -> the modules that hold them, each taking the frontend first.
_PYTHON = {
    "": ("declax.creation",),
    "random": ("declax.sampling",),
    "contrib": ("declax.control_flow", "declax.updates"),
}


def _python_names(space: str) -> dict[str, str]:
    """Name -> module of a namespace's Python functions."""
    return {name: module for module in _PYTHON.get(space, ()) for name in import_module(module).PUBLIC}


def _python_function(owner: Namespaces, space: str, name: str) -> Callable | None:
    """A Python-level function (`zeros`, `random.uniform`, `contrib.foreach`) bound to the frontend."""
    module = _python_names(space).get(name)
    if module is None:
        return None
    generic = getattr(import_module(module), name)

    def function(*args: Any, **kwargs: Any) -> Any:
        return generic(owner, *args, **kwargs)

    signature = inspect.signature(generic)
    function.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])
    function.__name__ = function.__qualname__ = name
    function.__doc__, function.__module__ = generic.__doc__, owner.module
    function.__wrapped__ = generic
    return function


def operator_function(op: OpDef, public: str, owner: Namespaces) -> Callable:
    """The public function of an operator under one of its names."""
    hint, tensor, create = public.lower(), owner.tensor, owner.create
    tensor_names = op.all_input_names
    order = (*tensor_names, *op.hyper)
    tensors = frozenset(tensor_names)
    has_dtype = "dtype" in op.hyper

    def split(args: tuple, kwargs: dict) -> tuple[dict, dict]:
        """(tensors by name, hyper-parameters) from a call's arguments."""
        if len(args) > len(order):
            raise InputTypeError(f"{public} takes {len(order)} arguments {list(order)}, got {len(args)}")
        attrs: dict[str, Any] = {}
        given: dict[str, Any] = {}
        for name in order[: len(args)]:
            if name in kwargs:
                raise InputTypeError(f"{public}() got multiple values for argument {name!r}")
        for name, value in (*zip(order, args, strict=False), *kwargs.items()):
            if isinstance(value, tensor):
                given[name] = value
            elif name in tensors:
                if value is not None:
                    raise InputTypeError(
                        f"{public}: Argument {name} must be {tensor.__name__} instances, but got {value!r}"
                    )
            else:
                attrs[name] = value
        return given, attrs

    if op.variadic:

        def function(*args: Any, name: str | None = None, attr: Any = None, out: Any = None, **kwargs: Any) -> Any:
            if len(args) == 1 and isinstance(args[0], list | tuple):
                args = tuple(args[0])
            for value in args:
                if not isinstance(value, tensor):
                    raise InputTypeError(
                        f"{public}: Positional arguments must be {tensor.__name__} instances, but got {value!r}"
                    )
            given = {k: v for k, v in kwargs.items() if isinstance(v, tensor)}
            attrs = {k: v for k, v in kwargs.items() if k not in given}
            if has_dtype and "dtype" in attrs:
                attrs["dtype"] = dtype_text(attrs["dtype"])
            if op.num_args and op.num_args not in attrs:
                attrs[op.num_args] = len(args) + len(given)
            return create(op, hint, args, given, attrs, name=name, attr=attr, out=out)

    else:

        def function(*args: Any, name: str | None = None, attr: Any = None, out: Any = None, **kwargs: Any) -> Any:
            given, attrs = split(args, kwargs)
            if has_dtype and "dtype" in attrs:
                attrs["dtype"] = dtype_text(attrs["dtype"])
            return create(op, hint, (), given, attrs, name=name, attr=attr, out=out)

    function.__name__ = function.__qualname__ = public
    function.__module__ = owner.module
    function.__doc__ = op.function.__doc__
    function.__signature__ = signature_of(op, tensor)
    function.__wrapped__ = op.function
    return function


def signature_of(op: OpDef, tensor: type) -> inspect.Signature:
    """The signature under which people call an operator."""
    p = inspect.Parameter
    parameters = []
    if op.variadic:
        parameters += [p(n, p.POSITIONAL_OR_KEYWORD, annotation=tensor) for n in op.all_input_names]
        parameters.append(p(op.variadic, p.VAR_POSITIONAL, annotation=tensor))
        kind = p.KEYWORD_ONLY
    else:
        kind = p.POSITIONAL_OR_KEYWORD
        parameters += [p(n, kind, default=None, annotation=tensor | None) for n in op.all_input_names]
    annotations = op.function.__annotations__
    for h in op.hyper.values():
        if h.name == op.num_args:
            continue
        annotation = str if annotations[h.name] is DType else annotations[h.name]
        # every parameter behind an optional tensor needs a default: required ones show `...`
        default = ... if h.required and kind is not p.KEYWORD_ONLY else p.empty if h.required else h.default
        parameters.append(p(h.name, kind, default=default, annotation=annotation))
    for name in ("name", "attr", "out"):
        parameters.append(p(name, p.KEYWORD_ONLY, default=None))
    return inspect.Signature(parameters, return_annotation=tensor)


FLUENT = (
    "reshape_like zeros_like ones_like broadcast_axes repeat pad swapaxes split slice slice_axis slice_like take "
    "one_hot pick sort topk argsort argmax argmax_channel argmin clip abs sign flatten shape_array size_array "
    "expand_dims broadcast_to broadcast_like tile flip depth_to_space space_to_depth diag sum nansum prod nanprod "
    "mean max min norm round rint fix floor ceil trunc sin cos tan arcsin arccos arctan degrees radians sinh cosh "
    "tanh arcsinh arccosh arctanh exp expm1 log log10 log2 log1p sqrt rsqrt cbrt rcbrt square reciprocal relu "
    "sigmoid softmax log_softmax softmin squeeze"
).split()
"""Operators that are also methods: `x.sum(axis=1)` is `sym.sum(x, axis=1)`."""


def install_fluent(cls: type, namespaces: Namespaces) -> None:
    """Adds the fluent methods to a tensor class, but for those that it defines itself."""

    def method(name: str) -> Callable:
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return getattr(namespaces.top, name)(self, *args, **kwargs)

        call.__name__, call.__qualname__ = name, f"{cls.__name__}.{name}"
        call.__doc__ = f"The operator `{name}` with this as its first argument."
        return call

    for name in FLUENT:
        if name not in cls.__dict__:
            setattr(cls, name, method(name))


def number_or_symbol(
    tensor: type, left: Any, right: Any, call: Callable, op: str, scalar_op: str, reversed_op: str, numbers: Callable
) -> Any:
    """A binary function whose sides are tensors or numbers, dispatched to the operator for each combination."""
    match isinstance(left, tensor), isinstance(right, tensor):
        case True, True:
            return call(op, op, left, right)
        case True, False if isinstance(right, Number):
            return call(scalar_op, _scalar_hint(scalar_op), left, scalar=as_scalar(right))
        case False, True if isinstance(left, Number):
            return call(reversed_op, _scalar_hint(reversed_op), right, scalar=as_scalar(left))
        case False, False if isinstance(left, Number) and isinstance(right, Number):
            return numbers(left, right)
    raise TypeError(f"types ({type(left)}, {type(right)}) not supported")


def _scalar_hint(op: str) -> str:
    """`_power_scalar` -> `_powerscalar`: the CamelCase spelling that MXNet's functions call, in lower case."""
    return op.replace("_scalar", "scalar")
