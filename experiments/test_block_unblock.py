"""A released call may come back for the GIL to report, some 100,000 times a second.

A kernel without the GIL takes it back every so often to call a Python function: in C
Py_BLOCK_THREADS and Py_UNBLOCK_THREADS, here Cython's `with gil:`, which finds the
thread's state first (PyGILState_Ensure). Two threads do so at once, against one that
does the same, timed right before; the interval between reports is swept. What
surprises is how short it may be: a few microseconds, and then how steep the fall is,
as two threads that meet at the GIL put each other to sleep.
"""

import os
from collections.abc import Iterator
from functools import partial

import pytest

from lab.claims import about_gil
from lab.gain import crossing, gain, half_gain, one_core
from lab.handoff import reporting, without_releases
from lab.race import full_run
from lab.records import STARVED, Recorder, Series
from lab.stopwatch import timed

WORK_NS = 3e6
# Between reports, in nanoseconds; the shortest first.
INTERVALS_NS = (1e3, 2e3, 3e3, 5e3, 1e4, 3e4, 1e5, 1e6)
FULL_NS = (300.0, 1e3, 1.5e3, 2e3, 3e3, 4e3, 6e3, 1e4, 2e4, 5e4, 1e5, 3e5, 1e6)
SOURCE = "Include/ceval.h Py_BLOCK_THREADS, Py_UNBLOCK_THREADS"


@pytest.mark.skipif(one_core() is not None, reason=one_core() or "")
def test_block_unblock(record: Recorder) -> None:
    """The gain of two threads by the interval between their reports."""
    full = full_run(os.environ)
    intervals_ns = FULL_NS if full else INTERVALS_NS
    rounds = 41 if full else 13
    step_ns = min(timed(partial(without_releases, 10**6))[2] for _ in range(5)) / 1e6

    def two_threads(interval_ns: float) -> float | None:
        progress = {}

        def report(done: int) -> None:
            progress["done"] = done

        work = round(WORK_NS / step_ns), round(interval_ns / step_ns), report
        # Frequent reports fight for the GIL so much that threads stand in a queue.
        starved = 0.5 if interval_ns < 1e4 else STARVED
        return gain(partial(reporting, *work), [partial(reporting, *work)] * 2, starved)

    def measure() -> Iterator[Series]:
        curves = [{x: two_threads(x) for x in intervals_ns} for _ in range(rounds)]
        usable = [
            {x: times for x, times in curve.items() if times is not None}
            for curve in curves
        ]
        for x in intervals_ns:
            values = tuple(curve[x] for curve in usable if x in curve)
            yield _gain(x, intervals_ns, values, rounds - len(values))
        crossed = [crossing(curve, half_gain()) for curve in usable]
        found = tuple(x / 1e9 for x in crossed if x is not None)
        yield Series(
            "block-unblock",
            "half the gain is lost",
            claim="at more than one report every 0.1 ms",
            unit="s",
            values=found,
            at_most=1e-4,
            dropped=rounds - len(found),
            source=SOURCE,
        )

    record(lambda: list(map(about_gil, measure())))


def _gain(
    interval_ns: float,
    intervals_ns: tuple[float, ...],
    values: tuple[float, ...],
    dropped: int,
) -> Series:
    claim, at_least, at_most = "", None, None
    if interval_ns == max(intervals_ns):
        claim, at_least = "two threads help", half_gain()
    elif interval_ns == min(intervals_ns):
        claim, at_most = "two threads do not help", half_gain()
    return Series(
        "block-unblock",
        f"a report every {interval_ns / 1e3:g} us",
        claim=claim,
        unit="x",
        values=values,
        at_least=at_least,
        at_most=at_most,
        dropped=dropped,
        source=SOURCE,
    )
