"""Cases of the random operators and densities; distributions are tested in test_random_ops.py."""

import numpy as np

from tests.table import Case, integers, uniform

NUMBERS = {
    "uniform": {"low": -1.0, "high": 2.0},
    "normal": {"loc": 1.0, "scale": 2.0},
    "gamma": {"alpha": 2.0, "beta": 0.5},
    "exponential": {"lam": 3.0},
    "poisson": {"lam": 4.0},
    "negative_binomial": {"k": 3, "p": 0.4},
    "generalized_negative_binomial": {"mu": 2.0, "alpha": 0.3},
}
CHEAP = ("uniform", "normal", "exponential")
PARAMETERS = {name: len(given) for name, given in NUMBERS.items()}


def simplex(*shape: int) -> np.ndarray:
    """Rows of probabilities."""
    p = np.random.default_rng(3).uniform(0.2, 1, shape)
    return (p / p.sum(axis=-1, keepdims=True)).astype("float32")


CASES = [
    *(Case(f"_random_{n}", [], {**g, "shape": (2, 3)}, grad=False) for n, g in NUMBERS.items()),
    *(Case(f"_random_{n}", [], {**NUMBERS[n], "shape": (4,), "dtype": "float16"}, grad=False) for n in CHEAP),
    Case("_random_normal", [], {"shape": (2,), "dtype": "float64"}, grad=False),
    Case("_random_randint", [], {"low": -3, "high": 5, "shape": (2, 3)}, grad=False),
    Case("_random_randint", [], {"low": 0, "high": 5, "shape": (2,), "dtype": "int64"}, grad=False),
    *(Case(f"_random_{n}_like", [(2, 3)], g, grad=False) for n, g in NUMBERS.items()),
    *(
        Case(f"_sample_{n}", [uniform(2, 3, low=0.1, high=0.9)] * k, {"shape": (4,)}, grad=False)
        for n, k in PARAMETERS.items()
    ),
    *(
        Case(f"_sample_{n}", [uniform(2, low=0.1, high=0.9)] * PARAMETERS[n], {"dtype": "float16"}, grad=False)
        for n in CHEAP
    ),
    Case("_sample_multinomial", [simplex(4)], grad=False),
    Case("_sample_multinomial", [simplex(2, 4)], {"shape": (3,), "dtype": "float32"}, grad=False),
    Case("_sample_multinomial", [simplex(2, 3, 4)], {"shape": (2, 2), "get_prob": True}),
    Case("_sample_multinomial", [simplex(4)], {"get_prob": True}),
    Case("_shuffle", [(5,)], grad=False),
    Case("_shuffle", [(4, 2, 3)], grad=False),
    Case("_sample_unique_zipfian", [], {"range_max": 20, "shape": (2, 5)}, grad=False),
    Case("_sample_unique_zipfian", [], {"range_max": 1, "shape": (2, 1)}, grad=False),
    # Densities
    Case("_random_pdf_uniform", [(2, 3), uniform(2, low=-2, high=-1), uniform(2, low=1, high=2)]),
    Case("_random_pdf_uniform", [(2,), uniform(2, low=-2, high=-1), uniform(2, low=1, high=2)], {"is_log": True}),
    Case("_random_pdf_normal", [(2, 3, 4), (2, 3), uniform(2, 3, low=0.5, high=2)]),
    Case("_random_pdf_normal", [(2, 3), (2,), uniform(2, low=0.5, high=2)], {"is_log": True}),
    Case("_random_pdf_gamma", [uniform(2, 3, low=0.5, high=2)] + [uniform(2, low=0.5, high=2)] * 2),
    Case("_random_pdf_gamma", [uniform(2, low=0.5, high=2)] * 3, {"is_log": True}),
    Case("_random_pdf_exponential", [uniform(2, 3, low=0.5, high=2), uniform(2, low=0.5, high=2)]),
    Case("_random_pdf_exponential", [uniform(2, low=0.5, high=2)] * 2, {"is_log": True}),
    Case("_random_pdf_poisson", [integers(2, 3, high=5), uniform(2, low=0.5, high=4)], wrt=(1,)),
    Case("_random_pdf_poisson", [integers(2, high=5), uniform(2, low=0.5, high=4)], {"is_log": True}, wrt=(1,)),
    Case(
        "_random_pdf_negative_binomial",
        [integers(2, 3, high=5), uniform(2, low=0.5, high=4), uniform(2, low=0.2, high=0.8)],
        wrt=(1, 2),
    ),
    Case(
        "_random_pdf_negative_binomial",
        [integers(2, high=5), uniform(2, low=0.5, high=4), uniform(2, low=0.2, high=0.8)],
        {"is_log": True},
        wrt=(1, 2),
    ),
    Case(
        "_random_pdf_generalized_negative_binomial",
        [integers(2, 3, high=5), uniform(2, low=0.5, high=4), uniform(2, low=0.2, high=0.8)],
        wrt=(1, 2),
    ),
    Case(
        "_random_pdf_generalized_negative_binomial",
        [integers(2, high=5), uniform(2, low=0.5, high=4), uniform(2, low=0.2, high=0.8)],
        {"is_log": True},
        wrt=(1, 2),
    ),
    Case("_random_pdf_dirichlet", [simplex(2, 5, 3), uniform(2, 3, low=0.5, high=3)]),
    Case("_random_pdf_dirichlet", [simplex(3), uniform(3, low=0.5, high=3)], {"is_log": True}),
]
