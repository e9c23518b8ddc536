/* The only file that knows CPython's internals; layout.h says what it offers.

   Py_BUILD_CORE opens the internal headers. It must come before Python.h, which
   Cython's own C includes without it: hence a file apart. Whoever reads goes by the
   offsets alone, so that the same readers serve this process and another one. */

#define Py_BUILD_CORE 1
#include <Python.h>
#include <string.h>
#include <unistd.h>

#include "layout.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030F0000 \
    && !defined(PYPY_VERSION)
#define KNOWN 1
#include <internal/pycore_gil.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#include <internal/pycore_frame.h>
typedef struct _gil_runtime_state gil_type;
#else
#define KNOWN 0
#endif

#define AT(type, field) ((int32_t)offsetof(type, field))
#define END(type, field) (AT(type, field) + (int32_t)sizeof(((type *)0)->field))

#if KNOWN

/* --- 3.11: one lock for the process (Include/internal/pycore_ceval.h) ---------- */

#if PY_VERSION_HEX < 0x030C0000
#define GIL_IN_RUNTIME AT(_PyRuntimeState, ceval.gil)
#define GIL_IN_INTERPRETER -1
#define GIL_OF(interpreter) ((void)(interpreter), &_PyRuntime.ceval.gil)
#define CODE_VERSION -1
#define LEAST_OWNER 127
#else
/* --- 3.12 and later: each interpreter has its own, or shares the main one's ---- */
#define GIL_IN_RUNTIME -1
#define GIL_IN_INTERPRETER AT(PyInterpreterState, ceval.gil)
#define GIL_OF(interpreter) ((interpreter)->ceval.gil)
#define CODE_VERSION AT(PyCodeObject, co_version)
#define LEAST_OWNER 3  /* FRAME_OWNED_BY_CSTACK, from 3.14 on .._BY_INTERPRETER */
#endif

/* --- 3.11, 3.12: a record on the C stack points to the innermost frame --------- */

#if PY_VERSION_HEX < 0x030D0000
#define THREAD_FRAME cframe
#define FRAME_IN_RECORD AT(_PyCFrame, current_frame)
#define FRAME_CODE f_code
#define FRAME_INSTRUCTION prev_instr
#else
#define THREAD_FRAME current_frame
#define FRAME_IN_RECORD -1
#define FRAME_CODE f_executable
#define FRAME_INSTRUCTION instr_ptr
#endif

/* --- free-threaded 3.13, 3.14: the lock may be switched off -------------------- */

#ifdef Py_GIL_DISABLED
#define FREE_THREADED 1
#define GIL_ENABLED AT(gil_type, enabled)
#else
#define FREE_THREADED 0
#define GIL_ENABLED -1
#endif

/* --- free-threaded 3.14: each thread has bytecode of its own ------------------- */

#if FREE_THREADED && PY_VERSION_HEX >= 0x030E0000
#define BYTECODE_INDEX AT(_PyInterpreterFrame, tlbc_index)
#define BYTECODES AT(PyCodeObject, co_tlbc)
#else
#define BYTECODE_INDEX -1
#define BYTECODES -1
#endif

/* --- the same for every known version ------------------------------------------ */

_Static_assert(sizeof(PyThreadState) <= MOST_OF_A_THREAD, "a thread state");
_Static_assert(sizeof(_PyInterpreterFrame) <= MOST_OF_A_FRAME, "a frame");
_Static_assert(sizeof(PyCodeObject) <= MOST_OF_A_CODE, "a code object");

int
layout_known(void)
{
    return 1;
}

/* Which bits of a string's state are set here; the compiler knows where they are. */
static uint32_t
bits_of(const PyASCIIObject *text)
{
    uint32_t bits;
    memcpy(&bits, &text->state, sizeof bits);
    return bits;
}

void
layout_compiled(layout *at)
{
    PyASCIIObject compact, ascii, kind;
    memset(&compact, 0, sizeof compact);
    memset(&ascii, 0, sizeof ascii);
    memset(&kind, 0, sizeof kind);
    compact.state.compact = ascii.state.ascii = 1;
    kind.state.kind = 7;
    *at = (layout){
        .version = PY_VERSION_HEX >> 16,
        .free_threaded = FREE_THREADED,
        .runtime = {AT(_PyRuntimeState, interpreters.head), GIL_IN_RUNTIME},
        .interpreter = {AT(PyInterpreterState, next),
                        AT(PyInterpreterState, threads.head),
                        AT(PyInterpreterState, threads.next_unique_id),
                        GIL_IN_INTERPRETER},
        .gil = {(int32_t)sizeof(gil_type), GIL_ENABLED, AT(gil_type, locked),
                AT(gil_type, last_holder)},
        .thread = {(int32_t)sizeof(PyThreadState), AT(PyThreadState, prev),
                   AT(PyThreadState, next), AT(PyThreadState, interp),
                   AT(PyThreadState, id), AT(PyThreadState, thread_id),
                   AT(PyThreadState, native_thread_id),
                   AT(PyThreadState, THREAD_FRAME), FRAME_IN_RECORD},
        .frame = {END(_PyInterpreterFrame, owner),
                  AT(_PyInterpreterFrame, FRAME_CODE),
                  AT(_PyInterpreterFrame, previous),
                  AT(_PyInterpreterFrame, FRAME_INSTRUCTION),
                  AT(_PyInterpreterFrame, owner), BYTECODE_INDEX, LEAST_OWNER},
        .code = {AT(PyCodeObject, co_code_adaptive), AT(PyObject, ob_type),
                 AT(PyVarObject, ob_size), AT(PyCodeObject, co_filename),
                 AT(PyCodeObject, co_qualname), AT(PyCodeObject, co_linetable),
                 AT(PyCodeObject, co_firstlineno), CODE_VERSION,
                 AT(PyCodeObject, co_code_adaptive), BYTECODES},
        .text = {AT(PyASCIIObject, length), AT(PyASCIIObject, state),
                 (int32_t)sizeof(PyASCIIObject),
                 (int32_t)sizeof(PyCompactUnicodeObject), bits_of(&compact),
                 bits_of(&ascii), bits_of(&kind)},
        .bytes = {AT(PyVarObject, ob_size), AT(PyBytesObject, ob_sval)},
    };
}

