"""Whether the graph follows its batch: inferred once more for a batch that is one larger."""

from collections.abc import Iterator

from declax import infer
from declax.graph import Entry
from declax.inspection.facts import Facts
from declax.inspection.report import Finding, show_shape
from declax.inspection.traps import note, trap
from declax.shapes import PartialShape, is_complete


def _complete(shape: PartialShape) -> tuple[int, ...] | None:
    return tuple(d for d in shape if d is not None) if shape is not None and is_complete(shape) else None


@trap
def fixed_batch(facts: Facts) -> Iterator[Finding]:
    """Numbers in the graph that hold for one batch size alone; looked for when the shapes of all inputs are known."""
    known = {n: s for n in facts.order if n.op is None and (s := _complete(facts.shape(Entry(n)))) is not None}
    inputs = [n for n in facts.variables("input", "label") if known.get(n)]
    sizes = {known[n][0] for n in inputs}
    if facts.conflicts or len(sizes) != 1:
        return
    (size,) = sizes
    start = {n.name: (s[0] + 1, *s[1:]) if n in inputs else s for n, s in known.items()}
    found, conflicts = infer.infer_what_fits(facts.heads, start)
    if conflicts:
        node, words = next(iter(conflicts.items()))
        reason = words.splitlines()[0].removeprefix(f"Error in operator {node.name}: ")
        yield note(
            "fixed_batch", f"the graph holds for a batch of {size} alone: with {size + 1}, {node.name} says: {reason}.",
            [node.name], "warning",
        )  # fmt: skip
        return
    for entry in facts.heads:
        old, new = facts.shape(entry), found.of(entry)
        if old and old == new and is_complete(old) and old[0] == size:
            yield note(
                "fixed_batch",
                f"the output {entry.node.output_name(entry.index)} keeps the shape {show_shape(old)} whatever the "
                "batch size is.", [entry.node.name], "warning",
            )  # fmt: skip
