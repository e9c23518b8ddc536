"""The units of the kernels' work, for cimport: an integer step, a time."""

from libc.stdint cimport int64_t, uint64_t

from lab.calls.clock cimport now_ns


cdef inline uint64_t step(uint64_t value) noexcept nogil:
    # Chained, each multiplication waits for the last (Knuth's MMIX generator).
    return value * 6364136223846793005ULL + 1442695040888963407ULL


cdef inline int64_t spin_until(int64_t end_ns) noexcept nogil:
    # Busy until CLOCK_MONOTONIC reaches `end_ns`; the stamp that ended it.
    cdef int64_t stamp_ns
    while True:
        stamp_ns = now_ns()
        if stamp_ns >= end_ns:
            return stamp_ns
