"""python -m lab scope --pid: a process that runs already."""

import math
import time
from contextlib import suppress
from pathlib import Path

from lab.commands.kept_trace import Kept
from lab.errors import UsageError
from lab.instruments.scope import Scope
from lab.instruments.target import Target, find
from lab.records.trace import Trace
from lab.records.units import duration
from lab.renderers import trace_terminal
from lab.renderers.console import console
from lab.renderers.progress import drawn
from lab.system.files import check_output
from lab.system.process import Process

DURATION_S = 10.0
# So often it is seen whether the process is still there, and drawn how far this is.
TICK_S = 1.0


def scope(
    pid: int,
    duration_s: float | None,
    *,
    output: Path | None = None,
    **exports: Path | None,
) -> int:
    """Print who held the GIL of the process in these seconds, DURATION_S unless
    told, or until an interrupt.

    The trace goes to `output`, other forms of it to `exports` (kept_trace.EXPORTS).
    Returns 0.
    UsageError for a process that cannot be looked at, and after the trace of one that
    has ended meanwhile.
    """
    for path in filter(None, (output, *exports.values())):
        check_output(path)
    kept = Kept(output, **exports)
    with Process(pid) as process:
        trace = look(find(process), duration_s or DURATION_S)
        kept.write(trace)
        if not process.alive():
            raise UsageError(f"{process.gone()}: the above is what it did before")
    return 0


def look(target: Target, duration_s: float) -> Trace:
    """Print who held the GIL in these seconds, until an interrupt or until the process
    is gone: GoneError where nothing was seen before, another UsageError where the time
    was too short for it. Progress on a terminal."""
    pid = target.process.pid
    with Scope(target=target) as seen, suppress(KeyboardInterrupt), drawn() as step:
        begin_s = time.monotonic()
        while not seen.gone and (took_s := time.monotonic() - begin_s) < duration_s:
            step(int(took_s), math.ceil(duration_s), f"s of process {pid}, ^C ends it")
            time.sleep(min(TICK_S, duration_s - took_s))
    if not seen.samples:
        if not target.process.alive():
            raise target.process.gone()
        raise UsageError(
            f"nothing seen of process {pid} in {duration(duration_s)}: look for "
            "longer, as in --duration 10"
        )
    out = console()
    text = trace_terminal.render(
        seen.trace, out.width, out.is_terminal, crowded=seen.crowded
    )
    if stopped := target.process.stopped():
        print(stopped)
    print(text, end="", flush=True)
    return seen.trace
