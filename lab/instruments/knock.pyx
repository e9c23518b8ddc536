"""One knock on the GIL: when it was wanted, and when it was there.

Taking it is take_gil, behind PyEval_RestoreThread (Python/ceval_gil.c).
"""

from cpython cimport array
from libc.stdint cimport int64_t
from posix.time cimport clockid_t, nanosleep, timespec

from lab.calls.clock cimport now_ns, read_ns

import array


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


def knock_beside(int64_t pause_ns, clockid_t clock, array.array begin=None):
    """As `knock`, with what `clock` showed at both moments, in nanoseconds.

    clock: of another thread's processor time (time.pthread_getcpuclockid): how far
    that thread had come. begin: one integer; as long as it is 0 this sleeps, without
    the GIL too. Returns (wanted_ns, got_ns, wanted_cpu_ns, got_cpu_ns).
    """
    cdef timespec pause, nap
    cdef int64_t wanted_ns, wanted_cpu_ns, begun = 1
    cdef volatile int64_t *place = &begun
    if begin is not None:
        place = <volatile int64_t *>begin.data.as_longlongs
    nap.tv_sec, nap.tv_nsec = 0, 50_000
    pause.tv_sec = 0
    pause.tv_nsec = pause_ns
    with nogil:
        while place[0] == 0:
            nanosleep(&nap, NULL)
        nanosleep(&pause, NULL)
        wanted_cpu_ns = read_ns(clock)
        wanted_ns = now_ns()
    return wanted_ns, now_ns(), wanted_cpu_ns, read_ns(clock)
