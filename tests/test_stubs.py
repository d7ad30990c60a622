"""The generated files are what the table of operators gives."""

import pytest

from declax import stubs


@pytest.mark.parametrize("path", ["_sym.pyi", "_nd.pyi", "operators.md"])
def test_generated_files_are_up_to_date(path: str):
    file, text = next((p, t) for p, t in stubs.outputs().items() if p.name == path)
    assert file.read_text(encoding="utf-8") == text, "run: python -m declax.stubs --write"


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture):
    assert stubs.main([]) == 2
    assert "--write" in capsys.readouterr().out
