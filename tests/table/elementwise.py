"""Cases of arithmetic, comparison and logic on arrays of one shape."""

import numpy as np

from tests.table import Case, integers, permutation, uniform

_positive = uniform(2, 3, low=0.1, high=2.0)
_whole = integers(2, 3, low=-4, high=5, dtype="int32")
_divisors = integers(2, 3, low=1, high=4, dtype="int32")
_bits = integers(3, 4, high=2)

_ARITHMETIC = ["elemwise_add", "elemwise_sub", "elemwise_mul", "_grad_add", "_maximum", "_minimum", "_hypot"]
_DIVISION = ["elemwise_div", "_scatter_elemwise_div", "_mod"]
_COMPARISON = ["_equal", "_not_equal", "_greater", "_greater_equal", "_lesser", "_lesser_equal"]
_LOGIC = ["_logical_and", "_logical_or", "_logical_xor"]

CASES = [
    *(Case(o, [permutation(2, 3, low=-1), permutation(2, 3, low=-1.1)]) for o in _ARITHMETIC),
    *(Case(o, [uniform(3, dtype="float16"), uniform(3, dtype="float16")], grad=False) for o in _ARITHMETIC),
    *(Case(o, [_whole, _divisors]) for o in _ARITHMETIC),
    *(Case(o, [uniform(2, 3), _positive]) for o in _DIVISION),
    *(Case(o, [_whole, _divisors]) for o in _DIVISION),
    *(Case(o, [uniform(2, 3, dtype="float64"), uniform(2, 3, low=0.2, dtype="float64")]) for o in _DIVISION),
    *(Case(o, [_bits, _bits], grad=False) for o in _COMPARISON + _LOGIC),
    *(Case(o, [_whole, _divisors]) for o in _COMPARISON + _LOGIC),
    Case("_mod", [np.array([5, -5, 5, -5, 5], "float32"), np.array([3, 3, -3, -3, 0], "float32")], grad=False),
    Case("_mod", [np.array([5, 250], "uint8"), np.array([3, 7], "uint8")]),
    Case("_maximum", [np.array([1, np.nan, 1], "float32"), np.array([1, 1, np.nan], "float32")], grad=False),
    Case("_power", [_positive, uniform(2, 3)]),
    Case("_power", [_whole, integers(2, 3, high=3, dtype="int32")]),
    Case("_hypot", [np.array([0, 3e30], "float32"), np.array([0, 4e30], "float32")], grad=False),
    Case("add_n", [(2, 3)], {"num_args": 1}),
    Case("add_n", [(2, 3), (2, 3), (2, 3)]),
    Case("add_n", [_whole, _whole]),
]
