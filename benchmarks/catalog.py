"""The measured tasks: each net with its inputs, and the values that every peer is given."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import convnets, nets, sequences, ssd

PIXELS = 0.0
"""Marks an input of normally distributed numbers; a whole number n marks numbers 0 .. n - 1 of classes or words."""


Targets = tuple[tuple[str, float], ...]
"""The peer and the ratio aimed at, for inference and then for training."""

CONV: Targets = (("onnxruntime", 1.0), ("torch", 1.0))
LSTM: Targets = (("torch", 1.0), ("torch", 1.0))
SINGLE = ("onnxruntime", 1.1)
"""The target of inference with batch 1."""


@dataclass(frozen=True)
class Task:
    """A net and how to feed it.

    `inputs` gives each input's shape for a batch size and what its values are (PIXELS, a number of classes, or an
    array); `zeros` names the states that start from zero. None of them gets a gradient. `targets` are the ratios to
    a peer's time that declax aims at, for inference and for a training step; `discrete` outputs jump (detections), so
    that nine tenths of their rows must agree.
    """

    title: str
    make: Callable
    inputs: Callable
    batch: int
    targets: Targets = ()
    zeros: tuple[str, ...] = ()
    trains: bool = True
    discrete: bool = False


def _images(size, classes=1000):
    return lambda n: {"data": ((n, 3, size, size), PIXELS), "softmax_label": ((n,), classes)}


def _words(steps, vocabulary=10000):
    return lambda n: {"data": ((n, steps), vocabulary), "softmax_label": ((steps, n), vocabulary)}


def _sentences(n, steps=128):
    lengths = np.linspace(steps // 2, steps, n).round().astype(np.float32)
    return {"data": ((n, steps), 30522), "token_types": ((n, steps), 2), "valid_length": ((n,), lengths)}


FUSED_STATES = ("lstm_state", "lstm_state_cell")
CELL_STATES = tuple(f"lstm_l{i}_begin_state_{j}" for i in range(2) for j in range(2))

TASKS = {
    "inception_bn": Task("Inception-BN 224", nets.inception_bn, _images(224), 16, CONV),
    "resnet50": Task("ResNet-50 v1 224", convnets.resnet_v1, _images(224), 16, CONV),
    "mobilenet_v1": Task("MobileNet v1 224", convnets.mobilenet_v1, _images(224), 16, CONV),
    "mobilenet_v2": Task("MobileNet v2 224", convnets.mobilenet_v2, _images(224), 16, CONV),
    "inception_bn_28": Task("Inception-BN 28", nets.inception_bn_28, _images(28, 10), 64,
                            (("mxnet", 1.0), ("mxnet", 0.7))),
    "lstm_fused": Task("LSTM language model, fused", sequences.lstm_fused, _words(35), 32, LSTM, FUSED_STATES),
    "lstm_unrolled": Task("LSTM language model, unrolled", sequences.lstm_unrolled, _words(35), 32, LSTM, CELL_STATES),
    "bert": Task("BERT-base encoder, sequence 128", sequences.bert, _sentences, 4, CONV),
    "ssd": Task("SSD-300 VGG16 with detections", ssd.ssd_300, lambda n: {"data": ((n, 3, 300, 300), PIXELS)}, 4,
                (("mxnet", 1.0),), trains=False, discrete=True),
    "resnet152": Task("ResNet-152 v1 224", lambda: convnets.resnet_v1(152), _images(224), 4),
    "lstm_100": Task("LSTM language model, unrolled over 100 steps", lambda: sequences.lstm_unrolled(100),
                     _words(100), 8, zeros=CELL_STATES),
    "mlp": Task("MLP 784-512-512-10", nets.mlp, lambda n: {"data": ((n, 784), PIXELS), "softmax_label": ((n,), 10)},
                64, (("mxnet", 1.0), ("mxnet", 1.0))),
}  # fmt: skip
"""Every task by the name that the command line takes."""


def prepare(task: Task, batch: int | None, folder: Path) -> None:
    """Writes the task's graph and values into a folder: `graph.json` and `arrays.npz`."""
    symbol = task.make()
    given = task.inputs(batch or task.batch)
    known = {n: shape for n, (shape, _) in given.items() if n in symbol.list_arguments()}
    arg_shapes, out_shapes, aux_shapes = symbol.infer_shape(**known)
    fixed = [n for n in symbol.list_arguments() if n in known or n in task.zeros]
    rng = np.random.default_rng(0)
    arrays = {}
    for arg, shape in zip(symbol.list_arguments(), arg_shapes, strict=True):
        if arg in given:
            arrays[f"arg:{arg}"] = _input(rng, *given[arg])
        else:
            arrays[f"arg:{arg}"] = np.zeros(shape, "f4") if arg in task.zeros else _parameter(rng, arg, shape)
    for aux, shape in zip(symbol.list_auxiliary_states(), aux_shapes, strict=True):
        arrays[f"aux:{aux}"] = np.full(shape, float(aux.endswith("var")), "f4")
    if "softmax_label" not in symbol.list_arguments():
        for i, shape in enumerate(out_shapes):
            arrays[f"head:{i}"] = rng.normal(0, 1, shape).astype("f4")
    np.savez(folder / "arrays.npz", **arrays)
    text = {"symbol": json.loads(symbol.tojson()), "shapes": _inner_shapes(symbol, known), "fixed": fixed}
    (folder / "graph.json").write_text(json.dumps(text))


def _inner_shapes(symbol, known):
    """Shapes of every node's outputs, by node name."""
    inner = symbol.get_internals()
    found: dict[str, list] = {}
    for entry, shape in zip(inner.heads, inner.infer_shape(**known)[1], strict=True):
        found.setdefault(entry.node.name, []).append(shape)
    return found


def _input(rng, shape, kind):
    if isinstance(kind, np.ndarray):
        return kind
    if isinstance(kind, int):
        return rng.integers(0, kind, shape).astype("f4")
    return rng.normal(0, 1, shape).astype("f4")


def _parameter(rng, name, shape):
    """A parameter's first values: as a usual initialiser would choose them, biases small but not zero."""
    if name.endswith("gamma"):
        return np.ones(shape, "f4")
    if name.endswith(("_bias", "beta")):
        return rng.normal(0, 0.01, shape).astype("f4")
    if name.endswith("_scale"):
        return np.full(shape, 20, "f4")
    if "embed" in name or name.endswith("parameters"):
        return rng.normal(0, 0.04, shape).astype("f4")
    return rng.normal(0, (2 / np.prod(shape[1:])) ** 0.5, shape).astype("f4")
