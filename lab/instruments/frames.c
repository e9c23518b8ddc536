/* See frames.h. Nothing here includes Python.h. */

#define _GNU_SOURCE 1
#include <stdlib.h>
#include <string.h>

#ifdef __linux__
#include <sys/uio.h>
#endif

#include "frames.h"

enum {
    TRIES = 3,
    SHIMS = FRAMES,         /* most frames of the interpreter's own in a stack */
    MOST_NAME = 512,        /* bytes kept of a name, */
    MOST_FILE = 4096,       /* of a file's, */
    MOST_TABLE = 1 << 18,   /* and of a table of lines */
    MOST_TEXT = MOST_FILE
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
    uint64_t deaths;        /* the count when it was last compared */
} sighting;

typedef struct {
    uintptr_t address, code, previous, instruction;
    int owner;
    int32_t bytecode_index;
} frame;

struct frame_book {
    uintptr_t thread;       /* whose pieces these are */
    int piece_count;
    piece pieces[PIECES];
    char bytes[2][PIECES][PIECE];
    int now;                /* which half of `bytes` was read last */
    sighting seen[SEEN];
    frame_place lines[LINES];
    int code_count;
    frame_code codes[CODES];
    uint16_t slots[2 * CODES];  /* 1 more than the index, by hash */
    uint32_t text_size;
    char text[TEXT], scratch[MOST_FILE + MOST_NAME + MOST_TABLE];
};

frame_book *
frames_new(void)
{
    return calloc(1, sizeof(frame_book));
}

void
frames_free(frame_book *book)
{
    free(book);
}

int
frames_codes(const frame_book *book)
{
    return book->code_count;
}

const frame_code *
frames_code(const frame_book *book, int32_t code)
{
    return &book->codes[code];
}

const char *
frames_text(const frame_book *book, uint32_t at)
{
    return book->text + at;
}

/* --- lines ---------------------------------------------------------------------- */

static uint32_t
varint(const unsigned char **p, const unsigned char *end)
{
    uint32_t value = 0;
    for (int shift = 0; *p < end && shift < 32; shift += 6) {
        unsigned char byte = *(*p)++;
        value |= (uint32_t)(byte & 63) << shift;
        if (!(byte & 64)) {
            break;
        }
    }
    return value;
}

/* From the table of locations (Objects/locations.md of CPython). */
static int32_t
find_line(const frame_book *book, int32_t code, int32_t unit)
{
    const frame_code *one = &book->codes[code];
    const unsigned char *p = (const unsigned char *)book->text + one->table;
    const unsigned char *end = p + one->table_size;
    int32_t line = one->first_line, start = 0, begun = 0;
    if (unit < 0) {
        return line;  /* it has not begun */
    }
    while (p < end) {
        int head = *p++, kind = (head >> 3) & 15, count = (head & 7) + 1;
        if (kind == 13 || kind == 14) {
            uint32_t change = varint(&p, end);
            line += change & 1 ? -(int32_t)(change >> 1) : (int32_t)(change >> 1);
        } else if (kind >= 10 && kind <= 12) {
            line += kind - 10;
        }
        while (p < end && !(*p & 128)) {
            p++;
        }
        begun |= kind != 15;  /* before: it takes its arguments over */
        if (unit < start + count) {
            return kind == 15 && begun ? 0 : line;
        }
        start += count;
    }
    return 0;
}

static int32_t
line_of(frame_book *book, int32_t code, int32_t unit)
{
    frame_place *kept = &book->lines[((uint32_t)code * 61 + (uint32_t)unit) % LINES];
    if (kept->code != code || kept->unit != unit || kept->line == 0) {
        *kept = (frame_place){code, unit, find_line(book, code, unit), 0};
    }
    return kept->line;
}

/* --- what code objects say -------------------------------------------------------- */

static uintptr_t
pointer(const char *copy, int32_t offset)
{
    uintptr_t value = 0;
    if (offset >= 0) {
        memcpy(&value, copy + offset, sizeof value);
    }
    return value;
}

