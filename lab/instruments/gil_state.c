/* See gil_state.h. Nothing here includes Python.h.

   Every field read here is either an atomic of CPython's or an aligned word. In one's
   own process the lock is read by relaxed atomic loads. Thread states come and go: they
   are read by a system call, for which memory that is gone is an error and no crash; and
   so is all of another process. */

#include <string.h>

#include "gil_state.h"
#include "memory.h"

enum { NEWEST = 64 };  /* threads that may not have started yet */

/* An aligned word of the lock or the interpreter; `otherwise`, or 0, where it is gone. */
static int32_t
int_at(const gil_place *place, uintptr_t address, int32_t otherwise)
{
    int32_t value;
    if (!place->foreign) {
        return __atomic_load_n((const int32_t *)address, __ATOMIC_RELAXED);
    }
    return memory_read(place, address, &value, sizeof value) ? value : otherwise;
}

static uintptr_t
pointer_at(const gil_place *place, uintptr_t address)
{
    uintptr_t value;
    if (!place->foreign) {
        return __atomic_load_n((const uintptr_t *)address, __ATOMIC_ACQUIRE);
    }
    return memory_read(place, address, &value, sizeof value) ? value : 0;
}

int
gil_state_attach(gil_place *place, uintptr_t runtime)
{
    const layout *at = &place->at;
    uintptr_t next;
    place->foreign = 1;
    place->file = NULL;
    place->interpreter = 0;
    next = pointer_at(place, runtime + (uintptr_t)at->runtime.interpreters);
    for (int turn = 0; next != 0 && turn < 1000; turn++) {
        place->interpreter = next;
        next = pointer_at(place, next + (uintptr_t)at->interpreter.next);
    }
    if (place->interpreter == 0) {
        return -1;
    }
    place->gil = at->interpreter.gil < 0
                     ? runtime + (uintptr_t)at->runtime.gil
                     : pointer_at(place, place->interpreter
                                          + (uintptr_t)at->interpreter.gil);
    return place->gil != 0 && gil_state_locked(place) >= 0 ? 0 : -1;
}

int
gil_state_enabled(const gil_place *place)
{
    return place->at.gil.enabled < 0
           || int_at(place, place->gil + (uintptr_t)place->at.gil.enabled, 0) != 0;
}

int
gil_state_locked(const gil_place *place)
{
    return int_at(place, place->gil + (uintptr_t)place->at.gil.locked, -1);
}

uintptr_t
gil_state_holder(const gil_place *place)
{
    return pointer_at(place, place->gil + (uintptr_t)place->at.gil.holder);
}

int
gil_state_locked_by(const gil_place *place, uintptr_t *holder)
{
    int32_t locked = place->at.gil.locked, last = place->at.gil.holder;
    int32_t begin = locked < last ? locked : last;
    char copy[64];
    size_t size = (size_t)(locked + last - 2 * begin) + sizeof *holder;
    if (!place->foreign || size > sizeof copy) {
        locked = gil_state_locked(place);
        *holder = gil_state_holder(place);
        return locked;
    }
    if (!memory_read(place, place->gil + (uintptr_t)begin, copy, size)) {
        return -1;
    }
    *holder = pointer_in(copy, last - begin);
    return number_in(copy, locked - begin);
}

int
gil_state_contains(const gil_place *place, uintptr_t address)
{
    /* gil->cond and gil->mutex (take_gil, Python/ceval_gil.h or ceval_gil.c). */
    return address - place->gil < (uintptr_t)place->at.gil.size;
}

uint64_t
gil_state_made(const gil_place *place)
{
    uintptr_t address =
        place->interpreter + (uintptr_t)place->at.interpreter.next_serial;
    uint64_t value;
    if (!place->foreign) {
        return __atomic_load_n((const uint64_t *)address, __ATOMIC_RELAXED);
    }
    return memory_read(place, address, &value, sizeof value) ? value : 0;
}

