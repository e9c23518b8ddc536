"""Stacks for speedscope, by the rules of its file format."""

import dataclasses
import json
from typing import Any

import pytest

from lab.records.lines import Line
from lab.records.trace import Trace
from lab.renderers import speedscope

# What the format says of each object: the fields it must have, those it may have, and
# what they hold (https://www.speedscope.app/file-format-schema.json).
NUMBER = (int, float)
FILE = {"$schema": str, "shared": dict, "profiles": list}
FILE_MAY = {"name": str, "exporter": str, "activeProfileIndex": int}
FRAME_MAY = {"file": str, "line": NUMBER, "col": NUMBER}
SAMPLED = {
    "type": str,
    "name": str,
    "unit": str,
    "startValue": NUMBER,
    "endValue": NUMBER,
    "samples": list,
    "weights": list,
}
UNITS = {"none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"}


def _holds(it: Any, must: dict[str, Any], may: dict[str, Any]) -> None:
    assert isinstance(it, dict)
    assert set(must) <= set(it) <= {*must, *may}
    for name, value in it.items():
        assert isinstance(value, (must | may)[name]), name


def check(text: str) -> dict[str, Any]:
    """The file, once it keeps all the rules."""
    data: dict[str, Any] = json.loads(text)
    _holds(data, FILE, FILE_MAY)
    assert data["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    _holds(data["shared"], {"frames": list}, {})
    frames = data["shared"]["frames"]
    for frame in frames:
        _holds(frame, {"name": str}, FRAME_MAY)
    for profile in data["profiles"]:
        _holds(profile, SAMPLED, {})
        assert profile["type"] == "sampled"
        assert profile["unit"] in UNITS
        assert len(profile["samples"]) == len(profile["weights"])
        for stack in profile["samples"]:
            assert all(type(n) is int and 0 <= n < len(frames) for n in stack)
        assert all(isinstance(weight, NUMBER) for weight in profile["weights"])
        assert min(profile["weights"], default=0) >= 0
        span = profile["endValue"] - profile["startValue"]
        assert span == pytest.approx(sum(profile["weights"]))
    return data


def test_it_has_a_profile_by_time_held_and_one_by_time_waited(trace: Trace) -> None:
    told = dataclasses.replace(trace, told_apart=True)
    data = check(speedscope.render(told))
    frames = data["shared"]["frames"]
    held, wanted = data["profiles"]
    named = [[frames[n]["name"] for n in each] for each in held["samples"]]
    assert named == [["MainThread", "main"], ["wörker", "main", "Report.total"]]
    assert held["weights"] == [0.75, 1.0]
    assert wanted["weights"] == [0.0, 0.5]
    assert frames[-1] == {
        "name": "Report.total",
        "file": "/src/wörk/report.py",
        "line": 31,
    }
    # Where nobody told, that nobody wanted it would be false.
    (only,) = check(speedscope.render(trace))["profiles"]
    assert only["name"] == "GIL held"


def test_every_trace_keeps_the_rules(trace: Trace) -> None:
    nothing = dataclasses.replace(trace, lines=(), stacks=())
    unknown = Line("", 0, "no file, no line")
    odd = dataclasses.replace(trace, lines=(unknown, *trace.lines[1:]))
    for one in (nothing, odd):
        check(speedscope.render(one))


@pytest.mark.parametrize(
    ("kept", "broken"),
    [
        ('"weights": [0.75, 1.0]', '"weights": [0.75]'),
        ('"samples": [[0, 1]', '"samples": [[0, 99]'),
        ('"endValue": 1.75', '"endValue": 9'),
        ('"unit": "seconds"', '"unit": "hours"'),
        ('"type": "sampled"', '"type": "evented"'),
    ],
)
def test_the_rules_refuse_what_breaks_them(
    trace: Trace, kept: str, broken: str
) -> None:
    text = speedscope.render(trace)
    assert kept in text
    with pytest.raises(AssertionError):
        check(text.replace(kept, broken))


def test_a_function_without_a_name_has_an_empty_one(trace: Trace) -> None:
    nameless = Line("x.py", 1, "", held=0.25)
    told = dataclasses.replace(trace, lines=(nameless, *trace.lines[1:]))
    frames = check(speedscope.render(told))["shared"]["frames"]
    assert {"name": "", "file": "x.py", "line": 1} in frames
