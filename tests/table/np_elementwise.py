"""Cases of NumPy's element-wise operators of one and two arrays, and of an array and a number."""

import numpy as np

from tests.table import Case, integers, uniform

_SPECIAL = np.array([[np.nan, np.inf, -np.inf], [0.0, -2.5, 1.0]], np.float32)
_POSITIVE = {"low": 0.3, "high": 2.5}
_RANGES = {
    "reciprocal": _POSITIVE, "sqrt": _POSITIVE, "cbrt": _POSITIVE, "log": _POSITIVE, "log10": _POSITIVE,
    "log2": _POSITIVE, "log1p": _POSITIVE, "arcsin": {"low": -0.9, "high": 0.9}, "arccos": {"low": -0.9, "high": 0.9},
    "arccosh": {"low": 1.2, "high": 3.0}, "arctanh": {"low": -0.9, "high": 0.9},
}  # fmt: skip
_UNARY = (
    "negative reciprocal absolute sign rint ceil floor trunc fix square sqrt cbrt exp expm1 log log10 log2 log1p "
    "sin cos tan arcsin arccos arctan degrees radians sinh cosh tanh arcsinh arccosh arctanh"
).split()
_COMPARISONS = ("equal", "not_equal", "greater", "less", "greater_equal", "less_equal")
_TRUTHS = ("logical_not", "isnan", "isinf", "isposinf", "isneginf", "isfinite")
_WHOLE = ("lcm", "bitwise_and", "bitwise_or", "bitwise_xor")


def case(op: str, inputs: list, attrs: dict | None = None, **more) -> Case:
    """A case under NumPy shape semantics."""
    return Case(op, inputs, attrs or {}, np_shape=True, **more)


