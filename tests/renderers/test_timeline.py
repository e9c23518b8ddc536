"""A trace as a chart, and its figures."""

import json
from dataclasses import replace

import pytest

pytest.importorskip("altair", reason="make .venv/.test installs what draws pages")

from lab.records.timeline import Span
from lab.records.trace import Segment, Trace
from lab.renderers.timeline import chart, table
from tests.traces import TRACE

TOLD = replace(
    TRACE,
    told_apart=True,
    segments=(
        Segment(0, "holds", 0.0, 2.0),
        Segment(0, "wants", 2.0, 3.0),
        Segment(0, "blocked", 3.0, 4.0),
        Segment(1, "wants", 0.0, 1.5),
        Segment(1, "ready", 1.5, 2.0),
        Segment(1, "holds", 2.0, 3.0),
        Segment(1, "runs_free", 3.0, 4.0),
    ),
)
CALLS = tuple(Span(one.name, 0.0, 4.0) for one in TRACE.threads)


def _states(trace: Trace) -> set[str]:
    drawn = json.dumps(chart(trace, CALLS))
    words = ("holds the GIL", "runs free", "wants the GIL", "no core", "blocked")
    return {word for word in (*words, "waits") if f'"{word}"' in drawn}


def test_what_threads_wait_for_is_drawn_where_it_is_known() -> None:
    told = {"holds the GIL", "runs free", "wants the GIL", "no core", "blocked"}
    assert _states(TOLD) == told
    assert _states(TRACE) == {"holds the GIL", "runs free", "waits"}


def test_who_wants_the_gil_for_how_long_and_behind_whom() -> None:
    titles, rows = table(TOLD, CALLS)
    first, second = (dict(zip(titles, row, strict=True)) for row in rows)
    assert first["wants the GIL"] == "25.0%"
    assert first["longest wait for the GIL"] == "1 s"
    assert first["held meanwhile by"] == "thread 2"
    assert second["wants the GIL"] == "37.5%"
    assert second["longest wait for the GIL"] == "1.5 s"
    assert second["held meanwhile by"] == "thread 1"
    assert "waits" not in titles


def test_a_system_that_does_not_tell() -> None:
    titles, rows = table(TRACE, CALLS)
    states = ("thread", "holds the GIL", "runs free", "waits")
    assert titles == (*states, "naive: in the call")
    assert rows[0] == ("thread 1", "25.0%", "50.0%", "25.0%", "100.0%")
