"""The ways in which a channels-last convolution can run, by name, and which one runs unless something else is known.

A formulation says for which problems it gives the convolution's numbers. To add one: write its function with its
gradient in a file of its own, and a line in `FORMULATIONS`; `autotune` (tuning.py) measures it from then on. It is
chosen by default only where `_default_on_cpu` says so, which it does for what has been measured.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax
from jax import Array

from declax.layers import blocks, channels_last, onednn, patches, winograd
from declax.layers.channels_last import Window
from declax.shapes import Shape


@dataclass(frozen=True)
class Problem:
    """One convolution: data (N, *spatial, C) to (N, *out, filters); `train` where gradients are asked for too."""

    data: Shape
    filters: int
    window: Window
    dtype: str
    train: bool

    @property
    def channels(self) -> int:
        """Channels of the data."""
        return self.data[-1]

    @property
    def outs(self) -> Shape:
        """Spatial sizes of the result."""
        return self.window.out_sizes(self.data[1:-1])

    @property
    def result(self) -> Shape:
        """The shape of the result, channels last."""
        return (self.data[0], *self.outs, self.filters)

    @property
    def points(self) -> int:
        """How many points the result has, over the whole batch."""
        return math.prod(self.result[:-1])

    @property
    def weight(self) -> Shape:
        """The shape of the weights."""
        return (*self.window.kernel, self.channels // self.window.num_group, self.filters)

    def __str__(self) -> str:
        w = self.window

        def show(numbers: Shape) -> str:
            return "x".join(map(str, numbers))

        return (
            f"{'train' if self.train else 'infer'} {self.dtype} {show(self.data)}->{self.filters} "
            f"kernel {show(w.kernel)} stride {show(w.stride)} dilate {show(w.dilate)} pad {show(w.pad)} "
            f"groups {w.num_group}"
        )


@dataclass(frozen=True)
class Formulation:
    """One way to compute a convolution from (data, weight, window).

    `fits` says for which problems it gives the right numbers, `promises` for which of these it is worth measuring.
    Where inference can compute with weights that depend on the parameters alone, `prepare` makes them and
    `prepared` is the convolution with (data, prepared weights, window). `fused` is the convolution with (data, weight,
    bias or None, what is added or None, window, whether a ReLU follows) of one that does all that in one pass.
    """

    run: Callable[[Array, Array, Window], Array]
    fits: Callable[[Problem], bool]
    promises: Callable[[Problem], bool] = lambda problem: True
    prepare: Callable[[Array], Array] | None = None
    prepared: Callable[[Array, Array, Window], Array] | None = None
    fused: Callable[[Array, Array, Array | None, Array | None, Window, bool], Array] | None = None


def _is_grouped(problem: Problem) -> bool:
    return 1 < problem.window.num_group < problem.channels


def _is_product(problem: Problem) -> bool:
    w = problem.window
    return w.num_group == 1 and not any(w.pad) and all(k == 1 for k in w.kernel)


def _is_depthwise(problem: Problem) -> bool:
    return 1 < problem.channels == problem.window.num_group


def _is_winograd(problem: Problem) -> bool:
    w = problem.window
    plain = w.num_group == 1 and w.kernel == (3, 3) and w.stride == (1, 1) == w.dilate
    return plain and max(w.pad) <= 2 and min(problem.outs) >= 1 and problem.dtype == "float32"


FORMULATIONS: dict[str, Formulation] = {
    # XLA's gradient of a grouped convolution is up to a hundred times slower than others on CPUs: nobody waits for it
    "convolution": Formulation(channels_last.plain, lambda p: True, lambda p: not (p.train and p.window.num_group > 1)),
    "product": Formulation(channels_last.product, _is_product),
    "dense": Formulation(
        lambda data, weight, window: channels_last.dense(data, channels_last.filters_first(weight), window),
        _is_product,
        lambda p: not p.train and p.points < 4 * _FEW_ROWS,
        prepare=channels_last.filters_first,
        prepared=channels_last.dense,
    ),
    "shifted": Formulation(channels_last.depthwise, _is_depthwise),
    "winograd": Formulation(
        lambda data, weight, window: winograd.convolution(data, weight, window),
        _is_winograd,
        prepare=winograd.transformed,
        prepared=lambda data, weight, window: winograd.with_transformed(data, weight, window.pad),
    ),
    "patches": Formulation(
        lambda data, weight, window: patches.convolution(data, weight, window),
        lambda p: p.window.num_group == 1 and not _is_product(p),
        lambda p: p.channels <= 4 or math.prod(p.data[:-1]) <= 1024,
    ),
    "blocks": Formulation(blocks.convolution, _is_grouped),
    "onednn": Formulation(
        lambda data, weight, window: onednn.convolution(data, weight, None, None, window),
        lambda p: not p.train and onednn.fits(p.data, p.weight, p.result, p.window, p.dtype),
        fused=onednn.convolution,
    ),
}
"""Every formulation by name."""


def candidates(problem: Problem, with_onednn: bool = False) -> list[str]:
    """Names of the formulations that are worth measuring, the one that runs by default first; oneDNN if it may be."""
    usual = default(problem, with_onednn)
    others = (n for n, f in FORMULATIONS.items() if n != usual and f.fits(problem) and f.promises(problem))
    return [usual, *(n for n in others if with_onednn or n != "onednn")]


def default(problem: Problem, with_onednn: bool = False) -> str:
    """The formulation that runs where nothing has been measured on the user's machine; oneDNN only if it may be."""
    if with_onednn and FORMULATIONS["onednn"].fits(problem) and problem.points >= _FEWEST_POINTS:
        return "onednn"
    if _is_product(problem):
        return "product" if problem.train or problem.points >= _FEW_ROWS else "dense"
    return _default_on_cpu(problem) if jax.default_backend() == "cpu" else "convolution"


def _default_on_cpu(problem: Problem) -> str:
    if _is_depthwise(problem):
        return "shifted"
    # blocks: 1.4 to 6 times as fast as XLA's grouped convolution at inference, up to 160 times in training (ResNeXt)
    return "blocks" if _is_grouped(problem) else "convolution"


_FEWEST_POINTS = 1024
"""oneDNN brings the weights into its own layout at every call: with fewer points than that it is not faster.

With more, inference took 0.82 (Inception-BN 28) to 0.98 (MobileNet v2) of the time that it took without."""

_FEW_ROWS = 64
"""With fewer rows than that, a product runs up to 1.8 times as fast over weights (filters, channels).

XLA's kernels then spend their time on rearranging weights that have the filters last. From 64 rows on they take 0.9 to
1.1 of the time; ResNet-50's and MobileNet v1's inference with batch 1 took 0.93 of it (AVX2).
"""
