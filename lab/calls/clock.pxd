"""POSIX clocks in nanoseconds, for cimport."""

from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, clockid_t, timespec


cdef inline int64_t read_ns(clockid_t clock) noexcept nogil:
    cdef timespec stamp
    clock_gettime(clock, &stamp)
    return stamp.tv_sec * 1_000_000_000LL + stamp.tv_nsec


cdef inline int64_t now_ns() noexcept nogil:
    return read_ns(CLOCK_MONOTONIC)
