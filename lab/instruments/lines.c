/* See lines.h. Nothing here includes Python.h. */

#include <stdlib.h>

#include "lines.h"
#include "memory.h"

lines *
lines_new(void)
{
    lines *l = calloc(1, sizeof(lines));
    if (l != NULL && (l->book = frames_new()) == NULL) {
        free(l);
        return NULL;
    }
    if (l != NULL) {
        touch(l->node_slots, sizeof l->node_slots);
        touch(l->place_slots, sizeof l->place_slots);
        l->node = l->place = l->node_before = l->place_before = NOWHERE;
        l->stretch = NOWHERE;
    }
    return l;
}

void
lines_free(lines *l)
{
    if (l != NULL) {
        frames_free(l->book);
    }
    free(l);
}

static uint32_t
mixed(int64_t a, int64_t b, int64_t c)
{
    uint64_t h = (uint64_t)a * 0x9E3779B97F4A7C15ULL;
    h = (h ^ (h >> 32) ^ (uint64_t)b) * 0xC2B2AE3D27D4EB4FULL;
    h = (h ^ (h >> 29) ^ (uint64_t)c) * 0x165667B19E3779F9ULL;
    return (uint32_t)(h >> 32);
}

/* The node of this line below its parent, made if need be, or NOWHERE: no room. */
static int32_t
node_below(lines *l, int32_t parent, int32_t code, int64_t line)
{
    uint32_t slot = mixed(parent, code, line) % (2 * NODES);
    for (; l->node_slots[slot] != 0; slot = (slot + 1) % (2 * NODES)) {
        const stack_node *one = &l->nodes[l->node_slots[slot] - 1];
        if (one->parent == parent && one->code == code && one->line == line) {
            return l->node_slots[slot] - 1;
        }
    }
    if (l->node_count == NODES) {
        return NOWHERE;
    }
    l->nodes[l->node_count] = (stack_node){.parent = parent, .code = code, .line = line};
    l->node_slots[slot] = ++l->node_count;
    return l->node_count - 1;
}

static int32_t
place_at(lines *l, const gil_place *process, const frame_place *on_top)
{
    unsigned char opcode;
    uint32_t slot = mixed(on_top->code, on_top->unit, on_top->line) % (2 * PLACES);
    for (; l->place_slots[slot] != 0; slot = (slot + 1) % (2 * PLACES)) {
        const line_place *one = &l->places[l->place_slots[slot] - 1];
        if (one->code == on_top->code && one->unit == on_top->unit) {
            return l->place_slots[slot] - 1;
        }
    }
    if (l->place_count == PLACES) {
        return NOWHERE;
    }
    l->places[l->place_count] = (line_place){
        .code = on_top->code, .unit = on_top->unit, .line = on_top->line,
        .opcode = memory_read(process, on_top->address, &opcode, 1) ? opcode : -1};
    l->place_slots[slot] = ++l->place_count;
    return l->place_count - 1;
}

static void
find(lines *l, finding found, int32_t node, int32_t place)
{
    l->found = found;
    l->node = node;
    l->place = place;
}

void
lines_skip(lines *l, int held)
{
    find(l, held ? UNREAD : NOT_HELD, NOWHERE, NOWHERE);
}

void
lines_look(lines *l, const gil_place *place, const gil_thread *thread)
{
    frame_stack stack;
    int32_t node, top;
    uintptr_t holder;
    finding found = READ;
    if (frames_read(l->book, place, thread->address, &stack) != 0) {
        lines_skip(l, 1);
        return;
    }
    node = node_below(l, NOWHERE, NOWHERE, (int64_t)thread->serial);
    for (int i = stack.count - 1; i >= 0 && node != NOWHERE; i--) {
        node = node_below(l, node, stack.frames[i].code, stack.frames[i].line);
    }
    top = stack.count == 0 || stack.frames[0].code == NO_CODE
              ? NOWHERE : place_at(l, place, &stack.frames[0]);
    if (stack.count == 0) {
        found = NATIVE;
    } else if (node == NOWHERE || top == NOWHERE) {
        found = NO_ROOM;
    }
    if (gil_state_locked_by(place, &holder) != 1 || holder != thread->address) {
        lines_skip(l, 1);
    } else {
        find(l, found, found == READ ? node : NOWHERE, found == READ ? top : NOWHERE);
    }
}

/* --- accounts --------------------------------------------------------------------- */

static void
spend(lines *l, finding found, int32_t node, int32_t place, int64_t ns, int64_t ran_ns,
      int wanted)
{
    l->spent_ns[found] += ns;
    l->ran_ns[found] += ran_ns;
    if (found == READ) {
        l->nodes[node].held_ns += ns;
        l->places[place].held_ns += ns;
        l->nodes[node].ran_ns += ran_ns;
        l->places[place].ran_ns += ran_ns;
        if (wanted) {
            l->nodes[node].wanted_ns += ns;
            l->places[place].wanted_ns += ns;
        }
    }
}

static void
add_to_hold(hold *one, int32_t place, int64_t ns)
{
    if (place == NOWHERE) {
        return;
    }
    for (int i = 0; i < IN_ONE_HOLD; i++) {
        if (i == one->count) {
            one->parts[one->count++] = (hold_part){place, ns};
            return;
        }
        if (one->parts[i].place == place) {
            one->parts[i].held_ns += ns;
            return;
        }
    }
}

static void
end_stretch(lines *l, int64_t now_ns)
{
    if (l->stretch != NOWHERE
        && now_ns - l->stretch_ns > l->places[l->stretch].longest_ns) {
        l->places[l->stretch].longest_ns = now_ns - l->stretch_ns;
    }
    l->stretch = NOWHERE;
}

static int
same_line(const line_place *a, const line_place *b)
{
    return a->code == b->code && a->line == b->line;
}

void
lines_account(lines *l, int64_t serial, int64_t at_ns, int64_t now_ns,
              gap_parts gap, int wanted_before, int wanted)
{
    int64_t middle_ns = at_ns + (now_ns - at_ns) / 2;
    spend(l, l->found_before, l->node_before, l->place_before, gap.before_ns,
          gap.ran_before_ns, wanted_before);
    spend(l, l->found, l->node, l->place, gap.after_ns, gap.ran_after_ns, wanted);
    add_to_hold(&l->present, l->place_before, gap.before_ns);
    if (serial != l->present.serial) {
        end_stretch(l, middle_ns);
        l->last = l->present;
        l->present = (hold){.serial = serial};
    }
    add_to_hold(&l->present, l->place, gap.after_ns);
    /* A sample that could not be read does not say that the line is another one. */
    if (l->place != NOWHERE
        && (l->stretch == NOWHERE
            || !same_line(&l->places[l->stretch], &l->places[l->place]))) {
        end_stretch(l, middle_ns);
        l->stretch = l->place;
        l->stretch_ns = middle_ns;
    }
    l->found_before = l->found;
    l->node_before = l->node;
    l->place_before = l->place;
}

int32_t
lines_of_hold(const lines *l, int64_t serial)
{
    const hold *one = l->present.serial == serial ? &l->present
                      : l->last.serial == serial  ? &l->last : NULL;
    const hold_part *most = NULL;
    for (int i = 0; one != NULL && i < one->count; i++) {
        if (most == NULL || one->parts[i].held_ns > most->held_ns) {
            most = &one->parts[i];
        }
    }
    return most == NULL ? NOWHERE : most->place;
}

void
lines_end(lines *l, int64_t serial, int64_t end_ns)
{
    end_stretch(l, end_ns);
    l->open = lines_of_hold(l, serial);
}
