"""Cases of quantisation and quantised layers."""

import numpy as np

from tests.table import Case, integers, uniform


def low(v: float = -1.0) -> np.ndarray:
    """An end of a range."""
    return np.array([v], "float32")


def i8(*shape: int, most: int = 127):
    """Signed 8-bit numbers."""
    return integers(*shape, low=-most, high=most + 1, dtype="int8")


def u8(*shape: int, most: int = 255):
    """Unsigned 8-bit numbers."""
    return integers(*shape, low=0, high=most + 1, dtype="uint8")


def case(op: str, inputs: list, attrs: dict | None = None, **more) -> Case:
    """Quantised operators have no gradient."""
    return Case(op, inputs, attrs or {}, grad=False, **more)


ENDS = [low(), low(1.0)]
FOUR = [low(-1.0), low(1.2), low(-0.5), low(0.7)]
SIX = [*FOUR, low(-0.3), low(0.2)]
LIMITS = {"min_calib_range": -2.0, "max_calib_range": 1.5}
HISTOGRAM = np.round(100 * np.exp(-(np.linspace(-4, 4, 401) ** 2)) + 3).astype("float32")

CASES = [
    case("_contrib_quantize", [uniform(2, 3, 4, low=0), low(0.0), low(1.0)]),
    case("_contrib_quantize", [(2, 3, 4), *ENDS], {"out_type": "int8"}),
    *(
        case("_contrib_quantize_v2", [data], attrs)
        for data, attrs in (
            ((2, 3, 4), {}),
            ((2, 3, 4), {"out_type": "uint8"}),
            ((2, 3, 4), LIMITS),
            ((2, 3), {"out_type": "auto", "min_calib_range": 0.0, "max_calib_range": 0.7}),
            (i8(2, 3), {}),
            (u8(2, 3), {"out_type": "uint8", **LIMITS}),
        )
    ),
    case("_contrib_quantize_asym", [(2, 3, 4)]),
    case("_contrib_quantize_asym", [(2, 3, 4)], LIMITS),
    case("_contrib_dequantize", [i8(2, 3, 4), *ENDS]),
    case("_contrib_dequantize", [u8(2, 3, 4), *ENDS]),
    *(
        case(
            "_contrib_requantize",
            [integers(3, 4, low=-(2**24), high=2**24, dtype="int32"), low(-99.0), low(99.0)],
            attrs,
        )
        for attrs in ({}, LIMITS, {"out_type": "auto", "min_calib_range": 0.0, "max_calib_range": 0.4})
    ),
    case(
        "_contrib_calibrate_entropy", [HISTOGRAM, np.linspace(-3, 3, 402).astype("float32")], {"num_quantized_bins": 31}
    ),
    # layers
    case(
        "_contrib_quantized_conv",
        [u8(2, 4, 5, 6, most=40), i8(3, 4, 3, 2), i8(3), *SIX],
        {"kernel": (3, 2), "num_filter": 3, "stride": (2, 1), "pad": (1, 0)},
    ),
    case(
        "_contrib_quantized_conv",
        [u8(1, 2, 4, 4, 3), i8(2, 2, 2, 2, 2), *FOUR],
        {"kernel": (2, 2, 2), "num_filter": 2, "no_bias": True, "dilate": (2, 1, 1)},
    ),
    case("_contrib_quantized_fully_connected", [i8(3, 4, 5), i8(2, 20), i8(2), *SIX], {"num_hidden": 2}),
    case(
        "_contrib_quantized_fully_connected",
        [u8(3, 4, 5), i8(2, 5), *FOUR],
        {"num_hidden": 2, "no_bias": True, "flatten": False},
    ),
    case("_contrib_quantized_act", [i8(2, 3, 4), *ENDS], {"act_type": "relu"}),
    *(
        case(
            "_contrib_quantized_batch_norm", [data, uniform(3, low=0.5), (3,), (3,), uniform(3, low=0.5), *ENDS], LIMITS
        )
        for data in (i8(2, 3, 4), u8(2, 3, 4))
    ),
    *(
        case("_contrib_quantized_elemwise_add", [a, b, *FOUR], attrs)
        for a, b in ((i8(3, 4), i8(3, 4)), (u8(3, 4), u8(3, 4)), (i8(3, 4), u8(3, 4)))
        for attrs in ({}, LIMITS)
    ),
    *(
        case("_contrib_quantized_elemwise_mul", [i8(3, 4), i8(3, 4), *FOUR], attrs)
        for attrs in ({}, LIMITS, {"enable_float_output": True})
    ),
    case("_contrib_quantized_concat", [i8(2, 3, 4), u8(2, 2, 4), *FOUR], {"num_args": 2}),
    case("_contrib_quantized_concat", [u8(2, 3, 4), u8(2, 3, 2), *FOUR], {"num_args": 2, "dim": 2}),
    case("_contrib_quantized_flatten", [u8(2, 3, 4), *ENDS]),
    *(
        case("_contrib_quantized_pooling", [data, *ENDS], {"pool_type": kind, **attrs})
        for data in (i8(2, 3, 6, 7), u8(2, 3, 6, 7))
        for kind, attrs in (
            ("max", {"kernel": (2, 2), "stride": (2, 2)}),
            ("avg", {"kernel": (3, 3), "stride": (2, 2), "pad": (1, 1)}),
            ("avg", {"kernel": (3, 2), "stride": (2, 2), "pooling_convention": "full"}),
            ("avg", {"kernel": (1, 1), "global_pool": True}),
        )
    ),
    case("_contrib_quantized_embedding", [integers(2, 3, high=5), i8(5, 4), *ENDS], {"input_dim": 5, "output_dim": 4}),
    case(
        "_contrib_quantized_rnn",
        [u8(3, 2, 4), (4 * 5 * (4 + 5 + 2),), (1, 2, 5), (1, 2, 5), low(127.0), low(128.0)],
        {"state_size": 5, "num_layers": 1, "mode": "lstm", "state_outputs": True},
    ),
]
