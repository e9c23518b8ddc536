/* A thread that notes, at random moments, who holds the GIL and who runs without it.

   It never takes the GIL and calls nothing of Python's API: it reads what gil_state.h
   offers, and processor clocks. All memory is allocated before it starts. */

#ifndef GIL_LAB_SAMPLER_H
#define GIL_LAB_SAMPLER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <time.h>

#include "gil_state.h"
#include "lines.h"

/* WAITS: for what is not told. WANTS: the GIL. BLOCKED: in a system call, or on another
   lock. READY: it could run, and has no core. */
enum { WAITS, HOLDS, RUNS_FREE, WANTS, BLOCKED, READY, STATES, ABSENT = STATES };

enum {
    THREADS = 2048,     /* threads alive at once, and ended ones kept apart */
    EVENTS = 1 << 17,   /* room for changes of state */
    CLOCKS = 32,        /* threads whose processor clock one sample reads */
    ASKED = 8,          /* that it asks at most why they do not run: those that ran */
    ASKED_IN_ROTATION = 2,  /* since; and where there are more, so many of the others */
    CALLS = 6,          /* system calls told apart of one thread, */
    HOLDERS = 8,        /* and holders for which it waited; the first ones */
    FEW = 8,            /* threads; with more the sampler keeps to its budget */
    UNTRACKED = THREADS,    /* one record more, for holders not among the others */
    LATE_NS = 100000    /* no less than this loses samples */
};

/* Of a thread's in /proc, kept open. */
enum { SYSCALL_FILE, SCHEDSTAT_FILE, STATUS_FILE, STAT_FILE, KEPT_FILES };

/* Time spent in each state. Of the time between two samples gaps.c says what counts for
   which. The sums of changes and of unseen time feed the error: see half_width in
   sampling_error.py. */
typedef struct {
    int64_t spent_ns[STATES];
    int64_t at_ns;          /* accounted for up to here */
    int state;
    int64_t since_ns;       /* start of the present state */
    int64_t longest_ns[STATES]; /* longest stretch */
    int64_t changes[STATES];    /* gaps in which the state came or went */
    int64_t ran_ns[STATES];     /* time spent, of prompt_ran_ns below */
    double change_ns2[STATES];  /* half the sum of their squares */
} tally;

/* Time by system call, or by the serial number of who held the GIL. */
typedef struct {
    int64_t key, ns;
} portion;

typedef struct {
    gil_thread thread;
    tally spent;
    int64_t begin_ns;
    int64_t end_ns;         /* 0 while it lives */
    int64_t clock_ns;       /* its processor clock when last read, -1: never */
    int64_t read_ns;        /* when that was */
    int64_t own_ns;         /* and the sampler's own processor clock then */
    double likely;          /* that the sampler has interrupted it */
    int next;               /* its state in the sample being taken, */
    int call, next_call;    /* the system call it is in, and then */
    int64_t told_ns;        /* clock_ns when last asked why it does not run */
    int files[KEPT_FILES];  /* that tell it: 1 more than their numbers, 0: none */
    int64_t arrivals;       /* on a core, when last read: another process's */
    portion calls[CALLS];   /* of the time BLOCKED; 0 ns: unused */
    portion behind[HOLDERS];    /* of the time in which it WANTS */
} thread_record;

typedef struct {
    int64_t at_ns;
    uint64_t serial;
    int before;
    int after;
    int32_t place;          /* that held most in a hold that ends; NOWHERE: not told */
} event;

/* Processor time against time: when it began, and what had been spent by then. */
typedef struct {
    int64_t at_ns, cpu_ns, idle_ns, samples;
} budget_window;

/* Of Python's threads one at least is seen running; or one would, or holds the GIL, but
   stands still; or they sleep. Of another process, and of many threads: UNTOLD. */
typedef enum { UNTOLD, SLEEP, LACK_CORE, RUN } threads_do;

