"""Writing files so that they hold the old content or the whole new one at any time."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import IO


def replace_file(path: str | os.PathLike, write: Callable[[IO[bytes]], object]) -> None:
    """Writes a file under another name in the same folder and renames it when all is on disk.

    `write` is given the open file. A device or a pipe is written to directly; a link stays one; a file that exists
    keeps its permissions.
    """
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            write(file)
        return
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)[:64]}.{token_hex(6)}")
    try:
        with open(temporary, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
