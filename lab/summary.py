"""A run as a whole: what threads gained, and whether anything is contradicted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.records import Run
from lab.series_verdicts import SeriesFinding, judge_series
from lab.twins import Bound
from lab.verdicts import Finding, Judgement, Verdict, judge


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
class Judged:
    """A run with the verdicts on all it holds: what renderers are given.

    name: what it is called beside other runs.
    """

    name: str
    run: Run
    findings: tuple[Finding, ...]
    series: tuple[SeriesFinding, ...]

    @property
    def contradicted(self) -> bool:
        """Whether anything in it is."""
        return contradicted([*self.findings, *self.series])

    @property
    def busted(self) -> bool:
        """Whether it shows that calling C alone does not help threads."""
        return not self.contradicted and any(
            finding.race.twin == "held" and finding.verdict is Verdict.NO_HELP
            for finding in self.findings
            if finding.race.gil
        )


def judged(run: Run, name: str) -> Judged:
    """The run with its verdicts."""
    return Judged(
        name,
        run,
        tuple(map(judge, run.races)),
        tuple(map(judge_series, run.series)),
    )


@dataclass(frozen=True, slots=True)
class Gains:
    """What threads gained over a group of twins: the lowest and highest median."""

    bound: Bound
    calls: int
    lowest: float
    highest: float
    threads: int


def gains(findings: Sequence[Finding], twin: str, bound: Bound) -> Gains | None:
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
    return Gains(bound, len(medians), min(medians), max(medians), threads)
