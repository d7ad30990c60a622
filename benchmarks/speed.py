"""declax against what people use instead: the same graphs with the same weights, in interleaved rounds.

    python -m benchmarks.speed                                   # every table
    python -m benchmarks.speed --what inference --nets resnet50,bert --batch 1
    python -m benchmarks.speed --quick                           # small nets, few rounds

README.md beside this file tells how the peers are set up and what is measured how.
"""

import argparse
import datetime
import json
import os
import platform
import signal
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import catalog, check, tables
from benchmarks.remote import PEERS, PeerError, Remote, python_of

STEADY = ("inception_bn", "resnet50", "mobilenet_v1", "mobilenet_v2", "inception_bn_28", "lstm_fused",
          "lstm_unrolled", "bert", "ssd")  # fmt: skip
COMPILED = (("inception_bn", 16), ("resnet152", 4), ("bert", 4), ("lstm_100", 8))
QUICK = ("inception_bn_28", "lstm_fused", "mlp")
TURN = 0.25
"""Seconds that a turn should take at least: short steps are repeated."""


class Bench:
    """The chosen peers with their Pythons, and how often is measured."""

    def __init__(self, pythons: dict[str, str], rounds: int, patience: int, threads: int, work: Path):
        self._pythons, self._rounds, self._patience = pythons, rounds, patience
        self._threads, self._work = threads, work
        self.versions: dict[str, str] = {}

    def compare(self, name: str, training: bool, batch: int | None) -> dict:
        """One row: seconds of a step, ratios declax / peer, first results and peak memory by peer."""
        task = catalog.TASKS[name]
        catalog.prepare(task, batch, self._work)
        row: dict = {"net": name, "title": task.title, "batch": batch or task.batch, "training": training, "peers": {}}
        with ExitStack() as stack:
            running = {}
            for key, python in self._pythons.items():
                if training and not PEERS[key].trains:
                    continue
                say(f"{task.title}, {'training' if training else 'inference'}: loading {PEERS[key].title}")
                remote = stack.enter_context(self._start(key, python))
                found = row["peers"][key] = {}
                try:
                    found.update(remote.load(self._work, training))
                    self.versions[key] = found.pop("version")
                    found["second"] = remote.ask("run", times=1, warm=0)["seconds"]
                    found["peak"] = remote.ask("peak")["bytes"]
                    remote.ask("save", file=str(self._work / f"{key}.npz"))
                    if key != "declax":
                        check.same(self._work / "declax.npz", self._work / f"{key}.npz", task.discrete)
                except (PeerError, AssertionError) as error:
                    found["error"] = str(error)
                    say(f"  {PEERS[key].title}: {error}")
                    remote.close()
                    if key == "declax":
                        return row
                else:
                    running[key] = remote
            self._rounds_of(running, row["peers"])
        return row

    def _start(self, key: str, python: str, environment: dict[str, str] | None = None) -> Remote:
        return Remote(PEERS[key], python, self._threads, self._work / "workers.log", environment)

    def _rounds_of(self, running: dict[str, Remote], rows: dict) -> None:
        """Interleaved rounds; the order turns by one each round."""
        turns = {}
        for key in running:
            seconds = rows[key]["second"]
            turns[key] = {"times": max(1, min(1000, round(TURN / seconds))), "warm": int(seconds < TURN)}
        times: dict[str, list[float]] = {k: [] for k in running}
        keys = list(running)
        for i in range(self._rounds):
            order = keys[i % len(keys) :] + keys[: i % len(keys)]
            for attempt in range(self._patience + 1):
                found = {key: running[key].timed(**turns[key]) for key in order}
                disturbed = [PEERS[k].title for k, (_, other) in found.items() if other]
                if not disturbed:
                    break
                if attempt < self._patience:
                    say(f"  round {i + 1}: other programs ran beside {', '.join(disturbed)}; once more")
            else:
                rows["declax"]["disturbed"] = rows["declax"].get("disturbed", 0) + 1
            for key, (seconds, _) in found.items():
                times[key].append(seconds)
            say(f"  round {i + 1}: " + ", ".join(f"{PEERS[k].title} {t[-1] * 1e3:.1f} ms" for k, t in times.items()))
        for key, measured in times.items():
            rows[key]["seconds"] = statistics.median(measured)
            rows[key]["ratio"] = statistics.median(a / b for a, b in zip(times["declax"], measured, strict=True))

    def compilation(self, name: str, batch: int) -> dict:
        """One row: seconds to the first training step, cold, in a second process with a cache, and of plain JAX."""
        task = catalog.TASKS[name]
        catalog.prepare(task, batch, self._work)
        row: dict = {"net": name, "title": task.title, "batch": batch, "peers": {}}
        for key in ("declax", "jax"):
            if key not in self._pythons:
                continue
            with tempfile.TemporaryDirectory() as cache:
                kept = {"JAX_COMPILATION_CACHE_DIR": cache, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
                found = row["peers"][key] = {}
                for what in ("cold", "again") if key == "declax" else ("cold",):
                    say(f"{task.title}: first training step of {PEERS[key].title}, {what}")
                    with self._start(key, self._pythons[key], kept) as remote:
                        answer = remote.load(self._work, True)
                        self.versions[key] = answer["version"]
                        found[what] = answer["first"]
                        found["step"] = min(remote.ask("run", times=1, warm=0)["seconds"] for _ in range(3))
        return row


def say(text: str) -> None:
    """Progress goes to standard error."""
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--nets", type=words, help=f"some of {','.join(catalog.TASKS)}")
    kinds = ("inference", "training", "memory", "compile", "overheads")
    parser.add_argument("--what", type=words, default=list(kinds), help=f"some of {','.join(kinds)}")
    parser.add_argument("--batch", type=int, help="instead of each net's own")
    parser.add_argument("--rounds", type=int, help="interleaved rounds, 10 unless said")
    again = "how often a round is measured again because other programs ran beside it"
    parser.add_argument("--patience", type=int, default=2, help=again)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of each peer; all cores unless said")
    chosen = [k for k in PEERS if k not in ("declax", "torch_compile")]
    parser.add_argument("--peers", type=words, default=chosen, help=f"some of {','.join(k for k in PEERS)}")
    parser.add_argument("--quick", action="store_true", help=f"{', '.join(QUICK)} alone, 3 rounds")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    for key, peer in PEERS.items():
        if peer.environment and key == peer.module:
            parser.add_argument(f"--{key}-python", help=f"Python that has {peer.title}; else ${peer.environment}")
    return parser.parse_args()


def pythons(given: argparse.Namespace) -> dict[str, str]:
    """The Python of declax and of each peer that was asked for and is installed; says which are absent."""
    found = {"declax": sys.executable}
    for key in given.peers:
        if key == "declax":
            continue
        if key not in PEERS:
            raise SystemExit(f"--peers: no peer {key!r}; there are {', '.join(PEERS)}")
        python = python_of(PEERS[key], getattr(given, f"{PEERS[key].module}_python"))
        if python is None:
            print(f"{PEERS[key].title} is absent: set ${PEERS[key].environment} (see benchmarks/README.md)")
        else:
            found[key] = python
    return found


def main() -> None:
    """Measures what was asked for and prints it as it comes."""
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unknown = [n for n in given.nets or () if n not in catalog.TASKS]
    if unknown:
        raise SystemExit(f"--nets: no net {', '.join(unknown)}; there are {', '.join(catalog.TASKS)}")
    nets = given.nets or (QUICK if given.quick else STEADY)
    rounds = given.rounds or (3 if given.quick else 10)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(pythons(given), rounds, given.patience, given.threads, Path(folder))
        measured: dict[str, list] = {}
        for training in (False, True):
            what = "training" if training else "inference"
            if what not in given.what and not (training and "memory" in given.what):
                continue
            tasks = [n for n in nets if catalog.TASKS[n].trains or not training]
            measured[what] = [bench.compare(n, training, given.batch) for n in tasks]
            if what in given.what:
                print(tables.steps(measured[what]))
            if training and "memory" in given.what:
                print(tables.memory(measured[what]))
        if "compile" in given.what:
            rows = [(n, b) for n, b in COMPILED if given.nets is None or n in given.nets]
            measured["compile"] = [bench.compilation(n, given.batch or b) for n, b in rows if not given.quick]
            print(tables.compilation(measured["compile"]))
        if "overheads" in given.what:
            from benchmarks import core

            measured["overheads"] = [bench.compare("mlp", True, None)]
            print(tables.steps(measured["overheads"]))
            core.overheads()
        machine = f"{tables.processor()}, {given.threads} threads, Python {platform.python_version()}"
        print(f"\n{datetime.date.today()}, {machine}; {', '.join(bench.versions.values())}")
        if given.json:
            about = {"date": str(datetime.date.today()), "machine": machine, "versions": bench.versions}
            given.json.write_text(json.dumps({"about": about, "measured": measured}, indent=1))


if __name__ == "__main__":
    main()
