"""Models as Amazon SageMaker's algorithms leave them: `model.tar.gz` with an MXNet checkpoint and its settings.

The archive is read in memory, as a stream, and nothing is unpacked to disk: of its members only the checkpoint
(`<prefix>-symbol.json`, `<prefix>-<epoch>.params`), `hyperparams.json` and `model-shapes.json` are kept. Names that
lead out of a folder, links and devices are refused, and so is an archive that unfolds to more than `max_size` bytes.
"""

import gzip
import io
import json
import re
import tarfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from declax.errors import LoadError
from declax.io import json as symbol_json
from declax.io.files import Source, describe, mapped
from declax.io.legacy import Upgrade
from declax.io.params import read_params

if TYPE_CHECKING:
    from declax.symbol import Symbol

MAX_SIZE = 1 << 32
"""Bytes that an archive unfolds to at most, unless the caller says otherwise."""

_SYMBOL = re.compile(r"(?P<prefix>.+)-symbol\.json")
_PARAMS = re.compile(r"(?P<prefix>.+)-(?P<epoch>\d{4,})\.params")
_SETTINGS = ("hyperparams.json", "model-shapes.json")
_MOST_SETTINGS = 1 << 24
_BROKEN = (tarfile.TarError, OSError, EOFError, zlib.error, ValueError)


@dataclass(frozen=True)
class Model:
    """What a `model.tar.gz` holds.

    Arrays are numpy's and read-only. `hyperparams` and `shapes` (what the inputs were bound with) are what their files
    say, None where a file is missing. `upgrades` tells what loading changed in the graph.
    """

    symbol: "Symbol"
    arg_params: dict[str, np.ndarray]
    aux_params: dict[str, np.ndarray]
    epoch: int
    hyperparams: Any = None
    shapes: Any = None
    upgrades: tuple[Upgrade, ...] = ()


def read_model(source: Source, *, epoch: int | None = None, max_size: int = MAX_SIZE) -> Model:
    """The model in a SageMaker archive: a path, bytes or a binary stream.

    `declax.edit.deploy` replaces its training heads and leaves out what needs labels.

    Args:
        source: `model.tar.gz`, or the same not compressed.
        epoch: which parameters to take when there are several; by default the last ones.
        max_size: bytes that the archive may unfold to.

    Raises:
        LoadError: the archive or what is in it cannot be read, is not complete, or is refused; the message says where.
    """
    where = describe(source)
    members = _members(source, where, max_size)
    prefix, text = _only_symbol(members, where)
    files = {name: m for name in members if (m := _PARAMS.fullmatch(name))}
    epochs = {int(m["epoch"]): name for name, m in files.items() if m["prefix"] == prefix}
    if not epochs or (epoch is not None and epoch not in epochs):
        wanted = f"{prefix}-{'NNNN' if epoch is None else f'{epoch:04d}'}.params"
        raise LoadError(f"{where}: expected a member {wanted}; it has {_names(members)}")
    chosen = max(epochs) if epoch is None else epoch
    symbol, upgrades = symbol_json.load_json_with_report(text, f"{where}, {prefix}-symbol.json")
    args, aux = _parameters(members[epochs[chosen]], f"{where}, {epochs[chosen]}")
    hyper, shapes = (_settings(members.get(name), f"{where}, {name}") for name in _SETTINGS)
    return Model(symbol, args, aux, chosen, hyper, shapes, tuple(upgrades))


def model_files(source: Source, *, max_size: int = MAX_SIZE) -> tuple[str, dict[str, np.ndarray], Any]:
    """What an archive holds whether or not its graph can be loaded.

    Returns:
        The graph's JSON text, the last parameters by name with `arg:` and `aux:`, and what `model-shapes.json` says.

    Raises:
        LoadError: the archive cannot be read, has no graph, or is refused; the message says where.
    """
    where = describe(source)
    members = _members(source, where, max_size)
    prefix, text = _only_symbol(members, where)
    epochs = {int(m["epoch"]): n for n in members if (m := _PARAMS.fullmatch(n)) and m["prefix"] == prefix}
    arrays: dict[str, np.ndarray] = {}
    if epochs:
        name = epochs[max(epochs)]
        for kind, found in zip(("arg", "aux"), _parameters(members[name], f"{where}, {name}"), strict=True):
            arrays |= {f"{kind}:{k}": v for k, v in found.items()}
    return text.decode("utf-8", "replace"), arrays, _settings(members.get(_SETTINGS[1]), f"{where}, {_SETTINGS[1]}")


