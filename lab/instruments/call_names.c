/* The names of system calls that wait. Nothing here includes Python.h. */

#define _GNU_SOURCE
#include <stddef.h>
#include <sys/syscall.h>

#include "sampler.h"

#define CALL(name) {SYS_##name, #name},

static const struct { int number; const char *name; } names[] = {
#ifdef __linux__
    CALL(read) CALL(write) CALL(readv) CALL(writev) CALL(pread64) CALL(pwrite64)
    CALL(recvfrom) CALL(recvmsg) CALL(sendto) CALL(sendmsg) CALL(accept) CALL(accept4)
    CALL(connect) CALL(ppoll) CALL(pselect6) CALL(epoll_pwait) CALL(futex)
    CALL(nanosleep) CALL(clock_nanosleep) CALL(wait4) CALL(waitid) CALL(flock)
    CALL(fcntl) CALL(fsync) CALL(fdatasync) CALL(openat) CALL(close)
    CALL(rt_sigtimedwait) CALL(rt_sigsuspend) CALL(semtimedop) CALL(msgrcv)
    CALL(msgsnd) CALL(mmap) CALL(munmap) CALL(madvise) CALL(mprotect) CALL(execve)
    CALL(exit) CALL(getrandom) CALL(sched_yield) CALL(splice) CALL(sendfile)
    CALL(recvmmsg) CALL(statx) CALL(ioctl) CALL(fstat) CALL(getdents64) CALL(ftruncate)
    CALL(fallocate) CALL(sync) CALL(syncfs) CALL(unlinkat) CALL(mremap) CALL(clone)
    CALL(restart_syscall)
#ifdef SYS_epoll_wait
    CALL(epoll_wait) CALL(poll) CALL(select) CALL(pause) CALL(open) CALL(stat)
    CALL(unlink) CALL(rename) CALL(fork) CALL(vfork)
#endif
#ifdef SYS_newfstatat
    CALL(newfstatat)
#endif
#ifdef SYS_io_uring_enter
    CALL(io_uring_enter)
#endif
#ifdef SYS_epoll_pwait2
    CALL(epoll_pwait2)
#endif
#endif
    {-1, "a page fault"},
};

const char *
call_name(int number)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].number == number) {
            return names[i].name;
        }
    }
    return NULL;
}
