"""What held the GIL longest within a call, in a few words."""

import os
from pathlib import Path

from lab.records.lines import Line
from lab.records.source_names import is_library, module, place
from lab.records.stack_paths import paths
from lab.records.trace import Trace

_LAB = f"{Path(__file__).parents[1]}{os.sep}"


def held_in(trace: Trace) -> str:
    """Such as "json.loads, called at report.py:31": what the program's own code called,
    and where. Empty where no line of the call held."""
    held: dict[str, float] = {}
    for path in paths(trace):
        if words := _words(path.lines):
            held[words] = held.get(words, 0.0) + path.held_s
    return max(held, key=held.__getitem__, default="")


def _words(lines: tuple[Line, ...]) -> str:
    ours = [index for index, line in enumerate(lines) if line.file.startswith(_LAB)]
    called = [line for line in lines[max(ours, default=-1) + 1 :] if line.file]
    if not called:
        return ""
    own = [index for index, line in enumerate(called) if not is_library(line.file)]
    at = own[-1] if own else len(called) - 1
    callee = called[at].callee
    if at + 1 < len(called):
        inner = called[at + 1]
        callee = f"{module(inner.file)}.{inner.function}"
    where = place(called[at])
    return (
        f"{callee}, called at {where}"
        if callee
        else f"{called[at].function}, at {where}"
    )
