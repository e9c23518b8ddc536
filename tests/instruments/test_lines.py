"""Lines that hold the GIL, seen by the scope.

Nothing here expects a speed: a held call of some milliseconds spans many samples.
"""

import _thread
import ctypes
import os
import sysconfig
import threading
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import pytest

from lab.instruments.callee import callee, is_call
from lab.instruments.scope import Scope
from lab.kernels import nanosleep_held, nanosleep_released
from lab.records.lines import Line
from lab.records.trace import Trace
from tests.instruments.scoped import needs_gil, traced

HERE = __file__


def of(trace: Trace, function: Callable[..., object], offset: int) -> Line:
    """The line so many lines below this function's first one."""
    assert isinstance(function, FunctionType)
    line = function.__code__.co_firstlineno + offset
    for one in trace.lines:
        if (one.file, one.line) == (HERE, line):
            return one
    return Line(HERE, line, function.__qualname__)


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
    first, second = of(trace, twice, 1), of(trace, twice, 3)
    assert first.function == second.function == "twice"
    assert first.callee == second.callee == "nanosleep_held"
    assert 0 < first.held < second.held
    assert second.held < trace.held
    assert first.longest_s > 0.01
    assert 0.01 < second.longest_s < second.held * trace.duration_s
    assert of(trace, twice, 6).held < first.held
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
        quiet, line = of(trace, alone, 3), of(trace, alone, 5)
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


@needs_gil
def test_the_type_of_code_objects_is_as_before() -> None:
    def memory() -> bytes:
        size = object.__basicsize__
        return ctypes.string_at(id(CodeType) + size, 200)

    before = memory()
    with Scope():
        assert memory() != before, "ends of code objects are not counted"
    assert memory() == before


def calls() -> None:
    len("")
    print(len(str(1) + "é"), [str(2)])
    "".join(
        "abc",
    )
    (lambda x: x)(1)
    1 + 1  # noqa: B018


def units(function: Callable[..., object]) -> set[str]:
    assert isinstance(function, FunctionType)
    code = function.__code__
    return {
        callee(HERE, code.co_linetable, code.co_firstlineno, unit)
        for unit in range(len(code.co_code) // 2)
        if is_call(code.co_code[2 * unit])
    }


def test_the_callee_is_what_the_source_says() -> None:
    found = units(calls)
    assert found == {"len", "print", "str", "''.join", "lambda x: x"} or found == {
        "len",
        "print",
        "str",
        "join",
        "lambda x: x",
    }


def test_without_source_no_callee_is_told() -> None:
    code = calls.__code__
    for file in ("", "/none.py", "<string>"):
        assert callee(file, code.co_linetable, code.co_firstlineno, 6) == ""
    assert callee(HERE, code.co_linetable, code.co_firstlineno, 10**4) == ""
    assert callee(HERE, code.co_linetable, 10**6, 6) == ""
    assert callee(HERE, b"", 1, 0) == ""
