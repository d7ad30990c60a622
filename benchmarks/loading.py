"""Loading a checkpoint of ResNet-152 (symbol JSON and 230 MB of parameters) beside MXNet 1.9.1: time and memory.

    python -m benchmarks.loading --mxnet PYTHON     # a Python that has MXNet 1.9.1, or DECLAX_MXNET_PYTHON

Both sides run `model.load_checkpoint(prefix, 0)` once, in fresh processes, turn by turn, with the file in the system's
cache and operators registered.
Memory is the peak above what the process had before. Without `--mxnet` declax runs alone.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import declax as dx
from declax.io import write_arrays

WORKER = """
import sys, time
import {module} as mx
mx.nd.zeros((1,)).asnumpy()
mx.sym.load_json(mx.sym.relu(mx.sym.Variable("x")).tojson())  # operators are registered now
def peak():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM"))
open("/proc/self/clear_refs", "w").write("5")
before = peak()
start = time.perf_counter()
symbol, args, states = mx.model.load_checkpoint(sys.argv[1], 0)
for array in (*args.values(), *states.values()):
    array.wait_to_read()
print(time.perf_counter() - start, (peak() - before) * 1024, len(args) + len(states))
"""


def unit(x, filters: int, stride: int, name: str, *, project: bool):
    """A bottleneck of three convolutions beside a shortcut."""
    y = x
    shapes = ((filters // 4, 1, 1), (filters // 4, 3, stride), (filters, 1, 1))
    for i, (width, size, step) in enumerate(shapes, 1):
        y = dx.sym.Convolution(
            y, num_filter=width, kernel=(size, size), stride=(step, step), pad=(size // 2, size // 2), no_bias=True,
            name=f"{name}_conv{i}",
        )  # fmt: skip
        y = dx.sym.BatchNorm(y, fix_gamma=False, name=f"{name}_bn{i}")
        y = dx.sym.relu(y, name=f"{name}_relu{i}") if i < 3 else y
    if project:
        x = dx.sym.Convolution(
            x, num_filter=filters, kernel=(1, 1), stride=(stride, stride), no_bias=True, name=f"{name}_sc"
        )
        x = dx.sym.BatchNorm(x, fix_gamma=False, name=f"{name}_sc_bn")
    return dx.sym.relu(x + y, name=f"{name}_relu")


def resnet_152():
    """ResNet-152 for images of 224x224."""
    x = dx.sym.Convolution(
        dx.sym.Variable("data"), num_filter=64, kernel=(7, 7), stride=(2, 2), pad=(3, 3), no_bias=True, name="conv0"
    )
    x = dx.sym.relu(dx.sym.BatchNorm(x, fix_gamma=False, name="bn0"), name="relu0")
    x = dx.sym.Pooling(x, kernel=(3, 3), stride=(2, 2), pad=(1, 1), pool_type="max", name="pool0")
    for stage, (count, filters) in enumerate(((3, 256), (8, 512), (36, 1024), (3, 2048)), 1):
        for i in range(count):
            x = unit(x, filters, 2 if i == 0 and stage > 1 else 1, f"stage{stage}_unit{i + 1}", project=i == 0)
    x = dx.sym.Pooling(x, kernel=(7, 7), global_pool=True, pool_type="avg", name="pool1")
    x = dx.sym.FullyConnected(dx.sym.flatten(x), num_hidden=1000, name="fc1")
    return dx.sym.SoftmaxOutput(x, name="softmax")


def write_checkpoint(prefix: str) -> int:
    """Random parameters beside the graph; gives the parameter file's size."""
    net = resnet_152()
    arguments, _, states = net.infer_shape(data=(1, 3, 224, 224))
    rng = np.random.default_rng(0)
    shapes = {f"arg:{n}": s for n, s in zip(net.list_arguments(), arguments, strict=True)}
    shapes = {n: s for n, s in shapes.items() if n not in ("arg:data", "arg:softmax_label")}
    shapes |= {f"aux:{n}": s for n, s in zip(net.list_auxiliary_states(), states, strict=True)}
    net.save(f"{prefix}-symbol.json")
    file = f"{prefix}-0000.params"
    write_arrays(file, {n: rng.standard_normal(s, dtype=np.float32) for n, s in shapes.items()})
    return os.path.getsize(file)


def load(python: str, module: str, prefix: str) -> tuple[float, float]:
    """(seconds, bytes at the peak) of one implementation in a process of its own."""
    out = subprocess.run(
        [python, "-c", WORKER.format(module=module), prefix], check=True, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    ).stdout  # fmt: skip
    seconds, peak, count = out.split()[-3:]
    assert int(count) > 700
    return float(seconds), float(peak)


def main() -> None:
    """Prints one table row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mxnet", default=os.environ.get("DECLAX_MXNET_PYTHON"), help="a Python with MXNet 1.9.1")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prefix = os.path.join(folder, "resnet-152")
        size = write_checkpoint(prefix)
        sides = {"declax": sys.executable} | ({"mxnet": options.mxnet} if options.mxnet else {})
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for i in range(options.rounds):
            for name in sorted(sides, reverse=bool(i % 2)):
                found[name].append(load(sides[name], name, prefix))
    print("| file | | time | time / MXNet's | memory | memory / file |\n|---|---|---|---|---|---|")
    theirs = [seconds for seconds, _ in found.get("mxnet", [])]
    for name, rounds in found.items():
        times = [seconds for seconds, _ in rounds]
        ratio = f"{statistics.median(a / b for a, b in zip(times, theirs, strict=True)):.2f}" if theirs else ""
        peak = statistics.median(p for _, p in rounds)
        row = f"{size / 1e6:.0f} MB", name, f"{statistics.median(times) * 1e3:.0f} ms", ratio, f"{peak / 1e6:.0f} MB"
        print(f"| {' | '.join(row)} | {peak / size:.2f} |")


if __name__ == "__main__":
    main()
