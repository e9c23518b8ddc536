"""Lines and stacks of a trace: who held on which line, called by whom."""

import pytest

from lab.kernels import nanosleep_held, nanosleep_released
from tests.instruments.scoped import line_of, needs_gil, traced


def twice() -> None:
    nanosleep_held(0.05)
    for _ in range(4):
        nanosleep_held(
            0.05,
        )
        nanosleep_released(0.05)


@needs_gil
def test_the_lines_that_hold_are_found_with_what_they_call() -> None:
    trace = traced(twice)
    first, second = line_of(trace, twice, 1), line_of(trace, twice, 3)
    assert first.function == second.function == "twice"
    assert first.callee == second.callee == "nanosleep_held"
    assert 0 < first.held < second.held
    assert second.held < trace.held
    assert first.longest_s > 0.01
    assert 0.01 < second.longest_s < second.held * trace.duration_s
    assert line_of(trace, twice, 6).held < first.held
    held = sum(one.held for one in trace.lines)
    beside = trace.lines_unread + trace.lines_native + trace.lines_folded
    assert held + beside == pytest.approx(trace.held, abs=1e-3)
    assert sum(node.held for node in trace.stacks) == pytest.approx(held, abs=1e-6)
    longest = {
        trace.lines[one.line]
        for one in trace.segments
        if one.line is not None and one.end_s - one.start_s > 0.01
    }
    assert longest
    assert longest <= {first, second}


def outer(n: int) -> None:
    if n:
        outer(n - 1)
    else:
        nanosleep_held(0.03)


@needs_gil
def test_stacks_lead_from_the_thread_to_the_line() -> None:
    trace = traced(lambda: outer(3))
    node = max(trace.stacks, key=lambda each: each.held)
    path = []
    while True:
        path.append((trace.lines[node.line].function, trace.lines[node.line].line))
        if node.parent is None:
            break
        assert trace.stacks[node.parent].thread == node.thread
        node = trace.stacks[node.parent]
    first = outer.__code__.co_firstlineno
    assert path[:4] == [("outer", first + 4), *[("outer", first + 2)] * 3]
    assert path[-1][0] == "Thread._bootstrap"
