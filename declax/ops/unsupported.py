"""Names of MXNet's registry that mean nothing on XLA: using one is an error that says why."""

from declax.registry import unsupported

unsupported(
    ("_CachedOp", "_CachedOpThreadSafe"),
    "it is a compiled graph inside a graph; a Symbol is compiled as a whole here",
)
unsupported(
    ("_CustomFunction",),
    "it records a Python function for MXNet's autograd; write an operator with operator.CustomOp or jax.custom_vjp",
)
unsupported(
    ("_NDArray", "_Native"),
    "it calls back into Python through a pointer of MXNet's process; write an operator with operator.CustomOp",
)
unsupported(
    ("_NoGradient",),
    "it marks missing gradients inside MXNet's own backward graphs; gradients are JAX's here",
)
unsupported(
    ("_imdecode",),
    "it reads an image through a pointer of MXNet's process; use _cvimdecode",
)
unsupported(
    (
        "_contrib_dgl_adjacency",
        "_contrib_dgl_csr_neighbor_non_uniform_sample",
        "_contrib_dgl_csr_neighbor_uniform_sample",
        "_contrib_dgl_graph_compact",
        "_contrib_dgl_subgraph",
        "_contrib_edge_id",
    ),
    "it works on graphs stored as sparse (CSR) arrays, which XLA does not have; prepare graphs on the host",
)
