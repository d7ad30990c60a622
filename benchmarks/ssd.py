"""SSD-300 on VGG16: six feature maps, anchors on each, and the detections left after non-maximum suppression."""

import declax as mx

VGG16 = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Filters of the convolutions of each stage."""

SIZES = ((0.1, 0.141), (0.2, 0.272), (0.37, 0.447), (0.54, 0.619), (0.71, 0.79), (0.88, 0.961))
NARROW, WIDE = (1, 2, 0.5), (1, 2, 0.5, 3, 1 / 3)
RATIOS = (NARROW, WIDE, WIDE, WIDE, NARROW, NARROW)
STEPS = tuple(x / 300 for x in (8, 16, 32, 64, 100, 300))
EXTRA = ((256, 512, 2, 1), (128, 256, 2, 1), (128, 256, 1, 0), (128, 256, 1, 0))
"""Added stages: filters of the 1x1 and of the 3x3 convolution, the latter's stride and padding."""


def _conv(x, filters, kernel, name, stride=1, pad=0, dilate=1):
    x = mx.sym.Convolution(
        x, num_filter=filters, kernel=(kernel, kernel), stride=(stride, stride), pad=(pad, pad),
        dilate=(dilate, dilate), name=name,
    )  # fmt: skip
    return mx.sym.Activation(x, act_type="relu", name=f"{name}_relu")


def _features(x):
    """The feature maps that are predicted from."""
    found = []
    for stage, widths in enumerate(VGG16, 1):
        for i, filters in enumerate(widths, 1):
            x = _conv(x, filters, 3, f"conv{stage}_{i}", pad=1)
        if stage == 4:
            scale = mx.sym.Variable("conv4_scale", shape=(1, 512, 1, 1))
            found.append(mx.sym.broadcast_mul(scale, mx.sym.L2Normalization(x, mode="channel", name="conv4_norm")))
        if stage < 5:
            convention = "full" if stage == 3 else "valid"
            x = mx.sym.Pooling(x, kernel=(2, 2), stride=(2, 2), pool_type="max", pooling_convention=convention)
    x = mx.sym.Pooling(x, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type="max", name="pool5")
    x = _conv(_conv(x, 1024, 3, "fc6", pad=6, dilate=6), 1024, 1, "fc7")
    found.append(x)
    for i, (narrow, wide, stride, pad) in enumerate(EXTRA):
        x = _conv(_conv(x, narrow, 1, f"extra{i}_1x1"), wide, 3, f"extra{i}_3x3", stride, pad)
        found.append(x)
    return found


def _predictions(x, filters, name):
    x = mx.sym.Convolution(x, num_filter=filters, kernel=(3, 3), pad=(1, 1), name=name)
    return mx.sym.Flatten(mx.sym.transpose(x, axes=(0, 2, 3, 1)))


def ssd_300(classes=20):
    """Detections (N, anchors, 6): class, score, corners; at most 400 are kept before suppression."""
    scores, places, anchors = [], [], []
    for i, x in enumerate(_features(mx.sym.Variable("data"))):
        count = len(SIZES[i]) + len(RATIOS[i]) - 1
        scores.append(_predictions(x, count * (classes + 1), f"score{i}"))
        places.append(_predictions(x, count * 4, f"place{i}"))
        step = (STEPS[i], STEPS[i])
        prior = mx.sym.contrib.MultiBoxPrior(x, sizes=SIZES[i], ratios=RATIOS[i], steps=step, name=f"anchors{i}")
        anchors.append(mx.sym.Flatten(prior))
    score = mx.sym.Reshape(mx.sym.Concat(*scores, dim=1), shape=(0, -1, classes + 1))
    score = mx.sym.softmax(mx.sym.transpose(score, axes=(0, 2, 1)), axis=1, name="scores")
    anchor = mx.sym.Reshape(mx.sym.Concat(*anchors, dim=1), shape=(0, -1, 4), name="anchors")
    return mx.sym.contrib.MultiBoxDetection(
        score, mx.sym.Concat(*places, dim=1, name="places"), anchor, nms_threshold=0.5, nms_topk=400,
        variances=(0.1, 0.1, 0.2, 0.2), name="detections",
    )  # fmt: skip
