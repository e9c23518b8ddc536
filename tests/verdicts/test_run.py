"""A run as a whole: the worst of its claims, and what wants more values."""

from dataclasses import replace

import pytest

from lab.records.statistics import Ends, Estimate
from lab.verdicts.finding import Judgement, Verdict
from lab.verdicts.run import (
    KERNELS,
    at_the_most_threads,
    contradicted,
    experiments,
    kernels,
    open_races,
    overall,
    says_nothing,
    speedup_range,
    wanting,
    worst,
)
from tests.printed import found

ORDER = (
    Judgement.NO_CLAIM,
    Judgement.AS_PREDICTED,
    Judgement.INCONCLUSIVE,
    Judgement.CONTRADICTED,
)


def test_the_worst_decides() -> None:
    one = found("whole").series[0]
    for place, judgement in enumerate(ORDER):
        some = [replace(one, judgement=each) for each in ORDER[: place + 1]]
        assert worst(some) is judgement
        assert contradicted(some) == (judgement is Judgement.CONTRADICTED)
    assert worst([]) is Judgement.NO_CLAIM


def test_a_speedup_above_its_ceiling_contradicts_whatever_is_claimed() -> None:
    race = next(one for one in found("whole").findings if one.ceiling)
    assert race.ceiling is not None
    above = replace(race.ceiling, judgement=Judgement.CONTRADICTED)
    assert overall(replace(race, ceiling=above)) is Judgement.CONTRADICTED
    assert overall(race) is race.judgement


@pytest.mark.parametrize(
    ("unit", "low", "high", "judgement", "nothing"),
    [
        ("s", 1.0, 9.0, Judgement.NO_CLAIM, False),
        ("s", 1.0, 11.0, Judgement.NO_CLAIM, True),
        ("s", -1.0, 1.0, Judgement.NO_CLAIM, True),
        ("s", 1.0, 11.0, Judgement.AS_PREDICTED, False),
        ("", 0.0, 0.4, Judgement.NO_CLAIM, False),
        ("", 0.0, 0.6, Judgement.NO_CLAIM, True),
    ],
)
def test_an_interval_that_says_nothing(
    unit: str, low: float, high: float, judgement: Judgement, nothing: bool
) -> None:
    one = found("whole").series[0]
    wide = Estimate((low + high) / 2, low, high, Ends.INTERVAL, 6)
    series = replace(one.series, unit=unit)
    finding = replace(one, series=series, estimate=wide, judgement=judgement)
    assert says_nothing(finding) is nothing


def test_each_race_is_of_the_kernels_or_of_an_experiment() -> None:
    it = found("whole")
    of_kernels = [one for each in kernels(it).values() for one in each]
    assert of_kernels
    assert {one.race.experiment for one in of_kernels} == {KERNELS}
    others = experiments(it)
    assert [one.name for one in others] == sorted({one.name for one in others})
    assert sum(len(one.series) for one in others) == len(it.series)
    for one in others:
        assert one.claims + one.count(Judgement.NO_CLAIM) == len(one.findings)
        assert one.judgement is worst(one.findings)


def test_of_each_kernel_the_most_threads_and_none_alone() -> None:
    it = found("whole")
    chosen = at_the_most_threads(it.findings)
    for one in it.findings:
        same = [each for each in it.findings if each.race.kernel == one.race.kernel]
        most = max(each.race.threads for each in same)
        assert (one in chosen) == (one.race.threads == most >= 2)


def test_what_is_open_is_listed_by_the_reason_before_its_colon() -> None:
    it = found("whole")
    first, second, *_ = it.findings
    races = [
        replace(first, judgement=Judgement.INCONCLUSIVE, reason="machine busy: 1 of 2"),
        replace(second, verdict=Verdict.INCONCLUSIVE, reason="machine busy: 2 of 3"),
    ]
    assert list(open_races(races)) == ["machine busy"]
    assert len(open_races(races)["machine busy"]) == 2


def test_the_range_of_speedups_is_of_the_conclusive() -> None:
    it = found("whole")
    for twin in ("held", "released"):
        bounds = {one.race.bound for one in it.findings if one.race.twin == twin}
        for bound in bounds:
            group = speedup_range(it.findings, twin, bound)
            assert group is not None
            assert 0 < group.lowest <= group.highest
            assert group.threads >= 2
    assert speedup_range(it.findings, "none", bound) is None


def test_only_what_is_open_or_wide_wants_more() -> None:
    it = found("whole")
    line = next(one for one in it.run.series if one.at_most is not None)
    tight = replace(line, values=(1.0,) * 6, processes=(), at_most=2.0, at_least=None)
    run = replace(it.run, races=(), series=(tight,))
    assert wanting(run) == 0
    wide = replace(tight, values=(0.5, 0.6, 0.9, 1.0, 1.2, 1.9))
    assert 0 < wanting(replace(run, series=(wide,))) < 1
    across = replace(tight, values=(0.5, 0.6, 0.9, 1.0, 1.2, 5.0))
    assert wanting(replace(run, series=(across, wide))) > 1
