"""Memory of training steps: whole processes beside MXNet's, and what `fit_memory` makes of deep graphs.

    python -m benchmarks.memory peaks [--batch 4] [--only resnet50]
    python -m benchmarks.memory fit [--only lstm_200] [--symbol chosen.json]

`peaks` runs each net in a fresh process per framework, three training steps, and prints the highest resident memory
(VmHWM) with what the process had before the net was loaded. MXNet's Python is named by DECLAX_BENCH_MXNET.
`fit` lets `fit_memory` bring the temporaries of a step to a third and prints temporaries (XLA's analysis) and the ratio
of times, the median of interleaved rounds, on the same values. `--symbol` keeps what was chosen: a second run with it
times without choosing again.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import jax
import numpy as np

import declax as mx
from benchmarks import convnets, sequences, tables
from benchmarks.catalog import CELL_STATES, TASKS, prepare
from benchmarks.remote import PEERS, PeerError, Remote, python_of
from declax.memory import fit_memory, show_bytes
from declax.program import Program, program_of

NETS = ("inception_bn", "resnet50", "mobilenet_v1", "mobilenet_v2")


def lstm_200() -> tuple[mx.sym.Symbol, dict]:
    """Two layers of 256 units, 200 steps, batch 16."""
    shapes = {"data": (16, 200), "softmax_label": (200, 16)} | dict.fromkeys(CELL_STATES, (16, 256))
    return sequences.lstm_unrolled(200, 256, 2, 1000), shapes


def resnet152() -> tuple[mx.sym.Symbol, dict]:
    """Batch 8."""
    return convnets.resnet_v1(152), {"data": (8, 3, 224, 224), "softmax_label": (8,)}


DEEP = {"lstm_200": lstm_200, "resnet152": resnet152}


def peaks(names: list[str], batch: int) -> None:
    """Prints the peak of a process that trains each net, for declax and MXNet."""
    print(f"{tables.processor()}; training step, batch {batch}; before = before the net was loaded\n")
    print("| net | declax | before | MXNet | before | ratio |\n|---|---|---|---|---|---|")
    for name in names:
        found = {peer: _peak(peer, name, batch) for peer in ("declax", "mxnet")}
        (ours, start), (theirs, their_start) = found["declax"], found["mxnet"]
        ratio = f"{ours / theirs:.2f}" if theirs else "-"
        cells = [TASKS[name].title, *(show_bytes(x) if x else "absent" for x in (ours, start, theirs, their_start))]
        print(f"| {' | '.join(cells)} | {ratio} |", flush=True)


def _peak(peer: str, name: str, batch: int) -> tuple[int, int]:
    """Bytes at most, and before the net was loaded; zeros where the framework is not installed."""
    python = python_of(PEERS[peer], None)
    if python is None:
        return 0, 0
    with tempfile.TemporaryDirectory() as folder:
        prepare(TASKS[name], batch, Path(folder))
        with Remote(PEERS[peer], python, 2, Path(folder) / "log") as remote:
            before = remote.load(Path(folder), True)["before"]
            remote.ask("run", times=2, warm=0)
            return remote.ask("peak")["bytes"], before


def fit(names: list[str], symbol: Path | None, rounds: int) -> None:
    """Prints what a third of the temporaries costs in time."""
    print(f"{tables.processor()}; training step\n")
    print("| net | temporaries | with recomputation | ratio | time | with recomputation | ratio |")
    print("|---|---|---|---|---|---|---|")
    for name in names:
        net, shapes = DEEP[name]()
        wrt = tuple(i for i, n in enumerate(net.list_arguments()) if n not in shapes)
        plain = _compiled(program_of(net, wrt), net, shapes)
        chosen = mx.sym.load(str(symbol)) if symbol and symbol.exists() else _fitted(net, plain, shapes)
        if symbol:
            chosen.save(str(symbol))
        less = _compiled(program_of(chosen, wrt), chosen, shapes)
        values = _values(net, shapes)
        times = [[], []]
        for _ in range(rounds):
            for k, f in enumerate((plain, less)):
                start = time.perf_counter()
                found = jax.block_until_ready(f(*values))
                times[k].append(time.perf_counter() - start)
                del found
        sizes = [f.memory_analysis().temp_size_in_bytes for f in (plain, less)]
        ratio = statistics.median(b / a for a, b in zip(*times, strict=True))
        seconds = [f"{statistics.median(t):.2f} s" for t in times]
        print(
            f"| {name} | {' | '.join(map(show_bytes, sizes))} | {sizes[1] / sizes[0]:.2f} | {' | '.join(seconds)} "
            f"| {ratio:.2f} |",
            flush=True,
        )


def _fitted(net: mx.sym.Symbol, plain, shapes: dict) -> mx.sym.Symbol:
    found = plain.memory_analysis()
    fixed = found.argument_size_in_bytes + found.output_size_in_bytes - found.alias_size_in_bytes
    report = fit_memory(net, fixed + found.temp_size_in_bytes // 3, **shapes)
    print(f"<!-- {report} -->", flush=True)
    return report.symbol


def _specs(net: mx.sym.Symbol, shapes: dict) -> tuple[list, list]:
    args, _, aux = net.infer_shape(**shapes)
    return [jax.ShapeDtypeStruct(s, "float32") for s in args], [jax.ShapeDtypeStruct(s, "float32") for s in aux]


def _compiled(program: Program, net: mx.sym.Symbol, shapes: dict):
    return program.step.lower(*_specs(net, shapes), None, [None]).compile()


def _values(net: mx.sym.Symbol, shapes: dict) -> tuple:
    rng = np.random.default_rng(0)
    args, aux = _specs(net, shapes)
    values = []
    for name, spec in zip(net.list_arguments(), args, strict=True):
        scale = 0.0 if "label" in name or "begin_state" in name else 0.05
        values.append(jax.numpy.asarray(rng.normal(0, scale, spec.shape), "float32"))
    return values, [jax.numpy.ones(s.shape, s.dtype) for s in aux], None, [None]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=("peaks", "fit"))
    parser.add_argument("--only", nargs="+", metavar="NET", help="these nets")
    parser.add_argument("--batch", type=int, default=4, help="images at once, for peaks (default 4)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, for fit (default 3)")
    parser.add_argument("--symbol", type=Path, help="file that keeps the graph that fit chose for one net")
    chosen = parser.parse_args()
    try:
        if chosen.table == "peaks":
            peaks(chosen.only or list(NETS), chosen.batch)
        else:
            fit(chosen.only or list(DEEP), chosen.symbol, chosen.rounds)
    except PeerError as e:
        raise SystemExit(f"a framework's process failed: {e}") from None


if __name__ == "__main__":
    main()
