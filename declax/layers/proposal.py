"""Region proposals from a network's scores and offsets (Faster R-CNN, Ren et al. 2015)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from declax.attrs import AttrError
from declax.layers.suppress import suppress
from declax.registry import Tensor, op
from declax.rules import Shapes, assign, float32_type
from declax.shapes import ShapeConflict, is_complete


def _anchors(stride: int, ratios: Sequence[float], scales: Sequence[float]) -> np.ndarray:
    """Anchors (len(ratios) * len(scales), 4) of the first cell, rounded as MXNet rounds them."""
    f = np.float32
    ratio = np.repeat(np.array(ratios, f), len(scales))
    scale = np.tile(np.array(scales, f), len(ratios))
    side = f(stride)
    width = np.floor(np.sqrt(np.floor(side * side / ratio)) + f(0.5)) * scale
    height = np.floor(width / scale * ratio + f(0.5)) * scale
    centre = f(0.5) * (side - f(1))
    x, y = f(0.5) * (width - f(1)), f(0.5) * (height - f(1))
    return np.stack([centre - x, centre - y, centre + x, centre + y], -1)


def _moved(boxes: Array, deltas: Array, iou_loss: bool) -> Array:
    """Boxes (N, 4) after their predicted offsets (N, 4)."""
    if iou_loss:
        return boxes + deltas
    size = boxes[:, 2:] - boxes[:, :2] + 1
    centre = deltas[:, :2] * size + (boxes[:, :2] + 0.5 * (size - 1))
    half = 0.5 * (jnp.exp(deltas[:, 2:]) * size - 1)
    return jnp.concatenate([centre - half, centre + half], -1)


def _overlaps(threshold: float):
    def overlaps(refs, others):
        w = jnp.maximum(jnp.minimum(refs[2], others[2]) - jnp.maximum(refs[0], others[0]) + 1, 0)
        h = jnp.maximum(jnp.minimum(refs[3], others[3]) - jnp.maximum(refs[1], others[1]) + 1, 0)
        common = w * h
        return common / (refs[4] + others[4] - common) > threshold

    return overlaps


def _propose(
    cls_prob: Array, bbox_pred: Array, im_info: Array, *, rpn_pre_nms_top_n: int, rpn_post_nms_top_n: int,
    threshold: float, rpn_min_size: int, scales: tuple, ratios: tuple, feature_stride: int, output_score: bool,
    iou_loss: bool,
) -> tuple[Array, Array]:  # fmt: skip
    images, doubled, height, width = cls_prob.shape
    kinds = doubled // 2
    base = _anchors(feature_stride, ratios, scales)
    if len(base) != kinds:
        raise AttrError(f"{len(ratios)} ratios and {len(scales)} scales do not make {kinds} anchors")
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(feature_stride)
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(feature_stride)
    y, x = jnp.broadcast_to(y, (height, width)), jnp.broadcast_to(x, (height, width))
    anchors = (jnp.stack([x, y, x, y], -1)[:, :, None, :] + base).reshape(-1, 4)
    count = kinds * height * width
    before = min(rpn_pre_nms_top_n, count) if rpn_pre_nms_top_n > 0 else count
    after = min(rpn_post_nms_top_n, before)

    def one(number: Array, probs: Array, deltas: Array, info: Array) -> tuple[Array, Array]:
        score = jnp.moveaxis(probs[kinds:], 0, -1).ravel()
        deltas = jnp.moveaxis(deltas.reshape(kinds, 4, height, width), (0, 1), (2, 3)).reshape(-1, 4)
        edge = jnp.stack([info[1], info[0], info[1], info[0]]) - 1
        boxes = jnp.maximum(jnp.minimum(_moved(anchors, deltas, iou_loss), edge), 0)
        real = (info[:2] / feature_stride).astype(jnp.int32)
        inside = (jnp.arange(height) < real[0])[:, None] & (jnp.arange(width) < real[1])[None, :]
        score = jnp.where(jnp.repeat(inside.ravel(), kinds), score, -1)
        least = rpn_min_size * info[2]
        small = jnp.any(boxes[:, 2:] - boxes[:, :2] + 1 < least, axis=1)
        boxes = jnp.where(small[:, None], boxes + jnp.array([-0.5, -0.5, 0.5, 0.5], boxes.dtype) * least, boxes)
        score = jnp.where(small, -1, score)
        order = jnp.argsort(-score, stable=True)[:before]
        boxes, score = boxes[order], score[order]
        area = (boxes[:, 2] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 1] + 1)
        kept = suppress([*boxes.T, area], jnp.ones((before,), bool), _overlaps(threshold), after)
        found = jnp.minimum(jnp.sum(kept, dtype=jnp.int32), after)
        best = jnp.nonzero(kept, size=after, fill_value=0)[0]
        chosen = best[jnp.arange(rpn_post_nms_top_n, dtype=jnp.int32) % found]
        image = jnp.full((rpn_post_nms_top_n, 1), number, boxes.dtype)
        return jnp.concatenate([image, boxes[chosen]], -1), score[chosen, None]

    numbers = jnp.arange(images, dtype=jnp.int32)
    rois, score = jax.vmap(one)(numbers, *(lax.stop_gradient(v) for v in (cls_prob, bbox_pred, im_info)))
    return rois.reshape(-1, 5), score.reshape(-1, 1)


def _shape_for(images: bool):
    def rule(ins: Shapes, outs: Shapes, rpn_post_nms_top_n) -> None:
        s = ins[0]
        if not is_complete(s):
            return
        assert s is not None
        if len(s) != 4:
            raise ShapeConflict("cls_prob must be (batch, 2 * anchors, y, x)")
        n, c, h, w = s
        assert n is not None
        assert c is not None
        assign(ins, 1, (n, 2 * c, h, w))
        assign(ins, 2, (n, 3))
        rows = rpn_post_nms_top_n * (n if images else 1)
        assign(outs, 0, (rows, 5))
        assign(outs, 1, (rows, 1))

    return rule


def _visible(output_score: bool) -> int:
    return 2 if output_score else 1


_OPTIONS = {"outputs": ("output", "score"), "visible": _visible, "types": float32_type, "loss": True}


@op(shape=_shape_for(images=False), **_OPTIONS)
def _contrib_Proposal(
    cls_prob: Tensor,
    bbox_pred: Tensor,
    im_info: Tensor,
    *,
    rpn_pre_nms_top_n: int = 6000,
    rpn_post_nms_top_n: int = 300,
    threshold: float = 0.7,
    rpn_min_size: int = 16,
    scales: tuple[float, ...] = (4.0, 8.0, 16.0, 32.0),
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0),
    feature_stride: int = 16,
    output_score: bool = False,
    iou_loss: bool = False,
):
    """Regions of interest in one image, from the scores and offsets of anchors.

    Shapes: cls_prob (1, 2 * A, H, W), background scores first, bbox_pred (1, 4 * A, H, W), im_info (1, 3) of height,
    width and scale -> rois (`rpn_post_nms_top_n`, 5) of image number and box in pixels, and with `output_score` their
    scores (.., 1). Too few rois are repeated in turn. With `iou_loss` the offsets are added to the anchors' corners.
    Gradients are zero.
    """
    if cls_prob.shape[0] != 1:
        raise ShapeConflict("Proposal takes one image; MultiProposal takes several")
    return _propose(
        cls_prob, bbox_pred, im_info, rpn_pre_nms_top_n=rpn_pre_nms_top_n, rpn_post_nms_top_n=rpn_post_nms_top_n,
        threshold=threshold, rpn_min_size=rpn_min_size, scales=scales, ratios=ratios, feature_stride=feature_stride,
        output_score=output_score, iou_loss=iou_loss,
    )  # fmt: skip


@op(shape=_shape_for(images=True), **_OPTIONS)
def _contrib_MultiProposal(
    cls_prob: Tensor,
    bbox_pred: Tensor,
    im_info: Tensor,
    *,
    rpn_pre_nms_top_n: int = 6000,
    rpn_post_nms_top_n: int = 300,
    threshold: float = 0.7,
    rpn_min_size: int = 16,
    scales: tuple[float, ...] = (4.0, 8.0, 16.0, 32.0),
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0),
    feature_stride: int = 16,
    output_score: bool = False,
    iou_loss: bool = False,
):
    """Regions of interest in each of several images: `Proposal` for a batch.

    Shapes: cls_prob (N, 2 * A, H, W), bbox_pred (N, 4 * A, H, W), im_info (N, 3) -> rois (N * `rpn_post_nms_top_n`,
    5), and with `output_score` their scores (.., 1). Gradients are zero.
    """
    return _propose(
        cls_prob, bbox_pred, im_info, rpn_pre_nms_top_n=rpn_pre_nms_top_n, rpn_post_nms_top_n=rpn_post_nms_top_n,
        threshold=threshold, rpn_min_size=rpn_min_size, scales=scales, ratios=ratios, feature_stride=feature_stride,
        output_score=output_score, iou_loss=iou_loss,
    )  # fmt: skip
