"""What a call costs the others: how late a beat every 5 ms comes beside it."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from lab import kernels
from lab.stopwatch import timed

INTERVAL_S = 0.005


def _bytecode(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


def _held(seconds: float) -> None:
    kernels.dose(seconds * 1e6, 0, seconds)


def _released(seconds: float) -> None:
    kernels.dose(0, seconds * 1e6, seconds)


# Calls that take so many seconds by the clock, at most 1, busy all the time but
# for the first.
LOADS: dict[str, Callable[[float], None]] = {
    "nothing": time.sleep,
    "bytecode": _bytecode,
    "held": _held,
    "released": _released,
}


@dataclass(frozen=True, slots=True)
class Beat:
    """When it was due and when it came, by CLOCK_MONOTONIC."""

    due_ns: int
    came_ns: int


@dataclass(frozen=True, slots=True)
class Beside:
    """The lags of all beats due or overdue during a call, and the call's length."""

    lags_s: tuple[float, ...]
    call_s: float

    @property
    def largest(self) -> float:
        """The largest lag, as a fraction of the call; 0 if nothing was ever due."""
        return max(self.lags_s, default=0.0) / self.call_s


class Heart(threading.Thread):
    """A thread that beats every INTERVAL_S while the with block runs."""

    def __init__(self) -> None:
        super().__init__(name="heart")
        self.beats: list[Beat] = []
        self._beating, self._over = threading.Event(), threading.Event()

    def __enter__(self) -> "Heart":
        self.start()
        self._beating.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.is_set():
            due_ns = next_due_ns()
            time.sleep(INTERVAL_S)
            self.beats.append(Beat(due_ns, time.monotonic_ns()))
            self._beating.set()


def next_due_ns() -> int:
    """When a beat is due that is waited for from now on."""
    return time.monotonic_ns() + round(INTERVAL_S * 1e9)


def beside(load: Callable[[float], None], seconds: float) -> Beside:
    """Make the call in this thread while the heart beats in another."""
    with Heart() as heart:
        enter_ns, leave_ns, *_ = timed(partial(load, seconds))
    return during(heart.beats, enter_ns, leave_ns)


def during(beats: Iterable[Beat], enter_ns: int, leave_ns: int) -> Beside:
    """Pick the beats that were due, or still overdue, between these stamps."""
    lags_s = tuple(
        max(0, beat.came_ns - beat.due_ns) / 1e9
        for beat in beats
        if beat.due_ns <= leave_ns and beat.came_ns >= enter_ns
    )
    return Beside(lags_s, (leave_ns - enter_ns) / 1e9)