static int32_t
number(const char *copy, int32_t offset)
{
    int32_t value = 0;
    if (offset >= 0) {
        memcpy(&value, copy + offset, sizeof value);
    }
    return value;
}

static size_t
put_character(char *out, uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | (c >> 18 & 7));
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* A str as UTF-8, cut after `room` bytes; -1 where it cannot be read. */
static int
read_text(const gil_place *place, uintptr_t address, char *out, size_t room)
{
    const layout *at = &place->at;
    char head[64], copy[MOST_TEXT];
    intptr_t length;
    size_t width, count, size = 0;
    uint32_t state, begin;
    if (at->text.ascii > (int32_t)sizeof head
        || !gil_state_read(place, address, head, (size_t)at->text.ascii)) {
        return -1;
    }
    length = (intptr_t)pointer(head, at->text.length);
    state = (uint32_t)number(head, at->text.state);
    width = (state & at->text.kind) / (at->text.kind & -at->text.kind);
    if (!(state & at->text.is_compact) || length < 0
        || (width != 1 && width != 2 && width != 4)) {
        return -1;
    }
    begin = (uint32_t)(state & at->text.is_ascii ? at->text.ascii : at->text.compact);
    count = (size_t)length < room / width ? (size_t)length : room / width;
    if (count > 0 && !gil_state_read(place, address + begin, copy, count * width)) {
        return -1;
    }
    for (size_t i = 0; i < count && size + 4 <= room; i++) {
        uint32_t c = (unsigned char)copy[i];
        if (width == 2) {
            uint16_t two;
            memcpy(&two, copy + 2 * i, sizeof two);
            c = two;
        } else if (width == 4) {
            memcpy(&c, copy + 4 * i, sizeof c);
        }
        size += put_character(out + size, c);
    }
    return (int)size;
}

static int
read_bytes(const gil_place *place, uintptr_t address, char *out, size_t room)
{
    const layout *at = &place->at;
    char head[64];
    intptr_t length;
    if (at->bytes.data > (int32_t)sizeof head
        || !gil_state_read(place, address, head, (size_t)at->bytes.data)) {
        return -1;
    }
    length = (intptr_t)pointer(head, at->bytes.length);
    if (length < 0 || (size_t)length > room) {
        return length < 0 ? -1 : 0;  /* too long: its lines are not told */
    }
    return gil_state_read(place, address + (uintptr_t)at->bytes.data, out,
                          (size_t)length) || length == 0 ? (int)length : -1;
}

/* Read file, name and table into `scratch`, one after the other. */
static int
read_contents(frame_book *book, const gil_place *place, const sighting *one,
              frame_code *found)
{
    char *out = book->scratch;
    int filename = read_text(place, one->filename, out, MOST_FILE);
    int name = filename < 0 ? -1
                            : read_text(place, one->name, out + filename, MOST_NAME);
    int table = name < 0 ? -1 : read_bytes(place, one->table, out + filename + name,
                                           MOST_TABLE);
    if (table < 0) {
        return -1;
    }
    *found = (frame_code){
        .filename_size = (uint32_t)filename, .name_size = (uint32_t)name,
        .table_size = (uint32_t)table, .first_line = one->first_line,
        .units = (int32_t)one->units, .hash = 14695981039346656037ULL,
    };
    for (int i = 0; i < filename + name + table; i++) {
        found->hash = (found->hash ^ (unsigned char)out[i]) * 1099511628211ULL;
    }
    found->hash ^= (uint64_t)one->first_line * 0x9E3779B97F4A7C15ULL;
    found->hash ^= (uint64_t)one->units * 0xC2B2AE3D27D4EB4FULL;
    return 0;
}

static uint32_t
size_of(const frame_code *one)
{
    return one->filename_size + one->name_size + one->table_size;
}

/* Whether a code kept says what is now in `scratch`. */
static int
says(const frame_book *book, const frame_code *kept, const frame_code *found)
{
    return kept->hash == found->hash && kept->first_line == found->first_line
           && kept->units == found->units
           && kept->filename_size == found->filename_size
           && kept->name_size == found->name_size
           && kept->table_size == found->table_size
           && memcmp(book->text + kept->filename, book->scratch, size_of(kept)) == 0;
}

