"""Operators on sequences of different lengths: masking, last element, reversal, CTC loss, Hawkes process likelihood."""

from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.registry import Tensor, deduce, gradient, op
from declax.rules import Shapes, Types, assign_type, merge_type
from declax.shapes import PartialShape, ShapeConflict, merge_dim, show

_BLANK_PADDING = {"first": 0, "last": -1}


# -- shared rules ----------------------------------------------------------------------------------------------


def _lengths(data, axis) -> PartialShape:
    """The shape of `sequence_length`: one number for each sequence of the batch."""
    if axis not in (0, 1):
        raise ShapeConflict(f"axis is 0 or 1, got {axis}")
    if len(data) < 2:
        raise ShapeConflict(f"data has two or more dimensions, got {show(data)}")
    return (data[1 - axis],)


def _same_shape(ins: Shapes, outs: Shapes, axis) -> None:
    if ins[0] is not None:
        _lengths(ins[0], axis)
    rules.like_first(ins, outs)


def _last_shape(ins: Shapes, outs: Shapes, axis) -> None:
    if ins[0] is not None:
        rules.assign(outs, 0, (*(_lengths(ins[0], axis) or ()), *ins[0][2:]))


def _first_leads(ins: Types, outs: Types) -> None:
    """Outputs have the first input's type, and so have other inputs that have none of their own."""
    ins[:] = [ins[0] if t is None else t for t in ins]
    outs[:] = [merge_type(ins[0], t) for t in outs]


def _steps(data: Any, axis: int, lengths: Any) -> tuple[Any, Any]:
    """(step numbers, lengths) as int32, in shapes that broadcast against the first two axes of the data."""
    steps = jnp.arange(data.shape[axis], dtype=jnp.int32)
    whole = lengths.astype(jnp.int32)
    return (steps[:, None], whole[None, :]) if axis == 0 else (steps[None, :], whole[:, None])


# -- masking and its kin ---------------------------------------------------------------------------------------


@op(aliases=("_npx_sequence_mask",), shape=_same_shape, types=_first_leads, needs_shape=True, needs_type=True)
def SequenceMask(
    data: Tensor,
    sequence_length: Tensor | None = deduce(_lengths, when=lambda use_sequence_length: use_sequence_length),
    *,
    use_sequence_length: bool = False,
    value: float = 0.0,
    axis: int = 0,
):
    """Puts `value` behind the end of every sequence.

    Shapes: data (T, N, ...), or (N, T, ...) with axis 1; sequence_length (N,) -> data's shape.
    """
    if sequence_length is None:
        return data
    steps, lengths = _steps(data, axis, sequence_length)
    inside = (steps < lengths).reshape(data.shape[:2] + (1,) * (data.ndim - 2))
    return jnp.where(inside, data, jnp.asarray(value).astype(data.dtype))


@op(shape=_last_shape, types=_first_leads, needs_shape=True, needs_type=True)
def SequenceLast(
    data: Tensor,
    sequence_length: Tensor | None = deduce(_lengths, when=lambda use_sequence_length: use_sequence_length),
    *,
    use_sequence_length: bool = False,
    axis: int = 0,
):
    """The last element of every sequence.

    Shapes: data (T, N, ...), or (N, T, ...) with axis 1; sequence_length (N,) -> (N, ...).
    """
    if sequence_length is None:
        return data[-1] if axis == 0 else data[:, -1]
    last = jnp.clip(sequence_length.astype(jnp.int32) - 1, 0, data.shape[axis] - 1)
    batch = jnp.arange(last.shape[0], dtype=jnp.int32)
    return data[last, batch] if axis == 0 else data[batch, last]


def _time_first(ins: Shapes, outs: Shapes, axis, use_sequence_length) -> None:
    if axis != 0:
        raise ShapeConflict(f"axis is 0, got {axis}")
    if ins[0] is None and use_sequence_length:
        raise ShapeConflict("the shape of the data must be known here")
    _same_shape(ins, outs, axis)


