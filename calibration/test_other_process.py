"""The scope tells the GIL-free share of another process's time to 0.02.

A child shows a kernel of known dose, in stretches of 100 us and more, and says what
part of the time really was released; the scope looks at it from outside, as with --pid.
It surprises that little is lost by that: fewer samples are taken, so as not to slow
anybody down, and the interval stated is wider.
"""

import subprocess
import sys
from collections.abc import Iterator

from calibration.watched import CORE, needs_scope, series
from experiments.conftest import Process
from lab.instruments.scope import Scope
from lab.instruments.target import find
from lab.records.series import Recorder, Series
from lab.system import process as system

pytestmark = needs_scope

# Each process of a run shows one of them.
DOSES = [
    (100, 100),
    (1000, 1000),
    (100, 1000),
    (1000, 100),
    (5000, 5000),
    (500, 50_000),
]
# How often it looks follows from the cores there are and who uses them: a short look
# tells how long a look must be that states half widths below the bound, and where it
# would be longer than this (no call may last 60 s) is left open.
SHORT_S, LONGEST_S = 2.0, 45.0
ERROR = 0.02
WANTED = 0.8 * ERROR
# As in test_accuracy.py: twice the half width is missed once in 10,000 times.
TIMES_STATED = 2.0

CHILD = """
import sys
from functools import partial
from lab.calls.doses import dose
from lab.instruments.stopwatch import timed
hold_us, free_us, seconds = map(float, sys.argv[1:])
print(flush=True)
sys.stdin.readline()
print(*timed(partial(dose, hold_us, free_us, seconds)), flush=True)
sys.stdin.readline()
"""


def test_other_process(record: Recorder, process: Process) -> None:
    """The error of one dose, and how that compares with the one stated."""
    hold_us, free_us = DOSES[process.place % len(DOSES)]

    def measure() -> Iterator[Series]:
        _, _, wide, _ = _watched(hold_us, free_us, SHORT_S)
        wanted_s = SHORT_S * (wide / WANTED) ** 2
        true, seen, error, fair = _watched(
            hold_us, free_us, min(LONGEST_S, max(SHORT_S, wanted_s))
        )
        off = abs(seen - true)
        yield series(
            "another process, error",
            [off if fair and error <= ERROR else None],
            f"of the GIL-free share at most {ERROR}",
            at_most=ERROR,
        )
        yield series(
            "another process, error / stated error",
            [off / error if fair else None],
            "at most twice what the scope states",
            unit="x",
            at_most=TIMES_STATED,
        )

    record(lambda: list(measure()))


def _watched(
    hold_us: float, free_us: float, seconds: float
) -> tuple[float, float, float, bool]:
    """The true share, the one seen and the error stated; whether the child had a core
    to itself."""
    numbers = map(str, (hold_us, free_us, seconds))
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, *numbers],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdout.readline()
            with system.Process(child.pid) as other, Scope(target=find(other)) as scope:
                print(file=child.stdin, flush=True)
                told = child.stdout.readline().split()
        finally:
            child.kill()
    enter_ns, leave_ns, cpu_ns = map(int, told[:3])
    wall_s, trace = (leave_ns - enter_ns) / 1e9, scope.trace
    # Before and after, nobody holds it: the child waits for a line.
    seen = 1 - trace.held * trace.duration_s / wall_s
    fair = cpu_ns / 1e9 > CORE * wall_s
    return float(told[3]), seen, trace.error, fair
