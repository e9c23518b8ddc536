/* Whether code objects still say what they said, of many at once: see frame_book.h.
   Nothing here includes Python.h. */

#include <string.h>

#include "frame_book.h"

int
head_of(const gil_place *place, uintptr_t address, const char *copy, sighting *found)
{
    const layout *at = &place->at;
    if (place->code_type != 0 && pointer_in(copy, at->code.type) != place->code_type) {
        return -1;
    }
    *found = (sighting){
        .address = address,
        .filename = pointer_in(copy, at->code.filename),
        .name = pointer_in(copy, at->code.name),
        .table = pointer_in(copy, at->code.linetable),
        .bytecodes = pointer_in(copy, at->code.bytecodes),
        .units = (int64_t)(intptr_t)pointer_in(copy, at->code.units),
        .first_line = number_in(copy, at->code.first_line),
        .version = (uint32_t)number_in(copy, at->code.version),
    };
    return found->units > 0 && found->units < INT32_MAX ? 0 : -1;
}

int
same_head(const sighting *a, const sighting *b)
{
    return a->filename == b->filename && a->name == b->name && a->table == b->table
           && a->units == b->units && a->first_line == b->first_line
           && a->version == b->version;
}

sighting *
sighting_of(frame_book *book, uintptr_t address)
{
    return &book->seen[(address >> 4) * 0x9E3779B1u % SEEN];
}

/* Where file, name and table are, to be copied to `to`; their bytes. */
static size_t
parts_of(const gil_place *place, const sighting *one, char *to, memory_part *parts)
{
    const uintptr_t begin[3] = {
        one->filename + (uintptr_t)place->at.text.length,
        one->name + (uintptr_t)place->at.text.length,
        one->table + (uintptr_t)place->at.bytes.length};
    size_t size = 0;
    for (int i = 0; i < 3; i++) {
        parts[i] = (memory_part){begin[i], to + size, one->sizes[i]};
        size += one->sizes[i];
    }
    return size;
}

static uint64_t
hash_of(const char *bytes, size_t size)
{
    uint64_t hash = 14695981039346656037ULL;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * 1099511628211ULL;
    }
    return hash;
}

uint64_t
hash_of_contents(frame_book *book, const gil_place *place, const sighting *one)
{
    memory_part parts[3];
    size_t size = parts_of(place, one, book->compared, parts);
    if (size > COMPARED || !memory_read_all(place, parts, 3)) {
        return 0;
    }
    return hash_of(book->compared, size);
}

/* A code object's bytes, and then those of its contents where its version does not tell
   that they are the same. */
static int
is_same(const gil_place *place, const sighting *kept, const char *bytes, size_t size)
{
    size_t head = (size_t)place->at.code.size;
    sighting found;
    return head_of(place, kept->address, bytes, &found) == 0 && same_head(kept, &found)
           && (size == head || hash_of(bytes + head, size - head) == kept->hash);
}

/* The last of these, whose name of a file is the very same object, or -1. */
static int
of_same_file(sighting *const *kept, int count, const sighting *one)
{
    while (count-- > 0) {
        if (kept[count]->version == 0 && kept[count]->filename == one->filename
            && kept[count]->sizes[0] == one->sizes[0]) {
            break;
        }
    }
    return count;
}

void
compare_codes(frame_book *book, const gil_place *place, const uintptr_t *addresses,
              int count, int first)
{
    memory_part parts[MOST_PARTS];
    sighting *kept[FRAMES];
    int of_file[FRAMES];    /* one before, with which it shares that; or -1 */
    size_t begin[FRAMES + 1] = {0};
    size_t head = (size_t)place->at.code.size;
    int part_count = 0, known = 0;
    book->comparison += first;
    for (int i = 0; i < count && !first; i++) {
        sighting_of(book, addresses[i])->comparison = 0;
    }
    for (int i = 0; i < count && place->deaths == NULL; i++) {
        sighting *one = sighting_of(book, addresses[i]);
        char *to = book->compared + begin[known];
        size_t size = head;
        if (one->address != addresses[i] || one->comparison == book->comparison
            || (one->version == 0 && one->hash == 0)) {
            continue;
        }
        if (one->version == 0) {
            size += one->sizes[0] + one->sizes[1] + one->sizes[2];
        }
        if (begin[known] + size > COMPARED || part_count + 4 > MOST_PARTS) {
            break;
        }
        parts[part_count++] = (memory_part){one->address, to, head};
        of_file[known] = one->version == 0 ? of_same_file(kept, known, one) : -1;
        if (one->version == 0) {
            memory_part contents[3];
            parts_of(place, one, to + head, contents);
            for (int part = of_file[known] >= 0; part < 3; part++) {
                parts[part_count++] = contents[part];
            }
        }
        one->comparison = book->comparison;
        kept[known++] = one;
        begin[known] = begin[known - 1] + size;
    }
    if (known > 0 && memory_read_all(place, parts, part_count)) {
        for (int i = 0; i < known; i++) {
            if (of_file[i] >= 0) {
                memcpy(book->compared + begin[i] + head,
                       book->compared + begin[of_file[i]] + head, kept[i]->sizes[0]);
            }
            if (!is_same(place, kept[i], book->compared + begin[i],
                         begin[i + 1] - begin[i])) {
                kept[i]->comparison = 0;
            }
        }
    } else {
        for (int i = 0; i < known; i++) {
            kept[i]->comparison = 0;
        }
    }
}
