"""Where within a call other threads get in: all over it, or at its edges alone.

Bytecode lets a waiter in after every switch interval. C that holds the GIL does not,
but a Python function around one such call still has some bytecode of its own: the
first instruction, and the one after the call, where CPython checks whether another
thread waits (RESUME, CALL and JUMP_BACKWARD in Python/bytecodes.c). So it does not
matter whether waiters get in between two calls, but how far into a call they do.

How far is told by the processor time that the calling thread has spent on the call.
That stands still while the thread waits for a core or for the GIL, so that a busy
machine does not blur it.
"""

import statistics
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lab.instruments.knocker import Knock
from lab.records.statistics import part_of

# Who got the lock within this time found it free; to wake up a waiter takes longer.
PROMPT_NS = 10_000
# The first and the last 0.15 of a call are its edges. Of the threads that wait, 0.7 get
# in between the edges of bytecode, none between those of a function around one C call.
EDGE = 0.15
# The line between them is a quarter of what bytecode would let in, because up to half
# of a call may be C. Where calls are so short that less than half of the 0.7 can be
# observed, nothing is concluded.
DIVIDE, LEAST_OPEN = 0.25, 0.35
# Three standard errors: chance alone exceeds them once in 700 times if the true part is
# exactly on that line, and practically never if it is 0 or 0.7.
SURE = 3.0
# A thread that waited this long while no call let anybody in waited for the GIL and not
# for a core: Linux's fair scheduler gives every thread a core within some 24 ms.
STALL_NS = 100_000_000
# A patient waiter (one with the longest switch interval) that gets in before that is
# over was let in by an explicit release. Where these are more than the first part of
# the patient, the call releases; more than the second: perhaps.
RELEASES, MAY_RELEASE = 0.5, 0.25
# With fewer patient waiters than this all waiters are counted.
FEW = 2
# A median needs so many calls to say what a switch costs.
ENOUGH_CALLS = 5
# To let somebody in costs the caller some ten microseconds of processor time. That is
# ignored in calls longer than this, which differ more than that among themselves.
LONG_NS = 1_000_000
# A call that spends a smaller part of its time on a core sleeps, unless it was kept
# waiting for one. Where the system does not count such waits, a call that shares its
# core with nine busy threads cannot be told from one that sleeps.
SLEEPS = 0.1
# A function around one C call lets in at most two threads in each call, one before and
# one after it. More mean a loop.
EDGES = 2


@dataclass(frozen=True, slots=True)
class StampedCall:
    """When a call began and ended."""

    enter_ns: int
    """Its beginning, by CLOCK_MONOTONIC,"""
    enter_cpu_ns: int
    """and by its thread's processor time."""
    leave_ns: int
    """Its end, by CLOCK_MONOTONIC,"""
    leave_cpu_ns: int
    """and by its thread's processor time."""

    @property
    def wall_ns(self) -> int:
        return self.leave_ns - self.enter_ns

    @property
    def cpu_ns(self) -> int:
        return self.leave_cpu_ns - self.enter_cpu_ns


@dataclass(frozen=True, slots=True)
class Entries:
    """Which waiting threads got the GIL during calls."""

    calls: Sequence[StampedCall]
    """All calls, in the order of time."""
    knocks: Sequence[Knock]
    """Those who got in during one of them,"""
    places: Sequence[int]
    """and for each the place of that call in `calls`."""
    stalls_ns: Sequence[int]
    """For each that waited, inside or not: how much longer than its switch interval."""
    starved_ns: int = 0
    """How long the calling thread was ready but had no core, in all calls."""

    @property
    def forced(self) -> list[tuple[Knock, int]]:
        """Those whose interval was over: the holder had been asked to let them in."""
        return [
            (knock, place)
            for knock, place in zip(self.knocks, self.places, strict=True)
            if knock.wait_ns >= knock.interval_s * 1e9
        ]

    @property
    def sleeping(self) -> bool:
        """Whether the calls sleep while they hold the GIL: they used little of the time
        in which they had a core."""
        had_ns = sum(call.wall_ns for call in self.calls) - self.starved_ns
        return sum(call.cpu_ns for call in self.calls) < SLEEPS * had_ns


def entries(
    knocks: Sequence[Knock], calls: Sequence[StampedCall], starved_ns: int = 0
) -> Entries:
    """Match knocks and calls, both in the order of time; one call at least.

    A knock answered after the last call, or between two calls, is not counted as in.
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
    """Whether waiters get in within a call because their switch interval is over, and
    not because the call releases the GIL.

    patient_s: the longest of the switch intervals in use. stamped: whether each call
    has its own stamps; else one pair stands for many calls, and then only False can be
    told. None where it cannot be told.
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
    if part_of(hits, count, SURE)[0] > divide:
        return True
    if blurred(found) and count:
        return None
    if not hits + unknown:
        usual_ns = statistics.median(call.wall_ns for call in found.calls)
        long_ns = [stall for stall in found.stalls_ns if stall >= usual_ns / 2]
        if sum(long_ns) >= STALL_NS:
            return False
    return False if part_of(hits + unknown, count, SURE)[1] < divide else None


def longest_stretch_s(found: Entries) -> float:
    """The longest time, in seconds, in which the call does not check for waiters.

    It is what the calling thread still did after a waiter's interval was over. Waiters
    come at random. Where a call is made of equal stretches, nine in ten of them see
    less than nine tenths of one; so the ninth decile, divided by 0.9, is the length of
    the longest stretch that takes up at least a tenth of the time. 0 where it is
    shorter than the interval with which they waited: to wake up takes some time.
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
    """For each let in: whether between the edges of its call; None: unknown."""
    return _by_wall(found) if found.sleeping else _by_cpu(found)


def blurred(found: Entries) -> bool:
    """Whether the calls are too short: to let somebody in takes as long as a call."""
    return _open(found) < LEAST_OPEN


def _open(found: Entries) -> float:
    """Of all that wait, the part that could be seen to get in between the edges, if the
    calls were bytecode."""
    alone_ns, cost_ns = (0.0, 0.0) if found.sleeping else _costs_ns(found)
    return 1 - 2 * EDGE - cost_ns / max(alone_ns, 1)


def _costs_ns(found: Entries) -> tuple[float, float]:
    """Processor time of a call in which nobody gets in, and how much more of it a call
    takes in which somebody does; (0, 0) where calls are long or too few.
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
        # A part of the cost came before the stamp and a part after it, in an unknown
        # proportion. Neither may move a knock from an edge to the inside.
        cost_here_ns = min(max(call.cpu_ns - alone_ns, cost_ns), 2 * cost_ns)
        own_ns = call.cpu_ns - cost_here_ns
        most_ns = knock.got_cpu_ns - call.enter_cpu_ns
        least_ns = most_ns - cost_here_ns
        inside.append(EDGE * own_ns <= least_ns and most_ns <= (1 - EDGE) * own_ns)
    return inside


def _by_wall(found: Entries) -> list[bool | None]:
    """For calls that sleep, of which processor time says nothing. By the clock a place
    in the call comes out too far from the edge, as to wake a thread takes time. So a
    knock that seems to be at an edge was at one; of the others only those were surely
    inside that are neither the first nor the last of their call.
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
