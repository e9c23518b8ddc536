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
tell_waits_apart(int own)
{
#if defined(__linux__) && defined(__GLIBC__) && defined(SYS_close_range) \
    && defined(SYS_futex)
    return !own || syscall(SYS_close_range, 0U, ~0U, UNSHARE) == 0;
#else
    (void)own;
    return 0;
#endif
}

void
forget_files(thread_record *r)
{
    for (int i = 0; i < KEPT_FILES; i++) {
        if (r->files[i] > 0) {
            close(r->files[i] - 1);
        }
        r->files[i] = 0;
    }
}

static int
open_task(const sampler *s, const thread_record *r, const char *name)
{
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/task/%lu/%s", s->place.process,
             r->thread.native_id, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

int
read_kept(const sampler *s, thread_record *r, int which, char *text, size_t size)
{
    static const char *const names[KEPT_FILES] = {"syscall", "schedstat", "status",
                                                   "stat"};
    ssize_t length;
    if (r->files[which] == 0) {
        r->files[which] = open_task(s, r, names[which]) + 1;
    }
    length = r->files[which] == 0 ? -1 : pread(r->files[which] - 1, text, size - 1, 0);
    text[length > 0 ? length : 0] = 0;
    return length > 0;
}

/* The processor that a thread was on last, field 39 of its stat, is the caller's. */
static int
is_here(const sampler *s, thread_record *r)
{
    char text[1024], *field;
    int places = 0;
    read_kept(s, r, STAT_FILE, text, sizeof text);
    field = strrchr(text, ')');  /* its name, the second, may hold anything */
    while (field != NULL && places++ < 37) {
        field = strchr(field + 1, ' ');
    }
    return field != NULL && atoi(field) == sched_getcpu();
}

int
why_waits(sampler *s, thread_record *r)
{
    char text[64];  /* "running", or the number of a call and its arguments */
    char *end;
    uintptr_t address;
    if (!s->tells || r->thread.native_id == 0
        || !read_kept(s, r, SYSCALL_FILE, text, sizeof text)) {
        return WAITS;
    }
    if (strncmp(text, "running", 7) == 0) {
        return r->likely > 0 && uniform(s) < r->likely && is_here(s, r) ? RUNS_FREE
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
