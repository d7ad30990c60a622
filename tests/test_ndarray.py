"""Arrays: creation, types, views, indexing against numpy, operators with `out=`, protocols and files."""

import copy
import pickle
import re

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import declax as mx
from declax.errors import InferenceError, OperatorError, RunError

nd = mx.nd


def counted(*shape: int) -> nd.NDArray:
    return nd.array(np.arange(np.prod(shape)).reshape(shape))


def same(got: nd.NDArray, want: object, dtype: str = "float32") -> None:
    want = np.asarray(want, dtype)
    assert got.shape == want.shape
    assert np.dtype(got.dtype) == want.dtype
    np.testing.assert_array_equal(got.asnumpy(), want)


# -- creation and types --------------------------------------------------------------------------------------------


def test_arrays_are_float32_unless_told():
    for source in ([1, 2], (1, 2), np.array([1, 2]), np.array([1.0, 2.0]), np.array([1, 2], "int8"), range(1, 3)):
        same(nd.array(source), [1, 2])
    same(nd.array(nd.array([1, 2], dtype="int32")), [1, 2], "int32")
    same(nd.array(jax.numpy.array([1, 2], "int16")), [1, 2], "int16")
    same(nd.array([True, False]), [1, 0])
    same(nd.array(3), 3)
    for wrong in ("a", [[1], [2, 3]]):
        with pytest.raises(TypeError, match="source_array must be array like object"):
            nd.array(wrong)


def test_creation():
    same(nd.zeros((2, 3)), np.zeros((2, 3)))
    same(nd.zeros(3, dtype="int64"), np.zeros(3), "int64")
    same(nd.ones([2], dtype=np.float16), np.ones(2), "float16")
    same(nd.full((2,), 3.7, dtype="int32"), [3, 3], "int32")
    same(nd.arange(3), [0, 1, 2])
    same(nd.arange(1, 4, dtype="int32"), [1, 2, 3], "int32")
    same(nd.arange(2, repeat=2), [0, 0, 1, 1])
    same(nd.linspace(0, 1, 3), [0, 0.5, 1])
    same(nd.eye(2, 3, 1), np.eye(2, 3, 1))
    assert nd.empty((2, 3)).shape == (2, 3)
    target = nd.zeros((2,))
    assert nd.full((2,), 3, out=target) is target
    same(target, [3, 3])
    same(nd.zeros_like(nd.ones((2,), dtype="int32")), [0, 0], "int32")
    same(nd.moveaxis(counted(2, 3), 0, 1), np.arange(6).reshape(2, 3).T)
    same(nd.concatenate([nd.ones((1,)), nd.zeros((2,))]), [1, 0, 0])


def test_wide_types_are_kept_everywhere():
    x = nd.array([2**53 + 1, -1], dtype="int64")
    assert (x + 1).asnumpy().tolist() == [2**53 + 2, 0]
    assert x[0:1].asnumpy().tolist() == [2**53 + 1]
    x[1] = 2**40
    assert x.asnumpy()[1] == 2**40
    y = nd.array([1 + 1e-12], dtype="float64")
    assert (y * 2).dtype == np.float64
    assert (y * 2).asscalar() == 2 * (1 + 1e-12)
    assert nd.cast(x, dtype="float64").dtype == np.float64
    assert x.astype("float32").dtype == np.float32
    assert not jax.config.jax_enable_x64


def test_what_it_says_of_itself():
    x = counted(2, 3)
    assert (x.shape, x.ndim, x.size, x.dtype, x.stype, len(x)) == ((2, 3), 2, 6, np.float32, "default", 2)
    assert (x.context, x.ctx) == (mx.cpu(), mx.cpu(0))
    assert repr(x) == "\n[[0. 1. 2.]\n [3. 4. 5.]]\n<NDArray 2x3 @cpu(0)>"
    same(x.T, np.arange(6).reshape(2, 3).T)


