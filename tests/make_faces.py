"""Writes tests/data/faces.npz: what MXNet computes for the networks of examples/face_detection.py.

    python tests/make_faces.py FOLDER PYTHON

FOLDER holds det1 to det4, PYTHON is that of an environment with MXNet 1.9.1. The cascade runs here, with every network
evaluated there; the file holds some of the networks' inputs (pixels), MXNet's outputs for them, and the faces found.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))
import face_detection

DATA = Path(__file__).parent / "data" / "faces.npz"
SIZES = {"det1": 1, "det2": 4, "det3": 3, "det4": 1}
"""How many of a batch's inputs are kept, by network."""

WORKER = """
import sys
import mxnet as mx
import numpy as np
symbol, params, given, out = sys.argv[1:]
net, params = mx.sym.load(symbol), mx.nd.load(params)
data = np.load(given)
ex = net.simple_bind(mx.cpu(), grad_req="null", data=data.shape)
ex.copy_params_from({k[4:]: v for k, v in params.items() if k.startswith("arg:")}, {}, allow_extra_params=True)
outputs = ex.forward(is_train=False, data=mx.nd.array(data))
np.savez(out, **{n: y.asnumpy() for n, y in zip(net.list_outputs(), outputs)})
"""


class Reference(face_detection.Net):
    """A network that MXNet evaluates."""

    python = ""
    seen: dict[str, np.ndarray] = {}

    def __init__(self, folder: Path, stem: str):
        self.stem = stem
        self.symbol = face_detection.only(folder, f"*{stem}-symbol.json", f"*{stem}-symbol.json.gz")
        self.params = face_detection.only(folder, f"*{stem}-0001.params", f"*{stem}.params")

    def __call__(self, pixels: np.ndarray) -> dict[str, np.ndarray]:
        with tempfile.TemporaryDirectory() as folder:
            symbol, given, out = (str(Path(folder) / n) for n in ("net-symbol.json", "given.npy", "out.npz"))
            Path(symbol).write_text(face_detection.read_symbol(self.symbol).tojson())
            np.save(given, ((pixels.transpose(0, 3, 1, 2) - 127.5) / 128).astype("float32"))
            subprocess.run([self.python, "-c", WORKER, symbol, str(self.params), given, out], check=True)
            found = dict(np.load(out))
        if self.stem != "det1" or pixels.shape[1] == 64:
            keep = SIZES[self.stem]
            self.seen[f"{self.stem}/pixels"] = pixels[:keep]
            self.seen.update({f"{self.stem}/{n}": y[:keep] for n, y in found.items()})
        return found


def main():
    folder, Reference.python = Path(sys.argv[1]), sys.argv[2]
    face_detection.Net = Reference
    faces = face_detection.Detector(folder)(face_detection.photograph(None))
    np.savez_compressed(DATA, **Reference.seen, **{f"faces/{n}": v for n, v in faces._asdict().items()})
    print(f"{DATA}: {DATA.stat().st_size} bytes, {len(faces.boxes)} face(s)")


if __name__ == "__main__":
    main()
