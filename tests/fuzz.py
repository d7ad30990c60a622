"""Damaged symbol JSON, parameter files and archives: each loads or ends in a LoadError, soon and within its own memory.

    python -m tests.fuzz --examples 100000 [--corpus FOLDER]

Files are damaged byte by byte, by cutting, repeating and moving pieces, by numbers and words of JSON in strange places.
A run limits the memory that the process may map and the seconds that one file may take, and stops at the first file
that breaks a rule, which it writes down.
"""

import argparse
import gzip
import io
import json
import random
import resource
import signal
import sys
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

import declax as dx
from declax.errors import LoadError
from declax.io import read_arrays
from declax.io.npz import write_npz
from declax.io.params import Stored, params_bytes
from declax.io.safetensors import write_safetensors
from declax.io.sagemaker import read_model

ROOM = 256 << 20
"""Bytes that a run may map beyond what it starts with."""

SECONDS = 60
"""What one small file may take, many times what it needs."""

WORDS = [b"null", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'""', b"99999999999999999999", b'"param"', b"\\ud800", b"\0"]
NUMBERS = [0, 1, 255, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1]


def seeds() -> list[tuple[str, bytes]]:
    """Small whole files of every kind: (reader, bytes)."""
    x = dx.sym.Variable("data", shape=(2, 3), lr_mult=2.0)
    net = dx.sym.FullyConnected(dx.sym.BatchNorm(x, name="bn"), num_hidden=3, name="fc")
    net = dx.sym.Group([dx.sym.SoftmaxOutput(net, name="softmax"), dx.sym.Concat(net, net, name="c")])
    old = json.loads(net.tojson())
    for node in old["nodes"]:
        node |= {"param": node.pop("attrs", {}), "backward_source_id": -1}
        node["inputs"] = [e[:2] for e in node["inputs"]]
    del old["attrs"], old["node_row_ptr"]
    dense = {"arg:w": np.ones((2, 3), np.float32), "aux:m": np.zeros(4, np.float64), "h": np.ones(3, np.float16)}
    matrix = np.array([[0, 1, 0], [2, 0, 3]], np.float32)
    sparse = {"rows": Stored.of(matrix, "row_sparse"), "csr": Stored.of(matrix, "csr")}
    found = [("json", net.tojson().encode()), ("json", json.dumps(old).encode())]
    found += [("arrays", params_bytes(dense)), ("arrays", params_bytes(sparse))]
    found += [("arrays", params_bytes(dense, np_shape=True))]
    for write in (write_npz, write_safetensors):
        stream = io.BytesIO()
        write(stream, dense)
        found.append(("arrays", stream.getvalue()))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in (("m-symbol.json", found[0][1]), ("m-0000.params", found[2][1])):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return [*found, ("model", stream.getvalue())]


def real(folder: Path) -> list[tuple[str, bytes]]:
    """Real old files, the smaller ones."""
    found = [("json", gzip.decompress(f.read_bytes())) for f in sorted(folder.glob("*-symbol.json.gz"))]
    found += [("arrays", f.read_bytes()) for f in sorted(folder.glob("*.params"))]
    return [(kind, data) for kind, data in found if len(data) < 100_000]


READERS: dict[str, Callable[[bytes], object]] = {
    "json": lambda data: dx.sym.load_json(data.decode("utf-8", "surrogateescape")),
    "arrays": lambda data: read_arrays(data, max_dense=1 << 20),
    "model": lambda data: read_model(data, max_size=1 << 22),
}


def damage(rng: random.Random, data: bytes) -> bytes:
    """The bytes with one to five things wrong."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        at, size = rng.randrange(len(made) + 1), rng.choice((1, 2, 4, 8, 40))
        kind = rng.randrange(7)
        if kind == 0 and made:
            made[min(at, len(made) - 1)] = rng.randrange(256)
        elif kind == 1:
            made[at : at + size] = b""
        elif kind == 2:
            made[at:at] = made[at : at + size] * rng.choice((1, 2, 50))
        elif kind == 3:
            made[at : at + size] = made[(start := rng.randrange(len(made) + 1)) : start + size]
        elif kind == 4:
            width = rng.choice((4, 8))
            made[at : at + width] = (rng.choice(NUMBERS) % 2 ** (8 * width)).to_bytes(width, "little")
        elif kind == 5:
            made[at : at + rng.choice((0, size))] = rng.choice(WORDS)
        else:
            del made[max(at, 1) :]
    return bytes(made)


def run(examples: int, seed: int = 0, corpus: Path | None = None) -> Counter[str]:
    """Damages and reads so many files; what became of them, counted. Anything but a LoadError goes up."""
    rng, counts = random.Random(seed), Counter()
    files = seeds() + (real(corpus) if corpus else [])
    for _ in range(examples):
        kind, data = rng.choice(files)
        damaged = damage(rng, data)
        signal.alarm(SECONDS)
        try:
            READERS[kind](damaged)
            counts[f"{kind} loaded"] += 1
        except LoadError:
            counts[f"{kind} refused"] += 1
        except BaseException:
            Path("fuzz-failure.bin").write_bytes(damaged)
            print(f"the file is fuzz-failure.bin, read as {kind}", file=sys.stderr)
            raise
        finally:
            signal.alarm(0)
    return counts


def limit_memory() -> None:
    """Lets the process map no more than ROOM beyond what it has mapped."""
    dx.sym.load_json(dx.sym.relu(dx.sym.Variable("x")).tojson())  # operators are loaded now
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + ROOM, resource.RLIM_INFINITY))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, help="a folder of real files to damage as well")
    options = parser.parse_args()
    limit_memory()
    for what, count in sorted(run(options.examples, options.seed, options.corpus).items()):
        print(what, count)
