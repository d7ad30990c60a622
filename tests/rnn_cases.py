"""Every recurrent cell in every way of unrolling, as functions of the library: declax, or MXNet to record from.

`MXNET_ENGINE_TYPE=NaiveEngine python tests/rnn_cases.py mxnet FILE` writes what MXNet 1.9.1 makes of them.
"""

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any


def _stack(rnn: Any) -> Any:
    stack = rnn.SequentialRNNCell()
    for cell in (
        rnn.LSTMCell(4, prefix="a_"),
        rnn.DropoutCell(0.2),
        rnn.ResidualCell(rnn.GRUCell(4, prefix="b_")),
        rnn.ZoneoutCell(rnn.RNNCell(4, prefix="c_"), 0.1, 0.2),
    ):
        stack.add(cell)
    return stack


def _stack_of_sequences(rnn: Any) -> Any:
    stack = rnn.SequentialRNNCell()
    stack.add(rnn.BidirectionalCell(rnn.LSTMCell(4, prefix="a_"), rnn.LSTMCell(4, prefix="b_")))
    stack.add(rnn.FusedRNNCell(3, mode="gru"))
    return stack


CELLS: dict[str, Callable[[Any], Any]] = {
    "rnn": lambda rnn: rnn.RNNCell(4, prefix="r_"),
    "rnn_relu": lambda rnn: rnn.RNNCell(4, activation="relu"),
    "lstm": lambda rnn: rnn.LSTMCell(4, prefix="l_", forget_bias=2.0),
    "gru": lambda rnn: rnn.GRUCell(4),
    "dropout": lambda rnn: rnn.DropoutCell(0.3),
    "zoneout": lambda rnn: rnn.ZoneoutCell(rnn.LSTMCell(4), 0.2, 0.3),
    "zoneout_states": lambda rnn: rnn.ZoneoutCell(rnn.RNNCell(4), 0.0, 0.3),
    "residual": lambda rnn: rnn.ResidualCell(rnn.GRUCell(4)),
    "bidirectional": lambda rnn: rnn.BidirectionalCell(rnn.LSTMCell(4, prefix="a_"), rnn.GRUCell(4, prefix="b_")),
    "fused_lstm": lambda rnn: rnn.FusedRNNCell(4, 2, "lstm", get_next_state=True),
    "fused_gru": lambda rnn: rnn.FusedRNNCell(4, 1, "gru", bidirectional=True, dropout=0.2),
    "fused_relu": lambda rnn: rnn.FusedRNNCell(4, 1, "rnn_relu", get_next_state=True, prefix="f_"),
    "unfused": lambda rnn: rnn.FusedRNNCell(4, 2, "lstm", bidirectional=True, dropout=0.2).unfuse(),
    "unfused_relu": lambda rnn: rnn.FusedRNNCell(4, 3, "rnn_relu", dropout=0.2).unfuse(),
    "stack": _stack,
    "stack_of_sequences": _stack_of_sequences,
}


def _flat(values: Any) -> list:
    if isinstance(values, list | tuple):
        return [x for v in values for x in _flat(v)]
    return [values]


def _unroll(mx: Any, make: Callable, layout: str, merge: bool | None) -> Any:
    return make(mx.rnn).unroll(3, mx.sym.Variable("x"), layout=layout, merge_outputs=merge)


def _unroll_list(mx: Any, make: Callable) -> Any:
    return make(mx.rnn).unroll(2, [mx.sym.Variable("x0"), mx.sym.Variable("x1")])


def _states_as_inputs(mx: Any, make: Callable) -> Any:
    cell = make(mx.rnn)
    return cell.unroll(2, mx.sym.Variable("x"), begin_state=cell.begin_state(func=mx.sym.Variable))


def _twice(mx: Any, make: Callable) -> Any:
    cell = make(mx.rnn)
    return [cell.unroll(2, mx.sym.Variable("x"))[0] for _ in range(2)]


def _steps(mx: Any, make: Callable) -> Any:
    cell = make(mx.rnn)
    states = cell.begin_state()
    output, states = cell(mx.sym.Variable("x"), states)
    return cell(output, states)


def _conv(rnn: Any, name: str, input_shape: tuple, **kwargs: Any) -> Any:
    return getattr(rnn, name)(input_shape, 5, **kwargs)


def cases(mx: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """(name, function that gives outputs and states)."""
    for name, make in CELLS.items():
        for layout in ("NTC", "TNC"):
            for merge in (None, True, False):
                yield f"{name}/{layout}/{merge}", partial(_unroll, mx, make, layout, merge)
        yield f"{name}/list", partial(_unroll_list, mx, make)
        yield f"{name}/states", partial(_states_as_inputs, mx, make)
        yield f"{name}/twice", partial(_twice, mx, make)
        yield f"{name}/steps", partial(_steps, mx, make)
    for name in ("ConvRNNCell", "ConvLSTMCell", "ConvGRUCell"):
        options = {"h2h_kernel": (3, 5), "i2h_stride": (2, 1), "i2h_weight_initializer": "xavier"}
        for layout, shape in (("NCHW", (2, 3, 8, 9)), ("NHWC", (2, 8, 9, 3))):
            make = partial(_conv, name=name, input_shape=shape, conv_layout=layout, **options)
            yield f"{name}/{layout}", partial(_steps, mx, make)
        make = partial(_conv, name=name, input_shape=(1, 3, 8, 8), activation="tanh", prefix="q_")
        yield f"{name}/tanh", partial(_unroll_list, mx, make)


def described(mx: Any, function: Callable[[], Any]) -> list:
    """The nodes and heads of a case as they stand in the JSON."""
    with mx.name.NameManager():
        made = json.loads(mx.sym.Group(_flat(function())).tojson())
    nodes = [[n["op"], n["name"], n.get("attrs", {}), n["inputs"]] for n in made["nodes"]]
    return [nodes, made["heads"]]


if __name__ == "__main__":
    library = import_module(sys.argv[1])
    recorded = {}
    for case_name, run in cases(library):
        try:
            recorded[case_name] = described(library, run)
        except Exception as e:
            print(case_name, type(e).__name__, str(e)[:100])
    with open(sys.argv[2], "wb") as file:
        file.write(gzip.compress(json.dumps(recorded).encode(), mtime=0))
