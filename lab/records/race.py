"""What was measured: frozen records with units in their names.

The types of the fields are the format of a result file (lab.records.codec).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from lab.records.codec import (
    Count,
    Figure,
    Fraction,
    Harmless,
    Nanoseconds,
    NotNegative,
    Positive,
    Record,
    Threads,
)
from lab.records.machine import Machine
from lab.records.trace import Trace

# A compute call that got less of a core than this tells of the machine, not of itself.
WHOLE_CORE = 0.9
# A race whose threads stood ready without a core for more than this part of
# their time shows the machine, not the kernel.
STARVED = 0.1


class Bound(StrEnum):
    """What a kernel's speed is bound by."""

    COMPUTE = "compute"
    MEMORY = "memory"
    BLOCKING = "blocking"


class Claim(StrEnum):
    """What is said of a twin before anything is measured."""

    HELPS = "threads help"
    HELPS_SOME = "threads help, as far as memory allows"
    NO_HELP = "threads do not help"
    TO_CEILING = "threads help up to the ceiling"


class Lap(NamedTuple):
    """One thread's call: CLOCK_MONOTONIC stamps and processor time. In a file it is
    the list of its four figures.

    starved_ns: how long the thread stood ready but had no core, or None where the
    system does not tell (it is /proc/thread-self/schedstat on Linux).
    """

    enter_ns: Nanoseconds
    leave_ns: Nanoseconds
    cpu_ns: Nanoseconds
    starved_ns: Nanoseconds | None

    @property
    def wall_ns(self) -> int:
        """From entering the call to leaving it."""
        return self.leave_ns - self.enter_ns

    @property
    def had_core(self) -> bool:
        """Whether a compute call had about a whole core to itself."""
        return self.cpu_ns >= WHOLE_CORE * self.wall_ns


def wall_ns(laps: Sequence[Lap]) -> int:
    """From the first to enter its call to the last to leave it."""
    return max(lap.leave_ns for lap in laps) - min(lap.enter_ns for lap in laps)


def cores_in_use(laps: Sequence[Lap]) -> float:
    """Processor time of all threads / wall time."""
    return sum(lap.cpu_ns for lap in laps) / wall_ns(laps)


def starved(laps: Sequence[Lap], part: float = STARVED) -> bool:
    """Whether threads stood ready without a core for more than this part of their
    time; False where nobody counts."""
    return sum(lap.starved_ns or 0 for lap in laps) > part * len(laps) * wall_ns(laps)


@dataclass(frozen=True, slots=True)
class Round:
    """A race and the single call, timed right before it, that it compares with.

    process: which of the run's processes it was in, from 0 on.
    """

    reference: Lap
    laps: tuple[Lap, ...]
    process: Count = 0


@dataclass(frozen=True, slots=True)
class Share:
    """The part of one call's time in which nobody holds the GIL, in one thread.

    gil_free: 0 to 1; error: half width of its 95 % interval.
    """

    gil_free: Fraction
    error: Fraction


@dataclass(frozen=True, slots=True)
class Race(Record):
    """All rounds of one twin at one number of threads.

    cores: usable ones, when it ran; worth: how many times the fastest of them so many
    threads can compute (machine.worth), None where the file does not tell; gil:
    whether there was a GIL; delay_s: how long the call blocks, if it does; dropped:
    references that were repeated because they did not get a core; shares: one a
    process, measured before the race, none where there was no GIL or it could not be
    told; size: of the call's work, None where it cannot be scaled; source: where
    CPython, or whoever it is, releases the GIL, file and function; experiment: whose
    race it is.
    """

    kernel: str
    twin: str
    via: str
    bound: Bound
    claim: Claim
    threads: Threads
    cores: Positive
    gil: bool
    delay_s: Positive | None
    dropped: Count
    rounds: tuple[Round, ...]
    shares: tuple[Share, ...] = ()
    source: str = ""
    size: Count | None = None
    worth: Positive | None = None
    experiment: str = "kernels"

    KIND: ClassVar[str] = "race"

    @classmethod
    def from_json(cls, plain: Any, place: str = "") -> "Race":
        """The inverse of to_json."""
        if isinstance(plain, dict) and "shares" not in plain:  # formats before 4
            one = plain.get("share")
            plain = {
                "shares": [] if one is None else [one],
                "experiment": _experiment(str(plain.get("kernel"))),
                **plain,
            }
        return super(Race, cls).from_json(plain, place)


