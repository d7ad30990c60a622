"""The parent's side of a peer's process: starts it, asks it, and stops it whenever another peer is being measured."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


DISTURBED = 0.1
"""Share of the measured cores' time that other programs may take before a turn counts as disturbed."""


def _busy_seconds() -> float:
    """Processor seconds that all programs have taken so far, the host's theft included; 0 where nothing tells."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return 0.0
    user, nice, system, _idle, _wait, *others = map(int, stat.read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + sum(others)) / os.sysconf("SC_CLK_TCK")


def _process_seconds(pid: int) -> float:
    """Processor seconds of one process; 0 where nothing tells."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class PeerError(Exception):
    """A peer answered with an error, or its process ended."""


@dataclass(frozen=True)
class Peer:
    """A framework: its title, its worker module's name, what it imports, and the variable that names its Python."""

    title: str
    module: str
    needs: tuple[str, ...]
    environment: str
    options: dict
    trains: bool = True


PEERS = {
    "declax": Peer("declax", "declax", (), "", {}),
    "onnxruntime": Peer("ONNX Runtime", "onnxruntime", ("onnxruntime", "onnx"), "DECLAX_BENCH_ONNXRUNTIME", {}, False),
    "torch": Peer("PyTorch", "torch", ("torch",), "DECLAX_BENCH_TORCH", {}),
    "torch_compile": Peer("torch.compile", "torch", ("torch",), "DECLAX_BENCH_TORCH", {"compile": True}),
    "mxnet": Peer("MXNet", "mxnet", ("mxnet",), "DECLAX_BENCH_MXNET", {}),
    "jax": Peer("plain JAX", "jax", ("jax",), "DECLAX_BENCH_JAX", {}),
}


def python_of(peer: Peer, given: str | None) -> str | None:
    """The Python that runs a peer, or None when it cannot: the option's, the environment variable's, or this one."""
    python = given or (os.environ.get(peer.environment) if peer.environment else None) or sys.executable
    test = "; ".join(f"import importlib.util as u; assert u.find_spec({n!r})" for n in peer.needs) or "pass"
    return python if subprocess.run([python, "-c", test], capture_output=True).returncode == 0 else None


class Remote:
    """A running worker; stopped (SIGSTOP) except while it answers, so that no idle thread takes part of the machine."""

    def __init__(self, peer: Peer, python: str, threads: int, log: Path, environment: dict[str, str] | None = None):
        self.peer, self._threads = peer, threads
        env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        env |= {"TF_CPP_MIN_LOG_LEVEL": "2", "JAX_PLATFORMS": "cpu"} | (environment or {})
        self._log = log.open("a")
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.peers.worker", peer.module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, cwd=ROOT, env=env,
        )  # fmt: skip
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(self._process.pid, sorted(os.sched_getaffinity(0))[:threads])

    def ask(self, do: str, **request) -> dict:
        """The worker's answer; raises PeerError with the worker's words when it failed."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.send_signal(signal.SIGCONT)
        self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"the process ended ({self._process.wait()})")
        self._process.send_signal(signal.SIGSTOP)
        answer = json.loads(line)
        if not answer.pop("ok"):
            raise PeerError(answer["error"])
        return answer

    def load(self, folder: Path, training: bool) -> dict:
        """Prepares a task; the answer has the seconds to the first result."""
        options = self.peer.options | {"threads": self._threads}
        return self.ask("load", folder=str(folder), training=training, options=options)

    def timed(self, times: int, warm: int) -> tuple[float, bool]:
        """Mean seconds of a step, and whether other programs took part of the machine meanwhile."""
        busy, own, start = _busy_seconds(), _process_seconds(self._process.pid), time.perf_counter()
        seconds = self.ask("run", times=times, warm=warm)["seconds"]
        wall = time.perf_counter() - start
        others = _busy_seconds() - busy - (_process_seconds(self._process.pid) - own)
        return seconds, others > DISTURBED * wall * self._threads

    def close(self) -> None:
        """Ends the worker."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            assert pipe
            pipe.close()

    def __enter__(self) -> "Remote":
        return self

    def __exit__(self, *_) -> None:
        self.close()
