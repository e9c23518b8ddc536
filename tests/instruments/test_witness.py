"""A thread that sleeps for as long as nobody lets the GIL go."""

import ctypes
import os
import sys
import time
from collections.abc import Callable

import pytest

from lab.instruments.scope import unavailable
from lab.instruments.witness import Witness

pytestmark = pytest.mark.skipif(unavailable() is not None, reason="needs a GIL, Linux")


def slept(call: Callable[[], object]) -> bool:
    """Whether it slept during the call; tried again where it got no core to begin."""
    for _ in range(100):
        witness = Witness()
        witness.start()
        try:
            witness.stand()
            if witness.slept:
                call()
                return witness.slept
        finally:
            witness.stop()
    pytest.fail("it never came to wait")


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
    assert not witness.slept
    witness.start()
    assert not witness.slept
    witness.stop()
    assert not witness.slept