/* Sums over the gaps between samples. */
typedef struct {
    int64_t unseen_ns;      /* running time in which samples were lost: unknown, */
    double unseen_ns2;      /* and its squares; */
    int64_t frozen_ns;      /* the rest of these gaps, and of those while the sampler,
                               awake, got no core: no thread ran; */
    double frozen_ns2;      /* and its squares, of the first alone */
    int64_t edge_ns;        /* unseen before the first sample, after the last, and
                               while the sampler, awake, got no core */
    int64_t prompt;         /* samples with none lost before them, */
    int64_t prompt_ns;      /* the time since the ones before, */
    int64_t prompt_ran_ns;  /* for how much of it Python's threads ran, */
    int64_t prompt_changes; /* how often HOLDS came or went in it, */
    double prompt_change_ns2;   /* and half the squares of those gaps */
} gap_sums;

typedef struct {
    gil_place place;
    int64_t interval_ns;    /* shortest mean of the exponential pauses */
    int cores;              /* that the process may use */
    uint64_t random;
    pthread_t thread;
    sem_t ready, go;
    int joinable, stop;
    int gone;               /* the other process ended, or runs something else */
    double pause_ns;        /* their mean: longer where the budget demands it */
    double stretch;         /* the shortest, times this where samples are lost */
    double room_ns;         /* the time kept free for what follows a look at the lock: */
    double spun_ns, jumped_ns;  /* spent on nothing lately; of that, while interrupted */
    int64_t step_ns;        /* the clock's shortest */
    int64_t asleep_ns;      /* the last pause, with what more it slept */
    int64_t paused_ns;      /* the sum of the pauses, */
    int64_t late_ns;        /* and of what more it slept where samples were lost */
    budget_window samples_cost, program_use;
    int fills;              /* the program lately left no core to itself; of another:
                               nobody left one; below 0: not known yet */
    int64_t filled_ns;      /* for so long so far */
    int64_t begin_ns, end_ns, last_ns;
    int64_t walk_ns, walk_cost_ns;  /* the last whole list: when, processor time */
    int ended, unbound;     /* some thread may have ended; has no number yet */
    int64_t samples, lost, folded;
    int late;               /* samples were lost just before this one, */
    int64_t ran_ns;         /* in which time Python's threads ran for so long */
    threads_do did;         /* in the last sample */
    int64_t stopped_ns;     /* ran between the last look at the lock and the clocks */
    gap_sums gaps, settled; /* of all so far; and as of the sample settled_at */
    int64_t settled_at;
    uint64_t made;          /* gil_state_made() before the last complete list */
    int tells;              /* the system tells why threads wait */
    int64_t holder, held_before;    /* serials: who holds the GIL now, and did before */
    uintptr_t untracked;    /* the thread state of a holder without a record, or 0 */
    tally whole;            /* HOLDS: somebody does; RUNS_FREE: nobody, one runs */
    tally contention;       /* WANTS: somebody does */
    lines *lines;           /* that hold */
    int live_count, rotor, listed;
    int64_t event_count;    /* ever; the last event_room of them are kept */
    int64_t event_room;     /* EVENTS, or less */
    int live[THREADS], next_live[THREADS];  /* records in use, newest thread first */
    gil_thread list[THREADS];               /* as CPython last had it */
    thread_record threads[THREADS + 1];     /* serial 0: unused */
    event events[EVENTS];
} sampler;

/* NULL, or why there can be no sampler on this system. */
const char *sampler_problem(void);

/* Zeroed memory for one, or NULL. */
sampler *sampler_new(void);
void sampler_free(sampler *s);

/* The caller holds the GIL, and before the first time has filled in place,
   interval_ns and cores. Counting starts, or goes on after a stop, as it returns.
   0 or an errno. */
int sampler_resume(sampler *s);

/* Counting stops now; the caller, who holds the GIL, then calls sampler_join, which
   needs none. */
