"""A read that holds the GIL never ends if its writer is a thread beside it.

The main thread gives another a sign and reads from an empty pipe, into which the
other is to write 50 ms later; in a child process that a watchdog ends if the read
has not. The children run side by side; what the watchdog saw on its way out tells
where each thread stood. It surprises how little of the writer runs: it is not stuck
in its write, it cannot even come back from its wait for the sign.
"""

from collections.abc import Iterator

import pytest

from lab.deadlock import Outcome, outcomes
from lab.machine import gil_enabled
from lab.records import Recorder, Series

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
    found = outcomes(twins * REPEATS)
    held, released = found[::2], found[1::2]
    yield Series(
        "deadlock",
        "held read: ended",
        claim="it never ends" if gil else "it ends: there is no GIL to hold",
        unit="",
        values=_ended(held),
        at_most=0.0 if gil else None,  # who is to end it needs the GIL for that
        source=SOURCE,
        gil=gil,
    )
    # One that the watchdog ended, and whose threads did not stand in a deadlock, or
    # could not be found, was slow: it tells nothing.
    told = [one for one in released if one.ended or _deadlocked(one)]
    yield Series(
        "deadlock",
        "released read: ended",
        claim="it ends",
        unit="",
        values=_ended(told),
        at_least=1.0,
        dropped=len(released) - len(told),
        source=SOURCE,
        gil=gil,
    )
    stuck = [one for one in held if not one.ended]
    if stuck:
        found = [one for one in stuck if one.reader and one.writer]
        yield Series(
            "deadlock",
            "held read: reader in the read, writer waiting for the GIL",
            claim="reader stood at `read()`, writer at `sign.acquire()`",
            unit="",
            values=tuple(float(_deadlocked(one)) for one in found),
            # It has its sign, and take_gil lets it in only after a release.
            at_least=1.0,
            dropped=len(stuck) - len(found),
            source=SOURCE,
            gil=gil,
        )


def _ended(found: list[Outcome]) -> tuple[float, ...]:
    return tuple(float(one.ended) for one in found)


def _deadlocked(one: Outcome) -> bool:
    return one.reader.startswith("read()") and one.writer.startswith("sign.acquire()")
