"""Distributions of the random operators: moments, and distribution functions where they have a closed form."""

import math

import numpy as np
import pytest

import declax as mx

N = 40_000


@pytest.fixture(autouse=True)
def seeded():
    mx.random.seed(17)


def moments(x: np.ndarray) -> tuple[float, float]:
    return float(x.mean()), float(x.std())


# name, parameters, mean and standard deviation of the distribution
SAMPLERS = [
    ("uniform", {"low": -1.0, "high": 3.0}, 1.0, 4 / math.sqrt(12)),
    ("normal", {"loc": 2.0, "scale": 0.5}, 2.0, 0.5),
    ("gamma", {"alpha": 4.0, "beta": 0.5}, 2.0, 1.0),
    ("exponential", {"scale": 2.0}, 2.0, 2.0),
    ("poisson", {"lam": 3.0}, 3.0, math.sqrt(3)),
    ("negative_binomial", {"k": 4, "p": 0.4}, 6.0, math.sqrt(15)),
    ("generalized_negative_binomial", {"mu": 2.0, "alpha": 0.5}, 2.0, 2.0),
    ("generalized_negative_binomial", {"mu": 2.0, "alpha": 0.0}, 2.0, math.sqrt(2)),
]


@pytest.mark.parametrize(("name", "parameters", "mean", "deviation"), SAMPLERS)
def test_moments(name: str, parameters: dict, mean: float, deviation: float):
    draw = getattr(mx.nd.random, name)
    x = draw(**parameters, shape=(N,)).asnumpy()
    assert x.dtype == np.float32
    assert moments(x) == pytest.approx((mean, deviation), rel=0.06)
    # the same distribution, given by tensors: each row has its own parameters
    rows = {k: mx.nd.array([v, v * 2 if v else 0]) for k, v in parameters.items()}
    two = draw(**rows, shape=(N // 2,)).asnumpy()
    assert two.shape == (2, N // 2)
    assert moments(two[0]) == pytest.approx((mean, deviation), rel=0.08)


def distance(x: np.ndarray, cdf) -> float:
    """Kolmogorov's distance between a sample and a distribution function."""
    x = np.sort(x.astype("float64"))
    f = cdf(x)
    steps = np.arange(len(x) + 1) / len(x)
    return float(max(np.abs(f - steps[:-1]).max(), np.abs(f - steps[1:]).max()))


def test_distribution_functions():
    limit = 2.0 / math.sqrt(N)  # exceeded by chance in less than one run of a thousand
    uniform = mx.nd.random.uniform(0, 1, shape=(N,)).asnumpy()
    assert distance(uniform, lambda x: x) < limit
    exponential = mx.nd.random.exponential(0.5, shape=(N,)).asnumpy()
    assert distance(exponential, lambda x: 1 - np.exp(-2 * x)) < limit
    normal = mx.nd.random.normal(shape=(N,)).asnumpy()
    assert distance(normal, np.vectorize(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))))) < limit


def test_randint_covers_the_range_evenly():
    x = mx.nd.random.randint(-2, 3, shape=(N,)).asnumpy()
    assert x.dtype == np.int32
    values, counts = np.unique(x, return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2]
    assert np.abs(counts / N - 0.2).max() < 0.02


def test_multinomial_frequencies_and_log_probabilities():
    p = np.array([[0.1, 0.0, 0.6, 0.3], [0.25, 0.25, 0.5, 0.0]], "float32")
    classes, logs = mx.nd.random.multinomial(mx.nd.array(p), shape=(N,), get_prob=True)
    classes, logs = classes.asnumpy(), logs.asnumpy()
    for row in range(2):
        frequency = np.bincount(classes[row], minlength=4) / N
        assert np.abs(frequency - p[row]).max() < 0.02
        np.testing.assert_allclose(np.exp(logs[row]), p[row][classes[row]], rtol=1e-5)


def test_multinomial_gradient_is_that_of_the_log_probability():
    ex = mx.sym.random.multinomial(mx.sym.var("p"), shape=(5,)).bind(
        mx.cpu(), {"p": mx.nd.array([0.2, 0.8])}, args_grad={"p": mx.nd.zeros((2,))}
    )
    classes = ex.forward(is_train=True)[0].asnumpy()
    ex.backward([mx.nd.zeros((5,)), mx.nd.ones((5,))])
    counts = np.bincount(classes, minlength=2)
    np.testing.assert_allclose(ex.grad_dict["p"].asnumpy(), counts / [0.2, 0.8], rtol=1e-5)


