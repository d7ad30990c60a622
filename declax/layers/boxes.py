"""Boxes: overlap, encoding, decoding, matching and non-maximum suppression."""

import math
from collections.abc import Sequence
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array, lax

from declax.attrs import attr
from declax.layers.suppress import best_first, match, suppress
from declax.registry import Tensor, op
from declax.rules import Shapes, assign
from declax.shapes import PartialShape, ShapeConflict, is_complete, show

Format = Literal["corner", "center"]


def need(condition: bool, message: str, shape: PartialShape | bool = False) -> None:
    """Raises ShapeConflict with the offending shape, if given, unless the condition holds."""
    if condition:
        return
    if not isinstance(shape, bool):
        message += f", got {show(shape)}" + ("" if is_complete(shape) else ", which must be known here")
    raise ShapeConflict(message)


def ranked(shape: PartialShape, rank: int, message: str, more: bool = False) -> tuple[int | None, ...]:
    """The shape, which must be known to have `rank` dimensions, or `more`."""
    need(shape is not None and (len(shape) == rank or (more and len(shape) > rank)), message, shape)
    assert shape is not None
    return shape


def _span(low: Array, high: Array, style: Format) -> tuple[Array, Array]:
    """Both ends of an interval from its two numbers."""
    return (low, high) if style == "corner" else (low - high / 2, low + high / 2)


def _meet(a: Sequence[Array], b: Sequence[Array], style: Format) -> Array:
    """Area of the intersection of boxes given by columns."""
    area: Array | None = None
    for axis in (0, 1):
        a_low, a_high = _span(a[axis], a[axis + 2], style)
        b_low, b_high = _span(b[axis], b[axis + 2], style)
        side = jnp.maximum(jnp.minimum(a_high, b_high) - jnp.maximum(a_low, b_low), 0)
        area = side if area is None else area * side
    return area


def _area(box: Sequence[Array], style: Format) -> Array:
    """Area of boxes given by columns; 0 for those that are inside out."""
    width, height = (box[2] - box[0], box[3] - box[1]) if style == "corner" else (box[2], box[3])
    return jnp.where((width < 0) | (height < 0), jnp.zeros_like(width), width * height)


def _iou_shape(ins: Shapes, outs: Shapes) -> None:
    a, b = (ranked(s, 2, f"{side} must have dim >= 2", more=True) for s, side in zip(ins, ("lhs", "rhs"), strict=True))
    need(a[-1] in (4, None), "last dimension of lhs must be 4", a)
    need(b[-1] in (4, None), "last dimension of rhs must be 4", b)
    assign(outs, 0, (*a[:-1], *b[:-1]))


@op(shape=_iou_shape)
def _contrib_box_iou(lhs: Tensor, rhs: Tensor, *, format: Format = "corner"):
    """Intersection over union of every pair of boxes.

    Shapes: lhs (A..., 4), rhs (B..., 4) -> (A..., B...). Boxes are (xmin, ymin, xmax, ymax), or with
    `format='center'` (x, y, width, height). The gradient is zero, as in MXNet.
    """
    a = [lax.stop_gradient(lhs[..., i].reshape(-1, 1)) for i in range(4)]
    b = [lax.stop_gradient(rhs[..., i].reshape(1, -1)) for i in range(4)]
    common = _meet(a, b, format)
    union = _area(a, format) + _area(b, format) - common
    iou = jnp.where(common <= 0, jnp.zeros_like(common), common / jnp.where(common <= 0, 1, union))
    return iou.reshape(lhs.shape[:-1] + rhs.shape[:-1])


# -- non-maximum suppression -----------------------------------------------------------------------------------


@jax.custom_vjp
def _shown_as(moved: Array, shown: Array) -> Array:
    """`shown`, whose gradient goes to `moved` unchanged."""
    return shown


_shown_as.defvjp(lambda moved, shown: (shown, None), lambda _, g: (g, None))


def _nms_shape(ins: Shapes, outs: Shapes, id_index, coord_start, score_index) -> None:
    s = ins[0]
    if s is None or not is_complete(s):
        return
    need(len(s) >= 2, "input must have dim >= 2: the last two are the number of boxes and their width", s)
    width = s[-1]
    if width:
        ends = range(coord_start, coord_start + 4)
        need(width >= 5 + (id_index >= 0), "the last dimension holds at least a score and 4 coordinates", s)
        need(0 <= score_index < width, f"score_index: {score_index} out of range: (0, {width})")
        need(score_index not in ends, f"score_index: {score_index} conflicts with the coordinates at {coord_start}")
        need(coord_start >= 0 and coord_start + 3 < width, f"coordinates at {coord_start} out of range: (0, {width})")
        if id_index >= 0:
            need(id_index < width, f"id_index: {id_index} out of range: (0, {width})")
            need(id_index not in ends, f"id_index: {id_index} conflicts with the coordinates at {coord_start}")
            need(id_index != score_index, f"id_index: {id_index} conflicts with score_index: {score_index}")
    assign(outs, 0, s)
    assign(outs, 1, (*s[:-1], 1))


