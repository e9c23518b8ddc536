"""A claim about the GIL needs one."""

import pytest

from lab.constructions import claims
from lab.records.series import Series

SERIES = Series("e", "s", "at most 1", "x", (0.5,), at_least=0.0, at_most=1.0)


def test_with_a_gil_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "gil_enabled", lambda: True)
    assert claims.about_gil(SERIES) is SERIES


def test_without_one_the_figure_stays_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "gil_enabled", lambda: False)
    found = claims.about_gil(SERIES)
    assert (found.at_least, found.at_most, found.gil) == (None, None, False)
    assert found.values == SERIES.values
    assert "no GIL" in found.claim
