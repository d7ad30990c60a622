"""What holds for all values: the algebra of partial shapes, attribute strings, JSON of random graphs."""

import copy
import pickle
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import declax as dx
from declax import graph, rules, shapes
from declax.attrs import DTYPES, AttrError, DType, hyper_parameter, to_text
from declax.shapes import ShapeConflict, merge

DIMS = st.one_of(st.none(), st.integers(1, 4))
PARTIAL = st.one_of(st.none(), st.lists(DIMS, max_size=3).map(tuple))
WHOLE = st.lists(st.integers(1, 4), max_size=4).map(tuple)


def tried(function, *args):
    """The result, or the word "conflict"."""
    try:
        return function(*args)
    except ShapeConflict:
        return "conflict"


# -- partial shapes ------------------------------------------------------------------------------------------------


@given(PARTIAL, PARTIAL)
def test_merge_commutes(a, b):
    assert tried(merge, a, b) == tried(merge, b, a)


@given(PARTIAL, PARTIAL, PARTIAL)
def test_merge_associates(a, b, c):
    left = tried(lambda: merge(merge(a, b), c))
    right = tried(lambda: merge(a, merge(b, c)))
    assert left == right


@given(PARTIAL)
def test_merge_with_itself_or_nothing_changes_nothing(a):
    assert merge(a, a) == merge(a, None) == a


@given(WHOLE, st.data())
def test_merge_of_views_of_one_shape_never_conflicts(whole, data):
    views = [tuple(data.draw(st.sampled_from([d, None])) for d in whole) for _ in range(2)]
    merged = merge(*views)
    assert merge(merged, whole) == whole


@given(PARTIAL.filter(lambda s: s is None or (s and 0 not in s)))
def test_public_shapes_come_back(shape):
    assert shapes.from_public(shapes.to_public(shape)) == shape


@given(WHOLE, WHOLE)
def test_broadcasting_is_numpys(a, b):
    try:
        want = np.broadcast_shapes(a, b)
    except ValueError:
        want = "conflict"
    assert tried(rules.broadcast_shapes, a, b) == want


@given(WHOLE, WHOLE, st.data())
def test_broadcasting_knows_nothing_false(a, b, data):
    """With some dimensions unknown the result is still true of the full shapes."""
    whole = tried(rules.broadcast_shapes, a, b)
    hidden = [tuple(data.draw(st.sampled_from([d, None])) for d in s) for s in (a, b)]
    partial = tried(rules.broadcast_shapes, *hidden)
    if whole != "conflict":
        assert partial != "conflict"
        assert merge(partial, whole) == whole


# -- attribute strings ---------------------------------------------------------------------------------------------

INT = st.integers(-(2**31), 2**31 - 1)
DIMENSION = st.integers(-(2**63), 2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=True)
KINDS = [
    (bool, st.booleans()),
    (int, INT),
    (float, FINITE),
    (str, st.text()),
    (DType, st.sampled_from(DTYPES)),
    (int | None, st.one_of(st.none(), INT)),
    (tuple[int, ...], st.lists(DIMENSION).map(tuple)),
    (tuple[int | None, ...], st.lists(st.one_of(st.none(), INT)).map(tuple)),
    (tuple[float, ...], st.lists(FINITE).map(tuple)),
]


@pytest.mark.parametrize(("annotation", "values"), KINDS, ids=[str(k) for k, _ in KINDS])
def test_attributes_are_read_back(annotation, values):
    hyper = hyper_parameter("x", annotation, None)

    @given(values)
    def check(value):
        assert hyper.parse(to_text(value)) == value

    check()


@given(st.text())
def test_any_text_is_read_or_refused(text):
    """Whatever stands in a file, reading it gives a value or an AttrError: nothing is evaluated."""
    for annotation, _ in KINDS:
        try:
            hyper_parameter("x", annotation, None).parse(text)
        except AttrError as e:
            assert str(e).startswith("x=")  # noqa: PT017 (either outcome is right)


# -- graphs --------------------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@st.composite
def symbols(draw) -> dx.sym.Symbol:
    """A random graph of elementwise operators with shared nodes, any names and attributes."""
    made = [dx.sym.Variable(n) for n in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))]
    for i in range(draw(st.integers(0, 6))):
        pick = st.sampled_from(made)
        attr = {f"__{k}__": v for k, v in draw(st.dictionaries(NAMES, st.text(max_size=4), max_size=2)).items()}
        name = f"{draw(NAMES)}{i}"
        kind = draw(st.integers(0, 2))
        if kind == 0:
            made.append(dx.sym.elemwise_add(draw(pick), draw(pick), name=name, attr=attr))
        elif kind == 1:
            made.append(dx.sym.relu(draw(pick), name=name, attr=attr))
        else:
            made.append(draw(pick) * draw(st.floats(-5, 5)))
    return dx.sym.Group(made[-draw(st.integers(1, len(made))) :])


@settings(deadline=None, max_examples=60)
@given(symbols())
def test_graphs_come_back_from_json_and_pickle(net):
    text = net.tojson()
    for again in (dx.sym.load_json(text), pickle.loads(pickle.dumps(net)), copy.deepcopy(net)):
        assert again.tojson() == text
        assert again.list_inputs() == net.list_inputs()
        assert again.list_outputs() == net.list_outputs()
        assert again.attr_dict() == net.attr_dict()


@settings(deadline=None, max_examples=40)
@given(symbols())
def test_inference_of_elementwise_graphs_gives_one_shape(net):
    names = net.list_arguments()
    arguments, outputs, _ = net.infer_shape(**dict.fromkeys(names, (2, 3)))
    assert set(arguments) | set(outputs) == {(2, 3)}


@settings(deadline=None, max_examples=40)
@given(symbols())
def test_rewriting_nothing_shares_everything(net):
    assert graph.rewrite(net.heads, lambda node, inputs: None) == list(net.heads)


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_broken_json_is_refused_by_name(data):
    """Any damage to a saved graph ends in a LoadError or in a graph, never in another exception."""
    net = dx.sym.elemwise_add(dx.sym.relu(dx.sym.Variable("a"), name="r"), dx.sym.Variable("b"), name="sum")
    text = net.tojson()
    start = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 12))
    damaged = text[:start] + data.draw(st.text(max_size=6)) + text[start + length :]
    with suppress(dx.errors.LoadError):
        dx.sym.load_json(damaged)
