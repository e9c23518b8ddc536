"""Stacks for other tools: collapsed, and for speedscope."""

import dataclasses
import json

from lab.records.lines import Line
from lab.records.trace import Trace
from lab.renderers import collapsed, speedscope


def test_collapsed_stacks_are_weighted_in_microseconds(trace: Trace) -> None:
    assert collapsed.render(trace).splitlines() == [
        "MainThread;main (/src/main.py:7) 750000",
        "wörker;main (/src/main.py:7);Report.total (/src/wörk/report.py:31) 1000000",
    ]
    assert collapsed.render(trace, wanted=True).splitlines() == [
        "wörker;main (/src/main.py:7);Report.total (/src/wörk/report.py:31) 500000",
    ]


def test_a_name_ends_no_stack(trace: Trace) -> None:
    odd = Line("a;b.py", 1, "f;g", held=0.25)
    told = dataclasses.replace(trace, lines=(odd, *trace.lines[1:]))
    assert collapsed.render(told).splitlines()[1].split(";")[2:] == [
        "f,g (a,b.py:1) 1000000"
    ]


def test_speedscope_has_a_profile_by_time_held_and_one_by_time_waited(
    trace: Trace,
) -> None:
    """Its schema's rules: weights and samples in pairs, frames by number."""
    data = json.loads(speedscope.render(trace))
    assert data["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = data["shared"]["frames"]
    assert all(set(frame) <= {"name", "file", "line", "col"} for frame in frames)
    held, wanted = data["profiles"]
    for profile in (held, wanted):
        assert profile["type"] == "sampled"
        assert profile["unit"] == "seconds"
        assert len(profile["samples"]) == len(profile["weights"])
        assert profile["startValue"] == 0
        assert profile["endValue"] == sum(profile["weights"])
        assert all(0 <= n < len(frames) for each in profile["samples"] for n in each)
    named = [[frames[n]["name"] for n in each] for each in held["samples"]]
    assert named == [["MainThread", "main"], ["wörker", "main", "Report.total"]]
    assert held["weights"] == [0.75, 1.0]
    assert wanted["weights"] == [0.0, 0.5]
    assert frames[-1] == {
        "name": "Report.total",
        "file": "/src/wörk/report.py",
        "line": 31,
    }
