"""Recurrent layers: RNN, MXNet's fused stack of vanilla, LSTM or GRU layers."""

from typing import Any, Literal

import jax
import jax.numpy as jnp

from declax import rules
from declax.attrs import attr
from declax.layers import recurrence
from declax.registry import Key, Tensor, Train, deduce, op
from declax.rules import Shapes, Types, merge_type
from declax.shapes import PartialShape, ShapeConflict, show

Mode = Literal["rnn_relu", "rnn_tanh", "lstm", "gru"]
_GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}


def _parameters(data, mode, state_size, num_layers, bidirectional, projection_size) -> PartialShape:
    """Length of the vector that holds all weights and biases."""
    if len(data) != 3:
        raise ShapeConflict(f"data is (sequence length, batch size, input size), got {show(data)}")
    if data[2] is None:
        return None
    directions, rows, out = 1 + bidirectional, _GATES[mode] * state_size, projection_size or state_size
    first = data[2] + out + 2
    others = out * directions + out + 2
    projections = (projection_size or 0) * state_size * num_layers * directions
    return (rows * directions * (first + (num_layers - 1) * others) + projections,)


def _state(data, state_size, num_layers, bidirectional, projection_size) -> PartialShape:
    return (num_layers * (1 + bidirectional), data[1], projection_size or state_size)


def _cell(data, state_size, num_layers, bidirectional) -> PartialShape:
    return (num_layers * (1 + bidirectional), data[1], state_size)


def _batch(data) -> PartialShape:
    return (data[1],)


def _rnn_shape(ins: Shapes, outs: Shapes, state_size, num_layers, bidirectional, projection_size) -> None:
    data = ins[0]
    if data is None:
        return
    rules.assign(outs, 0, (data[0], data[1], (projection_size or state_size) * (1 + bidirectional)))
    states = (
        _state(data, state_size, num_layers, bidirectional, projection_size),
        _cell(data, state_size, num_layers, bidirectional),
    )
    for i, shape in enumerate(states[: len(outs) - 1], 1):
        rules.assign(outs, i, shape)


def _rnn_types(ins: Types, outs: Types, use_sequence_length) -> None:
    known = ins[0]
    for i in range(len(ins)):
        lengths = use_sequence_length and i == len(ins) - 1
        if not lengths or ins[i] is None:
            ins[i] = merge_type(known, ins[i])
    outs[:] = [known] * len(outs)


def _outputs(mode: str, state_outputs: bool) -> tuple[str, ...]:
    if not state_outputs:
        return ("output",)
    return ("output", "state_output", "statecell_output")[: 3 if mode == "lstm" else 2]


@op(
    aliases=("_npx_rnn",),
    outputs=_outputs,
    shape=_rnn_shape,
    types=_rnn_types,
    needs_type=True,
    random=lambda p, num_layers, train: train and p > 0 and num_layers > 1,
)
def RNN(
    data: Tensor,
    parameters: Tensor = deduce(_parameters),
    state: Tensor = deduce(_state),
    state_cell: Tensor | None = deduce(_cell, when=lambda mode: mode == "lstm"),
    sequence_length: Tensor | None = deduce(_batch, when=lambda use_sequence_length: use_sequence_length),
    *,
    state_size: int = attr(ge=0),
    num_layers: int = attr(ge=0),
    bidirectional: bool = False,
    mode: Mode,
    p: float = attr(0.0, ge=0, le=1),
    state_outputs: bool = False,
    projection_size: int | None = None,
    lstm_state_clip_min: float | None = None,
    lstm_state_clip_max: float | None = None,
    lstm_state_clip_nan: bool = False,
    use_sequence_length: bool = False,
    train: Train,
    key: Key,
):
    """A stack of recurrent layers over a sequence, in one or both directions.

    Shapes: data (T, N, I), parameters (all weights, then all biases, packed), state (layers x directions, N, H) and for
    LSTM state_cell -> (T, N, directions x H), and with `state_outputs` the last states. With `projection_size` P (LSTM
    only) outputs and state have P in place of H. Packed are, layer by layer and direction by direction, the weights
    of input (gates x H, I), state (gates x H, H) and projection (P, H), then likewise the two biases (gates x H); the
    gates are i f g o (LSTM) and r z n (GRU). `sequence_length` (N,) makes later outputs 0 and the states those of the
    last step.

    `p` drops between layers in training, and dropout, `sequence_length` and the limits on the cell state hold on
    every device and type; MXNet's CPU build silently leaves all three out in float32.
    """
    if projection_size is not None and mode != "lstm":
        raise ValueError("projection_size is for LSTM only")
    limits = (lstm_state_clip_min, lstm_state_clip_max)
    if (limits[0] is None) != (limits[1] is None):
        raise ValueError("lstm_state_clip_min and lstm_state_clip_max must be specified together")
    directions = 1 + bidirectional
    layers = _unpack(parameters, data.shape[2], mode, state_size, num_layers, directions, projection_size)
    masks = None
    if sequence_length is not None:
        steps = jnp.arange(data.shape[0], dtype=jnp.int32)[:, None]
        inside = steps < sequence_length.astype(jnp.int32)
        masks = _both_ways(inside[None], directions)[..., None]
    cell = _cell_function(mode, limits, lstm_state_clip_nan)
    y, states, cells = data, [], []
    for number, weights in enumerate(layers):
        at = slice(number * directions, (number + 1) * directions)
        if number and train and p > 0:
            keep = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - p, y.shape)
            y = jnp.where(keep, y / (1 - p) if p < 1 else jnp.zeros_like(y), jnp.zeros_like(y))
        carry = (state[at],) if state_cell is None else (state[at], state_cell[at])
        y, last = _layer(cell, weights, y, carry, masks, mode == "gru")
        states.append(last[0])
        cells.append(last[-1])
    if not state_outputs:
        return y
    found = (y, jnp.concatenate(states))
    return (*found, jnp.concatenate(cells)) if mode == "lstm" else found


