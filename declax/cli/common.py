"""What the commands share: exit codes, options, the progress line, and how values are read and printed."""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

OK, FINDINGS, WRONG = 0, 1, 2
"""Exit codes: done; done with findings or differences; wrong usage or unusable files."""


class Problem(Exception):
    """What a command cannot do, in words for the person who called it."""


def command(commands: Any, name: str, summary: str, description: str, examples: str) -> argparse.ArgumentParser:
    """A subcommand's parser with examples under its help."""
    return commands.add_parser(
        name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.\n\n{description.strip()}",
        epilog=f"examples:\n{examples.strip(chr(10))}", formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for machines instead of text")


def add_params(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "-p", "--params", metavar="FILE",
        help="the graph's parameters (.params, .npz or .safetensors; names with or without arg: and aux:); by default "
        "net-0010.params (the latest epoch) or net.params beside net-symbol.json, if there is just one of them",
    )  # fmt: skip
    which.add_argument("--no-params", action="store_true", help="look for no parameters beside the graph")


def find_params(args: argparse.Namespace) -> str | None:
    """The file of parameters that was named, or the one beside the graph, which is then told on stderr."""
    if args.params is not None or args.no_params:
        return args.params
    from declax.io.beside import params_beside

    found = params_beside(args.symbol)
    if found.path is not None:
        print(f"parameters: {found.path} ({found.how}; --no-params leaves them out)", file=sys.stderr)
    elif found.rivals:
        print(
            f"parameters: none; {' and '.join(found.rivals)} lie beside the graph: choose with --params",
            file=sys.stderr,
        )
    return found.path


def add_shapes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-s", "--shape", metavar="NAME=D,D,...", action="append", default=[], dest="shapes",
        help="shape of an input, as in data=1,3,224,224; once for each input",
    )  # fmt: skip


def read_shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Shapes by name from the values of `--shape`.

    >>> read_shapes(["data=1,3,224,224", "label=(1,)"])
    {'data': (1, 3, 224, 224), 'label': (1,)}
    """
    found = {}
    for text in texts:
        name, equals, dims = text.rpartition("=")
        parts = [d.strip() for d in dims.strip("()[] ").replace("x", ",").split(",") if d.strip()]
        if not equals or not name or not all(d.isdigit() for d in parts):
            raise Problem(f"--shape {text}: expected NAME=D,D,..., as in data=1,3,224,224")
        found[name] = tuple(map(int, parts))
    return found


def load_symbol(path: str) -> Any:
    """The symbol in a file; the message of a failure says how to look closer."""
    from declax import symbol
    from declax.errors import LoadError

    try:
        return symbol.load(path)
    except LoadError as e:
        raise Problem(f"{e}\n  python -m declax inspect {path} says what the file holds") from None


def print_json(value: Any) -> None:
    """JSON, keys in their order, as text that any parser reads: what is no finite number is a text."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False))


def _finite(value: Any) -> Any:
    if isinstance(value, float) and value - value != 0:
        return str(value)
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return value


def check_output(path: str) -> None:
    """Fails before the work is done where the folder of a result does not exist."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise Problem(f"{path}: there is no folder {folder}")


class Progress:
    """A line on a terminal's stderr that says how far a long command is; silent elsewhere and for the first second."""

    _shown = False

    def __init__(self, what: str):
        self.what, self._began, self._last = what, monotonic(), 0.0

    def __call__(self, done: int, total: int, name: str = "") -> None:
        now = monotonic()
        if not sys.stderr.isatty() or now - self._began < 1 or now - self._last < 0.1:
            return
        self._last = now
        text = f"{self.what} {done}/{total} {name}"[:78]
        print(f"\r{text:<78}", end="", file=sys.stderr, flush=True)
        Progress._shown = True

    @staticmethod
    def clear() -> None:
        """Takes the line away."""
        if Progress._shown:
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)
            Progress._shown = False
