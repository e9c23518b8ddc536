"""How long a thread stands ready without a core."""

import os

import pytest

from lab.instruments import scope
from lab.instruments.starvation import Readiness, starved_so_far_ns

READS = 30_000


@pytest.mark.skipif(starved_so_far_ns() is None, reason="nothing counts it here")
def test_who_shares_a_core_waits_for_it() -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    child = os.posix_spawn("/bin/sh", ["sh", "-c", "while :; do :; done"], os.environ)
    try:
        with Readiness() as ready:
            begun_ns = now_ns = ready.read_ns() or 0
            while now_ns == begun_ns:  # until the other has had the core once
                now_ns = ready.read_ns() or 0
        assert now_ns > begun_ns
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.sched_setaffinity(0, before)


@pytest.mark.skipif(scope.unavailable() is not None, reason="needs the scope")
def test_reading_holds_the_gil() -> None:
    with scope.Scope() as seen, Readiness() as ready:
        seen.settle()
        for _ in range(READS):
            ready.read_ns()
        seen.settle()
    assert seen.trace.gil_free <= seen.trace.error


def test_closed_it_tells_nothing() -> None:
    ready = Readiness()
    ready.close()
    ready.close()
    assert ready.read_ns() is None
