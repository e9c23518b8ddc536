/* Clocks of this thread and of others, and what they tell. See sampler.h. Nothing here
   includes Python.h. */

#define _GNU_SOURCE
#include <math.h>
#include <time.h>

#include "sampler.h"

#define MOST_OF_A_CORE 0.07   /* so that it stays below a tenth */
#define USE_NS 50000000      /* other threads' clocks are up to some 10 ms old */
#define COST_SAMPLES 16
#define LONGEST_NS 1e7       /* a scope that stops waits for a pause to end */

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

double
uniform(sampler *s)
{
    /* xorshift64*: above 0, below 1. */
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return (((s->random * 0x2545F4914F6CDD1DULL) >> 12) + 0.5) / 4503599627370496.0;
}

/* Of one core, that the sampler may take. A program that wants every core is slowed by
   what the sampler takes of them: 1 in 100, so that with what its switches cost the
   others it stays below 2. Threads that wait, however many, want none. */
static double
allowed(const sampler *s)
{
    double of_all = 0.01 * s->cores;
    if (s->fills) {
        return of_all < MOST_OF_A_CORE ? of_all : MOST_OF_A_CORE;
    }
    return s->live_count > FEW ? MOST_OF_A_CORE : 1.0;
}

void
keep_to_budget(sampler *s, int64_t now_ns, int64_t own_ns)
{
    budget_window *cost = &s->samples_cost, *use = &s->program_use;
    if (now_ns - use->at_ns > USE_NS) {
        int64_t used_ns = read_clock(CLOCK_PROCESS_CPUTIME_ID) - own_ns;
        s->fills = (double)(used_ns - use->cpu_ns)
                   > (s->cores - 0.5) * (double)(now_ns - use->at_ns);
        *use = (budget_window){now_ns, used_ns, 0, s->samples};
    }
    if (s->samples - cost->samples >= COST_SAMPLES) {
        int64_t idle_ns = s->paused_ns + s->late_ns;
        /* Of time between two samples, what is no pause; and what there may be in all. */
        double others_ns = (double)(now_ns - cost->at_ns - idle_ns + cost->idle_ns);
        double all_ns = (double)(own_ns - cost->cpu_ns) / allowed(s);
        s->pause_ns = (all_ns - others_ns) / (double)(s->samples - cost->samples);
        s->pause_ns = fmax(fmin(s->pause_ns, LONGEST_NS), (double)s->interval_ns);
        *cost = (budget_window){now_ns, own_ns, idle_ns, s->samples};
    }
}

int
runs(sampler *s, thread_record *r, int64_t own_ns)
{
    int64_t before_ns = r->clock_ns, now_ns, ran_ns, wall_ns, stolen_ns;
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
