"""The nets that the benchmarks measure, declared with declax; plain.py has the same nets written in JAX by hand."""

import declax as mx

EPS = 1e-5 + 1e-10


def conv(data, filters, kernel, stride=(1, 1), pad=(0, 0), name="", suffix=""):
    """Convolution, batch normalisation, ReLU."""
    label = f"{name}{suffix}"
    x = mx.sym.Convolution(data, num_filter=filters, kernel=kernel, stride=stride, pad=pad, name=f"conv_{label}")
    x = mx.sym.BatchNorm(x, fix_gamma=False, eps=EPS, momentum=0.9, name=f"bn_{label}")
    return mx.sym.Activation(x, act_type="relu", name=f"relu_{label}")


def inception_a(data, n1, n3r, n3, nd3r, nd3, pool, proj, name):
    """Four branches that keep the size."""
    a = conv(data, n1, (1, 1), name=f"{name}_1x1")
    b = conv(data, n3r, (1, 1), name=f"{name}_3x3", suffix="_reduce")
    b = conv(b, n3, (3, 3), pad=(1, 1), name=f"{name}_3x3")
    c = conv(data, nd3r, (1, 1), name=f"{name}_double_3x3", suffix="_reduce")
    c = conv(c, nd3, (3, 3), pad=(1, 1), name=f"{name}_double_3x3_0")
    c = conv(c, nd3, (3, 3), pad=(1, 1), name=f"{name}_double_3x3_1")
    p = mx.sym.Pooling(data, kernel=(3, 3), stride=(1, 1), pad=(1, 1), pool_type=pool, name=f"{pool}_pool_{name}_pool")
    return mx.sym.Concat(a, b, c, conv(p, proj, (1, 1), name=f"{name}_proj"), name=f"ch_concat_{name}_chconcat")


def inception_b(data, n3r, n3, nd3r, nd3, name):
    """Three branches that halve the size."""
    b = conv(data, n3r, (1, 1), name=f"{name}_3x3", suffix="_reduce")
    b = conv(b, n3, (3, 3), (2, 2), (1, 1), name=f"{name}_3x3")
    c = conv(data, nd3r, (1, 1), name=f"{name}_double_3x3", suffix="_reduce")
    c = conv(c, nd3, (3, 3), pad=(1, 1), name=f"{name}_double_3x3_0")
    c = conv(c, nd3, (3, 3), (2, 2), (1, 1), name=f"{name}_double_3x3_1")
    p = mx.sym.Pooling(data, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max", name=f"max_pool_{name}_pool")
    return mx.sym.Concat(b, c, p, name=f"ch_concat_{name}_chconcat")


# The inception blocks of the 224x224 net: A (n1, n3r, n3, nd3r, nd3, pool, proj) or B (n3r, n3, nd3r, nd3).
BLOCKS = {
    "3a": (64, 64, 64, 64, 96, "avg", 32),
    "3b": (64, 64, 96, 64, 96, "avg", 64),
    "3c": (128, 160, 64, 96),
    "4a": (224, 64, 96, 96, 128, "avg", 128),
    "4b": (192, 96, 128, 96, 128, "avg", 128),
    "4c": (160, 128, 160, 128, 160, "avg", 128),
    "4d": (96, 128, 192, 160, 192, "avg", 128),
    "4e": (128, 192, 192, 256),
    "5a": (352, 192, 320, 160, 224, "avg", 128),
    "5b": (352, 192, 320, 192, 224, "max", 128),
}


def inception_bn(classes=1000):
    """Inception-BN for images of 224x224."""
    x = conv(mx.sym.Variable("data"), 64, (7, 7), (2, 2), (3, 3), name="1")
    x = mx.sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pool_type="max", name="pool_1")
    x = conv(x, 64, (1, 1), name="2_red")
    x = conv(x, 192, (3, 3), pad=(1, 1), name="2")
    x = mx.sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pool_type="max", name="pool_2")
    for name, numbers in BLOCKS.items():
        x = (inception_a if len(numbers) == 7 else inception_b)(x, *numbers, name)
    x = mx.sym.Pooling(x, kernel=(7, 7), stride=(1, 1), pool_type="avg", name="global_pool")
    x = mx.sym.FullyConnected(mx.sym.Flatten(x, name="flatten"), num_hidden=classes, name="fc1")
    return mx.sym.SoftmaxOutput(x, name="softmax")


SMALL = (
    ("in3a", 32, 32), ("in3b", 32, 48), ("in3c", 80), ("in4a", 112, 48), ("in4b", 96, 64), ("in4c", 80, 80),
    ("in4d", 48, 96), ("in4e", 96), ("in5a", 176, 160), ("in5b", 176, 160),
)  # fmt: skip
"""The blocks of the 28x28 net: (name, 1x1 filters, 3x3 filters), or (name, strided 3x3 filters) beside a pooling."""


def inception_bn_28(classes=10):
    """Inception-BN for images of 28x28."""
    x = conv(mx.sym.Variable("data"), 96, (3, 3), pad=(1, 1), name="1")
    for name, *filters in SMALL:
        if len(filters) == 2:
            a = conv(x, filters[0], (1, 1), name=f"{name}_1x1")
            b = conv(x, filters[1], (3, 3), pad=(1, 1), name=f"{name}_3x3")
        else:
            a = conv(x, filters[0], (3, 3), (2, 2), (1, 1), name=f"{name}_conv")
            b = mx.sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max", name=f"{name}_pool")
        x = mx.sym.Concat(a, b, name=f"{name}_ch_concat")
    x = mx.sym.Pooling(x, kernel=(7, 7), pool_type="avg", name="global_pool")
    x = mx.sym.FullyConnected(mx.sym.Flatten(x, name="flatten"), num_hidden=classes, name="fc1")
    return mx.sym.SoftmaxOutput(x, name="softmax")


def mlp(classes=10, widths=(512, 512)):
    """A perceptron with two hidden layers."""
    x = mx.sym.Variable("data")
    for i, width in enumerate(widths, 1):
        x = mx.sym.FullyConnected(x, num_hidden=width, name=f"fc{i}")
        x = mx.sym.Activation(x, act_type="relu", name=f"relu{i}")
    x = mx.sym.FullyConnected(x, num_hidden=classes, name=f"fc{len(widths) + 1}")
    return mx.sym.SoftmaxOutput(x, name="softmax")
