"""Calls, timed in C.

Between the stamps and the call no bytecode runs, so the interpreter cannot hand
the GIL to another thread there: a stamp is late or early by nanoseconds, however
many threads are waiting.
"""

from cpython cimport array

from posix.time cimport (
    CLOCK_MONOTONIC,
    CLOCK_THREAD_CPUTIME_ID,
    clock_gettime,
    clockid_t,
    timespec,
)

import array


cdef inline long long _now(clockid_t clock) noexcept nogil:
    cdef timespec stamp
    clock_gettime(clock, &stamp)
    return stamp.tv_sec * 1_000_000_000LL + stamp.tv_nsec


def timed(call, before=None):
    """Call `before()`, if given, then `call()`; both without arguments.

    Returns (enter_ns, leave_ns, cpu_ns, value): CLOCK_MONOTONIC around `call()`,
    the processor time this thread spent in it, and what it returned. What they
    raise propagates.
    """
    cdef long long enter_ns, leave_ns, cpu_ns
    if before is not None:
        before()
    cpu_ns = _now(CLOCK_THREAD_CPUTIME_ID)
    enter_ns = _now(CLOCK_MONOTONIC)
    value = call()
    leave_ns = _now(CLOCK_MONOTONIC)
    cpu_ns = _now(CLOCK_THREAD_CPUTIME_ID) - cpu_ns
    return enter_ns, leave_ns, cpu_ns, value


def repeat(func, tuple args, dict kwargs, long long times, array.array progress=None):
    """Call func(*args, **kwargs) `times` times in a row, 1 or more.

    Returns (enter_ns, leave_ns): CLOCK_MONOTONIC around all of them. Nothing runs
    between two calls: what is seen meanwhile is the callable's own doing. progress:
    one integer, raised by one when a call begins and when it ends.
    """
    cdef long long _turn, enter_ns, leave_ns, unused = 0
    cdef long long *count = &unused
    if progress is not None:
        count = progress.data.as_longlongs
    enter_ns = _now(CLOCK_MONOTONIC)
    for _turn in range(times):
        count[0] += 1
        func(*args, **kwargs)
        count[0] += 1
    leave_ns = _now(CLOCK_MONOTONIC)
    return enter_ns, leave_ns


def stamped(func, tuple args, dict kwargs, long long times, array.array progress=None):
    """As `repeat`, with stamps around each call.

    Returns an array of 4 * times integers: for each call CLOCK_MONOTONIC and this
    thread's processor time when it began, then both when it ended; nanoseconds. To
    free what it returned, which can take long, is no part of it.
    """
    cdef long long _turn, unused = 0
    cdef long long *count = &unused
    cdef array.array stamps = array.clone(array.array("q"), 4 * times, zero=False)
    cdef long long *stamp = stamps.data.as_longlongs
    if progress is not None:
        count = progress.data.as_longlongs
    for _turn in range(times):
        stamp[0] = _now(CLOCK_MONOTONIC)
        stamp[1] = _now(CLOCK_THREAD_CPUTIME_ID)
        count[0] += 1
        value = func(*args, **kwargs)
        count[0] += 1
        stamp[2] = _now(CLOCK_MONOTONIC)
        stamp[3] = _now(CLOCK_THREAD_CPUTIME_ID)
        stamp += 4
        del value
    return stamps
