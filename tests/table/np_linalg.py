"""Cases of NumPy's products and linear algebra."""

import numpy as np

from tests.table import Case, integers
from tests.table.np_elementwise import case


def matrices(*shape: int, seed: int = 0) -> np.ndarray:
    """Well conditioned square matrices with different singular values."""
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.normal(size=shape))[0]
    return (q * np.arange(1.0, shape[-1] + 1)).astype(np.float32)


def symmetric(*shape: int) -> np.ndarray:
    """Symmetric positive matrices with different eigenvalues."""
    m = matrices(*shape)
    return (m @ np.swapaxes(m, -1, -2)).astype(np.float32)


_NORMS: tuple[dict, ...] = (
    {"axis": 1},
    {"axis": 1, "ord": 1, "keepdims": True},
    {"axis": -1, "ord": -2.5},
    {"axis": (1, 2), "flag": 1},
    {"axis": (1, 2), "flag": 2, "keepdims": True},
    {"axis": (0, 2), "ord": 2},
    {"ord": -2},
    {"ord": 1},
    {"ord": -1},
    {"flag": -2},
    {"flag": -2, "keepdims": True},
)

CASES: list[Case] = [
    # products
    *(
        case("_np_dot", s)
        for s in ([(3,), (3,)], [(2, 3), (3, 4)], [(2, 2, 3), (3,)], [(2, 3), (2, 3, 4)], [(), (2, 3)])
    ),
    *(
        case("_npi_matmul", s)
        for s in ([(3,), (3,)], [(2, 3), (3, 4)], [(3,), (2, 3, 4)], [(2, 1, 2, 3), (4, 3, 2)], [(2, 2, 3), (3,)])
    ),
    case("_npi_tensordot", [(2, 3, 4), (4, 3, 5)], {"a_axes_summed": (1, -1), "b_axes_summed": (1, 0)}),
    case("_npi_tensordot", [(2, 3), ()], {"a_axes_summed": (), "b_axes_summed": ()}),
    case("_npi_tensordot_int_axes", [(2, 3, 4), (3, 4, 5)], {"axes": 2}),
    case("_npi_tensordot_int_axes", [(2,), (3,)], {"axes": 0}),
    case("_npi_einsum", [(2, 3), (3, 4)], {"subscripts": "ij, jk"}),
    case("_npi_einsum", [(2, 3, 4), (1, 4)], {"subscripts": "...j,kj->...k", "optimize": 1}),
    case("_npi_einsum", [(3, 3)], {"subscripts": "ii"}),
    case("_npi_einsum", [(1, 4), (2, 4)], {"subscripts": "ij,ij->i"}),
    # eigenvalues
    case("_npi_eig", [symmetric(2, 3, 3)], grad=False),
    case("_npi_eigvals", [symmetric(3, 3)], grad=False),
    case("_npi_eigh", [symmetric(2, 3, 3)], grad=False),
    case("_npi_eigh", [symmetric(3, 3)], {"UPLO": "U"}, grad=False),
    case("_npi_eigvalsh", [symmetric(2, 3, 3)], grad=False),
    case("_npi_eigvalsh", [integers(3, 3, dtype="int32")]),
    # decompositions and inverses
    case("_npi_svd", [matrices(2, 3, 3)]),
    case("_npi_svd", [matrices(4, 4)[:3]]),
    case("_npi_cholesky", [symmetric(2, 3, 3)], grad=False),
    case("_npi_cholesky", [symmetric(3, 3)], {"lower": False}, grad=False),
    case("_npi_pinv", [matrices(2, 3, 3), np.full(2, 1e-6, np.float32)], grad=False),
    case("_npi_pinv_scalar_rcond", [matrices(4, 4)[:, :2]], {"rcond": 1e-6}, grad=False),
    case("_npi_pinv_scalar_rcond", [integers(2, 3, dtype="int32")], grad=False),
    case("_npi_solve", [matrices(2, 3, 3), (2, 3, 4)]),
    case("_npi_solve", [matrices(3, 3), (3,)]),
    case("_npi_solve", [matrices(3, 3).astype(np.float64), (3,)], grad=False),
    case("_npi_tensorinv", [matrices(6, 6).reshape(2, 3, 3, 2)]),
    case("_npi_tensorinv", [matrices(6, 6).reshape(6, 3, 2)], {"ind": 1}),
    case("_npi_tensorsolve", [matrices(6, 6).reshape(2, 3, 6), (2, 3)]),
    case("_npi_tensorsolve", [matrices(6, 6).reshape(2, 3, 3, 2), (3, 2)], {"a_axes": (0, 1)}),
    # norms
    *(case("_npi_norm", [matrices(2, 3, 3)], a) for a in _NORMS),
    case("_npi_norm", [(3,)]),
    case("_npi_norm", [np.array([3.0, 0.0, -4.0], np.float32)], {"ord": 0}),
]
