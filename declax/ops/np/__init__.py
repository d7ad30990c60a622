"""NumPy's operators, `_np_`, `_npi_` and `_npx_`; importing this package registers them."""

from declax.ops.np import (
    creation,
    diagonal,
    elementwise,
    indexing,
    joining,
    linalg,
    product,
    random,
    reduce,
    scalar,
    sets_and_search,
    shaping,
)

__all__ = [
    "creation",
    "diagonal",
    "elementwise",
    "indexing",
    "joining",
    "linalg",
    "product",
    "random",
    "reduce",
    "scalar",
    "sets_and_search",
    "shaping",
]
