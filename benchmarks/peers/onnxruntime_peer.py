"""ONNX Runtime on the CPU: the graph exported to ONNX and optimised by the runtime at its highest level."""

import numpy as np
import onnxruntime

from benchmarks.peers.graph import Graph
from benchmarks.peers.onnx_export import Exporter


def version() -> str:
    """Version of what computes."""
    return f"ONNX Runtime {onnxruntime.__version__}"


class Session:
    """One inference session."""

    def __init__(self, graph: Graph, training: bool, options: dict):
        if training:
            raise NotImplementedError("the runtime only infers")
        chosen = onnxruntime.SessionOptions()
        chosen.intra_op_num_threads = options["threads"]
        chosen.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        model = Exporter(graph).model().SerializeToString()
        self._session = onnxruntime.InferenceSession(model, chosen, providers=["CPUExecutionProvider"])
        names = [i.name for i in self._session.get_inputs()]
        whole = graph.whole_numbers
        self._feed = {n: graph.args[n].astype("i8") if n in whole else graph.args[n] for n in names}

    def step(self) -> None:
        """Inference."""
        self._outputs = self._session.run(None, self._feed)

    def results(self) -> dict[str, np.ndarray]:
        """Outputs."""
        return {f"out:{i}": o for i, o in enumerate(self._outputs)}
