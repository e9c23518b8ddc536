"""The scope in processes of its own: forked, on one processor, left open, forbidden."""

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from lab.instruments.scope import Scope, ScopeUnavailable, unavailable
from lab.instruments.target import find
from lab.system.process import Process
from tests.commands.test_attached import first_line, running
from tests.instruments.forbidden import FORBID, of_x86_64
from tests.instruments.scoped import needs_gil
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("nothing_left")


@needs_gil
def test_fork_inside_leaves_the_child_without_a_scope() -> None:
    with Scope() as scope:
        child = os.fork()
        if child == 0:  # the child: no pytest from here on
            status = 1
            try:
                with pytest.raises(RuntimeError):
                    _ = scope.trace
                with Scope() as own:
                    time.sleep(0.02)
                scope.__exit__(None, None, None)
                with pytest.raises(RuntimeError):
                    _ = scope.trace
                status = 0 if own.trace.threads[0].name == "MainThread" else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        seen = scope.samples
        until(lambda: scope.samples >= seen + 10, "more samples")
    # All that this process did was to wait, but for the fork itself.
    trace = scope.trace
    assert trace.gil_free > 0.3 - trace.error


def python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=Path(__file__).parents[2],
        env=os.environ | environment,
    )


@pytest.mark.slow
@needs_gil
def test_on_one_processor() -> None:
    code = """if True:
        import os
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        from tests.instruments.scoped import dosed
        trace, true, widest = dosed(1000, 1000, 0.5)
        assert trace.interval_s > 20e-6
        assert trace.error < widest
        assert abs(trace.gil_free - true) <= 2.5 * trace.error, (true, trace)
    """
    result = python(code)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
@needs_gil
def test_where_no_core_is_left_another_process_loses_a_tenth_of_one_in_100() -> None:
    code = "print(flush=True)\nwhile True: sum(range(9))"
    cores = len(os.sched_getaffinity(0))
    with ExitStack() as ends:
        for _ in range(cores):
            busy = ends.enter_context(running(code))
            first_line(busy)
        with Process(busy.pid) as process, Scope(target=find(process)) as scope:
            while scope.samples < 64:  # by then it knows what a sample costs
                time.sleep(0.05)
            began_s, before_s, seen = (
                time.monotonic(),
                time.process_time(),
                scope.samples,
            )
            time.sleep(2)
            took_s, spent_s = time.monotonic() - began_s, time.process_time() - before_s
            samples = scope.samples - seen
    assert scope.crowded
    # Random pauses vary what n samples cost by 1 / sqrt(n); four times that.
    assert samples > 0
    assert spent_s < min(0.001 * cores, 0.01) * took_s * (1 + 4 / samples**0.5)


@needs_gil
@of_x86_64
def test_where_memory_may_not_be_read_it_says_so() -> None:
    code = f"""{FORBID}
from lab.instruments.scope import unavailable
assert unavailable() is None
forbid()
print(unavailable())
    """
    result = python(code)
    assert "forbids process_vm_readv" in result.stdout, result.stderr


@needs_gil
@of_x86_64
def test_where_it_may_not_another_process_is_read_by_its_file_of_memory() -> None:
    program = """
    import ctypes
    hold = ctypes.PyDLL(None).usleep
    print(flush=True)
    while True:
        hold(1000)
    """
    with running(program) as child:
        first_line(child)
        code = f"""{FORBID}
import time
from lab.instruments.scope import Scope
from lab.instruments.target import find
from lab.system.process import Process
forbid()
with Process({child.pid}) as process, Scope(target=find(process)) as scope:
    while scope.samples < 50:
        time.sleep(0.01)
trace = scope.trace
print(trace.held, max((line.held, line.line) for line in trace.lines))
        """
        result = python(code)
    assert result.returncode == 0, result.stderr
    held, line, number = map(float, re.findall(r"[\d.]+", result.stdout))
    assert number == 6, result.stdout  # where it calls hold()
    assert line > 0.9 * held


@needs_gil
def test_a_scope_left_open_ends_with_the_interpreter() -> None:
    code = "from lab.instruments.scope import Scope; scope = Scope(); scope.__enter__()"
    result = python(code)
    assert (result.returncode, result.stderr) == (0, "")


def test_without_a_gil_there_is_no_scope() -> None:
    if sys._is_gil_enabled() if hasattr(sys, "_is_gil_enabled") else True:
        assert unavailable() is None
        return
    assert str(unavailable()).startswith("no GIL")
    with pytest.raises(ScopeUnavailable, match="no GIL"), Scope():
        pass
    code = "from lab.instruments.scope import unavailable; assert unavailable() is None"
    assert python(code, PYTHON_GIL="1").returncode == 0


def test_importing_does_not_switch_the_gil_on() -> None:
    code = (
        "import sys, lab.instruments.scope\n"
        "print(getattr(sys, '_is_gil_enabled', bool)())\n"
    )
    result = python(code)
    expected = getattr(sys, "_is_gil_enabled", bool)()
    assert result.stdout.strip() == str(expected)
    assert result.stderr == ""
