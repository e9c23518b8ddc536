"""Code of another process that is thrown away: what comes after it is told apart."""

import time

import pytest

from lab.instruments.scope import Scope
from lab.instruments.target import find
from lab.system.process import Process
from tests.commands.test_attached import first_line, running
from tests.instruments.scoped import needs_gil
from tests.instruments.test_lines import the_type_of_code_objects_is_changed_and_back

# They differ by nothing but the line of the call; three, as two may take turns at two
# addresses.
PROGRAM = """
import ctypes
hold = ctypes.PyDLL(None).usleep
print(flush=True)
while True:
    for source in ("hold(1000)\\n\\n", "\\nhold(1000)\\n", "\\n\\nhold(1000)"):
        exec(compile(source, "executed", "exec"), {"hold": hold})
"""
SAMPLES, LEAST = 300, 0.15


@pytest.mark.slow
@needs_gil
def test_code_at_an_address_used_again_has_lines_of_its_own() -> None:
    with running(PROGRAM) as child:
        first_line(child)
        with Process(child.pid) as process, Scope(target=find(process)) as scope:
            end_s = time.monotonic() + 30
            while scope.samples < SAMPLES and time.monotonic() < end_s:
                time.sleep(0.05)
    held = {
        line.line: line.held
        for line in scope.trace.lines
        if line.file == "executed" and line.line  # 0: of no line, such as a return
    }
    assert set(held) <= {1, 2, 3}
    for line in (1, 2, 3):
        assert held.get(line, 0.0) > LEAST * sum(held.values()), held


@needs_gil
def test_a_scope_of_ones_own_after_it_counts_ends_of_code_objects() -> None:
    with running(PROGRAM) as child:
        first_line(child)
        with Process(child.pid) as process, Scope(target=find(process)):
            pass
    the_type_of_code_objects_is_changed_and_back()
