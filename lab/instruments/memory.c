/* See memory.h. Nothing here includes Python.h. */

#define _GNU_SOURCE 1
#include <errno.h>
#include <string.h>

#ifdef __linux__
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#endif

#include "memory.h"

enum { ROOM = 1 << 16 };  /* bytes of a memory_file: more than all parts of a stack */

#ifdef __linux__

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U  /* some systems insist on it; before Linux 6.3 unknown */
#endif

int
memory_file_open(memory_file *made)
{
    void *bytes;
    int file = -1;
#ifdef SYS_memfd_create
    file = (int)syscall(SYS_memfd_create, "gil-lab", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    if (file < 0 && errno == EINVAL) {
        file = (int)syscall(SYS_memfd_create, "gil-lab", MFD_CLOEXEC);
    }
#endif
    if (file < 0) {
        return -1;
    }
    bytes = ftruncate(file, ROOM) != 0
                ? MAP_FAILED
                : mmap(NULL, ROOM, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    if (bytes == MAP_FAILED) {
        close(file);
        return -1;
    }
    madvise(bytes, ROOM, MADV_DONTFORK);
    *made = (memory_file){file, bytes};
    return 0;
}

void
memory_file_close(memory_file *made)
{
    munmap(made->bytes, ROOM);
    close(made->file);
}

/* Through the file. Not by pwritev of the C library, which the address sanitizer would
   have look at memory that may be gone. */
static int
copy(const memory_file *through, const struct iovec *here, const struct iovec *there,
     int count, size_t size)
{
    const char *from = through->bytes;
    if (size > ROOM
        || syscall(SYS_pwritev, through->file, there, (unsigned long)count, 0L, 0L)
               != (ssize_t)size) {
        return 0;
    }
    for (int i = 0; i < count; i++) {
        memcpy(here[i].iov_base, from, here[i].iov_len);
        from += here[i].iov_len;
    }
    return 1;
}

int
memory_read_all(const gil_place *place, const memory_part *parts, int count)
{
    struct iovec here[MOST_PARTS], there[MOST_PARTS];
    size_t size = 0;
    ssize_t got;
    for (int i = 0; i < count; i++) {
        here[i] = (struct iovec){parts[i].to, parts[i].size};
        there[i] = (struct iovec){(void *)parts[i].address, parts[i].size};
        size += parts[i].size;
    }
    /* The file may be of no use in the end, as where files must not be so long: whether
       there is memory, the other way tells. */
    if (place->file != NULL && copy(place->file, here, there, count, size)) {
        return 1;
    }
    got = process_vm_readv(place->process, here, (unsigned long)count, there,
                           (unsigned long)count, 0);
    if (got < 0 && place->foreign && (errno == EPERM || errno == ENOSYS)) {
        for (int i = 0; i < count; i++) {  /* a container may forbid it */
            if (!memory_read(place, parts[i].address, parts[i].to, parts[i].size)) {
                return 0;
            }
        }
        return 1;
    }
    return got == (ssize_t)size;
}

int
memory_read(const gil_place *place, uintptr_t address, void *to, size_t size)
{
    if (place->foreign) {
        return pread(place->memory, to, size, (off_t)address) == (ssize_t)size;
    }
    return memory_read_all(place, &(memory_part){address, to, size}, 1);
}

#else

int memory_file_open(memory_file *made) { (void)made; return -1; }
void memory_file_close(memory_file *made) { (void)made; }

int
memory_read(const gil_place *place, uintptr_t address, void *to, size_t size)
{
    (void)place; (void)address; (void)to; (void)size;
    return 0;
}

int
memory_read_all(const gil_place *place, const memory_part *parts, int count)
{
    (void)place; (void)parts; (void)count;
    return 0;
}

#endif
