"""Who waits for whom, of looks made up: deadlocks are named, and nothing else is."""

from dataclasses import replace

import pytest

from lab.records.thread_dump import DumpedThread, ThreadDump
from lab.records.trace import ThreadTrace, Trace
from lab.verdicts.hang import Hang, explain

A, B, C = 1, 2, 3
# A holds the GIL and waits for a lock of B's.
LOCK = DumpedThread("A", A, call="futex", arguments=(8, 128, 2), owner=B, switches=5)
WANTS = DumpedThread("B", B, call="futex", wants=True)
RUNS = DumpedThread("B", B)


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


def seen(
    *looks: tuple[DumpedThread, ...],
    holder: int = A,
    holds: float = 1.0,
    tasks: tuple[int, ...] = (),
    stopped: str = "",
) -> Hang:
    return explain(
        [
            ThreadDump(at_s, holder, threads, tasks, stopped)
            for at_s, threads in enumerate(looks)
        ],
        trace(holds),
    )


def names(threads: tuple[DumpedThread, ...]) -> str:
    return "".join(one.name for one in threads)


def test_a_holder_that_waits_for_one_that_wants_the_gil_is_a_deadlock() -> None:
    hang = seen(*[(LOCK, WANTS)] * 3)
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
    hang = seen(*[(LOCK, middle, last)] * 3)
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
    "it runs": DumpedThread("A", A, switches=5),
}


@pytest.mark.parametrize("why", ALIVE)
def test_what_moves_is_no_deadlock(why: str) -> None:
    hang = seen((LOCK, WANTS), (LOCK, WANTS), (ALIVE[why], WANTS))
    assert not hang.cycle
    assert not hang.stuck
    assert hang.holder == ALIVE[why]  # for it held all the time


def test_a_lock_whose_owner_is_not_known_is_no_deadlock() -> None:
    unknown = replace(LOCK, owner=0)
    hang = seen(*[(unknown, WANTS)] * 3)
    assert not hang.cycle
    assert hang.stuck
    assert names(hang.wants) == "B"


def test_an_owner_that_does_not_want_the_gil_is_no_deadlock() -> None:
    sleeps = DumpedThread("B", B, call="clock_nanosleep")
    hang = seen(*[(LOCK, sleeps)] * 3)
    assert not hang.cycle
    assert names(hang.others) == "B"


def test_an_owner_that_is_no_thread_of_pythons_is_no_deadlock() -> None:
    assert not seen(*[(LOCK,)] * 3).cycle


def test_who_wants_the_gil_at_the_last_look_may_have_freed_the_lock_before() -> None:
    # Threads are looked at one by one: A was, and then B released it.
    for looks in (
        [(LOCK, WANTS), *[(LOCK, RUNS)] * 2],
        [*[(LOCK, RUNS)] * 2, (LOCK, WANTS)],
    ):
        assert not seen(*looks).cycle


# It waits for a condition, which nobody owns, but of which only threads of its process
# know.
PRIVATE = replace(LOCK, owner=0, private=True)


def test_who_can_be_woken_only_by_those_that_want_its_gil_is_in_a_deadlock() -> None:
    looks = [(PRIVATE, WANTS)] * 3
    assert names(seen(*looks, tasks=(A, B)).cycle) == "AB"
    # A third thread, of C, may wake it; and there may have been any if nobody told.
    assert not seen(*looks, tasks=(A, B, C)).cycle
    assert not seen(*looks).cycle
    assert not seen(*looks, tasks=(A,)).cycle
    for other in (replace(PRIVATE, private=False), replace(PRIVATE, timed=True)):
        assert not seen(*[(other, WANTS)] * 3, tasks=(A, B)).cycle
    assert not seen(
        (PRIVATE, WANTS), (PRIVATE, RUNS), (PRIVATE, WANTS), tasks=(A, B)
    ).cycle


def test_of_a_process_that_is_stopped_nothing_is_proven() -> None:
    told = seen(*[(PRIVATE, WANTS)] * 3, tasks=(A, B), stopped="by a signal")
    assert not told.cycle
    assert told.stopped == "by a signal"
    assert not seen((PRIVATE,), (PRIVATE,), tasks=(A,), stopped="by a signal").stranded


@pytest.mark.parametrize(
    "other",
    [
        replace(PRIVATE, native_id=B, timed=True),
        replace(PRIVATE, native_id=B, private=False),
        replace(WANTS, private=True),
        RUNS,
    ],
    ids=["a time limit", "others may wake it", "it wants the GIL", "it runs"],
)
def test_locks_that_nobody_is_left_to_free(other: DumpedThread) -> None:
    both = PRIVATE, replace(PRIVATE, native_id=B)
    assert seen(both, both, holder=0, tasks=(A, B)).stranded
    assert not seen(both, both, holder=0, tasks=(A, B, C)).stranded
    assert not seen(both, both, holder=0).stranded
    moved = PRIVATE, replace(PRIVATE, native_id=B, switches=6)
    assert not seen(both, moved, holder=0, tasks=(A, B)).stranded
    assert not seen(*[(PRIVATE, other)] * 2, holder=0, tasks=(A, B)).stranded


def test_who_holds_it_for_a_part_of_the_time_is_not_the_holder() -> None:
    free = replace(LOCK, switches=6)
    hang = seen((LOCK, WANTS), (free, WANTS), holds=0.5)
    assert hang.holder is None
    assert not hang.stuck
    assert names(hang.others) == "A"
    changed = [ThreadDump(0, A, (LOCK, WANTS)), ThreadDump(1, B, (LOCK, WANTS))]
    assert explain(changed, trace()).holder is None
