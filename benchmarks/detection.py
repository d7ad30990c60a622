"""Detection operators on about 10,000 boxes against MXNet 1.9.1 on the same CPU.

    python -m benchmarks.detection --mxnet /path/to/mxnet/environment/bin/python
    DECLAX_MXNET_PYTHON=... python -m benchmarks.detection --only box_nms

MXNet runs in a process of its own (benchmarks/peer.py) on the same graph and arrays; the two take turns, and a ratio
is the median over the turns. Without an MXNet environment the column says so and declax is measured alone.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

import declax as mx

BOXES = 10_000
SIDE = 25  # of a feature map: 25 * 25 places with 16 anchors each


def boxes(rng, *shape, image=1.0):
    """Random corner boxes of sides up to a fifth of the image."""
    low = rng.uniform(0, 0.8, (*shape, 2))
    return np.concatenate([low, low + rng.uniform(0.01, 0.2, (*shape, 2))], -1) * image


def rois(rng, count, images, image):
    """Rows of image number and box in pixels."""
    return np.concatenate([rng.integers(0, images, (count, 1)), boxes(rng, count, image=image)], -1)


def scored(rng, classes):
    """Rows of class, score and box, in a batch of two."""
    kinds = rng.integers(0, classes, (2, BOXES, 1))
    return {"data": np.concatenate([kinds, rng.uniform(0, 1, (2, BOXES, 1)), boxes(rng, 2, BOXES)], -1)}


def anchors_and_labels(rng):
    """Anchors, 20 labelled boxes an image and class scores for two images."""
    labels = np.concatenate([rng.integers(0, 20, (2, 20, 1)), boxes(rng, 2, 20)], -1)
    return {"anchor": boxes(rng, 1, BOXES), "label": labels, "cls_pred": rng.normal(0, 1, (2, 21, BOXES))}


def predictions(rng):
    """Class probabilities, most of them of the background, offsets and anchors for two images."""
    logits = rng.normal(0, 1.5, (2, 21, BOXES))
    logits[:, 0] += 3
    return {
        "cls_prob": np.exp(logits) / np.exp(logits).sum(1, keepdims=True),
        "loc_pred": rng.normal(0, 0.5, (2, 4 * BOXES)),
        "anchor": boxes(rng, 1, BOXES),
    }


def regions(rng, images):
    """What a region proposal network predicts, 16 anchors at 25 x 25 places."""
    return {
        "cls_prob": rng.uniform(0, 1, (images, 32, SIDE, SIDE)),
        "bbox_pred": rng.normal(0, 0.2, (images, 64, SIDE, SIDE)),
        "im_info": np.tile([[SIDE * 16.0, SIDE * 16.0, 1.0]], (images, 1)),
    }


def encoded(rng):
    """Samples, matches, anchors and references of two images."""
    return {
        "samples": rng.choice([-1.0, 0.0, 1.0], (2, BOXES)),
        "matches": rng.integers(0, 20, (2, BOXES)),
        "anchors": boxes(rng, 2, BOXES),
        "refs": boxes(rng, 2, 20),
        "means": np.zeros(4),
        "stds": np.array([0.1, 0.1, 0.2, 0.2]),
    }


def pooled(rng, channels, count=1000, image=800.0, **more):
    """A feature map of 50 x 50 and regions of an 800 x 800 image."""
    return {"data": rng.normal(0, 1, (2, channels, 50, 50)), "rois": rois(rng, count, 2, image), **more}


def turned(rng, channels):
    """A feature map and rotated regions (image, x, y, width, height, degrees)."""
    centre, size = rng.uniform(100, 700, (1000, 2)), rng.uniform(20, 160, (1000, 2))
    angle = rng.uniform(-90, 90, (1000, 1))
    return {
        "data": rng.normal(0, 1, (1, channels, 50, 50)),
        "rois": np.concatenate([np.zeros((1000, 1)), centre, size, angle], -1),
    }


def contrib(name, **attrs):
    """A graph of one contrib operator over variables with its own input names."""
    return lambda inputs: getattr(mx.sym.contrib, name)(*[mx.sym.Variable(n) for n in inputs], name="op", **attrs)


SCALE = 1 / 16
RPN = {"scales": (2, 4, 8, 16), "ratios": (0.5, 1, 2, 3), "feature_stride": 16}
ROWS = {
    "box_nms, one class": (contrib("box_nms", id_index=-1), lambda r: scored(r, 1)),
    "box_nms, 20 classes, topk 400": (contrib("box_nms", id_index=0, topk=400), lambda r: scored(r, 20)),
    "box_iou, 10,000 by 100": (contrib("box_iou"), lambda r: {"lhs": boxes(r, BOXES), "rhs": boxes(r, 100)}),
    "box_encode": (contrib("box_encode"), encoded),
    "box_decode": (
        contrib("box_decode", format="corner"),
        lambda r: {"data": r.normal(0, 0.5, (2, BOXES, 4)), "anchors": boxes(r, 1, BOXES)},
    ),
    "bipartite_matching, 10,000 by 100": (
        contrib("bipartite_matching", threshold=0.1),
        lambda r: {"data": r.uniform(0, 1, (2, BOXES, 100))},
    ),
    "MultiBoxPrior": (
        contrib("MultiBoxPrior", sizes=(0.2, 0.3, 0.4), ratios=(1, 2)),
        lambda r: {"data": r.normal(0, 1, (1, 3, 50, 50))},
    ),
    "MultiBoxTarget": (contrib("MultiBoxTarget"), anchors_and_labels),
    "MultiBoxTarget, mining": (contrib("MultiBoxTarget", negative_mining_ratio=3), anchors_and_labels),
    "MultiBoxDetection": (contrib("MultiBoxDetection"), predictions),
    "MultiBoxDetection, topk 400": (contrib("MultiBoxDetection", nms_topk=400), predictions),
    "Proposal": (contrib("Proposal", **RPN), lambda r: regions(r, 1)),
    "MultiProposal, 2 images": (contrib("MultiProposal", **RPN), lambda r: regions(r, 2)),
    "ROIAlign, 1,000 regions": (
        contrib("ROIAlign", pooled_size=(7, 7), spatial_scale=SCALE, sample_ratio=2),
        lambda r: pooled(r, 64),
    ),
    "ROIAlign, 10,000 regions": (
        contrib("ROIAlign", pooled_size=(7, 7), spatial_scale=SCALE),
        lambda r: pooled(r, 16, BOXES),
    ),
    "RROIAlign, 1,000 regions": (
        contrib("RROIAlign", pooled_size=(7, 7), spatial_scale=SCALE, sampling_ratio=2),
        lambda r: turned(r, 64),
    ),
    "ROIPooling, 1,000 regions": (
        lambda inputs: mx.sym.ROIPooling(
            *[mx.sym.Variable(n) for n in inputs], pooled_size=(7, 7), spatial_scale=SCALE, name="op"
        ),
        lambda r: pooled(r, 64),
    ),
    "ROIPooling, 10,000 regions": (
        lambda inputs: mx.sym.ROIPooling(
            *[mx.sym.Variable(n) for n in inputs], pooled_size=(7, 7), spatial_scale=SCALE, name="op"
        ),
        lambda r: pooled(r, 16, BOXES),
    ),
    "PSROIPooling, 1,000 regions": (
        contrib("PSROIPooling", pooled_size=7, group_size=7, output_dim=8, spatial_scale=SCALE),
        lambda r: pooled(r, 8 * 49),
    ),
    "DeformablePSROIPooling, 1,000 regions": (
        contrib(
            "DeformablePSROIPooling", pooled_size=7, group_size=7, part_size=7, output_dim=8, sample_per_part=4,
            trans_std=0.1, spatial_scale=SCALE,
        ),
        lambda r: pooled(r, 8 * 49, trans=r.normal(0, 1, (1000, 2, 7, 7))),
    ),
}  # fmt: skip


class Peer:
    """MXNet in a process of its own."""

    def __init__(self, python):
        self.process = subprocess.Popen(
            [python, str(Path(__file__).with_name("peer.py"))], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, **what):
        """One question, one answer; RuntimeError with its last words if the process ended."""
        try:
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("@"):
                    return json.loads(line[1:])
        except BrokenPipeError:
            pass
        raise RuntimeError("MXNet's process ended: " + self.process.stderr.read()[-500:])


def compare(graph, inputs, folder, peer):
    """(declax's and MXNet's milliseconds or None, median ratio, share of equal values, compilations of later calls)."""
    executor = graph.bind(mx.cpu(), {n: mx.nd.array(a, dtype=a.dtype) for n, a in inputs.items()}, grad_req="null")
    outputs = [o.asnumpy() for o in executor.forward()]

    def ours(count):
        start = time.perf_counter()
        for _ in range(count):
            jax.block_until_ready([o.data for o in executor.forward()])
        return time.perf_counter() - start

    if peer is None:
        return min(ours(1) for _ in range(7)) * 1e3, None, None, None
    graph.save(os.path.join(folder, "graph.json"))
    np.savez(os.path.join(folder, "inputs.npz"), **inputs)
    with np.load(peer.ask(load=folder)) as wanted:
        equal = [np.isclose(a, wanted[k], 1e-3, 1e-4) for a, k in zip(outputs, wanted.files, strict=True)]
    once = max(ours(1), peer.ask(run=1))
    count = max(1, int(0.05 / once))
    pairs = []
    for turn in range(7 if once < 1 else 3):
        if turn % 2:
            theirs, mine = peer.ask(run=count), ours(count)
        else:
            mine, theirs = ours(count), peer.ask(run=count)
        pairs.append((mine / count, theirs / count))
    a, b = (statistics.median(p[i] for p in pairs) * 1e3 for i in (0, 1))
    return a, b, statistics.median(x / y for x, y in pairs), float(np.concatenate([e.ravel() for e in equal]).mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--mxnet", default=os.environ.get("DECLAX_MXNET_PYTHON"), help="Python of an environment with MXNet 1.9.1"
    )
    parser.add_argument("--only", help="rows whose name contains this")
    chosen = parser.parse_args()
    print(f"declax {mx.__version__}, jax {jax.__version__}, Python {platform.python_version()}, {platform.machine()}")
    if not chosen.mxnet:
        print("MXNet is absent: name its Python with --mxnet or DECLAX_MXNET_PYTHON to compare")
    peer = Peer(chosen.mxnet) if chosen.mxnet else None
    print("\n| operator | declax | MXNet | time ratio | equal values |\n|---|---|---|---|---|")
    for name, (graph, arrays) in ROWS.items():
        if chosen.only and chosen.only not in name:
            continue
        inputs = {n: a.astype("float32") for n, a in arrays(np.random.default_rng(0)).items()}
        with tempfile.TemporaryDirectory() as folder:
            a, b, ratio, equal = compare(graph(inputs), inputs, folder, peer)
        theirs = "absent | - | -" if b is None else f"{b:.2f} ms | {ratio:.2f} | {equal:.1%}"
        print(f"| {name} | {a:.2f} ms | {theirs} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
