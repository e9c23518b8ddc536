"""Where within a call other threads get in: all over it, or at its edges alone.

Bytecode lets a waiter in after every switch interval. C that holds the GIL does not,
but a Python function around one such call still has some bytecode of its own: the
first instruction, and the one after the call, where CPython looks whether somebody
waits (RESUME, CALL and JUMP_BACKWARD in Python/bytecodes.c). So it does not matter
whether waiters get in between two calls, but how far into a call they do.

How far is told by the processor time that the calling thread has spent on the call.
That stands still while the thread waits for a core or for the GIL, so that a busy
machine does not blur it.
"""

import math
import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lab.instruments.knocker import Knock

# A knock answered this fast found the lock free; waking up a waiter takes longer.
PROMPT_NS = 10_000
# So much of a call at its beginning and at its end are its edges. Bytecode lets 0.7 of
# those who wait in between them, a function around one call of C nobody.
EDGE = 0.15
# What divides them is a quarter of what bytecode would let in, as half of a call may
# be C. Where short calls leave less than half of the 0.7 to see it in, it is not told.
DIVIDE, LEAST_OPEN = 0.25, 0.35
# Three standard errors: chance passes them once in 700 times, if the part is what
# divides itself, and next to never where it is 0 or 0.7.
SURE = 3.0
# Who waits for so long within calls that let nobody in waits for the GIL and not for a
# core: Linux's fair scheduler gives every thread one within some 24 ms.
STALL_NS = 100_000_000
# Patient waiters that get in before their switch interval is over were let in by an
# explicit release: most of them where C holds for a while and releases.
RELEASES, MAY_RELEASE = 0.5, 0.25
# Fewer patient ones say nothing of their own; then all count.
FEW = 2
# A median of fewer calls is no measure of what a switch costs.
ENOUGH_CALLS = 5
# To let somebody in takes some ten microseconds of the caller's processor time: nothing
# in a longer call than this, where calls differ by more than that of their own.
LONG_NS = 1_000_000
# A call that spends less of its time on a core sleeps, if it was not kept waiting for
# one: where nobody counts that, nine others that share the core look the same.
SLEEPS = 0.1
# A function around one C call lets in two in a call, before and after; more is a loop.
EDGES = 2


@dataclass(frozen=True, slots=True)
class Call:
    """When a call began and ended: CLOCK_MONOTONIC, its thread's processor time."""

    enter_ns: int
    enter_cpu_ns: int
    leave_ns: int
    leave_cpu_ns: int

    @property
    def wall_ns(self) -> int:
        return self.leave_ns - self.enter_ns

    @property
    def cpu_ns(self) -> int:
        return self.leave_cpu_ns - self.enter_cpu_ns


@dataclass(frozen=True, slots=True)
class Entries:
    """Those who got in during calls, each with the place of its call in `calls`."""

    calls: Sequence[Call]
    knocks: Sequence[Knock]
    places: Sequence[int]
    stalls_ns: Sequence[int]
    """What the others and they themselves waited in calls, past the interval."""
    starved_ns: int = 0
    """How long the calling thread stood ready without a core, in all calls."""

    @property
    def forced(self) -> list[tuple[Knock, int]]:
        """Those whose interval was over: the holder was asked to let them in."""
        return [
            (knock, place)
            for knock, place in zip(self.knocks, self.places, strict=True)
            if knock.wait_ns >= knock.interval_s * 1e9
        ]

    @property
    def sleeping(self) -> bool:
        """Whether the calls sleep while they hold the GIL: no progress, though there
        was a core to be had."""
        had_ns = sum(call.wall_ns for call in self.calls) - self.starved_ns
        return sum(call.cpu_ns for call in self.calls) < SLEEPS * had_ns


def entries(
    knocks: Sequence[Knock], calls: Sequence[Call], starved_ns: int = 0
) -> Entries:
    """Match knocks and calls, both in the order of time; one call at least.

    Who got in after the last call, or between two runs of calls, did not get in.
    """
    begins_ns = [call.enter_ns for call in calls]
    inside, places, stalls_ns = [], [], []
    for knock in knocks:
        place = bisect_right(begins_ns, knock.got_ns) - 1
        if place < 0:
            continue
        leave_ns = calls[place].leave_ns
        if knock.got_ns <= leave_ns:
            inside.append(knock)
            places.append(place)
        waited_ns = min(knock.got_ns, leave_ns) - knock.wanted_ns
        stalls_ns.append(waited_ns - round(knock.interval_s * 1e9))
    return Entries(calls, inside, places, stalls_ns, starved_ns)


