"""CLOCK_MONOTONIC in nanoseconds, for cimport."""

from libc.stdint cimport int64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec


cdef inline int64_t now_ns() noexcept nogil:
    cdef timespec stamp
    clock_gettime(CLOCK_MONOTONIC, &stamp)
    return stamp.tv_sec * 1_000_000_000LL + stamp.tv_nsec
