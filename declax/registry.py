"""The table of operators: one Python function is the whole definition of one operator.

    @op(aliases=("my_scale",), shape=rules.same_shape)
    def MyScale(data: Tensor, gamma: Tensor = deduce(lambda data: (data[1],)), *, factor: float = 1.0):
        return data * gamma * factor

- Positional parameters are tensors, `*data` a variable number of them; the body is the lowering, on JAX arrays.
- Every tensor that a caller leaves out becomes a Variable `<node>_<input>`; `deduce(rule, when=...)` says its shape
  and whether it exists at all, `aux(rule, init=...)` makes it an auxiliary state. A body that gets auxiliary states
  returns its outputs followed by the new values of its states.
- Keyword-only parameters are hyper-parameters, read from attribute strings by their annotations (attrs.py).
- `train: Train`, `key: Key`, `subgraphs: Subgraphs` and `results: Results` are given at run time and hidden from
  callers.
- Rules and `when`, `outputs`, `visible` ask for shapes and hyper-parameters by argument name; an unknown name
  fails at registration.
- `@gradient(MyScale)` beside an operator replaces the derivative of its body.

This file knows neither Symbol nor JAX (JAX is imported when a body with its own gradient runs).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NewType, TypeVar

from declax.attrs import MISSING, AttrError, Hyper, hyper_parameter
from declax.errors import OperatorError, nearest

if TYPE_CHECKING:
    import jax

Tensor = Any
"""Annotation of a tensor parameter."""

Train = NewType("Train", bool)
"""Annotation of the injected parameter that says whether this is a training run."""

Key = NewType("Key", "jax.Array")
"""Annotation of the injected random key; asking for it makes the operator a random one."""

Subgraphs = NewType("Subgraphs", tuple)
"""Annotation of the injected tuple of callables that run a control-flow node's subgraphs."""

F = TypeVar("F", bound=Callable)

Results = NewType("Results", tuple)
"""Annotation of the injected tuple of the outputs' (shape, dtype) as inference over the whole graph found them."""

_INJECTED = {Train: "train", Key: "key", Subgraphs: "subgraphs", Results: "results"}


@dataclass(frozen=True)
class Deduced:
    """Default of a tensor parameter: its shape rule, its condition, and whether it is an auxiliary state."""

    rule: Callable | None = None
    when: Callable | None = None
    is_aux: bool = False
    init: str | None = None


def deduce(rule: Callable | None = None, *, when: Callable | None = None, init: str | None = None) -> Any:
    """A parameter tensor: `rule(<shapes and hyper-parameters>)` is its shape, `when(<hyper-parameters>)` its condition,
    `init` MXNet's JSON text of the initializer that its operator asks for.

    A shape that the rule asks for has a known rank but may hold None for unknown dimensions; the rule may return
    None (not yet known) or None inside the shape.
    """
    return Deduced(rule, when, init=init)


def aux(rule: Callable | None = None, *, init: str | None = None, when: Callable | None = None) -> Any:
    """An auxiliary state, changed by the operator itself; `init` is MXNet's JSON text of its initializer."""
    return Deduced(rule, when, True, init)


