"""How a Symbol is run: `bind`, `simple_bind`, `eval`, and MXNet's backends, of which XLA is the only one here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from declax.errors import DeclaxError

if TYPE_CHECKING:
    from declax.context import Context
    from declax.executor import Executor
    from declax.symbol import Symbol


class Running:
    """Executors over the outputs of a graph; binding.py and executor.py make them when they are asked for."""

    __slots__ = ()

    def simple_bind(
        self, ctx: Context | None = None, grad_req: Any = "write", type_dict: Mapping[str, Any] | None = None,
        stype_dict: Mapping[str, str] | None = None, group2ctx: Mapping[str, Any] | None = None,
        shared_arg_names: Sequence[str] | None = None, shared_exec: Executor | None = None,
        shared_buffer: dict | None = None, **kwargs: Any,
    ) -> Executor:  # fmt: skip
        """An Executor with zero-filled arrays of the inferred shapes; see `declax.binding.simple_bind`."""
        from declax import binding

        return binding.simple_bind(
            self,  # pyright: ignore[reportArgumentType]
            ctx, grad_req, type_dict, group2ctx, shared_arg_names, shared_exec, shared_buffer, kwargs,
        )  # fmt: skip

    def bind(
        self, ctx: Context, args: Any, args_grad: Any = None, grad_req: Any = "write", aux_states: Any = None,
        group2ctx: Mapping[str, Any] | None = None, shared_exec: Executor | None = None,
    ) -> Executor:  # fmt: skip
        """An Executor over the given arrays; see `declax.binding.bind`."""
        from declax import binding

        return binding.bind(
            self,  # pyright: ignore[reportArgumentType]
            ctx, args, args_grad, grad_req, aux_states, group2ctx, shared_exec,
        )  # fmt: skip

    def eval(self, ctx: Context | None = None, **kwargs: Any) -> list:
        """The outputs for the given arrays: `bind` and `forward` in one.

        >>> (Variable("a") * 2).eval(a=nd.array([1.0, 2.0]))[0].asnumpy().tolist()
        [2.0, 4.0]
        """
        from declax.context import current_context

        return self.bind(ctx or current_context(), kwargs).forward()

    def gradient(self, wrt: Sequence[str]) -> Symbol:
        """Not implemented in MXNet either; use an executor's `backward` or `jax.grad` of `declax.lower`."""
        raise DeclaxError("Symbol.gradient does not exist; use Executor.backward, or jax.grad of declax.lower(symbol)")

    def optimize_for(self, backend: str, *args: Any, **kwargs: Any) -> Self:
        """The symbol itself: XLA optimises every graph when it is compiled."""
        return self

    def get_backend_symbol(self, backend: str) -> Self:
        """The symbol itself: XLA optimises every graph when it is compiled."""
        return self

    def as_nd_ndarray(self) -> Self:
        """The symbol itself."""
        return self

    as_np_ndarray = as_nd_ndarray
