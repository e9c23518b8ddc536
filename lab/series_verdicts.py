"""Series -> verdicts: the interval of a figure held against its claimed range."""

import math
from dataclasses import dataclass

from lab.intervals import Estimate, median
from lab.records import Series
from lab.verdicts import Judgement

# A claim on a series wants this many values.
SERIES_VALUES = 3


@dataclass(frozen=True, slots=True)
class SeriesFinding:
    """The verdict on a series. estimate: None where nothing could be measured."""

    series: Series
    judgement: Judgement
    reason: str
    estimate: Estimate | None


def judge_series(series: Series) -> SeriesFinding:
    """Hold the interval of the median against the claimed range.

    All of it inside: as predicted. All of it outside: contradicted.
    """
    estimate = _estimate(series)
    enough = series.error is not None or len(series.values) >= SERIES_VALUES
    if series.at_least is None and series.at_most is None:
        judgement, reason = Judgement.NO_CLAIM, ""
    elif estimate is None or not enough:
        judgement = Judgement.INCONCLUSIVE
        reason = f"{len(series.values)} usable values, {series.dropped} set aside"
    else:
        judgement, reason = _in_range(series, estimate)
    return SeriesFinding(series, judgement, reason, estimate)


def _estimate(series: Series) -> Estimate | None:
    if not series.values:
        return None
    estimate = median(series.values)
    if series.error is None:
        return estimate
    low, high = estimate.median - series.error, estimate.median + series.error
    return Estimate(estimate.median, low, high)


def _in_range(series: Series, estimate: Estimate) -> tuple[Judgement, str]:
    lowest = -math.inf if series.at_least is None else series.at_least
    highest = math.inf if series.at_most is None else series.at_most
    if lowest <= estimate.low and estimate.high <= highest:
        return Judgement.AS_PREDICTED, ""
    if estimate.high < lowest or estimate.low > highest:
        return Judgement.CONTRADICTED, ""
    return Judgement.INCONCLUSIVE, "the interval reaches across the claimed range"
