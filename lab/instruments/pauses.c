/* When the next sample is taken: after a random pause, longer where the budget demands
   it. See sampler.h. Nothing here includes Python.h. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "sampler.h"

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define MOST_OF_A_CORE 0.07   /* so that it stays below a tenth */
#define MOST_FOR_OTHERS 0.01
#define USE_NS 50000000      /* other threads' clocks are up to some 10 ms old */
#define UNKNOWN (-1)         /* whether the program fills the cores: until USE_NS */
#define COST_SAMPLES 16
#define LONGEST_NS 1e7       /* a scope that stops waits for a pause to end */
#define LONGEST_OF_OTHERS_NS 1.5e8  /* it must not be a reason to look more often */
#define SLICE_NS 100000      /* the shortest that Linux gives */
#define MOST_STRETCH 16      /* times the shortest mean pause, where samples are lost */
#define LONGEST_PAUSE 8      /* times the mean: where the exponential is cut */
#define ROOM_GROWS 1.1       /* where it was too short, and */
#define ROOM_SHRINKS 0.998   /* where not: 1 in 50 looks takes longer in the end */
#define LEAST_ROOM_NS 100.0
#define JUMP_NS 200          /* and twice its usual step: the clock's when interrupted */
#define LONGEST_JUMP_NS 10000    /* what is longer was no interrupt */
#define COST_OF_JUMP 2       /* times as much: who interrupts sends, and waits */
#define MOST_INTERRUPTING 0.01   /* of the program's time */
#define SPUN_NS 1e6          /* what is older counts half */
#define SPINS 8              /* with long pauses once in so many */

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
   others it stays below 2. Threads that wait, however many, want none; many of which
   that is not known yet may want every core. Another process is not to lose 1 in 100, of
   which starting and showing take a part: half of that, and a tenth where no core is
   left, by it or those it serves or anybody; but of 64 idle cores no more than of two.
   For while its memory is read it must wait to change the map of it, and that may cost it
   half the time that the looks take. */
static double
allowed_beside(const sampler *s)
{
    int many = s->live_count > FEW, fills = s->fills == UNKNOWN ? many : s->fills;
    if (s->place.foreign) {
        return fmin((fills ? 0.001 : 0.005) * s->cores, MOST_FOR_OTHERS);
    }
    if (fills) {
        return fmin(0.01 * s->cores, MOST_OF_A_CORE);
    }
    return many ? MOST_OF_A_CORE : 1.0;
}

/* And so much that it does not slow the program in another way. A thread that gives
   memory back interrupts all cores on which threads of its process run, and waits for
   them (a TLB shootdown), so for the sampler too: malloc does for each large block. How
   much that is the sampler sees: while it does nothing but read its clock, that jumps.
   Other interrupts look alike: where there are many, it looks less often than it might. */
static double
allowed(const sampler *s)
{
    double most = MOST_INTERRUPTING * s->spun_ns / COST_OF_JUMP;
    double beside = allowed_beside(s);
    return s->jumped_ns * beside > most ? most / s->jumped_ns : beside;
}

/* Processor time, up to a constant: of the program without the sampler; of all programs
   where the scope's is another, as far as the system tells: else all there is. */
static int64_t
used_until(const sampler *s, int64_t now_ns, int64_t own_ns)
{
    int64_t all_ns = s->cores * now_ns;
    if (!s->place.foreign) {
        return read_clock(CLOCK_PROCESS_CPUTIME_ID) - own_ns;
    }
#ifdef __linux__
    char text[80] = "";
    long long idle_s, hundredths;
    int file = open("/proc/uptime", O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        if (s->cores == sysconf(_SC_NPROCESSORS_ONLN)
            && read(file, text, sizeof text - 1) > 0
            && sscanf(text, "%*d.%*d %lld.%lld", &idle_s, &hundredths) == 2) {
            all_ns -= idle_s * 1000000000 + hundredths * 10000000;
        }
        close(file);
    }
#endif
    return all_ns;
}

void
keep_to_budget(sampler *s, int64_t now_ns, int64_t own_ns)
{
    budget_window *cost = &s->samples_cost, *use = &s->program_use;
    if (now_ns - use->at_ns > USE_NS) {
        int64_t used_ns = used_until(s, now_ns, own_ns);
        s->fills = (double)(used_ns - use->cpu_ns)
                   > (s->cores - 0.5) * (double)(now_ns - use->at_ns);
        s->filled_ns += s->fills ? now_ns - use->at_ns : 0;
        *use = (budget_window){now_ns, used_ns, 0, s->samples};
    }
    if (s->samples - cost->samples >= COST_SAMPLES) {
        int64_t idle_ns = s->paused_ns + s->late_ns;
        /* Of time between two samples, what is no pause; and what there may be in all. */
        double others_ns = (double)(now_ns - cost->at_ns - idle_ns + cost->idle_ns);
        double all_ns = (double)(own_ns - cost->cpu_ns) / allowed(s);
        double longest_ns = s->place.foreign ? LONGEST_OF_OTHERS_NS : LONGEST_NS;
        s->pause_ns = (all_ns - others_ns) / (double)(s->samples - cost->samples);
        s->pause_ns = fmax(fmin(s->pause_ns, longest_ns), (double)s->interval_ns);
        *cost = (budget_window){now_ns, own_ns, idle_ns, s->samples};
    }
}

