"""Two threads of Python take turns; they never run at the same time.

Two threads run bytecode for a while. Their processor clocks tell how many cores
were in use, and the scope who holds the GIL and who runs without it. On a
free-threaded build without the GIL the same threads use two. What surprises is how
fair it is: where both get a core, each gets half of the time, though neither asks.
"""

import os
from collections.abc import Iterator
from functools import partial

import pytest

from lab.constructions.claims import ONE_OR_TWO
from lab.constructions.speedup import cores, cores_wanted, one_core
from lab.constructions.switching import spin, two, watched
from lab.instruments.race import full_run
from lab.instruments.scope import unavailable
from lab.records.machine import gil_enabled
from lab.records.series import Recorder, Series

SECONDS, TIMES = 0.05, 1
FULL_TIMES = 5
SOURCE = "Python/ceval_gil.c take_gil, drop_gil, _Py_HandlePending"


def _times() -> int:
    return FULL_TIMES if full_run(os.environ) else TIMES


def _series(
    subject: str,
    values: list[float],
    claim: str,
    at_least: float | None = None,
    at_most: float | None = None,
    dropped: int = 0,
) -> Series:
    return Series(
        "interpreter",
        subject,
        claim,
        "",
        tuple(values),
        at_least,
        at_most,
        dropped,
        SOURCE,
        gil_enabled(),
    )


def test_interpreter_cores(record: Recorder) -> None:
    """One core with the GIL, two without."""
    gil = gil_enabled()
    if not gil and one_core():
        pytest.skip(f"{one_core()}: no GIL, and still nothing in parallel")

    def measure() -> Iterator[Series]:
        values: list[float | None]
        if gil:
            values = [cores_wanted(two(SECONDS)) for _ in range(_times())]
        else:
            values = [cores([partial(spin, SECONDS)] * 2) for _ in range(_times())]
        told = [value for value in values if value is not None]
        # One lock lets one thread run, and it alone: a waiting one wakes up for a
        # moment in each switch interval. Half way to the two cores without a lock.
        yield _series(
            "two threads: cores in use",
            told,
            "one, as they take turns" if gil else "two: there is no GIL",
            None if gil else ONE_OR_TWO,
            ONE_OR_TWO if gil else None,
            len(values) - len(told),
        )

    record(lambda: list(measure()))


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_interpreter_turns(record: Recorder) -> None:
    """What the scope sees. The system's scheduler has a part in it: no claims."""

    def measure() -> Iterator[Series]:
        tried = [watched(SECONDS) for _ in range(_times())]
        seen = [one for one in tried if one.trace.samples]
        unseen = len(tried) - len(seen)
        shares = [one.share for one in seen if one.share is not None]
        yield _series(
            "the first thread's part of the holding",
            shares,
            "about half, where each gets a core when it is its turn",
            dropped=len(tried) - len(shares),
        )
        yield _series(
            "either of them runs without the GIL",
            [one.runs_free for one in seen],
            "what a hand-over takes",
            dropped=unseen,
        )
        yield _series(
            "somebody holds the GIL",
            [one.trace.held for one in seen],
            "nearly always (less where a busy machine delays the hand-over)",
            dropped=unseen,
        )

    record(lambda: list(measure()))
