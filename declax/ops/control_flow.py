"""Control flow: `_foreach`, `_while_loop` and `_cond`, nodes that run subgraphs.

`contrib.foreach`, `contrib.while_loop` and `contrib.cond` (declax/control_flow.py) declare them. A subgraph arrives
here as a function `(inputs, train, key) -> (outputs, new states)`, in the rules as `(ins, outs)` that infers in place.
States that operators inside a subgraph would write to are plain inputs of the loop, as in MXNet, and stay as they are.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.attrs import attr
from declax.errors import InferenceError
from declax.registry import Key, Subgraphs, Tensor, Train, op
from declax.rules import Shapes, Types, dtype_of, merge_type
from declax.shapes import ShapeConflict, merge, merge_dim

Locations = tuple[int, ...]


def _inputs_without(subgraphs: int) -> Any:
    """Names of the tensor inputs: `num_args` counts the subgraphs too."""

    def names(num_args: int) -> tuple[str, ...]:
        return tuple(f"data{i}" for i in range(num_args - subgraphs))

    return names


def _number(num_outputs: int) -> int:
    return num_outputs


def _placed(locations: Sequence[int], values: Sequence[Any], size: int) -> list:
    """A list of `size` with each value at its location."""
    found: list[Any] = [None] * size
    for location, value in zip(locations, values, strict=True):
        found[location] = value
    return found


def _iteration_key(key: Any, i: Any) -> Any:
    return None if key is None else jax.random.fold_in(key, i)


# -- foreach ---------------------------------------------------------------------------------------------------


def _foreach_shape(
    ins: Shapes, outs: Shapes, subgraphs, num_out_data, in_data_locs, in_state_locs, remain_locs
) -> None:
    if any(s is None for s in ins[:1]):
        return
    n_data, n_state = len(in_data_locs), len(in_state_locs)
    locations = (*in_data_locs, *in_state_locs, *remain_locs)
    slices = [None if s is None else s[1:] or (1,) for s in ins[:n_data]]
    inner = _placed(locations, [*slices, *ins[n_data:]], len(ins))
    given = [None if s is None or len(s) < 2 else s[1:] for s in outs[:num_out_data]]
    inner_outs = [*given, *outs[num_out_data:]]
    for k in range(n_state):  # what a step makes of a state is the next step's state
        at = in_state_locs[k]
        inner[at] = inner_outs[num_out_data + k] = merge(inner[at], inner_outs[num_out_data + k])
    subgraphs[0](inner, inner_outs)
    length = None
    for s in (*ins[:n_data], *outs[:num_out_data]):
        length = merge_dim(length, s[0] if s is not None else None)
    for i, at in enumerate(locations):
        found = inner[at]
        if i < n_data and found is not None:
            given_shape = ins[i]
            found = (length,) if given_shape is not None and len(given_shape) == 1 else (length, *found)
        rules.assign(ins, i, found)
    for k, found in enumerate(inner_outs):
        rules.assign(outs, k, (length, *found) if k < num_out_data and found is not None else found)
    for k in range(n_state):
        rules.assign(ins, n_data + k, outs[num_out_data + k])
        rules.assign(outs, num_out_data + k, ins[n_data + k])


def _foreach_types(ins: Types, outs: Types, subgraphs, in_data_locs, in_state_locs, remain_locs) -> None:
    locations = (*in_data_locs, *in_state_locs, *remain_locs)
    inner = _placed(locations, ins, len(ins))
    subgraphs[0](inner, outs)
    ins[:] = [inner[at] for at in locations]


@op(num_args="num_args", arguments=_inputs_without(1), outputs=_number, shape=_foreach_shape, types=_foreach_types)
def _foreach(
    *data: Tensor,
    num_args: int = attr(ge=1),
    num_outputs: int,
    num_out_data: int,
    in_state_locs: Locations,
    in_data_locs: Locations,
    remain_locs: Locations,
    train: Train,
    key: Key,
    subgraphs: Subgraphs,
):
    """A loop over the first axis of its data, as one `lax.scan`; use `contrib.foreach`.

    Shapes: data (T, ...) each, states, then what else the body needs -> outputs (T, ...), last states. A slice of data
    of shape (T,) has shape (1,), as in MXNet. States keep their shape and type over the steps.
    """
    n_data, n_state = len(in_data_locs), len(in_state_locs)
    if not n_data:
        raise ValueError("foreach needs data to loop over")
    locations = (*in_data_locs, *in_state_locs, *remain_locs)
    columns = [x if x.ndim > 1 else x[:, None] for x in data[:n_data]]
    rest = data[n_data + n_state :]

    def step(states: list, slices: tuple) -> tuple[list, list]:
        i, xs = slices
        inputs = _placed(locations, (*xs, *states, *rest), len(data))
        found, _ = subgraphs[0](inputs, train, _iteration_key(key, i))
        return found[num_out_data:], found[:num_out_data]

    steps = jnp.arange(columns[0].shape[0], dtype=jnp.int32)
    states, stacked = lax.scan(step, list(data[n_data : n_data + n_state]), (steps, columns))
    return (*stacked, *states)


# -- while_loop ------------------------------------------------------------------------------------------------


def _left_open(ins: Shapes, outs: Shapes) -> None:
    """Nothing is inferred: to MXNet these shapes depend on values, and its `infer_shape` says "unknown"."""


def _through(subgraph: Any, locations: Sequence[int], ins: list, outs: list) -> None:
    """Infers a subgraph whose inputs are the node's inputs at these locations."""
    inner = [ins[i] for i in locations]
    subgraph(inner, outs)
    for i, found in zip(locations, inner, strict=True):
        ins[i] = merge_type(ins[i], found)


