"""Threads that count together: careless ones lose half, guarded ones nothing."""

import time
from collections.abc import Callable

import pytest

from lab.calls.kernel import Call
from lab.constructions import shared_data
from lab.constructions.shared_data import Counter
from lab.instruments.race import Crew
from lab.records.machine import gil_enabled

with_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to hold")


def test_released_meet_and_lose_half() -> None:
    counter = Counter()
    call = Call(lambda: shared_data.careless_released(counter, 100, 10.0))
    with Crew([call] * 2) as crew:
        crew.go()
        crew.laps()
    assert (counter.value, counter.meetings, counter.alone) == (100, 100, False)


@pytest.mark.parametrize(
    "careless", [shared_data.careless_held, shared_data.careless_released]
)
def test_alone_at_the_meeting_point(
    careless: Callable[[Counter, int, float], None],
) -> None:
    counter = Counter()
    start = time.monotonic()
    careless(counter, 100, 0.02)
    assert 0.02 <= time.monotonic() - start < 5  # once, not a hundred times
    assert (counter.value, counter.meetings, counter.alone) == (100, 0, True)


@with_gil
def test_held_never_meet() -> None:
    counter = Counter()
    with Crew(
        [Call(lambda: shared_data.careless_held(counter, 100, 0.02))] * 2
    ) as crew:
        crew.go()
        crew.laps()
    assert (counter.value, counter.meetings) == (200, 0)


@pytest.mark.parametrize(
    "increase", [shared_data.atomic_released, shared_data.mutex_released]
)
def test_guards_lose_nothing(increase: Callable[[Counter, int], None]) -> None:
    counter = Counter()
    with Crew([Call(lambda: increase(counter, 10_000))] * 2) as crew:
        crew.go()
        crew.laps()
    shared_data.once_released(counter, True)
    shared_data.once_released(counter, False)
    assert counter.value == 20_002
