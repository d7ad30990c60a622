"""Initializers: texts and exact values as MXNet 1.9.1 gives them, moments of the random ones, and keys."""

import logging

import jax
import numpy as np
import pytest

import declax as mx
from declax import drawing
from declax.errors import UsageError

I = mx.init

TEXTS = [
    (I.Zero(), '["zero", {}]'),
    (I.One(), '["one", {}]'),
    (I.Constant(2.5), '["constant", {"value": 2.5}]'),
    (I.Constant(np.array([[1.0, 2.0]])), '["constant", {"value": [[1.0, 2.0]]}]'),
    (I.Uniform(), '["uniform", {"scale": 0.07}]'),
    (I.Normal(0.5), '["normal", {"sigma": 0.5}]'),
    (I.Orthogonal(), '["orthogonal", {"scale": 1.414, "rand_type": "uniform"}]'),
    (I.Xavier(), '["xavier", {"rnd_type": "uniform", "factor_type": "avg", "magnitude": 3}]'),
    (I.Xavier("gaussian", "in", 2), '["xavier", {"rnd_type": "gaussian", "factor_type": "in", "magnitude": 2}]'),
    (I.MSRAPrelu("out", 0.1), '["msraprelu", {"factor_type": "out", "slope": 0.1}]'),
    (I.Bilinear(), '["bilinear", {}]'),
    (I.LSTMBias(2.0), '["lstmbias", {"forget_bias": 2.0}]'),
    (
        I.FusedRNN(I.Xavier(), 4, 2, "lstm", True, 0.5),
        (
            '["fusedrnn", {"init": "[\\"xavier\\", {\\"rnd_type\\": \\"uniform\\", \\"factor_type\\": \\"avg\\", '
            '\\"magnitude\\": 3}]", "num_hidden": 4, "num_layers": 2, "mode": "lstm", "bidirectional": true, '
            '"forget_bias": 0.5}]'
        ),
    ),
    (
        I.FusedRNN(None, 4, 2, "gru"),
        (
            '["fusedrnn", {"init": null, "num_hidden": 4, "num_layers": 2, "mode": "gru", "bidirectional": false, '
            '"forget_bias": 1.0}]'
        ),
    ),
]


@pytest.mark.parametrize(("init", "text"), TEXTS, ids=[t for _, t in TEXTS])
def test_texts_are_mxnets_and_make_equal_initializers(init, text):
    assert init.dumps() == text
    if "[[" not in text:
        assert I.create(text) == init


def filled(init, shape, name="w_weight", attrs=None, seed=0, dtype="float32"):
    array = np.full(shape, 7, dtype)
    with drawing.drawing_from(np.random.default_rng(seed)):
        init(I.InitDesc(name, attrs), array)
    return array


@pytest.mark.parametrize(
    ("name", "value"),
    [("a_weight", 5), ("a_bias", 0), ("a_gamma", 1), ("a_beta", 0), ("a_min", 0), ("a_max", 1), ("a_bias_quantize", 0)],
)
def test_names_choose(name, value):
    assert filled(I.Constant(5), (2, 2), name).tolist() == [[value] * 2] * 2


def test_an_attribute_goes_before_the_name():
    assert filled(I.Zero(), (2,), "moving_var", {"__init__": '["one", {}]'}).tolist() == [1, 1]
    assert filled(I.Zero(), (2,), "a_bias", {"__init__": "ones"}).tolist() == [1, 1]
    with pytest.raises(ValueError, match=r"variable x_weight: its attribute __init__='\[1' is no initializer"):
        filled(I.Zero(), (2,), "x_weight", {"__init__": "[1"})
    with pytest.raises(ValueError, match="nope is not registered"):
        filled(I.Zero(), (2,), "x_weight", {"__init__": '["nope", {}]'})
    with pytest.raises(ValueError, match=r'expected \["name", {arguments}\], got \["a", 3\]'):
        filled(I.Zero(), (2,), "x_weight", {"__init__": '["a", 3]'})


def test_bilinear():
    kernel = filled(I.Bilinear(), (1, 2, 3, 5))
    want = np.outer([1 / 3, 2 / 3, 1], [1 / 3, 2 / 3, 1, 2 / 3, 1 / 3])
    assert np.allclose(kernel, np.broadcast_to(want, (1, 2, 3, 5)))
    even = filled(I.Bilinear(), (2, 1, 4, 4))[1, 0]
    assert even[1].tolist() == [0.1875, 0.5625, 0.5625, 0.1875]
    with pytest.raises(ValueError, match=r"a bilinear kernel has 4 dimensions, not the shape \(3,\)"):
        filled(I.Bilinear(), (3,))


