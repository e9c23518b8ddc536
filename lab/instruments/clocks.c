/* Clocks of this thread and of others, and what they tell. See sampler.h. Nothing here
   includes Python.h. */

#define _GNU_SOURCE
#include <time.h>

#include "sampler.h"

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

int
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
