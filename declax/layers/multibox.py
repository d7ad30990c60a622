"""Single-shot detection: anchors, training targets and detections (SSD, Liu et al. 2016)."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import AttrError
from declax.layers.boxes import need, ranked
from declax.layers.suppress import best_first, match, suppress
from declax.registry import Tensor, op
from declax.rules import Shapes, assign, float32_type


def _prior_shape(ins: Shapes, outs: Shapes, sizes, ratios) -> None:
    s = ins[0]
    s = ranked(s, 4, "Input data should be 4D: batch-channel-y-x", more=True)
    need(s[2] is not None, "Input height should > 0", s)
    need(s[3] is not None, "Input width should > 0", s)
    assert s[2] is not None
    assert s[3] is not None
    assign(outs, 0, (1, s[2] * s[3] * (len(sizes) + len(ratios) - 1), 4))


def _check_prior(sizes, ratios, steps, offsets) -> None:
    if len(sizes) < 1 or len(ratios) < 1:
        raise AttrError("sizes and ratios must not be empty")
    if len(steps) != 2:
        raise AttrError(f"steps={steps}: Step ndim must be 2: (step_y, step_x)")
    if len(offsets) != 2 or not all(0 <= x <= 1 for x in offsets):
        raise AttrError(f"offsets={offsets} must be two numbers from 0 to 1")
    if steps[0] * steps[1] < 0:
        raise AttrError(f"steps={steps}: Must specify both step_y and step_x")


@op(aliases=("_npx_multibox_prior",), shape=_prior_shape, types=float32_type, needs_shape=True, check=_check_prior)
def _contrib_MultiBoxPrior(
    data: Tensor,
    *,
    sizes: tuple[float, ...] = (1.0,),
    ratios: tuple[float, ...] = (1.0,),
    clip: bool = False,
    steps: tuple[float, ...] = (-1.0, -1.0),
    offsets: tuple[float, ...] = (0.5, 0.5),
):
    """Anchor boxes (xmin, ymin, xmax, ymax) around every pixel, in parts of the image.

    Shapes: data (N, C, H, W) -> (1, H * W * (len(sizes) + len(ratios) - 1), 4). Every pixel gets all sizes with the
    first ratio, then the first size with the other ratios. `steps` and `offsets` are (y, x); the values of data
    are not used.
    """
    height, width = data.shape[2:4]
    f = np.float32
    if steps[0] <= 0 or steps[1] <= 0:
        steps = (float(f(1) / f(height)), float(f(1) / f(width)))
    y = (np.arange(height, dtype=f) + f(offsets[0])) * f(steps[0])
    x = (np.arange(width, dtype=f) + f(offsets[1])) * f(steps[1])
    size = np.array([*sizes, *[sizes[0]] * (len(ratios) - 1)], f)
    ratio = np.sqrt(np.array([*[ratios[0]] * len(sizes), *ratios[1:]], f))
    half = np.stack([size * f(height) / f(width) * ratio / f(2), size / ratio / f(2)], -1)
    # one fused loop: the axes are y, x, the box, its two corners, and (x, y)
    is_x = np.array([True, False])
    centre = jnp.where(is_x, x[None, :, None, None, None], y[:, None, None, None, None])
    corner = np.stack([-half, half], 1)
    boxes = (centre + corner).reshape(1, -1, 4)
    return jnp.clip(boxes, 0, 1) if clip else boxes


# -- targets ---------------------------------------------------------------------------------------------------


def _target_shape(ins: Shapes, outs: Shapes) -> None:
    anchor, label, pred = ins
    anchor = ranked(anchor, 3, "Anchor should be batch shared N*4 tensor")
    need(anchor[0] == 1, "Anchors are shared across batches, first dimension should be 1", anchor)
    need(anchor[1] is not None, "Number boxes should be greater than 0", anchor)
    need(anchor[2] == 4, "Box dimension should be 4: [xmin, ymin, xmax, ymax]", anchor)
    label = ranked(label, 3, "Label should be [batch, num_labels, label_width] tensor")
    need(label[1] is not None, "Padded label should be greater than 0", label)
    need(label[2] is not None and label[2] >= 5, "Label width should be greater than or equal to 5", label)
    pred = ranked(pred, 3, "Prediction: [batch, num_classes, num_anchors]")
    need(pred[2] == anchor[1], "Number of anchors mismatch", pred)
    assert anchor[1] is not None
    assign(outs, 0, (label[0], 4 * anchor[1]))
    assign(outs, 1, (label[0], 4 * anchor[1]))
    assign(outs, 2, (label[0], anchor[1]))


def _check_variances(variances) -> None:
    if len(variances) != 4:
        raise AttrError(f"variances={variances}: Variance size must be 4")


def _overlap(anchors: Array, boxes: Array) -> Array:
    """Intersection over union (A, G) of anchors (A, 4) and boxes (G, 4), 0 where the union is 0."""
    a, b = anchors[:, None, :], boxes[None, :, :]
    sides = jnp.maximum(jnp.minimum(a[..., 2:], b[..., 2:]) - jnp.maximum(a[..., :2], b[..., :2]), 0)
    common = sides[..., 0] * sides[..., 1]
    area = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1]) + (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    union = area - common
    return jnp.where(union == 0, 0, common / jnp.where(union == 0, 1, union))


def _mine(logits: Array, free: Array, count: Array) -> Array:
    """The `count` anchors (A,) among `free` ones whose background probability by logits (C, A) is smallest."""
    background = jax.nn.softmax(logits, axis=0)[0]
    rank = jnp.argsort(jnp.argsort(jnp.where(free, background, jnp.inf), stable=True))
    return free & (rank < count)


@op(
    aliases=("_npx_multibox_target",),
    outputs=("loc_target", "loc_mask", "cls_target"),
    shape=_target_shape,
    types=float32_type,
    needs_shape=True,
    check=_check_variances,
    loss=True,
)
def _contrib_MultiBoxTarget(
    anchor: Tensor,
    label: Tensor,
    cls_pred: Tensor,
    *,
    overlap_threshold: float = 0.5,
    ignore_label: float = -1.0,
    negative_mining_ratio: float = -1.0,
    negative_mining_thresh: float = 0.5,
    minimum_negative_samples: int = 0,
    variances: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2),
):
    """Training targets of anchors: which box each one has to find, and which ones count as background.

    Shapes: anchor (1, A, 4), label (N, G, 5 or more) rows (class, xmin, ymin, xmax, ymax) up to the first class -1,
    cls_pred (N, C, A) -> loc_target (N, 4 * A), loc_mask (N, 4 * A), cls_target (N, A), which is the class + 1, 0 for
    background or `ignore_label`. Every box takes its best anchor, then every anchor a box that it overlaps by more than
    `overlap_threshold`. With `negative_mining_ratio` > 0 only the hardest negatives are background.
    Gradients are zero. `minimum_negative_samples` means nothing, as in MXNet.
    """
    anchors = anchor[0]
    home, span = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
    many = anchors.shape[0]

    def one(rows: Array, logits: Array) -> tuple[Array, Array, Array]:
        valid = jnp.cumprod((rows[:, 0] != -1).astype(jnp.int32)) > 0
        boxes = rows[:, 1:5]
        iou = jnp.where(valid[None, :], _overlap(anchors, boxes), -1)
        first, _ = match(iou, (iou > 1e-6) & valid[None, :])
        best = jnp.max(iou, axis=1)
        nearest = jnp.argmax(iou, axis=1).astype(jnp.int32)
        positive = first >= 0
        if overlap_threshold > 0:
            positive |= best > overlap_threshold
        chosen = jnp.where(first >= 0, first, nearest)
        if negative_mining_ratio > 0:
            positives = jnp.sum(positive, dtype=jnp.int32)
            count = (positives.astype(jnp.float32) * negative_mining_ratio).astype(jnp.int32)
            count = jnp.minimum(count, many - positives)
            negative = _mine(logits, ~positive & (best < negative_mining_thresh), count)
        else:
            negative = ~positive
        box = boxes[chosen]
        centre, size = (box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]
        ratio = jnp.where(positive[:, None], size / span, 1)
        raw = jnp.concatenate([(centre - home) / span, jnp.log(ratio)], -1) / jnp.array(variances, box.dtype)
        positive &= valid[0]
        mask = jnp.broadcast_to(positive[:, None], raw.shape)
        kind = jnp.where(positive, rows[chosen, 0] + 1, jnp.where(negative & valid[0], 0, ignore_label))
        return jnp.where(mask, raw, 0).ravel(), mask.astype(raw.dtype).ravel(), kind.astype(raw.dtype)

    return tuple(lax.stop_gradient(x) for x in jax.vmap(one)(lax.stop_gradient(label), lax.stop_gradient(cls_pred)))


# -- detections ------------------------------------------------------------------------------------------------


def _detection_shape(ins: Shapes, outs: Shapes) -> None:
    prob, loc, anchor = ins
    prob = ranked(prob, 3, "cls_prob must have 3 dimensions")
    loc = ranked(loc, 2, "loc_pred must have 2 dimensions")
    anchor = ranked(anchor, 3, "anchor must have 3 dimensions")
    need(prob[2] == anchor[1], "Number of anchors mismatch", prob)
    need(prob[2] is None or loc[1] == 4 * prob[2], "# anchors mismatch with # loc", loc)
    need(anchor[1] is not None, "Number of anchors must > 0", anchor)
    need(anchor[2] == 4, "anchors must have 4 numbers", anchor)
    assign(outs, 0, (prob[0], anchor[1], 6))


@op(
    aliases=("_npx_multibox_detection",),
    shape=_detection_shape,
    types=float32_type,
    needs_shape=True,
    check=_check_variances,
)
def _contrib_MultiBoxDetection(
    cls_prob: Tensor,
    loc_pred: Tensor,
    anchor: Tensor,
    *,
    clip: bool = True,
    threshold: float = 0.01,
    background_id: int = 0,
    nms_threshold: float = 0.5,
    force_suppress: bool = False,
    variances: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2),
    nms_topk: int = -1,
):
    """Detections from class probabilities and predicted offsets, after non-maximum suppression.

    Shapes: cls_prob (N, C, A) with the background first, loc_pred (N, 4 * A), anchor (1, A, 4) -> (N, A, 6), rows
    (class, probability, xmin, ymin, xmax, ymax), best first. Suppressed ones keep their row with class -1; rows
    that hold nothing are all -1. Gradients are zero. `background_id` means nothing, as in MXNet.
    """
    cls_prob, loc_pred, anchors = (lax.stop_gradient(x) for x in (cls_prob, loc_pred, anchor[0]))
    many = anchors.shape[0]
    home, span = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
    scale = jnp.array(variances, cls_prob.dtype)
    places = jnp.arange(many, dtype=jnp.int32)
    top = many if nms_topk <= 0 else min(many, nms_topk)

    def overlaps(refs, others):
        w = jnp.maximum(jnp.minimum(refs[2], others[2]) - jnp.maximum(refs[0], others[0]), 0)
        h = jnp.maximum(jnp.minimum(refs[3], others[3]) - jnp.maximum(refs[1], others[1]), 0)
        common = w * h
        union = refs[4] + others[4] - common
        found = jnp.where(union <= 0, 0, common / union) >= nms_threshold
        return found if force_suppress else found & (refs[5] == others[5])

    def one(probs: Array, locs: Array) -> Array:
        delta = locs.reshape(many, 4)
        centre = delta[:, :2] * scale[:2] * span + home
        half = jnp.exp(delta[:, 2:] * scale[2:]) * span / 2
        coords = jnp.concatenate([centre - half, centre + half], -1)
        if clip:
            coords = jnp.clip(coords, 0, 1)
        if probs.shape[0] > 1:
            score = jnp.max(probs[1:], axis=0)
            kind = jnp.argmax(probs[1:], axis=0).astype(score.dtype)
            real = (score >= threshold) & (score > -1)
        else:
            score, kind = jnp.full((many,), -1, probs.dtype), jnp.full((many,), -1, probs.dtype)
            real = jnp.zeros((many,), bool)
        rows = jnp.concatenate([kind[:, None], score[:, None], coords], -1)
        found = jnp.sum(real, dtype=jnp.int32)
        place = jnp.where(real, jnp.cumsum(real, dtype=jnp.int32) - 1, many)
        compact = jnp.full_like(rows, -1).at[place].set(rows, mode="drop")
        if not 0 < nms_threshold <= 1:
            return compact
        exists = places[:top] < found
        best = jnp.where(exists[:, None], rows[best_first(score, real, top)], -1)
        area = (best[:, 4] - best[:, 2]) * (best[:, 5] - best[:, 3])
        stays = suppress([*best[:, 2:].T, area, best[:, 0]], exists, overlaps)
        best = best.at[:, 0].set(jnp.where(stays, best[:, 0], -1))
        rest = compact[top:].at[:, 0].set(-1)
        return jnp.concatenate([best, rest])

    return jax.vmap(one)(cls_prob, loc_pred)
