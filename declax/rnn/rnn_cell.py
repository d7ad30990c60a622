"""Every recurrent cell under the module name that MXNet has for them."""

from declax.rnn.cell import BaseRNNCell, RNNParams
from declax.rnn.combine import BidirectionalCell, SequentialRNNCell
from declax.rnn.conv import BaseConvRNNCell, ConvGRUCell, ConvLSTMCell, ConvRNNCell
from declax.rnn.fused import FusedRNNCell
from declax.rnn.modify import DropoutCell, ModifierCell, ResidualCell, ZoneoutCell
from declax.rnn.simple import GRUCell, LSTMCell, RNNCell

__all__ = [
    "BaseConvRNNCell",
    "BaseRNNCell",
    "BidirectionalCell",
    "ConvGRUCell",
    "ConvLSTMCell",
    "ConvRNNCell",
    "DropoutCell",
    "FusedRNNCell",
    "GRUCell",
    "LSTMCell",
    "ModifierCell",
    "RNNCell",
    "RNNParams",
    "ResidualCell",
    "SequentialRNNCell",
    "ZoneoutCell",
]
