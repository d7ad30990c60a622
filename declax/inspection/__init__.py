"""Knowing a model before it runs: `inspect` reports on a graph, its parameters and the traps in both."""

from declax.inspection.inspecting import inspect
from declax.inspection.report import Finding, Operator, Parameter, Report, Tensor, Totals

__all__ = ["Finding", "Operator", "Parameter", "Report", "Tensor", "Totals", "inspect"]
