"""Series -> verdicts: the interval of a figure held against its claimed range."""

import math
from dataclasses import dataclass, replace

from lab.records.series import Series
from lab.records.statistics import Ends, Estimate, estimate
from lab.verdicts.finding import Judgement

# A claim on a series wants this many values: all on one side of a bound that is the
# median happens by chance once in 32 times.
SERIES_VALUES = 5


@dataclass(frozen=True, slots=True)
class SeriesFinding:
    """The verdict on a series."""

    series: Series
    """What was measured."""
    judgement: Judgement
    """The figure held against its claim."""
    reason: str
    """Why, in a few words."""
    estimate: Estimate | None
    """None where nothing could be measured."""


def judge_series(series: Series) -> SeriesFinding:
    """Hold the interval of the median against the claimed range.

    All of it inside: as predicted. All of it outside: contradicted.
    """
    found = _estimate(series)
    enough = series.error is not None or len(series.values) >= SERIES_VALUES
    if series.at_least is None and series.at_most is None:
        judgement, reason = Judgement.NO_CLAIM, ""
    elif found is None or not enough:
        judgement = Judgement.INCONCLUSIVE
        reason = f"{len(series.values)} usable values, {series.dropped} set aside"
    else:
        judgement, reason = _in_range(series, found)
    return SeriesFinding(series, judgement, reason, found)


def _estimate(series: Series) -> Estimate | None:
    if not series.values:
        return None
    found = estimate(series.values, series.processes)
    if series.error is None:
        return found
    # What has an error of its own is a share.
    low = max(0.0, found.median - series.error)
    high = min(1.0, found.median + series.error)
    return replace(found, low=low, high=high, kind=Ends.INTERVAL)


def _in_range(series: Series, found: Estimate) -> tuple[Judgement, str]:
    lowest = -math.inf if series.at_least is None else series.at_least
    highest = math.inf if series.at_most is None else series.at_most
    if lowest <= found.low and found.high <= highest:
        return Judgement.AS_PREDICTED, ""
    if found.high < lowest or found.low > highest:
        return Judgement.CONTRADICTED, ""
    return Judgement.INCONCLUSIVE, "the interval reaches across the claimed range"