def test_scalars():
    assert nd.array([2.5]).asscalar() == float(nd.array([2.5])) == 2.5
    assert int(nd.array([7.9])) == 7
    assert isinstance(nd.array([1], dtype="int32").asscalar(), np.int32)
    with pytest.raises(ValueError, match=r"not a scalar: it has shape \(2,\)"):
        nd.array([1, 2]).asscalar()
    assert bool(nd.array([1]))
    assert not nd.array([0])
    with pytest.raises(ValueError, match="ambiguous"):
        bool(nd.array([1, 2]))
    assert [1, 2, 3][nd.array([1], dtype="int32")] == 2
    with pytest.raises(TypeError, match="integer scalar"):
        [1, 2, 3][nd.array([1])]


def test_iteration_gives_arrays():
    same(list(counted(2, 2))[1], [2, 3])
    assert [x.shape for x in counted(3)] == [(1,)] * 3
    with mx.np_shape(True):
        assert counted(3)[0].shape == ()


# -- arithmetic ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", "+ - * / % ** == != < <= > >=".split())
def test_arithmetic_broadcasts_on_both_sides(sign):
    x, y = np.array([[1.0, 2, 3], [4, 5, 6]], "float32"), np.array([[2.0], [3]], "float32")
    for left, right in ((x, y), (y, x), (x, 2), (2.5, x)):
        got = eval(f"a {sign} b", {"a": wrapped(left), "b": wrapped(right)})
        want = np.asarray(eval(f"a {sign} b", {"a": left, "b": right}), "float32")
        np.testing.assert_allclose(got.asnumpy(), want, rtol=2e-6)
        assert got.dtype == np.float32
    mixed = eval(f"a {sign} b", {"a": x, "b": nd.array(x + 1)})
    np.testing.assert_allclose(mixed.asnumpy(), eval(f"a {sign} (a + 1)", {"a": x}), rtol=2e-6)


def wrapped(value: object) -> object:
    return nd.array(value) if isinstance(value, np.ndarray) else value


def test_types_do_not_mix():
    half, whole = nd.array([1.5], dtype="float16"), nd.array([1], dtype="int32")
    same(whole + 2.9, [3], "int32")
    same(half * 2, [3], "float16")
    same(whole == 1, [1], "int32")
    with pytest.raises(InferenceError, match="Error in operator broadcast_add: expected float16, got int32"):
        half + whole
    for other in (None, "a", [1], mx.sym.Variable("x")):
        with pytest.raises(TypeError):
            whole + other


def test_in_place():
    x = counted(2, 2)
    held = x
    x += 1
    x *= nd.array([[2], [3]])
    x -= 1
    x /= 2
    assert x is held
    same(x, (np.array([[1, 2], [3, 4]]) * [[2], [3]] - 1) / 2)
    with pytest.raises(RunError, match=r"in-place result of shape \(3, 2, 2\) does not fit an array of shape \(2, 2\)"):
        x += nd.ones((3, 2, 2))
    whole = nd.array([1, 2], dtype="int32")
    whole += 1
    assert whole.dtype == np.int32


# -- indexing ------------------------------------------------------------------------------------------------------

SHAPE = (3, 4, 2)


@st.composite
def keys(draw) -> object:
    """An index into an array of SHAPE: numbers, slices, ellipsis, new axes, or arrays of numbers."""
    parts = []
    for n in SHAPE[: draw(st.integers(1, 3))]:
        if draw(st.integers(0, 5)) == 0:
            parts.append(None)
        kind = draw(st.integers(0, 3))
        if kind == 0:
            parts.append(draw(st.integers(-n, n - 1)))
        elif kind == 1:
            parts.append(draw(st.slices(n)))
        elif kind == 2:
            parts.append(draw(st.sampled_from([slice(None), slice(None, None, -1)])))
        else:
            parts.append(draw(st.lists(st.integers(-n, n - 1), min_size=2, max_size=2)))
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


@settings(deadline=None, max_examples=150)
@given(keys())
def test_reading_and_writing_are_numpys(key):
    want, x = np.arange(24, dtype="float32").reshape(SHAPE), counted(*SHAPE)
    got, expected = x[key], np.asarray(want[key])
    np.testing.assert_array_equal(got.asnumpy(), expected if expected.ndim else expected.reshape(1))
    for value in (-1.0, np.full(expected.shape, 5.0, "float32")):
        want[key] = value
        x[key] = value
        np.testing.assert_array_equal(x.asnumpy(), want)
    want[key] = 7
    x[key] = nd.array(np.full(expected.shape, 7.0)) if expected.ndim else nd.array([7])
    np.testing.assert_array_equal(x.asnumpy(), want)


