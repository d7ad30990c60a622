"""What the C library does with memory that programs free: kept for the next run, or given back to the system.

For blocks as large as a program's temporaries glibc asks the system anew at every run, and gets them page by page.
"""

import ctypes
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

_TRIM_THRESHOLD, _MMAP_MAX, _ARENA_MAX = -1, -4, -8
"""Numbers of glibc's `mallopt` (malloc.h)."""

_USUAL_MMAP_MAX = 65536
SMALL = 32 << 20
"""Blocks of up to so many bytes glibc keeps by itself once it has seen some."""

_SPARE = 256 << 20
"""Bytes that may be held beyond what the largest program needs, or half of its need where that is more."""

_SHARE = 8
"""Programs that need more than this part of the machine's memory are not worth the risk of holes."""


def keep_memory() -> bool:
    """Lets this process keep freed memory and use it again; False where that is not possible or not wanted.

    This holds for the whole process: all threads share one heap, which `give_back_memory` alone makes smaller. Threads
    that JAX started before keep a heap of their own, so this has to come first; with the choice "keep" it does, before
    declax asks for a CPU. Whoever sets malloc up from the environment (`MALLOC_...`, `GLIBC_TUNABLES`) is left alone.
    """
    if any(name.startswith("MALLOC_") for name in os.environ) or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    watch().is_on = all(_mallopt(*setting) for setting in ((_ARENA_MAX, 1), (_MMAP_MAX, 0), (_TRIM_THRESHOLD, -1)))
    return watch().is_on


def give_back_memory() -> None:
    """Gives the system what the C library keeps of memory that was freed (glibc; elsewhere nothing happens).

    Compiling a large step leaves hundreds of megabytes behind, which the step itself cannot use.
    """
    trim = _of_libc("malloc_trim")
    if trim is not None:
        trim(0)


class Watch:
    """Sees that little more is kept than the largest program needs: a heap in which blocks come and go gets holes."""

    def __init__(self, memory: int) -> None:
        self.is_on = False
        """Whether memory is kept, so that there is something to see to."""
        self._memory, self._need, self._limit = memory, 0, 0

    def expect(self, need: int) -> None:
        """To be told before a program's first run: the bytes of its temporaries and outputs."""
        self._need = max(self._need, need)
        if self.is_on and self._need > self._memory // _SHARE:
            self.is_on = not _mallopt(_MMAP_MAX, _USUAL_MMAP_MAX)
        self._give_back()

    def look(self) -> None:
        """To be called before every other run: gives memory back when the process holds too much."""
        if self.is_on and self._need > SMALL and resident() > self._limit:
            self._give_back()

    def _give_back(self) -> None:
        give_back_memory()
        self._limit = resident() + self._need + max(self._need // 2, _SPARE)


@cache
def watch() -> Watch:
    """The one of this process."""
    return Watch(_machine_memory())


def resident() -> int:
    """Bytes of this process in memory; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _machine_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
    try:
        return min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):  # no such limit, or "max"
        return total


def _mallopt(name: int, value: int) -> bool:
    mallopt = _of_libc("mallopt")
    return mallopt is not None and bool(mallopt(name, value))


def _of_libc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
