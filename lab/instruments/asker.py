"""A thread that keeps asking for the GIL, and what others wait for a core meanwhile."""

import os
import random
import threading
import time
from array import array
from contextlib import ExitStack, suppress
from pathlib import Path

from lab.instruments.knock import knock_beside
from lab.instruments.knocker import KNOCKER
from lab.instruments.switch_interval import switch_interval

# Begin and end, by one clock, in nanoseconds.
SpanNs = tuple[int, int]
# A wait of so many switch intervals is long.
LATE = 2


class Asker:
    """A thread that asks for the GIL again and again, and notes how long that takes.

    patience_s: the switch interval while it does so, and the mean pause in between.
    """

    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self.knocks: list[SpanNs] = []
        self.cpu: list[SpanNs] = []
        """The processor time of whoever made this, when each began and ended."""
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self.starved_ns: dict[int, int] = {}
        """By thread, as starved_ns(), after the last long wait."""
        self.begin = array("q", [0])
        """1: ask from now on; until then the thread sleeps without the GIL."""
        self._ready = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._ask, name=KNOCKER, daemon=True)
        self._restore = ExitStack()

    def start(self) -> None:
        self._restore.enter_context(switch_interval(self.patience_s))
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._over = True
        self.begin[0] = 1
        self._thread.join()
        self._restore.close()

    def _ask(self) -> None:
        self._ready.set()
        while not self._over:
            pause_s = self.patience_s * random.uniform(0.5, 1.5)
            wanted_ns, got_ns, wanted_cpu_ns, got_cpu_ns = knock_beside(
                round(pause_s * 1e9), self._clock, self.begin
            )
            self.knocks.append((wanted_ns, got_ns))
            self.cpu.append((wanted_cpu_ns, got_cpu_ns))
            if got_ns - wanted_ns > LATE * self.patience_s * 1e9:
                # Now, while this thread holds the GIL: the other may be about to end.
                self.starved_ns.update(starved_ns())


def starved_ns() -> dict[int, int]:
    """How long each thread of this process has stood ready without a core so far, by
    its native id; empty where the system does not tell."""
    found = {}
    try:
        for name in os.listdir("/proc/self/task"):
            with suppress(OSError, ProcessLookupError):
                text = Path("/proc/self/task", name, "schedstat").read_bytes()
                found[int(name)] = int(text.split()[1])
    except OSError:
        return {}
    return found