def _while_types(
    ins: Types, outs: Types, subgraphs, num_out_data, cond_input_locs, func_input_locs, func_var_locs
) -> None:
    def link() -> None:
        for k, at in enumerate(func_var_locs, num_out_data):
            i = func_input_locs[at]
            ins[i] = outs[k] = merge_type(ins[i], outs[k])

    link()
    _through(subgraphs[0], cond_input_locs, ins, [None])
    link()
    _through(subgraphs[1], func_input_locs, ins, outs)
    link()


def _is_true(value: Any) -> Any:
    if value.size != 1:
        raise ShapeConflict(f"a condition is one number, got shape {value.shape}")
    return value.reshape(()) != 0


@op(num_args="num_args", arguments=_inputs_without(2), outputs=_number, shape=_left_open, types=_while_types)
def _while_loop(
    *data: Tensor,
    num_args: int = attr(ge=2),
    num_outputs: int = attr(ge=1),
    num_out_data: int = attr(ge=0),
    max_iterations: int = attr(ge=1),
    cond_input_locs: Locations,
    func_input_locs: Locations,
    func_var_locs: Locations,
    train: Train,
    key: Key,
    subgraphs: Subgraphs,
):
    """A loop that ends when its condition is 0, or after `max_iterations`; use `contrib.while_loop`.

    Shapes: loop variables and what else condition and body need -> outputs (max_iterations, ...), last loop variables.
    Rows that were not reached are 0 (in MXNet undefined, and of shape (1,) when the body never ran). Where no gradient
    is asked for it stops early; the gradient runs through a scan over `max_iterations` steps.
    """
    places = [func_input_locs[at] for at in func_var_locs]

    def with_variables(locations: Sequence[int], xs: Sequence[Any], variables: Sequence[Any]) -> list:
        full = list(xs)
        for place, value in zip(places, variables, strict=True):
            full[place] = value
        return [full[i] for i in locations]

    def goes_on(xs: Sequence[Any], variables: Sequence[Any]) -> Any:
        (value,), _ = subgraphs[0](with_variables(cond_input_locs, xs, variables), train, key)
        return _is_true(value)

    def step(xs: Sequence[Any], variables: Sequence[Any], i: Any) -> tuple[list, list]:
        inputs = with_variables(func_input_locs, xs, variables)
        found, _ = subgraphs[1](inputs, train, _iteration_key(key, i))
        return found[num_out_data:], found[:num_out_data]

    def rows(xs: Sequence[Any], variables: Sequence[Any]) -> list:
        after, made = jax.eval_shape(partial(step, xs), variables, jax.ShapeDtypeStruct((), jnp.int32))
        for k, (a, b) in enumerate(zip(variables, after, strict=True)):
            if (a.shape, a.dtype) != (b.shape, b.dtype):
                before, later = f"{a.dtype}{list(a.shape)}", f"{b.dtype}{list(b.shape)}"
                raise ShapeConflict(f"loop variable {k} comes in as {before} and leaves the body as {later}")
        return [jnp.zeros(m.shape, m.dtype) for m in made]

    def run(*xs: Any) -> tuple:
        variables = [xs[p] for p in places]
        buffers = [jnp.broadcast_to(r, (max_iterations, *r.shape)) for r in rows(xs, variables)]

        def body(state: tuple) -> tuple:
            i, now, kept = state
            after, made = step(xs, now, i)
            return i + 1, after, [lax.dynamic_update_index_in_dim(b, m, i, 0) for b, m in zip(kept, made, strict=True)]

        first = (jnp.zeros((), jnp.int32), variables, buffers)
        _, last, kept = lax.while_loop(lambda s: (s[0] < max_iterations) & goes_on(xs, s[1]), body, first)
        return (*kept, *last)

    def run_scanned(*xs: Any) -> tuple:
        variables = [xs[p] for p in places]
        blank = rows(xs, variables)

        def one(state: tuple, i: Any) -> tuple:
            alive, now = state
            alive = alive & goes_on(xs, now)
            after, made = lax.cond(alive, lambda v: step(xs, v, i), lambda v: (v, blank), now)
            return (alive, after), made

        first = (jnp.ones((), bool), variables)
        (_, last), kept = lax.scan(one, first, jnp.arange(max_iterations, dtype=jnp.int32))
        return (*kept, *last)

    differentiable = jax.custom_vjp(run)
    differentiable.defvjp(lambda *xs: jax.vjp(run_scanned, *xs), lambda back, cotangents: back(cotangents))
    return differentiable(*data)


