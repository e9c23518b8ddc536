"""Runs as one HTML page that needs nothing else: no network, no file beside it.

The charts are Altair's, drawn by Vega from scripts inlined in the page; Jinja puts
the page together and escapes whatever it is given.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lab.records.race import Bound
from lab.records.timeline import Timeline
from lab.records.units import percent
from lab.renderers import (
    ceiling_chart,
    charts,
    icicle,
    palette,
    timeline,
    verdict_table,
    wording,
)
from lab.renderers.charts import Spec
from lab.verdicts.finding import Finding, Judgement, Verdict
from lab.verdicts.run import Judged, speedup_range

# Whose gains stand at the top: what memory allows is another story.
SHOWN = (Bound.COMPUTE, Bound.BLOCKING)
KEPT = (("held", "kept the GIL"), ("released", "released it"))
NO_GIL = (("held", "would keep a GIL"), ("released", "would release it"))
# What the marks of the table mean.
MEANINGS = {
    Judgement.AS_PREDICTED: "as claimed",
    Judgement.CONTRADICTED: "contradicts the claim",
    Judgement.INCONCLUSIVE: "open",
}
NO_SHARE = "the GIL-free part of the call could not be told"


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, and its figures as a table."""

    id: str
    """Of its element in the page."""
    title: str
    text: str
    """What it shows."""
    spec: Markup
    """The chart, as JSON of Vega-Lite."""
    titles: tuple[str, ...]
    """Of the table's columns."""
    rows: tuple[tuple[str, ...], ...]
    zoom: bool = False
    """Whether it has buttons to zoom."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure, large enough for the last row of the room."""

    twin: str
    """It gives the colour."""
    figure: str
    text: str
    """What the figure is of."""


@dataclass(frozen=True, slots=True)
class Section:
    """One experiment."""

    id: str
    """Its name, and that of its element in the page."""
    title: str
    reading: str
    """How to read its charts."""
    figures: tuple[Figure, ...]
    """A chart for each run that has it."""
    claims: verdict_table.VerdictTable


