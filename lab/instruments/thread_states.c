/* A record of each thread: which threads there are, and what each spent its time on.
   See sampler.h. Nothing here includes Python.h. */

#include "sampler.h"

/* Look through the whole list of threads this often, sooner where one may have ended;
   and where it is long, not more than once in so many times what that takes. */
#define WALK_NS 10000000
#define WALK_COSTS 1000
#define WALK_SOON_NS 500000
#define WALK_SOON_COSTS 100

static void
note(sampler *s, uint64_t serial, int64_t at_ns, int before, int after)
{
    event *slot = &s->events[s->event_count++ % s->event_room];
    slot->at_ns = at_ns;
    slot->serial = serial;
    slot->before = before;
    slot->after = after;
    slot->place = before == HOLDS ? lines_of_hold(s->lines, (int64_t)serial) : NOWHERE;
}

void
end_stretch_of(tally *t, int64_t now_ns)
{
    if (now_ns - t->since_ns > t->longest_ns[t->state]) {
        t->longest_ns[t->state] = now_ns - t->since_ns;
    }
    t->since_ns = now_ns;
}

int64_t
account(tally *t, int state, int64_t now_ns, gap_parts gap)
{
    int64_t gap_ns = now_ns - t->at_ns, middle_ns = t->at_ns + gap_ns / 2;
    gap_ns = gap.before_ns + gap.after_ns;
    t->spent_ns[t->state] += gap.before_ns;
    t->spent_ns[state] += gap.after_ns;
    t->ran_ns[t->state] += gap.ran_before_ns;
    t->ran_ns[state] += gap.ran_after_ns;
    if (state != t->state) {
        double half_ns2 = 0.5 * (double)gap_ns * (double)gap_ns;
        t->changes[t->state]++;
        t->changes[state]++;
        t->change_ns2[t->state] += half_ns2;
        t->change_ns2[state] += half_ns2;
        end_stretch_of(t, middle_ns);
        t->state = state;
    }
    t->at_ns = now_ns;
    return middle_ns;
}

void
open_record(thread_record *r, const gil_thread *thread, int64_t at_ns)
{
    *r = (thread_record){.thread = *thread, .begin_ns = at_ns, .clock_ns = -1};
    r->spent.state = WAITS;
    r->spent.at_ns = r->spent.since_ns = at_ns;
}

static void
end_record(sampler *s, thread_record *r, int64_t now_ns)
{
    int before = r->spent.state;
    gap_parts gap = {(now_ns - r->spent.at_ns) / 2, 0, 0, 0};  /* the rest is nobody's */
    forget_files(r);
    r->end_ns = account(&r->spent, WAITS, now_ns, gap);
    note(s, r->thread.serial, r->end_ns, before, ABSENT);
}

/* Make room: what ended threads spent goes to the record of untracked threads. */
static void
fold_ended(sampler *s)
{
    thread_record *rest = &s->threads[UNTRACKED];
    for (int i = 0; i < THREADS; i++) {
        thread_record *r = &s->threads[i];
        if (r->thread.serial != 0 && r->end_ns != 0) {
            for (int state = WAITS; state < STATES; state++) {
                tally *all = &rest->spent;
                all->spent_ns[state] += r->spent.spent_ns[state];
                all->ran_ns[state] += r->spent.ran_ns[state];
                if (r->spent.longest_ns[state] > all->longest_ns[state]) {
                    all->longest_ns[state] = r->spent.longest_ns[state];
                }
                all->changes[state] += r->spent.changes[state];
                all->change_ns2[state] += r->spent.change_ns2[state];
            }
            r->thread.serial = 0;
            s->folded++;
        }
    }
}

static int
free_slot(sampler *s, int from)
{
    while (from < THREADS && s->threads[from].thread.serial != 0) {
        from++;
    }
    return from;
}

/* A thread state leaves the list just before its last release of the GIL
   (_PyThreadState_DeleteCurrent, Python/pystate.c): it lives until then. */
