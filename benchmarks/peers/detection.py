"""Anchors and detections of SSD for the peers that have no such operators."""

import numpy as np

from benchmarks.peers.graph import Node


def anchors(node: Node) -> np.ndarray:
    """MultiBoxPrior's boxes (1, H * W * boxes, 4), which depend on the feature map's size alone."""
    source, output = node.inputs[0]
    height, width = source.shapes[output][2:]
    sizes, ratios = node.numbers("sizes", (1.0,)), node.numbers("ratios", (1.0,))
    steps, (down, right) = node.numbers("steps", (-1.0, -1.0)), node.numbers("offsets", (0.5, 0.5))
    if steps[0] <= 0 or steps[1] <= 0:
        steps = [1 / height, 1 / width]
    pairs = [(s, ratios[0]) for s in sizes] + [(sizes[0], r) for r in ratios[1:]]
    half = np.array([(s * height / width * r**0.5 / 2, s / r**0.5 / 2) for s, r in pairs])
    y, x = (np.arange(height) + down) * steps[0], (np.arange(width) + right) * steps[1]
    rows, columns = np.meshgrid(y, x, indexing="ij")
    centres = np.stack([columns, rows], -1)[:, :, None]
    boxes = np.concatenate([centres - half, centres + half], -1).reshape(1, -1, 4)
    return np.clip(boxes, 0, 1).astype("f4") if node.flag("clip") else boxes.astype("f4")


def settings(node: Node) -> tuple[int, float, float, list[float]]:
    """(how many are compared, least score, overlap, variances) of MultiBoxDetection; refuses what is not written."""
    if node.flag("force_suppress") or node.whole("background_id", 0):
        raise NotImplementedError(f"{node.name}: only suppression within a class, with background 0, is written here")
    count = min(node.whole("nms_topk", -1), node.shapes[0][1])
    if count <= 0:
        raise NotImplementedError(f"{node.name}: nms_topk must be given")
    variances = node.numbers("variances", (0.1, 0.1, 0.2, 0.2))
    return count, node.number("threshold", 0.01), node.number("nms_threshold", 0.5), variances
