"""Greedy choices among many boxes, vectorised: non-maximum suppression and bipartite matching."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
from jax import Array, lax

BLOCK = 128
"""Candidates that are decided together: large enough to fill vector units, small enough to waste little."""


def suppress(boxes: Sequence[Array], alive: Array, overlaps: Callable[..., Array], limit: int | None = None) -> Array:
    """Which of N boxes, best first, survive greedy non-maximum suppression; shape (N,), bool.

    `boxes` are columns of shape (N,), `alive` says which boxes take part, `overlaps(refs, others)` says whether a
    box `others` would be removed by a kept box `refs` (columns that broadcast against each other). `limit` stops
    once that many boxes were kept.

    Each round takes the next `BLOCK` boxes that still live, settles which of them stay, and removes all later boxes
    that these overlap, so the number of rounds follows the number of survivors, not of boxes.
    """
    n = alive.shape[0]
    block = min(BLOCK, n)
    columns = [jnp.concatenate([c, jnp.zeros((1,), c.dtype)]) for c in boxes]
    before = jnp.arange(block)[:, None] < jnp.arange(block)[None, :]

    def settle(state):
        keep, _, conflict = state
        new = conflict[1] & ~jnp.any(conflict[0] & keep[:, None], axis=0)
        return new, jnp.any(new != keep), conflict

    def step(state):
        alive, kept, count = state
        at = jnp.nonzero(alive, size=block, fill_value=n)[0].astype(jnp.int32)
        exists = at < n
        mine = [c[at] for c in columns]
        conflict = overlaps([c[:, None] for c in mine], [c[None, :] for c in mine]) & before
        keep = lax.while_loop(lambda s: s[1], settle, (exists, jnp.array(True), (conflict, exists)))[0]
        hit = overlaps([c[:, None] for c in mine], [c[None, :] for c in boxes]) & keep[:, None]
        alive = alive & ~jnp.any(hit, axis=0)
        alive = alive.at[at].set(False, mode="drop")
        kept = kept.at[at].set(keep, mode="drop")
        return alive, kept, count + jnp.sum(keep, dtype=jnp.int32)

    def more(state):
        alive, _, count = state
        going = jnp.any(alive)
        return going if limit is None else going & (count < limit)

    return lax.while_loop(more, step, (alive, jnp.zeros_like(alive), jnp.int32(0)))[1]


def best_first(score: Array, alive: Array, count: int) -> Array:
    """Places of the `count` living boxes of largest score, (count,) int32, ties in their order; dead ones come last."""
    ranked = jnp.where(alive, score, -jnp.inf)
    if count < score.shape[0]:
        return lax.top_k(ranked, count)[1]
    return jnp.argsort(-ranked, stable=True).astype(jnp.int32)


def match(scores: Array, allowed: Array) -> tuple[Array, Array]:
    """Greedy one-to-one matching of rows and columns, largest score first; ties go to the first in row-major order.

    scores and allowed (bool: pairs that may match) have shape (N, M). Gives the column of every row, (N,), and the
    row of every column, (M,), int32, -1 for none.

    Every pair that is the best of its row and of its column is one that the greedy order would choose, so all such
    pairs are settled at once, again and again until none is left.
    """
    n, m = scores.shape
    rows, columns = jnp.arange(n, dtype=jnp.int32), jnp.arange(m, dtype=jnp.int32)
    low = jnp.array(-jnp.inf, scores.dtype)

    def step(state):
        row_of, column_of, _ = state
        free = allowed & (column_of[:, None] < 0) & (row_of[None, :] < 0)
        live = jnp.where(free, scores, low)
        best = jnp.max(live, axis=1, keepdims=True)
        choice = jnp.min(jnp.where(free & (live == best), columns[None, :], m), axis=1)
        top = jnp.max(live, axis=0, keepdims=True)
        answer = jnp.min(jnp.where(free & (live == top), rows[:, None], n), axis=0)
        mutual = (choice < m) & (answer.at[choice].get(mode="fill", fill_value=-1) == rows)
        column_of = jnp.where(mutual, choice, column_of)
        row_of = row_of.at[jnp.where(mutual, choice, m)].set(rows, mode="drop")
        return row_of, column_of, jnp.any(mutual)

    start = jnp.full((m,), -1, jnp.int32), jnp.full((n,), -1, jnp.int32), jnp.array(True)
    row_of, column_of, _ = lax.while_loop(lambda s: s[2], step, start)
    return column_of, row_of
