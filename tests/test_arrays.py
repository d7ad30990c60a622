"""Files of named arrays: `.npz`, `.safetensors`, `.params` through one door; damaged and hostile ones."""

import io
import json
import os
import subprocess
import sys
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from declax.errors import LoadError
from declax.io import read_arrays, write_arrays
from declax.io.arrays import format_of
from declax.io.npz import read_npz, write_npz
from declax.io.params import params_bytes
from declax.io.safetensors import read_safetensors, write_safetensors

ARRAYS = {
    "arg:conv_weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "aux:bn_moving_mean": np.array([0.5, -1.0]),
    "a b/ü": np.array([[1, -2]], np.int8),
    "half": np.array([1.5, 2.0], np.float16),
    "brain": np.array([1.5, -2.0, 3.0], ml_dtypes.bfloat16),
    "flags": np.array([True, False]),
    "wide": np.array([2**40], np.int64),
    "none": np.zeros((0, 3), np.float32),
}


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def written(write, arrays=ARRAYS):
    stream = io.BytesIO()
    write(stream, arrays)
    return stream.getvalue()


@pytest.mark.parametrize("suffix", [".params", ".nd", ".npz", ".safetensors", ".NPZ"])
def test_every_format_brings_back_names_types_and_values(tmp_path, suffix):
    path = tmp_path / ("w" + suffix)
    write_arrays(path, ARRAYS)
    assert os.listdir(tmp_path) == ["w" + suffix]
    for source in (path, str(path), path.read_bytes(), io.BytesIO(path.read_bytes())):
        found = read_arrays(source)
        kept = ARRAYS if suffix not in (".params", ".nd") else {n: a for n, a in ARRAYS.items() if a.size}
        assert [n for n in found if found[n].size] == [n for n in kept if kept[n].size]
        assert all(same(found[n], a) for n, a in kept.items())


def test_numpys_own_archives_are_read(tmp_path):
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "w.npz", x=ARRAYS["arg:conv_weight"], y=np.asfortranarray(np.arange(6.0).reshape(2, 3)))
        found = read_arrays(tmp_path / "w.npz")
        assert same(found["x"], ARRAYS["arg:conv_weight"])
        np.testing.assert_array_equal(found["y"], np.arange(6.0).reshape(2, 3))
    assert same(np.load(io.BytesIO(written(write_npz)))["arg:conv_weight"], ARRAYS["arg:conv_weight"])


def test_safetensors_bytes_are_those_of_the_format():
    data = written(write_safetensors, {"x": np.array([1, 2], np.int16)})
    size = int.from_bytes(data[:8], "little")
    assert (8 + size) % 64 == 0
    assert json.loads(data[8 : 8 + size]) == {"x": {"dtype": "I16", "shape": [2], "data_offsets": [0, 4]}}
    assert data[8 + size :] == b"\1\0\2\0"


def test_safetensors_own_reader_agrees(tmp_path):
    library = pytest.importorskip("safetensors.numpy", reason="the safetensors package is not installed")
    kept = {n: a for n, a in ARRAYS.items() if n != "brain"}
    assert all(same(a, kept[n]) for n, a in library.load(written(write_safetensors, kept)).items())
    assert all(same(a, kept[n]) for n, a in read_safetensors(library.save(kept)).items())


def test_lists_get_numbers_as_names_and_unset_arrays_are_left_out():
    assert list(read_arrays(params_bytes([np.ones(1, np.float32), np.ones(2, np.float32)]))) == ["0", "1"]


def test_formats_are_known_by_their_first_bytes(tmp_path):
    kinds = {"params": params_bytes(ARRAYS), "npz": written(write_npz), "safetensors": written(write_safetensors)}
    for kind, data in {**kinds, "json": b' {"nodes": []}', None: b"\x89PNG"}.items():
        (tmp_path / "x").write_bytes(data)
        assert format_of(tmp_path / "x") == format_of(data) == kind
    with pytest.raises(LoadError, match=r"cannot read .*missing: No such file"):
        format_of(tmp_path / "missing")


def test_what_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match=r"w.npx: expected one of the suffixes .*; did you mean '.npz'\?"):
        write_arrays(tmp_path / "w.npx", ARRAYS)
    with pytest.raises(TypeError, match="array 'c': safetensors has no element type complex64"):
        write_arrays(tmp_path / "w.safetensors", {"c": np.zeros(1, np.complex64)})
    with pytest.raises(TypeError, match="array 'o': Python objects cannot be written"):
        write_arrays(tmp_path / "w.npz", {"o": np.array([None])})
    assert os.listdir(tmp_path) == []


