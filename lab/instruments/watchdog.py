"""A notice on stderr about a call that does not return, and how to leave it."""

import os
import threading
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

from lab.instruments.watchdog_native import watch

STDERR = 2
PATIENCE_S = 2.0
# An interrupt is Python's to handle, which waits for C that holds the GIL.
TEXT = (
    f"gil-lab: the call has not returned for {PATIENCE_S:g} seconds\n"
    "         Ctrl-C ends it; where it holds the GIL, only Ctrl-\\ does\n"
)


@contextmanager
def watchdog() -> Iterator["array[int]"]:
    """Watch calls that count in the array it yields, as stopwatch.repeat does."""
    progress = array("q", [0])
    over, ends = os.pipe()
    arguments = (progress, over, STDERR, TEXT.encode())
    watcher = threading.Thread(target=watch, args=(*arguments, round(PATIENCE_S * 1e9)))
    watcher.start()
    try:
        yield progress
    finally:
        os.close(ends)
        watcher.join()
        os.close(over)
