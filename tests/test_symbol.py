"""Symbols as users meet them: names, attributes, scopes, composition, indexing, arithmetic, errors."""

import copy
import inspect
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

import declax as mx
from declax.errors import ComposeError, NotImplementedForSymbol, OperatorError

HERE = str(Path(__file__))


def variables(*names: str) -> list[mx.Symbol]:
    return [mx.sym.Variable(n) for n in names]


def dense(x: mx.Symbol | None = None, **kwargs) -> mx.Symbol:
    kwargs = {"num_hidden": 3, "name": "fc", **kwargs}
    return mx.sym.FullyConnected(mx.sym.Variable("x") if x is None else x, **kwargs)


# -- names ---------------------------------------------------------------------------------------------------------


def test_automatic_names_count_per_hint():
    a, b = variables("a", "b")
    assert [s.name for s in (a + b, a + b, a - b, a * 2, 2 - a)] == [
        "_plus0",
        "_plus1",
        "_minus0",
        "_mulscalar0",
        "_rminusscalar0",
    ]
    assert [mx.sym.FullyConnected(a, num_hidden=1).name for _ in range(2)] == ["fullyconnected0", "fullyconnected1"]
    assert [mx.sym.ElementWiseSum(a, b).name, mx.sym.add_n(a, b).name] == ["elementwisesum0", "add_n0"]


def test_parameters_are_named_after_their_node():
    net = mx.sym.BatchNorm(dense(), name="bn")
    assert net.list_arguments() == ["x", "fc_weight", "fc_bias", "bn_gamma", "bn_beta"]
    assert net.list_auxiliary_states() == ["bn_moving_mean", "bn_moving_var"]
    assert net.list_inputs() == [*net.list_arguments(), *net.list_auxiliary_states()]
    assert net.list_outputs() == ["bn_output"]
    assert mx.sym.SoftmaxOutput(net, name="out").list_arguments()[-1] == "out_label"


def test_prefix_goes_before_given_and_automatic_names_but_not_variables():
    with mx.name.Prefix("p_"):
        v = mx.sym.Variable("a")
        assert (v.name, (v + v).name, dense(v).name) == ("a", "p__plus0", "p_fc")
        with mx.name.NameManager():
            assert (v + v).name == "_plus0"
        assert (v + v).name == "p__plus1"


def test_scopes_are_closed_by_exceptions():
    with pytest.raises(KeyError), mx.name.Prefix("p_"), mx.AttrScope(ctx_group="g"):
        raise KeyError
    v = mx.sym.Variable("a")
    assert (v + v).name == "_plus0"
    assert v.list_attr() == {}


