"""What recurrent cells share: their parameters, their first states, and unrolling in time."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from declax import symbol
from declax.errors import UsageError
from declax.symbol import Symbol

Arrays = dict[str, Any]
"""Weights by name: NDArrays, numpy or JAX arrays."""


class RNNParams:
    """Variables by name, made when first asked for, so that cells can share them.

    >>> params = RNNParams("enc_")
    >>> params.get("i2h_weight") is params.get("i2h_weight")
    True
    """

    def __init__(self, prefix: str = ""):
        self._prefix = prefix
        self._params: dict[str, Symbol] = {}

    def get(self, name: str, **kwargs: Any) -> Symbol:
        """The variable `<prefix><name>`; `kwargs` go to `Variable` when it is new."""
        name = self._prefix + name
        if name not in self._params:
            self._params[name] = symbol.Variable(name, **kwargs)
        return self._params[name]


class BaseRNNCell:
    """Base of recurrent cells. A cell is called with one step's input and its states, and returns output and states.

    Args:
        prefix: begins the names of the cell's nodes, and of its parameters unless `params` is given.
        params: parameters shared with other cells.
    """

    def __init__(self, prefix: str = "", params: RNNParams | None = None):
        self._own_params = params is None
        self._prefix = prefix
        self._params = RNNParams(prefix) if params is None else params
        self._modified = False
        self.reset()

    def reset(self) -> None:
        """Counts steps and states from zero again, for another graph."""
        self._init_counter = -1
        self._counter = -1
        for cell in getattr(self, "_cells", ()):
            cell.reset()

    def __call__(self, inputs: Symbol, states: Sequence[Symbol]) -> tuple[Symbol, list]:
        """One step: (output, new states)."""
        raise NotImplementedError

    def _step_name(self) -> str:
        """The beginning of the names of this step's nodes, `lstm_t0_` say."""
        self._counter += 1
        return f"{self._prefix}t{self._counter}_"

    @property
    def params(self) -> RNNParams:
        """The cell's parameters; who asks for them shares them."""
        self._own_params = False
        return self._params

    @property
    def state_info(self) -> list[dict[str, Any]]:
        """Shape (0 for the batch size) and layout of every state."""
        raise NotImplementedError

    @property
    def state_shape(self) -> list[tuple[int, ...]]:
        """Shapes of the states."""
        return [info["shape"] for info in self.state_info]

    @property
    def _gate_names(self) -> Sequence[str]:
        return ()

    def _check_unmodified(self) -> None:
        if self._modified:
            raise UsageError(
                "After applying modifier cells (e.g. DropoutCell) the base cell cannot be called directly. "
                "Call the modifier cell instead."
            )

    def begin_state(self, func: Callable[..., Symbol] | None = None, **kwargs: Any) -> list[Symbol]:
        """The states before the first step: `func(name=..., shape=..., ...)` for each, zeros by default.

        `func=sym.Variable` makes them inputs of the graph.
        """
        self._check_unmodified()
        make: Callable[..., Symbol] = symbol.zeros if func is None else func
        states = []
        for info in self.state_info:
            self._init_counter += 1
            kwargs.update(info)
            states.append(make(name=f"{self._prefix}begin_state_{self._init_counter}", **kwargs))
        return states

    def unpack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """A copy of the dict in which the gates' stacked weights and biases stand one by one."""
        args = dict(args)
        if not self._gate_names:
            return args
        h = self._num_hidden
        for group in ("i2h", "h2h"):
            for kind in ("weight", "bias"):
                stacked = args.pop(f"{self._prefix}{group}_{kind}")
                for i, gate in enumerate(self._gate_names):
                    args[f"{self._prefix}{group}{gate}_{kind}"] = stacked[i * h : (i + 1) * h].copy()
        return args

    def pack_weights(self, args: Mapping[str, Any]) -> Arrays:
        """The inverse of `unpack_weights`."""
        args = dict(args)
        if not self._gate_names:
            return args
        for group in ("i2h", "h2h"):
            for kind in ("weight", "bias"):
                parts = [args.pop(f"{self._prefix}{group}{gate}_{kind}") for gate in self._gate_names]
                args[f"{self._prefix}{group}_{kind}"] = concatenate(parts)
        return args

    _num_hidden: int

    def unroll(
        self, length: int, inputs: Any, begin_state: Sequence[Symbol] | None = None, layout: str = "NTC",
        merge_outputs: bool | None = None,
    ) -> tuple[Any, list]:  # fmt: skip
        """The cell over `length` steps: (outputs, states after the last step).

        Args:
            length: number of steps.
            inputs: one symbol of shape (N, T, ...) or (T, N, ...), as `layout` says, or a list of one per step.
            begin_state: states before the first step, `begin_state()` by default.
            merge_outputs: True for one symbol in `layout`, False for a list, None for whatever is at hand.
        """
        self.reset()
        steps, _ = normalize_sequence(length, inputs, layout, False)
        states: Any = self.begin_state() if begin_state is None else begin_state
        outputs = []
        for i in range(length):
            output, states = self(steps[i], states)
            outputs.append(output)
        merged, _ = normalize_sequence(length, outputs, layout, merge_outputs)
        return merged, states

    def _get_activation(self, inputs: Symbol, activation: Any, **kwargs: Any) -> Symbol:
        """An activation by name or by a function of a symbol."""
        if isinstance(activation, str):
            return symbol.Activation(inputs, act_type=activation, **kwargs)
        return activation(inputs, **kwargs)


def normalize_sequence(
    length: int | None, inputs: Any, layout: str, merge: bool | None, in_layout: str | None = None
) -> tuple[Any, int]:
    """A sequence as one symbol (`merge`) or as a list of steps (False), or as it is (None), and the time axis."""
    if inputs is None:
        raise UsageError("unroll(inputs=None) has been deprecated. Please create input variables outside unroll.")
    axis = layout.find("T")
    in_axis = axis if in_layout is None else in_layout.find("T")
    if isinstance(inputs, Symbol):
        if merge is False:
            if len(inputs) != 1:
                raise UsageError(
                    "unroll doesn't allow grouped symbol as input. Please convert to list with list(inputs) first "
                    "or let unroll handle splitting."
                )
            inputs = split_steps(inputs, in_axis, length)
    else:
        if length is not None and len(inputs) != length:
            raise UsageError(f"{len(inputs)} inputs for {length} steps")
        if merge is True:
            inputs = symbol.Concat(*(symbol.expand_dims(i, axis=axis) for i in inputs), dim=axis)
            in_axis = axis
    if isinstance(inputs, Symbol) and axis != in_axis:
        inputs = symbol.swapaxes(inputs, dim1=axis, dim2=in_axis)
    return inputs, axis


def split_steps(sequence: Symbol, axis: int, length: Any, split: Any = None) -> list[Symbol]:
    """The steps of a sequence, each without the time axis."""
    return list((split or symbol.split)(sequence, axis=axis, num_outputs=length, squeeze_axis=1))


def concatenate(parts: Sequence[Any]) -> Any:
    """Arrays joined along the first axis, in the kind of array that they are."""
    if all(isinstance(p, np.ndarray) for p in parts):
        return np.concatenate(parts)
    from declax import ndarray

    if all(isinstance(p, ndarray.NDArray) for p in parts):
        return ndarray.concatenate(parts)
    import jax.numpy as jnp

    return jnp.concatenate(parts)
