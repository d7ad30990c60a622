"""What MXNet 1.9.1 reads from real old parameter files, as one digest a file, kept in tests/data.

With an MXNet 1.9.1: `python tests/record_legacy.py FOLDER tests/data/legacy_params.json`. The files' licences vary, so
the files themselves are not part of the project.
"""

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
    """Writes a JSON object of digests by file name, null where MXNet cannot read a file."""
    import mxnet

    found = {}
    for file in sorted(Path(folder).glob("*.params")):
        try:
            loaded = mxnet.nd.load(str(file))
            named = loaded if isinstance(loaded, dict) else {str(i): a for i, a in enumerate(loaded)}
            found[file.name] = digest({n: a.asnumpy() for n, a in named.items()})
        except mxnet.base.MXNetError:
            found[file.name] = None
    Path(target).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
