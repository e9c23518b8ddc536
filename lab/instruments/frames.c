/* See frames.h. Nothing here includes Python.h. */

#define _GNU_SOURCE 1
#include <string.h>

#include "frame_book.h"

enum {
    TRIES = 3,
    SHIMS = FRAMES          /* most frames of the interpreter's own in a stack */
};

typedef struct {
    uintptr_t address, code, previous, instruction;
    int owner;
    int32_t bytecode_index;
} frame;

/* Read all pieces, one after the other. */
static int
read_pieces(frame_book *book, const gil_place *place)
{
    memory_part parts[PIECES];
    book->now = !book->now;
    for (int i = 0; i < book->piece_count; i++) {
        const piece *one = &book->pieces[i];
        parts[i] = (memory_part){one->address, book->bytes[book->now][i], one->size};
    }
    return memory_read_all(place, parts, book->piece_count) ? 0 : -1;
}

/* `size` bytes at an address, from a piece that was read, else from a new one of `most`,
   which begins before, but not in another page; or NULL. What is read, the program's core
   must take back to write it: so no more than is needed. */
static const char *
bytes_at(frame_book *book, const gil_place *place, uintptr_t address, size_t size,
         size_t most)
{
    piece *one;
    uintptr_t page = address & ~(uintptr_t)4095, begin = address + size - most;
    for (int i = 0; i < book->piece_count; i++) {
        one = &book->pieces[i];
        if (address - one->address < one->size
            && address + size <= one->address + one->size) {
            one->used = 1;
            return book->bytes[book->now][i] + (address - one->address);
        }
    }
    if (book->piece_count == PIECES) {
        return NULL;
    }
    one = &book->pieces[book->piece_count];
    begin = begin > page ? begin : page;
    *one = (piece){begin, address + size - begin, 1};
    if (!memory_read(place, begin, book->bytes[book->now][book->piece_count],
                     one->size)) {
        return NULL;
    }
    return book->bytes[book->now][book->piece_count++] + (address - begin);
}

static int
innermost(frame_book *book, const gil_place *place, uintptr_t thread, uintptr_t *found)
{
    const layout *at = &place->at;
    const char *copy = bytes_at(book, place, thread + (uintptr_t)at->thread.frame,
                                sizeof *found, sizeof *found);
    if (copy != NULL && at->thread.frame_in_record >= 0) {
        copy = bytes_at(book, place,
                        pointer_in(copy, 0) + (uintptr_t)at->thread.frame_in_record,
                        sizeof *found, sizeof *found);
    }
    *found = copy == NULL ? 0 : pointer_in(copy, 0);
    return copy == NULL ? -1 : 0;
}

/* The frames that run code, innermost first, as the pieces have them: their number, or
   -1 where the chain leads nowhere. */
static int
follow(frame_book *book, const gil_place *place, uintptr_t thread, frame *out,
       int *whole)
{
    const layout *at = &place->at;
    uintptr_t address;
    int count = 0;
    *whole = 1;
    if (innermost(book, place, thread, &address) != 0) {
        return -1;
    }
    for (int turn = 0; address != 0; turn++) {
        const char *copy;
        if (count == FRAMES || turn == FRAMES + SHIMS) {
            *whole = 0;
            break;
        }
        copy = bytes_at(book, place, address, (size_t)at->frame.size, PIECE);
        if (copy == NULL) {
            if (book->piece_count == PIECES) {
                *whole = 0;
                break;
            }
            return -1;
        }
        out[count] = (frame){
            .address = address,
            .code = pointer_in(copy, at->frame.code) & ~(uintptr_t)7,  /* bits of 3.14's */
            .previous = pointer_in(copy, at->frame.previous),
            .instruction = pointer_in(copy, at->frame.instruction),
            .owner = copy[at->frame.owner],
            .bytecode_index = number_in(copy, at->frame.bytecode_index),
        };
        address = out[count].previous;
        count += out[count].owner < at->frame.least_owner;
    }
    return count;
}

/* How many of the outermost frames are the same in both, at the same instruction. */
static int
same_frames(const frame *a, int a_count, const frame *b, int b_count)
{
    int same = 0;
    while (same < a_count && same < b_count) {
        const frame *one = &a[a_count - 1 - same], *other = &b[b_count - 1 - same];
        if (one->address != other->address || one->code != other->code
            || one->previous != other->previous
            || one->instruction != other->instruction) {
            break;
        }
        same++;
    }
    return same;
}

