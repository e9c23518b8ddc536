"""What knocks add up to, and what waits for a core leave open."""

import pytest

from lab.instruments import observation
from lab.instruments.knocker import Knock

MS = 1_000_000


def _knocks(*waits_ns: int) -> list[Knock]:
    return [Knock(n * MS, n * MS + wait, 1000.0) for n, wait in enumerate(waits_ns)]


def test_knocks_become_a_share() -> None:
    seen = observation.from_knocks(0, 100 * MS, _knocks(*[100, 900_000] * 50))
    assert seen.gil_free == 0.5
    assert 0.05 < seen.error < 0.15
    assert seen.longest_hold_s == pytest.approx(0.0009)
    # One knock that waited through it all says a lot, by its time.
    seen = observation.from_knocks(0, 100 * MS, _knocks(99 * MS))
    assert seen.gil_free == 0
    assert seen.error < 0.05
    assert observation.from_knocks(0, 100 * MS, []).error == 1
    for knocks in (1, 2, 3):  # that all found the lock free
        few = observation.from_knocks(0, 100 * MS, _knocks(*[100] * knocks))
        assert few.gil_free == 1
        assert few.error > 0.5


@pytest.mark.parametrize(
    ("gil_free", "starved", "error"),
    [
        (0.62, 0.0, 0.0),
        (0.62, 0.38, 0.38),  # a release of all its time, and a wait while it held
        (0.5, 0.1, 0.5 / 0.9 - 0.5),
        (0.99, 0.5, 0.01),
        (0.01, 0.5, 0.01),
        (1.0, 1.0, 1.0),
        (0.0, 1.0, 1.0),
    ],
)
def test_what_waits_for_a_core_leave_open(
    gil_free: float, starved: float, error: float
) -> None:
    assert observation.left_open(gil_free, starved) == pytest.approx(error, abs=1e-9)
