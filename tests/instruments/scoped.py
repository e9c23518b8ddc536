"""Calls under the scope, for tests of what it sees."""

import threading
import time
from collections.abc import Callable
from types import FunctionType

import pytest

from lab.calls.doses import dose
from lab.instruments.scope import Scope, unavailable
from lab.records.lines import Line
from lab.records.trace import ThreadTrace, Trace

# Fewer samples tell nothing.
ENOUGH = 50
needs_gil = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))


def traced(*calls: Callable[[], object]) -> Trace:
    """Run each call in a thread of its own, named worker 0, 1, ..., under a scope."""
    threads = [
        threading.Thread(target=call, name=f"worker {place}")
        for place, call in enumerate(calls)
    ]
    with Scope() as scope:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return scope.trace


def workers(trace: Trace) -> list[ThreadTrace]:
    return [each for each in trace.threads if each.name.startswith("worker")]


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def dosed(hold_us: float, free_us: float, seconds: float) -> tuple[Trace, float, float]:
    """What a scope sees of a dose; the true GIL-free part; how wide the error may be.

    A state in which the thread stands without a core is seen once, not many times: so
    the error may be as wide as that part of the time, and some more.
    """
    free_s = 0.0
    with Scope() as scope:
        begin_s, cpu_begin_s = time.monotonic(), time.thread_time()
        while scope.samples <= ENOUGH:  # at once, but where it has no core
            start_s = time.monotonic()
            free_s += dose(hold_us, free_us, seconds) * (time.monotonic() - start_s)
        cpu_s, wall_s = time.thread_time() - cpu_begin_s, time.monotonic() - begin_s
    return scope.trace, free_s / wall_s, 0.3 + max(0.0, 1 - cpu_s / wall_s)


def line_of(trace: Trace, function: Callable[..., object], offset: int) -> Line:
    """The line so many lines below this function's first one; without figures where it
    never held."""
    assert isinstance(function, FunctionType)
    file, line = function.__code__.co_filename, function.__code__.co_firstlineno
    for one in trace.lines:
        if (one.file, one.line) == (file, line + offset):
            return one
    return Line(file, line + offset, function.__qualname__)
