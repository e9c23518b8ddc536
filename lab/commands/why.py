"""python -m lab why: what keeps a process that seems to hang."""

import time

from lab.instruments.scope import Scope
from lab.instruments.target import find
from lab.instruments.thread_dumper import ThreadDumper
from lab.renderers import hang
from lab.renderers.console import of_stdout
from lab.system.process import Process
from lab.verdicts.hang import deadlock, explain

# The answer comes within 2 s, the start of Python and of the lab included: that takes
# 0.1 s of processor time.
LOOKING_S = 0.7
PAUSE_S = 0.05


def run(pid: int) -> int:
    """Print a paragraph: who holds the GIL, where and for how long, who wants it, who
    is blocked on what; and whether that is a deadlock. Returns 0.

    UsageError for a process that cannot be looked at, or has ended meanwhile.
    """
    with Process(pid) as process:
        target = find(process)
        with ThreadDumper(target) as dumper:
            dumps = [dumper.dump()]
            with Scope(target=target) as scope:
                end_s = time.monotonic() + LOOKING_S
                # More dumps make a proof no better.
                while time.monotonic() < end_s and not deadlock(dumps):
                    time.sleep(PAUSE_S)
                    dumps.append(dumper.dump())
            dumps.append(dumper.dump(closely=True))
        found = explain(dumps, scope.trace)
        print(hang.render(found, *of_stdout()), end="")
    return 0
