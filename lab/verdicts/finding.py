"""What a verdict on a race consists of."""

from dataclasses import dataclass
from enum import StrEnum

from lab.records.race import Race
from lab.records.statistics import Estimate


class Verdict(StrEnum):
    """What the figures of a race show."""

    HELPS = "threads help"
    PARALLEL = "threads run in parallel"
    NO_HELP = "threads do not help"
    PARTLY = "threads help partly"
    INCONCLUSIVE = "inconclusive"
    SINGLE = "one thread"


class Judgement(StrEnum):
    """A verdict held against the claim."""

    AS_PREDICTED = "as predicted"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    NO_CLAIM = "no claim"


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The most that threads can gain, and whether a race stayed below it."""

    value: float
    """1 / (1 - GIL-free fraction)."""
    line: float
    """min(threads, usable cores, ceiling)."""
    judgement: Judgement
    """Contradicted where the speedup is above the ceiling."""
    under: bool
    """Whether the speedup stayed well below the line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The verdict on one race, with the figures it rests on."""

    race: Race
    """What was measured."""
    verdict: Verdict
    """What the figures show."""
    judgement: Judgement
    """The verdict held against the claim."""
    reason: str
    """Why, in a few words."""
    time_s: Estimate
    """From the first thread to enter its call to the last to leave it."""
    speedup: Estimate | None
    """None for one thread."""
    cores: float
    """Processor time of all threads / wall time."""
    overlap: float
    """The most calls under way at one moment."""
    limit: float
    """The largest speedup possible."""
    free: Estimate | None
    """The GIL-free fraction of a call; None where it is not known."""
    ceiling: Ceiling | None
    """None where the GIL-free fraction is not known."""
