# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Threads that count in one place: what a released GIL no longer protects.

A counter is increased as `value = counter; counter = value + 1`, a load and a store.
Where two threads meet between the two, each stores what both computed, and one of
two increments is lost. The meeting is bounded, so that a thread which holds the GIL,
and whom nobody can meet, goes on alone.
"""

from libc.stdint cimport int64_t

from lab.calls.checks cimport amount, count
from lab.calls.clock cimport now_ns

cimport cython

cdef extern from *:
    """
    #include <sched.h>
    #include <stdint.h>

    #define load(place) __atomic_load_n(place, __ATOMIC_SEQ_CST)
    #define store(place, value) __atomic_store_n(place, value, __ATOMIC_SEQ_CST)
    #define add(place, value) __atomic_add_fetch(place, value, __ATOMIC_SEQ_CST)
    """
    int64_t load(int64_t *place) noexcept nogil
    void store(int64_t *place, int64_t value) noexcept nogil
    int64_t add(int64_t *place, int64_t value) noexcept nogil
    int sched_yield() noexcept nogil


cdef struct Place:
    int64_t counter
    int64_t arrivals  # at the meeting point, by both threads together
    int64_t meetings  # each counted by both
    int64_t alone  # somebody waited in vain: nobody waits again


cdef class Counter:
    """A counter for two threads, and the point at which they meet."""

    cdef Place place
    cdef cython.pymutex mutex

    @property
    def value(self):
        """What the counter stands at."""
        return load(&self.place.counter)

    @property
    def meetings(self):
        """How often the two have met, so far; 0 if nobody ever came."""
        return load(&self.place.meetings) // 2

    @property
    def alone(self):
        """Whether a thread waited for the other in vain."""
        return bool(load(&self.place.alone))


cdef bint _meet(Place *place, int64_t limit_ns) noexcept nogil:
    # Both threads have arrived as often as each other: true. False once one has
    # waited for limit_ns.
    cdef int64_t mine, both, end_ns
    if load(&place.alone):
        return False
    mine = add(&place.arrivals, 1)
    both = mine + mine % 2  # what the second to arrive makes of it
    end_ns = now_ns() + limit_ns
    while load(&place.arrivals) < both:
        if load(&place.alone) or now_ns() > end_ns:
            store(&place.alone, 1)
            return False
        sched_yield()  # on one core, too, the other must get there
    return True


cdef void _careless(Place *place, int64_t times, int64_t limit_ns) noexcept nogil:
    cdef int64_t value, _
    for _ in range(times):
        value = load(&place.counter)
        if _meet(place, limit_ns):  # both have loaded
            add(&place.meetings, 1)
        store(&place.counter, value + 1)
        _meet(place, limit_ns)  # both have stored


def careless_held(Counter counter not None, times, limit_s):
    """Load, meet the other thread, store, `times` times; the GIL is held.

    times: 0 to 10**12. limit_s: how long to wait for the other, 0 to 10**6; once in
    vain, and there is no waiting any more. Two threads are to make the same call.
    Raises ValueError or TypeError.
    """
    cdef int64_t n = count(times, "times", 0, 10**12)
    cdef int64_t limit_ns = <int64_t>(amount(limit_s, "limit_s", 10**6) * 1e9)
    _careless(&counter.place, n, limit_ns)


def careless_released(Counter counter not None, times, limit_s):
    """The same as careless_held, with the GIL released."""
    cdef int64_t n = count(times, "times", 0, 10**12)
    cdef int64_t limit_ns = <int64_t>(amount(limit_s, "limit_s", 10**6) * 1e9)
    with nogil:
        _careless(&counter.place, n, limit_ns)


def atomic_released(Counter counter not None, times):
    """Increase the counter `times` times by an atomic addition, GIL released."""
    cdef int64_t _, n = count(times, "times", 0, 10**12)
    with nogil:
        for _ in range(n):
            add(&counter.place.counter, 1)


def mutex_released(Counter counter not None, times):
    """Load and store under a cython.pymutex, `times` times, with the GIL released."""
    cdef int64_t value, _, n = count(times, "times", 0, 10**12)
    with nogil:
        for _ in range(n):
            with counter.mutex:
                value = load(&counter.place.counter)
                store(&counter.place.counter, value + 1)


def once_released(Counter counter not None, bint lets_others_run):
    """Load, let others run if so wished, store, once, with the GIL released."""
    cdef int64_t value
    with nogil:
        value = load(&counter.place.counter)
        if lets_others_run:
            sched_yield()
        store(&counter.place.counter, value + 1)