/* The index of the code that says this, kept now if need be, or NO_CODE. */
static int32_t
keep(frame_book *book, const frame_code *found)
{
    uint32_t slot = (uint32_t)(found->hash % (2 * CODES)), size = size_of(found);
    frame_code *kept;
    while (book->slots[slot] != 0) {
        if (says(book, &book->codes[book->slots[slot] - 1], found)) {
            return book->slots[slot] - 1;
        }
        slot = (slot + 1) % (2 * CODES);
    }
    if (book->code_count == CODES || size > TEXT - book->text_size) {
        return NO_CODE;
    }
    kept = &book->codes[book->code_count];
    *kept = *found;
    kept->filename = book->text_size;
    kept->name = kept->filename + kept->filename_size;
    kept->table = kept->name + kept->name_size;
    memcpy(book->text + kept->filename, book->scratch, size);
    book->text_size += size;
    book->slots[slot] = (uint16_t)(book->code_count + 1);
    return book->code_count++;
}

static int
read_head(const gil_place *place, uintptr_t address, sighting *found)
{
    const layout *at = &place->at;
    char copy[MOST_OF_A_CODE];
    if (!gil_state_read(place, address, copy, (size_t)at->code.size)
        || (place->code_type != 0
            && pointer(copy, at->code.type) != place->code_type)) {
        return -1;
    }
    *found = (sighting){
        .address = address,
        .filename = pointer(copy, at->code.filename),
        .name = pointer(copy, at->code.name),
        .table = pointer(copy, at->code.linetable),
        .bytecodes = pointer(copy, at->code.bytecodes),
        .units = (int64_t)(intptr_t)pointer(copy, at->code.units),
        .first_line = number(copy, at->code.first_line),
        .version = (uint32_t)number(copy, at->code.version),
    };
    return found->units > 0 && found->units < INT32_MAX ? 0 : -1;
}

static int
same_head(const sighting *a, const sighting *b)
{
    return a->filename == b->filename && a->name == b->name && a->table == b->table
           && a->units == b->units && a->first_line == b->first_line
           && a->version == b->version;
}

/* The code object at this address. Where none has ended since it was last compared it
   is the same one. Else it is compared again: by its version, which is never used twice,
   where it has one; else by all that it says. So an address used again names nothing
   false, and no object need be kept alive. */
static sighting *
code_at(frame_book *book, const gil_place *place, uintptr_t address, uint64_t deaths)
{
    sighting *kept = &book->seen[(address >> 4) * 0x9E3779B1u % SEEN], found;
    frame_code code, again;
    if (kept->address == address && place->deaths != NULL && kept->deaths == deaths) {
        return kept;
    }
    if (read_head(place, address, &found) != 0) {
        return NULL;
    }
    if (kept->address == address && found.version != 0 && same_head(kept, &found)) {
        kept->deaths = deaths;
        return kept;
    }
    if (read_contents(book, place, &found, &code) != 0) {
        return NULL;
    }
    found.code = keep(book, &code);
    found.deaths = deaths;
    if (place->deaths == NULL
        && (read_contents(book, place, &found, &again) != 0 || again.hash != code.hash)) {
        return NULL;
    }
    *kept = found;
    return kept;
}

/* --- frames ----------------------------------------------------------------------- */

/* Read all pieces, one after the other. */
static int
read_pieces(frame_book *book, const gil_place *place)
{
#ifdef __linux__
    struct iovec here[PIECES], there[PIECES];
    size_t size = 0;
    book->now = !book->now;
    for (int i = 0; i < book->piece_count; i++) {
        const piece *one = &book->pieces[i];
        here[i] = (struct iovec){book->bytes[book->now][i], one->size};
        there[i] = (struct iovec){(void *)one->address, one->size};
        size += one->size;
        if (place->foreign
            && !gil_state_read(place, one->address, here[i].iov_base, one->size)) {
            return -1;
        }
    }
    return place->foreign
           || process_vm_readv(place->process, here, (unsigned long)book->piece_count,
                            there, (unsigned long)book->piece_count, 0)
                  == (ssize_t)size ? 0 : -1;
#else
    (void)book; (void)place;
    return -1;
#endif
}

