"""Cases of functions of one array."""

import numpy as np

from tests.table import Case, Values, integers, uniform

_ANY = uniform(2, 3, low=-2, high=2)
_POSITIVE = uniform(2, 3, low=0.2, high=3.0)
_INSIDE = uniform(2, 3, low=-0.9, high=0.9)
_WHOLE = integers(2, 3, low=1, high=6, dtype="int32")

_DOMAINS: dict[str, tuple[Values, ...]] = {
    **dict.fromkeys(
        (
            "relu", "sigmoid", "softsign", "tanh", "abs", "negative", "sign", "round", "ceil", "floor", "trunc", "fix",
            "logical_not", "square", "exp", "expm1", "sin", "cos", "arctan", "sinh", "cosh", "arcsinh", "degrees",
            "radians", "erf", "cbrt",
        ),
        (_ANY,),
    ),
    **dict.fromkeys(("sqrt", "rsqrt", "log", "log10", "log2", "gamma", "gammaln"), (_POSITIVE,)),
    **dict.fromkeys(("reciprocal", "rcbrt"), (_POSITIVE, uniform(2, 3, low=-3, high=-0.5))),
    **dict.fromkeys(("arcsin", "arccos", "arctanh", "erfinv", "log1p", "tan"), (_INSIDE,)),
    "arccosh": (uniform(2, 3, low=1.2, high=4.0),),
    "rint": (uniform(2, 3, low=0.05, high=0.4),),
}  # fmt: skip
_ON_INTEGERS = [o for o in _DOMAINS if o not in ("arcsin", "arccos", "arctanh", "erfinv", "arccosh", "tan")]

_edges = np.array([-2.5, -1.5, -1.0, -0.5, -0.2, 0.0, 0.5, 1.0, 1.5, 2.5, np.nan, np.inf], "float32")

CASES = [
    *(Case(o, [x]) for o, xs in _DOMAINS.items() for x in xs),
    *(Case(o, [Values(x.shape, x.low, x.high, dtype="float16")], grad=False) for o, xs in _DOMAINS.items() for x in xs),
    *(Case(o, [_WHOLE]) for o in _ON_INTEGERS),
    *(
        Case(o, [_edges], grad=False)
        for o in ("relu", "abs", "sign", "round", "rint", "ceil", "floor", "trunc", "fix", "softsign", "logical_not")
    ),
    *(Case(o, [np.array([-2.5, -0.5, 4.0, 10.0], "float64")]) for o in ("gamma", "gammaln")),
    Case("hard_sigmoid", [uniform(3, 4, low=-4, high=4)]),
    Case("hard_sigmoid", [uniform(3, 4)], {"alpha": 0.7, "beta": 0.1}),
    Case("hard_sigmoid", [uniform(3, 4, dtype="float16")], grad=False),
    Case("clip", [uniform(3, 4)], {"a_min": -0.5, "a_max": 0.25}),
    Case("clip", [_edges], {"a_min": 0, "a_max": 1}, grad=False),
    Case("clip", [integers(3, 4, low=-5, high=6, dtype="int32")], {"a_min": -1.5, "a_max": 2.5}),
    Case("_contrib_quadratic", [(2, 3)], {"a": 1.0, "b": 2.0, "c": 3.0}),
    Case("_contrib_quadratic", [(2, 3)]),
    Case("_contrib_quadratic", [_WHOLE], {"a": 0.5, "b": 0.5, "c": 0.9}),
    Case("_contrib_div_sqrt_dim", [(2, 3, 4)]),
    Case("_contrib_backward_quadratic", [(2, 3), (2, 3)], {"a": 1.0, "b": 2.0, "c": 3.0}),
]
