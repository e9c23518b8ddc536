"""A race: the same call in several threads, and one thread's beside it.

The types of the fields are the format of a result file (lab.records.codec).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from lab.records.codec import Count, Fraction, Nanoseconds, Positive, Record, Threads

# A compute call that got less of a core than this tells of the machine, not of itself.
WHOLE_CORE = 0.9
# A race whose threads were ready but without a core for more than this part of
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
    """One thread's call. In a file it is the list of its four figures."""

    enter_ns: Nanoseconds
    """CLOCK_MONOTONIC as the call began."""
    leave_ns: Nanoseconds
    """CLOCK_MONOTONIC as it ended."""
    cpu_ns: Nanoseconds
    """Processor time that the thread spent in the call."""
    starved_ns: Nanoseconds | None
    """How long the thread was ready to run but had no core (on Linux from
    /proc/thread-self/schedstat); None where the system does not count it."""

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
    """Whether threads were ready but without a core for more than this part of their
    time; False where the system does not count it."""
    return sum(lap.starved_ns or 0 for lap in laps) > part * len(laps) * wall_ns(laps)


@dataclass(frozen=True, slots=True)
class Round:
    """One start of all threads, and the single call that it is compared with."""

    reference: Lap
    """The same call in one thread, timed right before."""
    laps: tuple[Lap, ...]
    """A lap for each thread."""
    process: Count = 0
    """Which of the run's processes it was in, from 0 on."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a call's time nobody holds the GIL, measured in one thread."""

    gil_free: Fraction
    """The GIL-free fraction, 0 to 1."""
    error: Fraction
    """Half the width of its 95 % interval."""


@dataclass(frozen=True, slots=True)
class Race(Record):
    """All rounds of one twin at one number of threads."""

    kernel: str
    """Name of the kernel."""
    twin: str
    """Name of the twin: held, released, interpreter or another."""
    via: str
    """What makes the call, such as Cython or ctypes."""
    bound: Bound
    """What bounds the speed of the call."""
    claim: Claim
    """What is claimed of the twin."""
    threads: Threads
    """How many threads made the call."""
    cores: Positive
    """Cores that the process could use."""
    gil: bool
    """Whether there was a GIL."""
    delay_s: Positive | None
    """How long the call blocks; None for one that computes."""
    dropped: Count
    """References that were repeated because they did not get a core."""
    rounds: tuple[Round, ...]
    """In the order in which they were run."""
    shares: tuple[Share, ...] = ()
    """One a process, measured before the race; none where there was no GIL or it
    could not be told."""
    source: str = ""
    """Where the GIL is released, in CPython or elsewhere: file and function."""
    size: Count | None = None
    """Size of the call's work; None where that cannot be chosen."""
    worth: Positive | None = None
    """How many times as much as the fastest core all cores in use can compute
    (machine.worth); None where the file does not tell."""
    experiment: str = "kernels"
    """Which experiment ran the race."""

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
