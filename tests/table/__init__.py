"""The one table of operator cases: every operator stands here, and every generic test runs over it.

A case names the operator, its inputs and its attributes. An input is a shape (uniform values in [-1, 1)), a
`Values` made by `uniform`, `integers` or `permutation`, or a numpy array to be taken as it is.
"""

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Values:
    """How to draw one input array."""

    shape: tuple[int, ...]
    low: float = -1.0
    high: float = 1.0
    kind: str = "uniform"
    dtype: str = "float32"

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """The array; floating values keep a distance of 0.02 from integers, where kinks tend to be."""
        if self.kind == "integers":
            return rng.integers(int(self.low), int(self.high), self.shape).astype(self.dtype)
        if self.kind == "permutation":
            n = int(np.prod(self.shape))
            return (rng.permutation(n).reshape(self.shape) / n * (self.high - self.low) + self.low).astype(self.dtype)
        x = rng.uniform(self.low, self.high, self.shape)
        near = np.abs(x - np.round(x)) < 0.02
        return np.where(near, np.round(x) + 0.03, x).astype(self.dtype)


def uniform(*shape: int, low: float = -1.0, high: float = 1.0, dtype: str = "float32") -> Values:
    """Uniform values in [low, high)."""
    return Values(shape, low, high, dtype=dtype)


def integers(*shape: int, low: int = 0, high: int = 4, dtype: str = "float32") -> Values:
    """Whole numbers low .. high-1."""
    return Values(shape, low, high, "integers", dtype)


def permutation(*shape: int, low: float = 0.0, high: float = 1.0) -> Values:
    """Evenly spaced values in random order: all different, for max, sort and topk."""
    return Values(shape, low, high, "permutation")


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    op: str
    inputs: list[Any] = field(default_factory=list)
    attrs: dict[str, Any] = field(default_factory=dict)
    grad: bool = True
    """Whether the gradient is checked against finite differences (needs a body whose derivative is its gradient)."""
    train: bool = False
    np_shape: bool = False
    wrt: tuple[int, ...] | None = None
    """Inputs to differentiate by position; all floating ones by default."""
    id: str = ""

    def arrays(self, seed: int = 0) -> list[np.ndarray]:
        """The case's input arrays."""
        rng = np.random.default_rng(seed)
        return [
            x if isinstance(x, np.ndarray) else (Values(x) if isinstance(x, tuple) else x).draw(rng)
            for x in self.inputs
        ]


def all_cases() -> list[Case]:
    """Every case of every family file in this folder."""
    found: list[Case] = []
    for module in sorted(m.name for m in iter_modules([str(Path(__file__).parent)])):
        found += import_module(f"tests.table.{module}").CASES
    return found
