# C files: layout.c memory.c gil_state.c comparison.c codes.c frames.c
"""Python stacks of threads, of this process or another, read while they run."""

from libc.stdint cimport int32_t, uint32_t, uintptr_t

from lab.instruments.sampler cimport (
    frame_book, gil_place, gil_thread,
    gil_state_attach, gil_state_contains, gil_state_enabled, gil_state_holder,
    gil_state_listed, gil_state_locked, gil_state_threads, layout_find,
    layout_of_runtime,
)
from lab.instruments.stacks cimport (
    CHANGING, NO_CODE, OUTER,
    frame_code, frame_stack,
    frames_code, frames_free, frames_new, frames_read, frames_text,
)

import time

from lab.errors import UsageError
from lab.instruments.callee import callee


# Threads among which one is looked for: as many as the scope knows (sampler.h).
cdef enum:
    MOST = 2048


# In place of a function's name.
NAMELESS = {
    NO_CODE: "(no room for more code)",
    CHANGING: "(callers that change fast)",
    OUTER: "(outer callers)",
}


cdef object _text(const frame_book *book, uint32_t at, uint32_t size):
    return frames_text(book, at)[:size].decode("utf-8", "surrogatepass")


# To read the list of threads while others change it.
cdef int TRIES = 100
# So much of _PyRuntime tells where everything is.
cdef int TOLD = 4096


cdef int attach(gil_place *place, object target) except -1:
    """Fill in where in the target (lab.instruments.target.Target) to look. UsageError
    where it is not what its version says."""
    cdef gil_thread threads[MOST]
    cdef int count, i
    process = target.process
    told = process.read(target.runtime, TOLD)
    which = f"process {process.pid} (Python {target.python})"
    if layout_of_runtime(<const char *>told, len(told), &place.at) != 0:
        kind = "a" if target.free_threaded else "no"
        raise UsageError(
            f"{which} is {kind} free-threaded build, unlike this Python: use gil-lab "
            "on one of its kind"
        )
    place.process, place.memory = process.pid, process.memory
    if gil_state_attach(place, target.runtime) != 0:
        raise UsageError(f"{which} has no GIL yet, or none any more: try again")
    if not gil_state_enabled(place):
        raise UsageError(
            f"{which} runs with the GIL switched off, and nobody waits for it: to see "
            "who would, start it with PYTHON_GIL=1"
        )
    for _ in range(TRIES):
        count = gil_state_threads(place, threads, MOST)
        # 0: it has not started yet.
        found = {threads[i].native_id for i in range(count)} - {0}
        if found and found <= set(process.tasks()):
            return 0
        time.sleep(0.001)
    if not process.alive():
        raise process.gone()
    if len(process.status()["NSpid"].split()) > 1:
        raise UsageError(f"{which} is in a container: run gil-lab inside of it")
    raise UsageError(f"{which} is not built as its version says: no threads found")


cdef tuple name_of(const frame_book *book, int32_t code, int32_t line):
    cdef const frame_code *one
    if code < 0:
        return "", 0, NAMELESS[code]
    one = frames_code(book, code)
    return (
        _text(book, one.filename, one.filename_size),
        line,
        _text(book, one.name, one.name_size),
    )


cdef object callee_of(const frame_book *book, int32_t code, int32_t unit):
    cdef const frame_code *one
    if code < 0 or unit < 0:
        return ""
    one = frames_code(book, code)
    return callee(
        _text(book, one.filename, one.filename_size),
        frames_text(book, one.table)[:one.table_size],
        one.first_line,
        unit,
    )


cdef class Stacks:
    """Reads stacks one after the other; what it met of code is kept, up to a bound.

    target: in another process. OSError where the version of CPython is unknown;
    UsageError where the target is not what its version says.
    """

    cdef gil_place place
    cdef frame_book *book
    # As the list was last read, newest first; count: how many, below 0: it changed.
    cdef gil_thread known[MOST]
    cdef int count

    def __cinit__(self, target=None):
        self.book = frames_new()
        if self.book == NULL:
            raise MemoryError("no memory for stacks")
        if target is not None:
            attach(&self.place, target)
        elif layout_find(&self.place) != 0:
            raise OSError("this version of CPython is not known")

    def __dealloc__(self):
        frames_free(self.book)

    cdef int refresh(self) noexcept nogil:
        """Read the list of threads: how many there are, below 0 where it changed."""
        self.count = gil_state_threads(&self.place, self.known, MOST)
        return self.count

    def of(self, unsigned long ident):
        """The frames of the thread with this number (threading.get_ident), innermost
        first, as (file, line, function); line 0 where it has none. None where the stack
        could not be read consistently, or there is no such thread.
        """
        cdef frame_stack stack
        cdef int read = 1, i
        with nogil:
            for _ in range(2):  # the list as it is known, then as it is
                for i in range(self.count):
                    if self.known[i].ident == ident:
                        read = frames_read(
                            self.book, &self.place, self.known[i].address, &stack
                        )
                        if not gil_state_listed(&self.place, &self.known[i]):
                            read = 1
                if read <= 0:
                    break
                self.refresh()
        if read != 0:
            return None
        return [
            name_of(self.book, stack.frames[i].code, stack.frames[i].line)
            for i in range(stack.count)
        ]

    def threads(self):
        """The threads that there are, oldest first, as (ident, native_id); None where
        they changed too fast to be read."""
        cdef int i
        if self.refresh() < 0:
            return None
        return [
            (self.known[i].ident, self.known[i].native_id)
            for i in reversed(range(self.count))
        ]

    def holder(self):
        """The native_id of the thread that holds the GIL; 0 if nobody does, None where
        that changed too fast to be read."""
        cdef uintptr_t address = gil_state_holder(&self.place)
        cdef int i
        if gil_state_locked(&self.place) != 1:
            return 0
        self.refresh()
        if gil_state_locked(&self.place) != 1 or (
            gil_state_holder(&self.place) != address
        ):
            return None
        for i in range(self.count):
            if self.known[i].address == address:
                return self.known[i].native_id
        return None

    def is_gil(self, uintptr_t address):
        """Whether the threads that wait at this address want the GIL."""
        return bool(gil_state_contains(&self.place, address))
