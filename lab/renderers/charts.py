"""Records and verdicts as Altair charts: what is drawn, not how the page holds it.

Colours are names that the page gives a meaning (`var(--held)`), so that one drawing
serves light and dark; shape, height or place always tell the same as the colour.
Marks that can be pointed at or focused carry their figures as description.
"""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from lab.renderers import words
from lab.series_verdicts import SeriesFinding
from lab.verdicts import Finding, Verdict

HEIGHT = 380
INK = "currentColor"
# Twins in the order of the legend; any other name shares the last colour.
TWINS = ("held", "released", "interpreter", "other")
SHAPES = ("circle", "square", "diamond", "cross", "triangle-up", "triangle-down")
# Points nearer than this on both axes would hide each other, so they are set apart.
NEAR_FREE, NEAR_SPEEDUP, APART_PX, SPOT_PX = 0.03, 0.04, 12, 110
# A label for a number of seconds on a logarithmic axis.
SECONDS = (
    "datum.value >= 1 ? format(datum.value, '~g') + ' s'"
    " : datum.value >= 9.9e-4 ? format(datum.value * 1e3, '~g') + ' ms'"
    " : datum.value >= 9.9e-7 ? format(datum.value * 1e6, '~g') + ' us'"
    " : format(datum.value * 1e9, '~g') + ' ns'"
)
# A chart in Vega-Lite's own terms, plain values.
Spec = dict[str, Any]


def layered(layers: Sequence[alt.Chart], height: int) -> Spec:
    """The layers in one frame, as wide as the page allows; height in pixels."""
    chart: Any = alt.layer(*layers).properties(
        width="container",
        height=height,
    )
    spec: Spec = chart.configure(**STYLE).to_dict()
    return spec


def picture(findings: Sequence[Finding], vias: Sequence[str]) -> Spec:
    """Every race as a point: GIL-free share across, speedup up, the ceiling a line.

    findings: of one limit and number of threads. vias: all bindings of the page, so
    that a shape means the same in each picture.
    """
    limit, threads = findings[0].limit, findings[0].race.threads
    rows = _points(findings)
    points = alt.Chart(alt.InlineData(values=rows))
    x = alt.X(
        "free:Q",
        title="GIL-free part of the call's time",
        scale=alt.Scale(domain=[-0.16, 1.16], nice=False),
        axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], labelExpr="datum.value"),
    )
    top = max([1.12 * limit, *(1.05 * one["speedup"] for one in rows)])
    y = alt.Y(
        "speedup:Q",
        title=f"speedup with {threads} threads",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(tickMinStep=1 if limit >= 4 else 0.5),
    )
    steps = [step / 200 for step in range(201)]
    bound = [
        {"free": step, "speedup": min(limit, 1 / (1 - step)) if step < 1 else limit}
        for step in steps
    ]
    name = (
        alt.Chart(alt.InlineData(values=[{"free": 0.42, "speedup": limit}]))
        .mark_text(color=INK, fontSize=15, align="right", dy=18, aria=False)
        .encode(x=x, y=y, text=alt.value("the ceiling"))
    )
    ceiling = (
        alt.Chart(alt.InlineData(values=bound))
        .mark_line(color=INK, strokeDash=[6, 4], opacity=0.75, aria=False)
        .encode(x=x, y=y)
    )
    colour = alt.Color(
        "twin:N",
        title="twin",
        scale=alt.Scale(domain=list(TWINS), range=[f"var(--{twin})" for twin in TWINS]),
        # Not beside the other legend: a narrow page has no room for two.
        legend=alt.Legend(symbolType="square", orient="top"),
    )
    offset: Any = {"expr": "datum.apart"}
    faint: Any = alt.when("datum.open").then(alt.value(0.35)).otherwise(alt.value(1))
    intervals = points.mark_rule(
        aria=False, clip=True, xOffset=offset, strokeWidth=1.5
    ).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour, opacity=faint)
    marks = points.mark_point(
        filled=True, size=170, xOffset=offset, stroke="var(--page)"
    ).encode(
        x=x,
        y=y,
        color=colour,
        opacity=faint,
        shape=alt.Shape(
            "via:N",
            title="call by",
            scale=alt.Scale(domain=list(vias), range=list(SHAPES[: len(vias)])),
            legend=alt.Legend(symbolFillColor=INK, symbolStrokeColor=INK),
        ),
        tooltip=[alt.Tooltip("label:N", title="call")],
        description="label:N",
    )
    return layered((ceiling, name, intervals, marks), HEIGHT)


