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
    assert titles == ("part of the time", "thread 1", "thread 2")
    figures = {row[0]: row[1:] for row in rows}
    assert figures["wants the GIL"] == ("25.0%", "37.5%")
    assert figures["longest wait for the GIL"] == ("1 s", "1.5 s")
    assert figures["waited most for"] == ("thread 2", "thread 1")
    assert "waits" not in figures


def test_a_system_that_does_not_tell() -> None:
    _, rows = table(TRACE, CALLS)
    assert [row[0] for row in rows] == [
        *("holds the GIL", "runs free", "waits"),
        "naive: in the call",
    ]
    assert rows[0][1:] == ("25.0%", "25.0%")
