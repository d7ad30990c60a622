"""Comparing models: `diff` of graphs and parameters."""

from declax.comparison.comparing import Difference, diff
from declax.comparison.graphs import Change
from declax.comparison.values import ArrayChange

__all__ = ["ArrayChange", "Change", "Difference", "diff"]