def free_share(finding: Finding) -> float | None:
    """Where a race stands on the picture; None where that is not known.

    Without a GIL nobody holds it, ever.
    """
    share = finding.race.share
    if not finding.race.gil:
        return 1.0
    return share.gil_free if share else None


def break_even(series: Sequence[SeriesFinding]) -> Spec:
    """Ratios over the length of a call."""
    return _sweep(series, "length of one call", "times")


def responsiveness(series: Sequence[SeriesFinding]) -> Spec:
    """How late a beat comes, beside what."""
    return _dots(series, "lag of a beat", "beside")


def handoff(series: Sequence[SeriesFinding]) -> Spec:
    """How long until the GIL is there."""
    return _dots(series, "until the GIL is there", None)


def _points(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    points = []
    for finding in findings:
        race, speedup, free = finding.race, finding.speedup, free_share(finding)
        if speedup is None or free is None:
            continue
        error = f" ±{race.share.error:.2f}" if race.share else ""
        points.append(
            {
                "free": free,
                "speedup": speedup.median,
                "low": speedup.low,
                "high": speedup.high,
                "open": finding.verdict is Verdict.INCONCLUSIVE,
                "twin": race.twin if race.twin in TWINS else TWINS[-1],
                "via": race.via,
                "label": f"{race.kernel} {race.twin}, by {race.via}: speedup "
                f"{words.speedup(finding, '±')} with {race.threads} threads, GIL-free "
                f"{free:.2f}{error}; {finding.verdict}",
            }
        )
    return _set_apart(points)


def _set_apart(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give points of one spot a distance from it, in pixels, in the order of their
    bindings."""
    spots: list[list[dict[str, Any]]] = []
    most = max((point["speedup"] for point in points), default=1.0)
    for point in sorted(points, key=lambda one: (one["via"], one["label"])):
        for spot in spots:
            near = abs(spot[0]["free"] - point["free"]) < NEAR_FREE
            if near and abs(spot[0]["speedup"] - point["speedup"]) < (
                NEAR_SPEEDUP * most
            ):
                spot.append(point)
                break
        else:
            spots.append([point])
    for spot in spots:
        apart_px = min(APART_PX, SPOT_PX / len(spot))
        for place, point in enumerate(spot):
            point["apart"] = round((place - (len(spot) - 1) / 2) * apart_px, 2)
    return points


def _sweep(series: Sequence[SeriesFinding], across: str, up: str) -> Spec:
    rows = _rows(series)
    names = list(dict.fromkeys(row["figure"] for row in rows))
    tens = _tens([row["at"] for row in rows])
    x = alt.X("at:Q", title=across, scale=_log(tens), axis=_seconds(tens))
    least = min([*(row["low"] for row in rows), 1.0])
    most = max([*(row["high"] for row in rows), 1.0])
    ratios = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50]
    y = alt.Y(
        "median:Q",
        title=up,
        scale=alt.Scale(type="log", domain=[least / 1.1, most * 1.1], nice=False),
        axis=alt.Axis(values=ratios, labelExpr="datum.value"),
    )
    colour = _figure_colour(names)
    base = alt.Chart(alt.InlineData(values=rows))
    one = alt.Chart(alt.InlineData(values=[{"median": 1}]))
    return layered(
        (
            one.mark_rule(
                color=INK, strokeDash=[6, 4], opacity=0.75, aria=False
            ).encode(y=y),
            base.mark_rule(aria=False, strokeWidth=1.5).encode(
                x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour
            ),
            base.mark_line(aria=False).encode(x=x, y=y, color=colour),
            _marks(base, names).encode(x=x, y=y, color=colour),
        ),
        HEIGHT,
    )


def _dots(series: Sequence[SeriesFinding], across: str, up: str | None) -> Spec:
    rows = _rows(series)
    names = list(dict.fromkeys(row["figure"] for row in rows))
    order = list(dict.fromkeys(row["at"] for row in rows))
    y = alt.Y(
        "at:N",
        title=up,
        sort=order,
        axis=alt.Axis(
            labelExpr="split(datum.label, ', ')", labelLimit=300, grid=True, ticks=False
        ),
    )
    tens = _tens([row[end] for row in rows for end in ("low", "high")])
    scale, axis = _log(tens), _seconds(tens)
    colour = _figure_colour(names) if len(names) > 1 else alt.value("var(--held)")
    base = alt.Chart(alt.InlineData(values=rows))
    return layered(
        (
            base.mark_rule(aria=False, strokeWidth=2).encode(
                y=y, x=alt.X("low:Q", scale=scale), x2="high:Q", color=colour
            ),
            _marks(base, names).encode(
                y=y,
                x=alt.X("median:Q", title=across, scale=scale, axis=axis),
                color=colour,
            ),
        ),
        height=60 * len(order),
    )


def _tens(values: Sequence[float]) -> list[float]:
    """The powers of ten from below the smallest to above the largest."""
    first, last = (
        math.floor(math.log10(min(values))),
        math.ceil(math.log10(max(values))),
    )
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _log(tens: list[float]) -> alt.Scale:
    return alt.Scale(type="log", domain=[tens[0], tens[-1]], nice=False)


def _seconds(tens: list[float]) -> alt.Axis:
    return alt.Axis(values=tens, labelExpr=SECONDS)


def _marks(base: alt.Chart, names: list[str]) -> alt.Chart:
    shape: Any = alt.value("circle")
    if len(names) > 1:
        shape = alt.Shape(
            "figure:N",
            title=None,
            scale=alt.Scale(domain=names, range=list(SHAPES[: len(names)])),
            legend=alt.Legend(columns=1),
        )
    marks: alt.Chart = base.mark_point(filled=True, size=120, opacity=0.9).encode(
        shape=shape,
        tooltip=[alt.Tooltip("label:N", title="measured")],
        description="label:N",
    )
    return marks


def _figure_colour(names: list[str]) -> alt.Color:
    colours = [f"var(--figure{place + 1})" for place in range(len(names))]
    return alt.Color(
        "figure:N",
        title=None,
        scale=alt.Scale(domain=names, range=colours),
        legend=alt.Legend(columns=1),
    )


def _rows(series: Sequence[SeriesFinding]) -> list[dict[str, Any]]:
    return [
        {
            "figure": one.series.figure,
            "at": one.series.at,
            "median": one.estimate.median,
            # No logarithm below: an interval that reaches 0 is cut off there.
            "low": max(one.estimate.low, one.estimate.median / 1e3),
            "high": one.estimate.high,
            "label": f"{one.series.subject}: {words.measured(one, '±')}",
        }
        for one in series
        if one.series.at is not None
        and one.estimate is not None
        and one.estimate.median > 0
    ]


STYLE: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "domainColor": INK,
        "tickColor": INK,
        "gridColor": INK,
        "gridOpacity": 0.13,
        "labelFontSize": 15,
        "titleFontSize": 15,
        "titleFontWeight": "normal",
        "aria": False,
    },
    "legend": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 15,
        "titleFontSize": 15,
        "labelLimit": 400,
        "orient": "bottom",
        "columns": 3,
        "aria": False,
    },
}
