"""What being watched costs: one thread, and fifty that want every core.

Calls of fixed work are made with and without the scope, and beside a thread that is
merely busy. Where gilknocker is installed (gil-lab[compare]) its cost is shown too.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from calibration.watched import (
    CORE,
    INSTRUMENTS,
    Watch,
    Watched,
    grown,
    needs_scope,
    series,
)
from lab import kernels
from lab.calls import doses
from lab.instruments.scope import Scope
from lab.instruments.stopwatch import timed
from lab.records.machine import TWO_CORES, usable_cores
from lab.records.series import Recorder, Series

pytestmark = needs_scope

# Any busy thread may cost the call something where cores share what they have, so the
# scope is held against one. It never takes the lock, but each sample, once in 20 us or
# more, may fetch the lock's cache line from the call's core, which is to have it back:
# some 0.2 us between the farthest cores. That is 1 in 100; twice that is the bound.
SLOWER = 1.02
STEPS = 40_000  # of doses.mixed: some 0.1 ms held, as many released
WORK_NS = 10_000_000
PAIRS = 15
THREADS = 50
CROWD_NS = 1_000_000_000  # of work, all threads together: long beside their start
CROWDS = 12
OF_A_CORE = 0.1  # what the scope may take beside many threads
CROWD_SLOWER = 1.02
STARTS = 2000


@pytest.mark.parametrize(("name", "watch"), INSTRUMENTS)
def test_cost(record: Recorder, name: str, watch: Watch) -> None:
    """What being watched costs: pairs of the same work, watched and not."""
    if usable_cores() < TWO_CORES:
        pytest.skip("one usable core: whoever watches takes it from the call")
    cycles = grown(lambda n: partial(doses.mixed, STEPS, STEPS, n), WORK_NS)
    work = partial(doses.mixed, STEPS, STEPS, cycles)
    # Longer than the work, so that it ends after it.
    chains = grown(lambda n: partial(kernels.collatz_released, 1000 * n), 4 * WORK_NS)

    def time_s() -> float:
        enter_ns, leave_ns, _, _ = timed(work)
        return (leave_ns - enter_ns) / 1e9

    def alone(call: Callable[[], float]) -> Watched:
        enter_ns, leave_ns, cpu_ns, value = timed(call)
        return Watched(value, 0.0, None, cpu_ns > CORE * (leave_ns - enter_ns))

    def beside(call: Callable[[], float]) -> Watched:
        busy = Thread(target=kernels.collatz_released, args=(1000 * chains,))
        busy.start()
        try:
            return alone(call)
        finally:
            busy.join()

    def ratios() -> tuple[float, float] | None:
        before, watched = alone(time_s), watch(time_s)
        neighbour, after = beside(time_s), alone(time_s)
        if not all(one.had_core for one in (before, watched, neighbour, after)):
            return None
        alone_s = (before.value + after.value) / 2
        return watched.value / alone_s, watched.value / max(alone_s, neighbour.value)

    def measure() -> Iterator[Series]:
        found = [ratios() for _ in range(PAIRS)]
        yield series(
            f"{name}, slow-down",
            [one and one[0] for one in found],
            "time watched / time alone",
            unit="x",
        )
        if name == "scope":
            yield series(
                "scope, slow-down / a busy thread's",
                [one and one[1] for one in found],
                f"at most {SLOWER} x",
                unit="x",
                at_most=SLOWER,
            )

    record(lambda: list(measure()))


@pytest.mark.once
def test_cost_of_many_threads(record: Recorder) -> None:
    """Fifty threads that want every core: what the scope takes, and what that costs."""

    def crowd(steps: int) -> tuple[float, float]:
        """How long that work takes them, and how much processor time, the scope's
        included: of a program that has every core, the one follows from the other."""
        work = partial(doses.mixed, 0, steps // THREADS, 1)
        threads = [Thread(target=work) for _ in range(THREADS)]
        began_s, before_s = time.monotonic(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall_s = time.monotonic() - began_s
        return wall_s, time.process_time() - before_s

    def measure() -> Iterator[Series]:
        steps = grown(lambda n: partial(doses.mixed, 0, 1000 * n, 1), CROWD_NS) * 1000
        slower: list[float | None] = []
        taken: list[float] = []
        before = crowd(steps)
        for _ in range(CROWDS):
            with Scope():
                watched = crowd(steps)
                taken.append(_sampler_s() / watched[0])
            after = crowd(steps)
            # Beside other programs the caches are theirs too, and work takes longer.
            alone = all(
                cpu_s > CORE * usable_cores() * wall_s
                for wall_s, cpu_s in (before, watched, after)
            )
            slower.append(2 * watched[1] / (before[1] + after[1]) if alone else None)
            before = after
        yield series(
            f"scope, {THREADS} threads, of a core",
            taken,
            f"at most {OF_A_CORE}",
            at_most=OF_A_CORE,
        )
        yield series(
            f"scope, {THREADS} threads, slow-down",
            slower,
            f"processor time watched / alone at most {CROWD_SLOWER}",
            unit="x",
            at_most=CROWD_SLOWER,
        )
        alone_s, watched_s = _starts()
        yield series(
            "scope, slowest 1 % of thread starts",
            [watched_s / alone_s],
            "start and end watched / alone",
            unit="x",
        )

    record(lambda: list(measure()))


def _sampler_s() -> float:
    """The processor time of the running scope's own thread."""
    for task in Path("/proc/self/task").iterdir():
        if (task / "comm").read_text() == "gil-lab scope\n":
            return time.clock_gettime(
                ~int(task.name) << 3 | 6
            )  # as in lab/instruments/clocks.c
    raise RuntimeError("no scope runs")


def _starts() -> tuple[float, float]:
    """The 99th percentile of starting a thread and waiting for its end, without and
    with a scope, in turns."""

    def start_s() -> float:
        began_s = time.perf_counter()
        thread = Thread(target=int)
        thread.start()
        thread.join()
        return time.perf_counter() - began_s

    alone: list[float] = []
    watched: list[float] = []
    for _ in range(STARTS // 100):
        alone += [start_s() for _ in range(100)]
        with Scope():
            watched += [start_s() for _ in range(100)]
    last = [statistics.quantiles(one, n=100)[-1] for one in (alone, watched)]
    return last[0], last[1]
