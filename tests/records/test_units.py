"""Figures with their units, and no more digits than they have."""

import pytest

from lab.records.units import (
    decimals,
    duration,
    number,
    percent,
    rounded,
    share,
    times,
    upwards,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.5, "1.5 s"),
        (0.4026, "403 ms"),
        (2e-6, "2 us"),
        (3e-10, "0.3 ns"),
        (0, "0 ns"),
    ],
)
def test_a_time_has_the_unit_that_fits(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "half_width", "places"),
    [(0.987, 0.02, 2), (0.987, 0.013, 3), (25_400, 300, -2), (0, 0, 3), (1.2345, 0, 2)],
)
def test_the_uncertainty_leaves_so_many_decimals(
    value: float, half_width: float, places: int
) -> None:
    assert decimals(value, half_width) == places


def test_numbers_are_written_out() -> None:
    assert number(25_432, -2) == "25400"
    assert number(-0.0001, 2) == "0.00"
    assert rounded(0.0) == "0"
    assert rounded(0.0256) == "0.026"


def test_an_uncertainty_does_not_shrink() -> None:
    assert upwards(0.021, 2) == pytest.approx(0.03)
    assert upwards(0.02, 2) == pytest.approx(0.02)


def test_a_share_stays_within_0_and_1() -> None:
    assert share(0.99, 0.02) == "0.99 (0.97 to 1.00)"
    assert percent(0.01, 0.02) == "1% (0% to 3%)"


def test_a_ratio_has_no_power_of_ten() -> None:
    assert (times(1.0), times(2.567), times(1234.5)) == ("1x", "2.57x", "1234x")
