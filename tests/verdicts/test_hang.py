"""Who waits for whom, of looks made up: deadlocks are named, and nothing else is."""

from dataclasses import replace

import pytest

from lab.records.look import Look, ThreadLook
from lab.records.trace import ThreadTrace, Trace
from lab.verdicts.hang import Hang, explain

A, B, C = 1, 2, 3
# A holds the GIL and waits for a lock of B's.
LOCK = ThreadLook("A", A, call="futex", arguments=(8, 128, 2), owner=B, switches=5)
WANTS = ThreadLook("B", B, call="futex", wants=True)
RUNS = ThreadLook("B", B)


def trace(holds: float = 1.0) -> Trace:
    one = ThreadTrace("A", A, 0, 1, holds, 0, 1 - holds, 0, 1)
    return Trace(
        python="3.14.0",
        duration_s=1,
        interval_s=1e-3,
        samples=1000,
        lost=0,
        gil_free=1 - holds,
        error=0,
        held=holds,
        runs_free=0,
        idle=1 - holds,
        threads=(one,),
        folded=0,
        segments=(),
        segments_start_s=0,
    )


def seen(*looks: tuple[ThreadLook, ...], holder: int = A, holds: float = 1.0) -> Hang:
    return explain(
        [Look(at_s, holder, threads) for at_s, threads in enumerate(looks)],
        trace(holds),
    )


def names(threads: tuple[ThreadLook, ...]) -> str:
    return "".join(one.name for one in threads)


def test_a_holder_that_waits_for_one_that_wants_the_gil_is_a_deadlock() -> None:
    hang = seen((LOCK, WANTS), (LOCK, WANTS))
    assert names(hang.cycle) == "AB"
    assert hang.holder == LOCK
    assert hang.stuck
    assert names(hang.wants) == "B"
    assert not hang.others


def test_who_wanted_the_gil_once_of_a_stuck_holder_still_does() -> None:
    # On a busy machine it has no core when looked at last.
    hang = seen((LOCK, RUNS), (LOCK, WANTS), (LOCK, RUNS))
    assert names(hang.cycle) == "AB"
    assert names(hang.wants) == "B"


def test_a_longer_way_back_is_one_too() -> None:
    middle = replace(LOCK, name="B", native_id=B, owner=C)
    last = replace(WANTS, name="C", native_id=C)
    hang = seen((LOCK, middle, last), (LOCK, middle, last))
    assert names(hang.cycle) == "ABC"


def test_locks_alone_are_one_without_the_gil() -> None:
    other = replace(LOCK, name="B", native_id=B, owner=A)
    hang = seen((LOCK, other), (LOCK, other), holder=0, holds=0.0)
    assert names(hang.cycle) == "AB"
    assert hang.holder is None


ALIVE = {
    "it has run meanwhile": replace(LOCK, switches=6),
    "it waits for another lock": replace(LOCK, arguments=(16, 128, 2)),
    "the lock has another owner": replace(LOCK, owner=C),
    "it is in another call": replace(LOCK, call="read"),
    "it runs": ThreadLook("A", A, switches=5),
}


@pytest.mark.parametrize("why", ALIVE)
def test_what_moves_is_no_deadlock(why: str) -> None:
    hang = seen((LOCK, WANTS), (ALIVE[why], WANTS))
    assert not hang.cycle
    assert not hang.stuck
    assert hang.holder == ALIVE[why]  # for it held all the time


def test_a_lock_whose_owner_is_not_known_is_no_deadlock() -> None:
    unknown = replace(LOCK, owner=0)
    hang = seen((unknown, WANTS), (unknown, WANTS))
    assert not hang.cycle
    assert hang.stuck
    assert names(hang.wants) == "B"


def test_an_owner_that_does_not_want_the_gil_is_no_deadlock() -> None:
    sleeps = ThreadLook("B", B, call="clock_nanosleep")
    hang = seen((LOCK, sleeps), (LOCK, sleeps))
    assert not hang.cycle
    assert names(hang.others) == "B"


def test_an_owner_that_is_no_thread_of_pythons_is_no_deadlock() -> None:
    assert not seen((LOCK,), (LOCK,)).cycle


def test_who_holds_it_for_a_part_of_the_time_is_not_the_holder() -> None:
    free = replace(LOCK, switches=6)
    hang = seen((LOCK, WANTS), (free, WANTS), holds=0.5)
    assert hang.holder is None
    assert not hang.stuck
    assert names(hang.others) == "A"
    changed = [Look(0, A, (LOCK, WANTS)), Look(1, B, (LOCK, WANTS))]
    assert explain(changed, trace()).holder is None
