"""Inception-BN on real images, from the declaration to a reloaded model.

    python examples/inception.py            # trains to 97 % and more on handwritten digits, in under three minutes
    python examples/inception.py --quick    # the same path in a few seconds, without waiting for the accuracy

A net is declared through factory functions, its shapes are inferred, a summary and a picture are written, it is bound and
trained, saved as JSON and parameters, and loaded by a fresh process that must give the same predictions.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from tqdm import tqdm

import declax as mx

BATCH = 32


# -- the net: MXNet's Inception-BN for images of 28x28 -------------------------------------------------------------


def conv_factory(data, num_filter, kernel, stride=(1, 1), pad=(0, 0), name=None, suffix=""):
    """Convolution, batch normalisation, ReLU."""
    label = f"{name}{suffix}"
    conv = mx.sym.Convolution(
        data=data, num_filter=num_filter, kernel=kernel, stride=stride, pad=pad, name=f"conv_{label}"
    )
    bn = mx.sym.BatchNorm(data=conv, fix_gamma=False, eps=1e-5 + 1e-10, momentum=0.9, name=f"bn_{label}")
    return mx.sym.Activation(data=bn, act_type="relu", name=f"relu_{label}")


def simple_factory(data, ch_1x1, ch_3x3, name):
    """A 1x1 and a 3x3 branch, side by side."""
    conv1x1 = conv_factory(data, ch_1x1, (1, 1), name=f"{name}_1x1")
    conv3x3 = conv_factory(data, ch_3x3, (3, 3), pad=(1, 1), name=f"{name}_3x3")
    return mx.sym.Concat(conv1x1, conv3x3, name=f"{name}_ch_concat")


def downsample_factory(data, ch_3x3, name):
    """A strided convolution beside a max pooling: half the width and height."""
    conv = conv_factory(data, ch_3x3, (3, 3), stride=(2, 2), pad=(1, 1), name=f"{name}_conv")
    pool = mx.sym.Pooling(data=data, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max", name=f"{name}_pool")
    return mx.sym.Concat(conv, pool, name=f"{name}_ch_concat")


def inception_bn_28_small(num_classes=10):
    """The whole net, ending in a softmax with its label."""
    net = conv_factory(mx.sym.Variable("data"), 96, (3, 3), pad=(1, 1), name="1")
    net = simple_factory(net, 32, 32, "in3a")
    net = simple_factory(net, 32, 48, "in3b")
    net = downsample_factory(net, 80, "in3c")
    net = simple_factory(net, 112, 48, "in4a")
    net = simple_factory(net, 96, 64, "in4b")
    net = simple_factory(net, 80, 80, "in4c")
    net = simple_factory(net, 48, 96, "in4d")
    net = downsample_factory(net, 96, "in4e")
    net = simple_factory(net, 176, 160, "in5a")
    net = simple_factory(net, 176, 160, "in5b")
    net = mx.sym.Pooling(data=net, pool_type="avg", kernel=(7, 7), name="global_pool")
    net = mx.sym.FullyConnected(data=mx.sym.Flatten(data=net, name="flatten"), num_hidden=num_classes, name="fc1")
    return mx.sym.SoftmaxOutput(data=net, name="softmax")


# -- the images ----------------------------------------------------------------------------------------------------


def digits():
    """scikit-learn's handwritten digits as images of 28x28: (train images, train labels, test images, test labels)."""
    found = load_digits()
    images = found.images.astype("float32") / 8 - 1
    images = images.repeat(3, axis=1).repeat(3, axis=2)
    images = np.pad(images, ((0, 0), (2, 2), (2, 2)), constant_values=-1)[:, None]
    labels = found.target.astype("float32")
    train_x, test_x, train_y, test_y = train_test_split(images, labels, test_size=360, random_state=0, stratify=labels)
    return train_x, train_y, test_x, test_y


# -- training ------------------------------------------------------------------------------------------------------


def initial(name, shape, rng):
    """Gammas one, biases and betas zero, weights with the variance that keeps a ReLU net's signals level."""
    if name.endswith("_gamma"):
        return np.ones(shape, "float32")
    if name.endswith(("_bias", "_beta")):
        return np.zeros(shape, "float32")
    return rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype("float32")


@jax.jit
def momentum_step(weights, grads, moments, rate):
    """One step of stochastic gradient descent with momentum 0.9 and weight decay, over dicts of arrays."""
    moments = {n: 0.9 * moments[n] - rate * (grads[n] / BATCH + 1e-4 * weights[n]) for n in weights}
    return {n: weights[n] + moments[n] for n in weights}, moments


