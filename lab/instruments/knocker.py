"""A thread that knocks on the GIL at random times while something else runs."""

import random
import sys
import threading
import time
from dataclasses import dataclass

from lab.instruments.knock import knock_beside

# The thread's name, by which a trace tells it from the others.
KNOCKER = "gil-lab-knocker"


@dataclass(frozen=True, slots=True)
class Knock:
    """One request for the GIL, beside a thread that it disturbs."""

    wanted_ns: int
    """When it was wanted, CLOCK_MONOTONIC."""
    got_ns: int
    """When it was there."""
    interval_s: float
    """The switch interval in force while it waited."""
    wanted_cpu_ns: int = 0
    """Processor time of the other thread when the GIL was wanted: how far it had come,
    even where it does not get a core all the time."""
    got_cpu_ns: int = 0
    """The same when it was there."""

    @property
    def wait_ns(self) -> int:
        """How long somebody else held it."""
        return self.got_ns - self.wanted_ns


class Knocker:
    """with Knocker(pause_s, intervals_s) as knocker: ..., then knocker.knocks.

    pause_s: mean pause between knocks, exponential, so that no period of the
    callable's can hide; they are beside the thread that enters. intervals_s: switch
    intervals, one a knock and from the first again; whoever uses it puts the former
    one back (lab.instruments.switch_interval).
    """

    def __init__(self, pause_s: float, intervals_s: tuple[float, ...]) -> None:
        self.knocks: list[Knock] = []
        self._pause_s = pause_s
        self._intervals_s = intervals_s
        self._over = threading.Event()
        self._clock = 0
        self._thread = threading.Thread(target=self._knock, name=KNOCKER)

    def __enter__(self) -> "Knocker":
        sys.setswitchinterval(self._intervals_s[0])
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        # Waiting, this thread lets the GIL go: one that still waits for it with a
        # long interval's time-out gets it by that.
        self._thread.join()

    def _knock(self) -> None:
        place = 0
        while not self._over.is_set():
            interval_s = self._intervals_s[place % len(self._intervals_s)]
            sys.setswitchinterval(interval_s)
            pause_s = min(random.expovariate(1 / self._pause_s), 0.2)
            wanted_ns, got_ns, wanted_cpu_ns, got_cpu_ns = knock_beside(
                round(pause_s * 1e9), self._clock
            )
            self.knocks.append(
                Knock(wanted_ns, got_ns, interval_s, wanted_cpu_ns, got_cpu_ns)
            )
            place += 1
