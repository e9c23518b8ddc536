"""A call of the atlas, and what was found held against what its row claims."""

from dataclasses import dataclass
from typing import Any

from lab.calls.atlas_entries import Entry
from lab.records.probe import Probe
from lab.verdicts.finding import Judgement

# Of JSON output. 1: the first.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One call and what was found."""

    entry: Entry
    """The call."""
    probe: Probe | None
    """What was found."""
    missing: str = ""
    """Why there is no probe; else empty."""

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
        return {
            "expression": self.entry.expression,
            "setup": self.entry.setup,
            "claimed": self.entry.claimed,
            "source": self.entry.source,
            "judgement": self.judgement,
            "missing": self.missing,
            "probe": self.probe.to_json() if self.probe else None,
        }
