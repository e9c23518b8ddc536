"""One knock on the GIL: when it was wanted, and when it was there.

Taking it is take_gil, behind PyEval_RestoreThread (Python/ceval_gil.c).
"""

from libc.stdint cimport int64_t
from posix.time cimport nanosleep, timespec

from lab.clock cimport now_ns


def knock(int64_t pause_ns):
    """Sleep for pause_ns, below 10**9, without the GIL; then take it.

    Returns (wanted_ns, got_ns), CLOCK_MONOTONIC: between them somebody held it.
    """
    cdef timespec pause
    cdef int64_t wanted_ns
    pause.tv_sec = 0
    pause.tv_nsec = pause_ns
    with nogil:
        nanosleep(&pause, NULL)
        wanted_ns = now_ns()
    return wanted_ns, now_ns()