/* `size` bytes at an address, from a piece that was read, else from a new one, which
   begins before, as callers' frames do, but not in another page; or NULL. */
static const char *
bytes_at(frame_book *book, const gil_place *place, uintptr_t address, size_t size)
{
    piece *one;
    uintptr_t page = address & ~(uintptr_t)4095, begin = address + size - PIECE;
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
    if (!gil_state_read(place, begin, book->bytes[book->now][book->piece_count],
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
                                sizeof *found);
    if (copy != NULL && at->thread.frame_in_record >= 0) {
        copy = bytes_at(book, place,
                        pointer(copy, 0) + (uintptr_t)at->thread.frame_in_record,
                        sizeof *found);
    }
    *found = copy == NULL ? 0 : pointer(copy, 0);
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
        copy = bytes_at(book, place, address, (size_t)at->frame.size);
        if (copy == NULL) {
            if (book->piece_count == PIECES) {
                *whole = 0;
                break;
            }
            return -1;
        }
        out[count] = (frame){
            .address = address,
            .code = pointer(copy, at->frame.code) & ~(uintptr_t)7,  /* bits of 3.14's */
            .previous = pointer(copy, at->frame.previous),
            .instruction = pointer(copy, at->frame.instruction),
            .owner = copy[at->frame.owner],
            .bytecode_index = number(copy, at->frame.bytecode_index),
        };
        address = out[count].previous;
        count += out[count].owner < at->frame.least_owner;
    }
    return count;
}

/* The same stack: only its innermost frame may have gone on. */
static int
same_stack(const frame *a, const frame *b, int count)
{
    for (int i = 0; i < count; i++) {
        if (a[i].address != b[i].address || a[i].code != b[i].code
            || a[i].previous != b[i].previous
            || (i > 0 && a[i].instruction != b[i].instruction)) {
            return 0;
        }
    }
    return 1;
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
        && !gil_state_read(place,
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

/* Forget the pieces of another thread, and those not used the last time. */
static void
choose_pieces(frame_book *book, uintptr_t thread)
{
    int kept = 0;
    for (int i = 0; thread == book->thread && i < book->piece_count; i++) {
        if (book->pieces[i].used) {
            book->pieces[kept] = book->pieces[i];
            book->pieces[kept++].used = 0;
        }
    }
    book->piece_count = kept;
    book->thread = thread;
}

int
frames_read(frame_book *book, const gil_place *place, uintptr_t thread,
            frame_stack *out)
{
    frame stacks[2][FRAMES + 1];
    uint64_t deaths = deaths_now(place);
    int whole, again = 0, count, before;
    choose_pieces(book, thread);
    if (book->piece_count > 0 && read_pieces(book, place) != 0) {
        book->piece_count = 0;  /* some of it is gone */
    }
    before = follow(book, place, thread, stacks[0], &whole);
    for (int turn = 0; turn < TRIES; turn++) {
        const frame *stack = stacks[turn % 2];
        int told = 0;
        for (int i = 0; i < before && told == i; i++) {
            told += place_of(book, place, &stack[i], deaths, &out->frames[i]) == 0;
        }
        if (book->piece_count == 0 || read_pieces(book, place) != 0) {
            return -1;
        }
        count = follow(book, place, thread, stacks[(turn + 1) % 2], &again);
        if (deaths_now(place) != deaths) {
            return -1;
        }
        if (before >= 0 && told == before && count == before && again == whole
            && same_stack(stacks[0], stacks[1], count)) {
            out->count = count;
            if (!whole) {
                out->frames[out->count++] = (frame_place){OUTER, 0, 0, 0};
            }
            return 0;
        }
        before = count;
        whole = again;
    }
    if (before < 1
        || place_of(book, place, &stacks[TRIES % 2][0], deaths, &out->frames[0]) != 0
        || deaths_now(place) != deaths) {
        return -1;
    }
    out->frames[1] = (frame_place){CHANGING, 0, 0, 0};
    out->count = 2;
    return 0;
}
