"""Which of equal elements `topk` takes, and in which order.

Where k is small MXNet selects through a heap (C++'s `partial_sort`), and equal elements come out in the order in which
they happened to leave it. Detections are full of ties, scores that are all 0 or all 1, so the same boxes need the same
heap. It only runs where there are ties; everywhere else all ways of selecting agree.
"""

import jax.numpy as jnp
from jax import Array, lax

_BLOCK = 1024
"""Elements that are compared with the worst one of the heap at once."""


def is_by_heap(k: int, count: int) -> bool:
    """Whether MXNet takes k of `count` elements through a heap; otherwise it sorts all."""
    return 1 < k <= count // 8


def in_heap_order(key: Array, where: Array) -> Array:
    """`where`, the positions (..., k) of the largest of key (..., n) in order, or the heap's if there are ties."""
    k = where.shape[-1]
    best = jnp.take_along_axis(key, where, axis=-1)
    last = best[..., -1:]
    inside = jnp.any(best[..., 1:] == best[..., :-1])
    outside = jnp.any(jnp.sum(key == last, -1) > jnp.sum(best == last, -1))

    def select() -> Array:
        rows = lax.map(lambda row: _select(row, k), key.reshape(-1, key.shape[-1]))
        return rows.reshape(where.shape).astype(where.dtype)

    return lax.cond(inside | outside, select, lambda: where)


def _select(key: Array, k: int) -> Array:
    """Positions of the k largest of key (n,), in the order in which a heap of the best so far gives them back."""
    count = len(key)
    heap = lax.fori_loop(
        0, k // 2, lambda i, heap: _sift(heap, key, k // 2 - 1 - i, k, heap[k // 2 - 1 - i]), _first(k)
    )
    blocks = jnp.pad(key, (0, -count % _BLOCK)).reshape(-1, _BLOCK)
    offsets = jnp.arange(_BLOCK, dtype=jnp.int32)

    def step(state: tuple[Array, Array]) -> tuple[Array, Array]:
        heap, start = state
        block = start // _BLOCK
        at = block * _BLOCK + offsets
        enters = (blocks[block] > key[heap[0]]) & (at >= start) & (at < count)
        found = jnp.argmax(enters).astype(jnp.int32)
        is_any = enters[found]
        position = block * _BLOCK + found
        heap = lax.cond(is_any, lambda: _sift(heap, key, 0, k, position), lambda: heap)
        return heap, jnp.where(is_any, position + 1, (block + 1) * _BLOCK)

    heap, _ = lax.while_loop(lambda state: state[1] < count, step, (heap, jnp.int32(k)))

    def take_out(i: Array, heap: Array) -> Array:
        last = k - 1 - i
        return _sift(heap.at[last].set(heap[0]), key, 0, last, heap[last])

    return lax.fori_loop(0, k - 1, take_out, heap)


def _first(k: int) -> Array:
    return jnp.arange(k, dtype=jnp.int32)


def _sift(heap: Array, key: Array, hole: Array | int, length: Array | int, item: Array) -> Array:
    """Puts an item into a heap of `length` positions, the worst on top, that has a hole.

    The hole sinks to the bottom, always to the worse child, and the item rises from there.
    """
    top = jnp.asarray(hole, jnp.int32)

    def sink(state: tuple[Array, Array]) -> tuple[Array, Array]:
        heap, hole = state
        left = 2 * hole + 1
        right = left + 1
        has_right = right < length
        # the right child where both are equal
        goes_left = ~has_right | (key[heap[jnp.where(has_right, right, left)]] > key[heap[left]])
        child = jnp.where(goes_left, left, right)
        return heap.at[hole].set(heap[child]), child

    def rise(state: tuple[Array, Array]) -> tuple[Array, Array]:
        heap, hole = state
        parent = (hole - 1) // 2
        return heap.at[hole].set(heap[parent]), parent

    heap, hole = lax.while_loop(lambda state: 2 * state[1] + 1 < length, sink, (heap, top))
    heap, hole = lax.while_loop(
        lambda state: (state[1] > top) & (key[state[0][(state[1] - 1) // 2]] > key[item]), rise, (heap, hole)
    )
    return heap.at[hole].set(item)
