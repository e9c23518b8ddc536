"""Promises about the GIL, and whether what was seen keeps them.

What code holds and releases is compared with the time it takes itself, without its
waits for a core. A pass or a fail needs the whole interval on one side of the bound.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lab.records.watched import Watched

# Three standard errors, not the 1.96 of a 95 % interval: calls are watched until
# the answer is clear, and each time is a chance to be wrong.
SURE = 3 / 1.96
# In a shorter call, what calling itself costs is a large part of the time.
SHORTEST_S = 2e-6
# How often others ask for the GIL within the longest hold that is allowed, and the
# shortest time between two requests.
ASKS, LEAST_PATIENCE_S = 16, 50e-6
# Parts of the time: with more held by other threads, the call was disturbed; with less
# of it spent on a core, the machine is busy.
DISTURBED, BUSY = 0.02, 0.5

SHORT = "the call is too short to tell it from the cost of calling: give it more work"


class Kind(StrEnum):
    """What is promised; the bound is a share of the time, or seconds."""

    RELEASED = "released"
    HELD = "held"
    LONGEST_HOLD = "longest hold"


class Outcome(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    OPEN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a call is to keep."""

    kind: Kind
    """What it is about."""
    bound: float
    """The least share of the time that is released, the most that is held, or the
    longest hold in seconds."""


@dataclass(frozen=True, slots=True)
class PromiseFinding:
    """What was seen of a promise."""

    promise: Promise
    """What was promised."""
    outcome: Outcome
    """Whether it was kept."""
    low: float
    """The least part of the calls' own time in which they held no GIL, 0 to 1,"""
    high: float
    """and the largest."""
    hold_low_s: float
    """The longest hold took at least this long,"""
    hold_high_s: float
    """and at most this long."""
    holder: str
    """The name of its thread; empty where no hold was seen."""
    samples: int
    """How often the lock's state was read."""
    calls: int
    """How many calls were watched."""
    duration_s: float
    """Own time of one call: without its waits for a core."""
    reason: str = ""
    """Why it is OPEN; else empty."""
    held_in: str = ""
    """What held longest, as Probe.held_in; empty where that is not known."""


def watched_once(promise: Promise, seen: Watched) -> PromiseFinding:
    """The finding on something that ran once, whatever threads it used."""
    if promise.kind is Kind.LONGEST_HOLD:
        outcome = of_hold(promise.bound, seen, everybody=True)
        return conclude(promise, outcome, [seen], 1, everybody=True)
    return conclude(promise, of_share(promise, [seen]), [seen], 1)


def patience_s(bound_s: float) -> float:
    """The switch interval with which others ask, to see holds of bound_s."""
    return max(bound_s / ASKS, LEAST_PATIENCE_S)


def interval(watched: Sequence[Watched]) -> tuple[float, float]:
    """The least and the most that the GIL-free share of the calls' own time may be.

    A wait for a core is a part of the held or of the free time, and which is unknown:
    it counts for both ends, but neither can be longer than the whole. What is proven
    free is not held.
    """
    own_s = sum(one.own_s for one in watched)
    held_s = free_s = 0.0
    held_errors_s, errors_s = [0.0], [0.0]
    for one in watched:
        error_s, unknown_s = SURE * one.error_s, one.unknown_s + one.ours_s
        most_held_s = min(one.own_s, one.held_s + unknown_s)
        proven_s = max(0.0, one.own_s - one.proven_free_s)
        if proven_s < most_held_s + error_s:
            held_s += proven_s
        else:
            held_s += most_held_s
            held_errors_s.append(error_s)
        free_s += min(one.own_s, one.free_s + unknown_s)
        errors_s.append(error_s)
    low = 1 - (held_s + math.hypot(*held_errors_s)) / own_s
    high = (free_s + math.hypot(*errors_s)) / own_s
    # Two ways that contradict each other leave open what is between them.
    low, high = min(low, high), max(low, high)
    return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)


def of_share(promise: Promise, watched: Sequence[Watched]) -> Outcome:
    """Whether a promise about a share was kept; all of the interval must say so."""
    low, high = interval(watched)
    if promise.kind is Kind.RELEASED:
        kept, broken = low >= promise.bound, high < promise.bound
    else:
        kept, broken = high <= promise.bound, low > promise.bound
    return Outcome.KEPT if kept else Outcome.BROKEN if broken else Outcome.OPEN


def of_hold(bound_s: float, seen: Watched, everybody: bool = False) -> Outcome:
    """Whether no hold was longer; everybody: of any thread, not of the caller alone."""
    low_s, high_s, _ = _longest(seen, everybody)
    # No hold is longer than the call; of other threads' that is not known.
    if seen.wall_s <= bound_s or (not everybody and seen.most_own_s <= bound_s):
        return Outcome.KEPT
    if low_s > bound_s:
        return Outcome.BROKEN
    return Outcome.KEPT if high_s <= bound_s else Outcome.OPEN


def _longest(seen: Watched, everybody: bool) -> tuple[float, float, str]:
    holds = [hold for hold in seen.holds if everybody or hold.mine]
    longest = max(holds, key=lambda hold: hold.high_s, default=None)
    low_s = max((hold.low_s for hold in holds), default=0.0)
    high_s = max(longest.high_s if longest else 0.0, seen.longest_wait_s)
    return max(low_s, 0.0), high_s, longest.thread if longest else ""


def conclude(
    promise: Promise,
    outcome: Outcome,
    watched: Sequence[Watched],
    calls: int,
    reason: str = "",
    everybody: bool = False,
) -> PromiseFinding:
    """The finding, once the outcome is known. watched: one at least."""
    low, high = interval(watched)
    duration_s = sum(one.own_s for one in watched) / calls
    # A hold seen while short calls followed each other may span several of them, and a
    # busy machine makes holds longer: the record that it disturbed least counts.
    longest = [_longest(one, everybody) for one in watched]
    hold_low_s, hold_high_s, holder = min(longest, key=lambda one: one[1])
    if not everybody:
        hold_low_s, hold_high_s = (
            min(s, duration_s) for s in (hold_low_s, hold_high_s)
        )
    if outcome is Outcome.OPEN and not reason:
        reason = _why(promise, watched, duration_s)
    return PromiseFinding(
        promise=promise,
        outcome=outcome,
        low=low,
        high=high,
        hold_low_s=hold_low_s,
        hold_high_s=hold_high_s,
        holder=holder,
        samples=sum(one.samples for one in watched),
        calls=calls,
        duration_s=duration_s,
        reason=reason,
        held_in=max(watched, key=lambda one: one.held_s).held_in,
    )


def _why(promise: Promise, watched: Sequence[Watched], duration_s: float) -> str:
    """Why it cannot be told, the likeliest reason first."""
    own_s = sum(one.own_s for one in watched)
    wall_s = sum(one.wall_s for one in watched)
    unknown_s = sum(one.unknown_s for one in watched)
    if unknown_s > DISTURBED * own_s and promise.kind is not Kind.LONGEST_HOLD:
        busy = {hold.thread for one in watched for hold in one.holds if not hold.mine}
        names = f": {', '.join(sorted(busy))}" if busy else ""
        return f"other threads of this process held the GIL meanwhile{names}"
    if own_s < BUSY * wall_s:
        return "the machine is too busy: the call had no core for most of its time"
    if promise.kind is not Kind.LONGEST_HOLD and duration_s < SHORTEST_S:
        return SHORT
    error_s = math.hypot(*(one.error_s for one in watched))
    if error_s > DISTURBED * own_s:
        return "too few samples: the call is too short, or the machine too busy"
    return "what was measured lies on both sides of the bound"
