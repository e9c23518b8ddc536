"""One knock: when the GIL was wanted, and when it was there."""

import threading
import time
from array import array

import pytest

from lab.instruments.knock import knock, knock_beside
from lab.instruments.switch_interval import NEVER_S, switch_interval
from lab.kernels import nanosleep_held
from lab.records.machine import gil_enabled


def test_it_sleeps_and_then_takes_the_gil() -> None:
    began_ns = time.monotonic_ns()
    wanted_ns, got_ns = knock(2_000_000)
    assert began_ns + 2_000_000 <= wanted_ns <= got_ns <= time.monotonic_ns()


def _noted(found: list[tuple[int, int]]) -> None:
    found.append(knock(20_000_000))


@pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to wait for")
def test_who_holds_it_is_waited_for() -> None:
    """Wanted in the middle of a held call, it is there when that has ended."""
    inside = False
    while not inside:  # where one of the two had no core meanwhile, once more
        found: list[tuple[int, int]] = []
        with switch_interval(NEVER_S):
            thread = threading.Thread(target=_noted, args=(found,))
            thread.start()
            begin_ns = time.monotonic_ns()
            nanosleep_held(0.1)
            end_ns = time.monotonic_ns()
            thread.join()
        ((wanted_ns, got_ns),) = found
        inside = begin_ns < wanted_ns < end_ns
    assert got_ns >= end_ns


def test_beside_a_thread_its_clock_is_read_at_both_moments() -> None:
    clock = time.pthread_getcpuclockid(threading.get_ident())
    before_ns = time.clock_gettime_ns(clock)
    wanted_ns, got_ns, wanted_cpu_ns, got_cpu_ns = knock_beside(0, clock)
    assert wanted_ns <= got_ns
    assert before_ns <= wanted_cpu_ns <= got_cpu_ns <= time.clock_gettime_ns(clock)


def test_it_waits_until_the_call_has_begun() -> None:
    begin = array("q", [0])
    clock = time.pthread_getcpuclockid(threading.get_ident())
    found: list[tuple[int, int, int, int]] = []
    thread = threading.Thread(
        target=lambda: found.append(knock_beside(0, clock, begin))
    )
    thread.start()
    time.sleep(0.01)
    assert not found
    begun_ns = time.monotonic_ns()
    begin[0] = begun_ns
    thread.join()
    assert found[0][0] >= begun_ns
