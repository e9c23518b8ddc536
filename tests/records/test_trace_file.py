"""Traces in files: saved, read again, and refused in one line."""

import dataclasses
import json
import math
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from lab.records.trace import (
    FORMAT,
    Segment,
    ThreadTrace,
    Trace,
)
from lab.records.trace_file import load
from tests.records.damaged import UNREADABLE, refused


def test_saved_and_loaded_is_equal(trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    trace.save(path)
    assert load(path) == trace
    assert json.loads(path.read_text())["format"] == FORMAT
    assert os.listdir(tmp_path) == ["trace.json"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_an_older_file_is_read(trace: Trace, tmp_path: Path) -> None:
    """What later formats added is missing there, and stands at its default."""
    path = tmp_path / "trace.json"
    trace.save(path)
    data = json.loads(path.read_text()) | {"format": 1}
    for kind, record in ((Trace, data), *((ThreadTrace, it) for it in data["threads"])):
        for field in dataclasses.fields(kind):
            if field.default is not dataclasses.MISSING:
                del record[field.name]
    data["segments"] = [one[:4] for one in data["segments"]]
    path.write_text(json.dumps(data))
    before = dataclasses.replace(
        trace,
        segments=tuple(Segment(*one[:4]) for one in trace.segments),
        has_lines=False,
        lines=(),
        stacks=(),
        lines_unread=0.0,
    )
    assert load(path) == before


def test_failed_save_leaves_the_old_file(trace: Trace, tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_text("old")
    broken = dataclasses.replace(trace, python=object())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        broken.save(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["trace.json"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["kind"], "something"),
        (["format"], FORMAT + 1),
        (["format"], 0),
        (["samples"], "many"),
        (["gil_free"], math.nan),
        (["gil_free"], None),
        (["format"], True),
        (["gil_free"], 1.5),
        (["held"], 0.25),
        (["runs_free"], 0.2),
        (["duration_s"], 0),
        (["duration_s"], -1),
        (["duration_s"], math.inf),
        (["samples"], 10**400),
        (["segments_start_s"], 4.0),
        (["threads", 0, "longest_hold_s"], 5.0),
        (["threads", 1, "end_s"], 5.0),
        (["threads", 1, "start_s"], 4.5),
        (["segments", 1, 3], 4.5),
        (["segments", 1, 2], 3.5),
        (["segments", 1, 2], math.nan),
        (["threads"], 5),
        (["threads", 0, "name"], 5),
        (["segments", 0, 0], 2),
        (["segments", 0, 0], -1),
        (["segments", 0, 1], "sleeps"),
        (["segments", 0], [0, "holds", 1.0]),
        (["segments", 0, 4], 2),
        (["lines"], 5),
        (["lines", 0, "held"], 0.5),
        (["lines", 0, "held"], 0.1),
        (["lines", 0, "line"], -1),
        (["lines", 0, "longest_s"], 5.0),
        (["stacks", 2, 0], 2),
        (["stacks", 2, 0], 0),
        (["stacks", 2, 1], 2),
        (["stacks", 2, 2], 2),
        (["stacks", 2, 4], 0.5),
    ],
)
def test_foreign_files_are_one_line_of_value_error(
    trace: Trace, tmp_path: Path, path: list[str | int], value: object
) -> None:
    file = tmp_path / "trace.json"
    trace.save(file)
    data = json.loads(file.read_text())
    inner: Any = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    told = str(refused(load, file, data).value)
    if path[0] not in ("kind", "format"):
        place = "".join(f"[{one}]" if type(one) is int else f".{one}" for one in path)
        told = told.partition("damaged trace: ")[2].partition(": ")[0]
        assert told
        # What takes two fields is told of the first, or of what holds both.
        assert place[1:].startswith(told) or told in ("held", "gil_free")


@pytest.mark.parametrize("content", UNREADABLE)
def test_unreadable_files_are_one_line_of_value_error(
    tmp_path: Path, content: bytes
) -> None:
    refused(load, tmp_path / "trace.json", content)


def test_missing_file_is_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")
