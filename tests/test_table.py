"""Every case of the table of operators, in every generic way; each test runs a batch of cases."""

from typing import Any

import jax
import numpy as np
import pytest

import declax as dx
from tests.harness import Bound, bodies, bound_cases, chunks, close, each, together

CASES = bound_cases()
BATCHES = [pytest.param(part, id=name) for name, part in chunks(CASES)]
PLAIN = [pytest.param(part, id=name) for name, part in chunks(b for b in CASES if b.plain)]
DIFFERENTIABLE = [
    pytest.param(part, id=name) for name, part in chunks((b for b in CASES if b.case.grad and b.plain), size=16)
]
STEP = 1e-6
GUESSING = {"Concat", "_rnn_param_concat", "_npi_concatenate"}
"""Operators for which, as in MXNet, an input of unknown rank counts as empty."""


def _tolerance(b: Bound) -> tuple[float, float]:
    """(rtol, atol) that the narrowest floating type among a case's arrays allows."""
    types = {x.dtype for x in (*b.arrays, *b.traced)}
    if any(t.name == "bfloat16" for t in types):
        return 2e-2, 2e-2
    narrow = min((np.finfo(t).bits for t in types if t.kind == "f"), default=32)
    return {16: (4e-3, 4e-3), 32: (2e-5, 4e-6), 64: (1e-9, 1e-11)}[narrow]


@pytest.mark.parametrize("members", BATCHES)
def test_executor_gives_what_the_body_gives(members: list[Bound]):
    """`bind` and `forward`, compiled, against the bodies alone: outputs, hidden ones left out, and new states."""

    def run(part: list[Bound]) -> dict[Bound, Any]:
        arrays = {n: dx.nd.array(x, dtype=x.dtype) for b in part for n, x in zip(b.names, b.arrays, strict=True)}
        aux = {n: arrays.pop(n) for b in part for n in b.aux_names}
        net = dx.sym.Group([b.symbol for b in part])
        ex = net.bind(dx.cpu(), arrays, grad_req="null", aux_states=aux)
        outputs = iter([o.asnumpy() for o in ex.forward(is_train=part[0].case.train)])
        found = {b: [next(outputs) for _ in range(len(b.symbol))] for b in part}
        return {b: (ys, [ex.aux_dict[n].asnumpy() for n in b.aux_names]) for b, ys in found.items()}

    results, wanted = together(members, run), together(members, bodies)

    def check(b: Bound) -> None:
        for found in (results[b], wanted[b]):
            if isinstance(found, Exception):
                raise found
        outputs, states = results[b]
        rtol, atol = _tolerance(b)
        for i, (got, want) in enumerate(zip(outputs, wanted[b][b.shown], strict=True)):
            if b.random:
                assert (got.shape, got.dtype) == (want.shape, want.dtype), f"output {i}"
            else:
                close(f"output {i}", got, want, rtol, atol)
        for n, got, want in zip(b.aux_names, states, wanted[b][b.written], strict=True):
            close(n, got, want, rtol, atol)

    each(members, check)


@pytest.mark.parametrize("members", PLAIN)
def test_inference_agrees_with_what_is_computed(members: list[Bound]):
    """Shapes and types with everything known, and shapes with one first dimension unknown."""

    def check(b: Bound) -> None:
        shapes = {n: x.shape for n, x in zip(b.names, b.arrays, strict=True)}
        types = {n: x.dtype for n, x in zip(b.names, b.arrays, strict=True)}
        wanted = [y.shape for y in b.traced[b.shown]]
        if b.case.np_shape or all(d > 0 and s for s in (*shapes.values(), *wanted) for d in (*s, 1)):
            assert b.symbol.infer_shape(**shapes)[1] == wanted
            for name, shape in shapes.items():
                if shape:
                    _agrees(b, {**shapes, name: (-1 if b.case.np_shape else 0, *shape[1:])}, wanted)
                if b.op.name not in GUESSING:
                    _agrees(b, {k: v for k, v in shapes.items() if k != name}, wanted)
        inferred = b.symbol.infer_type_partial(**types)[1]
        if b.arrays or None not in inferred:  # a constant may take its type from the rest of a graph
            assert [np.dtype(t) for t in inferred] == [y.dtype for y in b.traced[b.shown]]

    each(members, check)


