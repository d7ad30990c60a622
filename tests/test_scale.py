"""Large graphs: no recursion, and work that grows with their size and no faster."""

import copy
import pickle
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import declax as mx
from declax import graph

LONG, WIDE = 10_000, 1_000


def chain(n: int) -> mx.Symbol:
    x = mx.sym.Variable("x")
    for i in range(n):
        x = mx.sym.relu(x, name=f"r{i}")
    return x


def added(n: int) -> mx.Symbol:
    return mx.sym.add_n(*[mx.sym.Variable(f"v{i}") for i in range(n)], name="sum")


@pytest.fixture(scope="module")
def long() -> mx.Symbol:
    return chain(LONG)


@pytest.fixture(autouse=True)
def _little_stack():
    """So little stack that a traversal which recurses fails at once."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(600)
    yield
    sys.setrecursionlimit(before)


def test_a_long_chain_can_be_asked_everything(long):
    assert long.list_arguments() == ["x"]
    assert len(long.get_internals().list_outputs()) == LONG + 1
    assert long.infer_shape(x=(2, 3))[1] == [(2, 3)]
    assert long.infer_type(x="float16")[1] == [np.float16]
    assert (long + mx.sym.Variable("y")).infer_shape(y=(4, 5))[0] == [(4, 5), (4, 5)]
    assert len(long.attr_dict()) == 0
    assert long.debug_str().count("Op:relu") == LONG
    assert mx.explain_shape(long, "r9", x=(2, 3)).count("\n") == 10


def test_a_long_chain_is_saved_copied_and_composed(long, tmp_path):
    path = str(tmp_path / "long.json")
    long.save(path)
    text = mx.sym.load(path).tojson()
    assert text == long.tojson()
    for twin in (copy.deepcopy(long), pickle.loads(pickle.dumps(long))):
        assert twin.tojson() == text
    assert long(x=mx.sym.Variable("y")).list_arguments() == ["y"]


@pytest.mark.usefixtures("default_choices")
def test_a_long_chain_is_lowered(long):
    f = mx.lower(long)
    assert len(f.plan.steps) == LONG
    sys.setrecursionlimit(10_000)  # JAX's own tracing needs some
    (y,), _ = mx.lower(chain(300))({"x": jnp.asarray([-1.0, 2.0])})
    assert y.tolist() == [0, 2]
    with mx.passes.switched(roll=False):
        assert len(jax.make_jaxpr(mx.lower(chain(2_000)))({"x": jnp.ones(1)}).jaxpr.eqns) >= 2_000
    assert len(jax.make_jaxpr(mx.lower(chain(2_000)))({"x": jnp.ones(1)}).jaxpr.eqns) == 1


def test_a_wide_node(tmp_path):
    net = added(WIDE)
    names = [f"v{i}" for i in range(WIDE)]
    assert net.list_arguments() == names
    assert net.infer_shape(v7=(2, 3))[0] == [(2, 3)] * WIDE
    assert net.infer_type(v9="float16")[0] == [np.float16] * WIDE
    net.save(str(tmp_path / "wide.json"))
    again = mx.sym.load(str(tmp_path / "wide.json"))
    assert again.list_arguments() == names
    sys.setrecursionlimit(10_000)
    (y,), _ = mx.lower(again)({n: np.ones(1, "float32") for n in names})
    assert y.tolist() == [WIDE]


def test_long_sums_of_python(tmp_path):
    total = mx.sym.Variable("v0")
    for i in range(1, WIDE):
        total = total + mx.sym.Variable(f"v{i}")
    assert total.infer_shape(v0=(3,))[0] == [(3,)] * WIDE
    assert total.name == f"_plus{WIDE - 2}"


# -- growth --------------------------------------------------------------------------------------------------------


def calls(function) -> int:
    """How many Python calls a function makes: a count that no other process disturbs."""
    made = 0

    def note(frame, event, arg):
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return made


def many_layers(n: int) -> mx.Symbol:
    """Layers with parameters, as networks have them."""
    x = mx.sym.Variable("x")
    for i in range(n):
        x = mx.sym.FullyConnected(x, num_hidden=4, name=f"fc{i}")
    return x


def backwards(net: mx.Symbol) -> None:
    (net + mx.sym.Variable("y")).infer_shape(y=(2, 4))


TASKS = {
    "building": (lambda n: n, many_layers),
    "names": (many_layers, lambda s: (s.list_arguments(), s.list_outputs(), s.get_internals())),
    "shapes": (many_layers, lambda s: s.infer_shape(x=(2, 4))),
    "shapes from behind": (chain, backwards),
    "types": (many_layers, lambda s: s.infer_type(x="float32")),
    "writing": (many_layers, lambda s: s.tojson()),
    "reading": (lambda n: many_layers(n).tojson(), mx.sym.load_json),
    "copying": (many_layers, copy.deepcopy),
    "composing": (many_layers, lambda s: s(x=mx.sym.Variable("z"))),
    "lowering": (many_layers, mx.lower),
    "wide shapes": (added, lambda s: s.infer_shape(v0=(2, 4))),
    "wide building": (lambda n: n, added),
    "wide writing": (added, lambda s: s.tojson()),
    "rewriting": (many_layers, lambda s: graph.rewrite(s.heads, lambda node, inputs: None)),
}


@pytest.mark.parametrize("task", TASKS)
def test_work_grows_with_size(task):
    prepare, run = TASKS[task]
    run(prepare(3))  # what is made once and kept
    small, large = (calls(lambda s=prepare(n): run(s)) for n in (100, 400))
    assert small > 0
    assert large < 4.6 * small, f"{task}: {small} calls for 100, {large} for 400"
