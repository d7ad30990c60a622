"""`summary` and `plot`."""

import argparse
import os
from dataclasses import asdict
from typing import Any

from declax.cli.common import (
    OK,
    Problem,
    add_json,
    add_shapes,
    check_output,
    command,
    load_symbol,
    print_json,
    read_shapes,
)

_SUMMARY_EXAMPLES = """
  python -m declax summary net-symbol.json --shape data=1,3,224,224
  python -m declax summary net-symbol.json --shape data=1,3,224,224 --json | jq .flops
"""

_PLOT_EXAMPLES = """
  python -m declax plot net-symbol.json -o net.svg --shape data=1,3,224,224
  python -m declax plot net-symbol.json -o net.dot
"""

_FORMATS = ("svg", "pdf", "png", "dot")


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    p = command(commands, "summary", "print a table of a graph's layers with parameters, FLOPs and bytes",
                "Without --shape the table holds what can be inferred.", _SUMMARY_EXAMPLES)  # fmt: skip
    p.add_argument("symbol", help="a *-symbol.json")
    add_shapes(p)
    add_json(p)
    p.add_argument("--width", type=int, default=120, help="width of the table (default: 120)")
    p.set_defaults(run=summary)
    p = command(commands, "plot", "draw a graph", "Pictures need Graphviz's program dot; .dot, its source, does not.",
                _PLOT_EXAMPLES)  # fmt: skip
    p.add_argument("symbol", help="a *-symbol.json")
    p.add_argument(
        "-o", "--output", metavar="FILE", required=True, help=f"the picture: {', '.join(_FORMATS)} by its ending"
    )
    add_shapes(p)
    p.add_argument("--weights", action="store_true", help="draw weights, biases and other parameters too")
    p.set_defaults(run=plot)


def summary(args: argparse.Namespace) -> int:
    """Prints the table, or its numbers as JSON."""
    from declax import visualization

    net, shapes = load_symbol(args.symbol), _known(args)
    try:
        if args.json:
            found = visualization.summary(net, shapes)
            print_json(asdict(found) | {"bytes": found.bytes})
        else:
            visualization.print_summary(net, shapes, args.width)
    except ValueError as e:
        raise Problem(str(e)) from None
    return OK


def plot(args: argparse.Namespace) -> int:
    """Writes the picture."""
    from declax import visualization
    from declax.io.files import replacing

    kind = os.path.splitext(args.output)[1][1:].lower()
    if kind not in _FORMATS:
        raise Problem(f"{args.output}: expected a name that ends in {', '.join('.' + f for f in _FORMATS)}")
    check_output(args.output)
    try:
        drawing = visualization.plot_network(
            load_symbol(args.symbol), save_format=kind, shape=_known(args), hide_weights=not args.weights
        )
    except ValueError as e:
        raise Problem(str(e)) from None
    made = drawing.source.encode() if kind == "dot" else drawing.pipe(format=kind)
    with replacing(args.output) as file:
        file.write(made)
    print(args.output)
    return OK


def _known(args: argparse.Namespace) -> dict[str, tuple[int, ...]] | None:
    return read_shapes(args.shapes) or None
