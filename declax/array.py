"""NDArray: an array with MXNet's imperative interface over an immutable `jax.Array`.

Writing (`x[:] = v`, `x += v`, an executor's results) replaces the array inside the object, so everybody who holds
the object sees it. Basic slices and reshapes are views that write through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Number
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from declax import context as contexts
from declax import imperative
from declax.arithmetic import Arithmetic, Row, as_scalar, is_number
from declax.context import Context, current_context
from declax.errors import InferenceError, RunError, ShapeError, UsageError
from declax.frontend import Namespaces, install_fluent
from declax.infer import as_dtype
from declax.lower import needs_x64
from declax.registry import lookup
from declax.util import is_np_shape

if TYPE_CHECKING:
    from declax._nd import Methods
else:
    Methods = object


class NDArray(Arithmetic, Methods):
    """An n-dimensional array on one device.

    >>> x = nd.zeros((2, 3))
    >>> x[0] = 5
    >>> x.asnumpy().tolist()
    [[5.0, 5.0, 5.0], [0.0, 0.0, 0.0]]
    """

    __slots__ = ("__weakref__", "_array", "_base", "_context", "_lazy", "_read", "_spec", "_write_through")
    __array_priority__ = 1000.0

    def __init__(self, array: Any, ctx: Context | None = None):
        self._array = array
        self._context = ctx
        self._lazy: Callable[[], None] | None = None
        self._spec: Any = None
        self._base: NDArray | None = None

    # -- the array inside --------------------------------------------------------------------------------------

    @property
    def data(self) -> jax.Array:
        """The `jax.Array` that this object holds now."""
        if self._base is not None:
            return self._read(self._base.data)
        if self._lazy is not None:
            self._lazy()
        return self._array

    def set_data(self, array: jax.Array) -> None:
        """Puts another `jax.Array` of the same shape inside; views write through to their base."""
        if self._base is not None:
            self._base.set_data(self._write_through(self._base.data, array))
            return
        if self._lazy is not None:
            self._lazy()
        self._array = array

    def set_lazy(self, resolve: Callable[[], None], spec: Any) -> None:
        """Leaves the values to `resolve`, which calls `set_lazy_data`; `spec` has the shape and dtype until then."""
        self._lazy, self._spec = resolve, spec

    def set_lazy_data(self, array: jax.Array) -> None:
        """Puts in the array that `set_lazy` promised."""
        self._array, self._lazy = array, None

    def _described(self) -> Any:
        """What has the shape and dtype, without computing values that nobody asked for yet."""
        return self._spec if self._lazy is not None and self._spec is not None else self.data

    def _view(self, read: Callable, write: Callable) -> NDArray:
        view = NDArray(None, self._context)
        view._base, view._read, view._write_through = self, read, write
        return view

    # -- description -------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Dimensions."""
        return tuple(self._described().shape)

    @property
    def dtype(self) -> Any:
        """The element type as numpy's scalar class."""
        return np.dtype(self._described().dtype).type

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self._described().shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self._described().shape))

    @property
    def context(self) -> Context:
        """The device."""
        if self._context is None:
            self._context = contexts.context_of(next(iter(self.data.devices())))
        return self._context

    ctx = context

    @property
    def stype(self) -> str:
        """Storage type; arrays are always dense."""
        return "default"

    @property
    def T(self) -> NDArray:
        """The transposed array."""
        return self if self.ndim < 2 else self.transpose()

    def __repr__(self) -> str:
        dims = "x".join(map(str, self.shape))
        return f"\n{self.asnumpy()!s}\n<{type(self).__name__} {dims} @{self.context}>"

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray]:
        return (self[i] for i in range(len(self)))

    # -- to and from numpy -------------------------------------------------------------------------------------

    def asnumpy(self) -> np.ndarray:
        """A fresh, writable numpy array with the values; waits for them."""
        return np.array(self.data)

    def asscalar(self) -> Any:
        """The only element, as a numpy scalar."""
        if self.size != 1:
            raise ValueError(f"The current array is not a scalar: it has shape {self.shape}")
        return self.asnumpy().reshape(())[()]

    item = asscalar

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.asnumpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.data.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        array: Any = self.data  # jax's stubs do not know the method
        return array.__dlpack_device__()

    def __jax_array__(self) -> jax.Array:
        return self.data

    def __bool__(self) -> bool:
        if self.size > 1:
            raise ValueError("The truth value of an NDArray with multiple elements is ambiguous.")
        return self.size == 1 and bool(self.asscalar())

    def __float__(self) -> float:
        return float(self.asscalar())

    def __int__(self) -> int:
        return int(self.asscalar())

    def __index__(self) -> int:
        if self.data.dtype.kind not in "iu":
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(self.asscalar())

    def __reduce__(self) -> tuple:
        return _from_pickle, (self.asnumpy(), str(self.data.dtype))

    def __hash__(self) -> int:
        return id(self)

    # -- copies and devices ------------------------------------------------------------------------------------

    def wait_to_read(self) -> None:
        """Returns once the values are computed."""
        jax.block_until_ready(self.data)

    wait_to_write = wait_to_read

    def copy(self) -> NDArray:
        """A new array with the same values on the same device."""
        return NDArray(self.data, self._context)

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Copies the values into another array, or into a new one on a device."""
        if isinstance(other, NDArray):
            if other.shape != self.shape:
                raise RunError(f"copyto needs arrays of one shape, got {self.shape} and {other.shape}")
            other[:] = self
            return other
        if not isinstance(other, Context):
            raise TypeError(f"copyto does not support type {type(other)}")
        return NDArray(jax.device_put(self.data, other.jax_device()), other)

    def as_in_context(self, context: Context) -> NDArray:
        """This array if it is on that device, else a copy there."""
        return self if self.context == context else self.copyto(context)

    as_in_ctx = as_in_context

    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        """The values as another type; this array itself when `copy` is false and the type is the same."""
        wanted = as_dtype(dtype)
        if not copy and self.data.dtype == wanted:
            return self
        with jax.enable_x64(needs_x64((wanted, self.data.dtype))):
            return NDArray(self.data.astype(wanted), self._context)

    def tostype(self, stype: str) -> NDArray:
        """A copy: every storage type is kept dense."""
        return self.copy()

    def detach(self) -> NDArray:
        """This array without its history: a view of all of it, as there is none."""
        return self._view(lambda a: a, lambda a, v: v)

    def as_np_ndarray(self) -> NDArray:
        """This array: there is one kind, and `util.np_shape` decides how its shapes are read."""
        return self

    def to_dlpack_for_read(self) -> Any:
        """A DLPack capsule of the values."""
        return self.__dlpack__()

    to_dlpack_for_write = to_dlpack_for_read

    @property
    def writable(self) -> bool:
        """Whether `x[:] = value` is allowed: always."""
        return True

    def as_nd_ndarray(self) -> NDArray:
        """This array."""
        return self

    # -- indexing ----------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> NDArray:
        index = _index(key)
        basic = _is_basic(index)
        shape, contiguous = _selected(index, self.shape, basic)
        if shape == () and not is_np_shape():
            shape = (1,)
        with jax.enable_x64(needs_x64((self.data.dtype,))):
            if not (basic and contiguous):
                return NDArray(self.data[index].reshape(shape), self._context)
            return self._view(
                lambda a: a[index].reshape(shape), lambda a, v: a.at[index].set(v.reshape(a[index].shape))
            )

    def __setitem__(self, key: Any, value: Any) -> None:
        index = _index(key)
        current = self.data
        shape, _ = _selected(index, current.shape, _is_basic(index))
        device = next(iter(current.devices()))
        with jax.enable_x64(needs_x64((current.dtype,))):
            if (isinstance(index, slice) and index == slice(None)) or index is Ellipsis:
                self.set_data(_filled(current, value, device))
                return
            if isinstance(value, NDArray):
                value = jax.device_put(value.data, device)
            elif not isinstance(value, Number):
                value = jax.device_put(np.asarray(value, current.dtype), device)
            if hasattr(value, "astype"):
                value = _trim(value, shape).astype(current.dtype)
            self.set_data(current.at[index].set(value))

    def slice_assign_scalar(self, value: float, begin: Any, end: Any, step: Any) -> NDArray:
        """Writes one value into a slice."""
        self[_slices(begin, end, step)] = value
        return self

    def slice_assign(self, rhs: NDArray, begin: Any, end: Any, step: Any) -> NDArray:
        """Writes an array into a slice."""
        self[_slices(begin, end, step)] = rhs
        return self

    def reshape(self, *shape: Any, **kwargs: Any) -> NDArray:
        """A view of another shape; MXNet's special codes 0, -1, -2, -3, -4 and `reverse` work as in `nd.reshape`.

        Raises:
            ShapeError: the array has not as many elements, or the codes do not fit its shape.
        """
        more = kwargs.keys() - {"shape", "reverse"}
        if more:
            raise TypeError(f"reshape takes the keywords shape and reverse, not {', '.join(sorted(more))}")
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            shape = tuple(shape[0])
        elif not shape:
            shape = tuple(kwargs.get("shape", ()))
            if not shape:
                raise UsageError(f"Shape must be provided: x.reshape((2, -1)) say, for an array of shape {self.shape}")
        target = shape
        if shape:
            with self._asked("reshaped", shape):
                target = namespaces.top.reshape(self, shape=shape, reverse=kwargs.get("reverse", False)).shape
        elif self.size != 1:
            raise ShapeError(f"an array of shape {self.shape} cannot be reshaped to (): it has not one element")
        return self._view(lambda a: a.reshape(target), lambda a, v: v.reshape(a.shape))

    def transpose(self, *axes: Any, **kwargs: Any) -> NDArray:
        """`nd.transpose`; the axes may be given as one tuple, as numbers, or by keyword."""
        if len(axes) == 1 and isinstance(axes[0], tuple | list):
            axes = tuple(axes[0])
        if axes:
            kwargs["axes"] = tuple(axes)
        return namespaces.top.transpose(self, **kwargs)

    def split_v2(self, indices_or_sections: Any, axis: int = 0, squeeze_axis: bool = False) -> Any:
        """`nd.split_v2`."""
        from declax.creation import split_v2

        return split_v2(namespaces, self, indices_or_sections, axis, squeeze_axis)

    def broadcast_to(self, shape: Sequence[int]) -> NDArray:
        """The array with axes of size 1 repeated to `shape`; leading axes are added where it has fewer.

        Raises:
            ShapeError: the shape has fewer axes, or another size for an axis that has not size 1.
        """
        shape = tuple(shape)
        lead = len(shape) - self.ndim
        why = f"it has {self.ndim} axes" if lead < 0 else ""
        for have, want in zip((1,) * lead + self.shape, shape, strict=False):
            if not why and (want < 0 or have not in (1, want)):
                why = f"its axis of size {have} cannot become {want}"
        if why:
            raise ShapeError(f"an array of shape {self.shape} cannot be broadcast to {shape}: {why}")
        with self._asked("broadcast", shape):
            source = self.reshape((1,) * lead + self.shape) if lead > 0 else self
            return namespaces.top.broadcast_to(source, shape=shape)

    @contextmanager
    def _asked(self, what: str, shape: Sequence[int]) -> Iterator[None]:
        """Says for an operator that the array cannot have the shape that was asked for."""
        try:
            yield
        except InferenceError as e:
            reason = str(e).partition("\n")[0].rpartition(": ")[2]
            raise ShapeError(f"an array of shape {self.shape} cannot be {what} to {shape}: {reason}") from None

    # -- arithmetic: see arithmetic.py -------------------------------------------------------------------------

    def _two(self, row: Row, other: Any) -> NDArray:
        if isinstance(other, np.ndarray):
            other = NDArray(to_device(other, self.context), self.context)
        if isinstance(other, NDArray):
            return call(row.array, "", *((self, other) if row.symbol else (other, self)))
        if not is_number(other):
            raise TypeError(f"type {type(other)} not supported")
        return call(row.scalar, "", self, scalar=as_scalar(other))

    def __abs__(self) -> NDArray:
        return call("abs", "", self)

    def __iadd__(self, other: Any) -> NDArray:
        return self._in_place(self + other)

    def __isub__(self, other: Any) -> NDArray:
        return self._in_place(self - other)

    def __imul__(self, other: Any) -> NDArray:
        return self._in_place(self * other)

    def __itruediv__(self, other: Any) -> NDArray:
        return self._in_place(self / other)

    def __imod__(self, other: Any) -> NDArray:
        return self._in_place(self % other)

    def _in_place(self, result: NDArray) -> NDArray:
        if result.shape != self.shape:
            raise RunError(f"an in-place result of shape {result.shape} does not fit an array of shape {self.shape}")
        self[:] = result
        return self


# -- helpers of NDArray ----------------------------------------------------------------------------------------


def to_device(values: np.ndarray, ctx: Context) -> jax.Array:
    """A private copy of numpy values on a device, 64-bit types kept."""
    return all_to_device([private_copy(values)], ctx)[0]


def all_to_device(copies: Sequence[np.ndarray], ctx: Context) -> list[jax.Array]:
    """Arrays on a device that nobody else changes (`private_copy`), 64-bit types kept."""
    with jax.enable_x64(needs_x64([x.dtype for x in copies])):
        return jax.device_put(list(copies), ctx.jax_device())


_ALIGNED = 64
"""Where arrays begin that JAX takes on CPUs as they are, without copying them once more."""


def private_copy(values: np.ndarray) -> np.ndarray:
    """A copy in C order that begins at a multiple of 64 bytes."""
    room = np.empty(values.nbytes + _ALIGNED - 1, np.uint8)
    start = -room.ctypes.data % _ALIGNED
    made = room[start : start + values.nbytes].view(values.dtype).reshape(values.shape)
    np.copyto(made, values)
    return made


def _filled(current: jax.Array, value: Any, device: Any) -> jax.Array:
    """What `x[:] = value` puts inside: the value with the array's shape and type, on its device."""
    if isinstance(value, NDArray):
        value = value.data
    if isinstance(value, jax.Array):
        if value.shape != current.shape:
            value = jax.numpy.broadcast_to(_trim(value, current.shape), current.shape)
        if value.dtype != current.dtype:
            value = value.astype(current.dtype)
        return jax.device_put(value, device)
    values = np.asarray(value)
    if values.shape != current.shape:
        values = np.broadcast_to(_trim(values, current.shape), current.shape)
    return jax.device_put(np.array(values, current.dtype, order="C"), device)


