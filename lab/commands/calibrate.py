"""python -m lab calibrate: how good the lab itself is, measured on this machine.

Claims about instruments, not about the GIL: whatever comes out, the bench's verdicts
have their own reasons. But what is bounded here is what they are trusted for.

What a busy machine leaves open is no fault of an instrument: the first line and its
row say so, and the exit code tells of faults alone, as the bench's does.
"""

import time
from collections.abc import Sequence

from lab.commands.bench import experiments_of, keep, measured, unsettled
from lab.records.machine import Machine
from lab.records.results import KEY, parse

NAME = "calibration"


def run(*, rest: Sequence[str] = ()) -> int:
    """Measure what rest (pytest's arguments) picks of calibration/; print, keep, judge.

    Returns 0 when no claim is contradicted, 1 when one is or a measurement failed.
    UsageError; Terminated after SIGTERM.
    """
    from lab.renderers import calibration, terminal, wording
    from lab.renderers.console import console
    from lab.verdicts.run import judged

    suite = experiments_of(NAME)
    folder = suite.parent / "results"
    out = console()
    terminal.header(Machine.here(), out)
    out.file.flush()  # who reads a pipe knows at once what runs, and where
    done = measured(suite, rest, {}, unsettled)
    if isinstance(done, int):
        return done
    done.content[KEY]["part"] = " ".join(rest)
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S")
    run = parse(done.content, NAME)
    kept = keep(done.content, run, folder, f"{NAME}-{stamp}", newest=NAME)
    it = judged(run, NAME)
    calibration.show(it.series, done.skipped, out)
    out.print(f"\n{kept}", markup=False)
    for failure in run.failures:
        out.print(wording.failure(failure), markup=False)
    return 1 if it.contradicted or run.failures else done.code
