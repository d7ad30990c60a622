"""MXNet's binary list of arrays: recorded bytes of every generation, round trips, and damaged files."""

import io
import json
import os
import struct
import subprocess
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from declax.attrs import DTYPES
from declax.errors import LoadError
from declax.io import read_arrays
from declax.io.params import Stored, params_bytes, read_params, read_stored, write_params
from declax.rules import dtype_of
from tests.record_legacy import digest

LIST = struct.pack("<QQ", 0x112, 0)

# Written by MXNet 1.9.1: an int8 vector, a CSR matrix and a row-sparse matrix, NumPy-shape arrays, an empty list.
INT8 = bytes.fromhex(
    "120100000000000000000000000000000100000000000000c9fa93f90000000001000000020000000000000001000000000000000500000001"
    "020000000000000000"
)
CSR = bytes.fromhex(
    "120100000000000000000000000000000100000000000000c9fa93f9020000000100000003000000000000000200000002000000000000000300"
    "00000000000001000000000000000000000006000000010000000300000000000000060000000100000003000000000000000000803f00000040"
    "0000404000000000000000000100000000000000030000000000000001000000000000000000000000000000020000000000000001000000000000"
    "00010000000000000061"
)
ROW_SPARSE = bytes.fromhex(
    "120100000000000000000000000000000100000000000000c9fa93f9010000000200000002000000000000000200000000000000020000000300"
    "0000000000000200000000000000010000000000000000000000060000000100000002000000000000000000004000000000000040400000803f"
    "010000000000000002000000000000000100000000000000010000000000000061"
)
EMPTY_CSR = bytes.fromhex(
    "120100000000000000000000000000000100000000000000c9fa93f902000000010000000000000000000000020000000200000000000000"
    "0300000000000000010000000000000000000000060000000100000003000000000000000600000001000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000"
)
NUMPY_SHAPES = bytes.fromhex(
    "120100000000000000000000000000000300000000000000cafa93f9000000000000000001000000000000000000000000006040cafa93f90000"
    "00000200000000000000000000000300000000000000010000000000000000000000cafa93f90000000001000000020000000000000001000000"
    "00000000000000000000803f0000803f0300000000000000010000000000000073010000000000000065010000000000000076"
)
EMPTY = bytes.fromhex("1201000000000000000000000000000000000000000000000000000000000000")


