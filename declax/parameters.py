"""`init_params`: a graph's parameters as a dict of arrays, from an initializer and a key."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zlib import crc32

import jax
import numpy as np

from declax import infer, shapes
from declax.errors import BindError
from declax.lower import needs_x64

if TYPE_CHECKING:
    from declax.symbol import Symbol


def init_params(
    symbol: "Symbol", initializer: Any = None, key: Any = None, *, dtypes: Mapping[str, Any] | None = None,
    **known: tuple[int, ...],
) -> dict[str, jax.Array]:  # fmt: skip
    """Initial parameters of a graph by name, ready for `declax.lower(symbol)`.

    Args:
        symbol: the graph.
        initializer: a `declax.init` object, Uniform(0.07) when None; a variable's own `init=` goes before it.
        key: a `jax.random.key`; key(0) when None. Every parameter folds its name into it.
        dtypes: types by argument name, float32 where nothing decides.
        known: shapes of the inputs (data and labels); they get no values.

    Raises:
        BindError: the given shapes do not decide all others.

    >>> params = init_params(sym.FullyConnected(Variable("x"), num_hidden=3, name="fc"), x=(5, 2))
    >>> sorted((k, v.shape) for k, v in params.items())
    [('fc_bias', (3,)), ('fc_weight', (3, 2))]
    """
    return _initial(symbol, initializer, key, dtypes, known, auxiliary=False)


def init_aux(
    symbol: "Symbol", initializer: Any = None, key: Any = None, *, dtypes: Mapping[str, Any] | None = None,
    **known: tuple[int, ...],
) -> dict[str, jax.Array]:  # fmt: skip
    """Initial auxiliary states of a graph by name, moving averages say; arguments as for `init_params`."""
    return _initial(symbol, initializer, key, dtypes, known, auxiliary=True)


def _initial(
    symbol: "Symbol", initializer: Any, key: Any, dtypes: Mapping[str, Any] | None, known: Mapping, *, auxiliary: bool
) -> dict[str, jax.Array]:
    from declax import initializer as init

    chosen = init.Uniform(0.07) if initializer is None else initializer
    key = jax.random.key(0) if key is None else key
    types = infer.decide_types(symbol.heads, dtypes or {})
    found = infer.infer_shapes(symbol.heads, symbol._by_name((), known, "init_params"), types)
    names = symbol.list_auxiliary_states() if auxiliary else symbol.list_arguments()
    dims, kinds = (found.auxiliary, types.auxiliary) if auxiliary else (found.arguments, types.arguments)
    attributes = symbol.attr_dict()
    made: dict[str, jax.Array] = {}
    for name, shape, dtype in zip(names, dims, kinds, strict=True):
        if name in known:
            continue
        if not shapes.is_complete(shape):
            raise BindError(
                f"the shape of {name!r} is not decided ({shapes.show(shape)}); give the shapes of all inputs, or "
                f"ask declax.explain_shape(symbol, {name!r}, ...)"
            )
        desc = init.InitDesc(name, attributes.get(name, {}), global_init=chosen)
        dtype = np.dtype("float32") if dtype is None else dtype
        with jax.enable_x64(needs_x64((dtype,))):
            made[name] = jax.numpy.asarray(chosen.draw(desc, shape, dtype, _fold(key, name)), dtype)
    return made


def _fold(key: Any, name: str) -> Any:
    return jax.random.fold_in(key, crc32(name.encode()) & 0x7FFFFFFF)
