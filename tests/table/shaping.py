"""Cases of shape operators: reshapes, transpositions, slices, joins, padding, patches."""

from tests.table import Case, integers, uniform

X = (2, 3, 4)
IMAGE = (2, 3, 4, 5)

RESHAPES = [
    ((2, 3, 4), {"shape": (4, 6)}),
    ((2, 3, 4), {"shape": (-1,)}),
    ((2, 3, 4), {"shape": (0, -1)}),
    ((2, 3, 4), {"shape": (-2, 1, 1)}),
    ((2, 3, 4), {"shape": (-3, 0)}),
    ((2, 3, 4), {"shape": (0, -3)}),
    ((2, 3, 4), {"shape": (2, -4, -1, 3, -2)}),
    ((6, 4), {"shape": (-4, 2, 3, 0)}),
    ((2, 3, 4), {"shape": (4, 0, 2)}),
    ((10, 5, 4), {"shape": (-1, 0), "reverse": True}),
    ((2, 3, 4), {"target_shape": (6, 0)}),
    ((2, 3, 4), {"target_shape": (7, 0), "keep_highest": True}),
]
CUTS = [
    {"begin": (1,), "end": (3,)},
    {"begin": (None, 1), "end": (None, None), "step": (None, 2)},
    {"begin": (-2, None), "end": (None, -1)},
    {"begin": (None, 4), "end": (None, 0), "step": (-1, -2)},
    {"begin": (0, 0), "end": (100, 100)},
    {"begin": (None, 3), "end": (None, None), "step": (2, -1)},
]

