"""Cases of normalization, activations and dropout."""

import numpy as np

from tests.table import Case, integers, uniform

HALF = uniform(3, low=0.5, high=1.5)
STATS = [(3,), uniform(3, low=0.5, high=1.5)]

CASES = [
    # batch normalization
    *(
        Case(
            name,
            [(4, 3, 2, 2), HALF, (3,), *STATS],
            {"fix_gamma": fixed, "use_global_stats": fixed_stats, **more},
            train=train,
            grad=False,
        )
        for name, more in (
            ("BatchNorm", {}),
            ("BatchNorm_v1", {}),
            ("_contrib_SyncBatchNorm", {"key": "k"}),
            ("_contrib_BatchNormWithReLU", {}),
        )
        for fixed, fixed_stats, train in (
            (True, False, True),
            (False, False, True),
            (False, True, True),
            (False, False, False),
            (True, False, False),
        )
    ),
    Case("BatchNorm", [(6, 3), HALF, (3,), *STATS], {"fix_gamma": False}, train=True, wrt=(0, 1, 2)),
    *(
        Case(name, [(4, 3, 2, 2), HALF, (3,), *STATS], {"fix_gamma": False, **more}, train=True, wrt=(0, 1, 2))
        for name, more in (
            ("BatchNorm_v1", {}),
            ("_contrib_SyncBatchNorm", {"key": "k"}),
            ("_contrib_BatchNormWithReLU", {}),
        )
    ),
    Case(
        "BatchNorm",
        [(6, 2, 3), HALF, (3,), *STATS],
        {"fix_gamma": False, "axis": -1, "eps": 1e-5},
        train=True,
        wrt=(0, 1, 2),
    ),
    Case(
        "BatchNorm",
        [(3, 4, 2), HALF, (3,), *STATS],
        {"fix_gamma": False, "axis": 0, "momentum": 0.5},
        train=True,
        wrt=(0, 1, 2),
    ),
    Case(
        "BatchNorm",
        [(4, 3, 5), HALF, (3,), *STATS],
        {"output_mean_var": True, "fix_gamma": False},
        train=True,
        grad=False,
    ),
    Case("BatchNorm", [(4, 3, 5), HALF, (3,), *STATS], {"output_mean_var": True, "fix_gamma": False}, grad=False),
    Case(
        "BatchNorm_v1",
        [(4, 3, 2, 2), HALF, (3,), *STATS],
        {"output_mean_var": True, "fix_gamma": False},
        train=True,
        grad=False,
    ),
    Case(
        "BatchNorm",
        [uniform(64, 3, low=1000, high=1001), HALF, (3,), *STATS],
        {"fix_gamma": False},
        train=True,
        grad=False,
        id="large mean",
    ),
    Case(
        "BatchNorm",
        [uniform(6, 3, 2, dtype="float16"), HALF, (3,), *STATS],
        {"fix_gamma": False},
        train=True,
        grad=False,
        id="float16",
    ),
    Case(
        "_contrib_SyncBatchNorm",
        [(6, 3), HALF, (3,), *STATS],
        {"fix_gamma": False, "key": "a"},
        train=True,
        wrt=(0, 1, 2),
    ),
    # others
    Case("LayerNorm", [(4, 3), (3,), (3,)]),
    Case("LayerNorm", [(2, 3, 4), (3,), (3,)], {"axis": 1, "eps": 1e-3}),
    Case("LayerNorm", [(2, 3, 4), (4,), (4,)], {"output_mean_var": True}, grad=False),
    Case("GroupNorm", [(2, 4, 3), (2,), (2,)], {"num_groups": 2}),
    Case("GroupNorm", [(2, 6, 2, 3), (3,), (3,)], {"num_groups": 3, "eps": 0.01, "output_mean_var": True}, grad=False),
    Case("InstanceNorm", [(2, 3, 4), (3,), (3,)]),
    Case("InstanceNorm", [(2, 3, 2, 3), (3,), (3,)], {"eps": 0.01}),
    Case("L2Normalization", [(2, 3, 4)]),
    Case("L2Normalization", [(2, 3, 4)], {"mode": "channel"}),
    Case("L2Normalization", [(2, 3, 2, 2)], {"mode": "spatial", "eps": 1e-3}),
    Case("L2Normalization", [(2, 3)], {}),
    Case("LRN", [(1, 5, 2, 2)], {"nsize": 3}),
    Case("LRN", [(2, 6, 2, 3)], {"nsize": 5, "alpha": 0.1, "beta": 0.5, "knorm": 1}),
    # activations
    *(Case("Activation", [(3, 4)], {"act_type": kind}) for kind in ("relu", "sigmoid", "softrelu", "softsign", "tanh")),
    *(
        Case(
            "Activation", [np.array([-30, -1, 0, 1, 30], "float32")], {"act_type": kind}, grad=False, id=f"{kind} at 0"
        )
        for kind in ("relu", "sigmoid", "softrelu", "softsign", "tanh")
    ),
    *(Case("LeakyReLU", [(3, 4)], {"act_type": kind}) for kind in ("leaky", "elu", "gelu", "rrelu")),
    Case("LeakyReLU", [(3, 4)], {"act_type": "selu"}, grad=False),
    *(
        Case(
            "LeakyReLU",
            [np.array([-30, -1, 0, 1, 30], "float32")],
            {"act_type": kind, "slope": 0.5},
            grad=False,
            id=f"{kind} at 0",
        )
        for kind in ("leaky", "elu", "selu", "gelu")
    ),
    Case("LeakyReLU", [(3, 4)], {"slope": 0.1}),
    Case("LeakyReLU", [(2, 3, 4), (3,)], {"act_type": "prelu"}),
    Case("LeakyReLU", [(2, 3), (1,)], {"act_type": "prelu"}),
    Case("LeakyReLU", [(2, 3), (2, 3)], {"act_type": "prelu"}),
    *(
        Case(name, [shape], attrs)
        for name in ("softmax", "softmin", "log_softmax")
        for shape, attrs in (
            ((3, 4), {}),
            ((2, 3, 4), {"axis": 1}),
            ((2, 3, 4), {"axis": 0, "temperature": 2.0}),
            ((2, 3), {"dtype": "float64"}),
        )
    ),
    *(
        Case(name, [(3, 5), np.array([1, 5, 3], "int32")], {"use_length": True, "axis": 1, **more}, wrt=(0,))
        for name in ("softmax", "softmin", "log_softmax")
        for more in ({}, {"temperature": 2.0})
    ),
    Case(
        "softmax", [(2, 5, 3), integers(2, 3, low=1, high=6, dtype="int32")], {"use_length": True, "axis": 1}, wrt=(0,)
    ),
    Case("softmax", [uniform(3, 4, dtype="float16")], {}, grad=False),
    Case("softmax", [uniform(3, 4, dtype="float16")], {"dtype": "float32"}, grad=False),
    Case("SoftmaxActivation", [(3, 4)]),
    Case("SoftmaxActivation", [(2, 3, 2, 2)], {"mode": "channel"}),
    Case("SoftmaxActivation", [(2, 3, 2)], grad=False),
    # dropout, without chance
    Case("Dropout", [(3, 4)], {"p": 0.3}),
    Case("Dropout", [(3, 4)], {"p": 0}, train=True),
    Case("Dropout", [(3, 4)], {"p": 0, "mode": "always", "axes": (0,)}),
]
