"""`inspect`."""

import argparse
from typing import Any

from declax.cli.common import FINDINGS, OK, add_json, add_params, add_shapes, command, print_json, read_shapes

_EXAMPLES = """
  python -m declax inspect net-symbol.json
  python -m declax inspect net-symbol.json --params net-0010.params --shape data=1,3,224,224
  python -m declax inspect net-symbol.json --no-params
  python -m declax inspect net-0010.params
  python -m declax inspect net-symbol.json --json | jq '.findings[].message'
  python -m declax inspect net-symbol.json --fail-on error || echo "cannot be loaded"
"""

_DESCRIPTION = """
The file need not be loadable. Told are its format and version, what loading upgrades, the operators and which of them
are not supported with the nearest thing to do, inputs, labels and outputs, parameters that are missing, left over or of
another shape, costs for the given shapes, and traps such as a saved gamma that fix_gamma ignores.
"""


def add(commands: Any) -> None:
    """Adds the command to the parser."""
    p = command(commands, "inspect", "tell what is known about a model before it runs", _DESCRIPTION, _EXAMPLES)
    p.add_argument("file", help="a *-symbol.json, or a file of arrays")
    add_params(p)
    add_shapes(p)
    add_json(p)
    p.add_argument("--fail-on", choices=("error", "warning", "note", "never"), default="warning",
                   help="exit with 1 for findings of this severity or worse (default: warning)")  # fmt: skip
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints the report."""
    from declax.inspection import inspect
    from declax.inspection.report import SEVERITIES

    report = inspect(args.file, args.params, shape=read_shapes(args.shapes), beside=not args.no_params)
    if args.json:
        print_json(report.to_dict())
    else:
        print(report)
    bad = SEVERITIES[: SEVERITIES.index(args.fail_on) + 1] if args.fail_on != "never" else ()
    return FINDINGS if any(f.severity in bad for f in report.findings) else OK
