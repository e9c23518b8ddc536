"""A probe in words."""

import math
from typing import Any

import pytest

from lab.records.probe import Probe


def _probe(**changes: Any) -> Probe:
    values: dict[str, Any] = {
        "verdict": "partly",
        "gil_free": 0.5,
        "error": 0.01,
        "ceiling": 2.0,
        "longest_hold": 0.001,
        "preemptible": False,
        "samples": 1000,
        "calls": 7,
        "duration": 0.01,
        "method": "scope",
    }
    return Probe(**{**values, **changes})


def test_words() -> None:
    text = str(_probe())
    assert "0.500 (0.490 to 0.510) of the time" in text
    assert "2: 2x, 4: 2.04x, 8: 2.04x, 64: 2.04x" in text
    assert "2.00x (1.96x to 2.04x)" in text
    assert "bytecode" not in text
    assert "turns" in str(_probe(verdict="held", preemptible=True))
    assert "no bound" in str(_probe(gil_free=1.0, error=0.0, ceiling=math.inf))
    assert "unknown version" in str(_probe(method="knock", reason="unknown version"))
    assert str(_probe(verdict="no-gil")).count("\n") == 0
    for line in text.splitlines():
        assert len(line) <= 80


@pytest.mark.parametrize(
    ("gil_free", "error", "share", "ceiling"),
    [
        (0.0, 0.02, "0.00 (0.00 to 0.02)", "1.00x (1.00x to 1.02x)"),
        (1.0, 0.0, "1.00 (1.00 to 1.00)", "no bound"),
        (0.9995, 0.002, "1.000 (0.998 to 1.000)", "above 400x"),
        (0.991, 0.002, "0.991 (0.989 to 0.993)", "110x (90x to 140x)"),
        (0.998, 0.0018, "0.998 (0.996 to 1.000)", "500x (300x to 5000x)"),
    ],
)
def test_figures_say_no_more_than_their_interval(
    gil_free: float, error: float, share: str, ceiling: str
) -> None:
    top = math.inf if gil_free == 1 else 1 / (1 - gil_free)
    text = str(_probe(gil_free=gil_free, error=error, ceiling=top))
    assert f"  GIL-free      {share} of the time" in text
    assert f"  ceiling       {ceiling} for any number of threads" in text
