"""A small trace for tests of what is made of one."""

from lab.records.lines import Line, StackNode
from lab.records.trace import Segment, ThreadTrace, Trace


def thread(
    name: str = "MainThread",
    native_id: int = 10,
    holds: float = 0.25,
    longest_hold_s: float = 0.5,
) -> ThreadTrace:
    return ThreadTrace(
        name=name,
        native_id=native_id,
        start_s=0.0,
        end_s=4.0,
        holds=holds,
        runs_free=0.5,
        waits=0.25,
        error=0.01,
        longest_hold_s=longest_hold_s,
    )


TRACE = Trace(
    python="3.13.0",
    duration_s=4.0,
    interval_s=20e-6,
    samples=1000,
    lost=3,
    gil_free=0.5,
    error=0.02,
    held=0.5,
    runs_free=0.375,
    idle=0.125,
    threads=(thread(), thread("wörker", 11, longest_hold_s=1.0)),
    folded=0,
    segments=(
        Segment(0, "holds", 0.0, 1.0, line=1),
        Segment(0, "runs_free", 1.0, 3.0),
        Segment(0, "waits", 3.0, 4.0),
        Segment(1, "waits", 0.0, 1.0),
        Segment(1, "holds", 1.0, 2.0, line=0),
    ),
    segments_start_s=0.0,
    has_lines=True,
    lines=(
        Line("/src/wörk/report.py", 31, "Report.total", "json.loads", 0.25, 1.0, 0.125),
        Line("/src/main.py", 7, "main", "", 0.1875, 0.75, 0.0),
    ),
    stacks=(
        StackNode(None, 0, 1, 0.1875, 0.0),
        StackNode(None, 1, 1, 0.0, 0.0),
        StackNode(1, 1, 0, 0.25, 0.125),
    ),
    lines_unread=0.0625,
)
