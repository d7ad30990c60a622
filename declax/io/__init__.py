"""File formats: symbol JSON of every MXNet version, files of arrays, checkpoints.

>>> from declax.io import read_arrays, write_arrays
"""

from declax.io.arrays import read_arrays, write_arrays

__all__ = ["read_arrays", "write_arrays"]
