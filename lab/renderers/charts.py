"""Records and verdicts as Altair charts: what is drawn, not how the page holds it.

Colours are names that the page gives a meaning (`var(--held)`), the same in every
chart, so that one drawing serves light and dark; shape, height or place always tell
the same as the colour.
Marks that can be pointed at or focused carry their figures as description.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from lab.renderers import wording
from lab.verdicts.series import SeriesFinding

HEIGHT = 380
INK = "currentColor"
SHAPES = (
    *("circle", "square", "diamond", "cross", "triangle-up", "triangle-down"),
    *("triangle-right", "triangle-left", "wedge", "arrow"),
)
# What a tick is measured beside, in the colour it has everywhere; the rest in ink.
BESIDE = {
    "held": "var(--held)",
    "released": "var(--released)",
    "bytecode": "var(--interpreter)",
}
# Marks at the first or last power of ten stand this far inside the frame.
MARGIN = 1.25
# A label for a number of seconds on a logarithmic axis.
SECONDS = (
    "datum.value >= 1 ? format(datum.value, '~g') + ' s'"
    " : datum.value >= 9.9e-4 ? format(datum.value * 1e3, '~g') + ' ms'"
    " : datum.value >= 9.9e-7 ? format(datum.value * 1e6, '~g') + ' us'"
    " : format(datum.value * 1e9, '~g') + ' ns'"
)
# A chart in Vega-Lite's own terms, plain values.
Spec = dict[str, Any]
Draw = Callable[..., Spec]


def layered(layers: Sequence[alt.Chart], height: int) -> Spec:
    """The layers in one frame, as wide as the page allows; height in pixels."""
    chart: Any = alt.layer(*layers).properties(
        width="container",
        height=height,
    )
    spec: Spec = chart.configure(**STYLE).to_dict()
    return spec


def colours(field: str, of: Mapping[str, str], **legend: Any) -> alt.Color:
    """A colour for each value of a field, and their legend."""
    scale = alt.Scale(domain=list(of), range=list(of.values()))
    return alt.Color(field, title=None, scale=scale, legend=alt.Legend(**legend))


def shapes(field: str, values: Sequence[str], title: str | None, **legend: Any) -> Any:
    """A shape for each value of a field, and their legend."""
    scale = alt.Scale(domain=list(values), range=list(SHAPES[: len(values)]))
    return alt.Shape(field, title=title, scale=scale, legend=alt.Legend(**legend))


def milliseconds(title: str, most_s: float) -> alt.X:
    """An axis across, from 0 on."""
    return alt.X(
        "from_ms:Q",
        title=title,
        axis=alt.Axis(tickCount=6, labelOverlap="greedy", grid=False),
        scale=alt.Scale(domain=[0, most_s * 1e3], nice=False),
    )


def told(title: str) -> dict[str, Any]:
    """What the label of a mark is shown in: at the pointer, and read aloud."""
    tooltip = [alt.Tooltip("label:N", title=title)]
    return {"tooltip": tooltip, "description": "label:N"}


def drawable(series: Sequence[SeriesFinding]) -> list[SeriesFinding]:
    """Those that have a place on logarithmic axes: what the charts below take."""
    return [one for one in series if _has_place(one)]


def _has_place(one: SeriesFinding) -> bool:
    at = one.series.at
    if at is None or one.estimate is None or one.estimate.median <= 0:
        return False
    return isinstance(at, str) or at > 0


def sweep(series: Sequence[SeriesFinding], across: str, up: str) -> Spec:
    """Ratios over a length of time; across, up: the titles of the axes."""
    rows = [row for row in _rows(series) if isinstance(row["at"], float)]
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
    numbered = {name: f"var(--figure{place})" for place, name in enumerate(names, 1)}
    colour = colours("figure:N", numbered, columns=1)
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


def dots(series: Sequence[SeriesFinding], across: str, up: str | None) -> Spec:
    """Times, a row for each thing they are measured beside."""
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
    colour = alt.Color(
        "at:N",
        scale=alt.Scale(domain=order, range=[BESIDE.get(at, INK) for at in order]),
        legend=None,
    )
    # Figures of one row stand one below the other: they may have the same value.
    offset = alt.YOffset("figure:N", sort=names, scale=alt.Scale(paddingOuter=0.5))
    base = alt.Chart(alt.InlineData(values=rows))
    return layered(
        (
            base.mark_rule(aria=False, strokeWidth=2).encode(
                y=y,
                yOffset=offset,
                x=alt.X("low:Q", scale=scale),
                x2="high:Q",
                color=colour,
            ),
            _marks(base, names, symbolFillColor=INK, symbolStrokeColor=INK).encode(
                y=y,
                yOffset=offset,
                x=alt.X("median:Q", title=across, scale=scale, axis=axis),
                color=colour,
            ),
        ),
        height=60 * len(order),
    )


def _tens(values: Sequence[float]) -> list[float]:
    """The powers of ten from below the smallest to above the largest."""
    first = math.floor(math.log10(min(values, default=1.0)))
    last = math.ceil(math.log10(max(values, default=1.0)))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _log(tens: list[float]) -> alt.Scale:
    domain = [tens[0] / MARGIN, tens[-1] * MARGIN]
    return alt.Scale(type="log", domain=domain, nice=False)


def _seconds(tens: list[float]) -> alt.Axis:
    return alt.Axis(values=tens, labelExpr=SECONDS, labelOverlap="greedy")


def _marks(base: alt.Chart, names: list[str], **symbols: Any) -> alt.Chart:
    """A shape a figure. symbols: how its legend differs from the colours' legend."""
    shape: Any = alt.value("circle")
    if len(names) > 1:
        shape = shapes("figure:N", names, None, columns=1, **symbols)
    marks: alt.Chart = base.mark_point(filled=True, size=120, opacity=0.9).encode(
        shape=shape, **told("measured")
    )
    return marks


