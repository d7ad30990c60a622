"""Stacking many arrays and taking stacks apart again, cheap to compile.

XLA's CPU backend compiles a kernel for every slice at another constant place: the gradients of some hundred stacked
weights then take longer to compile than the loop over them. Slices whose place is a run-time value share one kernel,
so `unstack` takes its places from a conditional that the compiler cannot see through. Both operations are linear and
each is the transpose of the other.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

_FEW = 4
"""So few slices are not worth a conditional."""


def stack(groups: Sequence[Sequence[Array]]) -> list[Array]:
    """For each group of n arrays of one shape and type the array (n, ...) of them; n is the same for all groups."""
    if not groups:
        return []
    return _stack_p.bind(*(x for group in groups for x in group), count=len(groups[0]))


def unstack(stacks: Sequence[Array]) -> list[list[Array]]:
    """For each array (n, ...) the list of its n parts; n is the same for all."""
    if not stacks:
        return []
    count = stacks[0].shape[0]
    flat = _unstack_p.bind(*stacks, count=count)
    return [flat[i : i + count] for i in range(0, len(flat), count)]


def _stacks(*arrays: Array, count: int) -> list[Array]:
    return [jnp.stack(arrays[i : i + count]) for i in range(0, len(arrays), count)]


def _parts(*stacks: Array, count: int) -> list[Array]:
    return [lax.index_in_dim(x, i, 0, keepdims=False) for x in stacks for i in range(count)]


def _parts_at_places(*stacks: Array, count: int) -> list[Array]:
    """`_parts` with places that are known at run time only."""
    if count <= _FEW or any(x.size == 0 for x in stacks):
        return _parts(*stacks, count=count)
    places = _places(stacks[0], count)
    zero = jnp.int32(0)
    found = []
    for x in stacks:
        for i in places:
            start, sizes = [i, *(zero for _ in x.shape[1:])], (1, *x.shape[1:])
            found.append(lax.squeeze(lax.dynamic_slice(x, start, sizes, allow_negative_indices=False), (0,)))
    return found


def _places(x: Array, count: int) -> list[Array]:
    """0, 1, ..., count - 1, for all that the compiler knows decided by x."""
    bits = lax.bitcast_convert_type(lax.index_in_dim(x.reshape(-1), 0, 0, False).astype(jnp.float32), jnp.int32)
    one = jnp.int32(1)
    nothing = lax.shift_right_logical(lax.shift_right_logical(bits, jnp.int32(31)), one)
    return lax.cond(nothing == 0, lambda z: [jnp.int32(i) for i in range(count)], lambda z: [z] * count, nothing)


def _stack_shapes(*avals: Any, count: int) -> list[ShapedArray]:
    return [ShapedArray((count, *a.shape), a.dtype) for a in avals[::count]]


def _unstack_shapes(*avals: Any, count: int) -> list[ShapedArray]:
    return [ShapedArray(a.shape[1:], a.dtype) for a in avals for _ in range(count)]


def _linear(name: str, shapes: Any, function: Any) -> Primitive:
    primitive = Primitive(name)
    primitive.multiple_results = True
    primitive.def_abstract_eval(shapes)
    primitive.def_impl(jax.jit(function, static_argnames="count"))
    mlir.register_lowering(primitive, mlir.lower_fun(function, multiple_results=True))
    return primitive


_stack_p = _linear("declax_stack", _stack_shapes, _stacks)
_unstack_p = _linear("declax_unstack", _unstack_shapes, _parts)
mlir.register_lowering(_unstack_p, mlir.lower_fun(_parts_at_places, multiple_results=True), platform="cpu")


def _given(cotangents: Sequence[Any]) -> list[Array]:
    return [ad.instantiate_zeros(ct) for ct in cotangents]


ad.deflinear2(_stack_p, lambda cts, *_, count: _unstack_p.bind(*_given(cts), count=count))
ad.deflinear2(_unstack_p, lambda cts, *_, count: _stack_p.bind(*_given(cts), count=count))


def _in_front(arrays: Sequence[Any], dims: Sequence[int | None]) -> list[Array]:
    """The arrays with their batches on the first axis, those without one repeated."""
    size = next(x.shape[d] for x, d in zip(arrays, dims, strict=True) if d is not None)
    return [
        jnp.broadcast_to(x, (size, *x.shape)) if d is None else jnp.moveaxis(x, d, 0)
        for x, d in zip(arrays, dims, strict=True)
    ]


def _batched_stack(arrays: Sequence[Any], dims: Sequence[Any], *, count: int) -> tuple[list[Array], list[int]]:
    found = _stack_p.bind(*_in_front(arrays, dims), count=count)
    return found, [1] * len(found)


def _batched_unstack(arrays: Sequence[Any], dims: Sequence[Any], *, count: int) -> tuple[list[Array], list[int]]:
    found = _unstack_p.bind(*(jnp.moveaxis(x, 0, 1) for x in _in_front(arrays, dims)), count=count)
    return found, [0] * len(found)


batching.primitive_batchers[_stack_p] = _batched_stack
batching.primitive_batchers[_unstack_p] = _batched_unstack