def _arguments(function: Callable) -> tuple[str, ...]:
    """Names of a plain function's parameters, positional and keyword-only."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


class Ask:
    """A rule that is called with the values of the names its function asks for."""

    __slots__ = ("function", "names")

    def __init__(self, function: Callable, known: Iterable[str], where: str, skip: int = 0):
        self.function = function
        self.names = getattr(function, "asks", None) or _arguments(function)[skip:]
        for name in self.names:
            if name not in known:
                raise TypeError(f"{where} asks for {name!r}, which is no input or hyper-parameter of the operator")

    def __call__(self, *first: Any, **values: Any) -> Any:
        return self.function(*first, **{n: values[n] for n in self.names})


@dataclass(frozen=True, slots=True)
class Input:
    """One declared tensor of an operator."""

    name: str
    rule: Ask | None = None
    when: Ask | None = None
    is_aux: bool = False
    init: str | None = None


class OpDef:
    """One operator: what `@op` made of a function. Ask `lookup(name)` for one."""

    def __init__(
        self,
        function: Callable,
        name: str,
        aliases: tuple[str, ...],
        *,
        outputs: int | Sequence[str] | Callable = 1,
        visible: int | Callable | None = None,
        shape: Callable | None = None,
        types: Callable | None = None,
        needs_shape: bool = False,
        needs_type: bool = False,
        num_args: str | None = None,
        auto_create: bool = True,
        dynamic: bool = False,
        host: bool = False,
        workspaces: int | Callable = 0,
        loss: bool = False,
        check: Callable | None = None,
        arguments: Callable | None = None,
        initializers: Mapping[str, str] | None = None,
        random: Callable | None = None,
        states: Callable | None = None,
        varying: tuple[str, ...] = (),
        fused: bool = False,
    ):
        self.function, self.name, self.aliases = function, name, aliases
        self.needs_shape, self.needs_type = needs_shape, needs_type
        self.num_args, self.auto_create, self.dynamic, self.loss = num_args, auto_create, dynamic, loss
        self.host = host
        # what is Callable becomes an Ask in _read_signature
        self.workspaces: Any = workspaces
        self.backward: Callable | None = None
        self.is_derivative = False
        """Whether `backward` gives what JAX would derive of the body, only faster."""
        self._outputs: Any = outputs
        self._visible: Any = visible
        self._shape: Any = shape
        self._types: Any = types
        self._check, self._arguments, self._initializers = check, arguments, dict(initializers or {})
        self._random, self._states, self.varying, self.fused = random, states, varying, fused
        self._read_signature()

    def _read_signature(self) -> None:
        function, code = self.function, self.function.__code__
        annotations, kw_defaults = function.__annotations__, function.__kwdefaults__ or {}
        positional = code.co_varnames[: code.co_argcount]
        keyword = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        self.injected = tuple(n for n in keyword if annotations.get(n) in _INJECTED)
        self.hyper: dict[str, Hyper] = {
            n: hyper_parameter(n, annotations[n], kw_defaults.get(n, MISSING))
            for n in keyword
            if n not in self.injected
        }
        self.variadic = code.co_varnames[code.co_argcount + code.co_kwonlyargcount] if code.co_flags & 0x04 else None
        defaults = (function.__defaults__ or ())[::-1]
        known = {*positional, *self.hyper}
        inputs = []
        for i, n in enumerate(reversed(positional)):
            d = defaults[i] if i < len(defaults) else None
            where = f"operator {self.name}: the rule of {n}"
            if isinstance(d, Deduced):
                rule = Ask(d.rule, known, where) if d.rule else None
                when = Ask(d.when, self.hyper, where) if d.when else None
                inputs.append(Input(n, rule, when, d.is_aux, d.init))
            else:
                inputs.append(Input(n))
        self.inputs: tuple[Input, ...] = tuple(reversed(inputs))
        self.all_input_names = tuple(i.name for i in self.inputs)
        self._conditional = any(i.when for i in self.inputs)
        self._plain = None if self._conditional else tuple(range(len(self.inputs)))
        self.deduces = self.variadic is None and any(i.rule for i in self.inputs)
        self.has_aux = self.fused or self._states is not None or any(i.is_aux for i in self.inputs)
        self.takes_key, self.takes_train = "key" in self.injected, "train" in self.injected
        self.takes_subgraphs, self.takes_results = "subgraphs" in self.injected, "results" in self.injected
        self.defaults = {n: h.default for n, h in self.hyper.items() if not h.required}
        if self.variadic and self.num_args and self.num_args not in self.hyper:
            raise TypeError(f"operator {self.name}: num_args={self.num_args!r} is no hyper-parameter")
        self._initializers |= {i.name: i.init for i in self.inputs if i.init}
        for what in ("_outputs", "_visible", "_check", "_arguments", "_states", "loss", "workspaces"):
            if callable(getattr(self, what)):
                setattr(self, what, Ask(getattr(self, what), self.hyper, f"operator {self.name}: {what.strip('_')}"))
        for what, skip in (("_shape", 2), ("_types", 2), ("_random", 0)):
            if getattr(self, what):
                where = f"operator {self.name}: the {what[1:]} rule"
                setattr(self, what, Ask(getattr(self, what), {*self.hyper, *self.injected}, where, skip))

    # -- reading attributes ------------------------------------------------------------------------------------

    def parse(self, attrs: Mapping[str, str], node: str = "") -> dict[str, Any]:
        """Typed hyper-parameters from attribute strings; keys `__x__` are not the operator's. OperatorError.

        An operator without hyper-parameters takes any attribute, as MXNet has no parser for such a one.
        """
        values = dict(self.defaults)
        hyper = self.hyper
        for key, text in attrs.items():
            h = hyper.get(key)
            if h is not None:
                try:
                    values[key] = h.parse(text)
                except AttrError as e:
                    raise OperatorError(f"{self._where(node)}: {e}") from None
            elif hyper and not (key.startswith("__") and key.endswith("__")):
                raise OperatorError(
                    f"{self._where(node)}: Cannot find argument {key!r}{nearest(key, hyper)}. "
                    f"Possible arguments:\n" + "\n".join("  " + h.describe() for h in hyper.values())
                )
        if len(values) != len(hyper):
            missing = next(h for n, h in hyper.items() if n not in values)
            raise OperatorError(
                f"{self._where(node)}: Required parameter {missing.name} of {missing.kind} is not presented"
            )
        if self._check is not None:
            try:
                self._check(**values)
            except AttrError as e:
                raise OperatorError(f"{self._where(node)}: {e}") from None
        return values

    def _where(self, node: str) -> str:
        return f"operator {self.name}" + (f" (node {node!r})" if node else "")

    # -- what a node of this operator has ----------------------------------------------------------------------

    def present(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        """Indices of the declared inputs that exist under these hyper-parameters."""
        if self._plain is not None:
            return self._plain
        return tuple(i for i, x in enumerate(self.inputs) if x.when is None or x.when(**params))

    def input_names(self, params: Mapping[str, Any], count: int | None = None) -> tuple[str, ...]:
        """Names of a node's inputs; a variadic operator's are `arg0`, `arg1` ..., `count` of them, if not declared."""
        if self.variadic:
            declared = self._arguments(**params) if self._arguments is not None else None
            if declared is not None:
                return declared
            fixed = self.all_input_names
            if count is None:
                count = params[self.num_args] if self.num_args else 0
            return (*fixed, *(f"arg{i}" for i in range((count or 0) - len(fixed))))
        return tuple(self.all_input_names[i] for i in self.present(params))

    def input_count(self, params: Mapping[str, Any]) -> int | None:
        """Number of inputs that a node's hyper-parameters ask for, None when any number will do."""
        if not self.variadic:
            return len(self.present(params))
        declared = self._arguments(**params) if self._arguments is not None else None
        if declared is not None:
            return len(declared)
        return params[self.num_args] if self.num_args else None

    @property
    def has_init(self) -> bool:
        """Whether any input asks for an initializer of its own."""
        return bool(self._initializers)

    def initializer(self, params: Mapping[str, Any], position: int) -> str | None:
        """MXNet's JSON text of the initializer that a node's input asks for, if it does."""
        names = self.input_names(params, position + 1) if self._initializers else ()
        return self._initializers.get(names[position]) if position < len(names) else None

    def mutated(self, params: Mapping[str, Any]) -> tuple[int, ...]:
        """Positions, among a node's inputs, of its auxiliary states."""
        if not self.has_aux:
            return ()
        if self._states is not None:
            return self._states(**params)
        return tuple(p for p, i in enumerate(self.present(params)) if self.inputs[i].is_aux)

    def is_random(self, params: Mapping[str, Any], train: bool = True) -> bool:
        """Whether the operator needs a key under these hyper-parameters (a Dropout of nothing does not)."""
        if isinstance(self._random, Ask):
            return bool(self._random(train=train, **params))
        return self.takes_key and (train or not self.takes_train)

    def is_loss(self, params: Mapping[str, Any]) -> bool:
        """Whether the operator ignores the gradients that come in at its outputs."""
        return bool(self.loss(**params)) if isinstance(self.loss, Ask) else bool(self.loss)

    def _names_or_count(self, params: Mapping[str, Any]) -> int | Sequence[str]:
        o = self._outputs
        return o(**params) if isinstance(o, Ask) else o

    def num_outputs(self, params: Mapping[str, Any]) -> int:
        """Number of outputs, hidden ones included."""
        o = self._names_or_count(params)
        return o if isinstance(o, int) else len(o)

    def written_outputs(self, params: Mapping[str, Any]) -> int:
        """Number of outputs as `node_row_ptr` of MXNet's JSON counts them: with the workspaces of its CPU kernels."""
        w = self.workspaces
        return self.num_outputs(params) + (w(**params) if isinstance(w, Ask) else w)

    def visible_outputs(self, params: Mapping[str, Any]) -> int:
        """Number of outputs that a Symbol of this operator shows."""
        v = self._visible
        if v is None:
            return self.num_outputs(params)
        return v(**params) if isinstance(v, Ask) else v

    def output_names(self, params: Mapping[str, Any]) -> Sequence[str]:
        """Names of the outputs: declared, or `output`, or `output0`, `output1` ..."""
        o = self._names_or_count(params)
        if not isinstance(o, int):
            return o
        return ("output",) if o == 1 else [f"output{i}" for i in range(o)]

    # -- rules -------------------------------------------------------------------------------------------------

    @property
    def shape_rule(self) -> Ask | None:
        """The closed-form shape rule, `rule(ins, outs, **asked)`, which writes into both lists."""
        return self._shape

    @property
    def type_rule(self) -> Ask | None:
        """The type rule, `rule(ins, outs, **asked)`; None means that all inputs and outputs have one type."""
        return self._types

    # -- running -----------------------------------------------------------------------------------------------

    def run(
        self, params: Mapping[str, Any], inputs: Sequence[Any], *, train: bool = False, key: Any = None,
        subgraphs: tuple = (), results: tuple = (),
    ) -> tuple:  # fmt: skip
        """Outputs (and then new auxiliary states) of the body on JAX arrays, under the operator's own gradient."""
        values = {"train": train, "key": key, "subgraphs": subgraphs, "results": results}
        extra = {n: values[n] for n in self.injected}
        if self._conditional:
            full: list[Any] = [None] * len(self.inputs)
            for i, x in zip(self.present(params), inputs, strict=True):
                full[i] = x
            inputs = full
        if self.backward is None:
            result = self.function(*inputs, **params, **extra)
        else:
            from declax.derivative import with_gradient

            result = with_gradient(self, params, extra, inputs)
        return result if isinstance(result, tuple) else (result,)


