"""A convolution in one of its formulations, as plans choose them, on arrays."""

from typing import Any

import numpy as np
from jax import Array

from declax.layers.channels_last import Window
from declax.layers.formulations import FORMULATIONS, Problem, default


def convolution(data: Any, weight: Any, window: Window, name: str | None = None) -> Array:
    """The convolution of (N, *spatial, C) with (*kernel, C / num_group, O) by one formulation, or the default one."""
    if name is None:
        name = default(Problem(data.shape, weight.shape[-1], window, np.dtype(data.dtype).name, True))
    return FORMULATIONS[name].run(data, weight, window)