@settings(deadline=None, max_examples=100)
@given(keys())
def test_parts_in_one_piece_are_views(key):
    """As in MXNet: what is contiguous in memory writes through, everything else is a copy."""
    memory, x = np.arange(24, dtype="float32").reshape(SHAPE), counted(*SHAPE)
    piece = memory[key]
    part = x[key]
    part[:] = -5
    if piece.ndim == 0 or (np.shares_memory(piece, memory) and piece.flags.c_contiguous):
        memory[key] = -5
    np.testing.assert_array_equal(x.asnumpy(), memory)
    np.testing.assert_array_equal(part.asnumpy(), np.full(part.shape, -5.0))


def test_views_of_views_and_reshapes():
    x = counted(3, 4)
    x.reshape((2, 6))[1][2:4] = 50
    x[0][1] = 9
    x.reshape((-1,))[0:1] += 3
    want = np.arange(12).reshape(3, 4)
    want.reshape(2, 6)[1][2:4] = 50
    want[0, 1], want[0, 0] = 9, 3
    same(x, want)
    view = x[1]
    x[1] = 0
    same(view, np.zeros(4))
    taken = x[[0, 1]]
    taken[:] = 77
    same(x[0], want[0])
    whole = x.detach()
    whole[:] = 1
    same(x, np.ones((3, 4)))
    fresh = x.copy()
    fresh[:] = 2
    same(x, np.ones((3, 4)))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (3, "index 3 is out of bounds for axis 0 with size 3"), ((0, -5), "index -5 is out of bounds for axis 1"),
        ((0, 0, 0), "too many indices"), ([0, 7], "index 7 is out of bounds"), ("a", "only integers, slices"),
        (1.5, "only integers, slices"), (nd.array([5]), "index 5 is out of bounds"),
    ],
)  # fmt: skip
def test_indices_that_do_not_exist(key, words):
    x = counted(3, 4)
    with pytest.raises(IndexError, match=words):
        x[key]
    with pytest.raises(IndexError, match=words):
        x[key] = 1
    same(x, np.arange(12).reshape(3, 4))


def test_values_that_do_not_fit():
    x = counted(3, 4)
    for key, value in ((slice(None), [1, 2]), (0, nd.ones((3,))), (slice(0, 2), np.ones((3, 4)))):
        with pytest.raises(ValueError, match=r"(?i)broadcast|shape"):
            x[key] = value
    same(x, np.arange(12).reshape(3, 4))


def test_index_arrays_of_floats_are_numbers():
    same(counted(3, 2)[nd.array([2, 0])], [[4, 5], [0, 1]])
    same(counted(3, 2)[np.array([True, False, True])], [[0, 1], [4, 5]])


# -- shapes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "kwargs", "shape"),
    [
        ((4, 6), {}, (4, 6)), ((-1,), {}, (24,)), ((0, -1), {}, (2, 12)), ((-2,), {}, (2, 3, 4)), ((-3, 4), {}, (6, 4)),
        ((-4, 1, 2, 0, 0), {}, (1, 2, 3, 4)), ((-4, -1, 2, -2), {}, (1, 2, 3, 4)), ((0, -3), {}, (2, 12)),
        ((-1, 0), {"reverse": True}, (6, 4)),
    ],
)  # fmt: skip
def test_reshape_codes(codes, kwargs, shape):
    x = counted(2, 3, 4)
    same(x.reshape(codes, **kwargs), np.arange(24).reshape(shape))
    same(nd.reshape(x, shape=codes, **kwargs), np.arange(24).reshape(shape))
    assert x.reshape(shape=codes, **kwargs).shape == shape
    view = x.reshape(codes, **kwargs)
    view[:] = 0
    assert not x.asnumpy().any()


@pytest.mark.parametrize("codes", [(4,), (-1, 4), (-1, -1), (0, 0, 0), (-5,), (-4, 4, 4, 3), (-3, -3), ()], ids=str)
def test_impossible_shapes_are_value_errors_too(codes):
    """MXNet raises ValueError for some of these and MXNetError for the others."""
    x = nd.ones((2, 3))
    for kind in (ValueError, mx.MXNetError, InferenceError):
        with pytest.raises(
            kind, match=rf"^an array of shape \(2, 3\) cannot be reshaped to {re.escape(str(codes))}: \w"
        ):
            x.reshape(codes)
    with pytest.raises(InferenceError, match="Error in operator Reshape"):
        nd.reshape(x, shape=(5,))