def _agrees(b: Bound, known: dict, wanted: list[tuple[int, ...]]) -> None:
    """Whatever inference says from partial knowledge is true."""
    try:
        partial = b.symbol.infer_shape_partial(**known)[1]
    except dx.errors.InferenceError as e:
        # Operators that MXNet does not let wait; and losses, whose labels have several forms, told apart by the data.
        if b.op.needs_shape or b.op.loss or "must be known here" in str(e):
            return
        raise
    for got, want in zip(partial, wanted, strict=True):
        if got:
            fits = len(got) == len(want) and all(g in (0, -1, w) for g, w in zip(got, want, strict=True))
            assert fits, f"from {known}: {got}, computed {want}"


@pytest.mark.parametrize("members", DIFFERENTIABLE)
def test_gradient_is_the_slope(members: list[Bound]):
    """`jax.grad` of the lowered symbol in float64 against central differences along random directions."""

    def run(part: list[Bound]) -> dict[Bound, Any]:
        rng = np.random.default_rng(1)
        net = dx.lower(dx.sym.Group([b.symbol for b in part]))
        arrays = {n: _wide(x) for b in part for n, x in zip(b.names, b.arrays, strict=True)}
        aux = {n: arrays.pop(n) for b in part for n in b.aux_names}
        moved = {b.names[i]: arrays[b.names[i]] for b in part for i in _wrt(b) if b.names[i] in arrays}
        fixed = {n: x for n, x in arrays.items() if n not in moved}
        directions = {n: rng.normal(size=x.shape) for n, x in moved.items()}
        ends = np.cumsum([len(b.symbol) for b in part])
        weights: list = []

        def projections(xs: dict) -> tuple:
            outputs, _ = net({**fixed, **xs}, aux, train=part[0].case.train, key=jax.random.key(3))
            if not weights:
                weights.extend(rng.normal(size=y.shape) if y.dtype.kind == "f" else None for y in outputs)
            terms = [0.0 if w is None else (w * y).sum() for w, y in zip(weights, outputs, strict=True)]
            each_case = [sum(terms[e - len(b.symbol) : e]) for b, e in zip(part, ends, strict=True)]
            return sum(each_case), each_case

        with jax.enable_x64(True):
            slopes_of = jax.jit(jax.value_and_grad(projections, has_aux=True))
            (_, _), grads = slopes_of(moved)
            sides = []
            for sign in (STEP, -STEP):
                (_, each_case), _ = slopes_of({n: x + sign * directions[n] for n, x in moved.items()})
                sides.append([float(v) for v in each_case])
        found = {}
        for b, high, low in zip(part, *sides, strict=True):
            inner = [(np.asarray(grads[n]) * directions[n]).sum() for n in b.names if n in moved]
            found[b] = (float(sum(inner)), (high - low) / (2 * STEP))
        return found

    results = together(members, run)

    def check(b: Bound) -> None:
        if isinstance(results[b], Exception):
            raise results[b]
        got, want = results[b]
        assert abs(got - want) <= 1e-5 * max(1.0, abs(want)), f"slope {got!r}, finite differences give {want!r}"

    each(members, check)


def _wide(x: np.ndarray) -> np.ndarray:
    return x.astype("float64") if x.dtype.kind == "f" or x.dtype.name == "bfloat16" else x


def _wrt(b: Bound) -> tuple[int, ...]:
    """Positions of the inputs to differentiate."""
    floating = tuple(i for i, x in enumerate(b.arrays) if x.dtype.kind == "f")
    return floating if b.case.wrt is None else b.case.wrt


@pytest.mark.parametrize("members", BATCHES)
def test_json_round_trip(members: list[Bound]):
    """Saved and loaded, a symbol is the same symbol, with the same inputs and outputs."""

    def check(b: Bound) -> None:
        text = b.symbol.tojson(remove_amp_cast=False)
        again = dx.sym.load_json(text)
        assert again.tojson(remove_amp_cast=False) == text
        assert again.list_inputs() == b.symbol.list_inputs()
        assert again.list_outputs() == b.symbol.list_outputs()

    each(members, check)


@pytest.mark.parametrize("members", PLAIN)
def test_body_can_be_vmapped(members: list[Bound]):
    """Tracing the body under `vmap` gives every output one more leading axis."""

    def check(b: Bound) -> None:
        if not b.arrays or b.op.name == "Custom":  # user Python, which no transformation reaches
            return
        with jax.enable_x64(True):
            stacked = [jax.ShapeDtypeStruct((2, *x.shape), x.dtype) for x in b.arrays]
            traced = jax.eval_shape(jax.vmap(lambda *xs: b.run(xs)), *stacked)
        wanted = [((2, *y.shape), y.dtype) for y in b.traced]
        assert [(y.shape, y.dtype) for y in traced] == wanted

    each(members, check)
