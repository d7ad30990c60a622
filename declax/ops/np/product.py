"""NumPy's products: dot, matmul, tensordot, einsum."""

import jax.numpy as jnp

from declax.attrs import attr
from declax.ops.axes import canonical_axes
from declax.registry import Tensor, op
from declax.rules import Shapes, assign, broadcast_shapes
from declax.shapes import Shape, ShapeConflict, merge_dim, show


def _contract(ins: Shapes, outs: Shapes, left: Shape, right: Shape) -> None:
    """Sums over the axes `left` of the first and `right` of the second input, whose sizes agree."""
    a, b = ins
    assert a is not None
    assert b is not None
    new_a, new_b = list(a), list(b)
    for i, j in zip(left, right, strict=True):
        new_a[i] = new_b[j] = merge_dim(a[i], b[j])
    ins[:] = [tuple(new_a), tuple(new_b)]
    rest = [d for i, d in enumerate(new_a) if i not in left] + [d for j, d in enumerate(new_b) if j not in right]
    assign(outs, 0, tuple(rest))
    known = outs[0]
    assert known is not None
    found = iter(known)
    assign(ins, 0, tuple(None if i in left else next(found) for i in range(len(a))))
    assign(ins, 1, tuple(None if j in right else next(found) for j in range(len(b))))


def _scaled(ins: Shapes, outs: Shapes) -> bool:
    """The rule when one of the inputs is a scalar, which multiplies the other; whether that is so."""
    a, b = ins
    if a is None or b is None or (a and b):
        return False
    other = 1 if not a else 0
    assign(outs, 0, ins[other])
    assign(ins, other, outs[0])
    return True


def _dot_rule(ins: Shapes, outs: Shapes) -> None:
    a, b = ins
    if a is None or b is None or _scaled(ins, outs):
        return
    _contract(ins, outs, (len(a) - 1,), (max(len(b) - 2, 0),))


@op(shape=_dot_rule)
def _np_dot(a: Tensor, b: Tensor):
    """Sums over a's last axis and b's last but one, or only one; a scalar multiplies.

    Shapes: a (..., K), b (..., K, N) -> (..., ..., N); b (K,) -> (...), two vectors (). Sizes are inferred in both
    directions; one type.
    """
    return jnp.dot(a, b)


def _matmul_rule(ins: Shapes, outs: Shapes) -> None:
    a, b = ins
    if a is None or b is None:
        return
    if not a or not b:
        raise ShapeConflict("Multiplication by scalars is not allowed.")
    if len(a) <= 2 and len(b) <= 2:
        _contract(ins, outs, (len(a) - 1,), (max(len(b) - 2, 0),))
        return
    inner = merge_dim(a[len(a) - 1], b[max(len(b) - 2, 0)])
    ins[0] = (*a[:-1], inner)
    ins[1] = (*b[:-2], inner, *b[-1:]) if len(b) > 1 else (inner,)
    batch = broadcast_shapes(a[:-2], b[:-2])
    assert batch is not None
    assign(outs, 0, (*batch, *a[-2:-1], *(b[-1:] if len(b) > 1 else ())))


@op(outputs=("out",), shape=_matmul_rule)
def _npi_matmul(a: Tensor, b: Tensor):
    """Matrix products of the last two axes; the leading ones broadcast, a vector is a row on the left, else a column.

    Shapes: a (..., M, K), b (..., K, N) -> (..., M, N); a vector's own axis is not in the output. Inner sizes are
    inferred in both directions; one type.
    """
    return jnp.matmul(a, b)


def _tensordot_rule(ins: Shapes, outs: Shapes, a_axes_summed, b_axes_summed) -> None:
    a, b = ins
    if a is None or b is None or _scaled(ins, outs):
        return
    if len(a_axes_summed) != len(b_axes_summed):
        raise ShapeConflict(f"{len(a_axes_summed)} axes of a and {len(b_axes_summed)} of b cannot be summed over")
    _contract(ins, outs, canonical_axes(a_axes_summed, len(a)), canonical_axes(b_axes_summed, len(b)))


@op(shape=_tensordot_rule)
def _npi_tensordot(a: Tensor, b: Tensor, *, a_axes_summed: Shape = attr(), b_axes_summed: Shape = attr()):
    """Sums over axes of a and the axes of b that stand at the same places.

    Shapes: a, b (any) -> the other axes of a and then of b, inferred in both directions; a scalar multiplies; one type.
    """
    if not a.ndim or not b.ndim:
        return a * b
    return jnp.tensordot(a, b, (a_axes_summed, b_axes_summed))


def _tensordot_int_rule(ins: Shapes, outs: Shapes, axes) -> None:
    a, b = ins
    if a is None or b is None or _scaled(ins, outs):
        return
    if axes > min(len(a), len(b)) or axes < 0:
        raise ShapeConflict(f"axes={axes} is more than {show(a)} or {show(b)} has")
    _contract(ins, outs, tuple(range(len(a) - axes, len(a))), tuple(range(axes)))


@op(shape=_tensordot_int_rule)
def _npi_tensordot_int_axes(a: Tensor, b: Tensor, *, axes: int = attr()):
    """Sums over the last `axes` axes of a and the first of b.

    Shapes: a (..., K), b (K, ...) -> (..., ...) with K standing for `axes` axes, inferred in both directions; a scalar
    multiplies; one type.
    """
    if not a.ndim or not b.ndim:
        return a * b
    return jnp.tensordot(a, b, axes)


def _labels(subscripts: str, shapes: list[Shape]) -> list[list[str | None]]:
    """For each operand the letter of each axis, None where the ellipsis stands."""
    terms = subscripts.replace(" ", "").split("->")[0].split(",")
    if len(terms) != len(shapes):
        raise ShapeConflict("Number of einsum subscripts must be equal to the number of operands.")
    found = []
    for term, shape in zip(terms, shapes, strict=True):
        before, dots, after = term.partition("...")
        free = len(shape) - len(before) - len(after)
        if free < 0 or (free and not dots):
            raise ShapeConflict(f"Einstein sum subscript {term} does not fit operand {show(shape)}")
        found.append([*before, *[None] * free, *after])
    return found


@op(num_args="num_args", auto_create=False)
def _npi_einsum(*data: Tensor, num_args: int = attr(ge=1), subscripts: str = "", optimize: int = 0):
    """Einstein's summation over the axes that `subscripts` names, "ij,jk->ik" say.

    Shapes: arrays with one axis for each letter -> one axis for each letter behind the arrow, or for each letter that
    occurs once; a size of 1 broadcasts. One type. `optimize` is accepted; the order of products is always chosen.
    """
    labels = _labels(subscripts, [x.shape for x in data])
    sizes: dict[str, int] = {}
    for term, x in zip(labels, data, strict=True):
        for letter, d in zip(term, x.shape, strict=True):
            if letter is not None and sizes.setdefault(letter, d) == 1:
                sizes[letter] = d
    full = [
        jnp.broadcast_to(x, [d if s is None else sizes[s] for s, d in zip(term, x.shape, strict=True)])
        for term, x in zip(labels, data, strict=True)
    ]
    return jnp.einsum(subscripts.replace(" ", ""), *full)
