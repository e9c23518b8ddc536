"""A file to start from."""

import os
from pathlib import Path

import pytest

from lab.commands import new
from lab.errors import UsageError


def test_new(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert new.run("primes") == 0
    assert "python -m lab bench primes.pyx" in capsys.readouterr().out
    text = (tmp_path / "primes.pyx").read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="is there already"):
        new.run("primes.pyx")
    assert (tmp_path / "primes.pyx").read_text(encoding="utf-8") == text
    with pytest.raises(UsageError, match="2a: no name for a module"):
        new.run("2a")
    assert os.listdir(tmp_path) == ["primes.pyx"]
