"""python -m lab top: the threads of a process, live."""

from contextlib import suppress

from lab.commands.attached import look
from lab.demo.terminal import Projector, projectable
from lab.instruments.scope import Scope
from lab.instruments.target import Target, find
from lab.renderers import live_table
from lab.system.process import Process

EVERY_S = 0.5
# Where nothing can be drawn over, one table of so long.
ONCE_S = 1.0


def run(pid: int) -> int:
    """Draw what each thread did in the last half second, until q or an interrupt; one
    table where output is no terminal. Returns 0.

    UsageError for a process that cannot be looked at, and once it has ended.
    """
    with Process(pid) as process:
        target = find(process)
        if not projectable():
            look(target, ONCE_S)
        else:
            with suppress(KeyboardInterrupt), Projector() as display:
                while _draw(display, target):
                    pass
        if not process.alive():
            raise process.gone()
    return 0


def _draw(display: Projector, target: Target) -> bool:
    """Look for as long as a picture stays, and draw the next one; whether to go on."""
    with Scope(target=target) as seen:
        typed = display.typed(EVERY_S)
    if typed is None or "q" in typed.lower() or seen.gone:
        return False
    if seen.samples:
        process = target.process
        title = process.stopped() or f"process {process.pid}, Python {target.python}"
        display.frame(
            live_table.screen(seen.trace, f"{title}: q leaves", display.height)
        )
    return True
