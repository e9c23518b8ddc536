/* The GIL's own state, and the list of thread states, read without the GIL: in this
   process or another one, where layout.h says.

   A thread state's address is a number here: it is compared, never followed. None of
   these needs the GIL. */

#ifndef GIL_LAB_GIL_STATE_H
#define GIL_LAB_GIL_STATE_H

#include <stdint.h>

#include "layout.h"

/* One entry of the list of thread states. `serial` is never used twice, whereas
   an address is, as soon as a thread ends. */
typedef struct {
    uintptr_t address;
    uint64_t serial;
    unsigned long ident;      /* threading.get_ident(); only once it runs */
    unsigned long native_id;  /* threading.get_native_id(); 0 until it runs */
} gil_thread;

/* Another process's main interpreter and its lock, once `at` and `process` are filled
   in; `runtime`: the address of its _PyRuntime. 0, or -1 where it cannot be read or has
   no interpreter or lock (yet). */
int gil_state_attach(gil_place *place, uintptr_t runtime);

/* 0 where a free-threaded build runs with the GIL off (any import can change it). */
int gil_state_enabled(const gil_place *place);

/* 1 while somebody holds the lock, 0 while nobody does, -1 before it exists, or where
   it cannot be read. */
int gil_state_locked(const gil_place *place);

/* The thread state that holds the lock or held it last: believe it only while the
   lock is held. */
uintptr_t gil_state_holder(const gil_place *place);

/* Both: the first is returned. */
int gil_state_locked_by(const gil_place *place, uintptr_t *holder);

/* Whether an address lies in the lock: there wait the threads that want it. */
int gil_state_contains(const gil_place *place, uintptr_t address);

/* Grows with every thread state made: unchanged, the last list is complete. */
uint64_t gil_state_made(const gil_place *place);

/* Copy up to `room` thread states, newest first. The number copied, or -1 when the
   list changed meanwhile (or the system forbids to read it): try again. No lock is
   taken, so nobody ever waits for the reader, whatever becomes of its processor. */
int gil_state_threads(const gil_place *place, gil_thread *out, int room);

/* Whether one of them is still in the list; 0 as well where its neighbours change. */
int gil_state_listed(const gil_place *place, const gil_thread *known);

/* As gil_state_threads where `list` has the `count` thread states of before: those made
   since are put in front, and threads that have started tell their numbers. Which have
   ended is not looked for. */
int gil_state_newer(const gil_place *place, gil_thread *list, int count, int room);

#endif
