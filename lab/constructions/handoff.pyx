"""Releases that nobody waits for, a release that somebody does, and reports.

The GIL goes from hand to hand in take_gil and drop_gil (Python/ceval_gil.c).
"""

from libc.stdint cimport int64_t, uint64_t

from lab.calls.checks cimport count
from lab.calls.clock cimport now_ns
from lab.calls.doses cimport spin_until, step


def without_releases(n):
    """`n` integer steps, 0 to 10**10, with the GIL held throughout.

    Returns what they computed. Raises TypeError or ValueError.
    """
    cdef int64_t _, steps = count(n, "n", 0, 10**10)
    cdef uint64_t value = 1
    for _ in range(steps):
        value = step(value)
    return value


def with_releases(n):
    """The same as without_releases, with one release and return of the GIL a step."""
    cdef int64_t _, steps = count(n, "n", 0, 10**10)
    cdef uint64_t value = 1
    for _ in range(steps):
        with nogil:
            value = step(value)
    return value


def hold_then_drop(hold_ns, free_ns):
    """Hold the GIL for hold_ns, drop it for free_ns; busy in both, 0 to 10**9.

    Returns when it was dropped, CLOCK_MONOTONIC in nanoseconds: right before, so
    that nobody can have got it earlier. Raises TypeError or ValueError.
    """
    cdef int64_t hold = count(hold_ns, "hold_ns", 0, 10**9)
    cdef int64_t free = count(free_ns, "free_ns", 0, 10**9)
    cdef int64_t dropped_ns = spin_until(now_ns() + hold)
    with nogil:
        spin_until(dropped_ns + free)
    return dropped_ns


def reporting(n, every, report):
    """`n` steps without the GIL; after each `every` of them report(steps done).

    n: 0 to 10**12; every: 1 to 10**12. Returns what the steps computed, the same for
    every `every`. What report raises ends the work and propagates. Raises TypeError
    or ValueError.
    """
    cdef int64_t _, steps = count(n, "n", 0, 10**12)
    cdef int64_t chunk = count(every, "every", 1, 10**12), done = 0, size
    cdef uint64_t value = 1
    with nogil:
        while done < steps:
            size = min(chunk, steps - done)
            for _ in range(size):
                value = step(value)
            done += size
            if size == chunk:
                with gil:
                    report(done)
    return value
