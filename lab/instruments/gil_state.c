/* The only file that knows CPython's internals; gil_state.h says what it offers.

   Py_BUILD_CORE opens the internal headers. It must come before Python.h, which
   Cython's own C includes without it: hence a file apart.

   Every field read here is either an atomic of CPython's or an aligned word read
   with a relaxed atomic load. Thread states come and go: they are read by a system
   call, for which memory that is gone is an error and no crash. */

#define _GNU_SOURCE 1
#define Py_BUILD_CORE 1
#include <Python.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/uio.h>
#endif

#include "gil_state.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030F0000 \
    && !defined(PYPY_VERSION)
#define KNOWN 1
#include <internal/pycore_gil.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
typedef struct _gil_runtime_state gil_type;
#else
#define KNOWN 0
#endif

enum { NEWEST = 64 };  /* threads that may not have started yet */

/* --- 3.11: one lock for the process (Include/internal/pycore_ceval.h) ---------- */

#if KNOWN && PY_VERSION_HEX < 0x030C0000
#define GIL_OF(interpreter) ((void)(interpreter), &_PyRuntime.ceval.gil)

/* Until it starts, a thread state bears the number of its creator, which is older
   and so further down the list (init_threadstate, Python/pystate.c). */
static void
forget_creators(gil_thread *list, int count)
{
    for (int i = 0; i < count && i < NEWEST; i++) {
        for (int older = i + 1; older < count; older++) {
            if (list[older].native_id == list[i].native_id) {
                list[i].native_id = 0;
            }
        }
    }
}
#endif

/* --- 3.12 and later: each interpreter has its own, or shares the main one's ---- */

#if KNOWN && PY_VERSION_HEX >= 0x030C0000
#define GIL_OF(interpreter) ((interpreter)->ceval.gil)
#define forget_creators(list, count) ((void)(list), (void)(count))
#endif

/* --- 3.11, 3.12: pycore_atomic.h; 3.13, 3.14: cpython/pyatomic.h --------------- */

#if KNOWN && PY_VERSION_HEX < 0x030D0000
#define LOCKED(gil) _Py_atomic_load_relaxed(&(gil)->locked)
#define HOLDER(gil) ((uintptr_t)_Py_atomic_load_relaxed(&(gil)->last_holder))
#elif KNOWN
#define LOCKED(gil) _Py_atomic_load_int_relaxed(&(gil)->locked)
#define HOLDER(gil) ((uintptr_t)_Py_atomic_load_ptr_relaxed(&(gil)->last_holder))
#endif

/* --- free-threaded 3.13, 3.14: the lock may be switched off -------------------- */

#if KNOWN && defined(Py_GIL_DISABLED)
#define ENABLED(gil) (_Py_atomic_load_int_relaxed(&(gil)->enabled) != 0)
#elif KNOWN
#define ENABLED(gil) ((void)(gil), 1)
#endif

/* --- the same for every known version ------------------------------------------ */

#if KNOWN

int
gil_state_known(void)
{
    return 1;
}

int
gil_state_find(gil_place *place)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    /* A head elsewhere than the library says: built for another layout. */
    if (interpreter->threads.head != PyInterpreterState_ThreadHead(interpreter)) {
        return -1;
    }
    place->interpreter = interpreter;
    place->process = (int)getpid();
    place->gil = GIL_OF(interpreter);
    return place->gil == NULL ? -1 : 0;
}

int
gil_state_enabled(const gil_place *place)
{
    return ENABLED((gil_type *)place->gil);
}

int
gil_state_locked(const gil_place *place)
{
    return LOCKED((gil_type *)place->gil);
}

uintptr_t
gil_state_holder(const gil_place *place)
{
    return HOLDER((gil_type *)place->gil);
}

int
gil_state_contains(const gil_place *place, uintptr_t address)
{
    /* gil->cond and gil->mutex (take_gil, Python/ceval_gil.h or ceval_gil.c). */
    return address - (uintptr_t)place->gil < sizeof(gil_type);
}