@op(shape=_time_first, types=_first_leads, needs_type=True)
def SequenceReverse(
    data: Tensor,
    sequence_length: Tensor | None = deduce(_lengths, when=lambda use_sequence_length: use_sequence_length),
    *,
    use_sequence_length: bool = False,
    axis: int = 0,
):
    """Every sequence backwards; what lies behind its end stays in place.

    Shapes: data (T, N, ...), sequence_length (N,) -> data's shape. `axis` is 0.
    """
    if sequence_length is None:
        return data[::-1]
    steps, lengths = _steps(data, 0, sequence_length)
    source = jnp.where(steps < lengths, lengths - 1 - steps, steps)
    return data[source, jnp.arange(data.shape[1], dtype=jnp.int32)[None, :]]


# -- CTC loss --------------------------------------------------------------------------------------------------


def _ctc_shape(ins: Shapes, outs: Shapes) -> None:
    data, label = ins[0], ins[1]
    for name, shape, rank in (("data", data, 3), ("label", label, 2)):
        if shape is None or len(shape) != rank:
            raise ShapeConflict(f"{name} has {rank} dimensions, got {show(shape)}")
    assert data is not None
    assert label is not None
    batch = merge_dim(data[1], label[0])
    for i in range(2, len(ins)):
        rules.assign(ins, i, (batch,))
    if data[0] is not None and label[1] is not None and data[0] < label[1]:
        raise ShapeConflict(f"there are up to {label[1]} labels in a sequence of {data[0]} steps")
    ins[0], ins[1] = (data[0], batch, data[2]), (batch, label[1])
    rules.assign(outs, 0, (batch,))
    rules.assign(outs, 1, ins[0])


def _ctc_types(ins: Types, outs: Types) -> None:
    outs[:] = [merge_type(ins[0], t) for t in outs]


@op(
    aliases=("ctc_loss", "_contrib_CTCLoss", "_contrib_ctc_loss"),
    outputs=2,
    visible=1,
    shape=_ctc_shape,
    types=_ctc_types,
    needs_shape=True,
    needs_type=True,
)
def CTCLoss(
    data: Tensor,
    label: Tensor,
    data_lengths: Tensor | None = deduce(when=lambda use_data_lengths: use_data_lengths),
    label_lengths: Tensor | None = deduce(when=lambda use_label_lengths: use_label_lengths),
    *,
    use_data_lengths: bool = False,
    use_label_lengths: bool = False,
    blank_label: Literal["first", "last"] = "first",
):
    """Connectionist temporal classification: how improbable the labels are under unaligned predictions.

    Shapes: data (T, N, C) before any softmax, label (N, L), lengths (N,) -> (N,). The blank is class 0 (`first`, labels
    then count from 1 and are padded with 0) or class C-1 (`last`, padded with -1). Labels that do not fit into the
    steps cost 0 and give no gradient, as in MXNet. Graves et al., ICML 2006.
    """
    blank = 0 if blank_label == "first" else data.shape[2] - 1
    labels = label.astype(jnp.int32)
    if label_lengths is None:
        is_padding = labels == _BLANK_PADDING[blank_label]
        sizes = jnp.sum(jnp.cumsum(is_padding, axis=1, dtype=jnp.int32) == 0, axis=1, dtype=jnp.int32)
    else:
        sizes = label_lengths.astype(jnp.int32)
    steps = jnp.full(data.shape[1], data.shape[0], jnp.int32)
    if data_lengths is not None:
        steps = data_lengths.astype(jnp.int32)
    wide = data.astype(jnp.float32) if data.dtype.itemsize < 4 else data

    def total(x: Any) -> tuple[Any, Any]:
        costs = _ctc_costs(x, labels, sizes, steps, blank)
        return costs.sum(), costs

    # MXNet's second, hidden output is the gradient; where nobody asks for it, it costs nothing under jit.
    grad, costs = jax.grad(total, has_aux=True)(wide)
    if data_lengths is not None:
        inside = jnp.arange(data.shape[0], dtype=jnp.int32)[:, None, None] < steps[None, :, None]
        grad = jnp.where(inside, grad, jnp.zeros_like(grad))
    return costs.astype(data.dtype), grad.astype(data.dtype)


