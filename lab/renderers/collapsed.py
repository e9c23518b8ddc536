"""Stacks as collapsed lines, which flamegraph.pl, inferno and others draw.

A line is a stack, callers first, with semicolons between, and its microseconds.
"""

from lab.errors import UsageError
from lab.records.source_names import place
from lab.records.stack_paths import looked_for
from lab.records.trace import Trace


def render(trace: Trace, *, wanted: bool = False) -> str:
    """By the time held; wanted: by the time in which another thread wanted the GIL.
    UsageError where the trace does not tell that."""
    if wanted and not trace.told_apart:
        raise UsageError(
            "this trace does not tell when threads wanted the GIL: leave out "
            "--collapsed-waited"
        )
    found: dict[str, float] = {}
    for path in looked_for(trace):
        names = [path.thread, *(f"{it.function} ({place(it)})" for it in path.lines)]
        stack = ";".join(name.replace(";", ",") for name in names)
        time_s = path.wanted_s if wanted else path.held_s
        found[stack] = found.get(stack, 0.0) + time_s
    return "".join(
        f"{stack} {time_s * 1e6:.0f}\n"
        for stack, time_s in found.items()
        if round(time_s * 1e6)
    )
