"""Medians with the interval they can be trusted in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Resampling is seeded: the same record always gives the same verdict.
SEED = 557
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median and its 95 % bootstrap interval."""

    median: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the interval's width: the figure behind a plus-minus sign."""
        return (self.high - self.low) / 2


def median(values: Sequence[float]) -> Estimate:
    """The median of one or more values; percentile bootstrap, 2000 resamples."""
    sample = np.asarray(values, dtype=np.float64)
    picks = np.random.default_rng(SEED).integers(
        sample.size, size=(RESAMPLES, sample.size)
    )
    low, high = np.percentile(np.median(sample[picks], axis=1), [2.5, 97.5])
    return Estimate(float(np.median(sample)), float(low), float(high))
