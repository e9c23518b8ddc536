"""Stacks as collapsed lines."""

import dataclasses

import pytest

from lab.errors import UsageError
from lab.records.lines import Line
from lab.records.trace import Trace
from lab.renderers import collapsed


def test_collapsed_stacks_are_weighted_in_microseconds(trace: Trace) -> None:
    assert collapsed.render(trace).splitlines() == [
        "MainThread;main (/src/main.py:7) 750000",
        "wörker;main (/src/main.py:7);Report.total (/src/wörk/report.py:31) 1000000",
    ]
    with pytest.raises(UsageError, match="does not tell when threads wanted the GIL"):
        collapsed.render(trace, wanted=True)
    told = dataclasses.replace(trace, told_apart=True)
    assert collapsed.render(told, wanted=True).splitlines() == [
        "wörker;main (/src/main.py:7);Report.total (/src/wörk/report.py:31) 500000",
    ]


def test_a_name_ends_no_stack(trace: Trace) -> None:
    odd = Line("a;b.py", 1, "f;g", held=0.25)
    told = dataclasses.replace(trace, lines=(odd, *trace.lines[1:]))
    assert collapsed.render(told).splitlines()[1].split(";")[2:] == [
        "f,g (a,b.py:1) 1000000"
    ]
