"""`diff`."""

import argparse
from typing import Any

from declax.cli.common import FINDINGS, OK, Progress, add_json, command, print_json

_EXAMPLES = """
  python -m declax diff old-symbol.json new-symbol.json
  python -m declax diff net-0010.params net-0020.params --rtol 1e-5
  python -m declax diff a-symbol.json b-symbol.json --params a-0001.params b-0001.params
  python -m declax diff net-0010.params net.safetensors && echo equal
"""

_DESCRIPTION = """
Nodes of two graphs are paired by what they do and how they are wired: an inserted node is one difference, and automatic
names may differ. Attributes are compared by meaning, with defaults filled in. Arrays are compared by name: shape, type,
largest absolute and relative difference. Exits with 1 when anything differs.
"""


def add(commands: Any) -> None:
    """Adds the command to the parser."""
    p = command(
        commands, "diff", "tell what differs between two graphs or two files of parameters", _DESCRIPTION, _EXAMPLES
    )
    p.add_argument("a", help="a *-symbol.json or a file of arrays")
    p.add_argument("b", help="the file to compare it with")
    p.add_argument("-p", "--params", nargs=2, metavar=("FILE_A", "FILE_B"), help="parameters of the two graphs")
    p.add_argument("--rtol", type=float, default=0.0, help="relative difference that counts as equal (default: 0)")
    p.add_argument("--atol", type=float, default=0.0, help="absolute difference that counts as equal (default: 0)")
    add_json(p)
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the differences."""
    from declax.comparison import diff

    a, b = (args.a, args.b) if args.params is None else ((args.a, args.params[0]), (args.b, args.params[1]))
    progress, done = Progress("comparing"), 0

    def tell(name: str) -> None:
        nonlocal done
        done += 1
        progress(done, done, name)

    found = diff(a, b, rtol=args.rtol, atol=args.atol, progress=tell)
    Progress.clear()
    if args.json:
        print_json(found.to_dict())
    else:
        print(found)
    return FINDINGS if found else OK
