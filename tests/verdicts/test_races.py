"""Recorded runs keep their verdicts; made-up rounds meet every threshold."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from lab.records.race import Bound, Claim, Lap, Race, Share
from lab.records.results import ForeignFileError, load
from lab.records.series import Series
from lab.verdicts.finding import Finding, Judgement, Verdict
from lab.verdicts.races import judge
from lab.verdicts.run import contradicted, speedup_range
from lab.verdicts.series import judge_series
from tests.verdicts.made_races import MS, PARALLEL, SERIAL, TURNS, made, uncounted

RECORDS = Path(__file__).parents[1] / "data"


def _found(name: str) -> list[Finding]:
    return [judge(race) for race in load(RECORDS / f"{name}.json").races]


def _several(findings: Sequence[Finding]) -> list[Finding]:
    several = [finding for finding in findings if finding.race.threads > 1]
    assert several
    return several


def test_held() -> None:
    for finding in _several(_found("held")):
        assert finding.verdict is Verdict.NO_HELP
        assert finding.judgement is Judgement.AS_PREDICTED


def test_released() -> None:
    for finding in _several(_found("released")):
        memory = finding.race.bound is Bound.MEMORY
        assert finding.verdict is (Verdict.PARALLEL if memory else Verdict.HELPS)
        assert finding.judgement is Judgement.AS_PREDICTED


@pytest.mark.parametrize("name", ["noisy", "starved", "one_core"])
def test_a_busy_machine_contradicts_nothing(name: str) -> None:
    for finding in _found(name):
        assert finding.judgement is not Judgement.CONTRADICTED
        if finding.verdict is Verdict.INCONCLUSIVE:
            assert finding.reason


def test_starved_compute_is_inconclusive() -> None:
    compute = [
        finding
        for finding in _several(_found("starved"))
        if finding.race.bound is Bound.COMPUTE
    ]
    assert compute
    for finding in compute:
        assert finding.verdict is Verdict.INCONCLUSIVE
        assert finding.reason.startswith("machine busy")


def test_one_core_tells_blocking_only() -> None:
    for finding in _several(_found("one_core")):
        if finding.race.bound is Bound.BLOCKING:
            assert finding.judgement is Judgement.AS_PREDICTED
        else:
            assert finding.reason == "one usable core"


def test_free_threaded_has_nothing_to_claim() -> None:
    findings = _several(_found("free_threaded"))
    assert all(finding.judgement is Judgement.NO_CLAIM for finding in findings)
    held = [finding for finding in findings if finding.race.twin == "held"]
    assert all(finding.verdict is Verdict.HELPS for finding in held)


def test_old_format_is_refused() -> None:
    with pytest.raises(ForeignFileError, match="run the bench again"):
        load(RECORDS / "old_format.json")


@pytest.mark.parametrize(
    ("race", "verdict", "judgement"),
    [
        (made(SERIAL), Verdict.NO_HELP, Judgement.CONTRADICTED),
        (made(SERIAL, claim=Claim.NO_HELP), Verdict.NO_HELP, Judgement.AS_PREDICTED),
        (made(TURNS, claim=Claim.NO_HELP), Verdict.NO_HELP, Judgement.AS_PREDICTED),
        (made(PARALLEL), Verdict.HELPS, Judgement.AS_PREDICTED),
        (made(PARALLEL, claim=Claim.NO_HELP), Verdict.HELPS, Judgement.CONTRADICTED),
        (made(PARALLEL, gil=False), Verdict.HELPS, Judgement.NO_CLAIM),
        # Two cores in use that together gain a third: the processor's affair.
        (
            made([(0, 150, 150), (0, 150, 150)]),
            Verdict.HELPS,
            Judgement.AS_PREDICTED,
        ),
        # One core and a half in use: not what the cores allow.
        (
            made([(0, 150, 110), (0, 150, 110)]),
            Verdict.PARTLY,
            Judgement.INCONCLUSIVE,
        ),
        (
            made([(0, 150, 110), (0, 150, 110)], claim=Claim.HELPS_SOME),
            Verdict.PARTLY,
            Judgement.AS_PREDICTED,
        ),
        # Memory that one core saturates: in parallel, not faster.
        (
            made(
                [(0, 200, 200), (0, 200, 200)],
                bound=Bound.MEMORY,
                claim=Claim.HELPS_SOME,
            ),
            Verdict.PARALLEL,
            Judgement.AS_PREDICTED,
        ),
        (
            made(PARALLEL, bound=Bound.MEMORY, claim=Claim.NO_HELP),
            Verdict.PARALLEL,
            Judgement.CONTRADICTED,
        ),
        # So busy that what memory gives is open; that both ran is not.
        (
            made(PARALLEL, bound=Bound.MEMORY, claim=Claim.HELPS_SOME, starved_ms=100),
            Verdict.PARALLEL,
            Judgement.AS_PREDICTED,
        ),
        (
            made(SERIAL, bound=Bound.MEMORY, claim=Claim.HELPS_SOME, starved_ms=100),
            Verdict.INCONCLUSIVE,
            Judgement.INCONCLUSIVE,
        ),
        # One core in use, and nobody counted how long the threads waited for another.
        (uncounted(made(SERIAL)), Verdict.INCONCLUSIVE, Judgement.INCONCLUSIVE),
        (
            uncounted(made(SERIAL, claim=Claim.NO_HELP)),
            Verdict.NO_HELP,
            Judgement.AS_PREDICTED,
        ),
        # A held kernel that looks faster because its reference was slow.
        (
            made(SERIAL, reference=(0, 143, 143), claim=Claim.NO_HELP),
            Verdict.INCONCLUSIVE,
            Judgement.INCONCLUSIVE,
        ),
        # More than two threads can gain: so did the reference lose it.
        (
            made(PARALLEL, reference=(0, 150, 150), claim=Claim.NO_HELP),
            Verdict.INCONCLUSIVE,
            Judgement.INCONCLUSIVE,
        ),
        # Two released threads that shared one core with strangers.
        (made(TURNS, starved_ms=100), Verdict.INCONCLUSIVE, Judgement.INCONCLUSIVE),
        # References that got half a core.
        (
            made(SERIAL, reference=(0, 100, 50)),
            Verdict.INCONCLUSIVE,
            Judgement.INCONCLUSIVE,
        ),
        (made(SERIAL, rounds=3), Verdict.INCONCLUSIVE, Judgement.INCONCLUSIVE),
        (made(SERIAL, cores=1.0), Verdict.INCONCLUSIVE, Judgement.INCONCLUSIVE),
        (made(SERIAL[:1]), Verdict.SINGLE, Judgement.NO_CLAIM),
    ],
)
def test_compute(race: Race, verdict: Verdict, judgement: Judgement) -> None:
    finding = judge(race)
    assert (finding.verdict, finding.judgement) == (verdict, judgement)


QUEUE = [(100 * n, 100 * n + 100, 0) for n in range(4)]
ABREAST = [(n, n + 100, 0) for n in range(4)]
PAIRS = [(100 * (n // 2), 100 * (n // 2) + 100, 0) for n in range(4)]


@pytest.mark.parametrize(
    ("race", "verdict", "judgement"),
    [
        (made(QUEUE), Verdict.NO_HELP, Judgement.CONTRADICTED),
        (made(QUEUE, claim=Claim.NO_HELP), Verdict.NO_HELP, Judgement.AS_PREDICTED),
        (made(ABREAST), Verdict.HELPS, Judgement.AS_PREDICTED),
        (made(ABREAST, cores=1.0), Verdict.HELPS, Judgement.AS_PREDICTED),
        (made(ABREAST, claim=Claim.NO_HELP), Verdict.HELPS, Judgement.CONTRADICTED),
        (made(PAIRS), Verdict.PARTLY, Judgement.INCONCLUSIVE),
        # Answers that lay ready: nothing blocked, so nothing is known.
        (
            made(ABREAST, delay_s=0.2),
            Verdict.INCONCLUSIVE,
            Judgement.INCONCLUSIVE,
        ),
        # One after the other, with a reference that came late.
        (
            made(QUEUE, reference=(0, 200, 0), claim=Claim.NO_HELP),
            Verdict.INCONCLUSIVE,
            Judgement.INCONCLUSIVE,
        ),
        (
            made(ABREAST, reference=(0, 200, 0)),
            Verdict.INCONCLUSIVE,
            Judgement.INCONCLUSIVE,
        ),
        (made(QUEUE, rounds=1), Verdict.INCONCLUSIVE, Judgement.INCONCLUSIVE),
        # Nobody was in it beside another: perhaps as they had no core.
        (made(QUEUE, starved_ms=50), Verdict.INCONCLUSIVE, Judgement.INCONCLUSIVE),
        (uncounted(made(QUEUE)), Verdict.INCONCLUSIVE, Judgement.INCONCLUSIVE),
        (
            made(QUEUE, starved_ms=50, claim=Claim.NO_HELP),
            Verdict.NO_HELP,
            Judgement.AS_PREDICTED,
        ),
        (made(ABREAST, starved_ms=50), Verdict.HELPS, Judgement.AS_PREDICTED),
    ],
)
def test_blocking(race: Race, verdict: Verdict, judgement: Judgement) -> None:
    finding = judge(replace(race, bound=Bound.BLOCKING))
    assert (finding.verdict, finding.judgement) == (verdict, judgement)


def test_figures() -> None:
    finding = judge(made([(0, 150, 150), (50, 200, 150)]))
    assert finding.speedup is not None
    assert finding.speedup.median == 1.0
    assert finding.cores == 1.5
    assert finding.overlap == 2
    assert finding.limit == 2
    assert finding.time_s.median == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("race", "judgement", "under"),
    [
        (made(PARALLEL, shares=(Share(1.0, 0.0),)), Judgement.AS_PREDICTED, False),
        (made(PARALLEL, shares=(Share(0.5, 0.01),)), Judgement.AS_PREDICTED, False),
        (made(PARALLEL, shares=(Share(0.0, 0.01),)), Judgement.CONTRADICTED, False),
        # Above the middle of a wide interval, below its end: not contradicted.
        (made(PARALLEL, shares=(Share(0.3, 0.2),)), Judgement.AS_PREDICTED, False),
        (made(SERIAL, shares=(Share(0.5, 0.01),)), Judgement.AS_PREDICTED, True),
        (made(SERIAL, shares=(Share(0.0, 0.0),)), Judgement.AS_PREDICTED, False),
        (
            made(PARALLEL, shares=(Share(0.0, 0.0),), cores=1.0),
            Judgement.INCONCLUSIVE,
            False,
        ),
    ],
)
def test_ceiling(race: Race, judgement: Judgement, under: bool) -> None:
    ceiling = judge(race).ceiling
    assert ceiling is not None
    assert (ceiling.judgement, ceiling.under) == (judgement, under)
    assert ceiling.line <= judge(race).limit


def test_no_share_no_ceiling() -> None:
    assert judge(made(PARALLEL)).ceiling is None


def test_up_to_the_ceiling() -> None:
    partly = made([(0, 190, 115), (0, 190, 115)], claim=Claim.TO_CEILING)
    assert judge(partly).verdict is Verdict.NO_HELP  # the handing over eats it
    assert judge(partly).judgement is Judgement.AS_PREDICTED


def test_contradicted() -> None:
    good = judge(made(PARALLEL))
    assert not contradicted([good])
    assert contradicted([good, judge(made(SERIAL))])
    assert contradicted([judge(made(PARALLEL, shares=(Share(0.0, 0.01),)))])
    assert contradicted(
        [judge_series(Series("e", "s", "c", "x", (9.0,) * 5, at_most=1))]
    )


def test_gains() -> None:
    findings = [judge(made(PARALLEL, twin="released")), judge(made(SERIAL[:1]))]
    group = speedup_range(findings, "released", Bound.COMPUTE)
    assert group is not None
    assert (group.calls, group.threads) == (1, 2)
    assert group.lowest == group.highest == pytest.approx(200 / 101)
    assert speedup_range(findings, "held", Bound.COMPUTE) is None
    assert speedup_range(findings, "released", Bound.BLOCKING) is None


def test_a_single_call_that_was_slowed_alone_is_set_aside() -> None:
    race = made(SERIAL, claim=Claim.NO_HELP, rounds=10)
    reference = Lap(0, 150 * MS, 150 * MS, 0)
    slowed = replace(race.rounds[0], reference=reference)
    finding = judge(replace(race, rounds=(slowed, *race.rounds)))
    assert finding.verdict is Verdict.NO_HELP
    assert finding.speedup is not None
    assert finding.speedup.high == pytest.approx(1)
    only = judge(replace(race, rounds=(slowed,) * 10))
    assert only.verdict is Verdict.INCONCLUSIVE
    assert only.reason == "machine busy: 0 of 10 rounds usable"
