"""Two threads of bytecode, watched by the scope: who has the GIL, and for how long.

take_gil asks the holder to drop the GIL after a switch interval of waiting; drop_gil
then waits until another thread has taken it (Python/ceval_gil.c, FORCE_SWITCHING).
"""

import time
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from lab.race import Crew
from lab.records import Lap
from lab.scope import Scope
from lab.trace import Segment, ThreadTrace, Trace
from lab.twins import Call

# Between two looks at the clock bytecode that runs takes much less than this.
GAP_NS = 20_000


def spin(seconds: float) -> int:
    """Bytecode and nothing else, for so long; how many turns it took."""
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


@dataclass(frozen=True, slots=True)
class Turns:
    """A trace of two such threads. Fractions are of the trace's whole time."""

    trace: Trace

    @property
    def threads(self) -> tuple[ThreadTrace, ThreadTrace]:
        """The two, in the order of their start."""
        first, second = (
            thread for thread in self.trace.threads if thread.name.startswith("racer-")
        )
        return first, second

    @property
    def share(self) -> float:
        """The first thread's part of the time that the two held the GIL; 0 to 1."""
        first, second = self.threads
        return first.holds / (first.holds + second.holds)

    @property
    def runs_free(self) -> float:
        """Both threads' time on a processor without the GIL."""
        return sum(thread.runs_free for thread in self.threads)

    def lengths_s(self) -> list[float]:
        """From when one takes the GIL to when the other does, but first and last."""
        names = [thread.name for thread in self.trace.threads]
        holds = sorted(
            (
                segment
                for segment in self.trace.segments
                if segment.state == "holds"
                and names[segment.thread].startswith("racer-")
            ),
            key=lambda segment: segment.start_s,
        )
        turns = [next(group) for _, group in groupby(holds, _holder)]
        starts = [turn.start_s for turn in turns]
        ends = starts[1:]
        return [end - start for start, end in zip(starts, ends, strict=False)][1:]


def _holder(segment: Segment) -> int:
    return segment.thread


def two(seconds: float) -> tuple[Lap, ...]:
    """Two threads of bytecode for so long; their laps."""
    with Crew([Call(partial(spin, seconds))] * 2) as crew:
        crew.go()
        return crew.laps()


def watched(seconds: float) -> Turns:
    """The same, seen by the scope. ScopeUnavailable where there is none."""
    with Crew([Call(partial(spin, seconds))] * 2) as crew, Scope() as scope:
        crew.go()
    crew.laps()
    return Turns(scope.trace)
