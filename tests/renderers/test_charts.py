"""Charts of the experiments' figures, in Vega-Lite's own terms."""

from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("altair", reason="make .venv/.test installs what draws pages")

from lab.renderers.charts import BESIDE, INK, Spec, dots, drawable, sweep
from lab.verdicts.run import Judged
from lab.verdicts.series import SeriesFinding


def _of(whole: Judged, experiment: str) -> list[SeriesFinding]:
    return [one for one in whole.series if one.series.experiment == experiment]


def _rows(spec: Spec) -> list[dict[str, Any]]:
    """Those of the chart's figures; the other data is one helping line."""
    return next(rows for rows in spec["datasets"].values() if "label" in rows[0])


def test_what_has_no_place_on_a_logarithmic_axis_is_not_drawn(whole: Judged) -> None:
    one = drawable(_of(whole, "break-even"))[0]
    assert one.estimate is not None
    for odd in (
        replace(one, series=replace(one.series, at=None)),
        replace(one, series=replace(one.series, at=0.0)),
        replace(one, estimate=replace(one.estimate, median=0.0)),
        replace(one, estimate=None),
    ):
        assert drawable([odd, one]) == [one]


def test_a_sweep_has_each_figure_at_its_length(whole: Judged) -> None:
    drawn = drawable(_of(whole, "break-even"))
    spec = sweep(drawn, "across", "up")
    assert {(row["figure"], row["at"], row["median"]) for row in _rows(spec)} == {
        (one.series.figure, one.series.at, one.estimate.median)
        for one in drawn
        if one.estimate is not None
    }
    for row in _rows(spec):
        assert 0 < row["low"] <= row["median"] <= row["high"]
        assert any(row["label"].startswith(one.series.subject) for one in drawn)


def test_an_interval_that_reaches_0_has_a_lower_end_all_the_same(
    whole: Judged,
) -> None:
    one = drawable(_of(whole, "break-even"))[0]
    assert one.estimate is not None
    low = replace(one, estimate=replace(one.estimate, low=-1.0))
    (row,) = _rows(sweep([low], "across", "up"))
    assert 0 < row["low"] < row["median"]


def test_dots_have_a_row_for_each_thing_in_its_colour(whole: Judged) -> None:
    drawn = drawable(_of(whole, "responsiveness"))
    spec = dots(drawn, "across", None)
    things = list(dict.fromkeys(one.series.at for one in drawn))
    scale = spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == things
    assert scale["range"] == [BESIDE.get(str(at), INK) for at in things]
    assert set(BESIDE.values()) <= set(scale["range"])
