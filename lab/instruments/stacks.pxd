# What stacks.pyx and scope.pyx use of frames.c; the header says what it means.

from libc.stdint cimport int32_t, uint32_t, uintptr_t

from lab.instruments.sampler cimport gil_place


cdef extern from "frames.h" nogil:
    enum:
        CHANGING
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
        int32_t start
    ctypedef struct frame_stack:
        int count
        int whole
        frame_place frames[1]
    ctypedef struct frame_book:
        pass
    frame_book *frames_new()
    void frames_free(frame_book *book)
    int frames_read(
        frame_book *book, const gil_place *place, uintptr_t thread, frame_stack *out
    )
    int frames_codes(const frame_book *book)
    const frame_code *frames_code(const frame_book *book, int32_t code)
    const char *frames_text(const frame_book *book, uint32_t at)
    frame_place frames_line(const frame_book *book, int32_t code, int32_t unit)


# Fill in the place of another process; UsageError, in one line, where it is not what
# its version says, or has no GIL.
cdef int attach(gil_place *place, object target) except -1

cdef object code_text(const frame_book *book, uint32_t at, uint32_t size)
