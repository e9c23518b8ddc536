"""Kernels of known dose: how long the GIL is held, and how long it is free.

Cores as in lab/kernels.pyx; one call both holds the GIL and releases it.
"""

from libc.stdint cimport int64_t, uint64_t

from lab.calls.checks cimport amount, count
from lab.calls.clock cimport now_ns


def dose(hold_us, free_us, duration_s):
    """Hold the GIL for `hold_us`, release it for `free_us`, for `duration_s`.

    Busy in both phases, microseconds by CLOCK_MONOTONIC, 0 to 10**6 and not both
    0; duration_s: above 0, to 10**6, checked after each pair. Returns the fraction
    of the wall time that was released, 0 to 1, by the kernel's own clock. It is
    exact in a thread alone: a wait to get the GIL back counts as held. Raises
    ValueError or TypeError.
    """
    cdef int64_t hold_ns = <int64_t>(amount(hold_us, "hold_us", 10**6) * 1e3)
    cdef int64_t free_ns = <int64_t>(amount(free_us, "free_us", 10**6) * 1e3)
    cdef int64_t wall_ns = <int64_t>(amount(duration_s, "duration_s", 10**6) * 1e9)
    cdef int64_t start_ns, left_ns, at_ns, released_ns = 0
    if hold_ns + free_ns == 0:
        raise ValueError("free_us: expected more than 0 where hold_us is 0")
    if wall_ns == 0:
        raise ValueError("duration_s: expected more than 0")
    start_ns = at_ns = spin_until(0)
    while at_ns - start_ns < wall_ns:
        if hold_ns:
            at_ns = spin_until(at_ns + hold_ns)
        if free_ns:
            # A stamp just before the release and one just before the return: both
            # are as early, so the difference is the time the lock was free.
            left_ns = at_ns
            with nogil:
                at_ns = spin_until(left_ns + free_ns)
            released_ns += at_ns - left_ns
    return released_ns / <double>(at_ns - start_ns)


def wanting(free_us, duration_s):
    """Run without the GIL for `free_us`, get it back, release it, for `duration_s`.

    As in `dose`. Returns the fraction of the wall time, 0 to 1, that passed between
    asking for the GIL and having it: next to nothing in a thread alone.
    """
    cdef int64_t free_ns = <int64_t>(amount(free_us, "free_us", 10**6) * 1e3)
    cdef int64_t wall_ns = <int64_t>(amount(duration_s, "duration_s", 10**6) * 1e9)
    cdef int64_t start_ns, asked_ns, at_ns, wanted_ns = 0
    if wall_ns == 0:
        raise ValueError("duration_s: expected more than 0")
    start_ns = at_ns = spin_until(0)
    while at_ns - start_ns < wall_ns:
        with nogil:
            asked_ns = spin_until(at_ns + free_ns)
        at_ns = now_ns()
        wanted_ns += at_ns - asked_ns
    return wanted_ns / <double>(at_ns - start_ns)


cdef uint64_t _steps(int64_t steps, uint64_t value) noexcept nogil:
    cdef int64_t _
    for _ in range(steps):
        value = step(value)
    return value


def mixed(hold, free, cycles):
    """`cycles` times: `hold` integer steps with the GIL held, `free` with it released.

    Fixed work, whatever the clock says: N threads do N times as much. All three: 0
    to 10**12; where `free` is 0 the GIL is never released. Returns what the steps
    computed, the same for every split of hold + free. Raises ValueError or
    TypeError.
    """
    cdef int64_t hold_steps = count(hold, "hold", 0, 10**12)
    cdef int64_t free_steps = count(free, "free", 0, 10**12)
    cdef int64_t _, rounds = count(cycles, "cycles", 0, 10**12)
    cdef uint64_t value = 1
    for _ in range(rounds):
        value = _steps(hold_steps, value)
        if free_steps:
            with nogil:
                value = _steps(free_steps, value)
    return value