def _trim(value: Any, shape: tuple[int, ...]) -> Any:
    """Drops leading axes of size 1 that the target does not have."""
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = value[0]
    return value


def _index(key: Any) -> Any:
    """A key with the arrays inside NDArrays, lists as arrays, and floating index arrays as integers."""
    if isinstance(key, tuple):
        return tuple(_index(k) for k in key)
    if isinstance(key, list):
        key = np.asarray(key)
    if isinstance(key, NDArray):
        key = key.data
    if hasattr(key, "dtype") and getattr(key, "ndim", 0) > 0 and key.dtype.kind == "f":
        key = key.astype("int32")
    return key


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or isinstance(p, int | np.integer | slice) for p in parts)


def _selected(index: Any, shape: tuple[int, ...], basic: bool) -> tuple[tuple[int, ...], bool]:
    """Shape of what an index selects, and whether it lies in one piece, as views do; numpy's IndexError.

    JAX clamps or drops indices that numpy and MXNet refuse, so numpy is asked, on an array that takes no memory.
    """
    byte = np.zeros(1, np.uint8)
    if basic:
        strides = np.cumprod((1, *(max(d, 1) for d in shape[:0:-1])))[::-1] if shape else ()
        found = np.lib.stride_tricks.as_strided(byte, shape, tuple(int(s) for s in strides))[index]
    else:
        found = np.broadcast_to(byte[0], shape)[_on_host(index)]
    return found.shape, np.isscalar(found) or found.flags.c_contiguous


def _on_host(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(_on_host(i) for i in index)
    return np.asarray(index) if isinstance(index, jax.Array) else index


def _slices(begin: Any, end: Any, step: Any) -> tuple[slice, ...]:
    steps = step or [None] * len(begin)
    return tuple(slice(b, e, s) for b, e, s in zip(begin, end, steps, strict=True))


def _from_pickle(values: np.ndarray, dtype: str) -> NDArray:
    return NDArray(to_device(values.astype(as_dtype(dtype)), current_context()))


def call(op: str, hint: str, *args: Any, **attrs: Any) -> Any:
    """A registered operator on arrays."""
    return imperative.invoke(lookup(op), hint, args, {}, attrs)


namespaces = Namespaces("declax.ndarray", NDArray, imperative.invoke)
install_fluent(NDArray, namespaces)