def preempted(found: Entries, patient_s: float, stamped: bool) -> bool | None:
    """Whether waiters get in within a call, by being waited for and not by a release.

    patient_s: the longest of the switch intervals in use. stamped: whether each call
    has its own stamps; else one stands for many, and only that nobody got in says
    something. None where it cannot be told.
    """
    waits = [knock for knock in found.knocks if knock.wait_ns > PROMPT_NS]
    patient = [knock for knock in waits if knock.interval_s >= patient_s]
    asked = patient if len(patient) >= FEW else waits
    early = sum(knock.wait_ns < knock.interval_s * 1e9 for knock in asked)
    if early > RELEASES * len(asked):
        return False
    if early > MAY_RELEASE * len(asked) or (found.knocks and not stamped):
        return None
    inside = within(found)
    count, hits, unknown = len(inside), inside.count(True), inside.count(None)
    divide = DIVIDE * max(_open(found), LEAST_OPEN)
    if _part(hits, count)[0] > divide:
        return True
    if blurred(found) and count:
        return None
    if not hits + unknown:
        usual_ns = statistics.median(call.wall_ns for call in found.calls)
        long_ns = [stall for stall in found.stalls_ns if stall >= usual_ns / 2]
        if sum(long_ns) >= STALL_NS:
            return False
    return False if _part(hits + unknown, count)[1] < divide else None


def longest_stretch_s(found: Entries) -> float:
    """How long the call itself goes without looking whether somebody waits, seconds.

    What the calling thread still did after a waiter's interval was over. Waiters come
    at random: nine in ten see less than nine tenths of a stretch that all calls are
    made of, and who sees more came in one that takes a tenth of the time at least.
    0 where that is less than the interval they waited with: waking up takes some time.
    """
    over_ns = []
    for knock, _ in found.forced:
        interval_ns = knock.interval_s * 1e9
        done_ns = knock.got_cpu_ns - knock.wanted_cpu_ns
        over_ns.append((knock.wait_ns if found.sleeping else done_ns) - interval_ns)
    if len(over_ns) < ENOUGH_CALLS:
        return max(over_ns, default=0) / 1e9
    shortest_s = min(knock.interval_s for knock, _ in found.forced)
    stretch_s = statistics.quantiles(over_ns, n=10, method="inclusive")[-1] / 0.9e9
    return stretch_s if stretch_s > shortest_s else 0.0


def within(found: Entries) -> list[bool | None]:
    """For each that was let in, whether that was between the edges of its call.

    None where that is not known.
    """
    return _by_wall(found) if found.sleeping else _by_cpu(found)


def blurred(found: Entries) -> bool:
    """Whether the calls are too short to tell: letting somebody in takes as long."""
    return _open(found) < LEAST_OPEN


def _open(found: Entries) -> float:
    """The part of those who wait that bytecode would be seen to let in between the
    edges of its calls."""
    alone_ns, cost_ns = (0.0, 0.0) if found.sleeping else _costs_ns(found)
    return 1 - 2 * EDGE - cost_ns / max(alone_ns, 1)


def _costs_ns(found: Entries) -> tuple[float, float]:
    """The time on a core of a call that nobody disturbs, and what it costs the call's
    own thread to let somebody in; (0, 0) where the calls are long.
    """
    times = Counter(found.places)
    alone_ns = [
        call.cpu_ns for place, call in enumerate(found.calls) if place not in times
    ]
    once_ns = [found.calls[place].cpu_ns for place in times if times[place] == 1]
    if min(len(alone_ns), len(once_ns)) < ENOUGH_CALLS:
        return 0.0, 0.0
    usual_ns = statistics.median(alone_ns)
    if usual_ns > LONG_NS:
        return 0.0, 0.0
    return usual_ns, max(0.0, statistics.median(once_ns) - usual_ns)


def _by_cpu(found: Entries) -> list[bool | None]:
    alone_ns, cost_ns = _costs_ns(found)
    inside: list[bool | None] = []
    for knock, place in found.forced:
        call = found.calls[place]
        # Some of the cost came before the stamp and some after it. None of it may carry
        # who got in at an edge across that.
        cost_here_ns = min(max(call.cpu_ns - alone_ns, cost_ns), 2 * cost_ns)
        own_ns = call.cpu_ns - cost_here_ns
        most_ns = knock.got_cpu_ns - call.enter_cpu_ns
        least_ns = most_ns - cost_here_ns
        inside.append(EDGE * own_ns <= least_ns and most_ns <= (1 - EDGE) * own_ns)
    return inside


def _by_wall(found: Entries) -> list[bool | None]:
    """Calls that sleep: time on a core says nothing, and the time until the call went
    on is too long by what the machine takes to wake it. So who seems to get in near an
    edge did; of the others only those were between who came neither first nor last.
    """
    edge_ns = EDGE * min(call.wall_ns for call in found.calls)
    times = Counter(place for _, place in found.forced)
    seen: Counter[int] = Counter()
    inside: list[bool | None] = []
    for knock, place in found.forced:
        call = found.calls[place]
        seen[place] += 1
        if times[place] > EDGES and 1 < seen[place] < times[place]:
            inside.append(True)
        elif min(knock.got_ns - call.enter_ns, call.leave_ns - knock.got_ns) < edge_ns:
            inside.append(False)
        else:
            inside.append(None)
    return inside


def _part(hits: int, count: int) -> tuple[float, float]:
    """The interval of a part (Wilson), SURE standard errors wide to either side."""
    if not count:
        return 0.0, 1.0
    part, spread = hits / count, SURE**2 / count
    middle = (part + spread / 2) / (1 + spread)
    half = SURE * math.sqrt(part * (1 - part) / count + spread / (4 * count))
    half /= 1 + spread
    return middle - half, middle + half
