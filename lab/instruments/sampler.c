/* See sampler.h. Nothing here includes Python.h. */

#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "memory.h"
#include "quiet_thread.h"
#include "sampler.h"

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static void
take_sample(sampler *s)
{
    uintptr_t address = 0;
    int locked = gil_state_locked_by(&s->place, &address), held = locked == 1;
    int known, free_runs = 0, wanted = 0;
    int asked = 0, in_rotation;
    int run = 0, ready = 0;
    threads_do now = RUN;
    int64_t now_ns, own_ns, took_ns;
    gap_parts gap;
    thread_record *holder = NULL;
    address = held ? address : 0;
    now_ns = read_clock(CLOCK_MONOTONIC);
    if (__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
        return;  /* what was read may come after the end */
    }
    if (locked < 0) {  /* the other process is over */
        __atomic_store_n(&s->gone, 1, __ATOMIC_RELEASE);
        return;
    }
    known = look_for_threads(s, now_ns, s->last_ns + (now_ns - s->last_ns) / 2, address);
    if (held) {
        holder = known ? record_of(s, address) : &s->threads[UNTRACKED];
    }
    if (holder != NULL && holder != &s->threads[UNTRACKED]) {
        lines_look(s->lines, &s->place, &holder->thread);
    } else {
        lines_skip(s->lines, held);
    }
    own_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
    in_rotation = s->live_count > ASKED ? ASKED_IN_ROTATION : ASKED;
    s->ran_ns = s->stopped_ns;
    for (int place = 0; place < s->live_count; place++) {
        thread_record *r = &s->threads[s->live[(s->rotor + place) % s->live_count]];
        r->next = r->spent.state;
        r->next_call = r->call;
        if (place < CLOCKS || r->spent.state == HOLDS) {
            int running = runs(s, r, own_ns, r == holder);
            run |= running;
            if (r == holder || running) {
                r->next = RUNS_FREE;
            } else if (asked < ASKED
                       && (place < in_rotation || r->clock_ns != r->told_ns)) {
                r->next = why_waits(s, r);
                r->told_ns = r->clock_ns;
                asked++;
            } else if (r->next == RUNS_FREE || r->next == HOLDS) {
                r->next = WAITS;  /* for what is asked in a later sample */
            }
        }
        if (r == holder) {
            r->next = HOLDS;
        }
        free_runs |= r->next == RUNS_FREE;
        ready |= r->next == READY;
        wanted |= r->next == WANTS;
    }
    if (s->place.foreign || s->live_count > CLOCKS || holder == &s->threads[UNTRACKED]) {
        now = UNTOLD;
    } else if (!run) {
        now = held || free_runs || ready ? LACK_CORE : SLEEP;
    }
    gap = parts_of_gap(s, now_ns, held, now, s->samples == 0);
    s->held_before = s->holder;
    s->holder = holder == NULL ? 0 : (int64_t)holder->thread.serial;
    if (s->untracked != 0 && address != s->untracked) {
        end_stretch_of(&s->threads[UNTRACKED].spent, now_ns);  /* another's hold */
    }
    s->untracked = holder == &s->threads[UNTRACKED] ? address : 0;
    lines_account(s->lines, s->untracked ? (int64_t)address : s->holder, s->last_ns,
                  now_ns, gap, s->contention.state == WANTS, wanted);
    for (int i = 0; i < s->live_count; i++) {
        thread_record *r = &s->threads[s->live[i]];
        set_state(s, r, r->next, now_ns, gap);
    }
    account(&s->contention, wanted ? WANTS : WAITS, now_ns, gap);
    s->rotor = s->live_count > ASKED ? (s->rotor + in_rotation) % s->live_count : 0;
    set_state(s, &s->threads[UNTRACKED],
              holder == &s->threads[UNTRACKED] ? HOLDS : WAITS, now_ns, gap);
    account(&s->whole, held ? HOLDS : free_runs ? RUNS_FREE : WAITS, now_ns, gap);
    s->last_ns = now_ns;
    /* Clocks that were read long after the lock told of the time to come as well. */
    took_ns = read_clock(CLOCK_MONOTONIC) - now_ns;
    s->stopped_ns = took_ns <= LATE_NS ? 0 : took_ns < s->ran_ns ? took_ns : s->ran_ns;
    if (s->samples + 1 == s->settled_at) {
        s->settled = s->gaps;
    }
    __atomic_store_n(&s->samples, s->samples + 1, __ATOMIC_RELEASE);
    keep_to_budget(s, now_ns, own_ns);
}

static void
forget_all_files(sampler *s)
{
    for (int i = 0; i < THREADS; i++) {
        forget_files(&s->threads[i]);
    }
}

