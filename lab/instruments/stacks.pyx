# C files: layout.c gil_state.c frames.c
"""Python stacks of this process's threads, read without the GIL while they run."""

from libc.stdint cimport uint32_t

from lab.instruments.sampler cimport (
    gil_place, gil_thread, gil_state_threads, layout_find,
)
from lab.instruments.stacks cimport (
    CHANGING, NO_CODE,
    frame_book, frame_code, frame_place, frame_stack,
    frames_code, frames_free, frames_new, frames_read, frames_text,
)


# Threads among which one is looked for.
cdef enum:
    MOST = 512


cdef object code_text(const frame_book *book, uint32_t at, uint32_t size):
    return frames_text(book, at)[:size].decode("utf-8", "surrogatepass")


cdef class Stacks:
    """Reads stacks one after the other; what it met of code is kept, up to a bound.

    OSError where the version of CPython is unknown.
    """

    cdef gil_place place
    cdef frame_book *book

    def __cinit__(self):
        self.book = frames_new()
        if self.book == NULL:
            raise MemoryError("no memory for stacks")
        if layout_find(&self.place) != 0:
            raise OSError("this version of CPython is not known")

    def __dealloc__(self):
        frames_free(self.book)

    def of(self, unsigned long ident):
        """The frames of the thread with this number (threading.get_ident), innermost
        first, as (file, line, function); line 0 where it has none. None where the stack
        could not be read consistently, or there is no such thread.
        """
        cdef gil_thread threads[MOST]
        cdef frame_stack stack
        cdef int count, read = -1, i
        with nogil:
            count = gil_state_threads(&self.place, threads, MOST)
            for i in range(count):
                if threads[i].ident == ident:
                    read = frames_read(
                        self.book, &self.place, threads[i].address, &stack
                    )
        if read != 0:
            return None
        return [self._named(&stack.frames[i]) for i in range(stack.count)]

    cdef object _named(self, const frame_place *one):
        cdef const frame_code *code
        if one.code in (CHANGING, NO_CODE):
            return ("", 0, "(callers changing)" if one.code == CHANGING else "(others)")
        code = frames_code(self.book, one.code)
        return (
            code_text(self.book, code.filename, code.filename_size),
            one.line,
            code_text(self.book, code.name, code.name_size),
        )
