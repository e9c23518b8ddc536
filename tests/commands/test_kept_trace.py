"""A trace in the files that were asked for."""

import json
from pathlib import Path

import pytest

from lab.commands.kept_trace import EXPORTS, keep
from lab.errors import UsageError
from lab.records.trace import Trace
from lab.records.trace_file import load


def test_either_or_both_or_none(trace: Trace, tmp_path: Path) -> None:
    keep(trace, None, chrome_output=None)
    assert list(tmp_path.iterdir()) == []
    keep(trace, tmp_path / "a.json", chrome_output=tmp_path / "b.json")
    assert load(tmp_path / "a.json") == trace
    assert "traceEvents" in json.loads((tmp_path / "b.json").read_text())


def test_what_cannot_be_written_is_one_line(trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "none/a.json"
    with pytest.raises(UsageError, match="No such file"):
        keep(trace, path)
    for name in EXPORTS:
        with pytest.raises(UsageError, match="No such file") as caught:
            keep(trace, None, **{name: path})
        assert "\n" not in str(caught.value)
