"""A released call may come back for the GIL to report, some 100,000 times a second.

A kernel without the GIL takes it back every so often to call a Python function: in C
Py_BLOCK_THREADS and Py_UNBLOCK_THREADS, here Cython's `with gil:`, which finds the
thread's state first (PyGILState_Ensure). Two threads do so at once, against one that
does the same, timed right before; the interval between reports is swept.

What surprises is that one and the same program has several speeds. Its threads meet at
the GIL or they do not. Who finds it taken goes to sleep (take_gil), and to be woken up
takes as long as many reports; the other goes on alone. Who drops it only calls the
sleeper, and may want it again before that one is awake (drop_gil): they meet once more.
How often they sleep tells nearly all of the gain. Where this was tried a sleep cost
20 us, and at a report every 1 us there were three modes, by chance and by placement:

In step, 1.8 times the work. Two threads with the same interval keep their distance
until one sleeps. If each reports while the other works, they do not meet again: one
sleep in some hundreds of reports.

Out of step, 0.5 to 1.2 times. If one interval is longer, or one core slower, they meet
again and again; with the same interval too, if a wake-up brings them together each
time: one sleep in 10 to 40 reports.

On one core, 1.0 times. A new thread may begin, and a woken one go on, beside the one
that started or woke it, until the scheduler moves it. They take turns and never meet,
as who reports is done before its turn is over; and short runs end before a move.
"""

import os
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from lab.constructions.claims import ONE_OR_TWO, about_gil
from lab.constructions.handoff import reporting, without_releases
from lab.constructions.speedup import cores, crossing, one_core, sleeps, speedup
from lab.instruments.race import full_run
from lab.instruments.stopwatch import timed
from lab.records.race import STARVED
from lab.records.series import Recorder, Series
from lab.records.units import duration

WORK_NS = 3e6
# Between reports, in nanoseconds; the shortest first.
INTERVALS_NS = (1e3, 2e3, 3e3, 5e3, 1e4, 3e4, 1e5, 1e6)
FULL_NS = (300.0, 1e3, 1.5e3, 2e3, 3e3, 4e3, 6e3, 1e4, 2e4, 5e4, 1e5, 3e5, 1e6)
# For the modes: the shortest interval, and by how much longer the other thread's is.
SHORT_NS, OUT_OF_STEP = 1e3, 1.3
# Long enough that threads which start on one core are moved apart before its end.
LONG_NS, RARE_NS = 1e7, 1e6
SOURCE = "Include/ceval.h Py_BLOCK_THREADS; Python/ceval_gil.c take_gil, drop_gil"


def _series(
    subject: str,
    values: list[float],
    claim: str = "",
    unit: str = "x",
    at_least: float | None = None,
    *,
    wanted: int,
) -> Series:
    """wanted: how many values there would be, had the machine been free."""
    return Series(
        "block-unblock",
        subject,
        claim,
        unit,
        tuple(values),
        at_least,
        dropped=wanted - len(values),
        source=SOURCE,
    )


@pytest.mark.skipif(one_core() is not None, reason=one_core() or "")
def test_block_unblock(record: Recorder) -> None:
    """The gain of two threads by the interval between their reports."""
    full = full_run(os.environ)
    intervals_ns = FULL_NS if full else INTERVALS_NS
    rounds = 8 if full else 2
    step_ns = min(timed(partial(without_releases, 10**6))[2] for _ in range(5)) / 1e6

    def work(
        interval_ns: float, work_ns: float = WORK_NS, slept: list[float] | None = None
    ) -> Callable[[], object]:
        """The kernel; slept gets how often it went to sleep for each report."""
        steps, every = round(work_ns / step_ns), max(1, round(interval_ns / step_ns))
        progress = {}

        def report(done: int) -> None:
            progress["done"] = done

        def run() -> None:
            before = sleeps()
            reporting(steps, every, report)
            after = sleeps()
            if slept is not None and before is not None and after is not None:
                slept.append((after - before) / (steps // every))

        return run

    def two_threads(
        interval_ns: float, stretch: float = 1.0, slept: list[float] | None = None
    ) -> float | None:
        # Frequent reports fight for the GIL so much that threads stand in a queue.
        starved = 0.5 if interval_ns < 1e4 else STARVED
        both = [interval_ns, stretch * interval_ns]
        return speedup(
            work(interval_ns), [work(x, slept=slept) for x in both], starved=starved
        )

    def measure() -> Iterator[Series]:
        wide = [cores([work(RARE_NS, LONG_NS)] * 2) for _ in range(rounds)]
        yield _series(
            f"a report every {duration(RARE_NS / 1e9)}: cores in use",
            [value for value in wide if value is not None],
            "two threads run at once: reports leave the lock free nearly all the time",
            "",
            # The lock is held for some parts in a thousand of the time, on any
            # processor: between the one core that a lock allows and two.
            ONE_OR_TWO,
            wanted=rounds,
        )
        curves = [{x: two_threads(x) for x in intervals_ns} for _ in range(rounds)]
        usable = [
            {x: times for x, times in curve.items() if times is not None}
            for curve in curves
        ]
        for x in intervals_ns:
            values = [curve[x] for curve in usable if x in curve]
            subject = f"a report every {duration(x / 1e9)}"
            yield _series(subject, values, wanted=rounds)
        yield from modes()
        crossed = [_half_lost(curve) for curve in usable]
        found = [x / 1e9 for x in crossed if x is not None]
        yield _series("half the gain is lost", found, unit="s", wanted=rounds)

    def modes() -> Iterator[Series]:
        """In step or out of it: what is gained, and how often a thread sleeps."""
        for word, stretch in (("the same", 1.0), ("other", OUT_OF_STEP)):
            values, sleeping = [], []
            for _ in range(rounds):
                slept: list[float] = []
                times = two_threads(SHORT_NS, stretch, slept)
                if times is not None:
                    values.append(times)
                    sleeping += [sum(slept[-2:]) / 2] if slept else []
            subject = f"about {duration(SHORT_NS / 1e9)}, {word} intervals"
            yield _series(subject, values, wanted=rounds)
            subject = f"{subject}: sleeps for each report"
            yield _series(subject, sleeping, unit="", wanted=rounds)

    record(lambda: list(map(about_gil, measure())))


def _half_lost(curve: dict[float, float]) -> float | None:
    """Where half is left of what two threads gain with the rarest reports."""
    return crossing(curve, (1 + curve[max(curve)]) / 2) if curve else None
