"""What the scope's trace says of each thread: its states, segments and names."""

import _thread
import ctypes
import os
import select
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

from lab.calls.doses import mixed, wanting
from lab.instruments.scope import Scope
from lab.kernels import collatz_released
from lab.records.trace import ThreadTrace, Trace
from tests.instruments.scoped import needs_gil, traced

HOLDS = ctypes.PyDLL(None)
RELEASES = ctypes.CDLL(None)

pytestmark = pytest.mark.usefixtures("nothing_left")


def workers(trace: Trace) -> list[ThreadTrace]:
    return [each for each in trace.threads if each.name.startswith("worker")]


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@needs_gil
def test_released_sleepers_all_wait_and_nobody_holds() -> None:
    trace = traced(*[lambda: RELEASES.usleep(200_000)] * 8)
    assert trace.gil_free > 0.8 - trace.error
    assert trace.idle > 0.7 - trace.error
    assert len(workers(trace)) == 8
    for worker in workers(trace):
        assert worker.waits > 0.5 * (worker.end_s - worker.start_s) / trace.duration_s
        assert worker.holds < 0.2


@needs_gil
def test_held_sleepers_hold_one_at_a_time() -> None:
    trace = traced(*[lambda: HOLDS.usleep(50_000)] * 4)
    # None sleeps for less; between two a crowded machine may leave the GIL to nobody.
    assert (trace.held + trace.error) * trace.duration_s > 0.9 * 4 * 0.05
    for worker in workers(trace):
        assert (worker.holds + worker.error) * trace.duration_s > 0.9 * 0.05
        assert worker.longest_hold_s > 0.025
    assert trace.longest_holder in workers(trace)
    holds = sorted(
        (each.start_s, each.end_s) for each in trace.segments if each.state == "holds"
    )
    assert all(end <= start for (_, end), (start, _) in pairwise(holds))


@needs_gil
def test_bytecode_threads_share_the_gil() -> None:
    trace = traced(lambda: busy(1.0), lambda: busy(1.0))
    first, second = (worker.holds for worker in workers(trace))
    # On a crowded machine nobody holds the GIL while who is to get it has no core.
    lacking = sum(worker.ready for worker in workers(trace))
    assert first + second + lacking > 0.8 - trace.error
    assert min(first, second) > 0.2 * (first + second)
    assert all(worker.runs_free < 0.1 for worker in workers(trace))


@needs_gil
def test_running_free_is_told_from_waiting() -> None:
    ran_s: list[float] = []

    def work() -> None:
        collatz_released(2_000_000)
        ran_s.append(time.thread_time())

    trace = traced(work)
    (worker,) = workers(trace)
    assert worker.holds < 0.2
    assert worker.runs_free * trace.duration_s > 0.5 * ran_s[0]
    main = next(each for each in trace.threads if each.name == "MainThread")
    assert main.waits > 0.7
    assert main.runs_free < 0.2


def told_apart() -> bool:
    """Whether this system tells for what threads wait."""
    with Scope() as scope:
        time.sleep(0.01)
    return scope.trace.told_apart


@needs_gil
def test_what_threads_are_blocked_in_is_named() -> None:
    if not told_apart():
        pytest.skip("this system does not tell for what threads wait")
    seconds, lock = 0.4, threading.Lock()
    read, write = os.pipe()
    with select.epoll() as poll, lock:
        calls: dict[str, Callable[[], object]] = {
            "clock_nanosleep": lambda: RELEASES.usleep(int(seconds * 1e6)),
            "futex": lambda: lock.acquire(timeout=seconds),
            "epoll_wait": lambda: poll.poll(seconds),
            "read": lambda: os.read(read, 1),
        }
        threads = [
            threading.Thread(target=call, name=name) for name, call in calls.items()
        ]
        with Scope() as scope:
            for thread in threads:
                thread.start()
            time.sleep(seconds)
            os.write(write, b"x")
            for thread in threads:
                thread.join()
    os.close(read)
    os.close(write)
    trace = scope.trace
    for one in trace.threads:
        if one.name in calls:
            # Of musl and other processors: nanosleep, epoll_pwait.
            assert one.calls[0].name.rpartition("_")[0] in one.name, one
            assert one.blocked > 0.6 * one.waits - trace.error
            assert one.wants <= one.wants_error


