"""What was measured: frozen records with units in their names.

Each knows its plain form for JSON and the way back, which raises KeyError, TypeError
or ValueError for anything else.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from lab.machine import Machine
from lab.trace import Trace
from lab.trace import from_json as trace_of
from lab.twins import Bound, Claim

# A compute call that got less of a core than this tells of the machine, not of itself.
WHOLE_CORE = 0.9
# A race whose threads stood ready without a core for more than this part of
# their time shows the machine, not the kernel.
STARVED = 0.1


@dataclass(frozen=True, slots=True)
class Lap:
    """One thread's call: CLOCK_MONOTONIC stamps and processor time.

    starved_ns: how long the thread stood ready but had no core, or None where the
    system does not tell (it is /proc/thread-self/schedstat on Linux).
    """

    enter_ns: int
    leave_ns: int
    cpu_ns: int
    starved_ns: int | None

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
    process: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """The part of one call's time in which nobody holds the GIL, in one thread.

    gil_free: 0 to 1; error: half width of its 95 % interval.
    """

    gil_free: float
    error: float


@dataclass(frozen=True, slots=True)
class Race:
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
    threads: int
    cores: float
    gil: bool
    delay_s: float | None
    dropped: int
    rounds: tuple[Round, ...]
    shares: tuple[Share, ...] = ()
    source: str = ""
    size: int | None = None
    worth: float | None = None
    experiment: str = "kernels"

    KIND: ClassVar[str] = "race"

    def to_json(self) -> dict[str, Any]:
        """Plain values; a lap is the list of its four figures."""
        plain = {"kind": self.KIND, **asdict(self)}
        plain["rounds"] = [
            {
                "reference": list(asdict(turn.reference).values()),
                "laps": [list(asdict(lap).values()) for lap in turn.laps],
                "process": turn.process,
            }
            for turn in self.rounds
        ]
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Race":
        """The inverse of to_json."""
        # Formats before 4 had one share at most, format 1 had none, nor a source.
        one = plain.get("share")
        older = {"shares": [one] if one else [], "source": "", "size": None}
        older |= {"worth": None, "experiment": _experiment(str(plain["kernel"]))}
        plain = {**older, **plain}
        values = {field.name: plain[field.name] for field in fields(cls)}
        values["shares"] = tuple(Share(**share) for share in plain["shares"])
        values["bound"] = Bound(plain["bound"])
        values["claim"] = Claim(plain["claim"])
        values["rounds"] = tuple(
            Round(
                Lap(*turn["reference"]),
                tuple(Lap(*lap) for lap in turn["laps"]),
                turn.get("process", 0),
            )
            for turn in plain["rounds"]
        )
        return cls(**values)


def _experiment(kernel: str) -> str:
    """Whose race it was, for formats before 4: by the kernel's name."""
    family = kernel.partition(".")[0]
    if family in ("fifo", "cache"):
        return "files"
    calls = ("libc.accept", "libc.connect", "libc.send", "libc.recv")
    return "sockets" if family == "socket" or kernel in calls else "kernels"


@dataclass(frozen=True, slots=True)
class Series:
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
    values: tuple[float, ...]
    at_least: float | None = None
    at_most: float | None = None
    dropped: int = 0
    source: str = ""
    gil: bool = True
    error: float | None = None
    figure: str = ""
    at: float | str | None = None
    processes: tuple[int, ...] = ()

    KIND: ClassVar[str] = "series"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": self.KIND, **asdict(self)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Series":
        """The inverse of to_json."""
        # Format 1 knew no error, formats before 3 no sweeps.
        older = {"error": None, "figure": "", "at": None, "processes": ()}
        plain = {**older, **plain}
        values = {field.name: plain[field.name] for field in fields(cls)}
        values["values"] = tuple(float(value) for value in plain["values"])
        values["processes"] = tuple(int(process) for process in plain["processes"])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Span:
    """One call of one thread, in seconds since the trace beside it began.

    thread: its name, as in the trace.
    """

    thread: str
    enter_s: float
    leave_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Threads that made the same calls under the scope.

    calls: as a naive tracer notes them, in Python, right before and right after. A
    thread can lose the GIL between a call and the stamp that follows it.
    """

    kernel: str
    twin: str
    calls: tuple[Span, ...]
    trace: Trace

    KIND: ClassVar[str] = "timeline"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"kind": self.KIND, **asdict(self)}

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> "Timeline":
        """The inverse of to_json."""
        calls = tuple(Span(**call) for call in plain["calls"])
        trace = trace_of(plain["trace"])
        return cls(plain["kernel"], plain["twin"], calls, trace)


# An experiment hands over how to measure its records; it is run, timed and kept.
Recorder = Callable[[Callable[[], Iterable[Series | Timeline]]], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the bench.

    date: when it ended, ISO 8601; processor: as it calls itself; versions: of what was
    measured with; no_scope: why there was no scope, if so. Empty where the file does
    not tell. part: the arguments that chose a part of the bench; empty for all of it.
    took_s: what all of it took; 0 where the file does not tell.
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
    took_s: float = 0.0
