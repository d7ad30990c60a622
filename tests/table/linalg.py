"""Cases of linear algebra, factorizations and spectral transforms."""

import numpy as np

from tests.table import Case, integers, permutation

RNG = np.random.default_rng(5)


def definite(*shape: int) -> np.ndarray:
    """Symmetric positive definite matrices."""
    a = RNG.normal(size=shape)
    return (a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])).astype("float32")


def regular(*shape: int) -> np.ndarray:
    """Matrices far from singular ones, dominated by their diagonals."""
    return (RNG.uniform(-1, 1, shape) + 3 * np.eye(shape[-1])).astype("float32")


CASES = [
    Case("_linalg_gemm", [(2, 3), (3, 4), (2, 4)], {"alpha": 2.0, "beta": -0.5}),
    Case("_linalg_gemm", [(2, 3, 2), (2, 4, 3), (2, 2, 4)], {"transpose_a": True, "transpose_b": True}),
    Case("_linalg_gemm", [(2, 5, 3), (3, 5, 4), (2, 5, 4)], {"axis": 0}),
    Case("_linalg_gemm2", [(2, 3), (3, 4)]),
    Case("_linalg_gemm2", [(2, 2, 3), (2, 4, 3)], {"transpose_b": True, "alpha": 1.5}),
    Case("_linalg_gemm2", [(3, 2, 2, 3), (4, 2, 2, 3)], {"axis": -4, "transpose_b": True}),
    Case("_linalg_trmm", [(3, 3), (3, 2)]),
    Case("_linalg_trmm", [(2, 3, 3), (2, 4, 3)], {"rightside": True, "lower": False, "alpha": 2.0}),
    Case("_linalg_trmm", [(3, 3), (3, 2)], {"transpose": True}),
    Case("_linalg_trsm", [regular(3, 3), (3, 2)]),
    Case("_linalg_trsm", [regular(2, 3, 3), (2, 4, 3)], {"rightside": True, "lower": False, "alpha": 2.0}),
    Case("_linalg_trsm", [regular(3, 3), (3, 2)], {"transpose": True}),
    Case("_linalg_syrk", [(2, 3)]),
    Case("_linalg_syrk", [(2, 2, 3)], {"transpose": True, "alpha": 0.5}),
    Case("_linalg_sumlogdiag", [definite(3, 3)]),
    Case("_linalg_sumlogdiag", [definite(2, 3, 3)]),
    Case("_linalg_extractdiag", [(3, 3)]),
    Case("_linalg_extractdiag", [(2, 4, 4)], {"offset": -1}),
    Case("_linalg_makediag", [(3,)]),
    Case("_linalg_makediag", [(2, 3)], {"offset": 2}),
    Case("_linalg_extracttrian", [(3, 3)]),
    Case("_linalg_extracttrian", [(2, 4, 4)], {"lower": False}),
    Case("_linalg_extracttrian", [(2, 4, 4)], {"offset": 1}),
    Case("_linalg_extracttrian", [(4, 4)], {"offset": -2}),
    Case("_linalg_maketrian", [(6,)]),
    Case("_linalg_maketrian", [(2, 6)], {"lower": False}),
    Case("_linalg_maketrian", [(2, 3)], {"offset": 1}),
    Case("_linalg_maketrian", [(6,)], {"offset": -1}),
    # The gradients of these take the input to be symmetric, or its triangle to be all of it.
    Case("_linalg_potrf", [definite(3, 3)], grad=False),
    Case("_linalg_potrf", [definite(2, 3, 3)], {"lower": False}, grad=False),
    Case("_linalg_potri", [np.linalg.cholesky(definite(3, 3))]),
    Case("_linalg_potri", [np.swapaxes(np.linalg.cholesky(definite(2, 3, 3)), 1, 2)], {"lower": False}),
    Case("_linalg_gelqf", [(2, 4)]),
    Case("_linalg_gelqf", [regular(2, 3, 3)]),
    Case("_linalg_syevd", [definite(3, 3)], grad=False),
    Case("_linalg_syevd", [definite(2, 3, 3)], grad=False),
    Case("_linalg_inverse", [regular(3, 3)]),
    Case("_linalg_inverse", [regular(2, 3, 3)]),
    Case("_linalg_det", [regular(3, 3)]),
    Case("_linalg_det", [permutation(2, 3, 3, low=-1)]),
    Case("_linalg_det", [regular(3, 3)], np_shape=True),
    Case("_linalg_slogdet", [-regular(3, 3)]),
    Case("_linalg_slogdet", [regular(2, 3, 3)]),
    Case("_linalg_slogdet", [regular(3, 3)], np_shape=True),
    Case("_contrib_fft", [(2, 4)]),
    Case("_contrib_fft", [(2, 1, 3, 5)], {"compute_size": 4}),
    Case("_contrib_ifft", [(2, 8)]),
    Case("_contrib_ifft", [(2, 1, 3, 6)]),
    Case("_contrib_count_sketch", [(3, 4), integers(1, 4, high=5), (1, 4)], {"out_dim": 5}, wrt=(0,)),
    Case("_contrib_count_sketch", [(1, 2, 2, 4), integers(1, 4, high=3), (1, 4)], {"out_dim": 3}, wrt=(0,)),
]
