"""Sentences for language models: tokens as numbers, and batches of sentences of about the same length."""

import bisect
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from declax.errors import UsageError
from declax.ndarray import NDArray, array


class DataDesc(NamedTuple):
    """Name, shape, type and layout of an input."""

    name: str
    shape: tuple[int, ...]
    dtype: Any = np.float32
    layout: str = "NCHW"


class DataBatch(NamedTuple):
    """One batch: arrays, and what they are for."""

    data: list[NDArray]
    label: list[NDArray]
    pad: int
    bucket_key: int
    provide_data: list[DataDesc]
    provide_label: list[DataDesc]


def encode_sentences(
    sentences: Sequence[Sequence[str]], vocab: dict[str, int] | None = None, invalid_label: int = -1,
    invalid_key: str = "\n", start_label: int = 0, unknown_token: str | None = None,
) -> tuple[list[list[int]], dict[str, int]]:  # fmt: skip
    """Tokens as numbers, and the vocabulary, which grows unless it is given.

    Args:
        sentences: lists of tokens.
        vocab: numbers by token; a token it lacks becomes `unknown_token`, or is an error without one.
        invalid_label, invalid_key: number and token for the end of a sentence.
        start_label: the first number to give.

    >>> encode_sentences([["a", "b"], ["b", "c"]], start_label=1)[0]
    [[1, 2], [2, 3]]
    """
    fresh = vocab is None
    vocab = {invalid_key: invalid_label} if vocab is None else vocab
    following = start_label
    coded = []
    for sentence in sentences:
        line = []
        for word in sentence:
            if word not in vocab:
                if not fresh and not unknown_token:
                    raise UsageError(f"Unknown token {word}")
                word = unknown_token or word
                if word not in vocab:
                    following += following == invalid_label
                    vocab[word] = following
                    following += 1
            line.append(vocab[word])
        coded.append(line)
    return coded, vocab


class BucketSentenceIter:
    """Batches of encoded sentences, each from one bucket of lengths; the label is the sentence one step on.

    Args:
        sentences: lists of numbers.
        batch_size: sentences a batch.
        buckets: lengths; by default every length that fills a batch. A sentence goes to the smallest that fits.
        invalid_label: what fills up the end.
        layout: `NT` or `TN`.
        seed: of the order of batches and sentences; numpy's global state decides when None.
    """

    def __init__(
        self, sentences: Sequence[Sequence[int]], batch_size: int, buckets: Sequence[int] | None = None,
        invalid_label: int = -1, data_name: str = "data", label_name: str = "softmax_label", dtype: Any = "float32",
        layout: str = "NT", seed: int | None = None,
    ):  # fmt: skip
        if layout not in ("NT", "TN"):
            raise ValueError(f"Invalid layout {layout}: Must be NT (batch major) or TN (time major)")
        lengths = [len(s) for s in sentences]
        wanted = sorted(buckets or np.flatnonzero(np.bincount(lengths) >= batch_size).tolist())
        filled: list[list[np.ndarray]] = [[] for _ in wanted]
        for sentence in sentences:
            at = bisect.bisect_left(wanted, len(sentence))
            if at < len(wanted):
                row = np.full(wanted[at], invalid_label, dtype)
                row[: len(sentence)] = sentence
                filled[at].append(row)
        discarded = len(sentences) - sum(map(len, filled))
        if discarded:
            warnings.warn(f"discarded {discarded} sentences longer than the largest bucket.", stacklevel=2)
        self.buckets = [b for b, rows in zip(wanted, filled, strict=True) if rows]
        self.data = [np.stack(rows) for rows in filled if rows]
        if not self.buckets:
            raise ValueError("no bucket has a sentence")
        self.batch_size, self.invalid_label, self.dtype, self.layout = batch_size, invalid_label, dtype, layout
        self.data_name, self.label_name = data_name, label_name
        self.default_bucket_key = max(self.buckets)
        self.provide_data, self.provide_label = self._describe(self.default_bucket_key)
        self._rng: Any = np.random if seed is None else np.random.default_rng(seed)
        self.idx = [
            (i, j) for i, rows in enumerate(self.data) for j in range(0, len(rows) - batch_size + 1, batch_size)
        ]
        self.reset()

    def _describe(self, length: int) -> tuple[list[DataDesc], list[DataDesc]]:
        shape = (self.batch_size, length) if self.layout == "NT" else (length, self.batch_size)
        data, label = (DataDesc(n, shape, layout=self.layout) for n in (self.data_name, self.label_name))
        return [data], [label]

    def reset(self) -> None:
        """Starts anew, in another order."""
        self.curr_idx = 0
        self._rng.shuffle(self.idx)
        for rows in self.data:
            self._rng.shuffle(rows)

    def __iter__(self) -> Iterator[DataBatch]:
        return self

    def next(self) -> DataBatch:
        """The next batch."""
        if self.curr_idx == len(self.idx):
            raise StopIteration
        i, j = self.idx[self.curr_idx]
        self.curr_idx += 1
        data = self.data[i][j : j + self.batch_size]
        label = np.full_like(data, self.invalid_label)
        label[:, :-1] = data[:, 1:]
        if self.layout == "TN":
            data, label = data.T, label.T
        describe_data, describe_label = self._describe(self.buckets[i])
        inputs, labels = ([array(np.ascontiguousarray(x), dtype=self.dtype)] for x in (data, label))
        return DataBatch(inputs, labels, 0, self.buckets[i], describe_data, describe_label)

    __next__ = next
