"""Stacks as paths from the thread to the line that held."""

import dataclasses

import pytest

from lab.errors import UsageError
from lab.records.lines import StackNode
from lab.records.stack_paths import StackPath, looked_for, paths
from lab.records.trace import Trace


def test_a_path_leads_from_the_callers_to_the_holder(trace: Trace) -> None:
    total, main = trace.lines
    assert list(paths(trace)) == [
        StackPath("MainThread", (main,), 0.75, 0.0),
        StackPath("wörker", (main, total), 1.0, 0.5),
    ]


def test_callers_that_held_themselves_have_a_path_too(trace: Trace) -> None:
    stacks = (
        StackNode(None, 0, 1, 0.25, 0.0),
        StackNode(0, 0, 0, 0.0, 0.0),
        StackNode(1, 0, 0, 0.5, 0.25),
    )
    total, main = trace.lines
    found = list(paths(dataclasses.replace(trace, stacks=stacks)))
    assert [path.lines for path in found] == [(main,), (main, total, total)]
    assert sum(path.held_s for path in found) == 3.0
    assert not list(paths(dataclasses.replace(trace, stacks=())))


def test_exports_refuse_a_trace_without_lines_and_pages_show_it(trace: Trace) -> None:
    old = dataclasses.replace(trace, has_lines=False, lines=(), stacks=())
    assert not list(paths(old))
    with pytest.raises(UsageError, match="older format"):
        looked_for(old)
