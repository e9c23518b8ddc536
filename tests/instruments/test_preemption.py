"""Where within a call others get in: on made-up knocks, and on calls that are known."""

import ctypes
import gc
import json
import sys
from collections.abc import Callable, Iterator

import pytest

from lab import kernels
from lab.instruments.knocker import Knock
from lab.instruments.observation import LONG_S, SHORT_S
from lab.instruments.preemption import (
    Entries,
    StampedCall,
    blurred,
    entries,
    longest_stretch_s,
    preempted,
)
from lab.instruments.probe import probe
from lab.records.machine import gil_enabled

US, MS = 1_000, 1_000_000


def _calls(count: int, long_ns: int, on_core: float = 1.0) -> list[StampedCall]:
    """One after the other, each so long."""
    cpu_ns = round(long_ns * on_core)
    return [
        StampedCall(n * long_ns, n * cpu_ns, (n + 1) * long_ns, (n + 1) * cpu_ns)
        for n in range(count)
    ]


def _knock(got_ns: int, wait_ns: int, interval_s: float = SHORT_S) -> Knock:
    return Knock(got_ns - wait_ns, got_ns, interval_s, got_ns - wait_ns, got_ns)


def _at(parts: list[float], long_ns: int = 10 * MS) -> Entries:
    """A knock in each call, let in after this part of it; it waited an interval."""
    knocks = [
        _knock(round((n + part) * long_ns), round(SHORT_S * 1e9) + US)
        for n, part in enumerate(parts)
    ]
    return entries(knocks, _calls(len(parts), long_ns))


def _told(found: Entries) -> bool | None:
    return preempted(found, LONG_S, stamped=True)


def test_all_over_a_call_is_bytecode() -> None:
    assert _told(_at([n / 20 for n in range(20)])) is True
    assert _told(_at([0.5] * 20)) is True
    assert _told(_at([0.5])) is None


def test_at_the_edges_alone_is_not() -> None:
    assert _told(_at([0.001, 0.999] * 50)) is False
    assert _told(_at([0.001, 0.999] * 5)) is None
    # Now and then one that the machine carried over an edge.
    assert _told(_at([0.001] * 99 + [0.5])) is False


def test_one_who_waits_through_a_long_call_says_it_all() -> None:
    call = _calls(1, 1000 * MS)
    late = _knock(1001 * MS, 990 * MS)
    assert _told(entries([late], call)) is False
    assert _told(entries([_knock(1001 * MS, 20 * MS)], call)) is None
    assert _told(entries([], call)) is None


def test_who_gets_in_between_two_runs_does_not_get_in() -> None:
    found = entries([_knock(15 * MS, 2 * MS)], [*_calls(1, 10 * MS)])
    assert not found.knocks
    assert found.stalls_ns == [10 * MS - 13 * MS - MS]


def test_a_release_is_no_bytecode() -> None:
    def knocks(wait_ns: int) -> Entries:
        got = [_knock((25 * n + 23) * MS, wait_ns, LONG_S) for n in range(20)]
        return entries(got, _calls(50, 10 * MS))

    assert _told(knocks(5 * MS)) is False  # long before the interval was over
    assert _told(knocks(20 * MS)) is True


def test_without_stamps_only_that_nobody_gets_in_is_told() -> None:
    calls = _calls(1, 1000 * MS)
    inside = entries([_knock(500 * MS, 2 * MS)] * 50, calls)
    assert preempted(inside, LONG_S, stamped=False) is None
    outside = entries([_knock(1001 * MS, 900 * MS)], calls)
    assert preempted(outside, LONG_S, stamped=False) is False


def test_calls_as_short_as_a_switch_are_not_told() -> None:
    """Letting somebody in makes a call of 20 us one of 40."""
    calls, knocks, begin_ns = [], [], 0
    for n in range(200):
        long_ns = 40 * US if n % 2 else 20 * US
        end_ns = begin_ns + long_ns
        calls.append(StampedCall(begin_ns, begin_ns, end_ns, end_ns))
        if n % 2:
            knocks.append(_knock(end_ns - 2 * US, 2 * MS))
        begin_ns = end_ns
    found = entries(knocks, calls)
    assert blurred(found)
    assert _told(found) is None


