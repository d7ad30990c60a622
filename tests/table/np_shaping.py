"""Cases of NumPy's operators on shapes and places: reshape, transpose, joining, splitting, inserting, deleting."""

import numpy as np

from tests.table import Case, integers, uniform
from tests.table.np_elementwise import case

_INDEX = np.array([0, 2], np.int64)

CASES: list[Case] = [
    # reshape
    case("_np_reshape", [(2, 3, 4)], {"newshape": (4, -1)}),
    case("_np_reshape", [(2, 3)], {"newshape": 6}),
    case("_np_reshape", [(1, 1)], {"newshape": ()}),
    case("_np_reshape", [(0, 3)], {"newshape": (3, 0)}),
    case("_npx_reshape", [(2, 3, 1, 4)], {"newshape": (-2, -2, -3, -4)}),
    case("_npx_reshape", [(2, 3, 4)], {"newshape": (-5, -6, 2, -1)}),
    case("_npx_reshape", [(2, 3, 4)], {"newshape": (-1, 4), "reverse": True}),
    case("_npx_reshape", [(8, 3)], {"newshape": (-6, -1, 4, -2)}),
    case("_np_squeeze", [(1, 3, 1)]),
    case("_np_squeeze", [(1, 3, 1)], {"axis": -1}),
    case("_np_squeeze", [(1, 1)]),
    *(case(f"_np_atleast_{n}d", [(), (3,), (2, 3)], {}, grad=False) for n in (1, 2, 3)),
    *(case(f"_np_atleast_{n}d", [(2, 3, 2)], {}, grad=False) for n in (1, 3)),
    # axes
    case("_np_transpose", [(2, 3, 4)]),
    case("_np_transpose", [(2, 3, 4)], {"axes": (1, -1, 0)}),
    case("_np_moveaxis", [(2, 3, 4, 5)], {"source": (0, -1), "destination": (2, 0)}),
    case("_np_roll", [(2, 3)], {"shift": 2}),
    case("_np_roll", [(2, 3)], {"shift": (1, -1), "axis": (0, 1)}),
    case("_np_roll", [(2, 3)], {"shift": 1, "axis": (0, 1)}),
    case("_npi_flip", [(2, 3)], {"axis": 1}),
    case("_npi_flip", [(2, 3)], {"axis": None}),
    *(case("_npi_rot90", [(2, 3)], {"k": k, "axes": (0, 1)}) for k in (0, 1, 2, -1)),
    case("_npi_rot90", [(2, 3, 4)], {"axes": (-1, 0)}),
    case("_npi_broadcast_to", [(3, 1)], {"shape": (2, -2, 4)}),
    case("_npi_broadcast_to", [()], {"shape": (2, 0)}),
    # diagonals
    case("_np_diag", [(3,)], {"k": 1}),
    case("_np_diag", [(3, 4)], {"k": -1}),
    case("_np_diag", [(3, 4)], {"k": 9}),
    case("_np_diagflat", [(2, 2)], {"k": -1}),
    case("_np_diagonal", [(2, 3, 4)], {"offset": 1, "axis1": 2, "axis2": 0}),
    case("_np_trace", [(3, 4)]),
    case("_np_trace", [(2, 3, 4)], {"offset": -1, "axis1": 1, "axis2": 2}),
    case("_npi_tril", [(2, 3, 4)], {"k": 1}),
    case("_npi_tril", [(3,)]),
    case("_npi_diag_indices_from", [(3, 3, 3)], grad=False),
    # padding
    *(
        case("_npi_pad", [(3, 4)], {"pad_width": ((1, 2), (2, 0)), "mode": m})
        for m in ("edge", "maximum", "minimum", "reflect", "symmetric")
    ),
    case("_npi_pad", [(3, 4)], {"pad_width": ((1, 2), (2, 0)), "constant_value": 1.5}),
    case("_npi_pad", [(3,)], {"pad_width": ((1,), (2,))}),
    # joining and splitting
    case("_npi_concatenate", [(2, 3), (4, 3)]),
    case("_npi_concatenate", [(2, 3), (2, 1)], {"axis": -1}),
    case("_npi_concatenate", [(2, 3), ()], {"axis": None}),
    case("_npi_stack", [(2, 3), (2, 3)], {"axis": 1}),
    case("_npi_stack", [(), ()]),
    case("_npi_vstack", [(2, 3), (3,), (1, 3)]),
    case("_npi_vstack", [(), ()]),
    case("_npi_column_stack", [(3,), (3, 2)]),
    case("_npi_hstack", [(2, 3), (2, 1)]),
    case("_npi_hstack", [(2,), (), (3,)]),
    case("_npi_dstack", [(2, 3), (2, 3, 2)]),
    case("_npi_dstack", [(3,), (3,)]),
    case("_npi_hsplit", [(2, 6)], {"indices": (), "sections": 3}),
    case("_npi_hsplit", [(6,)], {"indices": (0, 2, 3)}),
    case("_npi_dsplit", [(2, 3, 4)], {"indices": (0, 1, 3), "axis": 2}),
    case("_npi_hsplit_backward", [(2, 1), (2, 3)], {"indices": (0, 1)}),
    case("_npi_hsplit_backward", [(2,), (2,)], {"indices": (), "sections": 2, "squeeze_axis": True}),
    # inserting and deleting
    case("_npi_insert_scalar", [(2, 3), (2,)], {"int_ind": 1, "axis": 1}),
    case("_npi_insert_scalar", [(2, 3)], {"int_ind": -1, "val": 2.5}),
    case("_npi_insert_scalar", [(2, 3), (2, 3)], {"int_ind": 0, "axis": 0}),
    case("_npi_insert_slice", [(4, 3), (2, 3)], {"start": 0, "stop": 4, "step": 2, "axis": 0}),
    case("_npi_insert_slice", [(4,)], {"start": 3, "stop": 0, "step": -1, "val": 1.0, "axis": 0}),
    case("_npi_insert_slice", [(2, 3), (1,)], {"start": 1, "stop": 2, "step": 1}),
    case("_npi_insert_tensor", [(4, 3), (2, 3), _INDEX], {"axis": 0}),
    case("_npi_insert_tensor", [(2, 3), _INDEX], {"val": 4.0}),
    case("_npi_insert_tensor", [(2, 3), (2,), np.array(1, np.int64)], {"axis": 1}),
    case("_npi_insert_tensor", [(3,), (2,), np.array([-1], np.int64)], {"axis": 0}),
    case("_npi_delete", [(4, 3)], {"start": 0, "stop": 4, "step": 2, "axis": 0}, grad=False),
    case("_npi_delete", [(4, 3)], {"int_ind": -1}, grad=False),
    case("_npi_delete", [(4, 3), np.array([1, 1, 3], np.int32)], {"axis": 0}, grad=False),
    case("_npi_boolean_mask_assign_scalar", [(2, 3), np.array([True, False])], {"value": 2.5}, grad=False),
    case(
        "_npi_boolean_mask_assign_scalar",
        [(2, 3), np.array([1, 0, 1], np.int32)],
        {"value": 2.5, "start_axis": 1},
        grad=False,
    ),
    case("_npi_boolean_mask_assign_tensor", [(3, 2), np.array([True, False, True]), (2, 2)], grad=False),
    case(
        "_npi_boolean_mask_assign_tensor",
        [(2, 3), np.array([True, False, True]), (2, 1)],
        {"start_axis": 1},
        grad=False,
    ),
    case("_npi_boolean_mask_assign_tensor", [(2, 2), np.array([[True, False], [True, True]]), ()], grad=False),
    # differences
    case("_npi_diff", [(2, 4)]),
    case("_npi_diff", [(4, 2)], {"n": 2, "axis": 0}),
    case("_npi_diff", [(2, 2)], {"n": 3}),
    case("_npi_ediff1d", [(2, 3)]),
    case("_npi_ediff1d", [(4,), (2,)], {"to_end_arr_given": True, "to_begin_scalar": 1.5}),
    case("_npi_ediff1d", [(4,), (2, 1), (3,)], {"to_begin_arr_given": True, "to_end_arr_given": True}),
    case("_npi_ediff1d", [integers(1, dtype="int32")], {"to_end_scalar": 4}),
    case("_npi_backward_ediff1d", [(6,), (4,), (2,)], {"to_end_arr_given": True, "to_begin_scalar": 1.5}, grad=False),
    case(
        "_npi_backward_ediff1d",
        [(8,), (2, 2), (2, 1), (3,)],
        {"to_begin_arr_given": True, "to_end_arr_given": True},
        grad=False,
    ),
    # asking and polynomials
    case("_npi_unique", [integers(2, 5)], grad=False),
    case(
        "_npi_unique",
        [integers(5, 2, high=2)],
        {"axis": 0, "return_index": True, "return_inverse": True, "return_counts": True},
        grad=False,
    ),
    case("_npx_nonzero", [integers(2, 3, high=2)], grad=False),
    case("_npx_nonzero", [np.array(2.0, np.float32)], grad=False),
    case("_npi_share_memory", [(2,), (2,)], grad=False),
    case("_npi_polyval", [(3,), (2, 2)]),
    case("_npi_polyval", [integers(3, dtype="int32"), integers(2, dtype="int32")]),
    case("_npi_backward_polyval", [(2, 2), (3,), uniform(2, 2)], grad=False),
]
