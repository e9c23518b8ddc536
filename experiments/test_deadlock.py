"""A read that holds the GIL never ends if its writer is a thread beside it.

The main thread gives another a sign and reads from an empty pipe, into which the
other is to write 50 ms later; in a child process that a watchdog ends if the read
has not. The children run side by side; what the watchdog saw on its way out tells
where each thread stood. It surprises how little of the writer runs: it is not stuck
in its write, it cannot even come back from its wait for the sign.
"""

from collections.abc import Iterator

import pytest

from lab.constructions.deadlock import Trial, trials
from lab.records.machine import gil_enabled
from lab.records.series import Recorder, Series

REPEATS = 6
# How long a held read is waited for: twenty times what the writer sleeps.
LIMIT_S = 1.0
# A released read ends as soon as the machine lets it; on a busy one that is late.
PATIENCE_S = 20.0
SOURCE = "Python/ceval_gil.c take_gil; Python/fileutils.c _Py_read"


@pytest.mark.once
def test_deadlock(record: Recorder) -> None:
    """Ended: 1, or not: 0; and whether both stood where a deadlock has them."""
    try:
        record(lambda: list(_measure()))
    except (OSError, ChildProcessError) as error:
        pytest.skip(f"no child processes here: {error}")


def _measure() -> Iterator[Series]:
    gil = gil_enabled()
    twins = [("held", LIMIT_S), ("released", PATIENCE_S)]
    found = trials(twins * REPEATS)
    held, released = found[::2], found[1::2]
    yield _ended(
        "held",
        held,
        claim="it never ends" if gil else "it ends: there is no GIL to hold",
        at_most=0.0 if gil else None,  # who is to end it needs the GIL for that
    )
    yield _ended("released", released, claim="it ends", at_least=1.0)
    stuck = [one for one in held if not one.ended]
    if stuck:
        seen = [one.deadlocked for one in stuck if one.deadlocked is not None]
        yield Series(
            "deadlock",
            "held read: reader in the read, writer waiting for the GIL",
            claim="reader stood at `read()`, writer at `sign.acquire()`",
            unit="",
            values=tuple(map(float, seen)),
            # It has its sign, and take_gil lets it in only after a release.
            at_least=1.0,
            dropped=len(stuck) - len(seen),
            source=SOURCE,
            gil=gil,
        )


def _ended(
    twin: str,
    found: list[Trial],
    claim: str,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Series:
    # One that the watchdog ended, and whose threads did not stand in a deadlock, or
    # could not be found, may have been slow: it tells nothing.
    told = [one for one in found if one.ended or one.deadlocked]
    return Series(
        "deadlock",
        f"{twin} read: ended",
        claim=claim,
        unit="",
        values=tuple(float(one.ended) for one in told),
        at_least=at_least,
        at_most=at_most,
        dropped=len(found) - len(told),
        source=SOURCE,
        gil=gil_enabled(),
    )