def render(runs: Sequence[Judged]) -> str:
    """The page, under 3 MB for the runs of a bench."""
    lines = [
        [(f"{place}-{number}", line) for number, line in enumerate(it.run.timelines)]
        for place, it in enumerate(runs)
    ]
    vias = list(dict.fromkeys(one.race.via for it in runs for one in it.findings))
    environment = Environment(
        loader=PackageLoader("lab.renderers", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        myth=wording.MYTH,
        busted=any(it.busted for it in runs),
        runs=runs,
        labels=verdict_table.labels(runs),
        findings=[wording.finding(it, SHOWN) for it in runs],
        gil=[it.run.machine.gil for it in runs],
        tiles=[_tiles(it) for it in runs],
        pictures=[_pictures(place, it, vias) for place, it in enumerate(runs)],
        undrawn=[_undrawn(it) for it in runs],
        contradictions=[wording.contradictions(it) for it in runs],
        timelines=[[_timeline(*one) for one in of_run] for of_run in lines],
        stacks=[
            [
                _stacks(*one)
                for one in of_run
                if any(n.held for n in one[1].trace.stacks)
            ]
            for of_run in lines
        ],
        sections=list(_sections(runs)),
        tables=[
            ("Races", verdict_table.races(runs)),
            ("Experiments", verdict_table.series(runs)),
        ],
        marks=[
            (wording.MARKS[judgement], judgement, meaning)
            for judgement, meaning in MEANINGS.items()
        ],
        notes=[(it, wording.notes(it)) for it in runs],
        script=Markup(_bundle()),
        css=Markup(palette.style_sheet()) + _asset("report.css"),
        js=_asset("report.js"),
        zoom=timeline.ZOOM,
    )


def _bundle() -> str:
    """Vega, Vega-Lite and vega-embed, the newest there are."""
    text = vl_convert.javascript_bundle()  # type: ignore[call-arg]  # it has defaults
    return str(text).replace("</script", r"<\/script")


def _asset(name: str) -> Markup:
    return Markup((resources.files("lab.renderers") / "page" / name).read_text("utf-8"))


def _json(spec: Spec) -> Markup:
    """As JSON, such that no name in it ends the script element around it."""
    return Markup(json.dumps(spec).replace("<", r"\u003c"))


def _tiles(it: Judged) -> list[Tile]:
    tiles = []
    for bound in SHOWN:
        for twin, deed in KEPT if it.run.machine.gil else NO_GIL:
            group = speedup_range(it.findings, twin, bound)
            if group is not None:
                text = f"{bound}, {deed}: speedup on {group.threads} threads"
                tiles.append(Tile(twin, wording.speedup_of(group), text))
    return tiles


def _pictures(place: int, it: Judged, vias: Sequence[str]) -> list[Figure]:
    """A picture for each number of threads and limit."""
    groups: dict[tuple[int, float], list[Finding]] = {}
    for one in it.findings:
        if ceiling_chart.has_place(one):
            groups.setdefault((one.race.threads, one.limit), []).append(one)
    return [
        Figure(
            id=f"picture-{place}-{threads}-{limit:g}",
            title=f"{threads} threads, at most {limit:g} times as fast",
            text="Speedup over the GIL-free part of the call's time, each call a "
            "point; the dashed line, the ceiling, is "
            f"min({limit:g}, 1 / (1 - GIL-free)).",
            spec=_json(ceiling_chart.picture(found, vias)),
            titles=("call", "call by", "GIL-free", "speedup", "do threads help"),
            rows=tuple(
                (
                    f"{one.race.kernel} {one.race.twin}",
                    one.race.via,
                    f"{ceiling_chart.free_share(one):.2f}",
                    wording.speedup(one, "±"),
                    wording.verdict(one),
                )
                for one in found
            ),
        )
        for (threads, limit), found in sorted(groups.items())
    ]


def _undrawn(it: Judged) -> list[tuple[str, str]]:
    """Races in threads that are no point of a picture: why, and which.

    Reasons that differ in their details only are told once, without these.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for one in it.findings:
        if one.race.threads > 1 and not ceiling_chart.has_place(one):
            is_open = one.verdict is Verdict.INCONCLUSIVE
            reason = one.reason if is_open else NO_SHARE
            group = found.setdefault(reason.partition(":")[0], [])
            group.append((reason, wording.name(one)))
    return [
        (
            group[0][0] if len({reason for reason, _ in group}) == 1 else head,
            ", ".join(name for _, name in group),
        )
        for head, group in found.items()
    ]


def _timeline(name: str, line: Timeline) -> Figure:
    titles, rows = timeline.table(line.trace, line.calls)
    text = (
        "Above, what the scope saw; below, what a naive tracer draws of the same calls."
    )
    if line.trace.told_apart:
        wanted = percent(line.trace.contention, line.trace.contention_error)
        text += f" A thread wants the GIL and waits for it {wanted} of the time."
    return Figure(
        id=f"timeline-{name}",
        title=f"{line.kernel} {line.twin}",
        text=text,
        spec=_json(timeline.chart(line.trace, line.calls)),
        titles=titles,
        rows=tuple(rows),
        zoom=True,
    )


def _stacks(name: str, line: Timeline) -> Figure:
    return Figure(
        id=f"stacks-{name}",
        title=f"{line.kernel} {line.twin}",
        text="Each box is a line of Python, as wide as the time in which it, or what "
        "it called, held the GIL; below it is what it called.",
        spec=_json(icicle.chart(line.trace)),
        titles=icicle.TITLES,
        rows=tuple(icicle.table(line.trace)),
    )


def _sections(runs: Sequence[Judged]) -> Iterator[Section]:
    labels = verdict_table.labels(runs)
    for name, title, caption, reading, draw, axes in charts.EXPERIMENTS:
        figures = []
        for place, (label, it) in enumerate(zip(labels, runs, strict=True)):
            of_it = [one for one in it.series if one.series.experiment == name]
            if drawn := charts.drawable(of_it):
                figures.append(
                    Figure(
                        id=f"{name}-{place}",
                        title=label if len(runs) > 1 else caption,
                        text=reading,
                        spec=_json(draw(drawn, *axes)),
                        titles=("of", "measured"),
                        rows=tuple(
                            (one.series.subject, wording.measured(one, "±"))
                            for one in drawn
                        ),
                    )
                )
        claims = verdict_table.claims(runs, name)
        yield Section(name, title, reading, tuple(figures), claims)
