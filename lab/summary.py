"""A run as a whole: what threads gained, and whether anything is contradicted."""

from collections.abc import Iterable
from dataclasses import dataclass

from lab.series_verdicts import SeriesFinding
from lab.twins import Bound
from lab.verdicts import Finding, Judgement, Verdict


def contradicted(findings: Iterable[Finding | SeriesFinding]) -> bool:
    """Whether anything contradicts its claim, or a speedup its ceiling."""
    for finding in findings:
        if finding.judgement is Judgement.CONTRADICTED:
            return True
        ceiling = finding.ceiling if isinstance(finding, Finding) else None
        if ceiling is not None and ceiling.judgement is Judgement.CONTRADICTED:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Gains:
    """What threads gained over a group of twins: the lowest and highest median."""

    calls: int
    lowest: float
    highest: float
    threads: int


def gains(findings: list[Finding], twin: str, bound: Bound) -> Gains | None:
    """The gain of one twin over all kernels of one bound, at the most threads.

    Conclusive findings only; None where there is none.
    """
    chosen = [
        finding
        for finding in findings
        if finding.race.twin == twin
        and finding.race.bound is bound
        and finding.verdict not in (Verdict.INCONCLUSIVE, Verdict.SINGLE)
    ]
    if not chosen:
        return None
    threads = max(finding.race.threads for finding in chosen)
    medians = [
        finding.speedup.median
        for finding in chosen
        if finding.race.threads == threads and finding.speedup is not None
    ]
    return Gains(len(medians), min(medians), max(medians), threads)
