/* Threads of the lab's own. */

#ifndef QUIET_THREAD_H
#define QUIET_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

/* Start one that takes no signals: they are for the threads of the program. 0, or the
   error as pthread_create gives it. */
static inline int
start_quiet_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    int error;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

#endif
