"""Two threads of Python take turns; they never run at the same time.

Two threads run bytecode for a while, five times. The scope sees who
holds the GIL and who runs without it, and the processor clocks tell how many cores
were in use. On a free-threaded build without the GIL the same threads use two. What
surprises is how fair it is: each gets half of the time, though neither asks.
"""

from collections.abc import Iterator
from itertools import islice

import pytest

from lab.gain import half_gain, one_core
from lab.machine import gil_enabled
from lab.records import Recorder, Series, cores_in_use, starved
from lab.scope import unavailable
from lab.turns import two, watched

SECONDS, TIMES, TRIES = 0.08, 5, 15
SOURCE = "Python/ceval_gil.c take_gil, drop_gil, _Py_HandlePending"


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


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_interpreter_turns(record: Recorder) -> None:
    """What the scope sees."""

    def measure() -> Iterator[Series]:
        seen = [watched(SECONDS) for _ in range(TIMES)]
        yield _series(
            "the first thread's part of the holding",
            [turns.share for turns in seen],
            "about half: they take turns",
            0.25,
            0.75,
        )
        yield _series(
            "either of them runs without the GIL",
            [turns.runs_free for turns in seen],
            "never",
            None,
            0.1,
        )
        yield _series(
            "somebody holds the GIL",
            [turns.trace.held for turns in seen],
            "nearly always (less where a busy machine delays the hand-over)",
            0.3,
        )

    record(lambda: list(measure()))


def test_interpreter_cores(record: Recorder) -> None:
    """One core with the GIL, two without."""
    if not gil_enabled() and one_core():
        pytest.skip(f"{one_core()}: no GIL, and still nothing in parallel")

    def measure() -> Iterator[Series]:
        tries = (two(SECONDS / 2) for _ in range(TIMES if gil_enabled() else TRIES))
        usable = islice(
            (laps for laps in tries if gil_enabled() or not starved(laps)), TIMES
        )
        values = [cores_in_use(laps) for laps in usable]
        yield _series(
            "two threads: cores in use",
            values,
            "one, as they take turns" if gil_enabled() else "two: there is no GIL",
            None if gil_enabled() else half_gain(),
            1.1 if gil_enabled() else None,
            TIMES - len(values),
        )

    record(lambda: list(measure()))
