"""What one operator costs: floating point operations, counted on the jaxpr of its body.

A multiply-add counts as two, any other floating operation as one per element of its result (of its operand for
reductions); moving, comparing, selecting and integer arithmetic count as nothing. The forward pass, in inference.
"""

from collections.abc import Mapping, Sequence
from math import ceil, log2, prod
from typing import Any

import numpy as np

from declax.registry import OpDef
from declax.shapes import ShapeConflict

_FREE = frozenset(
    """reshape transpose broadcast_in_dim squeeze slice dynamic_slice dynamic_update_slice gather scatter
    concatenate pad rev copy copy_p iota select_n convert_element_type bitcast_convert_type stop_gradient real imag
    eq ne lt le gt ge is_finite device_put optimization_barrier split random_bits random_wrap random_unwrap
    random_fold_in threefry2x32 pure_callback io_callback expand_dims""".split()
)

_REDUCTIONS = frozenset(
    "reduce_sum reduce_max reduce_min reduce_prod argmax argmin cumsum cumprod cummax cummin cumlogsumexp".split()
)


def flops(op: OpDef, params: Mapping[str, Any], shapes: Sequence[tuple[int, ...]], dtypes: Sequence[Any]) -> int | None:
    """Floating point operations of one run of `op` on inputs of these shapes and dtypes.

    None where they depend on values (operators with dynamic output shapes or with subgraphs), or on shapes that only
    inference over the whole graph finds (arrays that are made).

    >>> from declax.registry import lookup
    >>> dot = lookup("dot")
    >>> flops(dot, dot.parse({}), [(2, 3), (3, 5)], ["float32", "float32"])
    60
    """
    if op.dynamic or op.takes_subgraphs:
        return None
    import jax

    with jax.enable_x64(True):
        inputs = [jax.ShapeDtypeStruct(s, np.dtype(t)) for s, t in zip(shapes, dtypes, strict=True)]
        key = jax.eval_shape(lambda: jax.random.key(0)) if op.takes_key else None
        try:
            return count(jax.make_jaxpr(lambda k, *xs: op.run(params, xs, key=k))(key, *inputs).jaxpr)
        except ShapeConflict:
            if op.takes_results:
                return None
            raise


def count(jaxpr: Any) -> int:
    """Floating point operations of a jaxpr; the body of a loop whose length is not known counts once."""
    return sum(_equation(e) for e in jaxpr.eqns)


def _equation(eqn: Any) -> int:
    name, out = eqn.primitive.name, eqn.outvars[0].aval if eqn.outvars else None
    if name == "scan":
        return eqn.params["length"] * count(eqn.params["jaxpr"].jaxpr)
    if name == "cond":
        return max(count(b.jaxpr) for b in eqn.params["branches"])
    inner = [j for j in map(_jaxpr_of, eqn.params.values()) if j is not None]
    if inner and name not in ("reduce", "reduce_window", "scatter-add", "scatter_add", "select_and_scatter"):
        return sum(count(j) for j in inner)
    if name in _FREE or out is None or not np.issubdtype(getattr(out, "dtype", np.int32), np.inexact):
        return 0
    first = eqn.invars[0].aval
    if name == "dot_general":
        (contracted, _), _ = eqn.params["dimension_numbers"]
        return 2 * out.size * prod(first.shape[d] for d in contracted)
    if name == "conv_general_dilated":
        kernel, numbers = eqn.invars[1].aval, eqn.params["dimension_numbers"]
        per_output = kernel.size // max(kernel.shape[numbers.rhs_spec[0]], 1)
        return 2 * out.size * per_output // prod(eqn.params["lhs_dilation"])
    if name in _REDUCTIONS or name == "reduce":
        return first.size
    if name.startswith("reduce_window"):
        return out.size * prod(eqn.params["window_dimensions"])
    if name in ("scatter-add", "scatter_add"):
        return eqn.invars[2].aval.size
    if name == "sort":
        return first.size * max(ceil(log2(max(first.shape[eqn.params["dimension"]], 1))), 1)
    return out.size


def _jaxpr_of(value: Any) -> Any:
    """The jaxpr inside a parameter of an equation, None if it holds none."""
    value = getattr(value, "jaxpr", value)
    return value if hasattr(value, "eqns") else None