_by_name: dict[str, OpDef] = {}
_by_function: dict[Callable, OpDef] = {}


def op(name: str | Callable | None = None, *, aliases: Iterable[str] = (), **options: Any) -> Any:
    """Registers a function as an operator and returns it unchanged.

    Options (each `Callable` asks for hyper-parameters by name):
      name, aliases: registered names; the name defaults to the function's.
      outputs: number of outputs, or their names, or a Callable that gives either.
      visible: how many of them a Symbol shows.
      shape: `rule(ins, outs, **hyper)` over lists of partial shapes, both directions (declax/rules.py);
        without it `jax.eval_shape` of the body decides once all inputs are known.
      types: the same over lists of numpy dtypes or None; without it inputs and outputs share one type.
      needs_shape, needs_type: an unknown first input is an error, not "not yet" (as MXNet has it for some).
      num_args: for `*data`, the hyper-parameter that holds their number.
      auto_create: False when missing inputs are an error instead of new Variables.
      dynamic: the output shape depends on values; executors run such nodes without `jit`.
      host: the body is Python outside XLA; executors call it directly, between compiled parts of the graph.
      workspaces: outputs that only MXNet's CPU kernels have; they count in `node_row_ptr` and exist nowhere else.
      loss: a head that ignores incoming gradients (a Callable decides), so `backward()` needs none for it.
      check: a Callable that raises AttrError when hyper-parameters do not fit each other.
      arguments: for `*data`, a Callable that names the inputs, or gives None for `arg0`, `arg1` ...
      initializers: for `*data`, MXNet's JSON text of the initializer by input name.
      random: for an operator that asks for `key`, a Callable that says whether it draws; it may ask for `train`.
      states: for `*data`, a Callable that gives the positions of the auxiliary states.
      varying: numbers among the hyper-parameters that change from call to call (a learning rate): a call on arrays
        passes them in as arrays, so that a new value compiles nothing.
      fused: a node runs its one subgraph and has its auxiliary states.
    """

    def register(function: F) -> F:
        primary = name if isinstance(name, str) else function.__name__
        _by_function[function] = add(OpDef(function, primary, tuple(aliases), **options))
        return function

    return register(name) if callable(name) else register


