"""Findings as plain rows of figures, for JSON and CSV: the same names in both.

Times are in seconds, shares 0 to 1; low and high bound the 95 % interval, of fewer
than six values they are the lowest and the highest, and one value has no interval:
None, as where there is no such figure.
"""

import math
from typing import Any

from lab.records.statistics import Estimate
from lab.verdicts.finding import Finding
from lab.verdicts.run import Judged
from lab.verdicts.series import SeriesFinding

Row = dict[str, Any]


def run(it: Judged) -> Row:
    """What a run ran on."""
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


def race(finding: Finding) -> Row:
    """A race."""
    of, free, ceiling = finding.race, finding.free, finding.ceiling
    return {
        "kernel": of.kernel,
        "twin": of.twin,
        "via": of.via,
        "bound": str(of.bound),
        "threads": of.threads,
        **_estimate("time_s", finding.time_s),
        **_estimate("speedup", finding.speedup),
        "cores_in_use": finding.cores,
        "overlap": finding.overlap,
        "limit": finding.limit,
        "gil_free": free.median if free else None,
        "gil_free_error": free.half_width if free else None,
        "ceiling": _finite(ceiling.value) if ceiling else None,
        "ceiling_judgement": str(ceiling.judgement) if ceiling else None,
        "claim": str(of.claim),
        "verdict": str(finding.verdict),
        "judgement": str(finding.judgement),
        "reason": finding.reason,
        "source": of.source,
    }


def series(finding: SeriesFinding) -> Row:
    """A figure of an experiment."""
    of = finding.series
    return {
        "experiment": of.experiment,
        "subject": of.subject,
        "unit": of.unit,
        **_estimate("measured", finding.estimate),
        "at_least": of.at_least,
        "at_most": of.at_most,
        "values": len(of.values),
        "dropped": of.dropped,
        "claim": of.claim,
        "judgement": str(finding.judgement),
        "reason": finding.reason,
        "source": of.source,
    }


def _estimate(name: str, of: Estimate | None) -> Row:
    between = of is not None and (of.values > 1 or of.low < of.high)
    return {
        name: of.median if of else None,
        f"{name}_low": of.low if of and between else None,
        f"{name}_high": of.high if of and between else None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None  # JSON knows no infinity
