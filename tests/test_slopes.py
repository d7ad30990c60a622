"""Slopes that do not fit the table: of symmetric matrices, one output of two, samples, shapes that follow values."""

import jax
import numpy as np
import pytest

import declax as mx

STEP = 1e-6
MEASURED = {
    "_linalg_potrf", "_linalg_syevd", "_npi_cholesky", "_contrib_hawkesll", "_contrib_boolean_mask", "_npi_exponential",
    "_npi_gumbel", "_npi_logistic", "_npi_pareto", "_npi_rayleigh", "_npi_weibull",
}  # fmt: skip
"""The operators measured here; test_reflect.py asks that each differentiable one is measured somewhere."""


def measured(net, arrays: dict, wrt: list[str]) -> tuple[float, float]:
    """(slope by jax.grad, slope by central differences) of a weighted sum of the outputs, in float64."""
    rng = np.random.default_rng(3)
    run = mx.lower(net)
    arrays = {n: np.asarray(x, "float64") if np.asarray(x).dtype.kind == "f" else x for n, x in arrays.items()}
    directions = {n: rng.normal(size=arrays[n].shape) for n in wrt}
    with jax.enable_x64(True):
        arrays = {n: jax.numpy.asarray(x) for n, x in arrays.items()}
        weights = [rng.normal(size=y.shape) for y in run(arrays)[0]]

        def total(moved):
            return sum((w * y).sum() for w, y in zip(weights, run({**arrays, **moved})[0], strict=True))

        def along(step):
            return total({n: arrays[n] + step * directions[n] for n in wrt})

        slope = float(jax.grad(along)(0.0))
        return slope, (float(along(STEP)) - float(along(-STEP))) / (2 * STEP)


def symmetric() -> mx.sym.Symbol:
    """A positive definite matrix made of any matrix."""
    x = mx.sym.Variable("x")
    return mx.sym.linalg.syrk(x, transpose=False) + mx.sym.Variable("eye")


@pytest.mark.parametrize(
    "net",
    [
        mx.sym.linalg.potrf(symmetric()),
        mx.sym.linalg.potrf(symmetric(), lower=False),
        mx.sym.np.linalg.cholesky(symmetric()),
        mx.sym.linalg.syevd(symmetric())[1],
    ],
    ids=["potrf", "potrf upper", "cholesky", "eigenvalues"],
)
def test_factors_of_symmetric_matrices(net):
    x = np.random.default_rng(0).normal(size=(4, 4))
    got, want = measured(net, {"x": x, "eye": np.diag([1.0, 2.0, 3.0, 4.0])}, ["x"])
    assert got == pytest.approx(want, rel=1e-6)


def test_eigenvectors():
    """Rows whose sign is fixed by multiplying with the sign of their first element."""
    u = mx.sym.linalg.syevd(symmetric())[0]
    x = np.random.default_rng(0).normal(size=(4, 4))
    got, want = measured(u * u, {"x": x, "eye": np.diag([1.0, 2.0, 3.0, 4.0])}, ["x"])
    assert got == pytest.approx(want, rel=1e-6)


def test_likelihood_of_a_hawkes_process():
    names = "lda alpha beta state lags marks valid_length max_time".split()
    rng = np.random.default_rng(0)
    arrays = {
        "lda": rng.uniform(0.5, 1.5, (2, 3)), "alpha": rng.uniform(0.2, 0.8, 3), "beta": rng.uniform(1, 2, 3),
        "state": rng.uniform(0, 1, (2, 3)), "lags": rng.uniform(0.1, 1, (2, 5)),
        "marks": rng.integers(0, 3, (2, 5)).astype("int32"), "valid_length": np.array([5.0, 3.0]),
        "max_time": np.array([6.0, 7.0]),
    }  # fmt: skip
    net = mx.sym.contrib.hawkesll(*[mx.sym.Variable(n) for n in names])[0]
    got, want = measured(net, arrays, ["lda", "alpha", "beta"])
    assert got == pytest.approx(want, rel=1e-6)


