"""How long a thread stands ready and has no core.

Reading a file releases the GIL, and a scope or a knock would see that: the counter is
read with the GIL held.
"""

import ctypes
import os
from typing import Self

ROOM = 100


class Readiness:
    """How long the thread that makes it has stood ready without a core so far.

    `with Readiness() as ready: ready.read_ns()`. The GIL is held throughout.
    """

    def __init__(self) -> None:
        self._libc = ctypes.PyDLL(None)
        self._text = ctypes.create_string_buffer(ROOM)
        self._file = self._libc.open(b"/proc/thread-self/schedstat", os.O_CLOEXEC)

    def read_ns(self) -> int | None:
        """None where nothing counts it."""
        length = self._libc.pread(self._file, self._text, ROOM - 1, ctypes.c_int64(0))
        return int(self._text.value.split()[1]) if length > 0 else None

    def close(self) -> None:
        if self._file >= 0:
            self._libc.close(self._file)
        self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def starved_so_far_ns() -> int | None:
    """How long this thread was ready without a core; None where nothing counts it."""
    with Readiness() as ready:
        return ready.read_ns()


def starved_since(before_ns: int | None) -> int | None:
    """How long this thread has had no core since then; None where nothing counts it."""
    now_ns = starved_so_far_ns()
    return None if before_ns is None or now_ns is None else now_ns - before_ns