static int
end_or_keep(sampler *s, int slot, int64_t now_ns, uintptr_t holder, int kept)
{
    if (s->threads[slot].thread.address == holder && holder != 0) {
        s->next_live[kept++] = slot;
    } else {
        end_record(s, &s->threads[slot], now_ns);
    }
    return kept;
}

/* The records and CPython's list are both newest first, that is by falling serial
   number, so one pass compares them. */
void
walk(sampler *s, int whole, int64_t now_ns, int64_t middle_ns, uintptr_t holder)
{
    uint64_t made = gil_state_made(&s->place);
    int64_t own_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
    int count = -1, old = 0, kept = 0, slot = 0, folded = 0;
    for (int tries = 0; count < 0 && tries < 3; tries++) {
        count = whole ? gil_state_threads(&s->place, s->list, THREADS)
                      : gil_state_newer(&s->place, s->list, s->listed, THREADS);
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
               && s->threads[s->live[old]].thread.serial > thread->serial) {
            kept = end_or_keep(s, s->live[old++], now_ns, holder, kept);
        }
        if (old < s->live_count
            && s->threads[s->live[old]].thread.serial == thread->serial) {
            thread_record *r = &s->threads[s->live[old]];
            if (r->thread.native_id != thread->native_id) {
                r->clock_ns = -1;  /* it has only now told its own number */
                forget_files(r);
            }
            r->thread = *thread;
            s->next_live[kept++] = s->live[old++];
            continue;
        }
        slot = free_slot(s, slot);
        if (slot == THREADS && !folded) {
            fold_ended(s);
            folded = 1;
            slot = free_slot(s, 0);
        }
        if (slot < THREADS) {
            open_record(&s->threads[slot], thread, middle_ns);
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

/* An unchanged count of thread states: no address has come to mean another. */
int
look_for_threads(sampler *s, int64_t now_ns, int64_t middle_ns, uintptr_t holder)
{
    int64_t cost_ns = s->walk_cost_ns, since_ns = now_ns - s->walk_ns;
    uint64_t made;
    if (since_ns > WALK_NS + WALK_COSTS * cost_ns
        || (s->ended && since_ns > WALK_SOON_NS + WALK_SOON_COSTS * cost_ns)) {
        walk(s, 1, now_ns, middle_ns, holder);
    }
    made = gil_state_made(&s->place);
    if (s->unbound || made != s->made) {
        walk(s, 0, now_ns, middle_ns, holder);
        made = gil_state_made(&s->place);
    }
    return made == s->made;
}

thread_record *
record_of(sampler *s, uintptr_t address)
{
    for (int i = 0; i < s->live_count; i++) {
        if (s->threads[s->live[i]].thread.address == address) {
            return &s->threads[s->live[i]];
        }
    }
    return &s->threads[UNTRACKED];
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
detail(thread_record *r, int64_t holder, int64_t ns)
{
    if (r->spent.state == BLOCKED) {
        add(r->calls, CALLS, r->call, ns);
    } else if (r->spent.state == WANTS && holder != 0) {
        add(r->behind, HOLDERS, holder, ns);
    }
}

/* For a thread that came in the middle of it. */
static gap_parts
cut_to(int64_t length_ns, gap_parts gap)
{
    gap.after_ns = gap.after_ns < length_ns ? gap.after_ns : length_ns;
    length_ns -= gap.after_ns;
    gap.before_ns = gap.before_ns < length_ns ? gap.before_ns : length_ns;
    return gap;
}

void
set_state(sampler *s, thread_record *r, int state, int64_t now_ns, gap_parts gap)
{
    int before = r->spent.state;
    int64_t middle_ns;
    gap = cut_to(now_ns - r->spent.at_ns, gap);
    detail(r, s->held_before, gap.before_ns);
    middle_ns = account(&r->spent, state, now_ns, gap);
    r->call = r->next_call;
    detail(r, s->holder, gap.after_ns);
    if (state != before) {
        note(s, r->thread.serial, middle_ns, before, state);
    }
}
