"""How the scope reads this process's memory, and what that costs the program."""

import mmap
import os
import threading
import time
from pathlib import Path

import pytest

from lab.calls.doses import dose
from lab.instruments.scope import Scope
from tests.instruments.forbidden import FORBID, of_x86_64
from tests.instruments.scoped import busy, needs_gil
from tests.instruments.test_scope_processes import python

pytestmark = pytest.mark.usefixtures("nothing_left")

# The line that holds must be found, whatever was done before it.
HELD = """
import ctypes, time
from lab.instruments.scope import Scope
hold = ctypes.PyDLL(None).usleep
with Scope() as scope:
    while scope.samples == 0:
        time.sleep(0.001)
    {before}
    hold(200_000)
print(*(line.line for line in scope.trace.lines if line.held > 0.5))
"""


def kept() -> bool:
    return "gil-lab" in Path("/proc/self/maps").read_text()


@needs_gil
@of_x86_64
def test_the_map_of_memory_is_not_locked_for_it() -> None:
    result = python(FORBID + HELD.format(before="forbid()"))
    assert result.stdout.split(), result.stderr


@needs_gil
def test_where_no_file_may_be_that_long_it_reads_in_the_other_way() -> None:
    forbid = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"
    for code in (forbid + HELD.format(before="pass"), HELD.format(before=forbid)):
        result = python(code)
        assert result.stdout.split(), result.stderr


@needs_gil
def test_the_file_is_gone_with_the_scope_and_not_passed_on() -> None:
    with Scope() as scope:
        while scope.samples == 0:
            time.sleep(0.001)
        if not kept():
            pytest.skip("this system has no files in memory")
        files = set(os.listdir("/proc/self/fd"))
        child = os.fork()
        if child == 0:
            os._exit(kept())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        while not kept():
            time.sleep(0.001)  # the sampler begins anew
    assert not kept()
    assert set(os.listdir("/proc/self/fd")) <= files


def shootdowns() -> int:
    """Interrupts of cores because another one changed its process's map of memory; 0
    where the system tells of none."""
    for line in Path("/proc/interrupts").read_text().splitlines():
        name, *counts = line.split()
        if name == "TLB:":
            return sum(int(count) for count in counts if count.isdigit())
    return 0


def maps(seconds: float) -> int:
    """Take memory and give it back; how often."""
    end_s, times = time.monotonic() + seconds, 0
    while time.monotonic() < end_s:
        with mmap.mmap(-1, 1 << 18) as memory:
            memory[0] = 1
        times += 1
    return times


def interrupts_a_thread_beside() -> bool:
    thread = threading.Thread(target=dose, args=(0, 1000, 0.3))
    before = shootdowns()
    thread.start()
    times = maps(0.2)
    told = shootdowns() - before
    thread.join()
    return told > times / 4  # for a part of the time the two may have had one core


@needs_gil
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="nobody to interrupt")
def test_who_must_interrupt_the_scope_for_its_memory_is_looked_at_less_often() -> None:
    if not interrupts_a_thread_beside():
        pytest.skip("this system interrupts nobody for that")
    pauses_s = []
    for call in (busy, maps):
        with Scope() as scope:
            call(0.5)
        pauses_s.append(scope.trace.interval_s)
    assert pauses_s[1] > 2 * pauses_s[0]
