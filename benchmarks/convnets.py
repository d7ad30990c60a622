"""Residual and depthwise-separable nets for images of 224x224, as MXNet's gluon model zoo declares them."""

import declax as mx

RESNET_BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}


def _conv(x, filters, kernel, stride, pad, name, bias=False, groups=1):
    return mx.sym.Convolution(
        x, num_filter=filters, kernel=(kernel, kernel), stride=(stride, stride), pad=(pad, pad), no_bias=not bias,
        num_group=groups, name=name,
    )  # fmt: skip


def _norm(x, name):
    return mx.sym.BatchNorm(x, fix_gamma=False, eps=1e-5, momentum=0.9, name=name)


def _relu(x, name):
    return mx.sym.Activation(x, act_type="relu", name=name)


def _bottleneck(x, filters, stride, project, name):
    """1x1, 3x3, 1x1 beside the identity or a projection; the stride lies in the first 1x1 (version 1 of the nets)."""
    inner = filters // 4
    y = _relu(_norm(_conv(x, inner, 1, stride, 0, f"{name}_conv0", bias=True), f"{name}_bn0"), f"{name}_relu0")
    y = _relu(_norm(_conv(y, inner, 3, 1, 1, f"{name}_conv1"), f"{name}_bn1"), f"{name}_relu1")
    y = _norm(_conv(y, filters, 1, 1, 0, f"{name}_conv2", bias=True), f"{name}_bn2")
    if project:
        x = _norm(_conv(x, filters, 1, stride, 0, f"{name}_conv3"), f"{name}_bn3")
    return _relu(mx.sym.elemwise_add(y, x, name=f"{name}_plus"), f"{name}_relu2")


def resnet_v1(layers=50, classes=1000):
    """ResNet with bottleneck blocks."""
    x = _relu(_norm(_conv(mx.sym.Variable("data"), 64, 7, 2, 3, "conv0"), "bn0"), "relu0")
    x = mx.sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max", name="pool0")
    for stage, blocks in enumerate(RESNET_BLOCKS[layers], 1):
        for block in range(blocks):
            stride = 2 if stage > 1 and block == 0 else 1
            x = _bottleneck(x, 128 << stage, stride, block == 0, f"stage{stage}_block{block}")
    x = mx.sym.Pooling(x, kernel=(1, 1), global_pool=True, pool_type="avg", name="pool1")
    x = mx.sym.FullyConnected(x, num_hidden=classes, name="fc")
    return mx.sym.SoftmaxOutput(x, name="softmax")


MOBILENET = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
)  # fmt: skip
"""Depthwise-separable blocks of version 1: (filters, stride)."""


def mobilenet_v1(classes=1000):
    """MobileNet, multiplier 1."""
    x = _relu(_norm(_conv(mx.sym.Variable("data"), 32, 3, 2, 1, "conv0"), "bn0"), "relu0")
    width = 32
    for i, (filters, stride) in enumerate(MOBILENET, 1):
        x = _conv(x, width, 3, stride, 1, f"dw{i}_conv", groups=width)
        x = _relu(_norm(x, f"dw{i}_bn"), f"dw{i}_relu")
        x = _relu(_norm(_conv(x, filters, 1, 1, 0, f"pw{i}_conv"), f"pw{i}_bn"), f"pw{i}_relu")
        width = filters
    x = mx.sym.Pooling(x, kernel=(1, 1), global_pool=True, pool_type="avg", name="pool")
    x = mx.sym.FullyConnected(mx.sym.Flatten(x, name="flatten"), num_hidden=classes, name="fc")
    return mx.sym.SoftmaxOutput(x, name="softmax")


MOBILENET_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Stages of version 2: (expansion, filters, blocks, stride of the first block)."""


def _relu6(x, name):
    return mx.sym.clip(x, a_min=0, a_max=6, name=name)


def mobilenet_v2(classes=1000):
    """MobileNet version 2, multiplier 1."""
    x = _relu6(_norm(_conv(mx.sym.Variable("data"), 32, 3, 2, 1, "conv0"), "bn0"), "relu0")
    width, index = 32, 0
    for expansion, filters, blocks, first in MOBILENET_V2:
        for block in range(blocks):
            name, stride, wide = f"bottleneck{index}", first if block == 0 else 1, width * expansion
            y = _relu6(_norm(_conv(x, wide, 1, 1, 0, f"{name}_conv0"), f"{name}_bn0"), f"{name}_relu0")
            y = _conv(y, wide, 3, stride, 1, f"{name}_conv1", groups=wide)
            y = _relu6(_norm(y, f"{name}_bn1"), f"{name}_relu1")
            y = _norm(_conv(y, filters, 1, 1, 0, f"{name}_conv2"), f"{name}_bn2")
            x = mx.sym.elemwise_add(x, y, name=f"{name}_plus") if stride == 1 and width == filters else y
            width, index = filters, index + 1
    x = _relu6(_norm(_conv(x, 1280, 1, 1, 0, "conv1"), "bn1"), "relu1")
    x = mx.sym.Pooling(x, kernel=(1, 1), global_pool=True, pool_type="avg", name="pool")
    x = mx.sym.Flatten(_conv(x, classes, 1, 1, 0, "pred"), name="flatten")
    return mx.sym.SoftmaxOutput(x, name="softmax")