def _unpack(
    packed: Any, width: int, mode: str, size: int, num_layers: int, directions: int, projection_size: int | None
) -> list[dict[str, Any]]:
    """Per layer the weights `x`, `h`, `p` and biases `bx`, `bh`, each with the direction as its first axis."""
    rows, out = _GATES[mode] * size, projection_size or size
    position = 0

    def take(*shape: int) -> Any:
        nonlocal position
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        position += count
        return packed[position - count : position].reshape(shape)

    layers = []
    for number in range(num_layers):
        inputs = out * directions if number else width
        parts: dict[str, list] = {"x": [], "h": [], "p": []}
        for _ in range(directions):
            parts["x"].append(take(rows, inputs))
            parts["h"].append(take(rows, out))
            if projection_size:
                parts["p"].append(take(out, size))
        layers.append({name: jnp.stack(w) if w else None for name, w in parts.items()})
    for layer in layers:
        biases = [(take(rows), take(rows)) for _ in range(directions)]
        layer["bx"], layer["bh"] = (jnp.stack(b) for b in zip(*biases, strict=True))
    return layers


def _both_ways(x: Any, directions: int) -> Any:
    """(1 or D, T, ...) -> (D, T, ...) with the second direction's time reversed."""
    if directions == 1:
        return x
    return jnp.stack([x[0], x[-1, ::-1]])


def _layer(cell: Any, weights: dict, x: Any, carry: tuple, masks: Any, gru: bool) -> tuple[Any, tuple]:
    """One layer, its directions side by side in one scan: (outputs (T, N, D x H), last states)."""
    directions = weights["x"].shape[0]
    bias = weights["bx"] if gru else weights["bx"] + weights["bh"]
    inputs = _product(x[None], weights["x"]) if directions == 1 else jnp.einsum("tni,dgi->dtng", x, weights["x"])
    inputs = _both_ways(inputs + bias[:, None, None, :], directions)
    matrices = [w for w in (weights["h"], weights["p"]) if w is not None]
    inner_bias = weights["bh"][:, None, :] if gru else None

    def step(bias: Any, states: tuple, now: tuple, product: Any) -> tuple[tuple, Any]:
        z, valid = now
        recurrent = product(0, states[0])
        new = cell(z, recurrent if bias is None else recurrent + bias, states)
        if len(matrices) > 1:
            new = (product(1, new[0]), *new[1:])
        out = new[0]
        if valid is not None:
            new = tuple(jnp.where(valid, a, b) for a, b in zip(new, states, strict=True))
            out = jnp.where(valid, out, jnp.zeros_like(out))
        return new, out

    per_step = (jnp.moveaxis(inputs, 1, 0), None if masks is None else jnp.moveaxis(masks, 1, 0))
    last, y = recurrence.scan(step, matrices, inner_bias, carry, per_step, x.shape[0], _product)
    if directions == 1:
        return y[:, 0], last
    return jnp.concatenate([y[:, 0], y[::-1, 1]], axis=-1), last


def _product(x: Any, weight: Any) -> Any:
    """By direction (D, ..., I) with (D, G, I) to (D, ..., G)."""
    if weight.shape[0] == 1:  # a stack of one takes XLA a tenth longer
        return (x[0] @ weight[0].T)[None]
    return jnp.einsum("d...i,dgi->d...g", x, weight)


def _cell_function(mode: str, limits: tuple[float | None, float | None], clip_nan: bool) -> Any:
    """`(input part of the gates, state part, states) -> new states` of one step."""

    def vanilla(z: Any, recurrent: Any, states: tuple) -> tuple:
        a = z + recurrent
        return (jax.nn.relu(a) if mode == "rnn_relu" else jnp.tanh(a),)

    def lstm(z: Any, recurrent: Any, states: tuple) -> tuple:
        i, f, g, o = jnp.split(z + recurrent, 4, axis=-1)
        c = jax.nn.sigmoid(f) * states[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
        low, high = limits
        if low is not None and high is not None:
            smaller, larger = (jnp.fmin, jnp.fmax) if clip_nan else (jnp.minimum, jnp.maximum)
            c = smaller(larger(c, low), high)
        return jax.nn.sigmoid(o) * jnp.tanh(c), c

    def gru(z: Any, recurrent: Any, states: tuple) -> tuple:
        zr, zz, zn = jnp.split(z, 3, axis=-1)
        hr, hz, hn = jnp.split(recurrent, 3, axis=-1)
        update = jax.nn.sigmoid(zz + hz)
        new = jnp.tanh(zn + jax.nn.sigmoid(zr + hr) * hn)
        return ((1 - update) * new + update * states[0],)

    return {"lstm": lstm, "gru": gru}.get(mode, vanilla)
