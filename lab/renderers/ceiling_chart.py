"""The picture that settles it: what threads gain, over the GIL-free part of a call."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from lab.records.statistics import ceiling as most
from lab.renderers import wording
from lab.renderers.charts import HEIGHT, INK, Spec, layered, shapes, told
from lab.verdicts.finding import Finding, Verdict

# Twins in the order of the legend; any other name shares the last colour.
TWINS = ("held", "released", "interpreter", "other")
# Points nearer than this on both axes would hide each other, so they are set apart, by
# so much of the axis each, and all of one spot within so much of it.
NEAR_FREE, NEAR_SPEEDUP, APART, SPOT = 0.03, 0.04, 0.025, 0.1
# The ends of the axis, and a frame that cuts no mark in half there.
NEVER, ALWAYS, MARGIN = 0.0, 1.0, 0.04


def picture(findings: Sequence[Finding], vias: Sequence[str]) -> Spec:
    """Every race as a point: GIL-free share across, speedup up, the ceiling a line.

    findings: those that `has_place`, of one limit and number of threads. vias: all
    bindings of the page, so that a shape means the same in each picture.
    """
    limit, threads = findings[0].limit, findings[0].race.threads
    rows = _points(findings)
    points = alt.Chart(alt.InlineData(values=rows))
    x = alt.X(
        "across:Q",
        title="GIL-free part of the call's time",
        scale=alt.Scale(domain=[NEVER - MARGIN, ALWAYS + MARGIN], nice=False),
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
    bound = [{"across": at, "speedup": min(limit, most(at))} for at in steps]
    name = (
        alt.Chart(alt.InlineData(values=[{"across": 0.42, "speedup": limit}]))
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
    intervals = points.mark_rule(aria=False, clip=True, strokeWidth=1.5).encode(
        x=x, y=alt.Y("low:Q"), y2="high:Q", color=colour
    )
    size: Any = {"expr": "width < 400 ? 110 : 170"}
    marks = points.mark_point(
        filled=True, size=size, opacity=1, stroke="var(--page)"
    ).encode(
        x=x,
        y=y,
        color=colour,
        shape=shapes(
            "via:N", vias, "call by", symbolFillColor=INK, symbolStrokeColor=INK
        ),
        **told("call"),
    )
    return layered((ceiling, name, intervals, marks), HEIGHT)


def free_share(finding: Finding) -> float | None:
    """Where a race stands on the picture; None where that is not known.

    Without a GIL nobody holds it, ever.
    """
    if not finding.race.gil:
        return 1.0
    return finding.free.median if finding.free else None


def has_place(finding: Finding) -> bool:
    """Whether a race is a point: in threads, with a verdict, its share known."""
    drawn = finding.verdict not in (Verdict.INCONCLUSIVE, Verdict.SINGLE)
    return drawn and free_share(finding) is not None


def _points(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    points = []
    for finding in findings:
        race, speedup, free = finding.race, finding.speedup, free_share(finding)
        assert speedup is not None
        assert free is not None
        share = wording.free_within(finding, "±") or f"{free:.2f}"
        points.append(
            {
                "free": free,
                "speedup": speedup.median,
                "low": speedup.low,
                "high": speedup.high,
                "twin": race.twin if race.twin in TWINS else TWINS[-1],
                "via": race.via,
                "label": f"{race.kernel} {race.twin}, by {race.via}: speedup "
                f"{wording.speedup(finding, '±')} with {race.threads} threads, "
                f"GIL-free {share}; {finding.verdict}",
            }
        )
    return _set_apart(points, findings[0].limit)


def _set_apart(points: list[dict[str, Any]], limit: float) -> list[dict[str, Any]]:
    """Give each point its place across: its own, or beside others of its spot, in the
    order of their bindings, but never where no call can be."""
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
        _spread(spot, limit)
    return points


def _spread(spot: list[dict[str, Any]], limit: float) -> None:
    """Side by side around where they belong, moved inward from the ends of the axis,
    and closer together where they would pass the ceiling."""
    if len(spot) == 1:
        spot[0]["across"] = spot[0]["free"]
        return
    least = max(_least(point, limit) for point in spot)
    width = min(APART * (len(spot) - 1), SPOT, ALWAYS - least)
    middle = sum(point["free"] for point in spot) / len(spot)
    first = min(max(middle - width / 2, least), ALWAYS - width)
    for place, point in enumerate(spot):
        point["across"] = round(first + width * place / (len(spot) - 1), 6)


def _least(point: dict[str, Any], limit: float) -> float:
    """How far to the left the point may be moved and stay below the ceiling."""
    speedup = min(point["speedup"], limit)
    below = 1 - 1 / speedup if speedup > 1 else NEVER
    return float(min(below, point["free"]))
