"""Two threads of bytecode: who has the GIL, and how long the other waits for it.

take_gil asks the holder to drop the GIL after a switch interval of waiting; drop_gil
then waits until another thread has taken it (Python/ceval_gil.c, FORCE_SWITCHING).
"""

import math
import threading
import time
from dataclasses import dataclass
from functools import partial

from lab.calls.kernel import Call
from lab.instruments.race import Crew, raced, racers
from lab.instruments.scope import Scope
from lab.records.race import Lap
from lab.records.trace import ThreadTrace, Trace

# Bytecode that runs reads the clock again much sooner than after this.
GAP_NS = 20_000


def spin(seconds: float) -> int:
    """Bytecode and nothing else, for so long; how often it read the clock."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        count += 1
    return count


def spin_noting_gaps(seconds: float) -> list[tuple[int, int]]:
    """The same; returns when it did not run, as spans of CLOCK_MONOTONIC in ns."""
    gaps = []
    now_ns = time.monotonic_ns()
    end_ns = now_ns + round(seconds * 1e9)
    while now_ns < end_ns:
        last_ns, now_ns = now_ns, time.monotonic_ns()
        if now_ns - last_ns > GAP_NS:
            gaps.append((last_ns, now_ns))
    return gaps


def waits_for_gil(seconds: float) -> list[float]:
    """How long this thread and another of bytecode waited while the other had the GIL.

    In seconds, by their own stamps: from the last before one lost it to the first
    after it was back, where the other's first lies between. No third thread may want
    the GIL meanwhile, or a wait for two would count for one.
    """
    found: list[tuple[list[tuple[int, int]], int]] = []

    def spin_to_end() -> None:
        gaps = spin_noting_gaps(seconds)
        found.append((gaps, time.monotonic_ns()))

    other = threading.Thread(target=spin_to_end, name="other")
    other.start()
    try:
        spin_to_end()
    finally:
        other.join()
    (first, first_over_ns), (second, second_over_ns) = found
    return [
        *_waits_between(first, second, second_over_ns),
        *_waits_between(second, first, first_over_ns),
    ]


def _waits_between(
    mine: list[tuple[int, int]], other: list[tuple[int, int]], over_ns: int
) -> list[float]:
    """My gaps in which the other came back, in seconds; over_ns: when it ended."""
    return [
        (end_ns - start_ns) / 1e9
        for start_ns, end_ns in mine
        if end_ns < over_ns and any(start_ns < back_ns < end_ns for _, back_ns in other)
    ]


@dataclass(frozen=True, slots=True)
class SwitchingTrace:
    """A trace of two such threads. Fractions are of the trace's whole time."""

    trace: Trace

    @property
    def threads(self) -> tuple[ThreadTrace, ...]:
        """The two, in the order of their start; fewer where one was never seen."""
        return tuple(self.trace.threads[place] for place in racers(self.trace))

    @property
    def share(self) -> float | None:
        """The first thread's part of the time that the two held the GIL; 0 to 1.

        None where not both were seen, or nobody was seen to hold it.
        """
        held = [thread.holds for thread in self.threads]
        total = math.fsum(held)
        return held[0] / total if len(held) == 2 and total else None

    @property
    def runs_free(self) -> float:
        """Both threads' time on a processor without the GIL."""
        return sum(thread.runs_free for thread in self.threads)


def two(seconds: float) -> tuple[Lap, ...]:
    """Two threads of bytecode for so long; their laps."""
    return raced([Call(partial(spin, seconds))] * 2)


def watched(seconds: float) -> SwitchingTrace:
    """The same, seen by the scope. ScopeUnavailable where there is none."""
    with Crew([Call(partial(spin, seconds))] * 2) as crew, Scope() as scope:
        crew.go()
    crew.laps()
    return SwitchingTrace(scope.trace)