/* The same stack: only its innermost frame may have gone on. */
static int
same_stack(const frame *a, const frame *b, int count)
{
    return count == 0
           || (same_frames(a, count, b, count) >= count - 1 && a->address == b->address
               && a->code == b->code && a->previous == b->previous);
}

static int
place_of(frame_book *book, const gil_place *place, const frame *one, uint64_t deaths,
         frame_place *out)
{
    const layout *at = &place->at;
    const sighting *code = code_at(book, place, one->code, deaths);
    uintptr_t begin;
    int64_t unit;
    if (code == NULL) {
        return -1;
    }
    begin = one->code + (uintptr_t)at->code.bytecode;
    if (code->bytecodes != 0 && one->bytecode_index > 0
        && !memory_read(place,
                        code->bytecodes + sizeof(uintptr_t)
                            * (1 + (uintptr_t)one->bytecode_index),
                        &begin, sizeof begin)) {
        return -1;
    }
    unit = ((int64_t)one->instruction - (int64_t)begin) / 2;
    if (unit < -1 || unit >= code->units) {
        return -1;  /* of another code object: the frame was being made */
    }
    *out = (frame_place){code->code, (int32_t)unit, 0, one->instruction};
    if (code->code == NO_CODE) {
        out->unit = 0;
    } else {
        out->line = line_of(book, code->code, (int32_t)unit);
    }
    return 0;
}

static uint64_t
deaths_now(const gil_place *place)
{
    return place->deaths == NULL ? 0
                                 : __atomic_load_n(place->deaths, __ATOMIC_SEQ_CST);
}

static int
contains(const piece *one, const piece *other)
{
    return other->address >= one->address
           && other->address + other->size <= one->address + one->size;
}

/* Forget the pieces of another thread, those not used the last time, and those within
   another, which comes later, as none is made of what there is: all that is read must
   wait for the program's changes of its map of memory, and has them wait. */
static void
choose_pieces(frame_book *book, uintptr_t thread)
{
    int kept = 0;
    for (int i = 0; thread == book->thread && i < book->piece_count; i++) {
        piece one = book->pieces[i];
        int within = 0;
        for (int j = i + 1; j < book->piece_count; j++) {
            within |= book->pieces[j].used && contains(&book->pieces[j], &one);
        }
        if (one.used && !within) {
            one.used = 0;
            book->pieces[kept++] = one;
        }
    }
    book->piece_count = kept;
    book->thread = thread;
}

/* Compare the code objects of the innermost frames. */
static void
compare(frame_book *book, const gil_place *place, const frame *stack, int count,
        int first)
{
    uintptr_t codes[FRAMES];
    for (int i = 0; i < count; i++) {
        codes[i] = stack[i].code;
    }
    compare_codes(book, place, codes, count, first);
}

int
frames_read(frame_book *book, const gil_place *place, uintptr_t thread,
            frame_stack *out)
{
    frame stacks[2][FRAMES + 1];
    uint64_t deaths = deaths_now(place);
    int whole, again = 0, count, before, compared = 0;
    choose_pieces(book, thread);
    if (book->piece_count > 0 && read_pieces(book, place) != 0) {
        book->piece_count = 0;  /* some of it is gone */
    }
    before = follow(book, place, thread, stacks[0], &whole);
    for (int turn = 0; turn < TRIES; turn++) {
        frame *stack = stacks[turn % 2], *next = stacks[(turn + 1) % 2];
        int told = 0;
        /* What was there before and after it was compared need not be again. */
        compare(book, place, stack, before - compared, turn == 0);
        for (int i = 0; i < before && told == i; i++) {
            told += place_of(book, place, &stack[i], deaths, &out->frames[i]) == 0;
        }
        if (book->piece_count == 0 || read_pieces(book, place) != 0) {
            return -1;
        }
        count = follow(book, place, thread, next, &again);
        if (deaths_now(place) != deaths) {
            return -1;
        }
        if (before >= 0 && told == before && count == before && again == whole
            && same_stack(stack, next, count)) {
            out->count = count;
            if (!whole) {
                out->frames[out->count++] = (frame_place){OUTER, 0, 0, 0};
            }
            return 0;
        }
        compared = same_frames(stack, before, next, count);
        before = count;
        whole = again;
    }
    compare(book, place, stacks[TRIES % 2], before > 0, 1);
    if (before < 1
        || place_of(book, place, &stacks[TRIES % 2][0], deaths, &out->frames[0]) != 0
        || deaths_now(place) != deaths) {
        return -1;
    }
    out->frames[1] = (frame_place){CHANGING, 0, 0, 0};
    out->count = 2;
    return 0;
}
