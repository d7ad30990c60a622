"""Every error declax raises on purpose, one class a kind.

`MXNetError` is the root so that code written for MXNet (`except mx.base.MXNetError`) keeps working.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class MXNetError(RuntimeError):
    """Root of declax's errors, under the name that MXNet code catches."""


class DeclaxError(MXNetError):
    """An error that declax found itself, as opposed to one that Python or JAX raised."""


class OperatorError(DeclaxError):
    """A call of an operator that cannot be made into a node.

    >>> import declax as dx
    >>> dx.sym.FullyConnected(dx.sym.var("x"), num_hiden=3)
    Traceback (most recent call last):
    declax.errors.OperatorError: ...
    >>> dx.sym.FullyConnected(dx.sym.var("x"), num_hidden=3, name="fc")
    <Symbol fc>
    """


class ComposeError(DeclaxError):
    """A composition that names an input the symbol does not have, or passes a group where one value belongs.

    >>> import declax as dx
    >>> net = dx.sym.relu(dx.sym.var("x"), name="r")
    >>> net(y=dx.sym.var("z"))
    Traceback (most recent call last):
    declax.errors.ComposeError: ...
    >>> net(x=dx.sym.var("z")).list_arguments()
    ['z']
    """


class InferenceError(DeclaxError):
    """Shapes or types that contradict each other.

    >>> import declax as dx
    >>> net = dx.sym.var("a") + dx.sym.var("b")
    >>> net.infer_shape(a=(2, 3), b=(2, 4))
    Traceback (most recent call last):
    declax.errors.InferenceError: ...
    >>> net.infer_shape(a=(2, 3))[1]
    [(2, 3)]
    """


class ShapeError(InferenceError, ValueError):
    """An array that cannot have the shape that was asked for; where MXNet raises ValueError, this is one too.

    >>> import declax as dx
    >>> x = dx.nd.ones((2, 3))
    >>> x.reshape((4,))
    Traceback (most recent call last):
    declax.errors.ShapeError: an array of shape (2, 3) cannot be reshaped to (4,): the numbers of elements differ
    >>> x.reshape((3, 2)).shape
    (3, 2)
    """


class LoadError(DeclaxError):
    """A file or text that is not what its name says; the message says where it goes wrong.

    >>> import declax as dx
    >>> dx.sym.load_json("{}")
    Traceback (most recent call last):
    declax.errors.LoadError: ...
    """


class EditError(DeclaxError):
    """Surgery on a graph that would not leave a working one; the message names what is in the way.

    >>> import declax as dx
    >>> net = dx.sym.relu(dx.sym.var("x"), name="r")
    >>> dx.edit.rename(net, None, {"q": "first"})
    Traceback (most recent call last):
    declax.errors.EditError: ...
    >>> dx.edit.rename(net, None, {"r": "first"})[0]
    <Symbol first>
    """


class BindError(DeclaxError):
    """Arrays that do not fit the graph they are bound to.

    >>> import declax as dx
    >>> net = dx.sym.relu(dx.sym.var("x"))
    >>> net.simple_bind(dx.cpu())
    Traceback (most recent call last):
    declax.errors.BindError: ...
    >>> net.simple_bind(dx.cpu(), x=(2,)).outputs[0].shape
    (2,)
    """


class ContextError(DeclaxError):
    """A device that this process does not have, `gpu()` on a machine without one say."""


class RunError(DeclaxError):
    """A graph that could not be run; the message names the node that failed."""


class RenderError(DeclaxError):
    """A drawing that needs Graphviz's program `dot` where there is none; the source of the drawing is kept."""


class NotImplementedForSymbol(DeclaxError):
    """A Python operation that needs numbers was asked of a Symbol, which has none yet.

    >>> import declax as dx
    >>> bool(dx.sym.var("x"))
    Traceback (most recent call last):
    declax.errors.NotImplementedForSymbol: ...
    """


class UsageError(DeclaxError, AssertionError, ValueError):
    """A call of a cell or an initializer that does not fit it; where MXNet has `assert`, this is an AssertionError.

    >>> import declax as dx
    >>> dx.init.create("xavir")
    Traceback (most recent call last):
    declax.errors.UsageError: xavir is not registered. ...; did you mean 'xavier'?
    >>> dx.init.create("xavier").dumps()
    '["xavier", {"rnd_type": "uniform", "factor_type": "avg", "magnitude": 3}]'
    """


def nearest(word: str, known: Iterable[str]) -> str:
    """`'; did you mean X?'` for the known word nearest to `word`, or nothing when none is near."""
    match = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {match[0]!r}?" if match else ""
