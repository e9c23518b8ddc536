/* Lanes, one a thread: which threads there are, and what each spent its time on.
   See sampler.h. Nothing here includes Python.h. */

#include "sampler.h"

static void
note(sampler *s, uint64_t serial, int64_t at_ns, int before, int after)
{
    event *slot = &s->events[s->event_count++ % EVENTS];
    slot->at_ns = at_ns;
    slot->serial = serial;
    slot->before = before;
    slot->after = after;
}

int64_t
account(tally *t, int state, int64_t now_ns, int64_t unseen_ns)
{
    int64_t gap_ns = now_ns - t->at_ns, middle_ns = t->at_ns + gap_ns / 2;
    gap_ns = unseen_ns < gap_ns ? gap_ns - unseen_ns : 0;
    t->spent_ns[t->state] += gap_ns / 2;
    t->spent_ns[state] += gap_ns - gap_ns / 2;
    if (state != t->state) {
        double half_ns2 = 0.5 * (double)gap_ns * (double)gap_ns;
        t->changes[t->state]++;
        t->changes[state]++;
        t->change_ns2[t->state] += half_ns2;
        t->change_ns2[state] += half_ns2;
        if (middle_ns - t->since_ns > t->longest_ns[t->state]) {
            t->longest_ns[t->state] = middle_ns - t->since_ns;
        }
        t->state = state;
        t->since_ns = middle_ns;
    }
    t->at_ns = now_ns;
    return middle_ns;
}

void
open_lane(lane *l, const gil_thread *thread, int64_t at_ns)
{
    *l = (lane){.thread = *thread, .begin_ns = at_ns, .clock_ns = -1};
    l->spent.state = WAITS;
    l->spent.at_ns = l->spent.since_ns = at_ns;
}

static void
end_lane(sampler *s, lane *l, int64_t now_ns)
{
    int before = l->spent.state;
    forget_file(l);
    l->end_ns = account(&l->spent, WAITS, now_ns, 0);
    /* The half gap after its end is nobody's. */
    l->spent.spent_ns[WAITS] -= now_ns - l->end_ns;
    note(s, l->thread.serial, l->end_ns, before, ABSENT);
}

/* Make room: what ended threads spent goes to the untracked lane, all in one. */
static void
fold_ended(sampler *s)
{
    lane *rest = &s->lanes[UNTRACKED];
    for (int i = 0; i < LANES; i++) {
        lane *l = &s->lanes[i];
        if (l->thread.serial != 0 && l->end_ns != 0) {
            for (int state = WAITS; state < STATES; state++) {
                tally *all = &rest->spent;
                all->spent_ns[state] += l->spent.spent_ns[state];
                if (l->spent.longest_ns[state] > all->longest_ns[state]) {
                    all->longest_ns[state] = l->spent.longest_ns[state];
                }
                all->changes[state] += l->spent.changes[state];
                all->change_ns2[state] += l->spent.change_ns2[state];
            }
            l->thread.serial = 0;
            s->folded++;
        }
    }
}

static int
free_lane(sampler *s, int from)
{
    while (from < LANES && s->lanes[from].thread.serial != 0) {
        from++;
    }
    return from;
}

/* A thread state leaves the list just before its last release of the GIL
   (_PyThreadState_DeleteCurrent, Python/pystate.c): it lives until then. */
static int
end_or_keep(sampler *s, int slot, int64_t now_ns, uintptr_t holder, int kept)
{
    if (s->lanes[slot].thread.address == holder && holder != 0) {
        s->next_live[kept++] = slot;
    } else {
        end_lane(s, &s->lanes[slot], now_ns);
    }
    return kept;
}

/* The lanes and CPython's list are both newest first, that is by falling serial
   number, so one pass compares them. */
void
walk(sampler *s, int whole, int64_t now_ns, int64_t middle_ns, uintptr_t holder)
{
    uint64_t made = gil_state_made(&s->place);
    int64_t own_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
    int count = -1, old = 0, kept = 0, slot = 0, folded = 0;
    for (int tries = 0; count < 0 && tries < 3; tries++) {
        count = whole ? gil_state_threads(&s->place, s->list, LANES)
                      : gil_state_newer(&s->place, s->list, s->listed, LANES);
        s->listed = count < 0 && whole ? 0 : s->listed;
    }
    if (count < 0) {
        return;  /* the list is being changed: try at the next sample */
    }
    s->listed = count;
    s->unbound = 0;
    for (int i = 0; i < count; i++) {
        const gil_thread *thread = &s->list[i];
        s->unbound |= thread->native_id == 0;
        while (old < s->live_count
               && s->lanes[s->live[old]].thread.serial > thread->serial) {
            kept = end_or_keep(s, s->live[old++], now_ns, holder, kept);
        }
        if (old < s->live_count
            && s->lanes[s->live[old]].thread.serial == thread->serial) {
            lane *l = &s->lanes[s->live[old]];
            if (l->thread.native_id != thread->native_id) {
                l->clock_ns = -1;  /* it has only now told its own number */
                forget_file(l);
            }
            l->thread = *thread;
            s->next_live[kept++] = s->live[old++];
            continue;
        }
        slot = free_lane(s, slot);
        if (slot == LANES && !folded) {
            fold_ended(s);
            folded = 1;
            slot = free_lane(s, 0);
        }
        if (slot < LANES) {
            open_lane(&s->lanes[slot], thread, middle_ns);
            note(s, thread->serial, middle_ns, ABSENT, WAITS);
            s->next_live[kept++] = slot;
        }
    }
    while (old < s->live_count) {
        kept = end_or_keep(s, s->live[old++], now_ns, holder, kept);
    }
    for (int i = 0; i < kept; i++) {
        s->live[i] = s->next_live[i];
    }
    s->live_count = kept;
    s->made = made;
    if (whole) {
        s->walk_ns = now_ns;
        s->walk_cost_ns = read_clock(CLOCK_THREAD_CPUTIME_ID) - own_ns;
        s->ended = 0;
    }
}

lane *
lane_at(sampler *s, uintptr_t address)
{
    for (int i = 0; i < s->live_count; i++) {
        if (s->lanes[s->live[i]].thread.address == address) {
            return &s->lanes[s->live[i]];
        }
    }
    return &s->lanes[UNTRACKED];
}

static void
add(portion *portions, int room, int64_t key, int64_t ns)
{
    for (int i = 0; i < room; i++) {
        if (portions[i].key == key || portions[i].ns == 0) {
            portions[i].key = key;
            portions[i].ns += ns;
            return;
        }
    }
}

/* Time in the present state: in which call, behind whom. */
static void
detail(lane *l, int64_t holder, int64_t ns)
{
    if (l->spent.state == BLOCKED) {
        add(l->calls, CALLS, l->call, ns);
    } else if (l->spent.state == WANTS && holder != 0) {
        add(l->behind, HOLDERS, holder, ns);
    }
}

void
set_state(sampler *s, lane *l, int state, int64_t now_ns, int64_t unseen_ns)
{
    int before = l->spent.state;
    int64_t half_ns = (now_ns - l->spent.at_ns - unseen_ns) / 2, middle_ns;
    half_ns = half_ns > 0 ? half_ns : 0;
    detail(l, s->held_before, half_ns);
    middle_ns = account(&l->spent, state, now_ns, unseen_ns);
    l->call = l->next_call;
    detail(l, s->holder, half_ns);
    if (state != before) {
        note(s, l->thread.serial, middle_ns, before, state);
    }
}
