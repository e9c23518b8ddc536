"""Say that a call does not return, though it may hold the GIL.

Whoever watches may not need the GIL to speak: it would be as stuck as the call.
"""

from cpython.memoryview cimport PyMemoryView_GET_BUFFER
from libc.stdint cimport int64_t
from posix.unistd cimport write

from lab.calls.checks cimport integers
from lab.calls.clock cimport now_ns


cdef extern from "<poll.h>" nogil:
    struct pollfd:
        int fd
        short events
        short revents
    int poll(pollfd *fds, unsigned long count, int timeout_ms)


cdef enum:
    LOOK_MS = 100


def watch(progress, int over, int out, bytes text not None, int64_t patience_ns):
    """Write text to the descriptor `out` once a call has lasted for patience_ns.

    progress: int64, odd during a call and another in each (stopwatch.repeat).
    over: a descriptor; returns when it can be read or its other end is closed, or when
    it has written. Holds the GIL neither to wait nor to write.
    """
    cdef object counted = integers(progress, "progress")
    cdef volatile int64_t *counter = (
        <volatile int64_t *>PyMemoryView_GET_BUFFER(counted).buf
    )
    cdef const char *start = text
    cdef size_t size = len(text)
    cdef int64_t seen, since_ns
    cdef pollfd end
    end.fd = over
    end.events = 1  # POLLIN
    with nogil:
        seen, since_ns = counter[0], now_ns()
        while True:
            end.revents = 0
            if poll(&end, 1, LOOK_MS) > 0:
                break
            if counter[0] != seen or seen % 2 == 0:
                seen, since_ns = counter[0], now_ns()
            elif now_ns() - since_ns >= patience_ns:
                write(out, start, size)
                break