def test_rows_chosen_by_value():
    net = mx.sym.contrib.boolean_mask(mx.sym.Variable("x"), mx.sym.Variable("mask")) ** 2
    got, want = measured(net, {"x": np.arange(6.0).reshape(3, 2), "mask": np.array([1, 0, 1], "int32")}, ["x"])
    assert got == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "attrs", "noise"),
    [
        ("logistic", {"loc": None, "scale": None}, lambda y, loc, scale: (y - loc) / scale),
        ("gumbel", {"loc": None, "scale": None}, lambda y, loc, scale: (y - loc) / scale),
        ("exponential", {"scale": None}, lambda y, scale: y / scale),
        ("rayleigh", {"scale": None}, lambda y, scale: y / scale),
        ("weibull", {"a": None}, lambda y, a: -y * np.log(y) / a),
        ("pareto", {"a": None}, lambda y, a: -(y + 1) * np.log(y + 1) / a),
    ],
)
def test_samples_move_with_their_parameters(name, attrs, noise):
    """A sample is a function of its parameters and of noise; the last parameter's slope follows from the sample."""
    with mx.util.np_shape(True):
        names = list(attrs)
        net = getattr(mx.sym.np._internal, name)(*[mx.sym.Variable(n) for n in names], **attrs)
        run = mx.lower(net)
        arrays = {n: np.array([1.5, 2.0, 0.7], "float32") for n in names}
        key = jax.random.key(5)
        grads = jax.grad(lambda xs: run(xs, key=key)[0][0].sum())(arrays)
        y = np.asarray(run(arrays, key=key)[0][0])
    np.testing.assert_allclose(grads[names[-1]], noise(y, *arrays.values()), rtol=2e-4, atol=1e-5)
    if len(names) == 2:
        np.testing.assert_allclose(grads[names[0]], 1)


def over_rows(x, row):
    """A loop over the rows of x with one state, its outputs and the last state."""
    out, last = mx.sym.contrib.foreach(row, x, [mx.sym.Variable("s")])
    return mx.sym.Group([out, *last])


def nested_foreach():
    x, w = mx.sym.Variable("x"), mx.sym.Variable("w")

    def row(values, state):
        inner, last = mx.sym.contrib.foreach(lambda v, s: (mx.sym.tanh(v * s[0]), [s[0] * w + v]), values, [state[0]])
        return mx.sym.sum(inner, axis=0), [last[0]]

    return over_rows(x, row)


def while_in_foreach():
    x, w = mx.sym.Variable("x"), mx.sym.Variable("w")

    def row(value, state):
        outs, last = mx.sym.contrib.while_loop(
            lambda i, v: mx.sym.sum(i) < 3, lambda i, v: (v * w, [i + 1, mx.sym.tanh(v * w)]),
            [mx.sym.zeros((1,), dtype="float64"), value + state[0]], max_iterations=4,
        )  # fmt: skip
        return mx.sym.sum(outs, axis=0), [last[1]]

    return over_rows(x, row)


def cond_in_foreach():
    x, w = mx.sym.Variable("x"), mx.sym.Variable("w")

    def row(value, state):
        chosen = mx.sym.contrib.cond(
            mx.sym.sum(value) > 0, lambda: value * w * state[0], lambda: mx.sym.sin(value) + state[0] * w
        )
        return chosen, [mx.sym.tanh(chosen)]

    return over_rows(x, row)


@pytest.mark.parametrize(
    ("make", "shape"), [(nested_foreach, (3, 4, 2)), (while_in_foreach, (3, 2)), (cond_in_foreach, (4, 2))]
)
def test_nested_control_flow(make, shape):
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=shape), "s": rng.normal(size=2), "w": rng.uniform(0.5, 1.5, 2)}
    got, want = measured(make(), arrays, ["x", "s", "w"])
    assert got == pytest.approx(want, rel=1e-6)
