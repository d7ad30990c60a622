"""Cases of the fused recurrent layers; packed parameters have the length that inference finds."""

import numpy as np

from tests.table import Case, uniform

GATES = {"rnn_relu": 1, "rnn_tanh": 1, "lstm": 4, "gru": 3}


def case(
    mode: str, layers: int = 1, both: bool = False, projection: int | None = None, lengths: bool = False, t: int = 4,
    n: int = 2, i: int = 3, h: int = 3, **more: object,
) -> Case:  # fmt: skip
    """An RNN with its inputs: data (t, n, i), parameters, state, and what the mode needs."""
    directions, out = 1 + both, projection or h
    rows = GATES[mode] * h
    size = sum(rows * ((i if k == 0 else out * directions) + out + 2) for k in range(layers)) * directions
    size += (projection or 0) * h * layers * directions
    inputs: list = [(t, n, i), uniform(size, low=-0.7, high=0.7), (layers * directions, n, out)]
    if mode == "lstm":
        inputs.append((layers * directions, n, h))
    attrs: dict[str, object] = {"mode": mode, "num_layers": layers, "state_size": h, "bidirectional": both}
    attrs["state_outputs"] = True
    if lengths:
        inputs.append(np.array([t, t - 2], "float32"))
        attrs["use_sequence_length"] = True
    if projection:
        attrs["projection_size"] = projection
    wrt = tuple(range(len(inputs) - lengths))
    return Case("RNN", inputs, attrs | more, wrt=wrt)


CASES = [
    *(case(mode) for mode in GATES),
    *(case(mode, layers=2, both=True) for mode in GATES),
    *(case(mode, layers=2, both=True, lengths=True) for mode in GATES),
    case("lstm", layers=2, projection=2),
    case("lstm", both=True, projection=2, lengths=True),
    case("lstm", lstm_state_clip_min=-0.2, lstm_state_clip_max=0.2, lstm_state_clip_nan=True),
    case("gru", t=1, n=1, layers=3),
    case("rnn_tanh", layers=2, p=0.5),
    case("gru", state_outputs=False),
]
