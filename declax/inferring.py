"""What a Symbol is asked about shapes and types: `infer_shape`, `infer_type` and their partial forms."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from declax import graph, shapes
from declax.errors import ComposeError, nearest
from declax.graph import Entry, Node
from declax.util import is_np_shape


class Inferring:
    """Shape and type inference for the outputs of a graph; infer.py does it."""

    __slots__ = ()

    if TYPE_CHECKING:
        _heads: list[Entry]
        _inferred: Any

        def list_arguments(self) -> list[str]: ...
        def list_inputs(self) -> list[str]: ...

    def infer_shape(self, *args: Any, **kwargs: Any) -> tuple:
        """Shapes of arguments, outputs and auxiliary states from some known shapes; (None, None, None) when too few.

        Args:
            args: shapes of the arguments in their order, None for an unknown one.
            kwargs: shapes by argument name. An unknown dimension is 0.

        Raises:
            InferenceError: the shapes contradict each other; the message names the node.

        >>> sym.FullyConnected(Variable("x"), num_hidden=3, name="fc").infer_shape(x=(5, 2))
        ([(5, 2), (3, 2), (3,)], [(5, 3)], [])
        """
        result = self._infer_shape(args, kwargs)
        if not result.complete:
            unknown = [
                n for n, s in zip(self.list_arguments(), result.arguments, strict=True) if not shapes.is_complete(s)
            ]
            more = "" if len(unknown) <= 10 else f" and {len(unknown) - 10} more"
            warnings.warn(
                f"Cannot decide shape for the following arguments: {', '.join(unknown[:10])}{more}. "
                "Consider providing them as input, or ask declax.explain_shape why.",
                stacklevel=2,
            )
            return None, None, None
        return result.public()

    def infer_shape_partial(self, *args: Any, **kwargs: Any) -> tuple:
        """`infer_shape` that returns what is known: `()` for an unknown shape, 0 for an unknown dimension."""
        return self._infer_shape(args, kwargs).public()

    def _infer_shape(self, args: Sequence, kwargs: Mapping[str, Any]) -> Any:
        from declax import infer

        if args and kwargs:
            raise ValueError("Can only specify known argument shapes either by positional or kwargs way.")
        given = (*enumerate(args), *kwargs.items())
        for key, value in given:
            if not isinstance(value, tuple) and not (args and value is None):
                raise TypeError(f"Arguments need to be shapes (tuple), but '{key}' is {type(value)}.")
        asked = (graph.changes(), is_np_shape(), *((k, shapes.from_public(s)) for k, s in given))
        kept = self._inferred
        if kept is None or kept[0] != asked:
            order = graph.topological(self._heads)
            known = self._by_name(args, kwargs, "InferShape", order)
            kept = self._inferred = asked, infer.infer_shapes(self._heads, known, order=order)
        return kept[1]

    def _by_name(
        self, args: Sequence, kwargs: Mapping[str, Any], where: str, order: Sequence[Node] | None = None
    ) -> dict[str, Any]:
        if args:
            names = self.list_arguments()
            if len(args) > len(names):
                raise ComposeError(f"{where}: {len(args)} values for {len(names)} arguments {names}")
            return {n: v for n, v in zip(names, args, strict=False) if v is not None}
        names = {n.name for n in (graph.topological(self._heads) if order is None else order) if n.op is None}
        for key in kwargs:
            if key not in names:
                raise ComposeError(
                    f"{where}: Keyword argument name {key} not found{nearest(key, names)}\nCandidate arguments:"
                    + "".join(f"\n\t[{i}]{n}" for i, n in enumerate(self.list_inputs()))
                )
        return dict(kwargs)

    def infer_type(self, *args: Any, **kwargs: Any) -> tuple:
        """Element types of arguments, outputs and auxiliary states; (None, None, None) when too few are known.

        Types are given by argument name, as anything `numpy.dtype` accepts, and returned as numpy's scalar classes.

        >>> Variable("x").astype("float16").infer_type(x="float32")
        ([<class 'numpy.float32'>], [<class 'numpy.float16'>], [])
        """
        result = self._infer_type(args, kwargs)
        if not result.complete:
            unknown = [n for n, t in zip(self.list_arguments(), result.arguments, strict=True) if t is None]
            warnings.warn(
                f"Cannot decide type for the following arguments: {', '.join(unknown[:10])}. "
                "Consider providing them as input.",
                stacklevel=2,
            )
            return None, None, None
        return result.public_types()

    def infer_type_partial(self, *args: Any, **kwargs: Any) -> tuple:
        """`infer_type` that returns what is known, None for an unknown type."""
        return self._infer_type(args, kwargs).public_types()

    def _infer_type(self, args: Sequence, kwargs: Mapping[str, Any]) -> Any:
        from declax import infer

        if args:
            raise ComposeError("types are given by argument name: infer_type(data='float32')")
        known = {k: infer.as_dtype(v) for k, v in self._by_name((), kwargs, "InferType").items() if v is not None}
        return infer.infer_types(self._heads, known)
