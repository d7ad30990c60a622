"""The pure function of a graph under JAX's transformations: jit, grad, vmap, export, optax; keys and 64-bit types."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import declax as dx
from declax.errors import BindError, RunError


def dense(**kwargs) -> dx.Symbol:
    return dx.sym.FullyConnected(dx.sym.Variable("x"), **{"num_hidden": 3, "name": "fc", **kwargs})


def classifier() -> dx.Symbol:
    hidden = dx.sym.Activation(dense(num_hidden=8, name="fc1"), act_type="relu", name="relu")
    normed = dx.sym.BatchNorm(hidden, name="bn", fix_gamma=False)
    return dx.sym.SoftmaxOutput(dx.sym.FullyConnected(normed, num_hidden=3, name="fc2"), name="out")


def filled(symbol: dx.Symbol, **shapes: tuple[int, ...]) -> dict[str, jax.Array]:
    """Parameters and inputs with fixed random values."""
    rng = np.random.default_rng(0)
    found, _, _ = symbol.infer_shape(**shapes)
    return {n: jnp.asarray(rng.normal(size=s), "float32") for n, s in zip(symbol.list_arguments(), found, strict=True)}


# -- the function --------------------------------------------------------------------------------------------------


def test_names_and_values():
    f = dx.lower(dense())
    args = filled(dense(), x=(2, 4))
    assert (f.arguments, f.auxiliary_states, f.outputs) == (("x", "fc_weight", "fc_bias"), (), ("fc_output",))
    (y,), aux = f(args)
    np.testing.assert_allclose(y, args["x"] @ args["fc_weight"].T + args["fc_bias"], rtol=1e-6)
    assert aux == {}
    assert "x, fc_weight, fc_bias -> fc_output" in repr(f)


def test_every_name_is_asked_for():
    f, args = dx.lower(classifier()), filled(classifier(), x=(2, 4))
    aux = dx.init_aux(classifier(), x=(2, 4))
    with pytest.raises(
        BindError, match=r"argument 'fc1_weight' is missing; did you mean 'fc1_wight'\?; needed: x, fc1_weight"
    ):
        f({("fc1_wight" if k == "fc1_weight" else k): v for k, v in args.items()}, aux)
    with pytest.raises(BindError, match="unknown argument 'fc3_bias'; did you mean 'fc"):
        f({**args, "fc3_bias": 1}, aux)
    with pytest.raises(BindError, match="auxiliary state 'bn_moving_mean' is missing"):
        f(args)
    with pytest.raises(BindError, match="given as a dict by name, got list"):
        f(list(args.values()), aux)


def test_a_failing_node_is_named_with_its_inputs():
    f = dx.lower(dense())
    args = filled(dense(), x=(2, 4)) | {"fc_weight": jnp.ones((3, 5))}
    for call in (f, jax.jit(f)):
        with pytest.raises(RunError, match=r"(?s)Error in operator fc: .*weight: float32\[3, 5\] from 'fc_weight'"):
            call(args)


def test_jit_gives_what_eager_gives():
    net = classifier()
    f, args, aux = dx.lower(net), filled(net, x=(4, 5)), dx.init_aux(net, x=(4, 5))
    for train in (False, True):
        eager, jitted = f(args, aux, train=train), jax.jit(f, static_argnames="train")(args, aux, train=train)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6), eager, jitted)


def test_auxiliary_states_are_returned_and_never_written():
    net = classifier()
    f, args, aux = dx.lower(net), filled(net, x=(4, 5)), dx.init_aux(net, x=(4, 5))
    before = {k: np.array(v) for k, v in aux.items()}
    assert set(before) == {"bn_moving_mean", "bn_moving_var"}
    _, same = f(args, aux)
    _, new = f(args, aux, train=True)
    for k in before:
        np.testing.assert_array_equal(same[k], before[k])
        np.testing.assert_array_equal(aux[k], before[k])
        assert np.abs(np.asarray(new[k]) - before[k]).max() > 1e-4


# -- transformations -----------------------------------------------------------------------------------------------


def test_grad_and_value_and_grad():
    net = dx.sym.sum(dx.sym.square(dense()))
    f, args = dx.lower(net), filled(dense(), x=(2, 4))

    def loss(a: dict) -> jax.Array:
        return f(a)[0][0][0]

    def by_hand(a: dict) -> jax.Array:
        return jnp.sum(jnp.square(a["x"] @ a["fc_weight"].T + a["fc_bias"]))

    value, grads = jax.value_and_grad(loss)(args)
    want, wanted = jax.value_and_grad(by_hand)(args)
    np.testing.assert_allclose(value, want, rtol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), grads, wanted)


def test_loss_heads_keep_their_own_gradient_under_grad():
    net = dx.sym.SoftmaxOutput(dx.sym.Variable("x"), name="out")
    f = dx.lower(net)
    x, label = jnp.asarray([[1.0, 2, 3], [0, 0, 5]]), jnp.asarray([0.0, 2])
    grad = jax.grad(lambda x: f({"x": x, "out_label": label})[0][0].sum())(x)
    np.testing.assert_allclose(grad, jax.nn.softmax(x) - jax.nn.one_hot(label.astype(int), 3), atol=1e-6)


def test_vmap_and_eval_shape():
    f, args = dx.lower(dense()), filled(dense(), x=(2, 4))
    many = jnp.stack([args["x"], 2 * args["x"], -args["x"]])
    mapped = jax.vmap(lambda x: f({**args, "x": x})[0][0])(many)
    for x, y in zip(many, mapped, strict=True):
        np.testing.assert_allclose(y, f({**args, "x": x})[0][0], rtol=1e-5)
    shapes = jax.eval_shape(f, {k: jax.ShapeDtypeStruct(v.shape, v.dtype) for k, v in args.items()})
    assert shapes[0][0].shape == (2, 3)


def test_export():
    f, args = dx.lower(dense()), filled(dense(), x=(2, 4))
    exported = jax.export.export(jax.jit(f))(args)
    assert "stablehlo" in exported.mlir_module()
    np.testing.assert_allclose(exported.call(args)[0][0], f(args)[0][0], rtol=1e-6)


def test_optax_trains_it():
    optax = pytest.importorskip("optax")
    net = classifier()
    f = dx.lower(net)
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, 64)
    x = (rng.normal(size=(64, 5)) + 2 * label[:, None]).astype("float32")
    params = dx.init_params(net, dx.init.Xavier(), jax.random.key(1), x=(64, 5), out_label=(64,))
    aux = dx.init_aux(net, x=(64, 5))
    optimizer = optax.adam(0.05)
    state = optimizer.init(params)

    @jax.jit
    def step(params, aux, state):
        def loss(p):
            (y,), new = f({**p, "x": x, "out_label": jnp.asarray(label, "float32")}, aux, train=True)
            return y.sum(), (y, new)

        (_, (y, new)), grads = jax.value_and_grad(loss, has_aux=True)(params)
        updates, state = optimizer.update(grads, state)
        return optax.apply_updates(params, updates), new, state, (y.argmax(1) == label).mean()

    first = None
    for _ in range(60):
        params, aux, state, accuracy = step(params, aux, state)
        first = accuracy if first is None else first
    assert accuracy > max(0.9, first)


def test_scopes_carry_the_names_of_nodes():
    f, args, aux = dx.lower(classifier()), filled(classifier(), x=(2, 4)), dx.init_aux(classifier(), x=(2, 4))
    lowered = jax.jit(f).lower(args, aux)
    text = lowered.as_text(debug_info=True)
    for name in ("fc1", "relu", "bn", "fc2", "out"):
        assert f"/{name}/" in text, name
    stacks = {str(e.source_info.name_stack) for e in jax.make_jaxpr(f)(args, aux).jaxpr.eqns}
    assert {"fc1", "fc2"} <= {s.split("/")[0] for s in stacks}


# -- random numbers ------------------------------------------------------------------------------------------------


def dropped() -> dx.Symbol:
    x = dx.sym.Variable("x")
    return dx.sym.Group([dx.sym.Dropout(x, p=0.5, name="one"), dx.sym.Dropout(x, p=0.5, name="two")])


def test_the_key_decides():
    f, x = dx.lower(dropped()), {"x": jnp.ones((16, 16))}
    (a, b), _ = f(x, train=True, key=jax.random.key(0))
    (again, _), _ = jax.jit(lambda v, k: f(v, train=True, key=k))(x, jax.random.key(0))
    (other, _), _ = f(x, train=True, key=jax.random.key(1))
    np.testing.assert_array_equal(a, again)
    assert (a != b).any()
    assert (a != other).any()
    (loaded, _), _ = dx.lower(dx.sym.load_json(dropped().tojson()))(x, train=True, key=jax.random.key(0))
    np.testing.assert_array_equal(a, loaded)


def test_a_graph_that_draws_needs_a_key():
    f, x = dx.lower(dropped()), {"x": jnp.ones((2, 2))}
    with pytest.raises(RunError, match=r"node 'one'.* draws random numbers and needs a key: call with key="):
        f(x, train=True)
    (a, _), _ = f(x)
    np.testing.assert_array_equal(a, x["x"])
    assert f.random_nodes == ("one", "two")
    nothing = dx.lower(dx.sym.Dropout(dx.sym.Variable("x"), p=0))
    np.testing.assert_array_equal(nothing(x, train=True)[0][0], x["x"])


@pytest.mark.parametrize("train", [False, True])
def test_what_draws_outside_training_needs_a_key_there_too(train: bool):
    f = dx.lower(dx.sym.Dropout(dx.sym.Variable("x"), p=0.5, mode="always", name="one"))
    with pytest.raises(RunError, match=r"node 'one'.* draws random numbers and needs a key: call with key="):
        f({"x": jnp.ones((2, 2))}, train=train)


@pytest.mark.parametrize("act_type", ["elu", "gelu", "leaky", "prelu", "selu", "rrelu"])
def test_only_random_rectifiers_draw(act_type):
    net = dx.sym.LeakyReLU(dx.sym.Variable("x"), act_type=act_type, name="act")
    f = dx.lower(net[0])
    args = {n: jnp.ones(3) for n in f.arguments}
    assert f.random_nodes == (("act",) if act_type == "rrelu" else ())
    f(args)
    if act_type != "rrelu":
        f(args, train=True)


def test_names_of_any_text_draw_and_run():
    f = dx.lower(dx.sym.Dropout(dx.sym.Variable("x"), name="a/b c\nü"))
    (y,), _ = f({"x": jnp.ones((8, 8))}, train=True, key=jax.random.key(0))
    assert set(np.unique(y)) == {0.0, 2.0}


# -- 64 bits -------------------------------------------------------------------------------------------------------


def test_wide_types_without_touching_the_configuration():
    before = jax.config.jax_enable_x64
    assert not before
    f = dx.lower(dx.sym.Variable("a") * 2.0)
    wide = np.array([1 + 1e-12])
    (y,), _ = f({"a": wide})
    assert y.dtype == np.float64
    assert float(y[0]) == 2 * wide[0]
    (n,), _ = dx.lower(dx.sym.cast(dx.sym.Variable("a"), dtype="float32"))({"a": np.array([2**40], "int64")})
    assert n.dtype == np.float32
    assert float(n[0]) == 2.0**40
    assert jax.config.jax_enable_x64 == before
    assert jnp.ones(1, "float64" if before else None).dtype == np.float32


# -- initial parameters --------------------------------------------------------------------------------------------


def test_init_params():
    net = classifier()
    params = dx.init_params(net, dx.init.Xavier(), jax.random.key(3), x=(4, 5), out_label=(4,))
    assert {k: v.shape for k, v in params.items()} == {
        "fc1_weight": (8, 5), "fc1_bias": (8,), "bn_gamma": (8,), "bn_beta": (8,),
        "fc2_weight": (3, 8), "fc2_bias": (3,),
    }  # fmt: skip
    same = dx.init_params(net, dx.init.Xavier(), jax.random.key(3), x=(4, 5), out_label=(4,))
    jax.tree.map(np.testing.assert_array_equal, params, same)
    other = dx.init_params(net, dx.init.Xavier(), jax.random.key(4), x=(4, 5), out_label=(4,))
    assert (params["fc1_weight"] != other["fc1_weight"]).any()
    np.testing.assert_array_equal(params["bn_gamma"], np.ones(8))
    np.testing.assert_array_equal(params["fc1_bias"], np.zeros(8))
    aux = dx.init_aux(net, x=(4, 5))
    np.testing.assert_array_equal(aux["bn_moving_mean"], np.zeros(8))
    np.testing.assert_array_equal(aux["bn_moving_var"], np.ones(8))


def test_variables_choose_their_initializer_and_type():
    w = dx.sym.Variable("w", shape=(2, 3), init=dx.init.Constant(7), dtype="float64")
    net = dx.sym.Variable("x", dtype="float64") + w
    params = dx.init_params(net, x=(2, 3))
    assert params["w"].dtype == np.float64
    np.testing.assert_array_equal(params["w"], np.full((2, 3), 7.0))


def test_too_few_shapes_for_parameters():
    with pytest.raises(
        BindError, match=r"the shape of 'fc_weight' is not decided \(\(3, \?\)\); give the shapes of all inputs"
    ):
        dx.init_params(dense(), x=(0, 0))
    with pytest.raises(dx.MXNetError, match="name z not found"):
        dx.init_params(dense(), z=(2, 3))


def test_a_shared_parameter_gets_both_gradients():
    x, w = dx.sym.Variable("x"), dx.sym.Variable("w")
    net = x * w + dx.sym.square(w)
    f = dx.lower(net)
    assert f.arguments == ("x", "w")
    grads = jax.grad(lambda a: f(a)[0][0].sum())({"x": jnp.asarray([2.0]), "w": jnp.asarray([3.0])})
    assert (float(grads["x"][0]), float(grads["w"][0])) == (3.0, 8.0)