CASES = [
    *(Case("Reshape", [s], a) for s, a in RESHAPES),
    Case("Reshape", [integers(2, 3, dtype="int32")], {"shape": (3, 2)}),
    Case("reshape_like", [(2, 6), (3, 4)]),
    Case("reshape_like", [(30, 7), (15, 2, 4)], {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": 2}, wrt=(0,)),
    Case("reshape_like", [(30, 12), (4, 2, 2, 3)], {"lhs_begin": -1, "rhs_begin": 1}, wrt=(0,)),
    *(Case("Flatten", [s]) for s in ((5,), (2, 3), (2, 3, 4, 1))),
    *(Case("transpose", [X], a) for a in ({}, {"axes": (1, 0, 2)}, {"axes": (2, 0, 1)})),
    *(Case("expand_dims", [X], {"axis": a}) for a in (0, 3, -1, -2)),
    *(
        Case("squeeze", [s], a)
        for s, a in (((1, 3, 1), {}), ((1, 3, 1), {"axis": 0}), ((1, 1), {}), ((3, 1, 1), {"axis": (-1, 1)}))
    ),
    *(Case("SwapAxis", [X], a) for a in ({"dim1": 0, "dim2": 2}, {"dim1": -1, "dim2": 1}, {})),
    *(Case("reverse", [X], {"axis": a}) for a in (0, (0, 2), (-1,))),
    *(
        Case(name, [s], {"block_size": 2})
        for name, s in (("depth_to_space", (2, 8, 2, 3)), ("space_to_depth", (2, 3, 4, 6)))
    ),
    *(Case("slice", [(4, 5, 2)], a) for a in CUTS),
    *(Case("_slice_assign", [(4, 5), s], a) for s, a in (((2, 5), CUTS[0]), ((4, 2), CUTS[1]), ((4, 2), CUTS[3]))),
    *(Case("_slice_assign_scalar", [(4, 5)], {"scalar": 2.5, **a}) for a in CUTS),
    Case("_slice_assign_scalar", [(4, 5)], {"scalar": 2.5, "begin": (2,), "end": (2,)}),
    *(
        Case("slice_axis", [X], {"axis": a, "begin": b, "end": e})
        for a, b, e in ((0, 0, 1), (-1, 1, None), (1, -2, -1), (2, 1, 4))
    ),
    Case("slice_like", [(4, 5), (2, 3)]),
    Case("slice_like", [(4, 5, 6), (2, 3)], {"axes": (0, 1)}),
    Case("slice_like", [(4, 5, 6), (2, 3, 4)], {"axes": (-1,)}),
    *(
        Case("SliceChannel", [s], a)
        for s, a in (
            ((2, 6), {"num_outputs": 3}),
            ((4, 2), {"num_outputs": 2, "axis": 0}),
            ((2, 3, 2), {"num_outputs": 3, "squeeze_axis": True}),
            ((2, 3), {"num_outputs": 1, "axis": -1}),
        )
    ),
    *(
        Case("_split_v2", [s], a)
        for s, a in (
            ((2, 7), {"indices": (0, 2, 3)}),
            ((7, 2), {"indices": (), "sections": 3, "axis": 0}),
            ((2, 3, 2), {"indices": (), "sections": 3, "squeeze_axis": True}),
            ((2, 4), {"indices": (0, 1, 2, 3), "axis": -1, "squeeze_axis": True}),
        )
    ),
    Case("Crop", [(1, 2, 5, 6), (1, 2, 3, 4)], {"offset": (1, 2)}),
    Case("Crop", [(1, 2, 5, 6), (1, 2, 3, 4)], {"center_crop": True}),
    Case("Crop", [(1, 2, 5, 6)], {"h_w": (2, 3)}),
    *(Case(name, [(2, 3), (2, 1), (2, 2)], {"dim": d}) for name in ("Concat", "_rnn_param_concat") for d in (1, -1)),
    Case("Concat", [(2, 3)], {}),
    Case("_rnn_param_concat", [(3,), (4,)], {"dim": 0}),
    *(Case("stack", [(2, 3), (2, 3)], {"axis": a}) for a in (0, 1, -1)),
    *(Case("tile", [(2, 3)], {"reps": r}) for r in ((2,), (2, 1), (2, 1, 3), ())),
    *(Case("repeat", [(2, 3)], {"repeats": 2, **a}) for a in ({}, {"axis": 0}, {"axis": -1})),
    Case("repeat", [(2, 3)], {"repeats": 0}, grad=False),
    *(
        Case("Pad", [s], {"mode": m, "pad_width": w, "constant_value": 1.5})
        for m in ("constant", "edge", "reflect")
        for s, w in ((IMAGE, (0, 0, 0, 0, 1, 2, 3, 0)), ((1, 2, 3, 3, 3), (0, 0, 0, 0, 1, 1, 0, 2, 2, 1)))
    ),
    Case("im2col", [IMAGE], {"kernel": (3, 2)}),
    Case("im2col", [IMAGE], {"kernel": (2, 3), "stride": (2, 1), "pad": (1, 2), "dilate": (2, 1)}),
    Case("im2col", [(2, 3, 7)], {"kernel": (3,), "stride": (2,)}),
    Case("im2col", [(1, 2, 3, 4, 3)], {"kernel": (2, 2, 2), "pad": (0, 1, 0)}),
    Case("col2im", [(2, 12, 12)], {"kernel": (2, 2), "output_size": (4, 5)}),
    Case("col2im", [(2, 12, 16)], {"kernel": (2, 2), "output_size": (5, 4), "pad": (1, 1), "dilate": (3, 2)}),
    *(Case("diag", [(3, 4)], {"k": k}) for k in (0, 1, -2)),
    *(Case("diag", [(3,)], {"k": k}) for k in (0, 2, -1)),
    Case("diag", [(2, 3, 4)], {"axis1": -1, "axis2": 0, "k": 1}),
    Case("diag", [uniform(3, 3, dtype="float64")], {}),
    Case("_split_v2_backward", [(2, 1), (2, 3)], {"indices": (0, 1)}),
    Case("_split_v2_backward", [(2, 3), (2, 3)], {"indices": (), "sections": 2, "squeeze_axis": True}),
]
