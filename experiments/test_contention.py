"""What threads cost each other: time wanted against time held.

Four threads of bytecode: one holds the GIL, the other three want it all the time. With
releases in between they want it less, and hardly at all where each release is long.
"""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from lab.calls.doses import dose
from lab.constructions.claims import HALF
from lab.constructions.contention import Contention, contention
from lab.constructions.switching import spin
from lab.instruments.scope import unavailable
from lab.records.series import Recorder, Series

THREADS, SECONDS = 4, 0.05
# Microseconds with the GIL and without it.
SHORT, LONG = (20, 20), (1, 5_000)
SOURCE = "Python/ceval_gil.c take_gil"


def _series(
    subject: str,
    run: Callable[[], object],
    value: Callable[[Contention], float | None],
    claim: str,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Series:
    # Once more where threads that began late left too little to see.
    seen = contention(run, THREADS) or contention(run, THREADS)
    found = None if seen is None else value(seen)
    return Series(
        "contention",
        subject,
        claim,
        "",
        () if found is None else (found,),
        at_least,
        at_most,
        int(found is None),
        SOURCE,
    )


@pytest.mark.skipif(unavailable() is not None, reason=f"no scope: {unavailable()}")
def test_contention(record: Recorder) -> None:
    """Three of four threads of bytecode wait; beside long releases none does."""

    def measure() -> Iterator[Series]:
        yield _series(
            "4 threads of bytecode: wait for each second held",
            partial(spin, SECONDS),
            lambda seen: seen.waiting_per_held,
            "3 seconds: one holds the GIL, the others want it or have no core",
            # None would wait without a lock and with a core for each. Half way.
            at_least=(THREADS - 1) * HALF,
        )
        yield _series(
            "4 threads, releases of 20 us: want it, of their time",
            partial(dose, *SHORT, SECONDS),
            lambda seen: seen.wanted,
            "as often as one comes back while another holds it",
        )
        yield _series(
            "4 threads, releases of 5 ms: want it, of their time",
            partial(dose, *LONG, SECONDS),
            lambda seen: seen.wanted,
            "next to none: others hold it for microseconds only",
            at_most=HALF,
        )

    record(lambda: list(measure()))
