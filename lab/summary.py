"""A run as a whole: what threads gained, and whether anything is contradicted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.intervals import Estimate
from lab.machine import TWO_CORES
from lab.records import Run
from lab.series_verdicts import SeriesFinding, judge_series
from lab.twins import Bound
from lab.verdicts import Finding, Judgement, Verdict, judge

# A half interval wider than this part of its figure is worth more rounds.
WIDE = 0.05


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


def wanting(run: Run) -> float:
    """How much the records of a run want more values: 0 if not at all.

    1 and more where a verdict is open that more values could settle; else how far an
    interval is wider than WIDE, below 1.
    """
    it = judged(run, "")
    races = [one for one in it.findings if one.speedup and one.limit >= TWO_CORES]
    claims = [one for one in it.series if one.judgement is not Judgement.NO_CLAIM]
    judgements = [one.judgement for one in races]
    judgements += [one.judgement for one in claims]
    estimates = [one.speedup for one in races] + [one.estimate for one in claims]
    few = sum(judgement is Judgement.INCONCLUSIVE for judgement in judgements)
    return few + max((_width(one) for one in estimates if one), default=0.0)


def _width(estimate: Estimate) -> float:
    if not estimate.median:
        return 0.0
    width = estimate.half_width / abs(estimate.median)
    return min(0.99, width) if width > WIDE else 0.0