def gradient(function: Callable, *, is_derivative: bool = False) -> Callable[[F], F]:
    """Replaces the derivative of an operator's body.

        @gradient(MyScale)
        def _(cotangents, outputs, data, gamma, *, factor):
            return cotangents[0] * gamma * factor, None

    The function gets the cotangents and the outputs as tuples, then the inputs (None for an absent one), then by
    name the hyper-parameters and injected values it asks for; it returns a gradient per input, None for zero. One that
    gives what JAX would derive, `is_derivative`, stands aside without the choice "gradients".
    """

    def attach(backward: F) -> F:
        definition = _by_function[function]
        code = backward.__code__
        names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        for n in names:
            if n not in definition.hyper and n not in definition.injected:
                raise TypeError(f"operator {definition.name}: its gradient asks for {n!r}, which it does not have")

        def ask(cts: tuple, ys: tuple, *xs: Any, **values: Any) -> Any:
            return backward(cts, ys, *xs, **{n: values[n] for n in names})

        definition.backward, definition.is_derivative = ask, is_derivative
        return backward

    return attach


def add(definition: OpDef) -> OpDef:
    """Registers an operator whose definition is not made from one function's signature."""
    for n in (definition.name, *definition.aliases):
        if n in _by_name:
            raise TypeError(f"operator name {n!r} is registered twice: {_by_name[n].name} and {definition.name}")
    for n in (definition.name, *definition.aliases):
        _by_name[n] = definition
    return definition


