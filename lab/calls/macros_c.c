#include <Python.h>

#include "macros_c.h"

__attribute__((visibility("default"), noinline)) uint64_t
gil_lab_steps(int64_t count, uint64_t value)
{
    for (int64_t step = 0; step < count; step++)
        value = value * 6364136223846793005ULL + 1442695040888963407ULL;
    return value;
}

uint64_t
gil_lab_steps_macros(int64_t count, uint64_t value)
{
    uint64_t result;
    Py_BEGIN_ALLOW_THREADS
    result = gil_lab_steps(count, value);
    Py_END_ALLOW_THREADS
    return result;
}