def same(a, b):
    """Equal in type, shape and every bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_reads_what_mxnet_wrote():
    (x,) = read_params(INT8)
    assert same(x, np.array([1, 2], np.int8))
    assert same(read_params(CSR)["a"], np.array([[0, 1, 0], [2, 0, 3]], np.float32))
    assert same(read_params(ROW_SPARSE)["a"], np.array([[0, 0], [2, 0], [3, 1]], np.float32))
    assert same(read_params(EMPTY_CSR)[0], np.zeros((2, 3), np.float32))
    found = read_params(NUMPY_SHAPES)
    assert same(found["s"], np.array(3.5, np.float32))
    assert same(found["e"], np.zeros((0, 3), np.float32))
    assert same(found["v"], np.ones(2, np.float32))
    assert read_params(EMPTY) == []


def test_storage_types_are_kept():
    for text, storage in ((CSR, "csr"), (ROW_SPARSE, "row_sparse"), (INT8, "default")):
        entries, names = read_stored(text)
        assert entries[0].storage == storage
        data = dict(zip(names, entries, strict=True)) if names else entries
        assert params_bytes(data) == text


@pytest.mark.parametrize("magic", [b"", struct.pack("<I", 0xF993FAC8)])
def test_reads_older_generations(magic):
    values = np.arange(6, dtype=np.float32)
    dims = struct.pack("<III", 2, 2, 3) if not magic else magic + struct.pack("<iqq", 2, 2, 3)
    empty = struct.pack("<I", 0) if not magic else magic + struct.pack("<i", 0)
    array = dims + struct.pack("<iii", 2, 3, 0) + values.tobytes()  # on gpu(3)
    text = (
        LIST + struct.pack("<Q", 2) + array + empty + struct.pack("<QQ", 2, 5) + b"arg:w" + struct.pack("<Q", 1) + b"n"
    )
    found = read_params(text)
    assert same(found["arg:w"], values.reshape(2, 3))
    assert found["n"] is None


def test_path_stream_and_bytes(tmp_path):
    path = tmp_path / "net-0001.params"
    data = {"arg:fc_weight": np.arange(6, dtype=np.float32).reshape(2, 3), "aux:é": np.ones(3, np.int8)}
    write_params(path, data)
    stream = io.BytesIO()
    write_params(stream, data)
    assert path.read_bytes() == stream.getvalue() == params_bytes(data)
    for source in (path, str(path), stream.getvalue(), bytearray(stream.getvalue()), io.BytesIO(stream.getvalue())):
        found = read_params(source)
        assert list(found) == list(data)
        assert all(same(found[k], data[k]) for k in data)


def test_a_single_array_is_a_list_of_one():
    assert params_bytes(np.ones(2, np.int8)) == params_bytes([np.ones(2, np.int8)])
    assert read_params(params_bytes({})) == []


def test_any_layout_and_byte_order_is_written():
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    for y in (np.asfortranarray(x), x.astype(">f4"), np.stack([x, x])[::2][0]):
        assert same(read_params(params_bytes([y]))[0], x)


def test_replaces_a_file_whole_or_not_at_all(tmp_path):
    path = tmp_path / "w.params"
    write_params(path, [np.zeros(3, np.float32)])
    path.chmod(0o640)
    mapped = read_params(path)[0]
    with pytest.raises(TypeError, match="array 'b': the format has no element type complex64"):
        write_params(path, {"a": np.zeros(1), "b": np.zeros(1, np.complex64)})
    assert same(read_params(path)[0], np.zeros(3, np.float32))
    write_params(path, [np.ones(4, np.float32)])
    assert os.listdir(tmp_path) == ["w.params"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert same(mapped, np.zeros(3, np.float32))  # the old file lives on under what was read from it
    link = tmp_path / "link"
    link.symlink_to(path)
    write_params(link, [np.ones(5, np.float32)])
    assert link.is_symlink()
    assert len(read_params(path)[0]) == 5


def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "w.params"
    write_params(path, [np.zeros(3, np.float32)])

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr("declax.io.params.os.fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        write_params(path, [np.ones(3, np.float32)])
    assert os.listdir(tmp_path) == ["w.params"]
    assert same(read_params(path)[0], np.zeros(3, np.float32))


def test_what_cannot_be_written():
    with pytest.raises(ValueError, match="scalar of shape"):
        params_bytes([np.array(1.0)])
    assert same(read_params(params_bytes([np.array(1.0)], np_shape=True))[0], np.array(1.0))
    with pytest.raises(ValueError, match="csr array cannot be written under NumPy shape"):
        params_bytes([Stored.of(np.eye(2), "csr")], np_shape=True)
    with pytest.raises(TypeError, match="names of arrays are strings, got 1"):
        params_bytes({1: np.zeros(1)})
    with pytest.raises(ValueError, match="3 dimensions has no storage type 'csr'"):
        Stored.of(np.zeros((1, 2, 3)), "csr")


def test_a_mapped_file_costs_its_size_once(tmp_path):
    path = tmp_path / "big.params"
    write_params(path, {"w": np.zeros(1 << 22, np.float32)})
    tracemalloc.start()
    found = read_params(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert found["w"].nbytes == 1 << 24
    assert not found["w"].flags.writeable


# -- property tests ----------------------------------------------------------------------------------------------

arrays = st.sampled_from(DTYPES).flatmap(
    lambda d: hnp.arrays(
        np.uint8 if d == "bfloat16" else np.dtype(d), hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4)
    ).map(lambda a: a.astype(dtype_of("bfloat16")) if d == "bfloat16" else a)
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), arrays, min_size=1, max_size=4))
def test_round_trip_by_name(data):
    found = read_params(params_bytes(data))
    assert list(found) == list(data)
    assert all(same(found[k], data[k]) for k in data)


@QUICK
@given(st.lists(arrays, max_size=4), st.booleans())
def test_round_trip_of_lists(data, np_shape):
    found = read_params(params_bytes(data, np_shape=np_shape))
    assert len(found) == len(data)
    assert all(same(a, b) for a, b in zip(found, data, strict=True))


@QUICK
@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.integers(0, 2)),
    st.sampled_from(["csr", "row_sparse"]),
)
def test_round_trip_of_sparse(x, storage):
    stored = Stored.of(x, storage)
    assert same(stored.dense(), x)
    entries, _ = read_stored(params_bytes([stored]))
    assert entries[0].storage == storage
    assert same(read_params(params_bytes([stored]))[0], x)


MIXED = params_bytes(
    {"a": np.arange(6.0).reshape(2, 3), "b": Stored.of(np.eye(3, dtype=np.float32), "csr"),
     "c": Stored.of(np.eye(3, dtype=np.float16), "row_sparse")}
)  # fmt: skip


@QUICK
@given(st.integers(0, len(MIXED) - 1))
def test_truncated_files_say_where(size):
    with pytest.raises(LoadError, match=r"<\d+ bytes>: byte \d+: "):
        read_params(MIXED[:size])


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_damaged_files_load_or_end_in_one_error(data):
    text = bytearray(data.draw(st.sampled_from([MIXED, INT8, NUMPY_SHAPES, EMPTY_CSR])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        word = data.draw(st.binary(min_size=1, max_size=8))
        text[at : at + len(word)] = word
    with suppress(LoadError):
        read_params(bytes(text), max_dense=1 << 20)


@QUICK
@given(st.binary(max_size=200), st.booleans())
def test_foreign_files(text, with_magic):
    try:
        read_params(LIST + text if with_magic else text, max_dense=1 << 20)
    except LoadError:
        pass
    else:
        assert with_magic


# -- words -------------------------------------------------------------------------------------------------------


def one(body: bytes, names: bytes = struct.pack("<Q", 0)) -> bytes:
    """A list of one array with this body."""
    return LIST + struct.pack("<Q", 1) + body + names


V2 = struct.pack("<Ii", 0xF993FAC9, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "byte 0: expected the magic number 0x112 of an NDArray list (8 bytes), but only 0 bytes are left"),
        (b"PK\x03\x04" + bytes(20), "byte 0: expected the magic number 0x112 of an NDArray list, got 0x4034b50"),
        (LIST + struct.pack("<Q", 2**60), f"byte 16: the file says {2**60} arrays, but only 0 bytes are left"),
        (
            one(struct.pack("<I", 0xDEADBEEF)),
            "expected array 0: a magic number or at most 64 dims, got 0xdeadbeef",
        ),
        (one(struct.pack("<Ii", 0xF993FAC9, 7)), "byte 28: expected the storage type of array 0, got 7"),
        (one(V2 + struct.pack("<i", 2**30)), "expected the shape of array 0 of at most 64 dimensions, got 1073741824"),
        (
            one(V2 + struct.pack("<iqiii", 1, 2**50, 1, 0, 0)),
            "expected array 0 of shape (1125899906842624,) and type float32 (4503599627370496 bytes), but only",
        ),
        (one(V2 + struct.pack("<iqqiii", 2, 0, 2**62, 1, 0, 0)), "array 0: no array has the shape (0, "),
        (
            one(V2 + struct.pack("<iqiii", 1, 1, 1, 0, 99)),
            "the type of array 0, a number from 0 to 12, got 99",
        ),
        (INT8[:-8] + struct.pack("<Q", 5), "expected 0 or 1 names, one for every array, got 5"),
        (INT8[:-8] + struct.pack("<QQ", 1, 1) + b"\xff", "name 0 is not UTF-8 text"),
        (INT8[:-8] + struct.pack("<QQ", 1, 2**63), "expected name 0 (9223372036854775808 bytes)"),
    ],
    ids=range(12),
)
def test_errors_say_where_and_what(text, words):
    with pytest.raises(LoadError) as e:
        read_params(text)
    assert words in str(e.value)


def test_hostile_headers_allocate_nothing():
    tracemalloc.start()
    for header in (struct.pack("<iqiii", 1, 2**40, 1, 0, 0), struct.pack("<iqqiii", 2, 0, 2**40, 1, 0, 0)):
        with pytest.raises(LoadError):
            read_params(one(V2 + header)[:-8])
    assert tracemalloc.get_traced_memory()[1] < 1 << 18
    tracemalloc.stop()


def test_sparse_arrays_unfold_within_limits():
    text = params_bytes({"w": Stored((10**6, 10**6), np.ones(1), "row_sparse", (np.zeros(1, np.int64),))})
    with pytest.raises(LoadError, match="do not fit a row_sparse shape"):
        read_params(text)
    huge = Stored((10**6, 10**6), np.zeros(0), "csr", (np.zeros(10**6 + 1, np.int64), np.zeros(0, np.int64)))
    with pytest.raises(LoadError, match=r"array 0 \('w'\): a csr array .* unfolds to more than 1073741824 bytes"):
        read_params(params_bytes({"w": huge}))
    outside = Stored((2, 2), np.ones((1, 2)), "row_sparse", (np.array([5]),))
    with pytest.raises(LoadError, match="a row index is outside 0 to 1"):
        read_params(params_bytes([outside]))
    falling = Stored((2, 2), np.ones(1), "csr", (np.array([0, 2, 1]), np.array([0])))
    with pytest.raises(LoadError, match="row pointers decrease"):
        read_params(params_bytes([falling]))


def test_a_missing_file_is_a_load_error(tmp_path):
    with pytest.raises(LoadError, match="No such file"):
        read_params(tmp_path / "nope.params")
    (tmp_path / "empty.params").touch()
    with pytest.raises(LoadError, match=r"empty.params: byte 0: expected the magic number"):
        read_params(tmp_path / "empty.params")


ORACLE = Path(os.environ.get("DECLAX_ORACLE", Path(__file__).parents[2] / "shared" / "oracle")) / "corpus" / "legacy"


@pytest.mark.skipif(not ORACLE.is_dir(), reason=f"old MXNet files are not at {ORACLE} (set DECLAX_ORACLE)")
def test_real_old_files_are_read_bit_for_bit_as_mxnet_reads_them():
    wanted = json.loads((Path(__file__).parent / "data" / "legacy.json").read_text())["params"]
    files = sorted(ORACLE.glob("*.params"))
    assert [f.name for f in files] == list(wanted)
    for file in files:
        if wanted[file.name] is None:
            with pytest.raises(LoadError):
                read_arrays(file)
            continue
        found = read_arrays(file)
        assert digest(found) == wanted[file.name], file
        assert digest(read_arrays(params_bytes(found))) == wanted[file.name], file


MXNET = os.environ.get("DECLAX_MXNET_PYTHON", "")
READ = """
import sys, mxnet
from tests.record_legacy import digest
if sys.argv[2] == "1":
    mxnet.util.set_np_shape(True)
