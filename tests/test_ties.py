"""Equal elements in `topk`: the ones that C++'s `partial_sort` takes, in its order, as real MXNet gives them."""

import numpy as np
import pytest

import declax as dx

RECORDED = {
    (1, False): [3, 4, 1, 0, 2, 5],
    (2, False): [3, 1, 9, 11, 7, 5],
    (3, False): [11, 8, 14, 17, 2, 5],
    (5, True): [15, 10, 20, 25, 0, 5],
    (11, True): [0, 11, 44, 55, 33, 22],
}
"""From MXNet 1.9.1: the positions of the six largest, or smallest, of `numbers(m)`."""


def numbers(m: int) -> np.ndarray:
    return (np.arange(60) * 7 % m).astype("float32")


def taken(x: np.ndarray, k: int, **kwargs) -> np.ndarray:
    return dx.nd.topk(dx.nd.array(x, dtype=x.dtype), k=k, **kwargs).asnumpy()


@pytest.mark.parametrize(("m", "is_ascend"), RECORDED)
def test_recorded_positions(m: int, is_ascend: bool):
    assert taken(numbers(m), 6, is_ascend=is_ascend).tolist() == RECORDED[m, is_ascend]


def test_whole_numbers_and_masks_and_rows():
    rows = np.stack([numbers(2), numbers(3), np.arange(60)]).astype("int32")
    found = taken(rows, 6)
    assert found.tolist() == [RECORDED[2, False], RECORDED[3, False], [59, 58, 57, 56, 55, 54]]
    mask = taken(rows, 6, ret_typ="mask")
    assert [set(np.flatnonzero(m)) for m in mask] == [set(f) for f in found]


def test_many_elements():
    assert taken((np.arange(3000) * 7919 % 101).astype("float32"), 12).tolist() == [
        32,
        133,
        537,
        840,
        234,
        941,
        335,
        1042,
        638,
        1143,
        739,
        436,
    ]
    assert taken((np.arange(3000) // 100).astype("float32"), 12).tolist() == [
        2907,
        2904,
        2906,
        2908,
        2901,
        2909,
        2905,
        2910,
        2902,
        2911,
        2903,
        2900,
    ]


def test_all_are_sorted_where_many_are_taken():
    assert taken(numbers(2), 8).tolist() == [1, 3, 5, 7, 9, 11, 13, 15]
