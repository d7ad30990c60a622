"""Sums of 8-bit products: exact, and as CPUs without VNNI add them up."""

import numpy as np
import pytest

import declax as dx
from declax.layers.integer import convolve, is_saturating, multiply

numbers = np.random.default_rng(0)


def drawn(dtype: str, *shape: int) -> np.ndarray:
    """Mostly large numbers, so that pairs of products leave 16 bits."""
    info = np.iinfo(dtype)
    return np.where(numbers.random(shape) < 0.6, info.max, numbers.integers(info.min, info.max, shape)).astype(dtype)


def in_pairs(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """x (M, K) of uint8 times w (O, K), two neighbours at a time in 16 bits."""
    products = x.astype(np.int64)[:, None] * w.astype(np.int64)
    if products.shape[-1] % 2:
        products = np.pad(products, [(0, 0), (0, 0), (0, 1)])
    pairs = products[..., ::2] + products[..., 1::2]
    return np.clip(pairs, -(2**15), 2**15 - 1).sum(-1)


@pytest.mark.parametrize("dtype", ["uint8", "int8"])
@pytest.mark.parametrize("count", [8, 37])
def test_products(dtype: str, count: int):
    x, w = drawn(dtype, 5, count), drawn("int8", 6, count)
    np.testing.assert_array_equal(multiply(x, w), x.astype(int) @ w.T.astype(int))
    moved = 0 if dtype == "uint8" else 128
    expected = in_pairs((x.astype(int) + moved).astype("uint8"), w) - moved * w.astype(int).sum(1)
    np.testing.assert_array_equal(multiply(x, w, saturating=True), expected)
    assert (expected != x.astype(int) @ w.T.astype(int)).any()


@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions(groups: int):
    x, w = drawn("uint8", 2, 6, 5, 4), drawn("int8", 4, 6 // groups, 3, 2)
    exact = np.asarray(convolve(x, w, (1, 1), (1, 1), (1, 0), groups))
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    wide, parts = padded.astype(int), 6 // groups
    expected, saturated = np.zeros_like(exact), np.zeros_like(exact)
    for n, o, i, j in np.ndindex(*exact.shape):
        first = o // (4 // groups) * parts
        window = wide[n, first : first + parts, i : i + 3, j : j + 2]
        expected[n, o, i, j] = (window * w[o].astype(int)).sum()
        taps = [(window[:, a, b].astype("uint8")[None], w[o, :, a, b][None]) for a in range(3) for b in range(2)]
        saturated[n, o, i, j] = sum(in_pairs(p, q)[0, 0] for p, q in taps)
    np.testing.assert_array_equal(exact, expected)
    found = convolve(x, w, (1, 1), (1, 1), (1, 0), groups, saturating=True)
    np.testing.assert_array_equal(found, saturated)


@pytest.mark.parametrize("setting", ["exact", "saturating"])
def test_the_environment_chooses(monkeypatch, setting: str):
    monkeypatch.setenv("DECLAX_INT8", setting)
    x, w = drawn("uint8", 3, 40), drawn("int8", 5, 40)
    names = ("data", "weight", "min_data", "max_data", "min_weight", "max_weight")
    net = dx.sym.contrib.quantized_fully_connected(**{n: dx.sym.Variable(n) for n in names}, num_hidden=5, no_bias=True)
    ranges = dict.fromkeys(names[2:], dx.nd.array([1.0]))
    given = {"data": dx.nd.array(x, dtype="uint8"), "weight": dx.nd.array(w, dtype="int8"), **ranges}
    sums = net.bind(dx.cpu(), {n: given[n] for n in net.list_arguments()}).forward()[0].asnumpy()
    np.testing.assert_array_equal(sums, in_pairs(x, w) if setting == "saturating" else x.astype(int) @ w.T.astype(int))


def test_a_setting_that_is_neither(monkeypatch):
    monkeypatch.setenv("DECLAX_INT8", "fast")
    with pytest.raises(dx.errors.UsageError, match="neither 'saturating' nor 'exact'"):
        is_saturating()
