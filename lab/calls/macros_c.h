/* A plain C function, and one that releases the GIL as extensions in C do. */
#ifndef GIL_LAB_MACROS_C_H
#define GIL_LAB_MACROS_C_H

#include <stdint.h>

/* `count` integer steps from `value`, each waiting for the last. Knows nothing of
 * Python. Exported: ctypes finds it in the compiled module. */
uint64_t gil_lab_steps(int64_t count, uint64_t value);

/* The same between Py_BEGIN_ALLOW_THREADS and Py_END_ALLOW_THREADS; called with the
 * GIL held. */
uint64_t gil_lab_steps_macros(int64_t count, uint64_t value);

#endif
