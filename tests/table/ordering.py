"""Cases of orderings and counts."""

import numpy as np

from tests.table import Case, integers, permutation, uniform

CASES = [
    *(
        Case("topk", [permutation(3, 5, 2)], {"ret_typ": r, "k": 2, **a})
        for r in ("indices", "value", "mask", "both")
        for a in ({}, {"axis": 1}, {"axis": 0, "is_ascend": True}, {"axis": None})
    ),
    Case("topk", [permutation(2, 3)], {"k": 0, "dtype": "int32"}),
    Case("topk", [permutation(2, 3)], {"ret_typ": "both", "k": 3, "dtype": "int64", "is_ascend": True}),
    *(
        Case("topk", [integers(2, 6, low=-3, dtype=t)], {"k": 3, "ret_typ": "value", "is_ascend": up})
        for t in ("int32", "int8")
        for up in (True, False)
    ),
    *(
        Case("sort", [permutation(3, 5, 2)], a)
        for a in ({}, {"axis": 1, "is_ascend": False}, {"axis": None}, {"axis": 0})
    ),
    Case("sort", [integers(2, 6, low=-3, dtype="int32")], {"is_ascend": False}),
    *(
        Case("argsort", [permutation(3, 5, 2)], a)
        for a in ({}, {"axis": 1, "is_ascend": False}, {"axis": None, "dtype": "int32"})
    ),
    Case("argsort", [np.array([[2.0, 1.0, 2.0, 1.0]], "float32")], {}, grad=False, id="ties"),
    *(
        Case("_histogram", [uniform(4, 5, dtype=t)], {"bin_cnt": 6, "range": (-0.8, 0.8)}, grad=False)
        for t in ("float32", "float64")
    ),
    Case("_histogram", [integers(4, 5), np.array([0.0, 1.0, 2.5, 3.0], "float32")], {}, grad=False),
]
