"""A program with more code than the scope has room for: what is not told is counted."""

import ctypes
import re
from pathlib import Path

import pytest

from lab.instruments.scope import Scope
from lab.renderers import lines_table, trace_terminal
from tests.instruments.scoped import needs_gil

HEADER = Path(lines_table.__file__).parents[1] / "instruments/frames.h"
HOLD_US = 300


@needs_gil
@pytest.mark.slow
def test_what_there_is_no_room_for_is_told() -> None:
    found = re.search(r"CODES = (\d+)", HEADER.read_text())
    assert found is not None
    codes = int(found[1])
    names = {"hold": ctypes.PyDLL(None).usleep}
    with Scope() as scope:
        for n in range(2 * codes):
            source = f"def f{n}(): hold({HOLD_US})\nf{n}()\n"
            exec(compile(source, f"<made {n}>", "exec"), names)
    trace = scope.trace
    told = {line.file for line in trace.lines if line.file.startswith("<made")}
    assert len(told) <= codes
    if trace.samples > 4 * codes:  # it had a core of its own
        assert trace.lines_folded > 0
    counted = trace.lines_unread + trace.lines_native + trace.lines_folded
    counted += sum(line.held for line in trace.lines)
    assert counted == pytest.approx(trace.held, abs=0.01)
    if trace.lines_folded > 0.01:
        assert "for which there was no room" in trace_terminal.render(trace, 100, False)
