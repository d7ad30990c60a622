"""Arithmetic, comparison and logic on arrays of one shape and one type: elemwise_add, _maximum, _equal, add_n ..."""

from collections.abc import Callable
from functools import reduce

from declax import rules
from declax.attrs import attr
from declax.ops import pointwise as p
from declax.registry import Tensor, op


def _register(name: str, aliases: str, function: Callable, sentence: str, loss: bool = False) -> None:
    """One operator on two arrays of the same shape and type."""

    def body(lhs: Tensor, rhs: Tensor):
        return function(lhs, rhs)

    body.__name__ = body.__qualname__ = name
    body.__doc__ = (
        f"{sentence}\n\nShapes: lhs, rhs and the output have one shape, inferred in every direction, and one type."
    )
    op(name, aliases=aliases.split(), loss=loss, shape=rules.same_shape)(body)


_TABLE: tuple[tuple[str, str, Callable, str], ...] = (
    ("elemwise_add", "_Plus _add _plus _sparse_elemwise_add", p.add, "lhs + rhs, element by element."),
    ("elemwise_sub", "_Minus _minus _sparse_elemwise_sub _sub", p.subtract, "lhs - rhs, element by element."),
    ("elemwise_mul", "_Mul _mul _sparse_elemwise_mul", p.multiply, "lhs * rhs, element by element."),
    ("elemwise_div", "_Div _div _sparse_elemwise_div", p.divide, "lhs / rhs; whole numbers are cut towards zero."),
    ("_scatter_elemwise_div", "", p.divide, "lhs / rhs; MXNet's sparse variant, dense here."),
    ("_grad_add", "", p.add, "lhs + rhs, with which MXNet sums gradients."),
    ("_mod", "_Mod", p.mod, "The remainder of lhs / rhs with the sign of rhs, 0 where rhs is 0."),
    ("_power", "_Power", p.power, "lhs to the power of rhs."),
    ("_hypot", "_Hypot", p.hypot, "sqrt(lhs^2 + rhs^2), without overflow."),
    ("_maximum", "_Maximum", p.maximum, "The larger of lhs and rhs; the gradient of a tie goes to lhs."),
    ("_minimum", "_Minimum", p.minimum, "The smaller of lhs and rhs; the gradient of a tie goes to lhs."),
)

_TRUTHS: tuple[tuple[str, str, Callable, str], ...] = (
    ("_equal", "_Equal", p.equal, "lhs == rhs"),
    ("_not_equal", "_Not_Equal", p.not_equal, "lhs != rhs"),
    ("_greater", "_Greater", p.greater, "lhs > rhs"),
    ("_greater_equal", "_Greater_Equal", p.greater_equal, "lhs >= rhs"),
    ("_lesser", "_Lesser", p.lesser, "lhs < rhs"),
    ("_lesser_equal", "_Lesser_Equal", p.lesser_equal, "lhs <= rhs"),
    ("_logical_and", "_Logical_And", p.logical_and, "both are not 0"),
    ("_logical_or", "_Logical_Or", p.logical_or, "one of them is not 0"),
    ("_logical_xor", "_Logical_Xor", p.logical_xor, "exactly one of them is not 0"),
)

for _row in _TABLE:
    _register(*_row)
for _name, _aliases, _function, _what in _TRUTHS:
    _sentence = f"1 where {_what} and 0 elsewhere, in the type of the inputs; no gradient."
    _register(_name, _aliases, _function, _sentence, loss=True)


@op(
    aliases=("ElementWiseSum", "_sparse_ElementWiseSum", "_sparse_add_n"),
    shape=rules.same_shape,
    num_args="num_args",
)
def add_n(*args: Tensor, num_args: int = attr(ge=1)):
    """The sum of any number of arrays.

    Shapes: all arrays and the output have one shape, inferred in every direction, and one type.
    """
    return reduce(p.add, args)