void
begin_budget(sampler *s)
{
    int64_t now_ns = read_clock(CLOCK_MONOTONIC);
    int64_t own_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
    s->samples_cost = (budget_window){now_ns, own_ns, s->paused_ns + s->late_ns,
                                      s->samples};
    s->program_use = (budget_window){now_ns, used_until(s, now_ns, own_ns), 0,
                                     s->samples};
    s->fills = s->place.foreign ? 1 : UNKNOWN;
}

int64_t
late_beyond_ns(const sampler *s)
{
    return s->pause_ns > LATE_NS ? (int64_t)s->pause_ns : LATE_NS;
}

/* Read the clock until then. */
static int64_t
spin_until(sampler *s, int64_t begin_ns)
{
    int64_t first_ns = read_clock(CLOCK_MONOTONIC), now_ns = first_ns;
    while (now_ns < begin_ns) {
        int64_t next_ns = read_clock(CLOCK_MONOTONIC), step_ns = next_ns - now_ns;
        if (step_ns < s->step_ns || s->step_ns == 0) {
            s->step_ns = step_ns;
        } else if (step_ns > JUMP_NS + 2 * s->step_ns) {
            s->jumped_ns += step_ns < LONGEST_JUMP_NS ? (double)step_ns : 0.0;
        }
        now_ns = next_ns;
    }
    s->spun_ns += (double)(now_ns - first_ns);
    if (s->spun_ns > SPUN_NS) {
        s->spun_ns /= 2;
        s->jumped_ns /= 2;
    }
    return now_ns;
}

/* Let the set time after a look at the lock pass that nearly all looks need, and say when
   the next pause begins. More is to be read while the GIL is held than while it is free.
   Pauses that began once that is done would follow later after the one than after the
   other; and as the time between two samples counts half for either, a lock that is held
   and free in turn would seem held for longer than it is. Sleeping up to that time would
   not do: the shorter a sleep, the earlier it may end. Where pauses are long, neither
   matters, and where others want the core nothing is spent on it. */
static int64_t
pause_begins(sampler *s)
{
    int64_t now_ns = read_clock(CLOCK_MONOTONIC), begin_ns;
    s->room_ns *= (double)(now_ns - s->last_ns) > s->room_ns ? ROOM_GROWS : ROOM_SHRINKS;
    s->room_ns = fmin(fmax(s->room_ns, LEAST_ROOM_NS), LATE_NS);
    begin_ns = s->last_ns + (int64_t)s->room_ns;
    if (s->cores > 1
        && (s->pause_ns <= (double)s->interval_ns
            || (!s->place.foreign && s->fills != 1 && s->samples % SPINS == 0))) {
        now_ns = spin_until(s, begin_ns);
    }
    return begin_ns > now_ns ? begin_ns : now_ns;
}

/* Who wakes more often than its share of a crowded machine allows is kept waiting,
   so short pauses grow when that happens, and slowly shrink again. */
void
pause_at_random(sampler *s)
{
    double pause = -log(uniform(s)), mean_ns;
    int64_t pause_ns, late_ns, due_ns = pause_begins(s);
    mean_ns = fmax(s->pause_ns, s->stretch * (double)s->interval_ns);
    pause_ns = (int64_t)(fmin(pause, LONGEST_PAUSE) * mean_ns);
    due_ns += pause_ns;
    s->paused_ns += pause_ns;
#ifdef __linux__
    struct timespec due = {due_ns / 1000000000, due_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) {
    }
#endif
    late_ns = read_clock(CLOCK_MONOTONIC) - due_ns;
    s->asleep_ns = pause_ns + late_ns;
    s->late = late_ns > late_beyond_ns(s);
    if (s->late) {
        s->late_ns += late_ns;
        s->lost += (int64_t)((double)late_ns / mean_ns);
        s->stretch *= s->cores == 1 ? 1.0 : 1.5;
    } else {
        s->stretch *= 0.999;
    }
    s->stretch = fmin(fmax(s->stretch, 1.0), MOST_STRETCH);
}

/* To be let in at once where cores are crowded, who needs one for microseconds only asks
   for short time slices; since Linux 6.12 that needs no right. */
void
ask_for_short_slices(void)
{
#ifdef SYS_sched_setattr
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } mine = {.size = sizeof mine};
    if (syscall(SYS_sched_getattr, 0, &mine, sizeof mine, 0) == 0
        && mine.policy == SCHED_OTHER) {
        mine.runtime_ns = SLICE_NS;
        syscall(SYS_sched_setattr, 0, &mine, 0);
    }
#endif
}
