/* Why a thread that does not run waits: what the system says of it. See sampler.h.
   Nothing here includes Python.h. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sampler.h"

#define UNSHARE 2U  /* CLOSE_RANGE_UNSHARE, linux/close_range.h */

/* Files kept open must not be the program's: it may close or pass on every number, or
   count on the lowest free one. So the sampler gets a table of its own, empty one (Linux
   5.9). A condition of glibc waits within itself, one of musl elsewhere. */
int
tell_waits_apart(void)
{
#if defined(__linux__) && defined(__GLIBC__) && defined(SYS_close_range) \
    && defined(SYS_futex)
    return syscall(SYS_close_range, 0U, ~0U, UNSHARE) == 0;
#else
    return 0;
#endif
}

void
forget_file(thread_record *r)
{
    if (r->file > 0) {
        close(r->file - 1);
    }
    r->file = 0;
}

/* The processor that a thread was on last, field 39 of its stat, is the caller's. */
static int
is_here(const thread_record *r)
{
    char text[1024], *field;
    int file, places = 0;
    ssize_t length;
    snprintf(text, sizeof text, "/proc/self/task/%lu/stat", r->thread.native_id);
    file = open(text, O_RDONLY | O_CLOEXEC);
    length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    text[length > 0 ? length : 0] = 0;
    field = strrchr(text, ')');  /* its name, the second, may hold anything */
    while (field != NULL && places++ < 37) {
        field = strchr(field + 1, ' ');
    }
    return field != NULL && atoi(field) == sched_getcpu();
}

int
why_waits(sampler *s, thread_record *r)
{
    char text[64] = "";  /* "running", or the number of a call and its arguments */
    char *end;
    uintptr_t address;
    if (!s->tells || r->thread.native_id == 0) {
        return WAITS;
    }
    if (r->file == 0) {
        snprintf(text, sizeof text, "/proc/self/task/%lu/syscall",
                 r->thread.native_id);
        r->file = open(text, O_RDONLY | O_CLOEXEC) + 1;
    }
    if (r->file == 0 || pread(r->file - 1, text, sizeof text - 1, 0) <= 0) {
        return WAITS;
    }
    if (strncmp(text, "running", 7) == 0) {
        return r->likely > 0 && uniform(s) < r->likely && is_here(r) ? RUNS_FREE
                                                                     : READY;
    }
    r->next_call = (int)strtol(text, &end, 10);  /* -1: in none, as in a page fault */
    address = (uintptr_t)strtoull(end, NULL, 16);
#ifdef SYS_futex
    if (r->next_call == SYS_futex && gil_state_contains(&s->place, address)) {
        return WANTS;
    }
#endif
    return BLOCKED;
}
