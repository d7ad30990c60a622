"""Convolutions by oneDNN, which XLA's CPU backend carries with it: with bias, addition and ReLU in the same pass.

XLA takes them as custom calls of its own, which it makes no promises about: between versions their settings changed
their meaning, and settings that oneDNN refuses end the process. So they are used with the versions of jaxlib alone
on which declax's tests have run, for convolutions that `fits` knows to be right, and in programs that stay in this
process: they cannot be exported, nor kept in JAX's persistent cache. A kernel that starts others inside its threads
waits for ever there: oneDNN's products do, its convolutions for AVX2 and AVX-512 do not.
"""

import functools
import json
import math
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import jax
from jax import Array

from declax.layers.channels_last import Window
from declax.shapes import Shape

_PROVEN = frozenset({"0.10.2"})
"""Versions of jaxlib whose custom calls mean what `_settings` says. tests/test_onednn.py passes on each of them."""

_MOST = 2**31 - 1
"""Elements of one array: oneDNN's kernels count in 32 bits."""


def is_available() -> bool:
    """Whether this process may use them: Linux on x86-64 with AVX2, no GPU, a proven jaxlib, no persistent cache."""
    cached = jax.config.jax_compilation_cache_dir  # pyright: ignore[reportAttributeAccessIssue]
    return _is_proven() and not cached and jax.default_backend() == "cpu"


@functools.cache
def _is_proven() -> bool:
    here = sys.platform == "linux" and platform.machine() == "x86_64"
    return here and metadata.version("jaxlib") in _PROVEN and "avx2" in Path("/proc/cpuinfo").read_text().split()


def fits(data: Shape, weight: Shape, out: Shape, window: Window, dtype: str) -> bool:
    """Whether oneDNN computes the convolution of (N, *spatial, C) with (*kernel, I, O) to (N, *out, O).

    Windows that are larger than the data, or that see padding alone, end in crashes there.
    """
    sizes = (data, weight, out)
    sane = dtype == "float32" and 3 <= len(data) <= 5 and all(min(s) > 0 and math.prod(s) <= _MOST for s in sizes)
    axes = zip(data[1:-1], window.kernel, window.dilate, window.pad, strict=True)
    return sane and all(pad <= (k - 1) * dilate < size for size, k, dilate, pad in axes)


def convolution(
    data: Array, weight: Array, bias: Array | None, added: Array | None, window: Window, relu: bool = False
) -> Array:
    """(N, *spatial, C) with (*kernel, C / num_group, O), plus (O,) and (N, *out, O) if given, then ReLU if wanted.

    It has no gradient.
    """
    fused = {name: x for name, x in (("BIAS", bias), ("BINARY_ADD", added)) if x is not None}
    call = jax.ffi.ffi_call(
        "__onednn$convolution",
        jax.ShapeDtypeStruct((data.shape[0], *window.out_sizes(data.shape[1:-1]), weight.shape[-1]), data.dtype),
        custom_call_api_version=2,
        legacy_backend_config=_settings(window, [*fused, "RELU"] if relu else [*fused]),
    )
    return call(data, weight, *fused.values())


def _settings(window: Window, fusions: list[str]) -> str:
    """What XLA's `OneDnnConvolutionConfig` says of a convolution over channels-last arrays."""
    dims = len(window.kernel)

    def texts(numbers: Iterable[int]) -> list[str]:
        return [str(n) for n in numbers]

    layout = {
        "dims": str(dims + 2),
        "data": {"batch_dim": "0", "feature_dim": str(dims + 1), "spatial_dims": texts(range(1, dims + 1))},
    }
    axes = {"input_feature_dim": str(dims), "output_feature_dim": str(dims + 1), "spatial_dims": texts(range(dims))}
    config = {
        "dims": str(dims + 2),
        "feature_groups": str(window.num_group),
        "input": layout,
        "kernel": {"dims": str(dims + 2), "filter": axes},
        "output": layout,
        "window": {
            "pad_left": texts(window.pad),
            "pad_right": texts(window.pad),
            "strides": texts(window.stride),
            "window_dilations": texts(window.dilate),
        },
        "fusions": {"ops": fusions},
    }
    return json.dumps({"outer_dimension_partitions": [], "onednn_conv_config": config})