def test_shuffle_moves_whole_rows():
    x = np.arange(60).reshape(20, 3).astype("float32")
    y = mx.nd.random.shuffle(mx.nd.array(x)).asnumpy()
    assert not (y == x).all()
    assert np.array_equal(y[np.argsort(y[:, 0])], x)


def test_unique_zipfian_is_unique_and_counts_draws():
    classes, draws = mx.nd._internal._sample_unique_zipfian(range_max=50, shape=(400, 20))
    classes, draws = classes.asnumpy(), draws.asnumpy()
    assert classes.dtype == draws.dtype == np.int64
    assert classes.min() >= 0
    assert classes.max() < 50
    assert all(len(set(row)) == 20 for row in classes.tolist())
    assert (draws >= 20).all()
    # drawing with replacement until 20 of 50 classes have been seen, simulated
    rng = np.random.default_rng(0)
    simulated = []
    for _ in range(400):
        seen, count = set(), 0
        while len(seen) < 20:
            seen.add(round(math.exp(rng.uniform() * math.log(50))) - 1)
            count += 1
        simulated.append(count)
    assert draws.mean() == pytest.approx(np.mean(simulated), rel=0.05)


def test_the_seed_decides():
    mx.random.seed(3)
    first = mx.nd.random.normal(shape=(4,)).asnumpy()
    second = mx.nd.random.normal(shape=(4,)).asnumpy()
    mx.random.seed(3)
    assert np.array_equal(mx.nd.random.normal(shape=(4,)).asnumpy(), first)
    assert not np.array_equal(first, second)


def test_arrays_take_shape_and_type_from_out():
    out = mx.nd.zeros((3, 2))
    assert mx.nd.random.uniform(5, 6, out=out) is out
    assert (out.asnumpy() >= 5).all()
    assert mx.nd.random.randn(2, 3, dtype="float64").dtype == np.float64
    assert mx.nd.random.uniform().shape == (1,)


def test_unknown_dimensions_come_from_the_graph():
    net = mx.sym.random.normal(shape=(0, 3)) + mx.sym.var("x")
    assert net.infer_shape(x=(2, 3))[1] == [(2, 3)]
    y = net.bind(mx.cpu(), {"x": mx.nd.zeros((2, 3))}).forward()[0]
    assert y.shape == (2, 3)


def test_symbols_have_mxnets_names_and_attributes():
    x = mx.sym.var("x")
    with mx.name.NameManager():
        u = mx.sym.random.uniform(0, 1, shape=(2, 3), dtype="float16")
        assert (u.name, u.list_attr()) == (
            "_random_uniform0", {"low": "0", "high": "1", "shape": "(2, 3)", "dtype": "float16"}
        )  # fmt: skip
        assert mx.sym.random.exponential(4).list_attr() == {"lam": "0.25"}
        e = mx.sym.random.exponential(x)
        assert e.get_internals().list_outputs() == ["x", "_rdivscalar0_output", "_sample_exponential0_output"]
        assert mx.sym.random.normal_like(x).name == "normal_like0"
        assert len(mx.sym.random.multinomial(x)) == 2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mx.nd.random.normal(0, 0), "scale parameter in gaussian has to be positive"),
        (lambda: mx.nd.random.uniform(3, 1), "low must be less or equal to high"),
        (lambda: mx.nd.random.gamma(0, 1), "alpha parameter in gamma distribution has to be positive"),
        (lambda: mx.nd.random.poisson(-1), "lambda parameter in poisson distribution has to be non-negative"),
        (lambda: mx.nd.random.randint(5, 5), "low must be less than high"),
    ],
)
def test_impossible_parameters(call, words: str):
    with pytest.raises(mx.MXNetError, match=words):
        call()


def test_mixed_parameters():
    with pytest.raises(AssertionError, match="must all have the same type"):
        mx.sym.random.uniform(mx.sym.var("a"), 1)
    with pytest.raises(ValueError, match="must be either Symbol or numbers"):
        mx.sym.random.uniform("a", 1)
