"""How late ticks come beside a call, and what the machine explains of it."""

import time

import pytest

from lab.constructions.latency import (
    INTERVAL_S,
    LOADS,
    Latencies,
    Tick,
    Ticker,
    beside,
    during,
)
from lab.records.machine import gil_enabled
from lab.records.race import Lap

with_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to hold")


def test_lag_of_a_held_call_is_the_call() -> None:
    found = beside(LOADS["held"](0.1))
    assert found.call_s >= 0.1
    if gil_enabled():
        assert found.largest is not None
        assert found.largest >= 1 - INTERVAL_S / 0.1
        assert found.largest_by_lock(0.5) in (None, found.largest)


@pytest.mark.parametrize("name", LOADS)
def test_loads_last_as_long_as_they_say(name: str) -> None:
    start = time.monotonic()
    LOADS[name](0.05)()
    # A mistaken unit would be a thousand times as long.
    assert 0.049 <= time.monotonic() - start < 1000 * 0.05


def test_beats_of_the_call_alone() -> None:
    ticks = [Tick(0, 10), Tick(20, 35), Tick(40, 45), Tick(60, 70)]
    found = during(ticks, Lap(30, 50, 0, None))
    assert found.latencies_s == (15e-9, 5e-9)
    assert found.inside_s == (5e-9,)
    assert found.machine_s is None
    assert during([], Lap(30, 50, 0, None)).largest is None


def test_the_machine_s_part_is_of_the_beats_and_the_call() -> None:
    found = during([Tick(20, 35)], Lap(30, 50, 0, 2), 4)
    assert found.starved_s == pytest.approx(2e-9)
    assert found.machine_s == pytest.approx(6e-9)
    assert during([Tick(20, 35)], Lap(30, 50, 0, 2)).machine_s is None


@pytest.mark.parametrize(
    ("latency_s", "machine_s", "told"),
    [
        (0.4, None, True),  # however it came about, others ran
        (0.9, 0.1, True),
        (0.9, 0.5, False),
        (0.9, None, False),
    ],
)
def test_a_lag_that_the_machine_explains_tells_nothing(
    latency_s: float, machine_s: float | None, told: bool
) -> None:
    found = Latencies((latency_s,), 1.0, (), 0.0, machine_s).largest_by_lock(0.5)
    assert found == (latency_s if told else None)


def test_a_call_without_a_core_tells_no_median() -> None:
    latencies_s = (0.1, 0.3, 0.2)
    assert Latencies((), 1.0, latencies_s, 0.05).median_inside_s(0.1) == pytest.approx(
        0.2
    )
    assert Latencies((), 1.0, latencies_s, 0.2).median_inside_s(0.1) is None
    assert Latencies((), 1.0, latencies_s).median_inside_s(0.1) is None
    assert Latencies((), 1.0, latencies_s[:2], 0.0).median_inside_s(0.1) is None


def test_heart_beats() -> None:
    with Ticker() as ticker:
        time.sleep(5 * INTERVAL_S)
    assert len(ticker.ticks) >= 2
    assert all(tick.came_ns >= tick.due_ns for tick in ticker.ticks)
