"""What the scope's trace says of each thread: its states and segments."""

import ctypes
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

import lab.instruments.scope
from lab.calls.doses import mixed, wanting
from lab.instruments.scope import Scope
from lab.kernels import collatz_released
from lab.records.trace import Trace
from tests.instruments.scoped import busy, needs_gil, traced, workers
from tests.waiting import until

HOLDS = ctypes.PyDLL(None)
RELEASES = ctypes.CDLL(None)

pytestmark = pytest.mark.usefixtures("nothing_left")


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
    assert trace.longest_hold_s in {each.longest_hold_s for each in workers(trace)}
    holds = sorted(
        (each.start_s, each.end_s) for each in trace.segments if each.state == "holds"
    )
    assert all(end <= start for (_, end), (start, _) in pairwise(holds))


@needs_gil
def test_bytecode_threads_share_the_gil() -> None:
    trace = traced(lambda: busy(0.4), lambda: busy(0.4))
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
    lock, (read, write) = threading.Lock(), os.pipe()
    calls: dict[str, Callable[[], object]] = {
        "clock_nanosleep": lambda: RELEASES.sleep(3600),
        "futex": lock.acquire,
        "epoll_wait": lambda: poll.poll(),
        "read": lambda: os.read(read, 1),
    }
    with select.epoll() as poll:
        lock.acquire()
        threads = [
            threading.Thread(target=call, name=name) for name, call in calls.items()
        ]
        for thread in threads:
            thread.start()
        _until_blocked(threads)
        with Scope() as scope:
            until(lambda: scope.samples >= 100)
        lock.release()
        poll.register(write, select.EPOLLOUT)
        os.write(write, b"x")
        _awaken(threads[0])
        for thread in threads:
            thread.join()
    os.close(read)
    os.close(write)
    trace = scope.trace
    seen = {one.name: one for one in trace.threads if one.name in calls}
    assert set(seen) == set(calls)
    for one in seen.values():
        # Of musl and other processors: nanosleep, epoll_pwait.
        assert one.calls[0].name.rpartition("_")[0] in one.name, one
        assert one.blocked > 0.9 * one.waits - trace.error
        assert one.wants <= one.wants_error


def _until_blocked(threads: Sequence[threading.Thread]) -> None:
    """Until each stands in the same call at the same place as a moment before."""
    files = [Path(f"/proc/self/task/{one.native_id}/syscall") for one in threads]
    before = [""]
    while (now := [file.read_text() for file in files]) != before or "running" in (
        "".join(now)
    ):
        before = now
        time.sleep(0.05)


def _awaken(thread: threading.Thread) -> None:
    """End its system call, which no handler of Python's restarts."""
    old = signal.signal(signal.SIGUSR1, lambda *_: None)
    assert thread.ident is not None
    signal.pthread_kill(thread.ident, signal.SIGUSR1)
    thread.join()
    signal.signal(signal.SIGUSR1, old)


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


def check_tiles(trace: Trace) -> None:
    """Each thread has segments without gaps, from when all are kept to its end."""
    kept_s = trace.segments_start_s
    for place, thread in enumerate(trace.threads):
        if thread.end_s < kept_s:
            continue
        own = [each for each in trace.segments if each.thread == place]
        begin_s = max(thread.start_s, kept_s)
        assert own[0].start_s == pytest.approx(begin_s, abs=1e-6)
        assert own[-1].end_s == pytest.approx(thread.end_s, abs=1e-6)
        for before, after in pairwise(own):
            assert after.start_s == before.end_s
            assert after.state != before.state


@needs_gil
def test_segments_tile_each_thread() -> None:
    trace = traced(*[lambda: busy(0.1)] * 3)
    assert not trace.coarsened
    check_tiles(trace)


@needs_gil
def test_a_long_timeline_keeps_its_recent_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab.instruments.scope, "KEPT", 64)
    # This one changes at the beginning, which is lost, and at the end.
    over = threading.Event()
    waits = threading.Thread(target=over.wait, name="waits")
    with Scope() as scope:
        waits.start()
        while scope.samples < 2000:
            HOLDS.usleep(300)
            RELEASES.usleep(300)
        over.set()
        waits.join()
    trace = scope.trace
    assert 0 < trace.segments_start_s < trace.duration_s
    assert 32 < len(trace.segments) <= 64 + len(trace.threads)
    check_tiles(trace)