def test_lstm_bias():
    assert filled(I.LSTMBias(2.0), (8,)).tolist() == [0, 0, 2, 2, 0, 0, 0, 0]


def test_fused_rnn():
    """Recorded: 176 weights by the global initializer, then biases of 2 layers, 2 directions, gates i f c o."""
    cell = mx.rnn.FusedRNNCell(2, 2, "lstm", bidirectional=True, prefix="f_", forget_bias=3.0)
    init = I.create(cell.params.get("parameters").attr("__init__"))
    vector = np.zeros(240, np.float32)
    init._init_weight(I.InitDesc("f_parameters", global_init=I.One()), vector)
    assert vector.tolist() == [1] * 176 + [0, 0, 3, 3, 0, 0, 0, 0] * 8
    with pytest.raises(ValueError, match="FusedRNN: no initializer for 'l0_i2h_i_weight'"):
        init._init_weight("f_parameters", vector)


def test_moments_and_bounds():
    shape = (200, 100, 3, 3)
    fan_in, fan_out = 900, 1800
    uniform = filled(I.Uniform(0.3), shape)
    assert abs(uniform).max() <= 0.3
    assert abs(uniform.std() - 0.3 / 3**0.5) < 1e-3
    assert abs(filled(I.Normal(0.5), shape).std() - 0.5) < 5e-3
    for factor, n in (("in", fan_in), ("out", fan_out), ("avg", (fan_in + fan_out) / 2)):
        x = filled(I.Xavier("uniform", factor, 2), shape)
        assert np.isclose(abs(x).max(), (2 / n) ** 0.5, rtol=1e-3)
        assert np.isclose(filled(I.Xavier("gaussian", factor, 2), shape).std(), (2 / n) ** 0.5, rtol=1e-2)
    want = (2 / (1 + 0.1**2) / fan_in) ** 0.5
    assert np.isclose(filled(I.MSRAPrelu("in", 0.1), shape).std(), want, rtol=1e-2)
    quantized = filled(I.Zero(), (50, 50), "w_weight_quantize", dtype="int8")
    assert len(np.unique(quantized)) > 100


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (4, 3, 2, 2)])
@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_orthogonal(shape, kind):
    x = filled(I.Orthogonal(2.0, kind), shape).reshape(shape[0], -1)
    product = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
    assert np.allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_errors():
    for call, words in [
        (lambda: filled(I.Xavier(), (3,)), "Xavier initializer cannot be applied to vector w_weight"),
        (lambda: filled(I.Xavier("uniform", "all"), (3, 3)), "Incorrect factor type"),
        (lambda: filled(I.Xavier("poisson"), (3, 3)), "Unknown random type"),
        (lambda: filled(I.Orthogonal(1, "poisson"), (3, 3)), "rand_type is 'uniform' or 'normal', not 'poisson'"),
        (lambda: filled(I.One(), (3,), "x_foo"), "Unknown initialization pattern for x_foo"),
        (lambda: I.create("xavir"), "xavir is not registered. Please register .* did you mean 'xavier'"),
        (lambda: I.create(3), "initializer must be of string type, got 3"),
        (lambda: I.create(I.One(), 3), "is already an instance"),
        (lambda: I.Mixed(["a"], [I.One()])("b", np.zeros(3)), "Parameter name b did not match any pattern"),
        (lambda: I.Mixed(["a"], []), "1 patterns for 0 initializers"),
        (lambda: I.Load([1]), "Load needs a dict"),
        (lambda: I.Load({"a": np.zeros(2)})("a", np.zeros(3)), r"Shape mismatch, target \(3,\) vs loaded \(2,\)"),
        (lambda: I.Load({"a": np.zeros(2)})("b", np.zeros(3)), "Cannot Initialize b. Not found in loaded param"),
        (lambda: I.register(int), "can only register subclasses of Initializer, not int"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(AssertionError):
        I.create("xavir")
    assert issubclass(UsageError, mx.MXNetError)
    with pytest.raises(NotImplementedError, match="Must override it"):
        filled(I.Initializer(), (2, 2))


def test_load_and_mixed(tmp_path):
    path = str(tmp_path / "w.params")
    mx.nd.save(path, {"arg:a_weight": mx.nd.array([1, 2]), "aux:m": mx.nd.array([3.0])})
    init = I.Load(path, I.Zero())
    assert filled(init, (2,), "a_weight").tolist() == [1, 2]
    assert filled(init, (1,), "m").tolist() == [3]
    assert filled(init, (2,), "b_bias").tolist() == [0, 0]
    mixed = I.Mixed(["fc1", ".*"], [I.One(), I.Constant(3)])
    assert filled(mixed, (1,), "fc1_weight").tolist() == [1]
    assert filled(mixed, (1,), "fc2_weight").tolist() == [3]


def test_plain_names_are_deprecated_and_read_more():
    for name, shape, value in [("moving_mean", (2,), 0), ("moving_var", (2,), 1), ("stn_loc_weight", (2,), 0)]:
        x = np.full(shape, 7.0)
        with pytest.warns(DeprecationWarning, match="has been deprecated"):
            I.One()(name, x)
        assert x.tolist() == [value] * 2
    x = np.zeros(6)
    with pytest.warns(DeprecationWarning, match="has been deprecated"):
        I.One()("stn_loc_bias", x)
    assert x.tolist() == [1, 0, 0, 0, 1, 0]
    with pytest.warns(DeprecationWarning, match="has been"), pytest.raises(TypeError, match="name must be string"):
        I.One()(3, x)


def test_own_initializers_by_name():
    class Twice(I.Initializer):
        def __init__(self, value=1):
            super().__init__(value=value)

        def _init_weight(self, name, arr):
            arr[:] = 2 * self._kwargs["value"]

        def _init_bias(self, name, arr):
            arr[:] = 9

    try:
        I.register(I.alias("double")(Twice))
        assert filled(I.create("double", value=4), (2,)).tolist() == [8, 8]
        assert filled(I.create("Twice"), (2,), "a_bias").tolist() == [9, 9]
        net = mx.sym.FullyConnected(mx.sym.var("x"), mx.sym.var("w", init=Twice(5)), num_hidden=2, name="fc")
        assert mx.init_params(net, x=(1, 3))["w"].tolist() == [[10] * 3] * 2
        with pytest.warns(UserWarning, match="is overriding existing initializer"):
            I.register(type("Twice", (Twice,), {}))
    finally:
        for name in ("twice", "double"):
            I._registry.pop(name, None)


def test_seed_and_keys():
    def drawn():
        x = mx.nd.zeros((3, 4))
        I.Normal(1.0)(I.InitDesc("w_weight"), x)
        return x.asnumpy()

    mx.random.seed(3)
    first, second = drawn(), drawn()
    mx.random.seed(3)
    assert (drawn() == first).all()
    assert (first != second).any()
    key = jax.random.key(1)
    one = I.Normal().draw("a_weight", (3, 4), key=key)
    assert (one == I.Normal().draw("a_weight", (3, 4), key=key)).all()
    assert (one != I.Normal().draw("b_weight", (3, 4), key=key)).any()
    assert (one != I.Normal().draw("a_weight", (3, 4), key=jax.random.key(2))).any()
    traced = jax.jit(lambda k: I.Normal().draw("a_weight", (3, 4), key=k))(key)
    assert (np.asarray(traced) == one).all()
    many = jax.vmap(lambda k: I.Normal().draw("a_weight", (3, 4), key=k))(jax.random.split(key, 3))
    assert many.shape == (3, 3, 4)
    assert jax.eval_shape(lambda k: I.Normal().draw("a_weight", (3, 4), "float16", k), key).dtype == np.float16
    assert (I.Normal().draw("a_weight", (3, 4), key=5) == I.Normal().draw("a_weight", (3, 4), key=[5])).all()
    assert I.One().draw("a_weight", (2,), "bfloat16").tolist() == [1, 1]


def test_verbosity_is_logged(caplog):
    with caplog.at_level(logging.INFO):
        filled(I.One().set_verbosity(True), (2, 2))
        I.Load({"a": np.zeros(2)}, verbose=True)("a", np.zeros(2))
    assert "Initialized w_weight as weight: 1.0" in caplog.text
    assert "Initialized a by loading" in caplog.text


def test_repr_and_equality():
    assert repr(I.Xavier()) == "Xavier(rnd_type='uniform', factor_type='avg', magnitude=3)"
    assert I.Normal(1) == I.Normal(1)
    assert I.Normal(1) != I.Normal(2)
    assert len({I.Normal(1), I.Normal(1)}) == 1
