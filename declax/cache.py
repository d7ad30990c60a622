"""Compiled programs kept on disk, so that a second process starts at once.

It is JAX's persistent compilation cache, set up so that every program is kept. An entry's key is made by JAX of the
program itself, its compile options, the versions of jaxlib and the backend and the kind of device: a graph, a choice
of passes or a library that changed asks for another entry, and an old one is never taken for it.
"""

import os
from pathlib import Path

from declax.errors import UsageError


def enable(path: str | os.PathLike | None = None) -> Path:
    """Keeps what this process compiles in a folder, and takes what is there already; returns the folder.

    This changes JAX's configuration for the whole process, which nothing in declax does without being asked. Call it
    before the first program is compiled.

    Args:
        path: the folder, made if need be. Without it `$JAX_COMPILATION_CACHE_DIR`, or else `declax` in the user's
            cache folder (`$XDG_CACHE_HOME` or `~/.cache`).

    Raises:
        UsageError: the folder cannot be made or written to.
    """
    import jax

    folder = Path(path or os.environ.get("JAX_COMPILATION_CACHE_DIR") or default_folder()).expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise UsageError(f"the cache folder {folder} cannot be made: {e}; pass another path") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"the cache folder {folder} cannot be written to; pass another path")
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # small programs too: a process compiles dozens of them before its first step
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return folder


def default_folder() -> Path:
    """`declax` in the user's cache folder: `$XDG_CACHE_HOME`, or else `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "declax"
