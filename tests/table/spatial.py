"""Cases of grids, correlation and resizing."""

from tests.table import Case, uniform

IMAGE = (2, 3, 5, 6)
INSIDE = uniform(2, 2, 3, 4, low=-0.83, high=0.83)

CASES = [
    Case(
        "SpatialTransformer",
        [IMAGE, uniform(2, 6, low=-0.6, high=0.6)],
        {"target_shape": (4, 3), "transform_type": "affine", "sampler_type": "bilinear"},
    ),
    Case(
        "SpatialTransformer",
        [(1, 1, 4, 4), uniform(1, 6, low=0.1, high=2.5)],
        {"target_shape": (2, 2), "transform_type": "affine", "sampler_type": "bilinear"},
        grad=False,
        id="beyond the image",
    ),
    Case("GridGenerator", [(2, 6)], {"transform_type": "affine", "target_shape": (3, 4)}),
    Case("GridGenerator", [(2, 2, 4, 5)], {"transform_type": "warp"}),
    Case("BilinearSampler", [IMAGE, INSIDE]),
    Case("BilinearSampler", [IMAGE, uniform(2, 2, 2, 3, low=-2, high=2)], grad=False, id="beyond the image"),
    Case("Correlation", [IMAGE, IMAGE]),
    Case(
        "Correlation",
        [(2, 2, 6, 7), (2, 2, 6, 7)],
        {"kernel_size": 3, "max_displacement": 2, "stride1": 2, "pad_size": 2},
    ),
    Case(
        "Correlation",
        [(1, 2, 6, 6), (1, 2, 6, 6)],
        {"max_displacement": 2, "stride2": 2, "pad_size": 2, "is_multiply": False},
        grad=False,
    ),
    Case("Correlation", [(1, 2, 5, 5), uniform(1, 2, 5, 5, low=2, high=3)], {"is_multiply": False}),
    *(
        Case("_contrib_BilinearResize2D", [IMAGE], attrs)
        for attrs in (
            {"height": 7, "width": 4},
            {"height": 3, "width": 9, "align_corners": False},
            {},
            {"height": 5, "width": 6},
            {"scale_height": 1.5, "scale_width": 0.5},
            {"mode": "odd_scale", "scale_height": 2, "scale_width": 2},
            {"mode": "to_even_up"},
            {"mode": "to_even_down"},
            {"mode": "to_odd_up"},
            {"mode": "to_odd_down"},
        )
    ),
    Case("_contrib_BilinearResize2D", [IMAGE, (2, 1, 3, 8)], {"mode": "like"}),
    Case("_contrib_AdaptiveAvgPooling2D", [IMAGE]),
    Case("_contrib_AdaptiveAvgPooling2D", [IMAGE], {"output_size": 3}),
    Case("_contrib_AdaptiveAvgPooling2D", [IMAGE], {"output_size": (2, 7)}),
]
