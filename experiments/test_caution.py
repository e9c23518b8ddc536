"""Whoever releases the GIL must guard what threads share: nothing else does now.

Two threads increase one counter: load, wait until the other has loaded too, store.
Released threads meet every time, so that exactly half of all increments is lost;
an atomic addition or a lock loses none. Held threads never meet: who waits, with a
time limit, keeps the other out. It surprises how even the loss is: chance has no
part in it once the threads meet.
"""

import threading
from collections.abc import Callable, Iterator

from lab import shared
from lab.machine import gil_enabled
from lab.race import Crew
from lab.records import Recorder, Series
from lab.shared import Counter
from lab.twins import Call

REPEATS = 2
TIMES = 500  # increments a thread
# A held thread waits in vain for so long; a released one ends as soon as it can.
HELD_S, RELEASED_S = 0.02, 5.0
SOURCE = "Include/ceval.h Py_BEGIN_ALLOW_THREADS"
Increase = Callable[[Counter], object]


def test_caution(record: Recorder) -> None:
    """The fraction of all increments that is lost, and of the meetings held."""
    record(lambda: list(_measure()))


def _measure() -> Iterator[Series]:
    gil = gil_enabled()
    careless = _counted(lambda c: shared.careless_released(c, TIMES, RELEASED_S))
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
    held = _counted(lambda c: shared.careless_held(c, TIMES, HELD_S))
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
    guarded: dict[str, Increase] = {
        "an atomic": lambda c: shared.atomic_released(c, TIMES),
        "cython.pymutex": lambda c: shared.mutex_released(c, TIMES),
        "threading.Lock": _locked(threading.Lock()),
    }
    for name, increase in guarded.items():
        yield Series(
            "caution",
            f"released, {name}: lost",
            claim="nothing is lost",
            unit="",
            values=tuple(map(_lost, _counted(increase))),
            at_most=0.0,  # what a lock and an atomic addition are for
            source=SOURCE,
            gil=gil,
        )


def _counted(increase: Increase) -> list[Counter]:
    """Fresh counters, each after two threads increased it at the same time."""
    counters = [Counter() for _ in range(REPEATS)]
    for counter in counters:
        with Crew([Call(lambda counter=counter: increase(counter))] * 2) as crew:  # type: ignore[misc]
            crew.go()
            crew.laps()
    return counters


def _locked(lock: threading.Lock) -> Increase:
    def increase(counter: Counter) -> None:
        for _ in range(TIMES):
            with lock:
                shared.once_released(counter)

    return increase


def _lost(counter: Counter) -> float:
    return 1 - counter.value / (2 * TIMES)
