"""The command line, `python -m declax COMMAND`: its parser, its exit codes, and one clear message for an error."""

import argparse
import os
import sys
from collections.abc import Sequence

from declax.cli import comparing, converting, inspecting, running, showing
from declax.cli.common import FINDINGS, OK, WRONG, Problem, Progress
from declax.errors import MXNetError

_DESCRIPTION = """\
Look at MXNet model files, and compare, convert and run them.

Graphs are *-symbol.json of any MXNet version; arrays are .params, .npz or .safetensors.
"""

_EPILOG = f"""\
exit codes:
  {OK}  done, and nothing was found
  {FINDINGS}  done, and there are findings, differences or departures
  {WRONG}  wrong usage, or a file that cannot be read or does not fit

examples:
  python -m declax inspect net-symbol.json --params net-0010.params --shape data=1,3,224,224
  python -m declax convert net-0010.params net.safetensors
  python -m declax run net-symbol.json inputs.npz --params net-0010.params -o outputs.npz
  python -m declax diff old-symbol.json new-symbol.json

`python -m declax COMMAND --help` tells the rest.
"""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    made = argparse.ArgumentParser(
        "python -m declax",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    from declax import __version__

    made.add_argument("--version", action="version", version=f"declax {__version__}")
    commands = made.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for module in (inspecting, showing, converting, comparing, running):
        module.add(commands)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns the exit code."""
    args = parser().parse_args(argv)
    try:
        code = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        Progress.clear()
        return 130
    except (MXNetError, Problem, OSError) as e:
        Progress.clear()
        print(f"python -m declax {args.command}: {_words(e)}", file=sys.stderr)
        return WRONG
    return code


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
