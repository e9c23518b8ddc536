"""The scope tells for what a thread waits: the GIL, a system call, a lock, a core.

A thread computes and waits in turn, for known stretches, and notes by its own clock for
how long; the scope watches from outside. It surprises that a thread has something to
wait for even once its wait is over: a core, for as long as the system takes to wake it.
So what is awaited and what it takes to wake up are compared with the truth together.
"""

import ctypes
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lab.calls.doses import mixed, wanting
from lab.instruments.scope import Scope, unavailable
from lab.records.machine import TWO_CORES, usable_cores
from lab.records.series import Recorder, Series
from lab.records.trace import ThreadTrace, Trace

STRETCHES_MS = (1, 5, 20)
SECONDS = 0.4  # ten of the longest stretches, as many waits
ERROR = 0.02
# Of the time in which it computes, a thread with a core to itself runs this part.
CORE = 0.95
# A scope without a core loses samples: while this thread computes, a core is hard to
# get, while it waits there is one. What was lost is taken to be like the rest, and may
# be off by as much; with more of it the dose is shown again, whatever came out.
LOST = ERROR
TRIES = 5
STEPS = 10**8  # of doses.mixed: a fraction of a second
HOLDS = ctypes.PyDLL(None)
RELEASES = ctypes.CDLL(None)


@pytest.fixture(autouse=True)
def scope_tells() -> None:
    """Skip, with the reason, where there is no scope, or none that tells it."""
    reason = unavailable()
    if reason:
        pytest.skip(f"no scope: {reason}")
    with Scope() as scope:
        time.sleep(0.01)
    if not scope.trace.told_apart:
        pytest.skip("this system does not tell for what threads wait")


def _main(trace: Trace) -> ThreadTrace:
    return next(one for one in trace.threads if one.name == "MainThread")


def _in_turn(wait: Callable[[], object], compute_s: float) -> float:
    """Compute and wait in turn; the part of the time that the waits took, without what
    they ran (to fall asleep is to run). Computing holds the GIL, with a core or not:
    what it lacked of a core is no wait, so this is true on a busy machine as well."""
    began_s = now_s = time.perf_counter()
    waited_s = 0.0
    while now_s - began_s < SECONDS:
        until_s = now_s + compute_s
        while now_s < until_s:
            now_s = time.perf_counter()
        ran_s, left_s = time.thread_time(), time.perf_counter()
        wait()
        now_s = time.perf_counter()
        waited_s += now_s - left_s - (time.thread_time() - ran_s)
    return waited_s / (now_s - began_s)


@contextmanager
def _lock(wait_s: float) -> Iterator[Callable[[], object]]:
    lock = threading.Lock()
    with lock:
        yield lambda: lock.acquire(timeout=wait_s)


@contextmanager
def _sleep(wait_s: float) -> Iterator[Callable[[], object]]:
    yield lambda: time.sleep(wait_s)


@contextmanager
def _pipe(wait_s: float) -> Iterator[Callable[[], object]]:
    """A thread that answers each byte asked for, late, without the GIL."""
    read, write = os.pipe()
    asked, ask = os.pipe()

    def answer() -> None:
        while os.read(asked, 1):
            RELEASES.usleep(int(wait_s * 1e6))
            os.write(write, b"x")

    def wait() -> None:
        os.write(ask, b"x")
        os.read(read, 1)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield wait
    finally:
        os.close(ask)
        thread.join()
        for file in (read, write, asked):
            os.close(file)


WAITS = {"sleep": _sleep, "lock": _lock, "read": _pipe}


def _series(subject: str, errors: list[float | None]) -> list[Series]:
    """The errors by stretch, and the largest."""
    usable = [error for error in errors if error is not None]
    enough = len(usable) == len(errors)
    largest = (max(map(abs, usable)),) if enough else ()
    return [
        *(
            Series(
                "waits",
                f"{subject}, {stretch_ms} ms",
                "part of the time seen - true",
                "",
                () if error is None else (error,),
                dropped=int(error is None),
            )
            for stretch_ms, error in zip(STRETCHES_MS, errors, strict=True)
        ),
        Series(
            "waits",
            f"{subject}, largest error",
            f"of the part of the time at most {ERROR}",
            "",
            largest,
            at_most=ERROR,
            dropped=int(not enough),
        ),
    ]


@pytest.mark.parametrize("name", WAITS)
def test_waits_blocked(record: Recorder, name: str) -> None:
    """In a system call, or at a lock that is not the GIL."""

    def error(stretch_ms: int) -> float | None:
        for _ in range(TRIES):
            with WAITS[name](stretch_ms / 1e3) as wait, Scope() as scope:
                true = _in_turn(wait, stretch_ms / 1e3)
            if scope.trace.lost <= LOST * (scope.trace.samples + scope.trace.lost):
                one = _main(scope.trace)
                return one.blocked + one.ready - true
        return None

    record(lambda: _series(f"blocked, {name}", [*map(error, STRETCHES_MS)]))


def test_waits_for_the_gil(record: Recorder) -> None:
    """Beside a thread that holds it for known stretches, asleep."""

    def error(stretch_ms: int) -> float | None:
        over = threading.Event()

        def hold() -> None:
            while not over.is_set():
                HOLDS.usleep(1000 * stretch_ms)
                RELEASES.usleep(1000 * stretch_ms)

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            before_s = time.thread_time()
            with Scope() as scope:
                true = wanting(1000 * stretch_ms, SECONDS)
            ran = (time.thread_time() - before_s) / scope.trace.duration_s
        finally:
            over.set()
            holder.join()
        one = _main(scope.trace)
        # What it did not want, it computed, if it had a core.
        return one.wants + one.ready - (1 - ran) if ran > CORE * (1 - true) else None

    record(lambda: _series("wants the GIL", [*map(error, STRETCHES_MS)]))


def test_waits_for_a_core(record: Recorder) -> None:
    """This thread and another on one core of several."""
    if usable_cores() < TWO_CORES:
        pytest.skip("one usable core: the scope would wait there too")
    cores = os.sched_getaffinity(0)

    def spin() -> float:
        """The part of the time without a core."""
        os.sched_setaffinity(0, {min(cores)})
        began_s, before_s = time.monotonic(), time.thread_time()
        mixed(0, STEPS, 1)
        cpu_s = time.thread_time() - before_s
        return 1 - cpu_s / (time.monotonic() - began_s)

    def measure() -> list[Series]:
        other = threading.Thread(target=spin)
        other.start()
        try:
            with Scope() as scope:
                lacked = spin()
        finally:
            os.sched_setaffinity(0, cores)
            other.join()
        return [
            Series(
                "waits",
                "no core, error",
                f"of the part of the time at most {ERROR}",
                "",
                (abs(_main(scope.trace).ready - lacked),),
                at_most=ERROR,
            )
        ]

    record(measure)
