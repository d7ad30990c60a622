"""`mx.base`: the error class under the name that MXNet code imports it by."""

from declax.errors import MXNetError, NotImplementedForSymbol

__all__ = ["MXNetError", "NotImplementedForSymbol"]
