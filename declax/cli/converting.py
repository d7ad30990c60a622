"""`convert`."""

import argparse
import os
import sys
from typing import Any

import numpy as np

from declax.cli.common import OK, Problem, Progress, check_output, command, load_symbol

_WRITABLE = (".params", ".nd", ".npz", ".safetensors")

_EXAMPLES = """
  python -m declax convert net-0010.params net.safetensors
  python -m declax convert net.safetensors net-0000.params
  python -m declax convert net-0010.params net.npz --bare --dtype float16
  python -m declax convert old-symbol.json new-symbol.json
"""

_DESCRIPTION = """
Arrays are converted between MXNet's .params, NumPy's .npz and .safetensors; the input is recognised by its content, the
output by the ending of its name. Names stay as they are (arg:conv_weight) unless --bare is given. A symbol JSON of any
MXNet version becomes one of 1.9.1; what was upgraded is told on stderr.
"""


def add(commands: Any) -> None:
    """Adds the command to the parser."""
    p = command(commands, "convert", "convert parameters to another format, or an old symbol JSON to a new one",
                _DESCRIPTION, _EXAMPLES)  # fmt: skip
    p.add_argument("input", help="a file of arrays or a symbol JSON")
    p.add_argument("output", help="the file to write: .params, .npz, .safetensors or .json")
    p.add_argument("--bare", action="store_true", help="leave arg: and aux: out of the names")
    p.add_argument(
        "--dtype", choices=("float16", "bfloat16", "float32", "float64"), help="type for floating point arrays"
    )
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Converts one file."""
    from declax.errors import LoadError
    from declax.io.arrays import format_of

    kind = format_of(args.input)
    ending = os.path.splitext(args.output)[1].lower()
    check_output(args.output)
    if kind is None:
        raise LoadError(f"{args.input}: this is neither symbol JSON nor a file of arrays by its first bytes")
    if kind == "json":
        if ending != ".json":
            raise Problem(f"{args.output}: a symbol is written to a name that ends in .json")
        return _upgrade(args)
    if ending not in _WRITABLE:
        raise Problem(f"{args.output}: arrays are written to a name that ends in {', '.join(_WRITABLE)}")
    return _arrays(args)


def _upgrade(args: argparse.Namespace) -> int:
    from declax.inspection.report import upgrades_text
    from declax.io.json import load_json_with_report, read_text

    net = load_symbol(args.input)
    _, upgrades = load_json_with_report(read_text(args.input), args.input)
    net.save(args.output, remove_amp_cast=False)
    if upgrades:
        print(f"upgraded: {upgrades_text(upgrades)}", file=sys.stderr)
    print(args.output)
    return OK


def _arrays(args: argparse.Namespace) -> int:
    from declax.io.arrays import read_arrays, write_arrays
    from declax.rules import dtype_of

    given = read_arrays(args.input)
    made: dict[str, np.ndarray] = {}
    progress = Progress("converting")
    for i, (name, array) in enumerate(given.items()):
        progress(i, len(given), name)
        if array is None:
            print(f"{name}: an array without values, which is left out", file=sys.stderr)
            continue
        bare = name.removeprefix("arg:").removeprefix("aux:") if args.bare else name
        if bare in made:
            raise Problem(f"two arrays would be called {bare!r}: convert without --bare")
        floating = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
        made[bare] = array.astype(dtype_of(args.dtype)) if args.dtype and floating else array
    try:
        write_arrays(args.output, made)
    except TypeError as e:
        raise Problem(str(e)) from None
    Progress.clear()
    print(args.output)
    return OK
