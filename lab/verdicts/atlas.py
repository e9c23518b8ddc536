"""Who releases the GIL, and who does not: a table of calls, each of them probed."""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from lab.calls.atlas_entries import ENTRIES, Entry
from lab.calls.expression import clean_up, subject
from lab.constructions.speedup import LONGER, free_part
from lab.errors import UsageError
from lab.instruments.probe import Probe, probe
from lab.verdicts.races import Judgement

# Of JSON output. 1: the first.
FORMAT = 1
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
        found = _probe(entry, min_time_s)
        if found.verdict == "inconclusive":
            found = _probe(entry, LONGER * min_time_s)
        return Row(entry, found)
    except (UsageError, OSError) as error:
        if entry.claimed is None:
            raise
        return Row(entry, None, f"not here: {error}")


def share(entry: Entry, min_time_s: float) -> float | None:
    """The GIL-free share of one entry's call, without the rest of a probe.

    None where it cannot be told. Raises UsageError where the entry names what this
    interpreter lacks.
    """
    with _ready(entry) as call:
        return free_part(call, min_time_s)


def _probe(entry: Entry, min_time_s: float) -> Probe:
    with _ready(entry) as call:
        return probe(call.func, *call.args, min_time=min_time_s, **call.keywords)


@contextmanager
def _ready(entry: Entry) -> Iterator[partial[object]]:
    """The entry's call, which is cleaned up after the block."""
    func, args, kwargs = subject(entry.expression, entry.setup)
    try:
        yield partial(func, *args, **kwargs)
    finally:
        clean_up(kwargs, entry.cleanup)
