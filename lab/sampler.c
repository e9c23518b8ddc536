/* See sampler.h. Nothing here includes Python.h. */

#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "sampler.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif

#define WALK_NS 500000       /* look for ended threads this often */
#define LATE_NS 100000       /* waking later than this loses samples */
#define MOST_STRETCH 4       /* times the mean pause, where samples are lost */
#define LONGEST_PAUSE 8      /* times the mean: where the exponential is cut */

static int64_t
read_clock(clockid_t clock)
{
    struct timespec stamp;
    if (clock_gettime(clock, &stamp) != 0) {
        return -1;
    }
    return (int64_t)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
}

/* Linux's clock of one thread, by its number (posix-timers_types.h in the kernel:
   ~id << 3, per thread 4, precise 2). Unlike a stale pthread_t, the number of a
   thread that has ended is harmless: the call fails. */
static int64_t
thread_clock(unsigned long native_id)
{
    if (native_id == 0) {
        return -1;
    }
    return read_clock((clockid_t)((~(unsigned int)native_id << 3) | 6));
}

static double
uniform(sampler *s)
{
    /* xorshift64*: above 0, below 1. */
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return (((s->random * 0x2545F4914F6CDD1DULL) >> 12) + 0.5) / 4503599627370496.0;
}

static void
note(sampler *s, uint64_t serial, int64_t at_ns, int before, int after)
{
    event *slot = &s->events[s->event_count++ % EVENTS];
    slot->at_ns = at_ns;
    slot->serial = serial;
    slot->before = before;
    slot->after = after;
}

/* The state at now_ns is `state`: account for the time since the last sample except
   for what was not seen of it, with the change in the middle. Returns that middle. */
static int64_t
account(tally *t, int state, int64_t now_ns, int64_t unseen_ns)
{
    int64_t gap_ns = now_ns - t->at_ns, middle_ns = t->at_ns + gap_ns / 2;
    gap_ns = unseen_ns < gap_ns ? gap_ns - unseen_ns : 0;
    t->spent_ns[t->state] += gap_ns / 2;
    t->spent_ns[state] += gap_ns - gap_ns / 2;
    if (state != t->state) {
        if (t->state == HOLDS || state == HOLDS) {
            t->changes++;
            t->change_ns2 += 0.5 * (double)gap_ns * (double)gap_ns;
        }
        if (t->state == HOLDS && middle_ns - t->since_ns > t->longest_ns) {
            t->longest_ns = middle_ns - t->since_ns;
        }
        t->state = state;
        t->since_ns = middle_ns;
    }
    t->at_ns = now_ns;
    return middle_ns;
}

static void
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
            for (int state = WAITS; state <= RUNS_FREE; state++) {
                rest->spent.spent_ns[state] += l->spent.spent_ns[state];
            }
            if (l->spent.longest_ns > rest->spent.longest_ns) {
                rest->spent.longest_ns = l->spent.longest_ns;
            }
            rest->spent.changes += l->spent.changes;
            rest->spent.change_ns2 += l->spent.change_ns2;
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

/* Bring the lanes in line with CPython's list of thread states. Both are newest
   first, that is by falling serial number, so one pass compares them. */
