"""The longest common order of two sequences."""

from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher

_MOST_STEPS = 3000
"""Differences beyond which a faster method that finds less is good enough."""


def common_order(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs of places of equal items, as many as can be had in the order of both (Myers' greedy algorithm, 1986).

    Sequences that differ in more than some thousand places are matched block by block instead.

    >>> common_order("abcab", "xacb")
    [(0, 1), (2, 2), (4, 3)]
    """
    n, m = len(a), len(b)
    furthest = {1: 0}  # by diagonal (places in a less places in b), how far in a one gets
    history = []
    for steps in range(min(n + m, _MOST_STEPS) + 1):
        history.append(dict(furthest))
        for k in range(-steps, steps + 1, 2):
            down = k == -steps or (k != steps and furthest[k - 1] < furthest[k + 1])
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            y = x - k
            while x < n and y < m and a[x] == b[y]:
                x, y = x + 1, y + 1
            furthest[k] = x
            if x >= n and y >= m:
                return _backtrack(history, n, m)
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return [(block.a + i, block.b + i) for block in blocks for i in range(block.size)]


def _backtrack(history: list[dict[int, int]], n: int, m: int) -> list[tuple[int, int]]:
    """The equal places on the way that reached the end."""
    pairs = []
    x, y = n, m
    for steps in range(len(history) - 1, -1, -1):
        before, k = history[steps], x - y
        down = k == -steps or (k != steps and before[k - 1] < before[k + 1])
        last = before[k + 1] if down else before[k - 1]
        start = (last, last - (k + 1)) if down else (last, last - (k - 1))
        begin = start[0] if down else start[0] + 1
        while x > max(begin, 0) and y > 0:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        if steps == 0:
            break
        x, y = start
    return pairs[::-1]
