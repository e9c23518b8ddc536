"""Traces: saved and loaded, and parts of them."""

import dataclasses
import subprocess
import sys
from pathlib import Path

from lab.records.lines import StackNode
from lab.records.trace import (
    Behind,
    Call,
    Segment,
    Trace,
)
from lab.records.trace_file import load
from lab.renderers import trace_terminal


def test_waiting_told_apart_is_kept_and_shown(trace: Trace, tmp_path: Path) -> None:
    first, second = trace.threads
    first = dataclasses.replace(
        first,
        wants=0.1,
        ready=0.05,
        blocked=0.1,
        longest_want_s=0.25,
        calls=(Call("epoll_wait", 0.1),),
        behind=(Behind(1, 0.1),),
    )
    told = dataclasses.replace(
        trace,
        threads=(first, second),
        segments=(
            Segment(0, "wants", 0.0, 1.0),
            Segment(0, "ready", 1.0, 2.0),
            Segment(0, "blocked", 2.0, 3.0),
            Segment(0, "holds", 3.0, 4.0),
        ),
        told_apart=True,
        contention=0.1,
        contention_error=0.01,
    )
    told.save(tmp_path / "trace.json")
    assert load(tmp_path / "trace.json") == told
    text = trace_terminal.render(told, 80, colour=False)
    assert max(map(len, text.splitlines())) <= 80
    assert "epoll_wait" in text
    assert "wants the GIL and waits for it 10.0% (9.0% to 11.0%)" in text
    waits = "MainThread waits 10.0% of the time, at most 250 ms at once: 10.0% for"
    assert f"{waits} w\\xf6rker\n" in text
    assert "w wants the GIL" in text
    assert ". waits" not in text
    assert told.only([0]).threads[0].behind == ()
    assert told.only([1, 0]).threads[1].behind == (Behind(0, 0.1),)


def test_longest_hold(trace: Trace) -> None:
    assert trace.longest_hold_s == 1.0
    nobody = dataclasses.replace(trace, threads=())
    assert nobody.longest_hold_s == 0.0
    assert not trace.coarsened
    assert dataclasses.replace(trace, segments_start_s=1.0).coarsened


def test_reading_needs_nothing_compiled() -> None:
    code = (
        "import sys\n"
        "sys.modules.update({'lab.instruments.scope': None, 'lab.kernels': None})\n"
        "import lab.records.trace\n"
        "import lab.renderers.chrome_trace, lab.renderers.trace_terminal\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_chosen_threads_keep_their_segments(trace: Trace) -> None:
    both = trace.only([1, 0])
    assert [each.name for each in both.threads] == ["wörker", "MainThread"]
    assert both.segments[0] == Segment(0, "waits", 0.0, 1.0)
    one = trace.only([1])
    assert one.segments == (
        Segment(0, "waits", 0.0, 1.0),
        Segment(0, "holds", 1.0, 2.0, line=0),
    )
    assert one.stacks == (
        StackNode(None, 0, 1, 0.0, 0.0),
        StackNode(0, 0, 0, 0.25, 0.125),
    )
    assert one.gil_free == trace.gil_free


def test_the_last_seconds(trace: Trace) -> None:
    late = trace.last(2.5)
    assert late.segments_start_s == 1.5
    assert late.segments == (
        Segment(0, "runs_free", 1.5, 3.0),
        Segment(0, "waits", 3.0, 4.0),
        Segment(1, "holds", 1.5, 2.0, line=0),
    )
    assert trace.last(9) == trace
    assert late.last(9) == late
