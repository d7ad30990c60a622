"""Cases of casts, identities with another gradient, choice and questions about arrays."""

import numpy as np

from tests.table import Case, integers, uniform

_whole = integers(2, 3, low=-4, high=5, dtype="int32")
_half = uniform(2, 3, dtype="float16")

CASES = [
    *(
        Case("Cast", [uniform(2, 3, low=-3, high=3)], {"dtype": d}, grad=False)
        for d in ("float16", "bfloat16", "float64", "int8", "int32", "int64", "bool")
    ),
    Case("Cast", [np.array([300, 11.1, 10.9, -1, -3], "float32")], {"dtype": "uint8"}),
    Case("Cast", [_whole], {"dtype": "float32"}),
    Case("Cast", [np.array([True, False])], {"dtype": "int32"}),
    Case("amp_cast", [(2, 3)], {"dtype": "float16"}, grad=False),
    Case("amp_cast", [_half], {"dtype": "float32"}, grad=False),
    Case("amp_cast", [_whole], {"dtype": "float16"}),
    Case("amp_cast", [uniform(2, 3, dtype="float64")], {"dtype": "float16"}),
    Case("Cast", [(2, 3)], {"dtype": "float64"}),
    Case("amp_multicast", [(2, 3), (3, 2)], {"num_outputs": 2}),
    Case("amp_multicast", [(2, 3), _half], {"num_outputs": 2}, grad=False),
    Case("amp_multicast", [(2, 3), _half, _whole], {"num_outputs": 3, "cast_narrow": True}, grad=False),
    Case("cast_storage", [(2, 3)], {"stype": "default"}),
    Case("cast_storage", [(2, 3)], {"stype": "csr"}),
    Case("_copy", [(2, 3)]),
    Case("_copy", [_whole]),
    Case("_copyto", [(2, 3)]),
    Case("_identity_with_attr_like_rhs", [(2, 3), (2, 3)]),
    Case("BlockGrad", [(2, 3)], grad=False),
    Case("_contrib_gradientmultiplier", [(2, 3)]),
    Case("_contrib_gradientmultiplier", [(2, 3)], {"scalar": 0.5, "is_int": False}, grad=False),
    Case("_contrib_round_ste", [uniform(2, 3, low=-3, high=3)], grad=False),
    Case("_contrib_sign_ste", [(2, 3)], grad=False),
    Case("make_loss", [(2, 3)], grad=False),
    Case("MakeLoss", [(2, 3)], {"grad_scale": 2.0}, grad=False),
    Case("MakeLoss", [(2, 3)], {"normalization": "batch"}, grad=False),
    Case("MakeLoss", [(2, 3)], {"normalization": "valid", "valid_thresh": 0.1}, grad=False),
    Case("where", [integers(2, 3, high=2), (2, 3), (2, 3)], wrt=(1, 2)),
    Case("where", [integers(2, high=2, dtype="int32"), (2, 3, 4), (2, 3, 4)]),
    Case("zeros_like", [(2, 3)]),
    Case("zeros_like", [_whole]),
    Case("ones_like", [(2, 3)]),
    Case("ones_like", [_half], grad=False),
    Case("shape_array", [(2, 3, 4)]),
    Case("size_array", [(2, 3, 4)]),
    Case("all_finite", [(2, 3)]),
    Case("all_finite", [np.array([1, np.inf], "float32")], grad=False),
    Case("multi_all_finite", [(2, 3), _half], {"num_arrays": 2}, grad=False),
    Case("multi_all_finite", [np.array([np.nan], "float32"), (2, 3)], {"num_arrays": 2}, grad=False),
    Case("_contrib_allclose", [(2, 3), (2, 3)], np_shape=True, grad=False),
    Case("_contrib_allclose", [np.ones(3, "float32"), np.ones(3, "float32")], np_shape=True, grad=False),
]
