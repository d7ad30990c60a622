"""Cases of arithmetic, comparison and logic of an array and a number."""

import numpy as np

from tests.table import Case, integers, uniform

_positive = uniform(2, 3, low=0.1, high=2.0)
_whole = integers(2, 3, low=1, high=5, dtype="int32")

_ARITHMETIC = [
    "_plus_scalar", "_minus_scalar", "_rminus_scalar", "_mul_scalar", "_div_scalar", "_rdiv_scalar", "_mod_scalar",
    "_rmod_scalar", "_power_scalar", "_rpower_scalar", "_hypot_scalar", "_maximum_scalar", "_minimum_scalar",
    "_scatter_plus_scalar", "_scatter_minus_scalar", "_contrib_backward_gradientmultiplier",
]  # fmt: skip
_TRUTHS = [
    "_equal_scalar", "_not_equal_scalar", "_greater_scalar", "_greater_equal_scalar", "_lesser_scalar",
    "_lesser_equal_scalar", "_logical_and_scalar", "_logical_or_scalar", "_logical_xor_scalar",
]  # fmt: skip

CASES = [
    *(Case(o, [_positive], {"scalar": 1.5}) for o in _ARITHMETIC),
    *(Case(o, [_positive]) for o in _ARITHMETIC),
    *(Case(o, [_whole], {"scalar": 2}) for o in _ARITHMETIC + _TRUTHS),
    *(Case(o, [_whole], {"scalar": 2.5}) for o in ("_plus_scalar", "_greater_scalar")),
    *(Case(o, [_whole], {"scalar": 2.5, "is_int": False}) for o in ("_plus_scalar", "_rdiv_scalar", "_greater_scalar")),
    *(Case(o, [np.array([True, False])], {"scalar": 2}) for o in ("_plus_scalar", "_equal_scalar")),
    Case("_mul_scalar", [np.array([True, False])], {"scalar": 1.5, "is_int": False}),
    Case("_mul_scalar", [np.array([1, 200], "uint8")], {"scalar": -1}),
    *(Case(o, [integers(2, 3)], {"scalar": 1}, grad=False) for o in _TRUTHS),
    Case("_power_scalar", [uniform(2, 3)], {"scalar": 2}),
    Case("_power_scalar", [uniform(2, 3, dtype="float64")], {"scalar": 3}),
    Case("_mod_scalar", [uniform(2, 3)], {"scalar": -0.3}),
    Case("_mod_scalar", [uniform(2, 3)], {"scalar": 0}, grad=False),
    Case("_plus_scalar", [uniform(2, 3, dtype="float16")], {"scalar": 0.1}, grad=False),
    Case("smooth_l1", [uniform(3, 4, low=-3, high=3)], {"scalar": 1.0}),
    Case("smooth_l1", [uniform(3, 4, low=-0.2, high=0.2)], {"scalar": 3.0}),
    Case("smooth_l1", [integers(2, 3, low=-3, high=4, dtype="int32")], {"scalar": 1.0}),
]