static void *
run_sampler(void *argument)
{
    sampler *s = argument;
    memory_file file;
    int has_own_files = 0;
#ifdef __linux__
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  /* of this thread only */
    prctl(PR_SET_NAME, "gil-lab scope", 0UL, 0UL, 0UL);
    ask_for_short_slices();
    s->tells = tell_waits_apart(!s->place.foreign);
    has_own_files = s->tells && !s->place.foreign;
#endif
    sem_post(&s->ready);
    while (sem_wait(&s->go) != 0) {
    }
    /* From now on nobody else reads by s->place. */
    if (has_own_files && memory_file_open(&file) == 0) {
        s->place.file = &file;
    }
    begin_budget(s);
    while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE) && !s->gone) {
        pause_at_random(s);
        take_sample(s);
    }
    forget_all_files(s);  /* here: its table of files may be its own */
    if (s->place.file != NULL) {
        s->place.file = NULL;
        memory_file_close(&file);
    }
    return NULL;
}

/* Time zero: the threads there are, and who holds the GIL: in one's own process the
   caller. */
static void
begin(sampler *s)
{
    thread_record *holder = NULL;
    s->stretch = 1.0;
    s->pause_ns = (double)s->interval_ns;
    open_record(&s->threads[UNTRACKED], &(gil_thread){0}, 0);
    do {
        walk(s, 1, 1, 1, 0);
    } while (s->walk_ns == 0 && gil_state_locked(&s->place) >= 0 && sched_yield() == 0);
    s->event_count = 0;
    if (gil_state_locked(&s->place) == 1) {
        holder = record_of(s, gil_state_holder(&s->place));
    }
    for (int i = 0; i < s->live_count && i < CLOCKS; i++) {
        runs(s, &s->threads[s->live[i]], 0, 0);
    }
    s->begin_ns = s->last_ns = s->walk_ns = read_clock(CLOCK_MONOTONIC);
    s->random = (uint64_t)s->begin_ns | 1;
    for (int i = 0; i <= s->live_count; i++) {
        thread_record *r = &s->threads[i < s->live_count ? s->live[i] : UNTRACKED];
        r->begin_ns = r->spent.at_ns = r->spent.since_ns = s->begin_ns;
        r->spent.state = r == holder ? HOLDS : WAITS;
    }
    s->whole.at_ns = s->whole.since_ns = s->begin_ns;
    s->whole.state = holder == NULL ? WAITS : HOLDS;
    s->lines->found_before = holder == NULL ? NOT_HELD : UNREAD;
    s->contention.at_ns = s->contention.since_ns = s->begin_ns;
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
    sampler *s = calloc(1, sizeof(sampler));
    if (s != NULL && (s->lines = lines_new()) == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void
sampler_free(sampler *s)
{
    if (s != NULL) {
        lines_free(s->lines);
    }
    free(s);
}

int
sampler_resume(sampler *s)
{
    int error;
    s->stop = 0;
    sem_init(&s->ready, 0, 0);
    sem_init(&s->go, 0, 0);
    error = start_quiet_thread(&s->thread, run_sampler, s);
    s->joinable = error == 0;
    if (error) {
        return error;
    }
    while (sem_wait(&s->ready) != 0) {  /* short: it does nothing before */
    }
    if (s->begin_ns == 0) {
        begin(s);
    }
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
    if (s->joinable) {
        pthread_join(s->thread, NULL);
    }
    s->joinable = 0;
    sem_destroy(&s->ready);
    sem_destroy(&s->go);
}

void
sampler_close(sampler *s, uintptr_t caller)
{
    /* Of another process nobody knows the last moment: all stays as it was. */
    int last = s->place.foreign ? s->whole.state : HOLDS;
    thread_record *holder = s->place.foreign ? NULL : record_of(s, caller);
    gap_parts gap;
    s->end_ns = s->gone ? s->last_ns : s->end_ns;
    s->ran_ns = 0;
    for (int i = 0; i < s->live_count && i < CLOCKS; i++) {
        runs(s, &s->threads[s->live[i]], 0, 0);
    }
    gap = parts_of_gap(s, s->end_ns, 0, UNTOLD, 1);
    s->holder = holder == NULL ? s->holder : (int64_t)holder->thread.serial;
    lines_skip(s->lines, last == HOLDS);
    lines_account(s->lines, s->holder, s->last_ns, s->end_ns, gap,
                  s->contention.state == WANTS, 0);
    lines_end(s->lines, s->holder, s->end_ns);
    for (int i = 0; i <= s->live_count; i++) {
        thread_record *r = &s->threads[i < s->live_count ? s->live[i] : UNTRACKED];
        tally *spent = &r->spent;
        int state = spent->state == HOLDS && !s->place.foreign ? WAITS : spent->state;
        set_state(s, r, r == holder ? HOLDS : state, s->end_ns, gap);
        end_stretch_of(spent, s->end_ns);
    }
    account(&s->whole, last, s->end_ns, gap);
    account(&s->contention, s->contention.state, s->end_ns, gap);
    forget_all_files(s);
}
