"""The scope, held to what is known: doses, sleepers, threads that come and go.

Others may be using the machine, so nothing here expects a speed: bounds come from
the trace's own error, or are so wide that only a wrong reading breaks them.
"""

import math
import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.calls.doses import dose, mixed
from lab.instruments.scope import Scope
from lab.kernels import collatz_held, collatz_released
from tests.instruments.scoped import dosed, needs_gil, traced

pytestmark = pytest.mark.usefixtures("nothing_left")


@needs_gil
@pytest.mark.parametrize(
    ("hold_us", "free_us"),
    [
        (5000, 5000),
        (200, 200),
        (20, 20),
        (2, 2),
        (500, 50),
        (50, 500),
        (20, 2),
        (2, 20),
    ],
)
def test_known_doses(hold_us: float, free_us: float) -> None:
    trace, true, widest = dosed(hold_us, free_us, 0.2)
    assert trace.error < widest
    # 2.5 half widths: an interval that covers misses them once in a million runs.
    assert abs(trace.gil_free - true) <= 2.5 * trace.error
    assert trace.held + trace.runs_free + trace.idle == pytest.approx(1)
    assert trace.gil_free == pytest.approx(trace.runs_free + trace.idle)
    main = trace.threads[0]
    assert main.holds == pytest.approx(trace.held, abs=0.01)
    assert main.holds + main.runs_free + main.waits == pytest.approx(1, abs=0.01)


@pytest.mark.slow
@needs_gil
def test_a_deep_stack_does_not_make_the_gil_look_held() -> None:
    """While it is held there are sixty frames to be read, while it is free none: of
    windows shorter than the pauses each must be met as often as it lasts."""

    def below(frames: int) -> tuple[float, float]:
        if frames:
            return below(frames - 1)
        with Scope() as scope:
            true = dose(20, 20, 0.2)
        return scope.trace.gil_free - true, scope.trace.error

    found = [below(60) for _ in range(6)]
    off = statistics.mean(one[0] for one in found)
    # Of so many independent looks; 2.5 half widths as above.
    assert abs(off) <= 2.5 * max(one[1] for one in found) / math.sqrt(len(found))


def sampler_cpu_s() -> float:
    """The processor time that the running scope's own thread has taken."""
    for task in os.listdir("/proc/self/task"):
        if Path(f"/proc/self/task/{task}/comm").read_text() == "gil-lab scope\n":
            return time.clock_gettime(
                ~int(task) << 3 | 6
            )  # as in lab/instruments/clocks.c
    raise AssertionError("no sampler")