print(digest({n: a.asnumpy() for n, a in mxnet.nd.load(sys.argv[1]).items()}))
print({n: a.stype for n, a in mxnet.nd.load(sys.argv[1]).items()})
"""


@pytest.mark.skipif(not MXNET, reason="DECLAX_MXNET_PYTHON names no Python with MXNet 1.9.1")
@pytest.mark.parametrize("np_shape", [False, True])
def test_mxnet_reads_what_is_written(tmp_path, np_shape):
    rng = np.random.default_rng(0)
    names = [d for d in DTYPES if d not in ("bfloat16", "int16", "uint16", "uint32", "uint64")]
    data = {f"arg:{d}": (rng.normal(size=(3, 4)) * 9).astype(d) for d in names}
    stored: dict = dict(data)
    if np_shape:
        data["scalar"] = stored["scalar"] = np.array(2.5, np.float32)
    else:
        x = np.array([[0, 1, 0], [0, 0, 0], [2, 0, 3]], np.float32)
        data |= {"rows": x, "csr": x}
        stored |= {"rows": Stored.of(x, "row_sparse"), "csr": Stored.of(x, "csr")}
    write_params(tmp_path / "w.params", stored, np_shape=np_shape)
    command = [MXNET, "-c", READ, str(tmp_path / "w.params"), str(int(np_shape))]
    root = Path(__file__).parents[1]
    out = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.splitlines()
    assert out[0] == digest(data)
    assert np_shape or "'rows': 'row_sparse', 'csr': 'csr'" in out[1]