def _ctc_costs(data: Any, labels: Any, sizes: Any, steps: Any, blank: int) -> Any:
    """Negative log likelihood (N,): a scan over time of log alpha over the labels with blanks between them."""
    batch, count = labels.shape
    never = jnp.asarray(jnp.finfo(data.dtype).min / 4, data.dtype)
    scores = jax.nn.log_softmax(data, axis=-1)
    extended = jnp.full((batch, 2 * count + 1), blank, jnp.int32).at[:, 1::2].set(labels)
    # A blank between two labels may be skipped when they differ.
    behind = jnp.pad(extended, ((0, 0), (2, 0)), constant_values=blank)[:, :-2]
    may_skip = (extended != blank) & (extended != behind)
    own = jnp.take_along_axis(scores, jnp.clip(extended, 0, data.shape[2] - 1)[None], axis=2)

    def shifted(alpha: Any, by: int) -> Any:
        return jnp.pad(alpha, ((0, 0), (by, 0)), constant_values=never)[:, :-by]

    def step(alpha: Any, now: tuple) -> tuple[Any, None]:
        t, score = now
        new = jnp.logaddexp(alpha, shifted(alpha, 1))
        new = jnp.logaddexp(new, jnp.where(may_skip, shifted(alpha, 2), never)) + score
        return jnp.where((t < steps)[:, None], jnp.maximum(new, never), alpha), None

    places = jnp.arange(2 * count + 1, dtype=jnp.int32)[None]
    first = jnp.where((places < 2) & (places <= 2 * sizes[:, None]), own[0], never)
    alpha, _ = lax.scan(step, first, (jnp.arange(1, data.shape[0], dtype=jnp.int32), own[1:]))
    ends = (places == 2 * sizes[:, None]) | ((places == 2 * sizes[:, None] - 1) & (sizes[:, None] > 0))
    likelihood = jax.nn.logsumexp(jnp.where(ends, alpha, never), axis=1)
    inside = jnp.arange(1, count, dtype=jnp.int32)[None] < sizes[:, None]
    repeats = jnp.sum((labels[:, 1:] == labels[:, :-1]) & inside, axis=1, dtype=jnp.int32)
    return jnp.where(sizes + repeats <= steps, -likelihood, jnp.zeros_like(likelihood))


@gradient(CTCLoss)
def _(cotangents, outputs, data, *rest):
    return cotangents[0][None, :, None] * outputs[1]


# -- Hawkes process --------------------------------------------------------------------------------------------


def _hawkes_shape(ins: Shapes, outs: Shapes) -> None:
    ranks = (2, 1, 1, 2, 2, 2, 1, 1)
    for i, (shape, rank) in enumerate(zip(ins, ranks, strict=True)):
        if shape is None or len(shape) != rank:
            raise ShapeConflict(f"input {i} has {rank} dimensions, got {show(shape)}")
    (n, k), (_, t) = ins[0], ins[4]  # pyright: ignore[reportGeneralTypeIssues]
    for i, shape in enumerate(((n, k), (k,), (k,), (n, k), (n, t), (n, t), (n,), (n,))):
        rules.assign(ins, i, shape)
    rules.assign(outs, 0, (n,))
    rules.assign(outs, 1, (n, k))


def _hawkes_types(ins: Types, outs: Types) -> None:
    known = None
    for i, t in enumerate((*ins, *outs)):
        known = known if i == 5 else merge_type(known, t)
    assign_type(ins, 5, "int32")
    ins[:] = [t if i == 5 else known for i, t in enumerate(ins)]
    outs[:] = [known] * 2


