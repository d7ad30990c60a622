"""Cases of matrix products."""

from tests.table import Case, uniform

CASES = [
    *(
        Case("dot", [a, b], {"transpose_a": ta, "transpose_b": tb})
        for a, b, ta, tb in (
            ((3,), (3,), False, False),
            ((2, 3), (3, 4), False, False),
            ((3, 2), (3, 4), True, False),
            ((2, 3), (4, 3), False, True),
            ((3, 2), (4, 3), True, True),
            ((2, 3, 4), (4, 5), False, False),
            ((2, 3), (3, 4, 2), False, False),
            ((3, 2, 5), (3, 4), True, False),
            ((2, 3), (4, 5, 3), False, True),
            ((3,), (3, 4), False, False),
            ((3,), (3, 4), True, False),
            ((2, 3), (3,), False, False),
            ((3,), (4, 3), False, True),
        )
    ),
    Case("dot", [uniform(2, 3, dtype="float64"), uniform(3, 4, dtype="float64")], {"forward_stype": "default"}),
    *(
        Case("batch_dot", [a, b], {"transpose_a": ta, "transpose_b": tb})
        for a, b, ta, tb in (
            ((2, 3, 4), (2, 4, 5), False, False),
            ((2, 4, 3), (2, 4, 5), True, False),
            ((2, 3, 4), (2, 5, 4), False, True),
            ((2, 4, 3), (2, 5, 4), True, True),
            ((2, 3, 2, 4), (2, 3, 4, 2), False, False),
        )
    ),
    Case("khatri_rao", [(2, 3), (4, 3)]),
    Case("khatri_rao", [(2, 3), (1, 3), (3, 3)]),
    Case("khatri_rao", [(2, 3)]),
]
