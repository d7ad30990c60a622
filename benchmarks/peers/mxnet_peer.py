"""MXNet itself: the same JSON bound to its own executor."""

import json

import mxnet as mx
import numpy as np

from benchmarks.peers.graph import Graph


def version() -> str:
    """Version of what computes."""
    return f"MXNet {mx.__version__}"


class Session:
    """One bound executor."""

    def __init__(self, graph: Graph, training: bool, options: dict):
        self._training = training
        symbol = mx.sym.load_json(json.dumps(graph.symbol))
        given = {n: mx.nd.array(v) for n, v in graph.args.items()}
        wanted = set(graph.trained) if training else set()
        self._executor = symbol.bind(
            mx.cpu(),
            given,
            args_grad={n: mx.nd.zeros(given[n].shape) for n in wanted},
            grad_req={n: "write" if n in wanted else "null" for n in given},
            aux_states={n: mx.nd.array(v) for n, v in graph.aux.items()},
        )
        self._heads = [mx.nd.array(h) for h in graph.head_gradients] or None
        self._wanted = sorted(wanted)

    def step(self) -> None:
        """Inference, or forward and backward, finished when it returns."""
        if self._training:
            self._executor.forward(is_train=True)
            self._executor.backward(self._heads)
            mx.nd.waitall()
        else:
            for output in self._executor.forward(is_train=False):
                output.wait_to_read()

    def results(self) -> dict[str, np.ndarray]:
        """Outputs, and gradients when training."""
        found = {f"out:{i}": o.asnumpy() for i, o in enumerate(self._executor.outputs)}
        return found | {f"grad:{n}": self._executor.grad_dict[n].asnumpy() for n in self._wanted}
