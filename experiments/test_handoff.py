"""Letting the GIL go costs some 30 ns; getting it back from another costs a wait.

A C loop with a release in each step against the same loop without tells the price
when nobody waits. A thread that sleeps until it wants the GIL tells how long it takes
to get one that is dropped, and how long beside bytecode, which is asked to drop it
only after a switch interval. The scope tells who gets it: after a drop on request the
dropper stands back until another has it. What surprises is how much more a release
takes to arrive where somebody waits, a hundred times the price and more: that thread
must be woken up first.
"""

import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from lab.claims import about_gil
from lab.handoff import hold_then_drop, with_releases, without_releases
from lab.knock import knock
from lab.knocker import Knock, Knocker, same_switch_interval
from lab.machine import gil_enabled
from lab.records import Recorder, Series
from lab.scope import unavailable
from lab.stopwatch import timed
from lab.turns import spin_noting_gaps, watched
from lab.units import duration

RELEASES = 50_000
BATCHES, DROPS, PHASE_NS = 5, 300, 150_000
INTERVALS_S = (1e-3, 5e-3, 20e-3)
TURN_S = 5e-3
FIGURE = "until the GIL is there"
# Beside bytecode: the part of a switch interval that a thread waits.
LEAST, MOST = 0.95, 3.0
needs_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to wait for")


def _series(
    subject: str,
    values: list[float],
    claim: str,
    unit: str,
    at_least: float | None = None,
    at_most: float | None = None,
    source: str = "take_gil, drop_gil",
    at: str | None = None,
) -> Series:
    """at: for a time, what it is the time of, in a picture of all of them."""
    return Series(
        "handoff",
        subject,
        claim,
        unit,
        tuple(values),
        at_least,
        at_most,
        source=f"Python/ceval_gil.c {source}",
        figure=FIGURE if at else "",
        at=at,
    )


def test_handoff_price(record: Recorder) -> None:
    """A release and the return, when nobody waits."""

    def price_s() -> float:
        released_ns = timed(partial(with_releases, RELEASES))[2]
        held_ns = timed(partial(without_releases, RELEASES))[2]
        return (released_ns - held_ns) / 1e9 / RELEASES

    def measure() -> Series:
        prices_s = [price_s() for _ in range(21)]
        claim = "nobody waits: less than a microsecond"
        return _series(
            "release and return", prices_s, claim, "s", 0.0, 1e-6, at="nobody waits"
        )

    record(lambda: [about_gil(measure())])


def _drops() -> list[float]:
    """How long after a drop a waiting thread had the GIL, in seconds."""
    knocks: list[tuple[int, int]] = []
    over = threading.Event()

    def want() -> None:
        while not over.is_set():
            knocks.append(knock(random.randrange(PHASE_NS, 3 * PHASE_NS)))

    waiter = threading.Thread(target=want, name="waiter")
    waiter.start()
    try:
        drops_ns = [hold_then_drop(PHASE_NS, PHASE_NS) for _ in range(DROPS)]
    finally:
        over.set()
        waiter.join()
    waits_ns = []
    for wanted_ns, got_ns in knocks:
        dropped_ns = next((drop for drop in drops_ns if drop >= wanted_ns), got_ns)
        if dropped_ns < got_ns:
            waits_ns.append(got_ns - dropped_ns)
    return [wait_ns / 1e9 for wait_ns in waits_ns]


@needs_gil
def test_handoff_wait(record: Recorder) -> None:
    """From the drop until the thread that waits has it."""

    def measure() -> Iterator[Series]:
        batches = [_drops() for _ in range(BATCHES)]
        waits = [wait for batch in batches for wait in batch]
        last = [sorted(batch)[len(batch) * 99 // 100] for batch in batches if batch]
        claim = "a thread must be woken up"
        subject, at = "wait for a drop", "dropped while waiting"
        yield _series(f"{subject}, median", waits, claim, "s", at=f"{at}, median")
        yield _series(f"{subject}, p99", last, "", "s", at=f"{at}, p99")

    record(lambda: list(measure()))


@needs_gil
def test_handoff_interval(record: Recorder) -> None:
    """Beside bytecode a thread waits for one switch interval."""

    def quickest(knocks: list[Knock]) -> list[float]:
        """Of each three waits the shortest, in seconds: the machine only adds."""
        waits = [each.wait_ns / 1e9 for each in knocks]
        return [min(waits[i : i + 3]) for i in range(0, len(waits) - 2, 3)]

    def measure() -> Iterator[Series]:
        with same_switch_interval(), Knocker(2e-3, INTERVALS_S) as knocker:
            gaps = spin_noting_gaps(0.9)
            over_ns = time.monotonic_ns()
        # A knock finds the GIL free where the bytecode had not come back yet.
        knocks = [
            knock
            for knock in knocker.knocks
            if knock.got_ns < over_ns
            and not any(start < knock.wanted_ns < end for start, end in gaps)
        ]
        for interval_s in INTERVALS_S:
            here = [knock for knock in knocks if knock.interval_s == interval_s]
            interval = f"interval {duration(interval_s)}"
            yield _series(
                f"wait beside bytecode, {interval}",
                quickest(here),
                f"{LEAST} to {MOST} times the interval (sys.setswitchinterval)",
                "s",
                LEAST * interval_s,
                MOST * interval_s,
                "take_gil, COND_TIMED_WAIT",
                f"bytecode has it, {interval}",
            )

    record(lambda: list(measure()))


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_handoff_turns(record: Recorder) -> None:
    """Who gets it: the other one, after each interval."""

    def measure() -> Iterator[Series]:
        with same_switch_interval():
            sys.setswitchinterval(TURN_S)
            seen = [watched(0.15) for _ in range(3)]
        source = "drop_gil, FORCE_SWITCHING"
        turns = [turns.lengths_s() for turns in seen]
        yield _series(
            "two threads of bytecode: the first's part",
            [one.share for one in seen],
            "about half: a forced drop goes to the other",
            "",
            0.25,
            0.75,
            source,
        )
        yield _series(
            f"a turn / {TURN_S * 1e3:g} ms",
            [statistics.quantiles(one)[0] / TURN_S for one in turns if len(one) > 3],
            "about one switch interval",
            "x",
            0.25,
            3.0,
            source,
        )

    record(lambda: list(measure()))
