"""Cases of the heads, whose gradients are not the derivatives of their outputs."""

import numpy as np

from tests.table import Case, integers, uniform


def head(name, inputs, attrs=None, **more):
    """A case whose gradient is a loss's own."""
    return Case(name, inputs, attrs or {}, grad=False, train=True, **more)


CASES = [
    *(
        head("SoftmaxOutput", [(5, 4), integers(5)], attrs)
        for attrs in (
            {},
            {"grad_scale": 0.5, "normalization": "batch"},
            {"normalization": "valid", "use_ignore": True, "ignore_label": 1},
            {"normalization": "valid", "ignore_label": 2},
            {"use_ignore": True, "ignore_label": 0},
            {"smooth_alpha": 0.1},
            {"smooth_alpha": 0.2, "use_ignore": True, "ignore_label": 2},
        )
    ),
    *(
        head("SoftmaxOutput", [(2, 3, 4), integers(2, 4, high=3)], {"multi_output": True, **attrs})
        for attrs in (
            {},
            {"normalization": "batch"},
            {"normalization": "valid", "use_ignore": True, "ignore_label": 1},
            {"use_ignore": True, "ignore_label": 1, "grad_scale": 0.3},
            {"smooth_alpha": 0.1},
        )
    ),
    head("SoftmaxOutput", [(2, 3, 2, 2), integers(2, 4, high=3)], {"multi_output": True}),
    head(
        "SoftmaxOutput", [(2, 3, 2, 2), integers(2, 1, 2, 2, high=3)], {"multi_output": True, "normalization": "batch"}
    ),
    head("SoftmaxOutput", [(2, 3, 2, 2), integers(2, 2, 2, high=3)], {"multi_output": True, "normalization": "valid"}),
    head("SoftmaxOutput", [(2, 3, 4), integers(2, 3)], {"preserve_shape": True}),
    head("SoftmaxOutput", [(2, 3, 4), integers(2, 3)], {"preserve_shape": True, "normalization": "batch"}),
    head("SoftmaxOutput", [(2, 3, 4), integers(2, 3, high=12)], {}),
    head("SoftmaxOutput", [(2, 3, 4), integers(2, 3, high=12)], {"normalization": "batch"}),
    head("SoftmaxOutput", [(3, 4), uniform(3, 4, low=0)], {"grad_scale": 0.5}, id="probabilities"),
    head("SoftmaxOutput", [(2, 3, 4), uniform(2, 3, 4, low=0)], {"preserve_shape": True}, id="more probabilities"),
    head("SoftmaxOutput", [uniform(3, 4, dtype="float64"), integers(3, dtype="float64")]),
    head("SoftmaxOutput", [(3, 4), np.array([-1, 4, 7], "float32")], id="labels out of range"),
    *(
        head(name, inputs, attrs)
        for name in ("LinearRegressionOutput", "LogisticRegressionOutput", "MAERegressionOutput")
        for inputs, attrs in (
            ([(4, 3), (4, 3)], {}),
            ([(4, 1), (4,)], {"grad_scale": 0.5}),
            ([(2, 3, 2), (2, 6)], {"grad_scale": 2.0}),
        )
    ),
    head("MAERegressionOutput", [np.ones((2, 2), "float32"), np.ones((2, 2), "float32")], id="equal"),
    *(
        head(
            "SVMOutput",
            [(4, 3), integers(4, high=3)],
            {"margin": 0.5, "regularization_coefficient": 2.0, "use_linear": linear},
        )
        for linear in (False, True)
    ),
    Case("softmax_cross_entropy", [(4, 5), integers(4)], train=True, wrt=(0,)),
    head("softmax_cross_entropy", [np.array([[100, 0], [0, 1]], "float32"), np.array([1, 0], "float32")], id="tiny"),
    head(
        "IdentityAttachKLSparseReg", [uniform(4, 3, low=0.1, high=0.9), uniform(3, low=0.2, high=0.8)], {"penalty": 0.1}
    ),
]