def _convert(boxes: Array, start: int, out_format: Format) -> Array:
    """Coordinates from the other format; boxes whose first number is negative stay, as in MXNet."""
    a, b, c, d = (boxes[..., start + i] for i in range(4))
    if out_format == "center":
        new = [(a + c) / 2, (b + d) / 2, c - a, d - b]
    else:
        new = [a - c / 2, b - d / 2, a + c / 2, b + d / 2]
    old = boxes[..., start : start + 4]
    coords = jnp.where((a < 0)[..., None], old, jnp.stack(new, -1))
    return jnp.concatenate([boxes[..., :start], coords, boxes[..., start + 4 :]], -1)


@op(aliases=("_contrib_box_non_maximum_suppression",), outputs=2, visible=1, shape=_nms_shape)
def _contrib_box_nms(
    data: Tensor,
    *,
    overlap_thresh: float = 0.5,
    valid_thresh: float = 0.0,
    topk: int = -1,
    coord_start: int = 2,
    score_index: int = 1,
    id_index: int = -1,
    background_id: int = -1,
    force_suppress: bool = False,
    in_format: Format = "corner",
    out_format: Format = "corner",
):
    """Greedy non-maximum suppression of scored boxes.

    Shapes: data (..., N, K) -> (..., N, K): the boxes that stay, best score first, then rows of -1. Each row holds a
    score at `score_index`, 4 coordinates from `coord_start` and, with `id_index >= 0`, a class. Boxes take part whose
    score is above `valid_thresh` and whose class is not `background_id`, the best `topk` of them; one is removed when
    it overlaps a better one of its class (of any class with `force_suppress`) by more than `overlap_thresh`.
    The gradient follows each box to its row and ignores a change of format, as in MXNet.
    """
    *lead, n, width = data.shape
    batches = math.prod(lead)
    boxes = data.reshape(batches, n, width)
    top = n if topk < 0 else min(n, topk)
    if top < 1:
        return data, jnp.arange(batches * n).astype(data.dtype).reshape(*lead, n, 1)
    fixed = lax.stop_gradient(boxes)
    score = fixed[..., score_index]
    alive = score > valid_thresh
    if id_index >= 0:
        alive &= fixed[..., id_index] != background_id
    by_class = id_index >= 0 and not force_suppress

    def overlaps(refs, others):
        common = _meet(refs, others, in_format)
        found = common / (refs[4] + others[4] - common) > overlap_thresh
        return found & (refs[5] == others[5]) if by_class else found

    def one(rows, score, alive):
        order = best_first(score, alive, top)
        ordered = rows[order]
        coords = [ordered[:, coord_start + i] for i in range(4)]
        columns = [*coords, _area(coords, in_format)]
        if by_class:
            columns.append(ordered[:, id_index].astype(jnp.int32))
        kept = suppress(columns, alive[order], overlaps)
        place = jnp.where(kept, jnp.cumsum(kept, dtype=jnp.int32) - 1, n)
        return jnp.full((n,), n, jnp.int32).at[place].set(order, mode="drop")

    source = jax.vmap(one)(fixed, score, alive)
    exists = source < n
    moved = jnp.take_along_axis(boxes, jnp.minimum(source, n - 1)[..., None], axis=1)
    moved = jnp.where(exists[..., None], moved, -1)
    if in_format != out_format:
        moved = _shown_as(moved, _convert(lax.stop_gradient(moved), coord_start, out_format))
    place = source + n * jnp.arange(batches, dtype=source.dtype)[:, None]
    record = jnp.where(exists, place, -1).astype(data.dtype)
    return moved.reshape(data.shape), record.reshape(*lead, n, 1)


# -- matching --------------------------------------------------------------------------------------------------


def _matching_shape(ins: Shapes, outs: Shapes) -> None:
    s = ins[0]
    s = ranked(s, 2, "score matrix must have dim >= 2", more=True)
    assign(outs, 0, s[:-1])
    assign(outs, 1, (*s[:-2], s[-1]))


