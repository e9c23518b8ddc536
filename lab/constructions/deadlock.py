"""A read whose writer is a thread of the same process, in a child of its own.

The reader gives the writer, another thread, its sign, and reads from a pipe that is
empty; the writer sleeps for PAUSE_S and then writes a byte. If the read holds the
GIL, the writer cannot even come back from its wait for the sign: both wait for
ever. So it happens in a child with a hard end that needs no GIL: faulthandler's own
thread, which writes down where every thread stood, and exits. (A Python signal
handler or timer could never run.)
"""

import faulthandler
import linecache
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lab.instruments.switch_interval import NEVER_S
from lab.system.fault_dump import threads

# How long the writer sleeps between the sign and its write.
PAUSE_S = 0.05
# The child's own end comes first; this is the patience with one that is stopped.
GRACE_S = 20.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What one child did. Lines are empty where they were not found."""

    ended: bool
    """Whether the read ended."""
    reader: str = ""
    """The line of source that the reader was at, if the read did not end."""
    writer: str = ""
    """The line that the writer was at."""

    @property
    def deadlocked(self) -> bool | None:
        """Whether the reader was in its read and the writer waited for the GIL.

        None where that was not seen: a place is not known, or the reader had not come
        as far as its read, as on a machine that stood still.
        """
        if self.ended:
            return False
        if not self.writer or not self.reader.startswith("read()"):
            return None
        return self.writer.startswith("sign.acquire()")


def trials(twins: Sequence[tuple[str, float]]) -> list[Trial]:
    """One child for each of these, "held" or "released", all at once.

    With each goes how many seconds its read may take. ChildProcessError if a child
    fails, or does not end at all.
    """
    command = [sys.executable, "-m", __name__]
    with ExitStack() as stack:
        children = []
        for twin, limit_s in twins:
            child = stack.enter_context(
                subprocess.Popen(
                    [*command, twin, repr(limit_s)],
                    cwd=Path(__file__).resolve().parents[2],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(child.kill)  # before the wait: callbacks run backwards
            children.append(child)
        return [
            _trial(child, limit_s)
            for child, (_, limit_s) in zip(children, twins, strict=True)
        ]


def _trial(child: subprocess.Popen[str], limit_s: float) -> Trial:
    try:
        printed, dump = child.communicate(timeout=limit_s + GRACE_S)
    except subprocess.TimeoutExpired as error:
        raise ChildProcessError(f"a child outlived its end: {error}") from error
    if child.returncode == 0 and printed == "ended\n":
        return Trial(True)
    if not dump.startswith("Timeout"):
        raise ChildProcessError(f"a child failed: {dump.strip()[-300:]}")
    return Trial(False, *positions(dump))


def positions(dump: str) -> tuple[str, str]:
    """The lines of source that reader and writer were at, from faulthandler's dump."""
    places = {"reader": "", "writer": ""}
    for frames in threads(dump):
        for frame in frames:  # a thread is known by its function
            if frame.function in places:
                inner = frames[0]
                file = __file__ if inner.function in places else inner.file
                places[frame.function] = linecache.getline(file, inner.line).strip()
    return places["reader"], places["writer"]


def reader(read: Callable[[], int], sign: threading.Lock) -> None:
    """Give the sign, then wait for a byte."""
    sign.release()
    read()


def writer(pipe: int, sign: threading.Lock) -> None:
    """Send a byte, a while after the sign."""
    sign.acquire()
    time.sleep(PAUSE_S)
    os.write(pipe, b"!")


def main(twin: str, limit_s: float) -> None:
    """The child. It says so if the read ended, or is ended itself."""
    from lab import kernels

    twins = {"held": kernels.read_held, "released": kernels.read_released}
    ours, theirs = os.pipe()
    sign = threading.Lock()
    sign.acquire()
    # Nobody asks for the GIL from here on, as a request could come true between sign
    # and read: it goes to the writer until that waits for the sign, and then stays.
    sys.setswitchinterval(NEVER_S)
    # A daemon: should the reader fail, nobody waits for the writer.
    thread = threading.Thread(target=writer, args=(theirs, sign), daemon=True)
    thread.start()
    faulthandler.dump_traceback_later(limit_s, exit=True)
    reader(partial(twins[twin], ours, bytearray(1)), sign)
    faulthandler.cancel_dump_traceback_later()
    thread.join()
    print("ended")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
