"""Cases of arithmetic, comparison and logic with broadcasting, and of plain broadcasting."""

import numpy as np

from tests.table import Case, integers, permutation, uniform

_whole = integers(2, 1, 3, low=-4, high=5, dtype="int32")
_divisors = integers(4, 3, low=1, high=4, dtype="int32")

_ARITHMETIC = ["add", "sub", "mul", "maximum", "minimum", "hypot"]
_DIVISION = ["div", "mod"]
_TRUTHS = [
    "equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal",
    "logical_and", "logical_or", "logical_xor",
]  # fmt: skip

CASES = [
    *(Case(f"broadcast_{o}", [permutation(2, 3, low=-1), permutation(1, 3, low=-1.1)]) for o in _ARITHMETIC),
    *(Case(f"broadcast_{o}", [permutation(3, low=-1), permutation(2, 1, low=-1.1)]) for o in _ARITHMETIC),
    *(Case(f"broadcast_{o}", [_whole, _divisors]) for o in _ARITHMETIC + _DIVISION + _TRUTHS),
    *(Case(f"broadcast_{o}", [uniform(2, 1, 3), uniform(1, 4, 1, low=0.2, high=2.0)]) for o in _DIVISION),
    *(Case(f"broadcast_{o}", [integers(2, 3, high=2), integers(2, 1, high=2)], grad=False) for o in _TRUTHS),
    Case("broadcast_power", [uniform(2, 1, low=0.2, high=2.0), uniform(1, 3)]),
    Case("broadcast_power", [integers(2, 3, dtype="int32"), np.array([2], "int32")]),
    Case("broadcast_add", [uniform(2, 1, dtype="float16"), uniform(1, 3, dtype="float16")], grad=False),
    Case("broadcast_add", [np.array(2.0, "float32"), (2, 0)], np_shape=True),
    Case("broadcast_to", [(1, 3)], {"shape": (2, 3)}),
    Case("broadcast_to", [(2, 1, 3)], {"shape": (0, 4, 0)}),
    Case("broadcast_to", [integers(1, 2, dtype="int32")], {"shape": (3, 2)}),
    Case("broadcast_axis", [(2, 1, 3, 1)], {"axis": (1, 3), "size": (4, 2)}),
    Case("broadcast_axis", [(1, 2)], {"axis": 0, "size": 3}),
    Case("broadcast_like", [(1, 3), (2, 3)]),
    Case("broadcast_like", [(1, 3), integers(2, 3, dtype="int32")]),
    Case("broadcast_like", [(2, 1, 1), (5, 6)], {"lhs_axes": (1, -1), "rhs_axes": (0, 1)}),
]
