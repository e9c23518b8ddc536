"""A trace in the format of Chrome's trace viewer."""

import dataclasses
import json

from lab.records.trace import STATE_NAMES, Segment, State, Trace
from lab.renderers import chrome_trace


def test_chrome_has_a_row_a_thread_and_one_for_the_gil(trace: Trace) -> None:
    data = json.loads(chrome_trace.render(trace))
    events = data["traceEvents"]
    rows = {
        event["tid"]: event["args"]["name"]
        for event in events
        if event["ph"] == "M" and event["name"] == "thread_name"
    }
    assert rows == {0: "GIL", 1: "MainThread (10)", 2: "wörker (11)"}
    spans = [event for event in events if event["ph"] == "X"]
    assert {event["ph"] for event in events} == {"M", "X"}
    assert len(spans) == len(trace.segments) + 2
    assert all(span["dur"] > 0 and span["pid"] == 1 for span in spans)
    gil = [(span["name"], span["ts"], span["dur"]) for span in spans if not span["tid"]]
    holds = ["MainThread: main", "wörker: Report.total"]
    assert gil == [(holds[0], 0, 1e6), (holds[1], 1e6, 1e6)]
    (args,) = (span["args"] for span in spans if span["tid"] == 2 and "args" in span)
    assert args == {"at": "/src/wörk/report.py:31", "calls": "json.loads"}
    ours = [(span["name"], span["ts"]) for span in spans if span["tid"] == 1]
    assert ours == [("main", 0), ("runs free", 1e6), ("waits", 3e6)]


def _states(trace: Trace) -> list[str]:
    """What the rows of threads show, hold by hold without names of functions."""
    bare = [segment._replace(line=None) for segment in trace.segments]
    bared = dataclasses.replace(trace, segments=tuple(bare))
    shown = json.loads(chrome_trace.render(bared))
    return [
        event["name"]
        for event in shown["traceEvents"]
        if event["ph"] == "X" and event["tid"]
    ]


def test_waits_are_named_as_far_as_the_system_tells_them(trace: Trace) -> None:
    assert not trace.told_apart
    assert set(_states(trace)) == {"holds the GIL", "runs free", "waits"}
    apart: tuple[State, ...] = ("wants", "ready", "blocked")
    segments = [Segment(0, one, at, at + 1.0) for at, one in enumerate(apart)]
    told = dataclasses.replace(trace, told_apart=True, segments=tuple(segments))
    assert _states(told) == [STATE_NAMES[state] for state in apart]
