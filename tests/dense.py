"""A fully connected layer, arrays for it and its numbers by numpy: what the tests of executors run on."""

import numpy as np

import declax as mx


def dense(**kwargs) -> mx.Symbol:
    return mx.sym.FullyConnected(mx.sym.Variable("x"), **{"num_hidden": 2, "name": "fc", **kwargs})


def given() -> dict[str, mx.nd.NDArray]:
    rng = np.random.default_rng(0)
    return {n: mx.nd.array(rng.normal(size=s)) for n, s in (("x", (3, 4)), ("fc_weight", (2, 4)), ("fc_bias", (2,)))}


def zeros_like(arrays: dict) -> dict[str, mx.nd.NDArray]:
    return {k: mx.nd.zeros(v.shape) for k, v in arrays.items()}


def want(args: dict, head: float = 1.0) -> dict[str, np.ndarray]:
    """Output and gradients of `dense` for a constant head gradient, by numpy."""
    x, w, b = (args[k].asnumpy() for k in ("x", "fc_weight", "fc_bias"))
    g = np.full((3, 2), head, "float32")
    return {"out": x @ w.T + b, "x": g @ w, "fc_weight": g.T @ x, "fc_bias": g.sum(0)}


def close(got: mx.nd.NDArray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-5, atol=1e-6)


HEAD = (3, 2)
