/* The only file that knows CPython's internals; gil_state.h says what it offers.

   Py_BUILD_CORE opens the internal headers. It must come before Python.h, which
   Cython's own C includes without it: hence a file apart.

   Every field read here is either an atomic of CPython's or an aligned word read
   with a relaxed atomic load, and every list is walked under CPython's own lock. */

#define Py_BUILD_CORE 1
#include <Python.h>

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

/* --- 3.11: one lock for the process (Include/internal/pycore_ceval.h) ---------- */

#if KNOWN && PY_VERSION_HEX < 0x030C0000
#define GIL_OF(interpreter) ((void)(interpreter), &_PyRuntime.ceval.gil)

/* Until it starts, a thread state bears the number of its creator, which is older
   and so further down the list (init_threadstate, Python/pystate.c). */
static void
forget_creators(gil_thread *list, int count)
{
    for (int i = 0; i < count && i < 64; i++) {
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

/* --- 3.11, 3.12: pycore_atomic.h; the list's lock is a PyThread_type_lock ------ */

#if KNOWN && PY_VERSION_HEX < 0x030D0000
#define LOCKED(gil) _Py_atomic_load_relaxed(&(gil)->locked)
#define HOLDER(gil) ((uintptr_t)_Py_atomic_load_relaxed(&(gil)->last_holder))

static int
list_try_lock(void)
{
    return PyThread_acquire_lock(_PyRuntime.interpreters.mutex, NOWAIT_LOCK);
}

static void
list_unlock(void)
{
    PyThread_release_lock(_PyRuntime.interpreters.mutex);
}
#endif

/* --- 3.13, 3.14: cpython/pyatomic.h; the list's lock is a PyMutex -------------- */

#if KNOWN && PY_VERSION_HEX >= 0x030D0000
#define LOCKED(gil) _Py_atomic_load_int_relaxed(&(gil)->locked)
#define HOLDER(gil) ((uintptr_t)_Py_atomic_load_ptr_relaxed(&(gil)->last_holder))

static int
list_try_lock(void)
{
    uint8_t unlocked = _Py_UNLOCKED;
    return _Py_atomic_compare_exchange_uint8(
        &_PyRuntime.interpreters.mutex._bits, &unlocked, _Py_LOCKED);
}

static void
list_unlock(void)
{
    PyMutex_Unlock(&_PyRuntime.interpreters.mutex);
}
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

uint64_t
gil_state_made(const gil_place *place)
{
    const PyInterpreterState *interpreter = place->interpreter;
    return __atomic_load_n(&interpreter->threads.next_unique_id, __ATOMIC_RELAXED);
}

int
gil_state_threads(const gil_place *place, gil_thread *out, int room)
{
    const PyInterpreterState *interpreter = place->interpreter;
    int count = 0;
    if (!list_try_lock()) {
        return -1;
    }
    /* A thread state leaves the list under this lock before it is freed
       (tstate_delete_common, Python/pystate.c). */
    for (const PyThreadState *thread = interpreter->threads.head;
         thread != NULL && count < room; thread = thread->next, count++) {
        out[count].address = (uintptr_t)thread;
        out[count].serial = thread->id;
        /* Written by the thread itself as it starts, without the lock. */
        out[count].ident = __atomic_load_n(&thread->thread_id, __ATOMIC_RELAXED);
        out[count].native_id =
            __atomic_load_n(&thread->native_thread_id, __ATOMIC_RELAXED);
    }
    list_unlock();
    forget_creators(out, count);
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
gil_state_threads(const gil_place *place, gil_thread *out, int room)
{
    (void)place; (void)out; (void)room;
    return -1;
}

#endif
