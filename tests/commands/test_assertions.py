"""When the plug-in stops calling, on machines played by a clock."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lab.commands import assertions
from lab.commands.assertions import MOST_S, watched_call
from lab.records.watched import Watched
from lab.verdicts.promises import Kind, Outcome, Promise

RELEASED = Promise(Kind.RELEASED, 0.9)


class Machine:
    """Where calls of own_s take so many times as long; error: of what they show; free:
    what they show, the last of them from then on."""

    def __init__(
        self,
        own_s: float,
        slowdown: float,
        error: float,
        free: tuple[float, ...] = (1,),
    ) -> None:
        self.now_s = 0.0
        self.watched: list[int] = []
        self._own_s, self._slowdown, self._error = own_s, slowdown, error
        self._free = free

    def monotonic(self) -> float:
        return self.now_s

    def watch(self, target: Any, times: int, *, witness: bool = True) -> Watched:
        own_s = times * self._own_s
        wall_s = own_s * self._slowdown
        free = self._free[min(len(self.watched), len(self._free) - 1)]
        self.watched.append(times)
        self.now_s += wall_s + 0.05
        return Watched(
            wall_s=wall_s,
            starved_s=wall_s - own_s,
            held_s=own_s * (1 - free),
            free_s=wall_s - own_s * (1 - free),
            unknown_s=0.0,
            error_s=self._error * own_s,
            samples=100,
            cpu_s=own_s,
        )


def played(monkeypatch: pytest.MonkeyPatch, machine: Machine) -> Any:
    monkeypatch.setattr(assertions, "_watched", machine.watch)
    clock = SimpleNamespace(monotonic=machine.monotonic)
    monkeypatch.setattr(assertions, "time", clock)
    return watched_call(RELEASED, len, ("",), {})


@pytest.mark.parametrize("own_s", [1e-4, 1e-3, 1e-2])
def test_it_ends_within_a_second_where_nothing_is_clear(
    monkeypatch: pytest.MonkeyPatch, own_s: float
) -> None:
    machine = Machine(own_s, slowdown=20, error=1.0)
    finding = played(monkeypatch, machine)
    assert finding.outcome is Outcome.OPEN
    assert "too busy" in finding.reason
    assert len(machine.watched) > 1
    assert machine.now_s <= MOST_S + 0.05


@pytest.mark.parametrize(
    ("error", "outcome"), [(0.0, Outcome.KEPT), (1.0, Outcome.OPEN)]
)
def test_a_long_call_on_a_busy_machine_is_made_once(
    monkeypatch: pytest.MonkeyPatch, error: float, outcome: Outcome
) -> None:
    machine = Machine(0.05, slowdown=20, error=error)
    finding = played(monkeypatch, machine)
    assert machine.watched == [1]
    assert finding.outcome is outcome


def test_a_slow_first_call_on_a_quiet_machine_is_not_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(0.2, slowdown=1, error=0.0)
    finding = played(monkeypatch, machine)
    assert len(machine.watched) == 2
    assert finding.outcome is Outcome.KEPT


@pytest.mark.parametrize("free", [(1, 0.1, 1), (1, 0.1, 0.99, 0.99)])
def test_what_is_seen_once_fails_no_test(
    monkeypatch: pytest.MonkeyPatch, free: tuple[float, ...]
) -> None:
    finding = played(monkeypatch, Machine(0.01, 1, error=0.01, free=free))
    assert finding.outcome is not Outcome.BROKEN
    finding = played(monkeypatch, Machine(0.01, 1, error=0.01, free=(0.1,)))
    assert finding.outcome is Outcome.BROKEN


@pytest.mark.parametrize(
    ("error", "outcome"), [(0.01, Outcome.OPEN), (0.0, Outcome.BROKEN)]
)
def test_a_call_made_once_on_a_busy_machine_fails_no_test_without_proof(
    monkeypatch: pytest.MonkeyPatch, error: float, outcome: Outcome
) -> None:
    machine = Machine(0.05, slowdown=1, error=error, free=(0.1,))
    monkeypatch.setattr(assertions, "MOST_S", 0.01)
    monkeypatch.setattr(assertions, "BUSY", 2)
    finding = played(monkeypatch, machine)
    assert machine.watched == [1]
    assert finding.outcome is outcome
    assert ("twice" in finding.reason) == (outcome is Outcome.OPEN)


class Kept(Machine):
    """Where a witness keeps the caller waiting for half of each call."""

    def watch(self, target: Any, times: int, *, witness: bool = True) -> Watched:
        found = super().watch(target, times, witness=witness)
        return replace(found, ours_s=found.own_s / 2 if witness else 0.0)


def test_what_a_witness_leaves_unknown_does_not_hide_what_is_seen_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Kept(0.01, 1, error=0.08, free=(0.99,))  # twice: 0.057 of both
    assert played(monkeypatch, machine).outcome is Outcome.KEPT
    assert machine.watched == [1, 1, 1, 1]
