"""Promises about the GIL: decided only where the whole interval is on one side."""

import pytest

from lab.records.watched import Hold
from lab.renderers.promises import text
from lab.verdicts.promises import Outcome, of_hold, watched_once
from tests.promised import HELD, LONGEST, RELEASED, seen


@pytest.mark.parametrize(
    ("held_s", "free_s", "released", "held"),
    [
        (0.0, 0.1, Outcome.KEPT, Outcome.BROKEN),
        (0.1, 0.0, Outcome.BROKEN, Outcome.KEPT),
        (0.05, 0.05, Outcome.BROKEN, Outcome.BROKEN),
        (0.01, 0.09, Outcome.OPEN, Outcome.BROKEN),
        (0.09, 0.01, Outcome.BROKEN, Outcome.OPEN),
    ],
)
def test_shares(held_s: float, free_s: float, released: Outcome, held: Outcome) -> None:
    assert watched_once(RELEASED, seen(held_s, free_s)).outcome is released
    assert watched_once(HELD, seen(held_s, free_s)).outcome is held


def test_a_wait_for_a_core_decides_nothing() -> None:
    """A call of 10 ms that had no core for 90 more: whatever state it waited in."""
    waiting = {"wall_s": 0.1, "starved_s": 0.09}
    assert watched_once(RELEASED, seen(0.05, 0.05, **waiting)).outcome is Outcome.OPEN
    assert watched_once(HELD, seen(0.05, 0.05, **waiting)).outcome is Outcome.OPEN
    none = {**waiting, "error_s": 0.0}
    assert watched_once(RELEASED, seen(0.0, 0.1, **none)).outcome is Outcome.KEPT
    assert watched_once(RELEASED, seen(0.1, 0.0, **none)).outcome is Outcome.BROKEN


def test_what_others_held_decides_nothing() -> None:
    busy = seen(0.001, 0.0, wall_s=0.1, unknown_s=0.099)
    for promise in (RELEASED, HELD):
        finding = watched_once(promise, busy)
        assert finding.outcome is Outcome.OPEN
        assert "other threads" in finding.reason


@pytest.mark.parametrize(
    ("low_s", "high_s", "outcome"),
    [
        (0.011, 0.013, Outcome.BROKEN),
        (0.007, 0.009, Outcome.KEPT),
        (0.009, 0.012, Outcome.OPEN),
    ],
)
def test_longest_hold(low_s: float, high_s: float, outcome: Outcome) -> None:
    held = seen(0.05, 0.05, holds=(Hold("worker", True, low_s, high_s),))
    finding = watched_once(LONGEST, held)
    assert finding.outcome is outcome
    assert finding.holder == "worker"
    assert "held by       worker" in text("it", finding)


def test_a_wait_for_a_core_beside_the_call_makes_it_no_shorter() -> None:
    """20 ms, of which none need have been a wait: longer than 10."""
    held = (Hold("MainThread", True, 0.0, 0.02),)
    waiting = {"wall_s": 0.02, "starved_s": 0.015, "holds": held}
    assert of_hold(0.01, seen(0.02, 0.0, **waiting)) is Outcome.OPEN
    inside = {**waiting, "least_starved_s": 0.015}
    assert of_hold(0.01, seen(0.02, 0.0, **inside)) is Outcome.KEPT


def test_what_is_proven_free_is_not_held_whatever_was_seen() -> None:
    unseen = seen(0.1, 0.0, error_s=0.1)
    proven = seen(0.1, 0.0, error_s=0.1, proven_free_s=0.095)
    assert watched_once(RELEASED, unseen).outcome is Outcome.OPEN
    assert watched_once(RELEASED, proven).outcome is Outcome.KEPT
    assert watched_once(HELD, proven).outcome is Outcome.BROKEN


def test_what_a_witness_kept_may_be_either() -> None:
    finding = watched_once(RELEASED, seen(0.0, 0.1, ours_s=0.02))
    assert finding.outcome is Outcome.OPEN
    assert finding.low < 0.8
