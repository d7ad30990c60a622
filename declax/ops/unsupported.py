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
    (
        "_broadcast_backward",
        "_split_v2_backward",
        "_contrib_backward_hawkesll",
        "_contrib_backward_index_copy",
        "_contrib_backward_quadratic",
    ),
    "it belongs to MXNet's own backward graphs; gradients are JAX's here",
)
unsupported(("_set_value",), "it fills an array that exists; write x[:] = value")
unsupported(("_imdecode",), "it is MXNet's oldest way to read an image; use _cvimdecode")
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
