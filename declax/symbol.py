"""Symbol: the user's handle on outputs of a declared graph, and everything MXNet's Symbol can be asked.

`sym.X` operator functions live in the namespaces that frontend.py makes; this module is `mx.sym` and `mx.symbol`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as onp  # `np` here is the namespace of NumPy's names

from declax import attribute, graph, registry
from declax import name as naming
from declax.arithmetic import Arithmetic, Row, as_scalar, is_number
from declax.attrs import DTYPES, HIDDEN_KEYS, to_text
from declax.errors import ComposeError, MXNetError, NotImplementedForSymbol, OperatorError
from declax.frontend import Namespaces, install_fluent, number_or_symbol
from declax.graph import Entry, Node
from declax.inferring import Inferring
from declax.running import Running

if TYPE_CHECKING:
    from declax._sym import Methods
else:
    Methods = object

_STORAGE_TYPES = {"undefined": -1, "default": 0, "row_sparse": 1, "csr": 2}


def hidden_key(key: str, value: str = "") -> str:
    """`lr_mult` -> `__lr_mult__`; a key such as `weight_lr_mult` is an error that says what to write instead."""
    for hidden in HIDDEN_KEYS:
        if key == hidden:
            return f"__{key}__"
        if key.endswith("_" + hidden):
            raise OperatorError(
                f"setting variable attributes with {key} is deprecated. please instead use\n"
                f"w = Variable({hidden}={value})\nsym = YourSymbolName({key[: -len(hidden) - 1]}=w)"
            )
    return key


class Symbol(Arithmetic, Inferring, Running, Methods):
    """One or more outputs of a graph of named operator calls and variables.

    Made by `Variable`, by operator functions (`sym.FullyConnected(...)`), arithmetic and `Group`. Nothing is computed
    until the symbol is bound to arrays (`bind`, `simple_bind`, `eval`) or lowered (`declax.lower`).

    >>> a, b = Variable("a"), Variable("b")
    >>> c = a + b
    >>> c
    <Symbol _plus0>
    >>> c.infer_shape(a=(2, 3))
    ([(2, 3), (2, 3)], [(2, 3)], [])
    """

    __slots__ = ("__weakref__", "_heads", "_inferred", "_lowered")
    __array_priority__ = 1000.0
    __array_ufunc__ = None  # numpy leaves `np.float32(2) * x` to the symbol, and refuses what it cannot do

    def __init__(self, heads: Sequence[Entry]):
        self._heads: list[Entry] = list(heads)
        self._lowered: Any = None
        self._inferred: Any = None

    # -- what it is --------------------------------------------------------------------------------------------

    @property
    def heads(self) -> tuple[Entry, ...]:
        """The entries of the graph that are this symbol's outputs."""
        return tuple(self._heads)

    def _single_node(self) -> Node | None:
        node = self._heads[0].node if self._heads else None
        return node if all(e.node is node for e in self._heads) else None

    @property
    def name(self) -> str | None:
        """The name of the node, None for a group of several nodes."""
        node = self._single_node()
        return None if node is None else node.name

    def __repr__(self) -> str:
        name = self.name
        if name is None:
            return f"<{type(self).__name__} group [{', '.join(e.node.name for e in self._heads)}]>"
        return f"<{type(self).__name__} {name}>"

    def __len__(self) -> int:
        return len(self._heads)

    @property
    def num_outputs(self) -> int:
        """Number of outputs."""
        return len(self._heads)

    def __iter__(self) -> Iterator[Symbol]:
        return (type(self)([e]) for e in self._heads)

    def __getitem__(self, index: int | str | slice) -> Symbol:
        if isinstance(index, slice):
            start = 0 if index.start is None else index.start
            stop = len(self) if index.stop is None else index.stop
            return Group([self[i] for i in range(start, stop, 1 if index.step is None else index.step)])
        if isinstance(index, str):
            names = self.list_outputs()
            found = [i for i, n in enumerate(names) if n == index]
            if len(found) > 1:
                raise ValueError(f'There are multiple outputs with name "{index}"')
            if not found:
                from declax.errors import nearest

                raise ValueError(f'Cannot find output that matches name "{index}"{nearest(index, names)}')
            index = found[0]
        if not isinstance(index, int):
            raise TypeError("Symbol only support integer index to fetch i-th output")
        if index >= len(self._heads):
            raise IndexError(f"index {index} of a symbol with {len(self._heads)} outputs")
        if index < 0:
            raise OperatorError(f"Symbol only accept nonnegative index, got {index}")
        return self if len(self._heads) == 1 else type(self)([self._heads[index]])

    def __bool__(self) -> bool:
        raise NotImplementedForSymbol(
            'Function __bool__ (namely operator "bool") is not implemented for Symbol and only available in NDArray.'
        )

    # -- names -------------------------------------------------------------------------------------------------

    def _variables(self) -> tuple[list[Node], set[int]]:
        order = graph.topological(self._heads)
        return [n for n in order if n.op is None], graph.auxiliary_ids(order)

    def list_arguments(self) -> list[str]:
        """Names of the variables that are inputs and parameters, in the order in which the graph needs them."""
        variables, aux = self._variables()
        return [v.name for v in variables if id(v) not in aux]

    def list_auxiliary_states(self) -> list[str]:
        """Names of the variables that operators write to, moving averages say."""
        variables, aux = self._variables()
        return [v.name for v in variables if id(v) in aux]

    def list_inputs(self) -> list[str]:
        """Names of all variables: arguments and auxiliary states together."""
        return [v.name for v in self._variables()[0]]

    def list_outputs(self) -> list[str]:
        """Names of the outputs, `fc1_output` say."""
        return [e.node.output_name(e.index) for e in self._heads]

    def get_internals(self) -> Symbol:
        """A group of every visible output of every node, for `net.get_internals()["relu1_output"]`."""
        heads = []
        for node in graph.topological(self._heads):
            version = node.version if node.op is None else 0
            heads += [Entry(node, i, version) for i in range(node.visible_outputs())]
        return type(self)(heads)

    def get_children(self) -> Symbol | None:
        """A group of the inputs of this symbol's nodes; None when they have none."""
        heads: list[Entry] = []
        for node in dict.fromkeys(e.node for e in self._heads):
            heads += node.inputs
        return type(self)(heads) if heads else None

    # -- attributes --------------------------------------------------------------------------------------------

    def attr(self, key: str) -> str | None:
        """One attribute's text, None when it is not set; hidden keys with or without underscores."""
        node = self._single_node()
        if node is None:
            return None
        if key == "name":
            return node.name
        if key == "op_name":
            return node.op_name
        value = node.attrs.get(key)
        return node.attrs.get(f"__{key}__") if value is None and key in HIDDEN_KEYS else value

    def list_attr(self, recursive: bool = False) -> dict[str, str]:
        """The node's attributes; hidden keys stand with and without their underscores."""
        if recursive:
            raise DeprecationWarning("Symbol.list_attr with recursive=True has been deprecated. Use attr_dict instead.")
        return _with_hidden(self._heads[0].node.attrs)

    def attr_dict(self) -> dict[str, dict[str, str]]:
        """Attributes of every node that has any, by node name."""
        found: dict[str, dict[str, str]] = {}
        for node in graph.topological(self._heads):
            if node.attrs:
                found.setdefault(node.name, {}).update(_with_hidden(node.attrs))
        return found

    def _set_attr(self, **attributes: str) -> None:
        """Sets attributes of the node, which every symbol that holds the node sees."""
        node = self._single_node()
        if node is None:
            raise ComposeError("attributes can be set on a single node only, not on a group")
        changed = dict(node.attrs)
        new_name = node.name
        for key, value in attributes.items():
            if not isinstance(value, str):
                raise ValueError("Set Attr only accepts string values")
            if key == "name":
                new_name = value
            else:
                changed[hidden_key(key, value)] = value
        params = node.op.parse(changed, node.name) if node.op is not None else None
        node.attrs, node.params, node.name = changed, params, new_name
        graph.note_change()

    # -- composition -------------------------------------------------------------------------------------------

    def __call__(self, *args: Symbol, **kwargs: Any) -> Symbol:
        """A copy of this graph with variables replaced by symbols: `net(data=other, name="composed")`."""
        twin = self.__copy__()
        twin._compose(*args, **kwargs)
        return twin

    def _compose(self, *args: Symbol, name: str | None = None, **kwargs: Symbol) -> None:
        """`__call__` in place."""
        if args and kwargs:
            raise TypeError("compose only accept input Symbols either as positional or keyword arguments, not both")
        for value in (*args, *kwargs.values()):
            if not isinstance(value, Symbol):
                raise TypeError("Compose expect `Symbol` as arguments")
        positional = [_one_entry(s, f"argument {i}") for i, s in enumerate(args)]
        keyword = {k: _one_entry(s, f"argument {k}") for k, s in kwargs.items()}
        node = self._single_node()
        if name:
            self._heads[0].node.name = name
        graph.note_change()
        self._lowered = None
        if node is not None and not node.inputs and node.op is not None:
            graph.connect(node, positional, keyword)
            return
        if positional:
            raise ComposeError(
                "a composed graph takes its new inputs by keyword: "
                f"net({', '.join(v + '=...' for v in self.list_inputs()[: len(positional)])})"
            )
        self._heads = graph.substitute(self._heads, keyword)

    def __copy__(self) -> Symbol:
        return type(self)(graph.copy(self._heads))

    def __deepcopy__(self, memo: dict) -> Symbol:
        return self.__copy__()

    def __reduce__(self) -> tuple:
        return load_json, (self.tojson(),)

    # -- writing -----------------------------------------------------------------------------------------------

    def tojson(self, remove_amp_cast: bool = True) -> str:
        """The graph as MXNet's JSON text, byte for byte what MXNet 1.9.1 writes but for the version stamp."""
        from declax.io import json

        return json.dumps(_without_amp_casts(self) if remove_amp_cast else self)

    def save(self, fname: str, remove_amp_cast: bool = True) -> None:
        """Writes `tojson()` to a file, to a temporary name first so that a failure leaves the old file whole."""
        if not isinstance(fname, str):
            raise TypeError("fname need to be string")
        from declax.io import json

        json.write_text(fname, self.tojson(remove_amp_cast))

    def debug_str(self) -> str:
        """The graph as readable text: outputs, then every node with its inputs and attributes."""
        from declax.io import json

        return json.debug_text(self._heads)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        from declax.visualization import mimebundle

        return mimebundle(self)

    # -- arithmetic: see arithmetic.py -------------------------------------------------------------------------

    def _two(self, row: Row, other: Any) -> Symbol:
        if isinstance(other, Symbol):
            return _call(row.symbol, row.hint, self, other)
        if not is_number(other):
            raise TypeError(f"type {type(other)} not supported")
        return _call(row.scalar, row.scalar_hint, self, scalar=as_scalar(other))

    def __abs__(self) -> Symbol:
        return _call("abs", "abs", self)

    def __iadd__(self, other: Any) -> Symbol:
        raise _not_in_place("+=", other)

    def __isub__(self, other: Any) -> Symbol:
        raise _not_in_place("-=", other)

    def __imul__(self, other: Any) -> Symbol:
        raise _not_in_place("*=", other)

    def __itruediv__(self, other: Any) -> Symbol:
        raise _not_in_place("/=", other)

    # -- fluent methods whose arguments differ from the operator's ---------------------------------------------

    def reshape(self, *shape: Any, **kwargs: Any) -> Symbol:
        """`sym.reshape`; the shape may be given as one tuple, as numbers, or by keyword."""
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            shape = tuple(shape[0])
        elif not shape:
            shape = kwargs.pop("shape", ())
        return namespaces.top.reshape(self, shape=tuple(shape), **kwargs)

    def transpose(self, *axes: Any, **kwargs: Any) -> Symbol:
        """`sym.transpose`; the axes may be given as one tuple, as numbers, or by keyword."""
        if len(axes) == 1 and isinstance(axes[0], tuple | list):
            axes = tuple(axes[0])
        if axes:
            kwargs["axes"] = tuple(axes)
        return namespaces.top.transpose(self, **kwargs)

    def astype(self, dtype: Any, **kwargs: Any) -> Symbol:
        """`sym.cast` to a type."""
        return namespaces.top.cast(self, dtype=dtype, **kwargs)

    def split_v2(self, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> Symbol:
        """`sym.split_v2`."""
        from declax.creation import split_v2

        return split_v2(namespaces, self, indices_or_sections, axis, squeeze_axis)

    def _only_arrays(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedForSymbol("this needs numbers, which a Symbol has only once it is bound: see Symbol.eval")

    wait_to_read = asnumpy = asscalar = copy = as_in_context = detach = backward = _only_arrays


def _with_hidden(attributes: Mapping[str, str]) -> dict[str, str]:
    found = dict(attributes)
    for key in HIDDEN_KEYS:
        if f"__{key}__" in found:
            found[key] = found[f"__{key}__"]
    return found


def _one_entry(symbol: Symbol, what: str) -> Entry:
    if len(symbol._heads) != 1:
        raise ComposeError(
            f"{what} is a tuple of {len(symbol._heads)} outputs {symbol.list_outputs()}, single value is required: "
            "pick one with [i]"
        )
    return symbol._heads[0]


def _not_in_place(operator: str, other: Any) -> NotImplementedForSymbol:
    return NotImplementedForSymbol(
        f'operator "{operator}" with {type(other).__name__} is not implemented for Symbol, only for NDArray.'
    )


# -- creating nodes --------------------------------------------------------------------------------------------


def create(
    op: registry.OpDef, hint: str, args: Sequence[Symbol], kwargs: Mapping[str, Symbol], attrs: Mapping[str, Any],
    name: str | None = None, attr: Mapping[str, str] | None = None, out: Any = None, subgraphs: tuple = (),
) -> Symbol:  # fmt: skip
    """A new node of `op` on the given symbols, named and attributed by the scopes that are open."""
    texts: dict[str, str] = {}
    scope = attribute.current().get(attr)
    for source in (attrs, scope) if scope else (attrs,):
        for key, value in source.items():
            text = value if type(value) is str else to_text(value)
            texts[hidden_key(key, text)] = text
    name = naming.current().get(name, hint)
    node = Node(op, name, texts, None, (), subgraphs, graph.user_site())
    try:
        node.params = op.parse(texts, name)
        positional = [_one_entry(s, f"input {i}") for i, s in enumerate(args)]
        graph.connect(node, positional, {k: _one_entry(s, f"input {k}") for k, s in kwargs.items()})
    except MXNetError as e:
        if node.site and "declared at" not in str(e):
            e.args = (f"{e.args[0]}\n  at {node.site[0]}:{node.site[1]}", *e.args[1:])
        raise
    return Symbol([Entry(node, i) for i in range(node.visible_outputs())])


def _call(op_name: str, hint: str, *args: Symbol, **attrs: Any) -> Symbol:
    return create(registry.lookup(op_name), hint, args, {}, attrs)


namespaces = Namespaces("declax.symbol", Symbol, create)
install_fluent(Symbol, namespaces)


def var(
    name: str, attr: Mapping[str, str] | None = None, shape: Sequence[int] | None = None,
    lr_mult: float | None = None, wd_mult: float | None = None, dtype: Any = None, init: Any = None,
    stype: str | None = None, **kwargs: Any,
) -> Symbol:  # fmt: skip
    """A variable: a named input or parameter of a graph.

    Args:
        name: any text.
        attr: attributes, string to string.
        shape, dtype: what inference starts from; 0 is an unknown dimension.
        lr_mult, wd_mult: multipliers that optimisers apply to this parameter.
        init: an initializer or its text, used by `init_params` and Module instead of the default one.
        stype: storage type; kept in the graph, arrays are dense.
        kwargs: further attributes, written `__key__`.

    >>> Variable("w", shape=(2, 3), lr_mult=0.5).list_attr()
    {'__shape__': '(2, 3)', '__lr_mult__': '0.5', 'lr_mult': '0.5'}
    """
    if not isinstance(name, str):
        raise TypeError("Expect a string for variable `name`")
    given: dict[str, Any] = dict(attribute.current().get(attr))
    if shape is not None:
        given["__shape__"] = to_text(shape)
    if lr_mult is not None:
        given["__lr_mult__"] = to_text(lr_mult)
    if wd_mult is not None:
        given["__wd_mult__"] = to_text(wd_mult)
    if dtype is not None:
        from declax.infer import as_dtype

        given["__dtype__"] = str(DTYPES.index(as_dtype(dtype).name))
    if init is not None:
        given["__init__"] = init if isinstance(init, str) else init.dumps()
    if stype is not None:
        given["__storage_type__"] = str(_STORAGE_TYPES[stype])
    for key, value in kwargs.items():
        if not (key.startswith("__") and key.endswith("__")):
            raise ValueError(
                f"Attribute name={key} is not supported. Additional attributes must start and end with double "
                "underscores, e.g, __yourattr__"
            )
        given[key] = to_text(value)
    for value in given.values():
        if not isinstance(value, str):
            raise ValueError("Set Attr only accepts string values")
    texts = {hidden_key(k, v): v for k, v in given.items()}
    return Symbol([Entry(Node(None, name, texts, site=graph.user_site()))])


Variable = var


def Group(symbols: Iterable[Symbol], create_fn: Any = None) -> Symbol:
    """A symbol with the outputs of all the given ones.

    >>> Group([Variable("a"), Variable("b")]).list_outputs()
    ['a', 'b']
    """
    if isinstance(symbols, Symbol):
        raise NotImplementedForSymbol("Group takes a list of symbols, got one Symbol: write Group(list(symbol))")
    members = list(symbols)
    if not members or any(not isinstance(s, Symbol) for s in members):
        raise TypeError("Expected a list of symbols as input")
    return Symbol([e for s in members for e in s._heads])


def load(fname: str) -> Symbol:
    """The symbol in a JSON file of any MXNet version.

    Raises:
        LoadError: the file cannot be read or is not a symbol; the message says where.
    """
    if not isinstance(fname, str):
        raise TypeError("fname need to be string")
    from declax.io import json

    return json.loads(json.read_text(fname), fname)


def load_json(json_str: str) -> Symbol:
    """The symbol in a JSON text of any MXNet version; LoadError says what is wrong with it."""
    if not isinstance(json_str, str):
        raise TypeError("fname required to be string")
    from declax.io import json

    return json.loads(json_str)


fromjson = load_json


_AMP_CASTS = ("amp_cast", "amp_multicast")


def _without_amp_casts(symbol: Symbol) -> Symbol:
    """The symbol without the casts of mixed precision between its nodes; one that is an output stays, as in MXNet."""
    if not any(n.op_name in _AMP_CASTS for n in graph.topological(symbol._heads)):
        return symbol
    last = {id(e.node) for e in symbol._heads}

    def skip(node: Node, inputs: list[Entry]) -> list[Entry] | None:
        return inputs if node.op_name in _AMP_CASTS and id(node) not in last else None

    return Symbol(graph.rewrite(symbol._heads, skip))


def pow(base: Any, exp: Any) -> Any:
    """`base ** exp`, either side a symbol or a number."""
    return number_or_symbol(Symbol, base, exp, _call, "_power", "_power_scalar", "_rpower_scalar", lambda x, y: x**y)


power = pow


def maximum(left: Any, right: Any) -> Any:
    """The larger of two, either side a symbol or a number."""
    return number_or_symbol(Symbol, left, right, _call, "_maximum", "_maximum_scalar", "_maximum_scalar", max)


def minimum(left: Any, right: Any) -> Any:
    """The smaller of two, either side a symbol or a number."""
    return number_or_symbol(Symbol, left, right, _call, "_minimum", "_minimum_scalar", "_minimum_scalar", min)


def hypot(left: Any, right: Any) -> Any:
    """The hypotenuse over two legs, either side a symbol or a number."""
    return number_or_symbol(Symbol, left, right, _call, "_hypot", "_hypot_scalar", "_hypot_scalar", onp.hypot)


def __getattr__(name: str) -> Any:
    return namespaces.lookup(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(namespaces.top)})
