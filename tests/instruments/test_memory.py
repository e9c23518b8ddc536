"""How the scope reads this process's memory."""

import os
import time
from pathlib import Path

import pytest

from lab.instruments.scope import Scope
from tests.instruments.forbidden import FORBID, of_x86_64
from tests.instruments.scoped import needs_gil
from tests.instruments.test_scope_processes import python

pytestmark = pytest.mark.usefixtures("nothing_left")

# The line that holds must be found, whatever was done before it.
HELD = """
import ctypes, sys, time
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