uint64_t
gil_state_made(const gil_place *place)
{
    const PyInterpreterState *interpreter = place->interpreter;
    return __atomic_load_n(&interpreter->threads.next_unique_id, __ATOMIC_RELAXED);
}

/* Copy what is at the address of a thread state, or was. 0 if it is none now, or none
   of this interpreter's. */
static int
read_thread(const gil_place *place, uintptr_t address, PyThreadState *copy)
{
#ifdef __linux__
    struct iovec to = {copy, sizeof *copy}, from = {(void *)address, sizeof *copy};
    return process_vm_readv(place->process, &to, 1, &from, 1, 0)
               == (ssize_t)sizeof *copy
           && copy->interp == place->interpreter;
#else
    (void)place; (void)address; (void)copy;
    return 0;
#endif
}

static void
fill(gil_thread *one, uintptr_t address, const PyThreadState *copy)
{
    one->address = address;
    one->serial = copy->id;
    /* Written by the thread itself as it starts. */
    one->ident = copy->thread_id;
    one->native_id = copy->native_thread_id;
}

/* The list from its head down to a serial number not above `known`. It is being
   changed by others (add_threadstate, tstate_delete_common: Python/pystate.c): links
   that do not agree both ways, or serial numbers that do not fall, show that a state
   read here was no longer, or not yet, in it. */
static int
read_list(const gil_place *place, gil_thread *out, int room, uint64_t known)
{
    const PyInterpreterState *interpreter = place->interpreter;
    uintptr_t before = 0, address = (uintptr_t)__atomic_load_n(
        &interpreter->threads.head, __ATOMIC_ACQUIRE);
    uint64_t serial = UINT64_MAX;
    int count = 0;
    while (address != 0 && count < room) {
        PyThreadState copy;
        if (!read_thread(place, address, &copy) || (uintptr_t)copy.prev != before
            || copy.id >= serial) {
            return -1;
        }
        serial = copy.id;
        if (serial <= known) {
            break;
        }
        fill(&out[count++], address, &copy);
        before = address;
        address = (uintptr_t)copy.next;
    }
    return count;
}

int
gil_state_threads(const gil_place *place, gil_thread *out, int room)
{
    int count = read_list(place, out, room, 0);
    forget_creators(out, count);
    return count;
}

int
gil_state_newer(const gil_place *place, gil_thread *list, int count, int room)
{
    gil_thread newest[NEWEST];
    int more = read_list(place, newest, NEWEST, count > 0 ? list[0].serial : 0);
    if (more < 0 || more == NEWEST) {
        return more < 0 ? -1 : gil_state_threads(place, list, room);
    }
    count = count + more < room ? count : room - more;
    memmove(list + more, list, (size_t)count * sizeof *list);
    memcpy(list, newest, (size_t)more * sizeof *list);
    count += more;
    for (int i = more; i < count && i < NEWEST; i++) {
        PyThreadState copy;
        if (list[i].native_id == 0 && read_thread(place, list[i].address, &copy)
            && copy.id == list[i].serial) {
            fill(&list[i], list[i].address, &copy);
        }
    }
    forget_creators(list, count);
    return count;
}

#else /* an unknown version: the lab builds, and says so */

int gil_state_known(void) { return 0; }
int gil_state_find(gil_place *place) { (void)place; return -1; }
int gil_state_enabled(const gil_place *place) { (void)place; return 1; }
int gil_state_locked(const gil_place *place) { (void)place; return -1; }
uintptr_t gil_state_holder(const gil_place *place) { (void)place; return 0; }
uint64_t gil_state_made(const gil_place *place) { (void)place; return 0; }

int
gil_state_contains(const gil_place *place, uintptr_t address)
{
    (void)place; (void)address;
    return 0;
}

int
gil_state_threads(const gil_place *place, gil_thread *out, int room)
{
    (void)place; (void)out; (void)room;
    return -1;
}

int
gil_state_newer(const gil_place *place, gil_thread *list, int count, int room)
{
    (void)place; (void)list; (void)count; (void)room;
    return -1;
}

#endif
