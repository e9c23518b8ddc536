"""The columns of findings: what a terminal, page, Markdown, CSV and JSON have to show.

As data, times are in seconds and shares 0 to 1; low and high bound the 95 % interval,
or are the lowest and the highest of fewer than six values. None stands for a figure
that is not known, and for the interval of one value.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from lab.records.statistics import Estimate
from lab.renderers import wording
from lab.verdicts.finding import Finding
from lab.verdicts.run import Judged
from lab.verdicts.series import SeriesFinding

Data = dict[str, Any]
Found = TypeVar("Found", Finding, SeriesFinding)


@dataclass(frozen=True, slots=True)
class Column(Generic[Found]):
    """One column of a table of findings."""

    data: Callable[[Found], Data]
    """Its fields in JSON and CSV."""
    title: str = ""
    """Above its texts; empty where it is data only."""
    text: Callable[[Found, str], str] = lambda _finding, _sign: ""
    """What it shows of a finding, with a sign for plus-minus."""
    short_title: str = ""
    """In a terminal, if not title."""
    short: Callable[[Found, str], str] | None = None
    """In a terminal, if not text."""
    justify: Literal["left", "right"] = "right"
    names: bool = False
    """Whether it is part of the row's name: once, where runs stand side by side."""
    abreast: bool = True
    """Whether runs that stand side by side have it."""
    spare: bool = False
    """Whether a narrow terminal does without it."""
    judged: bool = False
    """Whether its text tells the judgement."""


def data(columns: Sequence[Column[Found]], finding: Found) -> Data:
    """A finding as data: the fields of all columns."""
    return {name: it for one in columns for name, it in one.data(finding).items()}


def run(it: Judged) -> Data:
    """What a run ran on, as data."""
    machine = it.run.machine
    return {
        "run": it.name,
        "date": it.run.date,
        "implementation": machine.implementation,
        "python": machine.python,
        "free_threaded_build": machine.free_threaded_build,
        "gil": machine.gil,
        "usable_cores": machine.cores,
        "switch_interval_s": machine.switch_interval_s,
        "system": machine.system,
        "processor": it.run.processor,
        "versions": it.run.versions,
    }


def _estimate(name: str, of: Estimate | None) -> Data:
    between = of is not None and (of.values > 1 or of.low < of.high)
    return {
        name: of.median if of else None,
        f"{name}_low": of.low if of and between else None,
        f"{name}_high": of.high if of and between else None,
    }


def _free(finding: Finding) -> Data:
    free = finding.free
    return {
        "gil_free": free.median if free else None,
        "gil_free_error": free.half_width if free else None,
    }


def _ceiling(finding: Finding) -> Data:
    ceiling = finding.ceiling
    known = ceiling is not None and math.isfinite(ceiling.value)
    return {
        "ceiling": ceiling.value if ceiling and known else None,  # JSON: no infinity
        "ceiling_judgement": str(ceiling.judgement) if ceiling else None,
    }


def _name(
    field: str, title: str, get: Callable[[Found], Any], **how: Any
) -> Column[Found]:
    """A column that is part of the row's name. how: as of Column."""
    data, text = lambda f: {field: get(f)}, lambda f, _: str(get(f))
    return Column(data, title, text, names=True, **{"justify": "left", **how})


RACE: tuple[Column[Finding], ...] = (
    _name("kernel", "kernel", lambda f: f.race.kernel),
    _name("twin", "twin", lambda f: f.race.twin),
    _name("via", "call by", lambda f: f.race.via, spare=True),
    Column(lambda f: {"bound": str(f.race.bound)}),
    _name("threads", "N", lambda f: f.race.threads, justify="right"),
    Column(
        lambda f: _estimate("time_s", f.time_s),
        "time",
        lambda f, sign: wording.within(f.time_s, "s", sign),
        short=lambda f, _: wording.time(f),
        abreast=False,
    ),
    Column(lambda f: _estimate("speedup", f.speedup), "speedup", wording.speedup),
    Column(lambda f: {"cores_in_use": f.cores}, "cores", lambda f, _: f"{f.cores:.2f}"),
    Column(lambda f: {"overlap": f.overlap}),
    Column(
        lambda f: {"limit": f.limit},
        "limit",
        lambda f, _: f"{f.limit:g}",
        abreast=False,
        spare=True,
    ),
    Column(
        _free,
        "GIL-free",
        wording.free_within,
        short_title="free",
        short=lambda f, _: wording.free(f),
    ),
    Column(
        _ceiling,
        "ceiling",
        lambda f, _: wording.ceiling(f),
        short_title="ceil",
        abreast=False,
        spare=True,
    ),
    Column(
        lambda f: {
            "claim": str(f.race.claim),
            "verdict": str(f.verdict),
            "judgement": str(f.judgement),
            "reason": f.reason,
        },
        "threads",
        lambda f, _: wording.verdict(f),
        short_title="   help?",
        justify="left",
        judged=True,
    ),
    Column(lambda f: {"source": f.race.source}),
)
SERIES: tuple[Column[SeriesFinding], ...] = (
    _name("experiment", "experiment", lambda f: f.series.experiment),
    _name("subject", "of", lambda f: f.series.subject),
    Column(
        lambda f: {"unit": f.series.unit, **_estimate("measured", f.estimate)},
        "measured",
        wording.measured,
        justify="left",
    ),
    Column(
        lambda f: {
            "at_least": f.series.at_least,
            "at_most": f.series.at_most,
            "values": len(f.series.values),
            "dropped": f.series.dropped,
            "claim": f.series.claim,
            "judgement": str(f.judgement),
            "reason": f.reason,
            "source": f.series.source,
        },
        "claim",
        lambda f, _: wording.claim(f),
        justify="left",
        judged=True,
    ),
)
