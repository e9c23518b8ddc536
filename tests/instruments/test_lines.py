"""Lines that hold the GIL, seen by the scope.

Nothing here expects a speed: a held call of some milliseconds spans many samples.
"""

import _thread
import ctypes
import os
import sysconfig
import threading
from types import CodeType
from typing import Any

import pytest

from lab.instruments.scope import Scope
from lab.kernels import nanosleep_held, nanosleep_released
from tests.instruments.scoped import line_of, needs_gil, traced


@needs_gil
def test_what_others_wait_for_is_told_of_the_line() -> None:
    ready, started = threading.Event(), threading.Event()

    def alone() -> None:
        ready.wait(60)
        nanosleep_released(0.05)  # the other thread waits for it, and not for the GIL
        nanosleep_held(0.1)
        started.set()
        nanosleep_held(0.1)

    def waits() -> None:
        ready.set()
        started.wait(60)

    for _ in range(10):
        ready.clear()
        started.clear()
        trace = traced(alone, waits)
        assert trace.told_apart
        quiet, line = line_of(trace, alone, 3), line_of(trace, alone, 5)
        assert quiet.wanted < 0.5 * quiet.held
        if line.wanted > 0.5 * line.held:
            return
    pytest.fail("who waits was never seen to want it: had it no core each time?")


@needs_gil
def test_a_thread_without_python_frames_has_no_line() -> None:
    with Scope() as scope:
        _thread.start_new_thread(nanosleep_held, (0.05,))
        nanosleep_released(0.1)
    trace = scope.trace
    assert trace.lines_native * trace.duration_s > 0.025


@needs_gil
def test_code_that_comes_and_goes_holds_by_its_own_name() -> None:
    """Equal in size and thrown away at once, so that addresses are used again."""
    places: dict[str, tuple[int, str]] = {}
    used = set()

    def work() -> None:
        for turn in range(60):
            line = 10 + turn % 50
            file, name = f"<file {turn:03}>", f"name_{turn:03}"
            source = "\n" * (line - 1) + f"def {name}(): hold(0.002)"
            names: dict[str, Any] = {"hold": lambda seconds: nanosleep_held(seconds)}
            exec(compile(source, file, "exec"), names)
            places[file] = line, name
            used.add(id(names[name].__code__))
            names.pop(name)()

    trace = traced(work)
    # A free-threaded build frees them later, the sanitizer keeps what was freed apart.
    late = sysconfig.get_config_var("Py_GIL_DISABLED") or "PYTHONMALLOC" in os.environ
    assert late or len(used) < 60, "no address was used again"
    found = [one for one in trace.lines if one.file in places]
    named = {one.file for one in found if one.function.startswith("name_")}
    assert len(named) > 1
    for one in found:
        line, name = places[one.file]
        # 0: of an instruction that comes from no line, such as a return.
        allowed = (0, 1, line) if one.function == "<module>" else (line,)
        assert one.line in allowed
        assert one.function in (name, "<module>")


def the_type_of_code_objects_is_changed_and_back() -> None:
    """By a scope, which counts the ends of code objects."""

    def memory() -> bytes:
        # Up to tp_flags: there the first look-up of an attribute sets a bit.
        size = object.__basicsize__
        return ctypes.string_at(
            id(CodeType) + size, 19 * ctypes.sizeof(ctypes.c_void_p)
        )

    before = memory()
    with Scope():
        assert memory() != before
    assert memory() == before


@needs_gil
def test_the_type_of_code_objects_is_as_before() -> None:
    the_type_of_code_objects_is_changed_and_back()
