"""Who releases the GIL, and who does not: a table of calls, each of them probed."""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from lab.atlas_entries import ENTRIES, Entry
from lab.errors import UsageError
from lab.expression import clean_up, subject
from lab.probing import Probe, probe
from lab.verdicts import Judgement

# Of JSON output. 1: the first.
FORMAT = 1
# A probe that saw too little is repeated, so many times as long.
LONGER = 4
# Told before each probe: how many are done, of how many, and what is next.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One call and what was found; missing: why there is no probe, else empty."""

    entry: Entry
    probe: Probe | None
    missing: str = ""

    @property
    def judgement(self) -> Judgement:
        """What was found, held against the claim: only its opposite contradicts."""
        claimed = self.entry.claimed
        if claimed is None or (self.probe and self.probe.verdict == "no-gil"):
            return Judgement.NO_CLAIM
        found = self.probe.verdict if self.probe else "inconclusive"
        if found == claimed:
            return Judgement.AS_PREDICTED
        if {found, claimed} == {"held", "released"}:
            return Judgement.CONTRADICTED
        return Judgement.INCONCLUSIVE

    def to_json(self) -> dict[str, Any]:
        """Plain values; a ceiling without a bound is null."""
        found = asdict(self.probe) if self.probe else None
        if found and math.isinf(found["ceiling"]):
            found["ceiling"] = None
        return {
            "expression": self.entry.expression,
            "setup": self.entry.setup,
            "claimed": self.entry.claimed,
            "source": self.entry.source,
            "judgement": self.judgement,
            "missing": self.missing,
            "probe": found,
        }


def atlas(
    entries: Iterable[Entry] = ENTRIES,
    progress: Progress | None = None,
    min_time_s: float = 0.05,
) -> list[Row]:
    """Probe each entry for min_time_s or one call, and longer where that is too short.

    An entry of ours that this interpreter or system lacks says so in its row; a
    user's own raises: UsageError for a typing error, else what its code raises.
    """
    rows: list[Row] = []
    entries = list(entries)
    for done, entry in enumerate(entries):
        if progress:
            progress(done, len(entries), entry.expression)
        rows.append(probed(entry, min_time_s))
    return rows


def probed(entry: Entry, min_time_s: float = 0.05) -> Row:
    """One row; as for `atlas`."""
    try:
        found = probes(entry, 1, min_time_s)[0]
        if found.verdict == "inconclusive":
            found = probes(entry, 1, LONGER * min_time_s)[0]
        return Row(entry, found)
    except (UsageError, OSError) as error:
        if entry.claimed is None:
            raise
        return Row(entry, None, f"not here: {error}")


def probes(entry: Entry, times: int, min_time_s: float) -> list[Probe]:
    """So many probes of one entry, which is cleaned up after the last.

    Raises UsageError where it names what this interpreter lacks.
    """
    func, args, kwargs = subject(entry.expression, entry.setup)
    try:
        found = [
            probe(func, *args, min_time=min_time_s, **kwargs) for _ in range(times)
        ]
    finally:
        clean_up(kwargs, entry.cleanup)
    return found
