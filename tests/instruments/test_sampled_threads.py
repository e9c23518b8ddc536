"""Which threads a trace has, and what they are called."""

import _thread
import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lab.instruments.scope import Scope
from tests.instruments.scoped import busy, needs_gil, workers

HOLDS = ctypes.PyDLL(None)

pytestmark = pytest.mark.usefixtures("nothing_left")


@needs_gil
def test_threads_bear_the_names_python_gives_them() -> None:
    go = threading.Event()
    early = threading.Thread(target=go.wait, name="early")
    early.start()
    with Scope() as scope:
        short = threading.Thread(target=busy, args=(0.02,), name="short")
        short.start()
        short.join()
        late = threading.Thread(target=go.wait, name="late")
        late.start()
        late.name = "renamed"
        done = threading.Lock()
        done.acquire()
        numbers: list[int] = []

        def raw() -> None:
            numbers.append(threading.get_native_id())
            busy(0.02)
            done.release()

        _thread.start_new_thread(raw, ())
        done.acquire()
        time.sleep(0.01)
    go.set()
    early.join()
    late.join()
    trace = scope.trace
    by_name = {each.name: each for each in trace.threads}
    assert {"MainThread", "early", "short", "renamed"} < set(by_name)
    assert by_name["MainThread"].native_id == threading.get_native_id()
    assert by_name["early"].native_id == early.native_id
    assert by_name["short"].native_id == short.native_id
    assert by_name["renamed"].native_id == late.native_id
    assert by_name[f"native {numbers[0]}"].native_id == numbers[0]
    assert by_name["short"].end_s < trace.duration_s
    assert by_name["renamed"].start_s > 0
    assert by_name["renamed"].end_s == pytest.approx(trace.duration_s)


@needs_gil
def test_a_reused_address_is_not_the_old_thread() -> None:
    # CPython gives each of these the thread state of the last, at the same address.
    with Scope() as scope:
        for place in range(50):
            thread = threading.Thread(
                target=HOLDS.usleep, args=(3000,), name=f"worker {place}"
            )
            thread.start()
            thread.join()
    trace = scope.trace
    # On a crowded machine the sampler can sleep through one, but mixes none up.
    seen = [int(each.name.removeprefix("worker ")) for each in workers(trace)]
    assert seen == sorted(set(seen))
    assert len(seen) > 25
    held_s = sum(each.holds for each in workers(trace)) * trace.duration_s
    assert held_s > 0.5 * 0.003 * len(seen)
    assert all(each.holds < 0.5 for each in workers(trace))


@pytest.mark.slow
@needs_gil
def test_ten_thousand_short_lived_threads() -> None:
    before = threading.active_count()
    with Scope() as scope:
        for _ in range(10_000):
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()
    trace = scope.trace
    assert 10 < len(trace.threads) <= 2**11 + 1
    assert trace.threads[0].name == "MainThread"
    known = [each for each in trace.threads if each.name.startswith("Thread-")]
    # All that ended and had to make room are one more: "others".
    assert len(known) > 0.8 * (len(trace.threads) - before - 1)
    assert sum(each.holds for each in trace.threads) <= 1 + 1e-6


@contextmanager
def _room_is_full() -> Iterator[None]:
    """Of threads made later: a scope has no room left for those there are already."""
    api = ctypes.pythonapi
    api.PyInterpreterState_Get.restype = api.PyThreadState_New.restype = ctypes.c_void_p
    own = ctypes.c_void_p(api.PyInterpreterState_Get())
    states = [ctypes.c_void_p(api.PyThreadState_New(own)) for _ in range(2**11)]
    try:
        yield
    finally:
        for state in states:
            api.PyThreadState_Clear(state)
            api.PyThreadState_Delete(state)


@needs_gil
def test_what_threads_without_a_record_hold_is_held_by_others() -> None:
    calls, hold_us = 30, 10_000  # many: with so many threads the scope looks seldom
    go = threading.Event()

    def hold() -> None:
        for _ in range(calls):
            HOLDS.usleep(hold_us)

    def other() -> None:
        go.wait()
        hold()

    # They hand the GIL over to each other, of whom neither has a record.
    thread = threading.Thread(target=other)
    thread.start()
    with _room_is_full(), Scope() as scope:
        go.set()
        hold()
        thread.join()
    trace = scope.trace
    one = next(each for each in trace.threads if each.name == "others")
    held_s = (one.holds + one.error) * trace.duration_s
    assert held_s > 0.9 * 2 * calls * hold_us / 1e6
    assert one.holds == pytest.approx(trace.held, abs=0.01)
    # Each hold by itself is one, and its line is not known.
    assert one.longest_hold_s < 0.5 * held_s
    assert trace.lines_unread > 0.9 * one.holds