@op(outputs=("output", "out_state"), shape=_hawkes_shape, types=_hawkes_types, needs_shape=True)
def _contrib_hawkesll(
    lda: Tensor,
    alpha: Tensor,
    beta: Tensor,
    state: Tensor,
    lags: Tensor,
    marks: Tensor,
    valid_length: Tensor,
    max_time: Tensor,
):
    """Log likelihood of marked Hawkes processes with exponential decay, and their state at the end.

    Shapes: lda (N, K), alpha and beta (K,), state (N, K), lags and marks (N, T), valid_length and max_time (N,) -> log
    likelihood (N,), state (N, K). The gradient reaches lda, alpha and beta only, from the first output only.
    """
    return _hawkes(lda, alpha, beta, state, lags, marks, valid_length, max_time)


def _hawkes(lda, alpha, beta, state, lags, marks, valid_length, max_time) -> tuple[Any, Any]:
    rows = jnp.arange(lags.shape[0], dtype=jnp.int32)
    marks = marks.astype(jnp.int32)

    def step(carry: tuple, now: tuple) -> tuple[tuple, None]:
        likelihood, time, last, memory = carry
        j, lag, mark = now
        valid = j < valid_length
        time = jnp.where(valid, time + lag, time)
        gap = time - last[rows, mark]
        a, b, kept, base = alpha[mark], beta[mark], memory[rows, mark], lda[rows, mark]
        decay = jnp.exp(-b * gap)
        gain = jnp.log(base + a * b * kept * decay) - base * gap - a * kept * (1 - decay)
        likelihood = likelihood + jnp.where(valid, gain, jnp.zeros_like(gain))
        memory = memory.at[rows, mark].set(jnp.where(valid, 1 + kept * decay, kept))
        last = last.at[rows, mark].set(jnp.where(valid, time, last[rows, mark]))
        return (likelihood, time, last, memory), None

    nothing = jnp.zeros(lags.shape[0], lda.dtype)
    first = (nothing, nothing, jnp.zeros_like(state), state)
    numbers = jnp.arange(lags.shape[1], dtype=lda.dtype)
    (likelihood, _, last, memory), _ = lax.scan(step, first, (numbers, lags.T, marks.T))
    gap = max_time[:, None] - last
    decay = jnp.exp(-beta * gap)
    rest = lda * gap + alpha * memory * (1 - decay)
    return likelihood - rest.sum(axis=1), memory * decay


@gradient(_contrib_hawkesll)
def _(cotangents, outputs, lda, alpha, beta, *rest):
    _, back = jax.vjp(lambda *parameters: _hawkes(*parameters, *rest)[0], lda, alpha, beta)
    return back(cotangents[0])


def _hawkes_back_rule(ins: Shapes, outs: Shapes) -> None:
    parts = ins[2:]
    if any(s is None for s in parts):
        return
    _hawkes_shape(parts, ins[:2])
    ins[2:] = parts
    for i, shape in enumerate(parts):
        rules.assign(outs, i, shape)


def _hawkes_back_types(ins: Types, outs: Types) -> None:
    for i, t in enumerate(ins[2:]):
        assign_type(outs, i, t)


@op(outputs=8, shape=_hawkes_back_rule, types=_hawkes_back_types, auto_create=False)
def _contrib_backward_hawkesll(
    ograd: Tensor,
    ograd_state: Tensor,
    lda: Tensor,
    alpha: Tensor,
    beta: Tensor,
    state: Tensor,
    lags: Tensor,
    marks: Tensor,
    valid_length: Tensor,
    max_time: Tensor,
):
    """The gradient of _contrib_hawkesll, which reaches lda, alpha and beta; zeros for the other inputs.

    Shapes: ograd (N,), ograd_state (N, K), which has no part in it, then _contrib_hawkesll's inputs -> their shapes.
    """
    rest = (state, lags, marks, valid_length, max_time)
    _, back = jax.vjp(lambda *parameters: _hawkes(*parameters, *rest)[0], lda, alpha, beta)  # pyright: ignore[reportCallIssue]
    return (*back(ograd), *(jnp.zeros_like(x) for x in rest))
