"""Cases of regions of interest and deformable operators."""

import numpy as np

from tests.table import Case, permutation, uniform

ROIS = np.array([[0, 0, 0, 3, 4], [1, 1.2, 0.7, 5.3, 4.1], [0, 2.1, 2.2, 2.4, 3.9], [1, -2, -1, 2.3, 2.6]], "float32")
TURNED = np.array([[0, 2.5, 2.4, 3.1, 2.2, 30], [1, 3.3, 2.1, 4.2, 1.7, -65]], "float32")
IMAGE = (2, 3, 6, 7)
OFFSETS = uniform(2, 18, 3, 4, low=-0.45, high=0.45)
PS = {"spatial_scale": 1.0, "output_dim": 2, "group_size": 2}

CASES = [
    Case("ROIPooling", [permutation(*IMAGE), ROIS], {"pooled_size": (2, 3), "spatial_scale": 1.0}, wrt=(0,)),
    Case("ROIPooling", [permutation(*IMAGE), ROIS], {"pooled_size": (1, 1), "spatial_scale": 0.5}, wrt=(0,)),
    Case(
        "ROIPooling",
        [IMAGE, np.array([[-1, 0, 0, 3, 3], [0, 20, 20, 30, 30], [7, 0, 0, 1, 1]], "float32")],
        {"pooled_size": (2, 2), "spatial_scale": 1.0},
        wrt=(0,),
        id="nothing to pool",
    ),
    Case(
        "_contrib_ROIAlign", [IMAGE, ROIS], {"pooled_size": (2, 3), "spatial_scale": 1.0, "sample_ratio": 2}, wrt=(0,)
    ),
    Case("_contrib_ROIAlign", [IMAGE, ROIS], {"pooled_size": (2, 2), "spatial_scale": 0.5, "aligned": True}, wrt=(0,)),
    Case(
        "_contrib_ROIAlign",
        [(2, 8, 5, 5), ROIS],
        {"pooled_size": (2, 2), "spatial_scale": 1.0, "position_sensitive": True},
        wrt=(0,),
    ),
    Case("_contrib_RROIAlign", [IMAGE, TURNED], {"pooled_size": (2, 3), "spatial_scale": 1.0}, wrt=(0,)),
    Case(
        "_contrib_RROIAlign",
        [IMAGE, TURNED],
        {"pooled_size": (3, 2), "spatial_scale": 0.5, "sampling_ratio": 2},
        wrt=(0,),
    ),
    Case(
        "_contrib_PSROIPooling",
        [(2, 8, 6, 7), ROIS],
        {"spatial_scale": 1.0, "output_dim": 2, "pooled_size": 2},
        wrt=(0,),
    ),
    Case(
        "_contrib_PSROIPooling",
        [(2, 12, 6, 7), ROIS],
        {"spatial_scale": 0.7, "output_dim": 3, "pooled_size": 3, "group_size": 2},
        wrt=(0,),
    ),
    Case(
        "_contrib_DeformablePSROIPooling",
        [(2, 8, 6, 7), ROIS],
        {**PS, "pooled_size": 3, "sample_per_part": 2, "no_trans": True},
        wrt=(0,),
    ),
    Case(
        "_contrib_DeformablePSROIPooling",
        [(2, 8, 6, 7), ROIS[:3], uniform(3, 4, 2, 2)],
        {**PS, "pooled_size": 2, "part_size": 2, "sample_per_part": 2, "trans_std": 0.1},
        wrt=(0,),
    ),
    Case(
        "_contrib_DeformableConvolution",
        [(2, 4, 5, 6), OFFSETS, (3, 4, 3, 3), (3,)],
        {"kernel": (3, 3), "num_filter": 3},
        wrt=(0, 2, 3),
    ),
    Case(
        "_contrib_DeformableConvolution",
        [(2, 4, 5, 6), uniform(2, 16, 3, 4, low=0.1, high=0.4), (4, 2, 2, 2)],
        {
            "kernel": (2, 2),
            "num_filter": 4,
            "num_group": 2,
            "num_deformable_group": 2,
            "stride": (2, 2),
            "pad": (1, 1),
            "no_bias": True,
        },
        wrt=(0, 2),
    ),
    Case(
        "_contrib_ModulatedDeformableConvolution",
        [(2, 4, 5, 6), OFFSETS, uniform(2, 9, 3, 4, low=0, high=1), (3, 4, 3, 3), (3,)],
        {"kernel": (3, 3), "num_filter": 3},
        wrt=(0, 2, 3, 4),
    ),
    Case(
        "_contrib_ModulatedDeformableConvolution",
        [(2, 4, 5, 6), uniform(2, 18, 5, 6, low=0.1, high=0.4), uniform(2, 9, 5, 6, low=0, high=1), (2, 4, 3, 3)],
        {"kernel": (3, 3), "num_filter": 2, "pad": (1, 1), "no_bias": True},
        wrt=(0, 1, 2, 3),
    ),
]
