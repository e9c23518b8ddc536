"""Verdicts on simulated records of machines from 1 to 64 cores."""

import pytest

from lab.records.race import Bound
from lab.records.results import load
from lab.records.statistics import Ends
from lab.verdicts.finding import Finding, Judgement, Verdict
from lab.verdicts.races import IN_PARALLEL, judge
from tests.simulate import MACHINES, Simulated, content, path


def _found(name: str) -> dict[tuple[Bound, str], Finding]:
    machine = next(one for one in MACHINES if one.name == name)
    found = [judge(race) for race in load(path(machine)).races]
    return {(one.race.bound, one.race.twin): one for one in found}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: one.name)
def test_fixtures_are_what_the_simulation_writes(machine: Simulated) -> None:
    assert path(machine).read_text() == content(machine)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda one: one.name)
def test_nothing_is_contradicted_anywhere(machine: Simulated) -> None:
    for found in _found(machine.name).values():
        assert found.judgement is not Judgement.CONTRADICTED
        assert found.ceiling is not None
        assert found.ceiling.judgement is not Judgement.CONTRADICTED
        assert found.speedup is not None
        assert found.speedup.kind is Ends.INTERVAL


@pytest.mark.parametrize(
    "name", ["2_cores", "4_cores", "16_cores", "64_cores", "smt", "big_and_small"]
)
def test_enough_cores_settle_everything(name: str) -> None:
    found = _found(name)
    for bound in Bound:
        assert found[bound, "held"].verdict is Verdict.NO_HELP
        assert found[bound, "held"].judgement is Judgement.AS_PREDICTED
        assert found[bound, "released"].judgement is Judgement.AS_PREDICTED
    assert found[Bound.COMPUTE, "released"].verdict is Verdict.HELPS
    assert found[Bound.BLOCKING, "released"].verdict is Verdict.HELPS
    assert found[Bound.MEMORY, "released"].verdict is Verdict.PARALLEL


@pytest.mark.parametrize("name", ["1_core", "quota"])
def test_too_few_cores_settle_blocking_only(name: str) -> None:
    found = _found(name)
    for (bound, twin), one in found.items():
        if bound is Bound.BLOCKING:
            assert one.judgement is Judgement.AS_PREDICTED
        else:
            assert one.verdict is Verdict.INCONCLUSIVE, twin
    reasons = {"1_core": "one usable core", "quota": "only 1.5 usable cores"}
    assert found[Bound.COMPUTE, "released"].reason == reasons[name]


@pytest.mark.parametrize("name", ["64_cores", "smt", "big_and_small"])
def test_slower_together_than_alone_is_said(name: str) -> None:
    """Parallel is a matter of the lock; what the cores give, of the processor."""
    assert _found(name)[Bound.COMPUTE, "released"].reason == IN_PARALLEL


def test_memory_says_what_it_gives() -> None:
    assert _found("64_cores")[Bound.MEMORY, "released"].reason.startswith(
        "memory gives"
    )
