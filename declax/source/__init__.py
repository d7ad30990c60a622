"""`to_python`: a graph as Python source that people can read and own.

statements.py turns the graph into calls; loops.py finds what repeats in a row: long runs first (the time steps of an
unrolled net), short ones once there are functions. blocks.py makes functions of the parts that repeat elsewhere, which
windows.py finds; templates.py finds out what their names and hyper-parameters have in common, with counting.py for
numbers that are parameters themselves. render.py writes it down.
"""

from declax.source.render import to_python

__all__ = ["to_python"]
