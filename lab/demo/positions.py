"""Where threads stand that wait: in Python, and in the system below it."""

import os
import platform
import stat
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# The numbers of read(2), by machine (asm/unistd.h).
READ = {"x86_64": 0, "aarch64": 63, "riscv64": 63, "ppc64le": 3, "s390x": 3}


@dataclass(frozen=True, slots=True)
class Stand:
    """Where one thread was seen.

    function, file, line: its innermost Python frame. call: the system call it was
    in, in words; empty where the system does not tell, or it was in none.
    """

    thread: str
    function: str
    file: str
    line: int
    call: str


def stands(threads: Iterable[threading.Thread]) -> tuple[Stand, ...]:
    """Where these threads stand now, as far as this process can see."""
    frames = sys._current_frames()
    found = []
    for thread in threads:
        frame = frames.get(thread.ident or 0)
        if frame is not None and thread.native_id is not None:
            code = frame.f_code
            name, line = code.co_name, frame.f_lineno
            file = Path(code.co_filename).name
            call = _system_call(thread.native_id)
            found.append(Stand(thread.name, name, file, line, call))
    return tuple(found)


def _system_call(native_id: int) -> str:
    """Such as "read(2) from a FIFO"; /proc/self/task/ID/syscall, on Linux."""
    try:
        words = Path(f"/proc/self/task/{native_id}/syscall").read_text().split()
        number, descriptor = int(words[0]), int(words[1], 16)
        if number < 0 or number != READ.get(platform.machine()):
            return ""
        fifo = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except (OSError, ValueError, IndexError):  # not Linux, not allowed, or running
        return ""
    return "read(2) from a FIFO" if fifo else "read(2)"
