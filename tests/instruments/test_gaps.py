"""Time in which samples were lost counts like what was seen of the same program."""

import time
from contextlib import ExitStack

import pytest

from lab.instruments.scope import Scope
from lab.records.machine import usable_cores
from tests.commands.test_attached import running
from tests.instruments.scoped import busy, needs_gil

pytestmark = [needs_gil, pytest.mark.usefixtures("nothing_left")]


@pytest.mark.slow
def test_what_ran_unseen_counts_as_running() -> None:
    """A program computes and sleeps in turn; beside it other processes leave one core,
    to it or to the scope: samples are lost while it computes, and none while it
    sleeps."""
    with ExitStack() as hogs:
        for _ in range(max(1, round(usable_cores()) - 1)):
            hogs.enter_context(running("while True: pass"))
        with Scope() as scope:
            slept_s, begin_s = 0.0, time.perf_counter()
            while time.perf_counter() - begin_s < 2.0:
                busy(0.002)
                left_s = time.perf_counter()
                time.sleep(0.002)
                slept_s += time.perf_counter() - left_s
            wall_s = time.perf_counter() - begin_s
    trace = scope.trace
    assert abs(trace.gil_free - slept_s / wall_s) <= 2 * trace.error
