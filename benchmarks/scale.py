"""Whether work on graphs grows with their size and no faster: chains of 1,000 to 100,000 nodes.

    python -m benchmarks.scale [--nodes 1000 10000 100000] [--kinds relu dense]

Printed are milliseconds per 1,000 nodes, the best of some runs; `lower` makes the plan and compiles nothing. Work that
is linear has about the same number in every column; the last column is the largest graph's over the smallest's. What
does not fit the processor's caches any more takes up to twice as long by node, what is quadratic a hundred times.
"""

import argparse
import gc
import os
import tempfile
import time
from collections.abc import Callable

import jax

import declax as mx
from benchmarks import tables

Step = Callable[[mx.sym.Symbol], object]


def relu(n: int) -> mx.sym.Symbol:
    """A chain of one operator."""
    x = mx.sym.Variable("data")
    for i in range(n):
        x = mx.sym.relu(x, name=f"r{i}")
    return x


def dense(n: int) -> mx.sym.Symbol:
    """Layers with parameters of their own and a shortcut around each; `n` counts the variables too."""
    x = mx.sym.Variable("data")
    for i in range(n // 5):
        x = x + mx.sym.relu(mx.sym.FullyConnected(x, num_hidden=16, name=f"fc{i}"), name=f"r{i}")
    return x


KINDS = {"relu": relu, "dense": dense}
SHAPE = (2, 16)


def steps(folder: str) -> dict[str, Step]:
    """What is timed, by name; the file that `save` writes lies in `folder`."""
    path = os.path.join(folder, "net-symbol.json")
    return {
        "infer_shape": lambda net: mx.Symbol(net.heads).infer_shape(data=SHAPE),  # which has inferred nothing yet
        "infer_type": lambda net: net.infer_type(data="float32"),
        "list_arguments": lambda net: net.list_arguments(),
        "tojson": lambda net: net.tojson(),
        "save": lambda net: net.save(path),
        "load": lambda net: mx.sym.load(path),
        "lower": lambda net: mx.lower(net).plan,
        "lower, planned for shapes": lambda net: planned(net),
    }


def planned(net: mx.sym.Symbol) -> object:
    """The plan after the passes that know shapes."""
    shapes, _, _ = net.infer_shape(data=SHAPE)
    return mx.lower(net).planned([jax.ShapeDtypeStruct(s, "float32") for s in shapes], [], False)


def seconds(work: Callable[[], object], most: float = 2.0) -> float:
    """The best time of up to three runs; one that takes long is not repeated."""
    best, spent = float("inf"), 0.0
    for _ in range(3):
        gc.collect()
        began = time.perf_counter()
        work()
        took = time.perf_counter() - began
        best, spent = min(best, took), spent + took
        if spent > most:
            break
    return best


def measure(make: Callable[[int], mx.sym.Symbol], nodes: int) -> dict[str, float]:
    """Milliseconds per 1,000 nodes of every step."""
    found = {"build": seconds(lambda: make(nodes)) * 1e6 / nodes}
    with tempfile.TemporaryDirectory() as folder:
        net = make(nodes)
        for name, step in steps(folder).items():
            found[name] = seconds(lambda step=step: step(net)) * 1e6 / nodes
    return found


def main(argv: list[str] | None = None) -> None:
    """Prints a table for each kind of chain."""
    parser = argparse.ArgumentParser("python -m benchmarks.scale", description="Milliseconds per 1,000 nodes.")
    parser.add_argument("--nodes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="sizes of the chains")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which chains")
    args = parser.parse_args(argv)
    print(f"{tables.processor()}; milliseconds per 1,000 nodes\n")
    for kind in args.kinds:
        found = [measure(KINDS[kind], n) for n in args.nodes]
        print(f"| {kind} | {' | '.join(f'{n:,} nodes' for n in args.nodes)} | last / first |")
        print("|---" * (len(args.nodes) + 2) + "|")
        for name in found[0]:
            cells = [row[name] for row in found]
            print(f"| {name} | {' | '.join(f'{c:.2f}' for c in cells)} | {cells[-1] / cells[0]:.2f} |")
        print(flush=True)


if __name__ == "__main__":
    main()
