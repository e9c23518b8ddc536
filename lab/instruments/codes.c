/* What code objects say, copied: see frames.h. Nothing here includes Python.h. */

#include <stdlib.h>
#include <string.h>

#include "frame_book.h"

frame_book *
frames_new(void)
{
    frame_book *book = calloc(1, sizeof(frame_book));
    if (book != NULL) {
        touch(book->seen, sizeof book->seen);
        touch(book->lines, sizeof book->lines);
        touch(book->slots, sizeof book->slots);
    }
    return book;
}

void
frames_free(frame_book *book)
{
    free(book);
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

int32_t
line_of(frame_book *book, int32_t code, int32_t unit)
{
    frame_place *kept = &book->lines[((uint32_t)code * 61 + (uint32_t)unit) % LINES];
    if (kept->code != code || kept->unit != unit || kept->line == 0) {
        *kept = (frame_place){code, unit, find_line(book, code, unit), 0};
    }
    return kept->line;
}

/* --- what code objects say -------------------------------------------------------- */

static size_t
put_character(char *out, uint32_t c)
{
    size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    for (size_t i = more; i > 0; i--, c >>= 6) {
        out[i] = (char)(0x80 | (c & 63));
    }
    out[0] = (char)(more ? 0xF0 << (3 - more) | (c & 63 >> more) : c);
    return more + 1;
}

/* A str as UTF-8, cut after `room` bytes; -1 where it cannot be read. */
static int
read_text(const gil_place *place, uintptr_t address, char *out, size_t room,
          uint32_t *in_memory)
{
    const layout *at = &place->at;
    char head[64], copy[MOST_FILE];
    intptr_t length;
    size_t width, count, size = 0;
    uint32_t state, begin;
    if (at->text.ascii > (int32_t)sizeof head
        || !memory_read(place, address, head, (size_t)at->text.ascii)) {
        return -1;
    }
    length = (intptr_t)pointer_in(head, at->text.length);
    state = (uint32_t)number_in(head, at->text.state);
    width = (state & at->text.kind) / (at->text.kind & -at->text.kind);
    if (!(state & at->text.is_compact) || length < 0
        || (width != 1 && width != 2 && width != 4)) {
        return -1;
    }
    begin = (uint32_t)(state & at->text.is_ascii ? at->text.ascii : at->text.compact);
    count = (size_t)length < room / width ? (size_t)length : room / width;
    if (count > 0 && !memory_read(place, address + begin, copy, count * width)) {
        return -1;
    }
    *in_memory = begin + (uint32_t)(count * width) - (uint32_t)at->text.length;
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
read_bytes(const gil_place *place, uintptr_t address, char *out, size_t room,
           uint32_t *in_memory)
{
    const layout *at = &place->at;
    char head[64];
    intptr_t length;
    if (at->bytes.data > (int32_t)sizeof head
        || !memory_read(place, address, head, (size_t)at->bytes.data)) {
        return -1;
    }
    length = (intptr_t)pointer_in(head, at->bytes.length);
    *in_memory = (uint32_t)(at->bytes.data - at->bytes.length);
    if (length < 0 || (size_t)length > room) {
        return length < 0 ? -1 : 0;  /* too long: its lines are not told */
    }
    *in_memory += (uint32_t)length;
    return memory_read(place, address + (uintptr_t)at->bytes.data, out,
                       (size_t)length) || length == 0 ? (int)length : -1;
}

/* Read file, name and table into `scratch`, one after the other. */
static int
read_contents(frame_book *book, const gil_place *place, sighting *one,
              frame_code *found)
{
    char *out = book->scratch;
    int filename = read_text(place, one->filename, out, MOST_FILE, &one->sizes[0]);
    int name = filename < 0 ? -1 : read_text(place, one->name, out + filename, MOST_NAME,
                                             &one->sizes[1]);
    int table = name < 0 ? -1 : read_bytes(place, one->table, out + filename + name,
                                           MOST_TABLE, &one->sizes[2]);
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

/* The code object at this address. Where none has ended since it was last compared it
   is the same one. Else it is compared again: by its version, which is never used twice,
   where it has one; else by all that it says. So an address used again names nothing
   false, and no object need be kept alive. */
const sighting *
code_at(frame_book *book, const gil_place *place, uintptr_t address, uint64_t deaths)
{
    sighting *kept = sighting_of(book, address), found;
    frame_code code, again;
    char copy[MOST_OF_A_CODE];
    if (kept->address == address
        && (place->deaths != NULL ? kept->deaths == deaths
                                  : kept->comparison == book->comparison)) {
        return kept;
    }
    if (!memory_read(place, address, copy, (size_t)place->at.code.size)
        || head_of(place, address, copy, &found) != 0) {
        return NULL;
    }
    if (kept->address == address && found.version != 0 && same_head(kept, &found)) {
        kept->deaths = deaths;
        kept->comparison = book->comparison;
        return kept;
    }
    if (read_contents(book, place, &found, &code) != 0) {
        return NULL;
    }
    found.code = keep(book, &code);
    found.deaths = deaths;
    found.comparison = book->comparison;
    if (place->deaths == NULL) {
        found.hash = hash_of_contents(book, place, &found);
        if (read_contents(book, place, &found, &again) != 0 || again.hash != code.hash) {
            return NULL;
        }
    }
    *kept = found;
    return kept;
}