def test_calls_that_sleep_go_by_the_wall() -> None:
    calls = _calls(20, 10 * MS, on_core=0.001)
    ends = [_knock((n + 1) * 10 * MS - US, 8 * MS) for n in range(20)]
    assert entries(ends, calls).sleeping
    assert _told(entries(ends, calls)) is False  # each waited, and none between
    thrice = [
        _knock(n * 10 * MS + at * MS, 2 * MS) for n in range(20) for at in (2, 5, 8)
    ]
    assert _told(entries(thrice, calls)) is True
    middle = [_knock(n * 10 * MS + 5 * MS, 2 * MS) for n in range(20)]
    assert _told(entries(middle, calls)) is None  # or was it late to wake up?


def test_who_had_no_core_did_not_sleep() -> None:
    calls = _calls(20, 10 * MS, on_core=0.05)
    starved_ns = round(0.95 * 20 * 10 * MS)
    assert entries([], calls).sleeping
    assert not entries([], calls, starved_ns).sleeping
    asleep = _calls(20, 10 * MS, on_core=0.001)
    assert entries([], asleep, starved_ns).sleeping


def test_the_longest_stretch() -> None:
    calls = _calls(1, 1000 * MS)
    # Waiters that came at random into stretches of 10 ms.
    over = [_knock(20 * n * MS, round(MS + n / 50 * 10 * MS)) for n in range(1, 50)]
    assert longest_stretch_s(entries(over, calls)) == pytest.approx(0.01, rel=0.1)
    prompt = [_knock(20 * n * MS, MS + 100 * US) for n in range(1, 50)]
    assert longest_stretch_s(entries(prompt, calls)) == 0
    assert longest_stretch_s(entries([], calls)) == 0


TEXT = json.dumps([[n] for n in range(50_000)])
NUMBER = (1 << 80_000) - 1


def _count(n: int) -> int:
    total = 0
    for value in range(n):
        total += value
    return total


def _loop(times: int, start: int) -> None:
    for _ in range(times):
        kernels.collatz_held(start)


def _around(n: int) -> list[int]:
    start = n + 1
    steps = kernels.collatz_held(start)
    return [steps]


# Some 0.2 ms to 0.5 s on a processor of its time; none depends on how long exactly.
KNOWN: dict[str, tuple[Callable[[], object], bool]] = {
    "lambda around an operator": (lambda: NUMBER * NUMBER, False),
    "lambda around a call": (lambda: kernels.collatz_held(20_000), False),
    "function around a call": (lambda: _around(200_000), False),
    "lambda around a long call": (lambda: kernels.collatz_held(4_000_000), False),
    "lambda around a call with a large result": (lambda: json.loads(TEXT), False),
    "lambda around a sleep": (lambda: ctypes.PyDLL(None).usleep(50_000), False),
    "short bytecode": (lambda: _count(20_000), True),
    "bytecode": (lambda: _count(500_000), True),
    "long bytecode": (lambda: _count(20_000_000), True),
    "loop of calls": (lambda: _loop(20, 10_000), True),
    "long loop of calls": (lambda: _loop(400, 10_000), True),
}


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No garbage collection: it may call Python functions, as hypothesis has it do to
    time it, and then there is bytecode in the middle of a call of C."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.slow
@pytest.mark.skipif(not gil_enabled(), reason="there is no GIL to wait for")
@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("name", KNOWN)
def test_known_calls(name: str) -> None:
    """None is no answer, but never a wrong one; a busy machine may give it once."""
    call, truth = KNOWN[name]
    for _ in range(3):
        found = probe(call)
        assert found.preemptible in (truth, None)
        if found.preemptible is not None:
            break
    assert found.preemptible is truth
    if not truth:
        return
    assert found.longest_hold >= min(found.duration, sys.getswitchinterval())
    assert found.longest_hold <= found.duration
