"""Curves cross where they should, and races gain what the GIL lets them."""

import resource
import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from lab.calls.doses import mixed
from lab.constructions import speedup
from lab.constructions.claims import ONE_OR_TWO
from lab.instruments.race import Crew
from lab.records import race as records
from lab.records.machine import gil_enabled
from lab.records.race import Lap


@pytest.mark.parametrize(
    ("curve", "x"),
    [
        ({1.0: 0.0, 100.0: 2.0}, 10.0),
        ({1.0: 0.5, 10.0: 0.5, 1000.0: 1.5}, 100.0),
        ({1.0: 1.0, 10.0: 2.0}, 1.0),  # never below
        ({10.0: 2.0, 1.0: 0.0, 100.0: 0.0, 1000.0: 2.0}, 10**2.5),  # the last time
        ({1.0: 0.0, 10.0: 1.0}, 10.0),
    ],
)
def test_crossing(curve: dict[float, float], x: float) -> None:
    assert speedup.crossing(curve, 1.0) == pytest.approx(x)


@pytest.mark.parametrize("curve", [{}, {1.0: 0.5}, {1.0: 2.0, 10.0: 0.9}])
def test_no_crossing(curve: dict[float, float]) -> None:
    assert speedup.crossing(curve, 1.0) is None


def test_a_reference_has_a_core_or_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert speedup.reference(partial(threading.Event().wait, 0.02)) is None
    laps = [Lap(0, 100, cpu_ns, 0) for cpu_ns in (80, 95, 99)]
    monkeypatch.setattr(speedup, "lap", lambda _: laps.pop(0))
    assert speedup.reference(print) == Lap(0, 100, 95, 0)


def test_each_thread_makes_its_call() -> None:
    made: list[int] = []
    speedup.race_ns([partial(made.append, 1), partial(made.append, 2)])
    assert sorted(made) == [1, 2]


@pytest.mark.parametrize(
    ("references", "walls_ns", "gained"),
    [
        ([100], [150], 2.0),
        ([None, 100], [200], 1.5),  # without a reference there is no race
        ([100, 200], [None, 300], 2.0),  # each race has a reference of its own
        ([100, 100], [None, None], None),
        ([None, None], [], None),
    ],
)
def test_three_threads_gain(
    references: list[int | None],
    walls_ns: list[int | None],
    gained: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reference(run: Callable[[], object]) -> Lap | None:
        wall_ns = references.pop(0)
        return None if wall_ns is None else Lap(0, wall_ns, wall_ns, 0)

    monkeypatch.setattr(speedup, "reference", reference)
    monkeypatch.setattr(speedup, "race_ns", lambda *_: walls_ns.pop(0))
    assert speedup.speedup(print, [print] * 3) == gained
    assert not references
    assert not walls_ns


def test_what_a_call_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="hold: expected"):
        speedup.speedup(partial(mixed, -1, 0, 1), [])


LOCKED = (Lap(0, 100, 100, 0), Lap(60, 200, 100, 0))
FREE = (Lap(0, 100, 100, 0), Lap(5, 105, 100, 0))


@pytest.mark.parametrize(
    ("laps", "cores"),
    [
        (LOCKED, 1.0),  # 40 together, in which the second waited
        (FREE, 2.0),
        ((Lap(0, 100, 100, 0), Lap(0, 400, 400, 0)), 2.0),  # a slow core goes on alone
        ((Lap(0, 100, 100, 0), Lap(100, 200, 100, 0)), 1.0),  # one after the other
        ((Lap(0, 100, 100, 0), Lap(99, 199, 101, 0)), 1.0),  # the clocks' error
        ((Lap(0, 100, 50, 0), Lap(0, 100, 50, 0)), 1.0),
        ((Lap(0, 100, 50, 50), Lap(0, 100, 50, 50)), None),  # on one core
        ((Lap(0, 100, 100, 0), Lap(80, 180, 86, 14)), None),  # starved as they met
        ((Lap(0, 100, 50, None), Lap(0, 100, 50, 0)), None),  # nobody counts
        ((Lap(0, 100, 100, None), Lap(0, 100, 100, 0)), 2.0),
        ((Lap(0, 100, 90, 10), Lap(0, 100, 85, 15)), 1.75),  # starved, and yet
    ],
)
def test_cores_at_once(laps: tuple[Lap, ...], cores: float | None) -> None:
    found = speedup.cores_at_once(laps)
    assert found == (None if cores is None else pytest.approx(cores, abs=0.1))


@pytest.mark.parametrize(
    ("laps", "cores"),
    [
        ((Lap(0, 100, 100, 0), Lap(0, 100, 100, 0)), 2.0),
        ((Lap(0, 100, 50, 0), Lap(0, 100, 50, 0)), 1.0),
        ((Lap(0, 100, 30, 20), Lap(0, 100, 30, 20)), 0.6),  # at most one wanted a core
        ((Lap(0, 100, 50, 50), Lap(0, 100, 50, 50)), None),  # both wanted one
        ((Lap(0, 100, 50, None), Lap(0, 100, 50, 0)), None),  # nobody counts
        ((Lap(0, 100, 90, None), Lap(0, 100, 90, 0)), 1.8),
    ],
)
def test_cores_wanted(laps: tuple[Lap, ...], cores: float | None) -> None:
    assert speedup.cores_wanted(laps) == (
        None if cores is None else pytest.approx(cores)
    )


@pytest.mark.skipif(not gil_enabled(), reason="no GIL to hold here")
def test_held_calls_have_one_core_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raced: list[tuple[Lap, ...]] = []
    laps = Crew.laps

    def keep(crew: Crew) -> tuple[Lap, ...]:
        raced.append(laps(crew))
        return raced[-1]

    monkeypatch.setattr(Crew, "laps", keep)
    found = speedup.cores([partial(mixed, 10**7, 0, 1)] * 2)
    assert 1 <= len(raced) <= speedup.ATTEMPTS
    # However busy the machine, so much can be told.
    assert all(records.cores_in_use(each) < ONE_OR_TWO for each in raced)
    assert found == speedup.cores_at_once(raced[-1])


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ([(0.9, 0.3)], 0.9),  # on one side, whatever the error
        ([(0.1, 0.3)], 0.1),
        ([(0.6, 0.3), (0.8, 0.1)], 0.8),  # looked at for longer
        ([None, (0.6, 0.3)], None),
    ],
)
def test_a_free_part_is_on_one_side(
    seen: list[tuple[float, float] | None],
    told: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = iter(seen)
    monkeypatch.setattr(speedup, "gil_free", lambda *_, **__: next(looks))
    assert speedup.free_part(print, 0.01) == told


def test_sleeps_are_counted_by_thread() -> None:
    before = speedup.sleeps()
    for _ in range(3):
        time.sleep(0.001)
    after = speedup.sleeps()
    if hasattr(resource, "RUSAGE_THREAD"):
        assert before is not None
        assert after is not None
        assert after - before >= 3
    else:
        assert before is after is None
