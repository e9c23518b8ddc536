"""Calls, timed in C.

Between the stamps and the call no bytecode runs, so the interpreter cannot hand
the GIL to another thread there: a stamp is late or early by nanoseconds, however
many threads are waiting.
"""

from cpython cimport array
from cpython.memoryview cimport PyMemoryView_GET_BUFFER
from libc.stdint cimport int64_t
from posix.time cimport CLOCK_THREAD_CPUTIME_ID
from posix.unistd cimport _exit

from lab.calls.checks cimport count, integers
from lab.calls.clock cimport now_ns, read_ns

import array


cdef extern from "<pthread.h>" nogil:
    ctypedef void (*handler)() noexcept
    int pthread_atfork(handler prepare, handler parent, handler child)


# Raised by one in each child that is forked: one that a call leaves behind goes
# no further. To ask for the process's number would take longer than a short call.
cdef int forks = 0


cdef void _forked() noexcept nogil:
    global forks
    forks += 1


pthread_atfork(NULL, NULL, _forked)


def timed(call, before=None):
    """Call `before()`, if given, then `call()`; both without arguments.

    Returns (enter_ns, leave_ns, cpu_ns, value): CLOCK_MONOTONIC around `call()`,
    the processor time this thread spent in it, and what it returned. What they
    raise propagates.
    """
    cdef int64_t enter_ns, leave_ns, cpu_ns
    if before is not None:
        before()
    cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID)
    enter_ns = now_ns()
    value = call()
    leave_ns = now_ns()
    cpu_ns = read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns
    return enter_ns, leave_ns, cpu_ns, value


cdef object _counted(progress):
    # While the view lives, nobody resizes its array.
    return integers(array.array("q", [0]) if progress is None else progress, "progress")


def repeat(func, tuple args not None, dict kwargs not None, times, progress=None):
    """Call func(*args, **kwargs) `times` times in a row, 1 to 10**12.

    Returns (enter_ns, leave_ns): CLOCK_MONOTONIC around all of them. Nothing runs
    between two calls: what is seen meanwhile is the callable's own doing. progress:
    an int64 array whose first is raised by one when a call begins and when it ends.
    A process that a call has forked ends when it comes back from it: 0, or 1 if the
    call raises in it. Raises ValueError or TypeError.
    """
    cdef int64_t _, n = count(times, "times", 1, 10**12)
    cdef int64_t enter_ns, leave_ns
    cdef int before = forks
    progress = _counted(progress)
    cdef int64_t *counter = <int64_t *>PyMemoryView_GET_BUFFER(progress).buf
    enter_ns = now_ns()
    try:
        for _ in range(n):
            counter[0] += 1
            func(*args, **kwargs)
            counter[0] += 1
            if forks != before:
                _exit(0)
    finally:
        if forks != before:
            _exit(1)
    leave_ns = now_ns()
    return enter_ns, leave_ns


def stamped(func, tuple args not None, dict kwargs not None, times, progress=None):
    """As `repeat`, with stamps around each call.

    Returns an array of 4 * times integers: for each call CLOCK_MONOTONIC and this
    thread's processor time when it began, then both when it ended; nanoseconds. To
    free what it returned, which can take long, is no part of it.
    """
    cdef int64_t _, n = count(times, "times", 1, 10**12)
    cdef int before = forks
    cdef array.array stamps = array.clone(array.array("q"), 4 * n, zero=False)
    cdef int64_t *stamp = <int64_t *>stamps.data.as_longlongs
    progress = _counted(progress)
    cdef int64_t *counter = <int64_t *>PyMemoryView_GET_BUFFER(progress).buf
    try:
        for _ in range(n):
            stamp[0] = now_ns()
            stamp[1] = read_ns(CLOCK_THREAD_CPUTIME_ID)
            counter[0] += 1
            value = func(*args, **kwargs)
            counter[0] += 1
            stamp[2] = now_ns()
            stamp[3] = read_ns(CLOCK_THREAD_CPUTIME_ID)
            stamp += 4
            if forks != before:
                _exit(0)
            del value
    finally:
        if forks != before:
            _exit(1)
    return stamps
