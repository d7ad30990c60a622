"""A task as a worker reads it: the graph's nodes with attributes as typed values, and the arrays. Needs only NumPy."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass
class Node:
    """One node: `inputs` are (node, output) pairs, `shapes` the shapes of its outputs."""

    op: str
    name: str
    attrs: dict[str, str]
    inputs: list[tuple["Node", int]]
    shapes: list[tuple[int, ...]]

    def text(self, key: str, default: str = "") -> str:
        """An attribute as it is written."""
        return self.attrs.get(key, default)

    def flag(self, key: str, default: bool = False) -> bool:
        """An attribute that is True or False."""
        return self.text(key, str(default)).lower() in ("true", "1")

    def number(self, key: str, default: float = 0.0) -> float:
        """A number."""
        return float(self.text(key, str(default)))

    def whole(self, key: str, default: int = 0) -> int:
        """A whole number."""
        return int(self.text(key, str(default)))

    def numbers(self, key: str, default: tuple = ()) -> list[float]:
        """A tuple of numbers."""
        words = self.text(key).strip("()[] ").split(",")
        return [float(w) for w in words if w.strip()] or list(default)

    def wholes(self, key: str, default: tuple = ()) -> list[int]:
        """A tuple of whole numbers; None stays None."""
        words = [w.strip() for w in self.text(key).strip("()[] ").split(",")]
        return [None if w == "None" else int(w) for w in words if w] or list(default)  # pyright: ignore[reportReturnType]


class Graph:
    """The nodes in order of execution, the outputs and the arrays of one task."""

    def __init__(self, folder: Path):
        read = json.loads((folder / "graph.json").read_text())
        self.symbol = read["symbol"]
        self.fixed = set(read["fixed"])
        self.nodes: list[Node] = []
        for raw in self.symbol["nodes"]:
            inputs = [(self.nodes[i], k) for i, k, *_ in raw["inputs"]]
            shapes = [tuple(s) for s in read["shapes"].get(raw["name"], [])]
            self.nodes.append(Node(raw["op"], raw["name"], raw.get("attrs", {}), inputs, shapes))
        self.heads = [(self.nodes[i], k) for i, k, *_ in self.symbol["heads"]]
        with np.load(folder / "arrays.npz") as stored:
            arrays = {k: stored[k] for k in stored.files}
        self.args = {k[4:]: v for k, v in arrays.items() if k.startswith("arg:")}
        self.aux = {k[4:]: v for k, v in arrays.items() if k.startswith("aux:")}
        self.head_gradients = [arrays[f"head:{i}"] for i in range(len(self.heads)) if f"head:{i}" in arrays]

    def forget_values(self) -> None:
        """Lets go of the arrays, so that a peer's peak memory has its own copy alone."""
        self.args, self.aux, self.head_gradients = {}, {}, []

    @property
    def whole_numbers(self) -> set[str]:
        """Names of the inputs that hold words or classes, which most frameworks want as integers."""
        words = {n.inputs[0][0].name for n in self.nodes if n.op == "Embedding" and n.inputs[0][0].op == "null"}
        return words | ({"softmax_label"} & set(self.args))

    @property
    def trained(self) -> list[str]:
        """Names of the arguments that get gradients."""
        return [n for n in self.args if n not in self.fixed]

    def input_shape(self, node: Node, index: int = 0) -> tuple[int, ...]:
        """Shape of a node's input."""
        source, output = node.inputs[index]
        return source.shapes[output]


def pads_of_pool(node: Node, size: tuple[int, ...]) -> list[tuple[int, int]]:
    """Padding before and after each spatial axis, with what `pooling_convention="full"` adds at the end."""
    kernel = node.wholes("kernel")
    strides, pads = node.wholes("stride", (1,) * len(kernel)), node.wholes("pad", (0,) * len(kernel))
    found = []
    for length, k, s, p, out in zip(size, kernel, strides, pads, node.shapes[0][2:], strict=True):
        found.append((p, max(p, (out - 1) * s + k - length - p)))
    return found


def lstm_parts(flat, layers: int, hidden: int, width: int) -> list:
    """Weights and biases (i2h, h2h) of each layer, cut from MXNet's flat vector: all weights, then all biases."""
    found, at = [], 0
    for layer in range(layers):
        pair = []
        for columns in (hidden if layer else width, hidden):
            pair.append(flat[at : at + 4 * hidden * columns].reshape(4 * hidden, columns))
            at += 4 * hidden * columns
        found.append(pair)
    for pair in found:
        for _ in range(2):
            pair.append(flat[at : at + 4 * hidden])
            at += 4 * hidden
    return found


class Steps:
    """The graph as calls in order of execution: `builders[op](node)` gives each node's function of its inputs."""

    def __init__(self, graph: Graph, builders: dict[str, Callable[[Node], Callable]]):
        unknown = sorted({n.op for n in graph.nodes if n.op != "null"} - set(builders))
        if unknown:
            raise NotImplementedError(f"this peer has no {', '.join(unknown)}")
        places = {id(n): i for i, n in enumerate(graph.nodes)}
        self._leaves = [(i, n.name) for i, n in enumerate(graph.nodes) if n.op == "null"]
        self._calls = [
            (i, builders[n.op](n), [(places[id(source)], k) for source, k in n.inputs])
            for i, n in enumerate(graph.nodes)
            if n.op != "null"
        ]
        self._heads = [(places[id(n)], k) for n, k in graph.heads]
        self._size = len(graph.nodes)

    def __call__(self, values: dict) -> list:
        """The outputs for the leaves' values."""
        done: list = [None] * self._size
        for i, name in self._leaves:
            done[i] = (values[name],)
        for i, call, inputs in self._calls:
            result = call(*[done[j][k] for j, k in inputs])
            done[i] = result if isinstance(result, tuple) else (result,)
        return [done[i][k] for i, k in self._heads]
