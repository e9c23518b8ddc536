# What stacks.pyx and scope.pyx use of frames.c; the header says what it means.

from libc.stdint cimport int32_t, uint32_t, uintptr_t

from lab.instruments.sampler cimport frame_book, gil_place


cdef extern from "frames.h" nogil:
    enum:
        CHANGING
        OUTER
        NO_CODE
    ctypedef struct frame_code:
        uint32_t filename
        uint32_t name
        uint32_t table
        uint32_t filename_size
        uint32_t name_size
        uint32_t table_size
        int32_t first_line
        int32_t units
    ctypedef struct frame_place:
        int32_t code
        int32_t unit
        int32_t line
    ctypedef struct frame_stack:
        int count
        frame_place frames[1]
    frame_book *frames_new()
    void frames_free(frame_book *book)
    int frames_read(
        frame_book *book, const gil_place *place, uintptr_t thread, frame_stack *out
    )
    const frame_code *frames_code(const frame_book *book, int32_t code)
    const char *frames_text(const frame_book *book, uint32_t at)


# Fill in the place of another process; UsageError, in one line, where it is not what
# its version says, or has no GIL.
cdef int attach(gil_place *place, object target) except -1

# File, line and function; a line of -1 or such has none.
cdef tuple name_of(const frame_book *book, int32_t code, int32_t line)

# What an instruction calls, or "".
cdef object callee_of(const frame_book *book, int32_t code, int32_t unit)
