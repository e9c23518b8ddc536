"""What an experiment did not see contradicts nothing, and confirms nothing."""

import pytest

from experiments import test_caution, test_deadlock, test_interpreter
from lab.constructions import shared_data
from lab.constructions.deadlock import Trial
from lab.constructions.speedup import cores_wanted
from lab.records.machine import gil_enabled
from lab.records.race import Lap
from lab.records.series import Series
from lab.verdicts.finding import Judgement
from lab.verdicts.series import judge_series

ENDED, STUCK = Trial(True), Trial(False, "read()", "sign.acquire()")
with_gil = pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to hold")


def _judged(found: list[Series]) -> dict[str, Judgement]:
    return {one.subject: judge_series(one).judgement for one in found}


def _deadlock(
    held: Trial, released: Trial, monkeypatch: pytest.MonkeyPatch
) -> set[Judgement]:
    monkeypatch.setattr(
        test_deadlock, "trials", lambda twins: [held, released] * (len(twins) // 2)
    )
    return set(_judged(list(test_deadlock._measure())).values())


@with_gil
def test_a_deadlock_as_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _deadlock(STUCK, ENDED, monkeypatch) == {Judgement.AS_PREDICTED}


@with_gil
@pytest.mark.parametrize(
    "held",
    [
        Trial(False),  # no place was found
        Trial(False, "", "sign.acquire()"),
        Trial(False, "read()", ""),
        Trial(False, "sign.release()", "sign.acquire()"),  # stood still before
    ],
)
def test_where_threads_stood_is_not_known(
    held: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Trial(False, "read()", "time.sleep(PAUSE_S)")
    assert _deadlock(held, slow, monkeypatch) == {Judgement.INCONCLUSIVE}


@with_gil
def test_a_writer_beside_a_held_read_contradicts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    further = Trial(False, "read()", "time.sleep(PAUSE_S)")
    assert Judgement.CONTRADICTED in _deadlock(further, ENDED, monkeypatch)


def test_threads_that_never_met_lost_nothing_and_show_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apart = (Lap(0, 10, 10, 0), Lap(10, 20, 10, 0))
    monkeypatch.setattr(test_caution, "_increased", lambda *_: apart)
    monkeypatch.setattr(test_caution, "ATTEMPTS", 2)
    assert test_caution._together(shared_data.atomic_released) is None
    monkeypatch.setattr(
        test_caution, "_increased", lambda *_: (Lap(0, 10, 1, 0), Lap(9, 20, 1, 0))
    )
    assert (
        test_caution._together(shared_data.atomic_released) == 1.0
    )  # a counter that nobody increased


@with_gil
def test_one_core_in_use_where_there_is_one_shows_no_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_one_core = (Lap(0, 100, 50, 50), Lap(0, 100, 50, 50))
    monkeypatch.setattr(test_interpreter, "two", lambda _: on_one_core)
    assert cores_wanted(on_one_core) is None
    found: list[Series] = []
    test_interpreter.test_interpreter_cores(lambda measure: found.extend(measure()))  # type: ignore[arg-type]
    assert set(_judged(found).values()) == {Judgement.INCONCLUSIVE}
