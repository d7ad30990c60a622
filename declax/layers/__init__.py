"""Operators that own parameters or end a network; importing this package registers them."""

from declax.layers import (
    activation,
    attention,
    conv,
    dropout,
    embedding,
    heads,
    linear,
    norm,
    pool,
    upsampling,
)

__all__ = [
    "activation",
    "attention",
    "conv",
    "dropout",
    "embedding",
    "heads",
    "linear",
    "norm",
    "pool",
    "upsampling",
]
