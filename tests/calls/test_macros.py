"""Four ways to release, one result."""

import ctypes
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from lab.calls import macros
from lab.instruments.switch_interval import NEVER_S, switch_interval
from lab.records.machine import gil_enabled

WAYS = [macros.held, macros.with_nogil, macros.by_hand, macros.with_macros]


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_all_compute_the_same(n: int) -> None:
    value = 1
    for _ in range(n):
        value = (value * 6364136223846793005 + 1442695040888963407) % 2**64
    assert {way(n) for way in WAYS} == {value}
    assert macros.foreign()(n, 1) == value
    assert macros.foreign(ctypes.PyDLL)(n, 1) == value


@pytest.mark.parametrize("way", WAYS)
def test_bad_input_is_named(way: Callable[..., int]) -> None:
    with pytest.raises(ValueError, match=r"n: expected 0 to 10+, got -1"):
        way(-1)
    with pytest.raises(ValueError, match=r"n: expected .*, got 1000000000001"):
        way(10**12 + 1)
    with pytest.raises(TypeError, match=r"n: expected an integer, got float"):
        way(1.5)


@pytest.fixture
def lets_in() -> Iterator[Callable[[Callable[[], object], int], bool]]:
    """lets_in(call, times): whether another thread gets the GIL during one of so many.

    It waits for it from the beginning of the call on, and no switch interval ends: a
    call that holds the GIL never lets it in, however busy the machine. One that
    releases it does, once the other thread has a core in time.
    """
    inside = False
    seen: list[bool] = []
    wanted, done, over = threading.Lock(), threading.Lock(), threading.Event()
    wanted.acquire()
    done.acquire()

    def want() -> None:
        while wanted.acquire() and not over.is_set():
            seen.append(inside)
            done.release()

    def ask(call: Callable[[], object], times: int) -> bool:
        nonlocal inside
        for _ in range(times):
            inside = True
            wanted.release()  # all that the other still needs is the GIL
            call()
            inside = False
            done.acquire()
            if seen.pop():
                return True
        return False

    with switch_interval(NEVER_S):
        other = threading.Thread(target=want)
        other.start()
        yield ask
        over.set()
        wanted.release()
        other.join()


@pytest.mark.skipif(not gil_enabled(), reason="no GIL to hold or release here")
def test_who_releases(lets_in: Callable[[Callable[[], object], int], bool]) -> None:
    steps, few, many = 2_000_000, 20, 1000
    assert not lets_in(partial(macros.held, steps), few)
    assert not lets_in(partial(macros.foreign(ctypes.PyDLL), steps, 1), few)
    for way in WAYS[1:]:
        assert lets_in(partial(way, steps), many)
    assert lets_in(partial(macros.foreign(), steps, 1), many)
