"""NumPy's operators that keep the elements and change their places: reshape, transpose, flip, pad ..."""

from collections.abc import Sequence
from math import prod
from typing import Literal

import jax.numpy as jnp
from jax import lax

from declax import rules
from declax.attrs import attr
from declax.ops import pointwise as p
from declax.ops.axes import canonical_axes
from declax.ops.np.common import Axes, once_known
from declax.registry import Tensor, op
from declax.rules import Shapes, assign
from declax.shapes import PartialShape, Shape, ShapeConflict, show, size

# -- reshape -------------------------------------------------------------------------------------------------------


def _cannot(shape: PartialShape, target: Sequence[int | None]) -> ShapeConflict:
    return ShapeConflict(f"Cannot reshape array of size {size(shape)} into shape {show(tuple(target))}")


def _solved(count: int, target: tuple[int | None, ...], source: PartialShape) -> tuple[int | None, ...]:
    """`target` with its unknown dimension found from a number of elements; more than one unknown stays so."""
    if target.count(None) > 1:
        return target
    rest = prod(d for d in target if d is not None)
    if None not in target:
        if rest != count:
            raise _cannot(source, target)
        return target
    if rest == 0 or count % rest:
        raise _cannot(source, target)
    return tuple(count // rest if d is None else d for d in target)


def _reshape_target(newshape: Shape) -> tuple[int | None, ...]:
    """The dimensions with None for the one to be inferred."""
    if any(d < -1 for d in newshape):
        raise ShapeConflict("The shape dimension size to inferred must be -1")
    if newshape.count(-1) > 1:
        raise ShapeConflict("Can only specify one unknown dimension")
    return tuple(None if d == -1 else d for d in newshape)


def _reshape_rule(ins: Shapes, outs: Shapes, newshape) -> None:
    target, data = _reshape_target(newshape), ins[0]
    count = size(data)
    assign(outs, 0, target if count is None else _solved(count, target, data))
    count = size(outs[0])
    if data is not None and None in data and count is not None:
        assign(ins, 0, _solved(count, data, outs[0]))


@op(shape=_reshape_rule)
def _np_reshape(a: Tensor, *, newshape: Shape = attr(), order: str = "C"):
    """The same elements in another shape.

    Shapes: a (any) -> newshape, in which one -1 stands for what is left; an unknown size of a is solved for. `order` is
    accepted, and as in MXNet only "C" means anything.
    """
    return a.reshape(newshape)


def _split_dim(whole: int, left: int, right: int) -> tuple[int, int]:
    """The two factors that code -6 splits a dimension into."""
    if left == -1 and right == -1:
        raise ShapeConflict("Split dims cannot both be -1.")
    left, right = (whole // right if left == -1 else left), (whole // left if right == -1 else right)
    if left * right != whole:
        raise ShapeConflict(f"Split dims {left}, {right} do not divide original dim {whole}")
    return left, right


def _coded_target(codes: Shape, dims: Shape) -> Shape:
    """The dimensions that npx.reshape's codes -1 to -6 stand for."""
    out: list[int | None] = []
    source, i = 0, 0

    def take() -> int:
        nonlocal source
        if source >= len(dims):
            raise ShapeConflict(f"newshape={codes} asks for more dimensions than {show(dims)} has")
        source += 1
        return dims[source - 1]

    while i < len(codes):
        code = codes[i]
        if code == -2:
            out.append(take())
        elif code == -3:
            if take() != 1:
                raise ShapeConflict("-3 index should only be used to skip dimension size 1")
        elif code == -4:
            out += dims[source:]
            source = len(dims)
        elif code == -5:
            out.append(take() * take())
        elif code == -6:
            if i + 2 >= len(codes):
                raise ShapeConflict(f"newshape={codes}: -6 needs two dimensions after it")
            out += _split_dim(take(), codes[i + 1], codes[i + 2])
            i += 2
        else:
            out.append(None if code == -1 else code)
            source += 1
        i += 1
    return _solved(prod(dims), tuple(out), dims)  # pyright: ignore[reportReturnType]


def _npx_target(a: Shape, newshape: Shape, reverse: bool) -> Shape:
    """npx.reshape's output shape."""
    if any(d < -6 for d in newshape):
        raise ShapeConflict("Dimension size must be greater than or equal to -6")
    if newshape.count(-1) > 1 and -6 not in newshape:
        raise ShapeConflict("Can only specify one unknown dimension")
    step = -1 if reverse else 1
    return _coded_target(newshape[::step], a[::step])[::step]


@once_known
def _npx_reshape_rule(a: Shape, *, newshape, reverse) -> Shape:
    return _npx_target(a, newshape, reverse)


@op(aliases=("_npi_reshape",), shape=_npx_reshape_rule)
def _npx_reshape(a: Tensor, *, newshape: Shape = attr(), reverse: bool = False, order: str = "C"):
    """The same elements in another shape, with codes for dimensions of the input.

    Shapes: a (any) -> newshape, where -1 is what is left of the elements, -2 copies the next input dimension, -3 skips
    one of size 1, -4 copies all that remain, -5 multiplies the next two and -6 splits the next one into the two numbers
    that follow. `reverse` matches from the right. `order` is accepted; only "C" means anything.
    """
    return a.reshape(_npx_target(a.shape, newshape, reverse))


@once_known
def _squeeze_rule(a: Shape, *, axis) -> Shape:
    return _squeezed(a, axis)


def _squeezed(a: Shape, axis: Axes) -> Shape:
    if not a:
        if axis:
            canonical_axes(axis, 1)
        return ()
    if axis is None:
        return tuple(d for d in a if d != 1)
    gone = canonical_axes(axis, len(a))
    for i in gone:
        if a[i] != 1:
            raise ShapeConflict(f"cannot select an axis to squeeze out which has size={a[i]} not equal to one")
    return tuple(d for i, d in enumerate(a) if i not in gone)


@op(shape=_squeeze_rule)
def _np_squeeze(a: Tensor, *, axis: Axes = None):
    """Removes axes of size 1, all of them or those in `axis`.

    Shapes: a (any) -> the dimensions that stay, () when none does.
    """
    return a.reshape(_squeezed(a.shape, axis))


def _atleast(shape: tuple[int | None, ...], rank: int) -> tuple[int | None, ...]:
    """A shape of at least `rank` dimensions; in three a vector lies in the middle, a matrix in front."""
    if len(shape) >= rank:
        return shape
    if rank == 3 and len(shape) == 2:
        return (*shape, 1)
    if rank == 3 and len(shape) == 1:
        return (1, shape[0], 1)
    return (*(1,) * (rank - len(shape)), *shape)


def _register_atleast(rank: int) -> None:
    """np.atleast_1d, 2d or 3d of any number of arrays."""

    def rule(ins: Shapes, outs: Shapes) -> None:
        for i, s in enumerate(ins):
            if s is not None:
                assign(outs, i, _atleast(s, rank))

    def body(*arys: Tensor, num_args: int = attr(ge=1)):
        return tuple(lax.stop_gradient(x).reshape(_atleast(x.shape, rank)) for x in arys)

    body.__name__ = body.__qualname__ = f"_np_atleast_{rank}d"
    body.__doc__ = (
        f"Each array with at least {rank} dimension{'s' * (rank > 1)}; no gradient, as in MXNet.\n\nShapes: n arrays "
        "(any) -> n arrays with axes of size 1 added where needed; all have one type."
    )
    op(
        num_args="num_args",
        arguments=lambda num_args: tuple(f"ary{i}" for i in range(num_args)),
        outputs=lambda num_args: num_args,
        shape=rule,
        auto_create=False,
    )(body)


for _rank in (1, 2, 3):
    _register_atleast(_rank)


# -- axes ----------------------------------------------------------------------------------------------------------


def _permutation(axes: Shape | None, rank: int) -> Shape:
    if axes is None:
        return tuple(reversed(range(rank)))
    if len(axes) != rank:
        raise ShapeConflict(f"The number of axes does not match the dimension of the tensor. axes = {axes}")
    return canonical_axes(axes, rank)


def _transpose_rule(ins: Shapes, outs: Shapes, axes) -> None:
    known = ins[0] if ins[0] is not None else outs[0]
    if known is None:
        return
    order = _permutation(axes, len(known))
    if ins[0] is not None:
        assign(outs, 0, tuple(ins[0][i] for i in order))
    if outs[0] is not None:
        back = sorted(range(len(order)), key=order.__getitem__)
        assign(ins, 0, tuple(outs[0][i] for i in back))


@op(shape=_transpose_rule)
def _np_transpose(a: Tensor, *, axes: Shape | None = None):
    """The axes in another order, reversed by default.

    Shapes: a (d_0, ..., d_n) -> (d_axes[0], ..., d_axes[n]), inferred in both directions.
    """
    return jnp.transpose(a, _permutation(axes, a.ndim))


def _moved(source: Shape, destination: Shape, rank: int) -> Shape:
    """The order of axes after those of `source` went to the places `destination`."""
    if len(source) != len(destination):
        raise ShapeConflict("source and destination not equal.")
    at, to = canonical_axes(source, rank), canonical_axes(destination, rank)
    rest = iter(i for i in range(rank) if i not in at)
    places = dict(zip(to, at, strict=True))
    return tuple(places[i] if i in places else next(rest) for i in range(rank))


def _moveaxis_rule(ins: Shapes, outs: Shapes, source, destination) -> None:
    if ins[0] is not None:
        assign(outs, 0, tuple(ins[0][i] for i in _moved(source, destination, len(ins[0]))))


@op(shape=_moveaxis_rule, needs_shape=True)
def _np_moveaxis(a: Tensor, *, source: Shape = attr(), destination: Shape = attr()):
    """Moves the axes `source` to the places `destination`; the others keep their order.

    Shapes: a (any) -> the same dimensions in another order.
    """
    return jnp.transpose(a, _moved(source, destination, a.ndim))


def _roll_rule(ins: Shapes, outs: Shapes, shift, axis) -> None:
    if shift is None:
        raise ShapeConflict("roll missing 1 required positional argument: 'shift'.")
    if axis is None and len(shift) > 1:
        raise ShapeConflict("shift must be an int.")
    if axis is not None and len(shift) > 1 and len(shift) != len(axis):
        raise ShapeConflict("shift and `axis` must be a tuple of the same size.")
    if axis is not None:
        if ins[0] is None:
            raise ShapeConflict("the number of dimensions must be known here to roll along an axis")
        canonical_axes(axis, len(ins[0]))
    rules.same_shape(ins, outs)


@op(shape=_roll_rule)
def _np_roll(data: Tensor, *, shift: Axes = None, axis: Axes = None):
    """Moves the elements on by `shift` along each `axis`, or along the flattened array; the last come back in front.

    Shapes: data of any shape -> the same, inferred in both directions. `shift` must be given.
    """
    assert shift is not None
    if axis is None:
        return jnp.roll(data, shift[0] if shift else 0)
    return jnp.roll(data, shift if len(shift) > 1 else shift * len(axis), axis)


@op(shape=rules.same_shape)
def _npi_flip(data: Tensor, *, axis: Axes = attr()):
    """The elements in reverse order along each `axis`, along all axes when it is None.

    Shapes: data of any shape -> the same, inferred in both directions.
    """
    return jnp.flip(data, axis)


def _rotation_axes(axes: Axes, rank: int) -> tuple[int, int]:
    if axes is None or len(axes) != 2:
        raise ShapeConflict("The length of axes must be 2.")
    a, b = canonical_axes(axes, rank)
    return a, b


def _rot90_rule(ins: Shapes, outs: Shapes, k, axes) -> None:
    if ins[0] is None:
        return
    a, b = _rotation_axes(axes, len(ins[0]))
    shape = list(ins[0])
    if k % 2:
        shape[a], shape[b] = shape[b], shape[a]
    assign(outs, 0, tuple(shape))


@op(shape=_rot90_rule, needs_shape=True)
def _npi_rot90(data: Tensor, *, k: int = 1, axes: Axes = None):
    """Turns the plane of two `axes`, which must be given, by k right angles from the first to the second.

    Shapes: data (..., d_a, ..., d_b, ...) -> the same, with the two exchanged for odd k.
    """
    return jnp.rot90(data, k, _rotation_axes(axes, data.ndim))


def _broadcast_target(array: Shape, shape: Shape) -> Shape:
    """The shape with -2 replaced by the array's dimension at the same place, counted from the right."""
    if len(array) > len(shape):
        raise ShapeConflict(f"shape {show(array)} is not broadcastable to {show(shape)}")
    before = len(shape) - len(array)
    target = tuple(array[i - before] if d == -2 and i >= before else d for i, d in enumerate(shape))
    if any(d not in (1, t) for d, t in zip(array, target[before:], strict=True)):
        raise ShapeConflict(f"shape {show(array)} is not broadcastable to {show(target)}")
    if any(d < 0 for d in target):
        raise ShapeConflict("the objective shape for broadcasting array must be known")
    return target


@once_known
def _broadcast_to_rule(array: Shape, *, shape) -> Shape:
    return _broadcast_target(array, shape)


@op(shape=_broadcast_to_rule)
def _npi_broadcast_to(array: Tensor, *, shape: Shape = ()):
    """Repeats the array along new axes in front and along its axes of size 1 until it has `shape`.

    Shapes: array (any) -> shape; -2 in it keeps the dimension of the array.
    """
    return jnp.broadcast_to(array, _broadcast_target(array.shape, shape))


# -- padding -------------------------------------------------------------------------------------------------------


def _widths(rank: int, pad_width: tuple[Shape, ...]) -> list[tuple[int, int]]:
    """(before, after) for each axis; for one axis MXNet's form is ((before,), (after,))."""
    if rank == 1 and len(pad_width) == 2:
        return [(pad_width[0][0], pad_width[1][0])]
    if len(pad_width) != rank or any(len(w) != 2 for w in pad_width):
        raise ShapeConflict(f"pad_width={pad_width} must have two numbers for each of {rank} axes")
    return [(before, after) for before, after in pad_width]


def _pad_rule(ins: Shapes, outs: Shapes, pad_width) -> None:
    if ins[0] is not None:
        widths = _widths(len(ins[0]), pad_width)
        assign(outs, 0, tuple(None if d is None else d + sum(w) for d, w in zip(ins[0], widths, strict=True)))


@op(shape=_pad_rule)
def _npi_pad(
    data: Tensor,
    *,
    pad_width: tuple[Shape, ...] = attr(),
    mode: Literal["constant", "edge", "maximum", "minimum", "reflect", "symmetric"] = "constant",
    constant_value: float = 0.0,
    reflect_type: str = "even",
):
    """Adds elements before and after along each axis: a constant, the edge, a reflection, or an axis' extremum.

    Shapes: data (d_0, ..., d_n) -> (d_i + before_i + after_i, ...) with `pad_width` ((before_0, after_0), ...). The
    gradient of every mode is that of its definition; MXNet has only that of "constant". `reflect_type` other than
    "even" means nothing, as in MXNet.
    """
    widths = _widths(data.ndim, pad_width)
    if mode == "constant":
        return jnp.pad(data, widths, constant_values=p.constant(constant_value, data.dtype))
    return jnp.pad(data, widths, mode=mode)
