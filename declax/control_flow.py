"""Functions of `sym.contrib` and `nd.contrib` that run subgraphs; each takes the frontend first."""

PUBLIC = ()
