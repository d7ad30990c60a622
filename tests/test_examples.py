"""The examples run, each in its own process as a user starts it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def run(*arguments: str) -> str:
    """The output of one example."""
    done = subprocess.run([sys.executable, EXAMPLES / arguments[0], *arguments[1:]], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_tutorial():
    assert run("tutorial.py").rstrip().endswith("all cells ran")


@pytest.mark.slow
def test_inception_trains_saves_and_loads(tmp_path: Path):
    out = run("inception.py", "--quick", "--out", str(tmp_path))
    assert "in5b_ch_concat(Concat)" in out
    assert json.loads((tmp_path / "result.json").read_text())["same"]
    assert (tmp_path / "inception.gv").exists()


@pytest.mark.slow
def test_jax_native():
    assert "held-out accuracy" in run("jax_native.py", "--quick")
