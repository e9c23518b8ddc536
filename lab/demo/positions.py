"""Where threads are while they wait: in Python, and in the system below it."""

import os
import stat
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.instruments.sampled_trace import name_of_call


@dataclass(frozen=True, slots=True)
class Position:
    """Where one thread was seen."""

    thread: str
    """Its name."""
    function: str
    """Of its innermost Python frame."""
    file: str
    """Of the same frame, without folders."""
    line: int
    """In that file, counted from 1."""
    call: str
    """The system call it was in; empty where the system does not tell, or in none."""


def positions(threads: Iterable[threading.Thread]) -> tuple[Position, ...]:
    """Where these threads are now, as far as this process can see."""
    frames = sys._current_frames()
    found = []
    for thread in threads:
        frame = frames.get(thread.ident or 0)
        if frame is not None and thread.native_id is not None:
            code = frame.f_code
            name, line = code.co_name, frame.f_lineno
            file = Path(code.co_filename).name
            call = _system_call(thread.native_id)
            found.append(Position(thread.name, name, file, line, call))
    return tuple(found)


def _system_call(native_id: int) -> str:
    """Such as "read(2) from a FIFO"; /proc/self/task/ID/syscall, on Linux."""
    try:
        words = Path(f"/proc/self/task/{native_id}/syscall").read_text().split()
        number, descriptor = int(words[0]), int(words[1], 16)
        if name_of_call(number) != "read":
            return ""
        fifo = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except (OSError, ValueError, IndexError):  # not Linux, not allowed, or running
        return ""
    return "read(2) from a FIFO" if fifo else "read(2)"
