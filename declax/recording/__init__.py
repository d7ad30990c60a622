"""Numbers that travel with a model: `record` writes those of every node, `parity` says where others first depart."""

from declax.recording.parity import Departure, InputState, Parity, parity
from declax.recording.recordfile import Record, Trace, read_record, write_record
from declax.recording.running import record

__all__ = ["Departure", "InputState", "Parity", "Record", "Trace", "parity", "read_record", "record", "write_record"]
