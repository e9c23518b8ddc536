"""A run as a whole: what threads gained, and whether anything is contradicted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lab.records.harmless import Harmless
from lab.records.machine import TWO_CORES
from lab.records.race import Bound
from lab.records.run import Run
from lab.records.statistics import Estimate
from lab.verdicts.finding import Finding, Judgement, Verdict
from lab.verdicts.races import judge
from lab.verdicts.series import SeriesFinding, judge_series

# The file of experiments whose races are the catalogue's.
KERNELS = "kernels"
# A figure whose interval reaches over more than this factor has no order of magnitude;
# a share, which lies between 0 and 1 anyway, must also leave half of that open.
MAGNITUDE, HALF_OF_ALL = 10.0, 0.5
# Where half an interval is wider than this part of its figure, more rounds follow.
WIDE = 0.05


def overall(finding: Finding | SeriesFinding) -> Judgement:
    """Of the claim, and of the ceiling that a race keeps to or not."""
    ceiling = finding.ceiling if isinstance(finding, Finding) else None
    if ceiling is not None and ceiling.judgement is Judgement.CONTRADICTED:
        return Judgement.CONTRADICTED
    return finding.judgement


def worst(findings: Iterable[Finding | SeriesFinding]) -> Judgement:
    """Contradicted before inconclusive before as predicted, if anything is claimed."""
    found = {overall(finding) for finding in findings}
    order = (Judgement.CONTRADICTED, Judgement.INCONCLUSIVE, Judgement.AS_PREDICTED)
    return next((one for one in order if one in found), Judgement.NO_CLAIM)


def contradicted(findings: Iterable[Finding | SeriesFinding]) -> bool:
    """Whether anything contradicts its claim, or a speedup its ceiling."""
    return worst(findings) is Judgement.CONTRADICTED


def says_nothing(finding: SeriesFinding) -> bool:
    """Whether a figure's interval leaves open even its order of magnitude.

    Where a claim could be settled all the same, the interval did say something.
    """
    it = finding.estimate
    settled = finding.judgement in (Judgement.AS_PREDICTED, Judgement.CONTRADICTED)
    if it is None or it.low == it.high or settled:
        return False
    if it.modes:  # it says that there are two
        return False
    wide = it.low <= 0 or it.high > MAGNITUDE * it.low
    if finding.series.unit == "":
        return wide and it.high - it.low > HALF_OF_ALL
    return wide


@dataclass(frozen=True, slots=True)
class Judged(Harmless):
    """A run with the verdicts on all it holds: what renderers are given."""

    name: str
    """What it is called beside other runs."""
    run: Run
    """What was measured."""
    findings: tuple[Finding, ...]
    """On its races, in their order."""
    series: tuple[SeriesFinding, ...]
    """On its series, in their order."""

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
class SpeedupRange:
    """What threads gained over a group of twins: the lowest and highest median."""

    bound: Bound
    """What bounds these calls."""
    calls: int
    """How many calls there are."""
    lowest: float
    """The smallest median speedup of one of them."""
    highest: float
    """The largest."""
    threads: int
    """In how many threads they were raced."""


def speedup_range(
    findings: Sequence[Finding], twin: str, bound: Bound
) -> SpeedupRange | None:
    """The speedup of one twin over all kernels of one bound, at the most threads.

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
    return SpeedupRange(bound, len(medians), min(medians), max(medians), threads)


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that one file of experiments found: races, figures, or both."""

    name: str
    """That of the file, without test_."""
    races: tuple[Finding, ...]
    """On its races."""
    series: tuple[SeriesFinding, ...]
    """On its figures."""

    @property
    def findings(self) -> tuple[Finding | SeriesFinding, ...]:
        """Both."""
        return (*self.races, *self.series)

    @property
    def judgement(self) -> Judgement:
        """The worst of its claims."""
        return worst(self.findings)

    def count(self, judgement: Judgement) -> int:
        """How many of its claims were judged so."""
        return sum(overall(finding) is judgement for finding in self.findings)

    @property
    def claims(self) -> int:
        """How many there are."""
        return len(self.findings) - self.count(Judgement.NO_CLAIM)


def experiments(it: Judged) -> tuple[Experiment, ...]:
    """The experiments of a run by name, apart from the catalogue's kernels."""
    names = {found.series.experiment for found in it.series}
    names |= {found.race.experiment for found in it.findings}
    return tuple(
        Experiment(
            name,
            tuple(found for found in it.findings if found.race.experiment == name),
            tuple(found for found in it.series if found.series.experiment == name),
        )
        for name in sorted(names - {KERNELS})
    )


def kernels(it: Judged) -> dict[str, list[Finding]]:
    """The catalogue's races at the most threads, two at least, by kernel."""
    found: dict[str, list[Finding]] = {}
    for finding in at_the_most_threads(it.findings):
        if finding.race.experiment == KERNELS:
            found.setdefault(finding.race.kernel, []).append(finding)
    return found


def at_the_most_threads(findings: Sequence[Finding]) -> list[Finding]:
    """Of each kernel the races in the most threads, two at least."""
    most: dict[str, int] = {}
    for finding in findings:
        race = finding.race
        most[race.kernel] = max(most.get(race.kernel, 2), race.threads)
    return [one for one in findings if one.race.threads == most[one.race.kernel]]


def open_races(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    """Races without an answer, by the reason: what stands before its colon."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        open_claim = finding.judgement is Judgement.INCONCLUSIVE
        if open_claim or finding.verdict is Verdict.INCONCLUSIVE:
            found.setdefault(finding.reason.partition(":")[0], []).append(finding)
    return found


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