class _Limited(io.RawIOBase):
    """A stream that ends in a LoadError once it has given more than a number of bytes."""

    def __init__(self, stream: IO[bytes], limit: int, where: str):
        self.stream, self.left, self.where, self.limit = stream, limit, where, limit

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        found = self.stream.read(min(size, self.left + 1) if size >= 0 else self.left + 1)
        self.left -= len(found)
        if self.left < 0:
            raise LoadError(f"{self.where}: the archive unfolds to more than {self.limit} bytes")
        return found


def _members(source: Source, where: str, max_size: int) -> dict[str, bytes]:
    """The contents of the members that a model has, by name without folders."""
    data = mapped(source)
    if not len(data):
        raise LoadError(f"{where}: the archive is empty")
    plain: IO[bytes] = io.BytesIO(data)
    stream = gzip.GzipFile(fileobj=plain) if data[:2] == b"\x1f\x8b" else plain
    found: dict[str, bytes] = {}
    try:
        # a stream ("r|") reads every byte once and in order, so that the limit holds for headers too
        with tarfile.open(fileobj=_Limited(stream, max_size, where), mode="r|") as archive:  # pyright: ignore[reportArgumentType]
            for member in archive:
                name = _checked(member, where)
                if name is None:
                    continue
                if name in found:
                    raise LoadError(f"{where}: the archive has two members {name!r}")
                if name in _SETTINGS and member.size > _MOST_SETTINGS:
                    raise LoadError(f"{where}: {name} has {member.size} bytes, more than {_MOST_SETTINGS}")
                if member.size > max_size:
                    raise LoadError(f"{where}: {name} says {member.size} bytes, more than {max_size}")
                file = archive.extractfile(member)
                assert file is not None
                found[name] = file.read()
                if len(found[name]) != member.size:
                    raise LoadError(f"{where}: {name} is cut off after {len(found[name])} of {member.size} bytes")
    except LoadError:
        raise
    except _BROKEN as e:
        raise LoadError(f"{where}: not a whole tar archive: {e or type(e).__name__}") from None
    return found


def _checked(member: tarfile.TarInfo, where: str) -> str | None:
    """The name, without folders, of a member that belongs to a model; None for any other harmless one."""
    parts = member.name.replace("\\", "/").split("/")
    if member.name.startswith(("/", "\\")) or ".." in parts or "\0" in member.name:
        raise LoadError(f"{where}: the member name {member.name[:80]!r} leads out of the archive's folder")
    if member.isdir():
        return None
    name = parts[-1]
    belongs = name in _SETTINGS or _SYMBOL.fullmatch(name) or _PARAMS.fullmatch(name)
    if not member.isreg():
        raise LoadError(f"{where}: the member {member.name[:80]!r} is a link or a device, not a file")
    return name if belongs else None


def _only_symbol(members: dict[str, bytes], where: str) -> tuple[str, bytes]:
    graphs = [(m["prefix"], members[name]) for name in members if (m := _SYMBOL.fullmatch(name))]
    if len(graphs) != 1:
        raise LoadError(f"{where}: expected one member <prefix>-symbol.json; it has {_names(members)}")
    return graphs[0]


def _names(members: dict[str, bytes]) -> str:
    return ", ".join(sorted(members)) or "none of a model's files"


def _parameters(data: bytes, where: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    try:
        found = read_params(data)
    except LoadError as e:
        raise LoadError(f"{where}: {e}") from None
    kinds: dict[str, dict[str, np.ndarray]] = {"arg": {}, "aux": {}}
    for key, array in found.items() if isinstance(found, dict) else ():
        kind, _, name = key.partition(":")
        if kind not in kinds or not name:
            raise LoadError(f"{where}: expected arrays named arg:<name> or aux:<name>, got {key!r}")
        if array is not None:
            kinds[kind][name] = array
    return kinds["arg"], kinds["aux"]


def _settings(text: bytes | None, where: str) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as e:
        raise LoadError(f"{where}: no JSON: {e}") from None
