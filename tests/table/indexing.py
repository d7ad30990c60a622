"""Cases of reading and writing at indices."""

import numpy as np

from tests.table import Case, integers, uniform

POINTS = np.array([[1, 0, 2], [0, 3, 1]], "float32")
MASK = np.array([1, 0, 1, 1], "float32")

CASES = [
    *(
        Case("take", [(4, 3, 2), integers(2, 3, low=-6, high=7)], {"axis": a, "mode": m}, wrt=(0,))
        for m in ("clip", "wrap")
        for a in (0, 1, -1)
    ),
    Case("take", [(4, 3), integers(5, high=3)], {"mode": "raise", "axis": 1}, wrt=(0,)),
    Case("take", [(4, 3), integers(5, high=3, dtype="int64")], {}, wrt=(0,)),
    Case("take", [integers(6, dtype="int32"), integers(2, dtype="int32")], {}),
    *(Case("batch_take", [(4, 3), integers(4, low=-1, high=5, dtype="int32")]) for _ in (0,)),
    Case("batch_take", [(2, 3, 4), integers(6, dtype="int32")]),
    *(
        Case("pick", [s, integers(*i, low=-4, high=7)], {"mode": m, **a}, wrt=(0,))
        for m in ("clip", "wrap")
        for s, i, a in (
            ((4, 3), (4,), {}),
            ((4, 3), (1, 3), {"axis": 0, "keepdims": True}),
            ((2, 3, 4), (2, 4), {"axis": 1}),
            ((2, 3, 4), (2, 3, 1), {"axis": -1}),
            ((5,), (1,), {}),
        )
    ),
    Case("gather_nd", [(3, 4), POINTS], wrt=(0,)),
    Case("gather_nd", [(3, 4, 2), POINTS], wrt=(0,)),
    Case("gather_nd", [(3, 4), np.array([[-1, 0], [-2, 1]], "int32")]),
    Case("gather_nd", [(3, 4), integers(1, 2, 5, high=3, dtype="int32")]),
    Case("scatter_nd", [(3,), POINTS], {"shape": (3, 4)}, wrt=(0,)),
    Case("scatter_nd", [(3, 2), POINTS], {"shape": (3, 4, 2)}, wrt=(0,)),
    Case("_scatter_set_nd", [(3, 4), (3,), POINTS], {"shape": (3, 4)}, wrt=(0, 1)),
    *(
        Case("one_hot", [integers(2, 3, low=-2, high=6)], {"depth": 4, **a}, grad=False)
        for a in ({}, {"on_value": 2.5, "off_value": -1.0})
    ),
    *(
        Case("one_hot", [integers(4, dtype=t)], {"depth": 3, "dtype": d}, grad=False)
        for t, d in (("int32", "int32"), ("float32", "float64"), ("uint8", "float16"))
    ),
    *(Case("_contrib_index_array", [(2, 3, 4)], a, grad=False) for a in ({}, {"axes": (1,)}, {"axes": (-1, 0)})),
    Case("_ravel_multi_index", [np.array([[3, 6, 6], [4, 5, 1]], "float32")], {"shape": (7, 6)}, grad=False),
    Case("_ravel_multi_index", [integers(3, 5, high=2, dtype="int64")], {"shape": (2, 3, 4)}, grad=False),
    Case("_unravel_index", [np.array([22, 41, 37], "float32")], {"shape": (7, 6)}, grad=False),
    Case("_unravel_index", [integers(5, high=24, dtype="int32")], {"shape": (2, 3, 4)}, grad=False),
    Case("_contrib_boolean_mask", [(4, 3), MASK]),
    Case("_contrib_boolean_mask", [(4,), np.zeros(4, "int32")]),
    *(
        Case("_contrib_getnnz", [np.array([[1, 0, 2], [0, 0, 3]], "float32")], a, grad=False)
        for a in ({}, {"axis": 0}, {"axis": 1})
    ),
    Case("_contrib_index_copy", [(5, 3), np.array([3, 1], "float32"), (2, 3)], wrt=(0, 2)),
    Case("_sparse_retain", [(5, 3), np.array([0, 3], "float32")], wrt=(0,)),
    Case("_onehot_encode", [integers(3), (3, 4)], grad=False),
    Case("fill_element_0index", [(3, 4), (3,), integers(3)], wrt=(0, 1)),
    Case("take", [uniform(4, 3, dtype="float16"), integers(2)], grad=False),
    Case("_contrib_backward_index_copy", [(5, 3), (5, 3), np.array([3, 1], "float32"), (2, 3)], wrt=(0,)),
]