/* What is at the address of a thread state, or was; the fields that are read of it. */
typedef struct {
    uintptr_t prev, next;
    gil_thread thread;
} linked;

/* 0 if there is none now, or none of this interpreter's. */
static int
read_thread(const gil_place *place, uintptr_t address, linked *found)
{
    const layout *at = &place->at;
    char copy[MOST_OF_A_THREAD];
    if (!memory_read(place, address, copy, (size_t)at->thread.size)
        || pointer_in(copy, at->thread.interpreter) != place->interpreter) {
        return 0;
    }
    *found = (linked){
        .prev = pointer_in(copy, at->thread.prev),
        .next = pointer_in(copy, at->thread.next),
        .thread = {.address = address,
                   /* Written by the thread itself as it starts. */
                   .ident = pointer_in(copy, at->thread.ident),
                   .native_id = pointer_in(copy, at->thread.native_id)},
    };
    memcpy(&found->thread.serial, copy + at->thread.serial, sizeof(uint64_t));
    return 1;
}

/* On 3.11 a thread state bears the number of its creator until it starts, which is
   older and so further down the list (init_threadstate, Python/pystate.c). */
static void
forget_creators(const gil_place *place, gil_thread *list, int count)
{
    for (int i = 0; place->at.version < 0x030C && i < count && i < NEWEST; i++) {
        for (int older = i + 1; older < count; older++) {
            if (list[older].native_id == list[i].native_id) {
                list[i].native_id = 0;
            }
        }
    }
}

/* The list from its head down to a serial number not above `known`. It is being
   changed by others (add_threadstate, tstate_delete_common: Python/pystate.c): links
   that do not agree both ways, or serial numbers that do not fall, show that a state
   read here was no longer, or not yet, in it. */
static int
read_list(const gil_place *place, gil_thread *out, int room, uint64_t known)
{
    uintptr_t before = 0;
    uintptr_t address = pointer_at(
        place, place->interpreter + (uintptr_t)place->at.interpreter.threads);
    uint64_t serial = UINT64_MAX;
    int count = 0;
    while (address != 0 && count < room) {
        linked one;
        if (!read_thread(place, address, &one) || one.prev != before
            || one.thread.serial >= serial) {
            return -1;
        }
        serial = one.thread.serial;
        if (serial <= known) {
            break;
        }
        out[count++] = one.thread;
        before = address;
        address = one.next;
    }
    return count;
}

int
gil_state_threads(const gil_place *place, gil_thread *out, int room)
{
    int count = read_list(place, out, room, 0);
    forget_creators(place, out, count);
    return count;
}

int
gil_state_listed(const gil_place *place, const gil_thread *known)
{
    uintptr_t head = place->interpreter + (uintptr_t)place->at.interpreter.threads;
    linked one, before;
    if (!read_thread(place, known->address, &one)
        || one.thread.serial != known->serial) {
        return 0;
    }
    /* What is left of one that has ended: its neighbour leads past it. */
    return one.prev == 0 ? pointer_at(place, head) == known->address
                         : read_thread(place, one.prev, &before)
                               && before.next == known->address;
}

int
gil_state_newer(const gil_place *place, gil_thread *list, int count, int room)
{
    gil_thread newest[NEWEST];
    int more = read_list(place, newest, NEWEST, count > 0 ? list[0].serial : 0);
    if (more < 0 || more == NEWEST) {
        return more < 0 ? -1 : gil_state_threads(place, list, room);
    }
    count = count + more < room ? count : room - more;
    memmove(list + more, list, (size_t)count * sizeof *list);
    memcpy(list, newest, (size_t)more * sizeof *list);
    count += more;
    for (int i = more; i < count && i < NEWEST; i++) {
        linked one;
        if (list[i].native_id == 0 && read_thread(place, list[i].address, &one)
            && one.thread.serial == list[i].serial) {
            list[i] = one.thread;
        }
    }
    forget_creators(place, list, count);
    return count;
}
