"""Cases of the operators on sequences of different lengths."""

import numpy as np

from tests.table import Case, integers, permutation, uniform


def numbers(*values: float, dtype: str = "float32") -> np.ndarray:
    """An array of these numbers."""
    return np.array(values, dtype)


LABELS = np.array([[1, 2, 2], [3, 1, 0]], "float32")
MARKS = np.array([[0, 1, 0, 1], [1, 1, 0, 0]], "int32")
RATES = uniform(2, 2, low=0.5, high=2)
POSITIVE = uniform(2, low=0.2, high=0.8)
LAGS = uniform(2, 4, low=0.2, high=1)

CASES = [
    Case("SequenceMask", [(4, 2, 3)]),
    Case("SequenceMask", [(4, 2, 3), numbers(1, 3)], {"use_sequence_length": True, "value": -1.5}, wrt=(0,)),
    Case("SequenceMask", [(2, 4), numbers(0, 4)], {"use_sequence_length": True, "axis": 1}, wrt=(0,)),
    Case("SequenceMask", [(2, 4), numbers(1, 3, dtype="int32")], {"use_sequence_length": True, "axis": 1}),
    Case("SequenceLast", [(4, 2, 3)]),
    Case("SequenceLast", [(2, 4)], {"axis": 1}),
    Case("SequenceLast", [(4, 2, 3), numbers(1, 3)], {"use_sequence_length": True}, wrt=(0,)),
    Case("SequenceLast", [(2, 4, 3), numbers(2, 4)], {"use_sequence_length": True, "axis": 1}, wrt=(0,)),
    Case("SequenceReverse", [(4, 2, 3)]),
    Case("SequenceReverse", [(4, 2), numbers(1, 3)], {"use_sequence_length": True}, wrt=(0,)),
    Case("SequenceReverse", [(4, 2, 2, 2), numbers(4, 2, dtype="int32")], {"use_sequence_length": True}),
    Case("CTCLoss", [(6, 2, 4), LABELS], wrt=(0,)),
    Case("CTCLoss", [(6, 2, 4), LABELS - 1], {"blank_label": "last"}, wrt=(0,)),
    Case("CTCLoss", [(6, 2, 4), LABELS, numbers(5, 4)], {"use_data_lengths": True}, wrt=(0,)),
    Case("CTCLoss", [(6, 2, 4), LABELS, numbers(2, 1)], {"use_label_lengths": True}, wrt=(0,)),
    Case(
        "CTCLoss",
        [permutation(5, 2, 4, low=-3, high=3), LABELS, numbers(5, 4), numbers(3, 0)],
        {"use_data_lengths": True, "use_label_lengths": True},
        wrt=(0,),
    ),
    Case("CTCLoss", [(3, 2, 4), integers(2, 3, low=1, high=2)], wrt=(0,), id="labels do not fit"),
    Case(
        "_contrib_hawkesll",
        [RATES, POSITIVE, POSITIVE, RATES, LAGS, MARKS, numbers(4, 2), numbers(5, 6)],
        grad=False,
        id="the second output gives no gradient",
    ),
    Case(
        "_contrib_backward_hawkesll",
        [(2,), RATES, RATES, POSITIVE, POSITIVE, RATES, LAGS, MARKS, numbers(4, 2), numbers(5, 6)],
        wrt=(0, 2, 3, 4),
    ),
]
