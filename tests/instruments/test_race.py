"""Threads, barrier, stamps: a race measures what it says."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from lab.calls.kernel import Call, Kernel, Twin, each
from lab.catalogue import catalogue
from lab.errors import UsageError
from lab.instruments.race import (
    ONE_THREAD,
    Crew,
    full_run,
    lap,
    measure,
    thread_counts,
    thread_override,
)
from lab.records.race import Bound, Claim
from lab.verdicts.finding import Verdict
from lab.verdicts.races import judge


def repeat(target: Callable[[], None], setup: Callable[[], None], rounds: int) -> None:
    for _ in range(rounds):
        setup()
        target()


def _kernel(function: Callable[[], object], bound: Bound = Bound.COMPUTE) -> Kernel:
    twin = Twin("held", "test", each(function, lambda: ()), Claim.NO_HELP)
    return Kernel("k", bound, (twin,), rounds=2, delay_s=0.01)


def test_nobody_begins_before_the_barrier() -> None:
    begun = threading.Event()
    with Crew([Call(begun.set)] * 3) as crew:
        assert not begun.wait(0.05)
        before_ns = time.monotonic_ns()
        crew.go()
        laps = crew.laps()
    assert len(laps) == 3
    assert all(one.enter_ns >= before_ns for one in laps)


def test_they_run_at_the_same_time() -> None:
    meeting = threading.Barrier(4)  # passes only with all four inside
    with Crew([Call(lambda: meeting.wait(timeout=60))] * 4) as crew:
        crew.go()
        crew.laps()


def test_never_let_go() -> None:
    called = threading.Event()
    with Crew([Call(called.set)] * 3):
        pass
    assert not called.is_set()


def test_errors_propagate() -> None:
    def fail() -> None:
        raise OSError("peer gone")

    with Crew([Call(fail)] * 2) as crew:
        crew.go()
        with pytest.raises(OSError, match="peer gone"):
            crew.laps()
    with pytest.raises(OSError, match="peer gone"):
        lap(Call(lambda: None, check=lambda value: fail()))


def test_each_round_has_its_reference() -> None:
    kernel = _kernel(lambda: time.sleep(0.01), Bound.BLOCKING)
    race = measure(kernel, kernel.twins[0], 3, repeat)
    assert [len(turn.laps) for turn in race.rounds] == [3, 3]
    for turn in race.rounds:
        assert turn.reference.leave_ns <= min(one.enter_ns for one in turn.laps)


def test_one_thread_is_its_own_reference() -> None:
    kernel = _kernel(lambda: None)
    race = measure(kernel, kernel.twins[0], 1, repeat)
    assert all(turn.laps == (turn.reference,) for turn in race.rounds)


def test_references_without_a_core_are_repeated() -> None:
    """A "compute" kernel that sleeps never gets its core."""
    kernel = _kernel(lambda: time.sleep(0.001))
    race = measure(kernel, kernel.twins[0], 2, repeat)
    assert race.dropped == 2 * 3  # rounds, each with all its repeats
    assert judge(race).verdict is Verdict.INCONCLUSIVE


def test_blocking_twins_by_overlap() -> None:
    """The whole way for the real thing: sleep through PyDLL and CDLL."""
    kernel = next(row for row in catalogue() if row.name == "libc.usleep")
    found = {
        twin.name: judge(measure(replace(kernel, rounds=2), twin, 4, repeat))
        for twin in kernel.twins
    }
    if found["held"].race.gil:
        assert found["held"].overlap == 1
        # Without the references, which come late on a busy machine, and tell nothing.
        rounds = [
            replace(turn, reference=min(turn.laps, key=lambda one: one.wall_ns))
            for turn in found["held"].race.rounds
        ]
        held = replace(found["held"].race, rounds=tuple(rounds))
        assert judge(held).verdict is Verdict.NO_HELP
    assert found["released"].overlap == 4


@pytest.mark.parametrize("text", ["0", "abc", "1,,2", "-1", "1.5", "257", ","])
def test_bad_threads(text: str) -> None:
    with pytest.raises(UsageError, match="THREADS"):
        thread_override({"THREADS": text})


def test_thread_counts() -> None:
    compute = next(row for row in catalogue() if row.bound is Bound.COMPUTE)
    blocking = next(row for row in catalogue() if row.bound is Bound.BLOCKING)
    assert thread_counts(compute, {})[0] == 2
    assert thread_counts(blocking, {}) == (blocking.threads,)
    for environment in ({ONE_THREAD: "1"}, {"FULL": "1"}):
        assert thread_counts(compute, environment)[:2] == (1, 2)
        assert thread_counts(blocking, environment) == (1, blocking.threads)
    assert thread_counts(blocking, {"THREADS": "4,2,4"}) == (4, 2)


def test_rounds_are_spread_over_processes() -> None:
    kernel = replace(_kernel(lambda: None), rounds=12)
    for processes, rounds in ((1, 12), (6, 2), (5, 3), (20, 1)):
        race = measure(kernel, kernel.twins[0], 1, repeat, processes=processes)
        assert len(race.rounds) == rounds


def test_full() -> None:
    assert full_run({"FULL": "1"})
    assert not full_run({})
    assert not full_run({"FULL": "0"})