@contextmanager
def waiting(count: int) -> Iterator[list[threading.Thread]]:
    """So many threads that wait, until it is over."""
    over = threading.Event()
    threads = [threading.Thread(target=over.wait) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        over.set()
        for thread in threads:
            thread.join()


@needs_gil
def test_many_threads_cost_little_and_are_measured_well() -> None:
    with waiting(50) as threads, Scope() as scope:
        dose(200, 200, 0.05)
        began_s, before_s = time.monotonic(), sampler_cpu_s()
        true = dose(200, 200, 0.5)
        taken = (sampler_cpu_s() - before_s) / (time.monotonic() - began_s)
    trace = scope.trace
    assert taken < 0.1
    assert trace.samples > 20
    assert abs(trace.gil_free - true) <= 2.5 * trace.error + 0.02  # before the dose
    assert trace.interval_s > trace.asked_s > 0
    # Each of them, beside those of whoever runs the tests.
    names = {thread.name for thread in threads}
    assert len({thread.name for thread in trace.threads} & names) == 50


@needs_gil
def test_a_program_that_fills_every_core_is_sampled_less_often() -> None:
    cores = len(os.sched_getaffinity(0))
    trace = traced(*[lambda: mixed(0, 10**8, 1)] * cores)
    assert trace.interval_s > trace.asked_s


@needs_gil
def test_many_threads_cost_little_before_it_is_known_what_they_want() -> None:
    def taken() -> float | None:
        """Of a core; None where that was known by then."""
        with Scope():
            began_s = time.monotonic()
            time.sleep(0.01)  # it meets them, and opens their files
            after_s, before_s = time.monotonic(), sampler_cpu_s()
            time.sleep(0.03)
            sampler_s, now_s = sampler_cpu_s() - before_s, time.monotonic()
        return sampler_s / (now_s - after_s) if now_s - began_s < 0.05 else None

    with waiting(12):
        found = [one for one in (taken() for _ in range(15)) if one is not None]
    allowed = min(0.01 * len(os.sched_getaffinity(0)), 0.07)
    assert not found or statistics.median(found) < 2 * allowed


@needs_gil
@pytest.mark.parametrize(
    ("call", "least", "most"),
    [
        (lambda: collatz_held(400_000), 0.0, 0.05),
        (lambda: mixed(10**8, 0, 1), 0.0, 0.05),
        (lambda: sum(range(5_000_000)), 0.0, 0.05),
        (lambda: collatz_released(400_000), 0.95, 1.0),
        (lambda: time.sleep(0.1), 0.95, 1.0),
    ],
)
def test_held_and_released(
    call: Callable[[], object], least: float, most: float
) -> None:
    with Scope() as scope:
        call()
    trace = scope.trace
    assert least - trace.error <= trace.gil_free <= most + trace.error


@needs_gil
def test_files_of_the_program_are_its_own() -> None:
    read, write = os.pipe()
    with Scope():
        time.sleep(0.02)  # it has files open by now
        os.close(write)
        assert os.read(read, 1) == b""  # nobody else holds the other end
        lowest = os.open("/dev/null", os.O_RDONLY)
        os.close(lowest)
        assert lowest == write
    os.close(read)


@needs_gil
def test_exceptions_pass_and_a_scope_can_run_again() -> None:
    scope = Scope()
    with pytest.raises(KeyError, match="mine"), scope:
        raise KeyError("mine")
    assert scope.trace.duration_s > 0
    first = scope.trace
    assert scope.trace is first
    with scope:
        time.sleep(0.01)
    assert scope.trace is not first
    assert scope.trace.duration_s >= 0.01


@needs_gil
def test_nested_scopes_are_refused() -> None:
    with Scope() as outer:
        with pytest.raises(RuntimeError, match="do not nest"), Scope():
            pass
        with pytest.raises(RuntimeError, match="still runs"):
            _ = outer.trace
    assert outer.trace.threads[0].name == "MainThread"
    with pytest.raises(RuntimeError, match="has not run"):
        _ = Scope().trace


@pytest.mark.parametrize("interval", [0, -1, 1e-9, 1, float("nan"), float("inf")])
def test_interval_is_checked(interval: float) -> None:
    with pytest.raises(ValueError, match="interval: "):
        Scope(interval=interval)


@needs_gil
def test_signals_reach_the_program_and_not_the_sampler() -> None:
    caught: list[int] = []
    old = signal.signal(signal.SIGALRM, lambda number, _: caught.append(number))
    try:
        with Scope():
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            end = time.monotonic() + 60
            while len(caught) < 5 and time.monotonic() < end:
                time.sleep(0.001)
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, old)
    assert len(caught) >= 5


@needs_gil
def test_a_hook_put_over_ours_stays() -> None:
    original = threading.Thread._set_native_id  # type: ignore[attr-defined]
    seen: list[str] = []
    try:
        with Scope():
            ours = threading.Thread._set_native_id  # type: ignore[attr-defined]

            def theirs(thread: threading.Thread) -> None:
                seen.append(thread.name)
                ours(thread)

            threading.Thread._set_native_id = theirs  # type: ignore[attr-defined]
        assert threading.Thread._set_native_id is theirs  # type: ignore[attr-defined]
        thread = threading.Thread(target=int, name="after")
        thread.start()
        thread.join()
        assert seen == ["after"]
        assert thread.native_id
    finally:
        threading.Thread._set_native_id = original  # type: ignore[attr-defined]


@needs_gil
def test_samples_of_waits_for_a_core_say_little() -> None:
    """The same samples: of a block that ran all the time, or for a thousandth of it."""
    with Scope() as scope:
        over_s = time.monotonic() + 0.1
        while time.monotonic() < over_s:
            pass
    whole_s = scope.trace.duration_s
    part_s = whole_s / 1000
    most = scope.running_error_s(1.0, whole_s, 0.0, whole_s) / whole_s
    least = scope.running_error_s(1.0, part_s, 0.0, whole_s) / part_s
    assert least > 3 * most > 0
    # What ran where no sample was taken is not known.
    assert scope.running_error_s(1.0, 3 * whole_s, 3 * whole_s, whole_s) > whole_s
