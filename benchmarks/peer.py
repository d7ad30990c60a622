"""The other side of a comparison with MXNet: run by the Python of an environment that has MXNet, never by declax's.

Reads lines of JSON from standard input and answers each with one: `{"load": "FOLDER"}` binds the graph and the arrays
of that folder and answers with the file of its outputs, `{"run": N}` answers with the seconds of N calls.
"""

import json
import os
import sys
import time

import mxnet as mx
import numpy as np


def load(folder):
    """An executor of FOLDER/graph.json on the arrays of FOLDER/inputs.npz; its outputs go to FOLDER/mxnet.npz."""
    graph = mx.sym.load(os.path.join(folder, "graph.json"))
    with np.load(os.path.join(folder, "inputs.npz")) as arrays:
        inputs = {name: mx.nd.array(arrays[name], dtype=arrays[name].dtype) for name in arrays.files}
    executor = graph.bind(mx.cpu(), inputs, grad_req="null")
    path = os.path.join(folder, "mxnet.npz")
    np.savez(path, *[o.asnumpy() for o in executor.forward()])
    return executor, path


def call(executor):
    """One call, waited for."""
    for output in executor.forward():
        output.wait_to_read()


def main():
    executor = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "load" in asked:
            executor, answer = load(asked["load"])
        else:
            start = time.perf_counter()
            for _ in range(asked["run"]):
                call(executor)
            answer = time.perf_counter() - start
        print("@" + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
