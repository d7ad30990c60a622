"""What MXNet 1.9.1 makes of real old files, as one digest a file, kept in tests/data.

With an MXNet 1.9.1: `python tests/record_legacy.py FOLDER tests/data/legacy.json`. The licences of the files vary, so
they are not part of the project themselves.
"""

import gzip
import hashlib
import json
import sys
from pathlib import Path


def digest(arrays) -> str:
    """SHA-256 of the names, types, shapes and bytes of numpy arrays by name."""
    found = hashlib.sha256()
    for name, array in arrays.items():
        found.update(f"{name}|{array.dtype.name}|{list(array.shape)}|".encode())
        found.update(array.tobytes())
    return found.hexdigest()


def main(folder: str, target: str) -> None:
    """Writes digests of the arrays of `.params` files and of the graphs of symbol files as MXNet writes them again.

    null stands for a file that MXNet cannot read.
    """
    import mxnet

    params: dict = {}
    for file in sorted(Path(folder).glob("*.params")):
        try:
            loaded = mxnet.nd.load(str(file))
            named = loaded if isinstance(loaded, dict) else {str(i): a for i, a in enumerate(loaded)}
            params[file.name] = digest({n: a.asnumpy() for n, a in named.items()})
        except mxnet.base.MXNetError:
            params[file.name] = None
    symbols: dict = {}
    for file in sorted(Path(folder).glob("*-symbol.json.gz")):
        try:
            text = mxnet.sym.load_json(gzip.decompress(file.read_bytes()).decode()).tojson()
            symbols[file.name] = hashlib.sha256(text.encode()).hexdigest()
        except mxnet.base.MXNetError:
            symbols[file.name] = None
    Path(target).write_text(json.dumps({"params": params, "symbols": symbols}, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
