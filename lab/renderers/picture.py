"""The picture that settles it: what threads gain, over the GIL-free part of a call."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from lab.renderers import words
from lab.renderers.charts import HEIGHT, INK, SHAPES, Spec, layered
from lab.verdicts import Finding, Verdict

# Twins in the order of the legend; any other name shares the last colour.
TWINS = ("held", "released", "interpreter", "other")
# Points nearer than this on both axes would hide each other, so they are set apart.
NEAR_FREE, NEAR_SPEEDUP, APART_PX, SPOT_PX = 0.03, 0.04, 12, 110


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
    if not finding.race.gil:
        return 1.0
    return finding.free.median if finding.free else None


def _points(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    points = []
    for finding in findings:
        race, speedup, free = finding.race, finding.speedup, free_share(finding)
        if speedup is None or free is None:
            continue
        error = f" ±{finding.free.half_width:.2f}" if finding.free else ""
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
