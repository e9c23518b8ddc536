"""Calls under the scope, for tests of what it sees."""

import threading
from collections.abc import Callable
from types import FunctionType

import pytest

from lab.instruments.scope import Scope, unavailable
from lab.records.lines import Line
from lab.records.trace import Trace

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


def line_of(trace: Trace, function: Callable[..., object], offset: int) -> Line:
    """The line so many lines below this function's first one; without figures where it
    never held."""
    assert isinstance(function, FunctionType)
    file, line = function.__code__.co_filename, function.__code__.co_firstlineno
    for one in trace.lines:
        if (one.file, one.line) == (file, line + offset):
            return one
    return Line(file, line + offset, function.__qualname__)
