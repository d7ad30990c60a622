"""What `autotune` measured on this machine: which formulation each convolution runs in, kept in a file of the user's.

Without being told otherwise, a process reads the file once, when it first makes a plan, if there is one. The
environment variable `DECLAX_AUTOTUNE` is the path of another file, or `off`. A file's name tells apart machines and
versions of JAX, its content says it again: what does not fit is ignored with a warning, never used.
"""

import hashlib
import json
import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from declax.errors import LoadError, UsageError

_VERSION = 1
"""Of the file and of what its problems and names mean; to be raised when an older choice would no longer be right."""

_MOST_BYTES = 16 * 2**20


class Table:
    """Names of formulations by problem, as `str(Problem)` (layers/formulations.py) writes it. It does not change."""

    def __init__(self, chosen: Mapping[str, str]):
        self.chosen = MappingProxyType(dict(chosen))

    def __repr__(self) -> str:
        return f"<Table of {len(self.chosen)} measured convolutions>"


EMPTY = Table({})
"""The table of a machine on which nothing was measured."""


class _Local(threading.local):
    table: Table | None = None


_local = _Local()
_read: dict[Path, Table] = {}


def current() -> Table:
    """The table in force on this thread."""
    if _local.table is not None:
        return _local.table
    path = path_in_force()
    if path is None:
        return EMPTY
    found = _read.get(path)
    if found is None:
        found = _read[path] = _read_or_warn(path)
    return found


def path_in_force() -> Path | None:
    """The file that this process reads and `autotune` writes; None if `DECLAX_AUTOTUNE` is `off`."""
    told = os.environ.get("DECLAX_AUTOTUNE", "").strip()
    if told.lower() in ("off", "none", "0"):
        return None
    return Path(told).expanduser() if told else default_path()


def default_path() -> Path:
    """This machine's file, in `declax` below the user's cache folder (`$XDG_CACHE_HOME` or `~/.cache`)."""
    from declax.cache import default_folder

    return default_folder() / f"autotune-{_digest()}.json"


@contextmanager
def using(table: Table | str | os.PathLike | None) -> Iterator[None]:
    """What is bound or traced inside takes its formulations from another table or file, or from none (None).

    Raises:
        LoadError: the file cannot be read, is damaged, or was measured on another machine.

    >>> with dx.tuned.using(None):
    ...     dx.tuned.current()
    <Table of 0 measured convolutions>
    """
    found = EMPTY if table is None else table if isinstance(table, Table) else read(table)
    before, _local.table = _local.table, found
    try:
        yield
    finally:
        _local.table = before


def clear() -> None:
    """Deletes the file in force, if there is one; what is bound from now on runs as if nothing had been measured."""
    path = path_in_force()
    if path is not None:
        path.unlink(missing_ok=True)
        _read[path] = EMPTY


def keep(chosen: Mapping[str, str]) -> Path:
    """Adds choices to the file in force and puts them in force; returns the file.

    Raises:
        UsageError: `DECLAX_AUTOTUNE` is off, or the file cannot be written.
    """
    path = path_in_force()
    if path is None:
        raise UsageError("autotune has no file to keep its choices in: DECLAX_AUTOTUNE is off; unset it or name a file")
    known = _read_or_warn(path).chosen
    table = Table({**known, **chosen})
    content = {"declax_autotune": _VERSION, "machine": machine(), "chosen": dict(sorted(table.chosen.items()))}
    from declax.io.files import replacing

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(json.dumps(content, indent=1).encode())
    except OSError as e:
        raise UsageError(f"{path} cannot be written: {e}; name another file in DECLAX_AUTOTUNE") from None
    _read[path] = table
    return path


def read(path: str | os.PathLike) -> Table:
    """The table of a file that `autotune` wrote on this machine; every field is checked.

    Raises:
        LoadError: the file cannot be read, is damaged, or was measured on another machine.
    """
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as e:
        raise LoadError(f"{path}: {e.strerror or e}") from None
    if len(text) > _MOST_BYTES:
        raise LoadError(f"{path}: larger than any table of autotune ({_MOST_BYTES} bytes)")
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise LoadError(f"{path}: no table of autotune, it is not JSON: {e}") from None
    if not isinstance(content, dict) or content.get("declax_autotune") != _VERSION:
        raise LoadError(f"{path}: no table of autotune in version {_VERSION}; measure again with autotune")
    if content.get("machine") != machine():
        raise LoadError(
            f"{path}: measured on {content.get('machine')}, this is {machine()}; measure here with autotune"
        )
    return Table(_checked(path, content.get("chosen")))


def _checked(path: str | os.PathLike, chosen: Any) -> dict[str, str]:
    from declax.layers.formulations import FORMULATIONS

    if not isinstance(chosen, dict):
        raise LoadError(f"{path}: damaged, `chosen` is no object of names by problem; measure again with autotune")
    for problem, name in chosen.items():
        if name not in FORMULATIONS if isinstance(name, str) else True:
            known = ", ".join(FORMULATIONS)
            raise LoadError(f"{path}: damaged, {name!r} for {problem!r} is no formulation; there are {known}")
    return chosen


def _read_or_warn(path: Path) -> Table:
    if not path.exists():
        return EMPTY
    try:
        return read(path)
    except LoadError as e:
        warnings.warn(f"measured formulations are ignored: {e}", stacklevel=3)
        return EMPTY


@cache
def machine() -> dict[str, Any]:
    """What decides whether a measurement holds: versions of JAX, the device, the processor and its cores."""
    import jax
    import jaxlib.version

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "jax": jax.__version__,
        "jaxlib": jaxlib.version.__version__,
        "platform": jax.default_backend(),
        "device": jax.devices()[0].device_kind,
        "processor": _processor(),
        "cores": cores,
    }


def _processor() -> str:
    """The processor's name; on Linux with the numbers that tell apart those of one name."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    fields = {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    found = [fields[k] for k in ("model name", "cpu family", "model", "stepping") if k in fields]
    return " ".join(found) or platform.machine()


@cache
def _digest() -> str:
    return hashlib.sha256(json.dumps([_VERSION, machine()], sort_keys=True).encode()).hexdigest()[:12]