@needs_gil
def test_wanting_the_gil_is_told_and_who_holds_it() -> None:
    if not told_apart():
        pytest.skip("this system does not tell for what threads wait")
    found: list[float] = []
    wanter = threading.Thread(
        target=lambda: found.append(wanting(2000, 0.5)), name="wanter"
    )
    with Scope() as scope:
        wanter.start()
        while not found:
            HOLDS.usleep(5000)
            RELEASES.usleep(5000)
        wanter.join()
    trace = scope.trace
    one = next(each for each in trace.threads if each.name == "wanter")
    # Who got the GIL still needs a core.
    off = 2.5 * one.wants_error
    alive = (one.end_s - one.start_s) / trace.duration_s
    assert one.wants - off <= found[0] * alive <= one.wants + one.ready + off
    assert trace.contention == pytest.approx(one.wants, abs=0.05 + off)
    assert one.longest_want_s > 0.001
    assert [trace.threads[it.holder].name for it in one.behind][:1] == ["MainThread"]
    assert sum(it.share for it in one.behind) <= one.wants + 1e-6


@needs_gil
def test_a_thread_without_a_core_is_ready() -> None:
    if not told_apart():
        pytest.skip("this system does not tell for what threads wait")
    core = min(os.sched_getaffinity(0))
    ran: list[float] = []

    def spin() -> None:
        os.sched_setaffinity(0, {core})
        began_s, before_s = time.monotonic(), time.thread_time()
        mixed(0, 10**8, 1)
        took_s = time.monotonic() - began_s
        ran.append((time.thread_time() - before_s) / took_s)

    trace = traced(spin, spin)
    if len(os.sched_getaffinity(0)) == 1:
        return  # the sampler itself is on that core
    for one in workers(trace):
        alive = (one.end_s - one.start_s) / trace.duration_s
        assert one.ready > 0.3 * alive * (1 - max(ran)) - trace.error
        assert one.blocked < 0.2 * alive + trace.error


@needs_gil
def test_edges_are_where_the_state_changed() -> None:
    edges = []
    with Scope() as scope:
        for _ in range(10):
            edges.append((time.monotonic_ns() - scope.began_ns) / 1e9)
            RELEASES.usleep(10_000)
            edges.append((time.monotonic_ns() - scope.began_ns) / 1e9)
            HOLDS.usleep(10_000)
    trace = scope.trace
    seen = [each.start_s for each in trace.segments if each.thread == 0]
    distances = sorted(min(abs(edge - start) for start in seen) for edge in edges)
    # What a whole run of edges may be off, one of them is at most.
    assert distances[len(distances) // 2] <= trace.error * trace.duration_s


@needs_gil
def test_segments_tile_each_thread() -> None:
    trace = traced(*[lambda: busy(0.1)] * 3)
    assert not trace.coarsened
    for place, thread in enumerate(trace.threads):
        own = [each for each in trace.segments if each.thread == place]
        assert own[0].start_s == pytest.approx(thread.start_s, abs=1e-6)
        assert own[-1].end_s == pytest.approx(thread.end_s, abs=1e-6)
        for before, after in pairwise(own):
            assert after.start_s == before.end_s
            assert after.state != before.state


@needs_gil
def test_a_long_timeline_keeps_its_recent_part() -> None:
    stop = threading.Event()

    def turn() -> None:
        while not stop.is_set():
            time.sleep(0)

    threads = [threading.Thread(target=turn, daemon=True) for _ in range(40)]
    with Scope() as scope:
        for thread in threads:
            thread.start()
        time.sleep(1)
        stop.set()
        for thread in threads:
            thread.join()
    trace = scope.trace
    assert len(trace.segments) <= 2**17 + len(trace.threads)
    assert min(each.start_s for each in trace.segments) >= trace.segments_start_s


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
