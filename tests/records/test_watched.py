"""The time that code itself takes: without its waits for a core."""

import pytest

from lab.records.watched import Watched


@pytest.mark.parametrize(
    ("wall_s", "starved_s", "cpu_s", "own_s"),
    [
        (1.0, 0.0, 0.0, 1.0),
        (1.0, 0.25, 0.5, 0.75),
        (1.0, 0.75, 0.5, 0.5),  # it cannot have waited while it computed
        (1.0, 2.0, 0.0, 1e-9),
        (1.0, 2.0, 3.0, 1.0),
    ],
)
def test_own_time(wall_s: float, starved_s: float, cpu_s: float, own_s: float) -> None:
    seen = Watched(wall_s, starved_s, 0.0, 0.0, 0.0, 0.0, 0, cpu_s)
    assert seen.own_s == pytest.approx(own_s)
    assert seen.own_s <= seen.most_own_s <= max(wall_s, seen.own_s)