_loaded = [False]


def load() -> None:
    """Imports the operator files, which register themselves, once; lookups do it when they first miss a name."""
    if not _loaded[0]:
        _loaded[0] = True
        for module in ("declax.ops", "declax.layers", "declax.operator"):
            import_module(module)


_unsupported: dict[str, str] = {}


def unsupported(names: Iterable[str], why: str) -> None:
    """Declares names of MXNet's that have no operator here, and the reason that an error gives."""
    _unsupported.update(dict.fromkeys(names, why))


def unsupported_names() -> dict[str, str]:
    """MXNet's names that have no operator here, each with the reason."""
    load()
    return dict(_unsupported)


def lookup(name: str) -> OpDef:
    """The operator registered under a name or alias; OperatorError suggests the nearest name."""
    found = find(name)
    if found is None and name in _unsupported:
        raise OperatorError(f"operator {name!r} is not supported: {_unsupported[name]}")
    if found is None:
        raise OperatorError(f"operator {name!r} is not registered{nearest(name, _by_name)}")
    return found


def find(name: str) -> OpDef | None:
    """The operator registered under a name or alias, or None."""
    found = _by_name.get(name)
    if found is None and not _loaded[0]:
        load()
        found = _by_name.get(name)
    return found


def names() -> tuple[str, ...]:
    """Every registered name, aliases included."""
    load()
    return tuple(_by_name)


def operators() -> tuple[OpDef, ...]:
    """Every operator once."""
    load()
    return tuple(dict.fromkeys(_by_name.values()))


def definition_of(function: Callable) -> OpDef:
    """The operator that a decorated function defines."""
    return _by_function[function]


def unregister(name: str) -> None:
    """Removes a user's operator again (tests, notebooks that redefine one)."""
    definition = lookup(name)
    for n in (definition.name, *definition.aliases):
        del _by_name[n]
    del _by_function[definition.function]
