"""Whether a call of the standard library or NumPy releases is settled call by call.

Each entry of the atlas is called again and again from C, while a scope checks at
random moments whether anybody holds the GIL. Held calls leave it free for none of the
time, released ones for all of it but their first and last moments. What surprises is
the company: json, re, pickle and sorted are as much C as zlib, and hold.
By default a dozen are probed, with FULL=1 all of them.
"""

import os

import pytest

from lab.calls.atlas_entries import ENTRIES, Entry
from lab.constructions.atlas import share
from lab.constructions.claims import HALF, about_gil
from lab.errors import UsageError
from lab.instruments.race import full_run
from lab.records.series import Recorder, Series

SECONDS = 0.03
FULL_TIMES = 4


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(entry, id=entry.expression.partition("(")[0])
        for entry in ENTRIES
        if entry.short or full_run(os.environ)
    ],
)
def test_own_functions(record: Recorder, entry: Entry) -> None:
    """One call of the atlas."""

    def measure() -> Series:
        times = FULL_TIMES if full_run(os.environ) else 1
        try:
            found = [share(entry, SECONDS) for _ in range(times)]
        except (UsageError, OSError) as error:
            pytest.skip(f"not here: {error}")
        told = [part for part in found if part is not None]
        return Series(
            "own functions",
            entry.expression,
            claim=f"{entry.claimed}: the part of the time in which nobody holds it",
            unit="",
            values=tuple(told),
            # A matter of where the source has a release. How near to 0 or 1 the
            # part comes depends on how long the call takes here.
            at_least=HALF if entry.claimed == "released" else None,
            at_most=HALF if entry.claimed == "held" else None,
            dropped=times - len(told),
            source=entry.source,
        )

    record(lambda: [about_gil(measure())])