#if PY_VERSION_HEX >= 0x030D0000

int
layout_of_runtime(const void *bytes, size_t count, layout *at)
{
    _Py_DebugOffsets its;
    if (count < sizeof its) {
        return -1;
    }
    memcpy(&its, bytes, sizeof its);
    if (memcmp(its.cookie, "xdebugpy", sizeof its.cookie) != 0
        || its.version >> 16 != PY_VERSION_HEX >> 16
        || (its.free_threaded != 0) != FREE_THREADED) {
        return -1;
    }
    layout_compiled(at);
#define TAKE(mine, theirs) (at->mine = (int32_t)(theirs))
    TAKE(runtime.interpreters, its.runtime_state.interpreters_head);
    TAKE(interpreter.next, its.interpreter_state.next);
    TAKE(interpreter.threads, its.interpreter_state.threads_head);
    TAKE(interpreter.gil, its.interpreter_state.ceval_gil);
    /* Relative to the interpreter there, to the lock here. */
    TAKE(gil.locked, its.interpreter_state.gil_runtime_state_locked
                         - its.interpreter_state.gil_runtime_state);
    TAKE(gil.holder, its.interpreter_state.gil_runtime_state_holder
                         - its.interpreter_state.gil_runtime_state);
    TAKE(thread.prev, its.thread_state.prev);
    TAKE(thread.next, its.thread_state.next);
    TAKE(thread.interpreter, its.thread_state.interp);
    TAKE(thread.ident, its.thread_state.thread_id);
    TAKE(thread.native_id, its.thread_state.native_thread_id);
    TAKE(thread.frame, its.thread_state.current_frame);
    TAKE(frame.code, its.interpreter_frame.executable);
    TAKE(frame.previous, its.interpreter_frame.previous);
    TAKE(frame.instruction, its.interpreter_frame.instr_ptr);
    TAKE(frame.owner, its.interpreter_frame.owner);
    TAKE(code.filename, its.code_object.filename);
    TAKE(code.name, its.code_object.qualname);
    TAKE(code.linetable, its.code_object.linetable);
    TAKE(code.first_line, its.code_object.firstlineno);
    TAKE(code.size, its.code_object.co_code_adaptive);
    TAKE(code.bytecode, its.code_object.co_code_adaptive);
    TAKE(text.state, its.unicode_object.state);
    TAKE(text.length, its.unicode_object.length);
    TAKE(text.ascii, its.unicode_object.asciiobject_size);
    TAKE(bytes.length, its.bytes_object.ob_size);
    TAKE(bytes.data, its.bytes_object.ob_sval);
#undef TAKE
    return its.thread_state.size <= MOST_OF_A_THREAD
                   && its.interpreter_frame.size <= MOST_OF_A_FRAME
                   && its.code_object.size <= MOST_OF_A_CODE ? 0 : -1;
}

#else /* no table: the version, which the caller knows, must be the same */

int
layout_of_runtime(const void *bytes, size_t count, layout *at)
{
    (void)bytes; (void)count;
    layout_compiled(at);
    return 0;
}

#endif

int
layout_find(gil_place *place)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    /* A head elsewhere than the library says: built for another layout. */
    if (interpreter->threads.head != PyInterpreterState_ThreadHead(interpreter)) {
        return -1;
    }
    *place = (gil_place){.process = (int)getpid(),
                         .interpreter = (uintptr_t)interpreter,
                         .gil = (uintptr_t)GIL_OF(interpreter),
                         .code_type = (uintptr_t)&PyCode_Type};
    layout_compiled(&place->at);
    return place->gil == 0 ? -1 : 0;
}

static destructor end_code;     /* CPython's own, while code objects are counted */
static uint64_t deaths;
static int counting;

static void
count_and_end(PyObject *code)
{
    __atomic_fetch_add(&deaths, 1, __ATOMIC_SEQ_CST);  /* before its memory is free */
    end_code(code);
}

void
layout_count_deaths(gil_place *place, int on)
{
    if (on && counting++ == 0) {
        end_code = PyCode_Type.tp_dealloc;
        PyCode_Type.tp_dealloc = count_and_end;
    }
    if (!on && --counting == 0) {
        PyCode_Type.tp_dealloc = end_code;
    }
    place->deaths = on ? &deaths : NULL;
}

#else /* an unknown version: the lab builds, and says so */

int layout_known(void) { return 0; }
int layout_find(gil_place *place) { (void)place; return -1; }
void layout_compiled(layout *at) { memset(at, 0, sizeof *at); }
void layout_count_deaths(gil_place *place, int on) { (void)place; (void)on; }

int
layout_of_runtime(const void *bytes, size_t count, layout *at)
{
    (void)bytes; (void)count; (void)at;
    return -1;
}

#endif
