"""Cases of images: augmentation, resizing, borders and files."""

from pathlib import Path

import numpy as np

from tests.table import Case, integers, uniform

PICTURE = Path(__file__).parents[1] / "data" / "tiny.png"
BYTES = integers(6, 8, 3, high=256, dtype="uint8")
COLOURS = uniform(6, 8, 3, low=0, high=255)
GRAY = uniform(6, 8, 1, low=0, high=255)
FACTORS = {"min_factor": 0.4, "max_factor": 1.6}


def case(op: str, inputs: list, attrs: dict | None = None, **more) -> Case:
    """Augmentations whose gradient is MXNet's, not the derivative."""
    return Case(op, inputs, attrs or {}, grad=False, **more)


CASES = [
    case("_image_to_tensor", [BYTES]),
    case("_image_to_tensor", [(2, 3, 4, 3)]),
    Case("_image_normalize", [(3, 4, 5)], {"mean": (0.1, 0.2, 0.3), "std": (0.5, 1, 2)}),
    Case("_image_normalize", [(2, 1, 4, 5)], {"mean": 0.5, "std": 2}),
    Case("_image_crop", [COLOURS], {"x": 1, "y": 2, "width": 3, "height": 4}),
    case("_image_crop", [integers(2, 6, 8, 1, dtype="uint8")], {"x": 0, "y": 0, "width": 8, "height": 1}),
    *(case(op, [data]) for op in ("_image_flip_left_right", "_image_flip_top_bottom") for data in (COLOURS, BYTES)),
    *(case(op, [COLOURS]) for op in ("_image_random_flip_left_right", "_image_random_flip_top_bottom")),
    *(
        case(f"_image_random_{what}", [data], FACTORS)
        for what in ("brightness", "contrast", "saturation", "hue")
        for data in (COLOURS, GRAY, BYTES)
    ),
    *(
        case("_image_random_color_jitter", [data], {"brightness": 0.2, "contrast": 0.2, "saturation": s, "hue": 0.1})
        for data, s in ((COLOURS, 0.2), (BYTES, 0))
    ),
    *(case("_image_adjust_lighting", [data], {"alpha": (0.1, 0.2, -0.1)}) for data in (COLOURS, GRAY, BYTES)),
    *(case("_image_random_lighting", [data], {"alpha_std": 0.1}) for data in (COLOURS, BYTES)),
    # resizing
    *(
        case("_image_resize", [data], {"size": size, "interp": interp})
        for data in (COLOURS, BYTES)
        for size, interp in (((5, 9), 0), ((5, 9), 1), ((4, 3), 1), ((5, 9), 2), ((11, 9), 3), ((5, 4), 3), ((5, 9), 4))
    ),
    case("_image_resize", [(2, 6, 8, 1)], {"size": 3, "keep_ratio": True}),
    case("_cvimresize", [BYTES], {"w": 5, "h": 9}),
    case("_cvimresize", [COLOURS], {"w": 8, "h": 6}, id="as it is"),
    # borders and files
    *(
        case("_cvcopyMakeBorder", [data], {"top": 1, "bot": 2, "left": 3, "right": 0, "type": kind, **more})
        for data, kind, more in (
            (BYTES, 0, {}),
            (BYTES, 0, {"values": (1.4, 300, -3)}),
            (COLOURS, 0, {"value": 7.5}),
            (BYTES, 1, {}),
            (BYTES, 2, {}),
            (COLOURS, 3, {}),
            (BYTES, 4, {}),
        )
    ),
    *(
        case("_cvimdecode", [np.frombuffer(PICTURE.read_bytes(), "uint8")], attrs)
        for attrs in ({}, {"to_rgb": False}, {"flag": 0})
    ),
    case("_cvimread", [], {"filename": str(PICTURE)}),
]