def _experiment(kernel: str) -> str:
    """Whose race it was, for formats before 4: by the kernel's name."""
    family = kernel.partition(".")[0]
    if family in ("fifo", "cache"):
        return "files"
    calls = ("libc.accept", "libc.connect", "libc.send", "libc.recv")
    return "sockets" if family == "socket" or kernel in calls else "kernels"


@dataclass(frozen=True, slots=True)
class Series(Record):
    """One figure, measured several times, and the range claimed for it.

    experiment, subject: whose figure it is. claim: what is said of it, for people.
    unit: "s" for a time, "x" for a ratio, "" for a count or fraction. at_least,
    at_most: the claimed range; None where it is open, both for a figure without a
    claim. error: half width of the 95 % interval, where an instrument states it of
    a single value. dropped: values set aside because the machine was too busy for them.
    source: where CPython does it, file and function. gil: whether there was a GIL.
    figure, at: for a point of a sweep, which of the experiment's curves it belongs to
    and where on it: a number of seconds, or a name. processes: which of the run's
    processes each value was measured in, from 0 on; empty where all were in one.
    """

    experiment: str
    subject: str
    claim: str
    unit: str
    values: tuple[Figure, ...]
    at_least: Figure | None = None
    at_most: Figure | None = None
    dropped: Count = 0
    source: str = ""
    gil: bool = True
    error: NotNegative | None = None
    figure: str = ""
    at: Figure | str | None = None
    processes: tuple[Count, ...] = ()

    KIND: ClassVar[str] = "series"


@dataclass(frozen=True, slots=True)
class Span(Harmless):
    """One call of one thread, in seconds since the trace beside it began.

    thread: its name, as in the trace.
    """

    thread: str
    enter_s: NotNegative
    leave_s: NotNegative


@dataclass(frozen=True, slots=True)
class Timeline(Record):
    """Threads that made the same calls under the scope.

    calls: as a naive tracer notes them, in Python, right before and right after. A
    thread can lose the GIL between a call and the stamp that follows it.
    """

    kernel: str
    twin: str
    calls: tuple[Span, ...]
    trace: Trace

    KIND: ClassVar[str] = "timeline"


@dataclass(frozen=True, slots=True)
class Failure(Harmless):
    """What could not be measured, as it did not return, crashed or raised.

    experiment: whose it is. subject: kernel and twin, or what its test is called.
    reason: what happened, in a line. place: where, in C and in Python, as far as that
    is known; else empty.
    """

    experiment: str
    subject: str
    reason: str
    place: str = ""


# An experiment hands over how to measure its records; it is run, timed and kept.
Recorder = Callable[[Callable[[], Iterable[Series | Timeline]]], None]


@dataclass(frozen=True, slots=True)
class Run(Harmless):
    """One run of the bench.

    date: when it ended, ISO 8601; processor: as it calls itself; versions: of what was
    measured with; no_scope: why there was no scope, if so. Empty where the file does
    not tell. part: the arguments that chose a part of the bench; empty for all of it.
    took_s: what all of it took; 0 where the file does not tell. failures: what could
    not be measured; none where the file does not tell.
    """

    machine: Machine
    races: tuple[Race, ...]
    series: tuple[Series, ...] = ()
    timelines: tuple[Timeline, ...] = ()
    date: str = ""
    processor: str = ""
    versions: str = ""
    no_scope: str = ""
    part: str = ""
    took_s: NotNegative = 0.0
    failures: tuple[Failure, ...] = ()
