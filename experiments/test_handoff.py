"""Letting the GIL go costs some 30 ns; getting it back from another costs a wait.

A C loop with a release in each step against the same loop without tells the price
when nobody waits. A thread that sleeps until it wants the GIL tells how long it takes
to get one that is dropped, and how long beside bytecode, which is asked to drop it
only after a switch interval. Two threads of bytecode tell who gets it: after a drop on
request the dropper stands back until another has it. What surprises is how much more a
release takes to arrive where somebody waits, a hundred times the price and more: that
thread must be woken up first.
"""

import os
import random
import statistics
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from lab.constructions.claims import about_gil
from lab.constructions.handoff import hold_then_drop, with_releases, without_releases
from lab.constructions.switching import spin_noting_gaps, waits_for_gil
from lab.instruments.knock import knock
from lab.instruments.knocker import Knocker
from lab.instruments.race import full_run
from lab.instruments.stopwatch import timed
from lab.instruments.switch_interval import switch_interval
from lab.records.machine import gil_enabled
from lab.records.series import Recorder, Series
from lab.records.units import duration

RELEASES, PRICES = 50_000, 3
BATCHES, DROPS, PHASE_NS = 2, 250, 150_000
INTERVALS_S = (1e-3, 5e-3, 20e-3)
SPIN_S, FULL_SPIN_S = 0.2, 1.0
# Two threads: the switch interval, and for how long they take turns.
TURN_S, TURNS_S, TURNS = 5e-3, 0.06, 1
FIGURE = "until the GIL is there"
needs_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to wait for")


def _series(
    subject: str,
    values: list[float],
    claim: str,
    unit: str,
    at_least: float | None = None,
    source: str = "take_gil, drop_gil",
    at: str | None = None,
    dropped: int = 0,
) -> Series:
    """at: for a time, what it is the time of, in a picture of all of them."""
    return Series(
        "handoff",
        subject,
        claim,
        unit,
        tuple(values),
        at_least,
        dropped=dropped,
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
        prices_s = [price_s() for _ in range(PRICES)]
        claim = "nobody waits: a lock, a signal that nobody hears, an unlock, twice"
        return _series("release and return", prices_s, claim, "s", at="nobody waits")

    record(lambda: [about_gil(measure())])


@needs_gil
def test_handoff_turns(record: Recorder) -> None:
    """Who gets it: the other one, after each interval."""

    def measure() -> Iterator[Series]:
        with switch_interval(TURN_S):
            seen = [waits_for_gil(TURNS_S) for _ in range(TURNS)]
        told = [waits_s for waits_s in seen if waits_s]
        yield _series(
            "two threads of bytecode: wait for one's turn / switch interval",
            [min(waits_s) / TURN_S for waits_s in told],
            "one at least, the shortest too: who drops it on request waits like others",
            "x",
            # FORCE_SWITCHING lets the dropper wait until the other has it; then its
            # own wait of one interval must time out, and no wait ends before its time.
            1.0,
            "drop_gil, FORCE_SWITCHING",
            dropped=len(seen) - len(told),
        )

    record(lambda: list(measure()))


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
        batches = [batch for batch in (_drops() for _ in range(BATCHES)) if batch]
        middle = [statistics.median(batch) for batch in batches]
        last = [sorted(batch)[len(batch) * 99 // 100] for batch in batches]
        claim = "a thread must be woken up"
        subject, at = "wait for a drop", "dropped while waiting"
        yield _series(f"{subject}, median", middle, claim, "s", at=f"{at}, median")
        yield _series(f"{subject}, p99", last, "", "s", at=f"{at}, p99")

    record(lambda: list(measure()))


@needs_gil
def test_handoff_interval(record: Recorder) -> None:
    """Beside bytecode a thread waits for one switch interval."""
    spin_s = FULL_SPIN_S if full_run(os.environ) else SPIN_S

    def measure() -> Iterator[Series]:
        with switch_interval(), Knocker(2e-3, INTERVALS_S) as knocker:
            begin_ns = time.monotonic_ns()
            gaps = spin_noting_gaps(spin_s)
            over_ns = time.monotonic_ns()
        # A knock finds the GIL free where the bytecode had not come back yet.
        knocks = [
            knock
            for knock in knocker.knocks
            if begin_ns < knock.wanted_ns
            and knock.got_ns < over_ns
            and not any(start < knock.wanted_ns < end for start, end in gaps)
        ]
        waits = {
            interval_s: [
                knock.wait_ns / 1e9
                for knock in knocks
                if knock.interval_s == interval_s
            ]
            for interval_s in INTERVALS_S
        }
        told = {interval_s: here for interval_s, here in waits.items() if here}
        yield _series(
            "wait beside bytecode / switch interval",
            [statistics.median(here) / interval_s for interval_s, here in told.items()],
            "one at least: only then is the holder asked to drop it",
            "x",
            # take_gil sets gil_drop_request only when a wait of one interval timed
            # out, and a wait never ends before its time. How much longer it takes
            # is a matter of the scheduler.
            1.0,
            "take_gil, COND_TIMED_WAIT",
            dropped=len(waits) - len(told),
        )
        for interval_s, here in waits.items():
            interval = f"interval {duration(interval_s)}"
            yield _series(
                f"wait beside bytecode, {interval}",
                [statistics.median(here)] if here else [],
                "the switch interval, and the time to be woken up",
                "s",
                source="take_gil, COND_TIMED_WAIT",
                at=f"bytecode has it, {interval}",
                dropped=0 if here else 1,
            )

    record(lambda: list(measure()))