CASES = [
    # one array
    *(case(f"_npi_{n}", [uniform(2, 3, **_RANGES.get(n, {"low": -2.0, "high": 2.0}))]) for n in _UNARY),
    *(case(f"_npi_{n}", [()]) for n in ("sin", "absolute", "square")),
    *(case(f"_npi_{n}", [(2, 0, 3)]) for n in ("exp", "negative", "floor")),
    case("_npi_exp", [uniform(4, dtype="float16")], grad=False),
    case("_npi_sign", [integers(4, low=-2, high=3, dtype="int32")]),
    case("_np_copy", [(2, 3)]),
    case("_npx_relu", [uniform(2, 3, low=-2.0, high=2.0)]),
    case("_npx_sigmoid", [(2, 3)]),
    *(case(f"_npi_{n}", [_SPECIAL]) for n in _TRUTHS),
    *(case(f"_npi_{n}", [integers(3, dtype="int32")]) for n in _TRUTHS),
    case("_npi_bitwise_not", [integers(3, low=-3, high=4, dtype="int32")]),
    case("_npi_bitwise_not", [np.array([True, False])]),
    case("_npi_around", [uniform(2, 3, low=-9.0, high=9.0)], grad=False),
    case("_npi_around", [np.array([0.5, 1.5, -2.5, 2.34, 3.21], np.float32)], {"decimals": 1}, grad=False),
    case("_npi_around", [uniform(4, low=-900.0, high=900.0)], {"decimals": -2}, grad=False),
    case("_npi_around", [np.array([15, -27, 1234], np.int32)], {"decimals": -1}),
    case("_npi_nan_to_num", [_SPECIAL], grad=False),
    case("_npi_nan_to_num", [_SPECIAL], {"nan": 1.5, "posinf": 9.0, "neginf": -9.0}, grad=False),
    case("_npi_nan_to_num", [(2, 3)]),
    case("_npi_nan_to_num", [integers(3, dtype="int64")]),
    case("_npi_backward_nan_to_num", [(2, 3), _SPECIAL], grad=False),
    # two arrays
    *(
        case(f"_npi_{n}", [uniform(2, 1, 3, **_POSITIVE), uniform(4, 1, **_POSITIVE)])
        for n in ("add", "subtract", "multiply", "mod", "power", "true_divide")
    ),
    *(
        case(f"_npi_{n}", [integers(2, 3, low=1, high=6, dtype="int32"), uniform(3, **_POSITIVE)])
        for n in ("add", "subtract", "multiply", "mod", "power", "true_divide")
    ),
    *(
        case(f"_npi_{n}", [integers(3, low=1, high=6, dtype="int8"), integers(3, low=1, high=6, dtype="uint8")])
        for n in ("add", "subtract", "multiply", "true_divide")
    ),
    case("_npi_add", [np.array([True, True]), np.array([True, False])]),
    case("_npi_multiply", [np.array([True, True]), np.array([True, False])]),
    case("_npi_power", [np.array([True, False]), np.array([False, False])]),
    case("_npi_add", [uniform(3, dtype="float16"), (3,)], grad=False),
    case("_npi_multiply", [(), (2, 0)]),
    case("_npi_true_divide", [np.array([True, False]), integers(2, low=1, high=4, dtype="int64")]),
    *(case(f"_npi_{n}", [integers(2, 3), integers(3)], grad=False) for n in _COMPARISONS),
    *(case(f"_npi_{n}", [integers(3, dtype="int32"), integers(3, dtype="int32")]) for n in _COMPARISONS),
    *(
        case(f"_npi_{n}", [integers(2, 3, low=1, high=9, dtype="int32"), integers(3, low=1, high=9, dtype="int32")])
        for n in _WHOLE
    ),
    *(case(f"_npi_{n}", [np.array([True, False, True]), np.array([True, True, False])]) for n in _WHOLE[1:]),
    *(case(f"_npi_{n}", [uniform(2, 3, **_POSITIVE), uniform(3, **_POSITIVE)]) for n in ("arctan2", "hypot", "ldexp")),
    case("_npi_copysign", [uniform(2, 3, low=-2.0, high=2.0), uniform(3, low=-2.0, high=2.0)]),
    case("_npi_copysign", [np.array([1, -2], np.int32), np.array([-1, 0], np.int32)]),
    # where
    case("_npi_where", [np.array([[1, 0, 2], [0, 0, 1]], np.float32), (2, 3), (3,)], wrt=(1, 2)),
    case("_npi_where", [np.array([[True], [False]]), (1, 3), ()]),
    case("_npi_where_lscalar", [np.array([True, False, True]), (2, 3)], {"scalar": 2.5}),
    case("_npi_where_rscalar", [np.array([True, False, True]), (2, 3)], {"scalar": 2.5}),
    case("_npi_where_scalar2", [np.array([3, 0, 1], np.int32)], {"x": 1.5, "y": -1.0}),
    case("_npx_constraint_check", [np.array([True, True])], {"msg": "no"}),
    # an array and a number
    *(
        case(f"_npi_{n}_scalar", [uniform(2, 3, **_POSITIVE)], {"scalar": 1.7})
        for n in "add subtract rsubtract multiply mod power rpower copysign rcopysign arctan2 rarctan2 ldexp rldexp "
        "true_divide rtrue_divide".split()
    ),
    case("_npi_rmod_scalar", [uniform(2, 3, low=0.3, high=0.9)], {"scalar": 3.2}),
    case("_npi_add_scalar", [integers(3, dtype="int32")], {"scalar": 2}),
    case("_npi_add_scalar", [integers(3, dtype="int32")], {"scalar": 2.5, "is_int": False}),
    case("_npi_multiply_scalar", [np.array([True, False])], {"scalar": 3}),
    case("_npi_subtract_scalar", [()], {"scalar": 3.0}),
    case("_npi_true_divide_scalar", [integers(3, dtype="int64")], {"scalar": 2.0}),
    case("_npi_rtrue_divide_scalar", [integers(3, low=1, dtype="uint8")], {"scalar": 2.0}),
    *(case(f"_npi_{n}_scalar", [integers(2, 3)], {"scalar": 2.0}, grad=False) for n in _COMPARISONS),
    case("_npi_greater_scalar", [integers(3, dtype="int32")], {"scalar": 1.5, "is_int": False}),
    *(case(f"_npi_{n}_scalar", [integers(3, low=1, high=9, dtype="int32")], {"scalar": 6}) for n in _WHOLE),
]