void sampler_stop(sampler *s);
void sampler_join(sampler *s);

/* After the last join, holding the GIL: account for the time up to the last stop.
   `caller`: the address of the thread state that called it, of this process. */
void sampler_close(sampler *s, uintptr_t caller);

/* clocks.c, for sampler.c. Nanoseconds, or -1. */
int64_t read_clock(clockid_t clock);

/* Does this thread run? `own_ns`: the sampler's own processor clock; `holds`: it holds
   the GIL, so that the answer does not matter, only its clock. */
int runs(sampler *s, thread_record *r, int64_t own_ns, int holds);

/* pauses.c, for sampler.c. A random number above 0 and below 1. */
double uniform(sampler *s);

/* Time in a state, of which Python's threads ran for ran_ns: with its part of what was
   not seen. What ran unseen is taken to be like what ran and was seen. */
static inline double
told_ns(const sampler *s, int64_t spent_ns, int64_t ran_ns)
{
    double ran = (double)s->gaps.prompt_ran_ns, unseen = (double)s->gaps.unseen_ns;
    return (double)spent_ns + (ran > 0 ? unseen * (double)ran_ns / ran : 0.0);
}

/* From now on the sampler's cost counts. */
void begin_budget(sampler *s);

/* Choose the mean pause so that the sampler costs no more than it may. */
void keep_to_budget(sampler *s, int64_t now_ns, int64_t own_ns);

/* Sleep for one of the random pauses. */
void pause_at_random(sampler *s);

/* Who is later than this loses samples. */
int64_t late_beyond_ns(const sampler *s);

/* Have the system let the calling thread in soon after it wakes, where it can. */
void ask_for_short_slices(void);

/* system_calls.c, for sampler.c. Whether the system tells why threads wait. `own`: give
   the calling thread a table of files of its own. */
int tell_waits_apart(int own);

/* Why this thread does not run: READY, WANTS, BLOCKED in r->next_call, or WAITS;
   RUNS_FREE where it only made room for the sampler. */
int why_waits(sampler *s, thread_record *r);
void forget_files(thread_record *r);

/* A file of a thread's folder in /proc, which stays open: its beginning. 0 if it cannot
   be read, and then no text. */
int read_kept(const sampler *s, thread_record *r, int which, char *text, size_t size);

/* call_names.c, for sampled_trace.pyx. The name of a system call that waits, or NULL. */
const char *call_name(int number);

/* gaps.c, for sampler.c. What the time since the last sample tells of, into s->gaps.
   held: the GIL is, now. edge: the scope was opened or closed. */
gap_parts parts_of_gap(sampler *s, int64_t now_ns, int held, threads_do now, int edge);

/* thread_states.c, for sampler.c. The state at now_ns is `state`: account for the time
   since the last sample except for what was not seen of it, with the change in the
   middle; returns that middle. */
int64_t account(tally *t, int state, int64_t now_ns, gap_parts gap);

/* The same for a thread, noting the change. */
void set_state(sampler *s, thread_record *r, int state, int64_t now_ns, gap_parts gap);

/* What comes is another stretch, if of the same state. */
void end_stretch_of(tally *t, int64_t now_ns);

/* A thread seen for the first time. */
void open_record(thread_record *r, const gil_thread *thread, int64_t at_ns);

/* Bring the records in line with CPython's list of thread states, at now_ns: the whole
   list, or only what is new. Threads that came since the last sample are counted from
   middle_ns. `holder`: the address of the thread state that holds the GIL, or 0. */
void walk(sampler *s, int whole, int64_t now_ns, int64_t middle_ns, uintptr_t holder);

/* The same where it is time for it, or threads may have come: whether all are known. */
int look_for_threads(sampler *s, int64_t now_ns, int64_t middle_ns, uintptr_t holder);

/* The record of a thread state, or that of untracked threads. */
thread_record *record_of(sampler *s, uintptr_t address);

#endif
