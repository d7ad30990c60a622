"""`run`, `record` and `parity`."""

import argparse
import os
from typing import Any

import numpy as np

from declax.cli.common import (
    FINDINGS,
    OK,
    Problem,
    Progress,
    add_json,
    add_params,
    check_output,
    command,
    find_params,
    load_symbol,
    print_json,
)

_RUN_EXAMPLES = """
  python -m declax run net-symbol.json inputs.npz -o outputs.npz
  python -m declax run net-symbol.json inputs.npz --params net-0010.params -o outputs.npz
  python -m declax run net-symbol.json image.npy --params net-0010.params -o features.npz --output flatten0_output
"""

_RUN = """
The inputs are an .npz with one array for each input of the graph, by name, or an .npy for a graph with one input.
Labels may be left out: they do not matter here. The outputs are written as an .npz by their names, and told with their
shapes and ranges.
"""

_RECORD_EXAMPLES = """
  python -m declax record net-symbol.json inputs.npz --params net-0010.params -o net-record.npz
  python -m declax record net-symbol.json inputs.npz --params net-0010.params -o net-record.npz --outputs mxnet.npz
"""

_RECORD = """
Runs the graph node by node and writes a small file with the inputs, and checksums, statistics and samples of what every
node gave, for `parity`. --outputs records arrays that were computed elsewhere, by output name (conv0_output), instead.
"""

_PARITY_EXAMPLES = """
  python -m declax parity net-symbol.json net-record.npz --params net-0010.params
  python -m declax parity net-symbol.json net-record.npz --params net-0010.params --tolerance 1e-5 --json
"""

_PARITY = """
Runs the graph node by node on the recorded inputs and tells the first node whose numbers depart from the record, by how
much, and whether its inputs were still right. Exits with 1 when a node departs.
"""


def add(commands: Any) -> None:
    """Adds the commands to the parser."""
    p = command(commands, "run", "run a graph on arrays", _RUN, _RUN_EXAMPLES)
    _add_graph(p)
    p.add_argument("-o", "--out", metavar="FILE", required=True, help="the .npz (or .safetensors) for the outputs")
    p.add_argument("--output", metavar="NAME", action="append", default=[], dest="outputs",
                   help="an output of any node (conv1_output) instead of the graph's; may be given again")  # fmt: skip
    p.add_argument("--seed", type=int, default=0, help="what random nodes draw from (default: 0)")
    add_json(p)
    p.set_defaults(run=run)
    p = command(commands, "record", "record what every node of a graph gives", _RECORD, _RECORD_EXAMPLES)
    _add_graph(p)
    p.add_argument("-o", "--out", metavar="FILE", required=True, help="the record, an .npz")
    p.add_argument("--outputs", metavar="FILE", help="an .npz of outputs that were computed elsewhere")
    p.add_argument("--samples", type=int, default=32, help="values kept of each array (default: 32)")
    p.add_argument("--seed", type=int, default=0, help="what random nodes draw from (default: 0)")
    p.set_defaults(run=record)
    p = command(commands, "parity", "tell where a graph's numbers depart from a record", _PARITY, _PARITY_EXAMPLES)
    p.add_argument("symbol", help="a *-symbol.json")
    p.add_argument("record", help="what `record` wrote")
    add_params(p)
    p.add_argument("--tolerance", type=float, help="allowed difference relative to an array's largest value")
    add_json(p)
    p.set_defaults(run=parity)


def _add_graph(p: argparse.ArgumentParser) -> None:
    p.add_argument("symbol", help="a *-symbol.json")
    p.add_argument("inputs", help="an .npz with the inputs by name, or an .npy for one input")
    add_params(p)


def _inputs(path: str, net: Any, params: str | None) -> dict[str, np.ndarray]:
    """Arrays by input name."""
    from declax.errors import LoadError
    from declax.inspection.source import saved_of
    from declax.io.arrays import read_arrays

    if not path.endswith(".npy"):
        return dict(read_arrays(path))
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as e:
        raise LoadError(f"{path}: not a whole .npy file: {e}") from None
    known = saved_of(params).arrays if params else {}
    free = [n for n in net.list_inputs() if n not in known and not n.endswith("label")]
    if len(free) != 1:
        raise Problem(f"{path}: an .npy is for a graph with one input, but this one has {free}: use an .npz with names")
    return {free[0]: array}


def run(args: argparse.Namespace) -> int:
    """Runs a graph as one compiled function."""
    from declax.errors import nearest
    from declax.io.arrays import write_arrays
    from declax.symbol import Group

    if os.path.splitext(args.out)[1].lower() not in (".npz", ".safetensors", ".params"):
        raise Problem(f"{args.out}: the outputs are written to a name that ends in .npz, .safetensors or .params")
    check_output(args.out)
    net = load_symbol(args.symbol)
    params = find_params(args)
    if args.outputs:
        internals = net.get_internals()
        known = internals.list_outputs()
        for name in args.outputs:
            if name not in known:
                near = f"; did you mean '{name}_output'?" if f"{name}_output" in known else nearest(name, known)
                raise Problem(f"--output {name}: no node has an output of this name{near}")
        net = Group([internals[n] for n in args.outputs])
    given = _inputs(args.inputs, net, params)
    from declax import lower
    from declax.recording.running import feed

    values = feed(net, params, given)
    import jax

    f = lower(net)
    key = jax.random.key(args.seed)
    states = {n: values[n] for n in f.auxiliary_states}
    outputs, _ = f({n: values[n] for n in f.arguments}, states, key=key)
    made = dict(zip(f.outputs, map(np.asarray, outputs), strict=True))
    try:
        write_arrays(args.out, made)
    except TypeError as e:
        raise Problem(str(e)) from None
    told = {n: _told(a) for n, a in made.items()}
    if args.json:
        print_json({"file": args.out, "outputs": told})
    else:
        for n, t in told.items():
            print(f"{n}  {t['dtype']}{t['shape']}  from {t['min']:.6g} to {t['max']:.6g}, mean {t['mean']:.6g}")
        print(args.out)
    return OK


def _told(array: np.ndarray) -> dict[str, Any]:
    wide = array.astype(np.float64) if array.size else np.zeros(1)
    return {
        "shape": list(array.shape), "dtype": array.dtype.name, "min": float(wide.min()), "max": float(wide.max()),
        "mean": float(wide.mean()),
    }  # fmt: skip


def record(args: argparse.Namespace) -> int:
    """Writes a record."""
    check_output(args.out)
    net = load_symbol(args.symbol)
    params = find_params(args)
    given = _inputs(args.inputs, net, params)
    from declax.io.arrays import read_arrays
    from declax.recording import record as write

    outputs = read_arrays(args.outputs) if args.outputs else None
    write(net, params, given, args.out, outputs=outputs, seed=args.seed, samples=args.samples,
          progress=Progress("running nodes"))  # fmt: skip
    Progress.clear()
    print(args.out)
    return OK


def parity(args: argparse.Namespace) -> int:
    """Prints where the numbers depart."""
    net = load_symbol(args.symbol)
    params = find_params(args)
    from declax.recording import parity as compare

    found = compare(net, params, args.record, tolerance=args.tolerance, progress=Progress("running nodes"))
    Progress.clear()
    if args.json:
        print_json(found.to_dict())
    else:
        print(found)
    return OK if found else FINDINGS