def _rows(series: Sequence[SeriesFinding]) -> list[dict[str, Any]]:
    return [
        {
            "figure": one.series.figure,
            "at": one.series.at,
            "median": one.estimate.median,
            # No logarithm below: an interval that reaches 0 is cut off there.
            "low": max(one.estimate.low, one.estimate.median / 1e3),
            "high": one.estimate.high,
            "label": f"{one.series.subject}: {wording.measured(one, '±')}",
        }
        for one in series
        if one.estimate is not None
    ]


# Experiments that have a chart: name, title, the chart's caption and reading, how it is
# drawn, the titles of its axes.
EXPERIMENTS: tuple[tuple[str, str, str, str, Draw, tuple[str, str | None]], ...] = (
    (
        "break-even",
        "From what length on a release pays",
        "What releasing costs one thread, and what two gain",
        "Above the dashed line two threads that release beat one that holds "
        "(for one thread: the release costs that factor of processor time).",
        sweep,
        ("length of one call", "ratio"),
    ),
    (
        "responsiveness",
        "What a call costs the other threads",
        "How late a tick comes beside a call of 0.1 s",
        "A thread ticks every 5 ms beside the call: the further right, the longer "
        "it stood still; each line of the grid is ten times the last.",
        dots,
        ("how late a tick comes", "beside"),
    ),
    (
        "handoff",
        "How long until the GIL is there",
        "From wanting the GIL to having it",
        "Free, it is there in nanoseconds; dropped, a thread must be woken up; "
        "beside bytecode, a thread waits for a whole switch interval.",
        dots,
        ("until the GIL is there", None),
    ),
)
_WORDS: dict[str, Any] = {
    "labelColor": INK,
    "titleColor": INK,
    "labelFontSize": 15,
    "titleFontSize": 15,
    "aria": False,
}
STYLE: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        **_WORDS,
        "domainColor": INK,
        "tickColor": INK,
        "gridColor": INK,
        "gridOpacity": 0.13,
        "titleFontWeight": "normal",
    },
    "legend": {**_WORDS, "labelLimit": 400, "orient": "bottom", "columns": 3},
}
