"""Sums of products of 8-bit numbers in int32: as CPUs without VNNI add them up, or exact.

There oneDNN, and MXNet with it, adds up two products of uint8 and int8 at a time in 16 bits, which saturates. The
numbers recorded from MXNet have that, so it is the default; `DECLAX_INT8=exact` in the environment sums exactly, as
MXNet does on CPUs with VNNI, and is some five times as fast.
"""

import os
from itertools import product

import jax.numpy as jnp
from jax import Array, lax

from declax.errors import UsageError

Shape = tuple[int, ...]


def multiply(x: Array, w: Array, *, saturating: bool = False) -> Array:
    """x (..., K) of int8 or uint8 times w (M, K) of int8 -> (..., M) of int32."""
    if not saturating:
        return _multiply(*_signed(x), w)
    moved = 0 if x.dtype == jnp.uint8 else 128
    total = _saturating((x.astype(jnp.int32) + moved)[..., None, :], w[:, :, None])
    return total - moved * jnp.sum(w, 1, dtype=jnp.int32)


def is_saturating() -> bool:
    """Whether 8-bit layers compute as oneDNN does on CPUs without VNNI."""
    chosen = os.environ.get("DECLAX_INT8", "saturating")
    if chosen not in ("exact", "saturating"):
        raise UsageError(f"DECLAX_INT8={chosen!r} in the environment is neither 'saturating' nor 'exact'")
    return chosen == "saturating"


def convolve(
    x: Array, w: Array, stride: Shape, dilate: Shape, pad: Shape, num_group: int = 1, *, saturating: bool = False
) -> Array:
    """Convolution of x (N, C, *spatial), int8 or uint8, with w (O, C / num_group, *kernel) of int8 -> int32.

    XLA's fast products of 8-bit numbers are those of matrices, so the windows become the rows of one; where each group
    has one channel they are products of vectors instead.
    """
    kernel = w.shape[2:]
    saturating = saturating and x.dtype == jnp.uint8 and not (num_group > 1 and w.shape[1] == 1)
    x, zero = (x, 0) if saturating else _signed(x)
    edges = [(0, 0), *((p, p) for p in pad), (0, 0)]
    x = jnp.pad(jnp.moveaxis(x, 1, -1), edges, constant_values=zero)
    sizes = [(d - e * (k - 1) - 1) // s + 1 for d, k, s, e in zip(x.shape[1:-1], kernel, stride, dilate, strict=True)]
    windows = []
    for tap in product(*map(range, kernel)):
        steps = zip(tap, dilate, sizes, stride, strict=True)
        windows.append(x[(slice(None), *(slice(t * e, t * e + (m - 1) * s + 1, s) for t, e, m, s in steps))])
    taps = w.reshape(*w.shape[:2], -1)
    if num_group > 1 and w.shape[1] == 1:
        total = _by_channel(windows, zero, taps[:, 0])
    elif saturating:
        stacked = jnp.split(jnp.stack(windows, -2), num_group, -1)
        total = jnp.concatenate(
            [_saturating(a, b) for a, b in zip(stacked, jnp.split(taps, num_group), strict=True)], -1
        )
    else:
        columns = jnp.stack(windows, -1).reshape(*windows[0].shape[:-1], num_group, -1)
        total = _grouped(columns, zero, taps.reshape(num_group, w.shape[0] // num_group, -1))
    return jnp.moveaxis(total, -1, 1)


def _signed(x: Array) -> tuple[Array, int]:
    """The numbers as int8, and what 0 has become: uint8 ones are moved down by 128."""
    if x.dtype == jnp.int8:
        return x, 0
    return lax.bitcast_convert_type(x ^ jnp.uint8(128), jnp.int8), -128


def _multiply(x: Array, zero: int, w: Array) -> Array:
    """Products with numbers that were moved by `zero`, as if they had not been."""
    total = lax.dot_general(x, w, (((x.ndim - 1,), (1,)), ((), ())), preferred_element_type=jnp.int32)
    return total - zero * jnp.sum(w, 1, dtype=jnp.int32) if zero else total


def _grouped(x: Array, zero: int, w: Array) -> Array:
    """x (..., G, K) times w (G, M, K), group by group -> (..., G * M)."""
    return jnp.concatenate([_multiply(x[..., g, :], zero, w[g]) for g in range(len(w))], -1)


def _saturating(x: Array, w: Array) -> Array:
    """x (..., taps, C) times w (O, C, taps) -> (..., O), the products of two neighbouring channels added in 16 bits."""
    odd = x.shape[-1] % 2
    x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, odd)]).astype(jnp.int32)
    w = jnp.pad(w, [(0, 0), (0, odd), (0, 0)]).astype(jnp.int32)
    rows = x.reshape(-1, x.shape[-2] * x.shape[-1] // 2, 2)
    columns = jnp.swapaxes(w, 1, 2).reshape(w.shape[0], -1, 2)

    def add(total: Array, pair: tuple[Array, Array]) -> tuple[Array, None]:
        a, b = pair
        return total + jnp.clip(a[:, :1] * b[:, 0] + a[:, 1:] * b[:, 1], -(2**15), 2**15 - 1), None

    start = jnp.zeros((len(rows), len(columns)), jnp.int32)
    total, _ = lax.scan(add, start, (jnp.moveaxis(rows, 1, 0), jnp.moveaxis(columns, 1, 0)), unroll=8)
    return total.reshape(*x.shape[:-2], -1)


def _by_channel(windows: list[Array], zero: int, w: Array) -> Array:
    """Sum over the windows (..., C) times their columns of w (O, taps), O / C outputs a channel -> (..., O)."""
    total = jnp.zeros((), jnp.int32)
    for x, column in zip(windows, w.T.astype(jnp.int32), strict=True):
        wide = x.astype(jnp.int32) - zero
        total = total + jnp.repeat(wide, w.shape[0] // x.shape[-1], -1) * column
    return total