def test_reshape_without_a_shape():
    with pytest.raises(AssertionError, match=r"Shape must be provided: .* for an array of shape \(2, 3\)"):
        nd.ones((2, 3)).reshape()
    with pytest.raises(TypeError, match="reshape takes the keywords shape and reverse, not order"):
        nd.ones((2, 3)).reshape((3, 2), order="F")
    assert nd.ones((1,)).reshape(()).shape == ()
    assert nd.ones((2, 3)).reshape(3, 2, shape=(6,)).shape == (3, 2)


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((2, 4), "its axis of size 3 cannot become 4"),
        ((5, 4, 3), "its axis of size 2 cannot become 4"),
        ((0, 3), "its axis of size 2 cannot become 0"),
        ((-1, 3), "its axis of size 2 cannot become -1"),
        ((3,), "it has 2 axes"),
    ],
)
def test_impossible_broadcasts_are_value_errors_too(shape, why):
    for kind in (ValueError, mx.MXNetError, InferenceError):
        with pytest.raises(kind, match=re.escape(f"an array of shape (2, 3) cannot be broadcast to {shape}: {why}")):
            nd.ones((2, 3)).broadcast_to(shape)
    with pytest.raises(ValueError, match=r"shape \(2, 1\) cannot be broadcast to \(2, -1\): "):
        nd.ones((2, 1)).broadcast_to((2, -1))
    assert nd.ones((2, 3)).broadcast_to((4, 2, 3)).shape == (4, 2, 3)


def test_shapes_that_do_not_fit():
    with pytest.raises(mx.MXNetError, match=r"shape \(2, 3\) cannot be reshaped to \(5, 5\)"):
        counted(2, 3).reshape((5, 5))
    same(counted(1, 2).broadcast_to((3, 2)), [[0, 1]] * 3)
    same(counted(2).broadcast_to((3, 2)), [[0, 1]] * 3)


# -- moving --------------------------------------------------------------------------------------------------------


def test_copyto_and_contexts():
    x, y = counted(2, 2), nd.zeros((2, 2), dtype="int32")
    assert x.copyto(y) is y
    same(y, [[0, 1], [2, 3]], "int32")
    assert x.as_in_context(mx.cpu(0)) is x
    assert x.copyto(mx.cpu(1)).context == mx.cpu(1)
    with pytest.raises(RunError, match=r"copyto needs arrays of one shape, got \(2, 2\) and \(3,\)"):
        x.copyto(nd.zeros((3,)))
    with pytest.raises(TypeError, match="copyto does not support type <class 'int'>"):
        x.copyto(3)
    assert x.astype("float32", copy=False) is x
    assert x.astype("float32") is not x


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("dtype", ["float32", "int64", "float16", "bfloat16", "bool"])
def test_copies(twin, dtype):
    x = counted(2, 2).astype(dtype)
    y = twin(x)
    y[:] = 0
    np.testing.assert_array_equal(
        x.astype("float32").asnumpy(), [[0, 1], [1, 1]] if dtype == "bool" else [[0, 1], [2, 3]]
    )
    assert str(y.data.dtype) == dtype


def test_protocols():
    x = counted(2, 2)
    np.testing.assert_array_equal(np.asarray(x), [[0, 1], [2, 3]])
    assert np.asarray(x, "int32").dtype == np.int32
    np.testing.assert_allclose(np.exp(x), np.exp(np.arange(4.0).reshape(2, 2)), rtol=1e-6)
    np.testing.assert_array_equal(np.from_dlpack(x), x.asnumpy())
    same(nd.from_dlpack(x), [[0, 1], [2, 3]])
    same(nd.from_numpy(np.array([1, 2], "int32")), [1, 2], "int32")
    assert float(jax.numpy.sum(jax.numpy.asarray(x))) == 6
    taken = x.asnumpy()
    taken[:] = 9
    same(x, [[0, 1], [2, 3]])
    source = np.ones(2, "float32")
    made = nd.array(source)
    source[:] = 5
    same(made, [1, 1])


