"""Whether a call of the standard library or NumPy releases is settled call by call.

Each entry of the atlas is probed four times: called again and again from C, while
a scope looks at random moments whether anybody holds the GIL. Held calls leave it
free for a tenth of the time at most, released ones for nine tenths at least. What
surprises is the company: json, re, pickle and sorted are as much C as zlib, and hold.
By default a dozen are probed, with FULL=1 all of them.
"""

import os

import pytest

from lab.atlas import probes
from lab.atlas_entries import ENTRIES, Entry
from lab.claims import about_gil
from lab.errors import UsageError
from lab.probing import HELD, RELEASED
from lab.race import full_run
from lab.records import Recorder, Series

TIMES, SECONDS = 4, 0.025


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
        try:
            found = probes(entry, TIMES, SECONDS)
        except (UsageError, OSError) as error:
            pytest.skip(f"not here: {error}")
        sure = [probe.gil_free for probe in found if probe.verdict != "inconclusive"]
        return Series(
            "own functions",
            entry.expression,
            claim=f"{entry.claimed}: the part of the time in which nobody holds it",
            unit="",
            values=tuple(sure),
            at_least=RELEASED if entry.claimed == "released" else None,
            at_most=HELD if entry.claimed == "held" else None,
            dropped=TIMES - len(sure),
            source=entry.source,
        )

    record(lambda: [about_gil(measure())])