def tensors(header, body=b"\0" * 8):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(**change):
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | change}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\0", "byte 0: expected the size of the header"),
        (b"\xff" * 7 + b"\0{", "byte 0: the header should have"),
        (tensors(b"{x"), "byte 8: the header is no JSON"),
        (tensors(b"[" * 100_000), "byte 8: the header is no JSON"),
        (tensors([]), "byte 8: expected an object"),
        (tensors({"x": 3}), "array 'x': expected an object with dtype, shape and data_offsets"),
        (tensors(entry(dtype="F31")), "array 'x': unknown dtype 'F31'"),
        (tensors(entry(dtype=[1])), "unknown dtype"),
        (tensors(entry(shape=[-1])), "expected a shape"),
        (tensors(entry(shape=[True])), "expected a shape"),
        (tensors(entry(shape=[2**62, 2**62])), "8 bytes do not make float32"),
        (tensors(entry(data_offsets=[0, 80])), r"data_offsets \[0, 80\] are outside of the 8 bytes that are left"),
        (tensors(entry(data_offsets=[8, 0])), "are outside of"),
        (tensors(entry(data_offsets=[0])), "expected two whole numbers"),
    ],
    ids=range(14),
)
def test_safetensors_that_are_wrong(data, words):
    with pytest.raises(LoadError, match=words):
        read_safetensors(data)


def archive(*members, compression=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        for name, data in members:
            file.writestr(name, data)
    return stream.getvalue()


def npy(array, shape=None, pickled=False):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=pickled)
    data = stream.getvalue()
    return data if shape is None else data.replace(b"(2,)", shape.encode(), 1)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\3\4", "not a whole .npz file"),
        (archive(("x.npy", b"nothing")), "not a whole .npz file: .*magic"),
        (archive(("x.npy", npy(np.zeros(2), "(9,)"))), r"array 'x': 16 bytes do not make float64 of shape \(9,\)"),
        (archive(("x.npy", npy(np.array([None]), pickled=True))), "an array of Python objects cannot be read"),
        (archive(("x.npy", npy(np.zeros(2))), ("x", npy(np.zeros(2)))), "the name 'x' stands twice"),
        (archive(("x.npy", npy(np.zeros(1 << 20))), compression=zipfile.ZIP_DEFLATED), "unfolds to more than 1024"),
        (archive(("x.npy", npy(np.zeros(2))))[:-30], "not a whole .npz file"),
    ],
    ids=range(7),
)  # fmt: skip
def test_archives_that_are_wrong(data, words):
    with pytest.raises(LoadError, match=words):
        read_npz(data, max_dense=1024)


def test_a_foreign_file_is_named(tmp_path):
    (tmp_path / "x.params").write_bytes(b"\x89PNG....")
    with pytest.raises(LoadError, match=r"x.params: expected a file of arrays \(.params, .npz, .safetensors\)"):
        read_arrays(tmp_path / "x.params")


WHOLE = {"npz": written(write_npz), "safetensors": written(write_safetensors), "params": params_bytes(ARRAYS)}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_damaged_files_load_or_end_in_one_error(kind, data):
    damaged = bytearray(WHOLE[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(damaged)[: data.draw(st.integers(len(damaged) // 2, len(damaged)))]
    tracemalloc.start()
    with suppress(LoadError):
        read_arrays(damaged, max_dense=1 << 16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


PEAK = """
import sys
import jax.numpy
import declax as dx
from declax.io import read_arrays
jax.numpy.zeros(3).block_until_ready()
dx.nd.array([1.0]).asnumpy()  # imports what it needs
open("/proc/self/clear_refs", "w").write("5")  # the peak so far is that of importing
def peak():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM"))
before = peak()
found = dx.nd.load(sys.argv[1]) if sys.argv[2] == "nd" else read_arrays(sys.argv[1])
total = sum(float(a.asnumpy()[0] if sys.argv[2] == "nd" else a.sum()) for a in found.values())
print(peak() - before, total)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize(("how", "suffix"), [("nd", ".params"), ("numpy", ".params"), ("numpy", ".safetensors")])
def test_loading_costs_a_files_size_once(tmp_path, how, suffix):
    size = 64 << 20
    write_arrays(tmp_path / ("w" + suffix), {f"w{i}": np.ones(size // 64, np.float32) for i in range(16)})
    command = [sys.executable, "-c", PEAK, str(tmp_path / ("w" + suffix)), how]
    kilobytes, _ = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert int(kilobytes) * 1024 < 1.2 * size
