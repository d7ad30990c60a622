"""Transforms of signals: fast Fourier transforms and the count sketch, which MXNet has on the GPU only."""

from typing import Any

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.registry import Tensor, op
from declax.rules import Shapes
from declax.shapes import ShapeConflict, merge_dim, show


def _real(x: Any) -> Any:
    """The data in a type that the transforms know."""
    return x if x.dtype.itemsize >= 4 else x.astype(jnp.float32)


def _fft_shape(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is not None and len(ins[0]) in (2, 4):
        last = ins[0][-1]
        rules.assign(outs, 0, (*ins[0][:-1], None if last is None else 2 * last))


@op(shape=_fft_shape, needs_type=True)
def _contrib_fft(data: Tensor, *, compute_size: int = 128):
    """The discrete Fourier transform along the last axis, real and imaginary parts side by side.

    Shapes: data (N, D) or (N, C, H, D) -> (..., 2 D). `compute_size` is accepted and has no meaning on XLA.
    """
    y = jnp.fft.fft(_real(data))
    return jnp.stack([y.real, y.imag], axis=-1).reshape((*data.shape[:-1], -1)).astype(data.dtype)


def _ifft_shape(ins: Shapes, outs: Shapes) -> None:
    if ins[0] is not None and len(ins[0]) in (2, 4):
        last = ins[0][-1]
        if last is not None and last % 2:
            raise ShapeConflict(f"the last dimension holds pairs, got {show(ins[0])}")
        rules.assign(outs, 0, (*ins[0][:-1], None if last is None else last // 2))


@op(shape=_ifft_shape, needs_type=True)
def _contrib_ifft(data: Tensor, *, compute_size: int = 128):
    """The real part of the inverse Fourier transform along the last axis, not divided by the length, as in MXNet.

    Shapes: data (N, 2 D) or (N, C, H, 2 D), pairs of real and imaginary parts -> (..., D).
    """
    pairs = _real(data).reshape((*data.shape[:-1], -1, 2))
    y = jnp.fft.ifft(lax.complex(pairs[..., 0], pairs[..., 1]), norm="forward")
    return y.real.astype(data.dtype)


def _sketch_shape(ins: Shapes, outs: Shapes, out_dim) -> None:
    data = ins[0]
    if data is None:
        return
    if len(data) not in (2, 4):
        raise ShapeConflict(f"data has 2 or 4 dimensions, got {show(data)}")
    width = data[-1]
    for s in ins[1:]:
        width = merge_dim(width, s[1] if s is not None and len(s) == 2 else None)
    rules.assign(ins, 0, (*data[:-1], width))
    for i in (1, 2):
        rules.assign(ins, i, (1, width))
    rules.assign(outs, 0, (*data[:-1], out_dim))


@op(shape=_sketch_shape, needs_type=True)
def _contrib_count_sketch(data: Tensor, h: Tensor, s: Tensor, *, out_dim: int, processing_batch_size: int = 32):
    """Count sketch: entry i, with the sign s[i], is added to entry h[i] of the output; only the data gets a gradient.

    Shapes: data (N, D) or (N, C, H, D), h and s (1, D) -> (..., out_dim). `processing_batch_size` has no meaning here.
    """
    where = lax.stop_gradient(h).reshape(-1).astype(jnp.int32)
    signed = data * lax.stop_gradient(s).reshape(-1)
    return jnp.zeros((*data.shape[:-1], out_dim), data.dtype).at[..., where].add(signed)
