"""Compiled programs on disk: taken by a second process, never for another program."""

import subprocess
import sys

import pytest

import declax as mx
from declax.errors import UsageError

PROGRAM = """
import sys
import jax
import declax as mx
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith("cache_hits") else None)
assert jax.config.jax_compilation_cache_dir is None
mx.cache.enable(sys.argv[1])
net = mx.sym.Variable("x") * float(sys.argv[2])
ex = net.bind(mx.cpu(), {"x": mx.nd.ones((2, 3))})
hits.clear()
print(ex.forward()[0].asnumpy()[0, 0], len(hits))
"""


def run(folder, factor):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), str(factor)], capture_output=True, text=True, check=True
    )
    value, hits = done.stdout.split()
    return float(value), int(hits)


def test_a_second_process_takes_the_program_and_another_program_does_not(tmp_path, monkeypatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    folder = tmp_path / "made" / "on demand"
    assert run(folder, 2) == (2, 0)
    assert run(folder, 2) == (2, 1)
    assert run(folder, 3) == (3, 0)


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"cache folder .*file.* cannot be made.*pass another path"):
        mx.cache.enable(tmp_path / "file")