def test_files(tmp_path):
    path = str(tmp_path / "arrays")
    nd.save(path, {"b": nd.ones((1,)), "a": counted(2, 2).astype("int8")})
    loaded = nd.load(path)
    assert list(loaded) == ["b", "a"]
    same(loaded["a"], [[0, 1], [2, 3]], "int8")
    nd.save(path, [nd.ones((2,), dtype="float16")])
    same(nd.load(path)[0], [1, 1], "float16")
    same(nd.load_frombuffer((tmp_path / "arrays").read_bytes())[0], [1, 1], "float16")
    with pytest.raises(TypeError, match="dict str->NDArray"):
        nd.save(path, {"a": 3})
    with pytest.raises(ValueError, match="either be a NDArray"):
        nd.save(path, 3)


# -- operators -----------------------------------------------------------------------------------------------------


def test_operators_on_arrays():
    x = counted(2, 3)
    same(nd.sum(x, axis=1), [3, 12])
    same(x.sum(axis=0), [3, 5, 7])
    first, second = nd.split(x, num_outputs=2, axis=0)
    same(second, [[3, 4, 5]])
    same(first, [[0, 1, 2]])
    out = nd.zeros((2,))
    assert nd.sum(x, axis=1, out=out) is out
    same(out, [3, 12])
    parts = [nd.zeros((1, 3)), nd.zeros((1, 3))]
    nd.split(x, num_outputs=2, axis=0, out=parts)
    same(parts[1], [[3, 4, 5]])
    same(nd.maximum(x, 2), np.maximum(np.arange(6).reshape(2, 3), 2))
    same(nd.power(2, nd.arange(3)), [1, 2, 4])
    same(nd.onehot_encode(nd.array([1, 0]), nd.zeros((2, 2))), [[0, 1], [1, 0]])


def test_operators_say_what_is_wrong():
    x = counted(2, 3)
    with pytest.raises(OperatorError, match=r"needs the array 'weight'; its inputs are \['data', 'weight', 'bias'\]"):
        nd.FullyConnected(x, num_hidden=2)
    with pytest.raises(OperatorError, match="has no input 'bias' here"):
        nd.FullyConnected(x, x, x, num_hidden=2, no_bias=True)
    with pytest.raises(OperatorError, match="Cannot find argument 'axes'; did you mean 'axis'"):
        nd.softmax(x, axes=1)
    with pytest.raises(OperatorError, match="Argument data must be NDArray instances, but got 3"):
        nd.relu(3)
    with pytest.raises(InferenceError, match=r"(?s)Error in operator broadcast_add.*\(2, 3\).*\(2,\)"):
        x + nd.ones((2,))
    with pytest.raises(InferenceError, match="Error in operator elemwise_add"):
        nd.elemwise_add(x, nd.ones((1, 3)))
    with pytest.raises(InferenceError, match="Error in operator FullyConnected: input 'weight'"):
        nd.FullyConnected(x, nd.ones((2, 4)), nd.ones((2,)), num_hidden=2)


def test_states_are_written_in_place():
    x, mean, var = nd.array([[1.0, 2], [3, 6]]), nd.zeros((2,)), nd.ones((2,))
    nd.BatchNorm(x, nd.ones((2,)), nd.zeros((2,)), mean, var, momentum=0.5, fix_gamma=False)
    same(mean, [0, 0])
    weight, momentum = nd.array([1.0, 2.0]), nd.array([0.5, 0.5])
    nd.sgd_mom_update(weight, nd.array([1.0, 1.0]), momentum, lr=0.1, momentum=0.9, out=weight)
    np.testing.assert_allclose(momentum.asnumpy(), [0.35, 0.35], rtol=1e-6)
    np.testing.assert_allclose(weight.asnumpy(), [1.35, 2.35], rtol=1e-6)


def test_both_kinds_of_array_are_one():
    x = mx.nd.ones((2, 3))
    assert x.as_np_ndarray() is x.as_nd_ndarray() is x
    assert x.writable
    assert "dltensor" in repr(x.to_dlpack_for_read())
    s = mx.sym.Variable("s")
    assert s.as_np_ndarray() is s.as_nd_ndarray() is s
