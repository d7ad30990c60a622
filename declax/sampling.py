"""Functions of `sym.random` and `nd.random`; each takes the frontend first."""

PUBLIC = ()
