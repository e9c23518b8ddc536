/* Clocks of this thread and of others, and what they tell. See sampler.h. Nothing here
   includes Python.h. */

#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sampler.h"

#define TICK_NS 10000000     /* of the system, where it is slowest (CONFIG_HZ=100) */

int64_t
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

/* Has been switched to a core once more often than away from one. */
static int
is_on_a_core(const sampler *s, const thread_record *r)
{
    char text[4096];
    const char *line = text;
    int64_t left = 0;
    if (!read_kept(s, r, STATUS_FILE, text, sizeof text)) {
        return 0;
    }
    while ((line = strstr(line, "ctxt_switches:")) != NULL) {
        line += strlen("ctxt_switches:");
        left += strtoll(line, NULL, 10);
    }
    return r->arrivals > left;
}

/* Another process's clocks must not be read by clock_gettime. What schedstat tells
   (processor time, waits for a core, arrivals on one) is as old as a tick of the system
   while a thread runs, so that whether it does is asked in other ways; once it is
   switched away, all is told. */
static int
other_runs(sampler *s, thread_record *r, int64_t own_ns, int holds)
{
    char text[80];
    long long ran, waited, arrivals;
    int64_t before_ns = r->clock_ns, now_ns, wall_ns;
    int moved, running = 0;
    r->likely = 0.0;
    r->clock_ns = -1;
    if (!read_kept(s, r, SCHEDSTAT_FILE, text, sizeof text)
        || sscanf(text, "%lld %lld %lld", &ran, &waited, &arrivals) != 3) {
        s->ended = 1;
        return 0;
    }
    now_ns = read_clock(CLOCK_MONOTONIC);
    wall_ns = now_ns - r->read_ns;
    moved = before_ns < 0 || ran != before_ns || arrivals != r->arrivals;
    r->clock_ns = ran;
    r->arrivals = arrivals;
    r->read_ns = now_ns;
    r->own_ns = own_ns;
    ran -= before_ns < 0 ? ran : before_ns;
    s->ran_ns += ran < wall_ns ? ran : wall_ns;
    if (holds && !s->late) {
        return 1;
    }
    if (moved || r->spent.state == RUNS_FREE || r->spent.state == HOLDS) {
        running = read_kept(s, r, SYSCALL_FILE, text, sizeof text)
                  && strncmp(text, "running", 7) == 0;
    }
    if (running && is_on_a_core(s, r)) {
        s->ran_ns += TICK_NS;
        return 1;
    }
    if (running && before_ns >= 0) {
        r->likely = (double)ran / fmax((double)wall_ns, 1.0);
    }
    return 0;
}

int
runs(sampler *s, thread_record *r, int64_t own_ns, int holds)
{
    int64_t before_ns = r->clock_ns, now_ns, ran_ns, wall_ns, stolen_ns;
    if (s->place.foreign) {
        return other_runs(s, r, own_ns, holds);
    }
    r->clock_ns = thread_clock(r->thread.native_id);
    now_ns = read_clock(CLOCK_MONOTONIC);
    wall_ns = now_ns - r->read_ns;
    stolen_ns = own_ns - r->own_ns;
    ran_ns = r->clock_ns - before_ns;
    r->read_ns = now_ns;
    r->own_ns = own_ns;
    r->likely = 0.0;
    if (r->clock_ns < 0) {
        s->ended = 1;
        return 0;
    }
    if (before_ns >= 0) {
        s->ran_ns += ran_ns;
        if (ran_ns == 0) {
            return 0;
        }
    }
    if (thread_clock(r->thread.native_id) > r->clock_ns) {
        return 1;  /* the clock moves as we look */
    }
    if (before_ns < 0) {
        return 0;
    }
    /* It stands still, perhaps only because the sampler has its processor now. Of those
       that it may have interrupted each is as likely as its part of the time was. */
    r->likely = (double)ran_ns / fmax((double)(wall_ns - stolen_ns), 1.0);
    if (s->tells) {
        return 0;
    }
    if (s->cores == 1) {
        return uniform(s) < r->likely;
    }
    return ran_ns + stolen_ns >= wall_ns - wall_ns / 10;
}
