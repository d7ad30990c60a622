"""Which file of parameters belongs to a graph's file, as MXNet names the two."""

import os
import re
from dataclasses import dataclass

_GRAPH = re.compile(r"(?P<prefix>.+?)(-symbol)?\.json")


@dataclass(frozen=True)
class Beside:
    """The parameters that lie beside a graph's file: `path`, and `how` it was chosen, in words.

    `path` is None when there are none, or when several may belong to the graph; `rivals` are then those.
    """

    path: str | None = None
    how: str = ""
    rivals: tuple[str, ...] = ()


def params_beside(graph: str | os.PathLike) -> Beside:
    """The file of parameters that belongs to `prefix-symbol.json` (or `prefix.json`).

    That is `prefix-0010.params`, of several epochs the latest, or `prefix.params`; where there are both, neither.
    Nothing is opened.
    """
    folder, name = os.path.split(os.fspath(graph))
    match = _GRAPH.fullmatch(name)
    if match is None:
        return Beside()
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return Beside()
    epoch = re.compile(re.escape(match["prefix"]) + r"-(\d{4,})\.params")
    epochs = sorted((int(m[1]), n) for n in names if (m := epoch.fullmatch(n)))
    plain = [n for n in names if n == f"{match['prefix']}.params"]
    latest = [n for number, n in epochs if number == epochs[-1][0]]
    found = latest + plain
    if len(found) != 1:
        return Beside(rivals=tuple(os.path.join(folder, n) for n in found))
    how = f"beside the graph, the latest of {len(epochs)} epochs" if len(epochs) > 1 else "beside the graph"
    return Beside(os.path.join(folder, found[0]), how)