static void
walk(sampler *s, int64_t now_ns, int64_t middle_ns)
{
    uint64_t made = gil_state_made(&s->place);
    int count = gil_state_threads(&s->place, s->list, LANES);
    int old = 0, kept = 0, slot = 0, folded = 0;
    if (count < 0) {
        return;  /* the list is being changed: try at the next sample */
    }
    for (int i = 0; i < count; i++) {
        const gil_thread *thread = &s->list[i];
        while (old < s->live_count
               && s->lanes[s->live[old]].thread.serial > thread->serial) {
            end_lane(s, &s->lanes[s->live[old++]], now_ns);
        }
        if (old < s->live_count
            && s->lanes[s->live[old]].thread.serial == thread->serial) {
            lane *l = &s->lanes[s->live[old]];
            if (l->thread.native_id != thread->native_id) {
                l->clock_ns = -1;  /* it has only now told its own number */
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
        end_lane(s, &s->lanes[s->live[old++]], now_ns);
    }
    for (int i = 0; i < kept; i++) {
        s->live[i] = s->next_live[i];
    }
    s->live_count = kept;
    s->made = made;
    s->walk_ns = now_ns;
}

/* Is this thread, which does not hold the GIL, running? */
static int
runs(sampler *s, lane *l, int64_t own_ns)
{
    int64_t before_ns = l->clock_ns, now_ns, ran_ns, wall_ns, stolen_ns;
    l->clock_ns = thread_clock(l->thread.native_id);
    now_ns = read_clock(CLOCK_MONOTONIC);
    wall_ns = now_ns - l->read_ns;
    stolen_ns = own_ns - l->own_ns;
    ran_ns = l->clock_ns - before_ns;
    l->read_ns = now_ns;
    l->own_ns = own_ns;
    if (l->clock_ns < 0) {
        s->walk_ns = 0;  /* it may have ended */
        return 0;
    }
    if (before_ns >= 0) {
        s->ran_ns += ran_ns;
        if (ran_ns == 0) {
            return 0;
        }
    }
    if (thread_clock(l->thread.native_id) > l->clock_ns) {
        return 1;  /* the clock moves as we look */
    }
    if (before_ns < 0) {
        return 0;
    }
    /* It stands still, perhaps only because the sampler has its processor now. */
    if (s->one_cpu) {
        return uniform(s) * (double)(wall_ns - stolen_ns) < (double)ran_ns;
    }
    return ran_ns + stolen_ns >= wall_ns - wall_ns / 10;
}

static lane *
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
set_state(sampler *s, lane *l, int state, int64_t now_ns, int64_t unseen_ns)
{
    int before = l->spent.state;
    int64_t middle_ns = account(&l->spent, state, now_ns, unseen_ns);
    if (state != before) {
        note(s, l->thread.serial, middle_ns, before, state);
    }
}

static void
take_sample(sampler *s)
{
    uintptr_t address = 0;
    int held = gil_state_locked(&s->place) == 1, free_runs = 0;
    int64_t now_ns, own_ns, gap_ns, unseen_ns = 0;
    lane *holder = NULL;
    if (held) {
        address = gil_state_holder(&s->place);
    }
    now_ns = read_clock(CLOCK_MONOTONIC);
    if (__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
        return;  /* what was read may come after the end */
    }
    gap_ns = now_ns - s->last_ns;
    /* An unchanged count of thread states: no address has come to mean another. */
    if (gil_state_made(&s->place) != s->made || now_ns - s->walk_ns > WALK_NS) {
        walk(s, now_ns, s->last_ns + gap_ns / 2);
    }
    if (held) {
        holder = gil_state_made(&s->place) == s->made
                     ? lane_at(s, address) : &s->lanes[UNTRACKED];
    }
    own_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
    s->ran_ns = 0;
    for (int i = 0; i < s->live_count; i++) {
        lane *l = &s->lanes[s->live[i]];
        int turn = (i - s->rotor + s->live_count) % s->live_count;
        l->next = l->spent.state == HOLDS ? WAITS : l->spent.state;
        if (turn < CLOCKS) {
            l->next = runs(s, l, own_ns) ? RUNS_FREE : WAITS;
        }
        if (l == holder) {
            l->next = HOLDS;
        }
        free_runs |= l->next == RUNS_FREE;
    }
    if (s->late) {
        /* While no thread ran, none took or released the lock, and what the ends of
           the gap show holds throughout. Of the rest nothing is known. */
        unseen_ns = s->ran_ns < gap_ns ? s->ran_ns : gap_ns;
        s->unseen_ns += unseen_ns;
        s->unseen_ns2 += (double)unseen_ns * (double)unseen_ns;
    }
    for (int i = 0; i < s->live_count; i++) {
        lane *l = &s->lanes[s->live[i]];
        set_state(s, l, l->next, now_ns, unseen_ns);
    }
    if (s->live_count > CLOCKS) {
        s->rotor = (s->rotor + CLOCKS) % s->live_count;
    }
    set_state(s, &s->lanes[UNTRACKED],
              holder == &s->lanes[UNTRACKED] ? HOLDS : WAITS, now_ns, unseen_ns);
    account(&s->whole, held ? HOLDS : free_runs ? RUNS_FREE : WAITS, now_ns,
            unseen_ns);
    s->last_ns = now_ns;
    s->samples++;
}

/* Who wakes more often than its share of a crowded machine allows is kept waiting,
   so pauses grow when that happens, and slowly shrink again. */
static void
pause_at_random(sampler *s)
{
    double pause = -log(uniform(s)) * s->stretch;
    int64_t late_ns, due_ns = read_clock(CLOCK_MONOTONIC);
    due_ns += (int64_t)((pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE)
                        * (double)s->interval_ns);
#ifdef __linux__
    struct timespec due = {due_ns / 1000000000, due_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
    }
#endif
    late_ns = read_clock(CLOCK_MONOTONIC) - due_ns;
    s->late = late_ns > LATE_NS && late_ns > s->interval_ns;
    if (s->late) {
        s->lost += late_ns / s->interval_ns;
        s->stretch *= s->one_cpu ? 1.0 : 1.5;
    } else {
        s->stretch *= 0.999;
    }
    s->stretch = fmin(fmax(s->stretch, 1.0), MOST_STRETCH);
}

static void *
run_sampler(void *argument)
{
    sampler *s = argument;
#ifdef __linux__
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  /* of this thread only */
    prctl(PR_SET_NAME, "gil-lab scope", 0UL, 0UL, 0UL);
#endif
    sem_post(&s->ready);
    while (sem_wait(&s->go) != 0) {
    }
    while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
        pause_at_random(s);
        take_sample(s);
    }
    return NULL;
}

const char *
sampler_problem(void)
{
#ifdef __linux__
    return NULL;
#else
    return "this system is not Linux, whose per-thread processor clocks it reads";
#endif
}

sampler *
sampler_new(void)
{
    return calloc(1, sizeof(sampler));
}

void
sampler_free(sampler *s)
{
    free(s);
}

int
sampler_start(sampler *s)
{
    sigset_t all, before;
    int error;
    sem_init(&s->ready, 0, 0);
    sem_init(&s->go, 0, 0);
    /* Signals are for the threads of the program. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&s->thread, NULL, run_sampler, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error) {
        return error;
    }
    while (sem_wait(&s->ready) != 0) {  /* short: it does nothing before */
    }
    s->begin_ns = read_clock(CLOCK_MONOTONIC);
    s->last_ns = s->begin_ns;
    s->stretch = 1.0;
    s->random = (uint64_t)s->begin_ns | 1;
    s->whole = (tally){.at_ns = s->begin_ns, .since_ns = s->begin_ns, .state = HOLDS};
    open_lane(&s->lanes[UNTRACKED], &(gil_thread){0}, s->begin_ns);
    do {
        walk(s, s->begin_ns, s->begin_ns);
    } while (s->walk_ns == 0 && sched_yield() == 0);
    take_sample(s);
    s->samples = 0;
    sem_post(&s->go);
    return 0;
}

void
sampler_stop(sampler *s)
{
    s->end_ns = read_clock(CLOCK_MONOTONIC);
    __atomic_store_n(&s->stop, 1, __ATOMIC_RELEASE);
}

void
sampler_join(sampler *s)
{
    pthread_join(s->thread, NULL);
    sem_destroy(&s->ready);
    sem_destroy(&s->go);
}

void
sampler_close(sampler *s, uintptr_t caller)
{
    lane *holder = lane_at(s, caller);
    /* Only the sampler moves s->last_ns, and never past end_ns. */
    for (int i = 0; i <= s->live_count; i++) {
        lane *l = i < s->live_count ? &s->lanes[s->live[i]] : &s->lanes[UNTRACKED];
        int state = l == holder ? HOLDS
                    : l->spent.state == HOLDS ? WAITS : l->spent.state;
        set_state(s, l, state, s->end_ns, 0);
        if (l->spent.state == HOLDS
            && s->end_ns - l->spent.since_ns > l->spent.longest_ns) {
            l->spent.longest_ns = s->end_ns - l->spent.since_ns;
        }
    }
    account(&s->whole, HOLDS, s->end_ns, 0);
}
