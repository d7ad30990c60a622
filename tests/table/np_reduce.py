"""Cases of NumPy's reductions, averages, percentiles and running sums."""

import numpy as np

from tests.table import Case, integers, permutation, uniform
from tests.table.np_elementwise import case

_AXES: tuple[dict, ...] = (
    {}, {"axis": 1}, {"axis": (0, -1), "keepdims": True}, {"axis": ()}, {"keepdims": True}
)  # fmt: skip
_BOOLS = np.array([[True, False, True], [True, True, True]])

CASES: list[Case] = [
    *(case(f"_np_{n}", [uniform(2, 3, 4, low=0.5, high=1.5)], a) for n in ("sum", "prod") for a in _AXES),
    *(case("_npi_mean", [(2, 3, 4)], a) for a in _AXES),
    *(case(f"_np_{n}", [permutation(2, 3, 4)], a) for n in ("max", "min") for a in _AXES),
    *(case(f"_np_{n}", [integers(2, 3, 4, high=2)], a, grad=False) for n in ("any", "all") for a in _AXES),
    *(case(f"_npi_{n}", [(2, 3, 4)], a, grad=False) for n in ("std", "var") for a in _AXES[:3]),
    case("_np_sum", [()]),
    case("_np_sum", [(2, 0, 3)], {"axis": 1}),
    case("_np_sum", [_BOOLS]),
    case("_np_sum", [_BOOLS], {"dtype": "float32", "axis": 0}),
    case("_np_sum", [integers(2, 3, dtype="int8")], {"dtype": "int32"}),
    case("_np_sum", [(2, 3)], {"dtype": "float64"}, grad=False),
    case("_np_sum", [(2, 3)], {"dtype": "int32"}, grad=False),
    case("_np_prod", [np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 1.0]], np.float32)], {"axis": 1}),
    case("_np_prod", [integers(2, 3, low=1, dtype="int64")]),
    case("_npi_mean", [integers(2, 3, dtype="int32")]),
    case("_npi_mean", [integers(2, 3, dtype="int32")], {"dtype": "float64", "axis": 0}),
    case("_npi_mean", [_BOOLS]),
    case("_np_max", [np.array([1.0, 3.0, 3.0], np.float32)], grad=False, id="ties"),
    case("_np_max", [integers(2, 3, dtype="int32")], {"axis": 0}),
    case("_np_min", [(2, 0, 3)], {"axis": 0}),
    case("_np_any", [np.array([0.0, np.nan], np.float32)], grad=False),
    case("_np_all", [_BOOLS], {"axis": 1}),
    case("_npi_std", [(2, 3)], {"ddof": 1, "dtype": "float64"}, grad=False),
    case("_npi_var", [integers(2, 3, dtype="int32")], {"dtype": "float32"}),
    *(
        case(f"_npi_{n}", [permutation(2, 3, 4)], a, grad=False)
        for n in ("argmax", "argmin")
        for a in ({}, {"axis": 1}, {"axis": -1, "keepdims": True})
    ),
    case("_npi_argmax", [integers(3, dtype="int32")]),
    case("_npi_average", [(2, 3), uniform(2, 3, low=0.5, high=1.5)]),
    case("_npi_average", [(2, 3), uniform(3, low=0.5, high=1.5)], {"axis": 1}),
    case("_npi_average", [(2, 3), uniform(2, 3, low=0.5, high=1.5)], {"axis": 0, "returned": True}, grad=False),
    case("_npi_average", [(2, 3)], {"axis": 0, "weighted": False}),
    case("_npi_average", [(2, 3)], {"returned": True, "weighted": False}, grad=False),
    *(
        case(
            "_npi_percentile",
            [permutation(3, 5), uniform(2, low=10, high=90)],
            {"axis": 1, "interpolation": i},
            grad=False,
        )
        for i in ("linear", "lower", "higher", "midpoint", "nearest")
    ),
    case("_npi_percentile", [permutation(3, 5), np.array(40.0, np.float32)], {"keepdims": True}, grad=False),
    case("_npi_percentile", [permutation(3, 5)], {"q_scalar": 30.0, "axis": (0, 1)}, grad=False),
    case("_npi_percentile", [integers(3, 5, dtype="int32")], {"q_scalar": 30.0, "axis": 0}),
    case("_np_cumsum", [(2, 3)]),
    case("_np_cumsum", [(2, 3)], {"axis": 1}),
    case("_np_cumsum", [(2, 3)], {"axis": -2}),
    case("_np_cumsum", [integers(2, 3, dtype="int32")], {"axis": 0, "dtype": "float64"}),
    case("_np_cumsum", [_BOOLS], {"axis": 0}),
    case("_npi_bincount", [integers(9, dtype="int32")], grad=False),
    case("_npi_bincount", [integers(9, dtype="int64"), (9,)], {"has_weights": True, "minlength": 7}, grad=False),
]
