"""Figures in words: no more digits than their interval bears out, and never none."""

from dataclasses import replace
from pathlib import Path

import pytest

from lab.records.race import Bound
from lab.records.results import load
from lab.records.series import Series
from lab.records.statistics import Ends, Estimate
from lab.renderers import columns, wording
from lab.verdicts.finding import Judgement
from lab.verdicts.run import Judged, judged
from lab.verdicts.series import SeriesFinding

RECORDS = Path(__file__).parents[1] / "data"


def _interval(median: float, low: float, high: float) -> Estimate:
    return Estimate(median, low, high, Ends.INTERVAL, 6)


def _figure(
    estimate: Estimate, unit: str = "s", values: int = 6, claimed: bool = False
) -> SeriesFinding:
    series = Series("an experiment", "it", "", unit, (estimate.median,) * values)
    judgement = Judgement.AS_PREDICTED if claimed else Judgement.NO_CLAIM
    return SeriesFinding(series, judgement, "", estimate)


@pytest.mark.parametrize(
    ("unit", "median", "low", "high", "expected"),
    [
        ("s", 47.31e-9, 46.9e-9, 47.6e-9, "47.3 +-0.5 ns"),
        ("s", 5.272e-3, 5.262e-3, 5.281e-3, "5.27 +-0.01 ms"),  # one unit for both
        ("s", 0.1971, 0.18, 0.199, "197 +-18 ms"),  # the wider side counts
        ("", 15_900, 13_300, 18_400, "16000 +-3000"),  # no powers of ten
        ("", 1860, 444, 2000, "1900 (440 to 2000)"),
        ("x", 1.9712, 1.9711, 1.9713, "1.97 +-0.01 x"),  # rounded up, never +-0
        ("x", 1.3, 1.0, 1.5, "1.3 +-0.3 x"),
        ("s", 30.2e-6, 29.4e-6, 82e-6, "30 (29 to 82) us"),
        ("s", 0.0, 0.0, 4e-6, "0 (0 to 4.0) us"),
        ("", 0.9985, 0.9877, 1.0, "0.999 (0.988 to 1.000)"),  # a share: never above 1
        ("", 0.9909, 0.9820, 0.9968, "0.991 +-0.009"),
        ("", 0.994, 0.983, 1.003, "0.994 +-0.011"),  # cores in use
    ],
)
def test_digits_follow_from_the_interval(
    unit: str, median: float, low: float, high: float, expected: str
) -> None:
    assert wording.within(_interval(median, low, high), unit, "+-") == expected


def test_an_interval_that_says_nothing_is_inconclusive() -> None:
    vague = _interval(347e-9, 12e-9, 5.2e-6)
    assert wording.measured(_figure(vague), "+-") == "inconclusive, 0.012 to 5.2 us"
    assert "inconclusive" not in wording.measured(_figure(vague, claimed=True), "+-")
    share = _figure(_interval(0.01, 0.0, 0.02), "")  # near nothing, of a whole
    assert wording.measured(share, "+-") == "0.010 (0 to 0.020)"
    assert wording.measured(_figure(_interval(0.4, 0.0, 0.9), ""), "+-").startswith(
        "inc"
    )


def test_a_figure_taken_once_has_no_interval() -> None:
    one = replace(_interval(0.1971, 0.1971, 0.1971), kind=Ends.RANGE, values=1)
    assert wording.measured(_figure(one, values=1), "+-") == "197 ms once"
    assert columns.data(columns.SERIES, _figure(one))["measured_low"] is None
    same = _figure(_interval(0.5, 0.5, 0.5), "", values=6)
    assert wording.measured(same, "+-") == "0.5 each time"


def test_a_range_is_called_one() -> None:
    few = Estimate(1.05, 0.98, 1.2, Ends.RANGE, 5)
    assert wording.within(few, "x", "+-") == "range 0.98 to 1.20 x"
    assert "range" not in wording.within(replace(few, kind=Ends.INTERVAL), "x", "+-")


def test_two_modes_are_told() -> None:
    two = replace(_interval(0.9, 0.55, 1.7), modes=(0.6, 1.6))
    assert wording.within(two, "x", "+-") == "0.60x or 1.6x"
    assert wording.measured(_figure(two, "x"), "+-") == "0.60x or 1.6x"
    times = replace(_interval(5e-5, 3e-5, 7e-5), modes=(3.5e-5, 7e-5))
    assert wording.within(times, "s", "+-") == "35 us or 70 us"


def _found(name: str) -> Judged:
    return judged(load(RECORDS / f"{name}.json"), name)


def test_open_compute_races_come_first() -> None:
    text = wording.finding(_found("noisy"))
    assert text.startswith("2 of 3 compute races are open (machine busy): ")
    assert wording.finding(_found("one_core")).startswith(
        "3 of 3 compute races are open"
    )
    assert "open" not in wording.finding(_found("held"))


def test_the_moral_is_drawn_only_from_what_shows_it() -> None:
    whole = _found("whole")
    assert wording.finding(whole).endswith(wording.MORAL)
    liar = replace(whole.findings[2], judgement=Judgement.CONTRADICTED)
    contradicted = replace(whole, findings=(*whole.findings, liar))
    assert wording.MORAL not in wording.finding(contradicted)
    assert wording.finding(contradicted).endswith(wording.CONTRADICTED)
    assert wording.MORAL not in wording.finding(_found("released"))
    compute = wording.finding(_found("free_threaded"), (Bound.COMPUTE,))
    assert "has no GIL" in compute
    assert wording.MORAL not in compute
