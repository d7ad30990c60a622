"""Cases of boxes, anchors, targets, detections and proposals."""

import numpy as np

from tests.table import Case, integers, permutation, uniform


def boxes(*shape: int, seed: int = 0) -> np.ndarray:
    """Random boxes (..., 4) by their corners."""
    r = np.random.default_rng(seed)
    centre, size = r.random((*shape, 2)), r.uniform(0.05, 0.5, (*shape, 2))
    return np.concatenate([centre - size / 2, centre + size / 2], -1).astype("float32")


def scored(*shape: int, seed: int = 0) -> np.ndarray:
    """Random rows (class, score, box)."""
    r = np.random.default_rng(seed)
    kind = r.integers(0, 3, (*shape, 1))
    score = (r.permutation(int(np.prod(shape))).reshape(*shape, 1) + 1) / (np.prod(shape) + 1)
    return np.concatenate([kind, score, boxes(*shape, seed=seed)], -1).astype("float32")


LABELS = np.concatenate([np.arange(6).reshape(2, 3, 1) % 3, boxes(2, 3, seed=5)], -1).astype("float32")
LABELS[1, 1:] = -1
NO_LABELS = np.full((1, 2, 5), -1, "float32")
IMAGES = np.array([[96, 112, 1], [80, 96, 0.5]], "float32")
SMALL = {"scales": (2, 4), "ratios": (0.5, 1, 2), "rpn_post_nms_top_n": 12}

CASES = [
    *(
        Case("_contrib_box_nms", [scored(2, 9)], attrs, grad=False)
        for attrs in (
            {},
            {"topk": 4},
            {"topk": 0},
            {"id_index": 0, "valid_thresh": 0.3},
            {"id_index": 0, "background_id": 1},
            {"id_index": 0, "force_suppress": True, "overlap_thresh": 0.2},
            {"in_format": "center"},
            {"out_format": "center"},
            {"in_format": "center", "out_format": "center"},
            {"valid_thresh": 2.0},
        )
    ),
    Case("_contrib_box_nms", [scored(300)], {"overlap_thresh": 0.3}, grad=False, id="several blocks"),
    Case("_contrib_box_nms", [scored(7)], {"overlap_thresh": 0.4}, id="gradient of moved rows"),
    Case("_contrib_box_iou", [boxes(2, 3), boxes(4, seed=1)], grad=False),
    Case("_contrib_box_iou", [boxes(3), boxes(2, 2, seed=1)], {"format": "center"}, grad=False),
    Case("_contrib_bipartite_matching", [permutation(2, 4, 6)], {"threshold": 0.1}, grad=False),
    Case("_contrib_bipartite_matching", [permutation(5, 3)], {"threshold": 0.7, "is_ascend": True}, grad=False),
    Case("_contrib_bipartite_matching", [permutation(6, 6)], {"threshold": 0.1, "topk": 2}, grad=False),
    Case("_contrib_bipartite_matching", [integers(6, 6)], {"threshold": 0.5}, grad=False, id="ties"),
    Case(
        "_contrib_box_encode",
        [
            integers(2, 5, low=-1, high=2),
            integers(2, 5, high=3),
            boxes(2, 5),
            boxes(2, 3, seed=1),
            uniform(4),
            uniform(4, low=0.5),
        ],
        grad=False,
    ),
    Case(
        "_contrib_box_decode",
        [(2, 5, 4), boxes(1, 5)],
        {"std0": 0.1, "std1": 0.1, "std2": 0.2, "std3": 0.2},
        grad=False,
    ),
    Case("_contrib_box_decode", [(2, 5, 4), boxes(1, 5)], {"format": "corner", "clip": 0.3}, grad=False),
    Case("_contrib_MultiBoxPrior", [(2, 3, 3, 4)], grad=False),
    Case(
        "_contrib_MultiBoxPrior",
        [(1, 1, 2, 5)],
        {"sizes": (0.4, 0.7), "ratios": (1, 2, 0.5), "clip": True, "steps": (0.4, 0.3), "offsets": (0.2, 0.6)},
        grad=False,
    ),
    *(
        Case("_contrib_MultiBoxTarget", [boxes(1, 20), LABELS, (2, 4, 20)], attrs, grad=False)
        for attrs in (
            {},
            {"overlap_threshold": 0.2, "ignore_label": -2, "variances": (0.2, 0.2, 0.3, 0.3)},
            {"negative_mining_ratio": 2.0},
            {"overlap_threshold": 0.0, "negative_mining_ratio": 1.5, "negative_mining_thresh": 0.3},
        )
    ),
    Case("_contrib_MultiBoxTarget", [boxes(1, 6), NO_LABELS, (1, 3, 6)], grad=False, id="no labels"),
    *(
        Case("_contrib_MultiBoxDetection", [uniform(2, 4, 12, low=0), (2, 48), boxes(1, 12)], attrs, grad=False)
        for attrs in (
            {},
            {"nms_topk": 5},
            {"force_suppress": True, "nms_threshold": 0.2, "clip": False},
            {"threshold": 0.6},
            {"nms_threshold": 0.0},
            {"threshold": 2.0},
        )
    ),
    Case(
        "_contrib_Proposal",
        [uniform(1, 12, 6, 7, low=0), (1, 24, 6, 7), IMAGES[:1]],
        {**SMALL, "output_score": True},
        grad=False,
    ),
    Case(
        "_contrib_Proposal",
        [uniform(1, 12, 6, 7, low=0), (1, 24, 6, 7), IMAGES[:1]],
        {**SMALL, "iou_loss": True, "rpn_pre_nms_top_n": 30},
        grad=False,
    ),
    Case(
        "_contrib_MultiProposal",
        [uniform(2, 12, 6, 7, low=0), (2, 24, 6, 7), IMAGES],
        {**SMALL, "threshold": 0.2, "rpn_min_size": 30},
        grad=False,
    ),
    Case(
        "_contrib_MultiProposal",
        [uniform(2, 12, 6, 7, low=0), (2, 24, 6, 7), IMAGES],
        {**SMALL, "rpn_pre_nms_top_n": 0, "output_score": True},
        grad=False,
    ),
]
