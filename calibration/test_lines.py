"""The line that holds the GIL is the one that does.

Programs hold on known lines: in C, in Cython, in bytecode, below recursion, generators,
decorators and executed code that is thrown away. Which lines run at all is told by
sys.settrace, in a run of its own. What could not be read counts as wrong, except that
a thread that begins or ends holds on lines of the library's.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import pytest

from calibration import known_lines
from calibration.known_lines import PROGRAMS, Hold
from calibration.watched import needs_scope, series
from lab.instruments.scope import Scope
from lab.records.series import Recorder, Series
from lab.records.trace import Trace

pytestmark = needs_scope

SECONDS = 0.2
# Of the held time whose line was told.
TRUE = 0.95
THREADS, SHORT_S = 200, 0.002


def _ran(program: Hold) -> set[tuple[str, int]]:
    """Every line that runs in it."""
    found: set[tuple[str, int]] = set()

    def note(frame: FrameType, event: str, _: Any) -> Callable[..., Any]:
        found.add((frame.f_code.co_filename, frame.f_lineno))
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        program(0.001)
    finally:
        sys.settrace(before)
    return found


def _under_scope(programs: Sequence[Hold], seconds: float) -> Trace:
    threads = [threading.Thread(target=each, args=(seconds,)) for each in programs]
    with Scope() as scope:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return scope.trace


def _own(file: str) -> bool:
    return file == known_lines.__file__ or file.startswith("<executed")


def _judged(trace: Trace, programs: Sequence[Hold]) -> tuple[float, float, float]:
    """Parts: of the time held in the programs, on true lines; of all holding, read;
    and how many lines were told that never ran."""
    true = set().union(*(known_lines.lines(each) for each in set(programs)))
    ran = set().union(*(_ran(each) for each in set(programs)))
    own = [one for one in trace.lines if _own(one.file)]
    on_true = sum(one.held for one in own if (one.file, one.line) in true)
    unread = trace.lines_unread + trace.lines_folded
    false = [one for one in own if one.line and (one.file, one.line) not in ran]
    return (
        on_true / max(1e-9, sum(one.held for one in own)),
        1 - unread / trace.held,
        len(false),
    )


def _found(name: str, programs: Sequence[Hold], seconds: float) -> Iterator[Series]:
    """A program a thread."""
    true, read, false = _judged(_under_scope(programs, seconds), programs)
    yield series(
        f"lines, {name}, true",
        [true],
        f"at least {TRUE} of the held time on the line that holds",
        at_least=TRUE,
    )
    yield series(f"lines, {name}, read", [read], "held time whose line was read")
    yield series(
        f"lines, {name}, false", [false], "no line that never ran", at_most=0.0
    )


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda each: each.__name__)
def test_lines(record: Recorder, program: Hold) -> None:
    """One program in one thread."""
    record(lambda: list(_found(program.__name__, [program], SECONDS)))


def test_lines_of_many_threads(record: Recorder) -> None:
    """All of them in two hundred threads, which take turns."""
    programs = [PROGRAMS[n % len(PROGRAMS)] for n in range(THREADS)]
    record(lambda: list(_found(f"{THREADS} threads", programs, SHORT_S)))
