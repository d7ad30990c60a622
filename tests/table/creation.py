"""Cases of operators that make arrays."""

from tests.table import Case

CASES = [
    *(
        Case(name, [], {"shape": (2, 3), "dtype": t}, grad=False)
        for name in ("_zeros", "_ones")
        for t in ("float32", "float64", "int32", "bool", "bfloat16")
    ),
    Case("_zeros", [], {"shape": ()}, grad=False, np_shape=True),
    Case("_zeros", [], {"shape": (2, 0)}, grad=False, np_shape=True),
    Case("_zeros_without_dtype", [], {"shape": (2, 3)}, grad=False),
    *(
        Case("_full", [], {"shape": (2, 3), "value": 2.5, "dtype": t}, grad=False)
        for t in ("float32", "float64", "int32", "float16")
    ),
    *(
        Case("_arange", [], a, grad=False)
        for a in (
            {"start": 5},
            {"start": 1, "stop": 7, "step": 2, "dtype": "int32"},
            {"start": 5, "stop": 0, "step": -1.5},
            {"start": 0, "stop": 1, "step": 0.3, "repeat": 2, "dtype": "float64"},
            {"start": 0.5, "stop": 5, "step": 1.5, "dtype": "int64"},
            {"start": 0, "stop": 1, "step": 0.25, "dtype": "float16"},
        )
    ),
    *(
        Case("_linspace", [], a, grad=False)
        for a in (
            {"start": 0, "stop": 5, "num": 4},
            {"start": 2, "stop": -1, "num": 5, "endpoint": False, "dtype": "float64"},
            {"start": 2, "stop": 9, "num": 1},
            {"start": 0, "stop": 10, "num": 4, "dtype": "int32"},
        )
    ),
    *(
        Case("_eye", [], a, grad=False)
        for a in ({"N": 3}, {"N": 3, "M": 4, "k": 1}, {"N": 4, "M": 2, "k": -2, "dtype": "int32"})
    ),
    *(
        Case("_contrib_arange_like", [(2, 3)], a)
        for a in ({}, {"axis": 1}, {"axis": -2, "start": 1.5, "step": 2.0}, {"repeat": 2})
    ),
]
