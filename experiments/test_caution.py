"""Whoever releases the GIL must guard what threads share: nothing else does now.

Two threads increase one counter: load, wait until the other has loaded too, store.
Released threads meet every time, so that exactly half of all increments is lost;
an atomic addition or a lock loses none. Held threads never meet: who waits, with a
time limit, keeps the other out. It surprises how even the loss is: chance has no
part in it once the threads meet.
"""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

from lab.calls.kernel import Call
from lab.constructions import shared_data
from lab.constructions.shared_data import Counter
from lab.constructions.speedup import met
from lab.instruments.race import Crew
from lab.records.machine import gil_enabled
from lab.records.race import Lap
from lab.records.series import Recorder, Series

REPEATS = 2
# Increments a thread. On a crowded core each meeting costs a turn of all who share it.
TIMES = 100
# A held thread waits in vain for so long; a released one ends as soon as it can.
HELD_S, RELEASED_S = 0.02, 5.0
# Who lets others run on a crowded core gets it back after all of them: not for longer.
YIELDS_S = 0.5
SOURCE = "Include/ceval.h Py_BEGIN_ALLOW_THREADS"
# Where the threads did not meet, they do so many times as much, so often.
MORE, ATTEMPTS = 8, 6
Increase = Callable[[Counter], object]
Guarded = Callable[[Counter, int], object]


def test_caution(record: Recorder) -> None:
    """The fraction of all increments that is lost, and of the meetings held."""
    record(lambda: list(_measure()))


def _measure() -> Iterator[Series]:
    gil = gil_enabled()
    careless = _counted(lambda c: shared_data.careless_released(c, TIMES, RELEASED_S))
    met = [counter for counter in careless if not counter.alone]
    yield Series(
        "caution",
        "released, careless: lost",
        claim="load, meet, store loses exactly half",
        unit="",
        values=tuple(map(_lost, met)),
        # Both load, both store the same: two increases become one, by arithmetic.
        at_least=0.5,
        at_most=0.5,
        dropped=len(careless) - len(met),
        source=SOURCE,
        gil=gil,
    )
    held = _counted(lambda c: shared_data.careless_held(c, TIMES, HELD_S))
    yield Series(
        "caution",
        "held, careless: met",
        claim="they never meet" if gil else "no claim: there is no GIL to hold",
        unit="",
        values=tuple(counter.meetings / TIMES for counter in held),
        # The call is one of C, and nobody else runs before it ends.
        at_most=0.0 if gil else None,
        source=SOURCE,
        gil=gil,
    )
    yield Series(
        "caution",
        "held, careless: lost",
        claim="nothing is lost" if gil else "no claim: there is no GIL to hold",
        unit="",
        values=tuple(map(_lost, held)),
        at_most=0.0 if gil else None,
        source=SOURCE,
        gil=gil,
    )
    guarded: dict[str, Guarded] = {
        "an atomic": shared_data.atomic_released,
        "cython.pymutex": shared_data.mutex_released,
        "threading.Lock": partial(_locked, threading.Lock()),
    }
    for name, increase in guarded.items():
        lost = [_together(increase) for _ in range(REPEATS)]
        values = tuple(part for part in lost if part is not None)
        yield Series(
            "caution",
            f"released, {name}: lost",
            claim="nothing is lost",
            unit="",
            values=values,
            at_most=0.0,  # what a lock and an atomic addition are for
            dropped=len(lost) - len(values),
            source=SOURCE,
            gil=gil,
        )


def _counted(increase: Increase) -> list[Counter]:
    """Fresh counters, each after two threads increased it at the same time."""
    counters = [Counter() for _ in range(REPEATS)]
    for counter in counters:
        _increased(counter, increase)
    return counters


def _increased(counter: Counter, increase: Increase) -> tuple[Lap, ...]:
    with Crew([Call(partial(increase, counter))] * 2) as crew:
        crew.go()
        return crew.laps()


def _together(increase: Guarded) -> float | None:
    """The fraction lost by two threads that were at it at the same time.

    None where they never were: one was done before the other began, though they did
    more each time.
    """
    times = TIMES
    for _ in range(ATTEMPTS):
        counter = Counter()
        if met(_increased(counter, lambda c, times=times: increase(c, times))):  # type: ignore[misc]
            return _lost(counter, times)
        times *= MORE
    return None


def _locked(lock: threading.Lock, counter: Counter, times: int) -> None:
    end_s = time.monotonic() + YIELDS_S
    for _ in range(times):
        with lock:
            shared_data.once_released(counter, time.monotonic() < end_s)


def _lost(counter: Counter, times: int = TIMES) -> float:
    return 1 - counter.value / (2 * times)
