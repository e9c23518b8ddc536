"""A trace in the files that were asked for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lab.commands.kept_trace import EXPORTS, Kept
from lab.errors import UsageError
from lab.records.trace import Trace
from lab.records.trace_file import load


def test_either_or_both_or_none(trace: Trace, tmp_path: Path) -> None:
    Kept(None, chrome_output=None).write(trace)
    assert list(tmp_path.iterdir()) == []
    Kept(tmp_path / "a.json", chrome_output=tmp_path / "b.json").write(trace)
    assert load(tmp_path / "a.json") == trace
    assert "traceEvents" in json.loads((tmp_path / "b.json").read_text())


def test_what_cannot_be_written_is_one_line(trace: Trace, tmp_path: Path) -> None:
    path, told = tmp_path / "none/a.json", replace(trace, told_apart=True)
    with pytest.raises(UsageError, match="No such file"):
        Kept(path).write(trace)
    for name in EXPORTS:
        with pytest.raises(UsageError, match="No such file") as caught:
            Kept(None, **{name: path}).write(told)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in EXPORTS if "chrome" not in name])
def test_of_a_trace_without_lines_no_stacks_are_kept(
    trace: Trace, tmp_path: Path, name: str
) -> None:
    old = replace(trace, told_apart=True, has_lines=False, lines=(), stacks=())
    with pytest.raises(UsageError, match="without the lines that held") as caught:
        Kept(None, **{name: tmp_path / "a"}).write(old)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
