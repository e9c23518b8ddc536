"""Who had the GIL, and how long the other waited, is read off a trace."""

import threading
import time
from dataclasses import replace

import pytest

from lab.constructions import switching
from lab.constructions.handoff import hold_then_drop
from lab.instruments.scope import unavailable
from lab.instruments.switch_interval import switch_interval
from lab.records import race
from lab.records.machine import gil_enabled
from lab.records.race import Lap
from lab.records.trace import Segment, ThreadTrace, Trace


def _trace() -> Trace:
    """MainThread waits; racer-0 has it for 1 s, 1 and 2 s, racer-1 for 2 s between."""
    names, holds = ("MainThread", "racer-0", "racer-1"), (0.05, 0.3, 0.6)
    threads = tuple(
        ThreadTrace(name, 1, 0.0, 10.0, part, 0.01, 0.0, 0.0, 1.0)
        for name, part in zip(names, holds, strict=True)
    )
    segments = (
        Segment(0, "holds", 0.0, 0.5),
        Segment(1, "holds", 1.0, 2.0),
        Segment(1, "waits", 2.0, 4.0),
        Segment(1, "holds", 4.0, 5.0),
        Segment(1, "holds", 5.5, 7.0),
        Segment(2, "holds", 2.0, 4.0),
        Segment(2, "runs_free", 4.0, 4.5),
        Segment(2, "holds", 7.5, 9.0),
        Segment(1, "holds", 9.0, 9.5),
    )
    return Trace(
        *("3.13.0", 10.0, 2e-5, 100, 0, 0.05, 0.01, 0.95, 0.02, 0.03),
        *(threads, 0, segments, 0.0),
    )


def test_turns_of_a_known_trace() -> None:
    seen = switching.SwitchingTrace(_trace())
    assert [thread.name for thread in seen.threads] == ["racer-0", "racer-1"]
    assert seen.share == pytest.approx(1 / 3)
    first = seen.threads[0]
    assert switching.SwitchingTrace(replace(seen.trace, threads=(first,))).share is None
    never = tuple(replace(thread, holds=0.0) for thread in seen.threads)
    assert switching.SwitchingTrace(replace(seen.trace, threads=never)).share is None
    assert seen.runs_free == pytest.approx(0.02)


def test_cores_and_starved() -> None:
    laps = (Lap(0, 100, 90, 5), Lap(50, 200, 110, None))
    assert race.cores_in_use(laps) == 1.0
    assert not race.starved(laps)
    assert race.starved((Lap(0, 100, 50, 50), Lap(0, 100, 100, 0)))


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_two_threads_are_seen() -> None:
    seen = switching.watched(0.1)
    assert seen.share is not None
    assert 0.05 < seen.share < 0.95
    assert all(thread.holds > 0 for thread in seen.threads)


def test_two_threads_spin() -> None:
    laps = switching.two(0.02)
    assert len(laps) == 2
    assert all(lap.wall_ns >= 20_000_000 for lap in laps)
    assert not gil_enabled() or race.cores_in_use(laps) < 1.2


@pytest.mark.skipif(not gil_enabled(), reason="no GIL that another could hold")
def test_a_turn_comes_after_an_interval_at_least() -> None:
    waits_s: list[float] = []
    for _ in range(20):  # on a busy machine neither may get a core for so long
        with switch_interval(3e-3):
            waits_s += switching.waits_for_gil(0.1)
        if waits_s:
            break
    assert waits_s
    assert min(waits_s) >= 3e-3


@pytest.mark.skipif(not gil_enabled(), reason="no GIL that another could hold")
def test_a_gap_is_when_another_held() -> None:
    held: list[int] = []
    other = threading.Thread(
        target=lambda: held.append(hold_then_drop(10_000_000, 0)), name="other"
    )
    timer = threading.Timer(0.02, other.start)
    timer.start()
    begin_ns = time.monotonic_ns()
    gaps = switching.spin_noting_gaps(0.2)
    end_ns = time.monotonic_ns()
    timer.join()
    other.join()
    edges = [edge for gap in gaps for edge in gap]
    assert edges == sorted(edges)
    assert all(begin_ns <= edge <= end_ns for edge in edges)
    if held[0] < begin_ns + 200_000_000:  # it may have come too late
        assert any(start < held[0] - 9_000_000 < held[0] <= end for start, end in gaps)
