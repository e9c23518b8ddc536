/* The Python stack of a thread, read while it runs, in this process or another one.

   Nothing here takes the GIL or follows a pointer: memory is copied by a system call, for
   which memory that is gone is an error. What was read is believed only where a second
   look finds the same. */

#ifndef GIL_LAB_FRAMES_H
#define GIL_LAB_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "gil_state.h"

enum {
    FRAMES = 64,            /* of a stack: the innermost ones */
    CODES = 4096,           /* code objects told apart by what they say */
    TEXT = 1 << 22,         /* bytes of their names, files and tables of lines */
    SEEN = 8192,            /* addresses of code objects met lately */
    LINES = 4096,           /* lines worked out lately */
    PIECES = 24,            /* of memory, read together */
    PIECE = 2048,           /* bytes: frames lie one after the other */
    NO_CODE = -1,           /* no room for it, or it cannot be read */
    CHANGING = -2,          /* callers that changed too fast to be read */
    OUTER = -3              /* callers beyond the last frame that is read */
};

/* What a code object says, copied: it may be gone. Texts are UTF-8, in which half
   characters are possible (Python's "surrogatepass"). */
typedef struct {
    uint32_t filename, name, table;     /* where in `text` they begin, */
    uint32_t filename_size, name_size, table_size;  /* and their bytes */
    int32_t first_line;
    int32_t units;          /* instructions of two bytes */
    uint64_t hash;
} frame_code;

/* A place in the program: index of the code, its instruction, that one's line (0 where
   it has none) and address. */
typedef struct {
    int32_t code, unit, line;
    uintptr_t address;
} frame_place;

typedef struct {
    int count;              /* frames, innermost first; 0: runs no Python */
    frame_place frames[FRAMES + 1];
} frame_stack;

/* Zeroed memory that is written for the first time where it was read before, as a table
   is, replaces a page that others may have read meanwhile: the system interrupts every
   thread of the process for that (a TLB shootdown). So tables are written at first. */
static inline void
touch(void *table, size_t size)
{
    for (size_t at = 0; at < size; at += 1024) {
        ((volatile char *)table)[at] = 0;
    }
}

/* All memory that reading needs; zeroed, it is empty. */
typedef struct frame_book frame_book;

frame_book *frames_new(void);   /* or NULL */
void frames_free(frame_book *book);

/* The stack of this thread state. 0, or -1 where it could not be read consistently.

   A stack that changes faster than it can be read: its innermost frame alone, and
   CHANGING in place of its callers. */
int frames_read(frame_book *book, const gil_place *place, uintptr_t thread,
                frame_stack *out);

const frame_code *frames_code(const frame_book *book, int32_t code);
const char *frames_text(const frame_book *book, uint32_t at);

#endif
