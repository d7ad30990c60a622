"""MXNet 1.9.1's own numbers: outputs, gradients and auxiliary states of recorded executions, in batches.

`python -m tests.make_data FOLDER` renews the recordings.
"""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import declax as dx
from declax import graph

DATA = Path(__file__).parent / "data"
CASES = json.loads(gzip.decompress((DATA / "recorded.json.gz").read_bytes()))


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(DATA / "recorded.npz") as z:
        return {k: z[k] for k in z.files}


def batches(size: int = 24) -> list:
    """Cases that can be one graph: same mode, same kind of backward, same width of types."""
    groups: dict[tuple, list[dict]] = {}
    for case in CASES:
        backward = "forward" if case["grad_req"] == "null" or case["out_grads"] is None else ""
        backward = backward or ("heads" if case["out_grads"] else "loss")
        keys = [*(k for _, k in case["inputs"]), *case["outputs"]]
        wide = any(k.split("@")[0].endswith("64") for k in keys)
        key = (backward, "train" if case["is_train"] else "predict", "wide" if wide else "", case["np_shape"])
        groups.setdefault(key, []).append(case)
    found = []
    for (backward, mode, wide, np_shape), cases in groups.items():
        name = "-".join(filter(None, [backward, mode, wide, "np" if np_shape else ""]))
        for start in range(0, len(cases), size):
            found.append(pytest.param(cases[start : start + size], id=f"{name}-{start}"))
    return found


@pytest.mark.parametrize("cases", batches())
def test_recorded_executions(cases: list[dict], arrays: dict[str, np.ndarray]):
    with dx.util.np_shape(cases[0]["np_shape"]):
        try:
            failures = run(cases, arrays)
        except Exception:
            failures = []
            for case in cases:
                try:
                    failures += run([case], arrays)
                except Exception as e:
                    failures.append(f"{case['id']} {case['ops']}: {type(e).__name__}: {e}")
    assert not failures, f"{len(failures)} differences in {len(cases)} cases\n" + "\n".join(failures)


def run(cases: list[dict], arrays: dict[str, np.ndarray]) -> list[str]:
    """Runs the cases as one graph; one line per array that differs from MXNet's."""

    def array(key: str) -> np.ndarray:
        dtype, rest = key.split("@")
        offset, dims = rest.split(":")
        shape = tuple(int(d) for d in dims.split(",") if d)
        return arrays[dtype][int(offset) : int(offset) + int(np.prod(shape))].reshape(shape)

    def taken(field: str) -> dict[str, np.ndarray]:
        return {f"c{i}:{n}": array(k) for i, c in enumerate(cases) for n, k in c[field]}

    symbols = []
    for i, case in enumerate(cases):
        symbols.append(dx.sym.load_json(case["symbol"]))
        for node in graph.topological(symbols[-1].heads):
            node.name = f"c{i}:{node.name}"
    net = dx.sym.Group(symbols)
    args, req = taken("inputs"), {}
    for i, c in enumerate(cases):
        wanted = c["grad_req"]
        req.update({f"c{i}:{n}": wanted if isinstance(wanted, str) else wanted[n] for n, _ in c["inputs"]})
    ex = net.bind(
        dx.cpu(),
        {n: as_nd(x) for n, x in args.items()},
        {n: as_nd(np.zeros_like(args[n])) for n, q in req.items() if q != "null"},
        req,
        {n: as_nd(x) for n, x in taken("aux_before").items()},
    )
    outputs = ex.forward(is_train=cases[0]["is_train"])
    if cases[0]["out_grads"] is not None and set(req.values()) != {"null"}:
        heads = [as_nd(array(k)) for c in cases for k in c["out_grads"]]
        ex.backward(heads or None)
    failures = compare(cases, "output", iter([(f"c{i}", array(k)) for i, c in enumerate(cases) for k in c["outputs"]]),
                       iter(o.asnumpy() for o in outputs))  # fmt: skip
    grads = taken("grads") if cases[0]["out_grads"] is not None else {}
    failures += compare(cases, "gradient", grads.items(), (ex.grad_dict[n].asnumpy() for n in grads))
    aux = taken("aux_after")
    return failures + compare(cases, "state", aux.items(), (ex.aux_dict[n].asnumpy() for n in aux))


def as_nd(x: np.ndarray) -> Any:
    return dx.nd.array(x, dtype=x.dtype)


def compare(cases: list[dict], what: str, wanted: Iterable, got: Iterable) -> list[str]:
    """One line for every array of `got` that is not within its case's tolerance of the `wanted` one."""
    failures = []
    for (name, want), have in zip(wanted, got, strict=True):
        case = cases[int(name.split(":")[0][1:])]
        problem = difference(have, want, case["rtol"], case["atol"])
        if problem:
            failures.append(f"{case['id']} {case['ops']}: {what} {name.partition(':')[2]}: {problem}")
    return failures


def difference(got: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> str:
    """What is wrong with `got`, nothing when it is as recorded."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{got.dtype}{got.shape}, expected {want.dtype}{want.shape}"
    if want.dtype.kind != "f":
        return f"{(got != want).sum()} of {want.size} values differ" if (got != want).any() else ""
    g, w = got.astype("float64"), want.astype("float64")
    finite = np.isfinite(w)
    limit = atol * np.abs(w[finite]).max(initial=1.0) + rtol * np.abs(np.where(finite, w, 0))
    with np.errstate(invalid="ignore"):
        right = np.where(np.isnan(w), np.isnan(g), g == w) | (finite & (np.abs(g - w) <= limit))
    if right.all():
        return ""
    at = tuple(int(i) for i in np.argwhere(~right)[0])
    return f"{(~right).sum()} of {w.size} values differ, at {at}: {g[at]:.6g}, expected {w[at]:.6g}"
