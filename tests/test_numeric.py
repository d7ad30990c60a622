"""`sym.np` and `nd.np`: NumPy's names over the operators that stand for them."""

import numpy as np
import pytest

import declax as mx

X = np.array([[1.5, -2.0], [0.5, 4.0]], "float32")
Y = np.array([[2.0, 3.0], [-1.0, 0.5]], "float32")


@pytest.fixture(autouse=True)
def numpy_shapes():
    with mx.util.np_shape(True):
        yield


def both(name, *args, **kwargs):
    """A function of `np` on symbols, evaluated, and on arrays."""
    arrays = [mx.nd.array(a, dtype=a.dtype) if isinstance(a, np.ndarray) else a for a in args]
    names = [f"a{i}" for i in range(len(args))]
    symbols = [mx.sym.Variable(n) if isinstance(a, np.ndarray) else a for n, a in zip(names, args, strict=True)]
    net = getattr(mx.sym.np, name)(*symbols, **kwargs)
    given = {n: a for n, a in zip(names, arrays, strict=True) if isinstance(a, mx.nd.NDArray)}
    first = net.eval(**given)[0].asnumpy()
    second = getattr(mx.nd.np, name)(*arrays, **kwargs).asnumpy()
    np.testing.assert_array_equal(first, second)
    return first


@pytest.mark.parametrize(
    "name", ["add", "subtract", "multiply", "divide", "true_divide", "maximum", "minimum", "hypot"]
)
@pytest.mark.parametrize("sides", [(X, Y), (X, 2.0), (3, Y)], ids=["arrays", "right number", "left number"])
def test_functions_of_two(name, sides):
    np.testing.assert_allclose(both(name, *sides), getattr(np, name)(*sides), rtol=1e-6)


@pytest.mark.parametrize("name", ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"])
@pytest.mark.parametrize("sides", [(X, Y), (X, 0.5), (0.5, X)], ids=["arrays", "right number", "left number"])
def test_comparisons(name, sides):
    found = both(name, *sides)
    assert found.dtype == bool
    np.testing.assert_array_equal(found, getattr(np, name)(*sides))


@pytest.mark.parametrize(
    ("name", "attrs"),
    [
        ("sum", {"axis": 1}), ("mean", {}), ("max", {"axis": 0}), ("amax", {}), ("var", {"axis": 0}), ("abs", {}),
        ("exp", {}), ("square", {}), ("transpose", {}), ("cumsum", {"axis": 1}), ("round", {}), ("tril", {"k": 0}),
    ],
)  # fmt: skip
def test_functions_of_one(name, attrs):
    np.testing.assert_allclose(both(name, X, **attrs), getattr(np, name)(X, **attrs), rtol=1e-6)


def test_lists_are_joined():
    x, y = mx.nd.array(X), mx.nd.array(Y)
    np.testing.assert_array_equal(mx.nd.np.concatenate([x, y], axis=1).asnumpy(), np.concatenate([X, Y], 1))
    np.testing.assert_array_equal(mx.nd.np.vstack([x, y]).asnumpy(), np.vstack([X, Y]))


def test_linalg_and_random_stand_below():
    definite = X @ X.T + np.eye(2, dtype="float32")
    found = mx.nd.np.linalg.cholesky(mx.nd.array(definite)).asnumpy()
    np.testing.assert_allclose(found, np.linalg.cholesky(definite), rtol=1e-5)
    assert mx.nd.np.random.uniform(low=2.0, high=3.0, size=(4,)).shape == (4,)
    assert "cholesky" not in dir(mx.sym.np)
    assert {"cholesky", "svd", "inv"} <= set(dir(mx.sym.np.linalg))
    assert "normal" in dir(mx.sym.np.random)
    assert {"add", "mean", "linalg", "round"} <= set(dir(mx.sym.np))


@pytest.mark.parametrize("space", ["np", "np.linalg", "np.random"])
def test_every_shown_name_is_there(space):
    for frontend in (mx.sym, mx.nd):
        here = frontend
        for part in space.split("."):
            here = getattr(here, part)
        for name in dir(here):
            assert callable(getattr(here, name)) or name in ("linalg", "random")


def test_unknown_names_and_wrong_sides():
    with pytest.raises(AttributeError, match="has no attribute 'fft'"):
        mx.sym.np.fft
    with pytest.raises(TypeError, match="must be NDArray instances, but got 'x'"):
        mx.nd.np.add(mx.nd.array(X), "x")
