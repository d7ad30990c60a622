"""`to_python`: a graph as Python source that people can read and own.

statements.py turns the graph into calls; blocks.py finds the parts that repeat and makes functions of them, with
templates.py, which finds out what their names and hyper-parameters have in common; loops.py finds what repeats in a
row; render.py writes it down.
"""

from declax.source.render import to_python

__all__ = ["to_python"]
