"""Functions of `sym.contrib` and `nd.contrib` that run subgraphs, and a few small ones; each takes the frontend first.

On symbols `foreach`, `while_loop` and `cond` call the user's functions once, on fresh variables. Nodes declared in
there carry the attribute `__subgraph_name__`; what they use from outside is cut off and becomes an input of one
control-flow node. Names, their numbers and the order of inputs are MXNet's, so that the JSON is the same. On arrays the
functions are plain Python loops.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from math import inf, log
from typing import Any

from declax import attribute, graph, registry
from declax.frontend import InputTypeError, Namespaces
from declax.graph import Entry, Node

PUBLIC = ("foreach", "while_loop", "cond", "rand_zipfian", "isinf", "isfinite", "isnan")

_MARK = "__subgraph_name__"
_numbers: Counter[str] = Counter()


# -- nested lists ----------------------------------------------------------------------------------------------


def _flatten(f: Namespaces, values: Any, what: str) -> tuple[list, Any]:
    """The tensors in a nested list, and its form: 0 for one tensor, n for a symbol of n outputs, a list of forms."""
    if isinstance(values, f.tensor):
        outputs = 1 if _imperative(f) else len(values)
        return [values], outputs if outputs > 1 else 0
    if not isinstance(values, list | tuple):
        raise InputTypeError(
            f"{what} must be (nested) list of {f.tensor.__name__}, but got {values} of type {type(values)}"
        )
    flat, form = [], []
    for value in values:
        members, inner = _flatten(f, value, what)
        flat += members
        form.append(inner)
    return flat, form


def _regroup(values: Sequence[Any], form: Any) -> tuple[Any, Sequence[Any]]:
    """(the values in that form, what is left of them)."""
    if isinstance(form, int):
        return (values[0], values[1:]) if form == 0 else (values[:form], values[form:])
    found = []
    for inner in form:
        member, values = _regroup(values, inner)
        found.append(member)
    return found, values


def _imperative(f: Namespaces) -> bool:
    from declax.symbol import Symbol

    return not issubclass(f.tensor, Symbol)


def _whole(value: Any, what: str, kind: type = int) -> Any:
    if hasattr(value, "asscalar"):
        value = value.asscalar()
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise ValueError(f"Cannot convert {what} to python {kind.__name__}") from None


# -- capturing a subgraph --------------------------------------------------------------------------------------


class _Captured:
    """A subgraph: the nodes that a function declared, its outputs, and what it uses from outside by input name."""

    def __init__(self, f: Namespaces, name: str, make: Callable[[], tuple[list, list]]):
        outer = attribute.current().get(None).get(_MARK, "")
        stem = f"{outer}${name}" if outer else name
        self.name = f"{stem}{_numbers[stem]}"
        _numbers[stem] += 1
        with attribute.AttrScope(**{_MARK: self.name}):
            outputs, states = make()
            self.heads = self._outputs(f, outputs, states)
        self.outside = self._cut(f)
        variables = [n for n in graph.topological(self.heads) if n.op is None]
        self.variables = {n.name: n for n in variables}
        self.inputs = [n.name for n in variables]
        if len(set(self.inputs)) != len(self.inputs):
            raise InputTypeError(f"The inputs of the subgraph don't have unique names: {self.inputs}")

    def _outputs(self, f: Namespaces, outputs: list, states: list) -> list[Entry]:
        """Heads that are nodes of this subgraph and no inputs of it: others go through `identity`."""
        taken = {n.name for n in graph.topological([e for s in (*outputs, *states) for e in s.heads]) if n.op is None}
        output_names = {s.name for s in outputs}
        heads = []
        for i, symbol in enumerate((*outputs, *states)):
            inside = symbol.heads[0].node.attrs.get(_MARK, "") == self.name
            repeated = i >= len(outputs) and symbol.name in output_names
            if symbol.name in taken or repeated or not inside:
                symbol = f.top.identity(symbol)
            heads += symbol.heads
        return heads

    def _cut(self, f: Namespaces) -> dict[str, Any]:
        """Puts a fresh variable in place of every entry from outside; the symbols of those entries by its name."""
        mark = self.heads[0].node.attrs.get(_MARK)
        if mark is None:
            return {}
        made: dict[tuple[int, int], Entry] = {}
        found: dict[str, Any] = {}
        for node in graph.topological(self.heads):
            if node.attrs.get(_MARK) != mark:
                continue
            for i, entry in enumerate(node.inputs):
                if entry.node.attrs.get(_MARK) == mark:
                    continue
                name = entry.node.output_name(entry.index)
                key = (id(entry.node), entry.index)
                if key not in made:
                    made[key] = Entry(Node(None, name, {}, site=entry.node.site))
                found[name] = f.tensor([entry])
                node.inputs[i] = made[key]
        return found

    def source(self, f: Namespaces, name: str) -> Any:
        """What an input is fed with: the symbol from outside, or a copy of a variable declared inside."""
        if name in self.outside:
            return self.outside[name]
        return copy(f.tensor([Entry(self.variables[name])]))


def _input_name(symbol: Any) -> str:
    """The name of the variable that stands for a symbol inside; on purpose unlike names of cut entries."""
    return f"{symbol.name}-{', '.join(str(e.index) for e in symbol.heads)}"


def _stand_ins(f: Namespaces, symbols: Sequence[Any], form: Any) -> Any:
    from declax.symbol import var

    return _regroup([var(_input_name(s)) for s in symbols], form)[0]


def _node(op: str, inputs: Sequence[Any], captured: Sequence[_Captured], **attrs: Any) -> Any:
    from declax.symbol import create

    attrs["num_args"] = len(inputs) + len(captured)
    return create(registry.lookup(op), op, inputs, {}, attrs, subgraphs=tuple(c.heads for c in captured))


def _position(inputs: list, symbol: Any) -> int:
    """The index of this very symbol among the inputs, to which it is added when new."""
    for i, known in enumerate(inputs):
        if known is symbol:
            return i
    inputs.append(symbol)
    return len(inputs) - 1


# -- foreach ---------------------------------------------------------------------------------------------------


def foreach(f: Namespaces, body: Callable, data: Any, init_states: Any, name: str = "foreach") -> tuple[Any, Any]:
    """Runs `body(slice, states) -> (outputs, new states)` over the first axis of the data.

    Args:
        body: a function of symbols (called once) or arrays (called once a step).
        data: a tensor or nested list of tensors, all of the same length along axis 0.
        init_states: the first states, a tensor or nested list.
        name: what the subgraph's name begins with.

    Returns:
        The outputs of all steps, stacked, and the last states, each in the form in which `body` returned them.

    >>> outs, states = sym.contrib.foreach(lambda x, s: (x + s, x * s), Variable("x"), Variable("s"))
    """
    flat_data, data_form = _flatten(f, data, "foreach input")
    flat_states, state_form = _flatten(f, init_states, "foreach states")
    if _imperative(f):
        return _foreach_arrays(f, body, data, init_states)
    forms: list = []

    def make() -> tuple[list, list]:
        slices = _stand_ins(f, flat_data, data_form)
        outputs, states = body(slices, _stand_ins(f, flat_states, state_form))
        outputs, out_form = _flatten(f, outputs, "foreach output")
        states, new_form = _flatten(f, states, "foreach loop_vars")
        if new_form != state_form:
            raise InputTypeError("The input and output loop_vars have different format")
        forms.extend((out_form, len(outputs)))
        return outputs, states

    inside = _Captured(f, name, make)
    out_form, count = forms
    locations: dict[str, list[int]] = {"data": [], "state": []}
    for kind, symbols in (("data", flat_data), ("state", flat_states)):
        for s in symbols:
            if _input_name(s) not in inside.inputs:
                raise InputTypeError(f"the {kind} arrays have to be used in the loop body")
            locations[kind].append(inside.inputs.index(_input_name(s)))
    taken = {_input_name(s) for s in (*flat_data, *flat_states)}
    remaining = [n for n in inside.inputs if n in inside.outside or n not in taken]
    inputs = [*flat_data, *flat_states, *(inside.source(f, n) for n in remaining)]
    result = _node(
        "_foreach", inputs, [inside], num_outputs=len(inside.heads), num_out_data=count,
        in_state_locs=locations["state"], in_data_locs=locations["data"],
        remain_locs=[inside.inputs.index(n) for n in remaining],
    )  # fmt: skip
    parts = list(result)
    return _regroup(parts[:count], out_form)[0], _regroup(parts[count:], state_form)[0]


def _foreach_arrays(f: Namespaces, body: Callable, data: Any, states: Any) -> tuple[Any, Any]:
    single = isinstance(data, f.tensor)
    rows, form = [], []
    for i in range(data.shape[0] if single else data[0].shape[0]):
        outputs, states = body(data[i] if single else [d[i] for d in data], states)
        outputs, form = _flatten(f, outputs, "foreach output")
        rows.append(outputs)
    stacked = [f.top.stack(*column) for column in zip(*rows, strict=True)]
    return _regroup(stacked, form)[0], states


# -- while_loop ------------------------------------------------------------------------------------------------


def while_loop(
    f: Namespaces, cond: Callable, func: Callable, loop_vars: Any, max_iterations: Any = None, name: str = "while_loop"
) -> tuple[Any, Any]:
    """Runs `func(*loop_vars) -> (outputs, new loop_vars)` while `cond(*loop_vars)` is not 0.

    Args:
        cond: gives a tensor of one number.
        func: the body; its outputs and the new loop variables keep their shapes and types over the steps.
        loop_vars: the first loop variables, a tensor or nested list.
        max_iterations: the largest number of steps; on symbols the outputs have this length.
        name: what the subgraphs' names begin with.

    Returns:
        The outputs of all steps, stacked (0 in the rows of steps that were not taken), and the last loop variables.

    >>> outs, last = sym.contrib.while_loop(
    ...     lambda i, s: i <= 5, lambda i, s: (i + s, [i + 1, s + i]), [Variable("i"), Variable("s")], max_iterations=9
    ... )
    """
    if max_iterations is None:
        raise ValueError("max_iterations should be specified")
    steps = _whole(max_iterations, "max_iteration")
    if _imperative(f):
        return _while_arrays(f, cond, func, loop_vars, steps)
    flat, form = _flatten(f, loop_vars, "while loop_vars")
    if len(loop_vars) == 0:
        raise ValueError("loop_vars should contain at least one element")
    notes: dict[str, Any] = {}

    def make_condition() -> tuple[list, list]:
        value = cond(*_stand_ins(f, flat, form))
        if not isinstance(value, f.tensor):
            raise ValueError(f"Return of cond must be a {f.tensor.__name__}")
        return [value], []

    def make_body() -> tuple[list, list]:
        variables = _stand_ins(f, flat, form)
        outputs, states = _step_result(func(*variables))
        outputs, notes["form"] = _flatten(f, outputs, "while output")
        states, _ = _flatten(f, states, "while loop_vars")
        if len(states) != len(variables):
            raise ValueError("The number of loop_vars should be consistent during the loop")
        notes["count"] = len(outputs)
        return [*outputs, *states], []

    condition = _Captured(f, f"{name}_cond", make_condition)
    body = _Captured(f, f"{name}_func", make_body)
    by_name = {_input_name(s): s for s in flat}
    inputs: list[Any] = []
    locations = [
        [_position(inputs, by_name[n] if n in by_name else part.source(f, n)) for n in part.inputs]
        for part in (condition, body)
    ]
    for i, s in enumerate(flat, 1):
        if _input_name(s) not in body.inputs:
            raise ValueError(f"The {i}-th loop_var doesn't involve into the computation")
    result = _node(
        "_while_loop", inputs, [condition, body], max_iterations=steps, cond_input_locs=locations[0],
        func_input_locs=locations[1], func_var_locs=[body.inputs.index(_input_name(s)) for s in flat],
        num_out_data=notes["count"], num_outputs=len(body.heads),
    )  # fmt: skip
    parts = list(result)
    return _regroup(parts[: notes["count"]], notes["form"])[0], _regroup(parts[notes["count"] :], form)[0]


def _step_result(result: Any) -> tuple[Any, Any]:
    outputs, variables = ([] if part is None else part for part in result)
    return outputs, variables


def _while_arrays(f: Namespaces, cond: Callable, func: Callable, loop_vars: Any, limit: int) -> tuple[Any, Any]:
    if len(loop_vars) == 0:
        raise ValueError("loop_vars should contain at least one element")
    single = isinstance(loop_vars, f.tensor)
    variables = [loop_vars] if single else list(loop_vars)
    rows: list[list] = []
    form: Any = []
    while len(rows) < limit and _whole(cond(*variables), "Return value of cond", bool):
        outputs, new = _step_result(func(*variables))
        new = list(new) if isinstance(new, list | tuple) else [new]
        if len(new) != len(variables):
            raise ValueError("The length of loop_vars should be consistent during the loop")
        variables = new
        outputs, form = _flatten(f, outputs, "while output")
        if rows and len(outputs) != len(rows[0]):
            raise ValueError("Number of elements in step_output should be the same in each step")
        rows.append(outputs)
    stacked = []
    for column in zip(*rows, strict=True):
        made = f.top.stack(*column)
        if len(rows) < limit:
            blank = f.top.zeros((limit - len(rows), *made.shape[1:]), dtype=made.dtype)
            made = f.top.concat(made, blank, dim=0)
        stacked.append(made)
    return _regroup(stacked, form)[0] if rows else stacked, variables[0] if single else variables


# -- cond ------------------------------------------------------------------------------------------------------


def cond(f: Namespaces, pred: Any, then_func: Callable, else_func: Callable, name: str = "cond") -> Any:
    """`then_func()` where `pred` is not 0, `else_func()` where it is.

    Args:
        pred: a tensor of one number.
        then_func, else_func: functions without arguments whose results agree in number, shapes and types.
        name: what the subgraphs' names begin with.

    >>> a, b = Variable("a"), Variable("b")
    >>> y = sym.contrib.cond(a * b < 5, lambda: (a + 5) * (b + 5), lambda: (a - 5) * (b - 5))
    """
    if _imperative(f):
        return then_func() if _whole(pred, "pred", bool) else else_func()
    forms = []

    def capture(part: str, function: Callable) -> _Captured:
        def make() -> tuple[list, list]:
            outputs, form = _flatten(f, function(), "cond outputs")
            forms.append((form, len(outputs)))
            return outputs, []

        return _Captured(f, f"{name}_{part}", make)

    parts = [capture("pred", lambda: pred)]
    if forms[0][1] != 1:
        raise ValueError("pred should always be a single output")
    parts += [capture("then", then_func), capture("else", else_func)]
    if forms[1][1] != forms[2][1]:
        raise ValueError("Number of outputs differs between then-branch and else-branch")
    inputs: list[Any] = []
    locations = []
    for part in parts:
        by_name = {s.name: s for s in inputs}
        sources = [by_name[n] if n in by_name else part.source(f, n) for n in part.inputs]
        locations.append([_position(inputs, s) for s in sources])
    result = _node(
        "_cond", inputs, parts, cond_input_locs=locations[0], then_input_locs=locations[1],
        else_input_locs=locations[2], num_outputs=forms[1][1],
    )  # fmt: skip
    return _regroup(list(result), forms[1][0])[0]


# -- further functions of contrib ------------------------------------------------------------------------------


def rand_zipfian(f: Namespaces, true_classes: Any, num_sampled: int, range_max: int, ctx: Any = None) -> tuple:
    """Draws classes from a log-uniform distribution over [0, range_max), with the expected counts.

    Returns:
        samples (num_sampled,) int64; how often each of `true_classes` and each sample is expected, float64.
    """
    if not isinstance(true_classes, f.tensor):
        raise InputTypeError(f"true_classes must be a {f.tensor.__name__}, got {type(true_classes)}")
    span = log(range_max + 1)
    where = {} if ctx is None else {"ctx": ctx}
    drawn = f.sub["random"].uniform(0, span, shape=(num_sampled,), dtype="float64", **where)
    samples = (drawn.exp() - 1).astype("int64") % range_max

    def expected(classes: Any) -> Any:
        return ((classes + 2.0) / (classes + 1.0)).log() / span * num_sampled

    return samples, expected(true_classes.astype("float64")), expected(samples.astype("float64"))


def isinf(f: Namespaces, data: Any) -> Any:
    """1 where the data is infinite, 0 elsewhere."""
    return data.abs() == inf


def isfinite(f: Namespaces, data: Any) -> Any:
    """1 where the data is a finite number, 0 elsewhere."""
    return f.top.elemwise_mul(data == data, data.abs() != inf)


def isnan(f: Namespaces, data: Any) -> Any:
    """1 where the data is no number, 0 elsewhere."""
    return data != data
