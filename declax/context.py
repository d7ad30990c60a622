"""Devices: `cpu(i)`, `gpu(i)`, `tpu(i)`, and the scope that sets the default one.

A Context is a name; the JAX device behind it is looked up when an array or an executor needs it, so declaring
a net never starts a backend.
"""

import functools
import threading
from types import TracebackType
from typing import Any

from declax.errors import ContextError

_TYPE_ID = {"cpu": 1, "gpu": 2, "cpu_pinned": 3, "cpu_shared": 5, "tpu": 6}
_PLATFORMS = {"gpu": ("gpu", "cuda", "rocm"), "tpu": ("tpu",)}


class Context:
    """A device by type (`cpu`, `gpu`, `tpu`, `cpu_pinned`, `cpu_shared`) and number; a scope when entered.

    >>> with cpu(1):
    ...     current_context()
    cpu(1)
    """

    __slots__ = ("device_id", "device_type")

    def __init__(self, device_type: "str | Context", device_id: int = 0):
        if isinstance(device_type, Context):
            device_id, device_type = device_type.device_id, str(device_type.device_type)
        if device_type not in _TYPE_ID:
            raise ContextError(f"unknown device type {device_type!r}; known: {', '.join(_TYPE_ID)}")
        self.device_type: str = device_type
        self.device_id = int(device_id)

    @property
    def device_typeid(self) -> int:
        """MXNet's number of the device type."""
        return _TYPE_ID[self.device_type]

    def jax_device(self) -> Any:
        """The JAX device behind this context; ContextError when the process has none.

        CPU contexts beyond the number of host devices share them round robin, since MXNet accepts any `cpu(i)`.
        """
        import jax

        if self.device_type in _PLATFORMS:
            devices = accelerators(self.device_type)
            if self.device_id >= len(devices):
                raise ContextError(self._missing(len(devices)))
            return devices[self.device_id]
        _keep_memory()
        devices = jax.local_devices(backend="cpu")
        return devices[self.device_id % len(devices)]

    def _missing(self, found: int) -> str:
        kind = self.device_type
        if found:
            return (
                f"{self} does not exist: this process sees {found} {kind} device(s), {kind}(0) to {kind}({found - 1})"
            )
        hint = "pip install 'jax[cuda13]'" if kind == "gpu" else "pip install 'jax[tpu]'"
        return (
            f"{self} does not exist: JAX finds no {kind.upper()} in this process. Use declax.cpu(), or install JAX "
            f"with {kind.upper()} support ({hint}) and see jax.devices()"
        )

    def empty_cache(self) -> None:
        """Kept for MXNet code; XLA manages its own memory, so this does nothing."""

    def __hash__(self) -> int:
        return hash((self.device_type, self.device_id))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Context) and self.device_type == other.device_type and self.device_id == other.device_id
        )

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    def __reduce__(self) -> tuple:
        return Context, (self.device_type, self.device_id)

    def __enter__(self) -> "Context":
        _stack.contexts.append(self)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _stack.contexts.pop()


class _Stack(threading.local):
    def __init__(self):
        self.contexts: list[Context] = [Context("cpu", 0)]


_stack = _Stack()


@functools.cache
def _keep_memory() -> None:
    """Before the first CPU is looked up, and with it JAX's threads start: see heap.py."""
    from declax import heap, passes

    if "keep" in passes.enabled():
        heap.keep_memory()


def accelerators(kind: str) -> list:
    """The local JAX devices of kind "gpu" or "tpu", an empty list when there are none."""
    import jax

    for platform in _PLATFORMS[kind]:
        try:
            return jax.local_devices(backend=platform)
        except RuntimeError:
            continue
    return []


def cpu(device_id: int = 0) -> Context:
    """The CPU."""
    return Context("cpu", device_id)


def cpu_pinned(device_id: int = 0) -> Context:
    """Page-locked host memory in MXNet; the CPU here."""
    return Context("cpu_pinned", device_id)


def gpu(device_id: int = 0) -> Context:
    """The GPU number `device_id`; using it without one is a ContextError."""
    return Context("gpu", device_id)


def tpu(device_id: int = 0) -> Context:
    """The TPU number `device_id`; using it without one is a ContextError."""
    return Context("tpu", device_id)


def num_gpus() -> int:
    """How many GPUs JAX sees in this process."""
    return len(accelerators("gpu"))


def num_tpus() -> int:
    """How many TPUs JAX sees in this process."""
    return len(accelerators("tpu"))


def current_context() -> Context:
    """The innermost `with context:` of this thread, cpu(0) outside any."""
    return _stack.contexts[-1]


def context_of(device: Any) -> Context:
    """The Context that names a JAX device."""
    kind = {"cuda": "gpu", "rocm": "gpu"}.get(device.platform, device.platform)
    return Context(kind if kind in _TYPE_ID else "cpu", getattr(device, "local_hardware_id", None) or 0)
