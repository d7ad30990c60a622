"""Cases of the layers with weights and of pooling."""

import numpy as np

from tests.table import Case, integers, permutation, uniform

CASES = [
    Case("FullyConnected", [(2, 3), (4, 3), (4,)], {"num_hidden": 4}),
    Case("FullyConnected", [(2, 3, 2), (4, 6)], {"num_hidden": 4, "no_bias": True}),
    Case("FullyConnected", [(2, 3, 2), (4, 2), (4,)], {"num_hidden": 4, "flatten": False}),
    Case("FullyConnected", [(2, 3), (4, 3), (4, 1)], {"num_hidden": 4}, id="column bias"),
    # Convolution
    Case("Convolution", [(2, 3, 7), (4, 3, 3), (4,)], {"kernel": (3,), "num_filter": 4}),
    Case("Convolution", [(2, 4, 6), (4, 2, 3), (4,)], {"kernel": (3,), "num_filter": 4, "num_group": 2, "pad": (1,)}),
    Case("Convolution", [(2, 3, 6, 5), (4, 3, 3, 2), (4,)], {"kernel": (3, 2), "num_filter": 4, "stride": (2, 1)}),
    Case(
        "Convolution",
        [(1, 2, 7, 6), (3, 2, 3, 2)],
        {"kernel": (3, 2), "num_filter": 3, "stride": (1, 2), "pad": (0, 1), "dilate": (2, 1), "no_bias": True},
    ),
    Case("Convolution", [(1, 4, 5, 5), (4, 1, 3, 3), (4,)], {"kernel": (3, 3), "num_filter": 4, "num_group": 4}),
    Case("Convolution", [(2, 3, 4, 4), (5, 3, 1, 1), (5,)], {"kernel": (1, 1), "num_filter": 5}),
    Case(
        "Convolution",
        [(1, 2, 4, 5, 4), (2, 1, 3, 3, 2), (2,)],
        {"kernel": (3, 3, 2), "num_filter": 2, "num_group": 2, "pad": (1, 1, 0), "stride": (1, 2, 1)},
    ),
    Case("Convolution", [(1, 5, 5, 2), (3, 3, 3, 2), (3,)], {"kernel": (3, 3), "num_filter": 3, "layout": "NHWC"}),
    Case(
        "Convolution",
        [(1, 5, 5, 4), (4, 3, 3, 2)],
        {"kernel": (3, 3), "num_filter": 4, "num_group": 2, "layout": "NHWC", "no_bias": True},
    ),
    Case(
        "Convolution",
        [(1, 4, 4, 4, 2), (3, 2, 2, 2, 2), (3,)],
        {"kernel": (2,) * 3, "num_filter": 3, "layout": "NDHWC"},
    ),
    Case("Convolution_v1", [(2, 3, 6, 5), (4, 3, 3, 3), (4,)], {"kernel": (3, 3), "num_filter": 4}),
    Case(
        "Convolution_v1",
        [(1, 2, 7, 6), (4, 1, 3, 2)],
        {"kernel": (3, 2), "num_filter": 4, "num_group": 2, "no_bias": True, "dilate": (2, 1)},
    ),
    # Deconvolution
    Case(
        "Deconvolution",
        [(2, 2, 4), (2, 3, 3)],
        {"kernel": (3,), "num_filter": 3, "stride": (2,), "pad": (1,), "adj": (1,)},
    ),
    Case(
        "Deconvolution",
        [(2, 2, 4), (2, 3, 3), (3,)],
        {"kernel": (3,), "num_filter": 3, "stride": (2,), "no_bias": False},
    ),
    Case("Deconvolution", [(1, 2, 4, 3), (2, 3, 3, 4)], {"kernel": (3, 4), "num_filter": 3}),
    Case(
        "Deconvolution",
        [(1, 2, 4, 3), (2, 3, 3, 2)],
        {"kernel": (3, 2), "num_filter": 3, "stride": (2, 3), "dilate": (2, 1), "pad": (1, 0)},
    ),
    Case(
        "Deconvolution",
        [(1, 4, 3, 3), (4, 3, 2, 2)],
        {"kernel": (2, 2), "num_filter": 6, "num_group": 2, "stride": (2, 2)},
    ),
    Case(
        "Deconvolution",
        [(1, 2, 4, 4), (2, 3, 4, 4)],
        {"kernel": (4, 4), "num_filter": 3, "stride": (2, 2), "target_shape": (8, 8)},
    ),
    Case(
        "Deconvolution",
        [(1, 2, 4, 4), (2, 3, 4, 4)],
        {"kernel": (4, 4), "num_filter": 3, "stride": (2, 2), "target_shape": (7, 8), "pad": (3, 3)},
    ),
    Case(
        "Deconvolution",
        [(1, 2, 3, 3), (2, 2, 2, 2)],
        {"kernel": (2, 2), "num_filter": 2, "pad": (2, 2), "stride": (2, 2)},
    ),
    Case(
        "Deconvolution",
        [(1, 2, 3, 2, 3), (2, 1, 3, 3, 3)],
        {"kernel": (3,) * 3, "num_filter": 2, "num_group": 2, "pad": (1,) * 3, "stride": (2,) * 3, "adj": (1,) * 3},
    ),
    Case(
        "Deconvolution",
        [(1, 3, 3, 4), (4, 2, 2, 3)],
        {"kernel": (2, 2), "num_filter": 6, "num_group": 2, "stride": (2, 2), "layout": "NHWC"},
    ),
    Case("Deconvolution", [(1, 3, 3, 2), (2, 2, 2, 3)], {"kernel": (2, 2), "num_filter": 3, "layout": "NHWC"}),
    # Pooling
    *(
        Case(
            "Pooling",
            [permutation(*shape)],
            {"kernel": kernel, "pool_type": kind, "pooling_convention": convention, **more},
        )
        for kind in ("max", "avg", "sum")
        for convention in ("valid", "full")
        for shape, kernel, more in (
            ((2, 2, 7), (2,), {"stride": (2,)}),
            ((1, 2, 6, 5), (3, 2), {"stride": (2, 1), "pad": (1, 1)}),
            ((1, 2, 8, 6), (3, 3), {"stride": (2, 2)}),
            ((1, 2, 5, 4, 4), (2, 2, 2), {"stride": (2, 2, 2)}),
        )
    ),
    Case("Pooling", [permutation(2, 2, 7)], {"kernel": (2,), "pooling_convention": "same", "stride": (2,)}),
    Case("Pooling", [permutation(2, 2, 7)], {"kernel": (3,), "pooling_convention": "same", "stride": (2,)}),
    Case("Pooling", [permutation(1, 2, 5, 5)], {"kernel": (2, 3)}),
    Case(
        "Pooling",
        [permutation(1, 2, 6, 6)],
        {"kernel": (3, 3), "pool_type": "avg", "stride": (2, 2), "pad": (1, 1), "count_include_pad": False},
    ),
    Case(
        "Pooling",
        [permutation(1, 2, 6, 6)],
        {
            "kernel": (3, 3),
            "pool_type": "avg",
            "stride": (2, 2),
            "pad": (1, 1),
            "count_include_pad": False,
            "pooling_convention": "full",
        },
    ),
    *(
        Case(
            "Pooling",
            [uniform(1, 2, 6, 5, low=0.1)],
            {"kernel": (3, 2), "pool_type": "lp", "p_value": p, "pad": (1, 0), "stride": (2, 2)},
        )
        for p in (1, 2, 3)
    ),
    Case("Pooling", [uniform(1, 1, 4, low=-1, high=-0.1)], {"kernel": (2,), "pool_type": "lp", "p_value": 3}),
    Case(
        "Pooling",
        [np.zeros((1, 1, 4), "float32")],
        {"kernel": (2,), "pool_type": "lp", "p_value": 2},
        grad=False,
        id="lp of zeros",
    ),
    *(
        Case("Pooling", [permutation(*shape)], {"global_pool": True, "pool_type": kind, **more})
        for shape in ((2, 3, 5), (2, 2, 3, 4), (1, 2, 3, 2, 3))
        for kind, more in (
            ("max", {}),
            ("avg", {}),
            ("sum", {}),
            ("lp", {"p_value": 2}),
            ("avg", {"kernel": (2,) * (len(shape) - 2), "pad": (1,) * (len(shape) - 2)}),
        )
    ),
    Case("Pooling", [integers(2, 2, 6, 6, high=2)], {"kernel": (3, 3), "stride": (2, 2)}, grad=False, id="max ties"),
    Case("Pooling", [integers(2, 2, 6, 6, high=2)], {"global_pool": True}, grad=False, id="global max ties"),
    *(
        Case(
            "Pooling",
            [permutation(*shape)],
            {"kernel": kernel, "pool_type": kind, "layout": layout, "stride": (2,) * len(kernel)},
        )
        for shape, kernel, layout in (
            ((2, 7, 2), (2,), "NWC"),
            ((1, 6, 5, 2), (3, 2), "NHWC"),
            ((1, 4, 5, 4, 2), (2, 2, 2), "NDHWC"),
        )
        for kind in ("max", "avg")
    ),
    Case("Pooling", [permutation(2, 3, 4, 2)], {"global_pool": True, "layout": "NHWC", "pool_type": "avg"}),
    Case("Pooling", [permutation(2, 3, 4, 2)], {"global_pool": True, "layout": "NHWC"}),
    *(
        Case(
            "Pooling_v1",
            [permutation(1, 2, 6, 5, low=-0.5)],
            {"kernel": (3, 2), "pool_type": kind, "pooling_convention": convention, "stride": (2, 2), "pad": (1, 1)},
        )
        for kind in ("max", "avg", "sum")
        for convention in ("valid", "full")
    ),
    *(
        Case("Pooling_v1", [permutation(2, 2, 3, 4)], {"global_pool": True, "kernel": (1, 1), "pool_type": kind})
        for kind in ("max", "avg", "sum")
    ),
    Case(
        "Pooling_v1", [integers(2, 2, 6, 6, high=2)], {"kernel": (3, 3), "stride": (2, 2)}, grad=False, id="v1 max ties"
    ),
    # Embedding, UpSampling
    Case("Embedding", [integers(2, 3, high=5), (5, 4)], {"input_dim": 5, "output_dim": 4}, wrt=(1,)),
    Case(
        "Embedding",
        [np.array([-1, 0, 7], "float32"), (5, 4)],
        {"input_dim": 5, "output_dim": 4},
        wrt=(1,),
        id="out of range",
    ),
    Case(
        "Embedding",
        [integers(2, 3, high=5, dtype="int32"), uniform(5, 4, dtype="float64")],
        {"input_dim": 5, "output_dim": 4, "dtype": "float64"},
        wrt=(1,),
    ),
    Case("_contrib_SparseEmbedding", [integers(6, high=5), (5, 4)], {"input_dim": 5, "output_dim": 4}, wrt=(1,)),
    Case("UpSampling", [(1, 2, 2, 3)], {"scale": 2, "sample_type": "nearest", "num_args": 1}),
    Case("UpSampling", [(1, 2, 2, 2), (1, 1, 4, 4)], {"scale": 2, "sample_type": "nearest", "num_args": 2}),
    Case(
        "UpSampling",
        [(1, 2, 2, 2), (1, 2, 4, 4)],
        {"scale": 4, "sample_type": "nearest", "num_args": 2, "multi_input_mode": "sum"},
    ),
    Case(
        "UpSampling",
        [(1, 2, 3, 3), (2, 1, 4, 4)],
        {"scale": 2, "sample_type": "bilinear", "num_args": 2, "num_filter": 2},
    ),
    Case(
        "UpSampling",
        [(1, 2, 3, 3), (2, 1, 5, 5)],
        {"scale": 3, "sample_type": "bilinear", "num_args": 2, "num_filter": 2},
    ),
    # attention
    Case("_contrib_interleaved_matmul_selfatt_qk", [(4, 2, 18)], {"heads": 3}),
    Case("_contrib_interleaved_matmul_selfatt_valatt", [(4, 2, 18), (6, 4, 4)], {"heads": 3}),
    Case("_contrib_interleaved_matmul_encdec_qk", [(3, 2, 6), (4, 2, 12)], {"heads": 3}),
    Case("_contrib_interleaved_matmul_encdec_valatt", [(4, 2, 12), (6, 3, 4)], {"heads": 3}),
]