def test_scopes_belong_to_their_thread():
    seen = {}

    def other() -> None:
        v = mx.sym.Variable("a")
        seen["name"], seen["attrs"] = (v + v).name, v.list_attr()

    with mx.name.Prefix("p_"), mx.AttrScope(__k__="1"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert seen == {"name": "_plus0", "attrs": {}}


def test_scopes_can_be_entered_again():
    scope, prefix = mx.AttrScope(__k__="1"), mx.name.Prefix("p_")
    with scope, prefix:
        with mx.AttrScope(__j__="2"), scope, prefix:
            assert mx.sym.Variable("a").list_attr() == {"__k__": "1", "__j__": "2"}
        assert mx.sym.Variable("a").list_attr() == {"__k__": "1"}
    with scope:
        assert mx.sym.Variable("a").list_attr() == {"__k__": "1"}
    assert mx.sym.Variable("a").list_attr() == {}


@pytest.mark.parametrize("name", ["with space", 'quo"te', "back\\slash", "line\nfeed", "ünï/🙂", "0", "a.b:c[0]"])
def test_names_hold_any_text(name):
    net = dense(mx.sym.Variable(name), name=name + "!")
    again = mx.sym.load_json(net.tojson())
    assert again.list_arguments() == [name, f"{name}!_weight", f"{name}!_bias"]
    assert net[f"{name}!_output"].name == f"{name}!"
    assert net.infer_shape(**{name: (2, 4)})[1] == [(2, 3)]


# -- attributes ----------------------------------------------------------------------------------------------------


def test_variable_keeps_what_it_is_told():
    v = mx.sym.var("w", shape=(2, 0), dtype="float16", lr_mult=0.5, wd_mult=0, init=mx.init.One(), stype="row_sparse",
                   attr={"__mine__": "x"}, __other__=3)  # fmt: skip
    assert v.list_attr() == {
        "__mine__": "x", "__shape__": "(2, 0)", "__lr_mult__": "0.5", "lr_mult": "0.5", "__wd_mult__": "0",
        "wd_mult": "0", "__dtype__": "2", "__init__": '["one", {}]', "__storage_type__": "1", "__other__": "3",
    }  # fmt: skip
    assert v.attr("lr_mult") == v.attr("__lr_mult__") == "0.5"
    assert v.attr("nothing") is None


def test_automatic_variables_inherit_attributes():
    with mx.AttrScope(ctx_group="stage1"):
        net = dense(attr={"lr_mult": "2"})
    assert net.attr_dict()["fc_weight"] == {
        "num_hidden": "3", "__ctx_group__": "stage1", "ctx_group": "stage1", "__lr_mult__": "2", "lr_mult": "2",
    }  # fmt: skip
    assert net.attr("ctx_group") == "stage1"


def test_scope_gives_way_to_what_stands_nearer():
    with mx.AttrScope(__a__="1", __b__="1"), mx.AttrScope(__a__="2"):
        v = mx.sym.Variable("v", attr={"__b__": "3"})
    assert v.list_attr() == {"__a__": "2", "__b__": "3"}


def test_set_attr_is_all_or_nothing():
    net = dense()
    net._set_attr(num_hidden="5", __note__="n")
    assert net.infer_shape(x=(2, 4))[1] == [(2, 5)]
    with pytest.raises(OperatorError, match="Cannot find argument 'foo'"):
        net._set_attr(num_hidden="7", foo="1")
    assert net.attr("num_hidden") == "5"
    assert net.attr("foo") is None
    with pytest.raises(ValueError, match="only accepts string values"):
        net._set_attr(num_hidden=5)
    net._set_attr(name="renamed")
    assert net.list_outputs() == ["renamed_output"]


def test_list_attr_has_no_recursive_form():
    with pytest.raises(DeprecationWarning, match="attr_dict"):
        dense().list_attr(recursive=True)


# -- composition ---------------------------------------------------------------------------------------------------


def test_composing_copies_and_never_changes_the_callee():
    net, y = dense(), mx.sym.Variable("y")
    before = net.tojson()
    composed = net(x=y + 1, name="composed")
    assert net.tojson() == before
    assert composed.list_arguments() == ["y", "fc_weight", "fc_bias"]
    assert composed.name == "composed"
    assert net(fc_weight=y, x=y).list_arguments() == ["y", "fc_bias"]
    assert net(x=net).list_arguments() == ["x", "fc_weight", "fc_bias", "fc_weight", "fc_bias"]
    assert net.tojson() == before


def test_compose_says_what_is_wrong():
    net, y = dense(), mx.sym.Variable("y")
    with pytest.raises(
        ComposeError, match=r"name fc_wight not found; did you mean 'fc_weight'\?\nCandidate arguments:\n\t\[0\]x"
    ):
        net(fc_wight=y)
    with pytest.raises(TypeError, match="either as positional or keyword arguments, not both"):
        net(y, x=y)
    with pytest.raises(TypeError, match="Compose expect `Symbol` as arguments"):
        net(x=3)
    with pytest.raises(ComposeError, match=r"argument x is a tuple of 2 outputs \['y', 'fc_output'\]"):
        net(x=mx.sym.Group([y, net]))
    with pytest.raises(ComposeError, match="by keyword: net"):
        net(y)


def test_auxiliary_states_stay_variables():
    x, y = variables("x", "y")
    assert mx.sym.BatchNorm(x, moving_mean=y, name="bn").list_auxiliary_states() == ["y", "bn_moving_var"]
    with pytest.raises(ComposeError, match="'moving_mean' must be a Variable, not the output of '_plusscalar0'"):
        mx.sym.BatchNorm(x, moving_mean=y + 1, name="bn")


# -- parts ---------------------------------------------------------------------------------------------------------


def test_group_holds_outputs_of_all():
    a, b = variables("a", "b")
    group = mx.sym.Group([a + b, mx.sym.Group([a, b])])
    assert group.list_outputs() == ["_plus0_output", "a", "b"]
    assert (group.name, len(group), group.num_outputs) == (None, 3, 3)
    assert repr(group) == "<Symbol group [_plus0, a, b]>"
    assert [s.name for s in group] == ["_plus0", "a", "b"]
    for wrong in ([], [a, 1], ["a"]):
        with pytest.raises(TypeError, match="Expected a list of symbols"):
            mx.sym.Group(wrong)


def test_indexing():
    a, b, c = variables("a", "b", "c")
    group = mx.sym.Group([a, b, c])
    assert (group[1].name, group["c"].name) == ("b", "c")
    assert [group[s].list_outputs() for s in (slice(1), slice(1, None), slice(0, 3, 2))] == [
        ["a"],
        ["b", "c"],
        ["a", "c"],
    ]
    with pytest.raises(ValueError, match="Cannot find output that matches name \"bb\"; did you mean 'b'"):
        group["bb"]
    with pytest.raises(ValueError, match="multiple outputs with name"):
        mx.sym.Group([a, a])["a"]
    with pytest.raises(IndexError, match="index 3 of a symbol with 3 outputs"):
        group[3]
    with pytest.raises(OperatorError, match="nonnegative index, got -1"):
        group[-1]
    with pytest.raises(TypeError, match="only support integer index"):
        group[1.0]


def test_internals_and_children():
    net = mx.sym.Activation(dense(), act_type="relu", name="relu")
    assert net.get_internals().list_outputs() == ["x", "fc_weight", "fc_bias", "fc_output", "relu_output"]
    assert net.get_internals()["fc_output"].list_arguments() == ["x", "fc_weight", "fc_bias"]
    assert net.get_children().list_outputs() == ["fc_output"]
    assert mx.sym.Variable("a").get_children() is None
    split = mx.sym.SliceChannel(mx.sym.Variable("a"), num_outputs=2, name="s")
    assert split.list_outputs() == ["s_output0", "s_output1"]
    assert (split[0] + split[1]).get_children().list_outputs() == ["s_output0", "s_output1"]


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_are_independent(twin):
    net = mx.sym.Group([dense(), mx.sym.Variable("q", __k__="1")])
    other = twin(net)
    assert other.tojson() == net.tojson()
    other[0]._set_attr(num_hidden="9")
    assert net.infer_shape_partial(x=(2, 4))[1][0] == (2, 3)
    assert other.infer_shape_partial(x=(2, 4))[1][0] == (2, 9)


# -- arithmetic and fluent methods ---------------------------------------------------------------------------------

OPERATORS = "+ - * / % ** == != < <= > >=".split()


@pytest.mark.parametrize("sign", OPERATORS)
def test_arithmetic_on_both_sides_is_numpys(sign):
    x, y = np.array([3.0, -2, 5], "float32"), np.array([2.0, 4, 5], "float32")
    a, b = variables("a", "b")
    arrays = {"a": mx.nd.array(x), "b": mx.nd.array(y)}
    calls = {
        "a {} b": (x, y),
        "b {} 2": (y, np.float32(2)),
        "2.5 {} b": (np.float32(2.5), y),
        "np.float32(3) {} b": (np.float32(3), y),
    }
    for text, (left, right) in calls.items():
        net = eval(text.format(sign), {"a": a, "b": b, "np": np})
        want = eval(f"l {sign} r", {"l": left, "r": right})
        if sign == "%":
            want = np.mod(left, right)
        got = net.eval(**{n: arrays[n] for n in net.list_arguments()})[0].asnumpy()
        np.testing.assert_allclose(got, np.asarray(want, "float32"), rtol=1e-6, err_msg=text)


def test_numbers_are_written_as_mxnet_writes_them():
    x = mx.sym.Variable("x")
    values = [2, 2.5, np.float32(0.5), np.int64(3), True, 1e-8]
    assert [(x + v).attr("scalar") for v in values] == ["2", "2.5", "0.5", "3", "1", "1e-08"]


def test_what_symbols_cannot_do():
    x = mx.sym.Variable("x")
    for wrong in (None, "a", [1], np.ones(2), 1j):
        with pytest.raises(TypeError, match="not supported"):
            x + wrong
    with pytest.raises(TypeError):
        np.ones(2) // x
    with pytest.raises(NotImplementedForSymbol, match="bool"):
        bool(x)
    with pytest.raises(NotImplementedForSymbol, match=r'operator "\+=" with int'):
        x += 1
    with pytest.raises(NotImplementedForSymbol, match=r"Symbol.eval"):
        x.asnumpy()


def test_fluent_methods_are_the_operators():
    x = mx.sym.Variable("x")
    for name in ("sum", "mean", "max", "relu", "flatten", "sqrt", "softmax", "transpose", "square", "sign", "norm"):
        with mx.name.NameManager():
            fluent = getattr(x, name)().tojson()
        with mx.name.NameManager():
            assert getattr(mx.sym, name)(x).tojson() == fluent
    assert x.reshape((2, -1)).attr("shape") == x.reshape(2, -1).attr("shape") == x.reshape(shape=(2, -1)).attr("shape")
    assert x.astype("float16").infer_type(x="float32")[1] == [np.float16]
    assert x.slice_axis(axis=0, begin=0, end=1).infer_shape(x=(3, 2))[1] == [(1, 2)]


@pytest.mark.parametrize("f", ["pow", "maximum", "minimum", "hypot"])
def test_functions_of_numbers_and_symbols(f):
    x, y = variables("x", "y")
    call = getattr(mx.sym, f)
    want = {"pow": np.power, "hypot": np.hypot, "maximum": np.maximum, "minimum": np.minimum}[f]
    assert call(2, 3) == want(2, 3)
    for left, right in ((x, y), (x, 3), (2, y)):
        net = call(left, right)
        got = net.eval(**{n: mx.nd.array([2.0 if n == "x" else 3.0]) for n in net.list_arguments()})[0].asscalar()
        np.testing.assert_allclose(got, want(2.0, 3.0), rtol=1e-6)
    with pytest.raises(TypeError, match="not supported"):
        call(x, "a")


# -- the functions themselves --------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [mx.sym, mx.nd])
def test_operator_functions_are_real_functions(space):
    f = space.Convolution
    signature = inspect.signature(f)
    assert list(signature.parameters)[:5] == ["data", "weight", "bias", "kernel", "stride"]
    assert signature.parameters["num_group"].default == 1
    assert {"name", "attr", "out"} <= set(signature.parameters)
    assert f.__name__ == "Convolution"
    assert "convolution" in inspect.getdoc(f).lower()
    assert inspect.getsourcefile(inspect.unwrap(f)).endswith("conv.py")
    assert space.Convolution is f
    assert "Convolution" in dir(space)
    with pytest.raises(AttributeError, match="'Convolutoin'"):
        space.Convolutoin


def test_namespaces_have_their_own_functions():
    assert mx.sym.contrib.box_nms.__name__ == "box_nms"
    assert mx.sym.linalg.gemm2.__name__ == "gemm2"
    assert mx.sym.op.relu(mx.sym.Variable("x")).name == "relu0"
    assert mx.sym._internal._plus_scalar(mx.sym.Variable("x"), scalar=1).name == "_plus_scalar0"
    with pytest.raises(AttributeError, match="contrib"):
        mx.sym.contrib.nothing


# -- errors --------------------------------------------------------------------------------------------------------


def test_errors_say_what_is_accepted_and_where():
    x = mx.sym.Variable("x")
    line = inspect.currentframe().f_lineno + 2
    with pytest.raises(OperatorError) as e:
        mx.sym.FullyConnected(x, num_hiden=3, name="fc")
    text = str(e.value)
    assert "operator FullyConnected (node 'fc'): Cannot find argument 'num_hiden'; did you mean 'num_hidden'?" in text
    assert "no_bias : boolean, optional, default=False" in text
    assert f"at {HERE}:{line}" in text
    for wrong, words in {
        "mx.sym.FullyConnected(x)": "Required parameter num_hidden of int is not presented",
        "mx.sym.FullyConnected(x, num_hidden='a')": "num_hidden='a' is not valid: expected int",
        "mx.sym.FullyConnected(x, num_hidden=0)": "num_hidden=0 is out of range: expected >= 1",
        "mx.sym.FullyConnected(x, num_hidden=2**31)": "num_hidden='2147483648' is not valid: expected int",
        "mx.sym.FullyConnected(x, num_hidden=3, no_bias='maybe')": "no_bias='maybe' is not valid: expected boolean",
        "mx.sym.Dropout(x, p=1.5)": "p=1.5 is out of range: expected >= 0 and <= 1",
        "mx.sym.Activation(x, act_type='rulu')": "act_type='rulu' is not valid: expected one of 'relu'",
        "mx.sym.FullyConnected(2, num_hidden=3)": "Argument data must be Symbol instances, but got 2",
        "mx.sym.Concat(x, 1)": "Positional arguments must be Symbol instances, but got 1",
        "mx.sym.FullyConnected(x, data=x, num_hidden=3)": "got multiple values for argument 'data'",
        "mx.sym.FullyConnected(x, wieght=x, num_hidden=3)": "name wieght not found; did you mean 'weight'",
        "mx.sym.elemwise_add(x, x, x)": "takes 2 arguments",
        "mx.sym.cast(x, dtype='flaot32')": "dtype='flaot32' is no element type; did you mean 'float32'",
        "mx.sym.var(3)": "Expect a string for variable `name`",
        "mx.sym.var('a', shap=(2,))": "Attribute name=shap is not supported",
        "mx.sym.var('a', attr={'__k__': 1})": "only accepts string values",
        "mx.AttrScope(a=1)": "Attributes need to be string",
        "mx.sym.FullyConnected(x, num_hidden=3, attr={'weight_lr_mult': '2'})": r"sym = YourSymbolName\(weight=w\)",
    }.items():
        with pytest.raises((OperatorError, ComposeError, ValueError, TypeError), match=words):
            eval(wrong, {"mx": mx, "x": x})


def test_numpy_dtypes_in_any_form():
    x = mx.sym.Variable("x")
    for form in ("float16", np.float16, np.dtype("float16"), "f2"):
        assert mx.sym.cast(x, dtype=form).attr("dtype") == "float16"
    assert mx.sym.zeros((2,), dtype=int).attr("dtype") == "int64"


def test_scopes_say_which_one_is_current():
    with mx.name.Prefix("p_") as prefix, mx.AttrScope(ctx_group="a") as scope:
        assert mx.name.NameManager.current is prefix
        assert mx.AttrScope.current is scope
        assert mx.name.NameManager.current.get(None, "conv") == "p_conv0"
    assert mx.name.NameManager.current is not prefix
    assert mx.AttrScope.current is not scope
