"""Every operator on shapes that nobody chose: what inference says, from all and from some shapes, is what is computed.

The sizes of a case of the table are replaced by others, equal ones by equal ones, and its body is traced on them.
Where the body takes the new shapes inference must give the traced shapes and types; where it refuses, inference may do
anything but promise other shapes.
"""

from itertools import groupby
from zlib import crc32

import jax
import numpy as np
import pytest

import declax as dx
from tests.harness import Bound, bound_cases, each
from tests.test_table import GUESSING, _agrees

WANTED, TRIES = 3, 8

FIXED = {"_npi_backward_ediff1d", "_npi_exponential", "_npi_logistic", "_npi_weibull", "_scatter_set_nd"}
"""Operators none of whose cases takes other sizes: their attributes or values say them all."""


def variants(b: Bound) -> list[list[tuple[int, ...]]]:
    """Other shapes for a case's arrays: each size above 1 that occurs is replaced throughout."""
    rng = np.random.default_rng(crc32(b.label.encode()))
    sizes = sorted({d for x in b.arrays for d in x.shape if d > 1})
    found = []
    for attempt in range(TRIES):
        # sizes that attributes fix must stay: later tries change only one
        changed = sizes if attempt < TRIES // 2 else [sizes[attempt % len(sizes)]] if sizes else []
        fresh = dict(zip(changed, rng.choice(np.arange(2, 14), len(changed), replace=False), strict=True))
        found.append([tuple(int(fresh.get(d, d)) for d in x.shape) for x in b.arrays])
    return found


def traced(b: Bound, shapes: list[tuple[int, ...]]) -> list | None:
    """Shapes and types of the body's results on arrays of these shapes, None when it refuses them."""
    avals = [jax.ShapeDtypeStruct(s, x.dtype) for s, x in zip(shapes, b.arrays, strict=True)]
    try:
        with jax.enable_x64(True):
            return list(jax.eval_shape(lambda *xs: b.run(xs), *avals))
    except Exception:
        return None


def check(b: Bound, tally: dict[str, int]) -> None:
    """Up to `WANTED` variants of a case."""
    done = 0
    for shapes in variants(b):
        known = dict(zip(b.names, shapes, strict=True))
        results = traced(b, shapes) if shapes != [x.shape for x in b.arrays] else None
        if results is None:
            continue
        wanted = [y.shape for y in results[b.shown]]
        try:
            inferred = b.symbol.infer_shape_partial(**known)[1]
        except dx.errors.InferenceError:
            continue  # stricter than the body, as MXNet is
        assert inferred == wanted, f"on {known}: inferred {inferred}, computed {wanted}"
        for name, shape in known.items():
            rank = len(shape)
            unknown = -1 if b.case.np_shape else 0
            for axis in range(rank):
                _agrees(b, {**known, name: (*shape[:axis], unknown, *shape[axis + 1 :])}, wanted)
            if b.op.name not in GUESSING:
                _agrees(b, {k: v for k, v in known.items() if k != name}, wanted)
        types = b.symbol.infer_type_partial(**{n: x.dtype for n, x in zip(b.names, b.arrays, strict=True)})[1]
        assert [np.dtype(t) for t in types] == [y.dtype for y in results[b.shown]]
        done += 1
        if done == WANTED:
            break
    tally[b.op.name] = tally.get(b.op.name, 0) + done


def families() -> list:
    """Two cases an operator, by family."""
    usable = [b for b in bound_cases() if b.plain and b.arrays and b.op.num_outputs(b.params) and b.op.name != "Custom"]
    usable = [b for b in usable if all(x.size for x in b.arrays)]
    found = []
    for family, members in groupby(usable, key=lambda b: b.family):
        by_operator: dict[str, list[Bound]] = {}
        for b in members:
            by_operator.setdefault(b.op.name, []).append(b)
        found.append(pytest.param([b for cases in by_operator.values() for b in cases[:2]], id=family))
    return found


@pytest.mark.parametrize("members", families())
def test_inference_on_random_shapes(members: list[Bound]):
    tally: dict[str, int] = {}
    each(members, lambda b: check(b, tally))
    assert {n for n, count in tally.items() if not count} <= FIXED
