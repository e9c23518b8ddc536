/* Where the fields are that the lab reads of CPython's structures: see layout.c, the
   only file that includes its internal headers. Offsets in bytes, -1: there is none. */

#ifndef GIL_LAB_LAYOUT_H
#define GIL_LAB_LAYOUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    MOST_OF_A_THREAD = 1024,  /* bytes: more than `size` of any structure below */
    MOST_OF_A_FRAME = 128,
    MOST_OF_A_CODE = 320
};

typedef struct {
    int version;              /* 0x030B for 3.11 */
    int free_threaded;
    struct {
        int32_t interpreters, /* the list's head; the oldest one comes last */
            gil;              /* the lock itself: 3.11 */
    } runtime;
    struct {
        int32_t next, threads, next_serial,
            gil;              /* a pointer to the lock: from 3.12 on */
    } interpreter;
    struct {
        int32_t size, enabled, locked, holder;
    } gil;
    struct {
        int32_t size,         /* of the part with these fields */
            prev, next, interpreter, serial, ident, native_id,
            frame;            /* the innermost one, or the record that points to it: */
        int32_t frame_in_record;  /* 3.11, 3.12 */
    } thread;
    struct {
        int32_t size, code, previous, instruction, owner, bytecode_index;
        int32_t least_owner;  /* of the interpreter's own frames, which run no code */
    } frame;
    struct {
        int32_t size, type, units, filename, name, linetable, first_line, version,
            bytecode,         /* its first instruction */
            bytecodes;        /* a table of copies, one a thread: free-threaded 3.14 */
    } code;
    struct {
        int32_t length, state, ascii, compact;  /* the last two: where text begins */
        uint32_t is_compact, is_ascii, kind;    /* bits of the state */
    } text;
    struct {
        int32_t length, data;
    } bytes;
} layout;

/* A word of a structure that was copied; 0 where the layout has none. */
static inline uintptr_t
pointer_in(const char *copy, int32_t offset)
{
    uintptr_t value = 0;
    if (offset >= 0) {
        memcpy(&value, copy + offset, sizeof value);
    }
    return value;
}

static inline int32_t
number_in(const char *copy, int32_t offset)
{
    int32_t value = 0;
    if (offset >= 0) {
        memcpy(&value, copy + offset, sizeof value);
    }
    return value;
}

/* A process, and where in it to look. */
typedef struct {
    layout at;
    int process;              /* its number */
    int foreign;              /* another one than the reader's, */
    int memory;               /* and its memory, open: no other program's with its number */
    const struct memory_file *file;     /* through which the one thread that looks reads
                                           this process, or NULL: see memory.h */
    uintptr_t interpreter;
    uintptr_t gil;
    uintptr_t code_type;      /* of code objects; 0: unknown */
    const uint64_t *deaths;   /* how many code objects have ended; NULL: not counted */
} gil_place;

/* The version of CPython this was compiled for is known: 1, else 0. */
int layout_known(void);

/* The layout of the version this was compiled for. */
void layout_compiled(layout *at);

/* The same from the first bytes of another process's _PyRuntime, which name the offsets
   from 3.13 on; the others are those compiled for. 0, or -1 where that process is no
   CPython of the same minor version and kind. */
int layout_of_runtime(const void *bytes, size_t count, layout *at);

/* This process, and the lock of the caller's interpreter. The caller holds the GIL. 0,
   or -1 if the version is unknown or there is no lock. */
int layout_find(gil_place *place);

/* Count code objects that end, from now on or no more; calls nest. The caller holds the
   GIL. */
void layout_count_deaths(gil_place *place, int on);

#endif
