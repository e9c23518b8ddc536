"""Medians with the interval they can be trusted in.

The interval is made of the values themselves: whatever they are drawn from, the
median lies between the d-th smallest and the d-th largest of n values with a
probability that n and d alone decide (the binomial distribution of how many fall
below it). No two of fewer than 6 values reach 95 %: n = 2 gives 50 %, 5 gives 93.75 %.
Fewer are called what they are, a range.

Values from several processes differ by process too: where a process happened to be
laid out in memory, and on which cores its threads were put. Each process then counts
as one value, the median of its own, so that the interval carries both.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# What an interval covers at least, and at most: one that covers more is too wide.
COVERAGE, MOST = 0.95, 0.99
# From so many values on there is an interval of 95 %.
ENOUGH = 6
# Two modes: each has this part of the values, and 3 at least; the gap between them is
# wider than either, and the upper so many times the lower, or it is not reported.
MODE_PART, MODE_VALUES, MODE_RATIO = 0.2, 3, 1.15


class Ends(StrEnum):
    """What stands between low and high."""

    INTERVAL = "interval"  # 95 %
    RANGE = "range"  # the lowest and the highest of few values


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median, and where it lies."""

    median: float
    """Of the values, or of the medians of several processes."""
    low: float
    """Lower end of the interval or range."""
    high: float
    """Upper end."""
    kind: Ends = Ends.RANGE
    """Whether low and high are an interval or a range."""
    values: int = 1
    """How many values it rests on."""
    modes: tuple[float, ...] = ()
    """Two medians where the values fall in two groups with nothing between."""

    @property
    def half_width(self) -> float:
        """Half the interval's width: the figure behind a plus-minus sign."""
        return (self.high - self.low) / 2


def part_of(hits: float, count: int, sure: float) -> tuple[float, float]:
    """The interval of hits / count (Wilson's score); 0 to 1 where the count is 0.

    sure: how many standard errors it is wide, to either side.
    """
    if not count:
        return 0.0, 1.0
    part, spread = hits / count, sure**2 / count
    middle = (part + spread / 2) / (1 + spread)
    half = sure * math.sqrt(part * (1 - part) / count + spread / (4 * count))
    half /= 1 + spread
    return middle - half, middle + half


def ceiling(gil_free: float) -> float:
    """The most that threads can speed a call up whose GIL-free fraction this is.

    Infinite where nothing holds the GIL; a fraction below 0 counts as 0.
    """
    return 1 / (1 - max(gil_free, 0.0)) if gil_free < 1 else math.inf


def estimate(values: Sequence[float], processes: Sequence[int] = ()) -> Estimate:
    """The median of one or more values.

    processes: the process of each, where they come from several; empty for one.
    """
    grouped: dict[int, list[float]] = defaultdict(list)
    for value, process in zip(values, processes or [0] * len(values), strict=True):
        grouped[process].append(value)
    several = len(grouped) > 1
    units = sorted(map(statistics.median, grouped.values()) if several else values)
    low, high = _bounds(units)
    return Estimate(
        statistics.median(units),
        low,
        high,
        Ends.INTERVAL if len(units) >= ENOUGH else Ends.RANGE,
        len(values),
        _modes(sorted(values)),
    )


def _bounds(ordered: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the median of sorted values; all of them below ENOUGH."""
    n = len(ordered)
    if n < ENOUGH:
        return ordered[0], ordered[-1]
    depth = max(d for d in range(1, n // 2 + 1) if _coverage(n, d) >= COVERAGE)
    low, high = ordered[depth - 1], ordered[n - depth]
    if _coverage(n, depth) <= MOST:
        return low, high
    # n = 8: the outermost cover 99.2 %, the next 93 %. Between them, as Hettmansperger
    # and Sheather weigh them (1986, "Confidence intervals based on interpolated order
    # statistics").
    outer, inner = _coverage(n, depth), _coverage(n, depth + 1)
    part = (outer - COVERAGE) / (outer - inner)
    weight = (n - depth) * part / (depth + (n - 2 * depth) * part)
    low += weight * (ordered[depth] - low)
    high -= weight * (high - ordered[n - depth - 1])
    return low, high


def _coverage(n: int, depth: int) -> float:
    """How probably the median lies between the depth-th smallest and largest of n."""
    below = sum(math.comb(n, k) for k in range(depth))
    return 1.0 - below / 2.0 ** (n - 1)


def _modes(ordered: Sequence[float]) -> tuple[float, ...]:
    least = max(MODE_VALUES, math.ceil(MODE_PART * len(ordered)))
    places = range(least, len(ordered) - least + 1)
    if not places or ordered[0] <= 0:
        return ()
    place = max(places, key=lambda at: ordered[at] - ordered[at - 1])
    lower, upper = ordered[:place], ordered[place:]
    gap = upper[0] - lower[-1]
    if gap <= max(lower[-1] - lower[0], upper[-1] - upper[0]):
        return ()
    modes = statistics.median(lower), statistics.median(upper)
    return modes if modes[1] >= MODE_RATIO * modes[0] else ()