@op(outputs=2, shape=_matching_shape)
def _contrib_bipartite_matching(data: Tensor, *, is_ascend: bool = False, threshold: float = attr(), topk: int = -1):
    """Greedy one-to-one matching by a matrix of scores.

    Shapes: data (..., N, M) -> column of every row (..., N) and row of every column (..., M), -1 for none. Pairs must
    score above `threshold` (below it with `is_ascend`). With `topk` > 0 the best `topk` + 1 pairs are matched, as in
    MXNet. The gradient is zero.
    """
    *lead, n, m = data.shape
    scores = lax.stop_gradient(data).reshape(-1, n, m)
    allowed = scores < threshold if is_ascend else scores > threshold
    if is_ascend:
        scores = -scores

    def one(scores, allowed):
        column_of, row_of = match(scores, allowed)
        if topk <= 0 or topk + 1 >= min(n, m):
            return column_of, row_of
        place = jnp.where(column_of < 0, 0, column_of)
        value = jnp.where(column_of < 0, -jnp.inf, jnp.take_along_axis(scores, place[:, None], 1)[:, 0])
        rank = jnp.argsort(jnp.argsort(-value, stable=True))
        column_of = jnp.where(rank <= topk, column_of, -1)
        row_of = jnp.where((row_of >= 0) & (rank[row_of] <= topk), row_of, -1)
        return column_of, row_of

    column_of, row_of = jax.vmap(one)(scores, allowed)
    return column_of.astype(data.dtype).reshape(*lead, n), row_of.astype(data.dtype).reshape(*lead, m)


# -- encoding --------------------------------------------------------------------------------------------------


def _encode_shape(ins: Shapes, outs: Shapes) -> None:
    samples, matches, anchors, refs, _, _ = ins
    samples = ranked(samples, 2, "samples shape must have dim == 2")
    matches = ranked(matches, 2, "matches shape must have dim == 2", more=True)
    for s, name in ((anchors, "anchors"), (refs, "refs")):
        s = ranked(s, 3, f"{name} shape must have dim == 3", more=True)
        need(s[-1] in (4, None), f"last dimension of {name} must be 4", s)
    assign(ins, 4, (4,))
    assign(ins, 5, (4,))
    assign(outs, 0, anchors)
    assign(outs, 1, anchors)


def _centre(box: Array) -> tuple[Array, Array]:
    """Centre and size, each (..., 2), of corner boxes (..., 4)."""
    size = box[..., 2:] - box[..., :2]
    return box[..., :2] + size / 2, size


@op(outputs=2, shape=_encode_shape)
def _contrib_box_encode(samples: Tensor, matches: Tensor, anchors: Tensor, refs: Tensor, means: Tensor, stds: Tensor):
    """Regression targets of anchors from the boxes they are matched with.

    Shapes: samples (B, N) (> 0.5 for positive ones), matches (B, N) indices into refs (B, M, 4), anchors (B, N, 4),
    all boxes (xmin, ymin, xmax, ymax), means and stds (4,) -> targets and masks (B, N, 4). The gradient is zero.
    """
    chosen = jax.vmap(lambda boxes, at: boxes.at[at].get(mode="clip"))(refs, matches.astype(jnp.int32))
    centre, size = _centre(chosen)
    home, span = _centre(anchors)
    valid = (samples > 0.5)[..., None]
    raw = jnp.concatenate([(centre - home) / span, jnp.log(size / span)], -1)
    targets = jnp.where(valid, (raw - means) / stds, jnp.zeros((), anchors.dtype))
    masks = jnp.broadcast_to(valid, anchors.shape).astype(anchors.dtype)
    return lax.stop_gradient(targets), masks


def _decode_shape(ins: Shapes, outs: Shapes) -> None:
    data, anchors = ins
    data = ranked(data, 3, "data shape must have dim == 3")
    anchors = ranked(anchors, 3, "anchors shape must have dim == 3", more=True)
    for s, name in ((data, "data"), (anchors, "anchors")):
        need(s[-1] in (4, None), f"last dimension of {name} must be 4", s)
    assign(outs, 0, data)


@op(shape=_decode_shape)
def _contrib_box_decode(
    data: Tensor,
    anchors: Tensor,
    *,
    std0: float = 1.0,
    std1: float = 1.0,
    std2: float = 1.0,
    std3: float = 1.0,
    clip: float = -1.0,
    format: Format = "center",
):
    """Boxes (xmin, ymin, xmax, ymax) from predicted offsets to anchors.

    Shapes: data (B, N, 4), anchors (1, N, 4) in `format` -> (B, N, 4). `clip` > 0 bounds the predicted logarithm
    of the size. The gradient is zero, as in MXNet.
    """
    delta = data * jnp.array([std0, std1, std2, std3], data.dtype)
    home, size = _centre(anchors) if format == "corner" else (anchors[..., :2], anchors[..., 2:])
    centre = delta[..., :2] * size + home
    growth = delta[..., 2:]
    if clip > 0:
        growth = jnp.minimum(growth, jnp.array(clip, data.dtype))
    half = jnp.exp(growth) * size / 2
    return lax.stop_gradient(jnp.concatenate([centre - half, centre + half], -1))
