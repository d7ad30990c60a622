"""What one choice of `dx.passes` brings: the same graph with it and without it, a process each.

    python -m benchmarks.choices roll --nets lstm_100
    python -m benchmarks.choices stack --nets resnet152,bert --training
    python -m benchmarks.choices roll --symbol old-symbol.json --shape data=32,3000 --output fc_output

Printed are the seconds to the first result (binding, tracing and compiling with a step), a step (interleaved rounds)
and the process's peak memory. A graph from a file gets normally distributed values; `--shape` names its inputs.
"""

import argparse
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import declax as mx
from benchmarks import tables
from benchmarks.catalog import PIXELS, TASKS, Task, prepare
from benchmarks.remote import PEERS, PeerError, Remote
from declax.memory import show_bytes


def of_file(file: Path, shapes: dict[str, tuple[int, ...]], outputs: list[str]) -> Task:
    """A saved graph, or those of its internal outputs that are named, as a task."""

    def make() -> mx.sym.Symbol:
        net = mx.sym.load(str(file))
        inner = net.get_internals()
        return mx.sym.Group([inner[name] for name in outputs]) if outputs else net

    return Task(file.name, make, lambda n: {name: (shape, PIXELS) for name, shape in shapes.items()}, 1)


def compare(task: Task, choice: str, training: bool, rounds: int) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        work = Path(folder)
        prepare(task, None, work)
        threads = os.cpu_count() or 1
        first, peaks, running = [], [], []
        for on in (True, False):
            words = ",".join(sorted(mx.passes.enabled() | {choice} if on else mx.passes.enabled() - {choice})) or "none"
            start = partial(Remote, PEERS["declax"], sys.executable, threads, work / "workers.log")
            remote = stack.enter_context(start({"DECLAX_PASSES": words}))
            first.append(remote.load(work, training)["first"])
            running.append(remote)
        steps = [[remote.ask("run", times=1, warm=1)["seconds"] for remote in running] for _ in range(rounds)]
        peaks = [remote.ask("peak")["bytes"] for remote in running]
    step = [statistics.median(times) for times in zip(*steps, strict=True)]
    ratio = statistics.median(a / b for a, b in steps)
    cells = [
        f"{first[0]:.2f} s", f"{first[1]:.2f} s", f"{first[0] / first[1]:.2f}",
        *(f"{s:.3g} s" for s in step), f"{ratio:.2f}", *map(show_bytes, peaks),
    ]  # fmt: skip
    return f"| {task.title} | {'training' if training else 'inference'} | {' | '.join(cells)} |"


def shape_of(text: str) -> tuple[str, tuple[int, ...]]:
    """`data=1,3,224,224` as a name and a shape."""
    name, _, sizes = text.partition("=")
    return name, tuple(int(size) for size in sizes.split(",") if size)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("choice", choices=sorted(mx.passes.available()))
    parser.add_argument("--nets", default="", help=f"some of {','.join(TASKS)}")
    parser.add_argument("--symbol", type=Path, help="a graph's JSON file")
    parser.add_argument("--shape", type=shape_of, action="append", default=[], help="name=1,2,3, of an input of it")
    parser.add_argument(
        "--output", action="append", default=[], help="an internal output to stop at, instead of its own"
    )
    parser.add_argument("--training", action="store_true", help="training steps instead of inference")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    unknown = [n for n in given.nets.split(",") if n and n not in TASKS]
    if unknown:
        parser.error(f"no net {', '.join(unknown)}; there are {', '.join(TASKS)}")
    tasks = [TASKS[n] for n in given.nets.split(",") if n]
    if given.symbol:
        tasks.append(of_file(given.symbol, dict(given.shape), given.output))
    if not tasks:
        parser.error("name --nets or a --symbol")
    c = given.choice
    print(f"{tables.processor()}\n\n| net | what | first result with {c} | without | ratio | a step with {c} | without "
          f"| ratio | peak memory with {c} | without |\n|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    for task in tasks:
        try:
            print(compare(task, c, given.training, given.rounds), flush=True)
        except PeerError as e:
            raise SystemExit(f"{task.title}: {e}") from None


if __name__ == "__main__":
    main()
