"""Cases of reductions."""

import numpy as np

from tests.table import Case, integers, permutation, uniform

AXES = [
    {},
    {"axis": 1},
    {"axis": (0, -1), "keepdims": True},
    {"axis": 1, "exclude": True},
    {"axis": (), "keepdims": True},
]
HOLES = np.array([[1.5, np.nan, 2.0], [np.nan, -3.0, 0.5]], "float32")

CASES = [
    *(
        Case(name, [permutation(2, 3, 4, low=0.5, high=2.0)], a)
        for name in ("sum", "mean", "prod", "max", "min")
        for a in AXES
    ),
    *(Case(name, [uniform(2, 3, 4)], a) for name in ("nansum", "nanprod", "_square_sum") for a in AXES),
    *(Case(name, [HOLES], {"axis": 1}, grad=False) for name in ("nansum", "nanprod")),
    *(
        Case(name, [integers(3, 4, dtype="int32")], {"axis": 0})
        for name in ("sum", "mean", "prod", "nansum", "max", "min", "argmax", "norm")
    ),
    *(Case(name, [(3,)], {"axis": 0}, np_shape=True) for name in ("sum", "mean", "max", "norm", "argmax")),
    *(Case(name, [uniform(2, 3, dtype="float64")], {"axis": 1}) for name in ("sum", "mean", "max", "argmin")),
    *(Case(name, [uniform(2, 3, dtype="float16")], {}) for name in ("sum", "mean", "norm")),
    Case("sum", [(0, 3)], {"axis": 0}, grad=False, np_shape=True, id="empty"),
    Case("max", [np.array([3.0, 1.0, 3.0], "float32")], {}, grad=False, id="ties"),
    *(
        Case("norm", [(2, 3, 4)], {"ord": o, **a})
        for o in (1, 2)
        for a in ({}, {"axis": 1}, {"axis": (0, 2), "keepdims": True})
    ),
    Case("norm", [(2, 3)], {"out_dtype": "float64", "axis": 1}),
    *(
        Case("moments", [(2, 3, 4)], a)
        for a in ({"axes": (0,)}, {"axes": (1, -1)}, {"axes": (0, 1, 2)}, {"axes": (0, 2), "keepdims": True})
    ),
    *(
        Case(name, [permutation(2, 3, 4)], a)
        for name in ("argmax", "argmin")
        for a in ({}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"keepdims": True})
    ),
    *(Case("argmax_channel", [permutation(*s)]) for s in ((5,), (2, 3), (2, 3, 4))),
    *(Case("_broadcast_backward", [(2, 3, 4)], a) for a in ({"axis": (0, 2)}, {"axis": 1, "keepdims": True}, {})),
]
