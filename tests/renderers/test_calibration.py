"""How good the instruments are, in a line."""

import io

import pytest

from lab.records.series import Series
from lab.renderers import calibration
from lab.renderers.console import console
from lab.verdicts.series import SeriesFinding, judge_series


def _found(*values: float, at_most: float | None = 1.05) -> SeriesFinding:
    """The verdict on a ratio measured once in each of several processes."""
    processes = tuple(range(len(values)))
    series = Series(
        "native", "loop", "a claim", "x", values, at_most=at_most, processes=processes
    )
    return judge_series(series)


def _shown(*findings: SeriesFinding, skipped: str = "") -> str:
    out = io.StringIO()
    calibration.show(findings, {skipped: ["one"]} if skipped else {}, console(out))
    return out.getvalue()


GOOD = _found(0.99, 1.0, 1.0, 1.01, 1.0, 1.02)
BAD = _found(1.3, 1.31, 1.3, 1.34, 1.32, 1.3)
OPEN = _found(0.9, 1.2, 1.0, 1.3, 1.0, 1.1)
FEW = _found(1.0, 1.0)
FIGURE = _found(1.5, 1.6, 1.5, 1.7, 1.5, 1.6, at_most=None)


@pytest.mark.parametrize(
    ("findings", "headline"),
    [
        ([GOOD, GOOD], "the instruments are as good as claimed: 2 of 2 within bounds"),
        ([GOOD, BAD], "NOT as good as claimed: 1 of 2 within bounds, 1 beyond"),
        (
            [GOOD, BAD, FEW],
            "NOT as good as claimed: 1 of 3 within bounds, 1 beyond, 1 cannot be told",
        ),
        ([GOOD, OPEN], "not shown to be as good as claimed: 1 of 2 within bounds"),
        ([FIGURE], "nothing is claimed of the instruments here"),
    ],
)
def test_headline(findings: list[SeriesFinding], headline: str) -> None:
    text = _shown(*findings)
    assert text.strip().startswith(headline)
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 80


def test_figures_without_a_claim_are_no_part_of_the_count() -> None:
    text = _shown(GOOD, FIGURE, skipped="gilknocker is not installed")
    assert "1 of 1 within bounds" in text
    assert "without a claim" in text
    assert "Left out (1): gilknocker is not installed" in text
