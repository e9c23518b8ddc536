/* What frames.c and codes.c share: all memory that reading stacks needs. */

#ifndef GIL_LAB_FRAME_BOOK_H
#define GIL_LAB_FRAME_BOOK_H

#include "frames.h"
#include "memory.h"

enum {
    MOST_NAME = 512,        /* bytes kept of a name, */
    MOST_FILE = 4096,       /* of a file's, */
    MOST_TABLE = 1 << 18,   /* and of a table of lines */
    COMPARED = 1 << 17      /* of code objects that are compared together */
};

/* Memory read together: `now`, and the time before. */
typedef struct {
    uintptr_t address;
    size_t size;
    int used;
} piece;

/* Where a code object was, and what of it must still be the same. */
typedef struct {
    uintptr_t address, filename, name, table, bytecodes;
    int64_t units;
    int32_t first_line, code;
    uint32_t version;
    uint64_t deaths;        /* the count when it was last compared, */
    uint64_t comparison;    /* and in which comparison of many */
    uint32_t sizes[3];      /* of file, name and table in memory, without the part of
                               each that counts references, */
    uint64_t hash;          /* and of what is there */
} sighting;

struct frame_book {
    uintptr_t thread;       /* whose pieces these are */
    int piece_count;
    piece pieces[PIECES];
    char bytes[2][PIECES][PIECE];
    int now;                /* which half of `bytes` was read last */
    sighting seen[SEEN];
    uint64_t comparison;    /* the last one */
    frame_place lines[LINES];
    int code_count;
    frame_code codes[CODES];
    uint16_t slots[2 * CODES];  /* 1 more than the index, by hash */
    uint32_t text_size;
    char text[TEXT], scratch[MOST_FILE + MOST_NAME + MOST_TABLE];
    char compared[COMPARED];
};

/* codes.c. The code object at this address, or NULL where there is none; `deaths`: how
   many had ended before its address was read. */
const sighting *code_at(frame_book *book, const gil_place *place, uintptr_t address,
                        uint64_t deaths);

/* The line of an instruction, 0 where it has none. */
int32_t line_of(frame_book *book, int32_t code, int32_t unit);

/* comparison.c. Compare the code objects at these addresses, where they are known, with
   what they said before, all at once: code_at believes it until they are compared again;
   `first`: until anything is. */
void compare_codes(frame_book *book, const gil_place *place, const uintptr_t *addresses,
                   int count, int first);

/* For codes.c: where a sighting of this address is, or would be. */
sighting *sighting_of(frame_book *book, uintptr_t address);

/* What a code object's first bytes tell; -1 where that is none. */
int head_of(const gil_place *place, uintptr_t address, const char *copy, sighting *found);
int same_head(const sighting *a, const sighting *b);

/* The hash of what its file, name and table have in memory; 0 where it cannot be read. */
uint64_t hash_of_contents(frame_book *book, const gil_place *place, const sighting *one);

#endif
