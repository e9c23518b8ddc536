"""Intervals cover what they say, at every number of values in use."""

import numpy as np
import pytest

from lab.records.statistics import ENOUGH, Ends, estimate

SAMPLES = 4_000


def test_one_value_is_its_own_range() -> None:
    one = estimate([3.0])
    assert (one.median, one.low, one.high) == (3.0, 3.0, 3.0)
    assert one.kind is Ends.RANGE
    assert one.half_width == 0


@pytest.mark.parametrize("n", range(2, ENOUGH))
def test_few_values_are_a_range(n: int) -> None:
    few = estimate(list(map(float, range(n))))
    assert (few.low, few.high, few.kind) == (0, n - 1, Ends.RANGE)


# Known medians of unlike shapes: skewed, heavy tails, flat.
SHAPES = {
    "exponential": lambda rng, size: rng.exponential(size=size) / np.log(2) - 1,
    "cauchy": lambda rng, size: rng.standard_cauchy(size=size),
    "uniform": lambda rng, size: rng.uniform(-1, 1, size=size),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [6, 7, 8, 9, 10, 11, 12, 15, 18, 24, 31, 36, 41])
def test_coverage(n: int, shape: str) -> None:
    """Of 4,000 samples with median 0, 93 to 99 % of the intervals hold it."""
    samples = SHAPES[shape](np.random.default_rng(n), (SAMPLES, n))
    found = [estimate(sample) for sample in samples.tolist()]
    assert all(one.kind is Ends.INTERVAL for one in found)
    assert 0.93 <= np.mean([one.low <= 0 <= one.high for one in found]) <= 0.99


@pytest.mark.parametrize(("processes", "rounds"), [(6, 1), (6, 2), (7, 3), (8, 2)])
def test_coverage_over_processes(processes: int, rounds: int) -> None:
    """The same where most of the spread is between processes, not within them."""
    rng = np.random.default_rng(processes)
    own = rng.normal(size=(SAMPLES, processes, 1))
    values = own + 0.1 * rng.normal(size=(SAMPLES, processes, rounds))
    of = [process for process in range(processes) for _ in range(rounds)]
    found = [estimate(one, of) for one in values.reshape(SAMPLES, -1).tolist()]
    assert 0.93 <= np.mean([one.low <= 0 <= one.high for one in found]) <= 0.99


def test_many_values_of_few_processes_are_a_range() -> None:
    values = [1.0, 1.1, 1.2, 2.0, 2.1, 2.2, 3.0, 3.1, 3.2]
    few = estimate(values, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    assert (few.low, few.median, few.high, few.kind) == (1.1, 2.1, 3.1, Ends.RANGE)
    assert few.values == 9


def test_two_modes() -> None:
    low, high = [0.58, 0.6, 0.61, 0.62], [1.5, 1.6, 1.65]
    assert estimate(low + high).modes == (0.605, 1.6)
    assert estimate(high + low).modes == (0.605, 1.6)


def test_one_mode() -> None:
    assert estimate([1.0, 1.0, 1.0, 1.01, 1.01, 1.01]).modes == ()  # too near
    assert estimate([0.6, 0.6, 1.6, 1.6]).modes == ()  # too few
    assert estimate([0.0, 0.0, 0.0, 0.5, 0.5, 0.5]).modes == ()  # no ratio to 0


def test_noise_has_one_mode() -> None:
    """Of 2000 samples of 12 with one mode, hardly any is taken for two."""
    rng = np.random.default_rng(3)
    found = [estimate(one) for one in rng.normal(10, 2, size=(2000, 12)).tolist()]
    assert np.mean([bool(one.modes) for one in found]) < 0.05
