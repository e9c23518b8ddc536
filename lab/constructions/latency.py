"""What a call costs the others: how late a tick every 5 ms comes beside it."""

import statistics
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from lab.calls import doses
from lab.instruments.starvation import starved_since, starved_so_far_ns
from lab.instruments.stopwatch import timed
from lab.records.race import Lap

INTERVAL_S = 0.005
# Fewer have no middle.
FEWEST_TICKS = 3
INTERVAL_NS = round(INTERVAL_S * 1e9)


def _bytecode(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


# Calls that take so many seconds by the clock, at most 1, busy but for the first. No
# bytecode runs in the last two: a waiting thread would get in where it begins.
LOADS: dict[str, Callable[[float], Callable[[], object]]] = {
    "nothing": lambda seconds: partial(time.sleep, seconds),
    "bytecode": lambda seconds: partial(_bytecode, seconds),
    "held": lambda seconds: partial(doses.dose, seconds * 1e6, 0, seconds),
    "released": lambda seconds: partial(doses.dose, 0, seconds * 1e6, seconds),
}


@dataclass(frozen=True, slots=True)
class Tick:
    """When it was due and when it came, by CLOCK_MONOTONIC."""

    due_ns: int
    came_ns: int

    @property
    def latency_s(self) -> float:
        """How late it came."""
        return max(0, self.came_ns - self.due_ns) / 1e9


@dataclass(frozen=True, slots=True)
class Latencies:
    """How late ticks came beside a call."""

    latencies_s: tuple[float, ...]
    """Of all ticks due or overdue during the call."""
    call_s: float
    """How long the call took."""
    inside_s: tuple[float, ...] = ()
    """Of the ticks that were due and came during the call."""
    starved_s: float | None = None
    """How long the call was ready but had no core; None where nothing counts it."""
    machine_s: float | None = None
    """As long the call or the ticks had none: so much of a latency may be due to it."""

    @property
    def largest(self) -> float | None:
        """The largest latency, as a fraction of the call; None if nothing was due."""
        return max(self.latencies_s) / self.call_s if self.latencies_s else None

    def largest_by_lock(self, most: float) -> float | None:
        """The same; None where it is more than most, but may be so by the machine."""
        if self.largest is None or self.largest <= most:
            return self.largest
        if self.machine_s is None:
            return None
        by_lock = self.largest - self.machine_s / self.call_s
        return self.largest if by_lock > most else None

    def median_inside_s(self, starved: float) -> float | None:
        """The median of inside_s; None where there are too few, or the call had no
        core for more than the part starved of its time: the lock may have been free.
        """
        if self.starved_s is None or self.starved_s > starved * self.call_s:
            return None
        enough = len(self.inside_s) >= FEWEST_TICKS
        return statistics.median(self.inside_s) if enough else None


class Ticker(threading.Thread):
    """A thread that ticks every INTERVAL_S while the with block runs."""

    def __init__(self) -> None:
        super().__init__(name="ticker")
        self.ticks: list[Tick] = []
        self.starved_ns: int | None = None
        self._ticking, self._over = threading.Event(), threading.Event()

    def __enter__(self) -> "Ticker":
        self.start()
        self._ticking.wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        before_ns, last = starved_so_far_ns(), False
        due_ns = next_due_ns()
        while not last:
            # Asked before: a tick that is due when the block ends still comes.
            last = self._over.is_set()
            time.sleep(INTERVAL_S)
            due_ns = note(self.ticks, due_ns)
            self._ticking.set()
        self.starved_ns = starved_since(before_ns)


def next_due_ns() -> int:
    """When a tick is due that is waited for from now on."""
    return time.monotonic_ns() + INTERVAL_NS


def note(ticks: list[Tick], due_ns: int) -> int:
    """A tick has come; returns when the next is due.

    Nothing here releases the GIL: a call that takes it next finds the tick waited for.
    """
    came_ns = time.monotonic_ns()
    ticks.append(Tick(due_ns, came_ns))
    return came_ns + INTERVAL_NS


def timed_call(call: Callable[[], object]) -> Lap:
    """Make the call in this thread."""
    before_ns = starved_so_far_ns()
    enter_ns, leave_ns, cpu_ns, _ = timed(call)
    return Lap(enter_ns, leave_ns, cpu_ns, starved_since(before_ns))


def beside(call: Callable[[], object]) -> Latencies:
    """Make the call in this thread while the ticker ticks in another."""
    with Ticker() as ticker:
        done = timed_call(call)
    return during(ticker.ticks, done, ticker.starved_ns)


def during(
    ticks: Iterable[Tick], call: Lap, ticks_starved_ns: int | None = None
) -> Latencies:
    """Pick the ticks that were due, or still overdue, while the call was made."""
    starved_s = None if call.starved_ns is None else call.starved_ns / 1e9
    machine_s = None
    if starved_s is not None and ticks_starved_ns is not None:
        machine_s = starved_s + ticks_starved_ns / 1e9
    seen = [
        tick
        for tick in ticks
        if tick.due_ns <= call.leave_ns and tick.came_ns >= call.enter_ns
    ]
    inside = [
        tick
        for tick in seen
        if tick.due_ns >= call.enter_ns and tick.came_ns <= call.leave_ns
    ]
    return Latencies(
        latencies_s=tuple(tick.latency_s for tick in seen),
        call_s=call.wall_ns / 1e9,
        inside_s=tuple(tick.latency_s for tick in inside),
        starved_s=starved_s,
        machine_s=machine_s,
    )
