"""Cases of NumPy's operators that make arrays from nothing, and of its random samplers."""

import numpy as np

from tests.table import Case, uniform
from tests.table.np_elementwise import case

_TWO = {"low": 0.5, "high": 1.5}
_WINDOWS = ("hanning", "hamming", "blackman")

CASES: list[Case] = [
    *(
        case(f"_npi_{n}", [], {"shape": s, "dtype": t})
        for n in ("zeros", "ones")
        for s, t in (((2, 3), "float32"), ((), "int64"), ((0, 2), "bool"))
    ),
    case("_npi_identity", [], {"shape": (3, 3)}),
    case("_npi_identity", [], {"shape": (2, 2), "dtype": "int32"}),
    case("_npi_full_like", [(2, 3)], {"fill_value": 2.5}),
    case("_npi_full_like", [()], {"fill_value": 2.5, "dtype": "int64"}),
    case("_npi_arange", [], {"start": 1, "stop": 8, "step": 2}),
    case("_npi_arange", [], {"start": 0.5, "stop": -2, "step": -0.5, "dtype": "float64"}),
    case("_npi_arange", [], {"start": 3, "stop": 1, "dtype": "int32"}),
    case("_npi_eye", [], {"N": 3}),
    case("_npi_eye", [], {"N": 2, "M": 4, "k": -1, "dtype": "int64"}),
    case("_npi_indices", [], {"dimensions": (2, 3)}),
    case("_npi_indices", [], {"dimensions": (2, 0), "dtype": "float32"}),
    case("_npi_logspace", [], {"start": 0, "stop": 2, "num": 5}),
    case("_npi_logspace", [], {"start": 1, "stop": 3, "num": 4, "endpoint": False, "base": 2.0, "dtype": "float64"}),
    *(
        case(f"_npi_{n}", [], {"M": m, "dtype": t})
        for n in _WINDOWS
        for m, t in ((6, "float32"), (1, "float64"), (0, "float32"))
    ),
    # samplers
    case("_npi_uniform", [], {"low": 0.0, "high": 2.0, "size": (2, 3)}),
    case("_npi_uniform", [(3,)], {"low": None, "high": 2.0, "size": (2, 3)}, grad=False),
    case("_npi_uniform", [(3,), (2, 1)], {"low": None, "high": None, "dtype": "float64"}, grad=False),
    case("_npi_uniform_n", [(3,), (2, 1)], {"low": None, "high": None, "size": (4,)}, grad=False),
    case("_npi_normal", [], {"loc": 0.0, "scale": 1.0}),
    case("_npi_normal", [(3,), uniform(2, 1, **_TWO)], {"loc": None, "scale": None, "dtype": "float64"}),
    case("_npi_normal_n", [(3,)], {"loc": None, "scale": 2.0, "size": (2,), "dtype": "float64"}),
    case("_npi_logistic", [(3,), uniform(3, **_TWO)], {"loc": None, "scale": None, "size": (2, 3)}, grad=False),
    case("_npi_gumbel", [(3,)], {"loc": None, "scale": 1.0}, grad=False),
    case("_npi_gamma", [], {"shape": 2.0, "scale": 1.5, "size": (2, 3)}),
    case("_npi_gamma", [uniform(3, **_TWO)], {"shape": None, "scale": 1.5, "dtype": "float16"}, grad=False),
    case("_npi_exponential", [], {"size": (2,)}),
    case("_npi_exponential", [uniform(3, **_TWO)], {"scale": None, "size": (2, 3)}, grad=False),
    case("_npi_pareto", [uniform(3, **_TWO)], {}, grad=False),
    case("_npi_weibull", [uniform(3, **_TWO)], {"size": (2, 3)}, grad=False),
    case("_npi_rayleigh", [uniform(3, **_TWO)], {"scale": None}, grad=False),
    case("_npi_powerd", [], {"a": 2.0, "size": (4,)}),
    case("_npi_powerd", [uniform(3, **_TWO)], {}, grad=False),
    case("_npi_bernoulli", [], {"prob": 0.3, "logit": None, "is_logit": False, "size": (2, 3)}),
    case("_npi_bernoulli", [(3,)], {"prob": None, "logit": None, "is_logit": True, "dtype": "bool"}, grad=False),
    case("_npi_choice", [], {"a": 5, "size": (2, 3)}),
    case("_npi_choice", [(5,)], {"a": None, "size": (3,), "replace": False}, grad=False),
    case("_npi_choice", [np.array([0.2, 0.3, 0.5], np.float32)], {"a": 3, "size": (4,), "weighted": True}, grad=False),
    case(
        "_npi_choice",
        [(3,), np.array([0.2, 0.3, 0.5], np.float32)],
        {"a": None, "size": 2, "replace": False, "weighted": True},
        grad=False,
    ),
    case("_npi_multinomial", [], {"n": 10, "pvals": (0.2, 0.3, 0.5), "size": (2,)}),
    case("_npi_multinomial", [np.array([0.2, 0.8], np.float32)], {"n": 4}, grad=False),
]
