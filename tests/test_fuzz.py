"""Damaged files of every kind load or end in a LoadError, within a limit of memory and of time (tests/fuzz.py)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import fuzz

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "oracle" / "corpus" / "legacy"


def test_damaged_files():
    counts = fuzz.run(600)
    assert {what.split()[0] for what in counts} == {"json", "arrays", "model"}
    assert any(what.endswith("loaded") for what in counts)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="mapped memory is read from Linux's /proc")
def test_damaged_files_within_limited_memory(tmp_path):
    command = [sys.executable, "-m", "tests.fuzz", "--examples", "4000", "--seed", "1"]
    command += ["--corpus", str(CORPUS)] if CORPUS.is_dir() else []
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
