"""Makes tests/data from MXNet 1.9.1's recorded facts and executions: `python -m tests.make_data FOLDER`.

FOLDER holds `ops.json` and `visible/index.json.gz` with its arrays. Written are the facts of every operator (names,
aliases, parameters, inputs, outputs) and, for the operators that declax has, small executions with MXNet's numbers.
"""

import gzip
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent / "data"
PER_OPERATOR = 3
DIFFERENT = {
    "_npi_rot90", "_npi_rarctan2_scalar", "_npi_where_lscalar", "_npi_where_rscalar", "_npi_unique", "_npx_nonzero",
    "_npi_bincount", "_npi_delete", "_contrib_quantized_conv", "_contrib_quantized_fully_connected",
}  # fmt: skip
"""Operators of docs/differences.md whose recorded numbers are not right, and those whose sums saturate by CPU."""

DIFFERENT_CASES = {
    "71d8b7494af2": "MXNet casts a head gradient back through a cast to whole numbers",
    "5d37cefdaeed": "MXNet's RNN ignores the lengths of sequences",
    "db3c66f43657": "MXNet's RNN ignores the lengths of sequences",
}

LARGEST = 1500
"""Elements that a case may hold, all arrays together."""


def main(folder: Path) -> None:
    HERE.mkdir(exist_ok=True)
    write(HERE / "ops_facts.json.gz", facts(json.loads((folder / "ops.json").read_text())["ops"]))
    index = json.loads(gzip.decompress((folder / "visible" / "index.json.gz").read_bytes()))["cases"]
    recorded(select(index), folder / "visible")


def write(path: Path, value: object) -> None:
    """Compressed JSON with a fixed time stamp, so that equal content gives equal bytes."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(path.name, path.stat().st_size, "bytes")


def facts(ops: dict) -> dict:
    """Name -> what the registry of MXNet says of the operator, and of some sets of attributes ("variants")."""
    wanted = ("attrs", "inputs", "aux_states", "output_names", "total_outputs", "visible_outputs")
    return {
        name: {
            "aliases": op["aliases"],
            "params": [[p["name"], p["type"], p.get("default"), p.get("required", False)] for p in op["params"]],
            "declared": [i["name"] for i in op["declared_inputs"]],
            "num_args": op["key_var_num_args"],
            "variants": [{k: v[k] for k in wanted if k in v} for v in op["variants"]],
        }
        for name, op in ops.items()
    }


def elements(case: dict) -> int:
    keys = [*case["inputs"].values(), *case["aux_before"].values(), *case["outputs"], *case.get("grads", {}).values()]
    keys += [*(case.get("out_grads") or []), *case["aux_after"].values()]
    return sum(int(np.prod([int(d) for d in k.split(":")[1].split(",") if d])) for k in keys)


def select(index: list[dict]) -> list[dict]:
    """Up to PER_OPERATOR small cases for each operator that declax has, different in attributes, gradients first."""
    from declax.registry import find, load

    load()
    taken: Counter = Counter()
    seen: dict[str, set] = defaultdict(set)
    chosen = []
    usable = [
        c
        for c in index
        if not c.get("random") and c.get("outputs") and all(find(o) and o not in DIFFERENT for o in c["ops"])
        if c["id"] not in DIFFERENT_CASES
    ]
    for case in sorted(usable, key=lambda c: (len(c["ops"]), not c.get("grads"), elements(c), c["id"])):
        if len(case["ops"]) > 2 or elements(case) > LARGEST or "Custom" in case["ops"]:
            continue
        nodes = json.loads(case["symbol"])["nodes"]
        shape = json.dumps([(n["op"], sorted(n.get("attrs", {}).items())) for n in nodes if n["op"] != "null"])
        if all(taken[o] >= PER_OPERATOR or shape in seen[o] for o in case["ops"]):
            continue
        for o in case["ops"]:
            taken[o] += 1
            seen[o].add(shape)
        chosen.append(case)
    return chosen


def recorded(cases: list[dict], folder: Path) -> None:
    """Writes the cases with their arrays packed into one flat array per dtype."""
    packed: dict[str, list] = defaultdict(list)
    sizes: Counter = Counter()
    files: dict[str, dict] = {}
    known: dict[tuple, str] = {}

    def move(case: dict, key: str) -> str:
        dtype, rest = key.split("@")
        offset, dims = rest.split(":")
        count = int(np.prod([int(d) for d in dims.split(",") if d]))
        if case["file"] not in files:
            with np.load(folder / case["file"]) as z:
                files[case["file"]] = {k: z[k] for k in z.files}
        values = files[case["file"]][dtype][int(offset) : int(offset) + count]
        content = (dtype, dims, values.tobytes())
        if content not in known:
            known[content] = f"{dtype}@{sizes[dtype]}:{dims}"
            packed[dtype].append(values)
            sizes[dtype] += count
        return known[content]

    index = []
    for case in cases:
        kept = {k: case[k] for k in ("id", "ops", "is_train", "grad_req", "rtol", "atol")}
        kept["np_shape"] = bool(case.get("np_shape"))
        kept["symbol"] = json.dumps(json.loads(case["symbol"]), separators=(",", ":"))
        for field in ("inputs", "aux_before", "aux_after", "grads"):
            kept[field] = [[n, move(case, k)] for n, k in case.get(field, {}).items()]
        kept["outputs"] = [move(case, k) for k in case["outputs"]]
        given = case.get("out_grads")
        kept["out_grads"] = given and [move(case, k) for k in given]
        index.append(kept)
    write(HERE / "recorded.json.gz", index)
    np.savez_compressed(HERE / "recorded.npz", **{k: np.concatenate(v) for k, v in packed.items()})
    print(len(index), "cases,", (HERE / "recorded.npz").stat().st_size, "bytes of arrays")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
