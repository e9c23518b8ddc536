"""The unit of the kernels' integer work, for cimport."""

from libc.stdint cimport uint64_t


cdef inline uint64_t step(uint64_t value) noexcept nogil:
    # Chained, each multiplication waits for the last (Knuth's MMIX generator).
    return value * 6364136223846793005ULL + 1442695040888963407ULL
