"""declax itself, measured like its peers: the graph's JSON bound to an executor."""

import json

import jax
import numpy as np

import declax as mx
from benchmarks.peers.graph import Graph
from declax.io import json as symbol_json


def version() -> str:
    """Versions of what computes."""
    return f"declax {mx.__version__} (jax {jax.__version__})"


class Session:
    """One bound executor."""

    def __init__(self, graph: Graph, training: bool, options: dict):
        self._training = training
        symbol = symbol_json.loads(json.dumps(graph.symbol))
        given = {n: mx.nd.array(v) for n, v in graph.args.items()}
        wanted = set(graph.trained) if training else set()
        self._executor = symbol.bind(
            mx.cpu(),
            given,
            {n: mx.nd.zeros(given[n].shape) for n in wanted},
            {n: "write" if n in wanted else "null" for n in given},
            {n: mx.nd.array(v) for n, v in graph.aux.items()},
        )
        self._heads = [mx.nd.array(h) for h in graph.head_gradients] or None
        self._wanted = sorted(wanted)

    def step(self) -> None:
        """Inference, or forward and backward, finished when it returns."""
        ex = self._executor
        if self._training:
            ex.forward(is_train=True)
            ex.backward(self._heads)
            jax.block_until_ready([ex.grad_dict[n].data for n in self._wanted])
        else:
            jax.block_until_ready([o.data for o in ex.forward()])

    def results(self) -> dict[str, np.ndarray]:
        """Outputs, and gradients when training."""
        found = {f"out:{i}": o.asnumpy() for i, o in enumerate(self._executor.outputs)}
        return found | {f"grad:{n}": self._executor.grad_dict[n].asnumpy() for n in self._wanted}
