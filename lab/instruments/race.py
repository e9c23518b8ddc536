"""One call in N threads, let go from one barrier: who was in it, and when."""

import contextlib
import math
import signal
import threading
from collections.abc import Callable, Mapping, Sequence

from lab.calls.kernel import Call, Kernel, Twin
from lab.errors import UsageError
from lab.instruments.probe import gil_free
from lab.instruments.starvation import starved_since, starved_so_far_ns
from lab.instruments.stopwatch import timed
from lab.records.machine import gil_enabled, usable_cores, worth
from lab.records.race import Bound, Lap, Race, Round, Share
from lab.records.trace import Trace

# How often a round's reference is taken before it is kept as it is.
REFERENCES = 4
# How long a twin's GIL-free share is looked for, if its call is shorter.
PROBE_S = 0.01
# Signals of a thread's own doing. Blocked, they end the process before faulthandler
# can tell where it happened.
FAULTS = {signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT}
# Asks for rows of one thread too: every race times a single call anyway.
ONE_THREAD = "GIL_LAB_ONE_THREAD"
# pytest-benchmark's pedantic, given target, setup and rounds: it calls setup
# outside its clock, then target inside it.
Repeat = Callable[[Callable[[], None], Callable[[], None], int], object]
# How the threads of a race are called, before their number.
RACER = "racer-"
# Race this twin of this kernel in so many threads, and keep the record.
Racer = Callable[[Kernel, Twin, int], None]


class Crew:
    """Threads that wait at one barrier, each to make one call.

    with Crew(calls) as crew: crew.go(); crew.laps(). The threads exist and wait
    when the with block begins; when it ends there are none, whatever happened.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self._laps: list[Lap | None] = [None] * len(calls)
        self._errors: list[BaseException] = []
        self._barrier = threading.Barrier(len(calls) + 1)
        self._ready = threading.Semaphore(0)
        self._threads = [
            threading.Thread(
                target=self._work, args=(place, call), name=f"{RACER}{place}"
            )
            for place, call in enumerate(calls)
        ]

    def __enter__(self) -> "Crew":
        for thread in self._threads:
            thread.start()
        for _ in self._threads:
            self._ready.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self._barrier.abort()  # whoever has not begun never will
        for thread in self._threads:
            thread.join()

    def go(self) -> None:
        """Let all threads go, and wait until the last has made its call."""
        self._barrier.wait()
        for thread in self._threads:
            thread.join()

    def laps(self) -> tuple[Lap, ...]:
        """What each thread recorded; raises what the first failing call raised."""
        for error in self._errors:
            raise error
        return tuple(lap for lap in self._laps if lap is not None)

    def _work(self, place: int, call: Call) -> None:
        # Signals are for the main thread: here they would cut sleeps short.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - FAULTS)
        try:
            before_ns = starved_so_far_ns()
            self._ready.release()
            self._barrier.wait()
            enter_ns, leave_ns, cpu_ns, value = timed(call.run, call.before)
            starved_ns = starved_since(before_ns)
            self._laps[place] = Lap(enter_ns, leave_ns, cpu_ns, starved_ns)
            if call.check is not None:
                call.check(value)
        except threading.BrokenBarrierError:
            pass
        except BaseException as error:
            self._errors.append(error)


def racers(trace: Trace) -> list[int]:
    """The places in a trace of those who raced, in the order of their start."""
    threads = enumerate(trace.threads)
    return [place for place, one in threads if one.name.startswith(RACER)]


def raced(calls: Sequence[Call]) -> tuple[Lap, ...]:
    """These calls, each in its own thread. Raises what the first to fail raises."""
    with Crew(calls) as crew:
        crew.go()
        return crew.laps()


def lap(call: Call) -> Lap:
    """The call in one thread, under the conditions of a race."""
    return raced([call])[0]


def share(call: Call) -> Share | None:
    """The GIL-free share of a call, in one thread; None if it has none.

    Raises what the call raises.
    """
    bare = call.before is None and call.check is None
    found = gil_free(call.run if bare else call.whole, PROBE_S)
    return None if found is None else Share(*found)


def measure(
    kernel: Kernel,
    twin: Twin,
    threads: int,
    repeat: Repeat,
    *,
    processes: int = 1,
    probe: bool = False,
    size: int | None = None,
) -> Race:
    """Race a twin, each round against a reference taken right before it.

    One thread needs no reference: its call is its own. processes: over how many the
    kernel's rounds are spread, of which this is one. probe: take the GIL-free share
    of a call first. size: for the record. Raises what a call raises.
    """
    rounds: list[Round] = []
    dropped = 0
    reference: Lap
    with twin.workload(threads) as calls, contextlib.ExitStack() as stack:
        crew: Crew
        free = share(calls[0]) if probe else None

        def prepare() -> None:
            nonlocal crew, reference, dropped
            if threads > 1:
                for attempt in range(REFERENCES):
                    reference = lap(calls[0])
                    if kernel.bound is Bound.BLOCKING or reference.had_core:
                        break
                    dropped += attempt < REFERENCES - 1
            crew = stack.enter_context(Crew(calls))

        def race() -> None:
            crew.go()
            laps = crew.laps()
            rounds.append(Round(reference if threads > 1 else laps[0], laps))

        # A blocking call alone is its own reference, and takes what it takes.
        alone = threads == 1 and kernel.bound is Bound.BLOCKING
        repeat(race, prepare, 1 if alone else math.ceil(kernel.rounds / processes))
    return Race(
        kernel=kernel.name,
        twin=twin.name,
        via=twin.via,
        bound=kernel.bound,
        claim=twin.claim,
        threads=threads,
        cores=usable_cores(),
        gil=gil_enabled(),
        delay_s=kernel.delay_s,
        dropped=dropped,
        rounds=tuple(rounds),
        shares=() if free is None else (free,),
        source=kernel.source,
        size=size,
        worth=worth(threads),
    )


def thread_override(environment: Mapping[str, str]) -> tuple[int, ...] | None:
    """The numbers of threads that THREADS=1,2,4 asks for; None if it is unset.

    Raises UsageError for anything but whole numbers from 1 to 256.
    """
    text = environment.get("THREADS", "")
    if not text:
        return None
    try:
        counts = tuple(dict.fromkeys(int(word) for word in text.split(",")))
    except ValueError:
        counts = (0,)
    if not all(1 <= count <= 256 for count in counts):
        raise UsageError(f"THREADS={text}: expected numbers from 1 to 256, as in 1,2,4")
    return counts


def thread_counts(kernel: Kernel, environment: Mapping[str, str]) -> tuple[int, ...]:
    """How many threads to race a kernel in, the smallest number first."""
    override = thread_override(environment)
    if override is not None:
        return override
    alone = (1,) if full_run(environment) or environment.get(ONE_THREAD) else ()
    if kernel.bound is Bound.BLOCKING:
        return (*alone, kernel.threads)
    return (*alone, *sorted({2, int(usable_cores())} - {0, 1}))


def full_run(environment: Mapping[str, str]) -> bool:
    """Whether FULL=1 asks for the long experiments too."""
    return environment.get("FULL") == "1"
