/* Copies of memory that may be gone, of this process or another one: made by the system,
   for which an address where there is none is an error and no crash. */

#ifndef GIL_LAB_MEMORY_H
#define GIL_LAB_MEMORY_H

#include "layout.h"

/* Copy what is at the address, or was: 1. 0 where there is none, or the system forbids
   to read it. */
int memory_read(const gil_place *place, uintptr_t address, void *to, size_t size);

typedef struct {
    uintptr_t address;
    void *to;
    size_t size;
} memory_part;

/* The same of several parts, at most MOST_PARTS, one after the other: 1 if all are there.
   What was copied of another process is its own only if the lock can still be read. */
enum { MOST_PARTS = 256 };
int memory_read_all(const gil_place *place, const memory_part *parts, int count);

/* A file in memory, mapped: what the system copies to it can be read there. Of this
   process only, and of one thread: that whose table of files has it.

   process_vm_readv takes the lock of the process's map of memory for each part, and each
   thread that maps memory or gives it back waits for that, as malloc does for large
   blocks: read as often as the scope reads, a server of asyncio, whose every recv does
   so, loses a quarter of its speed. Writing to a file copies without that lock. */
typedef struct memory_file {
    int file;
    char *bytes;
} memory_file;

/* 0, or -1 where the system has no such files, or allows none. */
int memory_file_open(memory_file *made);
void memory_file_close(memory_file *made);

#endif
