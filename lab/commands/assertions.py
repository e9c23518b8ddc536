"""A call, made and watched until it is clear whether it keeps a promise.

No verdict rests on wall time. It only ends the trying, within a second where the calls
are short enough: whatever is not clear by then cannot be told.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from lab.instruments.observation import TimedCall, knocked
from lab.instruments.probe import HELD
from lab.instruments.scope import unavailable
from lab.instruments.switch_interval import switch_interval
from lab.instruments.watch import Watch
from lab.records.watched import Watched
from lab.verdicts.promises import (
    BUSY,
    SHORT,
    SHORTEST_S,
    Kind,
    Outcome,
    Promise,
    PromiseFinding,
    conclude,
    interval,
    of_hold,
    of_share,
    patience_s,
)

# Calls are watched for so long at a time; a call this long may be made once only.
STRETCH_S, SINGLE_S = 0.01, 0.25
# When watching ends undecided: own time of the calls, and time on the wall, past which
# no more calls are begun that would end later.
MOST_OWN_S, MOST_S = 0.4, 0.5
MOST_GROWTH = 16
# A first call that takes so many times the others is not like them.
UNLIKE = 4
# Calls that agree on a longest hold, and most that are watched.
AGREE, MOST_CALLS = 3, 12

FIRST = (
    "its first call did otherwise than later ones: if that was its warm-up, call it "
    "once before; if it uses up an argument, pass a function that makes a new one"
)
NO_SCOPE = "this needs the scope"
ONCE = "the machine is too busy: there was no time to see the same twice"


def watched_call(
    promise: Promise,
    func: Callable[..., object],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> PromiseFinding:
    """Call it until the promise is seen kept or broken, or there is no telling.

    What it raises propagates.
    """
    target = TimedCall(func, args, kwargs)
    once = any(map(_is_used_up, (*args, *kwargs.values())))
    with switch_interval():
        if promise.kind is Kind.LONGEST_HOLD:
            return _holds(promise, target, once)
        return _shares(promise, target, once)


def _shares(promise: Promise, target: TimedCall, once: bool) -> PromiseFinding:
    began_s = time.monotonic()
    first = _watched(target, 1)
    held = first.held_s > first.free_s + first.ours_s
    computes = first.cpu_s > first.own_s / 2
    cost_s = time.monotonic() - began_s - first.wall_s
    at_first = of_share(promise, [first])
    if once or (at_first is not Outcome.OPEN and first.own_s >= SINGLE_S):
        return conclude(promise, at_first, [first], 1)
    # Calls without a witness, and with one: each set tells for itself. A witness keeps
    # the caller waiting for a while each time, and of that nothing is known.
    sets: dict[bool, list[Watched]] = {False: [], True: []}
    calls = {False: 0, True: 0}
    times, call_s, slowdown = 1, first.own_s, first.wall_s / first.own_s
    witness, watched = False, sets[False]
    outcome, reason = Outcome.OPEN, ""
    while outcome is Outcome.OPEN:
        made = [*sets[False], *sets[True]]
        if sum(one.own_s for one in made) >= MOST_OWN_S:
            break
        start_s = time.monotonic()
        fitting = int((began_s + MOST_S - start_s - cost_s) / (call_s * slowdown))
        if fitting < 1 and (made or slowdown > 1 / BUSY):
            break
        # In steps: on a busy machine what a short call takes can be lost in its waits.
        times = min(round(STRETCH_S / call_s), times * MOST_GROWTH, fitting)
        times = max(1, times)
        # It shows of calls that hold, and of those that compute where looks may fail.
        witness = held or (computes and (slowdown > 1 / BUSY or len(made) % 2 == 1))
        watched = sets[witness]
        last = _watched(target, times, witness=witness)
        watched.append(last)
        calls[witness] += times
        call_s, slowdown = last.own_s / times, max(slowdown, last.wall_s / last.own_s)
        cost_s = time.monotonic() - start_s - last.wall_s
        outcome = of_share(promise, watched)
        # A busy machine has moments that no error accounts for: no single one of them,
        # unless it is proof, fails a test.
        reason = ""
        if outcome is Outcome.BROKEN and not _is_firm(promise, first, watched):
            outcome, reason = Outcome.OPEN, ONCE
    if not watched:  # there is no time for another
        if at_first is Outcome.BROKEN and first.error_s > 0:
            at_first, reason = Outcome.OPEN, ONCE
        return conclude(promise, at_first, [first], 1, reason)
    if {outcome, at_first} == {Outcome.KEPT, Outcome.BROKEN} and (
        first.own_s > UNLIKE * call_s
    ):
        outcome, reason = Outcome.OPEN, FIRST
    released_in_part = outcome is Outcome.BROKEN and interval(watched)[1] > HELD
    if promise.kind is Kind.RELEASED and released_in_part and call_s < SHORTEST_S:
        outcome, reason = Outcome.OPEN, SHORT
    return conclude(promise, outcome, watched, calls[witness], reason)


def _is_firm(promise: Promise, first: Watched, watched: Sequence[Watched]) -> bool:
    """Whether it is broken whichever one of them is left out, or by proof."""
    if len(watched) == 1:
        return watched[0].error_s == 0 or of_share(promise, [first]) is Outcome.BROKEN
    return all(
        of_share(promise, [*watched[:left_out], *watched[left_out + 1 :]])
        is Outcome.BROKEN
        for left_out in range(len(watched))
    )


def _watched(target: TimedCall, times: int, *, witness: bool = True) -> Watched:
    if unavailable():
        return _knocked(target, times)
    with Watch(witness=witness) as watch:
        # No stamps between calls: a system call is where a busy machine stops a thread,
        # and it would hold the GIL there.
        target.call(times)
    return watch.found([(target.enter_ns, target.leave_ns)], calls=times)


def _knocked(target: TimedCall, times: int) -> Watched:
    """Without a scope: who is kept waiting may have been so by another thread."""
    alone = threading.active_count() == 1
    seen = knocked(target, times)
    wall_s = target.lasted_s
    held_s = (1 - seen.gil_free) * wall_s
    return Watched(
        wall_s=wall_s,
        starved_s=0.0,
        held_s=held_s if alone else 0.0,
        free_s=seen.gil_free * wall_s,
        unknown_s=0.0 if alone else held_s,
        error_s=seen.error * wall_s,
        samples=seen.samples,
    )


def _holds(promise: Promise, target: TimedCall, once: bool) -> PromiseFinding:
    watched: list[Watched] = []
    outcomes: list[Outcome] = []
    over_s, took_s = time.monotonic() + MOST_S, 0.0
    while len(watched) < MOST_CALLS and time.monotonic() + took_s < over_s:
        start_s = time.monotonic()
        if unavailable():
            target.call(1)
            outcomes.append(
                Outcome.KEPT if target.last_s <= promise.bound else Outcome.OPEN
            )
            watched.append(_blind(target))
        else:
            with Watch(patience_s(promise.bound)) as watch:
                target.call(1, stamp=True)
            (call,) = target.stamps
            watched.append(
                watch.found(
                    [(call.enter_ns, call.leave_ns)],
                    (call.enter_cpu_ns, call.leave_cpu_ns),
                )
            )
            outcomes.append(of_hold(promise.bound, watched[-1]))
        took_s = time.monotonic() - start_s
        last = outcomes[-1]
        single = last is not Outcome.OPEN and watched[-1].own_s >= SINGLE_S
        if once or (single and len(watched) == 1):
            return conclude(promise, last, watched, len(watched))
        kept, broken = map(outcomes.count, (Outcome.KEPT, Outcome.BROKEN))
        if max(kept, broken) >= AGREE and min(kept, broken) == 0:
            break
    if broken >= AGREE:
        return conclude(promise, Outcome.BROKEN, watched, len(watched))
    if kept >= AGREE and broken == 0:
        return conclude(promise, Outcome.KEPT, watched, len(watched))
    unlike = broken == 1 and outcomes[0] is Outcome.BROKEN and kept >= AGREE
    reason = FIRST if unlike else NO_SCOPE if unavailable() else ""
    return conclude(promise, Outcome.OPEN, watched, len(watched), reason)


def _blind(target: TimedCall) -> Watched:
    """Timed, but not seen."""
    duration_s = target.last_s
    return Watched(duration_s, 0.0, 0.0, 0.0, duration_s, 0.0, 0)


def _is_used_up(argument: object) -> bool:
    """An iterator or an open file: a second call with it is another call."""
    return hasattr(argument, "__next__") or hasattr(argument, "read")
