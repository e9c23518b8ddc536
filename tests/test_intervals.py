"""The interval covers what it says, and is the same every time."""

import numpy as np

from lab.intervals import median


def test_one_value_is_its_own_interval() -> None:
    estimate = median([3.0])
    assert (estimate.median, estimate.low, estimate.high) == (3.0, 3.0, 3.0)
    assert estimate.half_width == 0


def test_same_values_same_interval() -> None:
    assert median([1.0, 2.0, 4.0]) == median([1.0, 2.0, 4.0])


def test_coverage() -> None:
    """Of 300 samples with a known median, about 95 % of the intervals hold it."""
    rng = np.random.default_rng(7)
    samples = rng.exponential(size=(300, 25)) / np.log(2)  # median 1
    held = [median(list(sample)) for sample in samples]
    assert 0.9 <= np.mean([one.low <= 1 <= one.high for one in held]) <= 1
