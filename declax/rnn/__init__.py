"""`mx.rnn`: recurrent cells that are unrolled into a graph, on Symbol alone."""

from declax.rnn import rnn_cell
from declax.rnn.cell import BaseRNNCell, RNNParams
from declax.rnn.checkpoint import do_rnn_checkpoint, load_rnn_checkpoint, rnn_unroll, save_rnn_checkpoint
from declax.rnn.combine import BidirectionalCell, SequentialRNNCell
from declax.rnn.conv import BaseConvRNNCell, ConvGRUCell, ConvLSTMCell, ConvRNNCell
from declax.rnn.fused import FusedRNNCell
from declax.rnn.modify import DropoutCell, ModifierCell, ResidualCell, ZoneoutCell
from declax.rnn.simple import GRUCell, LSTMCell, RNNCell
from declax.rnn.text import BucketSentenceIter, encode_sentences

__all__ = [
    "BaseConvRNNCell",
    "BaseRNNCell",
    "BidirectionalCell",
    "BucketSentenceIter",
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
    "do_rnn_checkpoint",
    "encode_sentences",
    "load_rnn_checkpoint",
    "rnn_cell",
    "rnn_unroll",
    "save_rnn_checkpoint",
]