def train(ex, images, labels, epochs, rng):
    """Trains the bound executor in place, with a progress bar."""
    names = [n for n in ex.arg_dict if n not in ("data", "softmax_label")]
    moments = {n: np.zeros(ex.arg_dict[n].shape, "float32") for n in names}
    batches = len(images) // BATCH
    with tqdm(total=epochs * batches, unit="batch") as bar:
        for epoch in range(epochs):
            order = rng.permutation(len(images))
            hits = 0
            for i in range(batches):
                pick = order[i * BATCH : (i + 1) * BATCH]
                rate = 0.05 * min(1.0, (bar.n + 1) / 10) * 0.5 * (1 + np.cos(np.pi * bar.n / bar.total))
                ex.forward(is_train=True, data=images[pick], softmax_label=labels[pick])
                ex.backward()
                weights = {n: ex.arg_dict[n].data for n in names}
                grads = {n: ex.grad_dict[n].data for n in names}
                weights, moments = momentum_step(weights, grads, moments, rate)
                for n in names:
                    ex.arg_dict[n][:] = weights[n]
                hits += (ex.outputs[0].asnumpy().argmax(axis=1) == labels[pick]).sum()
                bar.update()
                bar.set_postfix(epoch=epoch + 1, train=f"{hits / ((i + 1) * BATCH):.3f}")


def predict(net, params, images):
    """Class probabilities of all images, in batches."""
    args, aux = params
    ex = net.simple_bind(mx.cpu(), grad_req="null", data=(60, *images.shape[1:]), softmax_label=(60,))
    ex.copy_params_from(args, aux)
    return np.concatenate([
        ex.forward(is_train=False, data=images[i : i + 60])[0].asnumpy() for i in range(0, len(images), 60)
    ])  # fmt: skip


# -- saving and loading --------------------------------------------------------------------------------------------


def save(folder, net, params):
    """The graph as JSON and the parameters, under MXNet's file names."""
    net.save(str(folder / "inception-symbol.json"))
    args, aux = params
    named = {f"arg:{n}": x for n, x in args.items()} | {f"aux:{n}": x for n, x in aux.items()}
    mx.nd.save(str(folder / "inception-0000.params"), named)


def load(folder):
    """What `save` wrote: the net and (arguments, auxiliary states)."""
    net = mx.sym.load(str(folder / "inception-symbol.json"))
    named = mx.nd.load(str(folder / "inception-0000.params"))
    split = {"arg": {}, "aux": {}}
    for key, value in named.items():
        kind, name = key.split(":", 1)
        split[kind][name] = value
    return net, (split["arg"], split["aux"])


def use(folder):
    """Run by the fresh process: predictions of the saved model, written beside it."""
    net, params = load(folder)
    np.save(folder / "predictions-loaded.npy", predict(net, params, digits()[2]))


# -- all of it -----------------------------------------------------------------------------------------------------


def show(net, shapes, folder):
    """Inferred shapes, the summary, and a picture (its source where Graphviz is missing)."""
    _, out_shapes, _ = net.infer_shape(**shapes)
    print(f"{len(net.list_arguments())} arguments, output {out_shapes[0]}")
    mx.viz.print_summary(net, shape=shapes)
    try:
        picture = mx.viz.plot_network(net, title="inception", save_format="svg", shape=shapes)
        print("picture:", picture.render(directory=str(folder)))
    except mx.errors.RenderError as e:
        print(e)


def bind(net, shapes, rng):
    """The net bound to arrays, with parameters at their starting values."""
    grad_req = {n: "null" if n in shapes else "write" for n in net.list_arguments()}
    ex = net.simple_bind(mx.cpu(), grad_req=grad_req, **shapes)
    for name, array in ex.arg_dict.items():
        if name not in shapes:
            array[:] = initial(name, array.shape, rng)
    for name, array in ex.aux_dict.items():
        array[:] = 1.0 if name.endswith("_var") else 0.0
    return ex


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few batches only, to see that all of it runs")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("out/inception"), help="where files are written")
    parser.add_argument("--use", action="store_true", help="only load the saved model and predict")
    options = parser.parse_args()
    folder = options.out
    if options.use:
        use(folder)
        return
    start = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    train_x, train_y, test_x, test_y = digits()
    epochs = options.epochs
    if options.quick:
        train_x, train_y, test_x, test_y, epochs = train_x[: 4 * BATCH], train_y, test_x[:60], test_y[:60], 1

    net = inception_bn_28_small()
    shapes = {"data": (BATCH, 1, 28, 28), "softmax_label": (BATCH,)}
    show(net, shapes, folder)
    ex = bind(net, shapes, rng)
    train(ex, train_x, train_y, epochs, rng)

    params = {n: x for n, x in ex.arg_dict.items() if n not in shapes}, dict(ex.aux_dict)
    found = predict(net, params, test_x)
    accuracy = float((found.argmax(axis=1) == test_y).mean())
    save(folder, net, params)
    subprocess.run([sys.executable, __file__, "--use", "--out", str(folder)], check=True)
    same = bool((np.load(folder / "predictions-loaded.npy")[: len(found)] == found).all())
    result = {"accuracy": accuracy, "same": same, "seconds": round(time.perf_counter() - start, 1)}
    (folder / "result.json").write_text(json.dumps(result))
    agreement = "the same" if same else "something else"
    print(f"held-out accuracy {accuracy:.1%} on {len(test_y)} images; a fresh process predicts {agreement}")
    print(f"{result['seconds']:.0f} s, files in {folder}")
    if not same or (not options.quick and accuracy < 0.97):
        sys.exit(1)


if __name__ == "__main__":
    main()
