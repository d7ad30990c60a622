"""A peer's process: answers JSON lines on standard input with JSON lines on standard output.

    python -m benchmarks.peers.worker {declax,jax,torch,onnxruntime,mxnet}

Requests: `{"do": "load", "folder": F, "training": bool, "options": {...}}` prepares a task and computes it once;
`{"do": "run", "times": n, "warm": w}` answers the seconds of n steps after w untimed ones; `{"do": "save", "file": F}`
writes outputs and gradients; `{"do": "peak"}` answers the process's peak memory. Every answer has `ok`.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path


def die_with_parent() -> None:
    """Asks the kernel to end this process, also when it is stopped, with the one that started it (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def peak_bytes() -> int:
    """Highest resident memory of this process so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmHWM")


class Worker:
    """Holds the loaded task."""

    def __init__(self, peer: str):
        start = time.perf_counter()
        self._module = importlib.import_module(f"benchmarks.peers.{peer}_peer")
        self._importing = time.perf_counter() - start

    def load(self, folder: str, training: bool, options: dict) -> dict:
        """Prepares the task; `first` is the seconds from the arrays in memory to the first result."""
        from benchmarks.peers.graph import Graph

        before = peak_bytes()
        graph = Graph(Path(folder))
        start = time.perf_counter()
        self._session = self._module.Session(graph, training, options)
        graph.forget_values()
        self._session.step()
        first = time.perf_counter() - start
        return {"first": first, "importing": self._importing, "before": before, "version": self._module.version()}

    def run(self, times: int, warm: int) -> dict:
        """Mean seconds of a step."""
        for _ in range(warm):
            self._session.step()
        start = time.perf_counter()
        for _ in range(times):
            self._session.step()
        return {"seconds": (time.perf_counter() - start) / times}

    def save(self, file: str) -> dict:
        """Writes the last step's outputs (`out:0` ...) and gradients (`grad:<name>`)."""
        import numpy as np

        np.savez(file, **self._session.results())
        return {}

    def peak(self) -> dict:
        """Peak memory."""
        return {"bytes": peak_bytes()}


def main() -> None:
    """Serves requests until standard input ends."""
    die_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a framework prints goes to standard error
    worker = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            worker = worker or Worker(sys.argv[1])
            answer = {"ok": True, **getattr(worker, request.pop("do"))(**request)}
        except Exception as error:
            traceback.print_exc()
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