# -- cond ------------------------------------------------------------------------------------------------------


def _cond_types(ins: Types, outs: Types, subgraphs, cond_input_locs, then_input_locs, else_input_locs) -> None:
    _through(subgraphs[1], then_input_locs, ins, outs)
    _through(subgraphs[2], else_input_locs, ins, outs)
    try:
        # MXNet asks for a float32 condition; it is what an undecided one becomes, but others are as good.
        _through(subgraphs[0], cond_input_locs, ins, [dtype_of("float32")])
    except (InferenceError, ValueError):
        _through(subgraphs[0], cond_input_locs, ins, [None])


@op(num_args="num_args", arguments=_inputs_without(3), outputs=_number, shape=_left_open, types=_cond_types)
def _cond(
    *data: Tensor,
    num_args: int = attr(ge=3),
    num_outputs: int = attr(ge=1),
    cond_input_locs: Locations,
    then_input_locs: Locations,
    else_input_locs: Locations,
    train: Train,
    key: Key,
    subgraphs: Subgraphs,
):
    """One of two subgraphs, chosen by a third; use `contrib.cond`.

    Shapes: what condition and branches need -> the outputs, which have one shape and type in both branches. Only the
    chosen branch runs (under `vmap`, both). The condition may have any type, in MXNet only float32.
    """

    def branch(number: int, locations: Sequence[int]) -> Any:
        return lambda xs: tuple(subgraphs[number]([xs[i] for i in locations], train, key)[0])

    (value,), _ = subgraphs[0]([data[i] for i in cond_input_locs], train, key)
    return lax.cond(_is_true(value), branch(1, then_input_locs), branch(2, else_input_locs), data)
