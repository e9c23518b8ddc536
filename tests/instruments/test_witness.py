"""A thread that sleeps for as long as nobody lets the GIL go."""

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lab.calls.doses import dose
from lab.instruments.scope import unavailable
from lab.instruments.witness import Witness

pytestmark = pytest.mark.skipif(unavailable() is not None, reason="needs a GIL, Linux")


@contextmanager
def standing() -> Iterator[Witness]:
    """One that waits for the GIL; tried again where it got no core to do so."""
    for _ in range(100):
        witness = Witness()
        witness.start()
        try:
            if witness.stand():
                yield witness
                return
        finally:
            witness.stop()
    pytest.fail("it never came to wait")


def slept(call: Callable[[], object]) -> bool:
    """Whether it slept during the call."""
    with standing() as witness:
        call()
        return witness.leave()


def bytecode() -> int:
    """It lasts for longer than a switch interval."""
    over_s, count = time.monotonic() + 3 * sys.getswitchinterval(), 0
    while time.monotonic() < over_s:
        count += 1
    return count


@pytest.mark.parametrize(
    "call",
    [lambda: None, lambda: ctypes.PyDLL(None).usleep(30_000), bytecode],
    ids=["nothing", "held", "bytecode"],
)
def test_it_sleeps_while_the_gil_is_held(call: Callable[[], object]) -> None:
    assert slept(call)


@pytest.mark.parametrize(
    "call",
    [lambda: ctypes.CDLL(None).usleep(1), lambda: time.sleep(0), os.getppid],
    ids=["a moment", "sleep 0", "none"],
)
def test_a_release_however_short_wakes_it(call: Callable[[], object]) -> None:
    assert slept(call) == (call is os.getppid)


def test_the_switch_interval_stays() -> None:
    before_s = sys.getswitchinterval()
    assert slept(lambda: None)
    assert sys.getswitchinterval() == before_s


@pytest.mark.filterwarnings("error")
def test_who_forks_is_not_warned_of_it() -> None:
    def fork() -> None:
        child = os.fork()
        if not child:
            os._exit(0)
        os.waitpid(child, 0)

    assert not slept(fork)


def test_before_it_stands_it_tells_nothing() -> None:
    witness = Witness()
    assert not witness.leave()
    witness.start()
    assert not witness.leave()
    witness.stop()
    assert not witness.leave()
    assert witness.kept_ns == (0, 0, 0)


def test_what_is_computed_without_the_gil_is_counted() -> None:
    """The witness is let in and keeps the GIL: so much was surely free."""
    for _ in range(100):  # until it had a core in time
        with standing() as witness:
            begun_ns = time.thread_time_ns()
            dose(0, 20_000, 0.02)
            spent_ns = time.thread_time_ns() - begun_ns
            witness.leave()
        computed_ns, _, _ = witness.kept_ns
        assert computed_ns <= spent_ns
        if computed_ns > spent_ns / 2:
            return
    pytest.fail("it was never let in while the call computed")


def test_what_waits_for_a_thread_that_needs_the_gil_goes_on() -> None:
    """The witness keeps nobody from it who came later."""
    with standing() as witness:
        thread = threading.Thread(target=bytecode)
        thread.start()
        thread.join()
        assert not witness.leave()
    assert sum(witness.kept_ns) < 1e9


def test_beside_a_thread_that_never_rests_it_comes_and_goes() -> None:
    """Who waits so long that it asks nobody must not be waited for."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            bytecode()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(20):
            witness = Witness()
            witness.start()
            witness.stand()
            bytecode()
            witness.leave()
            witness.stop()
    finally:
        over.set()
        thread.join()
