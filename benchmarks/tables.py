"""Measured rows as Markdown tables."""

import platform
from pathlib import Path

from benchmarks.catalog import SINGLE, TASKS
from benchmarks.remote import PEERS


def processor() -> str:
    """The processor's name, its widest vectors and the number of cores."""
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text().splitlines() if cpus.exists() else []
    fields = [[part.strip() for part in line.split(":", 1)] for line in lines if ":" in line]
    names = [value for key, value in fields if key == "model name"]
    flags = next((value.split() for key, value in fields if key == "flags"), [])
    vectors = next((f" ({shown})" for flag, shown in _VECTORS.items() if flag in flags), "")
    return f"{len(names)} cores {names[0]}{vectors}" if names else platform.machine()


_VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2"}
"""What decides most about the speed of products, the widest first, by the kernel's name for it."""


def _seconds(value: float) -> str:
    if value >= 10:
        return f"{value:.1f} s"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.1f} ms" if value >= 1e-2 else f"{value * 1e3:.3f} ms"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _keys(rows: list[dict]) -> list[str]:
    """Peers that occur in any row, in their usual order."""
    return [k for k in PEERS if any(k in r["peers"] for r in rows)]


def steps(rows: list[dict]) -> str:
    """Times of a step; beside each peer's time the ratio declax / peer, below 1 where declax is faster."""
    keys = [k for k in _keys(rows) if k != "declax"]
    what = "training step" if rows and rows[0]["training"] else "inference"
    head = [what, "batch", "declax", *[f"{PEERS[k].title} (ratio)" for k in keys], "target"]
    body = []
    for row in rows:
        ours = row["peers"]["declax"]
        cells = [row["title"], str(row["batch"]), _cell(ours), *[_cell(row["peers"].get(k), True) for k in keys]]
        body.append([*cells, _target(row)])
    disturbed = [r["title"] for r in rows if r["peers"]["declax"].get("disturbed")]
    note = f"\n\nOther programs ran during rounds of {', '.join(disturbed)}." if disturbed else ""
    return _table(head, body) + note


def _cell(found: dict | None, ratio: bool = False) -> str:
    if not found:
        return ""
    if "seconds" not in found:
        return f"not measured: {found.get('error', 'no time')}".replace("|", "/")[:120]
    return _seconds(found["seconds"]) + (f" ({found['ratio']:.2f})" if ratio else "")


def _target(row: dict) -> str:
    targets = TASKS[row["net"]].targets
    index = int(row["training"])
    if len(targets) <= index:
        return ""
    key, limit = SINGLE if row["batch"] == 1 and not row["training"] else targets[index]
    text = f"<= {limit} {PEERS[key].title}"
    ratio = row["peers"].get(key, {}).get("ratio")
    if row["peers"]["declax"].get("disturbed"):
        return f"{text}: undecided, disturbed"
    return text if ratio is None else f"{text}: {'met' if ratio <= limit else 'missed'}"


def memory(rows: list[dict]) -> str:
    """Peak memory of each peer's process over loading and training steps."""
    keys = _keys(rows)
    head = ["peak memory, training", "batch", *[PEERS[k].title for k in keys], "declax / MXNet"]
    body = []
    for row in rows:
        found = {k: row["peers"].get(k, {}).get("peak") for k in keys}
        ours, theirs = found.get("declax"), found.get("mxnet")
        ratio = f"{ours / theirs:.2f}" if ours and theirs else ""
        body.append(
            [row["title"], str(row["batch"]), *[f"{v / 1e6:.0f} MB" if v else "" for v in found.values()], ratio]
        )
    return _table(head, body)


def compilation(rows: list[dict]) -> str:
    """Seconds to the first training step."""
    head = ["first training step", "batch", "declax, cold", "plain JAX, cold", "ratio", "declax, second process",
            "declax, a step", "plain JAX, a step"]  # fmt: skip
    body = []
    for row in rows:
        ours, plain = row["peers"]["declax"], row["peers"].get("jax")
        other = [_seconds(plain["cold"]), f"{ours['cold'] / plain['cold']:.2f}"] if plain else ["", ""]
        later = [_seconds(ours["again"]), _seconds(ours["step"]), _seconds(plain["step"]) if plain else ""]
        body.append([row["title"], str(row["batch"]), _seconds(ours["cold"]), *other, *later])
    return _table(head, body)
